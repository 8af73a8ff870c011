"""The JSON card in the header of a checkpoint, read without loading weights (and without torch).

A checkpoint is a ``.safetensors`` file: eight bytes of header length, a JSON header, tensor bytes. The card is the
string ``__metadata__["genplay"]`` of that header. Everything here treats the file as hostile: sizes are checked before
anything is parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec

FORMAT = 1
MAX_HEADER = 8 << 20
MAX_FILE = 2 << 30
MAX_TENSORS = 10_000


@dataclass(frozen=True)
class Card:
    """What a checkpoint says of itself."""

    family: str
    name: str
    spec: DataSpec
    config: dict[str, Any]
    training: dict[str, Any]
    data: str
    data_title: str = ""
    data_options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    step: int = 0
    seconds: float = 0.0  # training time so far
    curves: dict[str, list[list[float]]] = field(default_factory=dict)  # series -> [[step, value], ...], thinned
    vectors: dict[str, list[float]] = field(default_factory=dict)
    made_with: str = ""  # genplay and torch version
    recipe: str = ""  # command line that trained it
    licence: str = ""  # of the data
    preview: str = ""  # PNG (base64) of nine samples, 3x3
    format: int = FORMAT

    def to_json(self) -> str:
        """As the JSON text stored in the header."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["spec"] = self.spec.to_plain()
        return json.dumps(plain, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The reverse of ``to_json``; raises ``BadInput`` naming what is wrong."""
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            raise BadInput("the genplay card is not valid JSON") from None
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise BadInput("the genplay card has an unknown format")
        known = {f.name: f for f in fields(cls)}
        if set(plain) - set(known):
            raise BadInput("the genplay card has unknown fields")
        try:
            spec = DataSpec.from_plain(plain.pop("spec"))
            card = cls(spec=spec, **plain)
        except (KeyError, TypeError):
            raise BadInput("the genplay card lacks a field") from None
        card._check_types()
        return card

    def _check_types(self) -> None:
        expected = {"str": str, "int": int, "float": (int, float)}
        for f in fields(self):
            value = getattr(self, f.name)
            wanted = expected.get(str(f.type), dict if str(f.type).startswith("dict") else object)
            if not isinstance(value, wanted) or isinstance(value, bool):  # type: ignore[arg-type]
                raise BadInput(f"the field {f.name} of the genplay card has the wrong type")
        if not 0 <= self.step < 1 << 53:
            raise BadInput("the step on the genplay card is impossible")
        for series in self.curves.values():
            if not isinstance(series, list) or not all(
                isinstance(p, list) and len(p) == 2 and all(isinstance(v, int | float) for v in p) for p in series
            ):
                raise BadInput("the curves on the genplay card are damaged")
        for vector in self.vectors.values():
            if not isinstance(vector, list) or not all(isinstance(v, int | float) for v in vector):
                raise BadInput("the vectors on the genplay card are damaged")


def split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and tensor bytes of a safetensors file held in memory, with every offset checked.

    Raises ``BadInput``.
    """
    header = parse_header(data[: 8 + MAX_HEADER], len(data))
    start = 8 + int.from_bytes(data[:8], "little")
    return header, memoryview(data)[start:]


def parse_header(start: bytes, file_size: int) -> dict[str, Any]:
    """The JSON header from the first bytes of a file of ``file_size`` bytes; raises ``BadInput``."""
    if file_size < 10 or len(start) < 10:
        raise BadInput("it is too short to be a checkpoint")
    length = int.from_bytes(start[:8], "little")
    if not 2 <= length <= min(MAX_HEADER, file_size - 8) or len(start) < 8 + length:
        raise BadInput("its header is damaged or too large")
    try:
        header = json.loads(start[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadInput("its header is not valid JSON") from None
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise BadInput("its header is not a table of tensors")
    return header


def card_of(header: dict[str, Any]) -> Card:
    """The card in a parsed header; raises ``BadInput``."""
    metadata = header.get("__metadata__")
    text = metadata.get("genplay") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise BadInput("it has no genplay card, so it was not made by genplay")
    return Card.from_json(text)


def read(path: str | os.PathLike[str]) -> Card:
    """The card of a checkpoint file. Raises ``BadInput`` naming the file and what is wrong with it."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise BadInput("it is larger than 2 GiB")
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            start += file.read(length) if length <= MAX_HEADER else b""
        return card_of(parse_header(start, size))
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except BadInput as error:
        raise BadInput(f"{path.name} cannot be opened: {error}.") from None


def digest(path: str | os.PathLike[str]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a file."""
    return digest_of(Path(path).read_bytes())


def digest_of(data: bytes) -> str:
    """First 16 hexadecimal digits of the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
