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
from genplay.contract.results import Encoded, Frame, Samples, Tape
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


def test_answers_without_pictures_say_so() -> None:
    @dataclass(frozen=True)
    class Number:
        nats: float

    with pytest.raises(BadInput, match="nothing that could be drawn"):
        drawable(Number(1.0))
    with pytest.raises(BadInput, match="no arrays"):
        named_arrays(Number(1.0))
