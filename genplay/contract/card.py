"""The JSON card in the header of a checkpoint, read without loading weights (and without torch).

A checkpoint is a ``.safetensors`` file: eight bytes of header length, a JSON header, tensor bytes. The card is the
string ``__metadata__["genplay"]`` of that header. Everything here treats the file as hostile: sizes are checked before
anything is parsed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from dataclasses import dataclass, field, fields
from math import prod
from pathlib import Path
from typing import Any

from genplay.contract import strict_json
from genplay.contract.errors import BadInput, shown
from genplay.contract.spec import DataSpec, Kind

FORMAT = 1
MAX_HEADER = 8 << 20
MAX_FILE = 2 << 30
MAX_TENSORS = 10_000
MAX_DIMENSIONS = 8
MAX_DATA_SIZE = 1 << 20  # numbers in one data point
MAX_PREVIEW_SIDE = 4096
ITEM_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


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
            plain = strict_json.parse(text)
        except ValueError as error:
            raise BadInput(f"the genplay card is damaged: {error}") from None
        if not isinstance(plain, dict) or plain.get("format") != FORMAT or type(plain["format"]) is not int:
            raise BadInput("the genplay card has an unknown format")
        if set(plain) - {f.name for f in fields(cls)}:
            raise BadInput("the genplay card has unknown fields")
        spec = _spec(plain.pop("spec", None))
        try:
            card = cls(spec=spec, **plain)
        except TypeError:
            raise BadInput("the genplay card lacks a field") from None
        card._check_types()
        _check_preview(card.preview)
        return card

    def _check_types(self) -> None:
        expected: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
        for f in fields(self):
            declared = str(f.type)
            wanted = expected.get(declared, (dict,) if declared.startswith("dict") else (DataSpec,))
            if type(getattr(self, f.name)) not in wanted:
                raise BadInput(f"the field {f.name} of the genplay card has the wrong type")
        if not 0 <= self.step < 1 << 53:
            raise BadInput("the step on the genplay card is impossible")
        if not 0 <= self.seed < 1 << 63:
            raise BadInput("the seed on the genplay card is impossible")
        if not 0 <= self.seconds < 1e12:
            raise BadInput("the training time on the genplay card is impossible")
        for series in self.curves.values():
            if not isinstance(series, list) or not all(_is_numbers(point) and len(point) == 2 for point in series):
                raise BadInput("the curves on the genplay card are damaged")
        if not all(_is_numbers(vector) for vector in self.vectors.values()):
            raise BadInput("the vectors on the genplay card are damaged")


def _is_numbers(values: object) -> bool:
    return isinstance(values, list) and all(type(v) in (int, float) for v in values)


def _spec(plain: object) -> DataSpec:
    try:
        spec = DataSpec.from_plain(plain)
    except (BadInput, RecursionError):
        raise BadInput("the description of the data on the genplay card is damaged") from None
    picture = len(spec.shape) == 3 and spec.shape[0] in (1, 3)
    if spec.size > MAX_DATA_SIZE or (spec.kind is Kind.IMAGE and not picture):
        raise BadInput("the description of the data on the genplay card has an impossible shape")
    return spec


def _check_preview(preview: str) -> None:
    """Refuse a preview that is no PNG of a modest size, so that it may be decoded without a second thought."""
    if not preview:
        return
    try:
        start = base64.b64decode(preview, validate=True)[:24]
    except (binascii.Error, ValueError):
        start = b""
    sides = int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
    if not start.startswith(b"\x89PNG\r\n\x1a\n") or not all(1 <= side <= MAX_PREVIEW_SIDE for side in sides):
        raise BadInput("the preview on the genplay card is damaged")


def split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and tensor bytes of a safetensors file held in memory, with every offset checked.

    Raises ``BadInput``.
    """
    header = parse_header(data[: 8 + MAX_HEADER], len(data))
    start = 8 + int.from_bytes(data[:8], "little")
    check_tensors(header, len(data) - start)
    return header, memoryview(data)[start:]


def parse_header(start: bytes, file_size: int) -> dict[str, Any]:
    """The JSON header from the first bytes of a file of ``file_size`` bytes; raises ``BadInput``."""
    if file_size < 10 or len(start) < 10:
        raise BadInput("it is too short to be a checkpoint")
    length = int.from_bytes(start[:8], "little")
    if not 2 <= length <= min(MAX_HEADER, file_size - 8) or len(start) < 8 + length:
        raise BadInput("its header is damaged or too large")
    try:
        header = strict_json.parse(bytes(start[8 : 8 + length]))
    except ValueError as error:
        raise BadInput(f"its header is damaged: {error}") from None
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise BadInput("its header is not a table of tensors")
    return header


def check_tensors(header: dict[str, Any], data_size: int) -> None:
    """Check the tensor entries of a parsed header against ``data_size`` bytes of tensor data.

    Every entry must have a known dtype, a shape whose bytes are exactly those between its two offsets, and together
    the entries must fill the data from first byte to last without gap or overlap. Raises ``BadInput``.
    """
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BadInput("the notes in its header are damaged")
    spans = sorted(_span(entry) for name, entry in header.items() if name != "__metadata__")
    position = 0
    for begin, end in spans:
        if begin != position:
            raise BadInput("its tensors overlap or leave gaps")
        position = end
    if position != data_size:
        raise BadInput("its tensors do not fill the file, which may have been cut short")


def _span(entry: object) -> tuple[int, int]:
    """First and last offset of a tensor entry, checked against its dtype and shape."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise BadInput("a tensor in its header is not described as it should be")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_SIZES:
        raise BadInput("a tensor in its header has an unknown type of number")
    if not _is_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise BadInput("a tensor in its header has an impossible shape")
    if not _is_sizes(offsets) or len(offsets) != 2 or offsets[1] - offsets[0] != prod(shape) * ITEM_SIZES[dtype]:
        raise BadInput("a tensor in its header does not have the bytes that its shape needs")
    return offsets[0], offsets[1]


def _is_sizes(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 1 << 40 for v in values)


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
        return card_of(_header_of(path))
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise BadInput(f"{shown(path)} cannot be opened: {error}.") from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it has an impossible name"
        raise BadInput(f"{shown(path)} cannot be read: {reason}.") from None


def _header_of(path: Path) -> dict[str, Any]:
    """The checked header of a checkpoint file, read without its tensors."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadInput("it is not a file")
    if status.st_size > MAX_FILE:
        raise BadInput("it is larger than 2 GiB")
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        start += file.read(length) if length <= min(MAX_HEADER, status.st_size) else b""
    header = parse_header(start, status.st_size)
    check_tensors(header, status.st_size - len(start))
    return header


def digest(path: str | os.PathLike[str]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a file."""
    return digest_of(Path(path).read_bytes())


def digest_of(data: bytes) -> str:
    """First 16 hexadecimal digits of the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
