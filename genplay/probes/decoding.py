"""What lies at a place of latent space: single codes, paths between codes, and each dimension varied by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Generator

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset, to_plain
from genplay.core.interpolate import along
from genplay.core.probe import Partial, Probe, codes, conditions, within

MAX_CODES = 10_000
MAX_FRAMES = 5_000
_ROWS = 64


def decoded(model: Any, z: np.ndarray, condition: tuple[int, ...]) -> Iterator[Partial]:
    """``results.Decoded`` for codes (N, D): the first 64 at once, then more and more of them. Raises ``BadInput``."""
    if len(z) > MAX_CODES:
        raise BadInput(f"At most {MAX_CODES} codes can be decoded at once.")
    tensor = codes(z, model.latent_size, model.device)
    x: np.ndarray | None = None
    for start in range(0, len(z), _ROWS):
        rows = tensor[start : start + _ROWS]
        labels = conditions(condition, model.spec, len(rows), model.device)
        piece = to_plain(model.decode(rows, labels), model.spec)
        if x is None:
            x = piece if len(rows) == len(z) else np.zeros((len(z), *piece.shape[1:]), piece.dtype)
        end = start + len(rows)
        x[start:end] = piece
        yield Partial(results.Decoded(x[:end], z[:end]), end / len(z))


class Decode(Probe):
    """Codes as pictures or points. The path of every drag, so nothing is done here but that."""

    question = requests.Decode
    needs = frozenset({Capability.DECODE})

    def run(
        self, model: Any, data: Dataset | None, question: requests.Decode, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Decoded``, in one piece for up to 64 codes."""
        return decoded(model, question.z, question.condition)


class DecodePath(Probe):
    """Pictures on a path through keyframes, by straight lines or by arcs (``core.interpolate``)."""

    question = requests.DecodePath
    needs = frozenset({Capability.DECODE})

    def run(
        self, model: Any, data: Dataset | None, question: requests.DecodePath, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Decoded`` with ``frames`` rows, in the order of the path."""
        frames = within("The number of frames", question.frames, 1, MAX_FRAMES)
        if len(question.keyframes) > frames:
            raise BadInput(f"A path through {len(question.keyframes)} keyframes needs at least as many frames.")
        codes(question.keyframes, model.latent_size)
        path = along(question.keyframes, frames, question.mode, question.closed)
        return decoded(model, path, question.condition)


class Traverse(Probe):
    """One dimension at a time takes each of some values while the others stay as they are."""

    question = requests.Traverse
    needs = frozenset({Capability.DECODE})

    def run(
        self, model: Any, data: Dataset | None, question: requests.Traverse, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Decoded`` with a row of the matrix after the other; no ``dims`` means all of them."""
        size = model.latent_size
        if question.z.ndim != 1:
            raise BadInput(f"The code must be one row of {size} numbers.")
        codes(question.z[None], size)
        dims = question.dims or tuple(range(size))
        for dim in dims:
            within("A latent dimension", dim, 0, size - 1)
        return decoded(model, traversal(question.z, dims, question.values), question.condition)


def traversal(z: np.ndarray, dims: tuple[int, ...], values: tuple[float, ...]) -> np.ndarray:
    """Codes (len(dims) * len(values), D), row-major: ``z`` with one of ``dims`` set to one of ``values``.

    Raises ``BadInput``.
    """
    if not values or len(dims) * len(values) > MAX_CODES:
        raise BadInput(f"A traversal must have from 1 to {MAX_CODES} cells.")
    if not all(isinstance(v, int | float) and abs(v) < 1e6 for v in values):
        raise BadInput("The values of a traversal must be numbers between -1000000 and 1000000.")
    grid = np.tile(np.asarray(z, np.float32), (len(dims), len(values), 1))
    for row, dim in enumerate(dims):
        grid[row, :, dim] = values
    return grid.reshape(-1, len(z))
