"""Recipes: every question goes into text and comes back; everything else is refused in a sentence."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe, question_from_plain, question_to_plain
from genplay.contract.requests import (
    Decode,
    DecodePath,
    DownloadData,
    DrawSamples,
    Encode,
    EstimateLikelihood,
    FindNearest,
    MapLatent,
    PreviewData,
    Question,
    Trajectory,
    Traverse,
)

RNG = np.random.default_rng(0)
QUESTIONS: list[Question] = [
    DrawSamples(n=3, condition=(0, 2), config={"steps": 5, "mode": "a", "nested": {"x": [1, 2.5, None, True]}}, seed=9),
    Trajectory(seed=(1 << 63) - 1),
    FindNearest(x=RNG.integers(0, 256, (28, 28, 1), dtype=np.uint8)),
    FindNearest(x=np.array([0.1, -0.7], np.float32), k=1),
    Decode(z=RNG.normal(size=(5, 16)).astype(np.float32), condition=(1,)),
    Decode(z=np.array([[1e-45, 3.4028235e38, -0.0]], np.float32)),
    Encode(x=RNG.integers(0, 256, (200, 100, 3), dtype=np.uint8), spread=0),
    MapLatent(n=10),
    DecodePath(keyframes=np.zeros((2, 4), np.float32), frames=7, mode="lerp", closed=True),
    Traverse(z=np.zeros(4, np.float32), dims=(3, 1), values=(-3, 0, 0.5)),
    EstimateLikelihood(n=1, importance_samples=2),
    PreviewData(data="ring8", options={"k": 8}),
]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
def test_questions_come_back_bit_for_bit(question: Question) -> None:
    text = recipe(question).to_json()
    back = Recipe.from_json(text)
    assert type(back.question) is type(question)
    for name, value in vars(question).items():
        assert same(value, getattr(back.question, name)), name
    assert back.to_json() == text
    assert text.isascii()


def recipe(question: Question | None = None, **changes: Any) -> Recipe:
    facts: dict[str, Any] = {"digest": "0" * 16, "family": "vae", "run": "é 🙂", "step": 3}
    facts |= {"export": {"scale": 2}, "view": {"tab": "latent"}, "checkpoint": "a.safetensors", "made_with": "genplay"}
    return Recipe(question=question or DrawSamples(), **(facts | changes))


def test_all_fields_come_back() -> None:
    assert Recipe.from_json(recipe().to_json()) == recipe()


def test_numpy_numbers_are_stored_as_plain_ones() -> None:
    question = Traverse(z=np.zeros(2, np.float32), dims=(np.int64(1),), values=(np.float32(0.5),), seed=np.int64(3))
    back = question_from_plain(json.loads(json.dumps(question_to_plain(question))))
    assert back.seed == 3
    assert (back.dims, back.values) == ((1,), (0.5,))  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_cannot_be_stored_is_refused_when_written(value: object) -> None:
    with pytest.raises(BadInput, match="cannot be stored"):
        recipe(view={"a": value}).to_json()


def changed(path: tuple[Any, ...], value: Any, question: Question | None = None) -> str:
    """A recipe's text with the value at ``path`` replaced."""
    plain = json.loads(recipe(question).to_json())
    inner = plain
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(plain)


def refuse(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Recipe.from_json(text)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 200


@pytest.mark.parametrize("name", ["digest", "family", "run", "step", "export", "view", "checkpoint", "made_with"])
@pytest.mark.parametrize("value", [None, 1.5, True, [], -1, 1 << 60])
def test_fields_of_a_wrong_type_are_refused(name: str, value: Any) -> None:
    refuse(changed((name,), value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("genplay_recipe",), 2),
        (("genplay_recipe",), None),
        (("question",), None),
        (("question",), []),
        (("question", "type"), "Question"),
        (("question", "type"), "os.system"),
        (("question", "type"), ["DrawSamples"]),
        (("question", "type"), {}),
        (("question", "n"), "64"),
        (("question", "n"), True),
        (("question", "n"), -1),
        (("question", "n"), 10**12),
        (("question", "n"), 1.5),
        (("question", "seed"), -1),
        (("question", "seed"), 1 << 63),
        (("question", "condition"), 3),
        (("question", "condition"), ["a"]),
        (("question", "condition"), [1.5]),
        (("question", "condition"), [-1]),
        (("question", "condition"), [True]),
        (("question", "condition"), [[1]]),
        (("question", "config"), []),
        (("question", "config"), {"array": "float32", "shape": [1], "values": [1]}),
        (("question", "unknown"), 1),
        (("question", "__class__"), 1),
        (("unknown",), 1),
    ],
)
def test_questions_that_cannot_be_are_refused(path: tuple[Any, ...], value: Any) -> None:
    refuse(changed(path, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("array", "object"),
        ("array", "O"),
        ("array", "float64"),
        ("array", ["float32"]),
        ("array", {}),
        ("shape", [-1]),
        ("shape", [3, 2]),
        ("shape", [1 << 40, 1 << 40]),
        ("shape", [2, True]),
        ("shape", []),
        ("shape", None),
        ("shape", "24"),
        ("shape", [1, 1, 1, 1, 8]),
        ("values", "12345678"),
        ("values", None),
        ("values", [1, 2, 3, 4, 5, 6, 7, "8"]),
        ("values", [1, 2, 3, 4, 5, 6, 7, None]),
        ("values", [1, 2, 3, 4, 5, 6, 7, [8]]),
        ("values", [1, 2, 3, 4, 5, 6, 7, True]),
        ("values", [1, 2, 3, 4, 5, 6, 7, 1e39]),
        ("values", {}),
    ],
)
def test_damaged_arrays_are_refused(name: str, value: Any) -> None:
    refuse(changed(("question", "z", name), value, Decode(z=np.ones((2, 4), np.float32))))


@pytest.mark.parametrize("values", [[256], [-1], [1.0], [1 << 63]])
def test_bytes_out_of_range_are_refused(values: list[Any]) -> None:
    refuse(changed(("question", "x"), {"array": "uint8", "shape": [1], "values": values}, QUESTIONS[2]))


@pytest.mark.parametrize("packed", ["AAAA", "AA", "\u00e9", "A===", 5, None, ["AA=="]])
def test_damaged_packed_arrays_are_refused(packed: Any) -> None:
    refuse(changed(("question", "x"), {"array": "uint8", "shape": [2], "base64": packed}, QUESTIONS[2]))


def test_a_field_that_is_missing_is_named_as_such() -> None:
    plain = json.loads(recipe(QUESTIONS[4]).to_json())
    del plain["question"]["z"]
    refuse(json.dumps(plain))
    del plain["question"], plain["digest"]
    refuse(json.dumps(plain))


def test_a_file_can_start_no_download() -> None:
    refuse(recipe(DownloadData(data="mnist")).to_json())


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "1", '"a"', "{}", "[" * 9999, "NaN", " " * (5 << 20), '{"a":1,"a":1}']
)
def test_texts_that_are_no_recipe(text: str) -> None:
    refuse(text)


def test_states_travel_exactly_and_long_ones_are_packed():
    generator = np.random.default_rng(0)
    for n, stored in ((3, "values"), (30, "base64")):
        state = (1e3 * generator.standard_normal((n, 16, 16, 1))).astype(np.float32)
        question = Trajectory(n=n, state=state, start=0.5, seed=3)
        plain = question_to_plain(question)
        assert stored in plain["state"]
        assert plain["source"] is plain["mask"] is None
        back = question_from_plain(json.loads(json.dumps(plain)))
        assert back.state.dtype == np.float32
        assert back.state.flags.writeable
        np.testing.assert_array_equal(back.state, state)
        assert back.source is back.mask is None


def test_a_packed_state_of_the_wrong_length_or_with_odd_numbers_is_refused():
    plain = question_to_plain(Trajectory(n=30, state=np.ones((30, 16, 16, 1), np.float32)))
    for array in (np.ones(7, "<f4"), np.full(30 * 256, np.nan, "<f4")):
        plain["state"]["base64"] = base64.b64encode(array.tobytes()).decode()
        with pytest.raises(BadInput, match="array"):
            question_from_plain(plain)
    plain["state"]["base64"] = "AAA"
    with pytest.raises(BadInput, match="array"):
        question_from_plain(plain)
