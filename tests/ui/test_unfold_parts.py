"""The parts of the Unfold panel's lower area, each on a fake engine whose answers come when the test drains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QImage, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.fake_engine import FakeEngine
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.unfold import stored_painting
from genplay.ui.unfold.cloud import Cloud
from genplay.ui.unfold.contenders import USUAL, contenders_of
from genplay.ui.unfold.diagnostics_part import DiagnosticsPart, told
from genplay.ui.unfold.duel_part import DuelPart
from genplay.ui.unfold.field_bar import FieldBar
from genplay.ui.unfold.forward_part import STRIP, TIMES, ForwardPart
from genplay.ui.unfold.interpolate_part import InterpolatePart
from genplay.ui.unfold.long_question import time_left
from genplay.ui.unfold.part import Part
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.start_part import StartPart
from genplay.ui.views.painting import Painting

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PARTS = (DuelPart, ForwardPart, StartPart, InterpolatePart, DiagnosticsPart)


class Rig:
    """A session on a fake engine with a diffusion model of faces, one of points, and a VAE."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.engine.submit(rq.CreateRun("d", "Faces", "diffusion", "faces16"))
        self.engine.submit(rq.CreateRun("ring", "Ring", "diffusion", "ring"))
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.session = UnfoldSession(
            self._ask,
            self.undo,
            cancel=lambda slot: self.bridge.cancel(f"unfold.{slot}"),
            waiting=lambda slot: self.bridge.is_waiting(f"unfold.{slot}"),
            family=lambda name: self.bridge.catalogue.family(name) if self.bridge.catalogue else None,
        )
        self.made: list[QWidget] = []
        self.drain(2)
        self.select("d")
        self.session.set_active(True)
        self.drain(40)

    def _ask(self, slot: str, question: rq.Question, answered: Any) -> None:
        assert self.session.run is not None
        self.bridge.ask(
            f"unfold.{slot}",
            self.session.run.run_id,
            question,
            answered,
            lambda failure: self.session.given_up(failure.slot.removeprefix("unfold.")),
        )

    def select(self, run_id: str) -> None:
        self.session.set_run(self.bridge.runs[run_id])
        self.drain(40)

    def part(self, class_: type[Part], run_id: str = "d") -> Any:
        if self.session.run is None or self.session.run.run_id != run_id:
            self.select(run_id)
        made = class_(self.session)
        self.made.append(made)
        made.resize(860, 240)
        made.show()
        made.set_active(True)
        self.drain(5)
        return made

    def drain(self, times: int = 1) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def asked(self, kind: type) -> list[Any]:
        found = [r.question for r in self.engine.submitted if isinstance(r, rq.Ask)]
        return [question for question in found if isinstance(question, kind)]

    def close(self) -> None:
        for widget in self.made:
            if isinstance(widget, Part):
                widget.set_active(False)
                widget.stop()
            widget.close()
        self.session.set_active(False)
        self.bridge.stop()


@pytest.fixture
def rig(qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    made = Rig()
    yield made
    made.close()


# ---- every part


@pytest.mark.parametrize("class_", PARTS)
def test_a_model_that_cannot_says_why_and_one_that_can_opens(rig: Rig, class_: type[Part]) -> None:
    part = rig.part(class_, "faces")  # the VAE
    assert part.closed_because().startswith("This VAE ") and part.closed_because().endswith(".")
    assert part._pages.currentWidget() is part._closed
    assert part.exhibit() is None
    rig.select("d")
    assert part._pages.currentWidget() is part.body


@pytest.mark.parametrize("class_", PARTS)
@pytest.mark.parametrize("run_id", ["d", "ring"])
def test_parts_are_drawn_in_a_small_window_in_both_themes(rig: Rig, class_: type[Part], run_id: str) -> None:
    part = rig.part(class_, run_id)
    part.resize(516, 150)
    for mode in ("light", "dark"):
        theme.set_mode(mode)
        assert not part.grab().isNull()


def test_nothing_is_asked_while_the_part_is_behind(rig: Rig) -> None:
    part = ForwardPart(rig.session)
    rig.made.append(part)
    rig.drain(5)
    assert not rig.asked(rq.Corrupt) and not rig.asked(rq.DescribeSchedule)


# ---- the forward process


def test_all_times_come_in_one_question_and_dragging_asks_nothing_more(rig: Rig) -> None:
    part = rig.part(ForwardPart)
    assert [q.times for q in rig.asked(rq.Corrupt)] == [TIMES]
    before = rig.undo.count()
    track = part.time.track()
    QTest.mousePress(part.time, LEFT, NONE, track.center().toPoint())
    for step in range(10):
        QTest.mouseMove(part.time, track.center().toPoint() + QPoint(3 * step, 0))
    QTest.mouseRelease(part.time, LEFT, NONE, track.center().toPoint() + QPoint(27, 0))
    assert part.t > 0.55
    assert part.plot.t == part.t  # one time for slider, plot and picture
    assert np.array_equal(part.large.image, part.noised.x[round(100 * part.t), 0])
    assert len(rig.asked(rq.Corrupt)) == 1
    assert rig.undo.count() == before + 1
    rig.undo.undo()
    assert part.t == 0.5 == part.time.value() == part.plot.t


def test_strip_and_plot_choose_the_time_and_words_tell_it(rig: Rig) -> None:
    part = rig.part(ForwardPart)
    part.strip.clicked.emit(0)
    assert part.t == 0.0
    assert part.words.text() == "At t = 0.00, 100 % signal and 0 % noise · next to no noise"
    part.strip.clicked.emit(len(STRIP) - 1)
    assert part.t == 1.0
    assert part.words.text() == "At t = 1.00, 0 % signal and 100 % noise · next to no signal"
    part.time.moved.emit(0.5)
    assert part.words.text() == "At t = 0.50, 50 % signal and 50 % noise · SNR 1"
    part.time.moved.emit(1.0)
    part.plot.setFocus()
    QTest.keyClick(part.plot, Qt.Key.Key_Left)
    assert part.t == pytest.approx(0.99)


def test_another_example_and_the_sample_on_show_are_noised(rig: Rig) -> None:
    part = rig.part(ForwardPart)
    first = part.clean
    part.source.next.click()
    rig.drain(3)
    assert not np.array_equal(part.clean, first)
    assert part.source.about.text() == "example 2 of the data"
    part.source.shown.click()
    rig.drain(3)
    assert np.array_equal(part.clean[0], rig.session.shot.drawn["x_0"][0])
    assert np.array_equal(part.noised.x[0, 0], part.clean[0])
    assert part.exhibit().kind == "animation" and len(part.exhibit().x) == len(TIMES)


def test_a_cloud_is_noised_as_a_whole(rig: Rig) -> None:
    part = rig.part(ForwardPart, "ring")
    assert part.noised.x.shape == (len(TIMES), 196, 2)
    assert part.noised.x[:, :, 0].size <= 20_000  # more the engine would refuse
    assert part.cloud.isVisible() and not part.large.isVisible()
    part.time.moved.emit(1.0)
    assert np.array_equal(part.cloud.layer("cloud").points, part.noised.x[-1])


def test_an_unreadable_file_is_one_sentence(rig: Rig, tmp_path: Path) -> None:
    part = rig.part(ForwardPart)
    path = tmp_path / "broken.png"
    path.write_bytes(b"nothing of the kind")
    part.source.open_file(path)
    assert part.source.about.text() == "broken.png cannot be read as a picture."
    part.source.take(QMimeData())
    assert part.source.about.text() == "There is no picture on the clipboard."
    mime = QMimeData()
    image = QImage(40, 20, QImage.Format.Format_RGB32)
    image.fill(0xFF00FF00)
    mime.setImageData(image)
    part.source.take(mime)
    assert part.clean.shape == (1, 16, 16, 3) and (part.clean == (0, 255, 0)).all()


# ---- the duel


def test_results_come_one_by_one_and_fill_plot_and_table(rig: Rig) -> None:
    part = rig.part(DuelPart)
    part.work.button.click()
    assert part.work.running and part.work.button.text() == "Stop"
    rig.drain(3)
    assert 0 < len(part.plot.marks) < len(USUAL)
    assert len(part.table.rows) == len(part.plot.marks) + 1  # with the reference
    rig.drain(20)
    assert not part.work.running
    assert len(part.plot.marks) == len(USUAL)
    question = rig.asked(rq.Duel)[0]
    assert question.seed == rig.session.state.seed and "steps" not in question.config
    assert [mark.stochastic for mark in part.plot.marks] == [False] * 16 + [True]
    assert part.note.isVisible()
    assert part.exhibit().x.shape[0] == 4 * (len(USUAL) + 1) and part.exhibit().columns == 4


def test_a_duel_is_stopped_within_a_step_and_keeps_what_it_has(rig: Rig) -> None:
    part = rig.part(DuelPart)
    part.work.button.click()
    rig.drain(3)
    done = len(part.plot.marks)
    part.work.button.click()
    rig.drain(10)
    assert not part.work.running and len(part.plot.marks) == done
    assert not rig.bridge.is_waiting("unfold.duel.run")


def test_a_duel_given_up_elsewhere_is_noticed(rig: Rig) -> None:
    part = rig.part(DuelPart)
    part.work.button.click()
    rig.bridge.cancel("unfold.duel.run")  # as the stage's Cancel does
    part.work._look()
    assert not part.work.running and part.work.button.text() == "Run the duel"


def test_contenders_are_chosen_and_undone(rig: Rig) -> None:
    part = rig.part(DuelPart)
    part.choice.boxes["rk45", 0].click()
    part.choice.boxes["ddpm", 50].click()
    assert part.choice.text() == "17 contenders"
    assert ("rk45", 0) in part.contenders and ("ddpm", 50) not in part.contenders
    rig.undo.undo()
    assert ("ddpm", 50) in part.contenders and part.choice.boxes["ddpm", 50].isChecked()
    part.choice.chosen.emit(())
    assert not part.work.button.isEnabled()
    part.choice.chosen.emit((("rk45", 0), ("heun", 10)))
    part.work.button.click()
    rig.drain(5)
    assert rig.asked(rq.Duel)[-1].contenders == ({"sampler": "heun", "steps": 10}, {"sampler": "rk45"})


@pytest.mark.parametrize("plain", [None, 3, [["ddim"]], [["no such", 5]], [["ddim", -5]], [["ddim", True]], [{}]])
def test_damaged_contenders_become_the_usual_ones(plain: object) -> None:
    assert contenders_of(plain) == USUAL


def test_picking_a_mark_marks_its_row(rig: Rig) -> None:
    part = rig.part(DuelPart)
    part.work.button.click()
    rig.drain(20)
    part.plot.picked.emit(7)
    assert part.table.chosen == 8
    part.table.picked.emit(1)
    assert part.plot.chosen == 0


# ---- starting from a picture


def paint_mask(part: StartPart) -> None:
    before = part.canvas.painting
    assert before is not None
    where = np.zeros(before.mask.shape, bool)
    where[4:8] = True
    part.canvas.stroke_done.emit(before, before.with_mask(where, 1))


def test_it_begins_with_an_example_and_denoises_it_from_t(rig: Rig) -> None:
    part = rig.part(StartPart)
    picture = part.canvas.painting.picture
    assert rig.undo.count() == 0  # nobody asked for it
    part.strength.pressed.emit()
    part.strength.moved.emit(0.4)
    part.strength.released.emit(0.4)
    part.button.click()
    question = rig.asked(rq.Trajectory)[-1]
    assert question.start == 0.4 and question.mask is None
    assert np.array_equal(question.source[0], picture)
    assert rig.session.tape.id == part.tape_id
    rig.drain(40)
    assert part.results.currentWidget() is part.grid
    assert np.array_equal(part.grid.images, rig.session.tape.final)


def test_a_mask_makes_it_inpainting(rig: Rig) -> None:
    part = rig.part(StartPart)
    assert part.button.text() == "Denoise" and not part._resample_row.isVisible()
    paint_mask(part)
    assert part.button.text() == "Inpaint" and part._resample_row.isVisible()
    part.resample.moved.emit(7)
    part.button.click()
    question = rig.asked(rq.Trajectory)[-1]
    assert question.start == 1.0 and question.config["resample"] == 7
    assert question.mask.sum() == 4 * 16
    rig.drain(40)
    kept = part.canvas.painting.mask == 0
    assert np.array_equal(part.grid.images[0][kept], part.canvas.painting.picture[kept])


def test_one_stroke_is_one_step_of_undo_and_survives_a_change_of_run(rig: Rig) -> None:
    part = rig.part(StartPart)
    original = part.canvas.painting.picture
    part.canvas.colour = (1, 2, 3)
    start, end = (part.canvas.cell_rect(cell).center().toPoint() for cell in ((2, 2), (2, 9)))
    QTest.mousePress(part.canvas, LEFT, NONE, start)
    QTest.mouseMove(part.canvas, end)
    QTest.mouseRelease(part.canvas, LEFT, NONE, end)
    assert rig.undo.count() == 1 and rig.undo.undoText() == "paint the picture"
    painted = part.canvas.painting.picture
    assert (painted[2, 2:10] == (1, 2, 3)).all()
    rig.select("ring")
    rig.select("d")
    assert np.array_equal(part.canvas.painting.picture, painted)
    rig.undo.undo()
    assert np.array_equal(part.canvas.painting.picture, original)
    rig.undo.redo()
    part.canvas.tool = "eraser"
    QTest.mouseClick(part.canvas, LEFT, NONE, start)
    assert np.array_equal(part.canvas.painting.picture[2, 2], original[2, 2])


def test_a_blank_canvas_can_be_had(rig: Rig) -> None:
    part = rig.part(StartPart)
    part.blank.click()
    assert (part.canvas.painting.picture == 255).all()


def test_points_are_tried_many_times_each(rig: Rig) -> None:
    part = rig.part(StartPart, "ring")
    assert part.pad.isVisible() and not part.canvas.isVisible()
    assert not part.button.isEnabled()
    part.pad.placed_changed.emit(np.array([[0.5, 0.0], [-0.5, 0.2]], np.float32))
    assert part.words.text() == "2 points, 200 tries each."
    part.button.click()
    question = rig.asked(rq.Trajectory)[-1]
    assert question.source.shape == (400, 2) and question.n == 400
    rig.drain(40)
    assert part.results.currentWidget() is part.cloud
    part.blank.click()
    assert not len(part.pad.placed)


def test_a_painting_survives_being_stored_and_damage_is_refused() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (6, 5, 3)).astype(np.uint8)
    painting = Painting(picture, (picture[..., 0] > 128).astype(np.uint8))
    plain = stored_painting.to_plain(painting, picture[::-1])
    found = stored_painting.from_plain(plain, (6, 5, 3))
    assert found is not None
    assert found[0].same(painting) and np.array_equal(found[1], picture[::-1])
    assert stored_painting.from_plain(plain, (5, 6, 3)) is not None  # the same number of values
    assert stored_painting.from_plain(plain, (6, 6, 3)) is None
    for damaged in ("", "no base64!", 3, None, plain["picture"][:-8], plain["picture"] * 9):
        assert stored_painting.from_plain({**plain, "picture": damaged}, (6, 5, 3)) is None


def test_points_that_are_none_are_left_out() -> None:
    plain = [[0.5, 1], [1], "ab", [1e9, 0], [float("nan"), 0], [True, 0], [-1, -1]]
    assert stored_painting.points_of(plain).tolist() == [[0.5, 1.0], [-1.0, -1.0]]
    assert stored_painting.points_of("nothing").shape == (0, 2)


# ---- between seeds


def add_seeds(rig: Rig, part: InterpolatePart, *seeds: int) -> None:
    for seed in seeds:
        part._append(seed)
    part._later.stop()
    part.refresh()
    rig.drain(5)


def test_two_seeds_make_a_path_whose_ends_are_theirs(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    assert part.invitation.isVisible() and not part.play.isEnabled()
    add_seeds(rig, part, 3)
    assert "One seed more" in part.invitation.text() and not rig.asked(rq.WalkNoise)
    add_seeds(rig, part, 8, 5)
    question = rig.asked(rq.WalkNoise)[-1]
    assert (question.seeds, question.frames, question.mode, question.closed) == ((3, 8, 5), 24, "slerp", False)
    assert len(part.strip) == 24 and part.play.isEnabled()
    part.keys.gone_to.emit(1)
    assert part.strip.frame in (11, 12)
    assert np.array_equal(part.large.image, part.answer.value.x[part.strip.frame])


def test_an_unchanged_path_is_not_asked_for_again(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    add_seeds(rig, part, 3, 8)
    asked = len(rig.asked(rq.WalkNoise))
    part.set_active(False)
    part.set_active(True)
    assert len(rig.asked(rq.WalkNoise)) == asked
    rig.session.do(rig.session.state.asking(config={"steps": 9}), "steps")
    assert part._later.isActive()
    part.refresh()
    assert rig.asked(rq.WalkNoise)[-1].config == {"steps": 9}


def test_keyframes_are_removed_reordered_and_undone(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    add_seeds(rig, part, 1, 2, 3)
    part.keys.setFocus()
    part.keys.chosen = 0
    QTest.keyClick(part.keys, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert part.seeds == (2, 1, 3)
    QTest.keyClick(part.keys, Qt.Key.Key_Delete)
    assert part.seeds == (2, 3)
    rig.undo.undo()
    rig.undo.undo()
    assert part.seeds == (1, 2, 3)
    part.keys.used.emit(2)
    assert rig.session.state.seed == 3


def test_playing_goes_through_what_has_come_and_stops_at_the_end(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    add_seeds(rig, part, 1, 2)
    asked = len(rig.asked(rq.WalkNoise))
    part.toggle()
    for _ in range(22):
        part._tick()
    assert part.play.playing and part.strip.frame == 22
    part._tick()
    part._tick()
    assert not part.play.playing and part.strip.frame == 23
    assert len(rig.asked(rq.WalkNoise)) == asked
    part._choose("closed", True)
    part.toggle()
    part.strip.set_frame(23)
    part._tick()
    assert part.play.playing and part.strip.frame == 0
    part.set_active(False)
    assert not part.play.playing


def test_the_path_is_exported_with_its_question(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    add_seeds(rig, part, 1, 2)
    wanted: list[Any] = []
    part.export_wanted.connect(wanted.append)
    part.save.click()
    assert wanted[0].kind == "animation" and wanted[0].question == part.question
    assert wanted[0].arrays["seeds"].tolist() == [1, 2]


def test_damaged_settings_of_the_path_are_put_right(rig: Rig) -> None:
    part = rig.part(InterpolatePart)
    plain = {"seeds": [1, "x", -3, True, 2], "mode": "warp", "frames": 10**9, "closed": 1}
    rig.session.apply(rig.session.state.with_part("between", plain))
    assert part.seeds == (1, 2) and part.path() == ("slerp", 24, False)


# ---- diagnostics


def test_loss_by_timestep_is_live_and_empty_until_there_is_one(rig: Rig) -> None:
    part = rig.part(DiagnosticsPart)
    run = rig.session.run
    assert run is not None
    loss = np.array([np.nan, 0.9, 0.5], np.float32)
    rig.session.set_run(replace(run, step=run.step + 1, vectors={"loss by time": loss}))
    assert np.isnan(part.loss.values[0]) and part.loss.values[1] == pytest.approx(0.9)


def test_the_bound_is_asked_for_by_a_button_and_told_in_words(rig: Rig) -> None:
    part = rig.part(DiagnosticsPart)
    assert not rig.asked(rq.BoundByTime)
    part.work.button.click()
    rig.drain(20)
    assert len(part.bound.values) == 20 and not part.work.running
    assert "bits/dim =" in part.words.text() and "held-out examples" in part.words.text()
    run = rig.session.run
    assert run is not None
    rig.session.set_run(replace(run, step=run.step + 5))
    assert part.words.text().endswith(f"at step {run.step:,}")
    rig.select("ring")
    assert not part.bound.values and not part.words.isVisible()


def test_words_of_a_bound_add_up() -> None:
    t = np.array([0.25, 0.75])
    bound = rs.BoundByTime(t, np.array([1.5, 0.5]), np.zeros(2), 0.01, 0.49, 2.5, 64)
    expected = "2.500 bits/dim = 0.010 prior + 2.000 denoising + 0.490 reconstruction · 64 held-out examples"
    assert told(bound) == expected


def test_time_left_is_told_once_it_can_be() -> None:
    assert time_left(1.0, 0.0) == "" and time_left(30.0, 0.75) == "10 s left" and time_left(60.0, 0.1) == "9 min left"


# ---- fields over a cloud


def fielded(rig: Rig) -> tuple[Cloud, FieldBar]:
    rig.select("ring")
    cloud = Cloud()
    bar = FieldBar(rig.session, cloud)
    rig.made += [cloud, bar]
    cloud.resize(300, 300)
    cloud.fit(-1.5, -1.5, 1.5, 1.5, margin=0.0)
    cloud.show()
    return cloud, bar


def settle(rig: Rig, bar: FieldBar) -> None:
    if bar._rest.isActive():
        bar._rest.stop()
        bar.ask()
    rig.drain(4)


def test_no_field_is_asked_for_until_a_layer_is_chosen(rig: Rig) -> None:
    cloud, bar = fielded(rig)
    rig.session.seek(5)
    settle(rig, bar)
    assert not rig.asked(rq.FieldAt)
    bar.buttons["velocity"].click()
    settle(rig, bar)
    assert rig.asked(rq.FieldAt)[-1].t == pytest.approx(rig.session.frame.t)
    assert bar.layer.shows_arrows and len(bar.layer.arrows_at(cloud.scale())) > 100
    bar.buttons["score"].click()
    assert bar.chosen == {"score"}  # arrows are of one kind at a time
    assert not cloud.grab().isNull()


def test_scrubbing_shows_the_nearest_known_field_and_asks_when_the_hand_rests(rig: Rig) -> None:
    _, bar = fielded(rig)
    bar.choose({"velocity"})
    for frame in (2, 12):
        rig.session.seek(frame)
        settle(rig, bar)
    known = len(rig.asked(rq.FieldAt))
    for frame in (4, 5, 4, 3):
        rig.session.seek(frame)
    assert len(rig.asked(rq.FieldAt)) == known  # nothing while the hand moves
    assert bar.shown.t == pytest.approx(rig.session.shots[2].frame.t)
    settle(rig, bar)
    assert bar.shown.t == pytest.approx(rig.session.frame.t)
    rig.session.seek(12)
    assert not bar._rest.isActive()  # known already
    assert bar.shown.t == pytest.approx(rig.session.frame.t)


def test_one_field_is_under_way_and_the_newest_follows_it(rig: Rig) -> None:
    _, bar = fielded(rig)
    bar.choose({"velocity"})
    known = len(rig.asked(rq.FieldAt))
    for frame in (3, 6, 9):
        rig.session.seek(frame)
        bar._rest.stop()
        bar.ask()
    assert len(rig.asked(rq.FieldAt)) == known + 1
    rig.drain(6)
    times = [q.t for q in rig.asked(rq.FieldAt)[known:]]
    assert times == [pytest.approx(rig.session.shots[3].frame.t), pytest.approx(rig.session.shots[9].frame.t)]


def test_trained_weights_make_old_fields_stale(rig: Rig) -> None:
    _, bar = fielded(rig)
    bar.choose({"score"})
    settle(rig, bar)
    known, run = len(rig.asked(rq.FieldAt)), rig.session.run
    assert run is not None
    rig.session.set_run(replace(run, step=run.step + 1))
    rig.session.frame_changed.emit()
    settle(rig, bar)
    assert len(rig.asked(rq.FieldAt)) == known + 1


def test_density_and_ways_are_laid_over_the_cloud(rig: Rig) -> None:
    cloud, bar = fielded(rig)
    bar.choose({"density", "ways"})
    settle(rig, bar)
    assert cloud._backdrop is not None
    assert len(bar.layer.ways) == 60 and len(bar.layer.ways[0]) == len(rig.session.shots)
    bar.choose(set())
    assert cloud._backdrop is None and not bar.layer.ways
    rig.select("d")  # pictures have no plane
    bar.choose({"density"})
    assert not bar.wanted
