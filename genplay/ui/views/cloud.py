"""A cloud of points as a small picture, so that grids and strips can show clouds as they show pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from genplay.ui import theme
from genplay.ui.views.scatter import splat

SIDE = 96  # pixels
REACH = 1.5  # half the side of the square shown, in data units


def clouds(x: np.ndarray, tint: QColor | None = None, side: int = SIDE, reach: float = REACH) -> np.ndarray:
    """Pictures uint8 (T, side, side, 3) of ``x`` (T, N, 2) over [-reach, reach]^2 on the theme's card colour."""
    ground, tint = theme.colour("card"), tint or theme.colour("accent")
    canvas = np.empty((len(x), side, side, 4), np.uint8)
    canvas[:] = (ground.red(), ground.green(), ground.blue(), 255)
    ink = np.array([(tint.red(), tint.green(), tint.blue())], np.float32)
    for picture, points in zip(canvas, x):
        across = (points[:, 0] / reach + 1) * side / 2
        down = (1 - points[:, 1] / reach) * side / 2
        splat(picture, across, down, ink, 2.4, 0.75)
    return canvas[..., :3].copy()
