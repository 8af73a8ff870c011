"""What the averaged weights score on data that the training never sees: the curve that shows overfitting."""

from __future__ import annotations

from collections.abc import Generator

import torch

from genplay.core.dataset import Batch, Dataset, to_float
from genplay.core.model import Model

ROWS, PIECE = 128, 8
PREFIX = "held-out "


def held_out_terms(model: Model, data: Dataset, step: int, seed: int) -> Generator[None, None, dict[str, float]]:
    """The mean of the model's ``held_out`` terms over the same held-out examples, with the same noise each time.

    Works piece by piece, yielding in between, so that a drag need not wait for it; returns the terms by name.
    """
    sums: dict[str, float] = {}
    total = min(ROWS, len(data.heldout)) if model.held_out else 0
    generator = torch.Generator(model.device).manual_seed(seed)
    for start in range(0, total, PIECE):
        rows = slice(start, min(start + PIECE, total))
        x = to_float(data.heldout[rows].to(model.device))
        batch = Batch(x, data.heldout_labels[rows].to(model.device), step)
        with torch.no_grad():
            for objective in model.objectives(batch, generator):
                for name in objective.terms.keys() & set(model.held_out):
                    sums[name] = sums.get(name, 0.0) + float(objective.terms[name]) * len(x) / total
        yield
    return {PREFIX + name: value for name, value in sums.items()}
