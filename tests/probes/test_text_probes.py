"""Questions to models of texts: what is in the data, bits per character, texts to compare, the next character."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toys import POINTS, TEXT, ToyFlow, toy_data

from genplay.contract import knob, requests
from genplay.contract.errors import BadInput
from genplay.contract.results import Novelty
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import written
from genplay.core.model import Frame, Model
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.families.autoregressive import Autoregressive
from genplay.metrics.likelihood import bits_per_dimension, size_of
from genplay.metrics.memory import found_in, shares
from genplay.probes.likelihood import EstimateLikelihood
from genplay.probes.likelihoods import CompareLikelihoods
from genplay.probes.next_probs import NextProbs
from genplay.probes.novelty import CheckNovelty
from genplay.probes.samples import DrawSamples, Trajectory

DATA = toy_data(TEXT)


class Mute(Model):
    """Writes nothing, and says of nothing how probable it is."""

    name, title, kinds = "mute", "mute", (Kind.TOKENS,)

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.register_buffer("here", torch.zeros(1))

    def sample_steps(self, n, config, generator, labels=None):
        yield Frame(torch.zeros(n, *self.spec.shape, dtype=torch.int64))


@pytest.fixture(scope="module")
def model():
    found = new_model(Autoregressive, knob.build(Autoregressive.Config, {"width": 16, "depth": 1}), TEXT, 0).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in found.parameters():
            p += 0.2 * torch.randn(p.shape, generator=generator)
    return found


def last(probe, model, question, data=DATA):
    *_, found = ask(probe, model, data, question)
    return found.value


def test_what_stands_in_the_data_is_found_word_for_word(model):
    new = TEXT.tokens(["cccccc"])
    x = np.concatenate([DATA.train[5:7].numpy(), new, DATA.heldout[3:4].numpy()])
    known = {row.tobytes() for row in DATA.train.numpy()}
    assert DATA.heldout[3].numpy().tobytes() not in known and new[0].tobytes() not in known
    found = last(CheckNovelty, model, requests.CheckNovelty(x))
    assert found.found.tolist() == [Novelty.TRAINED, Novelty.TRAINED, Novelty.NEW, Novelty.HELD_OUT]
    assert found.kind == "exact"


@torch.no_grad()
def test_novelty_tells_the_bits_of_every_text(model):
    x = DATA.heldout[:40]
    found = last(CheckNovelty, model, requests.CheckNovelty(x.numpy(), condition=(1, 3)))
    nats = model.log_density(x, torch.tensor([[1, 3]] * 40)) / written(x).sum(1)
    np.testing.assert_allclose(found.bits, -nats / math.log(2), rtol=1e-5)
    assert not np.allclose(found.bits, last(CheckNovelty, model, requests.CheckNovelty(x.numpy())).bits)


def test_what_was_found_comes_before_the_bits(model):
    first = next(ask(CheckNovelty, model, DATA, requests.CheckNovelty(DATA.train[:3].numpy()))).value
    assert first.found.tolist() == [Novelty.TRAINED] * 3
    assert np.isnan(first.bits).all()


def test_a_model_without_likelihood_still_tells_what_is_new():
    found = last(CheckNovelty, new_model(Mute, Mute.Config(), TEXT), requests.CheckNovelty(DATA.train[:2].numpy()))
    assert found.found.tolist() == [Novelty.TRAINED] * 2
    assert np.isnan(found.bits).all()


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((0, 6), np.int64),
        np.zeros(6, np.int64),
        np.zeros((1, 5), np.int64),
        np.full((1, 6), 8),
        np.ones((1, 6)),
    ],
)
def test_what_is_no_text_of_the_model_is_refused(model, x):
    with pytest.raises(BadInput):
        last(CheckNovelty, model, requests.CheckNovelty(x))


def test_points_have_no_novelty():
    with pytest.raises(BadInput, match="cannot be asked about points"):
        last(CheckNovelty, new_model(ToyFlow, ToyFlow.Config(), POINTS), requests.CheckNovelty(np.zeros((1, 6), int)))


def test_shares_add_up_and_repeats_are_counted_once():
    x = torch.cat([DATA.train[:1]] * 6 + [DATA.heldout[3:4], torch.from_numpy(TEXT.tokens(["cccccc"]))])
    assert found_in(x, DATA).tolist() == [1] * 6 + [2, 0]
    told = shares(x, DATA)
    assert told == {"in training": 0.75, "in held-out": 0.125, "new": 0.125, "distinct": 0.375}


def test_bits_per_character_count_ends_and_no_padding():
    x = torch.tensor([[1, 2, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    assert size_of(x, TEXT) == (3 + 6) / 2
    assert bits_per_dimension(-4.5 * math.log(2), TEXT, size_of(x, TEXT)) == pytest.approx(1)
    assert size_of(torch.zeros(3, 2), POINTS) == 2


@torch.no_grad()
def test_the_likelihood_of_held_out_texts_is_theirs_without_labels(model):
    found = last(EstimateLikelihood, model, requests.EstimateLikelihood(n=len(DATA.heldout)))
    nats = model.log_density(DATA.heldout)
    assert found.nats == pytest.approx(float(nats.mean()), rel=1e-5)
    bits = -nats.sum() / math.log(2) / written(DATA.heldout).sum()
    assert found.bits_per_dim == pytest.approx(float(bits), rel=1e-5)


@torch.no_grad()
def test_texts_are_compared_with_shuffled_and_random_ones_of_their_length(model):
    found = last(CompareLikelihoods, model, requests.CompareLikelihoods(n=8))
    assert found.names == ("held-out", "training", "shuffled", "random")
    held, training, shuffled, any_ = found.x.reshape(4, 8, 6)
    assert {row.tobytes() for row in held} <= {row.tobytes() for row in DATA.heldout.numpy()}
    assert {row.tobytes() for row in training} <= {row.tobytes() for row in DATA.train.numpy()}
    np.testing.assert_array_equal(np.sort(held), np.sort(shuffled))
    assert (held != shuffled).any()
    np.testing.assert_array_equal(held > 0, any_ > 0)
    np.testing.assert_array_equal(held > 0, shuffled > 0)
    x = torch.from_numpy(held)
    expected = -model.log_density(x) / math.log(2) / written(x).sum(1)
    np.testing.assert_allclose(found.bits[0], expected, rtol=1e-5)


@torch.no_grad()
def test_the_next_character_and_how_surprising_each_one_is(model):
    x = TEXT.tokens(["abba"])
    found = last(NextProbs, model, requests.NextProbs(x[0], 2))
    np.testing.assert_allclose(found.probs, model.next_probs(torch.from_numpy(x), 2)[0], rtol=1e-6)
    assert found.swatches.shape == (7, 0)
    assert (found.names, found.drawn.tolist()) == (("character",), [x[0, 2]])
    by_place = -model.log_density_by_place(torch.from_numpy(x))[0] / math.log(2)
    np.testing.assert_allclose(found.surprise, by_place, rtol=1e-5)
    assert found.surprise[5] == 0


def test_the_next_character_of_a_text_that_is_not_written_yet(model):
    veiled = np.array([1, 7, 7, 7, 7, 7])
    found = last(NextProbs, model, requests.NextProbs(veiled, 1))
    whole = last(NextProbs, model, requests.NextProbs(TEXT.tokens(["abab"])[0], 1))
    np.testing.assert_array_equal(found.probs, whole.probs)


@pytest.mark.parametrize("position", [-1, 6, 1.0, True])
def test_a_character_outside_the_text_is_refused(model, position):
    with pytest.raises(BadInput, match="from 0 to 5"):
        last(NextProbs, model, requests.NextProbs(TEXT.tokens(["ab"])[0], position))


def test_a_text_is_completed_around_what_is_kept(model):
    source, mask = TEXT.tokens(["xaaaay"]), np.array([0, 1, 1, 1, 1, 0], np.uint8)
    tape = last(Trajectory, model, requests.Trajectory(n=5, source=source, mask=mask))
    texts = TEXT.text(tape.frames[-1].x)
    assert all(t[0] == "x" and t[-1] == "y" and len(t) == 6 for t in texts)
    assert len(set(texts)) > 1
    assert tape.frames[-1].x.dtype == np.int64


def test_a_mask_of_another_length_is_refused(model):
    with pytest.raises(BadInput, match="each of the 6 characters"):
        last(Trajectory, model, requests.Trajectory(n=1, source=TEXT.tokens(["ab"]), mask=np.ones(5, np.uint8)))
    with pytest.raises(BadInput, match="completes a text"):
        last(Trajectory, model, requests.Trajectory(n=1, source=TEXT.tokens(["ab"])))


def test_few_texts_are_the_first_of_many(model):
    few, many = (last(DrawSamples, model, requests.DrawSamples(n=n, seed=4)).x for n in (3, 50))
    np.testing.assert_array_equal(few, many[:3])


def test_data_of_other_characters_is_refused(model):
    other = DataSpec(Kind.TOKENS, TEXT.shape, TEXT.attributes, ("", *"defuvw"))
    with pytest.raises(BadInput, match="other characters"):
        last(CheckNovelty, model, requests.CheckNovelty(DATA.train[:1].numpy()), toy_data(other))
