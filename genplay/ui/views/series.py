"""Curves in memory: every point that came, smoothed on request, and thinned to the pixels only for drawing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from genplay.contract.results import CurveBlock


class Growing:
    """A float64 array that grows by doubling."""

    def __init__(self) -> None:
        self._room = np.empty(256)
        self.n = 0

    def extend(self, values: np.ndarray) -> None:
        """Append values."""
        need = self.n + len(values)
        if need > len(self._room):
            larger = np.empty(max(need, 2 * len(self._room)))
            larger[: self.n] = self._room[: self.n]
            self._room = larger
        self._room[self.n : need] = values
        self.n = need

    def truncate(self, n: int) -> None:
        """Keep the first ``n`` values."""
        self.n = min(self.n, n)

    @property
    def view(self) -> np.ndarray:
        """What is there, without a copy."""
        return self._room[: self.n]


class Series:
    """One curve: steps (ascending) and finite values, and its smoothed version."""

    def __init__(self) -> None:
        self._steps, self._values, self._smooth = Growing(), Growing(), Growing()
        self._weight = -1.0  # of the smoothing that is cached
        self._mean = 0.0  # the exponential mean before debiasing, at the end of the cache

    @property
    def steps(self) -> np.ndarray:
        """Training steps (n,)."""
        return self._steps.view

    @property
    def values(self) -> np.ndarray:
        """Values (n,), as they came."""
        return self._values.view

    def extend(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Append points; those whose value is missing (NaN) or infinite are left out."""
        keep = np.isfinite(values)
        self._steps.extend(steps[keep])
        self._values.extend(values[keep])

    def drop_from(self, step: float) -> None:
        """Forget the points at ``step`` and after."""
        n = int(np.searchsorted(self.steps, step))
        if n < self._steps.n:
            self._steps.truncate(n)
            self._values.truncate(n)
            self._smooth.truncate(0)
            self._weight = -1.0

    def smooth(self, weight: float) -> np.ndarray:
        """The debiased exponential mean of the values, (n,); see :func:`exponential_mean`. Only new points cost."""
        if weight != self._weight:
            self._smooth.truncate(0)
            self._weight, self._mean = weight, 0.0
        done = self._smooth.n
        if done < self._values.n:
            fresh, self._mean = exponential_mean(self.values[done:], weight, self._mean, done)
            self._smooth.extend(fresh)
        return self._smooth.view

    def at(self, step: float, weight: float) -> float | None:
        """The smoothed value at the last point not after ``step``; None before the first."""
        index = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.smooth(weight)[index]) if index >= 0 else None


class CurveStore:
    """All curves of all runs, losslessly."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, Series]] = {}

    def take(self, block: CurveBlock) -> None:
        """Append a block; ``reset`` first forgets the run's points at and after the block's first step.

        A series that a block goes back in is cut there as well, so steps always ascend.
        """
        run = self._runs.setdefault(block.run_id, {})
        steps = np.asarray(block.steps, dtype=np.float64)
        if block.reset and not len(steps):
            run.clear()
        elif block.reset:
            for series in run.values():
                series.drop_from(float(steps.min()))
        for column, name in enumerate(block.names):
            series = run.setdefault(name, Series())
            values = np.asarray(block.values[:, column], dtype=np.float64)
            held = np.isfinite(values)  # a row may be older than what other series have: only its own values count
            if held.any():
                series.drop_from(float(steps[held][0]))
            series.extend(steps[held], values[held])

    def forget(self, run_id: str) -> None:
        """Let go of a run's curves."""
        self._runs.pop(run_id, None)

    def series(self, run_id: str) -> dict[str, Series]:
        """The curves of a run by name, in order of appearance; those without a point are left out."""
        return {name: series for name, series in self._runs.get(run_id, {}).items() if len(series.steps)}

    def table(self, run_id: str) -> dict[str, list[tuple[int, float]]]:
        """The curves of a run as lists of (step, value), for ``genplay.export.table``; values float32."""
        return {
            name: list(zip(s.steps.astype(np.int64).tolist(), s.values.astype(np.float32)))
            for name, s in self.series(run_id).items()
        }


def robust_range(values: np.ndarray) -> tuple[float, float] | None:
    """The range that shows most of ``values`` (n,) well, and their last one; None where there are no finite ones.

    Values farther out than three times the distance of the quartiles (the fences of Tukey 1977) are left out, such as
    those before a loss has fallen, but never more than 5 % at either end.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    at = np.array([0.05, 0.25, 0.75, 0.95]) * (len(finite) - 1)  # what np.quantile does, with less ado
    low, first, third, high = np.interp(at, np.arange(len(finite)), np.sort(finite))
    reach = 3 * (third - first)
    low, high = min(low, max(first - reach, finite.min())), max(high, min(third + reach, finite.max()))
    return float(min(low, finite[-1])), float(max(high, finite[-1]))


def exponential_mean(values: np.ndarray, weight: float, mean: float = 0.0, before: int = 0) -> tuple[np.ndarray, float]:
    """Debiased exponential mean s_t = m_t / (1 - w^t), where m_t = w m_{t-1} + (1 - w) v_t and m_0 = 0.

    The division takes away the pull towards the 0 that the mean starts from (as in Adam, Kingma & Ba 2015,
    arXiv:1412.6980), so s_1 = v_1. ``mean`` is m after the first ``before`` values. Returns s (n,) and the last m.
    Computed in blocks by m_{t+k} = w^k (m_t + (1 - w) sum_i v_{t+i} w^-i), short enough not to overflow.
    """
    if weight <= 0 or not len(values):
        return values.astype(np.float64), float(values[-1]) if len(values) else mean
    length = max(1, int(60 / -math.log10(weight)))
    smooth = np.empty(len(values))
    for start in range(0, len(values), length):
        block = values[start : start + length]
        powers = weight ** np.arange(1, len(block) + 1)
        means = powers * (mean + (1 - weight) * np.cumsum(block / powers))
        smooth[start : start + length] = means
        mean = float(means[-1])
    counts = np.arange(before + 1, before + len(values) + 1)
    return smooth / (1 - weight**counts), mean


def thinned(x: np.ndarray, y: np.ndarray, low: float, high: float, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of a curve in [``low``, ``high``], as at most two points (lowest and highest value) a pixel column.

    ``x`` (n,) ascending, ``y`` (n,) finite. One point beyond either end is kept, so that lines reach the edge.
    """
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    x, y = x[first:last], y[first:last]
    if len(x) <= 2 * columns or high <= low:
        return x, y
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1)[:-1])
    starts = np.unique(np.concatenate([[0], edges[edges < len(x)]]))
    lowest, highest = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    rising = y[starts] <= y[np.append(starts[1:], len(y)) - 1]
    pairs = np.where(rising[:, None], np.stack([lowest, highest], 1), np.stack([highest, lowest], 1))
    return np.repeat(x[starts], 2), pairs.ravel()


def averaged(x: np.ndarray, y: np.ndarray, low: float, high: float, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Like :func:`thinned`, but the mean of each column and the last point as it is: for lines that are smooth already.

    A line without zigzags is drawn many times faster.
    """
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    x, y = x[first:last], y[first:last]
    if len(x) <= columns or high <= low:
        return x, y
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1)[:-1])
    starts = np.unique(np.concatenate([[0, 1], edges[edges < len(x)], [len(x) - 1]]))
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts
