"""A recipe as a short Python script that makes the same file again."""

from __future__ import annotations

import base64
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from genplay.contract.errors import BadInput
from genplay.contract.recipe import PACKED, Recipe, is_packed, question_from_plain, question_to_plain
from genplay.contract.requests import Question
from genplay.export.options import Options, checked

if TYPE_CHECKING:
    import numpy as np

WIDTH = 100


def python_script(recipe: Recipe, filename: str) -> str:
    """A script on ``genplay.api`` that opens the checkpoint, asks the question and saves ``filename``, byte for byte.

    Every value is written as a literal, so that nothing in a recipe can become code. Raises ``BadInput`` for a recipe
    of a run in progress, whose weights no file holds, and for export options that cannot be.
    """
    if not recipe.digest:
        raise BadInput("Save the run as a checkpoint first: a script needs a file to load the weights from.")
    export = _telling(checked(recipe.export))
    question = _question(question_from_plain(question_to_plain(recipe.question)))
    load = _call("genplay.load", [recipe.checkpoint or "checkpoint.safetensors"], {"digest": recipe.digest})
    view = f",\n    view={_wrapped(recipe.view, 4)}" if recipe.view else ""
    imports = [name for name in ("base64", "numpy as np") if f"{name.split()[-1]}." in question]
    lines = [f"import {name}" for name in imports] + [""] * bool(imports)
    lines += ["import genplay.api as genplay", ""]
    lines += [f"model = {load}", f"question = {question}", "answer = genplay.ask(model, question)"]
    lines += [f"genplay.save(\n    model,\n    question,\n    answer,\n    {_plain(filename)},"]
    lines += [f"    export={_wrapped(export, 4)}{view},\n)"]
    return "\n".join(lines) + "\n"


def _call(function: str, values: list[Any], named: dict[str, Any]) -> str:
    parts = [_plain(v) for v in values] + [f"{name}={_plain(value)}" for name, value in named.items()]
    return f"{function}({', '.join(parts)})"


def _question(question: Question) -> str:
    """The call that makes the question: fields at their default are left out, except the seed."""
    shown = [f for f in fields(question) if f.name == "seed" or not _is_default(question, f)]
    shown.sort(key=lambda f: f.name == "seed")
    parts = [f"{f.name}={_literal(getattr(question, f.name))}" for f in shown]
    name = f"genplay.{type(question).__name__}"
    line = f"{name}({', '.join(parts)})"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _is_default(question: Question, f: Field[Any]) -> bool:
    value = getattr(question, f.name)
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    return not hasattr(value, "dtype") and repr(value) == repr(default)


def _literal(value: Any) -> str:
    return _array(value) if hasattr(value, "dtype") else _plain(value)


def _array(array: np.ndarray) -> str:
    """An expression that makes the array again, bit for bit; long ones are packed."""
    if is_packed(array):
        kind, shape = PACKED[str(array.dtype)], array.shape
        packed = base64.b64encode(array.astype(kind).tobytes()).decode("ascii")
        return f'np.array(np.frombuffer(base64.b64decode("{packed}"), dtype="{kind}")).reshape({shape})'
    return f"np.array({_rows(array, 8)}, dtype=np.{array.dtype})"


def _rows(array: np.ndarray, indent: int) -> str:
    """Nested lists with a row a line, every number in the fewest digits that read back as the same one."""
    if array.ndim == 1:
        return f"[{', '.join(_number(v) for v in array)}]"
    inner = f",\n{' ' * indent}".join(_rows(row, indent + 4) for row in array)
    return f"[\n{' ' * indent}{inner},\n{' ' * (indent - 4)}]" if len(array) > 1 else f"[{inner}]"


def _number(value: Any) -> str:
    short = str(value)
    exact = value.item()
    return short if type(value)(float(short) if isinstance(exact, float) else exact) == value else repr(exact)


def _wrapped(values: dict[str, Any], indent: int) -> str:
    """A dictionary literal, an entry a line if it does not fit on one."""
    line = _plain(values)
    if len(line) + indent <= WIDTH - 10:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{_plain(name)}: {_plain(value)},\n" for name, value in values.items())
    return f"{{\n{inner}{' ' * indent}}}"


def _plain(value: Any) -> str:
    """A literal of plain values, with double quotes where the text allows it."""
    if isinstance(value, str) and not {'"', "'"} & set(value):
        return f'"{repr(value)[1:-1]}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_plain(name)}: {_plain(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_plain, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _telling(options: Options) -> dict[str, Any]:
    """Export options without those at their default, but always the format, the content and the scale."""
    usual = Options().plain()
    return {n: v for n, v in options.plain().items() if v != usual[n] or n in ("format", "what", "scale")}
