"""What the hidden units of a model answer to, and how probable it finds pictures of several sorts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.probe import BREATH, Partial, Probe, streams, within
from genplay.probes.latent_map import chosen
from genplay.probes.samples import samplers

MAX_PICTURES = 1000
SORTS = ("held-out", "training", "dreams", "noise")
FILTERS, SETS = 0.2, 0.6  # of the progress, once they are there


class LookAtFilters(Probe):
    """Filters, activations, free energies and log Z; see ``results.Filters``.

    Dreams are samples as ``DrawSamples`` draws them with the default settings; noise is of pixels that are fair coins.
    """

    question = requests.LookAtFilters
    needs = frozenset({Capability.FILTERS})
    kinds = (Kind.IMAGE,)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.LookAtFilters, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Filters``, completed three times over. Raises ``BadInput``."""
        n = within("The number of pictures", question.n, 1, MAX_PICTURES)
        n = min(n, len(data.heldout), len(data.train))
        own, dreaming, annealing = (stream for _, stream in zip(range(3), streams(generator)))
        held, seen = (rows(part, n, own, model) for part in (data.heldout, data.train))
        found = activations(model, held)
        yield Partial(found, FILTERS)
        if Capability.ENERGY not in model.capabilities:
            yield Partial(found, 1.0)
            return
        noise = torch.rand((n, *model.spec.shape), generator=own, device=own.device).to(model.device)
        energies = np.full((len(SORTS), n), np.nan, np.float32)
        for sort, x in ((0, held), (1, seen), (3, (noise < 0.5).float() * 2 - 1)):
            energies[sort] = _numpy(model.energy(x))
        yield Partial(_with(found, energies), FILTERS)
        yield from dreamt(model, found, energies, dreaming)
        if question.estimate:
            yield from estimated(model, _with(found, energies), to_float(data.train.to(model.device)), annealing)


def rows(part: Tensor, n: int, generator: Generator, model: Any) -> Tensor:
    """``n`` rows of a part of the data as the model takes them."""
    return to_float(part[chosen(len(part), n, generator).to(part.device)].to(model.device))


def activations(model: Any, x: Tensor) -> results.Filters:
    """Filters, and how pictures x (N, *shape) excite them."""
    return results.Filters(
        filters=_numpy(model.filters().mean(1)),
        layers=tuple(model.layer_sizes),
        x=to_plain(x, model.spec),
        hidden=_numpy(model.hidden(x)),
        names=SORTS if Capability.ENERGY in model.capabilities else (),
    )


def dreamt(model: Any, found: results.Filters, energies: np.ndarray, generator: Generator) -> Iterator[Partial]:
    """The energies of dreams, piece by piece, written into their row of ``energies`` (S, N)."""
    n, done = energies.shape[1], 0
    for keep, walk in samplers(model, requests.DrawSamples(n), generator):
        for frame in walk:
            yield BREATH
        energy = frame.extras.get("energy")
        energies[2, done : done + keep] = _numpy(model.energy(frame.x) if energy is None else energy)[:keep]
        done += keep
        yield Partial(_with(found, energies), FILTERS + (SETS - FILTERS) * done / n)


def estimated(model: Any, found: results.Filters, x: Tensor, generator: Generator) -> Iterator[Partial]:
    """The answer completed by log Z, where the model can tell it; ``x`` are training pictures."""
    known = None
    if hasattr(model, "log_partition_steps"):
        for known in model.log_partition_steps(x, generator):
            yield BREATH
    if known is None:
        yield Partial(found, 1.0)
    else:
        yield Partial(dataclasses.replace(found, log_z=known[0], log_z_error=known[1]), 1.0)


def _with(found: results.Filters, energies: np.ndarray) -> results.Filters:
    return dataclasses.replace(found, energies=energies.copy())


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
