"""Noise schedules: what every one of them must be, and how steps are laid out on them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genplay.contract.sampling import GaussianSampling
from genplay.core.samplers import WIDEST, grid, spaced
from genplay.core.schedules import (
    CONTINUOUS,
    Discrete,
    GeometricVE,
    LinearVP,
    Rectified,
    ScaledLinearVP,
    Schedule,
    betas,
    schedule,
)
from genplay.families.score import Ladder

ALL: dict[str, Schedule] = {
    **{name: kind() for name, kind in CONTINUOUS.items()},
    **{f"{name}, {count} steps": schedule(name, count) for name in CONTINUOUS for count in (1000, 7)},
    "straight": Rectified(),
    "VE": GeometricVE(),
    "ladder": Ladder(0.01, 10.0, 20),
}
everyone = pytest.mark.parametrize("path", ALL.values(), ids=ALL)


def times(n: int = 501) -> Tensor:
    return torch.linspace(0, 1, n, dtype=torch.float64)


@everyone
def test_the_ratio_of_signal_to_noise_falls_strictly(path: Schedule) -> None:
    inside = times()[1:-1]
    assert bool((path.log_snr(inside).diff() < 0).all())
    ratio = path.sigma(times()) / path.alpha(times())
    assert bool((ratio.diff() > 0).all())
    assert bool(path.alpha(times()).isfinite().all()) and bool(path.sigma(times()).isfinite().all())


@everyone
def test_data_is_nearly_clean_at_0_and_nearly_noise_at_1(path: Schedule) -> None:
    start, end = path.alpha_bar(times(2)).tolist()
    assert start == pytest.approx(1, abs=2e-4)
    assert end < 0.01


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("count", [0, 50, 1000])
def test_named_schedules_preserve_the_variance(name: str, count: int) -> None:
    path = schedule(name, count)
    assert torch.allclose(path.alpha(times()) ** 2 + path.sigma(times()) ** 2, torch.ones(501).double())
    assert torch.allclose(path.alpha(times()) ** 2, path.alpha_bar(times()))


@everyone
def test_the_time_of_a_ratio_is_the_inverse_of_the_ratio(path: Schedule) -> None:
    t = times(101)[1:-1]
    ratio = path.sigma(t) / path.alpha(t)
    assert torch.allclose(path.time_of(ratio), t, atol=1e-9)
    assert torch.allclose(path.time_of(ratio), Schedule.time_of(path, ratio), atol=1e-9)
    beyond = path.time_of(torch.tensor([0.0, 1e-12, 1e30, math.inf], dtype=torch.float64))
    assert torch.allclose(beyond, torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64), atol=1e-9)


def test_continuous_schedules_are_integrals_of_their_rates() -> None:
    """d log alpha_bar / dt = -beta(t), up to the floor and the ceiling that keep both ends finite."""
    t = times()[10:-10].clone().requires_grad_()
    for path, beta in (
        (LinearVP(), 0.1 + 19.9 * t),
        (ScaledLinearVP(), (math.sqrt(0.85) + (math.sqrt(12) - math.sqrt(0.85)) * t) ** 2),
    ):
        (slope,) = torch.autograd.grad(path.log_alpha_bar(t).sum(), t)
        assert torch.allclose(-slope, beta.detach())


@pytest.mark.parametrize("name", ["linear", "scaled-linear", "cosine"])
def test_a_long_chain_approaches_continuous_time(name: str) -> None:
    gap = [(schedule(name, n).alpha_bar(times()) - schedule(name).alpha_bar(times())).abs().max() for n in (250, 4000)]
    assert gap[1] < gap[0] or name == "cosine"  # whose offsets at the ends differ
    assert gap[1] < 0.02


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("count", [1, 2, 10, 999, 4000])
def test_chains_of_any_length_are_chains(name: str, count: int) -> None:
    steps = betas(name, count)
    assert steps.shape == (count,) and bool(((steps > 0) & (steps < 1)).all())
    path = Discrete(steps)
    place = torch.arange(1, count + 1, dtype=torch.float64) / count
    assert torch.allclose(path.alpha_bar(place), (1 - steps).cumprod(0), rtol=1e-9)
    assert torch.equal(path.snap(place + 0.3 / count), place)
    assert path.snap(torch.zeros(1).double()).item() == 1 / count


def test_an_unknown_schedule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schedule("sine", 0)
    with pytest.raises(KeyError):
        betas("sine", 10)


def test_even_steps_on_a_chain_are_the_trailing_timesteps() -> None:
    """As numpy.round(arange(T, 0, -T / n)) - 1 numbers them from 0."""
    found = spaced(schedule("linear", 1000), 30, "uniform") * 1000
    assert found.round().int().tolist() == [round(1000 - i * 1000 / 30) for i in range(30)]
    assert torch.allclose(found, found.round())


@everyone
@pytest.mark.parametrize("spacing", ["uniform", "quadratic", "karras"])
@pytest.mark.parametrize("steps", [1, 5, 40])
def test_spaced_times_fall_from_1(path: Schedule, spacing: str, steps: int) -> None:
    found = spaced(path, steps, spacing)
    assert found[0] == 1
    assert found[-1] > 0 or path.t_min == 0
    assert bool((found.diff() < 0).all()) and len(found) <= steps
    assert len(found) == steps or path.snap(torch.tensor(0.123456).double()) != torch.tensor(0.123456).double()
    assert torch.equal(path.snap(found), found)


def test_quadratic_steps_are_closer_towards_the_data() -> None:
    found = spaced(Rectified(), 10, "quadratic")
    assert torch.allclose(found.sqrt().diff(), torch.full((9,), -0.1).double())


@pytest.mark.parametrize("path", [GeometricVE(0.002, 80.0), CONTINUOUS["cosine"]()], ids=["VE", "VP"])
def test_karras_steps_are_even_in_the_seventh_root_of_the_ratio(path: Schedule) -> None:
    found = spaced(path, 12, "karras")
    root = (path.sigma(found) / path.alpha(found)) ** (1 / 7)
    assert torch.allclose(root.diff(), root.diff().mean().expand(11), rtol=1e-4)
    assert root[0].item() ** 7 == pytest.approx(80, rel=1e-3)


@pytest.mark.parametrize("sampler", ["euler-maruyama", "langevin"])
@pytest.mark.parametrize("path", [LinearVP(), Rectified(), schedule("cosine", 1000)], ids=["VP", "straight", "chain"])
@pytest.mark.parametrize("steps", [10, 500])
def test_samplers_that_divide_by_alpha_keep_away_from_pure_noise(sampler: str, path: Schedule, steps: int) -> None:
    found = grid(path, GaussianSampling(sampler, steps=steps))
    assert all(a > b for a, b in zip(found.t, found.t[1:]))
    assert 0 < found.sigma[0] / found.alpha[0] < WIDEST * 1.2


def test_a_grid_begun_in_the_middle_goes_the_same_way() -> None:
    config = GaussianSampling("euler", steps=10)
    whole = grid(Rectified(), config)
    assert grid(Rectified(), config, whole.t[4]).t == whole.t[4:]
    assert grid(Rectified(), config, 0.55).t == [0.55, *whole.t[5:]]
    assert (whole.t[-1], whole.alpha[-1], whole.sigma[-1]) == (0.0, 1.0, 0.0)
