"""Weights, averages and moments in a network of another shape: the same function at first, and exact where they fit."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from toys import IMAGES, POINTS, ToyGAN, toy_data

from genplay.contract.knob import knob
from genplay.core.model import Frame, Model, Objective
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.core.transplant import carried

SMALL = TrainingConfig(batch_size=8, ema=0.9)


@dataclass(frozen=True)
class DuoConfig:
    """How large the two players are."""

    width: int = knob(6, "width", "units", low=1, high=64)
    extra: int = knob(0, "extra", "further inputs of the critic", low=0, high=8)
    deeper: bool = knob(False, "deeper", "whether the critic has one more layer")


class Duo(Model):
    """A convolutional player, which may have further inputs, all ones, and one of five numbers."""

    name, title, Config = "duo", "duo", DuoConfig

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.features = nn.Conv2d(1, config.width, 3, padding=1)
        self.last = nn.Linear(config.width + config.extra, 1)
        self.more = nn.Linear(1, 1) if config.deeper else nn.Identity()
        self.other = nn.Parameter(torch.randn(5))
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("inputs", torch.zeros(config.width + config.extra))

    def parameter_groups(self):
        return {"critic": [p for p in self.parameters() if p is not self.other], "generator": [self.other]}

    def critic(self, x, labels=None):
        h = self.features(x.contiguous(memory_format=torch.channels_last)).relu().mean((2, 3))
        return self.more(self.last(torch.cat([h, torch.ones(len(h), self.config.extra)], 1)))[:, 0]

    def objectives(self, batch, generator):
        self.seen += 1
        yield Objective((self.critic(batch.x) - 1).square().mean(), "critic")
        yield Objective((self.other - torch.randn(5, generator=generator)).square().mean(), "generator")

    def sample_steps(self, n, config, generator, labels=None):
        yield Frame(torch.randn(n, *self.spec.shape, generator=generator))


def duo(steps=0, seed=0, **config):
    trainer = Trainer(new_model(Duo, DuoConfig(**config), IMAGES, seed), toy_data(IMAGES), SMALL, seed=3)
    for _ in range(steps):
        trainer.advance()
    return trainer


def moved(source, target):
    target.restore(*carried(source.state(), source, target))
    return target


def equal(a, b):
    (tensors, plain), (others, more) = a.state(), b.state()
    return (
        plain == more and tensors.keys() == others.keys() and all(torch.equal(tensors[n], others[n]) for n in tensors)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: duo(seed=seed),
        lambda seed: Trainer(new_model(ToyGAN, ToyGAN.Config(), POINTS, seed), toy_data(), SMALL, seed=3),
    ],
)
def test_between_networks_of_one_shape_everything_is_carried(make):
    source, target = make(0), make(1)
    for _ in range(12):
        source.advance()
    moved(source, target)
    assert equal(source, target)
    for _ in range(5):
        source.advance(), target.advance()
    assert equal(source, target)


@pytest.mark.parametrize("config", [{"extra": 3}, {"width": 9}])
def test_a_network_that_has_grown_at_the_end_computes_the_same_at_first(config):
    source, target = duo(10), duo(seed=1, **config)
    moved(source, target)
    x = toy_data(IMAGES).heldout.float() / 127.5 - 1
    with torch.no_grad():
        torch.testing.assert_close(target.model.critic(x), source.model.critic(x), rtol=1e-5, atol=1e-6)
    assert torch.equal(target.model.other, source.model.other)
    assert target.step == 10


def test_parts_of_a_grown_network_are_in_their_places():
    """Four-dimensional weights lie channels last in the flat tensors, moments too."""
    source, target = duo(10), duo(seed=1, width=9, extra=2)
    fresh = target.model.features.weight.detach().clone()
    moved(source, target)
    new, old = target.model.features.weight, source.model.features.weight
    assert torch.equal(new[:6], old)
    assert torch.equal(new[6:], fresh[6:]), "units that begin at zero, with zeros listening, could never learn"
    assert torch.equal(target.model.last.weight[:, :6], source.model.last.weight)
    assert not target.model.last.weight[:, 6:].any()
    for key in ("exp_avg", "exp_avg_sq"):
        moment, before = target.players["critic"].moments[key], source.players["critic"].moments[key]
        at = moment.as_strided(new.shape, new.stride(), new.storage_offset())
        assert torch.equal(at[:6], before.as_strided(old.shape, old.stride(), old.storage_offset()))
        assert before.any() and not at[6:].any()
    assert target.players["critic"].moments["step"] == 10
    average = target.players["critic"].average.as_strided(new.shape, new.stride(), new.storage_offset())
    assert not torch.equal(average[:6], new[:6]), "the average is carried over as an average"


def test_new_units_learn():
    target = moved(duo(10), duo(seed=1, width=9))
    before = target.model.last.weight[:, 6:].detach().clone(), target.model.features.weight[6:].detach().clone()
    for _ in range(3):
        target.advance()
    assert (target.model.last.weight[:, 6:] != before[0]).any()
    assert (target.model.features.weight[6:] != before[1]).any()


def test_what_shrank_or_is_new_begins_fresh_and_buffers_that_fit_are_carried():
    source, target, fresh = duo(10), duo(seed=1, width=4, deeper=True), duo(seed=1, width=4, deeper=True)
    source.model.inputs += 1
    moved(source, target)
    for name in ("features.weight", "last.weight", "more.weight"):
        assert torch.equal(target.model.get_parameter(name), fresh.model.get_parameter(name))
    assert not target.players["critic"].moments["exp_avg"][:36].any()
    assert target.model.seen == 10
    assert not target.model.inputs.any()
    target.advance()


def test_random_streams_and_the_order_of_data_go_on():
    source = duo(10)
    target = moved(source, duo(seed=1, extra=2))
    assert torch.equal(source.batches.next().x, target.batches.next().x)
    assert torch.equal(torch.rand(3, generator=source.generator), torch.rand(3, generator=target.generator))


def test_the_state_that_was_carried_is_left_as_it_is():
    source, target = duo(10), duo(seed=1)
    state = source.state()
    before = {n: t.clone() for n, t in state[0].items()}
    target.restore(*carried(state, source, target))
    for _ in range(3):
        target.advance()
    assert all(torch.equal(state[0][n], t) for n, t in before.items())
