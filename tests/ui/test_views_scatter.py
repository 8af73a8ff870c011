from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genplay.ui.views import pixels
from genplay.ui.views.palette import category
from genplay.ui.views.scatter import Scatter, splat

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def plane(qtbot: QtBot) -> Scatter:
    plane = Scatter()
    qtbot.addWidget(plane)
    plane.resize(400, 300)
    plane.show()
    qtbot.waitExposed(plane)
    plane.fit(-1, -1, 1, 1, margin=0)
    return plane


def at(plane: Scatter, x: float, y: float) -> QPoint:
    return plane.to_view(x, y).toPoint()


def colour_at(plane: Scatter, x: float, y: float) -> tuple[int, ...]:
    spot = at(plane, x, y)
    return tuple(int(v) for v in pixels.to_pixels(plane.grab().toImage())[spot.y(), spot.x()])


def test_axes_are_equal_and_up_is_up(plane: Scatter) -> None:
    assert plane.to_view(0, 0) == QPointF(200, 150)
    assert plane.to_view(1, 0) == QPointF(350, 150)
    assert plane.to_view(0, 1) == QPointF(200, 0)
    assert plane.to_data(plane.to_view(0.3, -0.7)) == pytest.approx((0.3, -0.7))


def test_points_are_drawn_in_the_colour_of_their_category(plane: Scatter) -> None:
    points = np.array([[0.5, 0.5], [-0.5, 0.5], [0.5, -0.5]])
    plane.set_layer("a", points, categories=np.array([0, 1, 9]), names=("x", "y"), size=12, opacity=1.0)
    for (x, y), tint in zip(points[:2], (category(0), category(1))):
        assert colour_at(plane, x, y) == (tint.red(), tint.green(), tint.blue())
    assert [name for name, _ in plane.legend()] == ["x", "y"]
    plane.show_layer("a", False)
    assert colour_at(plane, 0.5, 0.5) == colour_at(plane, -0.2, 0.9)


def test_cursor_is_carried_and_only_the_overlay_is_drawn_anew(plane: Scatter, qtbot: QtBot) -> None:
    plane.set_layer("a", np.random.default_rng(0).normal(size=(500, 2)))
    plane.set_cursor(0.0, 0.0)
    plane.grab()
    static = plane._static
    told: list[tuple[float, float]] = []
    plane.cursor_moved.connect(lambda x, y: told.append((x, y)))
    with qtbot.waitSignal(plane.cursor_released) as released:
        QTest.mousePress(plane, LEFT, pos=at(plane, 0, 0))
        QTest.mouseMove(plane, at(plane, 0.2, 0.4))
        QTest.mouseMove(plane, at(plane, 0.4, -0.2))
        QTest.mouseRelease(plane, LEFT, pos=at(plane, 0.4, -0.2))
    QApplication.processEvents()
    assert told[0] == pytest.approx((0.2, 0.4))
    assert released.args == pytest.approx([0.4, -0.2])
    assert plane._static is static


def test_press_away_from_the_cursor_brings_it_there(plane: Scatter) -> None:
    plane.set_cursor(0.8, 0.8)
    told: list[tuple[float, float]] = []
    plane.cursor_moved.connect(lambda x, y: told.append((x, y)))
    QTest.mouseClick(plane, LEFT, pos=at(plane, -0.4, 0.2))
    assert told == [pytest.approx((-0.4, 0.2))]


def test_arrows_move_the_cursor(plane: Scatter) -> None:
    plane.set_cursor(0.0, 0.0)
    QTest.keyClick(plane, Qt.Key.Key_Up)
    assert plane.cursor_at == pytest.approx((0.0, 0.02))


def test_click_picks_the_nearest_point_if_near(plane: Scatter, qtbot: QtBot) -> None:
    plane.set_layer("a", np.array([[0.0, 0.0], [0.5, 0.5]]))
    with qtbot.waitSignal(plane.picked) as picked:
        QTest.mouseClick(plane, LEFT, pos=at(plane, 0.5, 0.5) + QPoint(3, 2))
    assert picked.args == [1]
    with qtbot.assertNotEmitted(plane.picked):
        QTest.mouseClick(plane, LEFT, pos=at(plane, -0.7, -0.7))


def test_hover_finds_a_point(plane: Scatter, qtbot: QtBot) -> None:
    plane.set_layer("a", np.array([[0.0, 0.0], [0.5, 0.5]]))
    with qtbot.waitSignal(plane.hovered) as hovered:
        QTest.mouseMove(plane, at(plane, 0.5, 0.5))
    assert hovered.args == [1]


def test_wheel_zooms_about_the_pointer_and_double_click_resets(plane: Scatter) -> None:
    from PySide6.QtGui import QWheelEvent

    where = plane.to_view(0.5, 0.5)
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    wheel = QWheelEvent(where, where, QPoint(), QPoint(0, 120), *none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(plane, wheel)
    assert plane.scale() == pytest.approx(150 * 1.2)
    assert plane.to_data(where) == pytest.approx((0.5, 0.5))
    QTest.mouseDClick(plane, LEFT, pos=QPoint(10, 10))
    assert plane.scale() == pytest.approx(150)


def test_middle_button_pans(plane: Scatter) -> None:
    plane.set_cursor(0.0, 0.0)
    QTest.mousePress(plane, MIDDLE, pos=QPoint(100, 100))
    QTest.mouseMove(plane, QPoint(250, 100))
    QTest.mouseRelease(plane, MIDDLE, pos=QPoint(250, 100))
    assert plane.to_data(QPointF(200, 150)) == pytest.approx((-1.0, 0.0))
    assert plane.cursor_at == (0.0, 0.0)


def test_space_and_drag_pan_but_space_alone_is_left_to_the_window(qtbot: QtBot) -> None:
    class Window(QWidget):
        spaces = 0

        def keyPressEvent(self, event: QKeyEvent) -> None:
            self.spaces += event.key() == Qt.Key.Key_Space

    window = Window()
    qtbot.addWidget(window)
    plane = Scatter(window)
    plane.resize(400, 300)
    window.show()
    plane.fit(-1, -1, 1, 1, margin=0)
    QTest.keyClick(plane, Qt.Key.Key_Space)
    assert window.spaces == 1
    QTest.keyPress(plane, Qt.Key.Key_Space)
    QTest.mousePress(plane, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(plane, QPoint(100, 250))
    QTest.mouseRelease(plane, LEFT, pos=QPoint(100, 250))
    QTest.keyRelease(plane, Qt.Key.Key_Space)
    assert window.spaces == 1
    assert plane.to_data(QPointF(200, 150)) == pytest.approx((0.0, 1.0))


def test_handles_of_a_path_move_and_click(plane: Scatter, qtbot: QtBot) -> None:
    keys = np.array([[-0.5, 0.0], [0.5, 0.0]])
    plane.set_path(keys, keys, "AB")
    with qtbot.waitSignal(plane.handle_clicked) as clicked:
        QTest.mouseClick(plane, LEFT, pos=at(plane, 0.5, 0))
    assert clicked.args == [1]
    with qtbot.waitSignal(plane.handle_released) as released:
        QTest.mousePress(plane, LEFT, pos=at(plane, -0.5, 0))
        QTest.mouseMove(plane, at(plane, -0.5, 0.4))
        QTest.mouseRelease(plane, LEFT, pos=at(plane, -0.5, 0.4))
    assert released.args == pytest.approx([0, -0.5, 0.4])


def test_splat_covers_a_disc_and_ignores_what_is_outside_or_not_a_number() -> None:
    canvas = np.zeros((40, 40, 4), np.uint8)
    x, y = np.array([20.0, -50.0, np.nan, 39.9]), np.array([20.0, 20.0, 5.0, 0.1])
    splat(canvas, x, y, np.array([[255.0, 0.0, 0.0]]), 10, 1.0)
    inked = canvas[10:30, 10:30, 0].astype(float).sum() / 255
    assert inked == pytest.approx(np.pi * 25, rel=0.08)
    assert canvas[0, 39, 0] == 255
    assert canvas[5, :30].sum() == 0
