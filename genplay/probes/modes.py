"""Which modes of the data a model's samples cover."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from genplay.contract import requests
from genplay.contract.capability import Capability
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Model
from genplay.core.probe import BREATH, Partial, Probe, within
from genplay.metrics.judge import judge_of
from genplay.metrics.modes import Yardstick, known, measure, yardstick
from genplay.probes.samples import samplers

MAX_SAMPLES = 20_000
MOST_REAL = 2000  # rows that samples are held against
LEARNING = 0.2  # of the progress, where a judge has to be trained first


class MeasureModes(Probe):
    """The modes that ``n`` samples cover: those of ``DrawSamples`` with the same seed; see ``metrics.modes``."""

    question = requests.MeasureModes
    needs = frozenset({Capability.SAMPLE})
    kinds = (Kind.POINTS, Kind.IMAGE)
    needs_data = True

    def run(
        self, model: Model, data: Dataset, question: requests.MeasureModes, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Modes``, each from twice the samples of the one before. Raises ``BadInput``."""
        return measured(model, data, question.n, generator)


@torch.no_grad()
def measured(
    model: Model, data: Dataset, n: int, generator: Generator, attribute: str = "", coarse: int = 512
) -> Iterator[Partial]:
    """``results.Modes`` of ``coarse`` samples or more, then of twice as many and so on up to ``n``.

    Modes of pictures are the values of ``attribute``, "" meaning the one with most values. Raises ``BadInput``.
    """
    within("The number of samples", n, 1, MAX_SAMPLES)
    against, begun = None, 0.0
    for found in _yardstick(data, min(n, MOST_REAL), attribute):
        if isinstance(found, Yardstick):
            against = found
        else:
            begun = LEARNING * found
            yield Partial(None, begun)
    assert against is not None
    rows: list[Tensor] = []
    done, wanted = 0, coarse
    for keep, walk in samplers(model, requests.DrawSamples(n), generator):
        for frame in walk:
            yield BREATH
        rows.append(frame.x[:keep])
        done += keep
        if done == n or done >= wanted:
            wanted = 2 * done
            yield Partial(measure(torch.cat(rows), against, model), begun + (1 - begun) * done / n)


def _yardstick(data: Dataset, n: int, attribute: str) -> Iterator[float | Yardstick]:
    """What samples are held against; before it, where a network has to learn to judge them, how far that is."""
    work = judge_of(data)
    while True:
        try:
            yield next(work)
        except StopIteration as end:
            yield yardstick(data, n, n, attribute, end.value) if attribute else known(data, n, n, end.value)
            return
