"""Laws of the metrics: closed forms, invariances and limits."""

from __future__ import annotations

import math

import pytest
import torch

from genplay.contract.spec import DataSpec, Kind
from genplay.core.mmd import median_distance, mmd2
from genplay.metrics.frechet import distance_of_moments, frechet_distance, moments
from genplay.metrics.likelihood import bits_per_dimension
from genplay.metrics.neighbourhood import neighbourhood


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_frechet_distance_of_two_normals_is_0_29() -> None:
    one = torch.ones(1, 1, dtype=torch.float64)
    zero = torch.zeros(1, dtype=torch.float64)
    assert distance_of_moments(zero, one, zero + 0.5, 1.44 * one) == pytest.approx(0.29, abs=1e-12)
    exact = normal(4001, 1)
    exact = (exact - exact.mean()) / exact.std()
    assert frechet_distance(exact, 1.2 * exact + 0.5) == pytest.approx(0.29, abs=1e-9)


def test_frechet_distance_is_a_symmetric_distance_unmoved_by_rotation() -> None:
    a, b = normal(500, 6), normal(400, 6, seed=1) @ normal(6, 6, seed=2) + 1
    rotation = torch.linalg.qr(normal(6, 6, seed=3)).Q
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))
    assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(frechet_distance(a, b))
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * frechet_distance(a, b))


def test_frechet_distance_of_commuting_covariances_is_the_sum_over_axes() -> None:
    mean_a, mean_b = normal(4), normal(4, seed=1)
    a, b = normal(4, seed=2).exp(), normal(4, seed=3).exp()
    expected = (mean_a - mean_b).square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert distance_of_moments(mean_a, a.diag(), mean_b, b.diag()) == pytest.approx(float(expected))


def test_frechet_distance_bears_features_that_never_vary() -> None:
    a = normal(50, 3)
    a[:, 1] = 0
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert moments(a)[1][1].abs().sum() == 0


def test_neighbourhood_of_equal_distributions_is_near_one() -> None:
    same = neighbourhood(normal(600, 2), normal(600, 2, seed=1))
    assert min(same.precision, same.recall, same.coverage) > 0.9
    assert same.density == pytest.approx(1, abs=0.1)


def test_precision_sees_fidelity_and_recall_variety() -> None:
    real = normal(600, 2)
    narrow = neighbourhood(real, 0.1 * normal(600, 2, seed=1))
    wide = neighbourhood(real, 10 * normal(600, 2, seed=1))
    assert narrow.precision > 0.99 and narrow.recall < 0.1 and narrow.coverage < 0.5
    assert wide.precision < 0.3 and wide.recall > 0.9
    far = neighbourhood(real, real + 100)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_one_outlier_raises_precision_but_not_coverage() -> None:
    fake = normal(300, 2, seed=1) + 20
    real = torch.cat([normal(300, 2), torch.tensor([[12.0, 12.0]], dtype=torch.float64)])
    found = neighbourhood(real, fake)
    assert found.precision > 0.2 and found.coverage <= 1 / len(real) + 1e-9


def test_mmd_is_unbiased_and_near_its_closed_form() -> None:
    same = [mmd2(normal(200, 2, seed=i), normal(200, 2, seed=i + 100), 1.0) for i in range(30)]
    assert abs(sum(same) / 30) < 1e-3 and min(same) < 0
    a, b = normal(3000, 1), normal(3000, 1, seed=1) + 1
    # E k(x, y) = exp(-m^2 / (2 (s^2 + 2))) / sqrt(1 + 2 / s^2) for x - y ~ N(m, 2)
    expected = 2 / math.sqrt(3) * (1 - math.exp(-1 / 6))
    assert mmd2(a, b, 1.0) == pytest.approx(expected, abs=0.02)


def test_mmd_takes_the_median_distance_of_the_real_data() -> None:
    a, b = normal(100, 2), 2 * normal(100, 2, seed=1)
    assert mmd2(a, b) == mmd2(a, b, median_distance(b))


def test_bits_per_dimension_of_uniform_pixels_is_8() -> None:
    pictures = DataSpec(Kind.IMAGE, (3, 4, 4))
    nats = pictures.size * math.log(1 / (256 / 127.5))  # uniform over the 256 levels, each 2/255 wide
    assert bits_per_dimension(nats, pictures) == pytest.approx(8)
    points = DataSpec(Kind.POINTS, (2,))
    assert bits_per_dimension(-2 * math.log(2), points) == pytest.approx(1)
