"""A number along all chains by step: a line a chain, their median, and what the figures leave out in a veil."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.chains.canvas import CHAIN, tint
from genplay.ui.views.axes import TICK_ROOM, Chart, spanning
from genplay.ui.views.batches import draw_lines
from genplay.ui.views.line_chart import Even

HEAD, LEFT, RIGHT = 20, 40, 14
COLUMNS, LINES = 240, 32  # points of a line, and lines, that are drawn at most
ENDS, ROOM = (
    (0.01, 0.95),
    0.25,
)  # quantiles of what counts, and room beyond: a lost chain must not flatten all


class Trace(QWidget):
    """``values`` (T, N) by step; pressing or dragging gives ``picked`` with a step."""

    picked = Signal(int)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title, self.unit = title, ""
        self.values = np.zeros((0, 0), np.float32)
        self.settled = 0  # the first step that counts
        self.step = 0
        self.focus = -1
        self.renders = 0
        self._picture: QPixmap | None = None
        self._key: tuple[object, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(110, 76)
        self.setAccessibleName(title)
        self.setToolTip("A line a chain, the median in bold; what is veiled does not count. Drag: go to a step")
        theme.signals().changed.connect(self._forget)

    def sizeHint(self) -> QSize:
        return QSize(220, 140)

    def set_values(self, values: np.ndarray, settled: int, title: str, unit: str) -> None:
        """Show values (T, N), of which those before step ``settled`` do not count."""
        self.values, self.settled, self.title, self.unit = values, settled, title, unit
        self.setAccessibleName(title)
        self._forget()

    def set_step(self, step: int) -> None:
        """Mark a step."""
        if step != self.step:
            self.step = step
            self.update()

    def set_focus(self, chain: int) -> None:
        """Draw one chain stronger; -1 for none."""
        if chain != self.focus:
            self.focus = chain
            self._forget()

    def _forget(self) -> None:
        self._picture = None
        self.update()

    # ---- what is where

    def chart(self) -> Chart:
        """The frame with its axes, in the widget's coordinates."""
        frame = QRectF(LEFT, HEAD, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - HEAD - TICK_ROOM - 2))
        counted = self.values[self.settled :]
        known = counted[np.isfinite(counted)]
        low, high = np.quantile(known[:: 1 + known.size // 20_000], ENDS) if known.size else (0.0, 1.0)
        y = spanning(float(low), float(high), ROOM)
        return Chart(frame, Even(0.0, max(1.0, len(self.values) - 1.0)), Even(y.low, y.high))

    def readout(self) -> str:
        """The median at the step on show."""
        if not self.values.size:
            return ""
        middle = float(np.median(self.values[min(self.step, len(self.values) - 1)]))
        return f"{middle:.3g}{self.unit}".replace("-", "−")

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        chart = self.chart()
        painter.drawPixmap(0, 0, self._rendered(chart))
        head = QRectF(0, 0, self.width() - RIGHT, HEAD - 4)
        painter.setFont(theme.font(12))
        painter.setPen(theme.colour("dim"))
        painter.drawText(head, _LEFT, self.title)
        painter.setFont(theme.font(12, QFont.Weight.DemiBold))
        painter.setPen(theme.colour("text"))
        painter.drawText(head, _RIGHT, self.readout())
        if len(self.values) > 1:
            x = round(chart.x_of(min(self.step, len(self.values) - 1)))
            painter.setPen(QPen(theme.colour("text"), 1))
            painter.drawLine(QPointF(x, chart.frame.top()), QPointF(x, chart.frame.bottom()))

    def _rendered(self, chart: Chart) -> QPixmap:
        ratio = self.devicePixelRatioF()
        key = (self.size(), ratio)
        if self._picture is None or self._key != key:
            self._key = key
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            chart.draw_grid(painter)
            if len(self.values) > 1:
                self._draw(painter, chart)
            painter.end()
            self.renders += 1
        return self._picture

    def _draw(self, painter: QPainter, chart: Chart) -> None:
        painter.setClipRect(chart.frame.adjusted(0, -1, 0, 1))
        steps = np.unique(np.linspace(0, len(self.values) - 1, COLUMNS).round().astype(int))
        chains = np.unique(np.linspace(0, self.values.shape[1] - 1, LINES).round().astype(int))
        for chain in chains:
            self._draw_line(painter, chart, steps, self.values[steps, chain], tint(CHAIN, 0.3), 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if 0 <= self.focus < self.values.shape[1]:
            self._draw_line(painter, chart, steps, self.values[steps, self.focus], tint(CHAIN), 1.5)
        self._draw_line(painter, chart, steps, np.median(self.values[steps], axis=1), theme.colour("text"), 1.8)
        if self.settled:
            veil = theme.colour("background")
            veil.setAlphaF(0.62)
            right = chart.x_of(self.settled)
            painter.fillRect(
                QRectF(chart.frame.left(), HEAD - 1, right - chart.frame.left(), chart.frame.height()), veil
            )

    @staticmethod
    def _draw_line(
        painter: QPainter, chart: Chart, steps: np.ndarray, values: np.ndarray, colour: QColor, width: float
    ) -> None:
        painter.setPen(QPen(colour, width))
        x = chart.frame.left() + steps / chart.x.high * chart.frame.width()
        y = chart.frame.bottom() - (values - chart.y.low) / (chart.y.high - chart.y.low) * chart.frame.height()
        at = np.stack([x, np.clip(y, -1e4, 1e4)], axis=1)
        draw_lines(painter, np.stack([at[:-1], at[1:]], axis=1))

    # ---- mouse

    def _pick(self, event: QMouseEvent) -> None:
        chart = self.chart()
        share = (event.position().x() - chart.frame.left()) / chart.frame.width()
        if len(self.values):
            self.picked.emit(round(chart.x.value(share)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
