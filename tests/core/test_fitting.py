"""Pictures and points from outside, as a model takes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS

from genplay.contract.errors import BadInput
from genplay.core.dataset import to_plain
from genplay.core.fitting import fit


def test_a_picture_that_fits_is_left_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert (to_plain(fit(pixels, COLOUR), COLOUR)[0] == pixels).all()


@pytest.mark.parametrize("size", [(16, 40), (40, 16), (1, 1), (33, 47), (400, 300)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spec", [IMAGES, COLOUR], ids=["grey", "colour"])
def test_any_picture_gets_the_models_shape(size, channels, spec):
    pixels = np.full((*size, channels), 200, np.uint8)
    x = fit(pixels, spec)
    assert x.shape == (1, *spec.shape)
    torch.testing.assert_close(x, torch.full_like(x, 200 / 127.5 - 1), atol=1e-5, rtol=0)


def test_the_centre_is_what_is_kept():
    wide = np.zeros((20, 60, 1), np.uint8)
    wide[:, 20:40] = 255
    white = torch.ones(1, *IMAGES.shape)
    torch.testing.assert_close(fit(wide, IMAGES), white)
    torch.testing.assert_close(fit(wide.transpose(1, 0, 2), IMAGES), white)


def test_halving_averages_and_keeps_the_mean():
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    x = fit(pixels, IMAGES)
    assert x.mean().item() == pytest.approx(pixels.mean() / 127.5 - 1, abs=0.02)
    assert x.std() < 0.5 * (pixels / 127.5).std(), "a plain subsample would keep the noise"


def test_colour_becomes_grey_by_brightness():
    green, blue = np.zeros((2, 16, 16, 3), np.uint8)
    green[..., 1], blue[..., 2] = 255, 255
    assert fit(green, IMAGES).mean() > fit(blue, IMAGES).mean() + 0.5
    white = np.full((16, 16, 3), 255, np.uint8)
    torch.testing.assert_close(fit(white, IMAGES), torch.ones(1, *IMAGES.shape))


def test_a_point_is_taken_as_it_is():
    assert fit(np.array([0.25, -3.0], np.float32), POINTS).tolist() == [[0.25, -3.0]]


@pytest.mark.parametrize(
    ("x", "spec"),
    [
        (np.zeros((16, 16), np.uint8), IMAGES),
        (np.zeros((16, 16, 4), np.uint8), IMAGES),
        (np.zeros((16, 16, 1), np.float32), IMAGES),
        (np.zeros((0, 16, 1), np.uint8), IMAGES),
        (np.zeros((1, 9000, 1), np.uint8), IMAGES),
        (np.zeros(3, np.float32), POINTS),
        (np.zeros((1, 2), np.float32), POINTS),
        (np.array([np.nan, 0], np.float32), POINTS),
    ],
)
def test_what_cannot_be_fitted_is_refused(x, spec):
    with pytest.raises(BadInput, match=r"\.$"):
        fit(x, spec)
