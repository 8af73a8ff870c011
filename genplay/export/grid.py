"""Composing pictures into one: cells in rows, pixels grown by whole factors, gaps filled with a colour."""

from __future__ import annotations

import math

import numpy as np

from genplay.contract.errors import BadInput
from genplay.export.options import MAX_PIXELS


def grown(pixels: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel of ``pixels`` (H, W, ...) as a block of ``scale`` x ``scale``: (H * scale, W * scale, ...)."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


def layout(n: int, columns: int) -> tuple[int, int]:
    """Rows and columns of a grid of ``n`` cells; ``columns`` 0 means about as many as rows."""
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    return math.ceil(n / columns), columns


def size(n: int, height: int, width: int, columns: int, scale: int, spacing: int) -> tuple[int, int]:
    """Height and width in pixels of the grid that :func:`compose` makes."""
    rows, columns = layout(n, columns)
    return rows * height * scale + (rows - 1) * spacing, columns * width * scale + (columns - 1) * spacing


def compose(cells: np.ndarray, columns: int, scale: int, spacing: int, fill: tuple[int, ...] | int) -> np.ndarray:
    """``cells`` (N, H, W, ...) laid out row by row with ``spacing`` pixels between them: (H', W', ...).

    ``fill`` colours the gaps and the cells that the last row lacks.
    """
    n, height, width = cells.shape[:3]
    columns = layout(n, columns)[1]
    canvas_height, canvas_width = size(n, height, width, columns, scale, spacing)
    canvas = np.empty((canvas_height, canvas_width, *cells.shape[3:]), cells.dtype)
    canvas[...] = fill
    for i, cell in enumerate(cells):
        top = (i // columns) * (height * scale + spacing)
        left = (i % columns) * (width * scale + spacing)
        canvas[top : top + height * scale, left : left + width * scale] = grown(cell, scale)
    return canvas


def check_pixels(height: int, width: int, frames: int = 1, limit: int = MAX_PIXELS) -> None:
    """Raise ``BadInput`` for pictures of more than ``limit`` pixels."""
    if height * width * frames > limit:
        count = f"{frames} frames of " if frames > 1 else ""
        raise BadInput(
            f"This would make {count}{width} x {height} pixels, more than {limit // 1_000_000} million in all; "
            "choose a smaller scale or fewer pictures."
        )
