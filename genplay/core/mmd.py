"""Maximum mean discrepancy (Gretton et al. 2012, A Kernel Two-Sample Test)."""

from __future__ import annotations

import torch
from torch import Tensor


def mmd2(a: Tensor, b: Tensor, bandwidth: float | None = None) -> float:
    """The unbiased estimate of MMD^2 with k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)), for rows (N, F) and (M, F).

    Zero in expectation for equal distributions, so it may be slightly negative. Without a bandwidth the median
    distance within ``b`` (the real data) is taken.
    """
    a, b = a.double(), b.double()
    scale = bandwidth or median_distance(b)
    within = _mean_off_diagonal(_kernel(a, a, scale)) + _mean_off_diagonal(_kernel(b, b, scale))
    return float(within - 2 * _kernel(a, b, scale).mean())


def median_distance(x: Tensor) -> float:
    """The median Euclidean distance between different rows of (N, F)."""
    return float(torch.pdist(x).median())


def _kernel(a: Tensor, b: Tensor, bandwidth: float) -> Tensor:
    return (-torch.cdist(a, b).square() / (2 * bandwidth**2)).exp()


def _mean_off_diagonal(kernel: Tensor) -> Tensor:
    n = len(kernel)
    return (kernel.sum() - kernel.trace()) / (n * (n - 1))
