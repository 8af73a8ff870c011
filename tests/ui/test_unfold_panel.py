"""The Unfold panel on the fake engine, worked by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from unfold_rig import USUAL, Rig

from genplay.contract import requests as rq
from genplay.contract.results import Tape
from genplay.ui import theme
from genplay.ui.panels.unfold import EMPTY
from genplay.ui.unfold import branching
from genplay.ui.unfold.state import LAST

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def rig(qtbot: QtBot, qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("faces_d")
    rig.drain()
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == EMPTY
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}


def test_frames_appear_as_they_come_and_the_newest_is_on_show(rig: Rig) -> None:
    rig.select("faces_d")
    seen = []
    for _ in range(24):
        rig.drain(1)
        seen.append(len(rig.session.shots))
        assert rig.session.position == len(rig.session.shots) - 1
    assert seen[0] < seen[5] < seen[15]
    rig.drain()
    assert len(rig.session.shots) == 21
    assert rig.session.tape.take.complete
    frame = rig.session.frame
    assert frame.t == 0
    np.testing.assert_array_equal(rig.shown("x_t"), frame.x)


def test_grabbing_the_timeline_while_it_samples_stays_there(rig: Rig) -> None:
    rig.select("faces_d")
    rig.drain(8)
    rig.session.seek(2)
    rig.drain()
    assert rig.session.position == 2
    assert len(rig.session.shots) == 21


def test_the_cards_show_state_prediction_and_noise_of_the_same_frame(faces: Rig) -> None:
    faces.session.seek(11)
    shot = faces.session.shot
    for name in ("x_t", "x_0", "eps"):
        np.testing.assert_array_equal(faces.shown(name), shot.drawn[name])
    cards = faces.panel.cards.cards["pictures"]
    assert cards["x_t"].caption.text().startswith("t = 0.45 · σ 0.6")
    assert cards["x_0"].caption.text() == "step 11 of 20 · 11 evaluations"
    assert "‖ε̂‖" in cards["eps"].caption.text()
    assert "cos" not in cards["eps"].caption.text()
    assert cards["z_t"].isHidden()


def test_under_guidance_the_cosine_is_told_and_evaluations_count_twice(faces: Rig) -> None:
    wish = replace(faces.session.state.wish, condition=(2, 0, 1), config={"guidance": 3.0})
    faces.session.wish_changed(wish)
    faces.drain()
    faces.session.seek(10)
    cards = faces.panel.cards.cards["pictures"]
    assert "w 3" in cards["eps"].caption.text()
    assert "cos(cond, uncond) 0.6" in cards["eps"].caption.text()
    assert "20 evaluations" in cards["x_0"].caption.text()


def test_dragging_the_timeline_is_one_step_of_undo_and_asks_nothing(faces: Rig) -> None:
    strip = faces.panel.timeline.strip
    asked, count = len(faces.asked()), faces.undo.count()
    spots = [QPoint(round(strip.x_of(f)), strip.height() - 12) for f in (20, 15, 10, 5)]
    QTest.mousePress(strip, LEFT, pos=spots[0])
    for spot in spots[1:]:
        QTest.mouseMove(strip, spot)
    QTest.mouseRelease(strip, LEFT, pos=spots[-1])
    assert faces.session.position == 5
    np.testing.assert_array_equal(faces.shown("x_t"), faces.session.shots[5].frame.x)
    assert len(faces.asked()) == asked
    assert faces.undo.count() == count + 1
    faces.undo.undo()
    assert faces.session.position == 20


def test_keys_and_wheel_step_through_the_frames(faces: Rig) -> None:
    strip = faces.panel.timeline.strip
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert faces.session.position == 0
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert faces.session.position == 2
    assert faces.undo.count() == 1  # moves that follow each other are one step
    faces.panel.forward.click()
    faces.panel.back.click()
    faces.panel.back.click()
    assert faces.session.position == 1
    faces.panel.last.click()
    assert faces.session.state.frame == LAST
    assert not faces.panel.forward.isEnabled()
    faces.panel.first.click()
    assert faces.session.position == 0
    assert not faces.panel.back.isEnabled()


def test_playing_goes_through_the_frames_and_stops_at_the_end(faces: Rig, qtbot: QtBot) -> None:
    faces.session.do(replace(faces.session.state, speed=100.0), "speed")
    faces.panel.timeline.toggle()
    assert faces.panel.timeline.playing
    assert faces.session.position == 0
    assert faces.panel.play.toolTip() == "Pause (P)"
    qtbot.waitUntil(lambda: not faces.panel.timeline.playing, timeout=5000)
    assert faces.session.position == 20


def test_in_a_loop_it_begins_again(faces: Rig, qtbot: QtBot) -> None:
    faces.session.do(replace(faces.session.state, speed=100.0, loop=True), "speed")
    faces.panel.timeline.toggle()
    qtbot.waitUntil(lambda: faces.session.position == 20, timeout=5000)
    qtbot.waitUntil(lambda: 0 < faces.session.position < 20, timeout=5000)
    assert faces.panel.leave_mode()
    assert not faces.panel.timeline.playing


def test_a_click_on_a_picture_has_the_timeline_follow_it(faces: Rig) -> None:
    grid = faces.panel.cards.grids["x_0"]
    QTest.mouseClick(grid, LEFT, pos=grid.cell_rect(2).center().toPoint())
    assert faces.session.state.focus == 2
    assert faces.panel.cards.grids["x_t"].selected == 2
    thumb = faces.panel.timeline._thumb(faces.session.shots, "x_t", 20)
    own = faces.session.shots[20].drawn["x_t"][2]
    assert thumb.pixelColor(3, 5).red() == own[5, 3, 0]


def test_another_sampler_keeps_the_noise_and_the_time_on_show(faces: Rig) -> None:
    faces.session.seek(10)
    before = faces.session.shots[0].frame.x.copy()
    form = faces.inspector.controls.form
    steps = form.control("steps")
    steps.pressed.emit()
    steps.moved.emit(40.0)
    steps.released.emit(40.0)
    faces.drain(60)
    assert faces.asked()[-1].config["steps"] == 40
    assert faces.asked()[-1].seed == faces.asked()[0].seed
    assert len(faces.session.shots) == 41
    assert faces.session.frame.t == pytest.approx(0.5)
    np.testing.assert_array_equal(faces.session.shots[0].frame.x, before)
    assert len(faces.session.tapes) == 1


def test_old_frames_stay_until_the_new_ones_have_come_as_far(faces: Rig) -> None:
    faces.session.seek(10)
    old = faces.shown("x_t").copy()
    faces.session.do(faces.session.state.asking(seed=9), "seed")
    for _ in range(5):
        faces.drain(1)
        np.testing.assert_array_equal(faces.shown("x_t"), old)
    faces.drain()
    assert (faces.shown("x_t") != old).any()
    assert faces.session.position == 10


def test_while_a_knob_is_dragged_whole_tapes_are_shown_and_the_newest_wins(faces: Rig) -> None:
    asked = len(faces.asked())
    for seed in range(1, 30):
        faces.session.wish_changed(replace(faces.session.state.wish, seed=seed))
        faces.drain(1)
    assert len(faces.asked()) - asked < 6
    QTest.qWait(300)
    faces.drain(60)
    assert faces.session.tape.take.question.seed == 29
    faces.session.wish_edited("change seed")
    assert faces.undo.count() == 1
    faces.undo.undo()
    faces.drain(60)
    assert faces.session.tape.take.question.seed == 0


def test_the_lock_keeps_the_seed_when_another_run_is_selected(faces: Rig) -> None:
    faces.session.do(faces.session.state.asking(seed=77), "seed")
    faces.inspector.controls.lock.click()
    assert faces.session.state.locked
    faces.select("ring_d")
    faces.drain()
    assert faces.asked()[-1].seed == 77
    assert faces.inspector.controls.lock.isChecked()


def test_the_number_of_samples_is_chosen(faces: Rig) -> None:
    faces.inspector.counts["image"].buttons["9"].click()
    faces.drain()
    assert len(faces.shown("x_0")) == 9
    faces.undo.undo()
    faces.drain()
    assert len(faces.shown("x_0")) == 4


def test_each_run_remembers_its_tape(faces: Rig) -> None:
    faces.session.seek(7)
    take = faces.session.tape.take
    faces.select("ring_d")
    faces.drain()
    asked = len(faces.asked())
    faces.select("faces_d")
    faces.drain()
    assert faces.session.tape.take is take
    assert faces.session.position == 7
    assert len(faces.asked()) == asked


def test_a_model_of_one_step_says_so(rig: Rig) -> None:
    rig.select("faces")
    take_one_frame(rig)
    assert rig.panel.timeline.note.text() == "A VAE makes its samples in one step."
    assert not rig.panel.timeline.strip.isVisible()
    assert not rig.panel.play.isEnabled()
    assert not rig.panel.fork.isVisible()
    assert rig.panel.cards.cards["pictures"]["x_0"].isHidden()
    assert rig.panel.exhibit() is not None


def take_one_frame(rig: Rig) -> None:
    """As the real VAE answers: one frame, which is the tape."""
    from genplay.contract import fake_engine

    normal = fake_engine._answer_Trajectory

    def single(run: Any, q: rq.Trajectory) -> Iterator[Any]:
        frame = replace(list(normal(run, q))[-2], index=0, count=1)
        yield frame
        yield Tape((frame,))

    ask = next(job[0] for slot, job in rig.engine.jobs.items()) if rig.engine.jobs else None
    assert ask is None  # nothing was drained yet
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_engine, "_answer_Trajectory", single)
        rig.drain()


def test_frames_of_families_without_a_prediction_are_one_card(rig: Rig) -> None:
    rig.select("faces")
    rig.drain()
    cards = rig.panel.cards.cards["pictures"]
    assert len(rig.session.shots) == 9
    assert not cards["x_t"].isHidden()
    assert cards["eps"].isHidden()
    assert cards["x_t"].title.text() == "the sample"


def test_a_latent_model_shows_its_code_beside(rig: Rig) -> None:
    rig.select("latent_d")
    rig.drain()
    rig.session.seek(5)
    frame = rig.session.frame
    assert not rig.panel.cards.cards["pictures"]["z_t"].isHidden()
    np.testing.assert_array_equal(rig.panel.cards.code.z, frame.extras["z_t"][0])
    np.testing.assert_array_equal(rig.panel.cards.code.predicted, frame.extras["z_0"][0])


def test_points_are_clouds_and_a_clicked_one_shows_its_way(rig: Rig) -> None:
    rig.select("ring_d")
    rig.drain()
    rig.session.seek(12)
    cloud = rig.panel.cards.clouds["x_t"]
    np.testing.assert_array_equal(cloud.layer("cloud").points, rig.session.frame.x)
    point = rig.session.frame.x[33]
    cloud.picked.emit(33)
    index, way = cloud.ways[0]
    assert index == 33
    assert len(way) == 21
    np.testing.assert_array_equal(way[12], point)
    assert rig.session.plane is cloud
    cloud.picked.emit(33)
    assert cloud.ways == []


def test_layers_of_parts_paint_on_the_cloud(rig: Rig) -> None:
    rig.select("ring_d")
    rig.drain()
    seen = []
    layer = lambda painter, cloud: seen.append(cloud.to_view(0, 0))  # noqa: E731
    rig.session.plane.add_layer(layer)
    rig.panel.grab()
    assert seen
    assert isinstance(seen[0], QPointF)
    seen.clear()
    rig.session.plane.drop_layer(layer)
    rig.panel.grab()
    assert not seen


def test_new_weights_offer_to_sample_again(faces: Rig) -> None:
    assert faces.panel.again.isHidden()
    run = faces.bridge.runs["faces_d"]
    faces.panel.set_run(replace(run, step=run.step + 40))
    assert not faces.panel.again.isHidden()
    assert "step 0, the model is at 40" in faces.panel.again.toolTip()
    faces.engine._put(replace(faces.engine.runs["faces_d"], step=run.step + 40))
    faces.panel.again.click()
    faces.drain()
    assert faces.panel.again.isHidden()


def test_following_a_training_samples_anew(faces: Rig) -> None:
    faces.session._follow.setInterval(20)
    faces.inspector.follow_training.click()
    run = replace(faces.bridge.runs["faces_d"], step=40)
    faces.engine._put(run)
    asked = len(faces.asked())
    faces.panel.set_run(run)
    QTest.qWait(60)
    faces.drain()
    assert len(faces.asked()) == asked + 1
    assert not faces.session.stale


def test_a_failure_is_told_and_not_asked_again(faces: Rig) -> None:
    told = []
    faces.panel.failure_shown.connect(told.append)
    before = faces.shown("x_0").copy()
    faces.session.do(faces.session.state.asking(config={"curve": "nonsense"}, condition=(1, 1, 1)), "break")
    faces.session.do(faces.session.state.asking(config={"sampler": "none such"}), "break")
    faces.drain()
    assert "sampler" in told[-1].message
    asked = len(faces.asked())
    faces.session.seek(3)
    faces.drain()
    assert len(faces.asked()) == asked
    assert before.shape == faces.shown("x_0").shape
    faces.session.do(faces.session.state.asking(config={}), "mend")
    faces.drain()
    assert faces.session.tape.take.question.config == {}


def test_cancelled_from_outside_it_keeps_what_has_come(rig: Rig) -> None:
    rig.select("faces_d")
    rig.drain(8)
    came = len(rig.session.shots)
    rig.bridge.cancel("unfold.tape0")
    QTest.qWait(250)
    rig.drain()
    assert len(rig.session.shots) == came < 21
    assert not rig.session.sampling
    assert not rig.panel.again.isHidden()
    rig.panel.again.click()
    rig.drain()
    assert len(rig.session.shots) == 21


def test_leaving_the_tab_stops_sampling_and_coming_back_goes_on(rig: Rig) -> None:
    rig.select("faces_d")
    rig.drain(5)
    rig.panel.deactivate()
    assert not rig.bridge.waiting_for("unfold.")
    rig.panel.activate()
    rig.drain()
    assert len(rig.session.shots) == 21


def test_exhibits_hold_the_question_that_made_them(faces: Rig) -> None:
    faces.session.seek(6)
    shown = faces.panel.exhibit()
    assert shown is not None
    np.testing.assert_array_equal(shown.x, faces.session.shot.drawn["x_0"])
    assert shown.question == faces.asked()[0]
    assert set(shown.arrays) == {"frames", "t", "x_0", "eps"}
    assert shown.arrays["frames"].shape == (21, 4, 16, 16, 3)
    saved = []
    faces.panel.export_wanted.connect(saved.append)
    faces.panel._save_animation()
    film, sheet = saved[0], None
    assert film.kind == "animation"
    assert film.x.shape == (21, 4, 16, 16, 3)
    faces.panel._menu.actions()[2].trigger()
    sheet = saved[1]
    assert sheet.kind == "grid"
    assert len(sheet.x) == 4 * sheet.columns
    np.testing.assert_array_equal(sheet.x[sheet.columns - 1], faces.session.shots[-1].frame.x[0])
    np.testing.assert_array_equal(sheet.x[sheet.columns], faces.session.shots[0].frame.x[1])


def test_a_recipe_restores_tape_frame_and_knobs(faces: Rig) -> None:
    faces.session.do(faces.session.state.asking(seed=5, config={"steps": 30}), "knobs")
    faces.drain(60)
    faces.session.seek(9)
    state, question = faces.panel.state(), faces.panel.exhibit().question
    shown = faces.shown("x_0").copy()
    faces.session.do(faces.session.state.asking(seed=6, config={}), "other")
    faces.drain(60)
    faces.panel.restore(state, question)
    faces.drain(60)
    assert faces.session.state.seed == 5
    assert faces.session.position == 9
    np.testing.assert_array_equal(faces.shown("x_0"), shown)


@pytest.mark.parametrize(
    "damaged",
    [
        {"frame": "x", "kept": [None], "seed": -4},
        {"compared": [0, 1, 2], "parts": {"duel": 3}},
        {"config": {"steps": 1e9}},
    ],
)
def test_a_damaged_state_changes_nothing_it_should_not(faces: Rig, damaged: dict[str, Any]) -> None:
    before = faces.session.state
    faces.panel.restore(damaged)
    faces.drain()
    assert faces.session.state.wish == before.wish
    assert faces.session.state.frame == before.frame


def test_every_control_has_a_name_and_a_tooltip(faces: Rig) -> None:
    for button in faces.actions:
        assert button.accessibleName() or button.text()  # type: ignore[attr-defined]
        if button.isVisibleTo(faces.panel) and button.isEnabled():
            assert button.toolTip()
    branching.fork(faces.session)
    for row in faces.panel.below.branches.rows.values():
        assert row.accessibleName().startswith(f"Branch: {USUAL} 20")
        assert row.pin.toolTip() and row.compare.toolTip() and row.delete.toolTip()
