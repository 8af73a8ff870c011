from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import Control, CreateRun
from genplay.contract.results import CurveBlock, Failure
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.views.curves import IDLE, NO_RUN, REDRAW_MS, CurvesDock, series_colour
from genplay.ui.views.plots import log_ticks, opaque


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge(FakeEngine())
    bridge._timer.stop()
    bridge.drain()
    yield bridge
    bridge.stop()


@pytest.fixture
def dock(bridge: Bridge, qtbot: QtBot) -> CurvesDock:
    dock = CurvesDock(bridge)
    qtbot.addWidget(dock)
    bridge.engine.submit(Control("faces", Control.PLAY))
    for _ in range(3):
        bridge.drain()
    dock.resize(1000, 220)
    dock.show()
    qtbot.waitExposed(dock)
    dock.set_run(bridge.runs["faces"])
    dock.build_now()
    return dock


def put(bridge: Bridge, steps: Any, values: Any, run_id: str = "faces", name: str = "reconstruction") -> None:
    steps = np.asarray(steps)
    block = CurveBlock(run_id, (name,), steps, np.asarray(values, np.float32)[:, None])
    bridge.curves_arrived.emit(block)


def items(plot: Any) -> dict[tuple[int, str], Any]:
    return dict(plot._items)


def test_plots_are_those_the_family_declares(dock: CurvesDock, bridge: Bridge) -> None:
    assert bridge.catalogue is not None
    family = bridge.catalogue.family("vae")
    assert family is not None
    assert [plot.title for plot in dock.plots] == [plot.title for plot in family.plots]
    assert [name for name, _ in dock.plots[0].readout()] == list(family.plots[0].series)


def test_a_family_without_a_plot_of_gradient_norms_gets_one(dock: CurvesDock, bridge: Bridge) -> None:
    assert bridge.catalogue is not None
    families = tuple(replace(f, plots=f.plots[:1]) for f in bridge.catalogue.families)
    bridge.catalogue = replace(bridge.catalogue, families=families)
    dock.redraw()
    assert [plot.title for plot in dock.plots][1:] == ["gradient norm"]


def test_raw_points_are_faint_and_the_smoothed_line_is_bold(dock: CurvesDock) -> None:
    parts = items(dock.plots[0])
    raw, smooth = parts[0, "raw"].opts["pen"], parts[0, "smooth"].opts["pen"]
    assert raw.color().alpha() < 100 < smooth.color().alpha()
    assert raw.widthF() < smooth.widthF()


def test_hover_reads_out_the_same_step_in_every_plot(dock: CurvesDock, qtbot: QtBot) -> None:
    view = dock.plots[0].widget.viewport()
    QTest.mouseMove(view, QPoint(view.width() // 3, view.height() // 2))
    QTest.mouseMove(view, QPoint(view.width() // 2, view.height() // 2))
    qtbot.waitUntil(lambda: "step" in dock.status.text())
    places = {plot._line.value() for plot in dock.plots}
    assert len(places) == 1
    step = places.pop()
    assert step in dock.store.series("faces")["kl"].steps
    assert dock.status.text() == f"step {step:,.0f}"
    for plot in dock.plots:
        for _, value in plot.readout():
            assert value is not None
    kl = dict(dock.plots[0].readout())["kl"]
    assert kl is not None
    assert f"{kl:.4g}" in dock.plots[0].head.text()
    dock.redraw()
    assert dock.status.text() == f"step {step:,.0f}"


def test_log_y_leaves_a_gap_where_values_are_not_positive(dock: CurvesDock, bridge: Bridge) -> None:
    dock.smoothing.set_value(0.0)
    put(bridge, [20_000, 20_001, 20_002], [-5.0, 0.0, 100.0])
    dock.log_y.setChecked(True)
    dock.redraw()
    plot = dock.plots[0]
    index = [c.name for c in plot.curves].index("reconstruction")
    y = items(plot)[index, "smooth"].getData()[1]
    assert np.isnan(y[-3:]).tolist() == [True, True, False]
    assert y[-1] == pytest.approx(2.0)
    low, high = plot.item.getViewBox().viewRange()[1]
    assert np.isfinite([low, high]).all()


def test_log_x_shows_logarithms_of_steps(dock: CurvesDock, bridge: Bridge) -> None:
    dock.log_x.click()
    dock.redraw()
    x = items(dock.plots[0])[0, "smooth"].getData()[0]
    last = dock.store.series("faces")["kl"].steps[-1]
    assert x[-1] == pytest.approx(np.log10(last))


def test_pinned_run_is_drawn_dashed_in_its_family_colour(dock: CurvesDock, bridge: Bridge) -> None:
    bridge.engine.submit(CreateRun("b", "Other", "gan", "faces16"))
    bridge.engine.submit(Control("b", Control.PLAY))
    for _ in range(3):
        bridge.drain()
    dock.set_run(bridge.runs["b"])
    dock.pin.click()
    dock.set_run(bridge.runs["faces"])
    assert not dock.pin.isChecked()
    dock.redraw()
    pinned = [i for i, curve in enumerate(dock.plots[0].curves) if curve.pinned]
    assert pinned
    pen = items(dock.plots[0])[pinned[0], "smooth"].opts["pen"]
    assert pen.style() == Qt.PenStyle.DashLine
    assert pen.color() == theme.family_colour("gan")
    assert dock.status.text() == "pinned: Other"
    bridge.run_removed.emit("b")
    dock.redraw()
    assert not any(curve.pinned for curve in dock.plots[0].curves)


def test_a_million_points_are_drawn_as_few(dock: CurvesDock, bridge: Bridge) -> None:
    values = np.random.default_rng(0).normal(1000, 1, 1_000_000)
    put(bridge, np.arange(1_000_000) + 20_000, values)
    dock.redraw()
    plot = dock.plots[0]
    index = [c.name for c in plot.curves].index("reconstruction")
    raw = items(plot)[index, "raw"].getData()
    assert len(raw[0]) < 3 * plot.widget.width()
    assert raw[1].max() == pytest.approx(values.max(), rel=1e-6)
    assert len(dock.store.series("faces")["reconstruction"].values) > 1_000_000


def test_hidden_or_folded_curves_are_not_drawn(dock: CurvesDock, bridge: Bridge, qtbot: QtBot) -> None:
    dock.hide()
    before = dock.redraws
    for _ in range(5):
        bridge.drain()
        QTest.qWait(30)
    assert dock.redraws == before
    dock.set_collapsed(True)
    dock.show()
    bridge.drain()
    QTest.qWait(150)
    assert dock.redraws == before
    dock.set_collapsed(False)
    qtbot.waitUntil(lambda: dock.redraws > before)


def test_curves_are_drawn_at_most_five_times_a_second(dock: CurvesDock, bridge: Bridge) -> None:
    QTest.qWait(350)
    before, begun = dock.redraws, perf_counter()
    for _ in range(100):
        bridge.drain()
        QTest.qWait(10)
    assert 1 <= dock.redraws - before <= 1 + 5 * (perf_counter() - begun)


def test_what_the_user_changes_is_drawn_sooner_than_what_training_adds(
    dock: CurvesDock, bridge: Bridge, qtbot: QtBot
) -> None:
    dock.redraw()
    dock._timer.stop()
    put(bridge, [90_000], [1.0])
    assert dock._timer.remainingTime() > REDRAW_MS
    dock.log_x.click()
    assert dock._timer.remainingTime() <= 1.1 * REDRAW_MS  # a coarse timer may be late by a twentieth


def test_zooming_one_plot_zooms_all_and_double_click_follows_again(dock: CurvesDock) -> None:
    dock.plots[1].range_chosen.emit((100.0, 200.0))
    assert {tuple(p.item.getViewBox().viewRange()[0]) for p in dock.plots} == {(100.0, 200.0)}
    view = dock.plots[0].widget.viewport()
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    QApplication.processEvents()
    assert dock.plots[0].item.getViewBox().viewRange()[0][1] > 10_000


def test_csv_holds_every_point(dock: CurvesDock, bridge: Bridge, tmp_path: Path) -> None:
    put(bridge, [30_000], [0.125])
    path = tmp_path / "curves.csv"
    told: list[str] = []
    bridge.message.connect(told.append)
    dock.write_csv(str(path))
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert len(rows) - 1 == len({*dock.store.series("faces")["kl"].steps, 30_000})
    last = dict(zip(rows[0], rows[-1]))
    assert last["step"] == "30000"
    assert last["reconstruction"] == "0.125"
    assert last["kl"] == ""
    assert told == ["Saved curves.csv."]


def test_a_csv_that_cannot_be_written_is_reported(dock: CurvesDock, bridge: Bridge, tmp_path: Path) -> None:
    told: list[Failure] = []
    bridge.failed.connect(told.append)
    (tmp_path / "file").write_text("")
    dock.write_csv(str(tmp_path / "file" / "curves.csv"))
    assert [f.message.startswith("The curves were not saved:") for f in told] == [True]


def test_empty_states_say_what_to_do(bridge: Bridge, qtbot: QtBot) -> None:
    dock = CurvesDock(bridge)
    qtbot.addWidget(dock)
    dock.show()
    dock.redraw()
    assert dock.empty.isVisible()
    assert dock.empty.text == NO_RUN
    dock.set_run(bridge.runs["faces"])  # its curves came before this dock was there
    dock.redraw()
    assert dock.empty.text == IDLE


def test_settings_survive_and_damaged_ones_do_no_harm(dock: CurvesDock) -> None:
    chosen = {"smoothing": 0.5, "log_x": True, "log_y": True, "full": True, "collapsed": True}
    dock.restore(chosen)
    assert dock.state() == chosen
    dock.restore({"smoothing": "much", "log_x": 3, "full": 1, "collapsed": None})
    assert dock.state() == chosen


def height(plot: Any) -> float:
    low, high = plot.item.getViewBox().viewRange()[1]
    return high - low


def test_an_early_spike_does_not_rule_the_height_unless_all_values_are_wanted(dock: CurvesDock, bridge: Bridge) -> None:
    steps = np.arange(10_000, 12_000)
    put(bridge, steps, np.where(steps < 10_020, 400.0, 1.0) + np.linspace(1, 0, 2000), "faces", "reconstruction")
    bridge.curves_arrived.emit(CurveBlock("faces", ("kl",), steps[:1], np.ones((1, 1), np.float32), reset=True))
    put(bridge, steps, np.where(steps < 10_020, 400.0, 1.0) + np.linspace(1, 0, 2000), "faces", "reconstruction")
    dock._choose_range((10_000.0, 12_000.0))
    assert height(dock.plots[0]) < 4
    dock.full.click()
    dock.redraw()
    assert height(dock.plots[0]) > 300


def test_a_curve_that_is_measured_now_and_then_has_dots_and_is_not_smoothed(dock: CurvesDock, bridge: Bridge) -> None:
    bridge.curves_arrived.emit(CurveBlock("faces", (), np.zeros(0), np.zeros((0, 0), np.float32), reset=True))
    put(bridge, np.arange(1000), np.linspace(5, 1, 1000), name="reconstruction")
    put(bridge, [0, 400, 900], [9.0, 3.0, 2.0], name="kl")
    dock.redraw()
    plot = dock.plots[0]
    sparse = [c.name for c in plot.curves].index("kl")
    assert (sparse, "dots") in plot._items
    assert (1 - sparse, "dots") not in plot._items
    assert dict(plot.readout())["kl"] == 2.0


def test_the_legend_names_several_curves_and_says_nothing_of_one(dock: CurvesDock) -> None:
    for plot in dock.plots:
        named = [c for c in plot.curves if "●" in plot.head.text()]
        assert len(named) == (len(plot.curves) if len(plot.curves) > 1 else 0)
        assert plot.head.text().count("●") == len(named)


def test_the_legend_takes_the_labels_that_a_plot_declares(dock: CurvesDock, bridge: Bridge) -> None:
    assert bridge.catalogue is not None
    short = replace(bridge.catalogue.families[0].plots[0], labels=("a", "b", "c"))
    families = tuple(replace(f, plots=(short,)) for f in bridge.catalogue.families)
    bridge.catalogue = replace(bridge.catalogue, families=families)
    dock.redraw()
    head = dock.plots[0].head.text()
    assert ">b</span>" in head
    assert "reconstruction" not in head
    assert "reconstruction" in dict(dock.plots[0].readout())


def test_first_curve_has_the_colour_of_the_family() -> None:
    for family in theme.FAMILIES:
        colours = [series_colour(family, i).name() for i in range(6)]
        assert colours[0] == theme.family_colour(family).name()
        assert len(set(colours)) == 6


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["1", "2", "5", "10"]),
        (-1.5, 2.5, ["0.1", "1", "10", "100"]),
        (3.0, 5.0, ["1,000", "2,000", "5,000", "10,000", "20,000", "50,000", "100,000"]),
        (1.0, 1.0, []),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_round_and_few(low: float, high: float, labels: list[str]) -> None:
    ticks = log_ticks(low, high)
    assert [label for _, label in ticks] == labels
    assert [10**at for at, _ in ticks] == pytest.approx([float(label.replace(",", "")) for label in labels])


def test_a_plot_is_painted_once_when_it_is_drawn(dock: CurvesDock, bridge: Bridge, qtbot: QtBot) -> None:
    qtbot.wait(400)  # until all is laid out and nothing is due
    painted = []
    view = dock.plots[0].widget
    original = type(view).paintEvent
    view.paintEvent = lambda event: (painted.append(event), original(view, event))
    steps = np.arange(2000, 2600)
    put(bridge, steps, 40 + 30 * np.sin(steps / 40))
    dock.redraw()
    for _ in range(10):
        QApplication.processEvents()
    assert len(painted) == 1


def test_the_grid_needs_no_blending_and_looks_as_if_it_did() -> None:
    pen = QPen(QColor(200, 100, 0, 51))
    ground = theme.colour("panel")
    found = opaque(pen).color()
    assert found.alpha() == 255
    for over, below, mixed in zip(pen.color().getRgb(), ground.getRgb(), found.getRgb()[:3]):
        assert mixed == pytest.approx(0.2 * over + 0.8 * below, abs=1)


def test_a_run_that_goes_and_comes_in_the_middle_of_a_round_does_no_harm(dock: CurvesDock, bridge: Bridge) -> None:
    dock._timer.stop()
    bridge.engine.submit(CreateRun("other", "other", "gan", "ring"))
    bridge.drain()
    dock.set_run(bridge.runs["other"])
    dock._timer.stop()
    dock._lay_out([])  # the plots of the run before were others
    dock._pending = dock._prepare()
    assert len(dock._pending) > 1
    dock.set_run(None)
    dock._tick()
    dock.set_run(bridge.runs["other"])
    for _ in range(6):
        dock._tick()
    assert dock.plots
