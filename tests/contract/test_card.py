"""Cards and checkpoint headers: what was written comes back, what is damaged is refused in a sentence."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from genplay.contract import card as cards
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.contract.spec import Attribute, DataSpec, Kind


def preview(side: int = 48) -> str:
    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


CARD = Card(
    family="vae",
    name="faces 🙂",
    spec=DataSpec(Kind.IMAGE, (3, 16, 16), (Attribute("glasses", ("none", "clear", "dark")),)),
    config={"beta": 0.5, "network": "conv", "latent": 16, "learned": True},
    training={"batch_size": 64},
    data="faces16",
    seed=5,
    step=1200,
    seconds=60.25,
    curves={"loss": [[1, 2.5], [2, 1.5]]},
    vectors={"kl by dimension": [0.5, 0.25]},
    preview=preview(),
)
TENSORS = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
    "c": {"dtype": "I64", "shape": [], "data_offsets": [32, 40]},
    "empty": {"dtype": "U8", "shape": [0, 7], "data_offsets": [40, 40]},
}
SIZE = 40


def checkpoint(header: Any, size: int = SIZE) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


def header(**changes: Any) -> dict[str, Any]:
    return {"__metadata__": {"genplay": CARD.to_json()}} | TENSORS | changes


def refuse(data: bytes, tmp_path: Path) -> str:
    """Why a file is refused; reading its card and splitting it must agree that it is bad."""
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        cards.card_of(cards.split(data)[0])
    with pytest.raises(BadInput) as caught:
        cards.read(path)
    message = str(caught.value)
    assert message.startswith("bad.safetensors cannot be opened: ")
    assert message.endswith(".")
    assert not message.endswith("..")
    assert "\n" not in message
    assert len(message) < 200
    return message


def test_card_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "good.safetensors"
    path.write_bytes(checkpoint(header()))
    assert cards.read(path) == CARD
    found, data = cards.split(path.read_bytes())
    assert cards.card_of(found) == CARD
    assert len(data) == SIZE
    assert Card.from_json(CARD.to_json()) == CARD


def test_real_checkpoints_pass(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    tensors = {"w": torch.ones(3, 5), "n": torch.tensor(7), "h": torch.zeros(2, dtype=torch.bfloat16)}
    tensors |= {"e": torch.zeros(0, 4), "flag": torch.tensor([True])}
    save_file(tensors, tmp_path / "a.safetensors", {"genplay": CARD.to_json()})
    assert cards.read(tmp_path / "a.safetensors") == CARD


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "a",
        {},
        {"dtype": "F32", "shape": [2, 3]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], "more": 1},
        {"dtype": "F99", "shape": [2, 3], "data_offsets": [0, 24]},
        {"dtype": "f32", "shape": [2, 3], "data_offsets": [0, 24]},
        {"dtype": ["F32"], "shape": [2, 3], "data_offsets": [0, 24]},
        {"dtype": None, "shape": [2, 3], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [-2, -3], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2.0, 3], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [True, 6], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": "23", "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2, 3] + [1] * 7, "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [1 << 39] * 8, "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [(1 << 62) + 6], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [-24, 0]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [24, 0]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24, 24]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [0.0, 24.0]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [40, 64]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [1 << 60, (1 << 60) + 24]},
    ],
)
def test_tensor_entries_that_cannot_be(entry: Any, tmp_path: Path) -> None:
    refuse(checkpoint(header(a=entry)), tmp_path)


def test_tensors_must_fill_the_file(tmp_path: Path) -> None:
    for size in (SIZE - 1, SIZE + 1, 0):
        assert "do not fill the file" in refuse(checkpoint(header(), size), tmp_path)
    without = header()
    del without["b"]
    assert "overlap or leave gaps" in refuse(checkpoint(without), tmp_path)
    assert "overlap" in refuse(checkpoint(header(d=TENSORS["b"])), tmp_path)


@pytest.mark.parametrize(
    "metadata", [None, [], "x", {}, {"genplay": 5}, {"genplay": {}}, {"other": "x"}, {"genplay": ""}]
)
def test_headers_without_a_card(metadata: Any, tmp_path: Path) -> None:
    refuse(checkpoint(header(__metadata__=metadata)), tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        bytes(8),
        bytes(100),
        b"\xff" * 100,
        struct.pack("<Q", 1 << 62) + b"{}",
        struct.pack("<Q", 90) + b"{}" + bytes(50),
        checkpoint(b"[]"),
        checkpoint(b"{}"),
        checkpoint(b"null"),
        checkpoint(b"\xff\xfe{}"),
        checkpoint(b"[" * 100_000),
        checkpoint(b'{"a":' * 100_000),
        checkpoint(b'{"__metadata__":{},"__metadata__":{}}'),
        checkpoint(b'{"a":NaN}'),
        checkpoint(b'{"a":' + b"9" * 100_000 + b"}"),
        checkpoint(b"PK\3\4" + bytes(100)),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_headers_that_are_none(data: bytes, tmp_path: Path) -> None:
    refuse(data, tmp_path)


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def refused(path: Path) -> None:
    with pytest.raises(BadInput):
        cards.read(path)


@pytest.mark.parametrize("count", [10_001, 250_000])
def test_headers_of_very_many_tensors_cost_little(count: int, tmp_path: Path) -> None:
    entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    text = "{" + ",".join(f'"{i}":{entry}' for i in range(count)) + "}"
    path = tmp_path / "many.safetensors"
    path.write_bytes(checkpoint(text.encode(), 0))
    # The best of three: a collection of garbage, or a neighbour's burst, falls into one of them only.
    refusing = min(seconds_of(lambda: refused(path)) for _ in range(3))
    parsing = min(seconds_of(lambda: json.loads(text)) for _ in range(3))
    assert refusing < 0.1 + 10 * parsing
    tracemalloc.start()
    refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_things_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    names = ["pipe", ".", "missing", "nul\0", "long" * 100]
    for name in names:
        with pytest.raises(BadInput) as caught:
            cards.read(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


def test_file_names_cannot_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\x1b[31m"
    path.write_bytes(b"nonsense")
    with pytest.raises(BadInput) as caught:
        cards.read(path)
    assert str(caught.value).isprintable()


def plain() -> dict[str, Any]:
    return json.loads(CARD.to_json())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("format", True),
        ("format", 1.0),
        ("family", None),
        ("family", 5),
        ("name", []),
        ("config", []),
        ("training", None),
        ("data_options", "x"),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", 1 << 63),
        ("seed", True),
        ("step", -1),
        ("step", 1 << 53),
        ("step", "1"),
        ("seconds", -1),
        ("seconds", 1e300),
        ("seconds", "x"),
        ("curves", []),
        ("curves", {"a": {}}),
        ("curves", {"a": [[1]]}),
        ("curves", {"a": [[1, 2, 3]]}),
        ("curves", {"a": [[1, "2"]]}),
        ("curves", {"a": [[1, None]]}),
        ("curves", {"a": [[1, True]]}),
        ("curves", {"a": ["12"]}),
        ("vectors", {"a": 1}),
        ("vectors", {"a": [[1]]}),
        ("vectors", {"a": ["x"]}),
        ("preview", "not base64!"),
        ("preview", "é"),
        ("preview", base64.b64encode(b"GIF89a" + bytes(30)).decode()),
        ("preview", preview(5000)),
        ("unknown", 1),
        ("__class__", 1),
        ("spec", None),
        ("spec", {}),
        ("spec", {"kind": "image", "shape": [3, 16], "attributes": []}),
        ("spec", {"kind": "image", "shape": [2, 16, 16], "attributes": []}),
        ("spec", {"kind": "image", "shape": [3, 4096, 4096], "attributes": []}),
        ("spec", {"kind": "image", "shape": [3, 0, 4], "attributes": []}),
        ("spec", {"kind": "image", "shape": [3, -4, 4], "attributes": []}),
        ("spec", {"kind": "image", "shape": [3, True, 4], "attributes": []}),
        ("spec", {"kind": "image", "shape": "abc", "attributes": []}),
        ("spec", {"kind": "film", "shape": [2], "attributes": []}),
        ("spec", {"kind": ["image"], "shape": [2], "attributes": []}),
        ("spec", {"kind": "points", "shape": [2], "attributes": [["a", []]]}),
        ("spec", {"kind": "points", "shape": [2], "attributes": [["a"]]}),
        ("spec", {"kind": "points", "shape": [2], "attributes": [["a", ["b"]]] * 65}),
        ("spec", {"kind": "points", "shape": [2], "attributes": 3}),
    ],
)
def test_fields_that_cannot_be(name: str, value: Any, tmp_path: Path) -> None:
    text = json.dumps(plain() | {name: value})
    with pytest.raises(BadInput):
        Card.from_json(text)
    refuse(checkpoint(header(__metadata__={"genplay": text})), tmp_path)


def test_missing_fields_and_double_ones() -> None:
    for name in ("family", "spec", "config", "data", "format"):
        without = plain()
        del without[name]
        with pytest.raises(BadInput):
            Card.from_json(json.dumps(without))
    twice = CARD.to_json()[:-1] + ',"step":5}'
    with pytest.raises(BadInput, match="given twice"):
        Card.from_json(twice)


def test_an_empty_preview_and_no_labels_are_fine() -> None:
    bare = replace(CARD, preview="", spec=DataSpec(Kind.POINTS, (2,)), curves={}, vectors={})
    assert Card.from_json(bare.to_json()) == bare
