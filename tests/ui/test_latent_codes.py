"""The Codes view of the Latent panel, for models that quantise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.fake_engine import FakeEngine
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.panels.latent import LatentPanel
from genplay.ui.views.tiles import Tiles

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SIZE, ROWS, COLUMNS = 10, 4, 2  # codes of 2 numbers at 8 places: the 16 of the fake engine


class CodesEngine(FakeEngine):
    """A fake engine whose first run has a codebook of ten vectors on a circle, the later ones used less."""

    def __init__(self) -> None:
        super().__init__()
        run = self.runs["faces"]
        self._put(replace(run, family="vqvae", capabilities=run.capabilities | {Capability.CODES}))

    def _answers(self, ask: rq.Ask) -> Iterator[rs.Answer]:
        if isinstance(ask.question, rq.LookAtCodebook):
            yield rs.Answer(ask.job, ask.slot, ask.run_id, self.runs[ask.run_id].step, codebook())
        else:
            for answer in super()._answers(ask):
                map_ = isinstance(answer.value, rs.LatentMap) and ask.run_id == "faces"
                yield replace(answer, value=replace(answer.value, certain=True)) if map_ else answer


def codebook() -> rs.Codebook:
    angle = np.arange(SIZE) * 2 * np.pi / SIZE
    usage = np.arange(SIZE, 0, -1, dtype=np.float32)
    usage[-1] = 0
    usage /= usage.sum()
    x = np.broadcast_to((np.arange(SIZE) * 20).astype(np.uint8)[:, None, None, None], (SIZE, 4, 8, 3)).copy()
    where = np.broadcast_to(usage[:, None, None], (SIZE, ROWS, COLUMNS)).copy()
    vectors = np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    return rs.Codebook(vectors, x, usage, where, 7.4, 500)


class Rig:
    """A Latent panel on that engine, with the codes in sight."""

    def __init__(self) -> None:
        self.engine = CodesEngine()
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
        self.panel.stage.views.buttons["codes"].click()
        self.drain()

    @property
    def part(self) -> Any:
        return self.panel.stage.codes

    @property
    def z(self) -> np.ndarray:
        return np.asarray(self.panel.session.state.z)

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])

    def drain(self) -> None:
        for _ in range(3):
            self.bridge.drain()
            QApplication.processEvents()

    def close(self) -> None:
        self.panel.deactivate()
        self.bridge.stop()
        self.panel.close()


@pytest.fixture
def rig(qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    made = Rig()
    yield made
    made.close()


def click(tiles: Tiles, index: int) -> None:
    QTest.mouseClick(tiles, LEFT, NONE, tiles.tile_rect(index).center().toPoint())


def test_the_map_has_the_nearest_code_at_each_place(rig: Rig) -> None:
    part, book = rig.part, codebook()
    assert part.map.count == ROWS * COLUMNS
    assert part.map.columns == COLUMNS
    away = np.square(rig.z.reshape(-1, 1, 2) - book.vectors).sum(-1)
    assert part.codes().tolist() == away.argmin(1).tolist()
    assert part.codebook.count == SIZE
    assert part.order.tolist() == list(range(SIZE))
    assert part.summary.text() == "9 of 10 codes used, perplexity 7"


def test_a_new_run_begins_with_held_out_data(rig: Rig) -> None:
    assert rig.panel.session.map is not None
    np.testing.assert_array_equal(rig.z, rig.panel.session.map.codes[0])


def test_variances_are_not_called_kl(rig: Rig) -> None:
    inspector = rig.panel.inspector()
    assert inspector.bars.heading.text() == "VARIANCE BY DIMENSION"
    assert "no KL" in inspector.bars.verdict.text()
    assert "  σ² " in inspector.sliders.rows[0].label.text()
    rig.select("plain")
    rig.drain()
    assert inspector.bars.heading.text() == "KL BY DIMENSION"
    assert "  KL " in inspector.sliders.rows[0].label.text()


def test_a_swapped_code_is_decoded_and_undone(rig: Rig) -> None:
    before, shown = rig.z.copy(), rig.panel.picture.picture.image
    codes = rig.part.codes().copy()
    click(rig.part.map, 3)
    assert rig.part.place == 3
    other = (int(codes[3]) + 5) % SIZE
    click(rig.part.codebook, other)
    rig.drain()
    assert rig.part.codes().tolist() == [*codes[:3], other, *codes[4:]]
    np.testing.assert_allclose(rig.z[6:8], codebook().vectors[other])
    np.testing.assert_array_equal(np.delete(rig.z, [6, 7]), np.delete(before, [6, 7]))
    assert rig.part.codebook.chosen == other
    assert shown is not None
    assert rig.undo.undoText() == "swap a code"
    rig.undo.undo()
    np.testing.assert_array_equal(rig.z, before)
    assert rig.part.codes().tolist() == codes.tolist()


def test_keys_point_and_choose(rig: Rig) -> None:
    tiles = rig.part.map
    tiles._point_at(0)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(tiles, key)
    assert tiles.lit == 4  # right of the last column is the next row
    QTest.keyClick(tiles, Qt.Key.Key_Return)
    assert rig.part.place == 4
    for _ in range(9):
        QTest.keyClick(tiles, Qt.Key.Key_Down)
    assert tiles.lit == 6


def test_usage_is_a_heat_map(rig: Rig) -> None:
    rig.part.chips.buttons["usage"].click()
    assert rig.part.shown == "usage"
    assert rig.part.codebook._tile == (1, 1)
    rig.part.chips.buttons["pictures"].click()
    assert rig.part.codebook._tile == (4, 8)


def test_what_is_pointed_at_is_told(rig: Rig) -> None:
    assert "Click a place" in rig.part.about.text()
    QTest.mouseMove(rig.part.codebook, rig.part.codebook.tile_rect(9).center().toPoint())
    rig.part.codebook._point_at(9)
    assert rig.part.about.text().startswith("code 9 · 0.00% of all places")
    rig.part.codebook._point_at(-1)
    rig.part.map._point_at(5)
    assert rig.part.about.text().startswith("Row 3, column 2")


def test_the_codebook_is_looked_at_anew_when_its_weights_changed(rig: Rig) -> None:
    asked = [r for r in rig.engine.submitted if isinstance(r, rq.Ask) and isinstance(r.question, rq.LookAtCodebook)]
    assert len(asked) == 1
    rig.part.ask()
    rig.drain()
    assert rig.part._of[1] == 12431
    rig.engine._put(replace(rig.engine.runs["faces"], step=12500))
    rig.drain()
    rig.select("faces")
    rig.part.ask()
    rig.drain()
    assert rig.part._of[1] == 12500


def test_a_model_without_codes_has_no_such_view(rig: Rig) -> None:
    rig.select("plain")
    rig.drain()
    assert not rig.panel.stage.views.buttons["codes"].isVisible()
    assert rig.panel.session.state.view == "plane"
    assert rig.panel.stage.stack.currentWidget() is rig.panel.stage.plane
    rig.select("faces")
    rig.drain()
    assert rig.panel.stage.views.buttons["codes"].isVisible()
    assert rig.panel.stage.stack.currentWidget() is rig.part
    assert rig.part.map.count == 8


def test_a_restored_view_shows_the_codes(rig: Rig) -> None:
    plain = rig.panel.state()
    rig.panel.stage.views.buttons["plane"].click()
    rig.panel.restore(plain)
    rig.drain()
    assert rig.panel.stage.stack.currentWidget() is rig.part


@pytest.mark.parametrize(("n", "size"), [(1, (100, 100)), (256, (300, 400)), (10, (97, 400)), (512, (200, 200))])
def test_tiles_fit_and_are_found_where_they_are(qapp: QApplication, n: int, size: tuple[int, int]) -> None:
    tiles = Tiles()
    tiles.resize(*size)
    assert tiles.tile_at(QPointF(3, 3)) == -1
    tiles.set_tiles(np.zeros((n, 2, 2, 3), np.uint8))
    for index in {0, n // 2, n - 1}:
        place = tiles.tile_rect(index)
        assert tiles.rect().contains(place.toAlignedRect())
        assert tiles.tile_at(place.center()) == index
    tiles.close()
