"""Alarms from made-up curves: what a healthy run looks like raises none, and each trouble its own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genplay.metrics import alarm
from genplay.metrics.alarm import alarms, turns

REMEDIES = (
    "spectral norm", "r1", "gradient penalty", "minibatch discrimination", "minibatch deviation", "packing", "unrolled",
    "mode seeking", "two time-scales", "instance noise", "label smoothing", "wasserstein", "averaging",
)  # fmt: skip
rng = np.random.default_rng(0)


def series(values, every=50):
    values = np.asarray(values, float)
    return np.arange(1, len(values) + 1) * every, values


def covering(values, total=8):
    return {"modes covered": series(values), "modes of the data": series(np.full(len(values), total))}


def titles(curves, remedies=REMEDIES):
    return [notice.title for notice in alarms(curves, remedies)]


def rising(n, to=8, by=40):
    """Coverage that grows to ``to`` in the first ``by`` measurements, with one mode's noise."""
    return np.clip(np.round(np.minimum(np.arange(n) / by, 1) * to - rng.integers(0, 2, n)), 0, to)


# ---- healthy runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [3, 10, 25, 40])
def test_a_run_that_finds_its_modes_is_left_alone_at_every_moment(by):
    values = rising(100, by=by)
    for now in range(1, 101):
        assert titles(covering(values[:now])) == []


def test_nothing_is_said_of_no_curves_or_of_other_ones():
    assert alarms({}, REMEDIES) == ()
    assert alarms({"loss": series(rng.random(100))}, ()) == ()
    assert alarms({"modes covered": series([]), "modes of the data": series([])}, REMEDIES) == ()


def test_noise_of_a_healthy_run_is_no_swinging():
    kl = {"KL to the data's modes": series(0.02 + 0.3 * rng.random(200))}
    assert titles(covering(8 - rng.integers(0, 2, 200)) | kl) == []
    assert titles(covering(25 - rng.integers(0, 5, 200), 25) | kl) == []


# ---- mode collapse ----------------------------------------------------------------------------------------------


def test_modes_lost_are_missed_since_they_were_lost():
    values = np.concatenate([np.full(12, 8.0), np.full(40, 3.0)])
    (found,) = alarms(covering(values), REMEDIES)
    assert (found.level, found.title, found.since) == ("bad", "Mode collapse", 650)
    assert found.text == "5 of 8 modes missed since step 650."
    assert found.remedies[:3] == ("two time-scales", "packing", "minibatch discrimination")


def test_modes_never_found_are_missed_since_the_start():
    (found,) = alarms(covering(np.full(60, 5.0)), ())
    assert (found.level, found.since, found.remedies) == ("warn", 50, ())
    assert found.text == "3 of 8 modes missed since the start."


def test_ten_measurements_after_step_1000_are_needed():
    assert titles(covering(np.full(28, 1.0))) == []
    assert titles(covering(np.full(29, 1.0))) == ["Mode collapse"]


def test_a_run_on_its_way_out_is_no_collapse():
    climbing = np.concatenate([np.full(40, 1.0), np.repeat([2, 3, 4, 5], 5)])
    assert titles(covering(climbing)) == []
    assert titles(covering(np.concatenate([climbing, np.full(25, 5.0)]))) == ["Mode collapse"]
    assert titles(covering(np.concatenate([np.full(60, 1.0), [6.0]]))) == []


def test_three_quarters_are_no_collapse():
    assert titles(covering(np.full(60, 6.0))) == []
    assert titles(covering(np.full(60, 19.0), 25)) == []
    assert titles(covering(np.full(60, 18.0), 25)) == ["Mode collapse"]


def test_even_but_blurred_samples_are_no_collapse():
    """Near all modes alike, but with too few close enough to cover each: log(4/3) is where it begins to be one."""
    missing = covering(np.full(60, 15.0), 25)
    for kl, said in ((0.15, []), (0.28, []), (0.3, ["Mode collapse"]), (math.nan, ["Mode collapse"])):
        assert titles(missing | {"KL to the data's modes": series(np.full(60, kl))}) == said
    recovered = np.concatenate([np.full(48, 1.5), np.full(12, 0.1)])
    assert titles(missing | {"KL to the data's modes": series(recovered)}) == []


def test_missing_values_do_not_break_a_run():
    values = np.full(60, 3.0)
    values[::7] = math.nan
    assert titles(covering(values)) == ["Mode collapse"]


def test_data_without_modes_is_judged_by_the_distance_of_samples():
    (found,) = alarms({"pairwise distance": series(np.full(60, 0.13))}, REMEDIES)
    assert (found.level, found.title) == ("bad", "Mode collapse")
    assert found.text == "Samples lie 13 % as far apart as the data since the start."
    assert titles({"pairwise distance": series(np.full(60, 0.4))}) == ["Mode collapse"]
    assert titles({"pairwise distance": series(np.full(60, 0.6))}) == []
    assert titles({"pairwise distance": series(np.linspace(0, 0.45, 60))}) == []


# ---- a discriminator that has won -------------------------------------------------------------------------------


def winning(right, norm, before=20):
    """A game at balance for ``before`` measurements, then one with accuracy ``right`` and gradient norm ``norm``."""
    accuracy = np.concatenate([np.full(before, 0.6), np.full(40, right)])
    norms = np.concatenate([np.full(before, 1.0), np.full(40, norm)])
    return {"D accuracy real": series(accuracy), "D accuracy fake": series(accuracy),
            "gradient norm generator": series(norms)}  # fmt: skip


def test_a_discriminator_that_tells_all_and_teaches_nothing_has_won():
    (found,) = alarms(winning(0.99, 0.04), REMEDIES)
    assert (found.level, found.title, found.since) == ("bad", "The discriminator has won", 1050)
    assert "since step 1,050" in found.text and "4 % of what it was" in found.text
    assert found.remedies[:3] == ("r1", "gradient penalty", "spectral norm")
    assert "since the start" in alarms(winning(1.0, 0.001, before=0) | {
        "gradient norm generator": series(np.geomspace(1, 1e-4, 60))}, REMEDIES)[0].text  # fmt: skip


@pytest.mark.parametrize(("right", "norm"), [(0.97, 0.04), (0.99, 0.2), (0.99, 1.0)])
def test_right_answers_or_small_gradients_alone_are_no_victory(right, norm):
    assert titles(winning(right, norm)) == []


def test_a_victory_has_to_last():
    curves = winning(1.0, 0.01)
    for name in ("D accuracy real", "D accuracy fake"):
        steps, values = curves[name]
        values = values.copy()
        values[-5] = 0.9
        assert titles(curves | {name: (steps, values)}) == []
    one_sided = winning(1.0, 0.01) | {"D accuracy fake": series(np.full(60, 0.7))}
    assert titles(one_sided) == []
    del curves["gradient norm generator"]
    assert titles(curves) == []


# ---- going round in circles -------------------------------------------------------------------------------------


def test_modes_gained_and_lost_again_and_again_are_an_oscillation():
    values = np.concatenate([np.full(30, 8.0), np.tile([8, 8, 5, 5], 10)])
    (found,) = alarms(covering(values), REMEDIES)
    assert (found.level, found.title) == ("warn", "Going round in circles")
    assert found.since == 1650  # at the first low
    assert found.remedies == ("two time-scales", "r1", "averaging", "gradient penalty", "instance noise", "unrolled")
    again = alarms(covering(np.concatenate([values, np.tile([8, 8, 5, 5], 5)])), REMEDIES)
    assert again[0].since == found.since


def test_swinging_shares_are_one_too():
    kl = {"KL to the data's modes": series(np.tile([0.1, 0.1, 0.9, 0.9], 20))}
    (found,) = alarms(covering(np.full(80, 7.0)) | kl, REMEDIES)
    assert "shares" in found.text
    small = {"KL to the data's modes": series(np.tile([0.1, 0.1, 0.5, 0.5], 20))}
    assert titles(covering(np.full(80, 7.0)) | small) == []


def test_an_oscillation_that_ended_is_over_and_an_early_one_is_not_looked_at():
    swings = np.tile([8, 8, 5, 5], 10)
    assert titles(covering(np.concatenate([swings, np.full(20, 8.0)]))) == []
    assert titles(covering(np.tile([8, 8, 5, 5], 5))) == []


def test_turns_are_counted_by_hand():
    assert turns(np.array([0.0, 5.0, 0.0, 5.0, 0.0]), 2) == [1, 2, 3]
    assert turns(np.array([0.0, 1.0, 0.0, 1.0, 0.0]), 2) == []
    assert turns(np.array([0.0, 3.0, 2.0, 4.0, 3.5, 6.0]), 2) == []
    assert turns(np.array([4.0, 2.0, 1.0, 2.0, 3.0]), 2) == [2]


def test_every_remedy_named_is_one_that_may_be_known():
    for order in (alarm.AGAINST_COLLAPSE, alarm.AGAINST_A_WINNER, alarm.AGAINST_SWINGS):
        assert set(order) <= set(REMEDIES)
        assert len(set(order)) == len(order)
    (found,) = alarms(covering(np.full(60, 2.0)), ("r1", "packing", "averaging"))
    assert found.remedies == ("packing", "r1")
