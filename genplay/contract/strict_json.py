"""Parsing JSON that a stranger wrote: small, shallow, finite and without surprises, or refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_CONTAINERS = 200_000

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises ``ValueError`` with a short reason for text that is not JSON or not UTF-8, and also for what JSON readers
    usually let pass: repeated keys, NaN and infinite numbers, whole numbers beyond 64 bits, nesting deeper than
    ``MAX_DEPTH``, more than ``MAX_CONTAINERS`` lists and objects, and halves of surrogate pairs.
    """
    text = _decoded(text)
    if text.count("{") + text.count("[") > MAX_CONTAINERS:
        raise ValueError("it has too many parts")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError:
        raise ValueError("it is not valid JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_depth(value)
    if _SURROGATE.search(text):
        _decoded(json.dumps(value, ensure_ascii=False))
    return value


def _decoded(text: str | bytes) -> str:
    try:
        if isinstance(text, bytes):
            return text.decode("utf-8")
        text.encode("utf-8")
        return text
    except UnicodeError:
        raise ValueError("it is not UTF-8") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name is given twice")
    return result


def _int(text: str) -> int:
    value = int(text) if len(text) <= 20 else 1 << 64
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError("a number in it is too large")
    return value


def _float(text: str) -> float:
    value = float(text) if len(text) <= 400 else math.inf
    if not math.isfinite(value):
        raise ValueError("a number in it is too large")
    return value


def _constant(text: str) -> float:
    raise ValueError("a number in it is not finite")


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = (child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent))
        level = [child for child in inner if isinstance(child, dict | list)]
        if not level:
            return
    raise ValueError("it is nested too deeply")
