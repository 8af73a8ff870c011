"""How probable a model finds data it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float
from genplay.core.gaussian import GaussianModel
from genplay.core.model import Model
from genplay.core.probe import Partial, Probe, streams, within
from genplay.metrics.likelihood import bits_per_dimension, size_of
from genplay.probes.latent_map import chosen

MAX_EXAMPLES = 50_000
MAX_IMPORTANCE = 4096
_EVALUATIONS = 128  # examples times importance samples in one piece of work
_ALONG_THE_FLOW = {Kind.IMAGE: 4, Kind.POINTS: 64}  # examples whose flow is solved in one piece


class EstimateLikelihood(Probe):
    """Mean log p(x) of held-out examples: exact, the importance-weighted bound (Burda et al. 2016), or unnormalised.

    That of pictures under the flow of a model that denoises is an unbiased estimate (``GaussianModel.log_density``).
    Texts are not given their labels, so that their bits compare with those of a compressor.
    """

    question = requests.EstimateLikelihood
    needs = frozenset({Capability.LOG_DENSITY})
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.EstimateLikelihood, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Likelihood`` of the examples done so far, sharper with each piece."""
        n = within("The number of examples", question.n, 1, MAX_EXAMPLES)
        k = within("The number of importance samples", question.importance_samples, 1, MAX_IMPORTANCE)
        k = k if model.density_kind == "bound" and hasattr(model, "importance_bound") else 1
        texts = model.spec.kind is Kind.TOKENS
        rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
        values: list[Tensor] = []
        elbos: list[Tensor] = []
        for piece, stream in zip(rows.split(at_once(model, k)), streams(generator)):
            x = to_float(data.heldout[piece]).to(model.device)
            labels = None if texts else data.heldout_labels[piece].to(model.device)
            if k > 1:
                values.append(model.importance_bound(x, labels, k, stream).double().cpu())
                elbos.append(model.log_density(x, labels, stream).double().cpu())
            else:
                values.append(model.log_density(x, labels, stream).double().cpu())
            done = torch.cat(values)
            size = size_of(data.heldout[rows[: len(done)]], data.spec)
            yield Partial(summary(model, done, torch.cat(elbos) if elbos else None, k, size), len(done) / len(rows))


def at_once(model: Model, k: int) -> int:
    """Examples in one piece of work: few, since a piece cannot be interrupted."""
    if isinstance(model, GaussianModel):
        return _ALONG_THE_FLOW.get(model.spec.kind, 4)
    return max(1, _EVALUATIONS // max(k, 8))


def summary(model: Model, nats: Tensor, elbo: Tensor | None, k: int, size: float = 0) -> results.Likelihood:
    """Mean and standard error of log-likelihoods (N,) in nats, and the mean as bits a dimension of 8-bit pixels.

    ``size`` is how many of these a mean example has, 0 for those of the model's shape.
    """
    mean = nats.mean().item()
    deviation = nats.std().item() if len(nats) > 1 else 0.0
    if model.density_kind == "bound" and elbo is None:
        elbo = nats
    return results.Likelihood(
        kind=model.density_kind,
        nats=mean,
        error=deviation / math.sqrt(len(nats)),
        bits_per_dim=bits_per_dimension(mean, model.spec, size),
        n=len(nats),
        elbo=None if elbo is None else elbo.mean().item(),
        importance_samples=k,
    )
