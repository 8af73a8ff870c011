"""The Fréchet distance between two sets of features (Heusel et al. 2017, arXiv:1706.08500)."""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) for features (N, F) and (M, F), in squared feature units.

    The squared 2-Wasserstein distance between the Gaussians of their means and covariances. It is biased upwards for
    few examples: compare only numbers from equal counts.
    """
    return distance_of_moments(*moments(a), *moments(b))


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (F,) and covariance (F, F) of features (N, F), N at least 2, in float64."""
    features = features.double()
    return features.mean(0), torch.cov(features.T, correction=1).reshape(features.shape[1], -1)


def distance_of_moments(mean_a: Tensor, covariance_a: Tensor, mean_b: Tensor, covariance_b: Tensor) -> float:
    """The same from means (F,) and covariances (F, F)."""
    root = _root(covariance_a)
    middle = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp(min=0).sqrt().sum()
    spread = covariance_a.trace() + covariance_b.trace() - 2 * middle
    return max(0.0, float((mean_a - mean_b).square().sum() + spread))


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T
