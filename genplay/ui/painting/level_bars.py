"""Histograms of the levels of each channel of a pixel; the level drawn is marked, what is cut off is grey."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.painting.colour_bars import Distribution, percent

HEAD, FOOT, GAP = 18, 16, 10
TINTS = {"red": "#e5484d", "green": "#46a758", "blue": "#3e7bfa"}


class LevelBars(QWidget):
    """One histogram a part (red, green and blue, or grey), from dark to bright. ``clicked`` gives part and value."""

    clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts: tuple[Distribution, ...] = ()
        self._order: tuple[np.ndarray, ...] = ()  # values from dark to bright, a part
        self._rank: tuple[np.ndarray, ...] = ()  # the place of each value among them
        self._hover = (-1, -1)  # part and place from the left
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Distribution of this pixel")

    def sizeHint(self) -> QSize:
        return QSize(260, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, max(1, len(self.parts)) * 44 + HEAD + FOOT)

    def set_distributions(self, parts: tuple[Distribution, ...]) -> None:
        """Show a distribution a part; none for nothing."""
        self.parts = parts
        self._order = tuple(np.argsort(part.swatches[:, 0], kind="stable") for part in parts)
        self._rank = tuple(np.argsort(order) for order in self._order)
        self.setAccessibleDescription(", ".join(self._told(i, p.drawn) for i, p in enumerate(parts)))
        self.update()

    def frame(self, part: int) -> QRectF:
        """Where the bars of a part stand."""
        each = (self.height() - GAP * (len(self.parts) - 1)) / max(1, len(self.parts))
        each = min(each, 180.0)
        return QRectF(1, part * (each + GAP) + HEAD, self.width() - 2, each - HEAD - FOOT)

    def at(self, point: QPointF) -> tuple[int, int]:
        """Part and value under a point, or (-1, -1)."""
        for part, order in enumerate(self._order):
            place = self.frame(part)
            if place.adjusted(0, -HEAD, 0, FOOT).contains(point):
                index = int((point.x() - place.left()) / place.width() * len(order))
                return part, int(order[min(max(index, 0), len(order) - 1)])
        return -1, -1

    def bar_rect(self, part: int, value: int) -> QRectF:
        """Where the bar of a value is; of one that is cut off, that of the model itself."""
        shown, place, rank = self.parts[part], self.frame(part), self._rank[part]
        most = max(float(shown.kept.max()), float(shown.probs.max()), 1e-9)
        share = float(shown.kept[value] if shown.kept[value] > 0 else shown.probs[value]) / most
        step = place.width() / len(rank)
        left = place.left() + step * int(rank[value])
        high = place.height() * share
        return QRectF(left, place.bottom() - high, step * (0.84 if step > 4 else 1.0), high)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font(11))
        for part in range(len(self.parts)):
            self._draw_part(painter, part)

    def _draw_part(self, painter: QPainter, part: int) -> None:
        shown, place = self.parts[part], self.frame(part)
        hovered = self._hover[1] if self._hover[0] == part else -1
        head = QRectF(place.left(), place.top() - HEAD, place.width(), HEAD - 2)
        painter.setPen(theme.colour("text" if hovered >= 0 else "dim"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(head, flags, self._told(part, hovered if hovered >= 0 else shown.drawn))
        for value in range(len(shown.probs)):
            bar = self.bar_rect(part, value)
            if bar.height() >= 0.3:
                painter.fillRect(bar, self._tint(part) if shown.kept[value] > 0 else theme.colour("disabled"))
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        if shown.drawn >= 0:
            self._draw_mark(painter, part)

    def _draw_mark(self, painter: QPainter, part: int) -> None:
        place, bar = self.frame(part), self.bar_rect(part, self.parts[part].drawn)
        x = bar.center().x()
        painter.setPen(QPen(theme.colour("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        y = place.bottom() + 3
        painter.drawPolygon([QPointF(x, y), QPointF(x - 4, y + 7), QPointF(x + 4, y + 7)])

    def _tint(self, part: int) -> QColor:
        name = self.parts[part].name
        return QColor(TINTS[name]) if name in TINTS else theme.colour("text")

    def _told(self, part: int, value: int) -> str:
        shown = self.parts[part]
        if value < 0:
            return shown.name
        said = "cut off" if shown.kept[value] <= 0 else percent(float(shown.kept[value]))
        return f"{shown.name} {int(shown.swatches[value, min(part, shown.swatches.shape[1] - 1)])}   {said}"

    # ---- pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at((-1, -1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        part, value = self.at(event.position())
        if part >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(part, value)

    def _point_at(self, place: tuple[int, int]) -> None:
        if place != self._hover:
            self._hover = place
            self.update()
