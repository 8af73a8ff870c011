"""Points as a plain picture: antialiased dots on an empty square."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

CELL = 128  # pixels of the square's side at scale 1
SMALLEST = 256
OVERSAMPLING = 4
DARK, LIGHT = (31, 79, 163), (138, 180, 255)  # dots on light and on dark backgrounds


def extent(points: np.ndarray) -> float:
    """Half the side of the square shown, in data units: [-1, 1] and a margin, or more for points that lie outside.

    Two in a thousand points and any beyond 8 may lie out of sight, so that one stray does not shrink the rest.
    """
    finite = np.abs(points[np.isfinite(points).all(axis=-1)])
    reach = float(np.quantile(finite, 0.998)) if finite.size else 1.0
    return 1.06 * min(8.0, max(1.0, reach))


def side(scale: int) -> int:
    """Side in pixels of the picture at a scale."""
    return max(SMALLEST, CELL * scale)


def draw(points: np.ndarray, half: float, scale: int, background: tuple[int, int, int]) -> np.ndarray:
    """Picture (S, S, 3) uint8 of ``points`` (N, 2), x to the right and y up, over [-half, half] in both."""
    pixels = side(scale)
    big = pixels * OVERSAMPLING
    radius = max(1.2 * OVERSAMPLING, big * min(0.012, 0.16 / np.sqrt(max(1, len(points)))))
    mask = Image.new("L", (big, big))
    pen = ImageDraw.Draw(mask)
    seen = points[(np.abs(points) <= half).all(axis=-1)].astype(np.float64)
    for x, y in zip((seen[:, 0] / half + 1) * (big / 2), (1 - seen[:, 1] / half) * (big / 2), strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    cover = np.asarray(mask.reduce(OVERSAMPLING), np.float32)[..., None] / 255
    dot = np.array(DARK if sum(background) > 380 else LIGHT, np.float32)
    return np.rint(np.array(background, np.float32) * (1 - cover) + dot * cover).astype(np.uint8)
