"""Downloads against a server on this machine: verified, cancellable, and never half a file on disk."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

import genplay.data as data
from genplay.contract.errors import BadInput
from genplay.data import download, idx
from genplay.data.download import RemoteFile
from genplay.data.mnist import Downloaded, FashionFull, Mnist


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


RNG = np.random.default_rng(0)
ARRAYS = [
    RNG.integers(0, 256, (300, 28, 28), dtype=np.uint8),
    RNG.integers(0, 10, 300, dtype=np.uint8),
    RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8),
    RNG.integers(0, 10, 40, dtype=np.uint8),
]
PLAIN = [idx_bytes(array) for array in ARRAYS]
PACKED = [gzip.compress(plain, mtime=0) for plain in PLAIN]


class Server:
    """Serves ``content`` by path; ``spoil`` may answer a request in its own way."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.spoil = lambda handler: False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.spoil(self):
                    return
                body = outer.content.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(ConnectionError):  # the client may cancel
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/set/"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture(params=[Mnist, FashionFull], ids=["packed-md5", "unpacked-sha256"])
def source(
    request: pytest.FixtureRequest, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> type[Downloaded]:
    """One of the two sets, with small files of the test's own behind its names."""
    cls: type[Downloaded] = request.param
    files = []
    for real, plain, packed in zip(cls.files, PLAIN, PACKED, strict=True):
        digest = hashlib.new(real.algorithm, plain if real.unpacked else packed).hexdigest()
        files.append(replace(real, size=len(packed), digest=digest))
        server.content[f"/set/{real.name}"] = packed
    monkeypatch.setattr(cls, "files", tuple(files))
    monkeypatch.setenv("GENPLAY_HOME", str(tmp_path))
    return cls


def left(source: type[Downloaded]) -> list[str]:
    """Names of all files in the set's folder, hidden ones too."""
    return sorted(os.listdir(source.folder())) if source.folder().is_dir() else []


def run(source: type[Downloaded], server: Server) -> list[tuple[int, int]]:
    return list(source.fetch(server.url))


def test_fetch_verify_load(source: type[Downloaded], server: Server) -> None:
    assert not source.ready()
    with pytest.raises(BadInput, match="download it first"):
        data.load(source.name)
    progress = run(source, server)
    total = sum(map(len, PACKED))
    received = [r for r, _ in progress]
    assert received == sorted(received)
    assert progress[-1] == (total, total)
    assert len(progress) > 5
    assert source.ready()
    assert left(source) == sorted(file.name for file in source.files)
    loaded = source.load(source.Options())
    assert torch.equal(loaded.train, torch.from_numpy(ARRAYS[0][:, None]))
    assert loaded.heldout_labels[:, 0].tolist() == ARRAYS[3].tolist()
    assert loaded.spec == source.spec


def test_what_is_there_is_not_fetched_again(source: type[Downloaded], server: Server) -> None:
    run(source, server)
    server.asked.clear()
    assert run(source, server)[-1] == (sum(map(len, PACKED)),) * 2
    assert server.asked == []
    (source.folder() / source.files[2].name).write_bytes(b"damaged")
    run(source, server)
    assert server.asked == [f"/set/{source.files[2].name}"]


def test_cancel_in_the_middle_leaves_nothing_unfinished(source: type[Downloaded], server: Server) -> None:
    fetching = source.fetch(server.url)
    received, total = next(fetching)
    assert 0 < received < total
    fetching.close()
    assert left(source) == []
    assert not source.ready()
    run(source, server)
    assert source.ready()


def test_a_wrong_checksum_is_thrown_away(source: type[Downloaded], server: Server) -> None:
    server.content[f"/set/{source.files[1].name}"] = gzip.compress(idx_bytes(ARRAYS[3]), mtime=0)
    with pytest.raises(BadInput, match=r"train-labels-idx1-ubyte\.gz arrived with a wrong checksum"):
        run(source, server)
    assert left(source) == [source.files[0].name]
    assert not source.ready()


def test_a_missing_file_names_the_answer(source: type[Downloaded], server: Server) -> None:
    del server.content[f"/set/{source.files[0].name}"]
    with pytest.raises(BadInput, match=r"The server answered 404 \(Not Found\) for train-images"):
        run(source, server)
    assert left(source) == []


def test_a_truncated_answer_is_noticed(source: type[Downloaded], server: Server) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(PACKED[0])))
        handler.end_headers()
        handler.wfile.write(PACKED[0][:100_000])
        handler.close_connection = True
        return True

    server.spoil = cut
    with pytest.raises(BadInput, match=r"ended after 100,000 of the \d+,\d+ bytes"):
        run(source, server)
    assert left(source) == []


def test_an_answer_without_a_length_still_works(source: type[Downloaded], server: Server) -> None:
    def unannounced(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(server.content[handler.path])
        return True

    server.spoil = unannounced
    assert run(source, server)[-1] == (sum(map(len, PACKED)),) * 2
    assert source.ready()


def test_a_server_that_is_gone(source: type[Downloaded], server: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        fetching = source.fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(BadInput, match=r"could not be downloaded: connection refused\.$"):
            next(fetching)


def test_a_server_that_falls_silent(source: type[Downloaded], server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(PACKED[0])))
        handler.end_headers()
        handler.wfile.write(PACKED[0][: 70 << 10])
        release.wait(20)
        return True

    server.spoil = hang
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    try:
        with pytest.raises(BadInput, match="the server was silent"):
            run(source, server)
    finally:
        release.set()
    assert left(source) == []


def test_a_slow_server_can_be_cancelled_at_any_time(source: type[Downloaded], server: Server) -> None:
    """Every bit of news is passed on, so that giving up (or closing the window) never waits for a whole piece."""
    released = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        with suppress(ConnectionError):
            for _ in range(100):
                handler.wfile.write(b"x")
                if released.wait(0.05):
                    break
        return True

    server.spoil = trickle
    steps = source.fetch(server.url)
    begun = time.monotonic()
    for _ in range(3):
        next(steps)
    steps.close()
    released.set()
    assert time.monotonic() - begun < 3


def test_nonsense_instead_of_http(source: type[Downloaded], server: Server) -> None:
    def babble(handler: BaseHTTPRequestHandler) -> bool:
        handler.wfile.write(b"\x00\x01\x02 hello\r\n\r\n")
        handler.close_connection = True
        return True

    server.spoil = babble
    with pytest.raises(BadInput, match="could not be understood"):
        run(source, server)


@pytest.mark.parametrize("announce", [True, False])
def test_too_large_an_answer_is_refused(
    source: type[Downloaded], server: Server, monkeypatch: pytest.MonkeyPatch, announce: bool
) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        if announce:
            handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        with suppress(ConnectionError):  # refused, as it should be
            for _ in range(100):
                handler.wfile.write(bytes(64 << 10))
        return True

    server.spoil = endless
    monkeypatch.setattr(download, "MAX_BYTES", 1 << 20)
    with pytest.raises(BadInput, match="is larger than 1 MiB and was refused"):
        run(source, server)
    assert left(source) == []


@pytest.mark.parametrize(
    "url", ["http://example.org/", "file:///etc/", "ftp://127.0.0.1/", "http://127.0.0.1.example/"]
)
def test_only_https(source: type[Downloaded], url: str) -> None:
    with pytest.raises(BadInput, match="over https only"):
        next(source.fetch(url))


def test_redirections_cannot_leave_https(source: type[Downloaded], server: Server) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(302)
        handler.send_header("Location", "http://localhost:1/stolen")
        handler.end_headers()
        return True

    server.spoil = elsewhere
    with pytest.raises(BadInput, match="over https only"):
        run(source, server)


def test_damage_on_disk_is_found_before_use(source: type[Downloaded], server: Server) -> None:
    run(source, server)
    path = source.folder() / source.files[0].name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadInput, match="was damaged on disk; download it again"):
        source.load(source.Options())
    assert not source.ready()


def test_a_folder_that_cannot_be_written(source: type[Downloaded], server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(BadInput, match="cannot be saved: "):
        run(source, server)


def test_sets_that_do_not_fit_together_are_refused(source: type[Downloaded]) -> None:
    images, labels = ARRAYS[2], ARRAYS[3]
    for x, y in ((images[:-1], labels), (images, labels + 5), (images[:, 1:], labels), (images[:0], labels[:0])):
        with pytest.raises(BadInput, match="do not fit together"):
            source._part(idx_bytes(x), idx_bytes(y))


def test_idx_is_checked() -> None:
    good = idx_bytes(ARRAYS[2])
    assert np.array_equal(idx.parse(good, 3), ARRAYS[2])
    assert idx.parse(good, 3).flags.writeable
    for bad in (b"", good[:3], good[:12], b"\0\0\x0d" + good[3:], b"\1" + good[1:]):
        with pytest.raises(BadInput, match="not an IDX file"):
            idx.parse(bad, 3)
    with pytest.raises(BadInput, match="not an IDX file"):
        idx.parse(good, 1)
    for bad in (good[:-1], good + b"\0", good[:4] + struct.pack(">I", 1 << 31) + good[8:]):
        with pytest.raises(BadInput, match="where its header announces"):
            idx.parse(bad, 3)


def test_unpacking_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert download.unpack(gzip.compress(b"abc")) == b"abc"
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    for bad in (gzip.compress(bytes(100_000)), gzip.compress(b"abc")[:-4], gzip.compress(b"abc") + b"more"):
        with pytest.raises(BadInput, match="cut short, too large or has extra bytes"):
            download.unpack(bad)
    with pytest.raises(BadInput, match="not a gzip file"):
        download.unpack(b"PK\x03\x04 something else")
    assert not RemoteFile("x.gz", 1, "00", unpacked=True).matches(b"no gzip")


@pytest.mark.parametrize("cls", [Mnist, FashionFull])
def test_the_real_files_are_asked_for_over_https(cls: type[Downloaded]) -> None:
    assert cls.base_url.startswith("https://")
    assert cls.download_bytes == sum(file.size for file in cls.files) < download.MAX_BYTES
    assert [len(file.digest) for file in cls.files] == [32 if cls is Mnist else 64] * 4
