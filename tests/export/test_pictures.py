"""Pictures and grids: what Pillow reads back is pixel for pixel what was asked for."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from genplay import export
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import DrawSamples
from genplay.export import lettering, scatter

RECIPE = Recipe("0123456789abcdef", "vae", "faces", 7, DrawSamples(n=5, seed=3))


def cells(n: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def decoded(data: bytes) -> np.ndarray:
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[..., None] if pixels.ndim == 2 else pixels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", range(1, 9))
def test_png_grid_has_exactly_the_pixels(scale: int, channels: int) -> None:
    x = cells(5, 4, 6, channels)
    for spacing in range(5):
        options = {"format": "png", "what": "grid", "scale": scale, "spacing": spacing, "columns": 3}
        pixels = decoded(export.encode(x, RECIPE, options))
        assert pixels.shape == (2 * 4 * scale + spacing, 3 * 6 * scale + 2 * spacing, channels)
        covered = np.zeros(pixels.shape[:2], bool)
        for i in range(5):
            top, left = (i // 3) * (4 * scale + spacing), (i % 3) * (6 * scale + spacing)
            block = pixels[top : top + 4 * scale, left : left + 6 * scale]
            covered[top : top + 4 * scale, left : left + 6 * scale] = True
            for dy in range(scale):
                for dx in range(scale):
                    np.testing.assert_array_equal(block[dy::scale, dx::scale], x[i])
        assert (pixels[~covered] == 255).all()


@pytest.mark.parametrize(("format", "channels"), [("webp", 1), ("webp", 3), ("gif", 1), ("gif", 3), ("png", 3)])
def test_other_still_formats_are_exact_too(format: str, channels: int) -> None:
    x = cells(1, 5, 9, channels)
    pixels = decoded_rgb(export.encode(x, RECIPE, {"format": format, "what": "picture", "scale": 3}))
    np.testing.assert_array_equal(pixels, np.broadcast_to(x[0].repeat(3, 0).repeat(3, 1), pixels.shape))


def decoded_rgb(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_one_picture_of_many() -> None:
    x = cells(4, 5, 5, 3)
    pixels = decoded(export.encode(x, RECIPE, {"what": "picture", "index": 2}))
    np.testing.assert_array_equal(pixels, x[2])
    with pytest.raises(BadInput, match="no picture 4; the last one is 3"):
        export.encode(x, RECIPE, {"what": "picture", "index": 4})


def test_gaps_take_the_background_even_between_grey_pictures() -> None:
    pixels = decoded(export.encode(cells(2, 2, 2, 1), RECIPE, {"spacing": 1, "background": "#10ff30"}))
    assert pixels.shape == (2, 5, 3)
    assert pixels[:, 2].tolist() == [[16, 255, 48]] * 2


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 10])
def test_columns_zero_makes_about_a_square(n: int) -> None:
    height, width = decoded(export.encode(cells(n, 1, 1, 1), RECIPE, {})).shape[:2]
    assert width - 1 <= height <= width
    assert height * width >= n


def test_more_columns_than_pictures_leave_no_empty_cells() -> None:
    assert decoded(export.encode(cells(2, 3, 3, 1), RECIPE, {"columns": 50})).shape == (3, 6, 1)


def test_huge_grids_are_refused_before_they_are_made() -> None:
    x = np.broadcast_to(np.zeros(1, np.uint8), (10_000, 64, 64, 3))
    with pytest.raises(BadInput, match="more than 100 million in all"):
        export.encode(x, RECIPE, {"scale": 2})


def test_tokens_and_odd_shapes_are_refused_in_a_sentence() -> None:
    with pytest.raises(BadInput, match="vocabulary"):
        export.encode(np.zeros((3, 8), np.int64), RECIPE, {})
    with pytest.raises(BadInput, match="vocabulary"):
        export.encode(np.full((3, 8), 7), RECIPE, {"vocabulary": ("", "a")})
    for x in (np.zeros((3, 8, 8, 2), np.uint8), np.zeros((8, 8, 3), np.uint8), np.zeros((4, 3), np.float32)):
        with pytest.raises(BadInput, match="cannot be drawn"):
            export.encode(x, RECIPE, {})
    with pytest.raises(BadInput, match="nothing to save"):
        export.encode(np.zeros((0, 8, 8, 3), np.uint8), RECIPE, {})


def test_texts_are_drawn_dark_on_white_in_cells_of_one_size() -> None:
    tokens = np.array([[1, 2, 1, 0], [1, 3, 0, 2]])
    pictures = lettering.drawn(tokens, ("", "a", "b"))
    height, width = lettering.DOWN, 4 * lettering.ACROSS + 2 * lettering.EDGE
    assert pictures.shape == (2, height, width, 1)
    cells = pictures[:, :, lettering.EDGE : -lettering.EDGE, 0]
    first, second, third, fourth = np.split(cells[0], 4, axis=1)
    assert np.array_equal(first, third) and not np.array_equal(first, second) and first.min() < 100
    assert (fourth == 255).all() and (cells[1, :, 20:] == 255).all()  # nothing is drawn from the end on
    assert (np.split(cells[1], 4, axis=1)[1] == lettering.VEILED).any()
    assert decoded(export.encode(tokens, RECIPE, {"vocabulary": ("", "a", "b"), "columns": 1})).shape[0] == 2 * height


def test_scatter_shows_each_point_where_it_is() -> None:
    points = np.array([[-0.5, 0.5], [0.75, -0.25]], np.float32)
    pixels = decoded(export.encode(points, RECIPE, {"scale": 4})).astype(int)
    side, half = 512, scatter.extent(points)
    assert pixels.shape == (side, side, 3)
    away = np.abs(pixels - 255).sum(-1)
    for x, y in points:
        column, row = (x / half + 1) * side / 2, (1 - y / half) * side / 2
        rows, columns = np.mgrid[:side, :side]
        near = np.hypot(rows + 0.5 - row, columns + 0.5 - column) < 12
        weight = away * near
        assert weight.sum() > 0
        assert abs((weight * (columns + 0.5)).sum() / weight.sum() - column) < 0.5
        assert abs((weight * (rows + 0.5)).sum() / weight.sum() - row) < 0.5
        away = away * ~near
    assert away.sum() == 0


def test_scatter_survives_points_that_are_not_finite_or_far_away() -> None:
    points = np.array([[np.nan, 0], [np.inf, 1], [1e30, -1e30], [0, 0]], np.float32)
    pixels = decoded(export.encode(points, RECIPE, {"scale": 1}))
    assert (pixels[120:136, 120:136] != 255).any()
    assert decoded(export.encode(points[:1], RECIPE, {})).min() == 255


def test_dots_stand_out_from_light_and_dark_backgrounds() -> None:
    points = np.zeros((1, 2), np.float32)
    for background, level in (("#ffffff", 255), ("#0f1115", 17)):
        pixels = decoded(export.encode(points, RECIPE, {"background": background})).astype(int)
        assert abs(pixels[128, 128] - level).max() > 100


def test_bytes_are_the_same_each_time_and_differ_with_the_recipe() -> None:
    x = cells(4, 8, 8, 3)
    for options in ({"format": "png"}, {"format": "gif"}, {"format": "webp"}):
        once = export.encode(x, RECIPE, options)
        assert once == export.encode(x.copy(), RECIPE, dict(options))
        assert once != export.encode(x, Recipe("0" * 16, "vae", "", 0, DrawSamples()), options)
