"""The small picture of a run that its card carries: nine samples in a square, or a cloud of points."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIDE = 3
CLOUD = 48  # pixels


def mosaic_png(x: np.ndarray) -> bytes:
    """A PNG of up to nine pictures (N, H, W, C) in three rows, or of points (N, 2) as a density: more where more are.

    The density is white of varying opacity on nothing, so that it suits any background and can be tinted.
    """
    pixels = _cloud(x) if x.ndim == 2 else _mosaic(x)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _mosaic(x: np.ndarray) -> np.ndarray:
    n, h, w, c = x.shape
    cells = np.zeros((SIDE * SIDE, h, w, c), np.uint8)
    cells[: min(n, SIDE * SIDE)] = x[: SIDE * SIDE]
    grid = cells.reshape(SIDE, SIDE, h, w, c).transpose(0, 2, 1, 3, 4).reshape(SIDE * h, SIDE * w, c)
    return grid[..., 0] if c == 1 else grid


def _cloud(x: np.ndarray) -> np.ndarray:
    counts, _, _ = np.histogram2d(-x[:, 1], x[:, 0], bins=CLOUD, range=[[-1.5, 1.5]] * 2)
    opacity = (255 * np.sqrt(np.minimum(1, counts / max(1.0, counts.max() / 2)))).astype(np.uint8)
    return np.dstack([np.full((CLOUD, CLOUD, 3), 255, np.uint8), opacity])
