"""Fetching files over the network: verified before they are kept, cancelled by closing the generator."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from genplay.contract import atomic
from genplay.contract.errors import BadInput

TIMEOUT = 15.0
"""Seconds that a server may stay silent."""
CHUNK = 64 << 10
MAX_BYTES = 64 << 20
"""The largest file taken, packed or unpacked."""


@dataclass(frozen=True)
class RemoteFile:
    """A gzip file to fetch: its size as far as known, and the digest of its bytes, or of what it unpacks to."""

    name: str
    size: int
    digest: str
    algorithm: str = "sha256"
    unpacked: bool = False

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` is the file that was meant."""
        try:
            hashed = unpack(data) if self.unpacked else data
        except BadInput:
            return False
        return hashlib.new(self.algorithm, hashed, usedforsecurity=False).hexdigest() == self.digest


def fetch(files: Sequence[RemoteFile], base_url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Bring ``files`` from below ``base_url`` into ``folder``, yielding (bytes received, bytes in all).

    A file is held in memory until it is complete and its digest is right, and only then written, in one piece: closing
    the generator half-way leaves nothing unfinished behind. Files that are already there and right are not fetched
    again. Raises ``BadInput`` saying which file failed and why.
    """
    _check_url(base_url)
    sizes = {file.name: file.size for file in files}
    done = 0
    for file in files:
        if not present(file, folder):
            data = bytearray()
            for size in _receive(file, f"{base_url.rstrip('/')}/{file.name}", data):
                sizes[file.name] = max(size, len(data))
                yield done + len(data), sum(sizes.values())
            _keep(file, folder, bytes(data))
            sizes[file.name] = len(data)
        done += sizes[file.name]
        yield done, sum(sizes.values())


def present(file: RemoteFile, folder: Path) -> bool:
    """Whether the file is in ``folder`` with the right digest."""
    try:
        return file.matches(_read(folder / file.name))
    except OSError:
        return False


def verified(file: RemoteFile, folder: Path) -> bytes:
    """The unpacked bytes of a fetched file. A damaged one is removed, so that it can be fetched again: ``BadInput``."""
    try:
        data = _read(folder / file.name)
    except OSError:
        raise BadInput(f"{file.name} is not on this computer yet; download it first.") from None
    if not file.matches(data):
        (folder / file.name).unlink(missing_ok=True)
        raise BadInput(f"{file.name} was damaged on disk; download it again.")
    return unpack(data)


def unpack(data: bytes) -> bytes:
    """What a gzip file holds, refused beyond ``MAX_BYTES``. Raises ``BadInput``."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, MAX_BYTES)
    except zlib.error:
        raise BadInput("The downloaded file is not a gzip file.") from None
    if not unpacker.eof or unpacker.unused_data:
        raise BadInput("The downloaded file is cut short, too large or has extra bytes.")
    return plain


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _check_url(url: str) -> None:
    """Only https, except for this computer itself."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "127.0.0.1"):
        raise BadInput(f"Data sets are downloaded over https only, not from {url!r:.200}.")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to an address that could have been asked for in the first place."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """The request to follow; raises ``BadInput``."""
        _check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(file: RemoteFile, url: str, data: bytearray) -> Iterator[int]:
    """Append the bytes at ``url`` to ``data``, yielding the announced size after every piece."""
    try:
        with closing(_open(url)) as response:
            announced = _announced(file, response)
            while piece := response.read1(CHUNK):
                data += piece
                if len(data) > MAX_BYTES:
                    raise BadInput(f"{file.name} is larger than {MAX_BYTES >> 20} MiB and was refused.")
                yield announced or file.size
    except urllib.error.HTTPError as error:
        error.close()
        raise BadInput(f"The server answered {error.code} ({error.reason}) for {file.name}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise BadInput(f"{file.name} could not be downloaded: {_reason(error)}.") from None
    if announced and len(data) != announced:
        raise BadInput(f"The connection ended after {len(data):,} of the {announced:,} bytes of {file.name}.")


def _open(url: str) -> Any:
    direct = [urllib.request.ProxyHandler({})] if urlsplit(url).hostname == "127.0.0.1" else []
    opener = urllib.request.build_opener(_SafeRedirects, *direct)
    request = urllib.request.Request(url, headers={"User-Agent": "genplay", "Accept-Encoding": "identity"})
    return opener.open(request, timeout=TIMEOUT)


def _announced(file: RemoteFile, response: Any) -> int:
    """The size that the server says, 0 when it says none."""
    text = response.headers.get("Content-Length", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    if size > MAX_BYTES:
        raise BadInput(f"{file.name} is larger than {MAX_BYTES >> 20} MiB and was refused.")
    return size


def _reason(error: BaseException) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"the server was silent for {TIMEOUT:.0f} s"
    if isinstance(cause, http.client.HTTPException):
        return "the server's answer could not be understood"
    text = getattr(cause, "strerror", None) or str(cause) or "the connection failed"
    return str(text)[:1].lower() + str(text)[1:200].rstrip(".")


def _keep(file: RemoteFile, folder: Path, data: bytes) -> None:
    if not file.matches(data):
        raise BadInput(f"{file.name} arrived with a wrong checksum and was thrown away; try again later.")
    try:
        atomic.write(folder / file.name, data)
    except OSError as error:
        raise BadInput(f"{file.name} cannot be saved: {error.strerror or error}.") from None
