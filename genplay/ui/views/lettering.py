"""Texts that models write, painted character by character in cells of one size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from genplay.contract.spec import VEIL
from genplay.ui import theme

SMALLEST, LARGEST = 8, 40  # pixels of a letter
THUMB_LARGEST = 11
LINE = 1.5  # heights of a letter from line to line
MOST_LINES = 9  # of a small picture


@lru_cache(maxsize=64)
def cell(pixels: int) -> tuple[float, float]:
    """Width and height of the cell of a character in letters of so many pixels."""
    metrics = QFontMetricsF(theme.mono(pixels))
    return metrics.horizontalAdvance("0"), metrics.height()


@lru_cache(maxsize=64)
def _rise(pixels: int) -> float:
    """From the middle of a line to its baseline."""
    metrics = QFontMetricsF(theme.mono(pixels))
    return metrics.capHeight() / 2


def draw(
    painter: QPainter, place: QPointF, text: str, pixels: int, tint: QColor, shades: Sequence[QColor | None] = ()
) -> None:
    """Write ``text`` rightwards from ``place``, the middle of the left edge of its line.

    ``shades`` are grounds of single characters. A place that is not written yet is a dim block.
    """
    width, height = cell(pixels)
    for i, shade in enumerate(shades[: len(text)]):
        if shade is not None:
            painter.fillRect(QRectF(place.x() + i * width, place.y() - height / 2, width, height), shade)
    _draw_veils(painter, place, text, pixels)
    painter.setFont(theme.mono(pixels))
    painter.setPen(tint)
    base = place.y() + _rise(pixels)
    shown = text.replace(VEIL, " ")
    if shown.isascii():
        painter.drawText(QPointF(place.x(), base), shown)
        return
    for i, character in enumerate(shown):  # one that the font lacks may be wider
        painter.drawText(QPointF(place.x() + i * width, base), character)


def _draw_veils(painter: QPainter, place: QPointF, text: str, pixels: int) -> None:
    width, _ = cell(pixels)
    block = QRectF(1, -0.36 * pixels, max(1.0, width - 2), 0.72 * pixels)
    for i, character in enumerate(text):
        if character == VEIL:
            painter.fillRect(block.translated(place.x() + i * width, place.y()), theme.colour("disabled"))


def size_for(texts: Sequence[str], width: float, height: float = 1e9, largest: int = LARGEST) -> int:
    """The largest letters in which the longest text fits the width, and a line the height."""
    longest = max((len(text) for text in texts), default=1)
    fits = (p for p in range(largest, SMALLEST, -1) if cell(p)[0] * longest <= width and cell(p)[1] <= height)
    return next(fits, SMALLEST)


def picture(texts: Sequence[str], tint: QColor, side: int, ratio: float = 1.0) -> QImage:
    """The first of ``texts`` one below the other on nothing, in a square of ``side`` logical pixels."""
    image = QImage(round(side * ratio), round(side * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    pixels = size_for(texts[:MOST_LINES], side, largest=THUMB_LARGEST)
    step = pixels * (LINE - 0.2)
    lines = texts[: max(1, min(MOST_LINES, int(side / step)))]
    painter = QPainter(image)
    top = (side - step * len(lines)) / 2
    wide = max((len(text) for text in lines), default=0) * cell(pixels)[0]
    left = max(0.0, (side - wide) / 2)
    for i, text in enumerate(lines):
        draw(painter, QPointF(left, top + (i + 0.5) * step), text, pixels, tint)
    painter.end()
    return image
