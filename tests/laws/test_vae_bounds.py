"""Laws of the VAE's likelihoods and bounds, with a linear VAE whose marginal is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from genplay.contract.spec import DataSpec, Kind
from genplay.core.model import Code
from genplay.core.training import new_model
from genplay.families.vae import VAE, VAEConfig, draw, kl_by_dimension, log_normal

SIGMA = 0.7
WEIGHTS = torch.tensor([[0.9, -0.4], [0.2, 0.8]])  # x = W z + sigma eps
OFFSET = torch.tensor([0.3, -0.1])


class Encoder(nn.Module):
    """A Gaussian encoder that is a little off the true posterior, by ``error``."""

    def __init__(self, error: float) -> None:
        super().__init__()
        self.covariance = torch.linalg.inv(torch.eye(2) + WEIGHTS.T @ WEIGHTS / SIGMA**2)
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        mu = (x - OFFSET) @ WEIGHTS @ self.covariance / SIGMA**2
        logvar = self.covariance.diagonal().log().expand_as(mu)
        return torch.cat([mu + self.error, logvar + self.error], 1)


def linear_vae(error: float = 0.3) -> VAE:
    config = VAEConfig(latent_size=2, sigma=SIGMA, width=4)
    model = new_model(VAE, config, DataSpec(Kind.POINTS, (2,)))
    assert isinstance(model, VAE)
    decoder = nn.Linear(2, 2)
    decoder.weight.data, decoder.bias.data = WEIGHTS, OFFSET
    model.encoder, model.decoder = Encoder(error), decoder
    return model.eval().requires_grad_(False)


def exact(x: Tensor) -> Tensor:
    """log N(x; offset, W W^T + sigma^2 I)."""
    covariance = WEIGHTS @ WEIGHTS.T + SIGMA**2 * torch.eye(2)
    return torch.distributions.MultivariateNormal(OFFSET, covariance).log_prob(x)


def repeated(n: int) -> tuple[Tensor, Tensor]:
    """One point n times, and its exact log density."""
    point = torch.tensor([[0.8, 0.5]])
    return point.expand(n, 2), exact(point)


def test_importance_bound_converges_to_the_exact_likelihood() -> None:
    model = linear_vae()
    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    bound = model.importance_bound(x, None, 4_000, torch.Generator().manual_seed(1))
    torch.testing.assert_close(bound, exact(x), atol=0.05, rtol=0)


def test_importance_bound_rises_with_k_and_stays_below() -> None:
    model = linear_vae()
    x, truth = repeated(20_000)
    means = [
        float(model.importance_bound(x, None, k, torch.Generator().manual_seed(k)).mean()) for k in (1, 2, 4, 16, 64)
    ]
    assert means == sorted(means)
    assert means[0] < float(truth) - 0.05 and means[-1] == pytest.approx(float(truth), abs=0.01)


def test_one_importance_sample_is_the_elbo_in_expectation() -> None:
    model = linear_vae()
    x, truth = repeated(100_000)
    one = model.importance_bound(x, None, 1, torch.Generator().manual_seed(0)).mean()
    elbo = model.log_density(x, None, torch.Generator().manual_seed(1)).mean()
    assert float(one) == pytest.approx(float(elbo), abs=0.02)
    code = model.encode(x[:1])
    assert code.logvar is not None
    q = torch.distributions.MultivariateNormal(code.mu[0], code.logvar[0].exp().diag())
    posterior = torch.distributions.MultivariateNormal(
        model.encoder.covariance @ WEIGHTS.T @ (x[0] - OFFSET) / SIGMA**2, model.encoder.covariance
    )
    gap = torch.distributions.kl_divergence(q, posterior)
    assert float(truth - elbo) == pytest.approx(float(gap), abs=0.02)  # log p - ELBO = KL(q || p(z | x))


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
    model = new_model(VAE, VAEConfig(likelihood=likelihood, width=4, network="mlp"), spec)
    assert isinstance(model, VAE)
    sigma = 0.2 if likelihood == "gaussian" else math.exp(-1)
    object.__setattr__(model.config, "sigma", 0.2)
    x, z = torch.rand(3, 1, 4, 4) * 2 - 1, torch.randn(3, 24)
    expected = torch.distributions.Normal(model.decode(z), sigma).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def test_bernoulli_likelihood_of_all_binary_pictures_sums_to_one() -> None:
    model = new_model(VAE, VAEConfig(likelihood="bernoulli", network="mlp", width=4), DataSpec(Kind.IMAGE, (1, 2, 2)))
    assert isinstance(model, VAE)
    bits = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4).view(16, 1, 2, 2)
    z = torch.randn(1, 24).expand(16, 24)
    assert float(model.log_likelihood(bits, z).exp().sum().detach()) == pytest.approx(1, abs=1e-5)
