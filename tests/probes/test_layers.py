"""A flow's layers seen from the plane of codes: the grid goes where samples go, and stretching is the density."""

import math

import numpy as np
import pytest
import torch

from genplay import data, families
from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.requests import LookThroughLayers
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes.layers import LookThroughLayers as Probe


@pytest.fixture(scope="module")
def model():
    """A flow whose layers do something."""
    family = families.named("flow")
    torch.manual_seed(0)
    model = new_model(family, knob.build(family.Config, {"layers": 3}), data.load("moons").spec).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def look(model, **asked):
    [answer] = ask(Probe, model, None, LookThroughLayers(**asked))
    return answer.value


def test_there_is_a_state_a_layer_and_the_first_is_straight(model):
    found = look(model, lines=5, side=7)
    count = len(list(model.layers(torch.zeros(1, 2))))
    assert found.lines.shape[:3] == (count, 2, 5)
    assert found.at.shape == (count, 7, 7, 2)
    assert np.allclose(found.lines[0, 0, :, :, 1], found.lines[0, 0, :, :1, 1])
    assert found.lines[0].min() == -2.5
    assert found.lines[0].max() == 2.5
    assert not found.log_det[0].any()
    assert found.round_trip < 1e-3


def test_the_last_state_is_what_codes_decode_to(model):
    found = look(model, side=9)
    z = torch.from_numpy(found.at[0].reshape(-1, 2))
    with torch.no_grad():
        assert np.allclose(found.at[-1].reshape(-1, 2), model.decode(z).numpy(), atol=1e-5)


def test_the_stretching_is_the_density(model):
    found = look(model, side=9)
    z, x = (found.at[i].reshape(-1, 2).astype(np.float64) for i in (0, -1))
    base = -0.5 * (z**2).sum(1) - math.log(2 * math.pi)
    with torch.no_grad():
        told = model.log_density(torch.from_numpy(x).float()).double().numpy()
    assert np.allclose(base - found.log_det[-1].ravel(), told, atol=2e-3)


def test_odd_questions_are_refused_in_one_sentence(model):
    for asked, word in (({"lines": 1}, "lines"), ({"side": 1000}, "places"), ({"reach": 0.0}, "reach")):
        with pytest.raises(BadInput, match=word):
            look(model, **asked)
    gan = families.named("gan")
    other = new_model(gan, gan.Config(), data.load("ring").spec)
    with pytest.raises(BadInput, match="no sequence of invertible layers"):
        look(other)
