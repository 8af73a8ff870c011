"""What a codebook stands for and how data uses it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import COLOUR, POINTS, toy_data

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.requests import LookAtCodebook, MapLatent
from genplay.core.dataset import to_float, to_plain
from genplay.core.probe import ask
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.vae import VAE
from genplay.families.vqvae import VQVAE
from genplay.probes import all as probes


@pytest.fixture(scope="module")
def model():
    made = new_model(VQVAE, knob.build(VQVAE.Config, {"codes": 12, "width": 8, "blocks": 1, "halvings": 2}), COLOUR, 0)
    trainer = Trainer(made, toy_data(COLOUR), TrainingConfig(batch_size=16), 0)
    for _ in range(3):
        trainer.advance()
    return made.eval()


def looked_at(model, **question):
    question = LookAtCodebook(**question)
    return [p.value for p in ask(probes()["LookAtCodebook"], model, toy_data(model.spec), question)]


def test_usage_is_that_of_the_data(model):
    book = looked_at(model, n=50)[-1]
    data = toy_data(COLOUR)
    with torch.no_grad():
        codes = model.codes(to_float(data.heldout)).numpy()
    counts = np.stack([(codes == k).sum(0) for k in range(12)])
    np.testing.assert_allclose(book.where, counts / 50, atol=1e-6)
    np.testing.assert_allclose(book.usage, counts.sum((1, 2)) / codes.size, atol=1e-6)
    shares = book.usage[book.usage > 0]
    assert book.perplexity == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    np.testing.assert_allclose(book.vectors, model.codebook.vectors.numpy())
    assert book.n == 50


def test_a_code_is_shown_as_it_is_drawn_where_the_data_has_it(model):
    book = looked_at(model, n=50)[-1]
    with torch.no_grad():
        codes = model.codes(to_float(toy_data(COLOUR).heldout))
        x = model.decode_codes(codes)
    for k in range(12):
        own = [x[b, :, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4] for b, i, j in (codes == k).nonzero().tolist()]
        if own:
            shown = to_plain(torch.stack(own).mean(0)[None], COLOUR)[0]
            assert np.abs(book.x[k].astype(int) - shown).max() <= 1
    assert book.x.shape == (12, 4, 4, 3)


def test_codes_that_no_data_has_are_shown_alone():
    made = new_model(VQVAE, knob.build(VQVAE.Config, {"codes": 64, "width": 8, "blocks": 1}), COLOUR, 0).eval()
    made.codebook.vectors[5] = 100.0
    book = looked_at(made, n=4)[-1]
    with torch.no_grad():
        x = to_plain(made.decode_codes(torch.full((1, 8, 8), 5)), COLOUR)
    assert book.usage[5] == 0
    np.testing.assert_array_equal(book.x[5], x[0, 8:10, 8:10])


def test_an_encoder_without_a_posterior_says_so(model):
    (*_, latent) = (p.value for p in ask(probes()["MapLatent"], model, toy_data(COLOUR), MapLatent(n=20)))
    assert latent.certain
    np.testing.assert_allclose(latent.kl, latent.codes.var(0), rtol=1e-5)


def test_answers_come_coarse_to_fine_and_only_of_models_that_have_codes(model):
    data = toy_data(COLOUR, heldout=150)
    steps = [p.value.n for p in ask(probes()["LookAtCodebook"], model, data, LookAtCodebook(n=130))]
    assert steps == [64, 128, 130]
    with pytest.raises(BadInput, match="whole number from 1"):
        looked_at(model, n=0)
    with pytest.raises(BadInput, match="no codebook"):
        looked_at(new_model(VAE, VAE.Config(), COLOUR, 0))
    with pytest.raises(BadInput, match="no codebook"):
        looked_at(new_model(VAE, VAE.Config(), POINTS, 0))
