"""A hand on mouse and keys: real events through the window's own dispatch, at places that are fractions of a widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class Mouse:
    """Presses, moves and releases on ``widget``. Events go to the window, which finds the widget below the pointer."""

    def __init__(self, widget: QWidget) -> None:
        self.widget = widget

    def press(self, across: float, down: float) -> None:
        """Press the left button."""
        self._send(QEvent.Type.MouseButtonPress, across, down, LEFT, LEFT)

    def move(self, across: float, down: float) -> None:
        """Move with the left button held."""
        self._send(QEvent.Type.MouseMove, across, down, NONE, LEFT)

    def release(self, across: float, down: float) -> None:
        """Release the left button."""
        self._send(QEvent.Type.MouseButtonRelease, across, down, LEFT, NONE)

    def _send(
        self, kind: QEvent.Type, across: float, down: float, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        window = self.widget.window()
        place = QPointF(across * (self.widget.width() - 1), down * (self.widget.height() - 1))
        inside = self.widget.mapTo(window, place)
        everywhere = QPointF(window.mapToGlobal(inside))
        event = QMouseEvent(kind, inside, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(window.windowHandle(), event)


def press_key(widget: QWidget, key: Qt.Key) -> None:
    """Press and release a key in the window of ``widget``, which has the focus."""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(widget.window().windowHandle(), QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))
