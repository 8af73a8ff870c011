"""Many dots or lines in one call of a painter, straight from numpy.

Every call of a painter lets other threads run: while a model trains beside the window, a thousand small calls wait a
thousand times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

FRAGMENT = 10  # numbers of a QPainter.PixmapFragment: place, source rectangle, scale x and y, rotation, opacity


def draw_pictures(painter: QPainter, places: np.ndarray, picture: QPixmap) -> None:
    """The same picture with its middle at every place (N, 2)."""
    finite = np.isfinite(places).all(axis=1)
    places = places if finite.all() else places[finite]
    if not len(places):
        return
    ratio = picture.devicePixelRatio()
    rows = np.empty((len(places), FRAGMENT), np.float64)
    rows[:, :2] = places
    rows[:, 2:] = (0.0, 0.0, picture.width(), picture.height(), 1 / ratio, 1 / ratio, 0.0, 1.0)
    first: Any = shiboken6.Shiboken.wrapInstance(rows.ctypes.data, QPainter.PixmapFragment)
    painter.drawPixmapFragments(first, len(rows), picture)


def draw_lines(painter: QPainter, ends: np.ndarray) -> None:
    """Straight lines between the ends (N, 2, 2) with the painter's pen."""
    rows = np.ascontiguousarray(ends, np.float64).reshape(-1, 4)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows):
        first: Any = shiboken6.Shiboken.wrapInstance(rows.ctypes.data, QLineF)
        painter.drawLines(first, len(rows))


@lru_cache(maxsize=64)
def sprite(rgba: int, size: float, ratio: float) -> QPixmap:
    """A dot as a picture: stamping it is faster than drawing it."""
    side = round((size + 2) * ratio)
    picture = blank(side, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor.fromRgba(rgba))
    middle = side / ratio / 2
    painter.drawEllipse(QPointF(middle, middle), size / 2, size / 2)
    painter.end()
    return picture


def blank(side: int, ratio: float) -> QPixmap:
    """A transparent square picture of so many device pixels."""
    picture = QPixmap(side, side)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture
