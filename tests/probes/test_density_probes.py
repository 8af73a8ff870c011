"""Questions about densities: coarse to fine, stopped in between, and left alone where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toys import IMAGES, POINTS, ToyFlow, ToyGAN, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import LookAtDensity
from genplay.core.probe import ask
from genplay.core.training import Replica, new_model
from genplay.families import all as families
from genplay.probes import all as probes


def model_of(family, spec=POINTS):
    return Replica(new_model(family, family.Config(), spec, 1)).model


def answers(question, model, data=None):
    data = toy_data(model.spec) if data is None else data
    return list(ask(probes()[type(question).__name__], model, data, question))


def values(question, model, data=None):
    return [a.value for a in answers(question, model, data) if a.value is not None]


def test_it_comes_coarse_to_fine():
    found = answers(LookAtDensity(side=32, arrows=5, n=20, extent=2.0), model_of(ToyFlow))
    told = [a for a in found if a.value is not None]
    assert [len(a.value.field) for a in told] == [8, 8, 16, 32]
    assert [a.progress for a in told] == sorted(a.progress for a in told)
    assert told[-1].progress == 1.0
    assert math.isnan(told[0].value.nll)
    assert math.isfinite(told[1].value.nll)
    last = told[-1].value
    assert last.truth.shape == (32, 32)
    assert last.at.shape == last.score.shape == (5, 5, 2)
    assert last.x.shape == (20, 2)
    assert last.at[0, 0, 1] > 0 > last.at[-1, 0, 1], "the first row is on top"


def test_a_model_without_a_density_gets_that_of_the_data():
    (found, again) = values(LookAtDensity(side=16, n=10), model_of(ToyGAN))
    assert (found.kind, found.field.shape, found.truth.shape) == ("none", (0, 0), (16, 16))
    assert math.isnan(found.nll)
    assert math.isnan(again.kl)
    assert math.isfinite(found.entropy)


def test_a_bound_says_so_and_is_sharper_with_more_samples():
    model = model_of(families()["vae"])
    one, many = (values(LookAtDensity(side=8, n=50, importance_samples=k), model)[-1] for k in (1, 64))
    assert one.kind == many.kind == "bound"
    assert one.importance_samples == 1


def test_data_without_a_closed_form_has_no_truth():
    found = values(LookAtDensity(side=8, n=10), model_of(ToyFlow), toy_data(POINTS, density=False))[-1]
    assert found.truth.shape == (0, 0)
    assert math.isnan(found.kl)
    assert math.isnan(found.entropy)
    assert math.isfinite(found.nll)


def test_a_flow_that_is_solved_can_be_stopped_at_every_step():
    model = model_of(families()["flow_matching"])
    found = ask(probes()["LookAtDensity"], model, toy_data(POINTS), LookAtDensity(side=8, n=4))
    breaths = [next(found).value for _ in range(5)]
    assert breaths == [None] * 5
    found.close()


def test_steps_of_the_solver_give_what_log_density_gives():
    model = model_of(families()["flow_matching"])
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(2))
    *_, found = model.log_density_steps(x, None, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, model.log_density(x, None, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    "wrong", [{"side": 3}, {"side": 100_000}, {"arrows": 0}, {"n": 0}, {"importance_samples": 0}, {"extent": math.inf}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(BadInput):
        answers(LookAtDensity(**{"side": 8, **wrong}), model_of(ToyFlow))


def test_pictures_are_refused():
    with pytest.raises(BadInput, match="cannot be asked about"):
        answers(LookAtDensity(), model_of(ToyGAN, IMAGES))


def test_the_same_question_gives_the_same_bytes():
    one, other = (values(LookAtDensity(side=12, n=20, seed=4), model_of(families()["vae"]))[-1] for _ in range(2))
    np.testing.assert_array_equal(one.field, other.field)
    assert one.nll == other.nll
