"""What a model of points makes of the plane: its log density, energy or score, beside the density of the data."""

from __future__ import annotations

import math
from collections.abc import Generator as GeneratorType
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset
from genplay.core.gaussian import GaussianModel
from genplay.core.model import Model
from genplay.core.probe import BREATH, Partial, Probe, seeded, streams, within
from genplay.probes.field import EARLIEST, lattice
from genplay.probes.latent_map import chosen
from genplay.probes.likelihood import MAX_EXAMPLES, MAX_IMPORTANCE

MAX_SIDE, MAX_ARROWS = 512, 64
AT_ONCE = 4096  # points in one piece of work
LEAST = math.log(1e-300)  # what is less probable than this counts as just that
COARSE = (4, 2, 1)  # the side is divided by these, one after another
LOOSE = 1e-3  # tolerance of the solver where a flow's density is drawn: some 0.03 nats, in a quarter of the time


class LookAtDensity(Probe):
    """log p on a grid and on held-out points x_i of the data q, which also gives KL(q || p) = E_q[log q - log p].

    The integral is the sum over the middles of the pixels, each as if the density were even on it. A model that takes
    labels is asked without, since the data's density is that of all labels together.
    """

    question = requests.LookAtDensity
    kinds = (Kind.POINTS,)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.LookAtDensity, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Density``, finer each time. Raises ``BadInput``."""
        side = within("The number of pixels a side", question.side, 4, MAX_SIDE)
        count = within("The number of arrows a side", question.arrows, 1, MAX_ARROWS)
        n = within("The number of points", question.n, 1, MAX_EXAMPLES)
        k = within("The number of importance samples", question.importance_samples, 1, MAX_IMPORTANCE)
        if not 0 < question.extent <= 1e4:
            raise BadInput("The window must reach to a number between 0 and 10000.")
        rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
        x = data.heldout[rows].float()
        seeds, quantity = streams(generator), Quantity(model, k)
        fields = streams(seeded(question.seed, model.device))
        held = torch.zeros(0, dtype=torch.float64)
        sides = sorted({max(4, side // part) for part in COARSE}) if quantity.kind != "none" else [side]
        for i, s in enumerate(sides):
            field = yield from quantity.at(middles(s, question.extent).flatten(0, 1).float(), fields, LOOSE)
            arrows = yield from quantity.arrows(field, s, min(count, s), question.extent)
            if i == 0:
                yield Partial(summary(quantity, data, question, field, held, x, arrows), 0.0)
                held = yield from quantity.at(x, seeds)
            share = sum(v**2 for v in sides[: i + 1]) / sum(v**2 for v in sides)
            yield Partial(summary(quantity, data, question, field, held, x, arrows), share)


def middles(side: int, extent: float) -> Tensor:
    """The middles (P, P, 2) of the pixels of [-extent, extent]^2, float64, the first row on top."""
    return lattice((torch.arange(side, dtype=torch.float64) + 0.5) * (2 * extent / side) - extent)


@dataclass(frozen=True)
class Quantity:
    """What a model says of points: the log density where it has one, else minus the energy, else the score's size."""

    model: Model
    importance_samples: int

    @property
    def kind(self) -> str:
        """As in ``results.Density``."""
        has = self.model.capabilities
        if Capability.LOG_DENSITY in has:
            return self.model.density_kind
        found = [kind for kind in (Capability.ENERGY, Capability.SCORE) if kind in has]
        return str(found[0].value) if found else "none"

    @property
    def samples(self) -> int:
        """How many importance samples are drawn for each point."""
        weighted = self.kind == "bound" and hasattr(self.model, "importance_bound")
        return self.importance_samples if weighted else 1

    def at(self, x: Tensor, seeds: Iterator[Generator], tolerance: float = 0.0) -> GeneratorType[Partial, None, Tensor]:
        """A breath whenever work can be stopped; returns values (N,) float64, none for a model without any."""
        values = []
        for piece in x.to(self.model.device).split(AT_ONCE) if self.kind != "none" else ():
            found = None
            for found in self._of(piece, next(seeds), tolerance):
                yield BREATH
            assert found is not None
            values.append(found.double().cpu().nan_to_num(LEAST, math.inf, LEAST).clamp(min=LEAST))
        return torch.cat(values) if values else torch.zeros(0, dtype=torch.float64)

    def _of(self, x: Tensor, generator: Generator, tolerance: float) -> Iterator[Tensor | None]:
        model: Any = self.model
        if self.kind == "energy":
            yield -model.energy(x, None)
        elif self.kind == "score":
            yield self.score(x).norm(dim=1)
        elif self.samples > 1:
            yield model.importance_bound(x, None, self.samples, generator)
        elif isinstance(model, GaussianModel):
            yield from model.log_density_steps(x, None, generator, tolerance)
        else:
            yield model.log_density(x, None, generator)

    def score(self, x: Tensor) -> Tensor:
        """What a model that only has a score says near the data, (N, 2)."""
        model: Any = self.model
        earliest = model.schedule.t_min if isinstance(model, GaussianModel) else 0.0
        time = torch.full((len(x),), max(earliest, EARLIEST), device=x.device)
        found: Tensor = model.score(x, time, None)
        return found

    def arrows(self, field: Tensor, side: int, count: int, extent: float) -> GeneratorType[Partial, None, Any]:
        """Returns places and gradients (G, G, 2): of the field (P * P,), or the score where its size is the field."""
        edges = torch.linspace(0, side, count + 1).round().long()
        axis = (edges[:-1] + edges[1:]).double() / side * extent - extent
        at = lattice(axis)
        if self.kind == "none":
            return at, torch.zeros_like(at)
        if self.kind == "score":
            yield BREATH
            return at, self.score(at.flatten(0, 1).float().to(self.model.device)).view_as(at).double().cpu()
        return at, slopes(field.view(side, side), edges, 2 * extent / side)


def slopes(field: Tensor, edges: Tensor, pixel: float) -> Tensor:
    """The mean gradient (G, G, 2) of a field (P, P) over blocks of pixels between ``edges`` (G + 1,)."""
    down, across = torch.gradient(field, spacing=pixel, dim=(0, 1))
    sums = torch.stack([across, -down], -1).cumsum(0).cumsum(1)
    whole = torch.nn.functional.pad(sums, (0, 0, 1, 0, 1, 0))[edges][:, edges]
    blocks = whole[1:, 1:] - whole[:-1, 1:] - whole[1:, :-1] + whole[:-1, :-1]
    lengths = (edges[1:] - edges[:-1]).double()
    return blocks / (lengths[:, None] * lengths[None])[..., None]


def summary(
    quantity: Quantity,
    data: Dataset,
    question: requests.LookAtDensity,
    field: Tensor,
    held: Tensor,
    x: Tensor,
    arrows: Any,
) -> results.Density:
    """The record of a field (P * P,), of the same at the held-out points (N,), and of the arrows."""
    extent, side = question.extent, math.isqrt(len(field)) or question.side
    truth = known = torch.zeros(0, dtype=torch.float64)
    if data.log_density is not None:
        truth = data.log_density(middles(side, extent).flatten(0, 1)).double().cpu().clamp(min=LEAST).view(side, side)
        known = data.log_density(x.double().cpu()).double().cpu()
    integral = mass(field, extent) if len(field) and quantity.kind != "score" else math.nan
    if quantity.kind in ("energy", "unnormalised"):
        held = held - math.log(max(integral, 1e-300))
    measured = held if quantity.kind not in ("score", "none") else held[:0]
    nll, nll_error = mean_and_error(-measured)
    both = known.isfinite() if len(known) and len(measured) else torch.zeros(0, dtype=torch.bool)
    kl, kl_error = mean_and_error((known - measured)[both]) if len(both) else (math.nan, math.nan)
    return results.Density(
        kind=quantity.kind,
        extent=extent,
        field=_numpy(field.view(side, side)) if len(field) else np.zeros((0, 0), np.float32),
        truth=_numpy(truth) if len(truth) else np.zeros((0, 0), np.float32),
        at=_numpy(arrows[0]),
        score=_numpy(arrows[1]),
        x=_numpy(x),
        integral=integral,
        nll=nll,
        nll_error=nll_error,
        entropy=mean_and_error(-known[known.isfinite()])[0],
        kl=kl,
        kl_error=kl_error,
        importance_samples=quantity.samples,
    )


def mass(log_density: Tensor, extent: float) -> float:
    """The integral of exp(values) (P * P,) over [-extent, extent]^2 by the rule of the middles."""
    side = math.isqrt(log_density.numel())
    return float(log_density.double().flatten().logsumexp(0).exp()) * (2 * extent / side) ** 2


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """Mean of values (N,) and its standard error; NaN of none."""
    if not len(values):
        return math.nan, math.nan
    deviation = float(values.std()) if len(values) > 1 else 0.0
    return float(values.mean()), deviation / math.sqrt(len(values))


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
