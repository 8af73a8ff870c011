"""Langevin walks settle where theory says: plain ones beside the density, by a known distance, MALA in it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Generator, Tensor

from genplay.core.langevin import DualAveraging, Energy, Ladder, State, Stride, _chance, anneal, bounded, slope, walk

MODES = torch.tensor([[-1.5, 0.0], [1.5, 0.5]], dtype=torch.float64)
WEIGHTS, WIDTH = torch.tensor([0.3, 0.7], dtype=torch.float64), 0.7


def seeded(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def gaussian(s: float) -> Energy:
    return lambda x: x.square().sum(1) / (2 * s**2)


def two_modes(x: Tensor) -> Tensor:
    """-log of a mixture of two Gaussians in the plane, up to a constant."""
    squares = (x[:, None] - MODES).square().sum(2)
    return -(WEIGHTS.log() - squares / (2 * WIDTH**2)).logsumexp(1)


def drawn(n: int, seed: int) -> Tensor:
    """Exact draws (n, 2) of that mixture."""
    generator = seeded(seed)
    which = (torch.rand(n, generator=generator) < WEIGHTS[1]).long()
    return MODES[which] + WIDTH * torch.randn(n, 2, generator=generator, dtype=torch.float64)


def last(energy: Energy, x: Tensor, steps: int, stride: Stride, seed: int = 1, mask: Tensor | None = None) -> State:
    state = None
    for state in walk(energy, x, steps, stride, seeded(seed), mask):
        pass
    assert state is not None
    return state


def normals(n: int, dims: int, seed: int = 7) -> Tensor:
    return torch.randn(n, dims, generator=seeded(seed), dtype=torch.float64)


def gap(a: Tensor, b: Tensor) -> float:
    """The largest distance between two empirical distribution functions, over its 99.9 % point (Kolmogorov)."""
    both = torch.cat([a, b]).sort().values
    below = [torch.searchsorted(v.sort().values, both, right=True) / len(v) for v in (a, b)]
    return float((below[0] - below[1]).abs().max()) / (1.95 * math.sqrt(1 / len(a) + 1 / len(b)))


# ---- plain steps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("s", [0.5, 2.0])
@pytest.mark.parametrize("share", [0.3, 0.8, 1.3])
def test_the_bias_of_plain_steps_is_the_known_one(s: float, share: float) -> None:
    """Variance s^2 / (1 - h^2 / 4 s^2), from a fixed point of v = (1 - h^2 / 2 s^2)^2 v + h^2."""
    n, h = 20_000, share * s
    x = last(gaussian(s), s * normals(n, 1), 150, Stride(h)).x
    expected = s**2 / (1 - h**2 / (4 * s**2))
    assert float(x.var()) == pytest.approx(expected, rel=4 * math.sqrt(2 / n))
    assert abs(float(x.mean())) < 4 * math.sqrt(expected / n)


def test_plain_steps_longer_than_twice_the_deviation_fly_off() -> None:
    assert last(gaussian(1.0), normals(50, 1), 200, Stride(1.95)).x.abs().max() < 30
    assert last(gaussian(1.0), normals(50, 1), 200, Stride(2.2)).x.abs().max() > 1e6


def test_short_plain_steps_forget_where_they_began() -> None:
    n = 4000
    x = last(two_modes, torch.full((n, 2), 4.0, dtype=torch.float64), 300, Stride(0.35)).x
    exact = drawn(n, 3)
    assert torch.allclose(x.mean(0), exact.mean(0), atol=0.12)
    assert torch.allclose(x.var(0), exact.var(0), atol=0.25)


# ---- Metropolis's test ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("h", [0.3, 1.0, 2.5])
def test_mala_keeps_the_density_at_any_step_length(h: float) -> None:
    n = 20_000
    x = last(two_modes, drawn(n, 3), 40, Stride(h, metropolis=True)).x
    exact = drawn(n, 4)
    assert gap(x[:, 0], exact[:, 0]) < 1
    assert gap(x[:, 1], exact[:, 1]) < 1
    assert gap(x.norm(dim=1), exact.norm(dim=1)) < 1


@pytest.mark.parametrize("reach", [0.1, 0.5])
def test_mala_keeps_the_density_also_with_bounded_steps(reach: float) -> None:
    n = 20_000
    x = last(two_modes, drawn(n, 3), 40, Stride(1.0, metropolis=True, reach=reach)).x
    assert gap(x[:, 0], drawn(n, 4)[:, 0]) < 1
    assert gap(x.norm(dim=1), drawn(n, 4).norm(dim=1)) < 1


def test_bounded_steps_come_down_where_it_is_steep() -> None:
    """From 120 deviations away whole steps land beyond the valley, and are refused for ever."""
    steep, far = gaussian(0.01), torch.full((50, 2), 1.2)
    stuck = last(steep, far, 100, Stride(0.03, metropolis=True)).x
    assert torch.equal(stuck, far)
    arrived = last(steep, far, 100, Stride(0.03, metropolis=True, reach=2.0)).x
    assert arrived.norm(dim=1).max() < 0.06
    assert last(steep, far, 100, Stride(0.015, reach=2.0)).x.norm(dim=1).max() < 0.06


def test_a_bound_shortens_steep_gradients_only() -> None:
    gradient = torch.tensor([[3.0, 4.0], [300.0, 400.0]])
    found = bounded(gradient, 0.1, 2.0)
    assert torch.equal(found[0], gradient[0])
    assert torch.allclose(0.1**2 / 2 * found[1].norm(), torch.tensor(2.0 * 0.1 * math.sqrt(2)))
    assert torch.allclose(found[1] / found[1].norm(), gradient[1] / gradient[1].norm())


def test_without_the_test_the_same_steps_leave_the_density() -> None:
    n = 20_000
    x = last(two_modes, drawn(n, 3), 40, Stride(1.0)).x
    assert gap(x[:, 0], drawn(n, 4)[:, 0]) > 3


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_each_step_is_in_balance_with_its_reverse(temperature: float) -> None:
    """p(x) q(y | x) a(x, y) = p(y) q(x | y) a(y, x), for any two points."""
    x, y, h = 2 * normals(500, 2, 1), 2 * normals(500, 2, 2), 0.8
    (at_x, down_x), (at_y, down_y) = slope(two_modes, x), slope(two_modes, y)

    def flow(a: Tensor, ea: Tensor, ga: Tensor, b: Tensor, eb: Tensor, gb: Tensor) -> Tensor:
        log_q = -(b - a + h**2 / 2 * ga).square().sum(1) / (2 * h**2 * temperature)
        return -ea / temperature + log_q + _chance(a, ea, ga, b, eb, gb, h, temperature, None).log()

    forth, back = flow(x, at_x, down_x, y, at_y, down_y), flow(y, at_y, down_y, x, at_x, down_x)
    assert torch.allclose(forth, back, atol=1e-9)


@pytest.mark.parametrize("metropolis", [False, True])
@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_temperature_scales_the_variance(temperature: float, metropolis: bool) -> None:
    n = 20_000
    x = last(gaussian(1.0), normals(n, 1), 300, Stride(0.4, temperature, metropolis)).x
    bias = 1 if metropolis else 1 / (1 - 0.04)
    assert float(x.var()) == pytest.approx(temperature * bias, rel=4 * math.sqrt(2 / n))


def test_at_temperature_zero_chains_only_go_down() -> None:
    energies = [s.energy for s in walk(two_modes, 3 * normals(100, 2), 30, Stride(0.3, 0.0, True), seeded())]
    assert all((b <= a + 1e-12).all() for a, b in itertools.pairwise(energies))
    assert float(energies[-1].mean()) < float(energies[0].mean()) - 0.1


def test_what_is_refused_stays_and_what_is_reported_is_true() -> None:
    x = normals(200, 2)
    for state in walk(two_modes, x, 20, Stride(2.0, metropolis=True), seeded()):
        assert torch.equal((state.x != x).any(1), state.accepted)
        assert torch.allclose(state.energy, two_modes(state.x))
        assert torch.allclose(state.gradient, slope(two_modes, state.x)[1])
        x = state.x
    assert not state.accepted.all()
    assert state.accepted.any()


def test_infinite_energies_are_never_entered() -> None:
    def walled(x: Tensor) -> Tensor:
        return torch.where(x[:, 0] > 0, x.square().sum(1), torch.inf)

    for state in walk(walled, normals(300, 2).abs(), 60, Stride(1.0, metropolis=True), seeded()):
        assert (state.x[:, 0] > 0).all()
        assert state.energy.isfinite().all()


@pytest.mark.parametrize("metropolis", [False, True])
def test_kept_values_stay_and_the_rest_is_drawn_given_them(metropolis: bool) -> None:
    """Of a Gaussian with correlation r, x_1 given x_2 is N(r x_2, 1 - r^2)."""
    r, n = 0.8, 10_000
    precision = torch.tensor([[1.0, -r], [-r, 1.0]], dtype=torch.float64) / (1 - r**2)
    begin = torch.stack([normals(n, 1)[:, 0], torch.full((n,), 1.5, dtype=torch.float64)], 1)
    stride, mask = Stride(0.2, metropolis=metropolis), torch.tensor([True, False])
    x = last(lambda x: (x @ precision * x).sum(1) / 2, begin, 150, stride, mask=mask).x
    assert torch.equal(x[:, 1], begin[:, 1])
    assert float(x[:, 0].mean()) == pytest.approx(1.5 * r, abs=0.03)
    assert float(x[:, 0].var()) == pytest.approx(1 - r**2, rel=0.08)


# ---- step length ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [0.001, 0.3, 50.0])
def test_adaptation_finds_the_acceptance_and_then_rests(begin: float) -> None:
    scales = torch.linspace(0.5, 2.0, 20, dtype=torch.float64)
    stride = Stride(begin, metropolis=True, warmup=150)
    states = list(walk(lambda x: (x / scales).square().sum(1) / 2, scales * normals(200, 20), 200, stride, seeded()))
    after = states[151:]
    assert len({s.h for s in after}) == 1
    assert len({s.h for s in states[:150]}) > 100
    assert float(torch.stack([s.chance for s in after]).mean()) == pytest.approx(0.574, abs=0.04)


def test_dual_averaging_solves_for_the_step_length() -> None:
    """Where the acceptance is exp(-h), it settles at h = log 2 for a half."""
    finder = DualAveraging(0.01, 0.5)
    for _ in range(400):
        finder.learn(math.exp(-finder.h))
    assert finder.settled == pytest.approx(math.log(2), rel=0.05)


# ---- levels of noise ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metropolis", [False, True])
def test_the_ladder_leads_from_noise_to_the_density(metropolis: bool) -> None:
    """With the exact energies of the noised mixture, the walk ends in the least noised one."""
    least, most, n = 0.05, 10.0, 5000

    def sigma(t: float) -> float:
        return least * (most / least) ** t

    def energy(x: Tensor, t: float) -> Tensor:
        squares = (x[:, None] - MODES).square().sum(2)
        return -(WEIGHTS.log() - squares / (2 * (WIDTH**2 + sigma(t) ** 2))).logsumexp(1)

    x = most * normals(n, 2)
    for state in anneal(Ladder(energy, sigma), x, 150, Stride(0.6, metropolis=metropolis), seeded()):
        pass
    assert torch.allclose(state.energy, energy(state.x, 0.0))
    exact = drawn(n, 3)
    right = float((state.x[:, 0] > 0).double().mean())
    assert right == pytest.approx(float((exact[:, 0] > 0).double().mean()), abs=0.04)
    assert torch.allclose(state.x.mean(0), exact.mean(0), atol=0.12)
    assert torch.allclose(state.x.var(0), exact.var(0), rtol=0.1)
