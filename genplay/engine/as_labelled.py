"""Samples with conditions drawn from a data set, as a fair comparison with that data needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.results import Samples
from genplay.core.dataset import Dataset, to_plain
from genplay.core.model import Model
from genplay.core.probe import seeded, streams, within
from genplay.probes.samples import MAX_SAMPLES, rows_at_once


@torch.no_grad()
def draw_as_labelled(model: Model, data: Dataset, n: int, config: Mapping[str, Any], seed: int) -> Samples:
    """``n`` samples, each conditioned on all labels of a training example of its own, drawn with replacement.

    The noise is that of ``DrawSamples`` with this seed, and the first samples do not depend on ``n``. Raises
    ``BadInput`` for a model that cannot be told what to draw.
    """
    if not model.takes_labels:
        raise BadInput(f"This {model.title} was trained without labels, so it cannot be told what to draw.")
    if data.spec.attributes != model.spec.attributes:
        raise BadInput(f"{data.title} does not have the attributes that this model knows.")
    within("The number of samples", n, 1, MAX_SAMPLES)
    rows, settings = rows_at_once(model), knob.build(model.SampleConfig, config)
    labels = drawn_labels(data, n + -n % rows, seed)
    pieces = []
    for start, stream in zip(range(0, n, rows), streams(seeded(seed, model.device))):
        x = model.sample(rows, settings, stream, labels[start : start + rows].to(model.device))
        pieces.append(to_plain(x, model.spec))
    return Samples(np.concatenate(pieces)[:n], None, labels[:n].numpy())


def drawn_labels(data: Dataset, n: int, seed: int) -> Tensor:
    """Labels (n, A) of training examples drawn with replacement; the first rows are the same for every ``n``."""
    index = np.random.default_rng(seed).integers(len(data.train_labels), size=n)
    return data.train_labels[torch.from_numpy(index)].cpu()
