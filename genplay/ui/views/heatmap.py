"""A scalar a pixel, in colours whose steps look even to everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

if TYPE_CHECKING:
    import numpy as np

# Anchors at even steps; between them the colour is interpolated.
VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
DIVERGING = "2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b"
MAPS = {"viridis": VIRIDIS, "diverging": DIVERGING}
BAR = 44  # room for the colour bar at the right


def colours(
    values: np.ndarray, low: float | None = None, high: float | None = None, name: str = "viridis"
) -> np.ndarray:
    """Colours uint8 (H, W, 3) of ``values`` (H, W); ``low`` and ``high`` are its ends (by default those found).

    A value that is not finite is grey.
    """
    import numpy as np

    table = _table(name)
    finite = np.isfinite(values)
    found = values[finite] if finite.any() else np.zeros(1)
    low = float(found.min()) if low is None else low
    high = float(found.max()) if high is None else high
    share = (np.where(finite, values, low) - low) / max(high - low, 1e-12)
    painted = table[(np.clip(share, 0, 1) * 255).round().astype(np.int64)]
    painted[~finite] = 128
    return painted


def _table(name: str) -> np.ndarray:
    import numpy as np

    anchors = np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in MAPS[name].split()], np.float64)
    at = np.linspace(0, len(anchors) - 1, 256)
    columns = [np.interp(at, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


class Heatmap(QWidget):
    """Values (H, W) as colours at a whole factor, with a colour bar; the value under the pointer is told."""

    hovered = Signal(int, int)  # row and column; -1, -1 when the pointer leaves

    def __init__(self, parent: QWidget | None = None, *, ground: str = "background", unit: str = "") -> None:
        super().__init__(parent)
        self.ground, self.unit = ground, unit
        self._values: np.ndarray | None = None
        self._image: QImage | None = None
        self._bar: QImage | None = None
        self._range = (0.0, 1.0)
        self._at = (-1, -1)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 64)
        self.setAccessibleName("Heat map")

    def sizeHint(self) -> QSize:
        return QSize(200, 160)

    def set_values(
        self, values: np.ndarray | None, low: float | None = None, high: float | None = None, name: str = "viridis"
    ) -> None:
        """Show (H, W), or nothing for None; ``low`` and ``high`` fix the ends of the colour map."""
        import numpy as np

        self._values, self._image = values, None
        if values is not None:
            finite = values[np.isfinite(values)]
            ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
            self._range = (ends[0] if low is None else low, ends[1] if high is None else high)
            self._image = pixels.to_qimage(colours(values, *self._range, name))
            self._bar = pixels.to_qimage(_table(name)[::-1].reshape(256, 1, 3).copy())
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the map is, in the widget's coordinates."""
        if self._image is None:
            return QRectF()
        width, ratio = self.width() - BAR, self.devicePixelRatioF()
        return pixels.centred(width, self.height(), self._image.width(), self._image.height(), ratio)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(self.ground))
        if self._image is None or self._bar is None:
            return
        place = self.picture_rect()
        pixels.draw(painter, place, self._image)
        bar = QRectF(place.right() + 8, place.top(), 6, place.height())
        painter.drawImage(bar, self._bar, QRectF(0, 0, 1, 256))
        painter.setFont(theme.font(10))
        painter.setPen(theme.colour("dim"))
        low, high = self._range
        painter.drawText(QRectF(bar.right() + 3, bar.top() - 2, 40, 14), Qt.AlignmentFlag.AlignLeft, f"{high:.2g}")
        painter.drawText(QRectF(bar.right() + 3, bar.bottom() - 12, 40, 14), Qt.AlignmentFlag.AlignLeft, f"{low:.2g}")
        self._draw_value(painter, bar)

    def _draw_value(self, painter: QPainter, bar: QRectF) -> None:
        row, column = self._at
        if self._values is None or row < 0:
            return
        value = float(self._values[row, column])
        low, high = self._range
        share = min(max((value - low) / max(high - low, 1e-12), 0.0), 1.0)
        painter.setPen(theme.colour("text"))
        y = bar.bottom() - share * bar.height()
        painter.fillRect(QRectF(bar.left() - 2, y - 1, bar.width() + 4, 2), theme.colour("text"))
        y = min(max(y - 7, bar.top() + 12), max(bar.top() + 12, bar.bottom() - 26))
        painter.drawText(QRectF(bar.right() + 3, y, 40, 14), Qt.AlignmentFlag.AlignLeft, f"{value:.2g}")

    def pixel_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column under a point, or (-1, -1)."""
        place = self.picture_rect()
        if self._image is None or not place.contains(point):
            return -1, -1
        row = int((point.y() - place.top()) / place.height() * self._image.height())
        column = int((point.x() - place.left()) / place.width() * self._image.width())
        return min(row, self._image.height() - 1), min(column, self._image.width() - 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.pixel_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at((-1, -1))

    def _point_at(self, place: tuple[int, int]) -> None:
        if place != self._at:
            self._at = place
            row, column = place
            self.setToolTip(
                f"{self._values[row, column]:.3g} {self.unit}" if self._values is not None and row >= 0 else ""
            )
            self.hovered.emit(row, column)
            self.update()
