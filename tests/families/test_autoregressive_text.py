"""Texts by the autoregressive model: probabilities that sum to 1, the end of a text, completing, and learning."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from toys import TEXT, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import written
from genplay.core.model import Start
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.autoregressive import Autoregressive

TINY = DataSpec(Kind.TOKENS, (3,), (Attribute("side", ("left", "right")),), ("", "a", "b"))
END, VEIL = 0, 3  # of TINY


def model_of(spec=TINY, seed=0, stirred=True, **config):
    settings = knob.build(Autoregressive.Config, {"width": 16, "depth": 2, **config})
    model = new_model(Autoregressive, settings, spec, seed).eval()
    if stirred:  # as after some training: its heads begin at zero, where all is equally likely
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in model.parameters():
                p += 0.3 * torch.randn(p.shape, generator=generator)
    return model


def all_texts(spec):
    """Every text that there is, (N, L)."""
    letters = range(1, len(spec.vocabulary))
    texts = [t for n in range(spec.size + 1) for t in itertools.product(letters, repeat=n)]
    return torch.tensor([[*t, *[0] * (spec.size - len(t))] for t in texts])


def drawn(model, n=4, seed=0, start=None, labels=None, **config):
    settings = knob.build(Autoregressive.SampleConfig, config)
    with torch.no_grad():
        return list(model.sample_steps(n, settings, torch.Generator().manual_seed(seed), labels, start))


# ---- likelihood ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["transformer", "made"])
@pytest.mark.parametrize("labels", [None, [1]])
@torch.no_grad()
def test_the_probabilities_of_all_texts_sum_to_one(network, labels):
    model = model_of(network=network).double()
    x = all_texts(TINY)
    asked = None if labels is None else torch.tensor([labels] * len(x))
    probs = model.log_density(x, asked).exp()
    assert float(probs.sum()) == pytest.approx(1, abs=1e-10)
    assert probs.std() > 0.01  # which is no feat of even ones


@torch.no_grad()
def test_a_text_costs_its_characters_and_its_end_and_nothing_after():
    model = model_of()
    x = torch.tensor([[1, 2, 0], [1, 0, 0], [0, 0, 0], [2, 1, 1]])
    by_place = model.log_density_by_place(x)
    assert (by_place[~written(x)] == 0).all()
    assert (by_place[written(x)] < 0).all()
    torch.testing.assert_close(by_place.sum(1), model.log_density(x))


@torch.no_grad()
def test_the_next_character_is_drawn_from_what_the_likelihood_says():
    model = model_of()
    x = torch.tensor([[1, 2, 1], [2, 0, 0]])
    for place in range(3):
        probs = model.next_probs(x, place)
        assert probs.shape == (2, 1, 3)
        torch.testing.assert_close(probs.sum(-1), torch.ones(2, 1))
        told = probs[:, 0].gather(1, x[:, place : place + 1])[:, 0].log()
        torch.testing.assert_close(
            told[written(x)[:, place]], model.log_density_by_place(x)[written(x)[:, place], place]
        )


def test_what_comes_later_changes_no_probability():
    model = model_of()
    x = torch.tensor([[1, 2, 1], [1, 1, VEIL], [1, VEIL, VEIL]])
    probs = model.next_probs(x, 1)
    assert torch.equal(probs[0], probs[1])
    assert torch.equal(probs[0], probs[2])


# ---- sampling ------------------------------------------------------------------------------------------------------


def test_a_character_is_written_at_a_time_behind_veils():
    frames = drawn(model_of(), 50)
    assert len(frames) == 3
    for i, frame in enumerate(frames[:-1], 1):
        assert (frame.x[:, i:] == VEIL).all()
        assert (frame.x[:, :i] < VEIL).all()
        assert torch.equal(frame.x[:, :i], frames[-1].x[:, :i])
    assert [frame.t for frame in frames] == pytest.approx([2 / 3, 1 / 3, 0])


def test_after_the_end_comes_nothing_and_is_no_choice():
    last = drawn(model_of(), 200)[-1]
    ended = (last.x == END).cumsum(1) - (last.x == END).long() > 0
    assert ended.any()
    assert (last.x[ended] == END).all()
    assert (last.extras["entropy"][ended] == 0).all()
    assert (last.extras["entropy"][~ended] > 0).all()


@torch.no_grad()
def test_texts_come_as_often_as_their_likelihood_says():
    model, n = model_of(seed=5), 6000
    x = all_texts(TINY)
    found = drawn(model, n, seed=1)[-1].x
    counts = torch.stack([(found == text).all(1).sum() for text in x]).double()
    expected = n * model.log_density(x).exp().double()
    assert counts.sum() == n
    chi2 = ((counts - expected).square() / expected).sum()
    assert chi2 < 40  # 14 degrees of freedom: p < 0.0003 beyond


def test_at_temperature_0_the_likeliest_text_place_by_place_is_written():
    model = model_of()
    last = drawn(model, 2, temperature=0.0)[-1].x
    assert torch.equal(last[0], last[1])
    for place in range(3):
        if written(last)[0, place]:
            assert model.next_probs(last, place)[0, 0].argmax() == last[0, place]


def test_top_k_of_one_is_temperature_0():
    model = model_of()
    assert torch.equal(drawn(model, 3, top_k=1)[-1].x, drawn(model, 3, temperature=0.0)[-1].x)


def test_labels_change_what_is_written():
    model = model_of(seed=3)
    left, right = (drawn(model, 100, labels=torch.full((100, 1), side))[-1].x for side in (0, 1))
    assert not torch.equal(left, right)


# ---- completing ----------------------------------------------------------------------------------------------------


def start_of(text, mask):
    return Start(x=torch.tensor([text]), clean=True, mask=torch.tensor(mask, dtype=torch.bool))


def test_a_beginning_is_kept_and_completed():
    last = drawn(model_of(), 100, start=start_of([2, VEIL, VEIL], [0, 1, 1]))[-1].x
    assert (last[:, 0] == 2).all()
    assert (last < VEIL).all()
    assert len(last.unique(dim=0)) > 3


def test_a_text_does_not_end_before_a_character_that_is_kept():
    frames = drawn(model_of(), 200, start=start_of([1, VEIL, 2], [0, 1, 0]))
    assert (frames[-1].x[:, [0, 2]] == torch.tensor([1, 2])).all()
    assert (frames[-1].x[:, 1] != END).all()
    assert set(frames[-1].x[:, 1].tolist()) == {1, 2}


def test_a_kept_end_ends_the_text():
    last = drawn(model_of(), 50, start=start_of([1, 0, VEIL], [0, 0, 1]))[-1].x
    assert (last == torch.tensor([1, 0, 0])).all()


def test_a_whole_text_that_is_kept_stays():
    assert drawn(model_of(), 2, start=start_of([2, 1, 0], [0, 0, 0]))[-1].x.tolist() == [[2, 1, 0]] * 2


# ---- training ------------------------------------------------------------------------------------------------------


def trainer_of(steps=0, **config):
    settings = knob.build(Autoregressive.Config, {"width": 32, "depth": 1, **config})
    training = TrainingConfig(learning_rate=1e-2, batch_size=64, warmup=5, ema=0.9)
    trainer = Trainer(new_model(Autoregressive, settings, TEXT, 0), toy_data(TEXT, train=600), training, 0)
    for _ in range(steps):
        trainer.advance()
    return trainer


def test_bits_per_character_are_those_of_the_characters_and_ends():
    trainer = trainer_of(dropout=0.0, conditional=False)
    trainer.model.train()
    batch = trainer.batches.next()
    objective = next(trainer.model.objectives(batch, torch.Generator()))
    with torch.no_grad():
        bits = -trainer.model.log_density(batch.x).sum() / written(batch.x).sum() / math.log(2)
    assert objective.terms.keys() == {"bits per character"}
    torch.testing.assert_close(objective.terms["bits per character"], bits)
    assert float(bits) == pytest.approx(math.log2(7), abs=1e-4)  # a new model finds all tokens alike


def test_it_learns_the_lengths_and_letters_of_the_toy_language_and_obeys_its_labels():
    model = trainer_of(120).model.eval()
    x = drawn(model, 300, labels=torch.tensor([[1, 0]] * 300))[-1].x
    texts = TEXT.text(x.numpy())
    assert sum(len(t) == 2 and set(t) <= set("xyz") for t in texts) >= 285
    lengths = {len(t) for t in TEXT.text(drawn(model, 300)[-1].x.numpy())}
    assert {2, 4, 6} <= lengths


def test_dropout_is_drawn_from_the_trainings_generator_alone():
    state = torch.get_rng_state()
    first, second = trainer_of(3, dropout=0.4), trainer_of(3, dropout=0.4)
    assert torch.equal(state, torch.get_rng_state())
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    without = trainer_of(3, dropout=0.0)
    assert any(not torch.equal(a, b) for a, b in zip(first.model.parameters(), without.model.parameters(), strict=True))


def test_dropout_is_for_training_only():
    model = model_of(dropout=0.8)
    x = all_texts(TINY)
    assert torch.equal(model.log_density(x), model.log_density(x))


@pytest.mark.parametrize("network", ["pixelcnn", "scales"])
def test_networks_for_pictures_are_refused(network):
    with pytest.raises(BadInput, match="Texts are one row of characters"):
        model_of(network=network)
