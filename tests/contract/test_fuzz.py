"""Fuzzed files: whatever a file holds, reading gives a record or ``BadInput`` with one line, quickly, and runs nothing.

Valid files are damaged in every way that a disk, a program or an attacker might: flipped bytes, cuts, parts of one in
another, hostile values at any place of their JSON.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genplay import export
from genplay.contract import card as cards
from genplay.contract import strict_json
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import Decode, DecodePath, DrawSamples, Encode
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.ui import settings

LIMIT_SECONDS = 0.5  # of processor time, a file
LIMIT_GROWTH = 300 << 20  # bytes by which the process may grow over a whole test
WATCHED = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "exec",
    "compile",
)
WATCHED += ("socket.connect", "ctypes.dlopen")


class Bait:
    """Unpickling it makes a folder, which nothing here may do."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (self.path,))


# ---- what runs ------------------------------------------------------------------------------------------------

_seen: list[str] = []
_watching = False


def _listen(event: str, facts: tuple[Any, ...]) -> None:
    if _watching and event in WATCHED:
        _seen.append(event)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Names of audited events (imports, executions, processes, sockets) that happen inside."""
    global _watching
    if not hasattr(sys, "_genplay_fuzz_listens"):
        sys.addaudithook(_listen)
        sys._genplay_fuzz_listens = True  # type: ignore[attr-defined]
    _seen.clear()
    _watching = True
    try:
        yield _seen
    finally:
        _watching = False


# ---- valid files ----------------------------------------------------------------------------------------------

X = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 3), dtype=np.uint8)
Z = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
QUESTIONS = [
    DrawSamples(n=4, condition=(1, 0), config={"steps": 3}, seed=8),
    Decode(z=Z),
    DecodePath(keyframes=Z, mode="lerp"),
    Encode(x=np.random.default_rng(2).integers(0, 256, (70, 70, 1), dtype=np.uint8)),
]
WAYS = [
    ("png", "grid"),
    ("gif", "animation"),
    ("apng", "animation"),
    ("webp", "animation"),
    ("webp", "grid"),
    ("npz", "arrays"),
]


def recipe(question: Any) -> Recipe:
    view = {"tab": "latent", "plane": [0, 1], "cursor": [0.5, -1.25]}
    return Recipe("0123456789abcdef", "vae", "faces", 12, question, {}, view, "vae.safetensors", "genplay 0.1")


def card() -> Card:
    return Card(
        family="vae",
        name="faces",
        spec=DataSpec(Kind.IMAGE, (1, 4, 4), (Attribute("glasses", ("none", "dark")),)),
        config={"beta": 0.5, "latent": 2},
        training={"batch_size": 8},
        data="faces16",
        curves={"loss": [[1, 2.5], [2, 1.5]]},
        vectors={"kl by dimension": [0.5, 0.25]},
    )


def checkpoint(metadata: Any, tensors: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps({"__metadata__": metadata, **tensors}).encode()
    return struct.pack("<Q", len(text)) + text + data


SETTINGS = {
    "theme": "dark",
    "threads": 2,
    "recent": ["a.safetensors", "b.png"],
    "window": [0, 0, 1440, 900],
    "maximised": False,
    "panels": {"latent": {"plane": [0, 1]}},
    "curves": {"smoothing": 0.6},
}


def checkpoints() -> list[bytes]:
    """A small real one."""
    from genplay import families
    from genplay.contract import knob
    from genplay.core import checkpoint as stored
    from genplay.core.training import new_model

    family = families.named("vae")
    spec = DataSpec(Kind.POINTS, (2,))
    config = family.Config()
    made = stored.to_bytes(
        new_model(family, config, spec),
        replace(card(), spec=spec, config=knob.values(config), training={}, data="ring"),
    )
    return [made]


def exports() -> list[bytes]:
    ways = [{"format": format, "what": what} for format, what in WAYS]
    return [export.encode(X, recipe(question), way) for question in QUESTIONS for way in ways]


# ---- damage ---------------------------------------------------------------------------------------------------

HOSTILE = [None, True, -1, 0, 1 << 31, 1 << 63, 1 << 64, 10**400, 1e308, -0.0, "", "a" * 5000, "é\n\x00", [], {}]
HOSTILE += [
    [[[[]]]],
    {"array": "float32"},
    {"array": "object", "shape": [1], "values": [1]},
    "__import__('os')",
    [1e308] * 9,
]
RAW = [b"NaN", b"1e999", b"-Infinity", b'"\\ud800"', b"[" * 2000, b'{"a":' * 2000, b"9" * 5000, b"\xff\xfe", b"\0"]


def flipped(data: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(data)
    reach = len(damaged) if rng.random() < 0.5 else min(len(damaged), 400)
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        damaged[rng.randrange(reach)] = rng.choice((0, 255, 127, 128, rng.randrange(256)))
    return bytes(damaged)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def spliced(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    at, since = rng.randrange(len(data)), rng.randrange(len(other))
    return data[:at] + other[since : since + rng.choice((4, 60, len(other)))] + data[at + rng.choice((0, 4, 60)) :]


def repeated(data: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(data)), rng.randrange(1, 200)
    return data[:at] + data[at : at + length] * rng.choice((2, 50)) + data[at + length :]


def swapped_value(value: Any, rng: random.Random) -> Any:
    """Plain JSON with one value, at any depth, replaced by a hostile one, renamed, dropped or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(list(value))
        action = rng.random()
        if action < 0.1:
            return {n: v for n, v in value.items() if n != name}
        if action < 0.2:
            return {rng.choice(("__class__", "", "type", "x" * 300)) if n == name else n: v for n, v in value.items()}
        return value | {name: swapped_value(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        i = rng.randrange(len(value))
        return value[:i] + [swapped_value(value[i], rng)] * rng.choice((0, 1, 1, 1, 2)) + value[i + 1 :]
    return rng.choice(HOSTILE)


def raw_text(text: bytes, rng: random.Random) -> bytes:
    """JSON text with a piece of it replaced by something that no serialiser writes."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(RAW) + text[at + rng.choice((0, 1, 5)) :]


def damaged_json(value: Any, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2))):
        value = swapped_value(value, rng)
    text = json.dumps(value).encode()
    return raw_text(text, rng) if rng.random() < 0.25 else text


def damaged_checkpoint(valid: list[bytes], rng: random.Random) -> bytes:
    """A header whose lengths are right and whose content is not, so that the damage gets past the first checks."""
    header, data = cards.split(rng.choice(valid))
    if rng.random() < 0.7:
        text = damaged_json(json.loads(header["__metadata__"]["genplay"]), rng).decode("latin-1")
        return checkpoint({"genplay": text}, {n: v for n, v in header.items() if n != "__metadata__"}, bytes(data))
    text = damaged_json(header, rng)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def damaged_export(valid: list[bytes], rng: random.Random) -> bytes:
    """A container that is sound around a recipe that is not."""
    text = damaged_json(json.loads(recipe(rng.choice(QUESTIONS)).to_json()), rng)
    form = rng.randrange(4)
    if form == 0:
        body = b"genplay\0\0\0\0\0" + text
        chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
        return b"\x89PNG\r\n\x1a\n" + chunk
    if form == 1:
        blocks = b"".join(bytes([len(text[i : i + 255])]) + text[i : i + 255] for i in range(0, len(text), 255))
        return b"GIF89a" + bytes(7) + b"!\xfe" + blocks + b"\0;"
    if form == 2:
        exif = struct.pack("<4sIHHHIII", b"II*\0", 8, 1, 0x010E, 2, len(text) + 1, 26, 0) + text + b"\0"
        return b"RIFF" + bytes(4) + b"WEBPEXIF" + struct.pack("<I", len(exif)) + exif
    from genplay.export import arrays

    return arrays.encode({}, text.decode("latin-1").replace("\0", " "))


def damaged(kind: str, valid: list[bytes], rng: random.Random, others: list[bytes]) -> bytes:
    crafted = {"checkpoint": damaged_checkpoint, "export": damaged_export, "settings": damaged_settings}[kind]
    if rng.random() < 0.5:
        return crafted(valid, rng)
    data = rng.choice(valid)
    ways: list[Callable[[], bytes]] = [
        lambda: flipped(data, rng),
        lambda: cut(data, rng),
        lambda: spliced(data, rng, others),
        lambda: repeated(data, rng),
    ]
    return rng.choice(ways)()


def damaged_settings(valid: list[bytes], rng: random.Random) -> bytes:
    return damaged_json(SETTINGS, rng)


# ---- reading --------------------------------------------------------------------------------------------------


def read_checkpoint(path: Path) -> None:
    """Through each door that a checkpoint may come in by, with the weights last."""
    opened = cards.read(path)
    assert Card.from_json(opened.to_json()) == opened
    cards.split(path.read_bytes())
    load_weights(path)


def load_weights(path: Path) -> None:
    from genplay import families
    from genplay.core import checkpoint as stored

    stored.load(path, families.all())


def read_export(path: Path) -> None:
    found = export.read_recipe(path)
    assert Recipe.from_json(found.to_json()).to_json() == found.to_json()
    script = export.python_script(found, "again.png")
    assert "genplay.save(" in script


def read_settings(path: Path) -> None:
    found = settings.load(path)
    for name in settings.KNOWN:
        assert settings.KNOWN[name][1](found[name])
    if found.problem:
        raise BadInput(found.problem)
    try:
        strict_json.parse(path.read_bytes())
    except ValueError as error:
        raise BadInput(str(error)) from None


READERS = {"checkpoint": read_checkpoint, "export": read_export, "settings": read_settings}


def tried(kind: str, data: bytes, path: Path) -> str:
    """Read a file; returns the message with which it was refused, or ""."""
    path.write_bytes(data)
    begin = time.process_time()
    message = ""
    try:
        READERS[kind](path)
    except BadInput as error:
        message = str(error)
        assert message
    assert time.process_time() - begin < LIMIT_SECONDS, data[:200]
    assert "\n" not in message
    assert message.isprintable(), message
    assert len(message) < 300, message
    return message


def fuzz(count: int, seed: int, folder: Path) -> dict[str, list[str]]:
    """Read ``count`` damaged files, a third of each kind; returns the messages by kind."""
    rng = random.Random(seed)
    valid = {"checkpoint": checkpoints(), "export": exports(), "settings": [json.dumps(SETTINGS).encode()]}
    bait = pickle.dumps(Bait(folder / "hooked"))
    others = [*valid["checkpoint"], *valid["export"], bait, b"PK\3\4" + bait, b"\x93NUMPY\1\0" + bait]
    warm(valid, folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    messages: dict[str, list[str]] = {kind: [] for kind in READERS}
    with watched() as seen:
        for i in range(count):
            kind = list(READERS)[i % 3]
            path = folder / f"file-{i}"
            messages[kind].append(tried(kind, damaged(kind, valid[kind], rng, others), path))
            for left in folder.glob(f"{path.name}*"):
                left.unlink()
    assert not seen, seen
    assert not list(folder.iterdir())
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < LIMIT_GROWTH
    return messages


def warm(valid: dict[str, list[bytes]], folder: Path) -> None:
    """Read each valid file once, so that what is imported on first use is imported; none is refused by its reader."""
    for kind, files in valid.items():
        for data in files:
            message = tried_valid(kind, data, folder / "warm")
            assert not message, message
    (folder / "warm").unlink()


def tried_valid(kind: str, data: bytes, path: Path) -> str:
    path.write_bytes(data)
    try:
        READERS[kind](path)
    except BadInput as error:
        return str(error)
    return ""


def check(messages: dict[str, list[str]]) -> None:
    """The damage must be real, and must reach many different checks."""
    for kind, given in messages.items():
        refused = [message for message in given if message]
        assert len(refused) > len(given) / 3, kind
    reasons = {message.split(": ", 1)[-1] for kind in ("checkpoint", "export") for message in messages[kind]}
    assert len(reasons) > 12


def test_two_hundred_damaged_files(tmp_path: Path) -> None:
    check(fuzz(200, 1, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_two_thousand_damaged_files(seed: int, tmp_path: Path) -> None:
    check(fuzz(2000, seed, tmp_path))


def test_the_watch_sees_code_that_runs(tmp_path: Path) -> None:
    with watched() as seen:
        pickle.loads(pickle.dumps(Bait(tmp_path / "hooked")))
    assert "pickle.find_class" in seen
    assert (tmp_path / "hooked").is_dir()
