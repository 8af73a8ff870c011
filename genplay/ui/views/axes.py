"""Axes of small charts that are painted by hand: where a value lies, and which values get a tick."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from genplay.ui import theme
from genplay.ui.views.plots import log_ticks

TEXT = 11  # pixels
TICK_ROOM = 18  # below a frame, for the numbers of the horizontal axis


@dataclass(frozen=True)
class Axis:
    """A range of values, even or (``log``) by factors; ``low`` is above 0 then."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at ``low``, 1 at ``high``; beyond them it is outside [0, 1]."""
        if self.log:
            return math.log(max(value, 1e-300) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """The reverse of ``share``, kept within the range."""
        share = min(max(share, 0.0), 1.0)
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Round values in the range, at most about ``most``, and how they are written."""
        if self.log:
            return [
                (10**at, text.replace("-", "−")) for at, text in log_ticks(math.log10(self.low), math.log10(self.high))
            ]
        step = _round_step((self.high - self.low) / max(1, most))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        places = max(0, _places(step))
        return [(k * step, f"{k * step:z.{places}f}".replace("-", "−")) for k in range(first, last + 1)]


def spanning(low: float, high: float, margin: float = 0.0, log: bool = False) -> Axis:
    """An axis over the values found, with a share of it left free at both ends; never of no length."""
    if log:
        low, high = max(low, 1e-9), max(high, 1e-9)
        room = max((high / low) ** margin, 1.0)
        low, high = low / room, high * room
        return Axis(low, high, True) if high > low * 1.01 else Axis(low / 2, high * 2, True)
    room = (high - low) * margin
    low, high = low - room, high + room
    return Axis(low, high) if high - low > 1e-9 * max(abs(low), abs(high), 1e-9) else Axis(low - 0.5, high + 0.5)


@dataclass(frozen=True)
class Chart:
    """A rectangle of a widget with a horizontal and a vertical axis."""

    frame: QRectF
    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> QPointF:
        """Where a pair of values is, in the widget's coordinates."""
        return QPointF(self.x_of(x), self.y_of(y))

    def x_of(self, x: float) -> float:
        """Where a value of the horizontal axis is."""
        return self.frame.left() + self.x.share(x) * self.frame.width()

    def y_of(self, y: float) -> float:
        """Where a value of the vertical axis is."""
        return self.frame.bottom() - self.y.share(y) * self.frame.height()

    def draw_grid(self, painter: QPainter, vertical: bool = False) -> None:
        """Hairlines at the ticks of the vertical axis (and of the other one), and the numbers of both."""
        painter.setFont(theme.font(TEXT))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for value, text in _apart(self.y, max(2, int(self.frame.height() // 34)), self.frame.height(), 15):
            y = round(self.y_of(value))
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QPointF(self.frame.left(), y), QPointF(self.frame.right(), y))
            painter.setPen(theme.colour("dim"))
            area = QRectF(self.frame.left() - 66, y - 8, 60, 16)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        for value, text in _apart(self.x, max(2, int(self.frame.width() // 60)), self.frame.width(), 34):
            x = round(self.x_of(value))
            if vertical:
                painter.setPen(QPen(theme.colour("line"), 1))
                painter.drawLine(QPointF(x, self.frame.top()), QPointF(x, self.frame.bottom()))
            painter.setPen(theme.colour("dim"))
            area = QRectF(x - 40, self.frame.bottom() + 3, 80, 14)
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _apart(axis: Axis, most: int, length: float, least: float) -> list[tuple[float, str]]:
    """The ticks of an axis of so many pixels, every other one left out until ``least`` pixels lie between two."""
    ticks = axis.ticks(most)
    while len(ticks) > 2 and length * abs(axis.share(ticks[1][0]) - axis.share(ticks[0][0])) < least:
        ticks = ticks[::2]
    return ticks


def _places(step: float) -> int:
    """Places after the point that multiples of a round step need; negative for hundreds."""
    power = math.floor(math.log10(step) + 1e-9)
    return -power + (abs(step / 10.0**power - 2.5) < 1e-6)


def _round_step(step: float) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that is no less than ``step``."""
    power = 10.0 ** math.floor(math.log10(max(step, 1e-12)))
    return next(f * power for f in (1.0, 2.0, 2.5, 5.0, 10.0) if f * power >= step * (1 - 1e-9))
