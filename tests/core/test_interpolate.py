"""Laws of paths through latent space."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from genplay.contract.errors import BadInput
from genplay.core import interpolate
from genplay.core.interpolate import along, lerp, slerp

CHANCE = np.random.default_rng(0)
PAIRS = [tuple(CHANCE.normal(size=(2, d))) for d in (1, 2, 3, 16, 64)]
STEPS = np.linspace(0, 1, 23)


def test_the_examples_hold():
    assert doctest.testmod(interpolate).failed == 0
    assert doctest.testmod(interpolate).attempted > 3


@pytest.mark.parametrize("blend", [lerp, slerp])
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_ends_are_exact(blend, a, b):
    assert np.array_equal(blend(a, b, 0.0), a)
    assert np.array_equal(blend(a, b, 1.0), b)


@pytest.mark.parametrize(("a", "b"), PAIRS[1:])
def test_an_arc_between_equal_lengths_keeps_the_length(a, b):
    b = b / np.linalg.norm(b) * np.linalg.norm(a)
    np.testing.assert_allclose([np.linalg.norm(slerp(a, b, s)) for s in STEPS], np.linalg.norm(a), rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), PAIRS[1:])
def test_an_arc_turns_evenly_and_its_length_grows_evenly(a, b):
    path = np.stack([slerp(a, b, s) for s in STEPS])
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(np.diff(lengths), (lengths[-1] - lengths[0]) / 22, atol=1e-12)
    units = path / lengths[:, None]
    np.testing.assert_allclose((units[1:] * units[:-1]).sum(1), (units[0] * units[1]).sum(), atol=1e-12)


@pytest.mark.parametrize(("a", "b"), PAIRS[1:])
def test_an_arc_there_and_back_is_the_same(a, b):
    for s in STEPS:
        np.testing.assert_allclose(slerp(a, b, s), slerp(b, a, 1 - s), atol=1e-12)


def test_opposite_codes_are_joined_by_half_a_circle():
    for a in (np.array([1.0, 0.0]), np.array([0.3, -0.4, 1.2]), CHANCE.normal(size=24)):
        path = np.stack([slerp(a, -a, s) for s in STEPS])
        np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(a), rtol=1e-9)
        assert np.array_equal(path[-1], -a)
        np.testing.assert_allclose(np.linalg.norm(np.diff(path, axis=0), axis=1), np.linalg.norm(path[1] - path[0]))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.0, 0.0], [1.0, 2.0]),
        ([1.0, 2.0], [0.0, 0.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, 2.0], [3.0, 6.0]),
        ([1.0], [-2.0]),
    ],
)
def test_where_there_is_no_arc_there_is_a_line(a, b):
    for s in STEPS:
        found = slerp(np.array(a), np.array(b), s)
        np.testing.assert_allclose(found, lerp(np.array(a), np.array(b), s), atol=1e-9)


def test_nearly_opposite_and_nearly_parallel_codes_stay_finite():
    a = CHANCE.normal(size=8)
    for b in (a * (1 + 1e-12), -a * (1 + 1e-12), a + 1e-9, -a + 1e-9):
        assert np.isfinite([slerp(a, b, s) for s in STEPS]).all()


@pytest.mark.parametrize("mode", ["lerp", "slerp"])
def test_an_open_path_passes_through_its_keyframes(mode):
    keys = CHANCE.normal(size=(4, 6)).astype(np.float32)
    path = along(keys, 31, mode)
    assert path.shape == (31, 6)
    assert path.dtype == np.float32
    np.testing.assert_array_equal(path[::10], keys)


@pytest.mark.parametrize("mode", ["lerp", "slerp"])
def test_a_closed_path_loops_without_a_pause(mode):
    keys = CHANCE.normal(size=(4, 6)).astype(np.float32)
    path = along(keys, 40, mode, closed=True)
    np.testing.assert_array_equal(path[::10], keys)
    twice = along(np.concatenate([keys, keys[:1]]), 41, mode)
    np.testing.assert_allclose(path, twice[:-1], atol=1e-6)


@pytest.mark.parametrize("closed", [False, True])
def test_one_keyframe_stands_still(closed):
    key = CHANCE.normal(size=(1, 5)).astype(np.float32)
    assert (along(key, 9, "slerp", closed) == key).all()


def test_an_unknown_mode_is_refused():
    with pytest.raises(BadInput, match="lerp or slerp"):
        along(np.zeros((2, 2)), 5, "cubic")
