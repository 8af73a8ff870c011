"""Where the sampler of a model that denoises begins: at noise, at a state of an earlier walk, or at given data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.fitting import fit
from genplay.core.gaussian import GaussianModel
from genplay.core.model import Model, Start
from genplay.core.probe import streams

ROWS = {Kind.IMAGE: 16, Kind.TOKENS: 32, Kind.POINTS: 256}
ROWS_ON_ACCELERATOR = 256
LARGEST = 1e6  # of a number in a state


class Piece(NamedTuple):
    """Some of the samples of a question: ``keep`` from number ``begin`` on, with random numbers of their own."""

    begin: int
    keep: int
    stream: Generator


def rows_at_once(model: Model) -> int:
    """Samples drawn in one piece: few enough that the view stays lively, and the same whatever the question asks."""
    return ROWS[model.spec.kind] if model.device.type == "cpu" else ROWS_ON_ACCELERATOR


def pieces(model: Model, n: int, generator: Generator) -> Iterator[Piece]:
    """The pieces that make up ``n`` samples.

    Whoever draws noise for ``rows_at_once`` rows in each of them, and uses the first ``keep``, gets samples that do not
    depend on how many are asked for. ``Start.rows`` makes a sampler do so.
    """
    rows = rows_at_once(model)
    for begin, stream in zip(range(0, n, rows), streams(generator)):
        yield Piece(begin, min(rows, n - begin), stream)


def part(start: Start, piece: Piece, rows: int) -> Start:
    """``start`` for the samples of a piece, whose noise is drawn for ``rows`` rows."""
    chosen = slice(piece.begin, piece.begin + piece.keep)

    def cut(value: Tensor | None) -> Tensor | None:
        return value if value is None or len(value) == 1 else value[chosen]

    return replace(start, rows=rows, x=cut(start.x), noise=cut(start.noise))


def start_of(model: Model, question: requests.Trajectory) -> Start:
    """Where a trajectory is to begin; raises ``BadInput``."""
    elsewhere = question.state is not None or question.source is not None or question.mask is not None
    if not elsewhere and question.start == 1:
        return Start()
    if model.completes:
        return _completion(model, question)
    if not isinstance(model, GaussianModel):
        raise BadInput(f"This {model.title} does not denoise, so its samples cannot start from anything but noise.")
    _check(question)
    if question.state is not None:
        return Start(t=question.start, x=_state(question.state, model, question.n))
    assert question.source is not None
    x = fitted(question.source, model, question.n)
    mask = None if question.mask is None else _mask(question.mask, question.source, model)
    return Start(t=question.start, x=x, clean=True, mask=mask)


def _completion(model: Model, question: requests.Trajectory) -> Start:
    """What a model that draws a value at a time is to keep."""
    if question.state is not None or question.start != 1 or question.source is None or question.mask is None:
        what = "text" if model.spec.kind is Kind.TOKENS else "picture"
        raise BadInput(f"This {model.title} completes a {what}: give it one, and a mask of what to draw.")
    x = fitted(question.source, model, question.n)
    return Start(x=x, clean=True, mask=_mask(question.mask, question.source, model))


def _check(question: requests.Trajectory) -> None:
    if not _is_number(question.start) or not 0 < question.start <= 1:
        raise BadInput("The starting time must be above 0 and at most 1.")
    if question.state is not None and (question.source is not None or question.mask is not None):
        raise BadInput("Samples start from the state of a frame or from given data, not from both.")
    if question.state is None and question.source is None:
        what = "A mask needs a picture" if question.mask is not None else "A start below 1 needs a state or data"
        raise BadInput(f"{what} to begin with.")


def gaussian(model: Model) -> GaussianModel:
    """The model as one with a Gaussian path; raises ``BadInput`` for another."""
    if not isinstance(model, GaussianModel):
        raise BadInput(f"This {model.title} has no noise schedule that is known here.")
    return model


def unit(name: str, value: float, low: float = 0.0) -> float:
    """``value`` if it is a number in [low, 1]; raises ``BadInput`` naming it."""
    if not _is_number(value) or not low <= value <= 1:
        raise BadInput(f"{name} must be a number from {low:g} to 1, not {value!r:.40}.")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _state(state: np.ndarray, model: GaussianModel, n: int) -> Tensor:
    """``x_t`` as the model takes it: of a latent model the codes ``z_t``."""
    wanted = stored_shape(model)
    if state.dtype.kind not in "fiu" or state.shape[1:] != wanted or len(state) not in (1, n):
        raise BadInput(f"The state to start from must be {n} rows of shape {wanted}, not an array {state.shape}.")
    x = np.ascontiguousarray(state, np.float32)
    if not np.isfinite(x).all() or np.abs(x).max() > LARGEST:
        raise BadInput("The state to start from holds numbers that are not finite.")
    tensor = torch.from_numpy(x).to(model.device)
    return (tensor.permute(0, 3, 1, 2) if x.ndim == 4 else tensor).contiguous().expand(n, *model.shape)


def stored_shape(model: GaussianModel) -> tuple[int, ...]:
    """The shape of a state in requests and results, without the row: channels come last."""
    shape = tuple(model.shape)
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def fitted(x: np.ndarray, model: Model, n: int = 0) -> Tensor:
    """Examples (N, ...) of any size as the model takes them, (N, *shape), N being 1 or ``n`` where that is given.

    Raises ``BadInput``.
    """
    dims = 4 if model.spec.kind is Kind.IMAGE else 2
    if x.ndim != dims or not len(x) or (n and len(x) not in (1, n)):
        what = {Kind.IMAGE: "pictures (N, H, W, C)", Kind.TOKENS: "texts (N, L)"}.get(model.spec.kind, "points (N, 2)")
        raise BadInput(f"The data must be {what}{f', one or {n} of them' if n else ''}, not an array {x.shape}.")
    return torch.cat([fit(one, model.spec, model.device) for one in x])


def _mask(mask: np.ndarray, source: np.ndarray, model: Model) -> Tensor:
    return kept_outside(mask, source.shape[1:3], model)


def kept_outside(mask: np.ndarray, size_of_source: tuple[int, ...], model: Model) -> Tensor:
    """What is to be made anew (*shape), bool, from a mask of the model's size or of the source's.

    Raises ``BadInput``.
    """
    if model.spec.kind is Kind.TOKENS:
        if mask.shape != model.spec.shape or not np.isin(mask, (0, 1)).all():
            raise BadInput(f"The mask must be 0 or 1 for each of the {model.spec.size} characters of a text.")
        return torch.from_numpy(np.ascontiguousarray(mask)).to(model.device) > 0
    if model.spec.kind is not Kind.IMAGE:
        raise BadInput("Only pictures and texts have a part that can be masked.")
    if isinstance(model, GaussianModel) and tuple(model.shape) != model.spec.shape:
        raise BadInput(f"This {model.title} works on codes of whole pictures, so no part can be kept.")
    size = model.spec.shape[1:]
    if mask.ndim != 2 or mask.shape not in (size, size_of_source):
        raise BadInput(f"The mask must have the size of the picture, not {mask.shape}.")
    if not np.isin(mask, (0, 1)).all():
        raise BadInput("A mask is 0 where the picture is kept and 1 where it is made anew.")
    grey = DataSpec(Kind.IMAGE, (1, *size))
    inside = fit((mask * 255).astype(np.uint8)[..., None], grey, model.device)[0] > 0
    return inside.expand(model.spec.shape)
