from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from genplay.ui.views import pixels
from genplay.ui.views.heatmap import Heatmap, colours
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture import Picture

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def shown(bot: QtBot, widget: QWidget, width: int, height: int) -> None:
    bot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    bot.waitExposed(widget)


def grabbed(widget: QWidget) -> np.ndarray:
    return pixels.to_pixels(widget.grab().toImage())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [5, 16, 33])  # rows of odd length need the stride
def test_pixels_survive_the_way_to_qt_and_back(channels: int, width: int) -> None:
    x = noise(7, width, channels)
    back = pixels.to_pixels(pixels.to_qimage(x))
    np.testing.assert_array_equal(back, np.broadcast_to(x, (7, width, 3)))


def test_image_does_not_follow_its_buffer() -> None:
    x = noise(4, 4, 3)
    image, kept = pixels.to_qimage(x), x.copy()
    x[:] = 0
    np.testing.assert_array_equal(pixels.to_pixels(image), kept)


def test_picture_is_drawn_at_the_largest_whole_factor_without_smoothing(qtbot: QtBot) -> None:
    picture = Picture()
    shown(qtbot, picture, 205, 170)
    x = noise(16, 16, 3)
    picture.set_image(x)
    place = picture.picture_rect().toRect()
    assert (place.width(), place.height()) == (160, 160)
    seen = grabbed(picture)[place.top() : place.top() + 160, place.left() : place.left() + 160]
    np.testing.assert_array_equal(seen, x.repeat(10, axis=0).repeat(10, axis=1))


@pytest.mark.parametrize("side", [16, 64])
def test_a_new_picture_is_set_and_painted_well_within_a_frame(qtbot: QtBot, side: int) -> None:
    picture = Picture()
    shown(qtbot, picture, 800, 600)
    x = noise(40, side, side, 3)
    times = []
    for one in x:
        start = perf_counter()
        picture.set_image(one)
        middle = perf_counter()
        picture.repaint()
        times.append((middle - start, perf_counter() - start))
    setting, whole = (min(column) for column in zip(*times))
    assert setting < 1e-3
    assert whole < 5e-3


def test_factor_is_whole_in_device_pixels() -> None:
    for ratio in (1.0, 1.25, 1.5, 2.0):
        scale = pixels.whole_factor(300, 200, 28, 28, ratio)
        assert scale * ratio == pytest.approx(round(scale * ratio))
        assert scale * 28 <= 200
    assert pixels.whole_factor(300, 200, 28, 28, 2.0) == 7.0


def test_dragging_tells_fractions_and_shift_slows(qtbot: QtBot) -> None:
    picture = Picture(draggable=True)
    shown(qtbot, picture, 200, 100)
    picture.set_image(noise(16, 16, 3))
    told: list[object] = []
    picture.drag_started.connect(lambda: told.append("start"))
    picture.dragged.connect(lambda dx, dy: told.append((round(dx, 3), round(dy, 3))))
    picture.drag_finished.connect(lambda: told.append("end"))
    QTest.mousePress(picture, LEFT, pos=QPoint(100, 50))
    QTest.mouseMove(picture, QPoint(120, 40))
    QTest.mouseRelease(picture, LEFT, pos=QPoint(120, 40))
    assert told == ["start", (0.1, -0.1), "end"]
    told.clear()
    QTest.keyClick(picture, Qt.Key.Key_Right, SHIFT)
    assert told == ["start", (0.004, 0.0), "end"]


def test_press_without_movement_is_a_click(qtbot: QtBot) -> None:
    picture = Picture(draggable=True)
    shown(qtbot, picture, 200, 100)
    picture.set_image(noise(16, 16, 3))
    with qtbot.waitSignal(picture.clicked), qtbot.assertNotEmitted(picture.drag_started):
        QTest.mouseClick(picture, LEFT, pos=QPoint(100, 50))


def test_grid_draws_each_picture_where_it_says(qtbot: QtBot) -> None:
    grid = ImageGrid()
    shown(qtbot, grid, 300, 200)
    x = noise(10, 8, 8, 3)
    grid.set_images(x)
    seen = grabbed(grid)
    for index in range(10):
        cell = grid.cell_rect(index).toRect()
        factor = cell.width() // 8
        part = seen[cell.top() : cell.top() + cell.height(), cell.left() : cell.left() + cell.width()]
        np.testing.assert_array_equal(part, x[index].repeat(factor, axis=0).repeat(factor, axis=1))
        assert grid.index_at(QPointF(cell.center())) == index
    assert grid.index_at(QPointF(1, 1)) == -1


def test_grid_chooses_the_columns_that_show_pictures_largest(qtbot: QtBot) -> None:
    grid = ImageGrid(gap=0)
    shown(qtbot, grid, 800, 100)
    grid.set_images(noise(8, 10, 10, 3))
    assert grid.layout_columns() == 8
    grid.resize(200, 400)
    assert grid.layout_columns() == 2


def test_grid_mouse_and_keys_select(qtbot: QtBot) -> None:
    grid = ImageGrid(columns=4)
    shown(qtbot, grid, 300, 200)
    grid.set_images(noise(10, 8, 8, 3))
    clicks: list[int] = []
    grid.clicked.connect(clicks.append)
    QTest.mouseClick(grid, LEFT, pos=grid.cell_rect(5).center().toPoint())
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_End):
        QTest.keyClick(grid, key)
    assert clicks == [5, 6, 2, 2, 9]
    with qtbot.waitSignal(grid.double_clicked) as enter:
        QTest.keyClick(grid, Qt.Key.Key_Return)
    assert enter.args == [9]
    grid.set_images(noise(3, 8, 8, 3))
    assert grid.selected == -1


def test_grid_keeps_room_for_pictures_to_come(qtbot: QtBot) -> None:
    grid = ImageGrid()
    shown(qtbot, grid, 300, 200)
    grid.set_images(noise(20, 8, 8, 3))
    whole = grid.cell_rect(3)
    grid.set_images(noise(5, 8, 8, 3), slots=20)
    assert grid.cell_rect(3) == whole


def test_grid_drag_gives_the_picture_out(qtbot: QtBot) -> None:
    grid = ImageGrid()
    shown(qtbot, grid, 300, 200)
    grid.set_images(noise(4, 8, 8, 3))
    start = grid.cell_rect(1).center().toPoint()
    with qtbot.waitSignal(grid.drag_out) as out, qtbot.assertNotEmitted(grid.clicked):
        QTest.mousePress(grid, LEFT, pos=start)
        QTest.mouseMove(grid, start + QPoint(30, 0))
        QTest.mouseRelease(grid, LEFT, pos=start + QPoint(30, 0))
    assert out.args == [1]


def test_colours_run_from_dark_to_light_and_mark_what_is_not_finite() -> None:
    ramp = colours(np.linspace(0, 1, 50)[None])
    lightness = ramp[0].astype(float) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()
    assert (colours(np.array([[0.0, np.nan, 1.0]]))[0, 1] == 128).all()


def test_heat_map_reads_out_the_pixel_under_the_pointer(qtbot: QtBot) -> None:
    heat = Heatmap(unit="nats")
    shown(qtbot, heat, 200, 120)
    values = np.arange(12.0).reshape(3, 4)
    heat.set_values(values)
    place = heat.picture_rect()
    with qtbot.waitSignal(heat.hovered) as hovered:
        spot = QPointF(place.left() + 3.5 * place.width() / 4, place.top() + 1.5 * place.height() / 3)
        QTest.mouseMove(heat, spot.toPoint())
    assert hovered.args == [1, 3]
    assert heat.toolTip() == "7 nats"
    image: QImage = heat.grab().toImage()
    assert image.pixelColor(place.topLeft().toPoint() + QPoint(2, 2)) == QColor("#440154")
