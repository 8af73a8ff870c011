"""The part of the fake engine that plays an adversarial game on the ring of eight spots.

A run without a remedy covers all modes until step ``COLLAPSE`` and three of them from then on. Everything is a function
of the run's state and the question, so a test knows what it will see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import Knob
from genplay.contract.spec import Kind

PLAYERS = ("discriminator", "generator")
MODES, RADIUS, WIDTH = 8, 0.7, 0.06
COLLAPSE, KEPT = 100, 3  # the step from which on so many modes are left
SNAPSHOT_EVERY = 20
LOST = "Mode collapse"

KNOBS = (
    Knob("players", "both", "players", "who is trained", choices=("both", *PLAYERS), live=True),
    Knob("critic_steps", 1, "critic steps", "updates of the discriminator a step", low=1, high=10, live=True),
    Knob("r1", 0.0, "R1 penalty", "weight of the gradient penalty on real data", low=0.0, high=20.0, live=True),
    Knob("spectral", False, "spectral norm", "bound the discriminator's slope by normalising its weights"),
    Knob("unroll", 0, "unrolled steps", "steps of the discriminator that the generator looks ahead", low=0, high=10),
)
REMEDIES = (
    Preset("r1", "R1 penalty", "keeps the discriminator flat around real data", {"r1": 1.0}),
    Preset("spectral", "spectral norm", "bounds how steep the discriminator can be", {"spectral": True}),
    Preset("unrolled", "unrolled, k = 5", "the generator looks five steps ahead", {"unroll": 5}),
    Preset("rates", "two time-scales (TTUR)", "a slower generator", {}, {"rate": 2e-4}),
)
PLOTS = (
    Plot("losses", tuple(f"loss {player}" for player in PLAYERS), labels=("D", "G")),
    Plot("gradient norms", tuple(f"gradient norm {player}" for player in PLAYERS), labels=("D", "G")),
)
CURES = ("r1", "spectral", "unroll")


def config() -> dict[str, Any]:
    """What a run of the family is configured with."""
    return {knob.name: knob.default for knob in KNOBS}


def terms(step: int) -> dict[str, float]:
    """The curves of a run at a training step."""
    wobble = float(np.sin(step * 1.3)) * 0.05
    return {
        "loss discriminator": 0.6 + wobble,
        "loss generator": 1.4 - wobble,
        "D real": 0.83 + wobble,
        "D fake": 0.44 - wobble,
        "gradient norm discriminator": 4.1 + wobble,
        "gradient norm generator": 0.2 + wobble / 2,
    }


# ---- training ----------------------------------------------------------------------------------------------------


def advanced(before: rs.RunState, after: rs.RunState) -> rs.RunState:
    """``after`` with the snapshots and notices that come with its step."""
    passed = range(before.step // SNAPSHOT_EVERY + 1, after.step // SNAPSHOT_EVERY + 1)
    first = (before.step,) if not before.snapshots else ()
    snapshots = (*before.snapshots, *first, *(k * SNAPSHOT_EVERY for k in passed))
    return noticed(replace(after, snapshots=snapshots, phase=""))


def noticed(run: rs.RunState) -> rs.RunState:
    """The run with what there is to say about it."""
    return replace(run, notices=(_alarm(),) if collapsed(run) else ())


def _alarm() -> rs.Notice:
    text = f"{MODES - KEPT} of {MODES} modes lost since step {COLLAPSE}"
    return rs.Notice("bad", LOST, text, (), ("r1", "spectral", "unrolled"), COLLAPSE)


def rewound(run: rs.RunState, step: int) -> rs.RunState:
    """The run as it was at a snapshot."""
    kept = tuple(s for s in run.snapshots if s <= step)
    return noticed(replace(run, step=step, status="paused", phase="", snapshots=kept, rate=0.0))


def substep(run: rs.RunState, done: int) -> tuple[rs.RunState, bool]:
    """The run after one more part of a training step of which ``done`` are done; whether the step is over with it."""
    trained = [player for player in PLAYERS if run.config["players"] in ("both", player)]
    parts = [part for part in trained for _ in range(run.config["critic_steps"] if part == PLAYERS[0] else 1)]
    over = done >= len(parts)
    return replace(run, status="paused", rate=0.0, phase="" if over else parts[done]), over


# ---- the game ----------------------------------------------------------------------------------------------------


def collapsed(run: rs.RunState) -> bool:
    """Whether the generator makes only some of the modes."""
    return run.step >= COLLAPSE and not any(run.config.get(name) for name in CURES)


def centres() -> np.ndarray:
    """The middles (8, 2) of the spots."""
    angle = np.arange(MODES) * 2 * np.pi / MODES
    return np.asarray(RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1), np.float32)


def generate(run: rs.RunState, z: np.ndarray) -> np.ndarray:
    """Points (N, 2) of codes (N, 2): the angle decides the mode. The fewer steps, the wider they spread."""
    share = (np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi)) % 1.0 * (KEPT if collapsed(run) else MODES)
    mode = np.floor(share)
    spread = WIDTH * (0.8 + 4 * np.exp(-run.step / 40))
    side = np.stack([share - mode - 0.5, (np.hypot(z[:, 0], z[:, 1]) - 1.25) / 1.5], axis=1)
    drift = 0.02 * np.sin(run.step + 1.0)
    return np.asarray(centres()[mode.astype(int) % MODES] + 2 * spread * side + drift, np.float32)


def scores(run: rs.RunState, x: np.ndarray) -> np.ndarray:
    """What the discriminator says of points (..., 2): positive near modes that the generator leaves out."""
    away = np.square(x[..., None, :] - centres()).sum(axis=-1)
    near = np.exp(-away / (2 * 0.16**2))
    made = np.arange(MODES) < (KEPT if collapsed(run) else MODES)
    real, fake = near.sum(axis=-1), (near * made).sum(axis=-1) * 8 / max(1, made.sum())
    sharper = 1.1 if run.phase == PLAYERS[0] else 1.0
    return np.asarray(sharper * np.log((real + 0.05) / (0.7 * fake + 0.08)), np.float32)


def gradient(run: rs.RunState, x: np.ndarray) -> np.ndarray:
    """The slope (N, 2) of the score at points (N, 2)."""
    e = 1e-2
    sides = [(scores(run, x + e * d) - scores(run, x - e * d)) / (2 * e) for d in np.eye(2, dtype=np.float32)]
    return np.stack(sides, axis=1)


def lattice(run: rs.RunState, count: int, points: int = 40) -> np.ndarray:
    """Images (2, count, points, 2) of straight lines of latent space."""
    at, along = np.linspace(-2, 2, count), np.linspace(-2, 2, points)
    across = np.stack(np.meshgrid(along, at), axis=-1)
    both = np.stack([across, across[..., ::-1]]).reshape(-1, 2).astype(np.float32)
    return generate(run, both).reshape(2, count, points, 2)


def _answer_LookAtGame(run: rs.RunState, q: rq.LookAtGame) -> Iterator[Any]:
    generator = np.random.default_rng(q.seed)
    z = generator.standard_normal((q.n, 2), dtype=np.float32)
    noise = WIDTH * generator.standard_normal((q.n, 2), dtype=np.float32)
    real = centres()[generator.integers(0, MODES, q.n)] + noise
    x = generate(run, z)
    axis = np.linspace(-q.extent, q.extent, q.side, dtype=np.float32)
    field = scores(run, np.stack(np.meshgrid(axis, axis[::-1]), axis=-1))
    ghost = field - np.float32(0.02 * q.unroll) if q.unroll else None
    lines = lattice(run, q.lines)
    yield rs.Game(x, real, z, field, q.extent, scores(run, x), scores(run, real), gradient(run, x), lines, 0.0, ghost)


def _answer_MeasureModes(run: rs.RunState, q: rq.MeasureModes) -> Iterator[Any]:
    made = np.arange(MODES) < (KEPT if collapsed(run) else MODES)
    share = made / made.sum() * np.linspace(1.08, 0.92, MODES)
    share = (share / share.sum() * 0.96).astype(np.float32)
    all_ = bool(made.all())
    yield rs.Modes(
        names=tuple(map(str, range(MODES))),
        share=share,
        ideal=np.full(MODES, 1 / MODES, np.float32),
        covered=made,
        high_quality=0.961,
        kl=0.01 if all_ else 0.98,
        precision=0.98,
        recall=0.95 if all_ else 0.36,
        distance=0.99 if all_ else 0.41,
        n=q.n,
        centres=centres(),
        radius=np.full(MODES, 3 * WIDTH, np.float32),
        accuracy_real=0.88,
        accuracy_fake=0.91,
    )


def answers(question: rq.Question) -> Callable[..., Iterator[Any]] | None:
    """What answers a question about a game on points."""
    return globals().get(f"_answer_{type(question).__name__}")


def plays(run: rs.RunState) -> bool:
    """Whether a run is a game on points."""
    return run.family == "gan" and run.spec.kind is Kind.POINTS
