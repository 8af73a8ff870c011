"""Laws of the VAE's likelihoods and bounds, with a linear VAE whose marginal is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Code
from genplay.core.training import new_model
from genplay.families.vae import VAE, VAEConfig, VAESampling, draw, kl_by_dimension, log_normal

SIGMA = 0.7
WEIGHTS = torch.tensor([[0.9, -0.4], [0.2, 0.8]])  # x = W z + sigma eps
OFFSET = torch.tensor([0.3, -0.1])
both = pytest.mark.parametrize("posterior", ["normal", "flow"])


class Encoder(nn.Module):
    """The means and variances of the true posterior, both off by ``error``."""

    def __init__(self, model: VAE, error: float) -> None:
        super().__init__()
        self.origin, self.error = true_posterior(model, torch.zeros(2)), error
        self.slope = self.origin.covariance_matrix @ WEIGHTS.T / SIGMA**2

    def forward(self, x: Tensor) -> Tensor:
        mu = self.origin.mean + x @ self.slope.T
        return torch.cat([mu + self.error, self.origin.variance.log().expand_as(mu) + self.error], 1)


def linear_vae(posterior: str, error: float = 0.3) -> VAE:
    """A VAE with x = W h + offset + sigma eps. Its flow, if any, is an affine map: couplings of constant output."""
    config = VAEConfig(latent_size=2, sigma=SIGMA, width=4, posterior=posterior)
    model = new_model(VAE, config, DataSpec(Kind.POINTS, (2,)))
    assert isinstance(model, VAE)
    decoder = nn.Linear(2, 2)
    decoder.weight.data, decoder.bias.data = WEIGHTS, OFFSET
    model.decoder = decoder
    if posterior == "flow":
        for i, layer in enumerate(model.flow.layers):
            layer.net[-1].bias.data = torch.tensor([0.1 * i, 0.2 - 0.1 * i])
    model.eval().requires_grad_(False)
    model.encoder = Encoder(model, error)
    return model


def affine(model: VAE) -> tuple[Tensor, Tensor]:
    """A, c of z = A h + c."""
    images = model._flow(torch.cat([torch.eye(2), torch.zeros(1, 2)]), None)[0]
    return (images[:2] - images[2]).T, images[2]


def exact_density(model: VAE) -> torch.distributions.MultivariateNormal:
    """p(x) in closed form: h = A^-1 (z - c) is normal, and so is x."""
    a, c = affine(model)
    inverse = torch.linalg.inv(a)
    covariance = WEIGHTS @ inverse @ inverse.T @ WEIGHTS.T + SIGMA**2 * torch.eye(2)
    return torch.distributions.MultivariateNormal(OFFSET - WEIGHTS @ inverse @ c, covariance)


def exact(model: VAE, x: Tensor) -> Tensor:
    return exact_density(model).log_prob(x)


def repeated(model: VAE, n: int) -> tuple[Tensor, Tensor]:
    """One point n times, and its exact log density."""
    point = torch.tensor([[0.8, 0.5]])
    return point.expand(n, 2), exact(model, point)


@both
def test_importance_bound_converges_to_the_exact_likelihood(posterior: str) -> None:
    model = linear_vae(posterior)
    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    bound = model.importance_bound(x, None, 4_000, torch.Generator().manual_seed(1))
    torch.testing.assert_close(bound, exact(model, x), atol=0.05, rtol=0)


@both
def test_importance_bound_rises_with_k_and_stays_below(posterior: str) -> None:
    model = linear_vae(posterior)
    x, truth = repeated(model, 20_000)
    means = [
        float(model.importance_bound(x, None, k, torch.Generator().manual_seed(k)).mean()) for k in (1, 2, 4, 16, 64)
    ]
    assert means == sorted(means)
    assert means[0] < float(truth) - 0.05 and means[-1] == pytest.approx(float(truth), abs=0.01)


@both
def test_one_importance_sample_is_the_elbo_in_expectation(posterior: str) -> None:
    model = linear_vae(posterior)
    x, truth = repeated(model, 100_000)
    one = model.importance_bound(x, None, 1, torch.Generator().manual_seed(0)).mean()
    elbo = model.log_density(x, None, torch.Generator().manual_seed(1)).mean()
    assert float(one) == pytest.approx(float(elbo), abs=0.02)
    gap = torch.distributions.kl_divergence(posterior_of(model, x[:1]), true_posterior(model, x[0]))
    assert float(truth - elbo) == pytest.approx(float(gap), abs=0.02)  # log p - ELBO = KL(q || p(z | x))


def posterior_of(model: VAE, x: Tensor) -> torch.distributions.MultivariateNormal:
    """q(h | x)."""
    code = model._encoded(x, None)
    assert code.logvar is not None
    return torch.distributions.MultivariateNormal(code.mu[0], code.logvar[0].exp().diag())


def true_posterior(model: VAE, x: Tensor) -> torch.distributions.MultivariateNormal:
    """p(h | x) of the linear model with prior h ~ N(-A^-1 c, (A^T A)^-1)."""
    a, c = affine(model)
    precision = a.T @ a + WEIGHTS.T @ WEIGHTS / SIGMA**2
    pull = a.T @ -c + WEIGHTS.T @ (x - OFFSET) / SIGMA**2
    covariance = torch.linalg.inv(precision)
    return torch.distributions.MultivariateNormal(covariance @ pull, covariance)


@both
def test_the_objective_is_the_elbo(posterior: str) -> None:
    model = linear_vae(posterior)
    x, _ = repeated(model, 50_000)
    batch = Batch(x, torch.zeros(len(x), 0, dtype=torch.int64), step=10_000)
    objective = next(model.objectives(batch, torch.Generator().manual_seed(0)))
    elbo = model.log_density(x, None, torch.Generator().manual_seed(1)).mean()
    assert float(objective.loss) == pytest.approx(-float(elbo), abs=0.02)
    assert float(objective.terms["elbo"]) == pytest.approx(float(elbo), abs=0.02)


def test_samples_follow_the_marginal_and_codes_the_prior() -> None:
    model = linear_vae("flow", error=0.0)
    density = exact_density(model)
    frame = next(model.sample_steps(100_000, VAESampling(noise=True), torch.Generator().manual_seed(0)))
    torch.testing.assert_close(frame.x.mean(0), density.mean, atol=0.02, rtol=0)
    torch.testing.assert_close(frame.x.T.cov(), density.covariance_matrix, atol=0.02, rtol=0.02)
    x = density.sample((50_000,))
    code = model.encode(x)
    assert code.logvar is not None
    z = code.mu + (0.5 * code.logvar).exp() * torch.randn_like(code.mu)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=0.03, rtol=0)
    torch.testing.assert_close(z.var(0), torch.ones(2), atol=0.1, rtol=0)


def test_a_bent_posterior_is_linearised_exactly_by_an_affine_flow() -> None:
    model = linear_vae("flow")
    x = torch.randn(7, 2)
    q, bent = model._encoded(x, None), model.encode(x)
    a, c = affine(model)
    assert q.logvar is not None and bent.logvar is not None
    torch.testing.assert_close(bent.mu, q.mu @ a.T + c)
    torch.testing.assert_close(bent.logvar.exp(), q.logvar.exp() @ a.square().T)


def test_kl_by_dimension_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    code = Code(torch.randn(5, 3, generator=generator), torch.randn(5, 3, generator=generator))
    assert code.logvar is not None
    q = torch.distributions.Normal(code.mu, (0.5 * code.logvar).exp())
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(kl_by_dimension(code), expected)
    z = draw(code, generator)
    torch.testing.assert_close(log_normal(z, code), q.log_prob(z).sum(1))
    torch.testing.assert_close(log_normal(z), torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1))


@pytest.mark.parametrize("likelihood", ["gaussian", "learned gaussian"])
def test_gaussian_likelihood_is_that_of_torch(likelihood: str) -> None:
    spec = DataSpec(Kind.IMAGE, (1, 4, 4))
    model = new_model(VAE, VAEConfig(likelihood=likelihood, width=4, network="mlp", sigma=0.2), spec)
    assert isinstance(model, VAE)
    sigma = 0.2 if likelihood == "gaussian" else math.exp(-1)
    x, z = torch.rand(3, 1, 4, 4) * 2 - 1, torch.randn(3, 24)
    expected = torch.distributions.Normal(model.decode(z), sigma).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def test_bernoulli_likelihood_of_all_binary_pictures_sums_to_one() -> None:
    model = new_model(VAE, VAEConfig(likelihood="bernoulli", network="mlp", width=4), DataSpec(Kind.IMAGE, (1, 2, 2)))
    assert isinstance(model, VAE)
    bits = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4).view(16, 1, 2, 2)
    z = torch.randn(1, 24).expand(16, 24)
    assert float(model.log_likelihood(bits, z).exp().sum().detach()) == pytest.approx(1, abs=1e-5)
