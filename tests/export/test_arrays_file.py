"""npz files: the arrays as they were, the recipe as a field, the same bytes every time."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass

import numpy as np
import pytest

from genplay import export
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import DrawSamples
from genplay.contract.results import Corrupted, Duel, Encoded, Frame, Samples, Tape
from genplay.export import drawable, named_arrays

RECIPE = Recipe("0123456789abcdef", "vae", "faces", 7, DrawSamples(n=5, seed=3))


def loaded(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("images", np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)),
        ("points", np.array([[0.1, np.nan], [-np.inf, 3]], np.float32)),
        ("tokens", np.array([[1, 2], [1 << 40, -1]])),
    ],
)
def test_the_data_itself(name: str, x: np.ndarray) -> None:
    file = loaded(export.encode(x, RECIPE, {"format": "npz"}))
    assert set(file) == {name, "recipe"}
    np.testing.assert_array_equal(file[name], x)
    assert file[name].dtype == x.dtype
    back = Recipe.from_json(str(file["recipe"]))
    assert back.question == RECIPE.question
    assert back.export["format"] == "npz"


def test_named_arrays_in_any_memory_order() -> None:
    arrays = {"z": np.arange(6.0).reshape(2, 3).T, "t": np.array(0.5), "flags": np.array([True, False])}
    file = loaded(export.encode(np.zeros((1, 2), np.float32), RECIPE, {"format": "npz", "arrays": arrays}))
    assert set(file) == {*arrays, "recipe"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(file[name], array)


def test_bytes_do_not_depend_on_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros((2, 3, 3, 1), np.uint8)
    before = export.encode(x, RECIPE, {"format": "npz"})
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.struct_time((2099, 1, 1, 0, 0, 0, 0, 1, 0)))
    assert export.encode(x, RECIPE, {"format": "npz"}) == before


@pytest.mark.parametrize("name", ["recipe", "../x", "", "a.b", "a b"])
def test_names_that_cannot_be_fields(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be called"):
        export.encode(np.zeros((1, 2), np.float32), RECIPE, {"format": "npz", "arrays": {name: np.zeros(2)}})


def test_objects_are_never_stored() -> None:
    arrays = {"a": np.array([object()])}
    with pytest.raises(BadInput, match="something else than numbers"):
        export.encode(np.zeros((1, 2), np.float32), RECIPE, {"format": "npz", "arrays": arrays})


def test_answers_give_their_data_and_their_arrays() -> None:
    x, z = np.zeros((2, 4, 4, 1), np.uint8), np.ones((2, 3), np.float32)
    samples = Samples(x=x, z=z, labels=None)
    assert drawable(samples) is x
    assert list(named_arrays(samples)) == ["images", "z"]
    encoded = Encoded(x[:1], z[0], None, x[1:], np.zeros((4, 4)), x)
    assert drawable(encoded).base is x
    assert set(named_arrays(encoded)) == {"images", "mu", "reconstruction", "error", "spread"}


def test_tapes_give_all_frames_or_the_last() -> None:
    points = [np.full((3, 2), i, np.float32) for i in range(4)]
    tape = Tape(tuple(Frame(i, 4, 1 - i / 3, p) for i, p in enumerate(points)))
    assert drawable(tape, "animation").shape == (4, 3, 2)
    assert drawable(tape, "grid") is points[3]
    arrays = named_arrays(tape)
    assert arrays["frames"].shape == (4, 3, 2)
    np.testing.assert_allclose(arrays["t"], [1, 2 / 3, 1 / 3, 0])


def film(frames: int = 5, n: int = 2) -> Tape:
    """Frames whose pixels tell frame and sample, with predictions from the second frame on."""
    made = []
    for i in range(frames):
        x = np.full((n, 1, 1, 1), 10 * i, np.uint8) + np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)
        extras = {"x_0": np.full((n, 1, 1, 1), i / 4, np.float32), "eps": np.full((n, 1, 1, 1), -9, np.float32)}
        made.append(Frame(i, frames, 1 - i / (frames - 1), x, extras if i else {}, {"nfe": float(i)} if i else {}))
    return Tape(tuple(made))


def test_a_contact_sheet_has_a_row_a_sample_and_a_column_a_step() -> None:
    sheet = drawable(film(), "grid", {"steps": 3})
    assert sheet.ravel().tolist() == [0, 20, 40, 1, 21, 41]
    assert drawable(film(), "grid", {"steps": 99}).shape == (10, 1, 1, 1)
    points = Tape(tuple(Frame(i, 2, 1.0 - i, np.zeros((3, 2), np.float32)) for i in range(2)))
    with pytest.raises(BadInput, match="save points as an animation"):
        drawable(points, "grid", {"steps": 2})


def test_a_frame_and_what_it_predicts_can_be_chosen() -> None:
    tape = film()
    assert drawable(tape, "picture", {"frame": 2}).ravel().tolist() == [20, 21]
    assert drawable(tape, "grid").ravel().tolist() == [40, 41]
    assert drawable(tape, "grid", {"of": "x_0", "frame": 4}).ravel().tolist() == [255, 255]
    assert drawable(tape, "grid", {"of": "eps", "frame": 4}).ravel().tolist() == [0, 0], "beyond the scale: its end"
    with pytest.raises(BadInput, match="no 'x_0'"):
        drawable(tape, "animation", {"of": "x_0"})
    with pytest.raises(BadInput, match="no frame 5"):
        drawable(tape, "grid", {"frame": 5})


def test_the_arrays_of_a_tape_are_all_that_is_known_of_its_frames() -> None:
    arrays = named_arrays(film())
    assert list(arrays) == ["frames", "t", "eps", "x_0", "nfe"]
    assert arrays["x_0"].shape == (5, 2, 1, 1, 1)
    assert np.isnan(arrays["x_0"][0]).all()
    assert not np.isnan(arrays["x_0"][1:]).any()
    assert np.isnan(arrays["nfe"][0])
    assert arrays["nfe"][1:].tolist() == [1, 2, 3, 4]
    assert list(named_arrays(film(), ["t", "frames"])) == ["t", "frames"]
    with pytest.raises(BadInput, match="no array 'z'"):
        named_arrays(film(), ["z"])


def test_a_duel_is_drawn_below_its_reference() -> None:
    x, reference = np.ones((3, 2, 4, 4, 1), np.uint8), np.zeros((2, 4, 4, 1), np.uint8)
    few = np.zeros(3)
    drawn = drawable(Duel(x, reference, few, few, few, 100, few > 0), "grid")
    assert drawn.shape == (8, 4, 4, 1)
    assert drawn[:2].max() == 0
    assert drawn[2:].min() == 1


def test_noised_examples_move_or_lie_side_by_side() -> None:
    x, few = np.zeros((5, 2, 4, 4, 1), np.uint8), np.zeros(5)
    assert drawable(Corrupted(x, few, few, few, few), "animation") is x
    assert drawable(Corrupted(x, few, few, few, few), "grid").shape == (10, 4, 4, 1)


def test_answers_without_pictures_say_so() -> None:
    @dataclass(frozen=True)
    class Number:
        nats: float

    with pytest.raises(BadInput, match="nothing that could be drawn"):
        drawable(Number(1.0))
    with pytest.raises(BadInput, match="no arrays"):
        named_arrays(Number(1.0))
