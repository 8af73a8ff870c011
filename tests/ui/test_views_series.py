from __future__ import annotations

import numpy as np
import pytest

from genplay.contract.results import CurveBlock
from genplay.ui.views.series import CurveStore, averaged, exponential_mean, thinned


def block(steps: list[int], values: list[float], name: str = "loss", reset: bool = False) -> CurveBlock:
    return CurveBlock("a", (name,), np.array(steps), np.array(values, np.float32)[:, None], reset)


def slow_mean(values: np.ndarray, weight: float) -> np.ndarray:
    mean, smooth = 0.0, []
    for t, value in enumerate(values, 1):
        mean = weight * mean + (1 - weight) * value
        smooth.append(mean / (1 - weight**t))
    return np.array(smooth)


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.9, 0.99])
def test_smoothing_is_the_debiased_exponential_mean(weight: float) -> None:
    values = np.random.default_rng(0).normal(5, 1, 20_000)
    smooth, _ = exponential_mean(values, weight)
    np.testing.assert_allclose(smooth, slow_mean(values, weight), rtol=1e-9)
    assert smooth[0] == pytest.approx(values[0])


def test_smoothing_of_new_points_continues_the_old_ones() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    store = CurveStore()
    series = None
    for start in range(0, 1000, 7):
        part = values[start : start + 7]
        store.take(block(list(range(start, start + len(part))), list(part)))
        series = store.series("a")["loss"]
        series.smooth(0.9)
    assert series is not None
    whole, _ = exponential_mean(values.astype(np.float32).astype(float), 0.9)
    np.testing.assert_allclose(series.smooth(0.9), whole, rtol=1e-9)


def test_store_keeps_every_point_and_leaves_out_missing_ones() -> None:
    store = CurveStore()
    store.take(block([1, 2, 3], [0.5, float("nan"), -2.0]))
    store.take(block([4], [7.0], name="kl"))
    store.take(block([4], [1.25]))
    table = store.table("a")
    assert table == {"loss": [(1, 0.5), (3, -2.0), (4, 1.25)], "kl": [(4, 7.0)]}


def test_reset_drops_what_came_at_and_after_the_step() -> None:
    store = CurveStore()
    store.take(block([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]))
    store.take(block([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0], name="kl"))
    store.series("a")["loss"].smooth(0.5)
    store.take(block([3], [30.0], reset=True))
    assert store.table("a") == {"loss": [(1, 1.0), (2, 2.0), (3, 30.0)], "kl": [(1, 1.0), (2, 2.0)]}
    expected = exponential_mean(np.array([1.0, 2.0, 30.0]), 0.5)[0]
    np.testing.assert_allclose(store.series("a")["loss"].smooth(0.5), expected)


def test_a_block_that_goes_back_replaces_what_was_there() -> None:
    store = CurveStore()
    store.take(block([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]))
    store.take(block([1, 2], [10.0, 20.0]))
    assert store.table("a") == {"loss": [(1, 10.0), (2, 20.0)]}


def test_an_older_row_of_one_series_leaves_the_others_alone() -> None:
    store = CurveStore()
    store.take(block([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]))
    nan = float("nan")
    values = np.array([[nan, 0.5], [5.0, nan]], np.float32)
    store.take(CurveBlock("a", ("loss", "held-out"), np.array([2, 5]), values))
    assert store.table("a") == {
        "loss": [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0)],
        "held-out": [(2, 0.5)],
    }


def test_value_at_a_step() -> None:
    store = CurveStore()
    store.take(block([10, 20], [1.0, 3.0]))
    series = store.series("a")["loss"]
    assert series.at(9, 0.0) is None
    assert series.at(10, 0.0) == 1.0
    assert series.at(1e9, 0.0) == 3.0


def test_thinning_keeps_extremes_and_bounds_the_number_of_points() -> None:
    x = np.arange(1_000_000.0)
    y = np.sin(x / 5e4)
    y[123_456], y[654_321] = 50.0, -60.0
    few_x, few_y = thinned(x, y, 0, 1e6, 400)
    assert len(few_x) <= 2 * 401
    assert few_y.max() == 50.0
    assert few_y.min() == -60.0
    assert (np.diff(few_x) >= 0).all()
    assert abs(few_x[few_y.argmax()] - 123_456) < 1e6 / 400


def test_thinning_of_a_window_reaches_beyond_its_ends() -> None:
    x = np.arange(100.0)
    few_x, _ = thinned(x, x, 10.5, 20.5, 400)
    assert few_x[0] == 10.0
    assert few_x[-1] == 21.0


def test_averages_keep_the_line_the_first_and_the_last_point() -> None:
    x = np.arange(100_000.0)
    few_x, few_y = averaged(x, 2 * x + 1, 0, 1e5, 200)
    assert len(few_x) <= 203
    np.testing.assert_allclose(few_y, 2 * few_x + 1)
    assert (few_x[0], few_x[-1]) == (0.0, 99_999.0)
    np.testing.assert_array_equal(averaged(x[:50], x[:50], 0, 50, 200)[0], x[:50])
