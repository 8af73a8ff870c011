"""Diffusion of discrete values against matrix powers and sums over all that can happen to 2 places of 3 values."""

import itertools
import math
from functools import partial

import pytest
import torch

from genplay.contract.spec import DataSpec, Kind
from genplay.core import discrete
from genplay.core.discrete import Absorbing, Neighbours, Transition, Uniform
from genplay.core.model import Model, Start
from genplay.families.discrete_diffusion import DiscreteDiffusion, DiscreteDiffusionConfig, DiscreteSampling

K, L = 3, 2
STEPS = 4
PLACES = torch.tensor([[0.0], [1.0], [2.5]], dtype=torch.float64)
MAKERS = {"absorbing": partial(Absorbing, K), "uniform": partial(Uniform, K), "neighbours": partial(Neighbours, PLACES)}
each = pytest.mark.parametrize("kind", list(MAKERS))
each_schedule = pytest.mark.parametrize("schedule", list(discrete.SCHEDULES))
SHARES = torch.tensor([0.25, 0.05, 0.1, 0.02, 0.2, 0.08, 0.15, 0.05, 0.1], dtype=torch.float64).view(K, K)


def matrix(transition: Transition, a: float) -> torch.Tensor:
    """M(a), (S, S)."""
    states = torch.arange(transition.states)[None]
    return transition.row(states, torch.tensor([a], dtype=torch.float64))[0]


def one_step(transition: Transition, kept: float) -> torch.Tensor:
    """The matrix of a step that keeps a share of the values, written down by itself."""
    s = transition.states
    if isinstance(transition, Absorbing):
        found = kept * torch.eye(s, dtype=torch.float64)
        found[:, -1] += 1 - kept
        return found
    if isinstance(transition, Uniform):
        return kept * torch.eye(s, dtype=torch.float64) + (1 - kept) / s
    rates = (transition.vectors * transition.rates) @ transition.vectors.T
    return torch.linalg.matrix_exp(math.log(kept) * rates)


@each
@each_schedule
def test_what_is_noised_in_closed_form_is_the_product_of_all_steps(kind, schedule):
    transition = MAKERS[kind]()
    t = torch.linspace(0, 0.9, 10, dtype=torch.float64)
    a = discrete.alpha(schedule, t)
    product = torch.eye(transition.states, dtype=torch.float64)
    for later, earlier in zip(a[1:], a[:-1]):
        product = product @ one_step(transition, float(later / earlier))
        torch.testing.assert_close(matrix(transition, float(later)), product, atol=1e-9, rtol=0)


@each
def test_matrices_are_stochastic_begin_at_one_and_end_at_noise(kind):
    transition = MAKERS[kind]()
    torch.testing.assert_close(matrix(transition, 1.0), torch.eye(transition.states, dtype=torch.float64))
    for a in (0.0, 0.2, 0.7, 1.0):
        torch.testing.assert_close(matrix(transition, a).sum(1), torch.ones(transition.states, dtype=torch.float64))
    noise = matrix(transition, 0.0)
    assert (noise - noise[0]).abs().max() < 1e-12, "noise does not know what the data was"


def test_neighbours_are_doubly_stochastic_and_swap_with_the_near_first():
    transition = Neighbours(torch.arange(6, dtype=torch.float64)[:, None], width=1.0)
    found = matrix(transition, 0.9)
    torch.testing.assert_close(found.sum(0), torch.ones(6, dtype=torch.float64))
    assert (found[0, :-1] > found[0, 1:]).all()
    assert found[0, 1] > 3 * found[0, 3]


@each
def test_columns_and_spreading_are_those_of_the_matrix(kind):
    transition, a = MAKERS[kind](), torch.tensor([0.35], dtype=torch.float64)
    whole = matrix(transition, 0.35)
    columns = transition.column(torch.arange(transition.states)[None], a)[0]
    torch.testing.assert_close(columns, whole.T)
    p = torch.tensor([[[0.2, 0.5, 0.3]]], dtype=torch.float64)
    torch.testing.assert_close(transition.spread(p, a)[0, 0], p[0, 0] @ whole[:K])


@each
def test_the_posterior_is_that_of_bayes(kind):
    transition = MAKERS[kind]()
    later, earlier = 0.3, 0.75
    first, second, both = (matrix(transition, a) for a in (earlier, later / earlier, later))
    for x_0, x_t in itertools.product(range(K), range(transition.states)):
        if both[x_0, x_t] == 0:
            continue
        bayes = first[x_0] * second[:, x_t] / both[x_0, x_t]
        states = (torch.tensor([[x]]) for x in (x_t, x_0))
        a, b = (torch.tensor([v], dtype=torch.float64) for v in (later, earlier))
        torch.testing.assert_close(transition.posterior(*states, a, b)[0, 0], bayes, atol=1e-9, rtol=0)


@each
def test_even_numbers_become_noise_in_the_right_shares(kind):
    transition = MAKERS[kind]()
    u = (torch.arange(3000, dtype=torch.float64)[None] + 0.5) / 3000
    noised = transition.noised(torch.ones(1, 3000, dtype=torch.int64), torch.tensor([0.4], dtype=torch.float64), u)
    share = noised[0].bincount(minlength=transition.states).double() / 3000
    torch.testing.assert_close(share, matrix(transition, 0.4)[1], atol=1e-3, rtol=0)


# ---- whole models of 2 places --------------------------------------------------------------------------------------


class Perfect(DiscreteDiffusion):
    """What the exact conditional distributions of ``SHARES`` say in place of a network."""

    def __init__(self, kind: str, **config):
        spec = DataSpec(Kind.TOKENS, (L,), vocabulary=("", "a", "b"))
        super().__init__(DiscreteDiffusionConfig(transition=kind, width=16, depth=1, **config), spec)
        if kind == "neighbours":
            self.__dict__["_transition"] = MAKERS[kind]()
        self.double()

    def alpha(self, t):
        return discrete.alpha(self.config.schedule, t)

    def _features(self, states, t, labels):
        """log r of a place: p(x_0 | the other place's state), by q(x_t | x_0) of that one."""
        a = torch.full_like(t, 0.5) if self.config.transition == "absorbing" else t  # what is hidden tells nothing
        seen = self.transition.column(states, self.alpha(a.double()))[..., :K]  # (B, 2, K), q(state | value)
        r = torch.stack([seen[:, 1] @ SHARES.T, seen[:, 0] @ SHARES], 1)
        return (r / r.sum(-1, keepdim=True).clamp(min=1e-300)).clamp(min=1e-300).log()

    def logits(self, features):
        return features

    def predict(self, states, t, labels):
        return self._features(states, t, labels)


def named(kind, **config) -> Model:
    return Perfect(kind, **config)


def every(states):
    """All states of 2 places, (S^2, 2)."""
    return torch.tensor(list(itertools.product(range(states), repeat=L)))


@each
@each_schedule
@torch.no_grad()
def test_the_bound_is_the_sum_over_all_ways(kind, schedule):
    """-log p(x_0) <= sum_k E_q KL(q(x_s | x_t, x_0) || p(x_s | x_t)), against the joint sum over whole chains."""
    model = named(kind, schedule=schedule, timesteps=STEPS)
    transition, x_0 = model.transition, torch.tensor([2, 1])
    paths = -entropy_of_chain(model, x_0)
    found = 0.0
    for k in range(1, STEPS + 1):
        t, s = (torch.tensor([j / STEPS], dtype=torch.float64) for j in (k, k - 1))
        a, b = model.alpha(t), model.alpha(s)
        for x_t in every(transition.states):
            weight = float(transition.row(x_0[None], a)[0].gather(1, x_t[:, None]).prod())
            r = model.predict(x_t[None], t, None).exp()
            if weight:
                found += weight * float(transition.divergence(x_t[None], x_0[None], r, a, b).sum())
    assert found == pytest.approx(paths, abs=1e-6)
    states, times = every(transition.states), torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    p = joint(matrix(transition, 0.0), states)[0]
    for k in range(STEPS, 0, -1):
        p = p @ reverse(model, states, times[k : k + 1], times[k - 1 : k])
    assert float(p.sum()) == pytest.approx(1, abs=1e-9)
    assert found >= -math.log(float(p[(states == x_0).all(1)])) - 1e-9


def entropy_of_chain(model, x_0):
    """E_q log p(x_0 ... x_1) / q(x_1/T ... x_1 | x_0), one chain of states after another."""
    transition, total = model.transition, 0.0
    states = every(transition.states)
    times = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    a = model.alpha(times)
    steps = [joint(matrix(transition, float(a[k] / a[k - 1])), states) for k in range(1, STEPS + 1)]
    back = [reverse(model, states, times[k : k + 1], times[k - 1 : k]) for k in range(1, STEPS + 1)]
    noise = joint(matrix(transition, 0.0), states)[0]
    begin = int((states == x_0).all(1).nonzero())
    weights = {(begin,): 1.0}
    for step in steps:
        weights = {
            (*path, j): weight * float(step[path[-1], j])
            for path, weight in weights.items()
            for j in range(len(states))
            if step[path[-1], j] > 0
        }
    for path, weight in weights.items():
        forward = sum(math.log(float(steps[k][path[k], path[k + 1]])) for k in range(STEPS))
        backward = math.log(float(noise[path[-1]]))
        backward += sum(math.log(float(back[k][path[k + 1], path[k]])) for k in range(STEPS))
        total += weight * (backward - forward)
    return total


def joint(one, states):
    """The matrix of 2 places from that of one."""
    return torch.stack([one[row[0], states[:, 0]] * one[row[1], states[:, 1]] for row in states])


def reverse(model, states, later, earlier):
    """p(x_s | x_t) for all pairs of states of 2 places."""
    a, b = (model.alpha(v).expand(len(states)) for v in (later, earlier))
    r = model.predict(states, later.expand(len(states)), None).exp()
    p = model.transition.reverse(states, r, a, b)  # (N, 2, S)
    return p[:, 0][:, states[:, 0]] * p[:, 1][:, states[:, 1]]


@each
@torch.no_grad()
def test_terms_are_drawn_from_the_bound(kind):
    """The mean of what training minimises is the bound, within the sampling error."""
    model, n = named(kind, timesteps=STEPS), 20_000
    x_0 = torch.tensor([[2, 1]]).expand(n, L)
    t = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    bound, _ = model.terms(x_0, t, None, torch.Generator().manual_seed(0))
    assert float(bound.sum(1).mean()) == pytest.approx(-entropy_of_chain(model, x_0[0]), abs=0.06)


# ---- sampling ------------------------------------------------------------------------------------------------------


def drawn(model, n, start=None, **settings):
    samples = model.sample(n, DiscreteSampling(**settings), torch.Generator().manual_seed(3)) if start is None else None
    if start is not None:
        *_, last = model.sample_steps(n, DiscreteSampling(**settings), torch.Generator().manual_seed(3), None, start)
        samples = last.x
    return (samples[:, 0] * K + samples[:, 1]).bincount(minlength=K * K).double().view(K, K) / n


@pytest.mark.parametrize("order", ["random", "confidence"])
@torch.no_grad()
def test_one_place_at_a_time_draws_from_the_data_exactly(order):
    n = 20_000
    found = drawn(named("absorbing"), n, steps=2, order=order, choice=0.0)
    assert (found - SHARES).abs().max() < 4 * math.sqrt(0.25 / n)


@each
@torch.no_grad()
def test_with_many_steps_samples_are_the_data(kind):
    n = 8_000
    found = drawn(named(kind), n, steps=60)
    assert (found - SHARES).abs().max() < 4 * math.sqrt(0.25 / n) + 0.01, "a sixtieth of places fall into one step"


@each
@torch.no_grad()
def test_the_marginals_are_right_after_each_step(kind):
    """p(x_s) = sum over x_t of p(x_s | x_t) q(x_t) is q(x_s), place by place, whatever the steps."""
    model, states = named(kind), every(MAKERS[kind]().states)
    data = torch.zeros(len(states), dtype=torch.float64)
    for i, row in enumerate(states):
        data[i] = SHARES[row[0], row[1]] if int(row.max()) < K else 0.0
    for later, earlier in ((1.0, 0.4), (0.4, 0.0)):
        t, s = (torch.tensor([v], dtype=torch.float64) for v in (later, earlier))
        at_t, at_s = (data @ joint(matrix(model.transition, float(model.alpha(v))), states) for v in (t, s))
        moved = at_t @ reverse(model, states, t, s)
        for place in range(L):
            for value in range(model.transition.states):
                there = states[:, place] == value
                assert float(moved[there].sum()) == pytest.approx(float(at_s[there].sum()), abs=1e-6)


@torch.no_grad()
def test_a_kept_place_gives_the_conditional_distribution():
    n, model = 20_000, named("absorbing")
    start = Start(x=torch.tensor([[1, 0]]), clean=True, mask=torch.tensor([False, True]))
    found = drawn(model, n, start, steps=1)
    wanted = torch.zeros(K, K, dtype=torch.float64)
    wanted[1] = SHARES[1] / SHARES[1].sum()
    assert (found - wanted).abs().max() < 4 * math.sqrt(0.25 / n)
