"""With an exact network, likelihoods under Gaussian paths are the exact ones; and noise does what the schedule says."""

from __future__ import annotations

import math

import pytest
import torch
from exact import THREE, ExactModel, Mixture
from torch import Generator, Tensor

import genplay.data as data
from genplay.core.gaussian import PREDICTIONS, coefficients, flow_log_density, target
from genplay.core.schedules import Cosine, GeometricVE, LinearVP, Rectified, ScaledLinearVP, Schedule, schedule

PATHS: dict[str, Schedule] = {
    "VP": Cosine(),
    "linear VP": LinearVP(),
    "scaled linear VP": ScaledLinearVP(),
    "chain": schedule("cosine", 1000),
    "VE": GeometricVE(0.003, 20.0),
    "straight": Rectified(),
}
on_every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def seeded(number: int = 0) -> Generator:
    return torch.Generator().manual_seed(number)


def ring() -> Mixture:
    """The ring of eight Gaussians as a mixture with an exact score."""
    from genplay.contract import knob

    source = data.source("ring")
    centres = source.centres(knob.build(source.Options, {}))
    eight = torch.full((8,), 1 / 8, dtype=torch.float64)
    return Mixture(centres, torch.full((8,), 0.05**2, dtype=torch.float64), eight)


# ---- likelihood by the probability-flow ODE -------------------------------------------------------------------------


def test_the_ring_is_this_mixture() -> None:
    loaded = data.load("ring", {})
    assert loaded.log_density is not None
    x = loaded.heldout[:300].double()
    assert torch.allclose(ring().log_density(x), loaded.log_density(x), atol=1e-5)


@on_every_path
@pytest.mark.parametrize("of", [THREE, ring()], ids=["mixture", "ring"])
def test_the_flow_gives_the_density(of: Mixture, path: Schedule) -> None:
    """Within 0.02 nats on the average over exact samples; the noise of the earliest time can be seen at each."""
    x = of.draw(200, seeded(1))
    found = ExactModel(of, path).log_density(x)
    wrong = found - of.log_density(x)
    assert abs(float(wrong.mean())) < 0.02
    assert float(wrong.abs().mean()) < 0.02


def test_the_flow_gives_the_density_given_labels() -> None:
    model = ExactModel(THREE, Cosine(), "eps", torch.tensor([[0, 1], [1, 2], [1, 0]]))
    labels = torch.tensor([[0, 3], [1, 3], [1, 2], [2, 3]])
    x = THREE.centres[[0, 1, 1, 2]] + 0.2 * torch.randn(4, 2, generator=seeded(2))
    wanted = model.given(labels).log_density(x)
    assert float((model.log_density(x, labels) - wanted).abs().max()) < 0.02


@pytest.mark.parametrize("path", [Cosine(), Rectified()], ids=["VP", "straight"])
def test_hutchinson_is_right_on_the_average(path: Schedule) -> None:
    """16 dimensions with correlations, so that a single Rademacher vector errs."""
    dims, copies = 16, 400
    root = 0.15 * torch.randn(dims, dims, generator=seeded(3), dtype=torch.float64) + 0.3 * torch.eye(dims).double()
    covariance = root @ root.T + 0.05 * torch.eye(dims)

    def estimate(x: Tensor, t: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        alpha, sigma = path.alpha(t[:1]), path.sigma(t[:1])
        solved = torch.linalg.solve(alpha**2 * covariance + sigma**2 * torch.eye(dims), x.T).T
        return alpha * solved @ covariance, sigma * solved

    exact = torch.distributions.MultivariateNormal(torch.zeros(dims).double(), covariance)
    x = exact.sample().expand(copies, dims)
    probe = torch.randint(0, 2, x.shape, generator=seeded(4)) * 2.0 - 1
    found = flow_log_density(estimate, path, x, None, probe.double(), 1e-4)
    error = float(found.std()) / math.sqrt(copies)
    assert error > 0.005
    assert float(found.mean()) == pytest.approx(float(exact.log_prob(x[0])), abs=4 * error + 0.02)


# ---- the bound ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prediction", ["eps", "v"])
def test_the_bound_lies_above_and_closes_in(prediction: str) -> None:
    """E[prior + sum of KL terms] >= -E log p(x), nearer for more steps where the noise levels of all come closer."""
    x = THREE.draw(20_000, seeded(5))
    entropy = -float(THREE.log_density(x).mean())
    ladder = GeometricVE(0.01, 20.0)
    gaps = [bound(ExactModel(THREE, ladder, prediction), count, x) - entropy for count in (20, 60, 180)]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0
    assert gaps[2] < 0.4
    for name in ("linear", "cosine"):
        model = ExactModel(THREE, schedule(name, 100), prediction)
        assert 0 < bound(model, 100, x) - entropy < 3


def bound(model: ExactModel, count: int, x: Tensor) -> float:
    """Nats, over steps even in t; each term from a quarter of ``x``."""
    generator = seeded(6)
    total = float(model.prior_term(x).mean())
    for k in range(1, count + 1):
        part = x[(k % 4) :: 4]
        later, earlier = (torch.full((len(part),), i / count, dtype=torch.float64) for i in (k, k - 1))
        total += float(model.bound_terms(part, later, earlier, None, generator).mean())
    return total


# ---- score, noise, predictions --------------------------------------------------------------------------------------


@on_every_path
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_score_is_the_gradient_of_the_log_density(prediction: str, path: Schedule) -> None:
    model = ExactModel(THREE, path, prediction)
    for t in (0.2, 0.5, 0.9):
        time = torch.full((50,), t, dtype=torch.float64)
        alpha, sigma = path.alpha(time[:1]), path.sigma(time[:1])
        x = (alpha * THREE.draw(50, seeded(7)) + sigma * torch.randn(50, 2, generator=seeded(8))).requires_grad_()
        (slope,) = torch.autograd.grad(THREE.log_density(x, float(alpha), float(sigma)).sum(), x)
        assert torch.allclose(model.score(x, time).detach(), slope, rtol=5e-3, atol=5e-3)


@on_every_path
def test_the_velocity_carries_the_density(path: Schedule) -> None:
    """v = alpha' E[x_0 | x] + sigma' E[eps | x], by finite differences of the path."""
    model, t, h = ExactModel(THREE, path), 0.5003, 1e-5
    x = torch.randn(20, 2, generator=seeded(9), dtype=torch.float64)
    ends = torch.tensor([t - h, t + h], dtype=torch.float64)
    alpha, sigma = ((f(ends)[1] - f(ends)[0]) / (2 * h) for f in (path.alpha, path.sigma))
    x_0, eps = model.estimate(x, torch.full((20,), t, dtype=torch.float64))
    assert torch.allclose(model.velocity(x, t), alpha * x_0 + sigma * eps, rtol=1e-3, atol=1e-3)


@on_every_path
def test_noised_data_has_the_moments_that_the_schedule_says(path: Schedule) -> None:
    model, n = ExactModel(THREE, path), 200_000
    x_0 = torch.tensor([[0.8, -0.3]], dtype=torch.float64).expand(n, 2)
    for t in (0.1, 0.5, 1.0):
        time = torch.full((n,), t, dtype=torch.float64)
        x_t = model.corrupt(x_0, time, seeded(10))
        alpha, sigma = float(path.alpha(time[0])), float(path.sigma(time[0]))
        assert torch.allclose(x_t.mean(0), alpha * x_0[0], atol=5 * sigma / math.sqrt(n) + 1e-6)
        assert torch.allclose(x_t.T.cov() / sigma**2, torch.eye(2).double(), atol=0.02)


@on_every_path
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_coefficients_undo_the_target(prediction: str, path: Schedule) -> None:
    time = torch.linspace(0.01, 0.99, 40, dtype=torch.float64)[:, None]
    alpha, sigma = path.alpha(time), path.sigma(time)
    x_0, eps = (torch.randn(40, 3, generator=seeded(i), dtype=torch.float64) for i in (11, 12))
    k, wanted = coefficients(prediction, alpha, sigma), target(prediction, x_0, eps, alpha, sigma)
    x = alpha * x_0 + sigma * eps
    assert torch.allclose(k.a * x + k.b * wanted, x_0, atol=1e-8)
    assert torch.allclose(k.c * x + k.d * wanted, eps, atol=1e-8)
    numbers = coefficients(prediction, float(alpha[7]), float(sigma[7]))
    assert [float(v) for v in numbers] == pytest.approx([float(torch.as_tensor(v).expand(40, 1)[7]) for v in k])
