"""RBMs and deep belief networks as families: what they keep, what their knobs do, and who learns when."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from toys import IMAGES, toy_data

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Start
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.dbn import DBN, DBNConfig, DBNSampling
from genplay.families.rbm import RBM, RBMConfig, RBMSampling
from genplay.nn.boltzmann import Boltzmann, coins, states


def trained(family: Any, config: Any, steps: int) -> Trainer:
    model = new_model(family, config, IMAGES, 1)
    trainer = Trainer(model, toy_data(IMAGES), TrainingConfig(learning_rate=1e-2, warmup=0, batch_size=32))
    for _ in range(steps):
        trainer.advance()
    return trainer


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- RBM -------------------------------------------------------------------------------------------------------


def test_training_makes_data_more_probable_than_noise():
    model = trained(RBM, RBMConfig(hidden=10), 80).model.eval()
    noise = torch.rand(50, *IMAGES.shape, generator=seeded()) * 2 - 1
    data = toy_data(IMAGES).heldout / 127.5 - 1
    assert model.energy(data).mean() < model.energy(noise).mean() - 30


def test_sparsity_keeps_units_off():
    share = {}
    for sparsity in (0.0, 10.0):
        config = RBMConfig(hidden=10, sparsity=sparsity, active=0.05)
        share[sparsity] = trained(RBM, config, 120).advance().terms["active share"]
    assert share[10.0] < 0.7 * share[0.0]
    assert abs(share[10.0] - 0.05) < 0.15


@pytest.mark.parametrize("method", ["persistent CD", "CD"])
def test_samples_start_where_the_dreams_of_training_ended(method):
    model = trained(RBM, RBMConfig(hidden=10, chains=8, method=method), 5).model.eval()
    first = next(model.sample_steps(20, RBMSampling(start="chains"), seeded()))
    kept = model.negatives(8)
    assert all(any(torch.equal(row, dream) for dream in kept) for row in first.x)
    noise = next(model.sample_steps(20, RBMSampling(start="noise"), seeded())).x
    assert not any(torch.equal(row, dream) for row in noise for dream in kept)


def test_chances_are_shown_of_free_pixels_only():
    model = trained(RBM, RBMConfig(hidden=10), 5).model.eval()
    mask = torch.zeros(IMAGES.shape, dtype=torch.bool)
    mask[:, 8:] = True
    x = torch.ones(1, *IMAGES.shape)
    last = list(model.sample_steps(3, RBMSampling(steps=5), seeded(), None, Start(x=x, clean=True, mask=mask)))[-1].x
    assert (last[:, :, :8] == 1).all()
    assert ((last[:, :, 8:].abs() < 1) & (last[:, :, 8:].abs() > 0)).any()


def test_stuck_chains_are_told():
    model = new_model(RBM, RBMConfig(), IMAGES)
    far = {"free energy": -100.0, "free energy of dreams": -300.0}
    assert [n.title for n in model.notices(far, {}, 1000)] == ["The dreams lag behind"]
    assert not model.notices(far, {}, 10), "at first that is to be expected"
    assert not model.notices({**far, "free energy of dreams": -110.0}, {}, 1000)


# ---- deep belief networks --------------------------------------------------------------------------------------


def changed(trainer: Trainer, steps: int) -> set[str]:
    """Which layers move in so many steps."""
    before = {name: player.flat.values.clone() for name, player in trainer.players.items()}
    for _ in range(steps):
        trainer.advance()
    return {name for name, player in trainer.players.items() if not torch.equal(player.flat.values, before[name])}


def test_layers_learn_at_once_or_in_turn():
    small: dict[str, Any] = {"layers": 3, "hidden": 6, "top": 5, "chains": 4}
    assert changed(trained(DBN, DBNConfig(**small), 0), 1) == {"layer 1", "layer 2", "layer 3"}
    trainer = trained(DBN, DBNConfig(**small, stage=4), 0)
    assert changed(trainer, 4) == {"layer 1"}
    assert changed(trainer, 4) == {"layer 2"}
    assert changed(trainer, 4) == {"layer 3"}
    assert changed(trainer, 9) == {"layer 3"}, "the top goes on"


def test_a_layer_learns_from_draws_of_the_layer_below():
    model = new_model(DBN, DBNConfig(hidden=7, top=5), IMAGES, 1)
    seen: list[torch.Tensor] = []
    for machine in model.stack:
        machine.negative = lambda v, *_: seen.append(v) or v  # type: ignore[method-assign, func-returns-value]
    x = toy_data(IMAGES).train[:150] / 127.5 - 1
    list(model.objectives(Batch(x, torch.zeros(len(x), 0, dtype=torch.int64)), seeded()))
    assert torch.equal(seen[0], model.units(x))
    assert set(seen[1].unique().tolist()) <= {0.0, 1.0}
    torch.testing.assert_close(seen[1].mean(0), model.stack[0].hidden(seen[0]).mean(0), atol=0.2, rtol=0)
    assert not seen[1].requires_grad, "no layer reaches into the one below"


def small_network() -> DBN:
    """6 visible units below 4 below 3, with strong weights."""
    model = DBN(DBNConfig(layers=2, hidden=4, top=3), DataSpec(Kind.IMAGE, (1, 2, 3))).double()
    for i, p in enumerate(model.parameters()):
        p.data = 1.2 * torch.randn(p.shape, generator=seeded(20 + i), dtype=torch.float64)
    return model.eval()


def marginal(machine: Boltzmann) -> torch.Tensor:
    """p(v) of all visible states of a machine."""
    return (-machine.free_energy(states(machine.weight.shape[1]).double())).softmax(0).detach()


@pytest.mark.parametrize("start", ["noise", "chains"])
def test_samples_have_the_distribution_of_the_network(start):
    """p(v) = sum_h p_top(h) p(v | h), by counting through all states."""
    model, n = small_network(), 20_000
    lower, top = model.stack
    v, h = states(6).double(), states(4).double()
    chance = lower.visible(h).detach()
    given = torch.where(v.bool()[:, None], chance, 1 - chance).prod(2)  # (V, H)
    wanted = given @ marginal(top)
    x = model.sample(n, DBNSampling(steps=40, start=start, show="pixels"), seeded(3))
    place = (model.units(x) * 2.0 ** torch.arange(5, -1, -1)).sum(1).long()
    found = torch.bincount(place, minlength=64).double() / n
    assert 0.5 * (found - wanted).abs().sum() < 3 * math.sqrt(64 / n) / 2
    assert 0.5 * (found - marginal(lower)).abs().sum() > 0.1, "the lowest machine alone has another one"


def test_frames_pass_down_with_the_same_luck():
    """Two chains that stay where they are show the same picture in every frame."""
    model = small_network()
    top = model.stack[-1]
    top.sweep = lambda v, *_: (v, v)  # type: ignore[method-assign]
    frames = [f.x for f in model.sample_steps(6, DBNSampling(steps=4, show="pixels"), seeded())]
    assert all(torch.equal(frame, frames[1]) for frame in frames[2:])


def test_activations_go_up_layer_by_layer():
    model = small_network()
    x = model.picture(coins(torch.full((5, 6), 0.5, dtype=torch.float64), seeded()))
    low = model.stack[0].hidden(model.units(x))
    torch.testing.assert_close(model.hidden(x), torch.cat([low, model.stack[1].hidden(low)], 1))
