"""Mixing measured against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from genplay.metrics.chains import autocorrelation, integrated_time, mixing, split_rhat


def ar1(rho: float, steps: int, chains: int, seed: int = 0) -> np.ndarray:
    """Stationary chains x' = rho x + sqrt(1 - rho^2) z, whose autocorrelation at lag t is rho^t."""
    dice = np.random.default_rng(seed)
    x = np.empty((steps, chains))
    x[0] = dice.standard_normal(chains)
    for t in range(1, steps):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * dice.standard_normal(chains)
    return x


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.4])
def test_the_integrated_time_of_an_autoregression_is_known(rho: float) -> None:
    found = mixing(ar1(rho, 20_000, 4))
    tau = (1 + rho) / (1 - rho)
    assert found.tau == pytest.approx(tau, rel=0.1)
    assert found.ess == pytest.approx(80_000 / tau, rel=0.1)
    assert found.rhat == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(found.rho[:5], rho ** np.arange(5), atol=0.03)


def test_the_error_of_a_mean_is_that_of_so_many_independent_draws() -> None:
    chains = ar1(0.8, 2000, 300)
    ess = np.mean([mixing(chains[:, i : i + 1]).ess for i in range(40)])
    assert np.var(chains.mean(0)) == pytest.approx(1 / ess, rel=0.25)


def test_chains_that_stay_apart_are_found_out() -> None:
    """Each chain alone mixes at once; together they have not."""
    values = ar1(0.0, 1000, 4) + 10 * np.arange(4)
    found = mixing(values)
    assert found.rhat > 5
    assert found.ess < 20
    assert mixing(values[:, :1]).ess > 500


def test_a_drift_within_one_chain_shows_in_its_halves() -> None:
    assert split_rhat(ar1(0.0, 1000, 1) + np.linspace(0, 10, 1000)[:, None]) > 1.5


def test_geyer_cuts_where_pairs_turn_negative_and_lets_none_grow() -> None:
    assert integrated_time(np.array([1.0, 0.5, 0.1, 0.1, -0.3, 0.1, 0.9, 0.9])) == pytest.approx(2 * (1.5 + 0.2) - 1)
    assert integrated_time(np.array([1.0, 0.1, 0.9, 0.9, -0.5, 0.1])) == pytest.approx(2 * (1.1 + 1.1) - 1)


def test_autocorrelation_by_fourier_is_that_of_the_definition() -> None:
    x = np.random.default_rng(1).standard_normal((50, 1)).cumsum(0)
    centred = (x - x.mean())[:, 0]
    direct = np.array([centred[: 50 - t] @ centred[t:] for t in range(50)]) / 50
    within, whole = centred @ centred / 49, centred @ centred / 49 * 49 / 50
    np.testing.assert_allclose(autocorrelation(x)[1:], 1 - (within - direct[1:] * 50 / 49) / whole, atol=1e-9)


@pytest.mark.parametrize("values", [np.ones((100, 3)), np.zeros((3, 2)), np.zeros((1, 1))])
def test_where_nothing_can_be_said_nothing_is(values: np.ndarray) -> None:
    found = mixing(values)
    assert np.isnan(found.tau)
    assert np.isnan(found.ess)
    assert np.isnan(found.rhat)
