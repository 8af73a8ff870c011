"""The line of steps: how far the recording goes, and the step on show, which can be dragged."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

HANDLE, TRACK, LEAP = 12.0, 3.0, 10


class Scrubber(QWidget):
    """A track from 0 to ``expected`` steps, filled up to ``recorded``, with a handle at ``step``."""

    scrubbed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step, self.recorded, self.expected = 0, 0, 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Step on show")
        self.setToolTip("Drag to go to a step · arrow keys step, Page Up and Down by ten, Home and End to the ends")

    def sizeHint(self) -> QSize:
        return QSize(240, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 28)

    def show_steps(self, step: int, recorded: int, expected: int) -> None:
        """Show a step of so many that are recorded and expected."""
        if (step, recorded, expected) != (self.step, self.recorded, self.expected):
            self.step, self.recorded, self.expected = step, recorded, max(expected, recorded)
            self.setAccessibleDescription(f"step {step} of {self.expected}")
            self.update()

    def track(self) -> QRectF:
        """Where the track is."""
        room = HANDLE / 2 + 1
        return QRectF(room, self.height() / 2 - TRACK / 2, self.width() - 2 * room, TRACK)

    def x_of(self, step: int) -> float:
        """Where a step is."""
        return self.track().left() + self.track().width() * step / max(1, self.expected)

    def step_at(self, x: float) -> int:
        """The recorded step nearest to a place."""
        share = (x - self.track().left()) / max(1.0, self.track().width())
        return max(0, min(round(share * self.expected), self.recorded))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = self.track()
        for end, token in ((self.expected, "line"), (self.recorded, "dim"), (self.step, "accent")):
            painter.setBrush(theme.colour(token))
            painter.drawRoundedRect(QRectF(track.left(), track.top(), self.x_of(end) - track.left(), TRACK), 1.5, 1.5)
        painter.setPen(QPen(theme.colour("accent"), 2) if self.hasFocus() else QPen(theme.colour("dim"), 1))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(self.x_of(self.step), self.height() / 2), HANDLE / 2, HANDLE / 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.scrubbed.emit(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.scrubbed.emit(self.step_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        there = {
            Qt.Key.Key_Left: self.step - 1,
            Qt.Key.Key_Right: self.step + 1,
            Qt.Key.Key_PageDown: self.step - LEAP,
            Qt.Key.Key_PageUp: self.step + LEAP,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.recorded,
        }.get(Qt.Key(event.key()))
        if there is None:
            super().keyPressEvent(event)
        else:
            self.scrubbed.emit(max(0, min(there, self.recorded)))
