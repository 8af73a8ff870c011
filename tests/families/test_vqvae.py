from __future__ import annotations

import json

import pytest
import torch
from toys import COLOUR, IMAGES, toy_data

from genplay.contract import knob
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.core.checkpoint import Opened
from genplay.core.dataset import to_float
from genplay.core.training import Replica, Trainer, TrainingConfig, new_model
from genplay.engine.held_out import held_out_terms
from genplay.families.vq_prior import VQPrior
from genplay.families.vqvae import VQVAE

SMALL = {"codes": 16, "width": 16, "blocks": 1, "halvings": 2}
SETTINGS = TrainingConfig(learning_rate=5e-3, batch_size=32, ema=0.9, warmup=5)


def trained(spec=COLOUR, steps=60, **config):
    model = new_model(VQVAE, knob.build(VQVAE.Config, SMALL | config), spec, 0)
    trainer = Trainer(model, toy_data(spec), SETTINGS, 0)
    for _ in range(steps):
        step = trainer.advance()
    replica = Replica(new_model(VQVAE, model.config, spec))
    replica.load(trainer.snapshot())
    return trainer, replica.model, step


@pytest.fixture(scope="module")
def ready():
    return trained()


def heldout(spec=COLOUR):
    return to_float(toy_data(spec).heldout)


def test_it_learns_to_rebuild_pictures(ready):
    _, model, step = ready
    x = heldout()
    with torch.no_grad():
        rebuilt = model.decode_codes(model.codes(x))
    assert (rebuilt - x).square().mean() < 0.4 * x.var(0).mean()
    assert step.terms["codes in use"] > 0.5
    assert 1 < step.terms["perplexity"] <= 16
    assert step.vectors["code usage"].sum().item() == pytest.approx(1, abs=1e-4)


def test_codes_vectors_and_pictures_lead_to_each_other(ready):
    model, x = ready[1], heldout()[:6]
    with torch.no_grad():
        codes = model.codes(x)
        assert codes.shape == (6, 4, 4)
        assert torch.equal(model.quantised(model.vectors(codes)), codes)
        assert torch.equal(model.quantised(model.encode(x).mu), codes)
        torch.testing.assert_close(model.decode(model.encode(x).mu), model.decode_codes(codes))


def test_looking_at_held_out_data_leaves_the_codebook_alone(ready):
    _, model, _ = ready
    before = {name: b.clone() for name, b in model.named_buffers()}
    for _ in held_out_terms(model, toy_data(COLOUR), 1, seed=0):
        pass
    assert all(torch.equal(b, before[name]) for name, b in model.named_buffers())


def test_samples_take_each_place_by_itself(ready):
    _, model, _ = ready
    frames = list(model.sample_steps(400, model.SampleConfig(), torch.Generator().manual_seed(0)))
    codes = frames[0].extras["codes"]
    often = torch.nn.functional.one_hot(codes.flatten(1), 16).float().mean(0)
    assert (often - model._shares()).abs().max() < 0.1
    cold = model.SampleConfig(temperature=0.0)
    (frame,) = model.sample_steps(3, cold, torch.Generator())
    assert torch.equal(frame.extras["codes"][0], frame.extras["codes"][2])


def test_codes_that_lie_idle_are_pointed_out():
    model = new_model(VQVAE, knob.build(VQVAE.Config, SMALL), IMAGES, 0)
    assert model.notices({"codes in use": 0.1}, {}, 1000)[0].title == "Codes are idle"
    assert not model.notices({"codes in use": 0.9}, {}, 1000)
    assert not model.notices({"codes in use": 0.1}, {}, 3)


def test_a_conditional_one_tells_the_decoder_the_attributes():
    model = new_model(VQVAE, knob.build(VQVAE.Config, SMALL | {"conditional": True}), IMAGES, 0).eval()
    z = torch.zeros(2, model.latent_size)
    told = model.decode(z, torch.tensor([[0, 0], [1, 2]]))
    assert not torch.allclose(told[0], told[1])
    assert model.takes_labels
    assert not new_model(VQVAE, knob.build(VQVAE.Config, SMALL), IMAGES, 0).takes_labels


# ---- the prior ----------------------------------------------------------------------------------------------------


def opened(model, **changes):
    card = Card(VQVAE.name, "one", model.spec, knob.values(model.config) | changes, {}, "faces16")
    return Opened(model, card, "")


def prior_of(model, **config):
    values = VQPrior.settle({"autoencoder": "one", **config}, lambda name: opened(model))
    made = new_model(VQPrior, knob.build(VQPrior.Config, values), model.spec, 0)
    made.begin(lambda name: opened(model))
    return made


def test_a_prior_takes_the_whole_autoencoder_over(ready):
    _, model, _ = ready
    prior, x = prior_of(model, width=16, depth=1), heldout()
    assert torch.equal(prior.codes(x), model.codes(x))
    torch.testing.assert_close(prior.decode_codes(model.codes(x)), model.decode_codes(model.codes(x)))
    assert all(name.startswith("vqvae.") for name in prior.constants())
    assert not any(name.startswith("vqvae.") for name, _ in prior.named_parameters())


def test_a_prior_learns_what_goes_with_what(ready):
    _, model, _ = ready
    prior = prior_of(model, width=32, depth=2)
    trainer = Trainer(prior, toy_data(COLOUR), SETTINGS, 0)
    for _ in range(60):
        trainer.advance()
    prior.eval()
    x, labels = heldout(), toy_data(COLOUR).heldout_labels
    with torch.no_grad():
        assert prior.log_codes(prior.codes(x)).mean() > model.log_codes(model.codes(x)).mean()
        assert prior.log_density(x, labels).mean() > prior.log_density(x, labels.flip(0)).mean()


def test_frames_come_row_by_row_and_keep_what_is_written(ready):
    prior = prior_of(ready[1], width=16, depth=1).eval()
    with torch.no_grad():
        frames = list(prior.sample_steps(3, prior.SampleConfig(), torch.Generator().manual_seed(2)))
    assert [f.t for f in frames] == [1.0, 0.75, 0.5, 0.25, 0.0]
    last = frames[-1].extras["codes"]
    usual = frames[0].extras["codes"]
    for row, frame in enumerate(frames):
        assert torch.equal(frame.extras["codes"][:, :row], last[:, :row])
        assert torch.equal(frame.extras["codes"][:, row:], usual[:, row:])


def test_the_likeliest_codes_are_those_of_a_whole_pass(ready):
    prior = prior_of(ready[1], width=16, depth=1).eval()
    prior.transformer.leave.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    cold = prior.SampleConfig(temperature=0.0)
    with torch.no_grad():
        *_, frame = prior.sample_steps(2, cold, torch.Generator())
        flat = frame.extras["codes"].flatten(1)
        logits = prior.transformer(flat, prior._context(None, 2))
    assert torch.equal(logits.argmax(-1), flat)


@pytest.mark.parametrize(
    ("values", "changes", "message"),
    [
        ({}, {}, "needs a VQ-VAE"),
        ({"autoencoder": "one"}, {"conditional": True}, "not conditional"),
    ],
)
def test_what_a_prior_cannot_build_on_is_refused(ready, values, changes, message):
    with pytest.raises(BadInput, match=message):
        VQPrior.settle(values, lambda name: opened(ready[1], **changes))


def test_damaged_settings_of_the_autoencoder_are_refused():
    for text in ("{", "[1]", json.dumps({"codes": -1})):
        with pytest.raises(BadInput):
            new_model(VQPrior, knob.build(VQPrior.Config, {"autoencoder_knobs": text}), IMAGES)
