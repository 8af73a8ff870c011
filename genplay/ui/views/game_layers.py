"""The layers of an adversarial game, each drawn onto a plane of points by one function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from genplay.contract.results import Game, Modes
from genplay.ui import theme
from genplay.ui.views import game_colours as colours
from genplay.ui.views.batches import blank, draw_lines, draw_pictures, sprite
from genplay.ui.views.contour import level_lines

SIZE = 4.6  # diameter of a point
ARROWS = 140  # at most; of more points only some have one
LONGEST, STRONG = 0.2, 0.9  # data units of an arrow; the quantile of strengths that gets it
STEEP = 1.2  # or, where all are weaker: a slope of so many times the scale of the scores a data unit
HEAD = 5.0
HELD = 0.01  # share of the points that covers a mode


@dataclass(frozen=True)
class Plane:
    """Where data coordinates are on screen: ``left``, ``top`` of the origin, and pixels a data unit."""

    left: float
    top: float
    scale: float

    def place(self, points: np.ndarray) -> np.ndarray:
        """Data points (..., 2) in pixels."""
        return np.asarray(points, np.float64) * [self.scale, -self.scale] + [self.left, self.top]

    def data(self, place: QPointF) -> tuple[float, float]:
        """The reverse of ``place`` for one point."""
        return (place.x() - self.left) / self.scale, (self.top - place.y()) / self.scale

    def square(self, extent: float) -> QRectF:
        """Where [-extent, extent]^2 is."""
        half = extent * self.scale
        return QRectF(self.left - half, self.top - half, 2 * half, 2 * half)


def draw_field(painter: QPainter, plane: Plane, game: Game, scale: float) -> None:
    """The discriminator's scores, and the line on which it cannot tell."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # or edges between pixels are blended: slow
    painter.drawImage(plane.square(game.extent).toRect(), colours.field_image(game.field, game.threshold, scale))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    tint = theme.colour("text")
    tint.setAlpha(70)
    painter.setPen(_thin(painter, tint))
    draw_lines(painter, plane.place(undecided(game.field, game)))


def draw_ghost(painter: QPainter, plane: Plane, pieces: np.ndarray) -> None:
    """The line (M, 2, 2) on which the discriminator of some steps ahead cannot tell."""
    painter.setPen(QPen(QColor(colours.GHOST), 1.6, Qt.PenStyle.DotLine))
    draw_lines(painter, plane.place(pieces))


def undecided(field: np.ndarray, game: Game) -> np.ndarray:
    """Pieces (M, 2, 2) of the line on which a discriminator with this field cannot tell, in data units."""
    return level_lines(np.nan_to_num(field), game.threshold, game.extent)


def _thin(painter: QPainter, tint: QColor | str, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen of one pixel; Qt draws lines of one device pixel several times faster than any others."""
    pen = QPen(QColor(tint), 1, style)
    pen.setCosmetic(painter.device().devicePixelRatioF() == 1.0)
    return pen


def draw_points(painter: QPainter, places: np.ndarray, tint: QColor, size: float = SIZE) -> None:
    """Dots at places (N, 2) in pixels."""
    draw_pictures(painter, places, sprite(tint.rgba(), size, painter.device().devicePixelRatioF()))


def faded(colour: str, opacity: float) -> QColor:
    """A colour of some opacity, in few steps so that there are few sprites."""
    tint = QColor(colour)
    tint.setAlphaF(round(opacity * 20) / 20)
    return tint


def draw_gradients(painter: QPainter, plane: Plane, game: Game, scale: float) -> None:
    """Arrows from generated points to where the discriminator's gradient pushes them."""
    ends = plane.place(arrows(game.x, game.gradient, STEEP * scale))
    painter.setPen(_thin(painter, faded(theme.colour("text").name(), 0.95)))
    draw_lines(painter, _strokes(ends))


def arrows(x: np.ndarray, gradient: np.ndarray, steep: float = 1e-9) -> np.ndarray:
    """Arrows (M, 2, 2), tail and tip in data units, of evenly chosen points; as long as they are strong.

    None is longer than ``LONGEST``; it takes the ``STRONG`` quantile of all strengths, and ``steep`` at least.
    """
    every = max(1, -(-len(x) // ARROWS))
    x, gradient = x[::every], gradient[::every]
    strength = np.linalg.norm(gradient, axis=1)
    seen = np.isfinite(strength) & (strength > 1e-9) & np.isfinite(x).all(axis=1)
    if not seen.any():
        return np.zeros((0, 2, 2))
    full = max(colours.high(strength[seen], STRONG), steep)
    length = LONGEST * np.minimum(strength[seen] / full, 1.0)
    way = gradient[seen] / strength[seen, None] * length[:, None]
    return np.stack([x[seen], x[seen] + way], axis=1)


def _strokes(ends: np.ndarray) -> np.ndarray:
    """Shaft and two barbs of each arrow (M, 2, 2), as lines (3 M, 2, 2)."""
    tail, tip = ends[:, 0], ends[:, 1]
    back = tail - tip
    length = np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    head = back / length * np.minimum(0.35 * length, HEAD)
    side = np.stack([-head[:, 1], head[:, 0]], axis=1) * 0.6
    barbs = [np.stack([tip, tip + head + sign * side], axis=1) for sign in (1, -1)]
    return np.concatenate([ends, *barbs])


def draw_lattice(painter: QPainter, plane: Plane, game: Game) -> None:
    """Straight lines of latent space, as the generator bends them."""
    places = plane.place(game.lines)
    painter.setPen(_thin(painter, faded(colours.GENERATED, 0.45)))
    draw_lines(painter, np.stack([places[:, :, :-1], places[:, :, 1:]], axis=3))


def covered_by(x: np.ndarray, modes: Modes) -> np.ndarray:
    """Which modes (K,) points (N, 2) cover: those with at least 1 % of the points within their circle.

    The measured ``modes`` come less often than the points that the canvas shows, and circles must not lag behind them.
    """
    assert modes.centres is not None and modes.radius is not None
    far = np.linalg.norm(x[:, None] - modes.centres[None], axis=2)
    inside = (far < modes.radius) & (far == far.min(1, keepdims=True))
    return inside.mean(0) >= np.minimum(HELD, modes.ideal / 4)


def draw_modes(painter: QPainter, plane: Plane, modes: Modes, x: np.ndarray) -> None:
    """A circle a mode: solid where points ``x`` cover it, dashed where they miss it."""
    if modes.centres is None or modes.radius is None:
        return
    ratio = painter.device().devicePixelRatioF()
    tints = theme.colour("bad").rgba(), theme.colour("good").rgba()
    places, radii = plane.place(modes.centres).tolist(), modes.radius.tolist()
    for (left, top), radius, covered in zip(places, radii, covered_by(x, modes)):
        ring = circle(tints[int(covered)], round(radius * plane.scale, 1), bool(covered), ratio)
        half = ring.deviceIndependentSize().width() / 2
        painter.drawPixmap(QPointF(left - half, top - half), ring)


@lru_cache(maxsize=128)
def circle(rgba: int, radius: float, solid: bool, ratio: float) -> QPixmap:
    """A circle, or a dashed one, as a picture."""
    side = math.ceil((2 * radius + 4) * ratio)
    picture = blank(side, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor.fromRgba(rgba), 1.6, Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine))
    painter.drawEllipse(QPointF(side / ratio / 2, side / ratio / 2), radius, radius)
    painter.end()
    return picture
