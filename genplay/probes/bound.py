"""Where the code length of a diffusion model is spent: its variational bound by timestep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_float
from genplay.core.gaussian import GaussianModel, finest
from genplay.core.probe import Partial, Probe, streams, within
from genplay.core.schedules import Discrete, Schedule
from genplay.metrics.likelihood import bits_per_dimension
from genplay.probes.latent_map import chosen
from genplay.probes.starts import gaussian

MAX_EXAMPLES, MAX_BINS, MAX_STEPS = 20_000, 200, 10_000
EARLIEST = 1e-3  # the first time of a chain whose schedule has a finite signal-to-noise ratio at 0
WIDEST = 1000.0  # sigma / alpha at the last step but one of a chain whose ratio has no end
_AT_ONCE = {Kind.IMAGE: 80, Kind.POINTS: 2000}  # network evaluations


class BoundByTime(Probe):
    """-log p(x) <= KL(q(x_1 | x) || p(x_1)) + sum_k KL(q(x_s | x_t, x) || p(x_s | x_t)) - E log p(x | x_first).

    Of the chain's own steps, or, where time is continuous, of ``steps`` ones even in log SNR, which make the bound
    nearly as tight as it gets (Kingma et al. 2021, arXiv:2107.00630). In every bin of time each example contributes one
    step, drawn as often as it is likely to matter and stratified over the examples. Pictures are dequantised, as for
    the likelihood, so that both are in the same unit.
    """

    question = requests.BoundByTime
    needs = frozenset({Capability.DENOISE, Capability.CORRUPT, Capability.LOG_DENSITY})
    needs_data = True

    def run(self, model: Any, data: Dataset, question: requests.BoundByTime, generator: Generator) -> Iterator[Partial]:
        """``results.BoundByTime`` of the examples done so far. Raises ``BadInput``."""
        n = within("The number of examples", question.n, 1, MAX_EXAMPLES)
        bins = within("The number of bins", question.bins, 1, MAX_BINS)
        chain = Chain(gaussian(model).schedule, within("The number of steps", question.steps, 2, MAX_STEPS), bins)
        rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
        places = stratified_places(len(rows), bins, generator)
        terms = []
        size = max(1, _AT_ONCE.get(model.spec.kind, 80) // (bins + 1))
        for i, stream in zip(range(0, len(rows), size), streams(generator)):
            piece = rows[i : i + size]
            x, labels = to_float(data.heldout[piece]).to(model.device), data.heldout_labels[piece].to(model.device)
            terms.append(bound(model, chain, dequantised(x, model.spec, stream), labels, places[i : i + size], stream))
            yield Partial(summary(chain, torch.cat(terms), model.spec), min(1.0, (i + size) / len(rows)))


class Chain:
    """The times of a chain and the bins that they fall into. ``members[b]`` are the steps k > 0 in bin b.

    The term of step k is about D / 2 (SNR_(k-1) - SNR_k) / (1 + SNR_k), that of data of unit variance; steps are drawn
    in this proportion.
    """

    def __init__(self, schedule: Schedule, steps: int, bins: int) -> None:
        self.times = times(schedule, steps)
        snr = (schedule.alpha(self.times) / schedule.sigma(self.times)) ** 2
        self.weights = torch.cat([snr[:1] * 0, (snr[:-1] - snr[1:]) / (1 + snr[1:])]).clamp(min=1e-12)
        bin_of = (self.times * bins).ceil().long().clamp(1, bins) - 1
        numbers = torch.arange(1, len(self.times))
        self.members = [numbers[bin_of[1:] == b] for b in range(bins)]

    def drawn(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Steps (n, bins) for places (n, bins) in [0, 1) within each bin, and one over the probability of each.

        An empty bin gives step 0 with the factor 0.
        """
        steps = torch.zeros(places.shape, dtype=torch.int64)
        factors = torch.zeros(places.shape, dtype=torch.float64)
        for b, members in enumerate(self.members):
            if len(members):
                weights = self.weights[members]
                total = weights.cumsum(0)
                at = torch.searchsorted(total, places[:, b] * total[-1], right=True).clamp(max=len(members) - 1)
                steps[:, b], factors[:, b] = members[at], total[-1] / weights[at]
        return steps, factors


def times(schedule: Schedule, steps: int) -> Tensor:
    """The times (T,) of the chain from the first to 1, float64."""
    if isinstance(schedule, Discrete):
        return torch.arange(1, schedule.count + 1, dtype=torch.float64) / schedule.count
    ends = torch.tensor([max(schedule.t_min, EARLIEST), 1.0], dtype=torch.float64)
    first, last = (schedule.sigma(ends) / schedule.alpha(ends).clamp(min=1 / WIDEST)).log().tolist()
    found = schedule.time_of(torch.linspace(first, last, steps, dtype=torch.float64).exp())
    found[0], found[-1] = ends[0], ends[1]
    return found


def stratified_places(n: int, bins: int, generator: Generator) -> Tensor:
    """Numbers (n, bins) in [0, 1): in every column one in each n-th, in random order."""
    device = generator.device
    order = torch.stack([torch.randperm(n, generator=generator, device=device) for _ in range(bins)], 1)
    return ((order + torch.rand(n, bins, generator=generator, device=device)) / n).double().cpu().clamp(max=1 - 1e-12)


def dequantised(x: Tensor, spec: DataSpec, generator: Generator) -> Tensor:
    """Pictures with uniform noise of one 8-bit level; points as they are."""
    if spec.kind is not Kind.IMAGE:
        return x
    return x + (torch.rand(x.shape, generator=generator, device=generator.device).to(x.device) * 2 - 1) / 255


def bound(
    model: GaussianModel, chain: Chain, x: Tensor, labels: Tensor | None, places: Tensor, generator: Generator
) -> Tensor:
    """Terms (n, bins + 2) in nats: of each bin, of the prior, and of the reconstruction."""
    steps, factors = chain.drawn(places)
    n, bins = steps.shape
    later = torch.cat([chain.times[steps], chain.times[:1].expand(n, 1)], 1).flatten()
    earlier = torch.cat([chain.times[(steps - 1).clamp(min=0)], torch.zeros(n, 1, dtype=torch.float64)], 1).flatten()
    repeated = x.repeat_interleave(bins + 1, 0)
    same = labels.repeat_interleave(bins + 1, 0) if labels is not None and model.takes_labels else None
    later, earlier = (v.to(x.device, finest(x.device)) for v in (later, earlier))
    nats = model.bound_terms(repeated, later, earlier, same, generator).double().cpu()
    inner = nats.view(n, bins + 1)
    return torch.cat([inner[:, :-1] * factors, model.prior_term(x).double().cpu()[:, None], inner[:, -1:]], 1)


def summary(chain: Chain, nats: Tensor, spec: DataSpec) -> results.BoundByTime:
    """Means over the examples (n, bins + 2) as bits a dimension."""
    n, bins = len(nats), nats.shape[1] - 2
    each = nats / (spec.size * math.log(2))
    mean = each.mean(0)
    error = each[:, :bins].std(0) / math.sqrt(n) if n > 1 else torch.zeros(bins, dtype=torch.float64)
    reconstruction = bits_per_dimension(-float(nats[:, -1].mean()), spec)
    bits, prior = mean[:bins], float(mean[bins])
    middle = (np.arange(bins) + 0.5) / bins
    total = prior + float(bits.sum()) + reconstruction
    return results.BoundByTime(middle, bits.numpy(), error.numpy(), prior, reconstruction, total, n)
