"""Samplers in a duel: how far each ends from the true solution, against the network evaluations that it took."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Chart, spanning

LEFT, TOP, LEGEND, ROW = 44, 24, 132, 17
NEAR = 12.0  # logical pixels
WIDE = 400  # pixels from which there is room for the names beside the plot


@dataclass(frozen=True)
class Mark:
    """One contender: the line it belongs to, its coordinates, and what is said of it."""

    line: str
    nfe: float
    distance: float
    text: str
    stochastic: bool = False


class DuelPlot(QWidget):
    """A line a sampler on logarithmic axes. Samplers that add noise are dashed and hollow: they aim elsewhere.

    ``picked`` tells the number of the mark that was clicked, ``hovered`` the one under the pointer or -1.
    """

    picked = Signal(int)
    hovered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.marks: tuple[Mark, ...] = ()
        self.colours: dict[str, QColor] = {}
        self.chosen = -1
        self.placeholder = ""
        self._hover = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 110)
        self.setAccessibleName("Distance against network evaluations")
        self.setAccessibleDescription("Left and right go from contender to contender")

    def sizeHint(self) -> QSize:
        return QSize(360, 200)

    def set_marks(self, marks: tuple[Mark, ...], colours: dict[str, QColor]) -> None:
        """Show these contenders; ``colours`` gives each line its colour."""
        self.marks, self.colours = marks, colours
        self.chosen = self.chosen if self.chosen < len(marks) else -1
        self._hover = -1
        self.update()

    def choose(self, index: int) -> None:
        """Ring a mark; -1 for none."""
        self.chosen = index if index < len(self.marks) else -1
        self.update()

    def lines(self) -> dict[str, list[Mark]]:
        """The marks of each line by evaluations."""
        found: dict[str, list[Mark]] = {}
        for mark in sorted(self.marks, key=lambda m: m.nfe):
            found.setdefault(mark.line, []).append(mark)
        return {name: found[name] for name in dict.fromkeys(m.line for m in self.marks)}

    def chart(self) -> Chart:
        """The plot, in the widget's coordinates."""
        legend = LEGEND if self.width() >= WIDE else 8
        frame = QRectF(LEFT, TOP, self.width() - LEFT - legend, self.height() - TOP - TICK_ROOM - 14)
        evaluations = [m.nfe for m in self.marks if m.nfe > 0]
        distances = [m.distance for m in self.marks if m.distance > 0 and math.isfinite(m.distance)]
        x = spanning(min(evaluations, default=4), max(evaluations, default=200), 0.08, log=True)
        y = spanning(min(distances, default=0.001), max(distances, default=1.0), 0.12, log=True)
        return Chart(frame, x, y)

    def place(self, index: int) -> QPointF:
        """Where a mark is."""
        return _placed(self.chart(), self.marks[index])

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = self.chart()
        if not self.marks:
            painter.setPen(theme.colour("dim"))
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), _CENTRED, self.placeholder)
            return
        chart.draw_grid(painter)
        painter.setPen(theme.colour("dim"))
        painter.setFont(theme.font(11))
        painter.drawText(QRectF(0, 0, self.width(), 18), _LEFT, "distance to the reference (RMS in [−1, 1])")
        under = QRectF(chart.frame.left(), self.height() - 15, chart.frame.width(), 15)
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, "network evaluations")
        for name, marks in self.lines().items():
            self._draw_line(painter, chart, name, marks)
        self._draw_rings(painter)
        if self.width() >= WIDE:
            self._draw_legend(painter, chart)

    def _draw_line(self, painter: QPainter, chart: Chart, name: str, marks: list[Mark]) -> None:
        colour = self.colours.get(name, theme.colour("dim"))
        dashed = marks[0].stochastic
        places = [_placed(chart, m) for m in marks]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.8, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(QPen(colour, 1.8))
        painter.setBrush(theme.colour("background") if dashed else colour)
        for place in places:
            painter.drawEllipse(place, 3.6, 3.6)

    def _draw_rings(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index, token in ((self._hover, "dim"), (self.chosen, "text")):
            if 0 <= index < len(self.marks):
                painter.setPen(QPen(theme.colour(token), 1.6))
                painter.drawEllipse(self.place(index), 7, 7)

    def _draw_legend(self, painter: QPainter, chart: Chart) -> None:
        left = chart.frame.right() + 16
        painter.setFont(theme.font(11))
        for row, (name, marks) in enumerate(self.lines().items()):
            y = TOP + row * ROW
            colour = self.colours.get(name, theme.colour("dim"))
            painter.setPen(QPen(colour, 1.8))
            painter.setBrush(theme.colour("background") if marks[0].stochastic else colour)
            painter.drawEllipse(QPointF(left + 4, y + ROW / 2), 3.6, 3.6)
            painter.setPen(theme.colour("text"))
            painter.drawText(QRectF(left + 14, y, self.width() - left - 14, ROW), _LEFT, name)

    # ---- mouse and keys

    def index_at(self, point: QPointF) -> int:
        """The mark nearest to a point if it is near, else -1."""
        away = [(self.place(i) - point).manhattanLength() for i in range(len(self.marks))]
        near = min(range(len(away)), key=away.__getitem__, default=-1)
        return near if near >= 0 and away[near] <= NEAR else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_hover(self.index_at(event.position()))
        text = self.marks[self._hover].text if self._hover >= 0 else ""
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(-1)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.choose(index)
            self.picked.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self.marks:
            super().keyPressEvent(event)
            return
        self.choose(min(max(self.chosen + step, 0), len(self.marks) - 1))
        self.picked.emit(self.chosen)


def _placed(chart: Chart, mark: Mark) -> QPointF:
    """Where a mark is; what no logarithm can show lies at the edge."""
    distance = mark.distance if math.isfinite(mark.distance) else chart.y.high
    return chart.at(max(mark.nfe, chart.x.low), min(max(distance, chart.y.low), chart.y.high))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
