"""The Filters panel on a fake engine: what it shows of hidden units, pictures and energies, and what a click does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.fake_engine import FakeEngine
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.filters import words
from genplay.ui.filters.session import FULL, LIVE
from genplay.ui.filters.state import FiltersState
from genplay.ui.panels.filters import EMPTY, FiltersPanel

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
UNITS, N, SIDE = 300, 20, 16


class FiltersEngine(FakeEngine):
    """A fake engine whose first run has 300 hidden units, the second two layers and no energy, the third none."""

    def __init__(self) -> None:
        super().__init__()
        run = self.runs["faces"]
        own = frozenset({Capability.SAMPLE, Capability.FILTERS, Capability.ENERGY})
        self._put(replace(run, family="rbm", capabilities=own))
        for run_id, has in (("stack", own - {Capability.ENERGY}), ("vae", run.capabilities)):
            self._put(replace(run, run_id=run_id, name=run_id, capabilities=has))

    def _answers(self, ask: rq.Ask) -> Iterator[rs.Answer]:
        if not isinstance(ask.question, rq.LookAtFilters):
            yield from super()._answers(ask)
            return
        stages = answers(ask.run_id == "stack", ask.question)
        for i, value in enumerate(stages):
            last = i == len(stages) - 1
            yield rs.Answer(ask.job, ask.slot, ask.run_id, self.runs[ask.run_id].step, value, None, last)


def answers(stack: bool, question: rq.LookAtFilters) -> list[rs.Filters]:
    """Unit u is excited by picture p to (7 u + 13 p) mod 101 percent."""
    filters = np.random.default_rng(0).standard_normal((UNITS, SIDE, SIDE)).astype(np.float32)
    filters *= (1 + np.arange(UNITS) % 10)[:, None, None]
    hidden = ((7 * np.arange(UNITS) + 13 * np.arange(N)[:, None]) % 101 / 100).astype(np.float32)
    x = np.arange(N, dtype=np.uint8)[:, None, None, None] * np.full((1, SIDE, SIDE, 1), 12, np.uint8)
    names = ("held-out", "training", "dreams", "noise")
    first = rs.Filters(filters, (200, 100) if stack else (UNITS,), x, hidden, () if stack else names)
    if stack:
        return [first]
    spread = np.linspace(-3, 3, N, dtype=np.float32)
    energies = np.stack([spread - 60, spread - 61, spread - 90, spread + 300]) + question.seed
    known = replace(first, energies=energies)
    return [first, known, replace(known, log_z=75.0, log_z_error=0.2)] if question.estimate else [first, known]


class Rig:
    """The panel and its inspector; answers come when the test drains the engine."""

    def __init__(self) -> None:
        self.engine = FiltersEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel = FiltersPanel(self.bridge, self.undo)
        self.panel.resize(850, 560)
        self.panel.show()
        self.inspector: Any = self.panel.inspector()
        self.drain()

    @property
    def board(self) -> Any:
        return self.panel.board

    @property
    def state(self) -> FiltersState:
        return self.panel.session.state

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.drain()

    def drain(self) -> None:
        for _ in range(6):
            self.bridge.drain()
            QApplication.processEvents()

    def asked(self) -> list[Any]:
        found = (a.question for a in self.engine.submitted if isinstance(a, rq.Ask))
        return [q for q in found if isinstance(q, rq.LookAtFilters)]

    def text(self, name: str) -> str:
        values: tuple[str, ...] = self.inspector.figures.text(name)
        return values[0] if values else ""


@pytest.fixture
def rig(qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    made = Rig()
    yield made
    made.panel.deactivate()
    made.bridge.stop()
    made.panel.close()


@pytest.fixture
def rbm(rig: Rig) -> Rig:
    rig.select("faces")
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == EMPTY
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}
    assert "no filters" in rig.panel.closed_because(rig.bridge.runs["vae"])


def test_the_units_that_the_picture_excites_come_first(rbm: Rig) -> None:
    wall, found = rbm.board.wall, rbm.panel.session.found
    assert rbm.board.isVisible()
    assert rbm.asked() == [rq.LookAtFilters(FULL, True)]
    shown = (found.hidden[0] - found.hidden.mean(0))[wall.units]
    assert len(shown) > 20
    assert (np.diff(shown) <= 0).all()
    assert shown[0] == (found.hidden[0] - found.hidden.mean(0)).max(), "more than other pictures do"
    assert wall.grid._captions[0] == f"{found.hidden[0][wall.units[0]]:.0%}"
    assert wall.pages.text() == f"1–{len(shown)} of {UNITS}"
    assert wall.grid.selected == 0, "the first of them is looked at"
    assert f"Unit {wall.units[0] + 1} of {UNITS}" in rbm.board.unit_title.text()


def test_filters_are_red_where_pixels_excite_and_blue_where_they_silence(rbm: Rig) -> None:
    wall, found = rbm.board.wall, rbm.panel.session.found
    drawn, weights = wall.grid.images[3].astype(int), found.filters[wall.units[3]]
    place = np.unravel_index(weights.argmax(), weights.shape)
    low = np.unravel_index(weights.argmin(), weights.shape)
    assert drawn[place][0] > drawn[place][2] + 80
    assert drawn[low][2] > drawn[low][0] + 80


def test_orders_layers_and_pages(rig: Rig) -> None:
    rig.select("stack")
    wall, found = rig.board.wall, rig.panel.session.found
    size = wall.capacity()
    QTest.keyClick(rig.panel, Qt.Key.Key_O)
    assert rig.state.order == "often"
    often = found.hidden.mean(0)[wall.units]
    assert (np.diff(often) <= 1e-6).all()
    wall.order("strong")
    assert (np.diff(np.abs(found.filters).mean((1, 2))[wall.units]) <= 1e-6).all()
    wall.order("number")
    assert wall.units.tolist() == list(range(wall.capacity())), "without captions more fit"
    wall.later.click()
    assert wall.units[0] == wall.capacity() >= size
    assert wall.earlier.isEnabled()
    wall.earlier.click()
    wall.layers.click()
    assert wall.units[0] == 200
    assert wall.layers.text() == "layer 2 of 2"
    assert "Layer 2, unit 1 of 100" in rig.board.unit_title.text()
    assert "through the layers below" in rig.board.unit_words.text()
    assert len(rig.board.cells.values) == 100
    for _ in range(6):
        rig.undo.undo()
    assert rig.state == FiltersState()


def test_the_last_page_is_short_and_there_is_none_after_it(rbm: Rig) -> None:
    wall = rbm.board.wall
    wall.order("number")
    for _ in range(40):
        wall.turn(1)
    assert wall.units[-1] == UNITS - 1
    assert not wall.later.isEnabled()
    rbm.panel.resize(1400, 900)
    QApplication.processEvents()
    assert wall.units[-1] == UNITS - 1, "a larger window shows more before it"


def test_a_filter_shows_what_excites_it(rbm: Rig) -> None:
    wall, found = rbm.board.wall, rbm.panel.session.found
    QTest.mouseClick(wall.grid, LEFT, NONE, wall.grid.cell_rect(5).center().toPoint())
    unit = int(wall.units[5])
    assert rbm.state.unit == unit
    assert f"Unit {unit + 1} of {UNITS}" in rbm.board.unit_title.text()
    np.testing.assert_array_equal(rbm.board.heat._values, found.filters[unit])
    top = np.argsort(-found.hidden[:, unit], kind="stable")[:6]
    np.testing.assert_array_equal(rbm.board.top.images, found.x[top])
    assert rbm.board.top._captions[0] == f"{found.hidden[top[0], unit]:.0%}"
    assert f"{found.hidden[:, unit].mean():.0%} of held-out" in rbm.board.unit_words.text()
    rbm.board.top.clicked.emit(1)
    assert rbm.state.picture == top[1]


def test_a_picture_shows_what_it_excites(rbm: Rig) -> None:
    board, found = rbm.board, rbm.panel.session.found
    QTest.mouseClick(board.choice, LEFT, NONE, board.choice.cell_rect(4).center().toPoint())
    assert rbm.state.picture == 4
    np.testing.assert_array_equal(board.picture.image, found.x[4])
    np.testing.assert_array_equal(board.cells.values, found.hidden[4])
    assert f"{(found.hidden[4] > 0.5).sum()} of {UNITS} units on" in board.picture_words.text()
    assert "free energy −60" not in board.picture_words.text()
    assert f"{found.energies[0, 4]:.1f}".replace("-", "−") in board.picture_words.text()
    assert board.energies.marked == pytest.approx(float(found.energies[0, 4]))
    more = found.hidden[4] - found.hidden.mean(0)
    assert more[board.wall.units[0]] == more.max(), "the wall follows"


def test_cells_are_chosen_by_mouse_and_keys(rbm: Rig) -> None:
    cells = rbm.board.cells
    QTest.mouseClick(cells, LEFT, NONE, cells.cell(17).center().toPoint())
    assert rbm.state.unit == 17
    QTest.keyClick(cells, Qt.Key.Key_Right)
    QTest.keyClick(cells, Qt.Key.Key_Down)
    assert rbm.state.unit == 18 + cells.layout_of_cells()[0]
    assert cells.cell(UNITS - 1).bottom() <= cells.height() + 1, "all of them are in sight"
    assert cells.unit_at(cells.cell(UNITS - 1).center()) == UNITS - 1
    QTest.mouseMove(cells, cells.cell(3).center().toPoint())
    assert cells.toolTip() == f"unit 4: on with {cells.values[3]:.0%}"
    cells.grab()


def test_energies_are_told_in_words_and_figures(rbm: Rig) -> None:
    assert rbm.text("held-out") == "−60.0 ± 0.4 nats"
    assert rbm.text("log Z") == "75.0 ± 0.2"
    assert rbm.text("held-out −log p") == "15.0 ± 0.5 nats"
    said = rbm.inspector.meaning.text()
    assert "about as probable as training" in said
    assert "30 nats lower than data: more typical" in said
    assert "annealed importance sampling" in rbm.inspector.note.text()
    axis = rbm.board.energies.axis()
    assert axis.high < 0, "noise lies beyond the end"
    rbm.board.energies.grab()
    QTest.mouseClick(rbm.board.energies, LEFT, NONE, rbm.board.energies.rect().center())
    assert rbm.board.energies.row == -1, "there is nothing to choose"


@pytest.mark.parametrize(
    ("held", "seen", "dreams", "words_"),
    [(0.0, -40.0, 0.0, "40 nats ahead"), (0.0, 0.0, 0.1, "as probable as data"), (0.0, 0.0, 50.0, "not settled")],
)
def test_words_follow_the_energies(held: float, seen: float, dreams: float, words_: str) -> None:
    found = answers(False, rq.LookAtFilters())[-1]
    spread = np.linspace(-1, 1, N, dtype=np.float32)
    energies = np.stack([held + spread, seen + spread, dreams + spread, 99 + spread])
    assert words_ in words.meaning(replace(found, energies=energies))


def test_a_stack_says_why_it_has_no_energy(rig: Rig) -> None:
    rig.select("stack")
    assert not rig.board.energies.isVisible()
    assert rig.board.no_energy.isVisible()
    assert "sum over all states" in rig.board.no_energy.text()
    assert not rig.inspector.meaning.text()
    assert rig.text("units") == "200 + 100"
    assert rig.text("log Z") == ""


def test_while_it_trains_less_is_asked_and_no_estimate(rbm: Rig) -> None:
    rbm.panel.set_run(replace(rbm.bridge.runs["faces"], status="training"))
    rbm.drain()
    assert rbm.asked()[-1] == rq.LookAtFilters(LIVE, False)


def test_a_recipe_brings_the_view_back(rbm: Rig) -> None:
    rbm.board.wall.order("number")
    rbm.board.wall.turn(1)
    rbm.board._choose(3)
    state = rbm.panel.state()
    rbm.panel.restore(FiltersState().to_plain())
    assert rbm.state == FiltersState()
    rbm.panel.restore(state, rq.LookAtFilters(seed=5))
    assert rbm.state == replace(FiltersState.from_plain(state, FiltersState()), seed=5)
    rbm.drain()
    assert rbm.asked()[-1].seed == 5
    damaged = {"layer": -3, "order": "none", "first": "x", "unit": True, "picture": 1e9, "seed": None}
    assert FiltersState.from_plain(damaged, FiltersState()) == FiltersState()
    assert FiltersState.from_plain(7, FiltersState(unit=2)) == FiltersState(unit=2)


def test_the_filters_on_show_can_be_exported(rbm: Rig) -> None:
    exhibit = rbm.panel.exhibit()
    assert exhibit is not None
    assert exhibit.by_window
    np.testing.assert_array_equal(exhibit.x, rbm.board.wall.grid.images)
    assert exhibit.columns == rbm.board.wall.grid.layout_columns()
    assert exhibit.arrays["filters"].shape == (UNITS, SIDE, SIDE)
    assert exhibit.question == rq.LookAtFilters(FULL, True)
