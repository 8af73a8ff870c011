"""Small pictures of samples for timelines and rows."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.scatter import splat

SIDE = 68  # pixels of a thumbnail of points, twice its size on the screen
REACH = 1.35  # data units from its middle to its edge
MOST = 600  # points drawn


def thumbnail(drawn: np.ndarray, focus: int, reach: float = REACH) -> QImage:
    """One sample of pictures uint8 (N, H, W, C), or a cloud of points (N, 2) in [-reach, reach]^2."""
    if drawn.dtype == np.uint8:
        return pixels.to_qimage(drawn[min(focus, len(drawn) - 1)])
    return cloud(drawn, theme.colour("accent"), reach)


def text(tokens: np.ndarray, veil: int) -> QImage:
    """Tokens (L,) as blocks in lines that make a square: full where a character stands, faint where ``veil`` does."""
    across = max(3, round(len(tokens) ** 0.5))
    ended = np.cumsum(tokens == 0) > 0
    canvas = np.zeros((-(-len(tokens) // across) * across, 4), np.uint8)
    for there, token in ((~ended, "text"), (tokens == veil, "line")):
        tint = theme.colour(token)
        canvas[: len(tokens)][there] = tint.red(), tint.green(), tint.blue(), 255
    cells = canvas.reshape(-1, across, 1, 1, 4)
    blocks = np.zeros((len(cells), across, 6, 6, 4), np.uint8)
    blocks[:, :, :5, :5] = cells
    return pixels.to_qimage(blocks.transpose(0, 2, 1, 3, 4).reshape(len(cells) * 6, across * 6, 4))


def cloud(points: np.ndarray, tint: QColor, reach: float = REACH) -> QImage:
    """Points (N, 2) in [-reach, reach]^2 on nothing."""
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    place = (points[:MOST] / (2 * reach) + 0.5) * SIDE
    splat(canvas, place[:, 0], SIDE - place[:, 1], np.full((1, 3), 255, np.float32), 3.0, 0.9)
    canvas[..., 3] = canvas[..., 0]
    canvas[..., :3] = tint.red(), tint.green(), tint.blue()
    return pixels.to_qimage(canvas)
