"""A slider with its value beside it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleValueChangeEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

HANDLE, TRACK, NUMBER = 12.0, 3.0, 52
SLOW = 0.1  # how far a drag with Shift moves the handle, against one without
SETTLE_MS = 350  # a turn of the wheel is one change once it rests for so long


class ValueSlider(QWidget):
    """A number in a range, dragged on a thin track.

    Double click resets to the default, the wheel and the arrow keys step, Page Up and Down step by ten, Home and End
    go to the ends, Shift slows a drag. With ``scale="log"`` equal distances are equal factors.
    """

    moved = Signal(float)  # each change by the user, those of a drag included
    pressed = Signal()  # a drag (or a turn of the wheel, or a key) begins
    released = Signal(float)  # it ended

    def __init__(
        self,
        low: float,
        high: float,
        value: float,
        default: float | None = None,
        *,
        scale: str = "linear",
        integer: bool = False,
        decimals: int = 2,
        signed: bool = False,
        unit: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        assert high > low and (scale != "log" or low > 0)
        self.low, self.high, self.scale, self.integer = float(low), float(high), scale, integer
        self.decimals, self.signed, self.unit = decimals, signed, unit
        self.default = self._fit(value if default is None else default)
        self._value = self._fit(value)
        self._drag: tuple[float, float] | None = None  # where the pointer was last, where the handle is in [0, 1]
        self._hovered = False
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Double click resets · wheel nudges · arrows step · Shift slows the drag")

    # ---- the value

    def value(self) -> float:
        """The number shown."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show another number, clipped to the range, without a signal."""
        fitted = self._fit(value)
        if fitted != self._value:
            self._value = fitted
            self._announce()
            self.update()

    def set_range(self, low: float, high: float, default: float) -> None:
        """Other ends, and what a double click resets to; a value outside is moved to the nearest end."""
        assert high > low and (self.scale != "log" or low > 0)
        self.low, self.high = float(low), float(high)
        self.default, self._value = self._fit(default), self._fit(self._value)
        self.update()

    def text(self) -> str:
        """The value as it is written beside the track."""
        if self.integer:
            number = f"{round(self._value):,}".replace("-", "−")
        elif self.scale == "log":
            number = _significant(self._value)
        else:
            number = f"{self._value:z.{self.decimals}f}".replace("-", "−")  # z: nothing rounds to a negative zero
        if self.signed and not number.startswith("−"):
            number = f"+{number}"
        return number

    def _fit(self, value: float) -> float:
        value = min(max(float(value), self.low), self.high)
        return float(round(value)) if self.integer else value

    def _fraction(self) -> float:
        return self._to_fraction(self._value)

    def _to_fraction(self, value: float) -> float:
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def _from_fraction(self, fraction: float) -> float:
        fraction = min(max(fraction, 0.0), 1.0)
        if self.scale == "log":
            return self._fit(self.low * (self.high / self.low) ** fraction)
        return self._fit(self.low + (self.high - self.low) * fraction)

    def _change(self, value: float) -> None:
        value = self._fit(value)
        if value == self._value:
            return
        self._value = value
        self._announce()
        self.update()
        self.moved.emit(value)

    def _announce(self) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self, self._value))

    def _step_by(self, steps: float) -> None:
        """Change by so many hundredths of the track (or whole numbers), as one change once it rests."""
        if not self._settle.isActive():
            self.pressed.emit()
        self._settle.start()
        if self.integer and self.scale == "linear":
            whole = max(1.0, round((self.high - self.low) / 100))
            self._change(self._value + steps * whole)
            return
        before = self._value
        self._change(self._from_fraction(self._fraction() + steps / 100))
        if self.integer and self._value == before:  # a hundredth of a log track may be less than one
            self._change(before + math.copysign(1, steps))

    def _settled(self) -> None:
        self._settle.stop()
        self.released.emit(self._value)

    # ---- geometry and paint

    def sizeHint(self) -> QSize:
        """Room for a useful drag."""
        return QSize(190, 24)

    def minimumSizeHint(self) -> QSize:
        """Still draggable."""
        return QSize(110, 24)

    def track(self) -> QRectF:
        """Where the centre of the handle may be, in widget coordinates."""
        room = max(10.0, self.width() - NUMBER - HANDLE - 4)
        return QRectF(HANDLE / 2 + 2, self.height() / 2 - TRACK / 2, room, TRACK)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, fill, handle and number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track, on = self.track(), self.isEnabled()
        centre = QPointF(track.left() + self._fraction() * track.width(), track.center().y())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(track, TRACK / 2, TRACK / 2)
        painter.setBrush(theme.colour("accent" if on else "disabled"))
        painter.drawRoundedRect(QRectF(track.topLeft(), QPointF(centre.x(), track.bottom())), TRACK / 2, TRACK / 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 1.5))
            painter.drawEllipse(centre, HANDLE / 2 + 2, HANDLE / 2 + 2)
        edge = theme.colour("accent" if self._hovered and on else "dim")
        painter.setPen(QPen(edge, 1) if theme.shown() == "light" or self._hovered else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("handle" if on else "disabled"))
        painter.drawEllipse(centre, HANDLE / 2, HANDLE / 2)
        painter.setPen(theme.colour("text" if on else "disabled"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.text())

    # ---- mouse, wheel, keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle; a press on the track brings it there."""
        if event.button() != Qt.MouseButton.LeftButton or event.position().x() > self.width() - NUMBER + 4:
            return
        if self._settle.isActive():
            self._settled()
        self.pressed.emit()
        track = self.track()
        there = (event.position().x() - track.left()) / track.width()
        on_handle = abs(there - self._fraction()) * track.width() <= HANDLE
        self._drag = (event.position().x(), self._fraction() if on_handle else there)
        if not on_handle:
            self._change(self._from_fraction(there))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle."""
        if self._drag is None:
            return
        last, fraction = self._drag
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        fraction += slow * (event.position().x() - last) / self.track().width()
        self._drag = (event.position().x(), fraction)
        self._change(self._from_fraction(fraction))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag."""
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.released.emit(self._value)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the default."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset()

    def reset(self) -> None:
        """Back to the default, as one change by the user."""
        self._drag = None
        self.pressed.emit()
        self._change(self.default)
        self.released.emit(self._value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nudge by a hundredth of the track a notch."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        if turned:
            self._step_by(slow * turned / 120)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, pages, ends, and Delete to reset."""
        key = Qt.Key(event.key())
        fine = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not self.integer else 1.0
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageDown: -10,
            Qt.Key.Key_PageUp: 10,
        }
        ends = {Qt.Key.Key_Home: self.low, Qt.Key.Key_End: self.high}
        if key in steps:
            self._step_by(steps[key] * fine)
        elif key in ends:
            self._step_by(1e9 if key == Qt.Key.Key_End else -1e9)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A change by keys ends with the focus."""
        if self._settle.isActive():
            self._settled()
        super().focusOutEvent(event)

    def enterEvent(self, event: object) -> None:
        """Show that it can be taken."""
        self._hovered = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Rest."""
        self._hovered = False
        self.update()


def _significant(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 0.01 or value == 0:
        return f"{value:.3g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}".replace("-", "−")
