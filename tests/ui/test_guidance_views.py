"""The views of the Guidance panel that know nothing of models: charts, grids, and the arithmetic of predictions."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract.results import Frame
from genplay.ui.guidance.prediction import NAMES, pictures, prediction_of
from genplay.ui.guidance.scales_part import CLOUD, drawn
from genplay.ui.theme import colour
from genplay.ui.views.labelled_grid import LEAST, LabelledGrid
from genplay.ui.views.line_chart import Even, LineChart

LEFT = Qt.MouseButton.LeftButton


# ---- predictions


def frame(alpha: float = 0.6, sigma: float = 0.8, w: float = 3.0, n: int = 2) -> Frame:
    """A frame as the engine gives it: eps is the guided prediction."""
    generator = np.random.default_rng(0)
    x_t, without, given = (generator.standard_normal((n, 4, 4, 3), dtype=np.float32) for _ in range(3))
    guided = without + w * (given - without)
    x_0 = (x_t - sigma * guided) / max(alpha, 1e-6)
    extras = {"x_t": x_t, "unconditional": without, "conditional": given, "eps": guided, "x_0": x_0}
    extras["difference"] = given - without
    return Frame(3, 20, 0.5, np.zeros((n, 4, 4, 3), np.uint8), extras, {"alpha": alpha, "sigma": sigma, "guidance": w})


def test_the_guided_prediction_is_the_unconditional_plus_w_differences_as_noise_and_as_pictures() -> None:
    found = prediction_of(frame())
    assert found is not None
    for without, _, difference, guided in (found.noise, found.data):
        np.testing.assert_allclose(without + 3.0 * difference, guided, atol=1e-4)


def test_size_and_cosine_are_those_of_the_predictions() -> None:
    found = prediction_of(frame())
    assert found is not None
    a, b = found.noise[0, 1].ravel(), found.noise[1, 1].ravel()
    assert found.size[1] == pytest.approx(np.linalg.norm(b - a), rel=1e-5)
    assert found.cosine[1] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-5)


@pytest.mark.parametrize("as_noise", [False, True])
def test_the_difference_is_drawn_around_grey_and_scaled_by_its_greatest_value(as_noise: bool) -> None:
    found = prediction_of(frame())
    assert found is not None
    shown, greatest = pictures(found, 0, as_noise)
    whole = found.noise if as_noise else found.data
    assert greatest == pytest.approx(np.abs(whole[2, 0]).max(), rel=1e-5)
    assert shown.shape == (len(NAMES), 4, 4, 3)
    assert shown[2].min() == 0 or shown[2].max() == 255
    same = frame()
    same.extras["conditional"] = same.extras["unconditional"]
    none = prediction_of(same)
    assert none is not None
    assert set(pictures(none, 0, as_noise)[0][2].ravel().tolist()) == {128}


def test_pure_noise_divides_by_nothing() -> None:
    found = prediction_of(frame(alpha=0.0, sigma=1.0))
    assert found is not None
    assert np.isfinite(found.data).all()


def test_frames_without_guidance_have_no_predictions_to_compare() -> None:
    plain = frame()
    del plain.extras["unconditional"]
    assert prediction_of(plain) is None


# ---- the chart


@pytest.fixture
def chart(qtbot: QtBot) -> LineChart:
    chart = LineChart("match", x_name="w")
    qtbot.addWidget(chart)
    chart.resize(180, 140)
    chart.show()
    qtbot.waitExposed(chart)
    return chart


def test_a_chart_reads_out_its_nearest_known_point_with_its_error(chart: LineChart) -> None:
    y = np.array([0.5, np.nan, 0.9])
    chart.set_curve(np.array([0.0, 1.0, 4.0]), y, np.array([0.02, np.nan, 0.01]), low=0.0, high=1.0, level=0.95)
    assert chart.readout() == ""
    chart.set_cursor(1.4)
    assert chart.readout() == "0.5 ± 0.02"
    assert chart.readout(short=True) == "0.5"
    chart.set_cursor(3.0)
    assert chart.readout() == "0.9 ± 0.01"
    assert not chart.grab().isNull()


def test_the_axis_holds_what_it_must_and_has_two_ticks_in_the_smallest_room(chart: LineChart) -> None:
    chart.set_curve(np.array([0.0, 8.0]), np.array([0.4, 0.5]), low=0.0, high=1.0)
    axes = chart.chart()
    assert (axes.y.low, axes.y.high) == (0.0, 1.0)
    assert len(axes.x.ticks(2)) >= 2
    assert len(Even(0.0, 5.4).ticks(2)) >= 2


@pytest.mark.parametrize(("high", "told"), [(1.0, "0.25"), (10.0, "2.5"), (100.0, "25"), (0.1, "0.025"), (4.0, "1")])
def test_ticks_are_written_as_what_they_are(high: float, told: str) -> None:
    assert Even(0.0, high).ticks(4)[1][1] == told


def test_without_a_known_value_it_says_why(chart: LineChart) -> None:
    chart.empty = "not measured yet"
    chart.set_curve(np.array([0.0, 1.0]), np.array([np.nan, np.nan]))
    assert chart.nearest(0.5) == -1
    assert not chart.grab().isNull()


def test_sampling_time_runs_from_noise_at_the_left_and_a_drag_picks_it(qtbot: QtBot) -> None:
    chart = LineChart("cosine", x_name="t", backwards=True)
    chart.span = (0.0, 1.0)
    qtbot.addWidget(chart)
    chart.resize(240, 120)
    chart.set_curve(np.linspace(0.5, 1, 6), np.linspace(0, 1, 6))
    axes, picked = chart.chart(), []
    assert axes.x_of(1.0) < axes.x_of(0.5) < axes.x_of(0.0)
    chart.picked.connect(picked.append)
    QTest.mousePress(chart, LEFT, pos=QPointF(axes.x_of(0.8), 60).toPoint())
    place = QPointF(axes.x_of(0.6), 60)
    chart.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, place, place, LEFT, LEFT, Qt.KeyboardModifier.NoModifier))
    assert picked == [pytest.approx(0.8, abs=0.01), pytest.approx(0.6, abs=0.01)]


# ---- the grid


@pytest.fixture
def grid(qtbot: QtBot) -> LabelledGrid:
    grid = LabelledGrid(corner="w")
    qtbot.addWidget(grid)
    grid.resize(420, 400)
    x = np.zeros((12, 16, 16, 3), np.uint8)
    grid.set_cells(x, ("0", "1", "3"), ("a", "b", "c", "d"))
    grid.show()
    qtbot.waitExposed(grid)
    return grid


def test_cells_are_whole_factors_and_lie_within_the_grid_without_touching(grid: LabelledGrid) -> None:
    cells = [grid.cell_rect(row, column) for row in range(3) for column in range(4)]
    assert {cell.width() % 16 for cell in cells} == {0}
    assert cells[0].width() >= 5 * 16
    assert all(grid.rect().toRectF().contains(cell) for cell in cells)
    assert not any(a.intersects(b) for i, a in enumerate(cells) for b in cells[:i])


def test_a_click_or_enter_chooses_the_row(grid: LabelledGrid) -> None:
    chosen: list[int] = []
    grid.row_clicked.connect(chosen.append)
    QTest.mouseClick(grid, LEFT, pos=grid.cell_rect(2, 1).center().toPoint())
    grid.setFocus()
    grid.lit = -1
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(grid, key)
    assert chosen == [2, 1]
    QTest.mouseClick(grid, LEFT, pos=grid.rect().bottomRight() - QPointF(2, 2).toPoint())
    assert chosen == [2, 1]


def test_a_small_window_does_not_make_pictures_too_small_to_see(grid: LabelledGrid) -> None:
    assert grid.minimumHeight() >= 3 * LEAST
    grid.resize(grid.minimumSize())
    assert grid.cell_rect(0, 0).height() >= LEAST


def test_the_marker_may_point_between_rows(grid: LabelledGrid) -> None:
    grid.set_marker(1.5)
    assert not grid.grab().isNull()
    grid.set_cells(None)
    assert grid.images is None
    assert not grid.grab().isNull()


def test_a_cloud_is_drawn_where_its_points_are() -> None:
    tint = colour("accent")
    picture = drawn(np.array([[0.0, 1.2], [9.0, -9.0]]), tint)
    lit = np.argwhere((picture == (tint.red(), tint.green(), tint.blue())).all(axis=-1))
    assert picture.shape == (CLOUD, CLOUD, 3)
    assert abs(lit[0] - (2, CLOUD // 2)).max() <= 3  # up is up
    assert (lit[-1] >= CLOUD - 2).all()  # what lies outside is drawn at the edge
