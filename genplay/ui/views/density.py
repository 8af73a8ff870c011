"""A density on a square grid over [-1, 1]^2 that is painted by hand: dabs, ways to begin, points drawn from it.

Arrays are float32 (S, S) in [0, 1], row 0 at the top (y = 1). They are replaced, never changed in place.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from genplay.ui import theme
from genplay.ui.views.heatmap import colours

REACH = 4.0  # standard deviations beyond which a dab adds nothing
FAINT = 2e-3  # of a dab, below which nothing is left: soft edges would otherwise never end
FADE = 5.0  # the share of the densest at which the ground is covered is one over this


def blank(side: int) -> np.ndarray:
    """Nothing drawn."""
    return np.zeros((side, side), np.float32)


def axis(side: int) -> np.ndarray:
    """The middles of the cells along x, float32 (S,)."""
    return (np.arange(side, dtype=np.float32) + 0.5) * (2.0 / side) - 1.0


def dab(side: int, at: tuple[float, float], size: float) -> np.ndarray:
    """A Gaussian (S, S) of height 1 and standard deviation ``size`` centred at (x, y)."""
    x = axis(side)
    across, down = (np.exp(-0.5 * ((x - centre) / size) ** 2) for centre in (at[0], -at[1]))
    soft = np.outer(down, across).astype(np.float32)
    return np.where(soft < FAINT, np.float32(0), soft)


def added(density: np.ndarray, at: tuple[float, float], size: float, flow: float) -> np.ndarray:
    """One dab of an airbrush: d + flow g (1 - d), which comes ever closer to 1 and in any order to the same."""
    soft = flow * dab(len(density), at, size)
    return (density + soft * (1 - density)).astype(np.float32)


def erased(density: np.ndarray, at: tuple[float, float], size: float, flow: float) -> np.ndarray:
    """One dab of a soft eraser: d (1 - flow g), and nothing where next to nothing would be left."""
    left = density * (1 - flow * dab(len(density), at, size))
    return np.where(left < FAINT, np.float32(0), left).astype(np.float32)


def way(start: tuple[float, float], end: tuple[float, float], step: float) -> list[tuple[float, float]]:
    """Places no further apart than ``step`` on the way from ``start``, which is left out, to ``end``."""
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    count = int(length / step)
    return [
        (start[0] + (end[0] - start[0]) * k * step / length, start[1] + (end[1] - start[1]) * k * step / length)
        for k in range(1, count + 1)
    ]


def ring_of_blobs(side: int, count: int = 8, radius: float = 0.7, size: float = 0.07) -> np.ndarray:
    """Equal Gaussians around a circle."""
    angles = np.arange(count) * (2 * np.pi / count)
    centres = [(radius * float(np.cos(a)), radius * float(np.sin(a))) for a in angles]
    return _heaped(side, centres, size)


def two_moons(side: int, size: float = 0.06) -> np.ndarray:
    """Two half circles that reach into each other."""
    angles = np.linspace(0, np.pi, 60)
    upper = [(0.5 * float(np.cos(a)) - 0.25, 0.5 * float(np.sin(a)) - 0.12) for a in angles]
    return _heaped(side, [*upper, *((-x, -y) for x, y in upper)], size)


def _heaped(side: int, centres: list[tuple[float, float]], size: float) -> np.ndarray:
    total = np.sum([dab(side, centre, size) for centre in centres], axis=0)
    return (total / total.max()).astype(np.float32)


def points(density: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """``n`` points float32 (n, 2) drawn from a density, none where nothing is drawn.

    The same random numbers are turned into places along a curve that fills the square (Hilbert 1891), so that points
    move a little, and do not jump, when the density changes a little.
    """
    side = len(density)
    order = _hilbert(side)
    mass = np.cumsum(density.ravel()[order], dtype=np.float64)
    if not mass[-1] > 0:
        return np.zeros((0, 2), np.float32)
    dice = np.random.default_rng(seed)
    place = np.searchsorted(mass, np.sort(dice.random(n)) * mass[-1], side="right")
    row, column = np.divmod(order[np.minimum(place, len(order) - 1)], side)
    within = dice.random((n, 2))
    x, y = (column + within[:, 0]) * 2 / side - 1, 1 - (row + within[:, 1]) * 2 / side
    return np.stack([x, y], axis=1).astype(np.float32)


@lru_cache(maxsize=2)
def _hilbert(side: int) -> np.ndarray:
    """The cells (flat index) of a square whose side is a power of two, in the order of Hilbert's curve."""
    left = np.arange(side * side)
    x, y = np.zeros_like(left), np.zeros_like(left)
    half = 1
    while half < side:
        right, up = 1 & (left // 2), 1 & (left ^ (left // 2))
        flip = (up == 0) & (right == 1)
        x, y = np.where(flip, half - 1 - x, x), np.where(flip, half - 1 - y, y)
        x, y = np.where(up == 0, y, x), np.where(up == 0, x, y)
        x, y, left = x + half * right, y + half * up, left // 4
        half *= 2
    return y * side + x


def picture(density: np.ndarray) -> np.ndarray:
    """A density as colours uint8 (S, S, 3) of a perceptually uniform map that sets out from the ground of the plane."""
    ground = theme.colour("card")
    light = theme.shown() == "light"
    painted = colours(1 - density if light else density, 0.0, 1.0).astype(np.float32)
    weight = np.minimum(1.0, FADE * density)[..., None]
    mixed = (1 - weight) * np.array([ground.red(), ground.green(), ground.blue()], np.float32) + weight * painted
    return np.rint(mixed).astype(np.uint8)
