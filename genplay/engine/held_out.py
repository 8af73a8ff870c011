"""What the averaged weights score on data that the training never sees: the curve that shows overfitting."""

from __future__ import annotations

import torch

from genplay.core.dataset import Batch, Dataset, to_float
from genplay.core.model import Model

ROWS = 256
PREFIX = "held-out "


@torch.no_grad()
def held_out_terms(model: Model, data: Dataset, step: int, seed: int) -> dict[str, float]:
    """The model's ``held_out`` terms on the same held-out examples with the same noise each time."""
    if not model.held_out:
        return {}
    x, labels = data.heldout[:ROWS].to(model.device), data.heldout_labels[:ROWS].to(model.device)
    batch = Batch(to_float(x), labels, step)
    generator = torch.Generator(model.device).manual_seed(seed)
    found: dict[str, float] = {}
    for objective in model.objectives(batch, generator):
        found |= {PREFIX + n: float(v) for n, v in objective.terms.items() if n in model.held_out}
    return found
