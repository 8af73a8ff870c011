"""What of an answer goes into a file: the data that pictures are drawn from, and named arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from genplay.contract.errors import BadInput
from genplay.contract.results import Encoded, Tape


def drawable(answer: Any, what: str = "grid") -> np.ndarray:
    """The ``x`` for ``genplay.export.encode``: pictures, points or tokens of any answer that has such.

    A tape gives all its frames (F, N, ...) for an animation and else its last one; an encoding its reconstruction.
    Raises ``BadInput``.
    """
    if isinstance(answer, Tape) and answer.frames:
        return _stacked(answer) if what in ("animation", "arrays") else answer.frames[-1].x
    x = answer.reconstruction if isinstance(answer, Encoded) else getattr(answer, "x", None)
    if not isinstance(x, np.ndarray):
        raise BadInput("This answer holds nothing that could be drawn.")
    return x


def named_arrays(answer: Any) -> dict[str, np.ndarray]:
    """Every array of an answer by name; its data is called ``images``, ``points`` or ``tokens``.

    A tape gives ``frames`` (F, N, ...) and their times ``t`` (F,). Raises ``BadInput`` where there is no array.
    """
    if isinstance(answer, Tape) and answer.frames:
        return {"frames": _stacked(answer), "t": np.array([frame.t for frame in answer.frames])}
    held = {f.name: getattr(answer, f.name) for f in fields(answer)}
    arrays = {name: value for name, value in held.items() if isinstance(value, np.ndarray)}
    if not arrays:
        raise BadInput("This answer holds no arrays.")
    if "x" in arrays:
        arrays = {data_name(arrays["x"]): arrays.pop("x")} | arrays
    return arrays


def data_name(x: np.ndarray) -> str:
    """What an npz file calls data of this type."""
    return {"u": "images", "f": "points"}.get(x.dtype.kind, "tokens")


def _stacked(tape: Tape) -> np.ndarray:
    return np.stack([frame.x for frame in tape.frames])
