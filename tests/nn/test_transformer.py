"""The causal transformer: what each place may see, and that writing from memory says what a whole pass says."""

from __future__ import annotations

import pytest
import torch

from genplay.nn.sampling import drawn, sharpened
from genplay.nn.transformer import CausalTransformer

LENGTH, VOCABULARY = 9, 5


def woken(context=0, behind=(1, 3)):
    torch.manual_seed(0)
    network = CausalTransformer(VOCABULARY, LENGTH, 16, 2, 4, context, behind=behind).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.2 * torch.randn(p.shape))
    return network


def tokens(n=3):
    return torch.randint(0, VOCABULARY, (n, LENGTH), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("behind", [(1,), (1, 3), (2,)])
def test_a_place_depends_on_the_tokens_before_it_and_on_no_other(behind):
    network, x = woken(behind=behind), tokens()
    before = network(x)
    for i in range(LENGTH):
        changed = x.clone()
        changed[:, i] = (changed[:, i] + 1) % VOCABULARY
        same = (network(changed) == before).all(-1).all(0)
        assert same[: i + 1].all()
        assert not same[i + 1 :].any() or behind == (2,)


@pytest.mark.parametrize("first", [0, 1, 5])
def test_writing_from_memory_says_what_a_whole_pass_says(first):
    network, x, context = woken(context=4), tokens(), torch.randn(3, 4)
    whole = network(x, context)
    cache = network.start(3, context, x[:, :first])
    for i in range(first, LENGTH):
        said = network.step(cache, x[:, i - 1] if i > first else None)
        torch.testing.assert_close(said, whole[:, i], atol=1e-5, rtol=1e-5)


def test_context_is_heard_everywhere():
    network, x = woken(context=2), tokens()
    one, other = network(x, torch.zeros(3, 2)), network(x, torch.ones(3, 2))
    assert ((one - other).abs().amax(-1) > 1e-4).all()


def test_temperature_top_k_and_top_p_cut_what_is_unlikely():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    torch.testing.assert_close(sharpened(logits, 1.0), logits.exp())
    torch.testing.assert_close(sharpened(logits, top_k=2), torch.tensor([0.625, 0.375, 0, 0]))
    torch.testing.assert_close(sharpened(logits, top_p=0.75), torch.tensor([0.625, 0.375, 0, 0]))
    assert sharpened(logits, top_p=0.81)[2] > 0
    assert sharpened(logits, 0.0).tolist() == [1, 0, 0, 0]
    squared = logits.exp() ** 2
    torch.testing.assert_close(sharpened(logits, 0.5), squared / squared.sum())


def test_draws_have_the_frequencies_asked_for_and_never_what_is_ruled_out():
    probs = torch.tensor([0.0, 0.2, 0.0, 0.7, 0.1, 0.0])
    values = drawn(probs.expand(20_000, 6), torch.Generator().manual_seed(0))
    shares = values.bincount(minlength=6) / len(values)
    torch.testing.assert_close(shares, probs, atol=0.012, rtol=0)
    assert not shares[[0, 2, 5]].any()
