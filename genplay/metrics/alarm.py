"""What goes wrong in an adversarial game, told from its measured curves by three fixed rules.

Each rule looks at the last measurements only, so an alarm ends by itself when the trouble does; none is given before
step 1,000, until which healthy runs still find their modes. A notice names the remedies that the family has, the most
helpful first.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genplay.contract.results import Notice
from genplay.metrics.modes import COVERED, DISTANCE, DIVERGENCE, IN_ALL, RIGHT_FAKE, RIGHT_REAL

Series = tuple[np.ndarray, np.ndarray]  # steps and values, both (n,)

GRADIENT = "gradient norm generator"

EARLIEST = 1000  # steps
LASTING = 10  # measurements in a row
ENOUGH = 0.75  # share of the modes that is no collapse
APART = 0.5  # pairwise distance, over that of the data, that is no collapse
WON = 0.98  # share of right answers
FADED = 0.1  # of the earlier gradient norm
WINDOW, SWINGS = 20, 6  # measurements, and turns among them
SWING = 0.25  # of the modes, or of the largest KL log(modes)

AGAINST_COLLAPSE = (  # as benchmarks/remedies.py measured them
    "two time-scales", "packing", "minibatch discrimination", "minibatch deviation", "unrolled", "mode seeking", "r1",
    "spectral norm", "gradient penalty", "wasserstein", "instance noise",
)  # fmt: skip
AGAINST_A_WINNER = (
    "r1", "gradient penalty", "spectral norm", "instance noise", "label smoothing", "wasserstein", "two time-scales",
)  # fmt: skip
AGAINST_SWINGS = ("two time-scales", "r1", "averaging", "gradient penalty", "instance noise", "unrolled")


def alarms(curves: Mapping[str, Series], remedies: tuple[str, ...]) -> tuple[Notice, ...]:
    """The notices that the curves give reason for, each (steps, values) by name; NaN values are missing.

    - Mode collapse: see :func:`collapse`.
    - A discriminator that has won: see :func:`winner`.
    - A game that goes round in circles: see :func:`oscillation`.
    """
    clean = {name: _known(series) for name, series in curves.items()}
    found = (
        (collapse(clean), AGAINST_COLLAPSE),
        (winner(clean), AGAINST_A_WINNER),
        (oscillation(clean), AGAINST_SWINGS),
    )
    return tuple(_with_remedies(notice, order, remedies) for notice, order in found if notice is not None)


def _known(series: Series) -> Series:
    """The measurements that there are."""
    steps, values = (np.asarray(part) for part in series)
    there = np.isfinite(values)
    return steps[there], values[there]


def _with_remedies(notice: Notice, order: tuple[str, ...], remedies: tuple[str, ...]) -> Notice:
    helpful = tuple(name for name in order if name in remedies)
    return Notice(notice.level, notice.title, notice.text, remedies=helpful, since=notice.since)


def _get(curves: Mapping[str, Series], name: str) -> Series:
    return curves.get(name, (np.zeros(0, int), np.zeros(0)))


def _modes(curves: Mapping[str, Series]) -> float:
    """How many modes the data has, 0 where that is not known."""
    values = _get(curves, IN_ALL)[1]
    return float(values[-1]) if len(values) else 0.0


# ---- mode collapse ----------------------------------------------------------------------------------------------


def collapse(curves: Mapping[str, Series]) -> Notice | None:
    """Fewer than 3/4 of the modes are covered in each of the last 10 measurements at or after step 1,000, the samples
    do keep to few modes, and no trend leads out: see :func:`_improves` with a gain of 5 % of the modes, half a mode at
    least. They keep to few modes if the median KL to the data's modes since the first of these 10 is at least
    log(4/3), that of an even spread over 3/4 of them (or is not known at all, where no sample is near any mode): many
    modes are missed, too, by samples that are spread evenly but not yet sharp enough.

    For data without modes: the mean pairwise distance is below half of the data's in as many, gaining less than 5 %.
    It is bad when fewer than half of the modes are covered (or the distance is below a quarter), else a warning. It
    began at the first of the unbroken run of such measurements that leads up to now, however early.
    """
    total = _modes(curves)
    if total < 2:
        return _too_alike(curves)
    series = _get(curves, COVERED)
    start = _stuck(series, ENOUGH * total, max(0.5, 0.05 * total))
    if start is None or _even(_get(curves, DIVERGENCE), int(series[0][-LASTING])):
        return None
    covered = float(np.median(series[1][-LASTING:]))
    text = f"{total - covered:.0f} of {total:.0f} modes missed {_since(series[0], start)}."
    return Notice("bad" if covered < total / 2 else "warn", "Mode collapse", text, since=int(series[0][start]))


def _even(divergence: Series, recent: int) -> bool:
    """Whether samples have been spread over the modes more evenly than over 3/4 of them since step ``recent``."""
    late = divergence[1][divergence[0] >= recent]
    return len(late) > 0 and float(np.median(late)) < -np.log(ENOUGH)


def _too_alike(curves: Mapping[str, Series]) -> Notice | None:
    series = _get(curves, DISTANCE)
    start = _stuck(series, APART, 0.05)
    if start is None:
        return None
    apart = float(np.median(series[1][-LASTING:]))
    text = f"Samples lie {100 * apart:.0f} % as far apart as the data {_since(series[0], start)}."
    return Notice("bad" if apart < APART / 2 else "warn", "Mode collapse", text, since=int(series[0][start]))


def _stuck(series: Series, enough: float, gain: float) -> int | None:
    """Where the run of values below ``enough`` begins, if it is long enough and does not improve by ``gain``."""
    steps, values = series
    start = _run(values < enough)
    if np.count_nonzero(steps[start:] >= EARLIEST) < LASTING or _improves(values[start:][-2 * LASTING :], gain):
        return None
    return start


def _run(held: np.ndarray) -> int:
    """Where the unbroken run of True at the end begins; the length where there is none."""
    broken = np.flatnonzero(~held)
    return int(broken[-1]) + 1 if len(broken) else 0


def _improves(values: np.ndarray, gain: float) -> bool:
    """Whether the later half of the values (the last 20) is on average at least ``gain`` above the earlier one."""
    half = len(values) // 2
    return bool(values[half:].mean() - values[:half].mean() >= gain)


def _since(steps: np.ndarray, start: int) -> str:
    return f"since step {int(steps[start]):,}" if start else "since the start"


# ---- a discriminator that has won -------------------------------------------------------------------------------


def winner(curves: Mapping[str, Series]) -> Notice | None:
    """Of real and of generated examples each the discriminator tells at least 98 % right in each of the last 10
    measurements at or after step 1,000, and the generator's gradient has faded: its median norm since the first of
    these 10 is below 10 % of its median norm before the run of such measurements began (over its first 10 values,
    where the run goes back to the start).

    The text names the step at which the run began.
    """
    (at_real, real), (at_fake, fake) = _get(curves, RIGHT_REAL), _get(curves, RIGHT_FAKE)
    steps, i, j = np.intersect1d(at_real, at_fake, return_indices=True)
    start = _run((real[i] >= WON) & (fake[j] >= WON))
    if np.count_nonzero(steps[start:] >= EARLIEST) < LASTING:
        return None
    share = _faded(_get(curves, GRADIENT), int(steps[start]), int(steps[-LASTING]))
    if not share < FADED:
        return None
    text = (
        f"The discriminator has told nearly everything right {_since(steps, start)}, "
        f"and the generator's gradient has shrunk to {_percent(share)} of what it was."
    )
    return Notice("bad", "The discriminator has won", text, since=int(steps[start]))


def _faded(gradient: Series, start: int, recent: int) -> float:
    """The median norm from step ``recent`` on over that before ``start``; NaN where either is not known."""
    steps, norms = gradient
    before, after = norms[steps < start], norms[steps >= recent]
    if len(before) < LASTING:
        before = norms[:LASTING]
    if len(norms) < 2 * LASTING or not len(after) or not np.median(before) > 0:
        return float("nan")
    return float(np.median(after) / np.median(before))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


# ---- a game that goes round in circles --------------------------------------------------------------------------


def oscillation(curves: Mapping[str, Series]) -> Notice | None:
    """Among the last 20 measurements at or after step 1,000, the number of covered modes turns round at least 6 times
    after moving by a quarter of all modes (two at least), or the KL to the data's modes does after moving by a quarter
    of log(modes), the KL of a single mode (0.5 nats at least).

    It began at the first turn of the earliest window from which this has held without a break.
    """
    total = _modes(curves)
    if total < 2:
        return None
    covered = _swinging(_get(curves, COVERED), max(2.0, SWING * total))
    shares = _swinging(_get(curves, DIVERGENCE), max(0.5, SWING * float(np.log(total))))
    began = [step for step in (covered, shares) if step is not None]
    if not began:
        return None
    what = "The number of covered modes swings" if covered is not None else "The shares of the modes swing"
    text = f"{what} to and fro since step {min(began):,}: the players chase each other."
    return Notice("warn", "Going round in circles", text, since=min(began))


def _swinging(series: Series, least: float) -> int | None:
    """The step at which the values began to swing by ``least``, if they do still."""
    late = series[0] >= EARLIEST
    steps, values = series[0][late], series[1][late]
    began = None
    for begin in range(len(values) - WINDOW, -1, -1):
        found = turns(values[begin : begin + WINDOW], least)
        if len(found) < SWINGS:
            break
        began = int(steps[begin + found[0]])
    return began


def turns(values: np.ndarray, least: float) -> list[int]:
    """Where values turn round, counting only ways of at least ``least`` between two turns.

    >>> turns(np.array([0.0, 3.0, 2.9, 0.0, 0.1, 3.0]), 1.0)
    [1, 3]
    """
    low = high = direction = 0  # places of the extremes since the last turn; 1 up, -1 down
    found: list[int] = []
    for i, value in enumerate(values):
        low, high = (i if value < values[low] else low), (i if value > values[high] else high)
        if direction <= 0 and value - values[low] >= least:
            found += [low] if direction else []
            direction, high = 1, i
        elif direction >= 0 and values[high] - value >= least:
            found += [high] if direction else []
            direction, low = -1, i
    return found
