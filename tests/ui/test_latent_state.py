from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from genplay.contract.results import LatentMap
from genplay.ui.latent import geometry
from genplay.ui.latent.state import LatentState


def full_state() -> LatentState:
    start = LatentState.start(5).with_dimension(2, 1.5)
    moved = start.with_keyframe().random(7).with_keyframe().with_well(1, start.z)
    return replace(moved, axes=("z3", "pc1"), view="tiles", mode="lerp", frames=24, closed=True, condition=(1, 4))


def a_map(size: int = 4, n: int = 200) -> LatentMap:
    rng = np.random.default_rng(0)
    codes = (rng.standard_normal((n, size)) * np.arange(1, size + 1)).astype(np.float32)
    _, s, vt = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
    return LatentMap(
        codes, np.zeros((n, 0), np.int64), codes[:, :2], np.arange(size, dtype=np.float32), codes.mean(0), vt, s**2
    )


def test_state_survives_json() -> None:
    state = full_state()
    again = LatentState.from_plain(json.loads(json.dumps(state.to_plain())), 5)
    assert again.same(state)
    assert again.z.dtype == np.float32 and np.array_equal(again.z, state.z)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("z", [1, 2]),
        ("z", [0, 0, 0, 0, float("nan")]),
        ("z", [0, 0, 0, 0, 10**400]),
        ("z", "abcde"),
        ("seed", -1),
        ("seed", True),
        ("axes", ["z9", "z1"]),
        ("axes", [3, None]),
        ("view", ["plane"]),
        ("view", {"a": 1}),
        ("strip", 3),
        ("keyframes", 5),
        ("mode", "cubic"),
        ("frames", 10**9),
        ("frames", 1.5),
        ("closed", "yes"),
        ("wells", [None]),
        ("condition", ["a"]),
    ],
)
def test_damaged_field_keeps_its_default_and_the_others_their_value(name: str, value: object) -> None:
    state = full_state()
    again = LatentState.from_plain(state.to_plain() | {name: value}, 5)
    start, plain = LatentState.start(5).to_plain(), state.to_plain()
    expected = plain | {name: start[name]}
    assert again.to_plain() == (expected | {"seed": None} if name == "z" else expected)


def test_a_seed_that_did_not_draw_the_code_is_not_shown() -> None:
    state = LatentState.start(5).random(7)
    assert LatentState.from_plain(state.to_plain() | {"seed": 8}, 5).seed is None


@pytest.mark.parametrize("plain", [None, 3, [], "x", {}])
def test_state_from_anything(plain: object) -> None:
    assert LatentState.from_plain(plain, 3).same(LatentState.start(3))


def test_random_is_decided_by_its_seed_and_forgotten_once_moved() -> None:
    state = LatentState.start(8)
    assert np.array_equal(state.random(5).z, state.random(5).z)
    assert not np.array_equal(state.random(5).z, state.random(6).z)
    assert state.random(5).seed == 5
    assert state.random(5).with_dimension(0, 1.0).seed is None


def test_along_changes_only_that_direction() -> None:
    state = LatentState.start(6).random(1)
    d = np.ones(6, np.float32) / np.sqrt(6).astype(np.float32)
    moved = state.along(d, 2.5)
    assert float(moved.z @ d) == pytest.approx(2.5, abs=1e-5)
    across = moved.z - state.z - ((moved.z - state.z) @ d) * d
    assert np.abs(across).max() < 1e-6


def test_arithmetic_needs_all_three() -> None:
    state = LatentState.start(2).with_well(0, np.array([3.0, 1])).with_well(1, np.array([1.0, 1]))
    assert state.arithmetic() is None
    result = state.with_well(2, np.array([0.0, 5])).arithmetic()
    assert result is not None
    assert result.tolist() == [2, 5]


def test_keyframes_reorder_and_delete() -> None:
    state = LatentState.start(1)
    for value in (1.0, 2.0, 3.0):
        state = state.with_dimension(0, value).with_keyframe()
    assert [float(k[0]) for k in state.keyframe_moved(0, 2).keyframes] == [2, 3, 1]
    assert [float(k[0]) for k in state.without_keyframe(1).keyframes] == [1, 3]


@pytest.mark.parametrize("axes", [("z0", "z2"), ("pc0", "pc1"), ("z1", "pc0"), ("z1", "z1")])
def test_moving_in_the_plane_keeps_what_is_across(axes: tuple[str, str]) -> None:
    latent = a_map()
    plane = geometry.plane(axes, 4, latent)
    z = np.random.default_rng(3).standard_normal(4).astype(np.float32)
    to = (1.0, 1.0) if axes == ("z1", "z1") else (0.7, -1.3)
    moved = plane.moved(z, to)
    assert plane.project(moved[None])[0] == pytest.approx(to, abs=1e-4)
    normal = np.linalg.svd(np.stack([plane.u, plane.v]))[2][np.linalg.matrix_rank(np.stack([plane.u, plane.v])) :]
    assert np.abs(normal @ (moved - z)).max() < 1e-4


def test_axes_fall_back_to_what_the_run_has() -> None:
    order = np.array([2, 0, 1])
    assert geometry.resolved(("", ""), None, order) == ("z2", "z0")
    assert geometry.resolved(("pc1", "z1"), None, order) == ("z2", "z1")
    assert geometry.resolved(("", "z1"), a_map(3), order) == ("pc0", "z1")
    assert geometry.resolved(("", ""), None, np.array([0])) == ("z0", "z0")


def test_order_is_kept_while_nearly_right() -> None:
    before = np.array([1, 0, 2])
    assert geometry.order_by_kl(np.array([1.05, 1.0, 0.2]), before).tolist() == [1, 0, 2]
    assert geometry.order_by_kl(np.array([1.5, 1.0, 0.2]), before).tolist() == [0, 1, 2]
    assert geometry.order_by_kl(np.array([0.1, 0.5])).tolist() == [1, 0]


def test_a_new_map_does_not_mirror_the_plane() -> None:
    old = a_map()
    flipped = replace(old, components=-old.components)
    assert np.allclose(geometry.aligned(flipped, old).components, old.components)


def test_tiles_cover_the_widget_at_whole_factors() -> None:
    tiling = geometry.Tiling.over(470, 400, (16, 16))
    assert tiling.width == 16 * tiling.factor
    assert tiling.columns * tiling.width >= 470
    assert tiling.rows * tiling.height >= 400
    centres = tiling.centres(470, 400)
    assert centres.shape == (tiling.columns * tiling.rows, 2)
    assert centres.mean(0) == pytest.approx((235, 200))


def test_mosaic_places_pictures_row_by_row() -> None:
    x = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 1), np.uint8)
    picture = geometry.mosaic(x, 3)
    assert picture.shape == (4, 9, 1)
    assert picture[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
