"""One large picture that can be dragged. The path from a decoded array to the screen is kept short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

if TYPE_CHECKING:
    import numpy as np

SLOW = 0.2  # how much of its way a drag goes while Shift is held
NUDGE = 0.02  # of the widget, an arrow key

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Picture(QWidget):
    """A picture at the largest whole factor, centred on a plain ground.

    While ``draggable``, moving the pressed mouse gives ``dragged`` between ``drag_started`` and ``drag_finished``
    (Shift slows it, arrow keys do the same in small steps). Otherwise it gives ``drag_out``, for dragging the picture
    out of the window.
    """

    drag_started = Signal()
    dragged = Signal(float, float)  # since the last one, in fractions of the widget's width and height
    drag_finished = Signal()
    drag_out = Signal()
    clicked = Signal()
    double_clicked = Signal()
    wheeled = Signal(float)  # notches, up positive

    def __init__(self, parent: QWidget | None = None, *, ground: str = "background", draggable: bool = False) -> None:
        super().__init__(parent)
        self.ground, self.draggable = ground, draggable
        self.placeholder = ""  # shown while there is no picture
        self._pixels: np.ndarray | None = None
        self._image: QImage | None = None
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._moving = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 64)
        self.setAccessibleName("Picture")

    def sizeHint(self) -> QSize:
        return QSize(360, 360)

    def set_image(self, pixels_: np.ndarray | None) -> None:
        """Show uint8 (H, W, C), or nothing for None."""
        self._pixels = pixels_
        self._image = None if pixels_ is None else pixels.to_qimage(pixels_)
        self.update()

    def set_draggable(self, draggable: bool) -> None:
        """Whether the mouse drags the picture's meaning (True) or the picture itself out of the window."""
        self.draggable = draggable
        self.setCursor(Qt.CursorShape.SizeAllCursor if draggable else Qt.CursorShape.ArrowCursor)

    @property
    def image(self) -> np.ndarray | None:
        """What is shown, uint8 (H, W, C)."""
        return self._pixels

    def picture_rect(self) -> QRectF:
        """Where the picture is, in the widget's coordinates; empty without one."""
        if self._image is None:
            return QRectF()
        size = self._image.size()
        return pixels.centred(self.width(), self.height(), size.width(), size.height(), self.devicePixelRatioF())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour(self.ground))
        if self._image is not None:
            pixels.draw(painter, self.picture_rect(), self._image)
        elif self.placeholder:
            painter.setPen(theme.colour("dim"))
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), _CENTRED, self.placeholder)
        if self.hasFocus() and self.draggable and self._image is not None:
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRect(self.picture_rect().adjusted(-3.5, -3.5, 2.5, 2.5))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._image is not None:
            self._pressed = self._last = event.position()
            self._moving = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        here = event.position()
        if not self._moving:
            near = 1 if self.draggable else QApplication.startDragDistance()
            if (here - self._pressed).manhattanLength() < near:
                return
            self._moving = True
            if not self.draggable:
                self._pressed = None
                self.drag_out.emit()
                return
            self.drag_started.emit()
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        step, self._last = here - self._last, here
        self.dragged.emit(slow * step.x() / max(1, self.width()), slow * step.y() / max(1, self.height()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self._pressed = None
        (self.drag_finished if self._moving else self.clicked).emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.wheeled.emit(event.angleDelta().y() / 120)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = ARROWS.get(Qt.Key(event.key()))
        if way is None or not self.draggable or self._image is None:
            super().keyPressEvent(event)
            return
        size = NUDGE * (SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0)
        self.drag_started.emit()
        self.dragged.emit(way[0] * size, way[1] * size)
        self.drag_finished.emit()


_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
