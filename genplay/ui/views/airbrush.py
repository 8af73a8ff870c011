"""A square on which a density is painted with an airbrush."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import density as grids
from genplay.ui.views import pixels
from genplay.ui.views.picture import ARROWS

SPRAY_MS = 60  # between two dabs while the brush rests
SPACING = 0.4  # of the brush's size, between two dabs on its way
STEP, TEN = 0.02, 0.1  # data units, an arrow key and one with Shift
SIZES = (0.02, 0.3)  # standard deviation of a dab
GROW = 1.15
EDGE = 20.0  # pixels for the numbers at the axes
SHOWN = 400  # points of the preview
DOT = 1.6
INVITATION = "Paint here with the left button pressed."


class Airbrush(QWidget):
    """Paints soft dabs onto a density (S, S); ``stroke_done`` gives it before and after a whole stroke.

    The left button paints (the right one erases) and goes on while it rests. The arrow keys move the brush, Space
    paints, E changes between painting and erasing, [ and ] or the wheel change the size (``size_chosen``).
    """

    painted = Signal()  # within a stroke
    stroke_done = Signal(object, object)
    size_chosen = Signal(float)
    erase_chosen = Signal(bool)

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.brush_size, self.flow, self.erasing = 0.07, 0.25, False
        self.shows_points = True
        self.density = grids.blank(side)
        self._before: np.ndarray | None = None  # while a stroke is under way
        self._rubbing = False  # whether this stroke erases
        self._at = self._dabbed = (0.0, 0.0)  # the brush, and its last dab on the way
        self._keyed = False  # whether the keys put the brush there
        self._image: QImage | None = None
        self._points: np.ndarray | None = None
        self._spray = QTimer(self, interval=SPRAY_MS)
        self._spray.timeout.connect(lambda: self._dab([self._at]))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 200)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("The plane to draw on")
        self.setAccessibleDescription("Arrow keys move the brush, Space paints, E erases, [ and ] change its size")
        theme.signals().changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(520, 520)

    # ---- what is on it

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn."""
        return not bool(self.density.any())

    @property
    def stroking(self) -> bool:
        """Whether a stroke is under way."""
        return self._before is not None

    def set_density(self, density: np.ndarray) -> None:
        """Show another density. A stroke that is under way is dropped."""
        self._spray.stop()
        self._before = None
        self._show(np.ascontiguousarray(density, np.float32))

    def replace(self, density: np.ndarray) -> None:
        """Put another density in its place, as one stroke."""
        self._end()
        self._before = self.density
        self._show(np.ascontiguousarray(density, np.float32))
        self._end()

    def clear(self) -> None:
        """Take everything away, as one stroke."""
        self.replace(grids.blank(len(self.density)))

    def show_points(self, shown: bool) -> None:
        """Whether points drawn from the density lie over it."""
        self.shows_points = shown
        self.update()

    def set_brush(self, size: float | None = None, flow: float | None = None, erasing: bool | None = None) -> None:
        """Another brush, without a signal."""
        self.brush_size = self.brush_size if size is None else min(max(size, SIZES[0]), SIZES[1])
        self.flow = self.flow if flow is None else flow
        self.erasing = self.erasing if erasing is None else erasing
        self.update()

    def _show(self, density: np.ndarray) -> None:
        self.density = density
        self._redraw()

    def _redraw(self) -> None:
        self._image = self._points = None
        self.update()

    # ---- geometry

    def square(self) -> QRectF:
        """Where [-1, 1]^2 is, in the widget's coordinates."""
        side = max(16.0, min(self.width(), self.height()) - 2 * EDGE)
        return QRectF(int((self.width() - side) / 2), int((self.height() - side) / 2), side, side)

    def to_view(self, x: float, y: float) -> QPointF:
        """A point of the plane in the widget's coordinates."""
        place = self.square()
        return QPointF(place.left() + (x + 1) / 2 * place.width(), place.top() + (1 - y) / 2 * place.height())

    def to_data(self, point: QPointF) -> tuple[float, float]:
        """The reverse of ``to_view``."""
        place = self.square()
        x, y = (point.x() - place.left()) / place.width(), (point.y() - place.top()) / place.height()
        return 2 * x - 1, 1 - 2 * y

    # ---- painting on the screen

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        place = self.square()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._picture())
        self._draw_axes(painter, place)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.shows_points:
            self._draw_points(painter)
        if self.is_empty:
            painter.setPen(theme.colour("dim"))
            painter.setFont(theme.font())
            painter.drawText(place.adjusted(16, 16, -16, -16), _CENTRED, INVITATION)
        painter.setClipRect(place)
        self._draw_brush(painter)
        painter.setClipping(False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "line"), 1))
        painter.drawRect(place.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _picture(self) -> QImage:
        if self._image is None:
            self._image = pixels.to_qimage(grids.picture(self.density))
        return self._image

    def _draw_axes(self, painter: QPainter, place: QRectF) -> None:
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        for value, text in ((-1, "−1"), (0, "0"), (1, "1")):
            x, y = self.to_view(value, -1), self.to_view(-1, value)
            painter.drawText(QRectF(x.x() - 15, place.bottom() + 3, 30, 14), Qt.AlignmentFlag.AlignHCenter, text)
            painter.drawText(QRectF(place.left() - EDGE, y.y() - 7, EDGE - 5, 14), _RIGHT, text)

    def _draw_points(self, painter: QPainter) -> None:
        if self._points is None:
            self._points = grids.points(self.density, SHOWN)
        rim = QColor(theme.colour("background"))
        rim.setAlpha(170)
        painter.setPen(QPen(rim, 1))
        painter.setBrush(theme.colour("text"))
        for x, y in self._points:
            painter.drawEllipse(self.to_view(float(x), float(y)), DOT, DOT)

    def _draw_brush(self, painter: QPainter) -> None:
        """Where one standard deviation and two of a dab end, in two tones so that they show on any ground."""
        if not (self.underMouse() or (self._keyed and self.hasFocus())):
            return
        centre, one = self.to_view(*self._at), self.brush_size * self.square().width() / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.DashLine if self.erasing or self._rubbing else Qt.PenStyle.SolidLine
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255), 1.2)):
            painter.setPen(QPen(colour, width, style))
            painter.drawEllipse(centre, 2 * one, 2 * one)
            painter.drawEllipse(centre, 1, 1)

    # ---- strokes

    def _begin(self, rubbing: bool) -> None:
        if self._before is None:
            self._before, self._rubbing, self._dabbed = self.density, rubbing, self._at
            self._dab([self._at])
            self._spray.start()

    def _dab(self, places: list[tuple[float, float]]) -> None:
        work = grids.erased if self._rubbing else grids.added
        density = self.density
        for at in places:
            density = work(density, at, self.brush_size, self.flow)
        self._show(density)
        self.painted.emit()

    def _move(self, to: tuple[float, float]) -> None:
        """Bring the brush somewhere, painting on the way if a stroke is under way."""
        self._at = to
        places = grids.way(self._dabbed, to, SPACING * self.brush_size) if self._before is not None else []
        if places:
            self._dabbed = places[-1]
            self._spray.start()
            self._dab(places)
        self.update()

    def _end(self) -> None:
        self._spray.stop()
        before, self._before = self._before, None
        self._rubbing = False
        if before is not None and not np.array_equal(before, self.density):
            self.stroke_done.emit(before, self.density)

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton) and self._before is None:
            self._at, self._keyed = self.to_data(event.position()), False
            self._begin(self.erasing or event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._keyed = False
        self._move(self.to_data(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():
            self._end()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel makes the brush larger or smaller."""
        self._resize(GROW ** (event.angleDelta().y() / 120))
        event.accept()

    def _resize(self, factor: float) -> None:
        self.set_brush(size=self.brush_size * factor)
        self.size_chosen.emit(self.brush_size)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way, key = ARROWS.get(Qt.Key(event.key())), event.key()
        if way is not None:
            self._go(way, TEN if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._keyed = True
                self._begin(self.erasing)
        elif key == Qt.Key.Key_E and not event.modifiers():
            self.set_brush(erasing=not self.erasing)
            self.erase_chosen.emit(self.erasing)
        elif event.text() in ("[", "]"):
            self._resize(GROW if event.text() == "]" else 1 / GROW)
        else:
            super().keyPressEvent(event)

    def _go(self, way: tuple[int, int], step: float) -> None:
        x, y = self._at[0] + way[0] * step, self._at[1] - way[1] * step
        self._keyed = True
        self._move((min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._end()
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Coming here by Tab shows where the keys would paint."""
        self._keyed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A stroke ends with the focus."""
        self._end()
        super().focusOutEvent(event)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
