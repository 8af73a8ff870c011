"""A curve over sampling time that is drawn by dragging its points, and the interval outside which it does not count."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.contract.sampling import MAX_PAIRS, curve_at
from genplay.ui import theme

Points = tuple[tuple[float, float], ...]  # (time, factor), by time

FLAT: Points = ((0.0, 1.0), (1.0, 1.0))  # what no curve is drawn as
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 30, 22  # around the frame, for the axes and the handles of the interval
REACH = 11.0  # pixels from a point at which it is taken
GRIP = 5.0  # half the width of a handle of the interval
LEAST_TOP, MOST = 2.0, 10.0  # the factor at the top of the frame, at least; the greatest there is
APART = 0.01  # between two points, in time
SLOW = 0.2  # how much of its way a drag goes while Shift is held
NUDGE_T, NUDGE_F = 0.01, 0.05  # an arrow key
SETTLE_MS = 350  # keys are one change once they rest for so long
FROM, TO = -1, -2  # the handles of the interval, as indices


class CurveEditor(QWidget):
    """Factors over time from 1 (noise, at the left) to 0 (data): straight lines between points, level beyond them.

    Points are dragged; a double click adds one or takes one away. The two handles above bound the interval: outside it
    the factor counts as 0. With the keyboard Left and Right choose a handle, Up and Down and Shift with Left and Right
    move it, Insert adds a point behind the chosen one, Delete takes it away. Each change is ``pressed``, ``moved`` any
    number of times, ``released``; ``points`` and ``interval`` tell what it came to.
    """

    pressed = Signal()
    moved = Signal()
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: Points = ()
        self.interval = (1.0, 0.0)  # from (noise side), to (data side)
        self.scale = 1.0  # what a factor of 1 stands for; 0 stands for 1
        self.chosen = 0
        self._hover: int | None = None
        self._drag: tuple[QPointF, float, float] | None = None  # where the pointer was, where its handle is unclamped
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.released)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 110)
        self.setAccessibleName("Guidance over time")
        self.setAccessibleDescription("Left and Right choose a handle, Up and Down and Shift with arrows move it")
        self.setToolTip(
            "Drag a point · double click adds or removes one · Shift slows · the handles above bound the interval\n"
            "Left and Right choose a handle · Up, Down and Shift with arrows move it · Insert and Delete"
        )

    def sizeHint(self) -> QSize:
        return QSize(420, 220)

    # ---- values

    def set_curve(self, points: Sequence[tuple[float, float]], interval: tuple[float, float], scale: float) -> None:
        """Show a curve (none for a level factor of 1), the interval and the scale, without a signal."""
        found = tuple(points), interval, scale
        if found != (self.points, self.interval, self.scale):
            same = found[:2] == (self.points, self.interval)
            self.points, self.interval, self.scale = found
            self.chosen = min(self.chosen, len(self.shown) - 1)
            self.update(self._line_of_words() if same else self.rect())

    @property
    def shown(self) -> Points:
        """The points as they are drawn."""
        return self.points or FLAT

    def factor_at(self, t: float) -> float:
        """The factor that counts at a time: 0 outside the interval."""
        start, end = self.interval
        return curve_at(self.points, t) if end <= t <= start else 0.0

    def scale_at(self, t: float) -> float:
        """The scale at a time."""
        return 1 + self.factor_at(t) * (self.scale - 1)

    # ---- geometry

    def frame(self) -> QRectF:
        """Where the curve is drawn."""
        return QRectF(LEFT, TOP, max(10, self.width() - LEFT - RIGHT), max(10, self.height() - TOP - BOTTOM))

    @property
    def top(self) -> float:
        """The factor at the top of the frame."""
        return max(LEAST_TOP, math.ceil(max(f for _, f in self.shown)))

    def place(self, t: float, factor: float) -> QPointF:
        """Where a point of the curve is, in the widget's coordinates."""
        frame = self.frame()
        return QPointF(frame.left() + (1 - t) * frame.width(), frame.bottom() - factor / self.top * frame.height())

    def value(self, at: QPointF) -> tuple[float, float]:
        """Time and factor at a place, not clamped."""
        frame = self.frame()
        t = 1 - (at.x() - frame.left()) / frame.width()
        return t, (frame.bottom() - at.y()) / frame.height() * self.top

    def handle_rect(self, edge: int) -> QRectF:
        """The grip of an end of the interval (``FROM`` or ``TO``)."""
        x = self.place(self.interval[0 if edge == FROM else 1], 0).x()
        inside = x if edge == FROM else x - 2 * GRIP  # the two grips never cover each other
        return QRectF(inside, TOP - 12, 2 * GRIP, 10)

    def handle_at(self, at: QPointF) -> int | None:
        """The point or the end of the interval under a place."""
        away, nearest = min((_distance(self.place(*point), at), i) for i, point in enumerate(self.shown))
        if away <= REACH:
            return nearest
        for edge in (FROM, TO):
            grip = self.handle_rect(edge)
            line = QRectF(self.place(self.interval[0 if edge == FROM else 1], 0).x() - 4, TOP, 8, self.frame().height())
            if grip.adjusted(-3, -6, 3, 2).contains(at) or (self.interval != (1.0, 0.0) and line.contains(at)):
                return edge
        return None

    # ---- changes

    def _move(self, handle: int, t: float, factor: float) -> None:
        """Bring a handle to a time and a factor, as far as it may go."""
        before = self.points, self.interval
        if handle == FROM:
            self.interval = (min(max(t, self.interval[1]), 1.0), self.interval[1])
        elif handle == TO:
            self.interval = (self.interval[0], min(max(t, 0.0), self.interval[0]))
        else:
            points = list(self.shown)
            low = points[handle - 1][0] + APART if handle > 0 else 0.0
            high = points[handle + 1][0] - APART if handle + 1 < len(points) else 1.0
            points[handle] = (round(min(max(t, low), high), 4), round(min(max(factor, 0.0), MOST), 4))
            self.points = tuple(points)
        if (self.points, self.interval) != before:
            self.update()
            self.moved.emit()

    def add(self, t: float, factor: float) -> bool:
        """A point more, as one change by the user; whether there was room for it."""
        if len(self.shown) >= MAX_PAIRS or any(abs(t - other) < APART for other, _ in self.shown):
            return False
        points = sorted((*self.shown, (round(min(max(t, 0.0), 1.0), 4), round(min(max(factor, 0.0), MOST), 4))))
        self._replace(tuple(points))
        self.chosen = next(i for i, p in enumerate(points) if abs(p[0] - t) < APART)
        return True

    def remove(self, index: int) -> None:
        """A point less, as one change by the user; the last but one stays."""
        if len(self.points) > 1 and 0 <= index < len(self.points):
            self._replace(self.points[:index] + self.points[index + 1 :])
            self.chosen = max(0, index - 1)

    def _replace(self, points: Points) -> None:
        self._finish_keys()
        self.pressed.emit()
        self.points = points
        self.update()
        self.moved.emit()
        self.released.emit()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if event.rect() != self._line_of_words():
            self._draw_axes(painter)
            self._draw_interval(painter)
            self._draw_curve(painter)
            for index in range(len(self.shown)):
                self._draw_point(painter, index)
        self._draw_readout(painter)

    def _draw_axes(self, painter: QPainter) -> None:
        frame = self.frame()
        painter.setFont(theme.font(11))
        step = 1.0 if self.top <= 4 else 2.0
        for index in range(int(self.top / step) + 1):
            y = round(self.place(0, index * step).y()) + 0.5
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(theme.colour("dim"))
            painter.drawText(QRectF(0, y - 8, LEFT - 8, 16), _RIGHT, f"×{index * step:g}")
        below = QRectF(frame.left(), frame.bottom() + 4, frame.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "t = 1 noise")
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, "0.5")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "data t = 0")

    def _draw_interval(self, painter: QPainter) -> None:
        """The grips, and a veil over the times that do not count."""
        frame, (start, end) = self.frame(), self.interval
        veil = QColor(theme.colour("line"))
        veil.setAlpha(110)
        for low, high in ((1.0, start), (end, 0.0)):
            left, right = self.place(low, 0).x(), self.place(high, 0).x()
            if right - left > 0.5:
                painter.fillRect(QRectF(left, frame.top(), right - left, frame.height()), veil)
        for edge in (FROM, TO):
            lit = edge in (self._hover, self.chosen if self.hasFocus() else None)
            tint = theme.colour("accent" if lit else "dim")
            x = self.place(start if edge == FROM else end, 0).x()
            painter.setPen(QPen(tint, 1))
            if self.interval != (1.0, 0.0):
                painter.drawLine(QPointF(x, frame.top() - 8), QPointF(x, frame.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawRoundedRect(self.handle_rect(edge), 2, 2)

    def _draw_curve(self, painter: QPainter) -> None:
        frame, (start, end) = self.frame(), self.interval
        line = QPolygonF([self.place(t, f) for t, f in self._corners(1.0, 0.0)])
        painter.setPen(QPen(theme.colour("disabled"), 1, Qt.PenStyle.DotLine))
        painter.drawPolyline(line)
        inside = [self.place(t, f) for t, f in self._corners(start, end)]
        fill = QColor(theme.colour("accent"))
        fill.setAlpha(36)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        foot = [QPointF(inside[-1].x(), frame.bottom()), QPointF(inside[0].x(), frame.bottom())]
        painter.drawPolygon(QPolygonF([*inside, *foot]))
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawPolyline(QPolygonF([self.place(1.0, 0), foot[1], *inside, foot[0], self.place(0.0, 0)]))

    def _corners(self, start: float, end: float) -> Points:
        """The curve between two times, from noise to data."""
        within = [(t, f) for t, f in reversed(self.shown) if end < t < start]
        return ((start, curve_at(self.points, start)), *within, (end, curve_at(self.points, end)))

    def _draw_point(self, painter: QPainter, index: int) -> None:
        centre = self.place(*self.shown[index])
        lit = index == self._hover or (self.hasFocus() and index == self.chosen)
        painter.setBrush(theme.colour("handle"))
        painter.setPen(QPen(theme.colour("accent" if lit else "dim"), 2 if lit else 1))
        painter.drawEllipse(centre, 5.5, 5.5)

    def _draw_readout(self, painter: QPainter) -> None:
        handle = self._hover if self._hover is not None else (self.chosen if self.hasFocus() else None)
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        painter.drawText(QRectF(self._line_of_words()), Qt.AlignmentFlag.AlignRight, self.told(handle))

    def _line_of_words(self) -> QRect:
        return QRect(0, 0, self.width() - RIGHT, 16)

    def told(self, handle: int | None) -> str:
        """A handle in words."""
        if handle is None:
            return f"scale 1 + factor × {self.scale - 1:.2f}".replace("-", "−")
        if handle in (FROM, TO):
            return f"guided from t = {self.interval[0]:.2f} to {self.interval[1]:.2f}"
        t, factor = self.shown[min(handle, len(self.shown) - 1)]
        return f"t {t:.2f}   ·   factor {factor:.2f}   ·   scale {1 + factor * (self.scale - 1):.2f}".replace("-", "−")

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a handle."""
        handle = self.handle_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or handle is None:
            return
        self._finish_keys()
        self.chosen = handle
        at = self.shown[handle] if handle >= 0 else (self.interval[0 if handle == FROM else 1], 0.0)
        self._drag = (event.position(), *at)
        self.pressed.emit()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it, or light up what is under the pointer."""
        if self._drag is None:
            self._hover_over(self.handle_at(event.position()))
            return
        last, t, factor = self._drag
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        (t0, f0), (t1, f1) = self.value(last), self.value(event.position())
        t, factor = t + slow * (t1 - t0), factor + slow * (f1 - f0)
        self._drag = (event.position(), t, factor)
        self._move(self.chosen, t, factor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A point more, or one less; an end of the interval back to where it was at first."""
        handle = self.handle_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if handle is None:
            if self.frame().adjusted(-2, -2, 2, 2).contains(event.position()):
                self.add(*self.value(event.position()))
        elif handle >= 0:
            self.remove(handle)
        else:
            self.pressed.emit()
            self._move(handle, 1.0 if handle == FROM else 0.0, 0.0)
            self.released.emit()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the pointer."""
        self._hover_over(None)

    def _hover_over(self, handle: int | None) -> None:
        if handle != self._hover:
            self._hover = handle
            shape = Qt.CursorShape.SizeHorCursor if handle in (FROM, TO) else Qt.CursorShape.SizeAllCursor
            self.setCursor(Qt.CursorShape.ArrowCursor if handle is None else shape)
            self.update()

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose, move, add and take away."""
        key, moves = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        sideways = {Qt.Key.Key_Left: 1, Qt.Key.Key_Right: -1}.get(key, 0)
        upwards = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(key, 0)
        if sideways and not moves:
            self._choose(sideways)
        elif sideways or upwards:
            self._nudge(NUDGE_T * sideways, NUDGE_F * upwards)
        elif key == Qt.Key.Key_Insert:
            self._add_behind()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.chosen >= 0:
            self.remove(self.chosen)
        else:
            super().keyPressEvent(event)

    def _choose(self, by: int) -> None:
        order = [TO, *range(len(self.shown)), FROM]  # by time
        self.chosen = order[min(max(order.index(self.chosen) + by, 0), len(order) - 1)]
        self.update()

    def _nudge(self, t: float, factor: float) -> None:
        if not self._settle.isActive():
            self.pressed.emit()
        self._settle.start()
        at = self.shown[self.chosen] if self.chosen >= 0 else (self.interval[0 if self.chosen == FROM else 1], 0.0)
        self._move(self.chosen, at[0] + t, at[1] + factor)

    def _add_behind(self) -> None:
        """A point half way to the next one towards data, or before it where there is none."""
        here = max(0, self.chosen)
        other = here - 1 if here else min(1, len(self.shown) - 1)
        t = (self.shown[here][0] + self.shown[other][0]) / 2
        self.add(t, curve_at(self.points, t))

    def _finish_keys(self) -> None:
        if self._settle.isActive():
            self._settle.stop()
            self.released.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A change by keys ends with the focus."""
        self._finish_keys()
        self.update()
        super().focusOutEvent(event)


def _distance(a: QPointF, b: QPointF) -> float:
    return math.hypot(a.x() - b.x(), a.y() - b.y())


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
