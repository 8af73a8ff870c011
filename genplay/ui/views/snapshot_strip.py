"""The snapshots of a run on a line of its training steps, with a handle to go back to one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

EDGE, NOW = 10.0, -1
HANDLE = 6.0


class SnapshotStrip(QWidget):
    """A tick a snapshot; the handle is at the present until it is dragged, or moved by the arrow keys.

    ``moved`` and ``released`` give the step at the handle, ``NOW`` for the present. ``mark`` is a step of interest.
    """

    moved = Signal(int)
    released = Signal(int)
    accepted = Signal()  # Enter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.snapshots: tuple[int, ...] = ()
        self.step, self.at, self.mark = 0, NOW, NOW
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Snapshots")
        self.setToolTip("Drag back to a snapshot of the training · arrows step · Enter rewinds · Esc comes back")

    def sizeHint(self) -> QSize:
        return QSize(400, 30)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 30)

    def set_snapshots(self, snapshots: Sequence[int], step: int, mark: int = NOW) -> None:
        """Show these, ascending, and the present step."""
        kept = tuple(s for s in snapshots if s <= step)
        if (kept, step, mark) == (self.snapshots, self.step, self.mark):
            return
        self.snapshots, self.step, self.mark = kept, step, mark
        if self.at != NOW and self.at not in kept:
            self.go(NOW)
        self.update()

    def go(self, step: int) -> None:
        """Put the handle at a snapshot, or at the present."""
        if step != self.at:
            self.at = step
            self.setAccessibleDescription("now" if step == NOW else f"step {step:,}")
            self.moved.emit(step)
            self.update()

    def nudge(self, by: int) -> None:
        """To the next or previous snapshot; beyond the last one is the present."""
        places = [*self.snapshots, NOW]
        here = places.index(self.at) if self.at in places else len(places) - 1
        self.go(places[min(max(here + by, 0), len(places) - 1)])
        self.released.emit(self.at)

    # ---- geometry

    def _x(self, step: int) -> float:
        first = self.snapshots[0] if self.snapshots else 0
        share = (step - first) / max(1, self.step - first)
        return EDGE + (self.width() - 2 * EDGE) * share

    def snapshot_at(self, x: float) -> int:
        """The snapshot nearest to a place, or the present."""
        places = {NOW: self._x(self.step), **{s: self._x(s) for s in self.snapshots if s < self.step}}
        return min(places, key=lambda step: abs(places[step] - x))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = self.height() - 9.0
        here = self._x(self.step if self.at == NOW else self.at)
        painter.setPen(QPen(theme.colour("line"), 2))
        painter.drawLine(QPointF(EDGE, y), QPointF(self.width() - EDGE, y))
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawLine(QPointF(EDGE, y), QPointF(here, y))
        self._draw_ticks(painter, y)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(here, y), HANDLE, HANDLE)
        self._write(painter, here)

    def _draw_ticks(self, painter: QPainter, y: float) -> None:
        painter.setPen(QPen(theme.colour("dim"), 1))
        for step in self.snapshots:
            x = round(self._x(step)) + 0.5
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
        if self.snapshots and self.snapshots[0] <= self.mark <= self.step:
            x = self._x(self.mark)
            painter.setPen(QPen(theme.colour("bad"), 2))
            painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))

    def _write(self, painter: QPainter, here: float) -> None:
        painter.setFont(theme.font(11))
        metrics = QFontMetricsF(painter.font())
        text = "now" if self.at == NOW else f"step {self.at:,}"
        wide = metrics.horizontalAdvance(text) + 2
        left = min(max(here - wide / 2, 0.0), self.width() - wide)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left, 0, wide, 14), Qt.AlignmentFlag.AlignLeft, text)
        painter.setPen(theme.colour("dim"))
        ends = [(0.0, f"step {self.snapshots[0]:,}")] if self.snapshots else []
        for x, end in ends:
            if left > x + metrics.horizontalAdvance(end) + 8:
                painter.drawText(QRectF(x, 0, 120, 14), Qt.AlignmentFlag.AlignLeft, end)

    # ---- pointer and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.snapshots:
            self._dragging = True
            self.go(self.snapshot_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self.go(self.snapshot_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._dragging = False
            self.released.emit(self.at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(1 << 20), Qt.Key.Key_End: 1 << 20}
        key = Qt.Key(event.key())
        if key in moves:
            self.nudge(moves[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.at != NOW:
            self.accepted.emit()
        else:
            super().keyPressEvent(event)
