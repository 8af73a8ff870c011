"""What guidance buys and what it costs: fidelity to the condition against variety, at several scales."""

from __future__ import annotations

import math
from collections.abc import Generator as Generating
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.model import Model
from genplay.core.probe import BREATH, Partial, Probe, conditions, streams, within
from genplay.metrics.distance import mean_distance
from genplay.metrics.judge import Judge, judge_of
from genplay.metrics.neighbourhood import neighbourhood, radii
from genplay.probes.guidance_sweep import checked_scales
from genplay.probes.latent_map import chosen

MAX_SAMPLES = 10_000
ROWS = {Kind.IMAGE: 32, Kind.POINTS: 256}  # samples of a scale in one go
REAL = 1000  # examples compared with
NEIGHBOURS, PARTS = 5, 4
FEWEST = 4 * NEIGHBOURS  # examples without which there is no neighbourhood to speak of
NEARLY = 1  # level of 255 that still counts as the end
MEASURES = ("match", "variety", "saturation", "precision", "recall")
TRAINING_SHARE = 0.2  # of the progress, where the judge has to be trained first

Measured = dict[str, tuple[float, float]]  # value and standard error by measure


class MeasureGuidance(Probe):
    """Match, variety, saturation, precision and recall of samples, by guidance scale, with the same noise at each.

    Who judges is told in ``metrics.judge``: for a data set without a shipped attribute network one is trained first;
    without labels there is no match, and features are the principal components of the pixels; those of points are their
    coordinates, and they have neither match nor saturation. Real data is that which fits the condition; where fewer
    than 20 examples do, precision, recall and variety are not told.
    """

    question = requests.MeasureGuidance
    needs = frozenset({Capability.GUIDE})
    needs_data = True

    def run(
        self, model: Model, data: Dataset, question: requests.MeasureGuidance, generator: Generator
    ) -> Iterator[Partial]:
        """``results.GuidanceCost`` after every piece of samples, the scales in turn. Raises ``BadInput``."""
        scales = checked_scales(question.scales)
        n = within("The number of samples", question.n, 1, MAX_SAMPLES)
        config = knob.build(model.SampleConfig, question.config)
        conditions(question.condition, model.spec, 1)
        table = Table(scales)
        table = Table(scales)
        judge = yield from told(judge_of(data), table)
        scene = Scene(judge, data.spec, question.condition, real_rows(data, question.condition, generator))
        table.real = scene.of_real()
        size = ROWS.get(model.spec.kind, 32)
        for first, stream in zip(range(0, n, size), streams(generator)):
            keep = min(size, n - first)
            for place, scale in enumerate(scales):
                state = None
                for state in self._drawn(model, replace(config, guidance=scale), keep, stream, question.condition):
                    yield BREATH
                assert state is not None
                table.add(place, state, scene)
                yield Partial(table.record(), table.progress(n))

    def _drawn(
        self, model: Model, config: Any, n: int, stream: Generator, condition: tuple[int, ...]
    ) -> Iterator[Tensor]:
        """States (n, *shape) of samples whose noise is that of ``stream``, which stays as it is."""
        own = torch.Generator(stream.device)
        own.set_state(stream.get_state())
        labels = conditions(condition, model.spec, n, model.device)
        for frame in model.sample_steps(n, config, own, labels):
            yield frame.x


def told(work: Generating[float, None, Judge], table: Table) -> Generating[Partial, None, Judge]:
    """The judge, and while it is trained how far that is."""
    while True:
        try:
            table.begun = TRAINING_SHARE * next(work)
        except StopIteration as end:
            judge: Judge = end.value
            return judge
        yield Partial(table.record(), table.begun)


def real_rows(data: Dataset, condition: tuple[int, ...], generator: Generator) -> Tensor:
    """Up to 1,000 examples (N, *shape) in [-1, 1] that fit a condition, drawn at random."""
    fits = torch.ones(len(data.train), dtype=torch.bool, device=data.train.device)
    for column, attribute in enumerate(data.spec.attributes if condition else ()):
        if condition[column] != attribute.any:
            fits &= data.train_labels[:, column] == condition[column]
    rows = fits.nonzero().flatten()
    return to_float(data.train[rows[chosen(len(rows), REAL, generator).to(rows.device)]])


class Scene:
    """Who judges, what was asked for, and the real data that samples are held against."""

    def __init__(self, judge: Judge, spec: DataSpec, condition: tuple[int, ...], real: Tensor) -> None:
        self.judge, self.spec, self.real = judge, spec, real
        self.asked = {i: v for i, v in enumerate(condition) if v != spec.attributes[i].any}
        self.features = judge.features(real).double() if len(real) else torch.zeros(0, 1, dtype=torch.float64)
        self.radii = radii(self.features, NEIGHBOURS) if len(real) >= FEWEST else None
        self.distance = mean_distance(self.features)[0] if len(real) >= FEWEST else math.nan

    def seen(self, x: Tensor) -> Seen:
        """What is kept of some samples (n, *shape)."""
        features = self.judge.features(x.clamp(-1, 1) if self.spec.kind is Kind.IMAGE else x).double()
        return Seen(features, self._right(x), self._saturated(x))

    def _right(self, x: Tensor) -> Tensor:
        """Whether all that was asked for is seen (n,); NaN where nothing was, or nobody can tell."""
        if self.judge.answers is None or not self.asked:
            return torch.full((len(x),), math.nan, dtype=torch.float64)
        answers = self.judge.answers(x.clamp(-1, 1))
        return torch.stack([answers[:, i] == v for i, v in self.asked.items()]).all(0).double()

    def _saturated(self, x: Tensor) -> Tensor:
        """Share of the colour values of each picture (n,) that are at an end."""
        if self.spec.kind is not Kind.IMAGE:
            return torch.full((len(x),), math.nan, dtype=torch.float64)
        levels = torch.from_numpy(to_plain(x, self.spec)).flatten(1)
        return ((levels <= NEARLY) | (levels >= 255 - NEARLY)).double().mean(1)

    def measure(self, seen: Seen) -> Measured:
        """All measures of samples with their errors."""
        variety, error = mean_distance(seen.features)
        return {
            "match": _share(seen.right),
            "variety": (variety / self.distance, error / self.distance) if self.distance else (math.nan, math.nan),
            "saturation": _mean(seen.saturated),
            **self._neighbours(seen.features),
        }

    def _neighbours(self, features: Tensor) -> Measured:
        """Precision and recall; their errors are from the spread over four parts of the samples."""
        if self.radii is None or len(features) < FEWEST:
            return {"precision": (math.nan, math.nan), "recall": (math.nan, math.nan)}
        whole, *parts = (
            neighbourhood(self.features, part, NEIGHBOURS, self.radii)
            for part in (features, *features.chunk(PARTS))
            if len(part) > NEIGHBOURS
        )
        return {
            "precision": (whole.precision, _spread([part.precision for part in parts])),
            "recall": (whole.recall, _spread([part.recall for part in parts])),
        }

    def of_real(self) -> dict[str, float]:
        """The same measures of real data; precision and recall of one half against the other."""
        if not len(self.real):
            return {}
        seen = self.seen(self.real)
        found = {"match": _share(seen.right)[0], "saturation": _mean(seen.saturated)[0]}
        if len(self.real) >= 2 * FEWEST:
            one, other = self.features[::2], self.features[1::2]
            halves = neighbourhood(one, other, NEIGHBOURS)
            found |= {"precision": halves.precision, "recall": halves.recall}
        return {name: value for name, value in found.items() if math.isfinite(value)}


@dataclass(frozen=True)
class Seen:
    """Of n samples: features (n, F), whether each matches (n,), and how saturated each is (n,)."""

    features: Tensor
    right: Tensor
    saturated: Tensor

    def and_(self, more: Seen) -> Seen:
        """These samples and more of them."""
        pairs = ((self.features, more.features), (self.right, more.right), (self.saturated, more.saturated))
        return Seen(*(torch.cat(pair) for pair in pairs))


@dataclass
class Table:
    """The measures of every scale so far."""

    scales: tuple[float, ...]
    seen: dict[int, Seen] = field(default_factory=dict)
    measured: dict[int, Measured] = field(default_factory=dict)
    real: dict[str, float] = field(default_factory=dict)
    begun: float = 0.0  # of the progress, before the first sample

    @property
    def counts(self) -> tuple[int, ...]:
        """Samples done at each scale."""
        return tuple(len(self.seen[i].right) if i in self.seen else 0 for i in range(len(self.scales)))

    @property
    def drawn(self) -> int:
        """Samples done in all."""
        return sum(self.counts)

    def progress(self, n: int) -> float:
        """How much is done where ``n`` samples are wanted at each scale."""
        return min(1.0, self.begun + (1 - self.begun) * self.drawn / (n * len(self.scales)))

    def add(self, place: int, x: Tensor, scene: Scene) -> None:
        """More samples of a scale."""
        more = scene.seen(x)
        self.seen[place] = self.seen[place].and_(more) if place in self.seen else more
        self.measured[place] = scene.measure(self.seen[place])

    def record(self) -> results.GuidanceCost:
        """The answer so far."""
        nothing = (math.nan, math.nan)
        columns: Any = {
            name: np.array([self.measured.get(i, {}).get(name, nothing) for i in range(len(self.scales))])
            for name in MEASURES
        }
        return results.GuidanceCost(scales=self.scales, n=self.counts, real=dict(self.real), **columns)


def _share(right: Tensor) -> tuple[float, float]:
    """A share and its standard error sqrt(p (1 - p) / n)."""
    p = float(right.mean())
    return p, math.sqrt(p * (1 - p) / len(right)) if math.isfinite(p) else math.nan


def _mean(values: Tensor) -> tuple[float, float]:
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(values.mean()), error


def _spread(values: list[float]) -> float:
    """Standard error of a mean of parts, NaN for fewer than two."""
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
