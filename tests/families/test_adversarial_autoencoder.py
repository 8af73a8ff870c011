"""What an adversarial autoencoder does beyond what all families share: priors, players, the match of its codes."""

from __future__ import annotations

import math

import pytest
import torch
from toys import COLOUR, POINTS, toy_data

from genplay.contract.errors import BadInput
from genplay.core.dataset import Batch
from genplay.core.mmd import mmd2
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.adversarial_autoencoder import (
    AUTOENCODER,
    CRITIC,
    AdversarialAutoencoder,
    AdversarialAutoencoderConfig,
    log_likelihood,
    prior_draw,
)

CPU = torch.device("cpu")


def model_of(spec=POINTS, **config):
    made = new_model(
        AdversarialAutoencoder, AdversarialAutoencoderConfig(**{"width": 4, "latent_size": 2} | config), spec
    )
    assert isinstance(made, AdversarialAutoencoder)
    return made


def drawn(kind, n=20_000, size=3):
    return prior_draw(kind, n, size, torch.Generator().manual_seed(0), CPU)


def test_the_ring_has_eight_equal_gaussians():
    z = drawn("ring")
    angle = torch.arange(8) * math.pi / 4
    centres = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    nearest = torch.cdist(z[:, :2], centres).argmin(1)
    assert torch.bincount(nearest).float().std() < 100
    away = z[:, :2] - centres[nearest]
    assert away.std(0).tolist() == pytest.approx([0.25, 0.25], abs=0.01)


def test_the_roll_is_evenly_dense_along_its_length():
    z = drawn("swiss roll")
    radius = z[:, :2].norm(dim=1)
    assert 0.55 < radius.min() < 0.85 < 2.5 < radius.max() < 2.75
    inner = (radius.square() < (2.5**2) * 5 / 9).float().mean()  # half of the length, which grows like radius squared
    assert float(inner) == pytest.approx(0.5, abs=0.01)
    angle = torch.atan2(z[:, 1], z[:, 0]) % (2 * math.pi)
    first_turn = 2.5 * angle / (3 * math.pi)
    gap = torch.minimum((radius - first_turn).abs(), (radius - first_turn - 2.5 / 1.5).abs())
    assert float(gap.quantile(0.9)) < 0.15


@pytest.mark.parametrize("kind", ["gaussian", "ring", "swiss roll"])
def test_further_numbers_are_standard_normal(kind):
    rest = drawn(kind)[:, 2]
    assert float(rest.mean()) == pytest.approx(0, abs=0.03)
    assert float(rest.std()) == pytest.approx(1, abs=0.03)


def test_the_likelihood_is_that_of_torch():
    x, mean = torch.randn(2, 5, 3, 4, 4).unbind(0)
    expected = torch.distributions.Normal(mean, 0.2).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(log_likelihood(x, mean, 0.2), expected, rtol=1e-4, atol=1e-2)


def test_each_player_is_stepped_by_its_own_loss_and_the_critic_as_often_as_asked():
    model = model_of(critic_steps=3)
    x = torch.arange(24.0).view(12, 2) / 12 - 1
    batch = Batch(x, torch.zeros(12, 2, dtype=torch.int64), step=0)
    seen = []
    keep = model.encode
    model.encode = lambda part, labels=None: seen.append(part) or keep(part, labels)  # type: ignore[method-assign]
    groups = [objective.group for objective in model.objectives(batch, torch.Generator().manual_seed(0))]
    assert groups == [CRITIC, CRITIC, CRITIC, AUTOENCODER]
    assert torch.equal(torch.cat(seen[:3]), x)
    assert torch.equal(seen[3], seen[2])


def test_the_decoder_feels_the_reconstruction_alone_and_the_encoder_both():
    def slopes(match):
        model = model_of(match=match)
        batch = Batch(torch.randn(16, 2, generator=torch.Generator().manual_seed(3)), torch.zeros(16, 2).long(), step=1)
        *_, last = model.objectives(batch, torch.Generator().manual_seed(0))
        parts = ([*module.parameters()] for module in (model.encoder, model.decoder))
        return [torch.autograd.grad(last.loss, part, retain_graph=True) for part in parts]

    (encoder, decoder), (bold, same) = slopes(0.0), slopes(5.0)
    assert all(map(torch.equal, decoder, same))
    assert not any(map(torch.equal, encoder, bold))


def test_labels_tell_only_a_conditional_model():
    for conditional in (False, True):
        model = model_of(COLOUR, conditional=conditional).eval()
        with torch.no_grad():
            left, right = (model.decode(torch.zeros(1, 2), torch.tensor([[side, 1]])) for side in (0, 1))
        assert torch.equal(left, right) is not conditional


def test_convolutions_are_for_pictures():
    with pytest.raises(BadInput, match="conv network is for pictures"):
        model_of(network="conv")


def test_codes_apart_from_the_prior_are_noticed():
    apart = {"accuracy on prior": 1.0, "accuracy on codes": 0.99}
    model = model_of()
    assert model.notices(apart, {}, 10) == ()
    assert "prior" in model.notices(apart, {}, 2000)[0].title
    assert model.notices({**apart, "accuracy on codes": 0.6}, {}, 2000) == ()


def test_training_brings_the_codes_into_the_shape_of_the_prior():
    model = model_of(prior="ring", width=8, sigma=0.1, match=2.0)
    trainer = Trainer(model, toy_data(POINTS), TrainingConfig(batch_size=128, warmup=0, ema=0.0), 0)
    x = trainer.data.train[:150]

    def apart():
        with torch.no_grad():
            z = model.encode(x).mu
            return mmd2(z, model.prior(500, torch.Generator().manual_seed(5)), 1.0), z

    before = apart()[0]
    for _ in range(400):
        step = trainer.advance()
    after, z = apart()
    assert after < 0.3 * before
    assert {"reconstruction", "matching", "accuracy on codes", f"loss {CRITIC}"} <= step.terms.keys()
    with torch.no_grad():
        assert (model.decode(z) - x).square().mean() < 0.1 * x.var()
