"""The latent space at a glance: where held-out data lies, which dimensions are used, and which way labels point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import DataSpec
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.probe import Partial, Probe, within

MAX_EXAMPLES = 10_000
_ROWS = 64


class MapLatent(Probe):
    """Codes of held-out examples with their labels, and what they say of the space."""

    question = requests.MapLatent
    needs = frozenset({Capability.ENCODE})
    needs_data = True

    def run(self, model: Any, data: Dataset, question: requests.MapLatent, generator: Generator) -> Iterator[Partial]:
        """``results.LatentMap`` of the examples encoded so far."""
        n = within("The number of examples", question.n, 1, MAX_EXAMPLES)
        rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
        mus: list[Tensor] = []
        spreads: list[Tensor] = []
        for piece in rows.split(_ROWS):
            x, labels = to_float(data.heldout[piece]).to(model.device), data.heldout_labels[piece].to(model.device)
            mu, logvar = model.encode(x, labels)
            mus.append(mu.float().cpu())
            if logvar is not None:
                spreads.append(logvar.float().cpu())
            count = sum(map(len, mus))
            yield Partial(
                _map(data, rows[:count], torch.cat(mus), torch.cat(spreads) if spreads else None), count / len(rows)
            )


def chosen(size: int, n: int, generator: Generator) -> Tensor:
    """``n`` row numbers below ``size`` without repetition in random order; all of them when there are no more."""
    return torch.randperm(size, generator=generator, device=generator.device)[:n]


def _map(data: Dataset, rows: Tensor, mu: Tensor, logvar: Tensor | None) -> results.LatentMap:
    codes, labels = mu.numpy(), data.heldout_labels[rows].cpu().numpy()
    components, explained = principal(codes)
    kl = codes.var(0) if logvar is None else kl_by_dimension(mu, logvar).numpy()
    return results.LatentMap(
        codes=codes,
        labels=labels,
        x=to_plain(data.heldout[rows], data.spec),
        kl=kl.astype(np.float32),
        mean=codes.mean(0),
        components=components,
        explained=explained,
        directions=directions(codes, labels, data.spec),
        certain=logvar is None,
    )


def kl_by_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """Mean of KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - log sigma^2) / 2 over a batch, (D,) nats."""
    return (mu.square() + logvar.exp() - 1 - logvar).mean(0) / 2


def principal(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal directions (D, D) of codes (N, D), as rows, strongest first, and the share of variance of each (D,).

    The largest entry of each direction is positive, so that the picture does not flip between two looks. Computed by
    torch, whose threads the engine limits; numpy's would wait for each other beside training.
    """
    centred = torch.from_numpy(codes - codes.mean(0)).double()
    variance, vectors = torch.linalg.eigh(centred.T @ centred / len(codes))
    components, variance = vectors.T.flip(0), variance.flip(0).clamp(min=0)
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    components = torch.where(largest < 0, -components, components)
    explained = variance / variance.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return components.float().numpy(), explained.float().numpy()


def directions(codes: np.ndarray, labels: np.ndarray, spec: DataSpec) -> dict[str, np.ndarray]:
    """For each attribute value "name: value" the mean code with it minus the mean code without it, (D,).

    Values that all or none of the examples have are left out, as are examples whose attribute is not specified.
    """
    found = {}
    for column, attribute in enumerate(spec.attributes):
        known = labels[:, column] != attribute.any
        for label, value in enumerate(attribute.values):
            having = labels[:, column] == label
            if having.any() and (known & ~having).any():
                difference = codes[having].mean(0) - codes[known & ~having].mean(0)
                found[f"{attribute.name}: {value}"] = difference
    return found
