"""Log densities of the 2-D sets: callables from points (B, 2) to nats (B,) float64, differentiable where finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CHUNK = 1_000_000
"""Point-component pairs evaluated at once: 8 MB a temporary."""


@dataclass(frozen=True)
class GaussianMixture:
    """log sum_i w_i N(x; c_i, sigma^2 I), with ``centres`` (M, 2) and ``log_weights`` (M,), both float64."""

    centres: Tensor
    log_weights: Tensor
    sigma: float

    def __call__(self, x: Tensor) -> Tensor:
        """Nats (B,) at points (B, 2)."""
        rows = max(1, CHUNK // len(self.centres))
        return torch.cat([self._nats(part) for part in x.double().split(rows)])

    def _nats(self, x: Tensor) -> Tensor:
        centres, log_weights = self.centres.to(x.device), self.log_weights.to(x.device)
        constant = log_weights - (centres / self.sigma).square().sum(1) / 2  # (M,)
        logits = torch.addmm(constant, x / self.sigma**2, centres.T)  # (B, M)
        far = (x / self.sigma).square().sum(1) / 2
        return _logsumexp(logits) - far - math.log(2 * math.pi * self.sigma**2)


def _logsumexp(logits: Tensor) -> Tensor:
    """log sum_j exp(logits_ij). Terms below e^-100 of the largest count as that: an exp that underflows is slow."""
    top = logits.detach().amax(1, keepdim=True)
    return (logits - top).clamp(min=-100).exp().sum(1).log() + top[:, 0]


def equal_mixture(centres: Tensor, sigma: float) -> GaussianMixture:
    """Gaussians of equal weight at ``centres`` (M, 2)."""
    return GaussianMixture(centres, torch.full((len(centres),), -math.log(len(centres)), dtype=torch.float64), sigma)


@dataclass(frozen=True)
class Curve:
    """A plane curve with a density along it: ``at`` maps parameters (n,) to points (n, 2), ``pdf`` to (n,).

    Both are smooth on [start, end], over which ``pdf`` integrates to 1.
    """

    at: Callable[[np.ndarray], np.ndarray]
    pdf: Callable[[np.ndarray], np.ndarray]
    start: float
    end: float


def noisy_curves(curves: Sequence[Curve], sigma: float, refine: float = 1.0) -> GaussianMixture:
    """Density of a point of one of ``curves`` (each as likely) plus noise N(0, sigma^2 I).

    p(x) = 1/K sum_k int pdf_k(s) N(x; gamma_k(s), sigma^2 I) ds has no elementary form, but one smooth dimension is
    left: each curve is cut into panels no longer than 2 sigma, each integrated by 16-point Gauss-Legendre quadrature.
    The sum is itself a Gaussian mixture. Its log is exact to 1e-9 within 10 sigma of a curve, where all but e^-50 of
    the mass lies; further out, where the log is thousands of nats below zero, its relative error stays below 1e-2.
    ``refine`` multiplies the number of panels.
    """
    parts = [_nodes(curve, sigma, refine) for curve in curves]
    centres = torch.from_numpy(np.concatenate([points for points, _ in parts]))
    weights = torch.from_numpy(np.concatenate([weights for _, weights in parts])) / len(curves)
    return GaussianMixture(centres, weights.log(), sigma)


def _nodes(curve: Curve, sigma: float, refine: float) -> tuple[np.ndarray, np.ndarray]:
    """Quadrature points (n, 2) on the curve and their weights (n,)."""
    fine = np.linspace(curve.start, curve.end, 4097)
    steps = np.linalg.norm(np.diff(curve.at(fine), axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    panels = math.ceil(refine * length[-1] / (2 * sigma))
    edges = np.interp(np.linspace(0, length[-1], panels + 1), length, fine)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    s = (middle[:, None] + half[:, None] * nodes).ravel()
    return curve.at(s), (half[:, None] * weights).ravel() * curve.pdf(s)


@dataclass(frozen=True)
class NoisyRings:
    """Uniform points on circles about the origin (each as likely) plus noise N(0, sigma^2 I).

    Integrating N(x; R (cos a, sin a), sigma^2 I) over the angle gives the Rice density: with rho = |x|,
    p(x) = exp(-(rho^2 + R^2) / 2 sigma^2) I0(rho R / sigma^2) / (2 pi sigma^2). The scaled Bessel function
    i0e(z) = exp(-z) I0(z) keeps it from overflowing.
    """

    radii: tuple[float, ...]
    sigma: float

    def __call__(self, x: Tensor) -> Tensor:
        """Nats (B,) at points (B, 2)."""
        rho = x.double().norm(dim=1)[:, None]
        radii = torch.tensor(self.radii, dtype=torch.float64, device=x.device)
        variance = self.sigma**2
        each = -(rho - radii).square() / (2 * variance) + torch.special.i0e(rho * radii / variance).log()
        return each.logsumexp(1) - math.log(2 * math.pi * variance * len(self.radii))


@dataclass(frozen=True)
class Checkerboard:
    """Uniform over the filled cells of an ``n`` x ``n`` board on [-1, 1]^2; minus infinity elsewhere.

    A cell is filled when column + row is even. Edges belong to the filled side, within the rounding of float32.
    """

    n: int

    def __call__(self, x: Tensor) -> Tensor:
        """Nats (B,) at points (B, 2)."""
        x = x.double()
        filled = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for dx, dy in ((1e-7, 1e-7), (1e-7, -1e-7), (-1e-7, 1e-7), (-1e-7, -1e-7)):
            filled |= self._holds(x + torch.tensor([dx, dy], dtype=x.dtype, device=x.device))
        inside = -math.log((self.n**2 + 1) // 2 * (2 / self.n) ** 2)
        return torch.where(filled, inside, -math.inf).double()

    def _holds(self, x: Tensor) -> Tensor:
        cell = ((x + 1) * (self.n / 2)).floor()
        on_board = ((cell >= 0) & (cell < self.n)).all(1)
        return on_board & (cell.sum(1) % 2 == 0)


@dataclass(frozen=True)
class Pinwheel:
    """Gaussian arms pointing outwards, swirled: N((radius, 0), diag(radial^2, tangential^2)) turned by an angle.

    A point at distance rho from the origin is turned by 2 pi k / arms + swirl rho. The turn depends on the distance
    alone, which it leaves as it was, so it preserves area (its Jacobian is 1) and is undone exactly.
    """

    arms: int
    radius: float
    radial: float
    tangential: float
    swirl: float

    def turn(self, x: Tensor, arm: Tensor, sign: float = 1.0) -> Tensor:
        """Points (..., 2) turned to their arm; ``sign`` -1 undoes it."""
        angle = sign * (2 * math.pi * arm / self.arms + self.swirl * x.norm(dim=-1))
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([cos * x[..., 0] - sin * x[..., 1], sin * x[..., 0] + cos * x[..., 1]], -1)

    def __call__(self, x: Tensor) -> Tensor:
        """Nats (B,) at points (B, 2)."""
        arm = torch.arange(self.arms, dtype=torch.float64, device=x.device)
        straight = self.turn(x.double()[:, None, :].expand(-1, self.arms, 2), arm, sign=-1.0)  # (B, arms, 2)
        along = ((straight[..., 0] - self.radius) / self.radial).square()
        across = (straight[..., 1] / self.tangential).square()
        constant = math.log(2 * math.pi * self.radial * self.tangential * self.arms)
        return ((along + across) * -0.5).logsumexp(1) - constant
