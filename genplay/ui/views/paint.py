"""A canvas for pixel pictures: paint the picture itself, or a mask that lies over it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.painting import Painting, area_of, brushed
from genplay.ui.views.picture import ARROWS

TOOLS = ("brush", "eraser", "fill")
LAYERS = ("picture", "mask")
SIZES = (1, 2, 3)
GRID_FROM = 8.0  # logical pixels a picture pixel from which there are grid lines
VEIL = 120  # opacity of the mask, of 255


class PaintCanvas(QWidget):
    """Paints pixels at a whole factor. ``stroke_done`` gives the :class:`Painting` before and after a whole stroke.

    The arrow keys move a cell, Space paints there and, held down, along the way; 1, 2 and 3 choose the brush's size.
    The right button picks up the colour under it (``colour_picked``). The eraser brings back ``original``.
    """

    painted = Signal()  # within a stroke
    stroke_done = Signal(object, object)
    colour_picked = Signal(tuple)
    size_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tool, self.layer, self.size_px = "brush", "picture", 1
        self.colour: tuple[int, ...] = (0, 0, 0)
        self.original: np.ndarray | None = None  # the picture before anything was painted
        self.placeholder = ""
        self._painting: Painting | None = None
        self._image: QImage | None = None
        self._veil: QImage | None = None
        self._before: Painting | None = None  # while a stroke is under way
        self._cell = (-1, -1)  # under the pointer or the keys
        self._keyed = False  # whether the keys put it there
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(72, 72)
        self.setAccessibleName("Canvas")
        self.setAccessibleDescription("Arrow keys move, Space paints, 1 to 3 choose the size of the brush")

    def sizeHint(self) -> QSize:
        return QSize(240, 240)

    @property
    def painting(self) -> Painting | None:
        """What is on the canvas."""
        return self._painting

    def set_painting(self, painting: Painting | None) -> None:
        """Show another painting, None for none. A stroke that is under way is dropped."""
        self._before = None
        self._show(painting)

    def _show(self, painting: Painting | None) -> None:
        self._painting = painting
        self._image = pixels.to_qimage(painting.picture) if painting else None
        self._veil = _veil(painting.mask) if painting and painting.masked else None
        if painting is None or not self._inside(self._cell):
            self._cell = (-1, -1)
        self.update()

    # ---- geometry

    def picture_rect(self) -> QRectF:
        """Where the picture is, in the widget's coordinates."""
        if self._image is None:
            return QRectF()
        width, height = self._image.width(), self._image.height()
        return pixels.centred(self.width(), self.height(), width, height, self.devicePixelRatioF())

    def zoom(self) -> float:
        """Logical pixels a picture pixel."""
        return self.picture_rect().width() / self._image.width() if self._image is not None else 1.0

    def cell_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column under a point, which may be outside the picture."""
        place, zoom = self.picture_rect(), self.zoom()
        return int((point.y() - place.top()) // zoom), int((point.x() - place.left()) // zoom)

    def cell_rect(self, cell: tuple[int, int], size: int = 1) -> QRectF:
        """Where a square of cells is whose middle one is ``cell``, in the widget's coordinates."""
        place, zoom, back = self.picture_rect(), self.zoom(), (size - 1) // 2
        left, top = place.left() + (cell[1] - back) * zoom, place.top() + (cell[0] - back) * zoom
        return QRectF(left, top, size * zoom, size * zoom)

    def _inside(self, cell: tuple[int, int]) -> bool:
        if self._painting is None:
            return False
        height, width = self._painting.mask.shape
        return 0 <= cell[0] < height and 0 <= cell[1] < width

    # ---- painting on the screen

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None:
            painter.setPen(theme.colour("dim"))
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), _CENTRED, self.placeholder)
            return
        place = self.picture_rect()
        pixels.draw(painter, place, self._image)
        if self._veil is not None:
            pixels.draw(painter, place, self._veil)
            self._draw_edges(painter)
        if self.zoom() >= GRID_FROM:
            self._draw_grid(painter, place)
        self._draw_cell(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(-2.5, -2.5, 1.5, 1.5))

    def _draw_grid(self, painter: QPainter, place: QRectF) -> None:
        assert self._image is not None
        painter.setPen(QPen(QColor(128, 128, 128, 70), 1))
        zoom = self.zoom()
        for column in range(1, self._image.width()):
            x = round(place.left() + column * zoom)
            painter.drawLine(x, round(place.top()), x, round(place.bottom()) - 1)
        for row in range(1, self._image.height()):
            y = round(place.top() + row * zoom)
            painter.drawLine(round(place.left()), y, round(place.right()) - 1, y)

    def _draw_edges(self, painter: QPainter) -> None:
        """The outline of the mask: it stays visible on any colour."""
        assert self._painting is not None
        place, zoom = self.picture_rect(), self.zoom()
        padded = np.pad(self._painting.mask, 1).astype(np.int8)
        painter.setPen(QPen(QColor(255, 255, 255), 1.5))
        for row, column in np.argwhere(np.diff(padded, axis=0)[:, 1:-1]):
            y, x = place.top() + row * zoom, place.left() + column * zoom
            painter.drawLine(QPointF(x, y), QPointF(x + zoom, y))
        for row, column in np.argwhere(np.diff(padded, axis=1)[1:-1]):
            y, x = place.top() + row * zoom, place.left() + column * zoom
            painter.drawLine(QPointF(x, y), QPointF(x, y + zoom))

    def _draw_cell(self, painter: QPainter) -> None:
        """The pixels that the brush would cover, in two tones so that they show on any ground."""
        if not self._inside(self._cell) or not ((self._keyed and self.hasFocus()) or self.underMouse()):
            return
        area = self.cell_rect(self._cell, 1 if self.tool == "fill" else self.size_px)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, inset in ((QColor(0, 0, 0), 0.0), (QColor(255, 255, 255), 1.0)):
            painter.setPen(QPen(colour, 1))
            painter.drawRect(area.adjusted(inset, inset, -inset - 1, -inset - 1))

    # ---- strokes

    def _begin(self) -> None:
        if self._painting is not None and self._before is None:
            self._before = self._painting

    def _stroke(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Use the tool from one cell to another."""
        if self._painting is None:
            return
        if self.tool == "fill":
            if not self._inside(end):
                return
            where = area_of(self._painting.picture, end)
        else:
            where = brushed(self._painting.mask.shape, start, end, self.size_px)
        self._show(self._applied(self._painting, where))
        self.painted.emit()

    def _applied(self, painting: Painting, where: np.ndarray) -> Painting:
        if self.layer == "mask":
            return painting.with_mask(where, 0 if self.tool == "eraser" else 1)
        if self.tool == "eraser":
            blank = np.full(painting.picture.shape, 255, np.uint8)
            return painting.coloured(where, blank if self.original is None else self.original)
        return painting.coloured(where, np.array(self.colour, np.uint8))

    def _end(self) -> None:
        before, self._before = self._before, None
        if before is not None and self._painting is not None and not before.same(self._painting):
            self.stroke_done.emit(before, self._painting)

    def clear(self) -> None:
        """Take away what is painted on the layer in hand, as one stroke."""
        if self._painting is None:
            return
        self._begin()
        everywhere, tool, self.tool = np.ones(self._painting.mask.shape, bool), self.tool, "eraser"
        self._show(self._applied(self._painting, everywhere))
        self.tool = tool
        self._end()

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if self._painting is None:
            return
        if event.button() == Qt.MouseButton.RightButton and self._inside(cell):
            self.colour_picked.emit(tuple(int(v) for v in self._painting.picture[cell]))
        elif event.button() == Qt.MouseButton.LeftButton:
            self._cell, self._keyed = cell, False
            self._begin()
            self._stroke(cell, cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        last, self._cell, self._keyed = self._cell, self.cell_at(event.position()), False
        if self._before is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if self._cell != last and self.tool != "fill":
                self._stroke(last, self._cell)
        elif self._cell != last:
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._end()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way, key = ARROWS.get(Qt.Key(event.key())), event.key()
        if self._painting is None:
            super().keyPressEvent(event)
        elif way is not None:
            self._go(way)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._keyed = True
                self._cell = self._cell if self._inside(self._cell) else (0, 0)
                self._begin()
                self._stroke(self._cell, self._cell)
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_3 and not event.modifiers():
            self.size_px = key - Qt.Key.Key_0
            self.size_chosen.emit(self.size_px)
            self.update()
        else:
            super().keyPressEvent(event)

    def _go(self, way: tuple[int, int]) -> None:
        assert self._painting is not None
        height, width = self._painting.mask.shape
        last = self._cell
        there = last[0] + way[1], last[1] + way[0]
        self._cell = min(max(there[0], 0), height - 1), min(max(there[1], 0), width - 1)
        self._keyed = True
        if self._before is not None and self.tool != "fill":
            self._stroke(last, self._cell)
        self.update()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._end()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A stroke by keys ends with the focus."""
        self._end()
        super().focusOutEvent(event)


def _veil(mask: np.ndarray) -> QImage:
    """A mask (H, W) as a translucent picture in the accent colour."""
    tint = theme.colour("accent")
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[mask > 0] = (tint.red(), tint.green(), tint.blue(), VEIL)
    return pixels.to_qimage(rgba)


_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
