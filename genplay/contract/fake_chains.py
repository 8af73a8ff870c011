"""The part of the fake engine that walks Markov chains: of points on the ring of spots, of pictures between faces."""

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
from genplay.contract.fake_density import log_density, width
from genplay.contract.fake_engine import LATENT, TRAINING_KNOBS, decode
from genplay.contract.fake_gan import WIDTH, centres
from genplay.contract.knob import Knob
from genplay.contract.spec import Kind

FAMILIES = ("energy",)
CAPABILITIES = frozenset({Capability.SAMPLE, Capability.ENERGY, Capability.CHAIN, Capability.LOG_DENSITY})
SAMPLE_KNOBS = (
    Knob("steps", 100, "steps", "of the chains", low=1, high=5000),
    Knob("method", "langevin", "method", "how chains step", choices=("langevin", "mala")),
    Knob("step_size", 1.0, "step length", "in units of training's", low=0.05, high=20.0, scale="log"),
    Knob("temperature", 1.0, "temperature", "above 1 chains roam", low=0.0, high=5.0),
    Knob("adapt", False, "adapt step length", "while warming up"),
    Knob("climb", 0.0, "climb", "how far up, to more noise, a chain begins", low=0.0, high=1.0),
)
PIECES = 4  # that a walk comes in
TAU = 9.0


def family() -> FamilyInfo:
    """An energy-based model."""
    return FamilyInfo(
        "energy",
        "Energy",
        "Learns a landscape that is low where data is.",
        "#D55E00",
        (Kind.POINTS, Kind.IMAGE),
        (),
        TRAINING_KNOBS,
        SAMPLE_KNOBS,
        (Preset("quick", "Quick", "learns in a minute"),),
        (Plot("energy gap", ("energy gap",), "nats"),),
        CAPABILITIES,
    )


def made(run: rs.RunState) -> rs.RunState:
    """A new run with what it can do."""
    training = {k.name: k.default for k in TRAINING_KNOBS} | run.training
    return replace(run, training=training, capabilities=CAPABILITIES, terms=terms(run.step))


def terms(step: int) -> dict[str, float]:
    """The curves of a run at a training step."""
    return {"energy gap": float(4 * np.exp(-step / 500)), "gradient norm": 1.0}


def _answer_WalkChains(run: rs.RunState, q: rq.WalkChains) -> Iterator[Any]:
    if q.begin == "negatives" and run.spec.kind is Kind.IMAGE:
        raise BadInput("This model keeps no samples of its training to start from.")
    whole = (_points if run.spec.kind is Kind.POINTS else _pictures)(run, q)
    for rows in np.array_split(np.arange(q.steps + 1), min(PIECES, q.steps + 1)):
        yield _piece(whole, rows)
    yield whole


def _piece(whole: rs.Walk, rows: np.ndarray) -> rs.Walk:
    """The states of some steps."""
    arrays = {name: getattr(whole, name)[rows] for name in ("x", "energy", "accepted", "step_size")}
    return replace(whole, first=int(rows[0]), **arrays)


def _points(run: rs.RunState, q: rq.WalkChains) -> rs.Walk:
    dice, spread = np.random.default_rng(q.seed), width(run.step)
    h = 0.5 * spread * float(q.config.get("step_size", 1.0))
    warmth = float(q.config.get("temperature", 1.0))
    if q.begin == "given" and q.start is not None:
        x = np.repeat(q.start, q.n // len(q.start), 0).astype(np.float64)
    elif q.begin == "noise":
        x = dice.uniform(-1.2, 1.2, (q.n, 2))
    else:
        x = centres()[dice.integers(0, 8, q.n)] + WIDTH * dice.standard_normal((q.n, 2))
    states, e = [x], 1e-4
    for _ in range(q.steps):
        slope = np.stack(
            [(log_density(x + e * d, spread) - log_density(x - e * d, spread)) / (2 * e) for d in np.eye(2)], -1
        )
        x = x + h * h / 2 * np.clip(slope, -1 / h, 1 / h) + h * warmth**0.5 * dice.standard_normal(x.shape)
        states.append(x)
    walk = np.stack(states).astype(np.float32)
    return _walk(q, walk, -log_density(walk, spread), h, dice)


def _pictures(run: rs.RunState, q: rq.WalkChains) -> rs.Walk:
    """From where they start each chain fades into a picture of its own; where the mask is 0 it stays."""
    dice = np.random.default_rng(q.seed)
    ends = decode(run, dice.standard_normal((q.n, LATENT)))
    noise = dice.integers(0, 256, ends.shape, dtype=np.uint8)
    begin = noise if q.start is None else np.clip(np.rint(_as_pixels(q.start)), 0, 255).astype(np.uint8)
    begin = np.broadcast_to(begin, ends.shape)
    share = np.linspace(0, 1, q.steps + 1).reshape(-1, 1, 1, 1, 1) ** 0.5
    x = (begin * (1 - share) + ends * share).astype(np.uint8)
    if q.mask is not None:
        x = np.where(q.mask[..., None] > 0, x, begin)
    return _walk(q, x, 100 * (1 - np.broadcast_to(share[:, 0, 0, 0], (q.steps + 1, q.n))), float("nan"), dice)


def _as_pixels(x: np.ndarray) -> np.ndarray:
    return x if x.dtype == np.uint8 else (x + 1) * 127.5


def _walk(q: rq.WalkChains, x: np.ndarray, energy: np.ndarray, h: float, dice: np.random.Generator) -> rs.Walk:
    picky = q.config.get("method") == "mala"
    accepted = dice.random((q.steps + 1, q.n)) < (0.6 if picky else 1.1)
    state = x[-1].astype(np.float32) / 127.5 - 1 if x.dtype == np.uint8 else x[-1]
    lengths = np.full(q.steps + 1, h, np.float32)
    return rs.Walk(0, q.steps, x, energy.astype(np.float32), accepted, lengths, state)


def _answer_MeasureChains(run: rs.RunState, q: rq.MeasureChains) -> Iterator[Any]:
    steps, chains = q.values.shape
    rho = np.exp(-2 * np.arange(steps) / TAU).astype(np.float32)
    yield rs.Mixing(rho, TAU, steps * chains / TAU, 1.01, steps, chains)


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question about chains."""
    return globals().get(f"_answer_{type(question).__name__}")
