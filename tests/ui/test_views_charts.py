from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract.results import Schedule
from genplay.ui import theme
from genplay.ui.views.axes import Axis, spanning
from genplay.ui.views.cloud import clouds
from genplay.ui.views.duel_plot import DuelPlot, Mark
from genplay.ui.views.duel_table import DuelTable, Row
from genplay.ui.views.flow_field import FILL, FieldLayer, arrows, density_picture
from genplay.ui.views.path_controls import keyframe_marks, keyframe_places
from genplay.ui.views.schedule_plot import SchedulePlot
from genplay.ui.views.time_bars import TimeBars

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def cosine() -> Schedule:
    t = np.linspace(0, 1, 101)
    alpha, sigma = np.cos(np.pi / 2 * t), np.sin(np.pi / 2 * t)
    with np.errstate(divide="ignore"):
        log_snr = 2 * (np.log(np.maximum(alpha, 0)) - np.log(sigma))
    log_snr[-1] = -np.inf
    return Schedule("cosine", t, alpha, sigma, alpha**2, log_snr)


# ---- axes


@pytest.mark.parametrize("axis", [Axis(-3.0, 7.0), Axis(0.01, 40.0, log=True)])
def test_an_axis_maps_there_and_back_and_ticks_lie_within(axis: Axis) -> None:
    for value in (axis.low, 2.5, axis.high):
        assert axis.value(axis.share(value)) == pytest.approx(value)
    assert axis.share(axis.low) == 0 and axis.share(axis.high) == pytest.approx(1)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 8
    assert all(axis.low * 0.999 <= value <= axis.high * 1.001 for value, _ in ticks if value > 0)


def test_ticks_are_round_and_say_so() -> None:
    assert [text for _, text in Axis(0.0, 1.0).ticks(5)] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [text for _, text in Axis(-20.0, 20.0).ticks(4)] == ["−20", "−10", "0", "10", "20"]


def test_an_axis_over_one_value_has_a_length() -> None:
    assert spanning(3.0, 3.0).low < 3.0 < spanning(3.0, 3.0).high
    assert spanning(3.0, 3.0, log=True).low < 3.0 < spanning(3.0, 3.0, log=True).high


# ---- the schedule


@pytest.fixture
def plot(qtbot: QtBot) -> SchedulePlot:
    plot = SchedulePlot()
    qtbot.addWidget(plot)
    plot.resize(420, 140)
    plot.set_schedule(cosine())
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def test_dragging_either_plot_moves_the_one_time(plot: SchedulePlot) -> None:
    for chart in plot.charts():
        seen: list[float] = []
        plot.moved.connect(seen.append)
        start, end = chart.at(0.2, chart.y.low).toPoint(), chart.at(0.8, chart.y.high).toPoint()
        QTest.mousePress(plot, LEFT, NONE, start)
        QTest.mouseMove(plot, end)
        QTest.mouseRelease(plot, LEFT, NONE, end)
        assert seen[0] == pytest.approx(0.2, abs=0.01) and seen[-1] == pytest.approx(0.8, abs=0.01)
        assert plot.t == seen[-1]


def test_values_at_the_cursor_are_those_of_the_schedule(plot: SchedulePlot) -> None:
    assert plot.signal_at(0.5) == pytest.approx(0.5, abs=1e-3)
    assert plot.log_snr_at(0.5) == pytest.approx(0.0, abs=1e-6)
    assert plot.log_snr_at(0.0) == np.inf and plot.log_snr_at(1.0) == -np.inf
    plot.grab()  # infinite ends are drawn all the same


def test_arrow_keys_step_the_time_and_stop_at_the_ends(plot: SchedulePlot) -> None:
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.t == pytest.approx(0.51)
    QTest.keyClick(plot, Qt.Key.Key_End)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.t == 1.0


# ---- the duel


MARKS = (
    Mark("DDIM", 20, 0.01, "DDIM 20"),
    Mark("DDIM", 5, 0.08, "DDIM 5"),
    Mark("DDPM", 50, 0.4, "DDPM 50", stochastic=True),
    Mark("Heun", 10, 0.0, "Heun 10"),
)


def test_marks_lie_where_their_numbers_say(qtbot: QtBot) -> None:
    plot = DuelPlot()
    qtbot.addWidget(plot)
    plot.resize(460, 220)
    plot.set_marks(MARKS, {"DDIM": QColor("red")})
    frame = plot.chart().frame.adjusted(-1, -1, 1, 1)
    assert all(frame.contains(plot.place(i)) for i in range(4))  # even one without a logarithm
    assert plot.place(1).x() < plot.place(0).x() < plot.place(2).x()
    assert plot.place(0).y() > plot.place(1).y() > plot.place(2).y()
    assert [m.nfe for m in plot.lines()["DDIM"]] == [5, 20]  # a line goes from few to many
    picked: list[int] = []
    plot.picked.connect(picked.append)
    QTest.mouseClick(plot, LEFT, NONE, plot.place(2).toPoint())
    QTest.mouseClick(plot, LEFT, NONE, QPoint(2, 2))
    assert picked == [2]
    plot.grab()


def test_table_rows_are_chosen_by_mouse_and_keys(qtbot: QtBot) -> None:
    table = DuelTable()
    qtbot.addWidget(table)
    table.resize(440, 200)
    x = np.zeros((4, 16, 16, 3), np.uint8)
    table.set_rows(tuple(Row(f"sampler {i}", ("20", "0.01", "1 s"), x, QColor("red")) for i in range(3)))
    picked: list[int] = []
    table.picked.connect(picked.append)
    QTest.mouseClick(table, LEFT, NONE, table.row_rect(1).center().toPoint())
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert picked == [1, 2, 2]
    table.resize(250, 200)
    table.grab()


# ---- bars over time


def test_bars_over_time_leave_empty_what_is_not_measured(qtbot: QtBot) -> None:
    bars = TimeBars("loss", "nats")
    qtbot.addWidget(bars)
    bars.resize(320, 140)
    bars.placeholder = "Train the model."
    bars.grab()
    bars.set_values([np.nan, 1.0, 0.5, 0.25], [np.nan, 0.1, 0.1, 0.0])
    assert bars.bar_rect(0).height() == 0
    assert bars.bar_rect(1).height() == pytest.approx(2 * bars.bar_rect(2).height(), rel=0.01)
    assert bars.told(0) == "t 0 to 0.25: nothing yet"
    assert bars.told(1) == "t 0.25 to 0.5: 1 ± 0.1 nats"
    assert bars.index_at(bars.bar_rect(2).center()) == 2
    bars.grab()


# ---- fields and clouds


def test_arrows_point_the_way_and_never_leave_their_cell() -> None:
    axis = np.linspace(-1, 1, 5)
    at = np.stack(np.meshgrid(axis, axis[::-1]), axis=-1)
    found = arrows(at, -at)
    assert len(found) == 24  # none where there is nowhere to go
    way = found[:, 1] - found[:, 0]
    middle = found.mean(axis=1)
    cosine_ = -(way * middle).sum(1) / np.linalg.norm(way, axis=1) / np.linalg.norm(middle, axis=1)
    assert cosine_ == pytest.approx(1.0)
    assert np.linalg.norm(way, axis=1).max() <= FILL * 0.5 + 1e-9


def test_one_giant_does_not_shrink_the_other_arrows() -> None:
    axis = np.linspace(-1, 1, 10)
    at = np.stack(np.meshgrid(axis, axis), axis=-1)
    vectors = np.ones_like(at)
    vectors[0, 0] *= 1e6
    length = np.linalg.norm(np.diff(arrows(at, vectors), axis=1)[:, 0], axis=1)
    assert length.min() == pytest.approx(length.max())


def test_arrows_thin_out_where_they_would_crowd() -> None:
    axis = np.linspace(-1, 1, 20)
    at = np.stack(np.meshgrid(axis, axis), axis=-1)
    layer = FieldLayer()
    layer.set_arrows(at, np.ones_like(at))
    assert len(layer.arrows_at(300.0)) == 400
    assert len(layer.arrows_at(70.0)) == 100
    layer.set_arrows(None)
    assert len(layer.arrows_at(300.0)) == 0


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_density_leaves_empty_ground_as_it_is(mode: str, qapp: object) -> None:
    theme.set_mode(mode)
    ground = theme.colour("card")
    picture = density_picture(np.array([[-1000.0, -np.inf], [0.0, -3.0]]))
    plain = [ground.red(), ground.green(), ground.blue()]
    assert picture[0, 0].tolist() == plain and picture[0, 1].tolist() == plain
    assert np.abs(picture[1, 0].astype(int) - plain).max() > 40
    theme.set_mode("dark")


def test_a_cloud_is_drawn_the_right_way_up() -> None:
    pictures = clouds(np.array([[[1.0, 1.0]], [[-1.0, -1.0]]], np.float32), QColor("white"), side=60, reach=1.5)
    assert pictures.shape == (2, 60, 60, 3)
    bright = [np.unravel_index(int(p.sum(-1).argmax()), (60, 60)) for p in pictures]
    assert bright[0] == pytest.approx([10, 50], abs=1.5)
    assert bright[1] == pytest.approx([50, 10], abs=1.5)


# ---- paths


def test_keyframes_are_where_the_path_reaches_them() -> None:
    assert keyframe_places(3, 25, closed=False) == [0, 12, 24]
    assert keyframe_places(3, 24, closed=True) == [0, 8, 16]
    assert keyframe_marks(2, 10, closed=False) == {0: "A", 9: "B"}
