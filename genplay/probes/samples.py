"""New samples, and how they came about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_plain
from genplay.core.gaussian import GaussianModel
from genplay.core.model import Frame, Model, Start
from genplay.core.probe import Partial, Probe, conditions, within
from genplay.core.samplers import grid
from genplay.probes.starts import part, pieces, rows_at_once, start_of

MAX_SAMPLES = 100_000
MAX_WATCHED = 1024
MAX_TAPE = 512 << 20  # bytes


def samplers(
    model: Model, question: Any, generator: Generator, start: Start | None = None
) -> Iterator[tuple[int, Iterator[Frame]]]:
    """The pieces that make up ``question.n`` samples: how many rows to keep of each, and its running sampler.

    Every piece has random numbers of its own for all its rows, so the first samples of a seed do not depend on how many
    are asked for. Models that take a ``start`` compute only the rows that are kept.
    """
    rows = rows_at_once(model)
    config = knob.build(model.SampleConfig, question.config)
    for piece in pieces(model, question.n, generator):
        if isinstance(model, GaussianModel) or model.completes:
            labels = conditions(question.condition, model.spec, piece.keep, model.device)
            begin = part(start or Start(), piece, rows)
            yield piece.keep, cast(Any, model).sample_steps(piece.keep, config, piece.stream, labels, begin)
        else:
            labels = conditions(question.condition, model.spec, rows, model.device)
            yield piece.keep, model.sample_steps(rows, config, piece.stream, labels)


class DrawSamples(Probe):
    """``n`` samples; while they are drawn, those done so far beside the present state of the ones under way."""

    question = requests.DrawSamples
    needs = frozenset({Capability.SAMPLE})

    def run(
        self, model: Model, data: Dataset | None, question: requests.DrawSamples, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Samples``, first of a few rows, at last of all."""
        rows = _Rows(within("The number of samples", question.n, 1, MAX_SAMPLES), model.spec, question.condition)
        for keep, frames in samplers(model, question, generator):
            for frame, last in _with_last(frames):
                if last:
                    rows.add(frame, keep)
                    yield Partial(rows.done(), rows.count / rows.n)
                else:
                    yield Partial(rows.done_and(frame, keep), (rows.count + keep * _share(frame)) / rows.n)


class Trajectory(Probe):
    """``n`` samples with every state on their way. From noise they are the first ``n`` of ``DrawSamples`` for the seed.

    In each frame's ``extras`` pictures are float32 (N, H, W, C), neither scaled nor clipped.
    """

    question = requests.Trajectory
    needs = frozenset({Capability.SAMPLE})

    def run(
        self, model: Model, data: Dataset | None, question: requests.Trajectory, generator: Generator
    ) -> Iterator[Partial]:
        """A ``results.Frame`` a step, then a ``results.Tape`` of all of them. Raises ``BadInput`` beyond 512 MiB."""
        within("The number of samples", question.n, 1, MAX_WATCHED)
        start = start_of(model, question)
        count = steps_ahead(model, question, start.t)
        frames: list[results.Frame] = []
        size = 0
        for state in side_by_side(model, question, generator, start):
            frames.append(_frame(len(frames), count, state, model.spec))
            size += frames[-1].x.nbytes + sum(extra.nbytes for extra in frames[-1].extras.values())
            if size > MAX_TAPE:
                raise BadInput("This has more states than can be kept; ask for fewer samples or fewer steps.")
            yield Partial(frames[-1], min(1.0, max(0.0, 1 - state.t / start.t)), kept=True)
        last = len(frames) - 1
        yield Partial(results.Tape(tuple(dataclasses.replace(f, count=last) for f in frames)), 1.0)


def steps_ahead(model: Model, question: requests.Trajectory, start: float) -> int:
    """How many steps a sampler will take, 0 where that is not known."""
    if not isinstance(model, GaussianModel):
        return 0
    config = knob.build(model.SampleConfig, question.config)
    return 0 if config.sampler == "rk45" else len(grid(model.schedule, config, start)) - 1


def side_by_side(model: Model, question: Any, generator: Generator, start: Start | None = None) -> Iterator[Frame]:
    """All of ``question.n`` samples, a step at a time; a piece that is done stays at its samples until all are."""
    found = list(samplers(model, question, generator, start))
    walks = [walk for _, walk in found]
    states: list[Frame] = []
    while any(later := [next(walk, None) for walk in walks]):
        states = [new or old for new, old in zip(later, states or later)]  # type: ignore[misc]
        yield merged([cut(state, keep) for state, (keep, _) in zip(states, found)])


def cut(frame: Frame, keep: int) -> Frame:
    """The first rows of a state."""
    if len(frame.x) == keep:
        return frame
    return dataclasses.replace(frame, x=frame.x[:keep], extras={n: v[:keep] for n, v in frame.extras.items()})


def merged(states: list[Frame]) -> Frame:
    """The rows of several states as one, whose time and facts are those of the one farthest from data."""
    if len(states) == 1:
        return states[0]
    latest = max(states, key=lambda state: state.t)
    names = [name for name in latest.extras if all(name in state.extras for state in states)]
    extras = {name: torch.cat([state.extras[name] for state in states]) for name in names}
    facts = dict(latest.facts)
    if "nfe" in facts:
        facts["nfe"] = max(state.facts["nfe"] for state in states)
    return Frame(torch.cat([state.x for state in states]), latest.t, extras, facts)


class _Rows:
    """Samples as they are finished, in one array whose filled part is never written again."""

    def __init__(self, n: int, spec: DataSpec, condition: tuple[int, ...]) -> None:
        self.n, self.spec, self.condition, self.count = n, spec, condition, 0
        self.x: np.ndarray | None = None
        self.z: np.ndarray | None = None

    def add(self, frame: Frame, keep: int) -> None:
        """Take over ``keep`` rows of a last frame."""
        x, z = to_plain(frame.x[:keep], self.spec), _code(frame, keep)
        if self.x is None:
            self.x = np.zeros((self.n, *x.shape[1:]), x.dtype)
            self.z = None if z is None else np.zeros((self.n, *z.shape[1:]), z.dtype)
        self.x[self.count : self.count + keep] = x
        if self.z is not None:
            self.z[self.count : self.count + keep] = z
        self.count += keep

    def done(self) -> results.Samples:
        """The finished rows."""
        assert self.x is not None
        z = None if self.z is None else self.z[: self.count]
        return results.Samples(self.x[: self.count], z, self._labels(self.count))

    def done_and(self, frame: Frame, keep: int) -> results.Samples:
        """The finished rows and the present state of the next ones."""
        x = to_plain(frame.x[:keep], self.spec)
        if self.x is not None:
            x = np.concatenate([self.x[: self.count], x])
        return results.Samples(x, None, self._labels(len(x)))

    def _labels(self, n: int) -> np.ndarray | None:
        return np.tile(np.array(self.condition, np.int64), (n, 1)) if self.condition else None


def _with_last(frames: Iterator[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame with whether it is the last."""
    held = next(frames)
    for frame in frames:
        yield held, False
        held = frame
    yield held, True


def _share(frame: Frame) -> float:
    """How far a sampler has come, from its time, which runs from 1 to 0."""
    return min(1.0, max(0.0, 1 - frame.t))


def _code(frame: Frame, keep: int) -> np.ndarray | None:
    z = frame.extras.get("z")
    return None if z is None else z[:keep].float().cpu().numpy().copy()


def _frame(index: int, count: int, state: Frame, spec: DataSpec) -> results.Frame:
    extras = {name: _extra(value, spec) for name, value in state.extras.items()}
    return results.Frame(index, count, float(state.t), to_plain(state.x, spec), extras, dict(state.facts))


def _extra(value: Tensor, spec: DataSpec) -> np.ndarray:
    value = value.detach().float()
    if spec.kind is Kind.IMAGE and value.shape[1:] == spec.shape:
        value = value.permute(0, 2, 3, 1)
    return value.cpu().contiguous().numpy().copy()
