"""What each level of a code decides: the levels that are held stay, and change is measured against the code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import COLOUR

from genplay.contract.errors import BadInput
from genplay.contract.requests import RedrawLevels
from genplay.core.dataset import to_plain
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.families.hierarchical_vae import HierarchicalVAE, HierarchicalVAEConfig
from genplay.families.vae import VAE, VAEConfig
from genplay.probes import all as probes

Z = np.linspace(-1, 1, 21).astype(np.float32)
SIZES = (3, 6, 12)


@pytest.fixture(scope="module")
def model():
    made = new_model(HierarchicalVAE, HierarchicalVAEConfig(width=4, latent_size=3, conditional=True), COLOUR, 0)
    for parameter in made.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return made.eval().requires_grad_(False)


def redrawn(model, **question):
    return next(ask(probes()["RedrawLevels"], model, None, RedrawLevels(**{"z": Z} | question))).value


@pytest.mark.parametrize("below", [False, True])
def test_each_row_redraws_its_level_and_holds_the_others(model, below):
    found = redrawn(model, columns=4, n=4, below=below)
    assert found.sizes == SIZES
    z = found.z.reshape(3, 4, 21)
    own = np.split(Z, np.cumsum(SIZES)[:-1])
    for row in range(3):
        for level, part in enumerate(np.split(z[row], np.cumsum(SIZES)[:-1], axis=1)):
            drawn = level == row or (below and level > row)
            assert (part == own[level]).all() is np.bool_(not drawn)


def test_pictures_are_those_of_their_codes(model):
    found = redrawn(model, columns=5, n=2)
    again = model.decode(torch.from_numpy(found.z))
    assert np.abs(found.x.astype(int) - to_plain(again, COLOUR)).max() <= 1
    assert found.x.shape == (15, 16, 16, 3)


def test_change_is_the_mean_difference_from_the_picture_of_the_code(model):
    found = redrawn(model, columns=6, n=6)
    middle = model.decode(torch.from_numpy(Z[None])).clamp(-1, 1)
    again = model.decode(torch.from_numpy(found.z)).clamp(-1, 1)
    away = (again - middle).abs().mean(1).view(3, 6, 16, 16).mean(1) / 2
    np.testing.assert_allclose(found.where, away.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.change, away.mean((1, 2)).numpy(), atol=1e-5)
    assert (found.change > 0).all()


def test_more_columns_or_another_seed_leave_or_change_the_draws(model):
    few, other = redrawn(model, columns=2), redrawn(model, columns=2, seed=1)
    np.testing.assert_array_equal(few.x, redrawn(model, columns=2).x)
    assert not np.array_equal(few.z, other.z)


def test_a_condition_is_told(model):
    left, right = (redrawn(model, columns=2, condition=(side, 1)) for side in (0, 1))
    np.testing.assert_array_equal(left.z, right.z)
    assert not np.array_equal(left.x, right.x)


def test_bad_questions_are_refused(model):
    with pytest.raises(BadInput, match="rows of 21"):
        redrawn(model, z=Z[:5])
    with pytest.raises(BadInput, match="columns"):
        redrawn(model, columns=0)
    with pytest.raises(BadInput, match="one row"):
        redrawn(model, z=Z[None])
    plain = new_model(VAE, VAEConfig(width=4), COLOUR, 0).eval()
    with pytest.raises(BadInput, match="one level only"):
        redrawn(plain, z=np.zeros(24, np.float32))
