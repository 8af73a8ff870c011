"""The part of the fake engine that knows densities: of the ring of eight spots, wide at first and sharp later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.fake_gan import WIDTH, centres

KINDS = {"vae": "bound", "diffusion": "exact", "energy": "unnormalised"}


def width(step: int) -> float:
    """The standard deviation of a spot as a model has learnt it."""
    return float(WIDTH * (1 + 3 * np.exp(-step / 200)))


def log_density(x: np.ndarray, spread: float) -> np.ndarray:
    """Nats (...) of points (..., 2) under eight equal Gaussians."""
    square = np.square(x[..., None, :] - centres()).sum(-1) / (2 * spread**2)
    least = square.min(-1)
    total = np.log(np.exp(least[..., None] - square).mean(-1)) - least
    return np.asarray(total - np.log(2 * np.pi * spread**2), np.float64)


def _answer_LookAtDensity(run: rs.RunState, q: rq.LookAtDensity) -> Iterator[Any]:
    dice = np.random.default_rng(q.seed)
    x = centres()[dice.integers(0, 8, q.n)] + WIDTH * dice.standard_normal((q.n, 2))
    kind = KINDS.get(run.family, "none") if Capability.LOG_DENSITY in run.capabilities else "none"
    sides = [side for side in (q.side // 4, q.side // 2, q.side) if side >= 4] if kind != "none" else [q.side]
    for side in sides:
        yield _density(run, q, kind, x.astype(np.float32), side)


def _density(run: rs.RunState, q: rq.LookAtDensity, kind: str, x: np.ndarray, side: int) -> rs.Density:
    axis = ((np.arange(side) + 0.5) * 2 / side - 1) * q.extent
    grid = np.stack(np.meshgrid(axis, axis[::-1]), axis=-1)
    spread = width(run.step)
    field, truth = (log_density(grid, s) for s in (spread, WIDTH))
    ticks = (np.arange(q.arrows) + 0.5) * 2 / q.arrows - 1
    at = np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1) * q.extent
    e = 1e-3
    score = np.stack(
        [(log_density(at + e * d, spread) - log_density(at - e * d, spread)) / (2 * e) for d in np.eye(2)], -1
    )
    said, known = -log_density(x, spread), -log_density(x, WIDTH)
    knows, none = kind != "none", float("nan")
    return rs.Density(
        kind=kind,
        extent=q.extent,
        field=field.astype(np.float32) if knows else np.zeros((0, 0), np.float32),
        truth=truth.astype(np.float32),
        at=at.astype(np.float32),
        score=score.astype(np.float32) if knows else np.zeros_like(at, np.float32),
        x=x,
        integral=float(np.exp(field).sum() * (2 * q.extent / side) ** 2) if knows else none,
        nll=float(said.mean()) if knows else none,
        nll_error=float(said.std() / len(x) ** 0.5) if knows else none,
        entropy=float(known.mean()),
        kl=float((said - known).mean()) if knows else none,
        kl_error=float((said - known).std() / len(x) ** 0.5) if knows else none,
        importance_samples=q.importance_samples if kind == "bound" else 1,
    )


SETS = ("held-out", "training", "Fashion", "inverted", "constant", "noise")
MEANS = (4.0, 3.9, 5.5, 5.0, 2.0, 9.0)  # bits per dimension of each set


def _answer_CompareLikelihoods(run: rs.RunState, q: rq.CompareLikelihoods) -> Iterator[Any]:
    dice = np.random.default_rng(q.seed)
    channels, height, width = run.spec.shape
    x = dice.integers(0, 256, (len(SETS), q.n, height, width, channels), dtype=np.uint8)
    x[4] = x[4, :, :1, :1]
    bits = (np.array(MEANS)[:, None] + 0.3 * dice.standard_normal((len(SETS), q.n))).astype(np.float32)
    kind = KINDS.get(run.family, "exact")
    for done in (max(1, q.n // 4), q.n):
        known = np.where(np.arange(q.n) < done, bits, np.nan).astype(np.float32)
        k = q.importance_samples if kind == "bound" else 1
        yield rs.Likelihoods(kind, SETS, x.reshape(-1, height, width, channels), known, k)


def _answer_MapLikelihood(run: rs.RunState, q: rq.MapLikelihood) -> Iterator[Any]:
    _, height, width = run.spec.shape
    bits = np.add.outer(np.linspace(0, 4, height), np.linspace(0, 4, width)).astype(np.float32)
    yield rs.LikelihoodMap(q.x[None], bits, "bound" if run.family == "diffusion" else "patches", float(bits.mean()))


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question about densities."""
    return globals().get(f"_answer_{type(question).__name__}")
