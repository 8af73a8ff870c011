"""Laws of image to image: what degrading keeps, and what a cycle of identities costs."""

from __future__ import annotations

import math

import pytest
import torch
from toys import COLOUR, IMAGES, toy_data

from genplay.contract import knob
from genplay.core.dataset import Batch, to_float
from genplay.core.training import new_model
from genplay.families.cycle_gan import CycleGAN
from genplay.families.pix2pix import Pix2Pix
from genplay.nn.degrade import HOLE, SIGMA, WAYS, low_resolution, luma, recolour


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=6, spec=COLOUR):
    return torch.rand(n, *spec.shape, generator=seeded(3)) * 1.8 - 0.9


each = pytest.mark.parametrize("way", list(WAYS))


@each
@pytest.mark.parametrize("spec", [COLOUR, IMAGES], ids=["colour", "grey"])
def test_strength_0_takes_nothing_and_1_takes_something_within_the_range(way, spec):
    x = pictures(spec=spec)
    torch.testing.assert_close(WAYS[way](x, seeded(), 0.0), x, atol=1e-6, rtol=0)
    for strength in (1.0, 2.0):
        taken = WAYS[way](x, seeded(), strength)
        assert taken.shape == x.shape
        assert taken.abs().max() <= 1
        changed = (taken - x).abs().flatten(1).mean(1)
        assert bool((changed > 0.001).all())
        assert float(changed.mean()) > 0.05


@each
def test_the_generator_alone_decides(way):
    x = pictures()
    assert torch.equal(WAYS[way](x, seeded(1), 1.0), WAYS[way](x, seeded(1), 1.0))
    random = way in ("recolour", "holes", "noise")
    assert torch.equal(WAYS[way](x, seeded(1), 1.0), WAYS[way](x, seeded(2), 1.0)) == (not random)


@pytest.mark.parametrize("way", ["grey", "low-res"])
def test_what_is_gone_cannot_go_again(way):
    once = WAYS[way](pictures(), seeded(), 1.0)
    torch.testing.assert_close(WAYS[way](once, seeded(), 1.0), once)


def test_grey_keeps_the_brightness():
    x = pictures()
    grey = WAYS["grey"](x, seeded(), 1.0)
    torch.testing.assert_close(luma(grey), luma(x))
    assert bool((grey.std(1) < 1e-6).all())


@pytest.mark.parametrize(("strength", "block"), [(0.5, 2), (1.0, 4), (2.0, 16)])
def test_low_resolution_keeps_the_mean_of_every_block(strength, block):
    x = pictures()
    small = low_resolution(x, seeded(), strength)
    cells = small.unfold(2, block, block).unfold(3, block, block)
    torch.testing.assert_close(cells, cells[..., :1, :1].expand_as(cells))
    torch.testing.assert_close(cells.mean((-1, -2)), x.unfold(2, block, block).unfold(3, block, block).mean((-1, -2)))


def test_recolouring_turns_about_the_axis_of_greys():
    x = pictures() / 4  # far from the edge of the cube, so that nothing is cut
    turned = recolour(x, seeded(), 1.0)
    torch.testing.assert_close(turned.sum(1), x.sum(1), atol=1e-5, rtol=0)
    torch.testing.assert_close(turned.square().sum(1), x.square().sum(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_a_hole_has_its_size_and_all_else_is_kept(strength):
    x = pictures(64)
    holed = WAYS["holes"](x, seeded(), strength)
    gone = (holed != x).any(1)
    side = min(16, round(strength * HOLE * 16))
    assert bool((gone.sum((1, 2)) == side**2).all())
    assert bool((holed[gone[:, None].expand_as(x)] == 0).all())
    where = gone.any(2).int().argmax(1)
    assert strength == 2 or len(where.unique()) > 3


def test_noise_has_its_spread():
    x = torch.zeros(200, 3, 16, 16)
    drawn = WAYS["noise"](x, seeded(), 0.5)  # at 0.3, of which 0.1 % is cut
    assert float(drawn.std()) == pytest.approx(SIGMA / 2, rel=0.01)


def model_of(family, spec=COLOUR, **config):
    return new_model(family, knob.build(family.Config, {"width": 8, **config}), spec, seed=1)


def batch_of(spec, n=24):
    data = toy_data(spec)
    return Batch(to_float(data.train[:n]), data.train_labels[:n], 1)


def test_a_cycle_of_identities_costs_nothing():
    model = model_of(CycleGAN)
    terms = {}
    for objective in model.objectives(batch_of(COLOUR), seeded()):
        terms |= objective.terms
    assert float(terms["cycle L1"]) == float(terms["identity L1"]) == float(terms["changed"]) == 0
    x = pictures()
    assert torch.equal(model.translate(x, None, seeded(), 0), x)
    # and the loss is then the game alone, whatever the weights
    heavy = model_of(CycleGAN, cycle=100.0, identity=100.0)
    losses = [[o.loss for o in m.objectives(batch_of(COLOUR), seeded())][-1] for m in (model, heavy)]
    torch.testing.assert_close(*losses)


def test_the_loss_of_the_generator_is_the_game_and_the_weighted_difference():
    model = model_of(Pix2Pix, IMAGES, task="noise", l1=7.0, adversarial=3.0)
    *_, last = model.objectives(batch_of(IMAGES), seeded())
    expected = 3 * float(last.terms["loss generator"]) + 7 * float(last.terms["L1"])
    assert float(last.loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert math.isclose(float(last.terms["loss generator"]), math.log(2), abs_tol=0.2)  # a critic that knows nothing
