"""The recipe inside each exported file: everything needed to make it again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from genplay.contract.errors import BadInput
from genplay.contract.requests import Question

FORMAT = 1
MAX_TEXT = 4 << 20


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
        """As the text embedded in exported files."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["question"] = question_to_plain(self.question)
        return json.dumps({"genplay_recipe": FORMAT, **plain}, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The reverse of ``to_json``; raises ``BadInput``."""
        if len(text) > MAX_TEXT:
            raise BadInput("The recipe in this file is too large.")
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            raise BadInput("The recipe in this file is not valid JSON.") from None
        if not isinstance(plain, dict) or plain.pop("genplay_recipe", None) != FORMAT:
            raise BadInput("The recipe in this file has an unknown format.")
        question = question_from_plain(plain.pop("question", None))
        types = {"digest": str, "family": str, "run": str, "step": int, "export": dict, "view": dict}
        types |= {"checkpoint": str, "made_with": str}
        for name, wanted in types.items():
            if not isinstance(plain.get(name, wanted()), wanted):
                raise BadInput(f"The field {name} of the recipe has the wrong type.")
        try:
            return cls(question=question, **plain)
        except TypeError:
            raise BadInput("The recipe in this file has missing or unknown fields.") from None


def question_to_plain(question: Question) -> dict[str, Any]:
    """A question as plain JSON values; arrays become ``{"array": dtype, "shape": [...], "values": [...]}``."""
    assert is_dataclass(question)
    return {"type": type(question).__name__} | {f.name: _to_plain(getattr(question, f.name)) for f in fields(question)}


def question_from_plain(plain: object) -> Question:
    """The reverse of ``question_to_plain``; raises ``BadInput``."""
    if not isinstance(plain, dict) or plain.get("type") not in Question.known:
        raise BadInput("The recipe asks a question that this version does not know.")
    kind = Question.known[plain["type"]]
    known = {f.name for f in fields(kind)}
    given = {name: _from_plain(value) for name, value in plain.items() if name != "type"}
    if set(given) - known:
        raise BadInput("The recipe's question has unknown fields.")
    try:
        question = kind(**given)
    except TypeError:
        raise BadInput("The recipe's question lacks a field.") from None
    return _checked(question)


def _checked(question: Question) -> Question:
    """The question, if every field has the type of its declaration."""
    plain_types = {"int": int, "float": (int, float), "str": str, "bool": bool}
    for f in fields(question):
        value, declared = getattr(question, f.name), str(f.type)
        wanted: Any = plain_types.get(declared, object)
        if declared.startswith("tuple"):
            wanted = tuple
        elif declared.startswith("dict"):
            wanted = dict
        elif declared.startswith("np."):
            import numpy as np

            wanted = np.ndarray
        if not isinstance(value, wanted) or (isinstance(value, bool) and declared != "bool"):
            raise BadInput(f"The field {f.name} of the recipe's question has the wrong type.")
    return question


def _to_plain(value: Any) -> Any:
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return {"array": str(value.dtype), "shape": list(value.shape), "values": value.ravel().tolist()}
    if isinstance(value, tuple):
        return [_to_plain(v) for v in value]
    return value


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict) and "array" in value:
        import numpy as np

        if value["array"] not in ("float32", "uint8", "int64"):
            raise BadInput("The recipe holds an array of an unknown type.")
        try:
            return np.asarray(value["values"], dtype=value["array"]).reshape(value["shape"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise BadInput("The recipe holds a damaged array.") from None
    if isinstance(value, list):
        return tuple(_from_plain(v) for v in value)
    return value
