from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.ui.views.curve_editor import APART, FLAT, FROM, TO, CurveEditor

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def editor(qtbot: QtBot) -> CurveEditor:
    editor = CurveEditor()
    qtbot.addWidget(editor)
    editor.resize(460, 240)
    editor.show()
    qtbot.waitExposed(editor)
    return editor


def heard(editor: CurveEditor) -> list[str]:
    said: list[str] = []
    for name in ("pressed", "moved", "released"):
        getattr(editor, name).connect(lambda n=name: said.append(n))
    return said


def move(editor: CurveEditor, at: QPointF, modifiers: Qt.KeyboardModifier = NONE) -> None:
    editor.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, at, editor.mapToGlobal(at), LEFT, LEFT, modifiers))


def drag(editor: CurveEditor, start: QPointF, *places: QPointF, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.mousePress(editor, LEFT, pos=start.toPoint())
    offset = start - QPointF(start.toPoint())
    for place in places:
        move(editor, place - offset, modifiers)
    QTest.mouseRelease(editor, LEFT, pos=places[-1].toPoint())


def test_noise_is_at_the_left_and_a_level_curve_needs_no_points(editor: CurveEditor) -> None:
    assert editor.points == ()
    assert editor.shown == FLAT
    assert editor.place(1.0, 0).x() < editor.place(0.0, 0).x()
    editor.set_curve((), (1.0, 0.0), 4.0)
    assert editor.scale_at(0.5) == 4.0


def test_a_point_is_dragged_as_one_change(editor: CurveEditor) -> None:
    editor.set_curve(((0.0, 1.0), (0.5, 1.0), (1.0, 1.0)), (1.0, 0.0), 3.0)
    said = heard(editor)
    drag(editor, editor.place(0.5, 1.0), editor.place(0.45, 1.2), editor.place(0.4, 1.5))
    assert said == ["pressed", "moved", "moved", "released"]
    t, factor = editor.points[1]
    assert t == pytest.approx(0.4, abs=0.01)
    assert factor == pytest.approx(1.5, abs=0.02)
    assert editor.points[0] == (0.0, 1.0) and editor.points[2] == (1.0, 1.0)


def test_points_never_change_places_nor_leave_the_frame(editor: CurveEditor) -> None:
    editor.set_curve(((0.0, 1.0), (0.5, 1.0), (0.8, 1.0)), (1.0, 0.0), 3.0)
    drag(editor, editor.place(0.5, 1.0), editor.place(0.95, -3.0))
    assert editor.points[1] == (pytest.approx(0.8 - APART), 0.0)
    drag(editor, editor.place(*editor.points[2]), editor.place(3.0, 1.0))
    assert editor.points[2][0] == 1.0


def test_shift_slows_a_drag(editor: CurveEditor) -> None:
    editor.set_curve(((0.0, 1.0), (0.5, 1.0), (1.0, 1.0)), (1.0, 0.0), 3.0)
    drag(editor, editor.place(0.5, 1.0), editor.place(0.5, 1.5), modifiers=SHIFT)
    assert editor.points[1][1] == pytest.approx(1.1, abs=0.02)


def test_a_double_click_adds_a_point_there_and_another_takes_it_away(editor: CurveEditor) -> None:
    said = heard(editor)
    QTest.mouseDClick(editor, LEFT, pos=editor.place(0.3, 1.6).toPoint())
    assert len(editor.points) == 3
    assert editor.points[1] == (pytest.approx(0.3, abs=0.01), pytest.approx(1.6, abs=0.02))
    assert said.count("released") == 1
    QTest.mouseDClick(editor, LEFT, pos=editor.place(*editor.points[1]).toPoint())
    assert editor.points == FLAT


def test_the_handles_bound_the_interval_outside_which_nothing_is_guided(editor: CurveEditor) -> None:
    drag(editor, editor.handle_rect(FROM).center(), editor.handle_rect(FROM).center() + QPointF(80, 0))
    drag(editor, editor.handle_rect(TO).center(), editor.handle_rect(TO).center() - QPointF(120, 0))
    start, end = editor.interval
    assert 0 < end < start < 1
    assert editor.points == ()
    editor.set_curve((), editor.interval, 5.0)
    assert [editor.scale_at(t) for t in ((start + 1) / 2, (start + end) / 2, end / 2)] == [1.0, 5.0, 1.0]
    QTest.mouseDClick(editor, LEFT, pos=editor.handle_rect(FROM).center().toPoint())
    assert editor.interval[0] == 1.0


def test_the_ends_of_the_interval_do_not_pass_each_other(editor: CurveEditor) -> None:
    editor.set_curve((), (0.6, 0.5), 3.0)
    drag(editor, editor.handle_rect(FROM).center(), editor.handle_rect(FROM).center() + QPointF(300, 0))
    assert editor.interval == (0.5, 0.5)


def test_the_keyboard_reaches_everything(editor: CurveEditor, qtbot: QtBot) -> None:
    editor.setFocus()
    said = heard(editor)
    editor.chosen = 0  # the point at the data side
    for _ in range(4):
        QTest.keyClick(editor, Qt.Key.Key_Up)
    assert editor.points[0] == (0.0, pytest.approx(1.2))
    assert said.count("pressed") == 1
    qtbot.waitUntil(lambda: said.count("released") == 1, timeout=2000)
    QTest.keyClick(editor, Qt.Key.Key_Left)
    assert editor.chosen == 1
    QTest.keyClick(editor, Qt.Key.Key_Insert)
    assert len(editor.points) == 3 and editor.points[1][0] == pytest.approx(0.5)
    QTest.keyClick(editor, Qt.Key.Key_Right, SHIFT)
    assert editor.points[1][0] == pytest.approx(0.49)
    QTest.keyClick(editor, Qt.Key.Key_Delete)
    assert len(editor.points) == 2
    for _ in range(9):
        QTest.keyClick(editor, Qt.Key.Key_Right)
    assert editor.chosen == TO
    QTest.keyClick(editor, Qt.Key.Key_Left, SHIFT)
    assert editor.interval[1] == pytest.approx(0.01)


def test_what_is_under_the_pointer_is_told_with_its_scale(editor: CurveEditor) -> None:
    editor.set_curve(((0.0, 1.0), (0.5, 1.5), (1.0, 1.0)), (1.0, 0.0), 3.0)
    assert "factor 1.50" in editor.told(1)
    assert "scale 4.00" in editor.told(1)
    assert editor.handle_at(editor.place(0.5, 1.5) + QPointF(4, 3)) == 1
    assert editor.handle_at(QPointF(QPoint(2, 2))) is None
    assert not editor.grab().isNull()


def test_there_is_room_for_factors_above_two(editor: CurveEditor) -> None:
    editor.set_curve(((0.0, 1.0), (1.0, 7.5)), (1.0, 0.0), 3.0)
    assert editor.top == 8
    assert editor.frame().contains(editor.place(1.0, 7.5))
