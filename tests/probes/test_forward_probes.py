"""The forward process, the schedule and the field: checked against the equations they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gaussian_toys import CASES, COLOUR, IMAGES, NAMES, POINTS, Diffusion, FlowMatching, Score, shaken
from toys import ToyDiffusion, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import Corrupt, DescribeSchedule, FieldAt
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes import field, forward_process, schedule

each = pytest.mark.parametrize(("family", "spec"), CASES, ids=NAMES)
TIMES = (0.0, 0.25, 0.5, 1.0)


def last(probe, model, question, data=None):
    return list(ask(probe, model, data, question))[-1].value


def refused(probe, model, question, match, data=None):
    with pytest.raises(BadInput, match=match):
        list(ask(probe, model, data, question))


# ---- forward process ---------------------------------------------------------------------------------------------


def test_points_are_noised_as_the_schedule_says_with_the_same_noise():
    model = shaken(FlowMatching, POINTS)
    x = np.array([[0.5, -0.5], [0.1, 0.9]], np.float32)
    found = last(forward_process.Corrupt, model, Corrupt(x, TIMES, seed=3))
    assert found.x.shape == (4, 2, 2)
    np.testing.assert_allclose(found.x[0], x, atol=1e-6)
    eps = found.x[3]
    np.testing.assert_allclose(found.x[2], 0.5 * x + 0.5 * eps, atol=1e-5)
    np.testing.assert_allclose(found.alpha, [1, 0.75, 0.5, 0])
    np.testing.assert_allclose(found.sigma, [0, 0.25, 0.5, 1])
    assert np.isfinite(found.log_snr).all()
    assert found.log_snr[2] == pytest.approx(0)
    assert (np.diff(found.log_snr) < 0).all()
    again = last(forward_process.Corrupt, model, Corrupt(x, (1.0,), seed=3))
    np.testing.assert_array_equal(again.x[0], eps)
    other = last(forward_process.Corrupt, model, Corrupt(x, (1.0,), seed=4))
    assert not np.allclose(other.x[0], eps)


def test_pictures_of_any_size_are_fitted():
    model = shaken(Diffusion, COLOUR)
    x = np.full((3, 40, 30, 1), 130, np.uint8)
    found = last(forward_process.Corrupt, model, Corrupt(x, TIMES))
    assert found.x.shape == (4, 3, 16, 16, 3)
    assert np.abs(found.x[0].astype(int) - 130).max() <= 2
    assert found.x[3].std() > 50


BAD_FORWARD = [
    (Corrupt(np.zeros((2, 16, 16, 1), np.uint8), (1.5,)), "A time must be"),
    (Corrupt(np.zeros((2, 16, 16, 1), np.uint8), (float("nan"),)), "A time must be"),
    (Corrupt(np.zeros((2, 16, 16, 1), np.uint8), ()), "up to 256 examples"),
    (Corrupt(np.zeros((0, 16, 16, 1), np.uint8)), "up to 256 examples"),
    (Corrupt(np.zeros((16, 16, 1), np.uint8)), "pictures"),
    (Corrupt(np.zeros((2, 16, 16, 1), np.float32)), "8-bit"),
]


@pytest.mark.parametrize(("question", "match"), BAD_FORWARD)
def test_examples_that_make_no_sense_are_refused(question, match):
    refused(forward_process.Corrupt, shaken(Diffusion, IMAGES), question, match)


def test_a_model_without_a_schedule_is_told_so():
    model = new_model(ToyDiffusion, ToyDiffusion.Config(), POINTS).eval()
    refused(schedule.DescribeSchedule, model, DescribeSchedule(), "no noise schedule")


# ---- schedule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [shaken(), shaken(timesteps=50, schedule="linear"), shaken(FlowMatching), shaken(Score), shaken(Score, sde="vp")],
    ids=["cosine", "chain", "flow", "ve", "vp"],
)
def test_a_schedule_is_finite_and_its_signal_falls(model):
    found = last(schedule.DescribeSchedule, model, DescribeSchedule(points=101))
    assert found.title
    for name in ("t", "alpha", "sigma", "alpha_bar", "log_snr"):
        assert getattr(found, name).shape == (101,)
        assert np.isfinite(getattr(found, name)).all()
    assert found.t[[0, -1]].tolist() == [0, 1]
    assert (np.diff(found.log_snr) <= 0).all()
    middle = slice(10, 90)
    snr = (found.alpha[middle] / found.sigma[middle]) ** 2
    np.testing.assert_allclose(np.log(snr), found.log_snr[middle], atol=1e-9)
    np.testing.assert_allclose(snr / (1 + snr), found.alpha_bar[middle], atol=1e-9)


def test_a_schedule_of_one_point_is_refused():
    refused(schedule.DescribeSchedule, shaken(), DescribeSchedule(points=1), "number of points")


# ---- field -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [Diffusion, FlowMatching, Score])
def test_arrows_are_the_models_score_and_velocity(family):
    model, data = shaken(family), toy_data()
    found = last(field.FieldAt, model, FieldAt(t=0.4, side=5, extent=2.0), data)
    assert found.at.shape == found.score.shape == found.velocity.shape == (5, 5, 2)
    np.testing.assert_allclose(found.at[0, 0], [-2, 2])
    np.testing.assert_allclose(found.at[-1, -1], [2, -2])
    x = torch.from_numpy(found.at.reshape(-1, 2))
    with torch.no_grad():
        score = model.score(x, torch.full((25,), 0.4, dtype=torch.float64))
        velocity = -model.velocity(x, 0.4)
    np.testing.assert_allclose(found.score.reshape(-1, 2), score, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.velocity.reshape(-1, 2), velocity, rtol=1e-3, atol=1e-4)


def test_condition_and_guidance_turn_the_arrows():
    model, data = shaken(size=1.0), toy_data()
    plain = last(field.FieldAt, model, FieldAt(side=4), data).score
    asked = last(field.FieldAt, model, FieldAt(side=4, condition=(1, 2)), data).score
    guided = last(field.FieldAt, model, FieldAt(side=4, condition=(1, 2), config={"guidance": 3.0}), data).score
    assert not np.allclose(plain, asked)
    np.testing.assert_allclose(guided, plain + 3 * (asked - plain), rtol=1e-3, atol=1e-4)


def test_the_density_is_that_of_the_noised_points_and_integrates_to_one():
    model, data = shaken(FlowMatching), toy_data()
    found = last(field.FieldAt, model, FieldAt(t=0.5, pixels=120, extent=4.0), data).log_density
    assert found.shape == (120, 120)
    assert np.exp(found).sum() * (8 / 120) ** 2 == pytest.approx(1, abs=1e-3)
    row, column = 30, 70
    x = torch.tensor([(column + 0.5) * 8 / 120 - 4, 4 - (row + 0.5) * 8 / 120])
    square = (x - 0.5 * data.train).square().sum(1).double()
    exact = torch.logsumexp(-square / 0.5, 0) - math.log(len(data.train) * 2 * math.pi * 0.25)
    assert found[row, column] == pytest.approx(float(exact), abs=1e-4)


def test_at_the_data_the_closed_form_is_taken_else_every_point_is_a_pixel_wide():
    model = shaken(FlowMatching)
    known = last(field.FieldAt, model, FieldAt(t=0.0, pixels=4, extent=1.0), toy_data()).log_density
    assert known[1, 1] == pytest.approx(-(0.25**2) - math.log(2 * math.pi), abs=1e-6)
    kernel = last(field.FieldAt, model, FieldAt(t=0.0, pixels=64, extent=2.0), toy_data(density=False)).log_density
    assert np.exp(kernel).sum() * (4 / 64) ** 2 == pytest.approx(1, abs=0.02)
    assert np.isfinite(kernel).all()


BAD_FIELD = [
    (FieldAt(t=-0.1), "The time"),
    (FieldAt(side=1), "arrows a side"),
    (FieldAt(pixels=10**6), "pixels a side"),
    (FieldAt(extent=0.0), "must reach"),
    (FieldAt(extent=float("inf")), "must reach"),
    (FieldAt(config={"sampler": "magic"}), "sampler"),
]


@pytest.mark.parametrize(("question", "match"), BAD_FIELD)
def test_fields_that_make_no_sense_are_refused(question, match):
    refused(field.FieldAt, shaken(), question, match, toy_data())


def test_pictures_have_no_field():
    refused(field.FieldAt, shaken(Diffusion, IMAGES), FieldAt(), "cannot be asked about", toy_data(IMAGES))
