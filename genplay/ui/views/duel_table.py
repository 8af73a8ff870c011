"""Contenders of a duel, a row each: what it is, what it took, how far it is from the truth, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

ROW, THUMB, EDGE = 40, 32, 8
COLUMNS = (("NFE", 44), ("Δ", 54), ("time", 58))  # numbers at the right of the name, and their width
LEAST_NAME = 132


@dataclass(frozen=True, eq=False)
class Row:
    """One contender; ``numbers`` are written below the heads of COLUMNS. ``x`` are its finals as pictures."""

    name: str
    numbers: tuple[str, ...]
    x: np.ndarray
    colour: QColor
    hollow: bool = False


class DuelTable(QWidget):
    """Rows under a head. Click or arrow keys choose one: ``picked`` tells which."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()
        self.chosen = -1
        self._images: list[QImage] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(240)
        self.setAccessibleName("Contenders")
        self.setAccessibleDescription("Up and down choose a contender")

    def sizeHint(self) -> QSize:
        return QSize(420, 20 + ROW * len(self.rows))

    def set_rows(self, rows: tuple[Row, ...]) -> None:
        """Show these contenders."""
        self.rows = rows
        self._images = [pixels.to_qimage(np.concatenate(list(row.x), axis=1)) for row in rows]
        self.chosen = self.chosen if self.chosen < len(rows) else -1
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def choose(self, index: int) -> None:
        """Mark a row; -1 for none."""
        self.chosen = index if index < len(self.rows) else -1
        self.update()

    # ---- geometry

    def row_rect(self, index: int) -> QRectF:
        """Where a row is."""
        return QRectF(0, 20 + index * ROW, self.width(), ROW)

    def index_at(self, point: QPointF) -> int:
        """The row under a point, or -1."""
        index = int((point.y() - 20) // ROW)
        return index if 0 <= index < len(self.rows) else -1

    def _columns(self) -> tuple[tuple[str, int], ...]:
        """The numbers that there is room for: the time is the first to go."""
        wide = self.width() >= LEAST_NAME + sum(width for _, width in COLUMNS) + 2 * EDGE
        return COLUMNS if wide else COLUMNS[:2]

    def _thumbs_width(self) -> float:
        """Room for the finals: what they need, as long as the names keep theirs."""
        image = self._images[0] if self._images else None
        if image is None:
            return 0.0
        room = self.width() - LEAST_NAME - sum(width for _, width in self._columns()) - 4 * EDGE
        scale = pixels.whole_factor(10_000, THUMB, image.width(), image.height(), self.devicePixelRatioF())
        return min(image.width() * scale, max(0.0, room))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        thumbs = self._thumbs_width()
        lefts = self._number_lefts(thumbs)
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        for (head, width), left in zip(self._columns(), lefts):
            painter.drawText(QRectF(left, 0, width, 18), _RIGHT, head)
        for index in range(len(self.rows)):
            self._draw_row(painter, index, lefts, thumbs)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _number_lefts(self, thumbs: float) -> list[float]:
        columns = self._columns()
        left = self.width() - thumbs - 2 * EDGE - sum(width for _, width in columns)
        lefts = []
        for _, width in columns:
            lefts.append(left)
            left += width
        return lefts

    def _draw_row(self, painter: QPainter, index: int, lefts: list[float], thumbs: float) -> None:
        row, area = self.rows[index], self.row_rect(index)
        if index == self.chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected"))
            painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), 6, 6)
        painter.setPen(QPen(row.colour, 1.8))
        painter.setBrush(Qt.BrushStyle.NoBrush if row.hollow else row.colour)
        painter.drawEllipse(QPointF(EDGE + 5, area.center().y()), 4, 4)
        painter.setFont(theme.font(13))
        painter.setPen(theme.colour("text"))
        room = lefts[0] - EDGE - 18
        name = QFontMetricsF(painter.font()).elidedText(row.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(EDGE + 16, area.top(), room, ROW), _LEFT, name)
        painter.setFont(theme.font(12))
        for number, (_, width), left in zip(row.numbers, self._columns(), lefts):
            painter.drawText(QRectF(left, area.top(), width, ROW), _RIGHT, number)
        self._draw_finals(painter, index, thumbs)

    def _draw_finals(self, painter: QPainter, index: int, width: float) -> None:
        """As many of the finals as fit, at a whole factor."""
        row, image, area = self.rows[index], self._images[index], self.row_rect(index)
        scale = pixels.whole_factor(10_000, THUMB, image.width(), image.height(), self.devicePixelRatioF())
        side = row.x.shape[2]
        shown = min(len(row.x), int(width // (side * scale))) if width else 0
        w, h = shown * side * scale, image.height() * scale
        target = QRectF(self.width() - EDGE - w, round(area.center().y() - h / 2), w, h)
        if shown:
            pixels.draw(painter, target, image, QRectF(0, 0, shown * side, image.height()))

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self._pick(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None or not self.rows:
            super().keyPressEvent(event)
        else:
            self._pick(min(max(self.chosen + step, 0), len(self.rows) - 1))

    def _pick(self, index: int) -> None:
        self.choose(index)
        self.picked.emit(index)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
