"""With the exact score of a mixture of Gaussians plugged in, every sampler converges as its theory says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import torch
from exact import THREE, Exact, Mixture, frames, normals
from torch import Tensor

from genplay.contract.sampling import SAMPLERS, STOCHASTIC, GaussianSampling
from genplay.core.model import Frame
from genplay.core.samplers import dormand_prince, walk
from genplay.core.schedules import Cosine, GeometricVE, LinearVP, Rectified, Schedule


class FineCosine(Cosine):
    """With so little noise at t = 0 that the last step, which jumps over it, leaves no error to be seen."""

    LEAST = 1e-6


PATHS: dict[str, Schedule] = {"VP": FineCosine(), "VE": GeometricVE(1e-4, 20.0), "straight": Rectified()}
on_every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
REGULAR = 0.95  # a time before which, on two of the paths, log(sigma / alpha) changes without bound


def begun(path: Schedule, start: float, n: int) -> Tensor:
    """States (n, 2) of pure noise, or for an earlier start exact draws of x_t."""
    noise = normals(5)
    time = torch.tensor(start, dtype=torch.float64)
    alpha, sigma = (path.alpha(time), path.sigma(time)) if start < 1 else (0.0, path.sigma(time))
    return alpha * THREE.draw(n, torch.Generator().manual_seed(6)) + sigma * noise(torch.empty(n, 2).double())


# ---- the probability-flow ODE ---------------------------------------------------------------------------------------


def runge_kutta(y: Tensor, begin: float, end: float, slope: Callable[[float, Tensor], Tensor], steps: int) -> Tensor:
    """The classical method of fourth order."""
    h = (end - begin) / steps
    for i in range(steps):
        u = begin + i * h
        k1 = slope(u, y)
        k2 = slope(u + h / 2, y + h / 2 * k1)
        k3 = slope(u + h / 2, y + h / 2 * k2)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(u + h, y + h * k3))
    return y


@cache
def flow(name: str, start: float, n: int = 64) -> tuple[Tensor, Tensor]:
    """States and where the flow takes them: dx/dt = eps - x_0, or dy/ds = eps with s = sinh(w) / 10, down to s = 0."""
    path, x = PATHS[name], begun(PATHS[name], start, n)

    def straight(t: float, y: Tensor) -> Tensor:
        x_0, eps = THREE.estimate(y, 1 - t, t)
        return eps - x_0

    def curved(w: float, y: Tensor) -> Tensor:
        return THREE.estimate(y, 1.0, math.sinh(w) / 10)[1] * math.cosh(w) / 10

    if path.flat:
        return x, runge_kutta(x, start, 0.0, straight, 400)
    time = torch.tensor(start, dtype=torch.float64)
    alpha, sigma = float(path.alpha(time)), float(path.sigma(time))
    return x, runge_kutta(x / alpha, math.asinh(10 * sigma / alpha), 0.0, curved, 400)


def even(path: Schedule, start: float, steps: int, in_log_ratio: bool) -> Tensor:
    """Times from ``start`` on, even in t, or in log(sigma / alpha) down to 1e-4 as the theory of DPM-Solver has it."""
    times = start * (1 - torch.arange(steps, dtype=torch.float64) / steps)
    if not in_log_ratio:
        return times
    highest = float((path.sigma(times[0]) / path.alpha(times[0])).log())
    return path.time_of(torch.linspace(highest, math.log(1e-4), steps, dtype=torch.float64).exp())


def errors(
    sampler: str, name: str, counts: list[int], start: float = 1.0, in_log_ratio: bool = False, **options: float
) -> list[float]:
    """Root mean square distance to the flow after ``counts`` steps from ``start``."""
    x, goal = flow(name, start)
    found = []
    for steps in counts:
        times = even(PATHS[name], start, steps, in_log_ratio)
        config = GaussianSampling(sampler, **options)
        *_, last = walk(x, Exact(THREE), PATHS[name], config, normals(), times=times)
        found.append(float((last.x - goal).square().sum(1).mean().sqrt()))
    return found


def order(counts: list[int], found: list[float]) -> float:
    """Minus the slope of log error over log steps, by least squares."""
    x, y = (torch.tensor(v, dtype=torch.float64).log() for v in (counts, found))
    x = x - x.mean()
    return -float((x * y).sum() / (x * x).sum())


on_every_path = pytest.mark.parametrize("path", PATHS)
deterministic = pytest.mark.parametrize(("sampler", "wanted"), [("euler", 1), ("ddim", 1), ("heun", 2), ("dpm++2m", 2)])


@on_every_path
@deterministic
def test_deterministic_samplers_follow_the_flow_at_their_order(sampler: str, wanted: int, path: str) -> None:
    counts = [40, 80, 160, 320]
    found = errors(sampler, path, counts, REGULAR, in_log_ratio=sampler == "dpm++2m")
    assert found[-1] < 0.01
    assert order(counts, found) == pytest.approx(wanted, abs=0.2)


@on_every_path
@deterministic
def test_from_pure_noise_their_error_falls_too(sampler: str, wanted: int, path: str) -> None:
    coarse, fine = errors(sampler, path, [50, 200])
    assert fine < coarse / 4 ** (0.55 * wanted)


@on_every_path
def test_the_adaptive_solver_does_what_its_tolerance_says(path: str) -> None:
    found = [errors("rk45", path, [1], tolerance=t)[0] for t in (1e-2, 1e-3, 1e-4)]
    assert found[1] < found[0] / 4 and found[2] < found[1] / 4 and found[2] < 1e-3


def test_the_method_of_dormand_and_prince_is_of_fifth_order() -> None:
    """On y' = y cos u, whose solution is e^sin u; the steps that it chose are counted, the error taken at the end."""
    counts, found = [], []
    for tolerance in (1e-4, 1e-6, 1e-8, 1e-10):
        y = torch.ones(1, 1, dtype=torch.float64)
        states = list(dormand_prince(y, 0.0, 6.0, lambda u, y: y * math.cos(u), tolerance, 0.1))
        counts.append(len(states))
        found.append(abs(float(states[-1][1]) - math.exp(math.sin(6.0))))
    assert states[-1][0] == pytest.approx(6.0, abs=1e-9)
    assert found[-1] < 1e-9 and order(counts, found) > 4.5


@on_every_path
@pytest.mark.parametrize("sampler", ["euler", "ddim", "heun"])
def test_a_walk_begun_again_at_one_of_its_states_ends_the_same(sampler: str, path: str) -> None:
    config = GaussianSampling(sampler, steps=12)
    whole = frames(THREE, PATHS[path], config, 8)
    for place in (1, 5, 11):
        again = list(walk(whole[place].x, Exact(THREE), PATHS[path], config, normals(9), start=whole[place].t))
        assert [f.t for f in again] == [f.t for f in whole[place:]]
        assert all(torch.equal(a.x, b.x) for a, b in zip(again, whole[place:]))


# ---- distributions --------------------------------------------------------------------------------------------------


def variance_error(sampler: str, path: Schedule, steps: int, **options: float) -> float:
    """Relative error of the variance of samples for data N(0, 0.7^2), without drawing any.

    A sampler is then a linear map of its first state and of each noise that it adds. Row 0 of the batch starts at noise
    of one deviation and meets no other; row k starts at 0 and meets only the k-th noise; the squares add up.
    """
    of = Mixture(torch.zeros(1, 1).double(), torch.tensor([0.49]).double(), torch.ones(1).double())
    config = GaussianSampling(sampler, steps=steps, spacing="uniform", **options)
    drawn = 0

    def unit(x: Tensor) -> Tensor:
        nonlocal drawn
        drawn += 1
        return torch.zeros_like(x).index_fill_(0, torch.tensor([drawn % len(x)]), 1.0)

    def go(rows: int) -> Iterator[Frame]:
        x = torch.zeros(rows, 1, dtype=torch.float64)
        x[0] = path.sigma(torch.ones((), dtype=torch.float64))
        return walk(x, Exact(of), path, config, unit)

    list(go(1))
    rows, drawn = drawn + 1, 0
    *_, last = go(rows)
    return abs(float(last.x.square().sum()) / 0.49 - 1)


@pytest.mark.parametrize("path", [*PATHS.values(), LinearVP()], ids=[*PATHS, "linear VP"])
@pytest.mark.parametrize("sampler", sorted(STOCHASTIC - {"langevin"}))
def test_stochastic_samplers_get_the_variance_right_at_first_order(sampler: str, path: Schedule) -> None:
    coarse, fine = variance_error(sampler, path, 64), variance_error(sampler, path, 256)
    assert fine < coarse / 3
    assert fine < 0.05


@on_every_path
def test_langevin_gets_the_variance_right_as_levels_come_closer(path: str) -> None:
    coarse, fine = (variance_error("langevin", PATHS[path], steps, inner=12, step_size=0.1) for steps in (16, 64))
    assert fine < coarse / 2.5
    assert fine < 0.25


def test_langevin_has_the_bias_of_its_step_size() -> None:
    """At one noise level, after many steps: variance v / (1 - e sigma^2 / (2 v)), shrunk by the last prediction."""
    path, steps = PATHS["straight"], torch.tensor([0.5], dtype=torch.float64)
    of = Mixture(torch.zeros(1, 1).double(), torch.tensor([0.49]).double(), torch.ones(1).double())
    config = GaussianSampling("langevin", inner=40, step_size=0.5)
    *_, last = walk(torch.zeros(100_000, 1).double(), Exact(of), path, config, normals(), times=steps)
    noised = 0.25 * 0.49 + 0.25
    wanted = noised / (1 - 0.5 * 0.25 / (2 * noised)) * (0.5 * 0.49 / noised) ** 2
    assert float(last.x.var()) == pytest.approx(wanted, rel=0.02)


DIRECTIONS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, -0.6]], dtype=torch.float64)


def largest_gap(x: Tensor, of: Mixture) -> float:
    """The Kolmogorov distance of samples (n, 2) to the mixture along ``DIRECTIONS``, the largest of them."""
    places, _ = (x @ DIRECTIONS.T).sort(0)  # (n, 4)
    away = (places[..., None] - DIRECTIONS @ of.centres.T) / of.variances.sqrt()
    exact = (torch.special.ndtr(away) * of.weights).sum(2)
    empirical = torch.arange(1, len(x) + 1, dtype=torch.float64)[:, None] / len(x)
    return float((empirical - exact).abs().max())


def test_exact_samples_leave_no_gap() -> None:
    assert largest_gap(THREE.draw(4000, torch.Generator().manual_seed(1)), THREE) < 0.03


FINE = {
    "langevin": GaussianSampling("langevin", steps=60, inner=6, step_size=0.2),
    "predictor-corrector": GaussianSampling("predictor-corrector", steps=100, corrections=1, step_size=0.05),
    "ddim": GaussianSampling("ddim", steps=150, eta=0.5),
}


@on_every_path
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_with_many_steps_samples_are_those_of_the_mixture(sampler: str, path: str) -> None:
    config = FINE.get(sampler, GaussianSampling(sampler, steps=150))
    x = frames(THREE, PATHS[path], config, 4000)[-1].x
    assert largest_gap(x, THREE) < 0.05
