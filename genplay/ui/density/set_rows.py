"""How many bits pictures of several sets cost: a histogram a row over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Axis, spanning

NAMES, RIGHT, BINS = 96, 92, 64
TICK = 44  # pixels that the number at a tick may take
COLOURS = ("#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#D55E00", "#999999")
LEAST_ROW, MOST_ROW = 22, 46
WIDE = 6.0  # the ratio of the most to the least bits from which on the axis is by factors
REACH = 40.0  # bits beyond the median of the first set at which an even axis ends, however odd other sets are


class SetRows(QWidget):
    """A row a set: its name, its histogram, mean and error. A click chooses a row, the same again all of them."""

    chosen = Signal(int)  # -1 for all
    unit: ClassVar[str] = "bits / dim"
    picks: ClassVar[bool] = True  # whether rows can be chosen
    left: ClassVar[int] = NAMES
    right: ClassVar[int] = RIGHT  # room for the figures; none are shown where there is too little

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.bits = np.zeros((0, 0))
        self.row = -1
        self.marked: float | None = None
        self._hover = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Bits per dimension by set")

    def sizeHint(self) -> QSize:
        return QSize(480, 6 * 34 + TICK_ROOM + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 6 * LEAST_ROW + TICK_ROOM + 14)

    def set_bits(self, names: Sequence[str], bits: np.ndarray) -> None:
        """Show bits (S, N), NaN where they are not known."""
        self.names, self.bits = tuple(names), np.asarray(bits, np.float64)
        told = [f"{name}: {self.told(i)}" for i, name in enumerate(self.names)]
        self.setAccessibleDescription("; ".join(told))
        self.update()

    def choose(self, row: int) -> None:
        """Show which row is chosen, -1 for all."""
        if row != self.row:
            self.row = row
            self.update()

    def mark(self, bits: float | None) -> None:
        """Point at a value; None at none."""
        if bits != self.marked:
            self.marked = bits
            self.update()

    def told(self, row: int) -> str:
        """Mean and standard error of a set."""
        known = self.bits[row][np.isfinite(self.bits[row])]
        if not len(known):
            return "–"
        error = known.std(ddof=1) / len(known) ** 0.5 if len(known) > 1 else 0.0
        size = abs(known.mean())
        places = 3 if size < 1 else 2 if size < 100 else 0
        return f"{known.mean():.{places}f} ± {error:.{places}f}".replace("-", "−")

    # ---- what is where

    def axis(self) -> Axis:
        """The bits that are on show."""
        known = self.bits[np.isfinite(self.bits)]
        if not len(known):
            return Axis(0.0, 8.0)
        low, high = float(known.min()), float(known.max())
        if low > 0 and high > WIDE * low:
            return spanning(low, high, 0.03, log=True)
        first = self.bits[0][np.isfinite(self.bits[0])]
        middle = float(np.median(first)) if len(first) else float(np.median(known))
        return spanning(max(low, middle - REACH), min(high, middle + REACH), 0.03)

    def row_height(self) -> float:
        """Of one row, in pixels."""
        room = (self.height() - TICK_ROOM - 14) / max(1, len(self.names))
        return float(min(MOST_ROW, max(LEAST_ROW, room)))

    def _frame(self) -> QRectF:
        height = self.row_height() * len(self.names)
        return QRectF(self.left, 14, max(20, self.width() - self.left - self.right), height)

    def row_at(self, place: QPointF) -> int:
        """The row under a place, -1 for none."""
        row = int((place.y() - 14) // self.row_height())
        return row if self.picks and 0 <= row < len(self.names) and place.y() >= 14 else -1

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.names:
            return
        frame, axis, high = self._frame(), self.axis(), self.row_height()
        edges = np.array([axis.value(share) for share in np.linspace(0, 1, BINS + 1)])
        for row in range(len(self.names)):
            area = QRectF(frame.left(), frame.top() + row * high, frame.width(), high)
            self._draw_row(painter, area, row, edges)
        self._draw_axis(painter, frame, axis)

    def _draw_row(self, painter: QPainter, area: QRectF, row: int, edges: np.ndarray) -> None:
        on = self.row in (-1, row)
        tint = QColor(COLOURS[row % len(COLOURS)])
        if row == self._hover or row == self.row:
            whole = QRectF(0, area.top() + 1, self.width(), area.height() - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if row == self.row else "hover"))
            painter.drawRoundedRect(whole, 6, 6)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(12, QFont.Weight.DemiBold if row == self.row else QFont.Weight.Normal))
        painter.setPen(theme.colour("text" if on else "dim"))
        painter.drawText(QRectF(8, area.top(), self.left - 14, area.height()), middle, self.names[row])
        painter.setPen(theme.colour("dim"))
        painter.setFont(theme.font(11))
        right = QRectF(area.right() + 4, area.top(), self.right - 10, area.height())
        if self.right >= RIGHT:
            painter.drawText(right, middle | Qt.AlignmentFlag.AlignRight, self.told(row))
        known = self.bits[row][np.isfinite(self.bits[row])]
        if len(known):
            counts, _ = np.histogram(np.clip(known, edges[0], edges[-1]), edges)
            self._draw_bars(painter, area, counts / max(1, counts.max()), tint if on else theme.colour("disabled"))

    def _draw_bars(self, painter: QPainter, area: QRectF, shares: np.ndarray, tint: QColor) -> None:
        floor, room = area.bottom() - 3, area.height() - 7
        xs = np.linspace(area.left(), area.right(), len(shares) + 1)
        line = [QPointF(xs[0], floor)]
        for left, right, share in zip(xs, xs[1:], shares):
            line += [QPointF(left, floor - share * room), QPointF(right, floor - share * room)]
        line.append(QPointF(xs[-1], floor))
        fill = QColor(tint)
        fill.setAlphaF(0.45)
        painter.setPen(QPen(tint, 1.2))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(line))

    def _draw_axis(self, painter: QPainter, frame: QRectF, axis: Axis) -> None:
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        for value, text in axis.ticks(max(2, min(8, int(frame.width() // TICK)))):
            x = frame.left() + axis.share(value) * frame.width()
            area = QRectF(x - 30, frame.bottom() + 2, 60, 14)
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        painter.drawText(QRectF(8, frame.bottom() + 2, self.left, 14), Qt.AlignmentFlag.AlignLeft, self.unit)
        if self.marked is not None and np.isfinite(self.marked):
            share = min(1.0, max(0.0, axis.share(self.marked)))
            x = frame.left() + share * frame.width()
            painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.chosen.emit(-1 if row == self.row else row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.row_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def _point_at(self, row: int) -> None:
        if row != self._hover:
            self._hover = row
            self.setToolTip(f"{self.names[row]}: show its most and least likely pictures" if row >= 0 else "")
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose a row, past the ends all of them."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if not step or not self.names or not self.picks:
            super().keyPressEvent(event)
            return
        count = len(self.names) + 1
        self.chosen.emit((self.row + 1 + step) % count - 1)
