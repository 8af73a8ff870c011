"""JSON that strangers wrote: the plain passes unchanged, the odd is refused."""

from __future__ import annotations

import json
import time

import pytest

from genplay.contract import strict_json


@pytest.mark.parametrize("value", [{}, [], None, True, -1, 0.1, 1e-320, "é🙂\n", {"a": [1, {"b": "c"}]}, (1 << 64) - 1])
def test_plain_values_pass(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert strict_json.parse(text) == value
        assert strict_json.parse(text.encode()) == value


def test_limits_are_just_where_they_are_said_to_be() -> None:
    depth = strict_json.MAX_DEPTH
    assert strict_json.parse("[" * depth + "]" * depth)
    with pytest.raises(ValueError, match="nested"):
        strict_json.parse("[" * (depth + 1) + "]" * (depth + 1))
    most = strict_json.MAX_CONTAINERS - 1
    assert len(strict_json.parse("[" + ",".join(["[]"] * most) + "]")) == most
    with pytest.raises(ValueError, match="too many parts"):
        strict_json.parse("[" + ",".join(["[]"] * (most + 1)) + "]")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        '{"a":1}{"b":2}',
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        "-1e999",
        "0." + "1" * 500,
        str(1 << 64),
        str(-(1 << 63) - 1),
        "9" * 100_000,
        '"\\ud800"',
        '{"\\udfff":1}',
        "\ud800",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"\xfe\xff\x00{\x00}",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=lambda text: repr(text)[:20],
)
def test_surprises_are_refused_at_once(text: str | bytes) -> None:
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"^(it|a) ") as caught:
        strict_json.parse(text)
    assert time.process_time() - begin < 2
    assert len(str(caught.value)) < 60
    assert "\n" not in str(caught.value)
