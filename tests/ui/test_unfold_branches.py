"""Branches of the Unfold panel: forking, the tree, pinning, comparing, and the memory of tapes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from unfold_rig import USUAL, Rig

from genplay.contract.requests import Trajectory
from genplay.contract.results import Frame
from genplay.ui import theme
from genplay.ui.unfold import branching
from genplay.ui.unfold import tape as tapes
from genplay.ui.unfold.state import LAST
from genplay.ui.unfold.tape import Take, Tape
from genplay.ui.views.compare import Compare

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def faces(qtbot: QtBot, qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    rig = Rig(qtbot)
    rig.select("faces_d")
    rig.drain()
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


def fork(rig: Rig, at: int = 10, **values: object) -> Tape:
    rig.session.seek(at)
    branching.fork(rig.session, **values)  # type: ignore[arg-type]
    rig.drain(60)
    tape = rig.session.tape
    assert isinstance(tape, Tape)
    return tape


def test_a_branch_goes_on_from_the_state_on_show(faces: Rig) -> None:
    parent = faces.session.tape
    tape = fork(faces, 10, config={"sampler": "dpm++2m", "steps": 8})
    question = faces.asked()[-1]
    frame = parent.shots[10].frame
    assert question.start == frame.t == pytest.approx(0.5)
    np.testing.assert_array_equal(question.state, frame.extras["x_t"])
    assert question.config == {"sampler": "dpm++2m", "steps": 8}
    assert (tape.parent, tape.fork) == (parent.id, 10)
    assert len(tape.shots) == 9
    assert faces.session.state.frame == LAST


def test_the_same_settings_end_at_the_same_samples(faces: Rig) -> None:
    parent = faces.session.tape
    tape = fork(faces)
    assert tapes.distance(tape.final, parent.final) < 0.02


def test_fresh_noise_is_drawn_by_the_seed_and_follows_it(faces: Rig) -> None:
    parent = faces.session.tape
    tape = fork(faces, 10, fresh=True, seed=3)
    frame = parent.shots[10].frame
    eps = np.random.default_rng(3).standard_normal(frame.extras["x_0"].shape, np.float32)
    expected = frame.facts["alpha"] * frame.extras["x_0"] + frame.facts["sigma"] * eps
    np.testing.assert_allclose(faces.asked()[-1].state, expected, rtol=1e-5)
    assert tapes.distance(tape.final, parent.final) > 0.1
    faces.session.do(faces.session.state.asking(seed=4), "seed")
    faces.drain(60)
    assert (faces.asked()[-1].state != expected).any()
    assert faces.session.tape is tape


def test_no_branch_where_no_noise_is_left(faces: Rig) -> None:
    assert not faces.panel.fork.isEnabled()
    faces.session.seek(19)
    assert faces.panel.fork.isEnabled()
    faces.session.seek(20)
    branching.fork(faces.session)
    assert len(faces.session.tapes) == 1


def test_the_tree_says_what_differs_and_how_far_away_it_ended(faces: Rig) -> None:
    fork(faces, 10, config={"steps": 8, "guidance": 3.0}, condition=(2, 3, 2))
    rows = faces.panel.below.branches.rows
    assert [row.level for row in rows.values()] == [0, 1]
    assert rows[1].title == f"{USUAL} 8"
    assert rows[1].details.startswith("from t 0.50 · w = 3 · hair colour red · 16 NFE · Δ 0.")
    assert rows[0].details == "seed 0 · 20 NFE"
    branching.show(faces.session, 1)
    faces.session.seek(4)
    branching.fork(faces.session)
    faces.drain()
    assert [row.level for row in faces.panel.below.branches.rows.values()] == [0, 1, 2]


def test_a_click_on_a_row_shows_its_tape_at_the_same_time_without_asking(faces: Rig) -> None:
    fork(faces, 10, fresh=True, seed=8)
    faces.session.seek(10)  # t = 0.25
    asked = len(faces.asked())
    QTest.mouseClick(faces.panel.below.branches.rows[0], LEFT, pos=QPoint(80, 18))
    assert faces.session.tape.id == 0
    assert faces.session.frame.t == pytest.approx(0.25)
    assert faces.session.state.seed == 0
    np.testing.assert_array_equal(faces.shown("x_0"), faces.session.shots[15].drawn["x_0"])
    faces.drain()
    assert len(faces.asked()) == asked
    QTest.keyClick(faces.panel.below.branches.rows[1], Qt.Key.Key_Return)
    assert faces.session.tape.id == 1
    assert faces.session.state.seed == 8


def test_a_knob_changes_the_branch_on_show_from_the_same_state(faces: Rig) -> None:
    tape = fork(faces)
    state = faces.asked()[-1].state
    faces.session.do(faces.session.state.asking(config={"sampler": "heun"}), "sampler")
    faces.drain(60)
    np.testing.assert_array_equal(faces.asked()[-1].state, state)
    assert faces.session.tape is tape
    assert len(faces.session.tapes) == 2


def test_a_tape_that_has_branches_stays_when_a_knob_changes(faces: Rig) -> None:
    fork(faces)
    branching.show(faces.session, 0)
    faces.session.do(faces.session.state.asking(seed=5), "seed")
    faces.drain(60)
    assert [tape.wanted.seed for tape in faces.session.tapes] == [0, 0, 5]
    assert faces.session.tape.id == 2
    faces.undo.undo()
    assert faces.session.tape.id == 0
    assert len(faces.session.tapes) == 2


def test_a_pinned_tape_stays_when_a_knob_changes(faces: Rig) -> None:
    faces.panel.below.branches.toggle_pin()
    faces.session.do(faces.session.state.asking(seed=5), "seed")
    faces.drain(60)
    assert [tape.wanted.seed for tape in faces.session.tapes] == [0, 5]
    faces.session.do(faces.session.state.asking(seed=6), "seed")
    faces.drain(60)
    assert [tape.wanted.seed for tape in faces.session.tapes] == [0, 6]


def test_deleting_a_branch_takes_its_own_along_and_can_be_undone(faces: Rig) -> None:
    fork(faces, 10, fresh=True, seed=1)
    fork(faces, 5, fresh=True, seed=2)
    assert [tape.parent for tape in faces.session.tapes] == [-1, 0, 1]
    QTest.keyClick(faces.panel.below.branches.rows[1], Qt.Key.Key_Delete)
    assert [tape.id for tape in faces.session.tapes] == [0]
    assert faces.session.tape.id == 0
    assert not faces.panel.below.branches.rows[0].delete.isEnabled()
    faces.undo.undo()
    assert [tape.id for tape in faces.session.tapes] == [0, 1, 2]
    assert faces.session.tape.id == 2
    assert len(faces.session.shots) == 21


def test_the_fork_box_offers_what_differs(faces: Rig) -> None:
    faces.session.seek(9)
    box = faces.panel.fork_box
    assert box.fill()
    assert box.heading.text() == "Branch at step 9, t = 0.55"
    assert box.fresh.isChecked()
    box.sampler.setCurrentIndex(box.sampler.findData("ddpm"))
    box.sampler.activated.emit(0)
    assert not box.fresh.isChecked()  # now it is the sampler that differs
    assert box.seed.isEnabled()  # which draws noise on its way
    box.seed.setValue(12)
    box.attribute.setCurrentIndex(1)
    box.value.setCurrentIndex(box.value.findData(2))
    box.value.activated.emit(0)
    box.fork()
    faces.drain(60)
    question = faces.asked()[-1]
    assert question.config["sampler"] == "ddpm"
    assert (question.seed, question.condition) == (12, (8, 2, 2))
    assert faces.session.tape.fresh is None


def test_the_timeline_of_a_branch_says_where_it_begins(faces: Rig) -> None:
    assert faces.panel.timeline.strip.ends == ("t = 1 noise", "data t = 0")
    fork(faces)
    assert faces.panel.timeline.strip.ends == ("t = 0.5", "data t = 0")


def test_the_list_scrolls_to_a_new_branch(faces: Rig) -> None:
    faces.panel.resize(880, 420)
    for seed in range(8):
        fork(faces, 10, fresh=True, seed=seed)
    faces.drain(2)
    branches = faces.panel.below.branches
    row = branches.rows[8]
    top = row.mapTo(branches.viewport(), QPoint(0, 0)).y()
    assert branches.verticalScrollBar().maximum() > 0
    assert 0 <= top <= branches.viewport().height() - row.height()


def test_a_deterministic_branch_with_the_same_noise_keeps_the_seed(faces: Rig) -> None:
    faces.session.seek(9)
    box = faces.panel.fork_box
    box.fill()
    box.fresh.click()
    assert not box.seed.isEnabled()
    assert "seed" not in box.values()


def test_two_ticked_branches_are_compared_at_the_time_on_show(faces: Rig) -> None:
    fork(faces, 10, fresh=True, seed=8)
    rows = faces.panel.below.branches.rows
    rows[0].compare.click()
    assert faces.panel.views.currentWidget() is faces.panel.cards
    rows[1].compare.click()
    compare = faces.panel.compare
    assert faces.panel.views.currentWidget() is compare
    assert compare.pictures.names == (f"{USUAL} 20 · seed 0", f"{USUAL} 20 · fresh noise 8")
    before = compare.about.text()
    assert before.startswith("Δ 0.")
    faces.session.seek(2)
    assert compare.about.text() != before
    assert "t = 0.45" in compare.about.text()
    compare.choose("difference")
    assert "brightest" in compare.about.text()
    assert faces.panel.leave_mode()
    assert faces.panel.views.currentWidget() is faces.panel.cards
    faces.undo.undo()
    assert faces.panel.views.currentWidget() is compare


def test_branches_of_different_size_cannot_be_compared_and_say_why(faces: Rig) -> None:
    faces.panel.below.branches.toggle_pin()
    faces.session.do(faces.session.state.asking(count=9), "count")
    faces.drain()
    for row in faces.panel.below.branches.rows.values():
        row.compare.click()
    assert "different numbers of samples" in faces.panel.compare.about.text()


def test_the_wipe_shows_one_left_and_the_other_right_of_the_line(qtbot: QtBot) -> None:
    view = Compare()
    qtbot.addWidget(view)
    view.resize(400, 220)
    a, b = np.zeros((2, 8, 8, 3), np.uint8), np.full((2, 8, 8, 3), 255, np.uint8)
    view.set_pair(a, b)
    cells = view._cells(view.picture_rects()[0])
    QTest.mousePress(view, LEFT, pos=QPoint(round(cells[1].left() + cells[1].width() * 0.25), 50))
    assert view.share == pytest.approx(0.25, abs=0.01)
    picture = view.grab().toImage()
    for cell in cells:
        y = round(cell.top() + 10)
        assert picture.pixelColor(round(cell.left() + cell.width() * 0.1), y).red() == 0
        assert picture.pixelColor(round(cell.left() + cell.width() * 0.6), y).red() == 255
    view.set_mode("difference")
    assert view.largest == 1.0
    QTest.mouseDClick(view, LEFT, pos=QPoint(10, 10))
    assert view.share == 0.5


def test_a_trajectory_of_another_kind_becomes_a_tape_of_its_own(faces: Rig) -> None:
    source = faces.session.frame.x[:1]
    faces.session.start_trajectory(Trajectory(4, start=0.6, source=source, seed=2), "from a picture")
    faces.drain(60)
    tape = faces.session.tape
    assert (tape.id, tape.parent) == (1, -1)
    assert faces.session.shots[0].frame.t == pytest.approx(0.6)
    assert faces.panel.below.branches.rows[1].title == f"from a picture · {USUAL} 20"
    faces.session.do(faces.session.state.asking(seed=3), "seed")
    faces.drain(60)
    np.testing.assert_array_equal(faces.asked()[-1].source, source)


# ---- tapes by themselves ------------------------------------------------------------------------------------------


def frame(index: int, count: int, n: int = 2) -> Frame:
    x = np.full((n, 4, 4, 3), index, np.uint8)
    state = np.full((n, 4, 4, 3), index / 10, np.float32)
    extras = {"x_t": state, "x_0": state, "eps": state, "difference": state}
    return Frame(index, count, 1 - index / count, x, extras, {"sigma": 0.5})


def full(id: int, count: int = 10, shown: float = 0.0) -> Tape:
    take = Take(Trajectory(2))
    for index in range(count + 1):
        take.add(frame(index, count))
    take.finish(())
    return Tape(id, Trajectory(2), take=take, shown=shown)


def test_beyond_the_cap_the_tapes_longest_out_of_sight_lose_their_frames() -> None:
    all_ = [full(0, shown=1), full(1, shown=3), full(2, shown=2)]
    one = all_[0].bytes
    lost = tapes.keep_within(all_, all_[0], cap=2 * one)
    assert lost == [all_[2]]
    assert all_[2].shots == []
    assert all_[2].final is not None
    assert not all_[2].fresh_for(Trajectory(2))
    assert all_[1].shots


def test_a_tape_too_large_by_itself_keeps_every_other_frame_and_both_ends() -> None:
    tape = full(0, count=21)
    tapes.keep_within([tape], tape, cap=tape.bytes * 2 // 3)
    assert [shot.frame.index for shot in tape.shots] == [*range(0, 21, 2), 21]
    late = Take(Trajectory(2), every=4)
    for index in range(11):
        late.add(frame(index, 10))
    assert [shot.frame.index for shot in late.shots] == [0, 4, 8, 10]


def test_what_is_not_shown_here_is_not_kept() -> None:
    assert set(tapes.shot_of(frame(1, 4)).frame.extras) == {"x_t", "x_0", "eps"}


def test_a_whole_tape_fills_in_frames_that_were_missed() -> None:
    take = Take(Trajectory(2))
    take.add(frame(0, 3))
    take.finish([frame(i, 3) for i in range(4)])
    assert [shot.frame.index for shot in take.shots] == [0, 1, 2, 3]
    assert take.complete


def test_predictions_beyond_the_range_are_clipped_not_wrapped() -> None:
    np.testing.assert_array_equal(tapes.as_pixels(np.array([-3.0, -1.0, 0.0, 1.0, 3.0])), [0, 0, 128, 255, 255])


def test_distance_is_in_units_of_the_data() -> None:
    a, b = np.zeros((1, 2, 2, 3), np.uint8), np.full((1, 2, 2, 3), 255, np.uint8)
    assert tapes.distance(a, b) == pytest.approx(2.0)
    assert np.isnan(tapes.distance(a, b[:, :1]))
