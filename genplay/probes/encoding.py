"""Where an example lies in latent space, and what the model makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_plain
from genplay.core.fitting import fit
from genplay.core.probe import Partial, Probe, conditions, within

MAX_SPREAD = 256


class Encode(Probe):
    """One example, its code, its reconstruction, and reconstructions of codes drawn from its posterior."""

    question = requests.Encode
    needs = frozenset({Capability.ENCODE, Capability.DECODE})

    def run(
        self, model: Any, data: Dataset | None, question: requests.Encode, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Encoded``; a deterministic encoder has no ``sigma`` and an empty ``spread``."""
        within("The number of posterior draws", question.spread, 0, MAX_SPREAD)
        x = fit(question.x, model.spec, model.device)
        labels = conditions(question.condition, model.spec, 1, model.device)
        mu, logvar = model.encode(x, labels)
        reconstruction = model.decode(mu, labels)
        sigma = None if logvar is None else (0.5 * logvar).exp()
        yield Partial(
            results.Encoded(
                x=to_plain(x, model.spec),
                mu=_numpy(mu[0]),
                sigma=None if sigma is None else _numpy(sigma[0]),
                reconstruction=to_plain(reconstruction, model.spec),
                error=_numpy(error(x, reconstruction, model.spec)),
                spread=_spread(model, mu, sigma, question, generator),
            ),
            1.0,
        )


def _spread(
    model: Any, mu: Tensor, sigma: Tensor | None, question: requests.Encode, generator: Generator
) -> np.ndarray:
    """Reconstructions (S, ...) of z = mu + sigma * eps."""
    if sigma is None or question.spread == 0:
        return to_plain(torch.empty(0, *model.spec.shape), model.spec)
    eps = torch.randn(question.spread, mu.shape[1], generator=generator, device=mu.device)
    labels = conditions(question.condition, model.spec, question.spread, mu.device)
    return to_plain(model.decode(mu + sigma * eps, labels), model.spec)


def error(x: Tensor, reconstruction: Tensor, spec: DataSpec) -> Tensor:
    """Of pictures the mean absolute difference over the channels (H, W), in [0, 1]; of points the distance (1,)."""
    difference = (reconstruction.float() - x)[0]
    if spec.kind is Kind.IMAGE:
        return difference.abs().mean(0).mul(0.5).clamp(0, 1)
    return difference.float().norm().reshape(1)


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().numpy().copy()
