"""Pix2Pix and CycleGAN: that they learn, what they are sampled from, and what their settings mean."""

from __future__ import annotations

import pytest
import torch
from toys import COLOUR, IMAGES, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import to_float
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.cycle_gan import CycleGAN, CycleGANConfig, CycleSampling, groups_of
from genplay.families.pix2pix import Pix2Pix
from genplay.nn.critics import PatchCritic
from genplay.nn.translator import BANK

SMALL = DataSpec(Kind.IMAGE, (1, 8, 8), IMAGES.attributes)
HAIR = DataSpec(Kind.IMAGE, (3, 16, 16), (Attribute("hat", ("no",)), Attribute("hair", ("black", "brown", "blond"))))


def trainer_of(family, spec=IMAGES, batch=16, **config):
    model = new_model(family, knob.build(family.Config, {"width": 8, **config}), spec, 1)
    return Trainer(model, toy_data(spec), TrainingConfig(batch_size=batch, learning_rate=2e-3, warmup=0), 1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# ---- Pix2Pix ---------------------------------------------------------------------------------------------------------


def test_the_difference_to_the_truth_falls():
    trainer = trainer_of(Pix2Pix, SMALL, batch=8, task="noise")
    found = [trainer.advance().terms["L1"] for _ in range(24)]
    assert sum(found[-4:]) < 0.8 * sum(found[:4])


def test_a_game_without_weight_is_the_difference_alone():
    trainer = trainer_of(Pix2Pix, adversarial=0.0, l1=1.0)
    *_, last = trainer.model.objectives(trainer.batches.next(), seeded())
    assert float(last.loss.detach()) == float(last.terms["L1"])


def test_colours_that_are_asked_for_change_the_output():
    model = trainer_of(Pix2Pix, COLOUR, conditional=True).model.eval()
    torch.nn.init.normal_(model.generator.leave.weight, std=0.1)
    for name, parameter in model.generator.named_parameters():
        if "film" in name or "conv2" in name:  # which begin at zero
            torch.nn.init.normal_(parameter, std=0.1, generator=seeded())
    x = torch.zeros(2, 3, 16, 16)
    with torch.no_grad():
        made = [model.translate(x, torch.tensor([[label, 0]] * 2), seeded()) for label in (0, 1)]
        same = model.translate(x, None, seeded())
    assert not torch.equal(*made)
    assert not torch.equal(same, made[0])
    assert model.takes_labels
    assert not trainer_of(Pix2Pix).model.takes_labels


def test_a_pair_is_judged_by_both_of_its_pictures():
    model = trainer_of(Pix2Pix, COLOUR).model.eval()
    x, y = torch.rand(2, 4, 3, 16, 16, generator=seeded()) * 2 - 1
    with torch.no_grad():
        score = model.judged(x, y)
        assert score.shape == (4,)
        assert not torch.equal(score, model.judged(y, y))
        assert not torch.equal(score, model.judged(x, x))
        torch.testing.assert_close(model.critic(y), model.judged(model.degrade(y, seeded()), y))


@pytest.mark.parametrize(("halve", "side", "reach"), [(1, 8, 10), (2, 4, 20)])
def test_a_patch_is_as_large_as_is_said(halve, side, reach):
    critic = PatchCritic(1, (1, 16, 16), 4, halve)
    wide = torch.zeros(1, 1, 64, 64, requires_grad=True)
    score = critic(wide)
    score[0, score.shape[1] // 2, score.shape[2] // 2].backward()
    seen = wide.grad[0, 0].abs().sum(0) > 0
    assert int(seen.sum()) == reach
    assert critic(torch.zeros(2, 1, 16, 16)).shape == (2, side, side)


# ---- the bank --------------------------------------------------------------------------------------------------------


def test_the_bank_keeps_the_first_pictures_seen_and_samples_begin_from_them():
    trainer = trainer_of(Pix2Pix, COLOUR, batch=50)
    bank = trainer.model.banks[0]
    first = trainer.batches.next()
    trainer.batches.seek(0, 0)
    trainer.advance()
    assert int(bank.filled) == 50
    assert torch.equal(to_float(bank.rows[:50]), first.x)
    for _ in range(4):
        trainer.advance()
    assert int(bank.filled) == BANK
    assert torch.equal(to_float(bank.rows[:50]), first.x)
    model = trainer.model.eval()
    with torch.no_grad():
        begin, end = model.sample_steps(9, None, seeded(), None)
    kept = to_float(bank.rows)
    assert all(bool((kept == original).flatten(1).all(1).any()) for original in begin.extras["original"])
    assert torch.equal(begin.x, begin.extras["input"])
    assert torch.equal(begin.x, model.degrade(begin.extras["original"], seeded()))
    assert torch.equal(end.x, model.translate(begin.x, None, seeded()))


def test_looking_puts_nothing_into_the_bank():
    model = trainer_of(CycleGAN).model.eval()
    batch = trainer_of(CycleGAN).batches.next()
    with torch.no_grad():
        list(model.objectives(batch, seeded()))
    assert all(int(bank.filled) == 0 for bank in model.banks)


# ---- CycleGAN --------------------------------------------------------------------------------------------------------


def groups(**config):
    return groups_of(CycleGANConfig(**config), HAIR)


def test_what_is_left_open_is_found_in_the_data():
    both = groups()
    assert (both.column, both.names) == (1, ("black", "brown, blond"))
    assert groups(target="blond").names == ("black, brown", "blond")
    assert groups(source="brown").names == ("brown", "black, blond")
    one = groups(source="brown, black", target="blond")
    assert (one.first, one.second, one.share) == ((1, 0), (2,), 1 / 3)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"attribute": "beard"}, "known: hair"),
        ({"attribute": "hat"}, "known: hair"),
        ({"source": "green"}, "source: hair has no value 'green'; known: black, brown, blond"),
        ({"target": "x"}, "target: hair has no value 'x'"),
        ({"source": "black", "target": "black,blond"}, "different values of hair"),
        ({"source": "black,brown,blond"}, "different values of hair"),
    ],
)
def test_groups_that_are_not_there_are_told(config, told):
    with pytest.raises(BadInput, match=told):
        groups(**config)


def test_a_rare_group_is_given_more_batches():
    model = new_model(CycleGAN, CycleGANConfig(width=8, source="blond", target="black"), HAIR)
    assert model.batches_per_step == 3
    labels = torch.tensor([[0, 2], [0, 0], [0, 1]])
    assert model.group_of(torch.zeros(3, 3, 16, 16), labels).tolist() == [0, 1, -1]


def test_without_labels_the_dark_and_the_bright_pictures_are_the_groups():
    spec = DataSpec(Kind.IMAGE, (1, 16, 16))
    model = new_model(CycleGAN, CycleGANConfig(width=8), spec)
    assert model.ways == ("dark pictures → bright pictures", "bright pictures → dark pictures")
    model.brightness.fill_(0.2)
    x = torch.tensor([-0.5, 0.1, 0.9]).view(3, 1, 1, 1).expand(3, 1, 16, 16)
    assert model.group_of(x, torch.zeros(3, 0)).tolist() == [0, 0, 1]
    with pytest.raises(BadInput, match="known: none"):
        new_model(CycleGAN, CycleGANConfig(width=8, attribute="hair"), spec)


def test_each_way_has_its_generator_and_its_critic():
    model = trainer_of(CycleGAN, COLOUR).model.eval()
    torch.nn.init.normal_(model.generator[1].leave.weight, std=0.1)
    x = torch.rand(5, 3, 16, 16, generator=seeded()) * 2 - 1
    with torch.no_grad():
        assert torch.equal(model.translate(x, None, seeded(), 0), x)
        assert not torch.equal(model.translate(x, None, seeded(), 1), x)
        there, back = model.judged(x, x, 0), model.judged(x, x, 1)
        torch.testing.assert_close(there, model.discriminator[1](x).flatten(1).mean(1))
        torch.testing.assert_close(model.critic(x), torch.maximum(there, back))


def test_the_direction_of_samples_chooses_the_bank():
    trainer = trainer_of(CycleGAN, COLOUR)
    trainer.advance()
    model = trainer.model.eval()
    for way, direction in enumerate(("there", "back")):
        with torch.no_grad():
            begin = next(model.sample_steps(6, CycleSampling(direction), seeded()))
        kept = to_float(model.banks[way].rows[: int(model.banks[way].filled)])
        assert all(bool((kept == x).flatten(1).all(1).any()) for x in begin.x)


def test_a_group_that_a_batch_lacks_is_lent_by_the_bank():
    trainer = trainer_of(CycleGAN, COLOUR)
    trainer.advance()
    batch = trainer.batches.next()
    left = batch.labels[:, 0] == 0
    lone = type(batch)(batch.x[left], batch.labels[left], 1)
    a, b = trainer.model._sides(lone, seeded())
    assert len(a) and len(b)
    assert not any(bool((lone.x == x).flatten(1).all(1).any()) for x in b)


@pytest.mark.slow
def test_translations_come_to_pass_for_the_other_group():
    """The toy's groups differ in which side is brighter: after a while a translation has the other side brighter."""
    trainer = trainer_of(CycleGAN, SMALL, batch=8, identity=0.0, cycle=1.0)
    for _ in range(50):
        trainer.advance()
    data, model = trainer.data, trainer.model.eval()
    x = to_float(data.heldout[data.heldout_labels[:, 0] == 0])

    def slope(pictures):
        return float((pictures[..., 4:].mean() - pictures[..., :4].mean()).detach())

    with torch.no_grad():
        y = model.translate(x, None, seeded(), 0)
    other = to_float(data.heldout[data.heldout_labels[:, 0] == 1])
    assert abs(slope(y) - slope(other)) < 0.5 * abs(slope(x) - slope(other))
