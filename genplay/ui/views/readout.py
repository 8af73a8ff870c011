"""Rows of a name and its values, drawn: numbers that change often lay nothing out anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

ROW, COLUMN = 23, 90


@dataclass(frozen=True)
class Row:
    """A name, its value in each column, the colour token of each value, and what it means."""

    name: str
    values: tuple[str, ...]
    tokens: tuple[str, ...] = ()
    help: str = ""


class Readout(QWidget):
    """Names at the left, values at the right, in as many columns as the rows have values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; only another number of them lays out anew."""
        if tuple(rows) == self.rows:
            return
        grown, self.rows = len(rows) != len(self.rows), tuple(rows)
        self.setAccessibleDescription("; ".join(f"{row.name}: {', '.join(row.values)}" for row in rows))
        if grown:
            self.updateGeometry()
        self.update()

    def text(self, name: str) -> tuple[str, ...]:
        """The values of a row."""
        return next((row.values for row in self.rows if row.name == name), ())

    def sizeHint(self) -> QSize:
        return QSize(240, ROW * len(self.rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, ROW * len(self.rows))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name and values of each row."""
        painter = QPainter(self)
        middle = Qt.AlignmentFlag.AlignVCenter
        for index, row in enumerate(self.rows):
            area = QRectF(0, index * ROW, self.width(), ROW)
            painter.setFont(theme.font(12))
            painter.setPen(theme.colour("dim"))
            room = self.width() - self._width_of(row)
            name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(room) - 6)
            painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, name)
            self._draw_values(painter, area, row)

    def _width_of(self, row: Row) -> float:
        return float(COLUMN * len(row.values)) if len(row.values) > 1 else 60.0

    def _draw_values(self, painter: QPainter, area: QRectF, row: Row) -> None:
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for place, value in enumerate(row.values):
            right = area.right() - COLUMN * (len(row.values) - 1 - place)
            token = row.tokens[place] if place < len(row.tokens) else ""
            painter.setFont(theme.font(13, QFont.Weight.DemiBold if token else QFont.Weight.Normal))
            painter.setPen(theme.colour(token or "text"))
            painter.drawText(QRectF(right - 160, area.top(), 160, ROW), flags, value)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Have the row under the pointer say what it means."""
        index = int(event.position().y()) // ROW
        self.setToolTip(self.rows[index].help if 0 <= index < len(self.rows) else "")
