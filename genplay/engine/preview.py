"""The small picture of a run that its card carries: nine samples in a square, a cloud of points, or lines of text."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genplay.contract import paths
from genplay.contract.spec import DataSpec

SIDE = 3
CLOUD = 48  # pixels
LINES, LETTER, STEP = 5, 16, 19  # of a picture of texts: how many, and pixels of a letter and from line to line


def mosaic_png(x: np.ndarray, spec: DataSpec) -> bytes:
    """A PNG of up to nine pictures (N, H, W, C) in three rows, of points (N, 2) as a density, or of tokens as text.

    Density and text are white of varying opacity on nothing, so that they suit any background and can be tinted.
    """
    if x.dtype.kind == "i":
        pixels = _lines(spec.text(x[:LINES]))
    else:
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


def _lines(texts: list[str]) -> np.ndarray:
    """Texts one below the other, cut off where they are too long."""
    side = LINES * STEP
    font = ImageFont.truetype(paths.shipped("assets") / "fonts" / "JetBrainsMono-Regular.ttf", LETTER)
    opacity = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(opacity)
    top = (side - STEP * len(texts)) // 2
    for i, text in enumerate(texts):
        pen.text((0, top + i * STEP), text, fill=255, font=font)
    return np.dstack([np.full((side, side, 3), 255, np.uint8), np.asarray(opacity)])
