"""Where a model of points would have them go, drawn as arrows, over the density of the noised data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset
from genplay.core.gaussian import GaussianModel
from genplay.core.probe import Partial, Probe, conditions, within
from genplay.core.samplers import drift_and_diffusion
from genplay.probes.latent_map import chosen
from genplay.probes.starts import gaussian, unit

MAX_POINTS = 4000  # of the training data
EARLIEST = 1e-3  # nearer to data no model is asked
FLOOR = 1e-300  # the least density that is told from none


class FieldAt(Probe):
    """Score and velocity under the guidance asked for, and the density of the training data at the same time.

    The density is the mean of N(x; alpha x_i, sigma^2 I) over at most 4,000 training points x_i, with sigma at least
    half a pixel, so that every point is seen. At t = 0 it is that of the data itself, where its closed form is known.
    """

    question = requests.FieldAt
    needs = frozenset({Capability.SCORE})
    kinds = (Kind.POINTS,)
    needs_data = True

    def run(self, model: Any, data: Dataset, question: requests.FieldAt, generator: Generator) -> Iterator[Partial]:
        """``results.Field``; the model is asked at ``t_min`` at the earliest. Raises ``BadInput``."""
        t = unit("The time", question.t)
        side = within("The number of arrows a side", question.side, 2, 100)
        pixels = within("The number of pixels a side", question.pixels, 2, 1024)
        if not 0 < question.extent <= 1e4:
            raise BadInput("The field must reach to a number between 0 and 10000.")
        at = lattice(torch.linspace(-1, 1, side, dtype=torch.float64) * question.extent)
        score, velocity = arrows(gaussian(model), at.flatten(0, 1), t, question)
        density = log_density(data, gaussian(model), t, pixels, question.extent, generator)
        shape = (side, side, 2)
        arrays = (at.float(), score.view(shape), velocity.view(shape), density.float())
        yield Partial(results.Field(t, question.extent, *(_numpy(v) for v in arrays)), 1.0)


def lattice(axis: Tensor) -> Tensor:
    """Points (G, G, 2) whose first row is the top one."""
    y, x = torch.meshgrid(axis.flip(0), axis, indexing="ij")
    return torch.stack([x, y], -1)


def arrows(model: GaussianModel, x: Tensor, t: float, question: requests.FieldAt) -> tuple[Tensor, Tensor]:
    """-eps / sigma and -dx/dt at points (N, 2), under the condition and guidance of the question."""
    t = max(t, model.schedule.t_min, EARLIEST)
    config = knob.build(model.SampleConfig, question.config)
    labels = conditions(question.condition, model.spec, len(x), model.device)
    time = torch.tensor(t, dtype=torch.float64)
    alpha, sigma = float(model.schedule.alpha(time)), float(model.schedule.sigma(time))
    x = x.float().to(model.device)
    look = model.guided(labels, config, len(x))(x, t, alpha, sigma)
    score = -look.eps / sigma
    if model.schedule.flat:
        return score, look.x_0 - look.eps
    f, square = drift_and_diffusion(model.schedule, t)
    return score, square / 2 * score - f * x


def log_density(
    data: Dataset, model: GaussianModel, t: float, pixels: int, extent: float, generator: Generator
) -> Tensor:
    """log p_t (P, P) in nats at the centres of the pixels, float64, the first row on top."""
    axis = (torch.arange(pixels, dtype=torch.float64) + 0.5) * (2 * extent / pixels) - extent
    if t == 0 and data.log_density is not None:
        return data.log_density(lattice(axis).flatten(0, 1)).view(pixels, pixels)
    time = torch.tensor(t, dtype=torch.float64)
    rows = chosen(len(data.train), MAX_POINTS, generator).to(data.train.device)
    centres = float(model.schedule.alpha(time)) * data.train[rows].double().cpu()
    return of_mixture(axis, centres, max(float(model.schedule.sigma(time)), extent / pixels))


def of_mixture(axis: Tensor, centres: Tensor, sigma: float) -> Tensor:
    """The log of (1/N) sum_i N(x; c_i, sigma^2 I) on the lattice of ``axis`` (P,), for centres (N, 2): (P, P).

    A Gaussian is a product over the coordinates, so that the sum is a product of two matrices (P, N) and (N, P). Below
    log 1e-300 it is cut off.
    """
    x, y = (torch.exp(-((axis[:, None] - c) ** 2) / (2 * sigma**2)) for c in centres.unbind(1))
    total = y.flip(0) @ x.T / (len(centres) * 2 * math.pi * sigma**2)
    return total.clamp(min=FLOOR).log()


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
