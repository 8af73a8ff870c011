"""New samples, and how they came about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_plain
from genplay.core.model import Frame, Model
from genplay.core.probe import Partial, Probe, conditions, streams, within

MAX_SAMPLES = 100_000
MAX_WATCHED = 1024
MAX_TAPE = 512 << 20  # bytes
_ROWS = {Kind.IMAGE: 16, Kind.TOKENS: 32, Kind.POINTS: 256}
_ROWS_ON_ACCELERATOR = 256


def rows_at_once(model: Model) -> int:
    """Samples drawn in one piece: few enough that the view stays lively, and the same whatever the question asks."""
    return _ROWS[model.spec.kind] if model.device.type == "cpu" else _ROWS_ON_ACCELERATOR


def samplers(model: Model, question: Any, generator: Generator) -> Iterator[tuple[int, Iterator[Frame]]]:
    """The pieces that make up ``question.n`` samples: how many rows to keep of each, and its running sampler.

    Every piece has random numbers of its own and is drawn whole, so the first samples of a seed do not depend on how
    many are asked for.
    """
    rows = rows_at_once(model)
    config = knob.build(model.SampleConfig, question.config)
    labels = conditions(question.condition, model.spec, rows, model.device)
    for start, stream in zip(range(0, question.n, rows), streams(generator)):
        yield min(rows, question.n - start), model.sample_steps(rows, config, stream, labels)


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
    """``n`` samples with every state on their way. They are the first ``n`` that ``DrawSamples`` gives for the seed.

    In each frame's ``extras`` pictures are float32 (N, H, W, C), neither scaled nor clipped.
    """

    question = requests.Trajectory
    needs = frozenset({Capability.SAMPLE})

    def run(
        self, model: Model, data: Dataset | None, question: requests.Trajectory, generator: Generator
    ) -> Iterator[Partial]:
        """A ``results.Frame`` a step, then a ``results.Tape`` of all of them. Raises ``BadInput`` beyond 512 MiB."""
        within("The number of samples", question.n, 1, MAX_WATCHED)
        pieces = list(samplers(model, question, generator))
        frames: list[results.Frame] = []
        size = 0
        for states in zip(*(sampler for _, sampler in pieces)):
            kept = [(state, keep) for state, (keep, _) in zip(states, pieces)]
            frames.append(_frame(len(frames), kept, model.spec))
            size += frames[-1].x.nbytes + sum(extra.nbytes for extra in frames[-1].extras.values())
            if size > MAX_TAPE:
                raise BadInput("This has more states than can be kept; ask for fewer samples or fewer steps.")
            yield Partial(frames[-1], _share(states[0]), kept=True)
        yield Partial(results.Tape(tuple(dataclasses.replace(f, count=len(frames)) for f in frames)), 1.0)


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


def _frame(index: int, states: list[tuple[Frame, int]], spec: DataSpec) -> results.Frame:
    x = torch.cat([state.x[:keep] for state, keep in states])
    extras = {
        name: _extra(torch.cat([state.extras[name][:keep] for state, keep in states]), spec)
        for name in states[0][0].extras
    }
    return results.Frame(index, 0, float(states[0][0].t), to_plain(x, spec), extras)


def _extra(value: Tensor, spec: DataSpec) -> np.ndarray:
    value = value.detach().float()
    if spec.kind is Kind.IMAGE and value.shape[1:] == spec.shape:
        value = value.permute(0, 2, 3, 1)
    return value.cpu().contiguous().numpy().copy()
