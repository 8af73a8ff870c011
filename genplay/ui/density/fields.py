"""Densities as pictures: their colours, level lines and gradients."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from genplay.contract.results import Density
from genplay.ui import theme
from genplay.ui.views import game_colours, pixels
from genplay.ui.views.contour import level_lines
from genplay.ui.views.heatmap import colours

DEPTH = 9.0  # nats below the densest place at which the colours end
SHARES = (0.5, 0.8, 0.95)  # of the mass, within the level lines
TOP = 0.999  # quantile that is taken for the densest place: spikes must not darken the rest
FAR = 2.0  # nats of difference that count as large


def ends(density: Density) -> tuple[float, float]:
    """The values (low, high) between which both fields are coloured."""
    known = [field[np.isfinite(field)] for field in (density.field, density.truth) if field.size]
    high = max((float(np.quantile(field, TOP)) for field in known if field.size), default=0.0)
    if density.kind == "score":
        return 0.0, high
    return high - DEPTH, high


def shares(values: np.ndarray, low: float, high: float, linear: bool) -> np.ndarray:
    """Values (P, P) as shares in [0, 1] of the colours: of log densities, or of the densities themselves."""
    values = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    found = np.exp(np.minimum(values - high, 0.0)) if linear else (values - low) / max(high - low, 1e-9)
    return np.asarray(np.clip(found, 0.0, 1.0))


def picture(share: np.ndarray) -> QImage:
    """Shares (P, P) in a perceptually uniform map that sets out from the ground of the plane."""
    ground, light = theme.colour("card"), theme.shown() == "light"
    painted = colours(1 - share if light else share, 0.0, 1.0).astype(np.float64)
    weight = np.minimum(1.0, 3 * share)[..., None]
    mixed = (1 - weight) * np.array([ground.red(), ground.green(), ground.blue()]) + weight * painted
    return pixels.to_qimage(np.rint(mixed).astype(np.uint8))


def differences(density: Density, linear: bool) -> np.ndarray:
    """Model less truth (P, P): in nats where either is dense enough to be seen, or as a share of the densest place."""
    low, high = ends(density)
    model, truth = (np.nan_to_num(f.astype(np.float64), neginf=low) for f in (density.field, density.truth))
    if linear:
        return np.asarray(np.exp(np.minimum(model - high, 1.0)) - np.exp(np.minimum(truth - high, 1.0)))
    return np.asarray(np.maximum(model, low) - np.maximum(truth, low))


def difference_picture(values: np.ndarray, linear: bool) -> QImage:
    """Blue where the model gives too much, red where too little."""
    return game_colours.field_image(values, 0.0, 0.3 if linear else FAR)


def level_pieces(field: np.ndarray, extent: float) -> np.ndarray:
    """Pieces (M, 2, 2) of the lines within which a log density (P, P) has ``SHARES`` of its mass."""
    values = np.nan_to_num(field.astype(np.float64), nan=-1e3, neginf=-1e3)
    inner = extent * (1 - 1 / len(values))  # the field is known at the middles of its pixels
    return np.concatenate([level_lines(values, level, inner) for level in levels(values)])


def levels(log_density: np.ndarray) -> list[float]:
    """The log densities above which ``SHARES`` of the mass lies."""
    values = np.sort(log_density.ravel())[::-1]
    held = np.cumsum(np.exp(values - values[0]))
    return [float(values[np.searchsorted(held, share * held[-1])]) for share in SHARES]


def value_at(field: np.ndarray, extent: float, x: float, y: float) -> float:
    """The value of the pixel that holds a place, NaN outside the field."""
    side = len(field)
    column, row = (int(np.floor((v / extent + 1) * side / 2)) for v in (x, -y))
    return float(field[row, column]) if 0 <= row < side and 0 <= column < side else float("nan")
