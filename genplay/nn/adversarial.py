"""The mathematics of an adversarial game, apart from any network: losses, penalties, unrolling, growing.

With the logit s = D(x) and softplus(s) = log(1 + e^s), D minimises and G minimises

    minimax, non-saturating   D: E softplus(-s(x)) + E softplus(s(G(z)))        G: -E softplus(s), or E softplus(-s)
    hinge                     D: E max(0, 1 - s(x)) + E max(0, 1 + s(G(z)))     G: -E s
    least squares             D: E (s(x) - 1)^2 / 2 + E s(G(z))^2 / 2           G: E (s - 1)^2 / 2
    wasserstein               D: E s(G(z)) - E s(x)                             G: -E s

(Goodfellow et al. 2014, arXiv:1406.2661; Lim & Ye 2017, arXiv:1705.02894; Mao et al. 2017, arXiv:1611.04076; Arjovsky
et al. 2017, arXiv:1701.07875).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

LOSSES = ("minimax", "non-saturating", "hinge", "least squares", "wasserstein")


def discriminator_loss(loss: str, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """What D minimises, for scores of real and generated data; ``smoothing`` lowers the target of real data."""
    if loss in ("minimax", "non-saturating"):
        target = (1 - smoothing) * F.softplus(-real) + smoothing * F.softplus(real)
        return target.mean() + F.softplus(fake).mean()
    if loss == "hinge":
        return F.relu(1 - smoothing - real).mean() + F.relu(1 + fake).mean()
    if loss == "least squares":
        return 0.5 * (real - (1 - smoothing)).square().mean() + 0.5 * fake.square().mean()
    return fake.mean() - real.mean()


def generator_loss(loss: str, fake: Tensor) -> Tensor:
    """What G minimises, for scores of generated data."""
    if loss == "minimax":
        return -F.softplus(fake).mean()
    if loss == "non-saturating":
        return F.softplus(-fake).mean()
    if loss == "least squares":
        return 0.5 * (fake - 1).square().mean()
    return -fake.mean()


Score = Callable[[Tensor], Tensor]


def slopes(score: Score, x: Tensor, packing: int = 1) -> Tensor:
    """grad D at ``x`` (B, ...), flat: (B // packing, packing * numbers in a sample), differentiable."""
    point = x.detach().requires_grad_(True)
    slope = torch.autograd.grad(score(point).sum(), point, create_graph=True)[0]
    rows = len(x) // packing
    return slope[: rows * packing].reshape(rows, -1)


def squared_slope(score: Score, x: Tensor, packing: int = 1) -> Tensor:
    """E |grad D(x)|^2: R1 at real, R2 at generated data (without gamma / 2)."""
    return slopes(score, x, packing).square().sum(1).mean()


def distance_from_one(score: Score, x: Tensor, packing: int = 1) -> Tensor:
    """E (|grad D(x)| - 1)^2 (WGAN-GP, without its weight)."""
    return ((slopes(score, x, packing).square().sum(1) + 1e-12).sqrt() - 1).square().mean()


def unrolled(
    loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor], steps: int, rate: float
) -> dict[str, Tensor]:
    """``weights`` after steps of gradient descent w - rate grad loss(w), each of them differentiable."""
    for _ in range(steps):
        slope = torch.autograd.grad(loss(weights), list(weights.values()), create_graph=True)
        weights = {name: w - rate * s for (name, w), s in zip(weights.items(), slope)}
    return weights


def sameness(z: Tensor, x: Tensor) -> Tensor:
    """E |z - z'| / |G(z) - G(z')| over halves of a batch, means of absolute differences: large when z is ignored."""
    half = len(z) // 2
    codes = (z[:half] - z[half : 2 * half]).abs().mean(1)
    made = (x[:half] - x[half : 2 * half]).abs().flatten(1).mean(1)
    return (codes / (made + 0.05)).mean()


def growth(stages: float, levels: int) -> float | None:
    """The level after so many stages: the lowest resolution for one, then half a stage to blend each next one in.

    >>> [growth(stages, 2) for stages in (0.5, 1.0, 1.25, 1.5, 1.9, 2.25, 3.0)]
    [0.0, 0.0, 0.5, 1.0, 1.0, 1.5, None]
    """
    if stages >= levels + 0.5 or levels == 0:
        return None
    whole = int(stages)
    return 0.0 if whole == 0 else whole - 1 + min(1.0, 2 * (stages - whole))


def signed(axes: Tensor) -> Tensor:
    """Directions (K, D), each turned so that its largest number is positive: they are known up to their sign."""
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return axes * largest.sign()


def normal(n: int, size: int, generator: Generator, device: torch.device) -> Tensor:
    """N(0, I) numbers (n, size)."""
    return torch.randn(n, size, generator=generator, device=generator.device).to(device)


def normal_like(x: Tensor, generator: Generator) -> Tensor:
    """N(0, I) numbers in the shape of ``x``."""
    return torch.randn(x.shape, generator=generator, device=generator.device).to(x.device)
