"""The mathematics of the adversarial game: losses at their optimum, penalties, unrolling, statistics of a batch."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from genplay.nn.adversarial import (
    LOSSES,
    discriminator_loss,
    distance_from_one,
    generator_loss,
    growth,
    sameness,
    slopes,
    squared_slope,
    unrolled,
)
from genplay.nn.critics import KERNEL_SIZE, KERNELS, MinibatchDeviation, MinibatchDiscrimination, PictureTrunk
from genplay.nn.generators import ConvGenerator, StyledConv, Synthesis
from genplay.nn.spectral import SpectralConv, SpectralLinear, normalise


def seeded(number: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def number(value: Tensor) -> float:
    return float(value.detach())


def critic(inputs: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, 7), nn.Softplus(), nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def score_of(network: nn.Module) -> object:
    return lambda x: network(x.flatten(1))[:, 0]


# ---- losses ---------------------------------------------------------------------------------------------------------


def expected(loss: str, p: Tensor, q: Tensor, s: Tensor) -> Tensor:
    """D's loss in expectation over outcomes with real probabilities p and generated ones q, scores s an outcome."""
    real = torch.stack([discriminator_loss(loss, v.view(1), torch.full((1,), -1e4).double()) for v in s])
    fake = torch.stack([discriminator_loss(loss, torch.full((1,), 1e4).double(), v.view(1)) for v in s])
    return (p * real + q * fake).sum()


P, Q = torch.tensor([[0.5, 0.3, 0.15, 0.05], [0.1, 0.2, 0.3, 0.4]], dtype=torch.float64)


def test_the_best_discriminator_of_the_logistic_game_knows_the_ratio_and_tells_the_jensen_shannon_divergence() -> None:
    best = (P / Q).log().requires_grad_(True)
    loss = expected("minimax", P, Q, best)
    middle = (P + Q) / 2
    jensen_shannon = 0.5 * ((P * (P / middle).log()).sum() + (Q * (Q / middle).log()).sum())
    assert number(loss.detach()) == pytest.approx(2 * math.log(2) - 2 * number(jensen_shannon), abs=1e-9)
    assert number(torch.autograd.grad(loss, best)[0].abs().max()) < 1e-12


def test_the_best_discriminator_of_the_hinge_game_tells_the_total_variation() -> None:
    loss = expected("hinge", P, Q, (P - Q).sign())
    assert number(loss) == pytest.approx(2 - number((P - Q).abs().sum()), abs=1e-9)


def test_the_best_discriminator_of_least_squares_is_the_share_of_real_data() -> None:
    s = (P / (P + Q)).requires_grad_(True)
    loss = 0.5 * (P * (s - 1).square()).sum() + 0.5 * (Q * s.square()).sum()
    assert number(torch.autograd.grad(loss, s)[0].abs().max()) < 1e-12
    one = discriminator_loss("least squares", s.detach()[:1], s.detach()[1:2])
    assert number(one) == pytest.approx(0.5 * number((s.detach()[0] - 1) ** 2 + s.detach()[1] ** 2), abs=1e-12)


def test_the_wasserstein_loss_is_the_difference_of_means() -> None:
    a, b = torch.randn(2, 9, generator=seeded()).double()
    assert number(discriminator_loss("wasserstein", a, b)) == pytest.approx(number(b.mean() - a.mean()), abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_generator_gains_by_higher_scores(loss: str) -> None:
    score = torch.linspace(-3, 0.9, 20).double().requires_grad_(True)
    slope = torch.autograd.grad(generator_loss(loss, score), score)[0]
    assert bool((slope < 0).all())


def test_only_the_minimax_loss_loses_its_slope_where_the_discriminator_is_sure() -> None:
    def slope(loss: str) -> float:
        score = torch.tensor([-12.0]).double().requires_grad_(True)
        return abs(number(torch.autograd.grad(generator_loss(loss, score), score)[0]))

    assert slope("minimax") < 1e-4
    assert slope("non-saturating") > 0.99


def test_smoothed_labels_stop_the_discriminator_from_being_sure() -> None:
    score = torch.tensor([math.log(0.9 / 0.1)], dtype=torch.float64, requires_grad=True)
    loss = discriminator_loss("non-saturating", score, torch.tensor([-50.0]).double(), 0.1)
    assert abs(number(torch.autograd.grad(loss, score)[0])) < 1e-12


# ---- penalties ------------------------------------------------------------------------------------------------------


def test_slopes_are_those_of_a_jacobian_taken_one_sample_at_a_time() -> None:
    network, x = critic(), torch.randn(6, 3, generator=seeded(1)).double()
    one = [torch.autograd.functional.jacobian(lambda v: network(v[None])[0, 0], row) for row in x]
    found = slopes(score_of(network), x)
    assert number((found - torch.stack(one)).abs().max()) < 1e-12
    r1 = sum(number(g.square().sum()) for g in one) / len(one)
    penalty = sum((number(g.norm()) - 1) ** 2 for g in one) / len(one)
    assert number(squared_slope(score_of(network), x)) == pytest.approx(r1, abs=1e-12)
    assert number(distance_from_one(score_of(network), x)) == pytest.approx(penalty, abs=1e-9)


@pytest.mark.parametrize("penalty", [squared_slope, distance_from_one])
def test_penalties_change_the_weights_as_finite_differences_say(penalty: object) -> None:
    network, x = critic(), torch.randn(5, 3, generator=seeded(2)).double()
    weights = list(network.parameters())
    found = torch.autograd.grad(penalty(score_of(network), x), weights, allow_unused=True)  # type: ignore[operator]
    for weight, slope in zip(weights, found):
        place = tuple(0 for _ in weight.shape)
        values = []
        for change in (1e-5, -2e-5):
            with torch.no_grad():
                weight[place] += change
            values.append(number(penalty(score_of(network), x)))  # type: ignore[operator]
        with torch.no_grad():
            weight[place] += 1e-5
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(
            number(slope[place]) if slope is not None else 0.0, abs=1e-6
        )


def test_a_linear_score_has_the_slope_of_its_weights() -> None:
    w = torch.tensor([3.0, -4.0]).double()
    x = torch.randn(8, 2, generator=seeded(3)).double()
    assert number(squared_slope(lambda v: v @ w, x)) == pytest.approx(25)
    assert number(distance_from_one(lambda v: v @ w, x)) == pytest.approx(16)


def test_packed_samples_have_the_slope_of_the_pack() -> None:
    w = torch.tensor([1.0, 2.0]).double()
    x = torch.randn(8, 2, generator=seeded(4)).double()
    found = squared_slope(lambda v: v.view(4, 4) @ torch.cat([w, w]), x, packing=2)
    assert number(found) == pytest.approx(10)


# ---- unrolling ------------------------------------------------------------------------------------------------------


def test_unrolled_descent_of_a_quadratic_is_the_closed_form() -> None:
    """For w'Aw/2 - b'w: w_k = (I - rate A)^k w_0 + (I - (I - rate A)^k) A^-1 b, and so its derivative by b."""
    a = torch.tensor([[2.0, 0.3], [0.3, 1.0]]).double()
    b = torch.tensor([0.7, -0.2]).double().requires_grad_(True)
    w = torch.tensor([1.0, 1.0]).double().requires_grad_(True)
    found = unrolled(lambda ws: 0.5 * ws["w"] @ a @ ws["w"] - b @ ws["w"], {"w": w}, 5, 0.1)["w"]
    power = torch.linalg.matrix_power(torch.eye(2).double() - 0.1 * a, 5)
    change = (torch.eye(2).double() - power) @ a.inverse()
    assert number((found - (power @ w + change @ b)).abs().max()) < 1e-12
    slope = torch.autograd.grad(found.sum(), b)[0]
    assert number((slope - change.sum(0)).abs().max()) < 1e-12


def test_the_generator_sees_through_the_steps_of_a_network() -> None:
    network = critic(1)
    x = torch.randn(6, 1, generator=seeded(5)).double()

    def ahead(fake: Tensor) -> Tensor:
        def loss(weights: dict[str, Tensor]) -> Tensor:
            real, generated = (functional_call(network, weights, (v,))[:, 0] for v in (x, fake))
            return discriminator_loss("non-saturating", real, generated)

        weights = unrolled(loss, dict(network.named_parameters()), 3, 0.2)
        return generator_loss("non-saturating", functional_call(network, weights, (fake,))[:, 0])

    fake = torch.randn(6, 1, generator=seeded(6)).double().requires_grad_(True)
    assert torch.autograd.gradcheck(ahead, (fake,), eps=1e-6, atol=1e-6)


# ---- spectral norm --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [SpectralLinear(9, 6), SpectralConv(4, 6, 3, padding=1)], ids=["dense", "conv"])
def test_spectral_norm_is_the_largest_singular_value_and_its_gradient_that_of_torch(layer: nn.Module) -> None:
    layer = layer.double()
    normalise(layer, True)
    layer.train()
    for _ in range(500):
        layer.normalised()  # type: ignore[operator]
    found = layer.normalised()  # type: ignore[operator]
    weight = layer.weight
    assert number(torch.linalg.svdvals(found.flatten(1))[0]) == pytest.approx(1, abs=1e-9)
    twin = nn.Linear(9, 6) if isinstance(layer, nn.Linear) else nn.Conv2d(4, 6, 3, padding=1)
    twin = twin.double()
    with torch.no_grad():
        twin.weight.copy_(weight)
    torch.nn.utils.parametrizations.spectral_norm(twin, n_power_iterations=500)
    assert number((twin.weight - found).abs().max()) < 1e-6
    direction = torch.randn(found.shape, generator=seeded(7)).double()
    ours = torch.autograd.grad((found * direction).sum(), weight)[0]
    theirs = torch.autograd.grad((twin.weight * direction).sum(), twin.parametrizations.weight.original)[0]
    assert number((ours - theirs).abs().max()) < 1e-6


def test_switching_spectral_norm_changes_nothing_else() -> None:
    layer = SpectralLinear(5, 4)
    x = torch.randn(3, 5, generator=seeded(8))
    before = layer(x)
    normalise(layer, True)
    assert not torch.equal(layer(x), before)
    normalise(layer, False)
    assert torch.equal(layer(x), before)


# ---- statistics of a batch ------------------------------------------------------------------------------------------


def test_minibatch_discrimination_is_the_sum_over_pairs() -> None:
    torch.manual_seed(1)
    layer = MinibatchDiscrimination(6)
    features = torch.randn(5, 6, generator=seeded(9))
    rows = layer.project(features).view(5, KERNELS, KERNEL_SIZE)
    wanted = torch.zeros(5, KERNELS)
    for i in range(5):
        for j in range(5):
            wanted[i] += torch.exp(-(rows[i] - rows[j]).abs().sum(1)) / 5
    assert number((layer(features) - wanted).abs().max()) < 1e-6


def test_minibatch_deviation_is_the_mean_deviation_and_0_for_a_collapsed_batch() -> None:
    layer = MinibatchDeviation()
    features = torch.randn(8, 4, generator=seeded(10))
    assert number(layer(features)[0]) == pytest.approx(number(features.std(0, unbiased=False).mean()), abs=1e-5)
    assert number(layer(features[:1].expand(8, -1))[0]) < 1e-3


def test_in_evaluation_a_score_does_not_depend_on_its_company() -> None:
    for layer in (MinibatchDiscrimination(6), MinibatchDeviation()):
        layer(torch.randn(64, 6, generator=seeded(11)))
        layer.eval()
        features = torch.randn(9, 6, generator=seeded(12))
        assert torch.allclose(layer(features)[:2], layer(features[:2]), atol=1e-6)


def test_codes_that_make_no_difference_cost_more() -> None:
    z = torch.randn(16, 4, generator=seeded(13))
    assert number(sameness(z, torch.zeros(16, 2))) > 5 * number(sameness(z, z[:, :2]))


# ---- styles and growing ---------------------------------------------------------------------------------------------


def test_a_styled_convolution_is_one_with_weights_of_its_own_for_every_sample() -> None:
    torch.manual_seed(2)
    layer = StyledConv(5, 7, 4).double()
    x, w = torch.randn(3, 5, 6, 6, generator=seeded(14)).double(), torch.randn(3, 4, generator=seeded(15)).double()
    found = layer(x, w, torch.zeros(()).double())
    for i in range(3):
        weight = layer.weight * layer.style(w)[i].view(1, -1, 1, 1)
        weight = weight * (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        plain = F.conv2d(x[i : i + 1], weight, layer.bias, padding=1)
        wanted = F.leaky_relu(plain, 0.2) * math.sqrt(2 / 1.04)
        assert number((found[i : i + 1] - wanted).abs().max()) < 1e-6


SHAPE = (3, 16, 16)


@pytest.mark.parametrize("level", [0.0, 1.0, 2.0])
def test_growing_begins_where_the_smaller_network_ended(level: float) -> None:
    torch.manual_seed(3)
    synthesis = Synthesis(8, SHAPE, 4)
    w = torch.randn(2, 3, 8, generator=seeded(16))
    conv = ConvGenerator(5, SHAPE, 4, growing=True).eval()
    code = torch.randn(2, 5, generator=seeded(17))
    trunk = PictureTrunk(3, SHAPE, 4, growing=True)
    x = torch.randn(2, *SHAPE, generator=seeded(18))
    for network in (lambda v: synthesis(w, None, v), lambda v: conv(code, v), lambda v: trunk(x, v)):
        if level:
            assert torch.allclose(network(level), network(level - 1e-6), atol=1e-4)
        if level < 2:
            assert torch.allclose(network(level), network(level + 1e-6), atol=1e-4)


def test_a_grown_network_is_the_whole_one() -> None:
    torch.manual_seed(4)
    conv, trunk = ConvGenerator(5, SHAPE, 4, growing=True).eval(), PictureTrunk(3, SHAPE, 4, growing=True)
    code, x = torch.randn(2, 5, generator=seeded(19)), torch.randn(2, *SHAPE, generator=seeded(20))
    assert torch.allclose(conv(code, 2.0), conv(code, None), atol=1e-6)
    assert torch.allclose(trunk(x, 2.0), trunk(x, None), atol=1e-6)
    assert growth(3.0, 2) is None
    levels = [growth(i / 100, 2) for i in range(250)]
    assert all(b >= a for a, b in itertools.pairwise(levels))  # type: ignore[operator]
