"""From numpy pictures to the screen: nearest neighbour, whole factors, aligned with the device's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    import numpy as np

FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}


def to_qimage(pixels: np.ndarray) -> QImage:
    """A QImage of ``pixels`` uint8 (H, W, C), C 1, 3 or 4, (or (H, W)), in the format that is painted fastest.

    The buffer is converted, hence copied: the picture may be changed or freed afterwards.
    """
    import numpy as np

    array = np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[..., None], dtype=np.uint8)
    height, width, channels = array.shape
    shared = QImage(array.data, width, height, width * channels, FORMATS[channels])
    if channels == 4:
        return shared.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    return shared.convertToFormat(QImage.Format.Format_RGB32)


def to_pixels(image: QImage) -> np.ndarray:
    """The reverse: uint8 (H, W, 3) of any QImage."""
    import numpy as np

    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()


def whole_factor(width: float, height: float, across: int, down: int, ratio: float) -> float:
    """Largest scale at which ``across`` x ``down`` picture pixels fit, in logical pixels.

    Each picture pixel covers a whole number of device pixels (``ratio`` a logical one), or at least stays visible when
    even one is too many: then the scale is the fraction that fits.
    """
    fit = min(width * ratio / max(1, across), height * ratio / max(1, down))
    return (int(fit) if fit >= 1 else max(fit, 1e-3)) / ratio


def centred(width: float, height: float, across: int, down: int, ratio: float) -> QRectF:
    """Where a picture of ``across`` x ``down`` pixels goes in the middle of an area, on whole device pixels."""
    scale = whole_factor(width, height, across, down, ratio)
    w, h = across * scale, down * scale
    left = int((width - w) / 2 * ratio) / ratio
    top = int((height - h) / 2 * ratio) / ratio
    return QRectF(left, top, w, h)


def draw(painter: QPainter, target: QRectF, image: QImage, source: QRectF | None = None) -> None:
    """Draw a picture without smoothing, unless it has to be made smaller."""
    part = source or QRectF(image.rect())
    shrunk = target.width() * painter.device().devicePixelRatioF() < part.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
    painter.drawImage(target, image, part)
