"""Encoding and decoding the held-out part of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from genplay.contract.capability import LACKS, Capability
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.model import Model

ROWS = 64


@torch.no_grad()
def reconstruct(model: Model, data: Dataset) -> dict[str, np.ndarray]:
    """``images`` (or ``points``) and ``reconstructions`` of all held-out examples in order, from the mean code.

    Raises ``BadInput`` when the model has no encoder or the data has another shape.
    """
    for capability in (Capability.ENCODE, Capability.DECODE):
        if capability not in model.capabilities:
            raise BadInput(f"This {model.title} cannot reconstruct: {LACKS[capability]}.")
    if (data.spec.kind, data.spec.shape) != (model.spec.kind, model.spec.shape):
        raise BadInput(f"{data.title} has the shape {data.spec.shape}; this model takes {model.spec.shape}.")
    network: Any = model
    made = []
    for x, labels in zip(data.heldout.split(ROWS), data.heldout_labels.split(ROWS)):
        given = labels.to(model.device) if data.spec == model.spec else None
        code = network.encode(to_float(x.to(model.device)), given)
        made.append(to_plain(network.decode(code.mu, given), model.spec))
    name = "images" if data.spec.kind == "image" else "points"
    return {name: to_plain(to_float(data.heldout), data.spec), "reconstructions": np.concatenate(made)}
