"""Which training examples a sample resembles: whether a model has learnt or only remembers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.fitting import fit
from genplay.core.model import Model
from genplay.core.probe import Partial, Probe, within

MAX_NEIGHBOURS = 256
_NUMBERS_AT_ONCE = 1 << 21


class FindNearest(Probe):
    """The ``k`` nearest training examples by Euclidean distance, compared one by one, nothing approximate."""

    question = requests.FindNearest
    kinds = (Kind.POINTS, Kind.IMAGE)
    needs_data = True

    def run(
        self, model: Model, data: Dataset, question: requests.FindNearest, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Neighbours`` among the examples compared so far; equal distances keep the order of the data."""
        k = within("The number of neighbours", question.k, 1, MAX_NEIGHBOURS)
        x = fit(question.x, data.spec, data.train.device)
        rows = max(1, _NUMBERS_AT_ONCE // data.spec.size)
        best, index = torch.empty(0, device=x.device), torch.empty(0, dtype=torch.int64, device=x.device)
        for start in range(0, len(data.train), rows):
            square = mean_square(to_float(data.train[start : start + rows]), x)
            numbers = torch.arange(start, start + len(square), device=x.device)
            best, order = torch.sort(torch.cat([best, square]), stable=True)
            best, index = best[:k], torch.cat([index, numbers])[order[:k]]
            yield Partial(_neighbours(data, best, index), min(1.0, (start + rows) / len(data.train)))


def mean_square(rows: Tensor, x: Tensor) -> Tensor:
    """Mean of the squared differences (N,) between rows (N, *shape) and one example (1, *shape)."""
    return (rows - x).square_().flatten(1).mean(1)


def _neighbours(data: Dataset, best: Tensor, index: Tensor) -> results.Neighbours:
    x = to_plain(data.train[index], data.spec)
    return results.Neighbours(x, index.cpu().numpy().copy(), best.sqrt().cpu().numpy())
