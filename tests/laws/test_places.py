"""What makes a model autoregressive: nothing depends on what comes later, probabilities sum to 1, samples follow it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from genplay.contract import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.model import Start
from genplay.families.autoregressive import CHANNEL_LOG_SCALE, Autoregressive, AutoregressiveConfig

ATTRIBUTES = (Attribute("side", ("left", "right")),)
NETWORKS = ("made", "pixelcnn", "transformer")
ALL = (*NETWORKS, "scales")
HEADS = {"palette": {"colours": 16}, "categorical": {"levels": 4}, "mixture": {"levels": 8, "components": 3}}


def model_of(shape=(3, 4, 5), kind=Kind.IMAGE, seed=0, loud=0.3, **config):
    """A model with all weights filled, so that whatever can be seen is seen."""
    torch.manual_seed(seed)
    spec = DataSpec(kind, shape, ATTRIBUTES)
    settings = knob.build(AutoregressiveConfig, {"width": 16, "depth": 2, **config})
    model = Autoregressive(settings, spec).eval().double()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(loud * torch.randn(p.shape))
    return model


def pictures(n, shape=(3, 4, 5), levels=256):
    values = torch.randint(0, levels, (n, *shape), generator=torch.Generator().manual_seed(1))
    return values.double() * (2 / (levels - 1)) - 1


each_network = pytest.mark.parametrize("network", NETWORKS)
any_network = pytest.mark.parametrize("network", ALL)
each_head = pytest.mark.parametrize("head", list(HEADS))


@each_head
@each_network
@torch.no_grad()
def test_a_term_depends_on_the_pixels_before_it_and_on_no_later_one(network, head):
    model = model_of(network=network, head=head, **HEADS[head])
    if head == "palette":
        model.head.learn(model.seen(pictures(1)))
    x, changed_terms = pictures(1), []
    before = model.log_density_by_place(x).flatten(1)
    for place in range(20):
        changed = x.clone()
        changed.flatten(2)[0, :, place] = -changed.flatten(2)[0, :, place]
        differs = model.log_density_by_place(changed).flatten(1)[0] != before[0]
        assert not differs[:place].any()
        changed_terms.append(differs)
    seen = torch.stack(changed_terms).tril(-1)  # never: what is before
    assert not seen.any()
    after = torch.stack(changed_terms).triu(1).sum() / (20 * 19 / 2)
    assert after > 0.5, "hardly anything depends on what comes before it"


@each_network
def test_features_have_gradients_from_earlier_entries_only(network):
    model = model_of(network=network, head="palette", depth=3)
    entries = torch.randn(1, 20, 16, dtype=torch.float64, requires_grad=True)
    features = model.network(entries)
    reached = torch.stack(
        [torch.autograd.grad(features[0, i].sum(), entries, retain_graph=True)[0].abs().sum(-1)[0] for i in range(20)]
    )
    assert not reached.triu().any()
    expected = torch.ones(20, 20, dtype=torch.bool).tril(-1)
    if network != "pixelcnn":  # which sees one row and column more with each layer
        assert ((reached > 0) == expected).all()


def test_the_pixelcnn_has_no_blind_spot():
    model = model_of((3, 5, 5), network="pixelcnn", head="palette", depth=4)
    entries = torch.randn(1, 25, 16, dtype=torch.float64, requires_grad=True)
    for place in range(25):
        reached = torch.autograd.grad(model.network(entries)[0, place].sum(), entries)[0].abs().sum(-1)[0]
        assert ((reached > 0) == (torch.arange(25) < place)).all()


@each_head
@any_network
@torch.no_grad()
def test_probabilities_of_three_binary_pixels_sum_to_one(network, head):
    settings = {"palette": {"colours": 2}, "categorical": {"levels": 2}, "mixture": {"levels": 2, "components": 3}}
    model = model_of((1, 1, 3), network=network, head=head, **settings[head])
    every = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=3)), dtype=torch.float64).view(8, 1, 1, 3)
    for labels in (None, torch.zeros(8, 1, dtype=torch.int64)):
        probs = (model.log_density(every, labels) - 3 * CHANNEL_LOG_SCALE).exp()
        if head != "palette":  # 128 of the 256 values of a pixel share the probability of each level
            probs = probs * 128**3
        stray = 3e-6 if head == "palette" else 0  # what a palette leaves to the other values
        assert abs(float(probs.sum()) - 1) <= stray + 1e-6
        assert probs.std() > 0.01


@each_head
@torch.no_grad()
def test_probabilities_of_all_8_bit_colours_of_a_pixel_sum_to_one(head):
    settings = {"palette": {"colours": 5}, "categorical": {"levels": 6}, "mixture": {"levels": 256, "components": 3}}
    model = model_of((1, 1, 1), head=head, **settings[head])
    every = (torch.arange(256, dtype=torch.float64) / 127.5 - 1).view(256, 1, 1, 1)
    total = (model.log_density(every) - CHANNEL_LOG_SCALE).exp().sum()
    torch.testing.assert_close(float(total), 1.0, atol=1e-6, rtol=0)


@each_head
@torch.no_grad()
def test_parts_of_a_pixel_multiply_to_the_probability_of_its_colour(head):
    model = model_of(head=head, **HEADS[head])
    features = torch.randn(7, 16, dtype=torch.float64)
    values = model.head.values(torch.randint(0, 256, (7, 3)))
    parts = [
        model.head.logits(features, values[:, :k]).log_softmax(-1).gather(1, values[:, k : k + 1])[:, 0]
        for k in range(model.head.parts)
    ]
    torch.testing.assert_close(sum(parts), model.head.log_prob(features, values), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_density_of_points_integrates_to_one():
    model = model_of((2,), Kind.POINTS, components=5, loud=0.1, width=16)
    side = torch.linspace(-8, 8, 320, dtype=torch.float64)
    total = 0.0
    for x in side.split(80):
        points = torch.cartesian_prod(x, side)
        total += float(model.log_density(points).exp().sum()) * float(side[1] - side[0]) ** 2
    assert abs(total - 1) < 0.01


@torch.no_grad()
def test_samples_of_points_follow_their_density():
    """The log density of samples has the mean that the density itself gives it on a grid: its negative entropy."""
    model = model_of((2,), Kind.POINTS, components=5, loud=0.1, width=16)
    side = torch.linspace(-8, 8, 320, dtype=torch.float64)
    cell = float(side[1] - side[0]) ** 2
    log_p = torch.cat([model.log_density(torch.cartesian_prod(x, side)) for x in side.split(80)])
    expected = float((log_p.exp() * log_p).sum()) * cell
    x = model.sample(20_000, generator=torch.Generator().manual_seed(0))
    said = model.log_density(x.double())
    assert abs(float(said.mean()) - expected) < 5 * float(said.std()) / math.sqrt(len(x)) + 0.01


@each_head
@any_network
@torch.no_grad()
def test_samples_have_the_frequencies_that_the_model_says(network, head):
    settings = {"palette": {"colours": 2}, "categorical": {"levels": 2}, "mixture": {"levels": 2, "components": 3}}
    model = model_of((1, 1, 3), network=network, head=head, **settings[head])
    n = 20_000
    x = model.sample(n, generator=torch.Generator().manual_seed(0)) > 0
    shares = (x.flatten(1) * torch.tensor([4, 2, 1])).sum(1).bincount(minlength=8) / n
    every = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=3)), dtype=torch.float64).view(8, 1, 1, 3)
    probs = (model.log_density(every) - 3 * CHANNEL_LOG_SCALE).exp() * (1 if head == "palette" else 128**3)
    assert ((shares - probs).abs() < 4.5 * (probs / n).sqrt() + 1e-3).all()


@each_head
@torch.no_grad()
def test_scale_by_scale_a_term_depends_on_earlier_stages_only(head):
    model = model_of(network="scales", head=head, **HEADS[head])
    rank = torch.tensor([next(i for i, stage in enumerate(model.stages) if p in stage) for p in range(20)])
    assert sorted(p for stage in model.stages for p in stage) == list(range(20))
    model.head.learn(model.seen(pictures(1)))
    x, heard = pictures(1), 0
    before = model.log_density_by_place(x).flatten()
    for place in range(20):
        changed = x.clone()
        changed.flatten(2)[0, :, place] = -changed.flatten(2)[0, :, place]
        differs = model.log_density_by_place(changed).flatten() != before
        differs[place] = False
        assert not differs[rank <= rank[place]].any()
        heard += int(differs.sum())
    possible = sum(int((rank > r).sum()) for r in rank)
    assert heard > 0.5 * possible


@torch.no_grad()
def test_a_stage_drawn_from_memory_is_that_of_a_whole_pass():
    model = model_of(network="scales")
    entries, context = torch.randn(2, 20, 16, dtype=torch.float64), model._context(torch.tensor([[0], [2]]), 2)
    whole, memory, before = model.network(entries, context), model.network.start(2, context), None
    for stage in model.stages:
        torch.testing.assert_close(model.network.step(memory, before), whole[:, stage], atol=1e-10, rtol=1e-10)
        before = entries[:, stage]


# ---- memory while sampling -----------------------------------------------------------------------------------------


def naive(model, n, generator, labels):
    """Samples by a whole pass a pixel."""
    context = model._context(labels, n)
    entries = torch.zeros(n, model.network.length, model.network.width, dtype=torch.float64)
    values = []
    for place in range(model.network.length):
        drawn, _ = model.head.draw(model.network(entries, context)[:, place], generator)
        entries[:, place] = model.head.embed(drawn)
        values.append(drawn)
    return torch.stack(values, 1)


@each_head
@each_network
@torch.no_grad()
def test_the_same_seed_gives_the_same_picture_with_memory_and_without(network, head):
    model = model_of(network=network, head=head, **HEADS[head])
    labels = torch.tensor([[0], [1], [2]])
    x = model.sample(3, generator=torch.Generator().manual_seed(3), labels=labels)
    expected = naive(model, 3, torch.Generator().manual_seed(3), labels)
    assert torch.equal(model.head.values(model.seen(x)), expected)
    assert len(expected.unique()) > 1


@pytest.mark.parametrize("first", [0, 1, 5, 7, 10, 19])
@each_network
@torch.no_grad()
def test_going_on_from_given_pixels_says_what_a_whole_pass_says(network, first):
    model = model_of(network=network)
    entries, labels = torch.randn(2, 20, 16, dtype=torch.float64), torch.tensor([[0], [2]])
    context = model._context(labels, 2)
    whole = model.network(entries, context)
    memory = model.network.start(2, context, entries[:, :first])
    for i in range(first, 20):
        said = model.network.step(memory, entries[:, i - 1] if i > first else None)
        torch.testing.assert_close(said, whole[:, i], atol=1e-10, rtol=1e-10)


# ---- completing, and what a pixel is drawn from --------------------------------------------------------------------


@torch.no_grad()
def test_kept_pixels_stay_and_the_others_are_drawn():
    model = model_of(head="categorical", levels=256)
    x = pictures(1)
    mask = torch.zeros(3, 4, 5, dtype=torch.bool)
    mask[:, 1:3, 2:] = True
    config = model.SampleConfig()
    for frame in model.sample_steps(4, config, torch.Generator().manual_seed(0), start=Start(x=x, mask=mask)):
        pass
    assert torch.allclose(frame.x[:, ~mask].double(), x.expand(4, 3, 4, 5)[:, ~mask], atol=1e-6)
    assert not torch.allclose(frame.x[:, mask].double(), x.expand(4, 3, 4, 5)[:, mask])
    assert not torch.equal(frame.x[0], frame.x[1])


@each_head
@torch.no_grad()
def test_probabilities_of_a_pixel_are_those_of_the_likelihood(head):
    model = model_of(head=head, **HEADS[head])
    x = model.sample(2, generator=torch.Generator().manual_seed(0)).double()
    values = model.head.values(model.seen(x))
    for place in (0, 7, 19):
        probs = model.next_probs(x, place)
        torch.testing.assert_close(probs.sum(-1).double(), torch.ones(2, model.head.parts).double())
        chosen = probs.gather(2, values[:, place, :, None])[..., 0].double().log().sum(1)
        features = model.network(model.head.embed(values), model._context(None, 2))[:, place]
        torch.testing.assert_close(
            chosen, model.head.log_prob(features, values[:, place]).double(), atol=1e-4, rtol=1e-4
        )
