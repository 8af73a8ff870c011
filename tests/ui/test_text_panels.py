"""Texts in the window, on the fake engine: samples, the tape, writing, density, and what leaves the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from genplay.contract import fake_text
from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.recipe import Recipe
from genplay.contract.results import Novelty
from genplay.contract.spec import VEIL
from genplay.export import encode
from genplay.ui import copying
from genplay.ui.bridge import Bridge
from genplay.ui.panels.density import DensityPanel
from genplay.ui.panels.painting import PaintingPanel
from genplay.ui.panels.samples import SamplesPanel
from genplay.ui.panels.unfold import UnfoldPanel
from genplay.ui.panels.writing import WritingPanel
from genplay.ui.views.strings import Strings
from genplay.ui.writing.state import WritingState, completion, fitted, with_question

WORDS = fake_text.WORDS


class Rig:
    """A panel with a run that writes; answers come when the test drains."""

    def __init__(self, qtbot: Any, kind: type, family: str = "autoregressive") -> None:
        self.engine = FakeEngine(first_run=False)
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel: Any = kind(self.bridge, self.undo)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.panel.setParent(self.window)
        self.panel.inspector().setParent(self.window)
        for button in self.panel.actions():
            button.setParent(self.window)
        self.window.resize(1000, 640)
        self.panel.setGeometry(0, 40, 700, 600)
        self.window.show()
        self.engine.submit(rq.CreateRun("words", "Words", family, "words"))
        self.drain()
        self.step(900)
        self.panel.activate()
        self.drain(20)

    def step(self, step: int) -> None:
        """The run as it is at a training step."""
        self.engine._put(replace(self.engine.runs["words"], step=step))
        self.drain()
        self.panel.set_run(self.bridge.runs["words"])

    def drain(self, times: int = 3) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def asked(self, kind: type) -> list[Any]:
        return [a.question for a in self.engine.submitted if isinstance(a, rq.Ask) and isinstance(a.question, kind)]


@pytest.fixture
def samples(qtbot):
    return Rig(qtbot, SamplesPanel)


@pytest.fixture
def writing(qtbot):
    return Rig(qtbot, WritingPanel)


# ---- samples


def test_samples_are_strings_marked_by_whether_they_stand_in_the_data(samples):
    strings = samples.panel.writings.strings
    assert list(strings.texts) == fake_text.words(0, 96, (), 900) and strings.isVisible()
    found = [1 if len(t) == 4 else 2 if len(t) == 8 else 0 for t in strings.texts]
    tokens = {0: "good", 1: "warn", 2: "accent"}
    assert [mark.token for mark in strings.marks] == [tokens[f] for f in found]
    told = samples.panel.writings.bar.counts.text().replace("&nbsp;", " ")
    assert f"{found.count(1)} in the training set" in told and f"{found.count(0)} new" in told
    assert all(float(note) > 0 for note in strings.notes)


def test_a_search_counts_and_fades_what_it_does_not_find(samples):
    bar = samples.panel.writings.bar
    bar.search.setText("SU")
    bar._soon.timeout.emit()
    wanted = sum("su" in text for text in bar.strings.texts)
    assert 0 < wanted < 96 and bar.matches.text() == f"{wanted} of 96"


def test_a_chosen_text_is_shown_with_the_bits_of_its_characters_and_goes_to_writing(samples):
    sent = []
    samples.panel.go_to.connect(lambda name, state: sent.append((name, state)))
    strings = samples.panel.writings.strings
    cell = strings.cell_rect(5)
    QTest.mouseClick(strings.viewport(), Qt.MouseButton.LeftButton, pos=cell.center().toPoint())
    samples.drain(6)
    detail = samples.panel.text_detail
    assert detail.isVisible() and detail.text == strings.texts[5] and not samples.panel.detail.isVisible()
    expected = fake_text.surprise(samples.engine.runs["words"], WORDS.tokens([detail.text])[0])
    assert np.allclose(detail.line.bits, expected)
    detail.write.click()
    assert sent == [("writing", {"text": strings.texts[5], "condition": []})]


def test_texts_on_their_way_show_open_places(samples):
    shown = samples.panel.writings.strings
    samples.panel.controls.roll()
    samples.drain(2)
    assert any(VEIL in text for text in shown.texts[:4]) or shown.texts == tuple(
        fake_text.words(samples.panel.controls.wish.seed, 96, (), 900)
    )


def test_samples_are_copied_as_text_and_exported_as_text_picture_and_arrays(samples):
    exhibit = samples.panel.exhibit()
    assert exhibit.texts == list(samples.panel.writings.strings.texts)
    recipe = samples.panel.recipe_of(exhibit)
    copying.copy(exhibit, recipe)
    assert QGuiApplication.clipboard().text() == "\n".join(exhibit.texts)
    known = {"vocabulary": exhibit.vocabulary}
    assert encode(exhibit.x, recipe, {"format": "txt", **known}).decode().split() == exhibit.texts
    assert encode(exhibit.x, recipe, {"format": "png", "columns": 4, **known})[:4] == b"\x89PNG"
    assert encode(exhibit.pictures, recipe, {"format": "png", **known}) == encode(
        exhibit.x, recipe, {"format": "png", **known}
    )


# ---- the tape


@pytest.mark.parametrize("family", ["autoregressive", "discrete_diffusion"])
def test_the_tape_writes(qtbot, family):
    rig = Rig(qtbot, UnfoldPanel, family)
    session, strings = rig.panel.session, rig.panel.cards.strings
    session.seek(len(session.shots) // 2)
    frame = session.frame
    assert list(strings.texts) == WORDS.text(frame.x) and any(VEIL in text for text in strings.texts)
    assert "written" in rig.panel.cards.cards["texts"]["x_t"].caption.text()
    grounds = strings.shades[0]
    entropy = frame.extras["entropy"][0]
    assert (grounds[int(entropy.argmax())].alpha() >= grounds[int(entropy.argmin())].alpha()) and len(grounds) == 12
    session.seek(len(session.shots) - 1)
    assert not any(VEIL in text for text in strings.texts)
    rig.panel.grab()


def test_two_tapes_of_texts_are_compared_by_the_characters_that_differ(qtbot):
    rig = Rig(qtbot, UnfoldPanel, "discrete_diffusion")
    session = rig.panel.session
    rig.panel.below.branches.toggle_pin()
    session.wish_changed(replace(session.state.wish, seed=5))
    rig.drain(20)
    assert len(session.tapes) == 2
    session.do(replace(session.state, compared=(0, 1)), "compare")
    rig.drain()
    texts = rig.panel.compare.texts
    first, second = (WORDS.text(tape.final) for tape in session.tapes)
    assert list(texts.texts[::2]) == first and list(texts.texts[1::2]) == second
    assert "Δ" in rig.panel.compare.about.text() and "nan" not in rig.panel.compare.about.text()


# ---- writing


def test_a_beginning_is_kept_and_the_rest_written_in_several_ways(writing):
    panel = writing.panel
    panel.desk.field.setText("ste")
    panel.desk.field.textEdited.emit("ste")
    panel.toggle()
    writing.drain(20)
    question = writing.asked(rq.Trajectory)[-1]
    assert question.mask.tolist() == [0, 0, 0] + [1] * 9 and WORDS.text(question.source) == ["ste"]
    assert len(panel.ways.texts) == 12 and all(text.startswith("ste") for text in panel.ways.texts)
    assert panel.writing.text in panel.ways.texts and not panel.writing.open
    writing.undo.undo()
    assert panel.desk.field.text() == "ste" and panel.writing.open_end


def test_the_bars_follow_the_place_and_the_temperature_and_a_click_writes_another_character(writing):
    panel = writing.panel
    panel.restore({"text": "larito"})
    panel.desk.place_chosen.emit(2)
    panel._look()
    writing.drain(6)
    probs = fake_text.probabilities(writing.engine.runs["words"], WORDS.tokens(["larito"])[0])[2]
    assert np.allclose(panel.bars.shown.probs, probs) and panel.bars.shown.drawn == WORDS.vocabulary.index("r")
    panel.controls.changed.emit(replace(panel.writing.wish, config={"temperature": 0.0}))
    assert panel.bars.shown.kept.max() == 1
    token = WORDS.vocabulary.index("z")
    panel.bars.clicked.emit(token)
    writing.drain(20)
    assert panel.writing.text.startswith("laz") and not panel.writing.open


def test_characters_are_typed_over_erased_and_written_again_by_a_model_that_writes_all_at_once(qtbot):
    rig = Rig(qtbot, WritingPanel, "discrete_diffusion")
    panel = rig.panel
    assert panel.side.isHidden()
    panel.restore({"text": "larito"})
    panel.desk.place_chosen.emit(1)
    QTest.keyClick(panel.desk.line, Qt.Key.Key_U)
    assert panel.writing.text == "lurito" and panel.writing.place == 2
    QTest.keyClick(panel.desk.line, Qt.Key.Key_Backspace)
    assert panel.desk.field.text() == "lu_ito" and panel.write.isEnabled()
    panel.toggle()
    rig.drain(20)
    assert rig.asked(rq.Trajectory)[-1].mask.tolist() == [0, 0, 1] + [0] * 9
    assert panel.ways.texts[0][:2] == "lu" and panel.ways.texts[0][3:6] == "ito"


def test_a_recipe_of_what_was_written_restores_it(writing):
    panel = writing.panel
    exhibit = panel.exhibit()
    plain = Recipe.from_json(panel.recipe_of(exhibit).to_json())
    assert plain.question.mask.shape == (12,)
    run = panel.run
    state = with_question(WritingState(), plain.question, run, None)
    again = completion(state, WORDS)
    assert np.array_equal(again.mask, plain.question.mask) and np.array_equal(again.source, plain.question.source)


def test_what_is_typed_is_fitted_to_the_vocabulary():
    assert fitted("a_B!c", WORDS) == f"a{VEIL}c"
    assert len(fitted("x" * 40, WORDS)) == 12


# ---- density, and closed tabs


def test_density_lists_the_extremes_and_the_bits_of_a_text(qtbot):
    rig = Rig(qtbot, DensityPanel)
    part = rig.panel.texts
    assert part.isVisible() and part.rows.names == fake_text.SETS
    low, high = (float(grid.notes[0]) for grid in part.grids)
    assert low < high and part.line.text == part.grids[0].texts[0]
    part.grids[1].clicked.emit(2)
    rig.drain(4)
    assert part.line.text == part.grids[1].texts[2] and part.line.bits is not None
    assert "64 texts" in part.told.text()


def test_tabs_that_are_not_for_texts_say_so_in_a_sentence(qtbot, samples):
    run = samples.bridge.runs["words"]
    reason = PaintingPanel(samples.bridge, QUndoStack()).closed_because(run)
    assert reason == "Painting is for pictures: for texts, which are drawn in the same way, there is the Writing tab."
    faces = replace(run, spec=replace(WORDS, kind="image", shape=(3, 4, 4), vocabulary=()))
    assert "texts" in WritingPanel(samples.bridge, QUndoStack()).closed_because(faces)


# ---- the view


def test_letters_grow_until_all_texts_just_fit(qtbot):
    strings = Strings()
    qtbot.addWidget(strings)
    strings.resize(400, 300)
    strings.show()
    strings.grow()
    strings.set_texts(["abcdef"] * 4)
    large = strings.pixels
    strings.set_texts(["abcdef"] * 90)
    assert strings.pixels < large and strings.verticalScrollBar().maximum() >= 0
    strings.set_zoom(2)
    strings.set_texts(["abcdef"] * 4)
    assert strings.zoom == 2  # the user's choice stays


def test_arrow_keys_move_the_selection_and_marks_tell_their_meaning(qtbot):
    strings = Strings()
    qtbot.addWidget(strings)
    strings.resize(400, 200)
    strings.show()
    strings.set_texts([f"word{i}" for i in range(30)])
    chosen = []
    strings.clicked.connect(chosen.append)
    QTest.keyClick(strings, Qt.Key.Key_Right)
    QTest.keyClick(strings, Qt.Key.Key_Down)
    assert chosen == [0, strings.layout_columns()]
    assert strings.index_at(QPointF(strings.cell_rect(chosen[1]).center())) == chosen[1]


def test_novelty_of_another_batch_is_not_shown_on_this_one(samples):
    sight = samples.panel.writings
    before = sight.novelty
    sight.show_novelty(Novelty(np.zeros(3, np.int64), np.zeros(3, np.float32)))
    assert sight.novelty is before
