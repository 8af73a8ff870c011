"""One answer, one file: the front door of this package."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genplay.contract.errors import BadInput, shown
from genplay.contract.recipe import Recipe
from genplay.export import animation, arrays, files, lettering, lines, png
from genplay.export.answers import data_name
from genplay.export.options import Options, checked

SUFFIXES = {".png": ("png", "apng"), ".apng": ("apng",), ".gif": ("gif",), ".webp": ("webp",), ".npz": ("npz",)}
SUFFIXES |= {".txt": ("txt",)}


def write(
    x: np.ndarray,
    path: str | os.PathLike[str],
    recipe: Recipe,
    options: Mapping[str, Any],
    overwrite: bool = False,
) -> Path:
    """Save ``x`` as ``options`` say and return the path. See :func:`encode`; without a format the name decides it.

    Raises ``BadInput`` if the file exists and ``overwrite`` is false, or if it cannot be written.
    """
    files.check_free(path, overwrite)
    return files.save(path, encode(x, recipe, _with_format(Path(path), options)), overwrite)


def encode(x: np.ndarray, recipe: Recipe, options: Mapping[str, Any]) -> bytes:
    """The bytes of the file, which depend on the arguments alone: not on the time, nor on any file name.

    ``x`` holds pictures uint8 (N, H, W, C) with C 1 or 3, points float32 (N, 2) or tokens int64; an animation also
    takes grids (F, N, H, W, C) and points (F, N, 2). ``options`` are those of :class:`genplay.export.options.Options`;
    the recipe is embedded with them as its ``export``. Raises ``BadInput``.
    """
    choices = checked(options)
    return encode_with(dataclasses.replace(recipe, export=choices.plain()).to_json(), x, choices)


def encode_with(text: str, x: np.ndarray, choices: Options) -> bytes:
    """The same with any text in the recipe's place, for what no recipe can make again."""
    x = np.asarray(x)
    if choices.what == "animation" and x.dtype.kind == "f" and x.ndim == 2:
        x = x[:, None]  # one point a frame
    if choices.format == "npz":
        return arrays.encode(choices.arrays or {data_name(x): x}, text)
    if choices.format == "txt":
        return lines.encode(x, choices.vocabulary)
    if x.dtype.kind == "i" and choices.vocabulary:
        x = lettering.drawn(x, choices.vocabulary)
    _check_drawable(x, choices)
    if choices.what == "animation":
        return animation.encode(x, choices, text)
    pixels = png.picture(x, choices)
    if choices.format == "png":
        return png.encode(pixels, text)
    return (animation.gif if choices.format == "gif" else animation.webp)([pixels], [], text)


def _with_format(path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` with the format that the file's ending stands for; raises ``BadInput`` where the two disagree."""
    meant = SUFFIXES.get(path.suffix.lower(), ())
    if "format" not in options and meant:
        moving = options.get("what") == "animation"
        return {**options, "format": "apng" if moving and "apng" in meant else meant[0]}
    if meant and options.get("format") not in meant:
        raise BadInput(f"The name {shown(path)} does not suit the format {options.get('format')!r:.60}.")
    return dict(options)


def _check_drawable(x: np.ndarray, options: Options) -> None:
    moving = options.what == "animation"
    if x.dtype.kind == "f":
        wanted = 3 if moving else 2
        fine = x.ndim == wanted and x.shape[-1] == 2
    elif x.dtype == np.uint8:
        fine = x.ndim in ((4, 5) if moving else (4,)) and x.shape[-1] in (1, 3)
    else:
        raise BadInput("Tokens can be drawn with their vocabulary only.")
    if not fine:
        raise BadInput(f"Data of the shape {x.shape} cannot be drawn as {options.what}.")
    if x.size == 0:
        raise BadInput("There is nothing to save.")
