"""Mixtures of Gaussians with everything a denoiser could learn about them in closed form, in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from genplay.contract.sampling import GaussianSampling
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.gaussian import GaussianModel, target
from genplay.core.model import Frame
from genplay.core.samplers import Look, walk
from genplay.core.schedules import Schedule

ATTRIBUTES = (Attribute("side", ("left", "right")), Attribute("height", ("low", "middle", "high")))


@dataclass(frozen=True)
class Mixture:
    """sum_i w_i N(c_i, v_i I): ``centres`` (M, D), ``variances`` (M,), ``weights`` (M,) that sum to 1."""

    centres: Tensor
    variances: Tensor
    weights: Tensor

    def noised(self, alpha: Any, sigma: Any) -> tuple[Tensor, Tensor]:
        """Centres and variances of alpha x_0 + sigma eps; alpha and sigma are numbers or (B, 1)."""
        return torch.as_tensor(alpha)[..., None] * self.centres, alpha**2 * self.variances + sigma**2

    def log_density(self, x: Tensor, alpha: Any = 1.0, sigma: Any = 0.0) -> Tensor:
        """Nats (B,) of states x (B, D)."""
        return self._joint(x, alpha, sigma).logsumexp(1)

    def _joint(self, x: Tensor, alpha: Any, sigma: Any) -> Tensor:
        centres, variances = self.noised(alpha, sigma)
        square = (x[:, None] - centres).square().sum(2)
        return self.weights.log() - square / (2 * variances) - x.shape[1] / 2 * (2 * math.pi * variances).log()

    def estimate(self, x: Tensor, alpha: Any, sigma: Any) -> tuple[Tensor, Tensor]:
        """E[x_0 | x] and E[eps | x], (B, D) each; neither divides by what may be 0."""
        centres, variances = self.noised(alpha, sigma)
        share = self._joint(x, alpha, sigma).softmax(1)[..., None]  # (B, M, 1)
        away = (x[:, None] - centres) / variances[..., None]
        gain = torch.as_tensor(alpha)[..., None] * self.variances[:, None]
        x_0 = (share * (self.centres + gain * away)).sum(1)
        return x_0, (share * away).sum(1) * sigma

    def draw(self, n: int, generator: Generator) -> Tensor:
        """Exact samples (n, D)."""
        which = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.centres.shape[1], generator=generator, dtype=torch.float64)
        return self.centres[which] + self.variances[which].sqrt()[:, None] * noise


def mixture(*parts: tuple[float, float, float, float]) -> Mixture:
    """From (weight, x, y, standard deviation) of each part."""
    table = torch.tensor(parts, dtype=torch.float64)
    return Mixture(table[:, 1:3], table[:, 3] ** 2, table[:, 0])


THREE = mixture((0.5, -0.7, 0.1, 0.25), (0.3, 0.6, 0.5, 0.2), (0.2, 0.3, -0.8, 0.3))


@dataclass
class Exact:
    """The mixture as samplers see it."""

    mixture: Mixture
    nfe: int = 0

    def __call__(self, x: Tensor, t: float, alpha: float, sigma: float) -> Look:
        self.nfe += 1
        return Look(*self.mixture.estimate(x, alpha, sigma), {}, {})


def normals(seed: int = 0) -> Any:
    """A source of noise for a walk."""
    generator = torch.Generator().manual_seed(seed)
    return lambda like: torch.randn(like.shape, generator=generator, dtype=like.dtype)


def frames(of: Mixture, path: Schedule, config: GaussianSampling, n: int, seed: int = 0, **options: Any) -> list[Frame]:
    """A walk from pure noise."""
    noise = normals(seed)
    x = noise(of.centres.new_empty(n, of.centres.shape[1])) * float(path.sigma(torch.ones((), dtype=torch.float64)))
    return list(walk(x, Exact(of), path, config, noise, **options))


class ExactModel(GaussianModel):
    """A model whose network is perfect: it knows the mixture, and which part has which labels (M, A)."""

    def __init__(self, of: Mixture, path: Schedule, prediction: str = "v", labels: Tensor | None = None) -> None:
        attributes = ATTRIBUTES if labels is not None else ()
        super().__init__(None, DataSpec(Kind.POINTS, (of.centres.shape[1],), attributes))
        self.mixture, self.schedule, self.prediction, self.of = of, path, prediction, labels
        self.network = nn.Linear(1, 1)  # only says where the model is
        self.asked: list[int] = []

    def predict(self, x: Tensor, t: Tensor, labels: Tensor | None, previous: Tensor | None = None) -> Tensor:
        t = t.double()
        rows = self.labels(labels, len(x)) if self.conditional else None
        return self._exact(x, self.schedule.alpha(t)[:, None], self.schedule.sigma(t)[:, None], rows)

    def predict_at(
        self, x: Tensor, t: float, alpha: float, sigma: float, labels: Tensor | None, previous: Tensor | None = None
    ) -> Tensor:
        return self._exact(x, *torch.tensor([[alpha], [sigma]], dtype=torch.float64), labels)

    def _exact(self, x: Tensor, alpha: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        self.asked.append(len(x))
        return target(self.prediction, *self.given(labels).estimate(x.double(), alpha, sigma), alpha, sigma)

    def given(self, labels: Tensor | None) -> Mixture:
        """The mixture of the parts that have these labels (B, A), with weights (B, M)."""
        if labels is None:
            return self.mixture
        assert self.of is not None
        free = labels == torch.tensor(self.spec.any_labels)  # (B, A)
        fits = ((self.of[None] == labels[:, None]) | free[:, None]).all(2)
        weights = self.mixture.weights * fits
        return Mixture(self.mixture.centres, self.mixture.variances, weights / weights.sum(1, keepdim=True))
