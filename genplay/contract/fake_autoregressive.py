"""The part of the fake engine that answers for models that draw one pixel after another.

Pixels have the colours of a small palette, or eight levels a channel where the run's ``head`` is "categorical". What a
pixel is drawn from is a function of the one before it and of its place, so a test knows what it will see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo, Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.fake_engine import GROUND, HAIR, LATENT, SHIRT, SKIN, TRAINING_KNOBS, decode
from genplay.contract.knob import Knob
from genplay.contract.spec import Kind

FAMILIES = ("autoregressive",)
CAPABILITIES = frozenset({Capability.SAMPLE, Capability.LOG_DENSITY, Capability.NEXT_PROBS})
LEVELS = 8
FAMILY_KNOBS = (
    Knob("head", "palette", "pixels are", "what a pixel is drawn from", choices=("palette", "categorical")),
    Knob("conditional", True, "conditional", "learn to follow attributes"),
)
SAMPLE_KNOBS = (
    Knob("temperature", 1.0, "temperature", "below 1 what is likely becomes more so", low=0.0, high=3.0),
    Knob("top_k", 0, "top k", "draw from so many of the likeliest values; 0: all", low=0, high=4096),
    Knob("top_p", 1.0, "top p", "draw from the values that hold this share", low=0.0, high=1.0),
    Knob("frames", "rows", "frames", "how often a picture is shown", choices=("rows", "pixels"), kinds=(Kind.IMAGE,)),
)


def family() -> FamilyInfo:
    """An autoregressive model."""
    return FamilyInfo(
        "autoregressive",
        "Autoregressive",
        "Draws one pixel after another.",
        "#F0E442",
        (Kind.POINTS, Kind.IMAGE, Kind.TOKENS),
        FAMILY_KNOBS,
        TRAINING_KNOBS,
        SAMPLE_KNOBS,
        (Preset("quick", "Quick", "learns in a minute", {}, {"rate": 2e-3}),),
        (Plot("bits per dimension", ("bits per dimension",), "bits"), Plot("gradient norm", ("gradient norm",))),
        CAPABILITIES,
    )


def made(run: rs.RunState) -> rs.RunState:
    """A new run with what it is configured with and can do: points have no list of values."""
    config = {knob.name: knob.default for knob in FAMILY_KNOBS} | run.config
    training = {k.name: k.default for k in TRAINING_KNOBS} | run.training
    able = CAPABILITIES if run.spec.kind is Kind.IMAGE else CAPABILITIES - {Capability.NEXT_PROBS}
    return replace(run, config=config, training=training, capabilities=able, terms=terms(run.step))


def terms(step: int) -> dict[str, float]:
    """The curves of a run at a training step."""
    falling = float(np.exp(-step / 800))
    return {"bits per dimension": 0.9 + 5 * falling, "gradient norm": 0.4 + 2 * falling}


def swatches(run: rs.RunState) -> np.ndarray:
    """What the values of a pixel, or of a channel, look like: (V, C) uint8."""
    channels = run.spec.shape[0]
    if run.config.get("head") == "categorical" or channels == 1:
        return np.repeat(np.linspace(0, 255, LEVELS).round().astype(np.uint8)[:, None], channels, axis=1)
    return np.concatenate([HAIR, GROUND, SHIRT, SKIN]).astype(np.uint8)


def values(run: rs.RunState, picture: np.ndarray) -> np.ndarray:
    """Pictures (..., C) as values (..., K), the nearest ones."""
    table, x = swatches(run).astype(np.float32), picture.astype(np.float32)
    if len(table) == LEVELS:
        return np.asarray(np.abs(x[..., None] - table[:, 0]).argmin(axis=-1))
    return np.asarray(np.square(x[..., None, :] - table).sum(axis=-1).argmin(axis=-1))[..., None]


def probabilities(run: rs.RunState, picture: np.ndarray) -> np.ndarray:
    """What every pixel of a picture (H, W, C) is drawn from, in the order of reading: (H W, K, V)."""
    count = len(swatches(run))
    drawn = values(run, picture).reshape(picture.shape[0] * picture.shape[1], -1, 1)
    before = np.concatenate([drawn[:1], drawn[:-1]])
    places = np.arange(len(drawn))[:, None, None]
    away = (np.arange(count) - before - places % 3) % count
    powers = np.exp(-away * (0.2 + 0.8 * (1 - np.exp(-run.step / 200))))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def _answer_Trajectory(run: rs.RunState, q: rq.Trajectory) -> Iterator[Any]:
    z = np.random.default_rng(q.seed).standard_normal((q.n, LATENT), dtype=np.float32)
    whole = decode(run, z, q.condition)
    if run.spec.kind is Kind.POINTS:
        frames = [rs.Frame(i, 1, 1 - (i + 1) / 2, whole * np.array([1, i], np.float32)) for i in range(2)]
        yield from frames
        yield rs.Tape(tuple(frames))
        return
    table, found = swatches(run), values(run, whole)
    whole = table[found[..., 0]] if len(table) != LEVELS else table[found, 0]
    height, width = whole.shape[1:3]
    source = np.zeros_like(whole) if q.source is None else np.broadcast_to(q.source, whole.shape)
    mask = np.ones((height, width), bool) if q.mask is None else q.mask > 0
    stride = 1 if q.config.get("frames") == "pixels" else width
    ends = range(stride, height * width + 1, stride)
    order = np.arange(height * width).reshape(height, width)
    frames = []
    for i, end in enumerate(ends):
        x = np.where((mask & (order < end))[..., None], whole, np.where((mask & (order >= end))[..., None], 0, source))
        frames.append(rs.Frame(i, len(ends) - 1, 1 - end / (height * width), x.astype(np.uint8)))
        yield frames[-1]
    yield rs.Tape(tuple(frames))


def _answer_NextProbs(run: rs.RunState, q: rq.NextProbs) -> Iterator[Any]:
    if run.spec.kind is not Kind.IMAGE:
        raise BadInput("Points have no list of values.")
    channels, height, width = run.spec.shape
    if q.picture.shape != (height, width, channels) or not 0 <= q.position < height * width:
        raise BadInput("There is no such pixel.")
    probs = probabilities(run, q.picture)
    drawn = values(run, q.picture).reshape(height * width, -1)
    names = ("colour",) if probs.shape[1] == 1 else ("red", "green", "blue")
    told = np.take_along_axis(probs, drawn[..., None], axis=-1)
    surprise = (-np.log2(told).sum(axis=(1, 2))).reshape(height, width) if q.surprise else None
    yield rs.NextProbs(probs[q.position], swatches(run), names, drawn[q.position], surprise)


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question about such a model."""
    return globals().get(f"_answer_{type(question).__name__}")
