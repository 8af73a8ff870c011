"""A look at a data set before any model."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import torch

from genplay.contract import requests, results
from genplay.core.dataset import Dataset, to_plain
from genplay.core.probe import Partial, Probe, within
from genplay.data import load_steps

MAX_EXAMPLES = 20_000
GRID = 96


class PreviewData(Probe):
    """Some training examples, how often each label occurs, and the density where it is known."""

    question = requests.PreviewData
    needs_model = False

    def run(
        self, model: None, data: None, question: requests.PreviewData, generator: torch.Generator
    ) -> Iterator[Partial]:
        """A ``results.Loading`` a file of a set that takes long, then the ``results.DataPreview``.

        Raises ``BadInput`` for an unknown or unreadable data set.
        """
        n = within("The number of examples", question.n, 1, MAX_EXAMPLES)
        found = yield from loading(question.data, question.options)
        rows = torch.randperm(len(found.train), generator=generator)[:n]
        yield Partial(
            results.DataPreview(
                x=to_plain(found.train[rows], found.spec),
                labels=found.train_labels[rows].numpy(),
                spec=found.spec,
                train=len(found.train),
                heldout=len(found.heldout),
                counts=counts(found),
                skipped=found.skipped,
                log_density_grid=log_density_grid(found),
            ),
            1.0,
        )


def loading(name: str, options: dict[str, Any]) -> Generator[Partial, None, Dataset]:
    """Load a data set, telling how far it is."""
    steps = load_steps(name, options)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            found: Dataset = end.value
            return found
        yield Partial(results.Loading(done, total), done / max(1, total))


def counts(data: Dataset) -> tuple[tuple[int, ...], ...]:
    """How many training examples have each value of each attribute; those not specified are not counted."""
    return tuple(
        tuple(torch.bincount(data.train_labels[:, column], minlength=attribute.any)[: attribute.any].tolist())
        for column, attribute in enumerate(data.spec.attributes)
    )


def log_density_grid(data: Dataset) -> np.ndarray | None:
    """log p (G, G) in nats at the centres of G x G cells of [-1, 1]^2; rows go up in y, columns in x.

    None where the density has no closed form.
    """
    if data.log_density is None:
        return None
    centres = (torch.arange(GRID, dtype=torch.float64) + 0.5) * (2 / GRID) - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    density = data.log_density(torch.stack([x.flatten(), y.flatten()], 1))
    return density.reshape(GRID, GRID).float().numpy()
