"""A small chart of one curve: with error bars, a level to compare with, and a cursor that can be dragged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Axis, Chart, spanning

HEAD, LEFT, RIGHT = 25, 34, 14
DOT, CAP = 3.0, 3.0  # radius of a point, half the width of an error bar's end
FEW = 40  # points that are drawn as dots, too


@dataclass(frozen=True)
class Even(Axis):
    """An axis with at least two ticks, however little room there is."""

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        tried = (Axis(self.low, self.high).ticks(m) for m in range(most, most + 6))
        return next((ticks for ticks in tried if len(ticks) > 1), [])


@dataclass(frozen=True)
class Backwards(Even):
    """An axis that runs from its high end at the left to its low end, as sampling time does."""

    def share(self, value: float) -> float:
        return 1 - super().share(value)

    def value(self, share: float) -> float:
        return super().value(1 - share)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        return super().ticks(most)[::-1]


class LineChart(QWidget):
    """``y`` over ``x`` with its title above. Hovering, or the cursor, reads out the nearest point.

    With ``backwards`` the horizontal axis runs from high to low. Pressing or dragging gives ``picked`` with x.
    """

    picked = Signal(float)

    def __init__(self, title: str, parent: QWidget | None = None, *, x_name: str = "", backwards: bool = False) -> None:
        super().__init__(parent)
        self.title, self.x_name, self.backwards = title, x_name, backwards
        self.empty = ""  # said in place of a curve
        self.span: tuple[float, float] | None = None  # ends of the horizontal axis; None for those of the curve
        self.across = self.values = np.zeros(0)
        self.error: np.ndarray | None = None
        self.level: float | None = None
        self.marked: float | None = None
        self._ends: tuple[float | None, float | None] = (None, None)
        self._hover: float | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(110, 72)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(200, 130)

    def set_curve(
        self,
        x: np.ndarray,
        y: np.ndarray,
        error: np.ndarray | None = None,
        *,
        low: float | None = None,
        high: float | None = None,
        level: float | None = None,
    ) -> None:
        """Show ``y`` (n,) at ``x`` (n,), NaN where it is not known, with standard errors if given.

        ``low`` and ``high`` are values that the axis must hold; ``level`` is a dashed line.
        """
        self.across, self.values = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self.error = None if error is None else np.asarray(error, np.float64)
        self.level = level if level is not None and np.isfinite(level) else None
        self._ends = (low, high)
        told = [f"{self.x_name} {a:g}: {b:.3g}" for a, b in zip(self.across, self.values) if np.isfinite(b)]
        self.setAccessibleDescription(", ".join(told[:FEW]))
        self.update()

    def set_cursor(self, x: float | None) -> None:
        """Mark a place of the horizontal axis; None for none."""
        if x != self.marked:
            self.marked = x
            self.update()

    # ---- what is where

    def chart(self) -> Chart:
        """The frame with its axes, in the widget's coordinates."""
        frame = QRectF(LEFT, HEAD, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - HEAD - TICK_ROOM - 2))
        low, high = self.span or (
            (float(self.across.min()), float(self.across.max())) if len(self.across) else (0.0, 1.0)
        )
        across = spanning(low, high, 0.0)
        return Chart(frame, (Backwards if self.backwards else Even)(across.low, across.high), self._height())

    def _height(self) -> Axis:
        spread = np.nan_to_num(self.error) if self.error is not None else np.zeros(len(self.values))
        found = [*(self.values - spread), *(self.values + spread), self.level, *self._ends]
        known = [float(v) for v in found if v is not None and np.isfinite(v)]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        axis = spanning(low, high, 0.06)
        bottom = low if low == self._ends[0] else axis.low
        return Even(bottom, high if high == self._ends[1] and high > bottom else axis.high)

    def nearest(self, x: float) -> int:
        """The known point nearest to a place of the horizontal axis, -1 without one."""
        known = np.flatnonzero(np.isfinite(self.values))
        return int(known[np.abs(self.across[known] - x).argmin()]) if len(known) else -1

    def readout(self, short: bool = False) -> str:
        """The point under the pointer, else at the cursor, in words; ``short`` gives the value alone."""
        at = self._hover if self._hover is not None else self.marked
        index = -1 if at is None else self.nearest(at)
        if index < 0:
            return ""
        if short:
            return f"{self.values[index]:.3g}".replace("-", "−")
        error = self.error[index] if self.error is not None else np.nan
        spread = f" ± {error:.2g}" if np.isfinite(error) else ""
        where = f" at {self.x_name} {self.across[index]:.3g}" if self._hover is not None and self.x_name else ""
        return f"{self.values[index]:.3g}{spread}{where}".replace("-", "−")

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = self.chart()
        self._draw_head(painter)
        chart.draw_grid(painter)
        if not np.isfinite(self.values).any():
            painter.setPen(theme.colour("dim"))
            painter.drawText(chart.frame, _CENTRED, self.empty)
            return
        self._draw_level(painter, chart)
        self._draw_curve(painter, chart)
        self._draw_cursor(painter, chart)

    def _draw_head(self, painter: QPainter) -> None:
        head = QRectF(0, 0, self.width() - RIGHT, HEAD - 9)
        painter.setFont(theme.font(12))
        painter.setPen(theme.colour("dim"))
        painter.drawText(head, _LEFT, self.title)
        room = head.width() - painter.fontMetrics().horizontalAdvance(self.title) - 10
        painter.setFont(theme.font(12, QFont.Weight.DemiBold))
        painter.setPen(theme.colour("text"))
        said = self.readout()
        fits = painter.fontMetrics().horizontalAdvance(said) <= room
        painter.drawText(head, _RIGHT, said if fits else self.readout(short=True))

    def _draw_level(self, painter: QPainter, chart: Chart) -> None:
        if self.level is None:
            return
        y = chart.y_of(self.level)
        painter.setPen(QPen(theme.colour("dim"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(chart.frame.left(), y), QPointF(chart.frame.right(), y))

    def _draw_curve(self, painter: QPainter, chart: Chart) -> None:
        tint = theme.colour("accent")
        painter.setPen(QPen(tint, 2))
        for run in _runs(np.isfinite(self.values)):
            painter.drawPolyline(QPolygonF([chart.at(float(self.across[i]), float(self.values[i])) for i in run]))
        if len(self.values) > FEW and self.error is None:
            return
        for i in np.flatnonzero(np.isfinite(self.values)):
            self._draw_dot(painter, chart, int(i), tint)

    def _draw_dot(self, painter: QPainter, chart: Chart, index: int, tint: QColor) -> None:
        at = chart.at(float(self.across[index]), float(self.values[index]))
        error = self.error[index] if self.error is not None else np.nan
        if np.isfinite(error) and error > 0:
            high, low = (chart.y_of(float(self.values[index] + s * error)) for s in (1, -1))
            painter.setPen(QPen(tint, 1))
            painter.drawLine(QPointF(at.x(), high), QPointF(at.x(), low))
            for y in (high, low):
                painter.drawLine(QPointF(at.x() - CAP, y), QPointF(at.x() + CAP, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(at, DOT, DOT)

    def _draw_cursor(self, painter: QPainter, chart: Chart) -> None:
        for at, token in ((self.marked, "text"), (self._hover, "dim")):
            index = -1 if at is None else self.nearest(at)
            if index >= 0:
                there = chart.at(float(self.across[index]), float(self.values[index]))
                painter.setPen(QPen(theme.colour(token), 1))
                painter.drawLine(QPointF(there.x(), chart.frame.top()), QPointF(there.x(), chart.frame.bottom()))
                painter.setBrush(theme.colour("handle"))
                painter.drawEllipse(there, 4, 4)

    # ---- mouse

    def _x_at(self, event: QMouseEvent) -> float:
        chart = self.chart()
        return chart.x.value((event.position().x() - chart.frame.left()) / chart.frame.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick a place."""
        if event.button() == Qt.MouseButton.LeftButton and len(self.across):
            self.picked.emit(self._x_at(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read out, or pick on while the button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton and len(self.across):
            self.picked.emit(self._x_at(event))
        inside = self.chart().frame.adjusted(-4, -4, 4, 4).contains(event.position())
        self._hover = self._x_at(event) if inside and len(self.across) else None
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._hover = None
        self.update()


def _runs(known: np.ndarray) -> list[np.ndarray]:
    """The stretches of indices at which ``known`` (n,) holds."""
    at = np.flatnonzero(known)
    return [run for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(run)]


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRED = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
