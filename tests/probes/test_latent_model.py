"""Questions to a model that denoises codes: its states are codes, its samples pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import IMAGES, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import BoundByTime, Corrupt, DrawSamples, Duel, FieldAt, Trajectory, WalkNoise
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.families.latent_diffusion import LatentDiffusion
from genplay.probes import all as probes

CONFIG = {"sampler": "ddim", "steps": 5}


@pytest.fixture(scope="module")
def model():
    made = new_model(LatentDiffusion, LatentDiffusion.Config(width=8, blocks=1), IMAGES, 0).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in (*made.network.parameters(), *made.vae.buffers()):
            if value.is_floating_point() and value.dim():
                value.add_(0.3 * torch.randn(value.shape, generator=generator) / max(1, value[0].numel()) ** 0.5)
    return made


def last(model, question, data=None):
    return list(ask(probes()[type(question).__name__], model, data, question))[-1].value


def test_a_frame_has_codes_and_what_they_decode_to(model):
    frames = last(model, Trajectory(3, config=CONFIG)).frames
    assert frames[0].x.shape == (3, 16, 16, 1)
    assert frames[0].extras["z_t"].shape == (3, model.shape[0])
    assert frames[0].extras["x_t"].shape == (3, 16, 16, 1)
    np.testing.assert_array_equal(frames[-1].x, last(model, DrawSamples(3, config=CONFIG)).x)


def test_a_branch_begins_with_the_codes_of_a_frame(model):
    frames = last(model, Trajectory(3, config=CONFIG, seed=4)).frames
    state = frames[2].extras["z_t"]
    branch = last(model, Trajectory(3, config=CONFIG, seed=4, start=frames[2].t, state=state)).frames
    assert np.abs(branch[-1].x.astype(int) - frames[-1].x).max() <= 1
    with pytest.raises(BadInput, match="rows of shape"):
        last(model, Trajectory(3, start=0.5, state=frames[2].extras["x_t"]))


def test_pictures_are_encoded_noised_and_drawn_again(model):
    x = np.full((1, 40, 40, 3), 90, np.uint8)
    assert last(model, Trajectory(2, config=CONFIG, start=0.5, source=x))
    found = last(model, Corrupt(x, (0.0, 1.0)))
    assert found.x.shape == (2, 1, 16, 16, 1)
    assert np.abs(found.x[0].astype(int) - found.x[1]).max() > 1
    with pytest.raises(BadInput, match="no part can be kept"):
        last(model, Trajectory(2, source=x, mask=np.ones((16, 16), np.uint8)))


def test_a_path_and_a_duel_go_through_its_noise(model):
    path = last(model, WalkNoise((3, 4), frames=4, config=CONFIG)).x
    first = last(model, DrawSamples(1, config=CONFIG, seed=3)).x
    assert np.abs(path[:1].astype(int) - first).max() <= 1
    fight = last(model, Duel(({"sampler": "heun", "steps": 3},), n=2))
    assert fight.x.shape == (1, 2, 16, 16, 1)


def test_what_would_be_of_codes_is_not_told_of_pictures(model):
    with pytest.raises(BadInput, match="gives no likelihood"):
        last(model, BoundByTime(), toy_data(IMAGES))
    with pytest.raises(BadInput, match="no score function"):
        last(model, FieldAt(), toy_data(IMAGES))
