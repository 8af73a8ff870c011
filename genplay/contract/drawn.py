"""Distributions of points that the user has painted: a density picture a file, under the user data directory.

A file is an ``.npz`` of two arrays: ``density`` float32 (128, 128), cells over [-1, 1]^2 with row 0 at the top (y = 1),
none negative, and ``name``, the UTF-8 bytes of what it is called. It may come from anybody: sizes and headers are
checked before anything is read by them, and nothing in it is run.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from genplay.contract import atomic, paths
from genplay.contract.errors import BadInput, shown

SIDE = 128
LONGEST_NAME = 200  # bytes
MOST_BYTES = 4 * SIDE * SIDE + 8192  # of a file
MOST_HEADER = 1024  # of an array in it
LARGEST = 1e6  # of a number

EMPTY = "Nothing is drawn: a distribution needs some ink."


def folder() -> Path:
    """Where drawings are kept; it is made when the first one is saved."""
    return paths.user_data() / "drawn"


def save(path: str | os.PathLike[str], density: np.ndarray, name: str = "") -> None:
    """Write a drawing. Raises ``BadInput`` for what is none or is empty, and ``OSError``."""
    density = checked(density)
    words = (name or Path(path).stem).encode("utf-8", "replace")[:LONGEST_NAME]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, density=density, name=np.frombuffer(words, np.uint8))
    atomic.write(path, buffer.getvalue())


def load(path: str | os.PathLike[str]) -> np.ndarray:
    """The density float32 (128, 128) of a drawing. Raises ``BadInput``."""
    return read(path)[0]


def read(path: str | os.PathLike[str]) -> tuple[np.ndarray, str]:
    """The density of a drawing and what it is called. Raises ``BadInput``."""
    data = _bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            density = _array(file, "density.npy", np.dtype(np.float32), (SIDE, SIDE))
            name = _array(file, "name.npy", np.dtype(np.uint8), None)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, RuntimeError, NotImplementedError):
        raise BadInput(f"{shown(path)} is not a drawing made by genplay, or it is damaged.") from None
    return checked(density), _words(name) or Path(path).stem


def checked(density: np.ndarray) -> np.ndarray:
    """``density`` as float32 (128, 128). Raises ``BadInput`` for another shape, numbers that are none, and no ink."""
    if density.shape != (SIDE, SIDE) or density.dtype.kind not in "fiu":
        raise BadInput(f"A drawing must have {SIDE} x {SIDE} cells.")
    density = np.ascontiguousarray(density, np.float32)
    if not (np.isfinite(density).all() and density.min() >= 0 and density.max() <= LARGEST):
        raise BadInput("A drawing holds numbers that are no densities.")
    if not density.max() > 0:
        raise BadInput(EMPTY)
    return density


def _bytes(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(f"There is no drawing {shown(path)}.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{shown(path)} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(data) > MOST_BYTES:
        raise BadInput(f"{shown(path)} is too large for a drawing.")
    return data


def _array(file: zipfile.ZipFile, name: str, dtype: np.dtype, shape: tuple[int, ...] | None) -> np.ndarray:
    """An array of the file, of which no more is unpacked than it may hold; raises ``ValueError``."""
    most = MOST_HEADER + (np.prod(shape) * dtype.itemsize if shape else LONGEST_NAME)
    with file.open(name) as member:
        data = member.read(int(most) + 1)
    if len(data) > most:
        raise ValueError("too long")
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version")
    found, fortran, kind = np.lib.format.read_array_header_1_0(stream, max_header_size=MOST_HEADER)
    rest = data[stream.tell() :]
    if kind != dtype or fortran or (found != shape if shape else len(found) != 1) or len(rest) != _size(found, dtype):
        raise ValueError("another array")
    return np.frombuffer(rest, dtype).reshape(found)


def _size(shape: tuple[int, ...], dtype: np.dtype) -> int:
    size = dtype.itemsize
    for side in shape:
        size *= side
    return size


def _words(name: np.ndarray) -> str:
    """Text that can be shown on a line."""
    text = name.tobytes().decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
