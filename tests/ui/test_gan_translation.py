"""Image to image in the GAN lab: what is asked, what is shown, whose pictures, and what gives way."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from gan_rig import Rig
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.ui.gan.state import GanState
from genplay.ui.gan.translate_source import HELD_OUT
from genplay.ui.views.sides import scored
from genplay.ui.views.translation_grid import TranslationGrid

CAN = frozenset({Capability.SAMPLE, Capability.CRITIC, Capability.TRANSLATE})
TERMS = {"L1": 0.12, "held-out L1": 0.13, "D accuracy real": 0.62, "D accuracy fake": 0.97}


class Lab(Rig):
    """The lab with a run that translates in front."""

    def __init__(self, bot: QtBot, size: tuple[int, int] = (850, 620)) -> None:
        super().__init__(bot, size=size)
        self.add("t")
        self.select("t")
        self.drain()

    def add(self, run_id: str, **changes: object) -> None:
        self.engine.submit(rq.CreateRun(run_id, f"Faces · {run_id}", "gan", "faces16"))
        self.drain(1)
        self.put(run_id, capabilities=CAN, latent_size=0, terms=TERMS, step=200, **changes)

    def put(self, run_id: str, **changes: object) -> None:
        run = replace(self.engine.runs[run_id], **changes)  # type: ignore[arg-type]
        self.engine.runs[run_id] = self.bridge.runs[run_id] = run
        self.bridge.run_changed.emit(run)

    def translations(self) -> list[rq.Translate]:
        return self.asked(rq.Translate)

    @property
    def pair(self) -> object:
        return self.panel.translations

    @property
    def part(self) -> object:
        return self.panel.translations.parts[0]


@pytest.fixture
def lab(qtbot: QtBot) -> Lab:
    return Lab(qtbot)


def test_the_lab_opens_with_what_goes_in_what_comes_out_and_the_truth(lab: Lab) -> None:
    assert lab.panel.pages.currentWidget() is lab.pair
    assert lab.panel.closed_because(lab.run) == ""
    found = lab.part.translated
    assert isinstance(found, rs.Translated)
    assert [line.name for line in lab.part.grid.lines] == ["input", "output", "truth"]
    for line, x, score in zip(
        lab.part.grid.lines, (found.source, found.x, found.third), (found.score_source, found.score, found.score_third)
    ):
        assert np.array_equal(line.x, x) and np.array_equal(line.score, score)
    assert np.array_equal(lab.part.histogram.real, found.score_real)
    assert np.array_equal(lab.part.histogram.fake, found.score)
    assert not lab.asked(rq.MeasureModes) and not lab.asked(rq.JudgePictures) and not lab.asked(rq.LookAtGame)


def test_a_model_with_neither_codes_nor_translations_is_refused(lab: Lab) -> None:
    run = replace(lab.run, capabilities=frozenset({Capability.SAMPLE, Capability.CRITIC}))
    assert "no latent space" in lab.panel.closed_because(run)


def test_the_console_tells_of_translations_instead_of_modes(lab: Lab) -> None:
    console = lab.inspector.console
    assert console.coverage_head.text() == "TRANSLATION"
    assert console.coverage.text("from the truth") == ("6.0 %",)
    assert console.coverage.text("held-out") == ("6.5 %",)
    assert console.players.text("D right: real · fake") == ("62 · 97 %",)
    assert all(bars.isHidden() for bars in console.bars)
    lab.put("t", terms={"cycle L1": 0.02, "changed": 0.2})
    assert [row.name for row in console.coverage.rows] == ["lost there and back", "changed"]
    lab.select("g")
    assert console.coverage_head.text() == "COVERAGE"


def test_the_detail_follows_the_pointer_and_else_what_was_clicked(lab: Lab) -> None:
    part, found = lab.part, lab.part.translated
    part.grid.hovered.emit(3)
    assert np.array_equal(part.detail.pictures[1].image, found.x[3])
    assert part.detail.number.text() == scored(float(found.score[3]))
    assert part.detail.distance.text() == f"{100 * found.distance[3]:.1f} % from the truth"
    QTest.mouseClick(part.grid, Qt.MouseButton.LeftButton, pos=part.grid.cell_rect(1, 2).center().toPoint())
    part.grid.hovered.emit(-1)
    assert part.grid.selected == 2
    assert np.array_equal(part.detail.pictures[0].image, found.source[2])
    assert [name.text() for name in part.detail.names] == ["input", "output", "truth"]
    QTest.keyClick(part.grid, Qt.Key.Key_Right)
    assert np.array_equal(part.detail.pictures[2].image, found.third[3])


def test_strength_is_asked_for_while_it_is_dragged_and_is_one_step_of_undo(lab: Lab) -> None:
    bar = lab.pair.bar
    lab.engine.submitted.clear()
    for value in (0.9, 0.4, 0.25):
        bar.strength.moved.emit(value)
        lab.drain(1)
    bar.strength.released.emit(0.25)
    lab.drain()
    assert [q.strength for q in lab.translations()] == [0.9, 0.4, 0.25]
    assert lab.part.question.strength == 0.25
    assert lab.undo.count() == 1
    lab.undo.undo()
    lab.drain()
    assert lab.part.question.strength == 1.0 and bar.strength.value() == 1.0


def test_the_other_way_is_a_chip_and_a_key(lab: Lab) -> None:
    bar = lab.pair.bar
    assert [chip.text() for chip in bar.chips] == ["grey → colour", "colour → grey"]
    bar.chips[1].click()
    lab.drain()
    assert lab.part.question.way == 1 and bar.chips[1].isChecked()
    lab.panel._turn()
    lab.drain()
    assert lab.part.question.way == 0 and bar.chips[0].isChecked()
    lab.undo.undo()
    assert bar.chips[1].isChecked()


def test_a_way_that_a_run_does_not_have_is_not_asked_for(lab: Lab) -> None:
    lab.panel.restore({"way": 1})
    lab.add("other")
    lab.engine.submitted.clear()
    lab.select("other")
    assert lab.translations()[0].way == 0  # until it is known what the run can
    lab.part._later.timeout.emit()
    lab.drain()
    assert lab.part.question.way == 1


def test_other_held_out_pictures_and_ones_own(lab: Lab, tmp_path: object) -> None:
    source = lab.pair.source
    lab.pair.bar.dice.click()
    lab.drain()
    assert lab.part.question.seed == source.seed and lab.part.question.x is None
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    mime = QMimeData()
    mime.setImageData(image)
    source.take(mime)
    lab.drain()
    assert lab.part.question.x.shape == (1, 16, 16, 3)
    assert tuple(lab.part.translated.third[0, 8, 8]) == (255, 0, 0)
    assert lab.part.grid.columns == 1
    path = tmp_path / "mine.png"  # type: ignore[operator]
    image.fill(Qt.GlobalColor.blue)
    assert image.save(str(path))
    source.open_file(path)
    lab.drain()
    assert lab.pair.bar.about.text() == "mine.png"
    assert tuple(lab.part.translated.third[0, 8, 8]) == (0, 0, 255)
    lab.pair.bar.dice.click()
    assert lab.pair.bar.about.text() == HELD_OUT


def test_what_is_no_picture_is_said_and_changes_nothing(lab: Lab, tmp_path: object) -> None:
    path = tmp_path / "no.png"  # type: ignore[operator]
    path.write_bytes(b"no picture")
    lab.pair.source.open_file(path)
    assert "no.png cannot be read" in lab.pair.bar.about.text()
    lab.pair.source.take(QMimeData())
    assert "clipboard" in lab.pair.bar.about.text()
    assert lab.pair.source.own is None


def test_it_follows_the_training_but_asks_no_more_often_than_it_needs(lab: Lab) -> None:
    lab.part._later.stop()
    lab.engine.submitted.clear()
    lab.put("t", step=300)
    lab.put("t", step=310)
    assert len(lab.translations()) == 1  # the second waits for its turn
    lab.part._later.stop()
    lab.part.refresh()
    lab.drain()
    assert len(lab.translations()) == 2
    assert lab.part.answer.step == 310
    lab.part._later.stop()
    lab.part.refresh()
    assert len(lab.translations()) == 2


def test_nothing_is_asked_while_another_tab_is_in_front(lab: Lab) -> None:
    lab.panel.deactivate()
    lab.part._later.stop()
    lab.engine.submitted.clear()
    lab.put("t", step=400)
    assert not lab.translations()
    lab.panel.activate()
    assert len(lab.translations()) == 1


def test_going_between_games_and_translations(lab: Lab) -> None:
    lab.engine.submit(rq.CreateRun("f", "Faces · GAN", "gan", "faces16"))
    lab.drain(1)
    lab.select("f")
    assert lab.panel.pages.currentWidget() is lab.panel.pictures
    assert lab.panel.pictures.parts[0].active and not lab.part.active
    lab.select("t")
    assert lab.panel.pages.currentWidget() is lab.pair
    assert lab.part.active and not lab.panel.pictures.parts[0].active
    lab.select("g")
    assert lab.panel.pages.currentWidget() is lab.panel.points
    assert not lab.part.active


def test_two_runs_are_compared_on_the_same_pictures(lab: Lab) -> None:
    lab.add("u")
    lab.put("u", paired="t")
    lab.put("t", paired="u")
    lab.select("t")
    mine, other = lab.pair.parts
    assert not other.isHidden() and mine.compared
    lab.pair.source.hold_out(77)
    lab.drain()
    assert mine.question == other.question and mine.question.seed == 77
    assert mine.heading.name == "Faces · t" and other.heading.name == "Faces · u"
    assert mine.foot.isHidden() and not mine.heading.isHidden()
    lab.put("t", paired="")
    lab.select("t")
    assert other.isHidden() and mine.heading.isHidden()


def test_a_recipe_brings_pictures_way_and_strength_back(lab: Lab) -> None:
    x = np.full((1, 16, 16, 3), 90, np.uint8)
    question = rq.Translate(32, x, 1, 0.5, seed=12)
    lab.panel.restore(lab.panel.state(), question)
    lab.drain()
    assert lab.part.question == question
    exhibit = lab.panel.exhibit()
    assert exhibit is not None and exhibit.question is lab.part.question
    assert exhibit.kind == "picture" and np.array_equal(exhibit.x, lab.part.translated.x)
    lab.panel.restore(lab.panel.state(), rq.Translate(seed=4))
    lab.drain()
    assert (lab.part.question.seed, lab.part.question.x) == (4, None)
    exhibit = lab.panel.exhibit()
    assert exhibit.kind == "grid" and exhibit.arrays.keys() >= {"source", "third", "score", "distance"}


def test_a_model_that_can_be_told_attributes_is_told_the_chosen_one(lab: Lab) -> None:
    wish = lab.pair.bar.wish
    assert wish.isHidden()
    lab.put("t", config={**lab.run.config, "conditional": True})
    lab.part._later.stop()
    lab.part._asked = ()
    lab.part.refresh()
    lab.drain()
    assert not wish.isHidden() and wish.count() == 1 + sum(len(a.values) for a in lab.run.spec.attributes)
    index = wish.findText("glasses: dark")
    wish.setCurrentIndex(index)
    wish.activated.emit(index)
    lab.drain()
    assert lab.part.question.condition == (8, 2, 2)
    lab.undo.undo()
    lab.drain()
    assert lab.part.question.condition == () and wish.currentIndex() == 0
    lab.panel.restore({"condition": [99, 0, 0]})  # of other data
    lab.drain()
    assert lab.part.question.condition == ()


def test_a_damaged_view_is_left_alone() -> None:
    start = GanState(way=1, strength=0.5, condition=(1, 2))
    assert GanState.from_plain(start.to_plain(), GanState()) == start
    for way, strength in ((2, 3.0), ("1", "x"), (True, None), (-1, float("nan"))):
        assert GanState.from_plain({"way": way, "strength": strength, "condition": [way, "a"]}, start) == start


def test_a_failure_before_the_first_answer_is_said_in_its_place(qtbot: QtBot) -> None:
    lab = Lab(qtbot)
    lab.part._forget()
    lab.part._fail(rs.Failure("The data is gone."))
    assert lab.part._empty.isVisible()
    assert "The data is gone." in lab.part._empty.text


@pytest.mark.parametrize(
    ("size", "foot", "histogram"),
    [((850, 620), True, True), ((510, 560), True, False), ((510, 300), False, False)],
)
def test_what_there_is_no_room_for_gives_way(qtbot: QtBot, size: tuple[int, int], foot: bool, histogram: bool) -> None:
    lab = Lab(qtbot, size)
    assert lab.part.foot.isVisible() == foot
    assert lab.part.histogram.isVisible() == histogram
    bar = lab.pair.bar
    bar.offer(bar.ways[:1], True, lab.run.spec.attributes)
    lab.drain()
    row = [bar.label, bar.strength, bar.wish, bar.dice, bar.open, bar.paste]
    assert all(a.geometry().right() < b.geometry().left() for a, b in itertools.pairwise(row))
    assert bar.paste.geometry().right() < bar.width()
    grid = lab.part.grid
    last = grid.cell_rect(2, grid.columns - 1)
    assert last.right() <= grid.width() and last.bottom() + 14 <= grid.height()


@pytest.mark.parametrize(("n", "width", "height"), [(32, 850, 300), (1, 850, 300), (3, 300, 200), (32, 500, 180)])
def test_columns_are_found_where_they_are_drawn(qtbot: QtBot, n: int, width: int, height: int) -> None:
    from genplay.ui.views.translation_grid import Line

    grid = TranslationGrid()
    qtbot.addWidget(grid)
    grid.resize(width, height)
    x = np.zeros((n, 16, 16, 3), np.uint8)
    grid.set_lines([Line(name, x, np.zeros(n)) for name in ("input", "output", "round trip")], 0.0)
    assert 1 <= grid.columns <= n
    for column in range(grid.columns):
        for row in range(3):
            assert grid.column_at(grid.cell_rect(row, column).center()) == column
    assert grid.column_at(QPointF(2, 2)) == -1
    assert grid.cell_rect(2, grid.columns - 1).right() <= width
    grid.grab()
    QApplication.processEvents()
