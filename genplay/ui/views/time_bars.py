"""A bar a stretch of time between data (t = 0) and noise (t = 1), with error bars; stretches not measured are empty."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Axis, Chart
from genplay.ui.views.plots import number

LEFT, HEAD = 44, 20


class TimeBars(QWidget):
    """Values of equal stretches of t in [0, 1]. The head says what they are, or the value under the pointer."""

    hovered = Signal(int)  # number of the stretch, -1 for none

    def __init__(self, title: str, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.unit = title, unit
        self.values: tuple[float, ...] = ()
        self.errors: tuple[float, ...] = ()
        self.placeholder = ""  # said while there is nothing to show
        self._hover = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 84)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(320, 140)

    def set_values(self, values: Sequence[float], errors: Sequence[float] = ()) -> None:
        """Show these values, NaN where there is none yet, with a standard error each if given."""
        self.values, self.errors = tuple(map(float, values)), tuple(map(float, errors))
        told = (f"{self._span(i)}: {v:.3g}" for i, v in enumerate(self.values) if math.isfinite(v))
        self.setAccessibleDescription(", ".join(told) or "nothing measured yet")
        self.update()

    def _span(self, index: int) -> str:
        n = len(self.values)
        return f"t {index / n:.2g} to {(index + 1) / n:.2g}"

    # ---- geometry

    def chart(self) -> Chart:
        """The plot, in the widget's coordinates."""
        tops = [v + (e if math.isfinite(e) else 0) for v, e in zip(self.values, self._errors()) if math.isfinite(v)]
        frame = QRectF(LEFT, HEAD, self.width() - LEFT - 8, self.height() - HEAD - TICK_ROOM - 2)
        return Chart(frame, Axis(0.0, 1.0), Axis(0.0, 1.05 * max((*tops, 1e-9))))

    def _errors(self) -> tuple[float, ...]:
        return self.errors if len(self.errors) == len(self.values) else (0.0,) * len(self.values)

    def bar_rect(self, index: int) -> QRectF:
        """Where a bar is; of no height where nothing is measured."""
        chart, n = self.chart(), len(self.values)
        value = self.values[index] if math.isfinite(self.values[index]) else 0.0
        left, right = chart.x_of(index / n) + 1, chart.x_of((index + 1) / n) - 1
        top = chart.y_of(max(0.0, value))
        return QRectF(left, top, max(1.0, right - left), chart.frame.bottom() - top)

    def index_at(self, point: QPointF) -> int:
        """The stretch under a point, or -1."""
        frame, n = self.chart().frame, len(self.values)
        return int((point.x() - frame.left()) / frame.width() * n) if n and frame.contains(point) else -1

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = self.chart()
        self._draw_head(painter, chart)
        if not any(map(math.isfinite, self.values)):
            painter.setPen(theme.colour("dim"))
            painter.setFont(theme.font(12))
            painter.drawText(chart.frame, _CENTRED, self.placeholder)
            return
        chart.draw_grid(painter)
        for index, (value, error) in enumerate(zip(self.values, self._errors())):
            if math.isfinite(value):
                self._draw_bar(painter, chart, index, error)

    def _draw_head(self, painter: QPainter, chart: Chart) -> None:
        painter.setFont(theme.font(11))
        area = QRectF(chart.frame.left(), 0, chart.frame.width(), HEAD - 4)
        painter.setPen(theme.colour("dim"))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.title)
        if 0 <= self._hover < len(self.values):
            painter.setPen(theme.colour("text"))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area, flags, self.told(self._hover))

    def told(self, index: int) -> str:
        """A stretch and its value in words."""
        value, error = self.values[index], self._errors()[index]
        if not math.isfinite(value):
            return f"{self._span(index)}: nothing yet"
        more = f" ± {number(error, 2)}" if error and math.isfinite(error) else ""
        return f"{self._span(index)}: {number(value)}{more} {self.unit}".rstrip()

    def _draw_bar(self, painter: QPainter, chart: Chart, index: int, error: float) -> None:
        place = self.bar_rect(index)
        tint = theme.colour("accent")
        painter.fillRect(place, tint.lighter(115) if index == self._hover else tint)
        if error and math.isfinite(error):
            value, x = self.values[index], place.center().x()
            painter.setPen(QPen(theme.colour("text"), 1.2))
            painter.drawLine(QPointF(x, chart.y_of(max(0.0, value - error))), QPointF(x, chart.y_of(value + error)))

    # ---- pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_hover(self.index_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(-1)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.update()


_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
