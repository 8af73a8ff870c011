"""The colours of an adversarial game: real and generated, and the discriminator's scores."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor, QImage

from genplay.ui import theme
from genplay.ui.views import pixels

REAL, GENERATED, GHOST = "#56B4E9", "#E69F00", "#CC79A7"
ENDS = {"dark": ("#82304a", "#1b5f88"), "light": ("#e98c80", "#7dbbe4")}  # called generated, called real
FLOOR = 0.5  # scores closer to the threshold than this leave the field dark, however even all of it is
LEAST_CONTRAST = 4.6


def score_share(scores: np.ndarray, threshold: float, scale: float) -> np.ndarray:
    """Scores as shares in (-1, 1), 0 at the threshold."""
    return np.asarray(np.tanh((np.nan_to_num(scores) - threshold) / scale))


def scale_of(field: np.ndarray, threshold: float) -> float:
    """What distance from the threshold counts as far."""
    away = np.abs(np.nan_to_num(field) - threshold).ravel()
    return max(high(away, 0.9), FLOOR * (0.5 if threshold else 1.0))


def field_image(field: np.ndarray, threshold: float, scale: float) -> QImage:
    """A field (S, S) as colours: the ground at the threshold, blue for real, red for generated."""
    share = score_share(field, threshold, scale)[..., None]
    ground, low, high = (_rgb(c) for c in (theme.colour("card"), *map(QColor, ENDS[theme.shown()])))
    mixed = ground + np.where(share < 0, low - ground, high - ground) * np.abs(share)
    return pixels.to_qimage(np.rint(mixed).astype(np.uint8))


def high(values: np.ndarray, share: float) -> float:
    """About the quantile of values (N,): in one pass, where exactness is of no use."""
    place = min(int(share * len(values)), len(values) - 1)
    return float(np.partition(values, place)[place])


@lru_cache(maxsize=4)
def scale_image(width: int, shown: str) -> QImage:
    """The colours from surely generated to surely real in a theme, one pixel high."""
    assert shown == theme.shown()
    return field_image(np.linspace(-2.5, 2.5, width)[None], 0.0, 1.0)


def legible(colour: str | QColor, ground: QColor) -> QColor:
    """The colour for text on ``ground``: made darker or lighter until it can be read."""
    tint = QColor(colour)
    for _ in range(20):
        if _contrast(tint, ground) >= LEAST_CONTRAST:
            break
        tint = tint.darker(110) if ground.lightnessF() > 0.5 else tint.lighter(110)
    return tint


def _contrast(one: QColor, other: QColor) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in _rgb(colour) / 255]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def _rgb(colour: QColor) -> np.ndarray:
    return np.array([colour.red(), colour.green(), colour.blue()], np.float64)
