"""Every closed-form density of the 2-D sets integrates to 1 and is the one that its samples follow."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import genplay.data as data
from genplay.contract import knob
from genplay.core.dataset import Dataset
from genplay.data.densities import GaussianMixture, NoisyRings
from genplay.data.toy2d import Moons, Spirals, SwissRoll

CASES = [
    ("ring", {}),
    ("ring", {"k": 1, "radius": 1.0, "sigma": 0.1}),
    ("grid", {}),
    ("grid", {"side": 2, "sigma": 0.1}),
    ("moons", {}),
    ("moons", {"gap": -0.2, "sigma": 0.03}),
    ("checkerboard", {}),
    ("checkerboard", {"n": 3}),
    ("spirals", {}),
    ("spirals", {"arms": 3, "turns": 0.7, "sigma": 0.06}),
    ("swiss_roll", {}),
    ("swiss_roll", {"turns": 2.5, "sigma": 0.04}),
    ("pinwheel", {}),
    ("pinwheel", {"arms": 3, "swirl": 6.0, "tangential": 0.1}),
    ("rings", {}),
    ("rings", {"inner": 0.1, "sigma": 0.1}),
]
EDGE = 1.5
named = pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{i % 2}" for i, (n, _) in enumerate(CASES)])


def grid(cells: int) -> tuple[Tensor, float]:
    """Midpoints (cells^2, 2) of a grid over [-EDGE, EDGE]^2, row by row of x, and the area of a cell."""
    step = 2 * EDGE / cells
    line = -EDGE + step * (torch.arange(cells, dtype=torch.float64) + 0.5)
    return torch.cartesian_prod(line, line), step**2


def cells_for(name: str, options: dict[str, float]) -> int:
    """Fine enough that the midpoint rule, spectrally exact for Gaussian-smoothed densities, has converged."""
    if name == "checkerboard":
        return 18 * 12  # edges of the boards of 3 and of 4 cells lie on edges of the grid and of the bins
    scale = 0.02 if name == "pinwheel" else options.get("sigma", knob_default(name, "sigma")) * 0.75
    return math.ceil(2 * EDGE / scale / 18) * 18


def knob_default(name: str, wanted: str) -> float:
    return float(next(k.default for k in knob.knobs(data.source(name).Options) if k.name == wanted))


def chi_square(points: Tensor, mass: Tensor) -> tuple[float, int]:
    """Pearson's statistic of points against the mass (18, 18) of equal bins, rare bins pooled; degrees of freedom."""
    side = len(mass)
    bins = ((points + EDGE) * (side / (2 * EDGE))).long().clamp(0, side - 1)
    observed = torch.bincount(bins[:, 0] * side + bins[:, 1], minlength=side * side).double()
    expected = mass.flatten() * len(points)
    common = expected >= 10
    observed = torch.cat([observed[common], observed[~common].sum()[None]])
    expected = torch.cat([expected[common], (len(points) - expected[common].sum())[None].clamp(min=1.0)])
    return float(((observed - expected).square() / expected).sum()), len(expected) - 1


@named
def test_integrates_to_one_and_its_samples_agree(name: str, options: dict[str, float]) -> None:
    loaded = data.load(name, options)
    assert loaded.log_density is not None
    cells = cells_for(name, options)
    x, area = grid(cells)
    nats = loaded.log_density(x)
    assert nats.shape == (len(x),)
    assert nats.dtype == torch.float64
    density = nats.exp()
    assert abs(float(density.sum()) * area - 1) < 1e-6

    at_samples = loaded.log_density(loaded.train.double())
    entropy = -float(torch.xlogy(density, density).sum()) * area
    error = float(at_samples.std()) / math.sqrt(len(at_samples))
    assert abs(float(at_samples.mean()) + entropy) < 4 * error + 1e-6

    fold = cells // 18
    mass = (density * area).reshape(18, fold, 18, fold).sum((1, 3))
    statistic, degrees = chi_square(loaded.train.double(), mass)
    assert statistic < degrees + 4 * math.sqrt(2 * degrees)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 10])
def test_every_checkerboard_sample_lies_on_a_filled_cell(n: int) -> None:
    loaded = data.load("checkerboard", {"n": n})
    assert loaded.log_density is not None
    filled = (n * n + 1) // 2
    for part in (loaded.train, loaded.heldout):
        assert torch.allclose(loaded.log_density(part), torch.tensor(math.log(n * n / (4 * filled))).double())
    middles = (2 * torch.cartesian_prod(torch.arange(n), torch.arange(n)).double() + 1) / n - 1
    nats = loaded.log_density(middles)
    assert int(nats.isfinite().sum()) == filled
    assert loaded.log_density(torch.tensor([[1.01, 0.0], [0.0, -1.01]])).tolist() == [-math.inf, -math.inf]
    counts = torch.bincount(loaded.train_labels[:, 0], minlength=filled).double()
    expected = len(loaded.train) / filled
    assert float((counts - expected).square().sum() / expected) < filled - 1 + 4 * math.sqrt(2 * (filled - 1) + 1)


@pytest.mark.parametrize("source", [Moons, Spirals, SwissRoll])
def test_quadrature_is_exact_within_ten_sigma(source: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubling the panels changes nothing, near the smallest noise that can be set."""
    import genplay.data.toy2d as toy2d

    options = knob.build(source.Options, {"sigma": 0.02})
    plain = source.density(options)
    refined_by = toy2d.noisy_curves
    monkeypatch.setattr(toy2d, "noisy_curves", lambda curves, sigma: refined_by(curves, sigma, refine=2.0))
    fine = source.density(options)
    assert len(fine.centres) > 1.9 * len(plain.centres)
    points = data.load(source.name, {"sigma": 0.02}).heldout[:400].double()
    angle = torch.linspace(0, 2 * math.pi, len(points), dtype=torch.float64)
    for far in (0, 3, 6, 9):
        x = points + far * 0.02 * torch.stack([angle.cos(), angle.sin()], 1)
        near = torch.cdist(x, fine.centres).min(1).values < 10 * 0.02
        assert near.sum() > 100
        assert float((plain(x) - fine(x)).abs()[near].max()) < 1e-9


def test_quadrature_stays_sound_far_away() -> None:
    plain = Spirals.density(knob.build(Spirals.Options, {"sigma": 0.02}))
    x = torch.tensor([[3.0, 3.0], [-1.5, 1.5], [0.0, 1.5]], dtype=torch.float64)
    nearest = torch.cdist(x, plain.centres).min(1).values
    assert torch.allclose(plain(x), -(nearest**2) / (2 * 0.02**2), rtol=1e-2)


def test_the_ring_formula_is_the_integral_over_the_circle() -> None:
    """The Bessel form against a mixture of 4,096 Gaussians on the circle (spectrally exact)."""
    angle = 2 * math.pi * torch.arange(4096, dtype=torch.float64) / 4096
    circle = 0.7 * torch.stack([angle.cos(), angle.sin()], 1)
    mixture = GaussianMixture(circle, torch.full((4096,), -math.log(4096), dtype=torch.float64), 0.05)
    x = torch.rand(500, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3 - 1.5
    assert torch.allclose(NoisyRings((0.7,), 0.05)(x), mixture(x), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] != "checkerboard"])
def test_the_score_is_finite_at_the_data(name: str, options: dict[str, float]) -> None:
    loaded: Dataset = data.load(name, options)
    assert loaded.log_density is not None
    x = loaded.heldout[:200].double().requires_grad_()
    (score,) = torch.autograd.grad(loaded.log_density(x).sum(), x)
    assert score.isfinite().all()
    step = 1e-6 * torch.tensor([1.0, 0.0], dtype=torch.float64)
    with torch.no_grad():
        slope = (loaded.log_density(x + step) - loaded.log_density(x - step)) / 2e-6
    assert torch.allclose(score[:, 0], slope, rtol=1e-4, atol=1e-3)
