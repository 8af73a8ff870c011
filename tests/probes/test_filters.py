"""Filters, what excites them, and the energies of pictures the model should and should not find probable."""

import math

import numpy as np
import pytest
import torch
from toys import IMAGES, toy_data

from genplay import families
from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.requests import LookAtFilters, MapLikelihood
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import to_float
from genplay.core.probe import ask
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.probes.filters import SORTS
from genplay.probes.filters import LookAtFilters as Probe
from genplay.probes.likelihoods import MapLikelihood as MapProbe


@pytest.fixture(scope="module")
def data():
    return toy_data(IMAGES)


def trained(data, family="rbm", steps=60, **config):
    family = families.named(family)
    model = new_model(family, knob.build(family.Config, config), data.spec, 1)
    trainer = Trainer(model, data, TrainingConfig(learning_rate=1e-2, warmup=0))
    for _ in range(steps):
        trainer.advance()
    return model.eval()


@pytest.fixture(scope="module")
def model(data):
    return trained(data, hidden=8)


def look(model, data, **asked):
    return [p.value for p in ask(Probe, model, data, LookAtFilters(**asked)) if p.value is not None]


def test_filters_and_activations_are_the_model_s_own(model, data):
    found = look(model, data, n=7)[-1]
    np.testing.assert_array_equal(found.filters, model.machine.weight.detach().reshape(8, 16, 16).numpy())
    assert found.layers == (8,)
    x = to_float(torch.from_numpy(found.x).permute(0, 3, 1, 2))
    np.testing.assert_allclose(found.hidden, model.hidden(x).detach().numpy(), atol=1e-6)


def test_answers_grow_from_filters_over_energies_to_the_partition_function(model, data):
    answers = look(model, data, n=20)
    assert answers[0].energies is None
    assert np.isnan(answers[1].energies[2]).all(), "dreams come later"
    assert all(math.isnan(a.log_z) for a in answers[:-1])
    last = answers[-1]
    assert last.names == SORTS
    assert np.isfinite(last.energies).all()
    assert last.log_z == pytest.approx(float(model.machine.log_partition().detach()))
    assert last.log_z_error == 0


def test_the_energies_say_what_is_probable(model, data):
    held, seen, dreams, noise = look(model, data, n=40)[-1].energies.mean(1)
    assert max(held, seen, dreams) < noise - 20
    assert abs(held - seen) < 10


def test_without_the_estimate_there_is_none(model, data):
    assert math.isnan(look(model, data, n=5, estimate=False)[-1].log_z)


def test_a_large_machine_is_estimated(data):
    model = trained(data, steps=0, hidden=16)
    for p in model.parameters():
        p.data.mul_(3)
    found = look(model, data, n=4)[-1]
    assert found.log_z == pytest.approx(
        float(model.machine.log_partition().detach()), abs=max(0.05, 4 * found.log_z_error)
    )


def test_colours_count_together(data):
    colour = DataSpec(Kind.IMAGE, (3, 16, 16), IMAGES.attributes)
    model = trained(toy_data(colour), steps=1, hidden=5)
    found = look(model, toy_data(colour), n=3)[-1]
    np.testing.assert_allclose(found.filters, model.filters().mean(1).numpy(), atol=1e-7)


def test_higher_layers_are_seen_through_the_lower_ones(data):
    model = trained(data, "dbn", steps=2, hidden=6, top=4)
    found = look(model, data, n=9)[-1]
    first, second = (machine.weight.detach() for machine in model.stack)
    assert found.layers == (6, 4)
    np.testing.assert_allclose(found.filters[:6], first.reshape(6, 16, 16).numpy(), atol=1e-7)
    through = second @ first
    apart = (through - through.mean(0)).reshape(4, 16, 16)
    np.testing.assert_allclose(found.filters[6:], apart.numpy(), atol=1e-6)
    assert found.hidden.shape == (9, 10)
    assert found.energies is None, "its probabilities are out of reach"
    assert found.names == ()


def test_the_likelihood_map_is_what_each_pixel_costs_given_the_others(model, data):
    x = data.heldout[0].permute(1, 2, 0).numpy()
    found = list(ask(MapProbe, model, data, MapLikelihood(x)))[-1].value
    assert found.method == "others"
    seen = model.units(to_float(data.heldout[:1]))
    wanted = -model.machine.log_conditionals(seen).detach().reshape(16, 16).numpy() / math.log(2)
    np.testing.assert_allclose(found.bits, wanted, rtol=1e-4, atol=1e-6)
    assert found.total == pytest.approx(wanted.mean(), rel=1e-4)


def test_bad_questions_are_refused(model, data):
    with pytest.raises(BadInput, match="number of pictures"):
        look(model, data, n=0)
    with pytest.raises(BadInput, match="no filters"):
        look(new_model(families.named("vae"), families.named("vae").Config(), IMAGES), data)
