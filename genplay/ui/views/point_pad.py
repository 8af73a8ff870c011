"""A plane on which points are placed by hand."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from genplay.ui.views.scatter import Scatter

LAYER = "placed"
STEP = 0.05  # data units, an arrow key
APART = 9.0  # logical pixels between points that are drawn by dragging


class PointPad(Scatter):
    """Click or drag to place points, click one to take it away; the arrow keys carry a cursor, Space uses it.

    ``placed_changed`` gives all points (N, 2) after each whole gesture. The middle button pans, the wheel zooms.
    """

    placed_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, ground: str = "card") -> None:
        super().__init__(parent, ground=ground)
        self.pick_layer = LAYER
        self._placed = np.zeros((0, 2), np.float32)
        self._before: np.ndarray | None = None  # while a gesture is under way
        self._at = QPointF()
        self.setAccessibleName("Points to start from")
        self.setAccessibleDescription("Arrow keys move a cursor, Space places a point there or takes it away")

    @property
    def placed(self) -> np.ndarray:
        """The points (N, 2)."""
        return self._placed

    def set_placed(self, points: np.ndarray) -> None:
        """Show other points, without a signal."""
        self._placed = np.asarray(points, np.float32).reshape(-1, 2)
        self.set_layer(LAYER, self._placed, colour="warn", size=8.0, opacity=1.0, z=5)

    def _place(self, at: QPointF) -> None:
        self.set_placed(np.concatenate([self._placed, np.array([self.to_data(at)], np.float32)]))
        self._at = at

    def _toggle(self, at: QPointF) -> None:
        """Take away the point there, or place one."""
        index = self.point_at(at)
        if index >= 0:
            self.set_placed(np.delete(self._placed, index, axis=0))
        else:
            self._place(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self.hide_cursor()
        self._before, self._at = self._placed, event.position()
        self._toggle(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._before is None:
            super().mouseMoveEvent(event)
        elif len(self._placed) > len(self._before) and (event.position() - self._at).manhattanLength() >= APART:
            self._place(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._before is None:
            super().mouseReleaseEvent(event)
            return
        before, self._before = self._before, None
        if before is not self._placed:
            self.placed_changed.emit(self._placed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.cursor_at is not None:
            self._toggle(self.to_view(*self.cursor_at))
            self.placed_changed.emit(self._placed)
            return
        if self.cursor_at is None and event.key() in (
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
        ):
            self.set_cursor(0.0, 0.0)
            return
        super().keyPressEvent(event)
