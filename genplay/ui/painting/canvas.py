"""The picture, large: its pixels can be looked at, painted and erased; what is not drawn yet is hatched."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QRegion

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.heatmap import colours
from genplay.ui.views.paint import PaintCanvas
from genplay.ui.views.painting import Painting

MODES = ("look", "paint", "erase")
HATCH = 6.0  # logical pixels between two lines
MOST_BITS = 8.0  # surprise at the top of the heat map, at least


class PixelCanvas(PaintCanvas):
    """A :class:`PaintCanvas` whose mask is what is not drawn yet, with three modes.

    "look": the place under the pointer is ``hovered`` (-1 for none), a press makes it the one that is ``chosen``;
    "paint": strokes of ``colour``; "erase": a drag pulls up a box. The arrow keys choose a place in every mode.
    Places are counted in the order of reading.
    """

    hovered = Signal(int)
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.mode = "look"
        self.place = -1  # the one chosen
        self.editable = True  # whether it can be painted on and erased
        self._anchor = (0, 0)  # where a box begins
        self._hovered = -1
        self._heat: QImage | None = None
        self.setMinimumSize(120, 120)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription("Arrow keys choose a pixel; Space paints or erases")

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def set_mode(self, mode: str) -> None:
        """What the mouse does."""
        self.mode = mode
        self.setCursor(Qt.CursorShape.ArrowCursor if mode == "look" else Qt.CursorShape.CrossCursor)
        self.update()

    def set_place(self, place: int) -> None:
        """Mark the pixel that is looked at; -1 for none."""
        if place != self.place:
            self.place = place
            self.update()

    def set_surprise(self, surprise: np.ndarray | None) -> None:
        """Show -log2 p (H, W) in bits over the picture, NaN where there is none; None for the picture itself."""
        self._heat = None
        if surprise is not None:
            known = surprise[np.isfinite(surprise)]
            high = max(MOST_BITS, float(known.max())) if known.size else MOST_BITS
            shown = colours(surprise, 0.0, high)
            alpha = np.where(np.isfinite(surprise), 255, 0).astype(np.uint8)[..., None]
            self._heat = pixels.to_qimage(np.concatenate([shown, alpha], axis=-1))
        self.update()

    @property
    def shows_surprise(self) -> bool:
        """Whether the heat map lies over the picture."""
        return self._heat is not None

    def set_painting(self, painting: Painting | None) -> None:
        super().set_painting(painting)
        self._veil = None

    def _show(self, painting: Painting | None) -> None:
        super()._show(painting)
        self._veil = None  # it is hatched instead

    # ---- places

    def place_of(self, cell: tuple[int, int]) -> int:
        """A cell (row, column) as its number in the order of reading; -1 outside the picture."""
        if self._painting is None or not self._inside(cell):
            return -1
        return cell[0] * self._painting.mask.shape[1] + cell[1]

    def cell_of(self, place: int) -> tuple[int, int]:
        """The reverse."""
        assert self._painting is not None
        return divmod(place, self._painting.mask.shape[1])

    # ---- on the screen

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None or self._painting is None:
            painter.setPen(theme.colour("dim"))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self.placeholder)
            return
        place = self.picture_rect()
        pixels.draw(painter, place, self._image if self._heat is None else self._heat)
        if self._painting.masked:
            self._draw_hatch(painter)
        if self.zoom() >= 10:
            self._draw_grid(painter, place)
        self._draw_marks(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(-2.5, -2.5, 1.5, 1.5))

    def _draw_hatch(self, painter: QPainter) -> None:
        """Cells that are not drawn yet: a plain ground with lines across all of them."""
        assert self._painting is not None
        area, zoom = self.picture_rect(), self.zoom()
        painter.save()
        painter.setClipRegion(_region(self._painting.mask, area, zoom))
        painter.fillRect(area, theme.colour("card"))
        painter.setPen(QPen(theme.colour("disabled"), 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count = int((area.width() + area.height()) / HATCH) + 1
        lines = [
            QLineF(area.left() + i * HATCH, area.top(), area.left() + i * HATCH - area.height(), area.bottom())
            for i in range(count)
        ]
        painter.drawLines(lines)
        painter.restore()

    def _draw_marks(self, painter: QPainter) -> None:
        """The place chosen and the one under the pointer, in two tones so that they show on any ground."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.place >= 0 and self._inside(self.cell_of(self.place)):
            area = self.cell_rect(self.cell_of(self.place))
            painter.setPen(QPen(QColor(0, 0, 0), 3))
            painter.drawRect(area.adjusted(-0.5, -0.5, -0.5, -0.5))
            painter.setPen(QPen(theme.colour("accent") if self.hasFocus() else QColor(255, 255, 255), 1.5))
            painter.drawRect(area.adjusted(-0.5, -0.5, -0.5, -0.5))
        if self._inside(self._cell) and self.underMouse() and self.place_of(self._cell) != self.place:
            area = self.cell_rect(self._cell)
            for colour, inset in ((QColor(0, 0, 0), 0.0), (QColor(255, 255, 255), 1.0)):
                painter.setPen(QPen(colour, 1))
                painter.drawRect(area.adjusted(inset, inset, -inset - 1, -inset - 1))

    # ---- strokes

    def _stroke(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        if self.mode == "look" or not self.editable:
            self._choose(end)
        elif self.mode == "paint":
            super()._stroke(start, end)
        elif self._before is not None:
            where = _box(self._before.mask.shape, self._anchor, end)
            self._show(self._before.with_mask(where, 1))
            self.painted.emit()

    def _applied(self, painting: Painting, where: np.ndarray) -> Painting:
        """A pixel that is painted is drawn."""
        return super()._applied(painting, where).with_mask(where, 0)

    def _choose(self, cell: tuple[int, int]) -> None:
        place = self.place_of(cell)
        if place >= 0 and place != self.place:
            self.set_place(place)
            self.chosen.emit(place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._anchor = self.cell_at(event.position())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.place_of(self._cell))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.hovered.emit(place)
            self.update()

    def _go(self, way: tuple[int, int]) -> None:
        if self._before is None and self.place >= 0:
            self._cell = self.cell_of(self.place)
        last = self._cell
        super()._go(way)
        if self._before is None or self._cell != last:
            self._choose(self._cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self._before is None and self.place >= 0:
            self._cell = self._anchor = self.cell_of(self.place)
        super().keyPressEvent(event)


def _box(shape: tuple[int, ...], start: tuple[int, int], end: tuple[int, int]) -> np.ndarray:
    """The cells bool (H, W) between two corners, (row, column) each, both included."""
    where = np.zeros(shape, bool)
    (top, bottom), (left, right) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    where[max(0, top) : max(0, bottom + 1), max(0, left) : max(0, right + 1)] = True
    return where


def _region(mask: np.ndarray, area: QRectF, zoom: float) -> QRegion:
    """The cells where a mask (H, W) is not 0, of a picture drawn in ``area``."""
    region = QRegion()
    for row, line in enumerate(np.pad(mask > 0, ((0, 0), (1, 1))).astype(np.int8)):
        top, bottom = (round(area.top() + r * zoom) for r in (row, row + 1))
        edges = np.flatnonzero(np.diff(line))
        for begin, end in zip(edges[::2], edges[1::2]):
            left, right = (round(area.left() + int(c) * zoom) for c in (begin, end))
            region += QRect(left, top, right - left, bottom - top)
    return region
