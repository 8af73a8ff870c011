"""Small pictures of samples for timelines and rows."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage

from genplay.ui import theme
from genplay.ui.views import lettering, pixels
from genplay.ui.views.scatter import splat

SIDE = 68  # pixels of a thumbnail of points, twice its size on the screen
REACH = 1.35  # data units from its middle to its edge
MOST = 600  # points drawn


def thumbnail(drawn: np.ndarray, focus: int, reach: float = REACH) -> QImage:
    """One sample of pictures uint8 (N, H, W, C), or a cloud of points (N, 2) in [-reach, reach]^2."""
    if drawn.dtype == np.uint8:
        return pixels.to_qimage(drawn[min(focus, len(drawn) - 1)])
    return cloud(drawn, theme.colour("accent"), reach)


def text(shown: str, length: int) -> QImage:
    """A text of at most ``length`` characters, in lines that fill a square, for it to be seen how much is written."""
    across = max(3, round((length * 1.7) ** 0.5))
    lines = [shown[i : i + across] for i in range(0, max(len(shown), 1), across)]
    lines += [""] * (-(-length // across) - len(lines))
    return lettering.picture([line.ljust(across) for line in lines], theme.colour("text"), SIDE)


def cloud(points: np.ndarray, tint: QColor, reach: float = REACH) -> QImage:
    """Points (N, 2) in [-reach, reach]^2 on nothing."""
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    place = (points[:MOST] / (2 * reach) + 0.5) * SIDE
    splat(canvas, place[:, 0], SIDE - place[:, 1], np.full((1, 3), 255, np.float32), 3.0, 0.9)
    canvas[..., 3] = canvas[..., 0]
    canvas[..., :3] = tint.red(), tint.green(), tint.blue()
    return pixels.to_qimage(canvas)
