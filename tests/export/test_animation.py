"""Animations: frames bit for bit where the format allows it, true durations, modest palettes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from genplay import export
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import DecodePath
from genplay.export import animation

RECIPE = Recipe("0123456789abcdef", "vae", "faces", 7, DecodePath(keyframes=np.zeros((2, 3), np.float32)))


def played(data: bytes) -> tuple[list[np.ndarray], list[float]]:
    """Frames as RGB, and the milliseconds that each is shown."""
    file = Image.open(io.BytesIO(data))
    frames, times = [], []
    for i in range(getattr(file, "n_frames", 1)):
        file.seek(i)
        frames.append(np.asarray(file.convert("RGB")))
        times.append(file.info.get("duration", 0))
    return frames, times


def unrolled(data: bytes, step: float) -> list[np.ndarray]:
    """Frames as often as they are shown, since writers join equal neighbours into one longer frame."""
    frames, times = played(data)
    return [frame for frame, time in zip(frames, times) for _ in range(round(time / step))]


def few_colours(n: int, height: int, width: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    palette = rng.integers(0, 256, (200, channels), dtype=np.uint8)
    return palette[rng.integers(0, 200, (n, height, width))]


def many_colours(n: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("scale", [1, 2, 5])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["gif", "apng", "webp"])
def test_frames_come_back_exactly(format: str, channels: int, scale: int) -> None:
    x = few_colours(6, 7, 11, channels)
    x[3] = x[2]  # a pause
    data = export.encode(x, RECIPE, {"format": format, "what": "animation", "scale": scale, "fps": 10})
    frames = unrolled(data, 100)
    assert len(frames) == 6
    for frame, picture in zip(frames, x):
        wanted = np.broadcast_to(picture.repeat(scale, 0).repeat(scale, 1), frame.shape)
        np.testing.assert_array_equal(frame, wanted)


@pytest.mark.parametrize("format", ["apng", "webp"])
def test_lossless_formats_keep_any_number_of_colours(format: str) -> None:
    x = many_colours(4, 24, 30)
    frames = unrolled(export.encode(x, RECIPE, {"format": format, "what": "animation", "fps": 20}), 50)
    np.testing.assert_array_equal(np.stack(frames), x)


def test_gif_is_exact_while_each_frame_has_room() -> None:
    x = many_colours(5, 15, 17)
    assert len(np.unique(x.reshape(-1, 3), axis=0)) > 256
    frames = unrolled(export.encode(x, RECIPE, {"format": "gif", "what": "animation", "fps": 20}), 50)
    np.testing.assert_array_equal(np.stack(frames), x)


def test_gif_beyond_its_colours_stays_close() -> None:
    ramp = np.linspace(0, 255, 48)
    picture = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], (ramp[:, None] + ramp) / 2), -1)
    x = np.stack([picture, picture[::-1]]).astype(np.uint8)
    frames = unrolled(export.encode(x, RECIPE, {"format": "gif", "what": "animation", "fps": 10}), 100)
    error = np.stack(frames).astype(float) - x
    assert np.sqrt((error**2).mean()) < 8
    assert np.abs(error).max() < 40


def test_grids_move_together() -> None:
    x = few_colours(12, 4, 5, 3).reshape(3, 4, 4, 5, 3)
    options = {"format": "webp", "what": "animation", "columns": 2, "spacing": 3, "fps": 10, "background": "#123456"}
    frames = unrolled(export.encode(x, RECIPE, options), 100)
    assert frames[0].shape == (4 * 2 + 3, 5 * 2 + 3, 3)
    for frame, grid in zip(frames, x, strict=True):
        np.testing.assert_array_equal(frame[7:, 8:], grid[3])
        assert (frame[4:7] == [0x12, 0x34, 0x56]).all()


@pytest.mark.parametrize("fps", [1, 7, 12.5, 24, 30, 60])
def test_durations_add_up(fps: float) -> None:
    times = animation.durations(60, fps)
    assert abs(sum(times) - 60_000 / fps) <= 0.5
    assert max(times) - min(times) <= 1
    assert all(time % 10 == 0 and time >= 20 for time in animation.durations(60, fps, 10, 2))


@pytest.mark.parametrize(("format", "slack"), [("gif", 5.01), ("apng", 0.51), ("webp", 0.51)])
def test_files_play_for_the_time_that_was_asked(format: str, slack: float) -> None:
    data = export.encode(many_colours(30, 6, 6), RECIPE, {"format": format, "what": "animation", "fps": 30})
    file = Image.open(io.BytesIO(data))
    assert file.n_frames == 30
    assert file.info["loop"] == 0
    assert abs(sum(played(data)[1]) - 1000) <= slack


def test_a_still_animation_is_a_file_all_the_same() -> None:
    for format in ("gif", "apng", "webp"):
        for n in (1, 3):
            x = np.repeat(few_colours(1, 4, 4, 3), n, axis=0)
            frames, _ = played(export.encode(x, RECIPE, {"format": format, "what": "animation"}))
            np.testing.assert_array_equal(frames[0], x[0])


@pytest.mark.parametrize("format", ["gif", "apng", "webp"])
def test_points_move_within_one_frame_of_reference(format: str) -> None:
    points = np.zeros((3, 2, 2), np.float32)
    points[:, 0, 0], points[:, 1] = [-4, 0, 4], [3.9, -3.9]
    data = export.encode(points, RECIPE, {"format": format, "what": "animation", "fps": 10, "scale": 2})
    frames = unrolled(data, 100)
    assert len(frames) == 3
    resting = [frame[-60:, -60:] for frame in frames]
    assert (resting[0] != 255).any()
    np.testing.assert_array_equal(resting[0], resting[2])
    columns = [np.flatnonzero((frame[100:156] != 255).any((0, 2))).mean() for frame in frames]
    assert columns[0] < columns[1] < columns[2]


def test_a_path_of_single_points_is_drawn_point_by_point() -> None:
    x = np.array([[-1, 0], [1, 0]], np.float32)
    assert len(unrolled(export.encode(x, RECIPE, {"format": "gif", "what": "animation", "fps": 10}), 100)) == 2


def test_bytes_are_the_same_each_time() -> None:
    x = many_colours(5, 20, 20)
    for format in ("gif", "apng", "webp"):
        options = {"format": format, "what": "animation", "fps": 12}
        assert export.encode(x, RECIPE, options) == export.encode(x.copy(), RECIPE, options)


def test_what_is_too_large_is_refused_in_a_sentence() -> None:
    x = np.broadcast_to(np.zeros(1, np.uint8), (300, 1000, 1000, 3))
    with pytest.raises(BadInput, match="300 frames of 1000 x 1000 pixels, more than 256 million"):
        export.encode(x, RECIPE, {"format": "gif", "what": "animation"})
    wide = np.broadcast_to(np.zeros(1, np.uint8), (1, 2, 17_000, 1))
    with pytest.raises(BadInput, match="wider or higher than 16383"):
        export.encode(wide, RECIPE, {"format": "webp", "what": "animation"})
