"""Recipes come back out of every format, and out of nothing else."""

from __future__ import annotations

import base64
import functools
import io
import os
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from genplay import export
from genplay.contract.errors import BadInput
from genplay.contract.recipe import MAX_TEXT, Recipe
from genplay.contract.requests import DecodePath, DrawSamples, Encode

KEYS = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
RECIPE = Recipe(
    digest="0123456789abcdef",
    family="vae",
    run="faces “é” 🙂",
    step=1200,
    question=DecodePath(keyframes=KEYS, frames=3, mode="lerp", condition=(1, 0), seed=1 << 62),
    view={"tab": "latent", "plane": [0, 1], "cursor": [0.1, -2.5e-7]},
    checkpoint="vae-faces16.safetensors",
    made_with="genplay 0.1",
)
X = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), dtype=np.uint8)
WAYS = [
    ("png", "grid"),
    ("png", "picture"),
    ("gif", "grid"),
    ("webp", "picture"),
    ("gif", "animation"),
    ("apng", "animation"),
    ("webp", "animation"),
    ("npz", "arrays"),
]


@pytest.mark.parametrize(("format", "what"), WAYS)
def test_recipe_comes_back_whole(tmp_path: Path, format: str, what: str) -> None:
    options = {"format": format, "what": what, "scale": 2, "fps": 12.5}
    path = export.write(X, tmp_path / f"a.{format}", RECIPE, options)
    back = export.read_recipe(path)
    assert {name: back.export[name] for name in options} == options
    assert (back.run, back.view, back.step) == (RECIPE.run, RECIPE.view, 1200)
    np.testing.assert_array_equal(back.question.keyframes, KEYS)  # type: ignore[attr-defined]
    assert back.question.seed == 1 << 62
    path.write_bytes(export.encode(X, back, back.export))
    assert path.read_bytes() == export.encode(X, RECIPE, options)


@pytest.mark.parametrize(("format", "what"), WAYS)
def test_large_recipes_fit(tmp_path: Path, format: str, what: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    recipe = Recipe("0" * 16, "vae", "", 0, Encode(x=picture))
    path = export.write(X, tmp_path / "a", recipe, {"format": format, "what": what})
    np.testing.assert_array_equal(export.read_recipe(path).question.x, picture)  # type: ignore[attr-defined]


def test_recipes_beyond_the_limit_are_refused_when_written() -> None:
    recipe = Recipe("0" * 16, "vae", "x" * MAX_TEXT, 0, DrawSamples())
    with pytest.raises(BadInput, match="too large"):
        export.encode(X, recipe, {})


def test_pillow_sees_the_same_texts() -> None:
    text = Image.open(io.BytesIO(export.encode(X, RECIPE, {"format": "png"}))).text["genplay"]
    assert Recipe.from_json(text).run == RECIPE.run
    webp = Image.open(io.BytesIO(export.encode(X, RECIPE, {"format": "webp"})))
    assert Recipe.from_json(webp.getexif()[0x010E]).run == RECIPE.run
    gif = Image.open(io.BytesIO(export.encode(X, RECIPE, {"format": "gif"})))
    assert Recipe.from_json(gif.info["comment"].decode()).run == RECIPE.run


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["text", "itxt"])
def test_png_text_that_another_program_rewrote(tmp_path: Path, kind: str, compressed: bool) -> None:
    info = PngInfo()
    getattr(info, f"add_{kind}")("genplay", RECIPE.to_json(), zip=compressed)
    Image.new("L", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert export.read_recipe(tmp_path / "a.png").step == 1200


def refused(path: Path) -> str:
    """The message with which a file is refused, checked for form, and that it came quickly and cheaply."""
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(BadInput) as caught:
        export.read_recipe(path)
    seconds, peak = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(path.name[:30])
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300
    assert seconds < 0.5, seconds
    assert peak < 64 << 20, peak
    return message


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_pictures_of_other_programs(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format.lower()}"
    Image.new("RGB", (9, 9)).save(path)
    assert refused(path).endswith("it holds no genplay recipe.")


def test_arrays_of_other_programs(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=X)
    assert "no genplay recipe" in refused(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", recipe=np.array([1, 2]))
    refused(tmp_path / "b.npz")


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text.png").write_bytes(b"hello")
    os.mkfifo(tmp_path / "pipe.png")
    for path in ("empty", "text.png", "pipe.png", "missing.png", ".", "nul\0.png"):
        with pytest.raises(BadInput) as caught:
            export.read_recipe(tmp_path / path)
        assert "\n" not in str(caught.value)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def npz_with(text: Any, **facts: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, recipe=text, **facts)
    return file.getvalue()


@functools.cache
def bomb() -> bytes:
    return zlib.compress(b"a" * (100 << 20), 9)


def directory_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(20_000):
            archive.writestr(f"{i}", b"")
    return file.getvalue()


def lying_npz() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("recipe.npy", b"a" * (100 << 20))
    data = bytearray(file.getvalue())
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(data)


HOSTILE: dict[str, Any] = {
    "iTXt bomb": lambda: png_with(png_chunk(b"iTXt", b"genplay\0\1\0\0\0" + bomb())),
    "zTXt bomb": lambda: png_with(png_chunk(b"zTXt", b"genplay\0\0" + bomb())),
    "huge chunk": lambda: b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffiTXtgenplay\0",
    "cut chunk": lambda: b"\x89PNG\r\n\x1a\n" + b"\0\0\xff\xffiTXtgenplay\0",
    "many chunks": lambda: png_with(*[png_chunk(b"abcd", b"")] * 200_000),
    "wrong checksum": lambda: png_with(b'\0\0\0\x0ftEXtgenplay\0{"a":1}\0\0\0\0'),
    "bad zlib": lambda: png_with(png_chunk(b"zTXt", b"genplay\0\0nonsense")),
    "not UTF-8": lambda: png_with(png_chunk(b"iTXt", b"genplay\0\0\0\0\0\xff\xfe")),
    "endless sub-blocks": lambda: b"GIF89a" + bytes(7) + b"!\xfe" + (b"\xff" + b"a" * 255) * 40_000,
    "no sub-blocks": lambda: b"GIF89a" + bytes(7) + b"!\xfe",
    "EXIF beyond its end": lambda: riff(b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x010E, 2, 1 << 31, 1 << 31)),
    "EXIF that points away": lambda: riff(b"II*\0" + b"\xff" * 4),
    "EXIF of many entries": lambda: riff(b"MM\0*" + struct.pack(">IH", 8, 65535)),
    "huge EXIF": lambda: b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff",
    "zip directory bomb": directory_bomb,
    "npz bomb": lambda: npz_with(np.array("a" * (5 << 20))),
    "lying npz": lying_npz,
    "pickled npz": lambda: npz_with(np.array([{"a": 1}], dtype=object)),
    "deep JSON": lambda: npz_with(np.array("[" * 100_000)),
    "deep object": lambda: png_with(png_chunk(b"tEXt", b"genplay\0" + b'{"a":' * 5000 + b"1" + b"}" * 5000)),
    "many lists": lambda: png_with(png_chunk(b"tEXt", b"genplay\0[" + b"[]," * 1_300_000 + b"[]]")),
    "huge number": lambda: png_with(png_chunk(b"tEXt", b'genplay\0{"genplay_recipe":' + b"9" * 4_000_000 + b"}")),
}


def riff(exif: bytes) -> bytes:
    body = b"WEBPEXIF" + struct.pack("<I", len(exif)) + exif
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_quickly(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hostile.png"
    path.write_bytes(HOSTILE[name]())
    refused(path)


def test_names_are_shown_on_one_line_and_not_too_long(tmp_path: Path) -> None:
    path = tmp_path / ("a\n" + "b" * 200)
    path.write_bytes(b"hello")
    with pytest.raises(BadInput) as caught:
        export.read_recipe(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_reading_decodes_no_pixels(tmp_path: Path) -> None:
    """A header that claims a picture of 4 billion pixels costs nothing, and its recipe can still be read."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0))
    text = png_chunk(b"iTXt", b"genplay\0\0\0\0\0" + RECIPE.to_json().encode())
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with(header, text, png_chunk(b"IDAT", base64.b64decode("AAAA"))))
    assert export.read_recipe(path).step == 1200


def test_a_damaged_checksum_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    data = export.encode(X, RECIPE, {"format": "png"})
    path.write_bytes(data.replace(b'"step": 1200', b'"step": 1201'))
    assert "it is damaged" in refused(path)
