"""Arrows of a vector field, a density as a picture, and the ways of many points: layers for a plane of points."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainter, QPen, QPolygonF

from genplay.ui import theme
from genplay.ui.views.heatmap import colours
from genplay.ui.views.scatter import Scatter

FILL = 0.92  # of a cell, the longest arrow
STRONG = 0.9  # quantile of the strengths that gets the longest arrow: a few giants must not shrink the rest
HEAD = 0.32  # of an arrow, at most HEAD_PX
HEAD_PX, WIDTH = 6.0, 1.3
ROOM = 15.0  # pixels an arrow should have
OPACITY = 190  # of arrows, of 255
DEPTH = 0.55  # how far the densest place is from the ground's colour
GAMMA = 0.5  # the density is drawn as its square root, so that its tails are seen


def arrows(at: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Arrows (M, 2, 2), tail and tip in data units, centred on ``at`` (G, G, 2) and no longer than a cell.

    Lengths are in proportion to the strengths up to the ``STRONG`` quantile; arrows of no strength are left out.
    """
    places, ways = at.reshape(-1, 2), vectors.reshape(-1, 2).astype(np.float64)
    cell = float(np.abs(np.diff(at[0, :, 0])).mean()) if at.shape[1] > 1 else 1.0
    strength = np.linalg.norm(ways, axis=1)
    seen = np.isfinite(strength) & (strength > 1e-9)
    if not seen.any():
        return np.zeros((0, 2, 2))
    full = float(np.quantile(strength[seen], STRONG))
    length = FILL * cell * np.minimum(strength[seen] / full, 1.0)
    half = ways[seen] / strength[seen, None] * length[:, None] / 2
    return np.stack([places[seen] - half, places[seen] + half], axis=1)


def density_picture(log_density: np.ndarray) -> np.ndarray:
    """A log-density (P, P) as colours uint8 (P, P, 3): the ground of the plane where there is next to nothing."""
    finite = np.isfinite(log_density)
    top = float(log_density[finite].max()) if finite.any() else 0.0
    share = np.where(finite, np.exp(np.minimum(np.where(finite, log_density, top) - top, 0.0)), 0.0) ** GAMMA
    ground = theme.colour("card")
    light = theme.shown() == "light"
    map_ = colours(1 - share if light else share, 0.0, 1.0).astype(np.float64)
    weight = DEPTH * np.minimum(1.0, 2.5 * share)[..., None]
    mixed = (1 - weight) * np.array([ground.red(), ground.green(), ground.blue()]) + weight * map_
    return np.rint(mixed).astype(np.uint8)


class FieldLayer:
    """Paints arrows and ways onto a :class:`Scatter`: ``draw`` is what ``Cloud.add_layer`` takes."""

    def __init__(self) -> None:
        self._field: tuple[np.ndarray, np.ndarray] | None = None
        self._arrows: tuple[int, np.ndarray] | None = None  # those of every so many rows and columns
        self._ways: list[np.ndarray] = []
        self._lines: tuple[tuple[float, float, float], list[QPolygonF]] | None = None

    @property
    def shows_arrows(self) -> bool:
        """Whether there is a field to be drawn."""
        return self._field is not None

    @property
    def ways(self) -> list[np.ndarray]:
        """The ways on show."""
        return self._ways

    def set_arrows(self, at: np.ndarray | None, vectors: np.ndarray | None = None) -> None:
        """Show a field (G, G, 2) at places (G, G, 2), or none."""
        self._field = (at, vectors) if at is not None and vectors is not None else None
        self._arrows = None

    def arrows_at(self, scale: float) -> np.ndarray:
        """The arrows (M, 2, 2) for a plane of ``scale`` pixels a data unit: fewer where they would crowd."""
        if self._field is None:
            return np.zeros((0, 2, 2))
        at, vectors = self._field
        cell = float(np.abs(np.diff(at[0, :2, 0])).mean()) * scale if at.shape[1] > 1 else ROOM
        every = max(1, min(len(at) // 4, round(ROOM / max(cell, 1e-6))))
        if self._arrows is None or self._arrows[0] != every:
            first = every // 2
            self._arrows = every, arrows(at[first::every, first::every], vectors[first::every, first::every])
        return self._arrows[1]

    def set_ways(self, ways: np.ndarray | None) -> None:
        """Show ways (N, F, 2) through the plane, or none."""
        self._ways = [] if ways is None else list(ways)
        self._lines = None

    def draw(self, painter: QPainter, plane: Scatter) -> None:
        """Paint in the plane's coordinates."""
        if self._ways:
            self._draw_ways(painter, plane)
        if self._field is not None:
            self._draw_arrows(painter, plane)

    def _draw_ways(self, painter: QPainter, plane: Scatter) -> None:
        tint = theme.colour("text")
        tint.setAlpha(70)
        painter.setPen(QPen(tint, 1))
        for line in self._lines_of(plane):
            painter.drawPolyline(line)

    def _lines_of(self, plane: Scatter) -> list[QPolygonF]:
        """The ways in the plane's coordinates, made anew only when it shows another part."""
        origin, scale = plane.to_view(0, 0), plane.scale()
        key = origin.x(), origin.y(), scale
        if self._lines is None or self._lines[0] != key:
            placed = np.asarray(self._ways) * np.array([scale, -scale]) + np.array([origin.x(), origin.y()])
            self._lines = key, [QPolygonF([QPointF(x, y) for x, y in way]) for way in placed.tolist()]
        return self._lines[1]

    def _draw_arrows(self, painter: QPainter, plane: Scatter) -> None:
        origin, scale = plane.to_view(0, 0), plane.scale()
        ends = self.arrows_at(scale) * np.array([scale, -scale]) + np.array([origin.x(), origin.y()])
        within = ((ends > -20) & (ends < max(plane.width(), plane.height()) + 20)).all(axis=(1, 2))
        tint = theme.colour("text")
        tint.setAlpha(OPACITY)
        painter.setPen(QPen(tint, WIDTH))
        painter.drawLines(_strokes(ends[within]))


def _strokes(ends: np.ndarray) -> list[QLineF]:
    """Shaft and two barbs of each arrow (M, 2, 2) in pixels."""
    tail, tip = ends[:, 0], ends[:, 1]
    back = tail - tip
    length = np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    head = back / length * np.minimum(HEAD * length, HEAD_PX)
    side = np.stack([-head[:, 1], head[:, 0]], axis=1) * 0.6
    parts = np.concatenate([np.stack([tail, tip], 1), np.stack([tip, tip + head + side], 1)])
    parts = np.concatenate([parts, np.stack([tip, tip + head - side], 1)])
    return [QLineF(*flat) for flat in parts.reshape(-1, 4).tolist()]
