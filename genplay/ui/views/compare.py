"""Two sets of pictures held against each other: a wipe, side by side, or their difference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.heatmap import colours

if TYPE_CHECKING:
    import numpy as np

MODES = ("wipe", "side", "difference")
GAP, BETWEEN = 1, 24
SLOW, STEP = 0.1, 0.02


class Compare(QWidget):
    """Pictures ``a`` and ``b`` uint8 (N, H, W, C) in the same places. In a wipe ``a`` is left of the line, ``b`` right.

    The line is dragged anywhere on the pictures, or moved by arrow keys; a double click puts it in the middle.
    """

    moved = Signal(float)  # share of the width at which the line stands

    def __init__(self, parent: QWidget | None = None, *, ground: str = "card") -> None:
        super().__init__(parent)
        self.ground = ground
        self.mode = MODES[0]
        self.share = 0.5
        self.names = ("A", "B")
        self.colours = (QColor("#ffffff"), QColor("#ffffff"))
        self.largest = 0.0  # of the difference, in [0, 1]
        self._images: tuple[QImage, QImage, QImage] | None = None
        self._pair: tuple[np.ndarray, np.ndarray] | None = None
        self._last: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 80)
        self.setAccessibleName("Comparison")
        self.setAccessibleDescription("Left and right move the line between the two")

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    def set_pair(self, a: np.ndarray, b: np.ndarray) -> None:
        """Show two sets of the same shape."""
        self._pair = a, b
        self._compose()

    def _compose(self) -> None:
        """Lay the pictures out for the room there is."""
        if self._pair is None:
            return
        a, b = self._pair
        away = _difference(a, b)
        self.largest = float(away.max())
        painted = colours(away.reshape(-1, away.shape[-1]), 0.0, max(self.largest, 1 / 255)).reshape(*away.shape, 3)
        width = self.width() / 2 if self.mode == "side" else self.width()
        across = _columns(len(a), width, self.height())
        self._images = (_sheet(a, across), _sheet(b, across), _sheet(painted, across))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._compose()

    def set_names(self, names: tuple[str, str], tints: tuple[QColor, QColor]) -> None:
        """What the two are called, and their colours."""
        self.names, self.colours = names, tints
        self.update()

    def set_mode(self, mode: str) -> None:
        """ "wipe", "side" or "difference"."""
        self.mode = mode
        self._compose()

    def picture_rects(self) -> list[QRectF]:
        """Where the pictures are: one place, or two side by side."""
        if self._images is None:
            return []
        w, h, ratio = self._images[0].width(), self._images[0].height(), self.devicePixelRatioF()
        if self.mode != "side":
            return [pixels.centred(self.width(), self.height(), w, h, ratio)]
        half = (self.width() - BETWEEN) / 2
        left = pixels.centred(half, self.height(), w, h, ratio)
        return [left, left.translated(round(half + BETWEEN), 0)]

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(self.ground))
        if self._images is None:
            return
        a, b, difference = self._images
        places = self.picture_rects()
        if self.mode == "difference":
            pixels.draw(painter, places[0], difference)
        elif self.mode == "side":
            for place, image in zip(places, (a, b), strict=True):
                pixels.draw(painter, place, image)
        else:
            self._draw_wipe(painter, places[0], a, b)

    def _draw_wipe(self, painter: QPainter, place: QRectF, a: QImage, b: QImage) -> None:
        x = round(place.left() + self.share * place.width())
        pixels.draw(painter, place, b)
        painter.save()
        painter.setClipRect(QRectF(place.left(), place.top(), x - place.left(), place.height()))
        pixels.draw(painter, place, a)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "background"), 1.5))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(x, place.center().y()), 7, 7)

    # ---- the line

    def _put(self, share: float) -> None:
        share = min(max(share, 0.0), 1.0)
        if share != self.share:
            self.share = share
            self.moved.emit(share)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        places = self.picture_rects()
        if event.button() == Qt.MouseButton.LeftButton and self.mode == "wipe" and places:
            self._last = event.position().x()
            self._put((self._last - places[0].left()) / max(1.0, places[0].width()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        x = event.position().x()
        self._put(self.share + slow * (x - self._last) / max(1.0, self.picture_rects()[0].width()))
        self._last = x

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._put(0.5)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -STEP, Qt.Key.Key_Right: STEP, Qt.Key.Key_Home: -1.0, Qt.Key.Key_End: 1.0}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self.mode != "wipe":
            super().keyPressEvent(event)
        else:
            self._put(self.share + step)


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean absolute difference over the channels, (N, H, W) in [0, 1]."""
    import numpy as np

    return np.abs(a.astype(np.float32) - b.astype(np.float32)).mean(axis=-1) / 255


def _columns(n: int, width: float, height: float) -> int:
    """How many pictures stand in a row: as square as the view is."""
    wanted = math.sqrt(n * max(1, width) / max(1, height))
    fits = [columns for columns in range(1, n + 1) if n % columns == 0]
    return min(fits, key=lambda columns: abs(columns - wanted))


def _sheet(x: np.ndarray, columns: int) -> QImage:
    """Pictures (N, H, W, C) as one picture, rows of ``columns`` with a pixel between."""
    import numpy as np

    n, height, width, _ = x.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for i, picture in enumerate(x):
        top, left = i // columns * (height + GAP), i % columns * (width + GAP)
        sheet[top : top + height, left : left + width, :3] = picture
        sheet[top : top + height, left : left + width, 3] = 255
    return pixels.to_qimage(sheet)
