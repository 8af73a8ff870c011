"""Small pictures side by side, of which one can be pointed at and one is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

if TYPE_CHECKING:
    import numpy as np

KEYS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class Tiles(QWidget):
    """uint8 pictures (N, H, W, C), row-major, at the largest whole factor that fits, from the top left corner.

    Where not even twice their size fits, tiles are a whole number of logical pixels high. ``columns`` 0 takes as many
    as make the tiles largest. The arrows point at a tile, Enter clicks it.
    """

    clicked = Signal(int)
    pointed = Signal(int)  # at a tile, -1 at none

    def __init__(self, columns: int = 0, gap: int = 1) -> None:
        super().__init__()
        self.columns, self.gap = columns, gap
        self.chosen = self.lit = -1
        self.count = 0
        self._tile = (1, 1)  # height and width in its own pixels
        self._image: QImage | None = None
        self._placed: tuple[tuple[object, ...], tuple[int, float, float]] | None = None  # worked out for what is shown
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 96)

    def sizeHint(self) -> QSize:
        return QSize(240, 240)

    def set_tiles(self, x: np.ndarray | None) -> None:
        """Show pictures (N, H, W, C), None for nothing."""
        self._image = None
        self.count = 0 if x is None else len(x)
        if x is not None:
            n, height, width, channels = x.shape
            self._tile = (height, width)
            self._image = pixels.to_qimage(x.reshape(n * height, width, channels))
        self.update()

    def choose(self, index: int) -> None:
        """Draw a frame around a tile, -1 for none."""
        if index != self.chosen:
            self.chosen = index
            self.update()

    # ---- geometry

    def layout_of(self) -> tuple[int, float, float]:
        """Columns, and the sides of a tile without the gap, in logical pixels."""
        key = (self.size(), self.count, self._tile, self.columns)
        if self._placed is None or self._placed[0] != key:
            self._placed = key, self._laid_out()
        return self._placed[1]

    def _laid_out(self) -> tuple[int, float, float]:
        height, width = self._tile
        best = (1, 0.0)
        for columns in [self.columns] if self.columns else range(1, max(1, self.count) + 1):
            rows = -(-max(1, self.count) // columns)
            scale = min((self.width() / columns - self.gap) / width, (self.height() / rows - self.gap) / height)
            best = max(best, (columns, scale), key=lambda found: found[1])
        columns, scale = best
        scale = float(int(scale)) if scale >= 2 else max(1, int(scale * height)) / height
        return columns, scale * width, scale * height

    def tile_rect(self, index: int) -> QRectF:
        """Where a tile is, in the widget's coordinates."""
        columns, width, height = self.layout_of()
        row, column = divmod(index, columns)
        return QRectF(column * (width + self.gap), row * (height + self.gap), width, height)

    def tile_at(self, point: QPointF) -> int:
        """The tile under a point, -1 for none."""
        columns, width, height = self.layout_of()
        column, row = int(point.x() // (width + self.gap)), int(point.y() // (height + self.gap))
        index = row * columns + column
        return index if 0 <= column < columns and 0 <= index < self.count else -1

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("background"))
        if self._image is None:
            return
        height, width = self._tile
        for index in range(self.count):
            pixels.draw(painter, self.tile_rect(index), self._image, QRectF(0, index * height, width, height))
        for index, name in ((self.lit, "text"), (self.chosen, "accent")):
            if 0 <= index < self.count:
                self._frame(painter, self.tile_rect(index), name)

    def _frame(self, painter: QPainter, place: QRectF, name: str) -> None:
        """Two lines, one of which is seen on any ground."""
        painter.setPen(QPen(theme.colour("background"), 1))
        painter.drawRect(place.adjusted(1.5, 1.5, -1.5, -1.5))
        painter.setPen(QPen(theme.colour(name), 2))
        painter.drawRect(place)

    # ---- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.tile_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._point_at(max(0, self.chosen) if self.count else -1)

    def _point_at(self, index: int) -> None:
        if index != self.lit:
            self.lit = index
            self.pointed.emit(index)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.tile_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.clicked.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = KEYS.get(Qt.Key(event.key()))
        if step is not None and self.count:
            columns = self.layout_of()[0]
            index = max(0, self.lit) + step[0] * columns + step[1]
            if 0 <= index < self.count:
                self._point_at(index)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.lit >= 0:
            self.clicked.emit(self.lit)
        else:
            super().keyPressEvent(event)
