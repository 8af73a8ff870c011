"""Mean distances with an error that is what repeating would show."""

from __future__ import annotations

import math

import pytest
import torch

from genplay.metrics.distance import mean_distance
from genplay.metrics.neighbourhood import neighbourhood, radii


def test_the_mean_is_over_all_pairs():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    assert mean_distance(x)[0] == pytest.approx(10 / 3)
    assert mean_distance(x[:2]) == (5, pytest.approx(math.nan, nan_ok=True))
    assert all(math.isnan(v) for v in mean_distance(x[:1]))


def test_the_error_is_the_spread_of_repetitions():
    generator = torch.Generator().manual_seed(0)
    repeated = [mean_distance(torch.randn(60, 5, generator=generator)) for _ in range(300)]
    means, errors = (torch.tensor(v) for v in zip(*repeated))
    assert float(errors.mean()) == pytest.approx(float(means.std()), rel=0.15)


def test_radii_may_be_given():
    generator = torch.Generator().manual_seed(0)
    real, fake = torch.randn(50, 4, generator=generator), torch.randn(40, 4, generator=generator)
    assert neighbourhood(real, fake, 5, radii(real.double(), 5)) == neighbourhood(real, fake, 5)
