"""The Painting panel on the fake engine: what it asks, when, and what it does with the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import Ask, CreateRun, NextProbs, PreviewData, Trajectory
from genplay.ui.bridge import Bridge
from genplay.ui.painting import asking
from genplay.ui.painting.distribution_part import EARLIER, STRAY
from genplay.ui.painting.variants_part import INVITATION
from genplay.ui.panels.painting import EMPTY, POINTS, PaintingPanel
from genplay.ui.views.painting import Painting
from genplay.ui.views.pixels import to_qimage

LEFT = Qt.MouseButton.LeftButton


class Rig:
    """The panel and its inspector on a fake engine whose answers come when the test drains it."""

    def __init__(self, bot: QtBot) -> None:
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.window = QWidget()
        bot.addWidget(self.window)
        self.panel = PaintingPanel(self.bridge, self.undo)
        self.inspector: Any = self.panel.inspector()
        self.panel.setParent(self.window)
        self.inspector.setParent(self.window)
        for action in self.panel.actions():
            action.setParent(self.window)  # as the title row does; without one it would be a window
        self.window.resize(1160, 560)
        self.panel.setGeometry(0, 0, 850, 560)
        self.inspector.setGeometry(860, 0, 300, 560)
        self.window.show()
        bot.waitExposed(self.window)
        self.engine.submit(CreateRun("a", "Faces · pixel by pixel", "autoregressive", "faces16"))
        levels = {"head": "categorical"}
        self.engine.submit(CreateRun("l", "Faces · levels", "autoregressive", "faces16", config=levels))
        self.engine.submit(CreateRun("ring", "Ring", "autoregressive", "ring"))
        self.drain(2)
        for run_id in ("a", "l"):
            self.engine._put(replace(self.engine.runs[run_id], step=2000))
        self.drain(1)

    def drain(self, times: int = 8) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def finish(self) -> None:
        """Until nothing is under way."""
        for _ in range(600):
            self.bridge.drain()
            if not self.bridge.waiting_for(""):
                QApplication.processEvents()
                return
        raise AssertionError("the engine never came to an end")

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.finish()

    def asked(self, kind: type) -> list[Any]:
        return [a.question for a in self.engine.submitted if isinstance(a, Ask) and isinstance(a.question, kind)]

    @property
    def state(self) -> Any:
        return self.panel.session.state

    @property
    def picture(self) -> np.ndarray:
        return self.state.painting.picture

    def point(self, row: int, column: int) -> None:
        canvas = self.panel.pixels.canvas
        QTest.mouseMove(canvas, canvas.cell_rect((row, column)).center().toPoint())
        self.drain()


@pytest.fixture
def rig(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(asking, "MOST_PLACES", 100)  # a frame a row, which is quicker
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("a")
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel._empty.text == EMPTY
    assert rig.panel._empty.isVisible()
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}


def test_models_that_cannot_be_asked_close_it_with_a_sentence(rig: Rig) -> None:
    assert rig.panel.closed_because(rig.bridge.runs["a"]) == ""
    assert "one value at a time" in rig.panel.closed_because(rig.bridge.runs["faces"])
    assert rig.panel.closed_because(rig.bridge.runs["ring"]) == POINTS


def test_making_it_and_showing_it_a_run_opens_no_window_of_its_own(qtbot: QtBot) -> None:
    bridge = Bridge(FakeEngine(first_run=False))
    bridge.stop()
    before = set(QApplication.topLevelWidgets())
    panel = PaintingPanel(bridge, QUndoStack())
    qtbot.addWidget(panel)
    inspector = panel.inspector()
    qtbot.addWidget(inspector)
    row = QWidget()
    qtbot.addWidget(row)
    layout = QHBoxLayout(row)
    for action in panel.actions():
        assert not action.isVisible()
        layout.addWidget(action)
    bridge.engine.submit(CreateRun("a", "a", "autoregressive", "faces16"))
    bridge.drain()
    bridge.drain()
    panel.set_run(bridge.runs["a"])
    assert [w for w in set(QApplication.topLevelWidgets()) - before if w.isVisible()] == []


# ---- looking


def test_at_first_a_picture_is_drawn_without_a_step_of_undo(rig: Rig) -> None:
    rig.panel.set_run(rig.bridge.runs["a"])
    rig.panel.activate()
    rig.drain(6)
    half = rig.panel.completer.large()
    assert half is not None
    assert 0 < half.mask.sum() < 256
    assert rig.panel.pixels.canvas.painting.same(half)
    rig.finish()
    assert not rig.state.painting.masked
    assert rig.undo.count() == 0
    assert "seed 0" in rig.state.title


def test_pointing_at_a_pixel_shows_what_it_was_drawn_from(faces: Rig) -> None:
    faces.point(4, 5)
    assert faces.asked(NextProbs)[-1].position == 4 * 16 + 5
    assert not any(question.surprise for question in faces.asked(NextProbs))
    part = faces.panel.distribution
    assert part.title.text().startswith("Row 5, column 6")
    drawn = part.parts[0].swatches[part.parts[0].drawn]
    assert (drawn == faces.picture[4, 5]).all()
    assert "surprise" in part.about.text()
    assert part.pages.currentWidget() is part.colours
    faces.panel.pixels.canvas._hover(-1)
    faces.drain()
    assert part.place == faces.state.place


def test_sliders_change_the_bars_at_once_without_asking(faces: Rig) -> None:
    part, before = faces.panel.distribution, len(faces.asked(NextProbs))
    wide = part.parts[0].kept
    slider = faces.inspector.top_k
    slider.pressed.emit()
    slider.moved.emit(2.0)
    slider.released.emit(2.0)
    kept = part.parts[0].kept
    assert (kept > 0).sum() == 2 < (wide > 0).sum()
    assert kept.sum() == pytest.approx(1)
    assert len(faces.asked(NextProbs)) == before
    faces.undo.undo()
    assert np.array_equal(part.parts[0].kept, wide)


def test_levels_are_shown_as_a_histogram_a_channel(rig: Rig) -> None:
    rig.select("l")
    part = rig.panel.distribution
    assert part.pages.currentWidget() is part.levels
    assert [p.name for p in part.parts] == ["red", "green", "blue"]
    rig.panel.session.set("look", place=30)
    rig.drain()
    value = (part.parts[1].drawn + 3) % 8
    part.levels.clicked.emit(1, value)
    assert rig.picture[1, 14, 1] == part.parts[1].swatches[value, 1]
    assert rig.undo.undoText() == "paint a pixel"


def test_bars_follow_the_training_at_a_sensible_pace(faces: Rig, qtbot: QtBot) -> None:
    before = len(faces.asked(NextProbs))
    for step in range(2010, 2100, 10):
        faces.engine._put(replace(faces.engine.runs["a"], step=step))
        faces.drain(1)
        faces.panel.set_run(faces.bridge.runs["a"])
    qtbot.wait(600)
    faces.drain()
    assert len(faces.asked(NextProbs)) == before + 1


def test_a_pixel_below_what_is_missing_has_no_distribution(faces: Rig) -> None:
    faces.panel.source.keep_half()
    faces.panel.session.set("look", place=200)
    assert faces.panel.distribution.note.text() == EARLIER
    faces.panel.session.set("look", place=128)
    faces.drain()
    part = faces.panel.distribution
    assert part.parts[0].drawn == -1
    assert "surprise" not in part.about.text()
    assert "entropy" in part.about.text()


def test_surprise_lies_over_the_picture(faces: Rig) -> None:
    canvas = faces.panel.pixels.canvas
    assert not canvas.shows_surprise
    QTest.mouseClick(faces.panel.pixels.heat, LEFT)
    faces.drain()
    assert canvas.shows_surprise
    assert faces.asked(NextProbs)[-1].surprise
    assert "in all" in faces.panel.pixels.about.text()
    faces.undo.undo()
    assert not canvas.shows_surprise


def test_a_colour_that_the_palette_lacks_is_said_to_be_read_as_its_nearest(faces: Rig) -> None:
    assert STRAY not in faces.panel.distribution.about.text()
    faces.panel.source.give(np.full((16, 16, 3), (1, 250, 3), np.uint8), "green")
    faces.drain()
    assert STRAY in faces.panel.distribution.about.text()


# ---- changing


def test_a_bar_gives_the_pixel_its_colour_and_undo_takes_it_back(faces: Rig) -> None:
    part = faces.panel.distribution
    value = int(np.argmax(part.parts[0].swatches[:, 0] != faces.picture[8, 8, 0]))
    before = faces.picture.copy()
    part.colours.clicked.emit(value)
    assert (faces.picture[8, 8] == part.parts[0].swatches[value]).all()
    assert faces.panel.pixels.canvas.colour == tuple(int(v) for v in part.parts[0].swatches[value])
    faces.undo.undo()
    assert np.array_equal(faces.picture, before)


def test_the_rest_is_resampled_and_what_came_before_is_kept(faces: Rig) -> None:
    before = faces.picture.copy()
    faces.panel.session.set("look", place=100)
    faces.panel.session.do(faces.state.asking(seed=9), "seed")
    faces.panel.resample.click()
    question = faces.asked(Trajectory)[-1]
    assert question.n == 8
    assert question.config["frames"] == "rows"
    assert question.mask.ravel().tolist() == [0] * 101 + [1] * 155
    assert np.array_equal(question.source[0], before)
    faces.finish()
    assert len(faces.panel.variants.grid) == 8
    assert np.array_equal(faces.picture.reshape(-1, 3)[:101], before.reshape(-1, 3)[:101])
    assert not np.array_equal(faces.picture, before)
    assert faces.undo.undoText() == "resample the rest"
    faces.undo.undo()
    assert np.array_equal(faces.picture, before)


def test_half_a_picture_is_completed_and_a_click_takes_another_way(faces: Rig) -> None:
    QTest.keyClick(faces.panel, Qt.Key.Key_H)
    assert faces.state.painting.mask.sum() == 128
    QTest.keyClick(faces.panel, Qt.Key.Key_C)
    faces.finish()
    assert not faces.state.painting.masked
    grid = faces.panel.variants.grid
    QTest.mouseClick(grid, LEFT, pos=grid.cell_rect(3).center().toPoint())
    assert np.array_equal(faces.picture, grid.images[3])
    assert faces.undo.undoText() == "take variant 4"
    assert grid.selected == 3
    faces.undo.undo()
    assert grid.selected == -1


def test_of_small_pictures_every_place_is_a_frame(faces: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_PLACES", 256)
    faces.panel.resample.click()
    faces.finish()
    assert faces.asked(Trajectory)[-1].config["frames"] == "pixels"
    assert len(faces.panel.completer.frames) == 256


def test_the_tape_goes_back_to_every_place(faces: Rig) -> None:
    tape = faces.panel.variants.tape
    assert (tape.low, tape.high) == (16, 256)
    tape.moved.emit(97.0)
    painting = faces.panel.pixels.canvas.painting
    assert painting.mask.sum() == 256 - 96
    assert tape.value() == 96
    tape.moved.emit(256.0)
    assert faces.panel.pixels.canvas.painting.same(faces.state.painting)


def test_the_dice_draws_the_same_places_with_another_seed(faces: Rig) -> None:
    faces.panel.resample.click()
    faces.finish()
    first, kept = faces.asked(Trajectory)[-1], faces.panel.variants.grid.images.copy()
    faces.panel.dice.click()
    faces.finish()
    second = faces.asked(Trajectory)[-1]
    assert second.seed != first.seed
    assert np.array_equal(second.mask, first.mask)
    assert np.array_equal(second.source, first.source)
    assert not np.array_equal(faces.panel.variants.grid.images, kept)
    faces.inspector.controls.lock.setChecked(True)
    assert not faces.panel.dice.isEnabled()


def test_esc_stops_and_keeps_what_is_drawn(faces: Rig) -> None:
    faces.panel.source.erase_all()
    faces.panel.complete.click()
    faces.drain(5)
    assert faces.panel.complete.text() == "Stop"
    assert faces.panel.leave_mode()
    assert 0 < faces.state.painting.mask.sum() < 256
    assert faces.undo.undoText() == "draw a picture, in part"
    assert faces.panel.complete.text() == "Complete"
    assert faces.panel.complete.isEnabled()
    faces.drain(20)
    assert not faces.panel.completer.running


def test_a_cancel_from_elsewhere_ends_it_too(faces: Rig, qtbot: QtBot) -> None:
    faces.panel.resample.click()
    faces.drain(10)
    faces.bridge.cancel("painting.complete")
    qtbot.waitUntil(lambda: not faces.panel.completer.running, timeout=2000)
    assert faces.state.painting.masked


def test_looking_around_is_one_step_of_undo(faces: Rig) -> None:
    place = faces.state.place
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(faces.panel.pixels.canvas, key)
    assert faces.state.place == place + 18
    assert faces.undo.count() == 1
    faces.undo.undo()
    assert faces.state.place == place


def test_complete_needs_something_to_complete(faces: Rig) -> None:
    assert not faces.panel.complete.isEnabled()
    assert "Nothing is erased" in faces.panel.complete.toolTip()
    count = len(faces.asked(Trajectory))
    faces.panel.toggle()
    assert len(faces.asked(Trajectory)) == count


def test_the_condition_goes_with_every_question(faces: Rig) -> None:
    combo = faces.inspector.controls.combos[0]
    combo.setCurrentIndex(3)
    combo.activated.emit(3)
    faces.drain()
    condition = faces.state.wish.condition
    assert condition[0] == 2
    assert faces.asked(NextProbs)[-1].condition == condition
    faces.panel.resample.click()
    assert faces.asked(Trajectory)[-1].condition == condition


# ---- sources


def test_examples_files_and_the_clipboard_are_taken(faces: Rig, tmp_path: Path) -> None:
    source = faces.panel.source
    source.next.click()
    faces.finish()
    assert len(faces.asked(PreviewData)) == 1
    assert "example 1" in faces.state.title
    path = tmp_path / "red.png"
    to_qimage(np.full((40, 40, 3), (250, 0, 0), np.uint8)).save(str(path))
    source.open_file(path)
    assert faces.state.title == "red.png"
    assert (faces.picture == (250, 0, 0)).all()
    QGuiApplication.clipboard().setImage(to_qimage(np.full((32, 32, 3), (0, 9, 0), np.uint8)))
    QTest.keyClick(faces.panel, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert (faces.picture == (0, 9, 0)).all()
    faces.undo.undo()
    assert faces.state.title == "red.png"
    (tmp_path / "no.png").write_bytes(b"no picture")
    source.open_file(tmp_path / "no.png")
    assert "no.png" in source.about.text()
    assert faces.state.title == "red.png"


# ---- exhibits and memory


def test_variants_are_exported_with_the_question_that_made_them(faces: Rig) -> None:
    faces.panel.resample.click()
    faces.finish()
    exhibit = faces.panel.exhibit()
    assert exhibit is not None
    assert exhibit.kind == "grid"
    assert exhibit.x.shape == (8, 16, 16, 3)
    recipe = faces.panel.recipe_of(exhibit)
    again = type(recipe).from_json(recipe.to_json())
    faces.panel.source.erase_all()
    faces.panel.restore(again.view, again.question)
    assert np.array_equal(faces.state.painting.mask, exhibit.question.mask)
    assert np.array_equal(faces.picture, exhibit.question.source[0])


def test_an_edited_picture_is_exported_itself(faces: Rig) -> None:
    faces.panel.resample.click()
    faces.finish()
    faces.panel.session.paint(Painting.of(np.full((16, 16, 3), 7, np.uint8)), "paint")
    exhibit = faces.panel.exhibit()
    assert exhibit is not None
    assert exhibit.kind == "picture"
    assert (exhibit.x == 7).all()


def test_a_run_is_found_again_as_it_was_left(faces: Rig) -> None:
    picture, place = faces.picture.copy(), 33
    faces.panel.session.set("look", place=place)
    faces.select("l")
    assert faces.panel.variants.note.text() == INVITATION
    faces.select("a")
    assert np.array_equal(faces.picture, picture)
    assert faces.state.place == place
