"""Laws of the shared training loop: flat parameters, averaging, batches, players that take turns."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from toys import IMAGES, POINTS, ToyDiffusion, ToyFlow, ToyGAN, toy_data

from genplay.contract.errors import BadInput
from genplay.core import training
from genplay.core.dataset import Batches, from_plain, to_float, to_plain
from genplay.core.flat import FlatParameters
from genplay.core.model import Model, NoConfig, Objective
from genplay.core.training import Diverged, Replica, Trainer, TrainingConfig, new_model


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1), nn.GroupNorm(1, 5), nn.SiLU(), nn.Conv2d(5, 4, 1), nn.Flatten(), nn.Linear(64, 3)
    )


def a_loss(net, seed=1):
    x = torch.randn(6, 2, 4, 4, generator=torch.Generator().manual_seed(seed))
    return net(x).square().mean()


# ---- flat parameters -------------------------------------------------------------------------------------------


def test_flattening_changes_no_value_and_no_output():
    net = network()
    before, loss = copy.deepcopy(net.state_dict()), a_loss(net)
    flat = FlatParameters(list(net.parameters()))
    assert all(torch.equal(before[n], v) for n, v in net.state_dict().items())
    torch.testing.assert_close(a_loss(net), loss)
    assert flat.values.numel() == sum(p.numel() for p in net.parameters())


def test_parameters_and_gradients_are_views_of_the_flat_buffers():
    net = network()
    flat = FlatParameters(list(net.parameters()))
    a_loss(net).backward()
    total = sum(p.grad.square().sum().item() for p in net.parameters())
    assert flat.grad.square().sum().item() == pytest.approx(total, rel=1e-5)
    assert total > 0
    flat.values.zero_()
    flat.grad.fill_(7)
    assert all((p == 0).all() and (p.grad == 7).all() for p in net.parameters())


def test_gradients_are_those_of_the_ordinary_network():
    plain, net = network(), network()
    FlatParameters(list(net.parameters()))
    a_loss(plain).backward()
    a_loss(net).backward()
    for p, q in zip(plain.parameters(), net.parameters()):
        torch.testing.assert_close(q.grad, p.grad, rtol=1e-6, atol=1e-7)


def test_convolutions_keep_the_layout_that_processors_prefer():
    net = network()
    FlatParameters(list(net.parameters()))
    assert net[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_adamw_on_the_flat_buffer_takes_the_path_of_adamw_on_the_network():
    plain, net = network(), network()
    flat = FlatParameters(list(net.parameters()))
    leaf = nn.Parameter(flat.values)
    leaf.grad = flat.grad
    facts = {"lr": 1e-2, "betas": (0.9, 0.99), "weight_decay": 0.1}
    ours, theirs = torch.optim.AdamW([leaf], fused=True, **facts), torch.optim.AdamW(plain.parameters(), **facts)
    for step in range(20):
        flat.grad.zero_()
        theirs.zero_grad()
        a_loss(net, step).backward()
        a_loss(plain, step).backward()
        ours.step()
        theirs.step()
    for p, q in zip(plain.parameters(), net.parameters()):
        torch.testing.assert_close(q, p, rtol=1e-5, atol=1e-6)


# ---- the trainer -----------------------------------------------------------------------------------------------


def test_the_trainer_takes_the_path_of_a_bare_loop():
    settings = TrainingConfig(batch_size=16, warmup=4, learning_rate=5e-3, weight_decay=0.05)
    model, bare = (new_model(ToyDiffusion, NoConfig(), POINTS, seed=1) for _ in range(2))
    data = toy_data()
    trainer = Trainer(model, data, settings, seed=5)
    optimiser = torch.optim.AdamW(bare.parameters(), betas=(0.9, 0.99), weight_decay=0.05)
    batches, generator = Batches(data, 16, 5), torch.Generator().manual_seed(5)
    for step in range(1, 31):
        logged = trainer.advance()
        (objective,) = bare.objectives(batches.next(step - 1), generator)
        optimiser.zero_grad()
        objective.loss.backward()
        optimiser.param_groups[0]["lr"] = 5e-3 * min(1.0, step / 5)
        optimiser.step()
        assert logged.terms["loss"] == pytest.approx(objective.loss.item(), rel=1e-4)
    for p, q in zip(bare.parameters(), model.parameters()):
        torch.testing.assert_close(q, p, rtol=1e-4, atol=1e-5)


def test_averaged_weights_follow_the_formula():
    trainer = Trainer(new_model(ToyFlow, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8, ema=0.6))
    expected = trainer.players["model"].flat.values.clone()
    for n in range(1, 25):
        trainer.advance()
        decay = min(0.6, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * trainer.players["model"].flat.values
    torch.testing.assert_close(trainer.snapshot().values["model"], expected, rtol=1e-5, atol=1e-6)


def test_averages_taken_less_often_are_those_of_every_step_but_for_the_noise(monkeypatch):
    settings = TrainingConfig(batch_size=8, ema=0.99, learning_rate=1e-4)
    averages = []
    for each in (10**9, 200):
        monkeypatch.setattr(training, "AVERAGE_EACH", each)
        trainer = Trainer(new_model(ToyFlow, NoConfig(), POINTS), toy_data(), settings)
        for _ in range(400):
            trainer.advance()
        averages.append(trainer.snapshot().values["model"])
    moved = (trainer.players["model"].flat.values - averages[0]).abs().max()
    assert 0 < (averages[0] - averages[1]).abs().max() < 0.1 * moved


def test_gradients_longer_than_the_clip_are_scaled_to_it():
    class Steep(ToyFlow):
        def objectives(self, batch, generator):
            for objective in super().objectives(batch, generator):
                yield Objective(1e6 * objective.loss)

    settings = TrainingConfig(batch_size=8, clip=0.5)
    trainer = Trainer(new_model(Steep, NoConfig(), POINTS), toy_data(), settings)
    step = trainer.advance()
    assert step.terms["gradient norm"] > 1e3, "the norm before clipping is what is logged"
    assert trainer.players["model"].grad.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_the_critic_has_moved_before_the_generator_is_judged_by_it():
    trainer = Trainer(
        new_model(ToyGAN, ToyGAN.Config(critic_steps=2), POINTS), toy_data(), TrainingConfig(batch_size=8, warmup=0)
    )
    judged_by = []
    told = trainer.model.objectives

    def watched(batch, generator):
        for objective in told(batch, generator):
            judged_by.append((objective.group, trainer.players["critic"].flat.values.clone()))
            yield objective

    trainer.model.objectives = watched
    trainer.advance()
    assert [group for group, _ in judged_by] == ["critic", "critic", "generator"]
    assert not torch.equal(judged_by[0][1], judged_by[1][1])
    assert not torch.equal(judged_by[1][1], judged_by[2][1])
    assert torch.equal(judged_by[2][1], trainer.players["critic"].flat.values)


def test_the_learning_rate_falls_to_0_over_the_last_share_of_a_known_length():
    settings = TrainingConfig(batch_size=8, warmup=0, cooldown=0.5, learning_rate=1e-3)
    trainer = Trainer(new_model(ToyFlow, NoConfig(), POINTS), toy_data(), settings)
    rate = trainer.players["model"].optimiser.param_groups[0]
    trainer.advance()
    assert rate["lr"] == 1e-3, "without a length there is no end to cool down for"
    trainer.progress = lambda: done
    rates = []
    for done in (0.0, 0.5, 0.75, 0.9, 1.0, 1.2):
        trainer.advance()
        rates.append(rate["lr"])
    assert rates == pytest.approx([1e-3, 1e-3, 5e-4, 2e-4, 0.0, 0.0])


def test_training_lowers_the_loss_of_each_toy():
    for toy in (ToyDiffusion, ToyFlow):
        trainer = Trainer(new_model(toy, toy.Config(), POINTS), toy_data(), TrainingConfig(batch_size=64, warmup=0))
        losses = [trainer.advance().terms["loss"] for _ in range(150)]
        assert sum(losses[-20:]) < sum(losses[:20]) - 1, toy.name


def test_divergence_leaves_running_statistics_alone():
    class Normed(ToyFlow):
        def __init__(self, config, spec):
            super().__init__(config, spec)
            self.norm = nn.BatchNorm1d(spec.size)

        def objectives(self, batch, generator):
            yield Objective(-self.log_density(self.norm(batch.x)).mean() * self.scale)

    trainer = Trainer(new_model(Normed, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    trainer.model.scale = 1.0
    trainer.advance()
    before = copy.deepcopy(trainer.model.state_dict())
    trainer.model.scale = float("inf")
    with pytest.raises(Diverged, match="gradient of the model stopped being finite at step 2"):
        trainer.advance()
    assert all(torch.equal(t, before[n]) for n, t in trainer.model.state_dict().items())
    assert trainer.step == 1


def test_buffers_that_training_never_changes_are_not_copied_at_each_step(monkeypatch):
    class Stacked(ToyFlow):
        def __init__(self, config, spec):
            super().__init__(config, spec)
            self.register_buffer("large", torch.zeros(3))
            self.register_buffer("count", torch.zeros(2))

        def constants(self):
            return {"large"}

    copied = []
    clone = torch.Tensor.clone
    trainer = Trainer(new_model(Stacked, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    monkeypatch.setattr(torch.Tensor, "clone", lambda t, **facts: copied.append(tuple(t.shape)) or clone(t, **facts))
    trainer.advance()
    assert (2,) in copied
    assert (3,) not in copied
    assert trainer.snapshot().buffers["large"].shape == (3,), "but they belong to a snapshot"


def test_a_player_that_diverges_keeps_its_own_weights():
    class Fragile(ToyGAN):
        factor = {"critic": 1.0, "generator": 1.0}

        def objectives(self, batch, generator):
            for objective in super().objectives(batch, generator):
                yield Objective(objective.loss * self.factor[objective.group], objective.group)

    trainer = Trainer(new_model(Fragile, ToyGAN.Config(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    trainer.advance()
    before = trainer.players["generator"].flat.values.clone()
    trainer.model.factor = {"critic": 1.0, "generator": float("nan")}
    with pytest.raises(Diverged, match="gradient of the generator"):
        trainer.advance()
    assert torch.equal(trainer.players["generator"].flat.values, before)


def test_training_pauses_by_not_resuming_and_ends_by_closing():
    trainer = Trainer(new_model(ToyFlow, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    steps = trainer.run()
    assert [next(steps).number for _ in range(3)] == [1, 2, 3]
    steps.close()
    assert trainer.step == 3
    assert next(trainer.run()).number == 4


def test_live_knobs_are_all_changed_or_none():
    trainer = Trainer(new_model(ToyFlow, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    with pytest.raises(BadInput):
        trainer.set_live({"ema": 0.5, "clip": -1.0})
    with pytest.raises(BadInput, match="batch_size"):
        trainer.set_live({"ema": 0.5, "batch_size": 4})
    assert trainer.config.ema == TrainingConfig().ema


def test_buffers_travel_in_snapshots_and_states():
    trainer = Trainer(new_model(ToyDiffusion, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    for _ in range(3):
        trainer.advance()
    replica = Replica(new_model(ToyDiffusion, NoConfig(), POINTS, seed=4))
    replica.load(trainer.snapshot())
    again = Trainer(new_model(ToyDiffusion, NoConfig(), POINTS), toy_data(), TrainingConfig(batch_size=8))
    again.restore(*trainer.state())
    assert replica.model.seen.item() == again.model.seen.item() == 24


def test_a_seed_gives_the_same_weights_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    a, b, c = (new_model(ToyGAN, ToyGAN.Config(), POINTS, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters()))
    assert not all(torch.equal(p, q) for p, q in zip(a.parameters(), c.parameters()))


def test_a_model_without_the_required_methods_says_so():
    class Empty(Model):
        pass

    with pytest.raises(TypeError, match="Empty defines no objectives"):
        Empty(NoConfig(), POINTS).objectives(None, None)
    with pytest.raises(TypeError, match="Empty defines no sample_steps"):
        Empty(NoConfig(), POINTS).sample_steps(1, None, None)


def test_the_toy_flow_has_the_closed_form_density():
    model = new_model(ToyFlow, NoConfig(), POINTS, seed=2)
    nn.init.normal_(model.log_diagonal, std=0.3)
    nn.init.normal_(model.shift)
    x = torch.randn(50, 2)
    exact = torch.distributions.MultivariateNormal(model.shift, scale_tril=model.factor())
    torch.testing.assert_close(model.log_density(x), exact.log_prob(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.decode(model.encode(x).mu), x, rtol=1e-4, atol=1e-4)


# ---- batches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_each_epoch_is_a_permutation_less_an_incomplete_last_batch(size):
    data = toy_data(train=50)
    batches = Batches(data, size, seed=3)
    a_piece = min(size, 50)
    orders = []
    for _ in range(3):
        rows = torch.cat([batches.next().x for _ in range(50 // a_piece)])
        distinct = {tuple(row.tolist()) for row in rows}
        assert len(distinct) == len(rows) == 50 - 50 % a_piece
        assert distinct <= {tuple(row.tolist()) for row in data.train}
        orders.append(rows)
    assert not torch.equal(orders[0], orders[1])


def test_a_seek_continues_exactly():
    data = toy_data(train=50)
    batches, other = Batches(data, 8, seed=3), Batches(data, 8, seed=3)
    for _ in range(9):
        batches.next()
    other.seek(**batches.position())
    assert other.progress == batches.progress
    for _ in range(15):
        a, b = batches.next(), other.next()
        assert torch.equal(a.x, b.x)
        assert torch.equal(a.labels, b.labels)


def test_the_order_follows_the_seed():
    data = toy_data(train=50)
    a, b, c = (Batches(data, 50, seed).next().x for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_labels_stay_with_their_rows():
    data = toy_data(train=50)
    table = {tuple(x.tolist()): tuple(y.tolist()) for x, y in zip(data.train, data.train_labels)}
    batch = Batches(data, 50, 0).next()
    assert all(table[tuple(x.tolist())] == tuple(y.tolist()) for x, y in zip(batch.x, batch.labels))


def test_pixels_survive_the_way_to_the_model_and_back():
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    x = to_float(pixels)
    assert x.min() == -1
    assert x.max() == 1
    plain = to_plain(x, IMAGES)
    assert plain.shape == (1, 16, 16, 1)
    assert torch.equal(from_plain(plain, IMAGES), x)
    assert (to_plain(pixels, IMAGES) == plain).all()
    assert (plain[0, :, :, 0] == pixels[0, 0].numpy()).all()


class Odd(ToyFlow):
    """A model whose parameter groups are as a test wants them."""

    grouping = staticmethod(lambda parameters: {"model": parameters})

    def parameter_groups(self):
        return self.grouping(list(self.parameters()))


@pytest.mark.parametrize(
    ("grouping", "said"),
    [
        (lambda p: {"model": p[1:]}, "no group"),
        (lambda p: {"a": p, "b": p[:1]}, "more than one"),
        (lambda p: {"model": p, "none": []}, "empty"),
        (lambda p: {"model": [p[0], *p]}, "more than one"),
    ],
)
def test_every_parameter_belongs_to_one_group(monkeypatch, grouping, said):
    """One that nobody trains would be drawn anew in every copy, and one with two owners would lose its bond."""
    monkeypatch.setattr(Odd, "grouping", staticmethod(grouping))
    data = toy_data()
    with pytest.raises(ValueError, match=said):
        Trainer(new_model(Odd, Odd.Config(), data.spec), data, TrainingConfig())
    with pytest.raises(ValueError, match=said):
        Replica(new_model(Odd, Odd.Config(), data.spec))


def test_a_group_has_one_type_of_number():
    layers = [nn.Linear(2, 2), nn.Linear(2, 2, dtype=torch.float64)]
    with pytest.raises(ValueError, match="type"):
        FlatParameters([p for layer in layers for p in layer.parameters()])


def test_tied_weights_are_trained_once():
    """Two layers that share a weight still share it, and its gradient holds both parts."""
    one, two = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    two.weight = one.weight
    both = nn.Sequential(one, two)
    flat = FlatParameters(list(both.parameters()))
    assert flat.values.numel() == 9
    x = torch.randn(5, 3)
    both(x).square().mean().backward()
    free = one.weight.detach().clone().requires_grad_()
    (x @ free.T @ free.T).square().mean().backward()
    torch.testing.assert_close(flat.grad.view(3, 3), free.grad)
    assert two.weight is one.weight
