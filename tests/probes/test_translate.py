"""The probe of translations: which pictures it takes, that all belongs together, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.requests import Translate
from genplay.core.dataset import from_plain, to_plain
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.families.cycle_gan import CycleGAN
from genplay.families.pix2pix import Pix2Pix
from genplay.probes.translate import Translate as Probe

DATA = toy_data(COLOUR)


def model_of(family, **config):
    """A model whose generators change something."""
    model = new_model(family, knob.build(family.Config, {"width": 8, **config}), COLOUR, seed=1).eval()
    seeded = torch.Generator().manual_seed(0)
    networks = model.generator if family is CycleGAN else [model.generator]
    for network in networks:
        torch.nn.init.normal_(network.leave.weight, std=0.05, generator=seeded)
    return model


PIX, CYCLE = model_of(Pix2Pix), model_of(CycleGAN)


def answer(model, data=DATA, **asked):
    return list(ask(Probe, model, data, Translate(**{"n": 6, **asked})))[-1].value


def tensor(x):
    return from_plain(x, COLOUR)


def alike(x, y):
    """Whether pictures are the same but for the last rounding."""
    return np.abs(x.astype(int) - to_plain(y, COLOUR)).max() <= 1


def test_the_truth_is_held_out_and_all_three_belong_together():
    found = answer(PIX, n=20)
    held_out = to_plain(DATA.heldout, COLOUR)
    assert all(any(np.array_equal(true, row) for row in held_out) for true in found.third)
    assert (found.compared, found.degrades, found.ways) == ("truth", True, ("grey → colour",))
    x = tensor(found.third)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        source = PIX.degrade(x, generator)
        made = PIX.translate(source, None, generator)
        assert alike(found.source, source)
        assert alike(found.x, made)
        for name, y in (("score_source", source), ("score", made), ("score_third", x)):
            np.testing.assert_allclose(getattr(found, name), PIX.judged(source, y).numpy(), atol=1e-5)
        distance = (made.clamp(-1, 1) - x).abs().mean((1, 2, 3)) / 2
    np.testing.assert_allclose(found.distance, distance.numpy(), atol=1e-6)


def test_strength_is_how_much_is_taken():
    nothing, half, whole = (answer(PIX, strength=s) for s in (0.0, 0.5, 1.0))
    assert np.array_equal(nothing.source, nothing.third)
    spread = [found.source.std(axis=-1).mean() for found in (nothing, half, whole)]
    assert spread[0] > 1.5 * spread[1] > 0
    assert spread[2] == 0


def test_each_way_begins_with_its_group_and_the_round_trip_leads_back():
    by_picture = {row.tobytes(): int(label) for row, label in zip(DATA.heldout.permute(0, 2, 3, 1).contiguous().numpy(),
                                                                  DATA.heldout_labels[:, 0])}  # fmt: skip
    for way in (0, 1):
        found = answer(CYCLE, way=way, n=9)
        assert [by_picture[x.tobytes()] for x in found.source] == [way] * 9
        assert (found.compared, found.degrades) == ("round trip", False)
        x = tensor(found.source)
        with torch.no_grad():
            there = CYCLE.translate(x, None, torch.Generator(), way)
            back = CYCLE.translate(there, None, torch.Generator(), 1 - way)
            assert alike(found.x, there)
            assert alike(found.third, back)
            np.testing.assert_allclose(found.score, CYCLE.judged(x, there, way).numpy(), atol=1e-5)
            np.testing.assert_allclose(found.score_third, CYCLE.judged(there, back, 1 - way).numpy(), atol=1e-5)
    forth, home = answer(CYCLE, way=0, n=50), answer(CYCLE, way=1, n=50)
    with torch.no_grad():
        expected = CYCLE.judged(tensor(home.source), tensor(home.source), 0).numpy()
    np.testing.assert_allclose(np.sort(forth.score_real), np.sort(expected), atol=1e-5)


def test_a_picture_of_ones_own_is_fitted_and_translated():
    own = np.random.default_rng(0).integers(0, 256, (1, 40, 30, 1), np.uint8)
    found = answer(PIX, x=own)
    assert found.x.shape == found.source.shape == found.third.shape == (1, 16, 16, 3)
    assert answer(CYCLE, x=own, way=1).x.shape == (1, 16, 16, 3)


def test_more_pictures_do_not_change_the_first():
    few, many = answer(PIX, n=3), answer(PIX, n=20)
    assert np.array_equal(few.third, many.third[:3])
    np.testing.assert_allclose(few.score, many.score[:3], atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"way": 1}, "The way must be a whole number from 0 to 0"),
        ({"strength": 2.5}, "strength must be a number from 0 to 2"),
        ({"strength": float("nan")}, "strength must be"),
        ({"n": 0}, "number of pictures"),
        ({"x": np.zeros((1, 4, 4), np.uint8)}, "pictures"),
        ({"condition": (0, 1)}, "trained without labels"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, told):
    with pytest.raises(BadInput, match=told):
        answer(PIX, **asked)


def test_a_group_that_is_not_held_out_is_told():
    data = toy_data(IMAGES, heldout=1)
    model = new_model(CycleGAN, knob.build(CycleGAN.Config, {"width": 8}), IMAGES, seed=1).eval()
    with pytest.raises(BadInput, match="no picture that could go the way"):
        answer(model, data)
