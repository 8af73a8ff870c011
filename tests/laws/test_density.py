"""Densities that are known in closed form: they integrate to 1, are at no distance from themselves, and agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from exact import THREE, ExactModel, Mixture, mixture
from torch import Tensor, nn

import genplay.data as data
from genplay.contract import results
from genplay.contract.requests import EstimateLikelihood, LookAtDensity
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Model
from genplay.core.probe import ask
from genplay.core.schedules import Cosine
from genplay.probes import all as probes
from genplay.probes.density import slopes

TWO = mixture((0.5, -0.4, 0.2, 0.1), (0.5, 0.5, -0.3, 0.06))
SPEC = DataSpec(Kind.POINTS, (2,))


class Known(Model):
    """Says the log density of a mixture; ``unnormalised`` it is less ``offset``, and as an energy, too."""

    name, title = "known", "known density"

    def __init__(self, of: Mixture, offset: float = 0.0) -> None:
        super().__init__(None, SPEC)
        self.of, self.offset = of, offset
        self.weight = nn.Parameter(torch.zeros(1))
        self.density_kind = "unnormalised" if offset else "exact"  # type: ignore[misc]

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Any = None) -> Tensor:
        return self.of.log_density(x.double()) - self.offset


class Energy(Known):
    """The same as nothing but an energy."""

    name = "energy"

    @property
    def capabilities(self) -> Any:
        return frozenset({"sample_steps", "energy"})

    def energy(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.offset - self.of.log_density(x.double())


class Score(Known):
    """The same as nothing but a score."""

    name = "score"

    @property
    def capabilities(self) -> Any:
        return frozenset({"sample_steps", "score"})

    def score(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        with torch.enable_grad():
            x = x.double().requires_grad_(True)
            return torch.autograd.grad(self.of.log_density(x).sum(), x)[0].float()


def drawn(of: Mixture, n: int = 400) -> Dataset:
    x = of.draw(2 * n, torch.Generator().manual_seed(3)).float()
    none = torch.zeros(n, 0, dtype=torch.int64)
    return Dataset("mixture", "Mixture", "none", SPEC, x[:n], none, x[n:], none, of.log_density)


def look(model: Model, of: Mixture, **settings: Any) -> results.Density:
    question = LookAtDensity(**{"side": 96, "n": 300, **settings})
    *_, last = [a.value for a in ask(probes()["LookAtDensity"], model, drawn(of), question) if a.value is not None]
    return last


@pytest.mark.parametrize("of", [TWO, THREE], ids=["two", "three"])
def test_an_exact_density_integrates_to_1(of: Mixture) -> None:
    found = look(Known(of), of, extent=2.5, side=160)
    assert found.kind == "exact"
    assert found.integral == pytest.approx(1.0, abs=1e-3)


def test_that_of_a_probability_flow_does_too() -> None:
    found = look(ExactModel(TWO, Cosine()), TWO, side=32, extent=1.0, n=5)
    assert found.integral == pytest.approx(1.0, abs=1e-2)
    sure = found.truth > found.truth.max() - 6
    assert np.abs(found.field - found.truth)[sure].mean() < 0.05


def test_the_truth_is_at_no_distance_from_itself() -> None:
    found = look(Known(TWO), TWO)
    assert (found.kl, found.kl_error) == (0.0, 0.0)
    assert found.nll == found.entropy
    np.testing.assert_allclose(found.field, found.truth, atol=1e-4)


def test_another_model_is_as_far_as_theory_says() -> None:
    """KL(N(0, s^2) || N(0, r^2)) = D (log r/s + s^2 / 2r^2 - 1/2)."""
    of, wider = mixture((1.0, 0.0, 0.0, 0.2)), mixture((1.0, 0.0, 0.0, 0.3))
    found = look(Known(wider), of, n=400)
    theory = 2 * (math.log(0.3 / 0.2) + 0.2**2 / (2 * 0.3**2) - 0.5)
    assert abs(found.kl - theory) < 4 * found.kl_error
    assert found.nll - found.entropy == pytest.approx(found.kl, abs=1e-6)


@pytest.mark.parametrize("make", [Known, Energy])
def test_what_is_not_normalised_is_normalised_over_the_window(make: type[Known]) -> None:
    found = look(make(TWO, offset=3.0), TWO, extent=2.0, side=160)
    assert found.kind == ("unnormalised" if make is Known else "energy")
    assert math.log(found.integral) == pytest.approx(-3.0, abs=1e-2)
    assert found.kl == pytest.approx(0.0, abs=1e-2)


def test_of_a_score_alone_the_size_is_shown() -> None:
    found = look(Score(TWO), TWO)
    assert found.kind == "score"
    assert math.isnan(found.nll)
    assert math.isnan(found.integral)
    assert (found.field >= 0).all()


def test_arrows_point_along_the_gradient() -> None:
    one = mixture((1.0, 0.2, -0.1, 0.3))  # whose score is linear, so that its mean over a block is that of the middle
    found = look(Known(one), one, side=200, arrows=20, extent=1.0)
    theory = Score(one).score(torch.from_numpy(found.at).flatten(0, 1), torch.zeros(1)).view(20, 20, 2).numpy()
    np.testing.assert_allclose(found.score, theory, atol=0.01 * np.abs(theory).max())
    whole = slopes(torch.arange(4.0, dtype=torch.float64).expand(4, 4), torch.tensor([0, 2, 4]), 0.5)
    assert whole[..., 0].unique().tolist() == [2.0]
    assert whole[..., 1].unique().tolist() == [0.0]


def test_the_likelihood_is_that_of_estimate_likelihood() -> None:
    model, of = Known(THREE), THREE
    asked = EstimateLikelihood(n=300, seed=5)
    *_, other = [a.value for a in ask(probes()["EstimateLikelihood"], model, drawn(of), asked)]
    found = look(model, of, seed=5)
    assert found.nll == pytest.approx(-other.nats, abs=1e-9)
    assert found.nll_error == pytest.approx(other.error, rel=1e-6)


@pytest.mark.parametrize("name", ["ring", "moons", "checkerboard"])
def test_the_data_integrates_to_1_and_its_entropy_is_that_of_its_points(name: str) -> None:
    loaded = data.load(name, {})
    assert loaded.log_density is not None
    model = Known(TWO)
    model.spec = loaded.spec
    question = LookAtDensity(side=200, n=400)
    *_, found = [a.value for a in ask(probes()["LookAtDensity"], model, loaded, question) if a.value is not None]
    mass = float(np.exp(found.truth.astype(np.float64)).sum()) * (3 / 200) ** 2
    assert mass == pytest.approx(1.0, abs=0.03)
    on_grid = float(-(np.exp(found.truth) * found.truth)[found.truth > -600].sum()) * (3 / 200) ** 2
    assert found.entropy == pytest.approx(on_grid, abs=0.15)
