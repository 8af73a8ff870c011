"""Questions about latent space, checked against models whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, ToyFlow, ToyGAN, toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import Decode, DecodePath, Encode, MapLatent, Traverse
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.interpolate import along
from genplay.core.model import Code, NoConfig
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes import decoding, encoding, latent_map


class Known(ToyFlow):
    """Codes are the pixels or coordinates themselves, with a posterior of standard deviation 1/2."""

    name = "known"

    def encode(self, x, labels=None):
        return Code(x.flatten(1), torch.full_like(x.flatten(1), 2 * np.log(0.5)))

    def decode(self, z, labels=None):
        return z.reshape(-1, *self.spec.shape)


def known(spec=POINTS):
    return new_model(Known, NoConfig(), spec).eval()


def last(probe, model, question, data=None):
    return list(ask(probe, model, data, question))[-1].value


# ---- decode ----------------------------------------------------------------------------------------------------


def test_decoding_gives_a_row_a_code():
    z = np.array([[0.5, -1], [3, 0]], np.float32)
    (answer,) = list(ask(decoding.Decode, known(), None, Decode(z)))
    np.testing.assert_array_equal(answer.value.x, z)
    np.testing.assert_array_equal(answer.value.z, z)


def test_many_codes_come_in_pieces_that_are_not_written_again():
    z = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    answers = [(a.value.x, a.value.x.copy()) for a in ask(decoding.Decode, known(), None, Decode(z))]
    assert len(answers) == 4
    assert all(np.array_equal(a, b) for a, b in answers)
    np.testing.assert_array_equal(answers[-1][0], z)


@pytest.mark.parametrize(
    "z",
    [
        np.zeros((0, 2)),
        np.zeros((1, 3)),
        np.zeros(2),
        np.zeros((1, 1, 2)),
        np.full((1, 2), np.nan),
        np.zeros((20_000, 2)),
    ],
    ids=["none", "wide", "flat", "deep", "nan", "many"],
)
def test_codes_that_do_not_fit_are_refused(z):
    with pytest.raises(BadInput, match="codes"):
        last(decoding.Decode, known(), Decode(z.astype(np.float32)))


def test_the_condition_reaches_the_decoder():
    seen = []

    class Listening(Known):
        name = "listening"

        def decode(self, z, labels=None):
            seen.append(None if labels is None else labels.tolist())
            return super().decode(z)

    model = new_model(Listening, NoConfig(), POINTS)
    z = np.zeros((2, 2), np.float32)
    last(decoding.Decode, model, Decode(z, condition=(1, 0)))
    last(decoding.Decode, model, Decode(z))
    assert seen == [[[1, 0], [1, 0]], None]


@pytest.mark.parametrize("mode", ["lerp", "slerp"])
def test_a_path_is_decoded_in_order(mode):
    keys = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    found = last(decoding.DecodePath, known(), DecodePath(keys, frames=150, mode=mode, closed=True))
    np.testing.assert_array_equal(found.x, along(keys, 150, mode, closed=True))


@pytest.mark.parametrize(
    "question",
    [
        DecodePath(np.zeros((0, 2), np.float32)),
        DecodePath(np.zeros((2, 3), np.float32)),
        DecodePath(np.zeros((9, 2), np.float32), frames=5),
        DecodePath(np.zeros((2, 2), np.float32), frames=0),
        DecodePath(np.zeros((2, 2), np.float32), mode="spline"),
    ],
)
def test_paths_that_make_no_sense_are_refused(question):
    with pytest.raises(BadInput):
        last(decoding.DecodePath, known(), question)


def test_a_traversal_is_a_matrix_of_one_change_each():
    z = np.array([5, 7], np.float32)
    found = last(decoding.Traverse, known(), Traverse(z, dims=(1, 0), values=(-1.0, 0.0, 2.0)))
    assert found.x.tolist() == [[5, -1], [5, 0], [5, 2], [-1, 7], [0, 7], [2, 7]]
    assert len(last(decoding.Traverse, known(), Traverse(z)).x) == 14


@pytest.mark.parametrize(
    "facts",
    [
        {"dims": (2,)},
        {"dims": (-1,)},
        {"values": ()},
        {"values": (float("nan"),)},
        {"values": tuple(range(9000))},
        {"z": np.zeros((1, 2))},
    ],
    ids=str,
)
def test_traversals_that_make_no_sense_are_refused(facts):
    with pytest.raises(BadInput):
        last(decoding.Traverse, known(), Traverse(**{"z": np.zeros(2, np.float32)} | facts))


# ---- encode ----------------------------------------------------------------------------------------------------


def test_an_example_is_encoded_reconstructed_and_redrawn():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = last(encoding.Encode, known(COLOUR), Encode(pixels, spread=200))
    np.testing.assert_array_equal(found.x[0], pixels)
    np.testing.assert_array_equal(found.reconstruction[0], pixels)
    assert found.mu.shape == found.sigma.shape == (768,)
    np.testing.assert_allclose(found.sigma, 0.5, rtol=1e-6)
    assert found.error.shape == (16, 16)
    assert found.error.max() < 1e-6
    assert found.spread.shape == (200, 16, 16, 3)


def test_posterior_draws_have_its_mean_and_deviation():
    found = last(encoding.Encode, known(), Encode(np.array([2.0, -1.0], np.float32), spread=256, seed=3))
    np.testing.assert_allclose(found.spread.mean(0), [2, -1], atol=0.12)
    np.testing.assert_allclose(found.spread.std(0), 0.5, atol=0.08)


def test_a_deterministic_encoder_has_no_spread():
    found = last(encoding.Encode, new_model(ToyFlow, NoConfig(), IMAGES), Encode(np.zeros((9, 9, 1), np.uint8)))
    assert found.sigma is None
    assert found.spread.shape == (0, 16, 16, 1)


def test_the_error_is_the_mean_difference_of_a_pixel_and_the_distance_of_a_point():
    black, white = torch.full((1, 3, 2, 2), -1.0), torch.ones(1, 3, 2, 2)
    assert encoding.error(black, white, DataSpec(Kind.IMAGE, (3, 2, 2))).tolist() == [[1, 1], [1, 1]]
    assert encoding.error(black, black * 0.5, DataSpec(Kind.IMAGE, (3, 2, 2)))[0, 0] == 0.25
    assert encoding.error(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), POINTS).tolist() == [5]


def test_a_model_without_an_encoder_says_so():
    with pytest.raises(BadInput, match="toy GAN cannot answer that: it has no encoder"):
        last(encoding.Encode, new_model(ToyGAN, ToyGAN.Config(), POINTS), Encode(np.zeros(2, np.float32)))


# ---- the map ---------------------------------------------------------------------------------------------------


def test_the_map_holds_codes_with_their_labels_and_examples():
    data = toy_data(heldout=400)
    answers = [a.value for a in ask(latent_map.MapLatent, known(), data, MapLatent(n=300))]
    assert [len(a.codes) for a in answers] == [64, 128, 192, 256, 300]
    found = answers[-1]
    np.testing.assert_array_equal(found.codes, found.x)
    table = {tuple(x): tuple(y) for x, y in zip(data.heldout.tolist(), data.heldout_labels.tolist())}
    assert all(table[tuple(x)] == tuple(y) for x, y in zip(found.x.tolist(), found.labels.tolist()))
    assert len({tuple(x) for x in found.x.tolist()}) == 300
    np.testing.assert_allclose(found.mean, found.codes.mean(0), rtol=1e-5)


def test_more_examples_than_there_are_means_all():
    assert len(last(latent_map.MapLatent, known(), MapLatent(n=999), toy_data(heldout=50)).codes) == 50


def test_the_map_needs_fitting_data():
    with pytest.raises(BadInput, match="not at hand"):
        last(latent_map.MapLatent, known(), MapLatent())
    with pytest.raises(BadInput, match="shape"):
        last(latent_map.MapLatent, known(), MapLatent(), toy_data(IMAGES))


def test_kl_is_that_of_torch():
    mu, logvar = torch.randn(40, 3), torch.randn(40, 3)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mu, (0.5 * logvar).exp()), normal(0, 1)).mean(0)
    torch.testing.assert_close(latent_map.kl_by_dimension(mu, logvar), expected)


def test_without_a_posterior_the_variance_stands_for_the_kl():
    model, data = new_model(ToyFlow, NoConfig(), POINTS), toy_data()
    found = last(latent_map.MapLatent, model, MapLatent(n=50), data)
    np.testing.assert_allclose(found.kl, found.codes.var(0), rtol=1e-5)


def test_principal_components_are_found_in_order_with_a_fixed_sign():
    chance = np.random.default_rng(0)
    axes = np.linalg.qr(chance.normal(size=(5, 5)))[0]
    codes = (chance.normal(size=(4000, 5)) * [5, 3, 2, 1, 0.5]) @ axes + 7
    components, explained = latent_map.principal(codes.astype(np.float32))
    np.testing.assert_allclose(np.abs((components * axes).sum(1)), 1, atol=0.02)
    np.testing.assert_allclose(components @ components.T, np.eye(5), atol=1e-5)
    np.testing.assert_allclose(explained, np.array([25, 9, 4, 1, 0.25]) / 39.25, rtol=0.1)
    assert all(row[np.abs(row).argmax()] > 0 for row in components)
    flipped, _ = latent_map.principal(14 - codes.astype(np.float32))
    np.testing.assert_allclose(flipped, components, atol=1e-3)


def test_codes_that_do_not_vary_have_components_all_the_same():
    components, explained = latent_map.principal(np.ones((1, 3), np.float32))
    assert components.shape == (3, 3)
    assert np.isfinite(components).all()
    assert explained.tolist() == [0, 0, 0]


def test_directions_point_from_the_rest_to_those_that_have_it():
    spec = DataSpec(Kind.POINTS, (2,), (Attribute("a", ("x", "y", "z")), Attribute("b", ("only", "never"))))
    codes = np.array([[0, 0], [2, 0], [0, 4], [9, 9]], np.float32)
    labels = np.array([[0, 0], [1, 0], [1, 0], [3, 0]])  # the last one's a is not specified
    found = latent_map.directions(codes, labels, spec)
    assert {n: d.tolist() for n, d in found.items()} == {"a: x": [-1, -2], "a: y": [1, 2]}


def test_moving_along_a_direction_changes_the_label():
    data = toy_data(heldout=300)
    found = last(latent_map.MapLatent, known(), MapLatent(n=300), data)
    assert found.directions["side: right"][0] > 0.9
    assert found.directions["tone: light"][1] > 0.4
    assert found.directions["tone: dark"][1] < -0.4
