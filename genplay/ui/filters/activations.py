"""How strongly a picture excites each hidden unit: a cell a unit, brighter the surer it is to be on."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

GAP, LARGEST = 2.0, 22.0
KEYS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class Activations(QWidget):
    """Cells for ``values`` (K,) in [0, 1], row by row. A click chooses one, arrows step through them."""

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values = np.zeros(0)
        self.chosen = -1
        self._hover = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 40)
        self.setAccessibleName("Hidden activations")

    def sizeHint(self) -> QSize:
        return QSize(320, 96)

    def set_values(self, values: np.ndarray, chosen: int) -> None:
        """Show activations and which unit is chosen, -1 for none."""
        self.values, self.chosen = values, chosen
        on = int((values > 0.5).sum())
        self.setAccessibleDescription(f"{on} of {len(values)} units on")
        self.update()

    def layout_of_cells(self) -> tuple[int, float]:
        """Cells a row, and the side of a cell with its gap: the largest at which all fit."""
        n = max(1, len(self.values))
        columns = n
        for columns in range(1, n + 1):
            side = min(self.width() / columns, LARGEST)
            if side * math.ceil(n / columns) <= self.height():
                break
        return columns, min(self.width() / columns, LARGEST)

    def cell(self, unit: int) -> QRectF:
        """Where a unit's cell is."""
        columns, side = self.layout_of_cells()
        row, column = divmod(unit, columns)
        size = max(1.0, side - GAP)
        return QRectF(column * side + 0.5, row * side + 0.5, size, size)

    def unit_at(self, place: QPointF) -> int:
        """The unit whose cell, with its gap, is under a place; -1 for none."""
        columns, side = self.layout_of_cells()
        column, row = int(place.x() // side), int(place.y() // side)
        unit = row * columns + column
        return unit if 0 <= column < columns and row >= 0 and unit < len(self.values) else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        off, on = theme.colour("card"), theme.colour("accent")
        for unit, value in enumerate(self.values.tolist()):
            painter.fillRect(self.cell(unit), _between(off, on, value))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for unit, token in ((self._hover, "dim"), (self.chosen, "text")):
            if 0 <= unit < len(self.values):
                painter.setPen(QPen(theme.colour(token), 2 if unit == self.chosen else 1))
                painter.drawRect(self.cell(unit))
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        unit = self.unit_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and unit >= 0:
            self.clicked.emit(unit)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.unit_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def _point_at(self, unit: int) -> None:
        if unit != self._hover:
            self._hover = unit
            self.setToolTip(f"unit {unit + 1}: on with {self.values[unit]:.0%}" if unit >= 0 else "")
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = KEYS.get(Qt.Key(event.key()))
        if step is None or not len(self.values):
            super().keyPressEvent(event)
            return
        unit = self.chosen + step[0] * self.layout_of_cells()[0] + step[1]
        if 0 <= unit < len(self.values):
            self.clicked.emit(unit)


def _between(low: QColor, high: QColor, share: float) -> QColor:
    """A colour a share of the way from one to another."""
    share = min(max(share, 0.0), 1.0)
    a, b = (c.getRgbF()[:3] for c in (low, high))  # type: ignore[index]
    return QColor.fromRgbF(*(x + (y - x) * share for x, y in zip(a, b)))
