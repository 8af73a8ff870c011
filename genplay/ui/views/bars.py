"""A bar a value, with names and a dashed threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

ROW = 18  # height of a horizontal bar's row
EDGE = 8


class Bars(QWidget):
    """Bars of ``values`` from zero; those under the threshold are dim. Hovering names one, ``clicked`` picks it.

    Vertical bars fill the widget; horizontal ones take 18 pixels a row, their names at the left.
    """

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, horizontal: bool = False, title: str = "") -> None:
        super().__init__(parent)
        self.horizontal, self.title = horizontal, title
        self._values: tuple[float, ...] = ()
        self._names: tuple[str, ...] = ()
        self._threshold: float | None = None
        self._threshold_label = ""
        self._unit = ""
        self._colour: str | QColor = "good"
        self._hover = -1
        self.setMouseTracking(True)
        policy = QSizePolicy.Policy.Fixed if horizontal else QSizePolicy.Policy.Expanding
        self.setSizePolicy(QSizePolicy.Policy.Expanding, policy)
        self.setAccessibleName(title or "Bars")

    def set_bars(
        self,
        values: Sequence[float],
        names: Sequence[str] = (),
        *,
        threshold: float | None = None,
        label: str = "",
        unit: str = "",
        colour: str | QColor = "good",
    ) -> None:
        """Show ``values`` (finite ones) named by ``names``, and a dashed line at ``threshold`` that says ``label``."""
        self._values = tuple(float(v) if math.isfinite(v) else 0.0 for v in values)
        self._names = tuple(names) or tuple(map(str, range(len(self._values))))
        self._threshold, self._threshold_label, self._unit, self._colour = threshold, label, unit, colour
        self.setAccessibleDescription(", ".join(f"{n} {v:.2f} {unit}" for n, v in zip(self._names, self._values)))
        if self.horizontal:
            self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    @property
    def values(self) -> tuple[float, ...]:
        """What is shown."""
        return self._values

    def sizeHint(self) -> QSize:
        head = 20 if self.title else 0
        return QSize(240, head + ROW * len(self._values) + 18 if self.horizontal else 130)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height() if self.horizontal else 80)

    # ---- geometry -----------------------------------------------------------------------------------------------

    def _span(self) -> float:
        return max((*self._values, 1.15 * (self._threshold or 0.0), 1e-6))

    def _frame(self) -> QRectF:
        head = 20 if self.title else 4
        if self.horizontal:
            return QRectF(self._name_width() + 8, head, self.width() - self._name_width() - 56, ROW * len(self._values))
        left = max(32.0, self._scale_width() + 6)
        return QRectF(left, head, self.width() - left - EDGE, self.height() - head - 18)

    def _scale_width(self) -> float:
        metrics = QFontMetricsF(theme.font(11))
        return max(metrics.horizontalAdvance(f"{share * self._span():.2g}") for share in (0.0, 0.5, 1.0))

    def _name_width(self) -> float:
        metrics = QFontMetricsF(theme.font(11))
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        return min(widest, self.width() * 0.4)

    def bar_rect(self, index: int) -> QRectF:
        """Where a bar is, in the widget's coordinates."""
        frame, share = self._frame(), max(0.0, self._values[index]) / self._span()
        if self.horizontal:
            return QRectF(frame.left(), frame.top() + index * ROW + 4, frame.width() * share, ROW - 8)
        step = frame.width() / len(self._values)
        thick = max(1.0, min(step * 0.72, 28.0))
        height = max(1.0, frame.height() * share)
        return QRectF(frame.left() + step * (index + 0.5) - thick / 2, frame.bottom() - height, thick, height)

    def index_at(self, point: QPointF) -> int:
        """The bar whose row or column holds a point, or -1."""
        frame, n = self._frame(), len(self._values)
        if not n:
            return -1
        along = (point.y() - frame.top()) / ROW if self.horizontal else (point.x() - frame.left()) * n / frame.width()
        return int(along) if 0 <= along < n else -1

    # ---- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(11))
        self._draw_head(painter)
        if not self._values:
            return
        if not self.horizontal:
            self._draw_scale(painter)
        every = self._every()
        for index in range(len(self._values)):
            self._draw_bar(painter, index, index % every == 0)
        self._draw_threshold(painter)

    def _draw_head(self, painter: QPainter) -> None:
        text = self.title
        if 0 <= self._hover < len(self._values):
            text = f"{self._names[self._hover]}   {self._values[self._hover]:.3g} {self._unit}".rstrip()
        painter.setPen(theme.colour("text" if self._hover >= 0 else "dim"))
        if self.title:
            painter.drawText(QRectF(0, 0, self.width(), 18), Qt.AlignmentFlag.AlignCenter, text)

    def _draw_scale(self, painter: QPainter) -> None:
        frame = self._frame()
        for share in (0.0, 0.5, 1.0):
            y = round(frame.bottom() - share * frame.height()) + 0.5
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(theme.colour("dim"))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, frame.left() - 5, 16), flags, f"{share * self._span():.2g}")

    def _draw_bar(self, painter: QPainter, index: int, named: bool) -> None:
        below = self._threshold is not None and self._values[index] < self._threshold
        tint = theme.colour("dim") if below else self._tint()
        if index == self._hover:
            tint = tint.lighter(115)
        place = self.bar_rect(index)
        painter.fillRect(place, tint)
        painter.setPen(theme.colour("text" if index == self._hover else "dim"))
        if self.horizontal:
            row = QRectF(0, place.top() - 4, self._frame().left() - 8, ROW)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(row, flags, self._names[index])
            value = QRectF(place.right() + 5, place.top() - 4, 60, ROW)
            painter.drawText(value, flags, f"{self._values[index]:.2f}")
        elif named:
            area = QRectF(place.center().x() - 30, self._frame().bottom() + 2, 60, 16)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._names[index])

    def _every(self) -> int:
        """Every how many bars a name fits."""
        metrics = QFontMetricsF(theme.font(11))
        widest = max(metrics.horizontalAdvance(name) for name in self._names) + 6
        return max(1, math.ceil(widest * len(self._values) / max(1.0, self._frame().width())))

    def _draw_threshold(self, painter: QPainter) -> None:
        if self._threshold is None:
            return
        frame, share = self._frame(), self._threshold / self._span()
        painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DashLine))
        if self.horizontal:
            x = round(frame.left() + share * frame.width()) + 0.5
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            area = QRectF(x - 100, frame.bottom(), 200, 16)
            flags = Qt.AlignmentFlag.AlignCenter
        else:
            y = round(frame.bottom() - share * frame.height()) + 0.5
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            area = QRectF(frame.left(), y - 16, frame.width(), 15)
            flags = Qt.AlignmentFlag.AlignRight
        painter.setPen(theme.colour("text"))
        painter.drawText(area, flags, self._threshold_label)

    def _tint(self) -> QColor:
        return theme.colour(self._colour) if isinstance(self._colour, str) else QColor(self._colour)

    # ---- pointer ------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_hover(self.index_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(index)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.update()
