"""Two sets of pictures held against each other: a wipe, side by side, or their difference."""

from __future__ import annotations

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
GAP, BETWEEN, CAPTION = 1, 24, 20
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
        self._across = 1
        self._last: float | None = None  # where the pointer was
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
        width = (self.width() - BETWEEN) / 2 if self.mode == "side" else self.width()
        across = self._across = _columns(a.shape, width, self.height() - CAPTION)
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
            return [pixels.centred(self.width(), self.height() - CAPTION, w, h, ratio)]
        half = (self.width() - BETWEEN) / 2
        left = pixels.centred(half, self.height() - CAPTION, w, h, ratio)
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
        self._draw_names(painter)

    def _draw_wipe(self, painter: QPainter, place: QRectF, a: QImage, b: QImage) -> None:
        """In every picture the line stands at the same share of its width."""
        pixels.draw(painter, place, b)
        for cell in self._cells(place):
            x = round(cell.left() + self.share * cell.width())
            painter.save()
            painter.setClipRect(QRectF(cell.left(), cell.top(), x - cell.left(), cell.height()))
            pixels.draw(painter, place, a)
            painter.restore()
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawLine(QPointF(x, cell.top()), QPointF(x, cell.bottom()))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "background"), 1.5))
            painter.setBrush(theme.colour("handle"))
            painter.drawEllipse(QPointF(x, cell.bottom() - 10), 5, 5)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _cells(self, place: QRectF) -> list[QRectF]:
        """Where each picture is within a sheet at ``place``."""
        if self._pair is None or self._images is None:
            return []
        n, height, width = self._pair[0].shape[:3]
        scale = place.width() / self._images[0].width()
        cells = []
        for i in range(n):
            row, column = divmod(i, self._across)
            left, top = place.left() + column * (width + GAP) * scale, place.top() + row * (height + GAP) * scale
            cells.append(QRectF(left, top, width * scale, height * scale))
        return cells

    def _draw_names(self, painter: QPainter) -> None:
        """Below the pictures: whose they are."""
        area = QRectF(0, self.height() - CAPTION, self.width(), CAPTION)
        places = self.picture_rects()
        if self.mode == "side":
            spots = [QRectF(p.left(), area.top(), p.width(), CAPTION) for p in places]
            flags = [Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignLeft]
        else:
            half = QRectF(places[0].left(), area.top(), places[0].width() / 2, CAPTION)
            spots = [half, half.translated(half.width(), 0)]
            flags = [Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight]
        painter.setFont(theme.font(12))
        for name, tint, spot, flag in zip(self.names, self.colours, spots, flags):
            self._draw_name(painter, name, tint, spot, flag)

    def _draw_name(self, painter: QPainter, name: str, tint: QColor, spot: QRectF, flag: Qt.AlignmentFlag) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(spot.width()) - 18)
        wide = metrics.horizontalAdvance(text) + 14
        left = spot.left() if flag == Qt.AlignmentFlag.AlignLeft else spot.right() - wide
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(QPointF(left + 4, spot.center().y()), 4, 4)
        painter.setPen(theme.colour("dim"))
        painter.drawText(QRectF(left + 14, spot.top(), wide, spot.height()), Qt.AlignmentFlag.AlignVCenter, text)

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
            cells = self._cells(places[0])
            under = [cell for cell in cells if cell.left() <= self._last <= cell.right()]
            cell = under[0] if under else cells[0]
            self._put((self._last - cell.left()) / cell.width())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        x = event.position().x()
        self._put(self.share + slow * (x - self._last) / self._cells(self.picture_rects()[0])[0].width())
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


def _columns(shape: tuple[int, ...], width: float, height: float) -> int:
    """How many pictures stand in a row: so many that they are largest, and rows are full where possible."""
    n, high, wide = shape[:3]

    def fit(columns: int) -> tuple[float, bool, int]:
        rows = -(-n // columns)
        scale = min(width / (columns * (wide + GAP)), height / (rows * (high + GAP)))
        return (int(scale) if scale >= 1 else scale), n % columns == 0, columns

    return max(range(1, n + 1), key=fit)


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
