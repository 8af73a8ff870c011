"""The Guidance panel on the fake engine: what it asks, when, and what it does with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QUndoStack, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import results as rs
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import (
    Ask,
    CreateRun,
    DrawSamples,
    Guide,
    MeasureGuidance,
    SweepGuidance,
    Trajectory,
)
from genplay.contract.sampling import attribute_weights, curve_points, negative_labels
from genplay.ui.bridge import Bridge
from genplay.ui.guidance import cost_part
from genplay.ui.guidance.picture_part import APART, NOTHING
from genplay.ui.guidance.scales_part import SCALES
from genplay.ui.panels.guidance import EMPTY, GuidancePanel

LEFT = Qt.MouseButton.LeftButton


class Rig:
    """The panel and its inspector on a fake engine whose answers come when the test drains it."""

    def __init__(self, bot: QtBot) -> None:
        self.bot = bot
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.window = QWidget()
        bot.addWidget(self.window)
        self.panel = GuidancePanel(self.bridge, self.undo)
        self.inspector = self.panel.inspector()
        self.panel.setParent(self.window)
        self.inspector.setParent(self.window)
        for action in self.panel.actions():
            action.setParent(self.window)  # as the title row does; without one it would be a window
        self.window.resize(1160, 560)
        self.panel.setGeometry(0, 0, 850, 560)
        self.inspector.setGeometry(860, 0, 300, 560)
        self.window.show()
        bot.waitExposed(self.window)
        self.engine.submit(CreateRun("d", "Faces · diffusion", "diffusion", "faces16"))
        self.engine.submit(CreateRun("ring", "Ring · diffusion", "diffusion", "ring"))
        self.drain(2)

    def drain(self, times: int = 60) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.drain()

    def asked(self, kind: type) -> list[Any]:
        return [a.question for a in self.engine.submitted if isinstance(a, Ask) and isinstance(a.question, kind)]

    @property
    def state(self) -> Any:
        return self.panel.session.state

    def show_part(self, name: str) -> None:
        self.panel.chips.buttons[name].click()
        self.drain()


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("d")
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == EMPTY
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}


def test_a_model_that_cannot_be_guided_closes_it_with_a_sentence(rig: Rig) -> None:
    run = rig.bridge.runs["d"]
    assert rig.panel.closed_because(run) == ""
    unlabelled = replace(run, capabilities=run.capabilities - {"guided"})
    assert "labels to be guided by" in rig.panel.closed_because(unlabelled)
    assert "does not denoise with labels" in rig.panel.closed_because(rig.bridge.runs["faces"])


def test_of_discrete_noise_there_is_no_microscope(rig: Rig) -> None:
    run = rig.bridge.runs["d"]
    rig.select("d")
    rig.panel.session.set("show the microscope", part="microscope")
    assert rig.panel.session.part == "microscope"
    rig.panel.set_run(replace(run, run_id="masks", capabilities=run.capabilities - {"denoise"}))
    rig.panel.session.set("show the microscope", part="microscope")
    assert rig.panel.session.part == "scales"
    assert rig.panel.beside.currentWidget() is rig.panel.scales
    assert rig.panel.chips.buttons["microscope"].isHidden()
    assert "microscope" not in rig.panel.picture.grid.toolTip()


def test_making_it_and_showing_it_a_run_opens_no_window_of_its_own(qtbot: QtBot) -> None:
    bridge = Bridge(FakeEngine(first_run=False))
    bridge.stop()
    before = set(QApplication.topLevelWidgets())
    panel = GuidancePanel(bridge, QUndoStack())
    qtbot.addWidget(panel)
    inspector = panel.inspector()
    qtbot.addWidget(inspector)
    row = QWidget()
    qtbot.addWidget(row)
    layout = QHBoxLayout(row)
    for action in panel.actions():
        assert not action.isVisible()
        layout.addWidget(action)
    bridge.engine.submit(CreateRun("d", "d", "diffusion", "faces16"))
    bridge.drain()
    bridge.drain()
    panel.set_run(bridge.runs["d"])
    assert [w for w in set(QApplication.topLevelWidgets()) - before if w.isVisible()] == []


# ---- the picture and the slider


def test_a_preview_comes_at_once_and_all_steps_after(rig: Rig) -> None:
    rig.panel.set_run(rig.bridge.runs["d"])
    rig.panel.activate()
    rig.drain(1)
    assert "preview, 8 of 20 steps" in rig.panel.picture.about.text()
    assert "w 3.00" in rig.panel.picture.about.text()
    coarse = rig.panel.picture.grid.images
    rig.drain(1)
    assert rig.panel.picture.about.text().startswith("20 steps")
    assert (rig.panel.picture.grid.images != coarse).any()
    assert len(rig.panel.picture.grid) == 16


def test_a_drag_asks_patiently_keeps_the_old_picture_and_is_one_step_of_undo(faces: Rig) -> None:
    slider, before = faces.panel.picture.slider, faces.panel.picture.grid.images
    first = len(faces.asked(Guide))
    slider.pressed.emit()
    for w in (4.0, 5.0, 6.0, 7.0):
        slider._change(w)
    assert [q.config["guidance"] for q in faces.asked(Guide)[first:]] == [4.0]
    assert faces.panel.picture.grid.images is before
    assert "w 3.00" in faces.panel.picture.about.text()
    faces.drain()
    slider.released.emit(7.0)
    faces.drain()
    assert [q.config["guidance"] for q in faces.asked(Guide)[first:]] == [4.0, 7.0]
    assert "w 7.00" in faces.panel.picture.about.text()
    assert faces.undo.count() == 1
    faces.undo.undo()
    faces.drain()
    assert faces.state.scale == 3.0 and slider.value() == 3.0
    assert "w 3.00" in faces.panel.picture.about.text()
    faces.undo.redo()
    assert faces.state.scale == 7.0


def test_what_is_slower_waits_until_hand_and_picture_rest(faces: Rig) -> None:
    faces.show_part("microscope")
    before = len(faces.asked(Trajectory))
    slider = faces.panel.picture.slider
    slider.pressed.emit()
    slider._change(9.0)
    faces.drain()
    assert len(faces.asked(Trajectory)) == before
    slider.released.emit(9.0)
    faces.drain()
    assert [q.config["guidance"] for q in faces.asked(Trajectory)[before:]] == [9.0]


def test_the_seed_stays_while_the_scale_moves_and_the_dice_draws_another(faces: Rig) -> None:
    faces.panel.picture.nudge(2.0)
    faces.drain()
    assert {q.seed for q in faces.asked(Guide)} == {0}
    QTest.keyClick(faces.panel, Qt.Key.Key_R)
    faces.drain()
    seed = faces.asked(Guide)[-1].seed
    assert seed != 0
    assert f"seed {seed}" in faces.panel.picture.about.text()
    controls = faces.panel._inspector.controls
    controls.lock.click()
    faces.panel.dice.click()
    assert faces.state.wish.seed == seed and not faces.panel.dice.isEnabled()


def test_keys_and_wheel_turn_the_scale(faces: Rig, qtbot: QtBot) -> None:
    QTest.keyClick(faces.panel, Qt.Key.Key_BracketRight)
    assert faces.state.scale == 3.5
    QTest.keyClick(faces.panel, Qt.Key.Key_BracketLeft)
    assert faces.state.scale == 3.0
    grid = faces.panel.picture.grid
    at = QPointF(40, 40)
    turn = QWheelEvent(
        at, grid.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(faces.panel.picture, turn)  # where Qt takes a wheel that the grid has no use for
    assert faces.state.scale == pytest.approx(3.3)
    qtbot.waitUntil(lambda: faces.undo.count() == 3, timeout=2000)


def test_with_nothing_asked_for_it_says_that_no_scale_matters(faces: Rig) -> None:
    combo = faces.panel._inspector.controls.combos[0]
    combo.setCurrentIndex(0)
    combo.activated.emit(0)
    faces.drain()
    assert faces.asked(Guide)[-1].condition == ()
    assert faces.panel.picture.note.isVisible()
    assert faces.panel.picture.note.text() == NOTHING
    faces.undo.undo()
    faces.drain()
    assert not faces.panel.picture.note.isVisible()


def test_a_double_click_brings_a_sample_under_the_microscope(faces: Rig) -> None:
    grid = faces.panel.picture.grid
    spot = grid.cell_rect(6).center().toPoint()
    QTest.mouseClick(grid, LEFT, pos=spot)
    QTest.mouseDClick(grid, LEFT, pos=spot)
    faces.drain()
    assert (faces.state.sample, faces.state.part) == (6, "microscope")
    assert faces.panel.microscope.about.text().startswith("sample 7")


# ---- all scales


def test_all_scales_are_drawn_with_the_noise_of_the_seed(faces: Rig) -> None:
    sweep = faces.asked(SweepGuidance)[-1]
    assert (sweep.scales, sweep.across, sweep.seed) == (SCALES, "seed", 0)
    assert "guidance" not in sweep.config
    assert faces.panel.scales.grid.rows == ("0", "1", "1.5", "2", "3", "5", "7.5", "10", "15")
    assert faces.panel.scales.grid.marker == 4.0
    before = len(faces.asked(SweepGuidance))
    faces.panel.picture.nudge(1.0)
    faces.drain()
    assert len(faces.asked(SweepGuidance)) == before  # the scale has no say in it
    assert faces.panel.scales.grid.marker == 4.5


def test_a_click_on_a_row_takes_its_scale(faces: Rig) -> None:
    grid = faces.panel.scales.grid
    QTest.mouseClick(grid, LEFT, pos=grid.cell_rect(6, 2).center().toPoint())
    faces.drain()
    assert faces.state.scale == 7.5
    assert faces.asked(Guide)[-1].config["guidance"] == 7.5
    assert faces.undo.count() == 1


@pytest.mark.parametrize(("across", "first", "n"), [("steps", "3 steps", 5), ("glasses", "none", 3)])
def test_the_columns_may_be_steps_or_an_attribute(faces: Rig, across: str, first: str, n: int) -> None:
    combo = faces.panel.scales.across
    combo.setCurrentIndex(combo.findData(across))
    combo.activated.emit(combo.currentIndex())
    faces.drain()
    sweep = faces.asked(SweepGuidance)[-1]
    assert (sweep.across, len(sweep.values)) == (across, n)
    assert faces.panel.scales.grid.columns[0] == first
    assert len(faces.panel.scales.grid.images) == n * len(SCALES)
    exhibit = faces.panel.part_exhibit()
    assert exhibit is not None
    assert (exhibit.columns, exhibit.question) == (n, sweep)


# ---- the microscope


def test_the_microscope_shows_four_predictions_and_follows_its_slider(faces: Rig) -> None:
    faces.show_part("microscope")
    part = faces.panel.microscope
    assert len(part.grid) == 4
    assert len(part.found) >= 20
    before = part.grid.images.copy()
    part.steps.pressed.emit()
    part.steps._change(3)
    part.steps.released.emit(3)
    assert part.place == 2
    assert (part.grid.images != before).any()
    assert "step 3 of" in part.about.text()
    assert part.norm.marked == part.cosine.marked == part.found[2].t
    faces.undo.undo()
    np.testing.assert_array_equal(part.grid.images, before)


def test_looking_at_steps_and_samples_asks_nothing(faces: Rig) -> None:
    faces.show_part("microscope")
    before = len(faces.engine.submitted)
    faces.panel.microscope.norm.picked.emit(0.9)
    faces.panel.microscope.kind.buttons["noise"].click()
    faces.panel.session.set("another sample", sample=9)
    faces.drain()
    assert len(faces.engine.submitted) == before
    assert faces.panel.microscope.found[faces.panel.microscope.place].t == pytest.approx(0.9, abs=0.03)


def test_without_a_difference_the_microscope_says_why(faces: Rig) -> None:
    faces.show_part("microscope")
    faces.panel.session.do(faces.state.with_settings(guidance=1.0), "follow plainly")
    faces.drain()
    assert faces.panel.microscope.empty.isVisible()
    assert "move the scale" in faces.panel.microscope.empty.text


def test_steps_keep_their_numbers_where_some_are_not_guided(faces: Rig) -> None:
    faces.show_part("microscope")
    part = faces.panel.microscope
    part.found = part.found[5:15]
    faces.panel.session.set("look at the first step", step=0)
    assert part.about.text().startswith("sample 1   ·   step 6 of 20")
    faces.panel.session.set("look at the tenth step", step=9)
    assert part.found[part.place].index == 9 and part.steps.value() == 10


def test_the_microscope_says_what_guidance_leads_away_from_and_with_which_weights(faces: Rig) -> None:
    faces.show_part("microscope")
    assert faces.panel.microscope.caption.text().startswith("guided = unconditional + w × difference")
    settings = {"negative": "glasses=dark", "weights": "'hair colour:2'"}
    faces.panel.session.do(faces.state.with_settings(**settings), "x")
    faces.drain()
    assert faces.panel.microscope.caption.text().startswith("guided = negative + each weight × its difference")
    assert "own weights" in faces.panel.microscope.about.text()


def test_many_steps_are_followed_for_fewer_samples(faces: Rig) -> None:
    faces.show_part("microscope")
    faces.panel.session.do(faces.state.with_settings(steps=400), "many steps")
    assert faces.panel.microscope.wanted().n == 4


# ---- the curve over time


def test_a_curve_drawn_by_hand_is_sampled_and_undone_as_one(faces: Rig) -> None:
    faces.show_part("curve")
    editor = faces.panel.curve.editor
    QTest.mouseDClick(editor, LEFT, pos=editor.place(0.4, 1.7).toPoint())
    faces.drain()
    drawn = curve_points(faces.asked(Guide)[-1].config["curve"])
    assert drawn[1] == (pytest.approx(0.4, abs=0.02), pytest.approx(1.7, abs=0.03))
    assert faces.panel.curve.presets.currentText() == "Drawn by hand"
    assert faces.undo.count() == 2  # the part, then the curve
    faces.undo.undo()
    faces.drain()
    assert "curve" not in faces.asked(Guide)[-1].config
    assert editor.points == ()


def test_presets_and_reset(faces: Rig) -> None:
    faces.show_part("curve")
    presets = faces.panel.curve.presets
    for index in range(presets.count() - 1):
        presets.setCurrentIndex(index)
        presets.activated.emit(index)
        faces.drain()
        assert presets.currentIndex() == index
    faces.panel.session.do(faces.state.with_settings(guide_from=0.7, rescale=0.5), "tame it")
    assert faces.panel.curve.editor.interval == (0.7, 0.0)
    faces.panel.curve.reset.click()
    faces.drain()
    assert faces.panel.curve.editor.interval == (1.0, 0.0)
    assert presets.currentIndex() == 0
    assert faces.asked(Guide)[-1].config["rescale"] == 0.0


# ---- weights and the negative condition


def test_separate_weights_take_the_place_of_the_scale(faces: Rig) -> None:
    box = faces.panel._inspector.weights
    box.toggle.click()
    slider = box.sliders[0]
    slider.pressed.emit()
    slider._change(-2.0)
    slider.released.emit(-2.0)
    faces.drain()
    spec = faces.panel.session.spec
    assert attribute_weights(faces.asked(Guide)[-1].config["weights"], spec) == {0: -2.0}
    assert not faces.panel.picture.slider.isEnabled()
    assert faces.panel.picture.note.text() == APART
    combo = faces.panel._inspector.controls.combos[1]
    combo.setCurrentIndex(3)
    combo.activated.emit(3)
    assert set(box.sliders) == {0, 1}
    box.toggle.click()
    faces.drain()
    assert "weights" not in faces.asked(Guide)[-1].config
    assert faces.panel.picture.slider.isEnabled()


def test_a_negative_condition_is_asked_with(faces: Rig) -> None:
    box = faces.panel._inspector.negative
    assert not box.combos[1].isVisible()
    box.toggle.click()
    box.combos[1].setCurrentIndex(3)
    box.combos[1].activated.emit(3)
    faces.drain()
    spec = faces.panel.session.spec
    assert negative_labels(faces.asked(Guide)[-1].config["negative"], spec) == (8, 2, 2)
    box.toggle.click()
    faces.drain()
    assert "negative" not in faces.asked(Guide)[-1].config
    faces.undo.undo()
    assert box.toggle.isChecked() and box.combos[1].currentText() == "dark"


def test_knobs_of_the_inspector_are_undone_one_by_one(faces: Rig) -> None:
    form = faces.panel._inspector.taming.form
    assert form is not None and set(form.knobs) == {"rescale", "threshold", "guide_from", "guide_to"}
    slider = form.control("rescale")
    slider.pressed.emit()
    for value in (0.2, 0.4, 0.6):
        slider._change(value)
    slider.released.emit(0.6)
    steps = faces.panel._inspector.controls.form.control("steps")
    steps.pressed.emit()
    steps._change(40)
    steps.released.emit(40)
    faces.drain()
    assert faces.undo.count() == 2
    assert (faces.asked(Guide)[-1].config["rescale"], faces.asked(Guide)[-1].config["steps"]) == (0.6, 40)
    faces.undo.undo()
    faces.undo.undo()
    assert faces.state.setting("rescale", 0.0) == 0.0
    assert form.values()["rescale"] == 0.0


def test_a_slide_back_to_where_it_began_leaves_nothing_behind(faces: Rig) -> None:
    slider = faces.panel._inspector.taming.form.control("rescale")
    slider.pressed.emit()
    slider._change(0.5)
    slider._change(0.0)
    slider.released.emit(0.0)
    assert faces.undo.count() == 0
    faces.panel.picture.nudge(1.0)
    slider.pressed.emit()
    slider._change(0.3)
    slider.released.emit(0.3)
    faces.undo.undo()
    assert faces.state.scale == 4.0  # only the last edit is undone


# ---- what it costs


def test_the_cost_is_measured_on_request_and_told_with_errors(faces: Rig) -> None:
    faces.show_part("cost")
    assert faces.asked(MeasureGuidance) == []
    assert faces.panel.cost.empty.isVisible()
    faces.panel.cost.button.click()
    assert faces.panel.cost.button.text() == "Cancel"
    faces.drain()
    question = faces.asked(MeasureGuidance)[-1]
    assert (question.n, "guidance" in question.config) == (256, False)
    assert faces.panel.cost.button.text() == "Measure"
    chart = faces.panel.cost.charts["recall"]
    chart.set_cursor(8.0)
    assert "±" in chart.readout()
    assert "256 samples" in faces.panel.cost.made.text()


def test_a_measurement_is_cancelled_and_what_is_known_stays(faces: Rig) -> None:
    faces.show_part("cost")
    QTest.keyClick(faces.panel, Qt.Key.Key_M)
    faces.drain(1)
    assert faces.panel.cost.measuring
    assert faces.panel.leave_mode()
    faces.drain()
    assert not faces.panel.cost.measuring
    assert "64 samples" in faces.panel.cost.made.text()
    assert not faces.panel.leave_mode()


def test_a_measurement_goes_on_while_another_tab_is_in_front(faces: Rig) -> None:
    faces.show_part("cost")
    faces.panel.cost.toggle()
    faces.panel.deactivate()
    faces.drain()
    assert "256 samples" in faces.panel.cost.made.text()


def test_what_was_not_measured_says_why(faces: Rig) -> None:
    faces.panel.session.do(faces.state.asking(condition=()), "ask for nothing")
    faces.show_part("cost")
    faces.panel.cost.toggle()
    faces.drain()
    assert faces.panel.cost.charts["match"].empty == "nothing was asked for"


def test_time_left_follows_the_share_that_is_done(faces: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    part = faces.panel.cost
    part._begun, part._share = 100.0, 0.25
    monkeypatch.setattr(cost_part, "perf_counter", lambda: 130.0)
    assert part._time_left() == "25%   ·   1:30 left"
    part._share = 0.0
    assert part._time_left() == "drawing samples…"


def test_the_numbers_are_saved_as_a_table(faces: Rig, tmp_path: Path) -> None:
    faces.show_part("cost")
    faces.panel.cost.toggle()
    faces.drain()
    faces.panel.cost.write_csv(str(tmp_path / "cost.csv"))
    rows = (tmp_path / "cost.csv").read_text().splitlines()
    assert rows[0].startswith("scale,samples,match,match error,variety")
    assert len(rows) == 1 + len(cost_part.SCALES) + 1
    assert rows[-1].startswith("real,,0.97,,")
    told: list[rs.Failure] = []
    faces.panel.failure_shown.connect(told.append)
    faces.panel.cost.write_csv(str(tmp_path))
    assert "is a folder" in told[0].message


# ---- exhibits, state, other runs


def test_the_exhibit_is_what_was_touched_last(faces: Rig) -> None:
    shown = faces.panel.exhibit()
    assert shown is not None
    assert isinstance(shown.question, Guide) and len(shown.x) == 16
    faces.panel.scales.grid.setFocus()
    swept = faces.panel.exhibit()
    assert swept is not None
    assert isinstance(swept.question, SweepGuidance)
    faces.panel.picture.grid.setFocus()
    assert isinstance(faces.panel.exhibit().question, Guide)
    wanted: list[Any] = []
    faces.panel.export_wanted.connect(wanted.append)
    faces.show_part("microscope")
    faces.panel.export_part.click()
    assert isinstance(wanted[0].question, Trajectory) and len(wanted[0].x) == 4


def test_a_preview_is_nothing_to_export(rig: Rig) -> None:
    rig.panel.set_run(rig.bridge.runs["d"])
    rig.panel.activate()
    rig.drain(1)
    assert rig.panel.exhibit() is None
    rig.drain(1)
    exhibit = rig.panel.exhibit()
    assert exhibit is not None
    assert exhibit.question == rig.asked(Guide)[-1]


def test_a_recipe_brings_back_scale_part_and_step(faces: Rig) -> None:
    faces.show_part("microscope")
    faces.panel.session.do(faces.state.with_settings(guidance=11.0), "x")
    faces.panel.session.set("x", step=4)
    kept = faces.panel.state()
    faces.panel.restore({"config": {"guidance": 1.5}, "part": "curve", "step": 0})
    assert (faces.state.scale, faces.state.part) == (1.5, "curve")
    faces.panel.restore(kept, DrawSamples(condition=(1, 3, 2), config={"guidance": 11.0}, seed=5))
    assert (faces.state.scale, faces.state.part, faces.state.step) == (11.0, "microscope", 4)
    assert (faces.state.wish.seed, faces.state.wish.condition) == (5, (1, 3, 2))


def test_a_recipe_waits_for_its_run(rig: Rig) -> None:
    rig.panel.restore({"config": {"guidance": 8.0}, "part": "cost"})
    rig.select("d")
    assert (rig.state.scale, rig.state.part) == (8.0, "cost")


def test_each_run_keeps_its_state(faces: Rig) -> None:
    faces.panel.picture.nudge(4.0)
    faces.select("ring")
    assert faces.state.scale == 3.0
    faces.select("d")
    assert faces.state.scale == 7.0
    faces.undo.undo()
    assert faces.state.scale == 3.0


def test_points_are_shown_as_clouds(rig: Rig) -> None:
    rig.select("ring")
    assert rig.panel.picture.scatter.isVisible()
    assert len(rig.panel.scales.clouds) == len(SCALES)
    assert not rig.panel.scales.across.isVisible()
    rig.show_part("microscope")
    assert rig.panel.microscope.scatter.isVisible()
    assert rig.panel.microscope.scatter.layer("guided") is not None
    assert rig.panel.part_exhibit() is None
    exhibit = rig.panel.exhibit()
    assert exhibit is not None and exhibit.x.shape == (1000, 2)


def test_newer_weights_are_followed_now_and_then(faces: Rig) -> None:
    pictures, sweeps = len(faces.asked(Guide)), len(faces.asked(SweepGuidance))
    faces.panel.set_run(replace(faces.bridge.runs["d"], step=1))
    assert len(faces.asked(Guide)) == pictures
    faces.panel.session.aged.emit()
    faces.drain()
    assert (len(faces.asked(Guide)), len(faces.asked(SweepGuidance))) == (pictures + 1, sweeps)
    faces.panel.session.settled.emit()
    faces.drain()
    assert len(faces.asked(SweepGuidance)) == sweeps + 1


def test_another_tab_in_front_asks_nothing(faces: Rig) -> None:
    faces.panel.deactivate()
    before = len(faces.asked(Guide))
    faces.panel.picture.nudge(1.0)
    faces.panel.session.aged.emit()
    faces.drain()
    assert len(faces.asked(Guide)) == before
    faces.panel.activate()
    faces.drain()
    assert faces.asked(Guide)[-1].config["guidance"] == 4.0


@pytest.mark.parametrize("part", ["scales", "microscope", "curve", "cost"])
def test_every_control_can_be_named(faces: Rig, part: str) -> None:
    faces.show_part(part)
    controls = [w for root in (faces.panel, faces.inspector) for w in root.findChildren(QWidget) if w.isVisible()]
    reached = [w for w in controls if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.focusProxy() is None]
    nameless = [w for w in reached if not w.accessibleName() and not (hasattr(w, "text") and w.text())]
    assert [type(w).__name__ for w in nameless if type(w).__name__ != "QSplitter"] == []
