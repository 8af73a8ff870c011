"""Likelihoods of pictures of several sets, and the map of where the bits of a picture are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, ToyFlow, ToyGAN, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import BoundByTime, CompareLikelihoods, EstimateLikelihood, MapLikelihood
from genplay.core.model import Model
from genplay.core.probe import ask, seeded
from genplay.core.training import Replica, new_model
from genplay.families import all as families
from genplay.metrics.likelihood import bits_per_dimension
from genplay.probes import all as probes
from genplay.probes.likelihoods import NAMES, blurred, sets


class Pixelwise(Model):
    """Every number is N(0.5, 0.2^2) by itself: what a pixel costs is known."""

    name, title = "pixelwise", "pixelwise"

    def __init__(self, spec, told=True):
        super().__init__(None, spec)
        self.weight = torch.nn.Parameter(torch.zeros(1))
        if told:
            self.log_density_by_place = lambda x, labels=None: self._each(x).sum(1)

    def _each(self, x):
        return -0.5 * ((x - 0.5) / 0.2) ** 2 - math.log(0.2 * math.sqrt(2 * math.pi))

    def log_density(self, x, labels=None, generator=None):
        return self._each(x).flatten(1).sum(1)


def model_of(family, spec=IMAGES):
    return Replica(new_model(family, family.Config(), spec, 1)).model


def values(question, model, data=None):
    data = toy_data(model.spec) if data is None else data
    found = list(ask(probes()[type(question).__name__], model, data, question))
    return [a.value for a in found if a.value is not None]


# ---- sets


@pytest.mark.parametrize("spec", [IMAGES, COLOUR], ids=["grey", "colour"])
def test_the_sets_are_what_they_are_called(spec):
    data = toy_data(spec)
    names, x = sets(data, 6, "faces16", seeded(3))
    assert names[2] == "Faces"
    assert x.shape == (len(NAMES), 6, *spec.shape)
    assert x.dtype == torch.uint8
    held, training, _, inverted, constant, noise = x
    assert all(any(torch.equal(row, other) for other in data.heldout) for row in held)
    assert all(any(torch.equal(row, other) for other in data.train) for row in training)
    assert torch.equal(255 - held, inverted)
    assert (constant == constant[:, :, :1, :1]).all()
    assert noise.unique().numel() > 200


def test_every_set_gets_its_bits_coarse_to_fine():
    found = values(CompareLikelihoods(n=20), Pixelwise(IMAGES))
    assert np.isnan(found[0].bits).sum() > 0
    last = found[-1]
    assert last.names[:2] == ("held-out", "training")
    assert last.names[2] == "Fashion"
    assert last.x.shape == (6 * 20, 16, 16, 1)
    x = torch.from_numpy(last.x).permute(0, 3, 1, 2).float() / 127.5 - 1
    theory = [bits_per_dimension(float(v), IMAGES) for v in Pixelwise(IMAGES).log_density(x)]
    np.testing.assert_allclose(last.bits.ravel(), theory, rtol=1e-5)


def test_a_bound_takes_importance_samples():
    found = values(CompareLikelihoods(n=3, importance_samples=5), model_of(families()["vae"]))[-1]
    assert (found.kind, found.importance_samples) == ("bound", 5)
    assert np.isfinite(found.bits).all()


def test_another_set_can_be_chosen():
    found = values(CompareLikelihoods(n=2, other="glyphs28"), Pixelwise(IMAGES))[-1]
    assert found.names[2] == "Glyphs"
    with pytest.raises(BadInput, match="no data set"):
        values(CompareLikelihoods(n=2, other="nowhere"), Pixelwise(IMAGES))
    with pytest.raises(BadInput, match="no pictures"):
        values(CompareLikelihoods(n=2, other="ring"), Pixelwise(IMAGES))


def test_who_cannot_say_is_not_asked():
    with pytest.raises(BadInput, match="no likelihood"):
        values(CompareLikelihoods(), model_of(ToyGAN))
    with pytest.raises(BadInput, match="cannot be asked about"):
        values(CompareLikelihoods(), model_of(ToyFlow, POINTS))
    with pytest.raises(BadInput, match="number of examples"):
        values(CompareLikelihoods(n=0), Pixelwise(IMAGES))


# ---- maps


def picture(spec):
    dice = np.random.default_rng(2)
    return dice.integers(100, 256, (*spec.shape[1:], spec.shape[0]), dtype=np.uint8)


def test_terms_of_pixels_are_the_map_where_a_model_has_them():
    x, model = picture(COLOUR), Pixelwise(COLOUR)
    (found,) = values(MapLikelihood(x), model)
    assert found.method == "pixels"
    np.testing.assert_array_equal(found.x[0], x)
    tensor = torch.from_numpy(x).permute(2, 0, 1)[None].float() / 127.5 - 1
    assert found.total == pytest.approx(bits_per_dimension(float(model.log_density(tensor)), COLOUR), rel=1e-5)
    assert found.bits.mean() == pytest.approx(found.total, rel=1e-4)


def test_patches_cost_what_a_model_of_independent_pixels_says():
    x, model = picture(IMAGES), Pixelwise(IMAGES, told=False)
    found = values(MapLikelihood(x), model)[-1]
    assert found.method == "patches"
    tensor = torch.from_numpy(x).permute(2, 0, 1)[None].float() / 127.5 - 1
    gain = (model._each(blurred(tensor)) - model._each(tensor))[0, 0] / math.log(2)
    theory = gain.view(8, 2, 8, 2).mean((1, 3)).repeat_interleave(2, 0).repeat_interleave(2, 1)
    np.testing.assert_allclose(found.bits, theory, atol=0.05)


@pytest.mark.parametrize("family", ["diffusion", "flow_matching"])
def test_the_bound_by_pixel_is_the_bound_by_time(family):
    """Of data that is one picture over and over, the mean of the map is the total of the other probe."""
    model, data = model_of(families()[family]), toy_data(IMAGES)
    one = data.heldout[:1].expand_as(data.heldout).clone()
    alone = type(data)(
        data.name, data.title, "none", data.spec, data.train, data.train_labels, one, data.heldout_labels
    )
    x = one[0].permute(1, 2, 0).numpy()
    maps = values(MapLikelihood(x), model, alone)
    assert maps[-1].method == "bound"
    assert maps[-1].bits.mean() == pytest.approx(maps[-1].total, rel=1e-4)
    totals = [values(MapLikelihood(x, seed=s), model, alone)[-1].total for s in range(4)]
    theory = values(BoundByTime(n=50, bins=8, steps=1000), model, alone)[-1].total
    assert np.mean(totals) == pytest.approx(theory, rel=0.1)


def test_likelihoods_of_held_out_pictures_agree_with_the_estimate():
    model, data = Pixelwise(IMAGES), toy_data(IMAGES)
    many = values(CompareLikelihoods(n=50), model, data)[-1]
    one = values(EstimateLikelihood(n=50), model, data)[-1]
    assert many.bits[0].mean() == pytest.approx(one.bits_per_dim, rel=1e-5)
