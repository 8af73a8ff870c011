"""Slow motion in the GAN lab: which stage follows which, what is asked of the engine, and how it is led."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from gan_rig import Rig
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.ui.gan.slow_motion import SlowMotion
from genplay.ui.views.game_motion import STAGES, Motion, code_places, generated_places

SUBSTEP, PAUSE = rq.Control.SUBSTEP, rq.Control.PAUSE


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot, steps=40)
    yield rig
    rig.close()


@pytest.fixture
def slow(rig: Rig) -> SlowMotion:
    """Slow motion, its clock stopped: time passes when the test says so."""
    slow = rig.panel.points.slow
    slow.start()
    slow._clock.stop()
    rig.drain()
    return slow


def substeps(rig: Rig) -> int:
    return len([c for c in rig.sent(rq.Control) if c.action == SUBSTEP])


def finish(rig: Rig, slow: SlowMotion) -> None:
    """To the end of the stage, and into the next one as far as the engine lets it."""
    slow.advance(100.0)
    assert slow.share == 1.0
    slow.advance(0.01)
    rig.drain(8)


def test_it_pauses_the_training_and_begins_with_the_codes(rig: Rig, slow: SlowMotion) -> None:
    assert rq.Control("g", PAUSE) in rig.sent(rq.Control)
    assert slow.on and slow.playing and slow.stage == "codes"
    assert rig.panel.points.slow_bar.isVisible() and rig.panel.slow.isChecked()
    assert "500 codes" in rig.panel.points.slow_bar.caption.text()


def test_five_stages_follow_each_other_and_only_the_last_two_train(rig: Rig, slow: SlowMotion) -> None:
    seen, phases = [slow.stage], []
    slow.changed.connect(lambda: seen.append(slow.stage) if seen[-1] != slow.stage else None)
    step = rig.run.step
    for _ in range(5):
        before = substeps(rig)
        finish(rig, slow)
        phases.append((slow.stage, substeps(rig) - before))
        assert not slow.waiting
    assert seen == [*STAGES, STAGES[0]]
    assert phases == [("points", 0), ("scores", 0), ("discriminator", 1), ("generator", 1), ("codes", 0)]
    assert rig.run.phase == "generator" and rig.run.step == step


def test_the_step_is_finished_before_the_next_one_begins(rig: Rig, slow: SlowMotion) -> None:
    step = rig.run.step
    for _ in range(8):
        finish(rig, slow)
    assert slow.stage == "discriminator"
    assert (rig.run.step, rig.run.phase) == (step + 1, "discriminator")


def test_an_update_waits_for_the_engine_and_then_shows_the_change(rig: Rig, slow: SlowMotion) -> None:
    for _ in range(2):
        finish(rig, slow)
    before = rig.session.seats[0].state_of_game
    slow.advance(100.0)
    slow.advance(0.01)
    assert slow.waiting and slow.stage == "discriminator"
    slow._clock.start()
    QTest.qWait(80)
    slow._clock.stop()
    assert slow.share == 0.0  # nothing moves before the answer is there
    rig.drain(8)
    assert not slow.waiting
    slow.advance(0.5)
    motion = rig.canvas.motion
    assert motion.stage == "discriminator" and motion.before is before
    assert not np.array_equal(rig.canvas.game.field, before.field)


def test_all_critic_steps_are_made_in_one_stage(rig: Rig, slow: SlowMotion) -> None:
    rig.session.set_knobs({"critic_steps": 3}, "x")
    for _ in range(3):
        finish(rig, slow)
    assert (slow.stage, substeps(rig)) == ("discriminator", 3)
    assert "3 steps" in rig.panel.points.slow_bar.caption.text()
    finish(rig, slow)
    assert (slow.stage, substeps(rig), rig.run.phase) == ("generator", 4, "generator")


@pytest.mark.parametrize(("trains", "waits"), [("generator", "discriminator"), ("discriminator", "generator")])
def test_a_player_that_is_not_trained_is_passed_over(rig: Rig, slow: SlowMotion, trains: str, waits: str) -> None:
    rig.session.set_knobs({"players": trains}, "x")
    rig.drain()
    told = {}
    for _ in range(4):
        before = substeps(rig)
        finish(rig, slow)
        told[slow.stage] = (substeps(rig) - before, rig.panel.points.slow_bar.caption.text())
    assert told[waits][0] == 0 and "Only" in told[waits][1]
    assert told[trains][0] >= 1


def test_keys_play_pause_go_on_and_leave(rig: Rig, slow: SlowMotion) -> None:
    def key(key: Qt.Key) -> None:
        rig.panel.setFocus()
        QTest.keyClick(rig.panel, key)

    key(Qt.Key.Key_P)
    assert not slow.playing and slow.on
    key(Qt.Key.Key_N)
    assert slow.playing and slow.stage == "points"
    slow.advance(100.0)
    assert not slow.playing and slow.share == 1.0  # one stage, and it stops
    key(Qt.Key.Key_P)
    assert slow.playing
    key(Qt.Key.Key_S)
    assert not slow.on and rig.canvas.motion is None and not rig.panel.points.slow_bar.isVisible()
    key(Qt.Key.Key_S)
    assert slow.on
    assert rig.panel.leave_mode() and not slow.on


def test_play_in_the_window_ends_slow_motion(rig: Rig, slow: SlowMotion) -> None:
    rig.engine.submit(rq.Control("g", rq.Control.PLAY))
    rig.drain()
    assert not slow.on and rig.canvas.motion is None


def test_another_run_ends_slow_motion(rig: Rig, slow: SlowMotion) -> None:
    rig.engine.submit(rq.CreateRun("h", "Other", "gan", "ring"))
    rig.drain()
    rig.select("h")
    assert not slow.on


def test_leaving_the_tab_stops_the_clock_and_coming_back_is_where_it_was(rig: Rig, slow: SlowMotion) -> None:
    slow._clock.start()
    rig.panel.deactivate()
    assert not slow._clock.isActive() and slow.on
    rig.panel.activate()
    assert slow.on and not slow.playing


def test_the_speed_is_chosen_and_undone(rig: Rig, slow: SlowMotion) -> None:
    combo = rig.panel.points.slow_bar.speed
    combo.setCurrentIndex(combo.findData(2.0))
    combo.activated.emit(combo.currentIndex())
    slow.advance(0.25)
    assert slow.share == pytest.approx(0.5)
    rig.undo.undo()
    assert rig.session.state.speed == 0.5 and combo.currentData() == 0.5


# ---- what is drawn


def test_points_come_out_of_their_codes_one_after_another(rig: Rig) -> None:
    game, plane, area = rig.canvas.game, rig.canvas.plane(), rig.canvas.rect().toRectF()
    from genplay.ui.views.game_motion import box

    start, goal = code_places(game.z, box(area)), plane.place(game.x)
    at = {share: generated_places(plane, area, game, Motion("points", share)) for share in (0.0, 0.5, 1.0)}
    assert np.allclose(at[0.0], start) and np.allclose(at[1.0], goal)
    assert np.allclose(at[0.5][-1], start[-1]) and not np.allclose(at[0.5][0], start[0])


def test_no_point_is_there_while_codes_are_drawn(rig: Rig) -> None:
    area = rig.canvas.rect().toRectF()
    assert len(generated_places(rig.canvas.plane(), area, rig.canvas.game, Motion("codes", 0.9))) == 0


def test_the_generator_moves_its_points_from_where_they_were(rig: Rig) -> None:
    before, area, plane = rig.canvas.game, rig.canvas.rect().toRectF(), rig.canvas.plane()
    rig.train(20)
    after = rig.canvas.game
    half = generated_places(plane, area, after, Motion("generator", 0.5, before))
    assert np.allclose(half, (plane.place(before.x) + plane.place(after.x)) / 2)
