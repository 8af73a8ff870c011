"""Some samples as a small picture, for the cards of the sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

if TYPE_CHECKING:
    import numpy as np

    from genplay.contract.spec import DataSpec

SIDE = 48  # pixels on screen: nine 16x16 pictures at their own size


def of_samples(x: np.ndarray, spec: DataSpec, tint: QColor, background: QColor, ratio: float = 1.0) -> QPixmap:
    """A 3x3 mosaic of pictures uint8 (N, H, W, C), a scatter of points (N, 2) in [-1, 1], or lines of text."""
    if x.dtype.kind == "i":
        return of_texts(spec.text(x), ratio)
    return of_points(x, tint, background, ratio) if x.ndim == 2 else of_image(_tiled(x), ratio)


def large(x: np.ndarray, spec: DataSpec, tint: QColor, background: QColor) -> QPixmap:
    """The same unscaled, or with room for points and letters, to be enlarged by whoever shows it."""
    if x.dtype.kind == "i":
        return of_texts(spec.text(x), 8.0)
    return of_points(x, tint, background, 8.0) if x.ndim == 2 else QPixmap.fromImage(_tiled(x))


def of_texts(texts: list[str], ratio: float = 1.0) -> QPixmap:
    """The first few texts, a line each."""
    from genplay.ui import theme
    from genplay.ui.views import lettering

    return QPixmap.fromImage(lettering.picture(texts, theme.colour("text"), SIDE, ratio))


def _tiled(x: np.ndarray) -> QImage:
    n, height, width, channels = x.shape
    tiles = x[[i % n for i in range(9)]].reshape(3, 3, height, width, channels).transpose(0, 2, 1, 3, 4)
    flat = tiles.reshape(3 * height, 3 * width, channels).repeat(3 if channels == 1 else 1, axis=2).copy()
    return QImage(flat.data, 3 * width, 3 * height, 9 * width, QImage.Format.Format_RGB888).copy()


def ink(spec: DataSpec, family: str) -> QColor:
    """The colour of what a card's picture has on nothing: points have that of their family, letters that of text."""
    from genplay.ui import theme

    return theme.colour("text") if spec.vocabulary else theme.family_colour(family)


def of_png(data: bytes, tint: QColor, ratio: float = 1.0) -> QPixmap:
    """The mosaic stored on a card, points and letters in the colour ``tint``; a null pixmap when it is damaged."""
    image = tinted(data, tint)
    return QPixmap() if image.isNull() else of_image(image, ratio)


def tinted(data: bytes, tint: QColor) -> QImage:
    """The picture of a card; one that is not opaque is a cloud of points, which takes the colour of its family."""
    image = QImage()
    image.loadFromData(data, "PNG")
    if image.isNull() or not image.hasAlphaChannel():
        return image
    image = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(image.rect(), tint)
    painter.end()
    return image


def of_image(image: QImage, ratio: float = 1.0) -> QPixmap:
    """An image at the size of a card: by nearest neighbour at whole factors, smoothly where it must shrink."""
    side = round(SIDE * ratio)
    enlarge = side % max(image.width(), 1) == 0 and side >= image.width()
    how = Qt.TransformationMode.FastTransformation if enlarge else Qt.TransformationMode.SmoothTransformation
    scaled = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, how)
    pixmap = QPixmap.fromImage(scaled)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def of_points(x: np.ndarray, tint: QColor, background: QColor, ratio: float = 1.0) -> QPixmap:
    """Points (N, 2) in [-1, 1] as dots; at most 600 of them."""
    from genplay.ui.views.batches import draw_pictures, sprite

    pixmap = QPixmap(round(SIDE * ratio), round(SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(background)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    draw_pictures(painter, (x[:600] * [0.42, -0.42] + 0.5) * SIDE, sprite(tint.rgba(), 1.8, ratio))
    painter.end()
    return pixmap


def draw_empty(painter: QPainter, rect: QRectF, line: QColor) -> None:
    """Nine outlined squares, while there is nothing to show."""
    painter.setPen(line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    third = rect.width() / 3
    for index in range(9):
        column, row = index % 3, index // 3
        painter.drawRect(QRectF(rect.left() + column * third + 1, rect.top() + row * third + 1, third - 3, third - 3))
