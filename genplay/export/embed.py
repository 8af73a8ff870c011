"""Reading the recipe back out of an exported file, which a stranger may have made.

The containers are walked by hand, chunk by chunk, and no pixel is decoded: there is nothing to blow up and no image
library to crash. Whatever is wrong with a file, the outcome is ``BadInput`` with one sentence that names it.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from genplay.contract.errors import BadInput, shown
from genplay.contract.recipe import MAX_TEXT, Recipe
from genplay.export.arrays import FIELD
from genplay.export.png import KEY

MAX_FILE = 4 << 30
MAX_CHUNKS = 20_000
MAX_DIRECTORY = 256 << 10  # bytes of the table of contents of an npz file
MAX_MEMBERS = 1000

NONE = "it holds no genplay recipe"
TOO_LARGE = "the recipe in it is too large"
DAMAGED = "it is damaged"

_NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<U(\d{1,7})', 'fortran_order': False, 'shape': \(\), \} *\n", re.DOTALL
)


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe in a PNG, APNG, GIF, WebP or npz file made by genplay; raises ``BadInput``."""
    try:
        text = _text(Path(path))
    except (OSError, EOFError, ValueError, OverflowError, struct.error, zlib.error) as error:
        raise BadInput(f"{shown(path)} cannot be used: {_reason(error)}.") from None
    try:
        return Recipe.from_json(text)
    except BadInput as error:
        raise BadInput(f"{shown(path)} cannot be used: {_as_clause(str(error))}.") from None


def _reason(error: Exception) -> str:
    if isinstance(error, BadInput):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return DAMAGED


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _text(path: Path) -> str:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadInput("it is not a file")
    if status.st_size > MAX_FILE:
        raise BadInput("it is too large")
    with path.open("rb") as file:
        start = file.read(12)
        for signature, reader in _READERS.items():
            if re.match(signature, start, re.DOTALL):
                file.seek(0)
                return reader(file, status.st_size)
    raise BadInput("it is not a PNG, GIF, WebP or npz file")


def _taken(file: BinaryIO, count: int) -> bytes:
    """Exactly ``count`` bytes."""
    data = file.read(count)
    if len(data) < count:
        raise BadInput("it was cut short")
    return data


# ---- PNG and APNG ---------------------------------------------------------------------------------------------


def _png(file: BinaryIO, size: int) -> str:
    for kind, length in _png_chunks(file):
        if kind not in (b"iTXt", b"tEXt", b"zTXt"):
            file.seek(length + 4, os.SEEK_CUR)
            continue
        if length > MAX_TEXT + 1024:
            raise BadInput(TOO_LARGE)
        body, crc = _taken(file, length), _taken(file, 4)
        keyword, _, rest = body.partition(b"\0")
        if keyword == KEY.encode():
            if zlib.crc32(kind + body) != int.from_bytes(crc, "big"):
                raise BadInput(DAMAGED)
            return _png_text(kind, rest)
    raise BadInput(NONE)


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and length of each chunk; whoever asks for the next has moved past the last."""
    file.seek(8)
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        yield head[4:], int.from_bytes(head[:4], "big")
    raise BadInput("it has too many parts")


def _png_text(kind: bytes, rest: bytes) -> str:
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        return _inflated(rest[1:]).decode("latin-1")
    compressed, body = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(body) < 3:
        raise BadInput(DAMAGED)
    return (_inflated(body[2]) if compressed else body[2]).decode("utf-8")


def _inflated(data: bytes) -> bytes:
    """Decompressed, but never beyond the size of a recipe."""
    stream = zlib.decompressobj()
    text = stream.decompress(data, MAX_TEXT + 1)
    if len(text) > MAX_TEXT:
        raise BadInput(TOO_LARGE)
    if not stream.eof:
        raise BadInput(DAMAGED)
    return text


# ---- GIF ------------------------------------------------------------------------------------------------------


def _gif(file: BinaryIO, size: int) -> str:
    """The first comment that looks like a recipe, among the blocks before the first frame."""
    flags = _taken(file, 13)[10]
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), os.SEEK_CUR)
    for _ in range(MAX_CHUNKS):
        if _taken(file, 1) != b"!":
            break
        label = _taken(file, 1)
        body = _sub_blocks(file)
        if label == b"\xfe" and b'"genplay_recipe"' in body:
            return body.decode("ascii")
    raise BadInput(NONE)


def _sub_blocks(file: BinaryIO) -> bytes:
    body = bytearray()
    while count := _taken(file, 1)[0]:
        body += _taken(file, count)
        if len(body) > MAX_TEXT:
            raise BadInput(TOO_LARGE)
    return bytes(body)


# ---- WebP -----------------------------------------------------------------------------------------------------


def _webp(file: BinaryIO, size: int) -> str:
    file.seek(12)
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"EXIF":
            if length > MAX_TEXT + 1024:
                raise BadInput(TOO_LARGE)
            return _description(_taken(file, length))
        file.seek(length + length % 2, os.SEEK_CUR)
    raise BadInput(NONE)


def _description(exif: bytes) -> str:
    """The image description of an EXIF block."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        raise BadInput(DAMAGED)
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for i in range(count):
        tag, kind, length, offset = struct.unpack_from(f"{order}HHII", tiff, directory + 2 + 12 * i)
        if (tag, kind) == (0x010E, 2) and length > 4:
            if offset + length > len(tiff):
                raise BadInput(DAMAGED)
            return tiff[offset : offset + length].rstrip(b"\0").decode("ascii")
    raise BadInput(NONE)


# ---- npz ------------------------------------------------------------------------------------------------------


def _npz(file: BinaryIO, size: int) -> str:
    _check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            return _npy_text(_member(archive, f"{FIELD}.npy"))
    except (zipfile.BadZipFile, RuntimeError, KeyError, IndexError, AttributeError, TypeError, MemoryError):
        raise BadInput(DAMAGED) from None


def _check_directory(file: BinaryIO, size: int) -> None:
    """Refuse a table of contents that would be costly to read, before the zip library sees it."""
    if size < 22:
        raise BadInput("it was cut short")
    file.seek(size - 22)
    end = file.read(22)
    members, length, start, comment = struct.unpack("<10xHIIH", end)
    file.seek(max(0, size - 42))
    extended = file.read(4) == b"PK\6\7"
    if not end.startswith(b"PK\5\6") or comment or extended or start + length + 22 != size:
        raise BadInput("it was cut short or was not made by genplay")
    if members > MAX_MEMBERS or length > MAX_DIRECTORY:
        raise BadInput("it has too many parts")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        raise BadInput(NONE)
    entry, limit = archive.getinfo(name), 4 * MAX_TEXT + 1024
    if entry.file_size > limit:
        raise BadInput(TOO_LARGE)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(DAMAGED)
    with archive.open(entry) as member:
        return member.read(limit + 1)


def _npy_text(data: bytes) -> str:
    """The string in an npy file, whose header must be the one that numpy writes for it."""
    head = _NPY.match(data)
    if head is None or len(data) != head.end() + 4 * int(head[1]):
        raise BadInput(DAMAGED)
    return data[head.end() :].decode("utf-32-le")


_READERS: dict[bytes, Callable[[BinaryIO, int], str]] = {
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"GIF8[79]a": _gif,
    rb"RIFF....WEBP": _webp,
    rb"PK\x03\x04": _npz,
}
