"""How a discriminator's scores of real and of generated pictures spread, and the threshold between the two."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from genplay.ui import theme
from genplay.ui.views.axes import TICK_ROOM, Chart, spanning
from genplay.ui.views.sides import scored, side_fill, side_text

ROOM, WORDS = 1.28, 12  # how much higher than its bars it is, for the words there, and their height in pixels
HEAD, LEFT, RIGHT = 20, 26, 8
BIN = 14.0  # pixels a bar should have
ENOUGH = 24  # bars at most


class ScoreHistogram(QWidget):
    """Two histograms over one another, real pictures and generated ones, a dashed line at the threshold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.real = self.fake = np.zeros(0)
        self.threshold = 0.0
        self.marked: float | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 84)
        self.setAccessibleName("Scores of real and generated pictures")

    def sizeHint(self) -> QSize:
        return QSize(420, 132)

    def set_scores(self, real: np.ndarray, fake: np.ndarray, threshold: float) -> None:
        """Show scores (N,) of both; those that are not finite are left out."""
        self.real, self.fake = (scores[np.isfinite(scores)] for scores in (np.asarray(real), np.asarray(fake)))
        self.threshold = threshold
        self.setAccessibleDescription(self.told())
        self.update()

    def told(self) -> str:
        """What share of each the discriminator gets right, in words; "" without scores."""
        if not len(self.real) or not len(self.fake):
            return ""
        right, wrong = (round(100 * float((s >= self.threshold).mean())) for s in (self.real, self.fake))
        return f"{right} % of the real and {wrong} % of the generated pictures are called real"

    def mark(self, score: float | None) -> None:
        """Point at a score; None at none."""
        if score != self.marked:
            self.marked = score
            self.update()

    # ---- what is where

    def edges(self) -> np.ndarray:
        """The ends of the bars; one of them is the threshold, so that every bar is on one side of it."""
        scores = np.concatenate([self.real, self.fake])
        low, high = (float(scores.min()), float(scores.max())) if len(scores) else (-1.0, 1.0)
        low, high = min(low, self.threshold), max(high, self.threshold)
        count = int(np.clip((self.width() - LEFT - RIGHT) / BIN, 4, ENOUGH))
        step = max((high - low) / count, 1e-6)
        first = np.floor((low - self.threshold) / step)
        last = np.ceil((high - self.threshold) / step)
        return self.threshold + step * np.arange(first, max(last, first + 1) + 1)

    def counts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edges (B + 1,) and the number of real and of generated pictures in each bar (B,)."""
        edges = self.edges()
        real, fake = (_counted(scores, edges) for scores in (self.real, self.fake))
        return edges, real, fake

    def chart(self) -> Chart:
        """The frame with its axes, in the widget's coordinates."""
        edges, real, fake = self.counts()
        frame = QRectF(LEFT, HEAD, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - HEAD - TICK_ROOM - 2))
        most = max(float(real.max(initial=1)), float(fake.max(initial=1)))
        return Chart(frame, spanning(float(edges[0]), float(edges[-1])), spanning(0.0, ROOM * most))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = self.chart()
        edges, real, fake = self.counts()
        self._draw_head(painter)
        chart.draw_grid(painter)
        self._draw_steps(painter, chart, edges, real, real_side=True)
        self._draw_steps(painter, chart, edges, fake, real_side=False)
        self._draw_threshold(painter, chart)
        if self.marked is not None:
            self._draw_mark(painter, chart, self.marked)

    def _draw_head(self, painter: QPainter) -> None:
        x = 0.0
        painter.setFont(theme.font(12))
        for text, colour in (
            ("scores of", theme.colour("dim")),
            ("real", side_text(True)),
            ("and", theme.colour("dim")),
            ("generated", side_text(False)),
        ):
            painter.setPen(colour)
            painter.drawText(QPointF(x, 13), text)
            x += painter.fontMetrics().horizontalAdvance(text + " ")

    def _draw_steps(
        self, painter: QPainter, chart: Chart, edges: np.ndarray, counts: np.ndarray, real_side: bool
    ) -> None:
        line = [QPointF(chart.x_of(float(edges[0])), chart.frame.bottom())]
        for left, right, n in zip(edges, edges[1:], counts):
            line += [chart.at(float(left), float(n)), chart.at(float(right), float(n))]
        line.append(QPointF(chart.x_of(float(edges[-1])), chart.frame.bottom()))
        painter.setPen(QPen(side_text(real_side), 1.4))
        painter.setBrush(side_fill(real_side, 0.28))
        painter.drawPolygon(QPolygonF(line))

    def _draw_threshold(self, painter: QPainter, chart: Chart) -> None:
        x = chart.x_of(self.threshold)
        painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, chart.frame.top() - 2), QPointF(x, chart.frame.bottom()))
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        metrics = painter.fontMetrics()
        for text, at in (
            ("← generated ", x - metrics.horizontalAdvance("← generated ") - 3),
            (" real →", x + 3),
        ):
            inside = chart.frame.left() <= at and at + metrics.horizontalAdvance(text) <= chart.frame.right()
            if inside:
                painter.drawText(QPointF(at, chart.frame.top() + 8), text)

    def _draw_mark(self, painter: QPainter, chart: Chart, score: float) -> None:
        x = chart.x_of(score)
        painter.setPen(QPen(theme.colour("text"), 1.5))
        painter.drawLine(QPointF(x, chart.frame.top() + WORDS), QPointF(x, chart.frame.bottom()))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(x, chart.frame.bottom()), 4, 4)

    # ---- mouse

    def described(self, x: float) -> str:
        """What the bars at a place of the horizontal axis stand for, "" beside them."""
        edges, real, fake = self.counts()
        chart = self.chart()
        value = chart.x.low + (x - chart.frame.left()) / chart.frame.width() * (chart.x.high - chart.x.low)
        index = int(np.searchsorted(edges, value, side="right")) - 1
        if not 0 <= index < len(real):
            return ""
        ends = f"{scored(float(edges[index]))} to {scored(float(edges[index + 1]))}"
        return f"{ends}: {int(real[index])} real, {int(fake[index])} generated"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        text = self.described(event.position().x()) if len(self.real) else ""
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()


def _counted(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many scores fall between the edges; one at an edge belongs to the right."""
    place = np.searchsorted(edges, scores, side="right") - 1
    return np.bincount(np.clip(place, 0, len(edges) - 2), minlength=len(edges) - 1)
