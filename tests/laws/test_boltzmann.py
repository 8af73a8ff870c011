"""Laws of restricted Boltzmann machines, by counting through all states of 6 visible and 4 hidden units."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Start
from genplay.families.rbm import PERSISTENT, RBM, RBMConfig, RBMSampling
from genplay.nn.boltzmann import Boltzmann, anneal, binary, coins, flickering, log_mean, states

VISIBLE, HIDDEN = 6, 4
SPEC = DataSpec(Kind.IMAGE, (1, 2, 3))
MANY = 20_000
V, H = states(VISIBLE).double(), states(HIDDEN).double()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rbm(chains: int = 8, **config: Any) -> RBM:
    """A machine with strong weights of both signs, in float64."""
    model = RBM(RBMConfig(hidden=HIDDEN, chains=chains, **config), SPEC).double()
    for i, p in enumerate((model.machine.weight, model.machine.visible_bias, model.machine.hidden_bias)):
        p.data = torch.randn(p.shape, generator=seeded(10 + i), dtype=torch.float64) * (1.2, 0.5, 0.5)[i]
    return model


def joint(machine: Boltzmann, temperature: float = 1.0) -> Tensor:
    """p(v, h) from the energies of all states, (2^6, 2^4), with loops where the model has matrices."""
    w, b, c = machine.weight.detach(), machine.visible_bias.detach(), machine.hidden_bias.detach()
    energy = torch.zeros(len(V), len(H), dtype=torch.float64)
    for i in range(VISIBLE):
        energy -= b[i] * V[:, i, None]
        for j in range(HIDDEN):
            energy -= w[j, i] * V[:, i, None] * H[:, j]
    for j in range(HIDDEN):
        energy -= c[j] * H[:, j]
    return (-energy / temperature).flatten().softmax(0).view_as(energy)


def transition(machine: Boltzmann, temperature: float = 1.0) -> Tensor:
    """P(v' | v) of one Gibbs sweep for all pairs, (2^6, 2^6)."""
    up, down = machine.hidden(V, temperature).detach(), machine.visible(H, temperature).detach()
    chance_h = torch.where(H.bool(), up[:, None], 1 - up[:, None]).prod(2)  # (V, H)
    chance_v = torch.where(V.bool(), down[:, None], 1 - down[:, None]).prod(2)  # (H, V)
    return chance_h @ chance_v


def index(v: Tensor) -> Tensor:
    """The row of ``states`` that each of v (B, N) is."""
    return (v * 2.0 ** torch.arange(v.shape[1] - 1, -1, -1)).sum(1).round().long()


def shares(v: Tensor) -> Tensor:
    """How often each state comes up among v (B, 6)."""
    return torch.bincount(index(v), minlength=len(V)).double() / len(v)


def gradient(model: RBM) -> Tensor:
    """The gradient as one vector: weights, then biases."""
    machine = model.machine
    return torch.cat([p.grad.flatten() for p in (machine.weight, machine.visible_bias, machine.hidden_bias)])


def statistics(machine: Boltzmann, v: Tensor) -> Tensor:
    """dF/dtheta of each of v (B, 6): minus E[h v], v and E[h]; (B, 34)."""
    h = machine.hidden(v).detach()
    return -torch.cat([(h[:, :, None] * v[:, None]).flatten(1), v, h], 1)


def data(model: RBM, n: int = 12) -> Tensor:
    return V[torch.randint(len(V), (n,), generator=seeded(3))]


def trained_gradient(model: RBM, v: Tensor, seed: int = 5) -> Tensor:
    """What one training step would descend by."""
    model.zero_grad()
    batch = Batch(model.picture(v), torch.zeros(len(v), 0, dtype=torch.int64))
    next(iter(model.objectives(batch, seeded(seed)))).loss.backward()
    return gradient(model)


# ---- exact, to 1e-6 and better ---------------------------------------------------------------------------------


def test_free_energy_is_the_joint_summed_over_the_hidden_units():
    machine = rbm().machine
    energies = torch.stack([machine.energy(V, h.expand(len(V), -1)) for h in H], 1)
    torch.testing.assert_close(machine.free_energy(V), -torch.logsumexp(-energies, 1), atol=1e-9, rtol=0)
    torch.testing.assert_close((-energies).flatten().softmax(0), joint(machine).flatten(), atol=1e-9, rtol=0)


@pytest.mark.parametrize(("visible", "hidden"), [(VISIBLE, HIDDEN), (4, 7), (5, 5)])
def test_the_partition_function_is_the_sum_over_all_states(visible, hidden):
    machine = Boltzmann(visible, hidden, 1).double()
    for p in machine.parameters():
        p.data = torch.randn(p.shape, generator=seeded(1), dtype=torch.float64)
    energies = [machine.energy(states(visible).double(), h.double().expand(2**visible, -1)) for h in states(hidden)]
    whole = torch.logsumexp(-torch.cat(energies), 0)
    torch.testing.assert_close(machine.log_partition(), whole, atol=1e-6, rtol=0)


def test_a_machine_too_large_to_count_is_refused():
    with pytest.raises(ValueError, match="21 units"):
        Boltzmann(22, 21, 1).log_partition()


def test_the_exact_gradient_is_data_statistics_less_model_statistics():
    model = rbm()
    v = data(model)
    (model.machine.free_energy(v).mean() + model.machine.log_partition()).backward()
    p = joint(model.machine).sum(1)
    wanted = statistics(model.machine, v).mean(0) - p @ statistics(model.machine, V)
    torch.testing.assert_close(gradient(model), wanted, atol=1e-6, rtol=0)


def test_the_objective_has_that_gradient_when_the_dreams_are_the_model_s_own():
    """Chains that hold every state as often as it is probable, not moved on."""
    model = rbm(chains=MANY)
    v, p = data(model), joint(model.machine).sum(1)
    counts = (p * MANY).round().long()
    held = V.repeat_interleave(counts, 0)
    model.machine.chains = held.to(torch.uint8)
    model.machine.sweep = lambda state, generator: (state, state)
    wanted = statistics(model.machine, v).mean(0) - (counts / len(held)).double() @ statistics(model.machine, V)
    torch.testing.assert_close(trained_gradient(model, v), wanted, atol=1e-6, rtol=0)


def test_each_unit_s_probability_given_the_others():
    machine = rbm().machine
    log_p = joint(machine).sum(1).log()
    for i, found in enumerate(machine.log_conditionals(V).T):
        flipped = V.clone()
        flipped[:, i] = 1 - V[:, i]
        wanted = log_p - torch.logaddexp(log_p, log_p[index(flipped)])
        torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_gibbs_sweep_leaves_the_model_s_distribution_as_it_is(temperature):
    machine = rbm().machine
    p = joint(machine, temperature).sum(1)
    moved = transition(machine, temperature)
    torch.testing.assert_close(moved.sum(1), torch.ones(len(V), dtype=torch.float64), atol=1e-9, rtol=0)
    torch.testing.assert_close(p @ moved, p, atol=1e-9, rtol=0)


def test_energy_and_density_differ_by_sign_and_order_pictures_as_the_probabilities_do():
    model = rbm()
    x = model.picture(V)
    torch.testing.assert_close(model.log_density(x), -model.energy(x))
    p = (model.log_density(x) - model.machine.log_partition()).exp()
    torch.testing.assert_close(p, joint(model.machine).sum(1), atol=1e-9, rtol=0)


# ---- in expectation, within the sampling error -----------------------------------------------------------------


def within_errors(found: Tensor, wanted: Tensor, spread: Tensor, n: int, sigmas: float = 5.0) -> bool:
    return bool(((found - wanted).abs() <= sigmas * spread / math.sqrt(n) + 1e-9).all())


@pytest.mark.parametrize("k", [1, 3])
def test_contrastive_divergence_is_its_exact_expectation(k):
    model = rbm(method="CD", sweeps=k)
    v = data(model)
    start = shares(v)
    p = start @ torch.linalg.matrix_power(transition(model.machine), k)
    every = statistics(model.machine, V)
    wanted = start @ every - p @ every
    found = trained_gradient(model, v.repeat(MANY // len(v), 1))
    spread = (p @ every.square() - (p @ every).square()).clamp(min=0).sqrt()
    assert within_errors(found, wanted, spread, MANY // len(v) * len(v))
    exact = start @ every - joint(model.machine).sum(1) @ every
    assert k > 1 or not within_errors(found, exact, spread, MANY), "CD-1 differs from the likelihood's gradient"


def test_persistent_chains_give_the_likelihood_s_gradient():
    model = rbm(chains=MANY, method=PERSISTENT, sweeps=5).train()
    v = data(model)
    for seed in range(8):
        found = trained_gradient(model, v, seed)
    every, p = statistics(model.machine, V), joint(model.machine).sum(1)
    wanted = shares(v) @ every - p @ every
    spread = (p @ every.square() - (p @ every).square()).clamp(min=0).sqrt()
    assert within_errors(found, wanted, spread, MANY)
    assert not within_errors(found, torch.zeros_like(found), spread, MANY)


def far(found: Tensor, wanted: Tensor, n: int) -> float:
    """Pearson's chi-square over its degrees of freedom: 1 give or take sqrt(2 / states) when ``wanted`` is true."""
    expected = wanted * n
    kept = expected > 5
    return float((((found * n - expected)[kept]) ** 2 / expected[kept]).sum() / (kept.sum() - 1))


@pytest.mark.parametrize(("temperature", "start"), [(1.0, "noise"), (1.0, "chains"), (2.0, "noise")])
def test_samples_have_the_model_s_distribution(temperature, start):
    model = rbm().eval()
    config = RBMSampling(steps=40, start=start, temperature=temperature, show="pixels")
    x = model.sample(MANY, config, seeded(2))
    assert far(shares(model.units(x)), joint(model.machine, temperature).sum(1), MANY) < 1.8
    other = joint(model.machine, 3 - temperature).sum(1)
    assert far(shares(model.units(x)), other, MANY) > 10, "the test can tell temperatures apart"


def test_chains_have_it_too_and_carry_their_energies():
    model = rbm().eval()
    begin = model.picture(V[:1].expand(MANY, -1))
    frames = list(model.chain_steps(begin, RBMSampling(steps=40), seeded(4)))
    assert torch.equal(frames[0].x, begin)
    assert [f.t for f in frames] == sorted((f.t for f in frames), reverse=True)
    assert frames[-1].extras["accepted"].all()
    torch.testing.assert_close(frames[-1].extras["energy"], model.energy(frames[-1].x))
    assert far(shares(model.units(frames[-1].x)), joint(model.machine).sum(1), MANY) < 1.8


def conditional(machine: Boltzmann, kept: Tensor, free: Tensor) -> Tensor:
    """p(v | its units outside ``free`` are those of ``kept``), (2^6,)."""
    fits = (V[:, ~free] == kept[~free]).all(1)
    p = joint(machine).sum(1) * fits
    return p / p.sum()


@pytest.mark.parametrize("how", ["samples", "chain"])
def test_clamped_units_stay_and_the_rest_has_the_conditional_distribution(how):
    model = rbm().eval()
    free = torch.tensor([True, False, True, True, False, True])
    kept = V[0b010010]
    x, mask = model.picture(kept[None]), free.view(SPEC.shape)
    config = RBMSampling(steps=40, start="noise", show="pixels")
    if how == "samples":
        walk = model.sample_steps(MANY, config, seeded(6), None, Start(x=x, clean=True, mask=mask))
    else:
        walk = model.chain_steps(x.expand(MANY, *SPEC.shape), config, seeded(6), mask=mask)
    for frame in walk:
        v = model.units(frame.x)
        assert torch.equal(v[:, ~free], kept[~free].expand(MANY, -1))
    assert far(shares(v), conditional(model.machine, kept, free), MANY) < 2.5
    assert far(shares(v), conditional(model.machine, 1 - kept, free), MANY) > 10


def test_the_pseudo_likelihood_is_right_on_average():
    machine = rbm().machine
    log_p = joint(machine).sum(1).log()
    for row in (3, 41):
        flips = V[row].expand(VISIBLE, -1).clone()
        flips[range(VISIBLE), range(VISIBLE)] = 1 - V[row]
        given = log_p[row] - torch.logaddexp(log_p[row], log_p[index(flips)])
        found = machine.pseudo_likelihood(V[row].expand(MANY, -1), seeded(row))
        assert abs(found.mean() - given.sum()) < 5 * found.std() / math.sqrt(MANY)


@pytest.mark.parametrize("base", [0.0, 1.0])
def test_annealed_importance_sampling_finds_the_partition_function(base):
    machine = rbm().machine
    weights = list(anneal(machine, torch.full((VISIBLE,), base, dtype=torch.float64), 60, 3000, seeded(8)))
    assert len(weights) == 60
    found, error = log_mean(weights[-1])
    assert 0 < error < 0.05
    assert abs(found - float(machine.log_partition().detach())) < 4 * error
    assert abs(found - float(weights[0].mean())) > 10 * error, "the annealing makes a difference"


def test_annealing_refuses_what_tells_nothing():
    with pytest.raises(ValueError, match="at least"):
        next(anneal(rbm().machine, torch.zeros(VISIBLE), 5, 1, seeded()))


# ---- pixels and chains -----------------------------------------------------------------------------------------


def test_pixels_are_on_above_the_threshold_or_as_often_as_they_are_bright():
    x = torch.tensor([[-1.0, -0.5, 0.1, 1.0]])
    assert binary(x, 0.5).tolist() == [[0, 0, 1, 1]]
    assert binary(x, 0.2).tolist() == [[0, 1, 1, 1]]
    often = flickering(x.expand(MANY, -1), seeded(1)).mean(0)
    torch.testing.assert_close(often, (x[0] + 1) / 2, atol=0.02, rtol=0)
    assert binary(x / 0, 0.5).isnan().any(), "what is not a number must not pass for a pixel"


def test_few_draws_are_the_first_of_many():
    p = torch.rand(9, 4, generator=seeded(1))
    assert torch.equal(coins(p[:2], seeded(3), rows=9), coins(p, seeded(3))[:2])


def test_chains_live_on_in_training_and_rest_when_looked_at():
    model = rbm(chains=20)
    before = model.machine.chains.clone()
    trained_gradient(model.eval(), data(model))
    assert torch.equal(model.machine.chains, before)
    trained_gradient(model.train(), data(model))
    assert not torch.equal(model.machine.chains, before)
