"""What the Painting panel is made of: sharpening, bars, the canvas, and the state that undo keeps."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract import results as rs
from genplay.contract.fake_engine import FACES
from genplay.ui.painting.canvas import PixelCanvas
from genplay.ui.painting.colour_bars import ROW, ColourBars, Distribution
from genplay.ui.painting.level_bars import LevelBars
from genplay.ui.painting.sharpening import bits, entropy, sharpened
from genplay.ui.painting.state import PaintState, after, blank, first
from genplay.ui.painting.variants_part import hatched
from genplay.ui.views.painting import Painting

LEFT = Qt.MouseButton.LeftButton
RUN = rs.RunState("a", "a", "autoregressive", "faces16", "Faces", FACES, "ready")


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [0, 1, 3, 50])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.3, 0.0])
def test_the_bars_are_sharpened_as_pixels_are_when_they_are_drawn(temperature: float, top_k: int, top_p: float) -> None:
    torch = pytest.importorskip("torch")
    from genplay.nn.sampling import sharpened as drawn_from

    logits = np.random.default_rng(0).normal(0, 2, (3, 20)).astype(np.float32)
    probs = torch.from_numpy(logits).double().softmax(-1)
    wanted = drawn_from(torch.from_numpy(logits), temperature, top_k, top_p).numpy()
    assert np.allclose(sharpened(probs.numpy(), temperature, top_k, top_p), wanted, atol=1e-5)


def test_an_impossible_value_stays_so_at_every_temperature() -> None:
    for temperature in (0.0, 0.3, 3.0):
        kept = sharpened(np.array([0.6, 0.4, 0.0]), temperature)
        assert kept[2] == 0
        assert kept.sum() == pytest.approx(1)


def test_surprise_and_entropy_in_bits() -> None:
    probs = np.array([0.5, 0.25, 0.25])
    assert bits(0.25) == 2
    assert entropy(probs) == pytest.approx(sum(p * bits(p) for p in probs))


# ---- bars


def palette(v: int, drawn: int) -> Distribution:
    probs = np.arange(v, 0, -1) / np.arange(1, v + 1).sum()
    swatches = np.random.default_rng(1).integers(0, 256, (v, 3)).astype(np.uint8)
    return Distribution(probs, sharpened(probs, top_k=4), swatches, drawn)


def test_the_likeliest_colours_come_first_and_the_one_drawn_is_always_there(qtbot: QtBot) -> None:
    bars = ColourBars()
    qtbot.addWidget(bars)
    bars.resize(260, 8 * ROW)
    bars.set_distribution(palette(30, 25))
    assert bars.rows == (0, 1, 2, 3, 4, 5, 25)
    bars.set_distribution(palette(30, 2))
    assert bars.rows == tuple(range(7))
    assert not bars.grab().isNull()


def test_a_row_is_chosen_by_mouse_and_by_keys(qtbot: QtBot) -> None:
    bars = ColourBars()
    qtbot.addWidget(bars)
    bars.resize(260, 8 * ROW)
    bars.set_distribution(palette(30, 25))
    found: list[int] = []
    bars.clicked.connect(found.append)
    QTest.mouseClick(bars, LEFT, pos=bars.row_rect(6).center().toPoint())
    QTest.keyClick(bars, Qt.Key.Key_Down)
    QTest.keyClick(bars, Qt.Key.Key_Down)
    QTest.keyClick(bars, Qt.Key.Key_Return)
    assert found == [25, 1]


def test_what_is_cut_off_is_grey(qtbot: QtBot) -> None:
    bars = ColourBars()
    qtbot.addWidget(bars)
    bars.resize(260, 8 * ROW)
    red = np.tile(np.array([255, 0, 0], np.uint8), (6, 1))
    probs = np.full(6, 1 / 6)
    bars.set_distribution(Distribution(probs, sharpened(probs, top_k=1), red))
    image = bars.grab().toImage()
    middle = 120
    kept, cut = (image.pixelColor(middle, int(bars.row_rect(i).center().y())) for i in (0, 5))
    assert kept.red() > 200
    assert cut.red() < 200 or cut.green() > 150


def test_histograms_run_from_dark_to_bright_whatever_the_order_of_values(qtbot: QtBot) -> None:
    bars = LevelBars()
    qtbot.addWidget(bars)
    bars.resize(240, 300)
    swatches = np.array([[255], [0], [128]], np.uint8)
    probs = np.array([0.2, 0.3, 0.5])
    bars.set_distributions((Distribution(probs, probs, swatches, 1, "grey"),))
    left = [bars.bar_rect(0, value).left() for value in (1, 2, 0)]
    assert left == sorted(left)
    found: list[tuple[int, int]] = []
    bars.clicked.connect(lambda part, value: found.append((part, value)))
    QTest.mouseClick(bars, LEFT, pos=bars.bar_rect(0, 0).center().toPoint())
    assert found == [(0, 0)]
    assert not bars.grab().isNull()


# ---- the canvas


@pytest.fixture
def canvas(qtbot: QtBot) -> PixelCanvas:
    canvas = PixelCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    canvas.set_painting(Painting.of(picture))
    canvas.show()
    return canvas


def at(canvas: PixelCanvas, row: int, column: int) -> QPoint:
    return canvas.cell_rect((row, column)).center().toPoint()


def test_a_click_chooses_a_place_and_arrows_move_it(canvas: PixelCanvas) -> None:
    found: list[int] = []
    canvas.chosen.connect(found.append)
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 2, 3))
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert found == [19, 20, 28]


def test_pointing_tells_places_until_the_pointer_leaves(canvas: PixelCanvas) -> None:
    found: list[int] = []
    canvas.hovered.connect(found.append)
    QTest.mouseMove(canvas, at(canvas, 1, 1))
    canvas._hover(-1)
    assert found == [9, -1]


def test_a_box_is_erased_and_a_stroke_draws_again(canvas: PixelCanvas) -> None:
    strokes: list[Painting] = []
    canvas.stroke_done.connect(lambda before, now: strokes.append(now))
    canvas.set_mode("erase")
    QTest.mousePress(canvas, LEFT, pos=at(canvas, 2, 2))
    QTest.mouseMove(canvas, at(canvas, 5, 6))
    QTest.mouseMove(canvas, at(canvas, 4, 5))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, 4, 5))
    wanted = np.zeros((8, 8), np.uint8)
    wanted[2:5, 2:6] = 1
    assert np.array_equal(strokes[0].mask, wanted)
    canvas.set_mode("paint")
    canvas.colour = (1, 2, 3)
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 3, 3))
    assert strokes[1].picture[3, 3].tolist() == [1, 2, 3]
    assert strokes[1].mask[3, 3] == 0
    assert strokes[1].mask.sum() == wanted.sum() - 1


def test_keys_erase_a_box_too(canvas: PixelCanvas) -> None:
    strokes: list[Painting] = []
    canvas.stroke_done.connect(lambda before, now: strokes.append(now))
    canvas.set_mode("erase")
    canvas.set_place(9)
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert np.flatnonzero(strokes[-1].mask).tolist() == [9, 10, 17, 18]


def test_what_is_not_drawn_is_hatched_and_never_shows_its_colour(canvas: PixelCanvas) -> None:
    picture = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    mask = np.zeros((8, 8), np.uint8)
    mask[4:] = 1
    canvas.set_painting(Painting(picture, mask))
    image = canvas.grab().toImage()
    place = canvas.picture_rect()
    x = int(place.center().x()) + 5
    above, below = (image.pixelColor(x, int(place.top() + share * place.height())) for share in (0.3, 0.8))
    assert (above.red(), above.green()) == (255, 0)
    assert abs(below.red() - below.green()) < 40


def test_variants_hide_what_is_missing() -> None:
    x = np.full((2, 4, 4, 3), 200, np.uint8)
    missing = np.zeros((4, 4), bool)
    missing[2:] = True
    shown = hatched(x, missing)
    assert (shown[:, :2] == 200).all()
    assert (shown[:, 2:] != 200).any()
    assert hatched(x, ~np.ones((4, 4), bool)) is x


# ---- the state


def test_a_state_comes_back_from_plain_values() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    mask = after((16, 16), 99).astype(np.uint8)
    state = PaintState(painting=Painting(picture, mask), place=7, mode="erase", heat=True, title="mine")
    state = state.asking(seed=5, count=3, condition=(1, 0, 2))
    again = PaintState.from_plain(state.to_plain(), RUN, None, first(RUN))
    assert again.painting is not None
    assert again.painting.same(Painting(picture, mask))
    assert (again.place, again.mode, again.heat, again.title) == (7, "erase", True, "mine")
    assert (again.wish.seed, again.wish.count, again.wish.condition) == (5, 3, (1, 0, 2))


@pytest.mark.parametrize(
    "plain",
    [None, [], {"picture": "?"}, {"place": 1e9}, {"place": True}, {"mode": 3}, {"count": 10**9}, {"condition": [99]}],
)
def test_damaged_plain_values_leave_the_state_as_it_was(plain: object) -> None:
    start = first(RUN)
    again = PaintState.from_plain(plain, RUN, None, start)
    assert again.painting is start.painting
    assert again.place == start.place
    assert again.mode == start.mode
    assert 1 <= again.wish.count <= 16


def test_at_first_nothing_is_drawn() -> None:
    assert blank(FACES).mask.all()
    assert first(RUN).painting is not None
