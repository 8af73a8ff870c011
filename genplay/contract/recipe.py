"""The recipe inside each exported file: everything needed to make it again.

Recipes are read from files that strangers may have made, so every value is checked before a record is built.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from genplay.contract import strict_json
from genplay.contract.errors import BadInput
from genplay.contract.requests import Question

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
MAX_TEXT = 4 << 20
MAX_COUNT = 1_000_000  # largest count that a question in a file may ask for
MAX_LISTED = 4096  # arrays with more values are stored as base64
PACKED = {"uint8": "|u1", "float32": "<f4"}  # the types that are, and how
ARRAY_TYPES = ("float32", "uint8", "int64")
COMMANDS = ("DownloadData",)  # questions with an effect, which no file may put


@dataclass(frozen=True)
class Recipe:
    """Which weights answered which question, and how the answer was drawn.

    ``digest`` names a checkpoint file by content; ``step`` and ``run`` describe the weights for people. ``question`` is
    the record that was asked; ``export`` says how its answer became a file (kind, scale, spacing, columns ...);
    ``view`` is what the window needs to show the same again (tab and knobs).
    """

    digest: str
    family: str
    run: str
    step: int
    question: Question
    export: dict[str, Any] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)
    checkpoint: str = ""  # file name, a hint where to look for the digest
    made_with: str = ""

    def to_json(self) -> str:
        """As the text embedded in exported files: plain ASCII. Raises ``BadInput`` if it cannot be stored."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["question"] = question_to_plain(self.question)
        try:
            text = json.dumps({"genplay_recipe": FORMAT, **plain}, sort_keys=True, allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            raise BadInput(
                "The recipe holds a value that cannot be stored, such as a number that is not finite."
            ) from None
        if len(text) > MAX_TEXT:
            raise BadInput("The recipe is too large to be stored in a file.")
        return text

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The reverse of ``to_json``; raises ``BadInput``."""
        if len(text) > MAX_TEXT:
            raise BadInput("The recipe in this file is too large.")
        try:
            plain = strict_json.parse(text)
        except ValueError as error:
            raise BadInput(f"The recipe in this file is damaged: {error}.") from None
        if not isinstance(plain, dict) or plain.pop("genplay_recipe", None) != FORMAT:
            raise BadInput("The recipe in this file has an unknown format.")
        question = question_from_plain(plain.pop("question", None))
        types = {"digest": str, "family": str, "run": str, "step": int, "export": dict, "view": dict}
        types |= {"checkpoint": str, "made_with": str}
        for name, wanted in types.items():
            if type(plain.get(name, wanted())) is not wanted:
                raise BadInput(f"The field {name} of the recipe has the wrong type.")
        if not 0 <= plain.get("step", 0) < 1 << 53:
            raise BadInput("The step in the recipe is impossible.")
        try:
            return cls(question=question, **plain)
        except TypeError:
            raise BadInput("The recipe in this file has missing or unknown fields.") from None


def question_to_plain(question: Question) -> dict[str, Any]:
    """A question as plain JSON values.

    Arrays become ``{"array": dtype, "shape": [...], "values": [...]}``, or with ``base64`` in place of ``values``.
    """
    assert is_dataclass(question)
    return {"type": type(question).__name__} | {f.name: _to_plain(getattr(question, f.name)) for f in fields(question)}


def question_from_plain(plain: object) -> Question:
    """The reverse of ``question_to_plain``; raises ``BadInput``."""
    name = plain.get("type") if isinstance(plain, dict) else None
    if not isinstance(plain, dict) or not isinstance(name, str) or name not in Question.known:
        raise BadInput("The recipe asks a question that this version does not know.")
    if name in COMMANDS:
        raise BadInput("The recipe asks for something that a file may not ask for.")
    kind = Question.known[name]
    known = {f.name for f in fields(kind)}
    given = {key: _from_plain(value) for key, value in plain.items() if key != "type"}
    if set(given) - known:
        raise BadInput("The recipe's question has unknown fields.")
    try:
        question = kind(**given)
    except TypeError:
        raise BadInput("The recipe's question lacks a field.") from None
    return _checked(question)


def _checked(question: Question) -> Question:
    """The question, if every field has the type of its declaration and every number a sane size."""
    for f in fields(question):
        value, declared = getattr(question, f.name), str(f.type)
        if not _is_of_type(value, declared):
            raise BadInput(f"The field {f.name} of the recipe's question has the wrong type.")
        numbers = value if isinstance(value, tuple) else (value,)
        largest = (1 << 63) - 1 if f.name in ("seed", "seeds") else MAX_COUNT
        if declared.startswith(("int", "tuple[int")) and any(not 0 <= v <= largest for v in numbers):
            raise BadInput(f"The field {f.name} of the recipe's question has an impossible value.")
    return question


def _is_of_type(value: Any, declared: str) -> bool:
    if declared.endswith(" | None"):
        return value is None or _is_of_type(value, declared.removesuffix(" | None"))
    if declared.startswith("tuple["):
        inner = declared.removeprefix("tuple[").split(",")[0]
        return type(value) is tuple and all(_is_of_type(v, inner) for v in value)
    if declared.startswith("np."):
        import numpy as np

        return isinstance(value, np.ndarray)
    if declared.startswith("dict"):
        return type(value) is dict
    types: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
    return type(value) in types.get(declared, ())


def _to_plain(value: Any) -> Any:
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist() if value.ndim == 0 else _array_to_plain(value)
    if isinstance(value, tuple | list):
        return [_to_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _to_plain(v) for k, v in value.items()}
    return value


def is_packed(array: np.ndarray) -> bool:
    """Whether an array is stored as base64, being too long for a list of numbers."""
    return array.size > MAX_LISTED and str(array.dtype) in PACKED


def _array_to_plain(array: np.ndarray) -> dict[str, Any]:
    plain = {"array": str(array.dtype), "shape": list(array.shape)}
    if is_packed(array):
        return plain | {"base64": base64.b64encode(array.astype(PACKED[str(array.dtype)]).tobytes()).decode("ascii")}
    return plain | {"values": array.ravel().tolist()}


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict) and "array" in value:
        return _array_from_plain(value)
    if isinstance(value, list):
        return tuple(_from_plain(v) for v in value)
    return value


def _array_from_plain(plain: dict[str, Any]) -> np.ndarray:
    import numpy as np

    if plain["array"] not in ARRAY_TYPES:
        raise BadInput("The recipe holds an array of an unknown type.")
    shape = plain.get("shape")
    if not isinstance(shape, list) or not 1 <= len(shape) <= 4 or not all(type(n) is int and n > 0 for n in shape):
        raise BadInput("The recipe holds an array of an impossible shape.")
    try:
        with np.errstate(over="ignore"):
            flat = np.array(_values(plain), dtype=plain["array"])
        array = flat.reshape(shape)
    except (TypeError, ValueError, OverflowError, binascii.Error):
        raise BadInput("The recipe holds a damaged array.") from None
    if not np.isfinite(array).all():
        raise BadInput("The recipe holds an array with a number that is not finite.")
    return array


def _values(plain: dict[str, Any]) -> Any:
    """The flat values of a stored array; raises ``ValueError`` or ``TypeError``."""
    if plain["array"] in PACKED and "base64" in plain:
        import numpy as np

        return np.frombuffer(base64.b64decode(plain["base64"], validate=True), dtype=PACKED[plain["array"]])
    values = plain.get("values")
    wanted = (int, float) if plain["array"] == "float32" else (int,)
    if not isinstance(values, list) or not all(type(v) in wanted for v in values):
        raise ValueError("not a list of numbers")
    return values
