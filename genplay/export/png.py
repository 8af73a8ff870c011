"""Pictures and grids as PNG (or one-frame WebP and GIF), with the recipe inside."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from genplay.contract.errors import BadInput
from genplay.export import grid, scatter
from genplay.export.options import Options

KEY = "genplay"  # keyword of the text chunk


def picture(x: np.ndarray, options: Options) -> np.ndarray:
    """The one picture (H, W, C) uint8 that ``options`` ask for: a cell or all of (N, H, W, C), or a scatter (N, 2)."""
    if x.dtype != np.uint8:
        return _scatter(x, options)
    cells = x
    if options.what == "picture":
        if options.index >= len(x):
            raise BadInput(f"There is no picture {options.index}; the last one is {len(x) - 1}.")
        cells = x[options.index : options.index + 1]
    return composed(cells, options)


def composed(cells: np.ndarray, options: Options) -> np.ndarray:
    """A grid of ``cells`` (N, H, W, C); grey stays grey where the background is grey."""
    n, height, width, channels = cells.shape
    grid.check_pixels(*grid.size(n, height, width, options.columns, options.scale, options.spacing))
    if channels == 1 and len(set(options.colour)) > 1:
        cells = cells.repeat(3, axis=-1)
    fill = options.colour[: cells.shape[-1]]
    return grid.compose(cells, options.columns, options.scale, options.spacing, fill)


def _scatter(points: np.ndarray, options: Options) -> np.ndarray:
    grid.check_pixels(scatter.side(options.scale), scatter.side(options.scale))
    return scatter.draw(points, scatter.extent(points), options.scale, options.colour)


def image(pixels: np.ndarray) -> Image.Image:
    """A Pillow image of (H, W, 1) or (H, W, 3) uint8."""
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))


def text_chunk(text: str) -> PngInfo:
    """The recipe as an international text chunk."""
    info = PngInfo()
    info.add_itxt(KEY, text)
    return info


def encode(pixels: np.ndarray, text: str) -> bytes:
    """PNG bytes of (H, W, C) uint8 with ``text`` inside."""
    file = io.BytesIO()
    image(pixels).save(file, "PNG", pnginfo=text_chunk(text))
    return file.getvalue()
