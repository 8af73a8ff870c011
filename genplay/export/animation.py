"""Moving pictures: GIF with the best palette that its 256 colours allow, lossless WebP and APNG."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from genplay.contract.errors import BadInput
from genplay.export import grid, png, scatter
from genplay.export.options import MAX_ANIMATION_PIXELS, Options

COLOURS = 256
QUICK_FROM = 20_000
MAX_WEBP_SIDE, MAX_GIF_SIDE = 16383, 65535
GIF_UNIT_MS, GIF_SHORTEST = 10, 2  # browsers slow down anything shorter than two hundredths


def frames(x: np.ndarray, options: Options) -> Iterator[np.ndarray]:
    """Frames (H', W', C) uint8 of an animation.

    ``x`` is one picture a frame (F, H, W, C), a grid a frame (F, N, H, W, C), or points (F, N, 2).
    """
    if x.dtype == np.uint8:
        cells = x[:, None] if x.ndim == 4 else x
        n, high, wide = cells.shape[1:4]
        height, width = grid.size(n, high, wide, options.columns, options.scale, options.spacing)
    else:
        height = width = scatter.side(options.scale)
    grid.check_pixels(height, width)
    grid.check_pixels(height, width, len(x), MAX_ANIMATION_PIXELS)
    if x.dtype == np.uint8:
        return (png.composed(frame, options) for frame in cells)
    half = scatter.extent(x)
    return (scatter.draw(points, half, options.scale, options.colour) for points in x)


def durations(n: int, fps: float, unit: float = 1.0, shortest: int = 1) -> list[int]:
    """Milliseconds that each of ``n`` frames is shown, in whole ``unit`` ms, rounded so that the total stays true."""
    ends = [round(i * 1000 / (fps * unit)) for i in range(n + 1)]
    return [int(max(shortest, end - begin) * unit) for begin, end in itertools.pairwise(ends)]


def encode(x: np.ndarray, options: Options, text: str) -> bytes:
    """Bytes of the animation of ``x`` (see :func:`frames`) in the format of ``options``, with ``text`` inside."""
    pictures = list(frames(x, options))
    times = durations(len(pictures), options.fps)
    if options.format == "gif":
        return gif(pictures, durations(len(pictures), options.fps, GIF_UNIT_MS, GIF_SHORTEST), text)
    return webp(pictures, times, text) if options.format == "webp" else apng(pictures, times, text)


def apng(pictures: list[np.ndarray], times: list[int], text: str) -> bytes:
    """Lossless; ``times`` in milliseconds; plays for ever."""
    return _saved(
        [png.image(p) for p in pictures],
        "PNG",
        pnginfo=png.text_chunk(text),
        save_all=True,
        duration=times,
        loop=0,
    )


def webp(pictures: list[np.ndarray], times: list[int], text: str) -> bytes:
    """Lossless, with the text in its EXIF description."""
    _check_side(pictures, MAX_WEBP_SIDE, "WebP")
    images = [png.image(p.repeat(3, axis=-1) if p.shape[-1] == 1 else p) for p in pictures]
    moving = {"save_all": True, "duration": times, "loop": 0} if len(images) > 1 else {}
    return _saved(images, "WEBP", lossless=True, quality=75, method=4, exif=exif(text), **moving)


def exif(text: str) -> bytes:
    """A minimal EXIF block whose image description is ``text`` (ASCII)."""
    value = text.encode("ascii") + b"\0"
    entry = struct.pack("<HHII", 0x010E, 2, len(value), 26)
    return b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0) + value


def gif(pictures: list[np.ndarray], times: list[int], text: str) -> bytes:
    """Up to 256 colours, in all or in a frame, are kept exactly; a frame with more gets the palette that suits it."""
    _check_side(pictures, MAX_GIF_SIDE, "GIF")
    if pictures[0].shape[-1] == 1:
        images = [png.image(p) for p in pictures]
    else:
        images = _indexed(pictures)
    moving = {"save_all": True, "duration": times, "loop": 0} if len(images) > 1 else {}
    return _saved(images, "GIF", comment=text.encode("ascii"), optimize=False, **moving)


def _indexed(pictures: list[np.ndarray]) -> list[Image.Image]:
    """RGB frames as palette images: one exact palette for all if it has room, else the best for each."""
    packed = [_packed(p) for p in pictures]
    each = [_colours(p) for p in packed]
    together = np.unique(np.concatenate(each))
    if len(together) <= COLOURS:
        return [_exact(p, together) for p in packed]
    return [
        _exact(p, colours) if len(colours) <= COLOURS else _adapted(picture, len(colours))
        for p, colours, picture in zip(packed, each, pictures, strict=True)
    ]


def _packed(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 as one number a pixel."""
    wide = picture.astype(np.uint32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def _colours(packed: np.ndarray) -> np.ndarray:
    """The different colours of a packed picture, ascending."""
    seen = np.zeros(1 << 24, bool)
    seen[packed] = True
    return np.flatnonzero(seen)


def _exact(packed: np.ndarray, colours: np.ndarray) -> Image.Image:
    """A palette image whose palette is exactly ``colours`` (sorted, at most 256)."""
    result = Image.fromarray(np.searchsorted(colours, packed).astype(np.uint8))
    palette = np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=-1).astype(np.uint8)
    result.putpalette(palette.tobytes())
    return result


def _adapted(picture: np.ndarray, colours: int) -> Image.Image:
    """A palette image with 256 colours that suit one frame; no dither, which would break up pixel art.

    Frames of very many colours, such as noise, are given to the quicker method.
    """
    method = Image.Quantize.MAXCOVERAGE if colours <= QUICK_FROM else Image.Quantize.FASTOCTREE
    return png.image(picture).quantize(COLOURS, method=method)


def _check_side(pictures: list[np.ndarray], longest: int, name: str) -> None:
    if max(pictures[0].shape[:2]) > longest:
        raise BadInput(f"A {name} file cannot be wider or higher than {longest} pixels; choose a smaller scale.")


def _saved(images: list[Image.Image], format: str, **facts: object) -> bytes:
    file = io.BytesIO()
    more = {"append_images": images[1:]} if len(images) > 1 else {}
    images[0].save(file, format, **facts, **more)
    return file.getvalue()
