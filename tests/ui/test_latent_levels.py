"""The Levels view of the Latent panel, for models whose codes have levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.fake_engine import FakeEngine, decode
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.latent.levels_part import COLUMNS, LevelGrid, LevelsPart, by_level
from genplay.ui.panels.latent import LatentPanel

SIZES = (2, 4, 10)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class LevelsEngine(FakeEngine):
    """A fake engine whose first run has codes of three levels, while the later ones have not."""

    def __init__(self) -> None:
        super().__init__()
        run = self.runs["faces"]
        self._put(replace(run, family="hierarchical_vae", capabilities=run.capabilities | {Capability.LEVELS}))

    def _answers(self, ask: rq.Ask) -> Iterator[rs.Answer]:
        if isinstance(ask.question, rq.RedrawLevels):
            run = self.runs[ask.run_id]
            yield rs.Answer(ask.job, ask.slot, ask.run_id, run.step, redrawn(run, ask.question), digest=run.digest)
        else:
            yield from super()._answers(ask)


def redrawn(run: rs.RunState, question: rq.RedrawLevels) -> rs.Levels:
    rng = np.random.default_rng(question.seed)
    z = np.tile(question.z, (3, question.columns, 1))
    for row, start in enumerate((0, 2, 6)):
        stop = 16 if question.below else start + SIZES[row]
        z[row, :, start:stop] = rng.standard_normal((question.columns, stop - start))
    z = z.reshape(-1, 16).astype(np.float32)
    change = np.array([0.3, 0.1, 0.02], np.float32)
    return rs.Levels(decode(run, z), z, SIZES, change, np.tile(change[:, None, None], (1, 16, 16)))


class Rig:
    """A Latent panel on that engine, with the levels in sight."""

    def __init__(self) -> None:
        self.engine = LevelsEngine()
        self.engine.submit(rq.CreateRun("plain", "Plain", "vae", "faces16"))
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel = LatentPanel(self.bridge, self.undo)
        self.panel.resize(900, 560)
        self.panel.show()
        self.drain()
        self.select("faces")
        self.panel.activate()
        self.drain()
        self.panel.stage.views.buttons["levels"].click()
        self.settle()

    @property
    def part(self) -> LevelsPart:
        return self.panel.stage.levels

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])

    def settle(self) -> None:
        """Ask now what would be asked in a moment."""
        if self.part._later.isActive():
            self.part._later.stop()
            self.part.ask()
        self.drain()

    def drain(self) -> None:
        for _ in range(3):
            self.bridge.drain()
            QApplication.processEvents()

    def questions(self) -> list[rq.RedrawLevels]:
        asked = (r.question for r in self.engine.submitted if isinstance(r, rq.Ask))
        return [q for q in asked if isinstance(q, rq.RedrawLevels)]


@pytest.fixture
def rig(qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    made = Rig()
    yield made
    made.panel.deactivate()
    made.bridge.stop()
    made.panel.close()


def test_each_level_has_a_row_that_says_what_it_carries(rig: Rig) -> None:
    heads = rig.part.grid.heads
    assert [head.name for head in heads] == ["Level 1", "Level 2", "Level 3"]
    assert [head.change for head in heads] == pytest.approx([0.3, 0.1, 0.02])
    kl = rig.panel.session.kl
    assert kl is not None
    assert [head.kl for head in heads] == pytest.approx([kl[:2].sum(), kl[2:6].sum(), kl[6:].sum()])
    assert "Level 1: changes 30%" in rig.part.grid.accessibleDescription()
    assert rig.part.about.text().startswith("Click a picture")


def test_a_click_holds_a_picture_and_is_undone(rig: Rig) -> None:
    before, wanted = rig.panel.session.state.z.copy(), rig.part.answer
    assert wanted is not None
    QTest.mouseClick(rig.part.grid, LEFT, NONE, rig.part.grid.cell_rect(1, 3).center().toPoint())
    np.testing.assert_array_equal(rig.panel.session.state.z, wanted.value.z[COLUMNS + 3])
    assert rig.undo.undoText() == "hold a redraw"
    rig.settle()
    np.testing.assert_array_equal(rig.questions()[-1].z, wanted.value.z[COLUMNS + 3])
    rig.undo.undo()
    np.testing.assert_array_equal(rig.panel.session.state.z, before)


def test_levels_can_be_redrawn_with_all_below(rig: Rig) -> None:
    rig.part.chips.buttons["below"].click()
    rig.drain()
    assert rig.questions()[-1].below
    assert [head.name for head in rig.part.grid.heads] == ["Levels 1–3", "Levels 2–3", "Level 3"]
    rig.part.grid._point_at((1, 0))
    assert rig.part.about.text().startswith("Levels 2–3 · 14 numbers · KL")
    rig.part.chips.buttons["alone"].click()
    rig.part.grid._point_at((2, 0))
    rig.drain()
    assert rig.part.about.text().startswith("Level 3 · 10 numbers")


def test_redraw_draws_others_around_the_same_code(rig: Rig) -> None:
    assert rig.part.answer is not None
    first = rig.part.answer.value.z
    rig.part.dice.click()
    rig.drain()
    assert [q.seed for q in rig.questions()[-2:]] == [0, 1]
    assert not np.array_equal(rig.part.answer.value.z, first)
    np.testing.assert_array_equal(rig.questions()[-1].z, rig.questions()[-2].z)


def test_keys_choose_and_hold(rig: Rig) -> None:
    grid = rig.part.grid
    assert rig.part.answer is not None
    wanted = rig.part.answer.value.z[2 * COLUMNS + 1]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(grid, key)
    assert grid.hover == (2, 2)
    QTest.keyClick(grid, Qt.Key.Key_Left)
    QTest.keyClick(grid, Qt.Key.Key_Return)
    np.testing.assert_array_equal(rig.panel.session.state.z, wanted)


def test_a_model_with_one_level_has_no_such_view(rig: Rig) -> None:
    rig.select("plain")
    rig.drain()
    assert not rig.panel.stage.views.buttons["levels"].isVisible()
    assert rig.panel.session.state.view == "plane"
    rig.select("faces")
    rig.settle()
    assert rig.panel.stage.stack.currentWidget() is rig.part
    assert len(rig.part.grid.heads) == 3


def test_what_is_in_sight_is_exported_and_restored(rig: Rig) -> None:
    exhibit = rig.panel.exhibit()
    assert exhibit is not None
    assert isinstance(exhibit.question, rq.RedrawLevels)
    assert exhibit.x.shape == (3 * COLUMNS, 16, 16, 3)
    rig.panel.stage.views.buttons["plane"].click()
    rig.panel.restore({}, exhibit.question)
    rig.settle()
    assert rig.panel.stage.stack.currentWidget() is rig.part
    np.testing.assert_array_equal(rig.panel.session.state.z, exhibit.question.z)


def test_free_bits_of_a_level_are_not_drawn_as_those_of_a_dimension(rig: Rig) -> None:
    rig.engine._put(replace(rig.engine.runs["faces"], config={"free_bits": 4.0}))
    rig.drain()
    rig.select("faces")
    rig.panel.inspector().bars.draw()  # type: ignore[attr-defined]
    assert rig.panel.inspector().bars.chart._threshold_label == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(300, 100), (480, 260), (900, 700)])
def test_cells_fit_and_are_found_where_they_are(rig: Rig, size: tuple[int, int]) -> None:
    assert rig.part.answer is not None
    grid = LevelGrid()
    grid.resize(*size)
    grid.set_rows(rig.part.answer.value, rig.part.grid.heads)
    for row in range(3):
        for column in range(COLUMNS):
            assert grid.cell_at(grid.cell_rect(row, column).center()) == (row, column)
    assert grid.rect().contains(grid.cell_rect(2, COLUMNS).toAlignedRect())
    grid.grab()
    grid.close()


def test_kl_is_summed_only_where_it_is_that_of_the_code() -> None:
    assert by_level(None, (1, 2)) == (None, None)
    assert by_level(np.ones(4), (1, 2)) == (None, None)
    assert by_level(np.array([1.0, 2.0, 4.0]), (1, 2)) == (1.0, 6.0)


def test_bars_of_a_very_long_code_are_the_largest(rig: Rig) -> None:
    bars, session = rig.panel.inspector().bars, rig.panel.session  # type: ignore[attr-defined]
    session.kl = np.linspace(0, 1, 768, dtype=np.float32)
    session.order = np.argsort(-session.kl)
    bars.draw()
    assert len(bars.chart.values) == 96
    assert bars.chart.values[0] == 1
    assert min(bars.chart.values) > 0.8


def test_codes_of_a_shape_of_their_own_are_drawn_from_data(rig: Rig) -> None:
    rig.engine._put(replace(rig.engine.runs["faces"], config={"prior": "ring"}))
    rig.drain()
    rig.select("faces")
    assert rig.panel.session.map is not None
    rig.panel.inspector().draw()  # type: ignore[attr-defined]
    state = rig.panel.session.state
    assert state.seed is None
    assert np.abs(rig.panel.session.map.codes - state.z).max(1).min() == 0


def test_the_kl_that_a_model_tells_by_level_is_preferred(rig: Rig) -> None:
    run = rig.engine.runs["faces"]
    rig.engine._put(replace(run, vectors={**run.vectors, "kl by level": np.array([10.0, 5.0, 1.0], np.float32)}))
    rig.drain()
    rig.select("faces")
    assert [head.kl for head in rig.part.heads()] == [10.0, 5.0, 1.0]
    rig.part.chips.buttons["below"].click()
    rig.drain()
    assert [head.kl for head in rig.part.heads()] == [16.0, 6.0, 1.0]
