"""What the fake engine answers about a discriminator and about codes that are searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind

SEARCH = 12  # steps of a search
OVERLAP = 900  # steps of training after which the discriminator is fooled half of the time


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question."""
    known: dict[type[rq.Question], Callable[..., Iterator[Any]]] = {
        rq.JudgePictures: _judge, rq.Invert: _invert, rq.Translate: _translate
    }  # fmt: skip
    return known.get(type(question))


def _translate(run: rs.RunState, q: rq.Translate) -> Iterator[Any]:
    """Pictures lose their colour and get it back, the more of it the longer the run was trained."""
    from genplay.contract import fake_engine as fake

    true = fake._data(run.spec, q.seed, q.n)[0] if q.x is None else np.asarray(q.x, np.uint8)
    grey = np.broadcast_to(true.mean(axis=-1, keepdims=True), true.shape)
    share = 1 - float(np.exp(-run.step / OVERLAP))
    source = np.rint(true + min(1.0, q.strength) * (grey - true)).astype(np.uint8)
    x = np.rint(source + share * (true.astype(np.float32) - source)).astype(np.uint8)
    apart = 0.3 + 2.2 * (1 - share)
    first, made, real = (_scores(q.seed + i, len(true), middle) for i, middle in enumerate((-2.0, -apart, apart)))
    distance = np.abs(x.astype(np.float32) - true).mean(axis=(1, 2, 3)) / 255
    ways = ("grey → colour", "colour → grey")
    yield rs.Translated(source, x, true, first, made, real, real, distance, 0.0, ways, "truth", True)


def _judge(run: rs.RunState, q: rq.JudgePictures) -> Iterator[Any]:
    from genplay.contract import fake_engine as fake

    if run.spec.kind is not Kind.IMAGE:
        raise BadInput("Only pictures are judged one by one.")
    x = fake.decode(run, fake._normal(q.seed, q.n, run.latent_size), q.condition)
    real, _ = fake._data(run.spec, q.seed + 1, q.n)
    apart = 0.3 + 2.2 * float(np.exp(-run.step / OVERLAP))
    saliency = (_edges(x), _edges(real)) if q.saliency else (None, None)
    yield rs.Judged(x, _scores(q.seed, q.n, -apart), real, _scores(q.seed + 1, q.n, apart), 0.0, *saliency)


def _scores(seed: int, n: int, middle: float) -> np.ndarray:
    return (middle + np.random.default_rng(seed + 77).standard_normal(n)).astype(np.float32)


def _edges(x: np.ndarray) -> np.ndarray:
    """Where pictures change from pixel to pixel, (N, H, W) in [0, 1]."""
    grey = x.astype(np.float32).mean(axis=-1)
    down, across = (np.gradient(grey, axis=axis) for axis in (1, 2))
    strength = np.hypot(down, across)
    return (strength / np.maximum(strength.max(axis=(1, 2), keepdims=True), 1e-6)).astype(np.float32)


def _invert(run: rs.RunState, q: rq.Invert) -> Iterator[Any]:
    from genplay.contract import fake_engine as fake

    frames = []
    target = np.asarray(q.x, np.float32)
    goal = fake._normal(int(target.sum()) % 1000, 1, run.latent_size)
    for index in range(SEARCH + 1):
        z = (goal * (1 - np.exp(-4 * index / SEARCH))).astype(np.float32)
        x = fake.decode(run, z, q.condition)
        facts = {"distance": 0.05 + 0.4 * float(np.exp(-4 * index / SEARCH))}
        frame = rs.Frame(index, SEARCH, 1 - index / SEARCH, x, {"z": z}, facts)
        frames.append(frame)
        yield frame
    yield rs.Tape(tuple(frames))
