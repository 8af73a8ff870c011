"""How well Markov chains mix: autocorrelation, effective sample size and R-hat of a number followed along chains.

A number f seen T times on each of C chains, with autocorrelations rho_t, tells as much about its mean as

    ESS = C T / tau,        tau = 1 + 2 sum_{t > 0} rho_t

independent draws would. The sum is cut where noise takes over: sums of neighbouring pairs rho_{2k} + rho_{2k+1} are
positive and fall for any reversible chain (Geyer 1992, Practical Markov chain Monte Carlo), so pairs are added up to
the first that is not positive, none counting more than the one before it.

rho_t is taken over all chains together, rho_t = 1 - (W - mean autocovariance_t) / V (Gelman et al. 2013, Bayesian Data
Analysis, section 11.5), with W the variance within chains and V that of all values: chains that each stay in a place of
their own count as correlated, however fast they move there. R-hat = sqrt(V / W), each chain cut into halves, is 1 when
the chains agree (Gelman and Rubin 1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST = 8  # steps below which nothing can be said


class Mixing(NamedTuple):
    """``rho`` (T,) autocorrelation by lag, ``tau`` in steps, ``ess`` in independent draws, ``rhat``."""

    rho: np.ndarray
    tau: float
    ess: float
    rhat: float


def mixing(values: np.ndarray) -> Mixing:
    """What values (T, C) at T steps of C chains tell; NaN where there are too few, or they never change."""
    values = np.asarray(values, np.float64)
    steps, chains = values.shape
    rho = autocorrelation(values)
    if steps < LEAST or not np.isfinite(rho).all():
        return Mixing(rho, np.nan, np.nan, np.nan)
    tau = integrated_time(rho)
    return Mixing(rho, tau, steps * chains / tau, split_rhat(values))


def autocovariance(values: np.ndarray) -> np.ndarray:
    """Autocovariance (T, C) of each column of values (T, C) about its own mean, divided by T (the biased estimate)."""
    steps = len(values)
    centred = values - values.mean(0)
    size = 1 << (2 * steps - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
    return np.asarray(np.fft.irfft(power, size, axis=0)[:steps] / steps)


def autocorrelation(values: np.ndarray) -> np.ndarray:
    """rho (T,) of values (T, C) over all chains together; 1 at lag 0, NaN where the values never change."""
    steps = len(values)
    if steps < 2:
        return np.full(steps, np.nan)
    covariance = autocovariance(values).mean(1)
    within, whole = _variances(values)
    if not whole > 1e-14 * max(1.0, float(np.square(values).mean())):
        return np.full(steps, np.nan)
    rho = 1 - (within - covariance * (steps / (steps - 1))) / whole
    rho[0] = 1.0
    return np.asarray(rho)


def integrated_time(rho: np.ndarray) -> float:
    """tau in steps from autocorrelations rho (T,), by Geyer's initial monotone sequence; at least 1 / log10(T + 10).

    >>> round(integrated_time(0.5 ** np.arange(64)), 3)
    3.0
    """
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(1)
    ends = np.flatnonzero(pairs <= 0)
    kept = np.minimum.accumulate(pairs[: ends[0]] if len(ends) else pairs)
    return float(max(2 * kept.sum() - 1, 1 / np.log10(len(rho) + 10)))


def split_rhat(values: np.ndarray) -> float:
    """R-hat of values (T, C), each chain cut into its first and second half; NaN where they never change."""
    half = len(values) // 2
    within, whole = _variances(np.concatenate([values[:half], values[-half:]], axis=1))
    return float(np.sqrt(whole / within)) if within > 0 else np.nan


def _variances(values: np.ndarray) -> tuple[float, float]:
    """The mean variance within the columns of values (T, C), and the estimate of that of all."""
    steps, chains = values.shape
    within = float(values.var(0, ddof=1).mean())
    between = float(values.mean(0).var(ddof=1)) if chains > 1 else 0.0
    return within, within * (steps - 1) / steps + between
