"""A painting as plain values, so that undo, memory and the recipes of exported files keep it."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from genplay.ui.views.painting import Painting

MOST_POINTS = 400


def to_plain(painting: Painting, original: np.ndarray) -> dict[str, Any]:
    """A painting and the picture it began with."""
    return {
        "picture": _packed(painting.picture),
        "mask": _packed(painting.mask) if painting.masked else "",
        "original": "" if np.array_equal(original, painting.picture) else _packed(original),
    }


def from_plain(plain: Mapping[str, Any], shape: tuple[int, int, int]) -> tuple[Painting, np.ndarray] | None:
    """The reverse for pictures (H, W, C); None where anything is missing, damaged or of another size."""
    picture = _unpacked(plain.get("picture"), shape)
    if picture is None:
        return None
    mask = _unpacked(plain.get("mask"), shape[:2]) if plain.get("mask") else None
    original = _unpacked(plain.get("original"), shape) if plain.get("original") else None
    mask = np.zeros(shape[:2], np.uint8) if mask is None else np.minimum(mask, 1)
    return Painting(picture, mask), picture if original is None else original


def points_of(plain: object) -> np.ndarray:
    """Points float32 (N, 2) from a list of pairs of numbers; what is not such a pair is left out."""
    if not isinstance(plain, list | tuple):
        return np.zeros((0, 2), np.float32)
    pairs = [pair for pair in plain[:MOST_POINTS] if _is_pair(pair)]
    return np.array(pairs, np.float32).reshape(-1, 2)


def _is_pair(value: object) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    return all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 100 for v in value)


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array, np.uint8).tobytes())).decode()


def _unpacked(text: object, shape: tuple[int, ...]) -> np.ndarray | None:
    """Bytes of exactly this shape; never more memory than that, whatever the text holds."""
    size = int(np.prod(shape))
    if not isinstance(text, str) or len(text) > 2 * size + 1024:
        return None
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return np.frombuffer(data, np.uint8).reshape(shape).copy() if len(data) == size else None
