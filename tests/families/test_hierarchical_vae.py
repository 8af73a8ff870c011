"""What a hierarchical VAE does beyond what all families share: levels held and redrawn, labels, notices."""

from __future__ import annotations

import pytest
import torch
from toys import COLOUR, POINTS, toy_data

from genplay.contract.errors import BadInput
from genplay.core.training import Trainer, TrainingConfig, new_model
from genplay.families.hierarchical_vae import HierarchicalVAE, HierarchicalVAEConfig


def model_of(spec=COLOUR, **config):
    made = new_model(HierarchicalVAE, HierarchicalVAEConfig(**{"width": 4, "latent_size": 3} | config), spec, 1)
    assert isinstance(made, HierarchicalVAE)
    return made.eval().requires_grad_(False)


def stirred(**config):
    """A model whose priors have been moved away from N(0, I)."""
    model = model_of(**config)
    for parameter in model.parameters():
        parameter += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return model


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_with_all_levels_held_it_is_decode(network):
    model = stirred(network=network)
    z = torch.randn(4, model.latent_size, generator=torch.Generator().manual_seed(0))
    x, codes = model.decode_levels(model.levels(z), 4, torch.Generator().manual_seed(1))
    assert torch.equal(codes, z)
    assert torch.equal(x, model.decode(z))


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_only_levels_that_are_not_held_are_drawn(network):
    model = stirred(network=network)
    z = torch.randn(5, model.latent_size, generator=torch.Generator().manual_seed(0))
    own = model.levels(z)
    assert [part.shape[1] for part in own] == [rung.size for rung in model.rungs]
    x, codes = model.decode_levels([own[0], None, own[2]], 5, torch.Generator().manual_seed(1))
    drawn = model.levels(codes)
    assert torch.equal(drawn[0], own[0]) and torch.equal(drawn[2], own[2])
    assert not torch.isclose(drawn[1], own[1]).any()
    assert torch.equal(x, model.decode(codes))
    assert not torch.equal(x, model.decode(z))
    free, _ = model.decode_levels([None] * 3, 5, torch.Generator().manual_seed(1))
    assert torch.equal(free, model.sample(5, generator=torch.Generator().manual_seed(1)))


def test_sizes_of_levels():
    assert [rung.size for rung in model_of(levels=4, latent_size=4, growth=1.5).rungs] == [4, 6, 9, 14]
    assert [rung.size for rung in model_of(network="conv", channels=2).rungs] == [3, 2 * 16, 2 * 64]


def test_a_frame_of_sampling_has_the_lower_levels_in_the_middle():
    model = stirred()
    first, *_, last = model.sample_steps(3, model.SampleConfig(), torch.Generator().manual_seed(0))
    parts = model.levels(last.extras["z"])
    middle = torch.cat([parts[0], *map(torch.zeros_like, parts[1:])], 1)
    assert torch.equal(first.x, model.decode(middle))
    assert torch.equal(last.x, model.decode(last.extras["z"]))


def test_labels_tell_only_a_conditional_model():
    z = torch.zeros(1, 21)
    for conditional in (False, True):
        model = stirred(conditional=conditional)
        left, right = (model.decode(z, torch.tensor([[side, 1]])) for side in (0, 1))
        assert torch.equal(left, right) is not conditional


def test_convolutions_are_for_pictures():
    with pytest.raises(BadInput, match="conv network is for pictures"):
        model_of(POINTS, network="conv")


def test_an_idle_level_is_noticed():
    model = model_of()
    terms = {"level 1": 8.0, "level 2": 0.02, "level 3": 3.0}
    assert model.notices(terms, {}, 100) == ()
    (notice,) = model.notices(terms, {}, 600)
    assert "Level 2 tells" in notice.text
    assert "free_bits" in notice.knobs
    assert model.notices({**terms, "level 2": 1.0}, {}, 600) == ()


def test_free_bits_keep_every_level_in_use():
    made = new_model(
        HierarchicalVAE, HierarchicalVAEConfig(width=4, levels=2, latent_size=3, kl_warmup_steps=20), COLOUR
    )
    trainer = Trainer(made, toy_data(COLOUR), TrainingConfig(batch_size=32, warmup=0, learning_rate=5e-3), 0)
    for _ in range(120):
        step = trainer.advance()
    assert min(step.terms["level 1"], step.terms["level 2"]) > 0.5
    assert step.terms["reconstruction"] < 0  # a density above 1 in each pixel: pictures are told apart
