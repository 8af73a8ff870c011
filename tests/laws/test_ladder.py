"""Laws of hierarchical VAEs, with a linear ladder of two levels whose marginal is known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.training import new_model
from genplay.families.hierarchical_vae import (
    HierarchicalVAE,
    HierarchicalVAEConfig,
    standardised,
)
from genplay.families.vae import VAESampling
from genplay.nn.coupling import CouplingFlow
from genplay.nn.ladder import ConvLadder, DenseLadder, Rung

SIGMA = 0.6
BELOW = torch.tensor([[0.8, -0.3], [0.4, 0.5]])  # z_2 = BELOW z_1 + SPREAD noise
SPREAD = 0.5
WEIGHTS = torch.tensor([[0.7, -0.2, 0.9, 0.1], [0.1, 0.6, -0.3, 0.8]])  # x = WEIGHTS (z_1, z_2) + OFFSET + SIGMA noise
OFFSET = torch.tensor([0.2, -0.1])
both = pytest.mark.parametrize("flows", [0, 2])


def linear(inputs: int, weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(inputs, len(bias))
    layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
    return layer


class LinearLadder(nn.Module):
    """A stream that is (z_1, z_2) itself; the encoder guesses both from x by fixed linear maps, rightly or not."""

    def __init__(self, flows: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(4))
        eye, none = torch.eye(4), torch.zeros(2, 4)
        second = linear(4, torch.cat([torch.cat([BELOW, torch.zeros(2, 2)], 1), none]), self._moments(SPREAD))
        self.rungs = nn.ModuleList(
            Rung((2,), prior, self._guess(row), linear(2, eye[:, 2 * row : 2 * row + 2], torch.zeros(4)),
                 nn.Identity(), self._flow(flows))
            for row, prior in enumerate([linear(4, torch.zeros(4, 4), torch.zeros(4)), second])
        )  # fmt: skip
        self.leave = linear(4, WEIGHTS, OFFSET)

    def _moments(self, deviation: float) -> Tensor:
        return torch.cat([torch.zeros(2), torch.full((2,), 2.0).mul(torch.tensor(deviation).log())])

    def _guess(self, row: int) -> nn.Linear:
        weight = torch.zeros(4, 6)
        weight[:2, 4:] = torch.tensor([[0.3, 0.1], [-0.1, 0.4]]) * (1 + row)
        return linear(6, weight, torch.tensor([0.1, -0.1, -0.5, -0.3]))

    def _flow(self, layers: int) -> CouplingFlow | None:
        """An affine map: couplings of constant output."""
        if not layers:
            return None
        flow = CouplingFlow(2, layers, 4, 4)
        for i, layer in enumerate(flow.layers):
            layer.net[-1].bias.data = torch.tensor([0.2 - 0.1 * i, 0.1 + 0.2 * i])
        return flow

    def features(self, x: Tensor) -> list[Tensor]:
        return [x, x]


def model_of(flows: int, posterior: str = "residual") -> HierarchicalVAE:
    config = HierarchicalVAEConfig(
        levels=2, latent_size=2, growth=1.0, sigma=SIGMA, width=4, flow_layers=flows, posterior=posterior, free_bits=0.0
    )
    model = new_model(HierarchicalVAE, config, DataSpec(Kind.POINTS, (2,)))
    assert isinstance(model, HierarchicalVAE)
    model.ladder = LinearLadder(flows)  # type: ignore[assignment]
    return model.eval().requires_grad_(False)


def exact(model: HierarchicalVAE) -> torch.distributions.MultivariateNormal:
    """p(x): the decoder's mean is affine in the noise of all levels, which is N(0, I)."""
    images = model.decode(torch.cat([torch.eye(4), torch.zeros(1, 4)]))
    slope, origin = (images[:4] - images[4]).T, images[4]
    return torch.distributions.MultivariateNormal(origin, slope @ slope.T + SIGMA**2 * torch.eye(2))


def repeated(n: int) -> Tensor:
    return torch.tensor([[0.7, -0.4]]).expand(n, 2)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_flows_the_marginal_is_that_of_the_two_levels() -> None:
    cov = torch.eye(4)
    cov[2:, :2], cov[:2, 2:] = BELOW, BELOW.T
    cov[2:, 2:] = BELOW @ BELOW.T + SPREAD**2 * torch.eye(2)
    found = exact(model_of(0))
    torch.testing.assert_close(found.mean, OFFSET)
    torch.testing.assert_close(found.covariance_matrix, WEIGHTS @ cov @ WEIGHTS.T + SIGMA**2 * torch.eye(2))


@both
@pytest.mark.parametrize(
    "posterior", ["residual", *(pytest.param(p, marks=pytest.mark.slow) for p in ("ladder", "plain"))]
)
def test_the_importance_bound_converges_to_the_exact_likelihood(flows: int, posterior: str) -> None:
    model = model_of(flows, posterior)
    x = torch.randn(8, 2, generator=seeded(0))
    bound = model.importance_bound(x, None, 3_000, seeded(1))
    torch.testing.assert_close(bound, exact(model).log_prob(x), atol=0.08, rtol=0)


@both
def test_the_elbo_is_below_by_the_divergence_from_the_true_posterior(flows: int) -> None:
    model = model_of(flows)
    x = repeated(60_000)
    truth = float(exact(model).log_prob(x[:1]))
    elbo = float(model.log_density(x, None, seeded(1)).mean())
    one = float(model.importance_bound(x, None, 1, seeded(2)).mean())
    assert elbo == pytest.approx(one, abs=0.02)
    assert elbo < truth - 0.05
    means = [float(model.importance_bound(x[:5_000], None, k, seeded(k)).mean()) for k in (1, 4, 16)]
    assert means == sorted(means) and means[-1] < truth + 0.02


@both
def test_the_objective_is_the_elbo_and_its_levels_add_up(flows: int) -> None:
    model = model_of(flows)
    batch = Batch(repeated(40_000), torch.zeros(40_000, 0, dtype=torch.int64), step=10_000)
    objective = next(model.objectives(batch, seeded(0)))
    elbo = float(model.log_density(batch.x, None, seeded(0)).mean())
    assert float(objective.loss) == pytest.approx(-elbo, abs=1e-3)  # of the same draws
    by_level = objective.terms["kl by level"]
    assert isinstance(by_level, Tensor) and len(by_level) == 2
    assert float(by_level.sum()) == pytest.approx(float(objective.terms["kl"]), abs=1e-4)
    assert float(objective.terms["level 2"]) == float(by_level[1])


def test_free_bits_are_a_floor_under_each_level() -> None:
    model = model_of(0)
    batch = Batch(repeated(64), torch.zeros(64, 0, dtype=torch.int64), step=10_000)
    tight = next(model.objectives(batch, seeded(0)))
    levels = tight.terms["kl by level"]
    assert isinstance(levels, Tensor)
    floor = float(levels.max()) + 1.0
    model.set_live({"free_bits": floor})
    free = next(model.objectives(batch, seeded(0)))
    assert float(free.loss - tight.loss) == pytest.approx(2 * floor - float(levels.sum()), abs=1e-3)


@pytest.mark.parametrize("kind", ["residual", "ladder", "plain"])
def test_posteriors_in_units_of_their_prior_have_the_divergence_of_torch(kind: str) -> None:
    a, b, mu, logvar = torch.randn(4, 7, 3, generator=seeded(0)).unbind(0)
    prior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    if kind == "residual":
        q = torch.distributions.Normal(mu + prior.scale * a, prior.scale * (0.5 * b).exp())
    elif kind == "plain":
        q = torch.distributions.Normal(a, (0.5 * b).exp())
    else:
        precision = (-b).exp() + (-logvar).exp()
        mean = (a * (-b).exp() + mu * (-logvar).exp()) / precision
        q = torch.distributions.Normal(mean, precision.rsqrt())
    code = standardised(kind, a, b, mu, logvar)
    assert code.logvar is not None
    unit = torch.distributions.Normal(code.mu, (0.5 * code.logvar).exp())
    torch.testing.assert_close(
        torch.distributions.kl_divergence(unit, torch.distributions.Normal(0.0, 1.0)),
        torch.distributions.kl_divergence(q, prior), atol=1e-5, rtol=1e-4,
    )  # fmt: skip


@both
def test_samples_follow_the_marginal(flows: int) -> None:
    model = model_of(flows)
    frames = list(model.sample_steps(60_000, VAESampling(noise=True), seeded(0)))
    density = exact(model)
    torch.testing.assert_close(frames[-1].x.mean(0), density.mean, atol=0.03, rtol=0)
    torch.testing.assert_close(frames[-1].x.T.cov(), density.covariance_matrix, atol=0.04, rtol=0.02)
    assert [frame.t for frame in frames] == [0.5, 0.0]


@both
def test_codes_are_standard_normal_where_the_encoder_is_right(flows: int) -> None:
    """Bending is exact: the linearised posterior of affine flows is the distribution of their draws."""
    model = model_of(flows)
    x = repeated(40_000)
    code, drawn = model.encode(x[:1]), model.posterior_draw(x, seeded(0))
    assert code.logvar is not None
    torch.testing.assert_close(drawn[:, :2].mean(0), code.mu[0, :2], atol=0.03, rtol=0)
    torch.testing.assert_close(drawn[:, :2].var(0), code.logvar[0, :2].exp(), atol=0.03, rtol=0.03)


@pytest.mark.parametrize("shape", [(2,), (3, 16, 16), (1, 28, 28), (1, 5, 8)])
@pytest.mark.parametrize("levels", [2, 4])
def test_ladders_fit_any_data_and_begin_with_normal_priors(shape: tuple[int, ...], levels: int) -> None:
    ladders: list[nn.Module] = [DenseLadder(shape, [3] * levels, 8, 1, 2)]
    if len(shape) == 3:
        ladders.append(ConvLadder(shape, 3, levels, 2, 8, 1, 2))
    for ladder in ladders:
        stream = ladder.start.expand(2, -1)  # type: ignore[union-attr, operator]
        features = ladder.features(torch.zeros(2, *shape))  # type: ignore[operator]
        assert len(features) == len(ladder.rungs) == levels  # type: ignore[arg-type]
        for rung, feature in zip(ladder.rungs, features):  # type: ignore[arg-type]
            mu, logvar = rung.expects(stream)
            assert not mu.any() and not logvar.any()
            assert rung.finds(stream, feature)[0].shape == (2, rung.size)
            h = torch.randn(2, rung.size)
            torch.testing.assert_close(rung.unbend(rung.bend(h, stream)[0], stream), h)
            stream = rung.descend(stream, h)
        assert ladder.leave(stream).shape == (2, *shape)  # type: ignore[operator]
