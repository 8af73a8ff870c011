from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import results as rs
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import Ask, Control, CreateRun, DrawSamples, FindNearest, PreviewData
from genplay.ui.bridge import Bridge
from genplay.ui.panels.samples import EMPTY, SamplesPanel

LEFT = Qt.MouseButton.LeftButton


class Rig:
    """The panel and its inspector on a fake engine whose answers come when the test drains it."""

    def __init__(self, bot: QtBot) -> None:
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel = SamplesPanel(self.bridge, self.undo)
        self.controls = self.panel.controls
        self.window = QWidget()
        bot.addWidget(self.window)
        self.panel.setParent(self.window)
        self.controls.setParent(self.window)
        self.window.resize(1000, 600)
        self.panel.setGeometry(0, 0, 700, 600)
        self.controls.setGeometry(700, 0, 300, 600)
        self.window.show()
        bot.waitExposed(self.window)
        self.engine.submit(CreateRun("ring", "Ring", "vae", "ring"))
        self.drain()

    def drain(self, times: int = 3) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.drain()

    def asked(self, kind: type = DrawSamples) -> list[Any]:
        asks = [a for a in self.engine.submitted if isinstance(a, Ask)]
        return [a.question for a in asks if isinstance(a.question, kind)]

    def click(self, index: int) -> None:
        spot = self.panel.grid.cell_rect(index).center().toPoint()
        QTest.mouseClick(self.panel.grid, LEFT, pos=spot)
        self.drain()

    @property
    def shown(self) -> np.ndarray:
        assert self.panel.grid.images is not None
        return self.panel.grid.images


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("faces")
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel.empty.isVisible()
    assert rig.panel.empty.text == EMPTY
    assert rig.panel.exhibit() is None


def test_samples_come_with_the_seed_on_screen(faces: Rig) -> None:
    question = faces.asked()[-1]
    assert (question.n, question.seed) == (64, faces.controls.seed.value())
    assert len(faces.shown) == 64
    assert "seed 0" in faces.panel.made_by.text()


def test_the_caption_names_the_seed_that_made_the_picture_until_the_next_comes(faces: Rig) -> None:
    before = faces.shown.copy()
    faces.controls.seed.setValue(7)
    assert "seed 0" in faces.panel.made_by.text()
    np.testing.assert_array_equal(faces.shown, before)
    faces.drain()
    assert "seed 7" in faces.panel.made_by.text()
    assert (faces.shown != before).any()
    exhibit = faces.panel.exhibit()
    assert exhibit is not None
    assert exhibit.question.seed == 7


def test_the_newest_wish_wins(faces: Rig) -> None:
    for seed in (1, 2, 3):
        faces.controls.seed.setValue(seed)
    faces.drain()
    assert "seed 3" in faces.panel.made_by.text()
    once = faces.shown.copy()
    faces.controls.seed.setValue(9)
    faces.drain()
    faces.controls.seed.setValue(3)
    faces.drain()
    np.testing.assert_array_equal(faces.shown, once)


def test_dice_draws_a_seed_and_the_lock_keeps_it(faces: Rig) -> None:
    QTest.keyClick(faces.panel.grid, Qt.Key.Key_R)
    first = faces.controls.seed.value()
    assert first != 0
    assert faces.asked()[-1].seed == first
    QTest.mouseClick(faces.controls.lock, LEFT)
    assert not faces.controls.dice.isEnabled()
    QTest.keyClick(faces.panel.grid, Qt.Key.Key_R)
    assert faces.controls.seed.value() == first


def test_changes_are_undone_one_by_one(faces: Rig) -> None:
    faces.controls.seed.setValue(5)
    combo = faces.controls.combos[1]
    combo.setCurrentIndex(3)
    combo.activated.emit(3)
    faces.drain()
    assert faces.asked()[-1].condition == (8, 2, 2)
    assert faces.undo.count() == 2
    faces.undo.undo()
    faces.drain()
    assert faces.asked()[-1].condition == ()
    assert combo.currentText() == "any"
    faces.undo.undo()
    faces.drain()
    assert faces.controls.seed.value() == 0
    assert "seed 0" in faces.panel.made_by.text()
    faces.undo.redo()
    assert faces.controls.seed.value() == 5


def test_dragging_the_count_is_one_step_of_undo(faces: Rig) -> None:
    slider = faces.controls.count
    track = slider.track().toRect()
    handle = QPoint(round(track.left() + track.width() * 0.75), track.center().y())
    QTest.mousePress(slider, LEFT, pos=handle)
    for share in (0.6, 0.5, 0.4):
        QTest.mouseMove(slider, QPoint(round(track.left() + track.width() * share), track.center().y()))
    QTest.mouseRelease(slider, LEFT, pos=QPoint(round(track.left() + track.width() * 0.4), track.center().y()))
    faces.drain()
    assert faces.undo.count() == 1
    assert len(faces.shown) == faces.asked()[-1].n < 64
    faces.undo.undo()
    faces.drain()
    assert len(faces.shown) == 64


def test_sampler_knobs_are_in_the_question_and_undone(faces: Rig) -> None:
    form = faces.controls.form
    assert form is not None
    slider = form.control("temperature")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    QTest.qWait(600)  # an edit by keys is over when they rest
    faces.drain()
    assert faces.asked()[-1].config["temperature"] > 1.0
    assert faces.undo.count() == 1
    faces.undo.undo()
    faces.drain()
    assert faces.asked()[-1].config.get("temperature", 1.0) == 1.0


def test_click_shows_a_sample_large_and_arrows_move_on(faces: Rig) -> None:
    faces.click(10)
    np.testing.assert_array_equal(faces.panel.detail.picture.image, faces.shown[10])
    assert faces.panel.detail.isVisible()
    QTest.keyClick(faces.panel.grid, Qt.Key.Key_Right)
    np.testing.assert_array_equal(faces.panel.detail.picture.image, faces.shown[11])
    QTest.keyClick(faces.panel.grid, Qt.Key.Key_Return)
    assert not faces.panel.grid.isVisible()
    assert faces.panel.leave_mode()
    assert faces.panel.grid.isVisible()
    assert faces.panel.leave_mode()
    assert not faces.panel.detail.isVisible()
    assert not faces.panel.leave_mode()


def test_the_selected_sample_is_the_exhibit(faces: Rig) -> None:
    whole = faces.panel.exhibit()
    assert whole is not None
    assert (whole.kind, len(whole.x)) == ("grid", 64)
    assert whole.columns == faces.panel.grid.layout_columns()
    faces.click(3)
    one = faces.panel.exhibit()
    assert one is not None
    assert (one.kind, one.index) == ("picture", 3)
    np.testing.assert_array_equal(one.x[one.index], faces.shown[3])
    assert one.question == whole.question


def test_use_its_latent_goes_to_the_code_of_the_sample(faces: Rig, qtbot: QtBot) -> None:
    faces.click(4)
    with qtbot.waitSignal(faces.panel.go_to) as gone:
        QTest.mouseClick(faces.panel.detail.latent, LEFT)
    drawn = faces.panel.drawn
    assert drawn is not None
    assert drawn.samples.z is not None
    assert gone.args[0] == "latent"
    np.testing.assert_allclose(gone.args[1]["z"], drawn.samples.z[4])


def test_a_model_without_codes_says_why(faces: Rig) -> None:
    run = faces.bridge.runs["faces"]
    faces.panel.set_run(replace(run, capabilities=frozenset(c for c in run.capabilities if c != "decode")))
    faces.click(4)
    assert not faces.panel.detail.latent.isEnabled()
    assert "no latent space" in faces.panel.detail.latent.toolTip()


def test_nearest_training_images_can_be_looked_at(faces: Rig) -> None:
    faces.click(2)
    QTest.mouseClick(faces.panel.detail.nearest, LEFT)
    faces.drain()
    question = faces.asked(FindNearest)[-1]
    np.testing.assert_array_equal(question.x, faces.shown[2])
    found = faces.panel.detail.found
    assert found.images is not None
    assert len(found.images) == question.k
    spot = found.cell_rect(1).center().toPoint()
    QTest.mouseClick(found, LEFT, pos=spot)
    np.testing.assert_array_equal(faces.panel.detail.picture.image, found.images[1])
    assert faces.panel.detail.title.text().startswith("Training image")
    QTest.mouseClick(found, LEFT, pos=spot)
    np.testing.assert_array_equal(faces.panel.detail.picture.image, faces.shown[2])
    QTest.keyClick(faces.panel.grid, Qt.Key.Key_Right)
    assert not found.isVisible()


def test_real_data_stands_beside_the_samples(faces: Rig) -> None:
    faces.panel.real_button.click()
    faces.drain()
    question = faces.asked(PreviewData)[-1]
    assert (question.data, question.n) == ("faces16", 64)
    assert faces.panel.real_grid.isVisible()
    assert faces.panel.real_grid.images is not None
    faces.panel.real_button.click()
    assert not faces.panel.real_grid.isVisible()


def test_points_are_drawn_over_or_beside_the_real_ones(rig: Rig) -> None:
    rig.select("ring")
    assert rig.panel.scatter.isVisible()
    assert not rig.panel.grid.isVisible()
    samples = rig.panel.scatter.layer("samples")
    assert samples is not None
    assert len(samples.points) == 2000
    rig.drain()
    assert rig.panel.scatter.layer("real") is not None, "points come with the data they learn"
    rig.panel.real_button.click()
    assert rig.panel.scatter.layer("real") is None
    rig.panel.real_button.click()
    rig.drain()
    assert rig.panel.scatter.layer("real") is not None
    x0, y0, x1, y1 = rig.panel.scatter.window_extent()
    assert x0 <= -1.2 and y0 <= -1.2 and x1 >= 1.2 and y1 >= 1.2, "a first, tiny cloud does not zoom the plane"
    rig.panel.beside_button.click()
    assert rig.panel.scatter.layer("real") is None
    assert rig.panel.real_scatter.layer("real") is not None
    assert rig.panel.real_scatter.isVisible()
    spot = rig.panel.scatter.to_view(*map(float, samples.points[5])).toPoint()
    QTest.mouseClick(rig.panel.scatter, LEFT, pos=spot)
    rig.panel.detail.nearest.click()
    rig.drain()
    assert rig.panel.scatter.layer("nearest") is not None


def test_training_refreshes_the_picture_at_most_twice_a_second(faces: Rig) -> None:
    faces.engine.submit(Control("faces", Control.RESTART))
    faces.engine.submit(Control("faces", Control.PLAY))
    faces.drain()
    before = len(faces.asked())
    shown = faces.shown.copy()
    for _ in range(60):
        faces.bridge.drain()
        faces.panel.set_run(faces.bridge.runs["faces"])
        QTest.qWait(20)
    assert 2 <= len(faces.asked()) - before <= 4
    faces.drain()
    assert (faces.shown != shown).any()
    assert {q.seed for q in faces.asked()} == {0}


def test_nothing_is_asked_while_another_tab_is_in_front(faces: Rig) -> None:
    faces.panel.deactivate()
    before = len(faces.asked())
    faces.engine.submit(Control("faces", Control.STEP))
    faces.drain()
    faces.panel.set_run(faces.bridge.runs["faces"])
    faces.controls.seed.setValue(4)
    QTest.qWait(600)
    faces.drain()
    assert len(faces.asked()) == before
    faces.panel.activate()
    faces.drain()
    assert "seed 4" in faces.panel.made_by.text()


def test_the_same_question_to_the_same_weights_is_put_once(faces: Rig) -> None:
    before = len(faces.asked())
    for _ in range(3):
        faces.panel.set_run(faces.bridge.runs["faces"])
        faces.drain()
    assert len(faces.asked()) == before


def test_each_run_keeps_its_own_wish_and_picture(faces: Rig) -> None:
    faces.controls.seed.setValue(11)
    faces.drain()
    picture = faces.shown.copy()
    faces.select("ring")
    assert faces.controls.seed.value() == 11
    faces.controls.seed.setValue(12)
    faces.drain()
    faces.panel.set_run(faces.bridge.runs["faces"])
    assert faces.controls.seed.value() == 11
    np.testing.assert_array_equal(faces.shown, picture)


def test_real_data_follows_the_run_from_points_to_pictures_and_back(faces: Rig) -> None:
    faces.panel.real_button.click()
    faces.click(3)
    faces.panel.detail.nearest.click()
    for run_id, data in (("ring", "ring"), ("faces", "faces16"), ("ring", "ring")):
        faces.select(run_id)
        assert faces.asked(PreviewData)[-1].data == data
        assert faces.panel.selected == -1
    assert faces.panel.scatter.layer("real") is not None


def test_an_answer_for_another_run_is_not_shown(faces: Rig) -> None:
    faces.controls.seed.setValue(99)
    faces.panel.set_run(faces.bridge.runs["ring"])
    faces.drain()
    assert faces.panel.drawn is not None
    assert faces.panel.drawn.run_id == "ring"


def test_coarse_answers_do_not_make_the_grid_jump(faces: Rig) -> None:
    old = faces.shown.copy()
    cell = faces.panel.grid.cell_rect(7)
    few = 255 - old[:5]
    question = DrawSamples(64, seed=1)
    part = rs.Answer(0, "samples.grid", "faces", 1, rs.Samples(few, None, None), 0.1, last=False)
    shares: list[float] = []
    faces.panel.progress_shown.connect(shares.append)
    faces.panel._answered(part, question, "faces")
    assert len(faces.shown) == 64
    np.testing.assert_array_equal(faces.shown[:5], few)
    np.testing.assert_array_equal(faces.shown[5:], old[5:])
    assert faces.panel.grid.cell_rect(7) == cell
    assert "seed 0" in faces.panel.made_by.text()
    assert shares == [0.1]


def test_state_is_restored_and_a_recipe_brings_its_question(faces: Rig) -> None:
    faces.controls.seed.setValue(21)
    faces.drain()
    state = faces.panel.state()
    faces.controls.seed.setValue(1)
    faces.panel.restore(state)
    assert faces.controls.seed.value() == 21
    faces.panel.restore({}, DrawSamples(32, (0, 1, 1), {"temperature": 0.5}, seed=3))
    faces.drain()
    assert faces.asked()[-1] == DrawSamples(32, (0, 1, 1), {"temperature": 0.5}, seed=3)
    assert [c.currentText() for c in faces.controls.combos] == ["black", "clear", "yes"]


@pytest.mark.parametrize(
    "damaged",
    [
        {"seed": -1, "count": 10**9, "condition": [9, 9, 99], "config": {"temperature": 1e9, "x": 1}},
        {"seed": "7", "count": None, "condition": "any", "config": [1], "real": 1, "lock": "no"},
        {"condition": [0], "seed": True},
    ],
)
def test_damaged_state_changes_nothing(faces: Rig, damaged: dict[str, Any]) -> None:
    faces.panel.restore(damaged)
    faces.drain()
    question = faces.asked()[-1]
    assert (question.seed, question.n, question.condition) == (0, 64, ())


def test_state_that_comes_before_the_run_waits_for_it(rig: Rig) -> None:
    rig.panel.restore({"seed": 17})
    rig.select("faces")
    assert "seed 17" in rig.panel.made_by.text()


def test_an_unconditional_model_offers_no_condition(faces: Rig) -> None:
    run = faces.bridge.runs["faces"]
    faces.panel.set_run(replace(run, config={**run.config, "conditional": False}))
    assert faces.controls.combos == []


def test_failure_is_shown_over_the_panel_and_the_picture_stays(faces: Rig, qtbot: QtBot) -> None:
    picture = faces.shown.copy()
    del faces.engine.runs["faces"]
    with qtbot.waitSignal(faces.panel.failure_shown):
        faces.controls.seed.setValue(5)
        faces.drain()
    np.testing.assert_array_equal(faces.shown, picture)
    assert "seed 0" in faces.panel.made_by.text()


def test_the_likelihood_is_estimated_on_request_and_stopped(faces: Rig) -> None:
    box = faces.panel.likelihood
    assert not box.text.isVisibleTo(box)
    box.button.click()
    assert box.button.text() == "Stop"
    faces.drain()
    assert box.button.text() == "Estimate on held-out data"
    assert "importance samples" in box.text.text()
    assert "bits per dimension" in box.text.text()
    assert "ELBO" in box.text.text()
    told = box.text.text()
    box.button.click()
    box.button.click()
    faces.drain()
    assert not faces.bridge.is_waiting("samples.likelihood")
    assert box.text.text() == told
    faces.panel.set_run(replace(faces.bridge.runs["faces"], run_id="other"))
    assert not box.text.isVisibleTo(box)
    faces.panel.set_run(replace(faces.bridge.runs["faces"], capabilities=frozenset()))
    assert not box.isVisibleTo(faces.panel.inspector())
