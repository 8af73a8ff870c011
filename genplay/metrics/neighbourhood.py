"""Fidelity and variety of samples from nearest neighbours among features.

Improved precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991); density and coverage (Naeem et al. 2020,
arXiv:2002.09797).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Neighbourhood:
    """All are shares in [0, 1], except ``density``, which is 1 on average for samples of the real distribution."""

    precision: float  # samples inside the ball of some real example: fidelity
    recall: float  # real examples inside the ball of some sample: variety
    density: float  # real balls that hold a sample, over k: fidelity, robust against outliers
    coverage: float  # real examples whose ball holds a sample: variety, robust against outliers


def neighbourhood(real: Tensor, fake: Tensor, k: int = 5, real_radii: Tensor | None = None) -> Neighbourhood:
    """Of features ``real`` (N, F) and ``fake`` (M, F); a ball reaches to the k-th nearest neighbour of its own kind.

    ``real_radii`` are the ``radii`` of ``real``, for who compares it more than once.
    """
    real, fake = real.double(), fake.double()
    across = torch.cdist(real, fake)  # (N, M)
    inside_real = across <= (radii(real, k) if real_radii is None else real_radii)[:, None]
    inside_fake = across <= radii(fake, k)[None, :]
    return Neighbourhood(
        precision=_share(inside_real.any(0)),
        recall=_share(inside_fake.any(1)),
        density=float(inside_real.sum(0).double().mean() / k),
        coverage=_share(inside_real.any(1)),
    )


def inside(real: Tensor, fake: Tensor, reach: Tensor) -> Tensor:
    """Which of the features ``fake`` (M, F) are in the ball of some of ``real`` (N, F), (M,) bool; ``reach`` (N,)."""
    return (torch.cdist(real.double(), fake.double()) <= reach[:, None]).any(0)


def radii(features: Tensor, k: int) -> Tensor:
    """Distance of every row (N, F) to its k-th nearest other row, (N,). Needs more than ``k`` rows."""
    return torch.cdist(features, features).topk(k + 1, dim=1, largest=False).values[:, -1]  # kthvalue is far slower


def _share(mask: Tensor) -> float:
    return float(mask.double().mean())
