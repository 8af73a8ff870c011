from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.ui.views.paint import PaintCanvas
from genplay.ui.views.paint_tools import PaintTools
from genplay.ui.views.painting import Painting, area_of, brushed, frequent_colours
from genplay.ui.views.point_pad import PointPad

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
RED = (200, 10, 20)


def halves() -> np.ndarray:
    """An 8 x 8 picture, black at the left and white at the right."""
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, 4:] = 255
    return picture


@pytest.fixture
def canvas(qtbot: QtBot) -> PaintCanvas:
    canvas = PaintCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    canvas.original = halves()
    canvas.set_painting(Painting.of(halves()))
    canvas.colour = RED
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def at(canvas: PaintCanvas, row: int, column: int) -> QPoint:
    return canvas.cell_rect((row, column)).center().toPoint()


def strokes(canvas: PaintCanvas) -> list[tuple[Painting, Painting]]:
    done: list[tuple[Painting, Painting]] = []
    canvas.stroke_done.connect(lambda before, after: done.append((before, after)))
    return done


def red_cells(canvas: PaintCanvas) -> set[tuple[int, int]]:
    assert canvas.painting is not None
    return {(int(r), int(c)) for r, c in np.argwhere((canvas.painting.picture == RED).all(axis=-1))}


def test_a_brush_leaves_no_gaps_and_is_centred() -> None:
    line = brushed((8, 8), (0, 0), (4, 7), 1)
    assert line.sum() == 8 and line[0, 0] and line[4, 7]
    assert np.argwhere(brushed((8, 8), (3, 3), (3, 3), 3)).tolist() == [[r, c] for r in (2, 3, 4) for c in (2, 3, 4)]
    assert brushed((8, 8), (-3, 2), (-3, 2), 2).sum() == 0  # outside nothing is covered


def test_fill_stays_within_an_area_of_one_colour() -> None:
    picture = halves()
    picture[:, 2] = 255  # a wall that cuts the black half in two
    assert area_of(picture, (3, 0)).sum() == 16
    assert area_of(picture, (0, 3)).sum() == 8


def test_frequent_colours_are_unlike_each_other() -> None:
    picture = halves()
    picture[0, 0] = (4, 4, 4)  # nearly black
    assert frequent_colours(picture, 8) == [(255, 255, 255), (0, 0, 0)]


def test_a_drag_paints_its_whole_way_and_is_one_stroke(canvas: PaintCanvas) -> None:
    done = strokes(canvas)
    QTest.mousePress(canvas, LEFT, NONE, at(canvas, 1, 1))
    QTest.mouseMove(canvas, at(canvas, 1, 6))
    assert not done
    QTest.mouseRelease(canvas, LEFT, NONE, at(canvas, 1, 6))
    assert red_cells(canvas) == {(1, c) for c in range(1, 7)}
    assert len(done) == 1
    assert np.array_equal(done[0][0].picture, halves())  # what was there is not painted over in place


def test_keys_paint_too(canvas: PaintCanvas) -> None:
    done = strokes(canvas)
    canvas.setFocus()
    for _ in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_2)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert red_cells(canvas) == {(r, c) for r in (0, 1, 2) for c in (2, 3)}
    assert len(done) == 1


def test_eraser_brings_back_the_original_and_an_idle_stroke_is_none(canvas: PaintCanvas) -> None:
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 2, 2))
    canvas.tool = "eraser"
    done = strokes(canvas)
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 2, 2))
    assert canvas.painting is not None and np.array_equal(canvas.painting.picture, halves())
    assert len(done) == 1
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 2, 2))
    assert len(done) == 1


def test_the_mask_is_painted_without_touching_the_picture(canvas: PaintCanvas) -> None:
    canvas.layer, canvas.tool = "mask", "fill"
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 5, 1))
    assert canvas.painting is not None and canvas.painting.masked
    assert canvas.painting.mask[:, :4].all() and not canvas.painting.mask[:, 4:].any()
    assert np.array_equal(canvas.painting.picture, halves())
    veiled = canvas.grab().toImage().pixelColor(at(canvas, 5, 1))
    assert veiled.blue() > 60  # the mask shows on black
    canvas.clear()
    assert not canvas.painting.masked


def test_the_right_button_picks_a_colour_up(canvas: PaintCanvas) -> None:
    tools = PaintTools(canvas)
    tools.offer(Painting.of(halves()))
    QTest.mouseClick(canvas, RIGHT, NONE, at(canvas, 0, 7))
    assert canvas.colour == (255, 255, 255)
    assert tools.swatches.colour == (255, 255, 255)


def test_tools_set_the_canvas_up(canvas: PaintCanvas, qtbot: QtBot) -> None:
    tools = PaintTools(canvas)
    qtbot.addWidget(tools)
    tools.offer(Painting.of(halves()))
    tools.show()
    tools.tools.buttons["fill"].click()
    tools.sizes.buttons["3"].click()
    tools.layers.buttons["mask"].click()
    assert (canvas.tool, canvas.size_px, canvas.layer) == ("fill", 3, "mask")
    assert not tools.swatches.isVisible()  # a mask has no colour
    tools.layers.buttons["picture"].click()
    QTest.mouseClick(tools.swatches, LEFT, NONE, tools.swatches._rect(1).center().toPoint())
    assert canvas.colour == tools.swatches.colours[1]


def test_grey_pictures_are_painted_in_greys(canvas: PaintCanvas) -> None:
    tools = PaintTools(canvas)
    grey = Painting.of(halves()[..., :1].copy())
    canvas.set_painting(grey)
    tools.offer(grey)
    assert all(len(colour) == 1 for colour in tools.swatches.colours)
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 0, 0))
    assert canvas.painting is not None and canvas.painting.picture.shape == (8, 8, 1)


def test_points_are_placed_taken_away_and_drawn_by_dragging(qtbot: QtBot) -> None:
    pad = PointPad()
    qtbot.addWidget(pad)
    pad.resize(200, 200)
    pad.fit(-1, -1, 1, 1, margin=0.0)
    pad.show()
    qtbot.waitExposed(pad)
    seen: list[int] = []
    pad.placed_changed.connect(lambda points: seen.append(len(points)))
    QTest.mouseClick(pad, LEFT, NONE, QPoint(150, 50))
    assert pad.placed[0] == pytest.approx([0.5, 0.5], abs=0.02)
    QTest.mousePress(pad, LEFT, NONE, QPoint(20, 180))
    for x in range(25, 81, 5):
        QTest.mouseMove(pad, QPoint(x, 180))
    QTest.mouseRelease(pad, LEFT, NONE, QPoint(80, 180))
    assert len(pad.placed) == 1 + 7 and seen == [1, 8]
    QTest.mouseClick(pad, LEFT, NONE, QPoint(151, 50))
    assert len(pad.placed) == 7
    pad.setFocus()
    QTest.keyClick(pad, Qt.Key.Key_Left)
    QTest.keyClick(pad, Qt.Key.Key_Space)
    assert pad.placed[-1] == pytest.approx([0.0, 0.0], abs=1e-6)
