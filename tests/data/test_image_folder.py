"""The user's folder: fitted, upright, on white, classed by subfolder; bad files become lines, never a crash."""

from __future__ import annotations

import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import genplay.data as data
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset
from genplay.data import folder


def paint(path: Path, seed: int = 0, size: tuple[int, int] = (40, 30), mode: str = "RGB", **save: object) -> Path:
    """A smooth picture that depends on the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
    coarse.resize(size, Image.Resampling.BILINEAR).convert(mode).save(path, **save)
    return path


def load(root: Path, **options: object) -> Dataset:
    return data.load("folder", {"path": str(root), **options})


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for i in range(10):
        paint(tmp_path / "cats" / f"{i}.png", i)
        paint(tmp_path / "dogs" / "old" / f"{i}.jpg", 100 + i, size=(64, 90))
    return tmp_path


def test_subfolders_are_classes_and_a_tenth_is_held_out(album: Path) -> None:
    loaded = load(album, size="16")
    assert loaded.spec.shape == (3, 16, 16)
    assert [(a.name, a.values) for a in loaded.spec.attributes] == [("folder", ("cats", "dogs"))]
    assert (len(loaded.train), len(loaded.heldout)) == (18, 2)
    labels = torch.cat([loaded.train_labels, loaded.heldout_labels])
    assert labels.sum() == 10
    assert loaded.skipped == ()


@pytest.mark.parametrize("size", ["16", "28", "32", "64"])
@pytest.mark.parametrize(("colour", "channels"), [("colour", 3), ("grey", 1)])
def test_size_and_colour_are_chosen(album: Path, size: str, colour: str, channels: int) -> None:
    assert load(album, size=size, colour=colour).train.shape == (18, channels, int(size), int(size))


def test_the_split_does_not_depend_on_names_or_order(album: Path) -> None:
    before = load(album)
    for i in range(10):
        (album / "cats" / f"{i}.png").rename(album / "cats" / f"{9 - i}-renamed.png")
    after = load(album)
    assert torch.equal(before.train, after.train)
    assert torch.equal(before.heldout, after.heldout)


def test_copies_of_a_picture_stay_in_one_part(tmp_path: Path) -> None:
    for i in range(30):
        paint(tmp_path / f"{i}.png", i // 3)
    loaded = load(tmp_path)
    train = {row.tobytes() for row in loaded.train.flatten(1).numpy()}
    assert not train & {row.tobytes() for row in loaded.heldout.flatten(1).numpy()}
    assert (len(loaded.train), len(loaded.heldout)) == (27, 3)
    assert loaded.spec.attributes == ()


def test_a_changed_folder_is_read_again(album: Path) -> None:
    first = load(album)
    assert load(album) is first
    paint(album / "cats" / "new.png", 77)
    assert len(load(album).train) + len(load(album).heldout) == 21


FORMATS = "png jpg gif bmp tiff webp ppm tga ico pcx jp2 qoi dds sgi avif".split()


@pytest.mark.parametrize("ending", FORMATS)
def test_raster_formats_are_read(tmp_path: Path, ending: str) -> None:
    path = paint(tmp_path / f"a.{ending}", 5, size=(48, 48))
    pixels = folder.read(path, 16, grey=False)
    expected = folder.read(paint(tmp_path / "b.png", 5, size=(48, 48)), 16, grey=False)
    assert pixels.shape == (3, 16, 16)
    tolerance = 40 if ending == "gif" else 12  # a palette; lossy compression
    assert np.abs(pixels.astype(int) - expected.astype(int)).mean() < tolerance


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixel_modes_are_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.png"
    grey = Image.fromarray(np.full((20, 20), 204, np.uint8))
    if mode == "I;16":
        Image.fromarray(np.full((20, 20), 204 * 257, np.uint16)).save(path)
    else:
        grey.convert(mode, **({"dither": Image.Dither.NONE} if mode == "1" else {})).save(path)
    assert np.abs(folder.read(path, 16, grey=True).astype(int) - (255 if mode == "1" else 204)).max() <= 1


def test_floating_point_pictures_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    Image.fromarray(np.full((20, 20), 0.5, np.float32)).save(path)
    assert set(folder.read(path, 16, grey=True).ravel().tolist()) == {128}


def test_cut_from_the_centre(tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = (10, 200, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = folder.read(tmp_path / "a.png", 16, grey=False)
    assert read[:, :, 4:-4].reshape(3, -1).T.tolist() == [[10, 200, 30]] * (16 * 8)
    assert read[0].max() < 40  # nothing of the sides


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (512, 256))
    Image.fromarray(stripes).save(tmp_path / "a.png")
    assert np.abs(folder.read(tmp_path / "a.png", 16, grey=True)[0, 1:-1, 1:-1].astype(int) - 127).max() <= 2


def test_transparency_becomes_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    clear.save(tmp_path / "a.png")
    assert folder.read(tmp_path / "a.png", 16, grey=False).min() == 255
    palette = Image.new("P", (20, 20), 3)
    palette.putpalette([0, 0, 0] * 10)
    palette.save(tmp_path / "b.png", transparency=3)
    assert folder.read(tmp_path / "b.png", 16, grey=False).min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path: Path, orientation: int) -> None:
    """A red corner, stored as a camera held that way would store it, comes back upper left."""
    upright = Image.new("RGB", (64, 64), "white")
    upright.paste((255, 0, 0), (0, 0, 32, 16))
    undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    stored = upright.transpose(folder.TURNS[undo]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    expected = tmp_path / "b.png"
    upright.save(expected)
    assert np.array_equal(folder.read(tmp_path / "a.png", 16, False), folder.read(expected, 16, False))


def test_unreadable_files_are_listed_with_the_reason(album: Path) -> None:
    (album / "notes.txt").write_text("no picture")
    (album / "empty.png").write_bytes(b"")
    whole = paint(album / "whole.png", 50, size=(300, 300)).read_bytes()
    (album / "cut.png").write_bytes(whole[: len(whole) // 2])
    (album / "page.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    os.mkfifo(album / "pipe.png")
    os.symlink(album / "nowhere", album / "dangling.png")
    os.symlink(album, album / "cats" / "loop")
    (album / ".hidden.png").write_text("left out silently")
    loaded = load(album)
    reasons = dict(line.split(": ", 1) for line in loaded.skipped)
    assert len(loaded.train) + len(loaded.heldout) == 21
    assert reasons.keys() == {
        "notes.txt", "empty.png", "cut.png", "page.eps", "pipe.png", "dangling.png", "cats/loop"
    }  # fmt: skip
    assert reasons["notes.txt"] == reasons["page.eps"] == "it is not a picture"
    assert reasons["dangling.png"] == "no such file or directory"
    assert reasons["cats/loop"] == "it is a link to a folder"
    assert all(reasons.values())


def png(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_100, 9_800, 20_000, 60_000])
def test_decompression_bombs_are_refused_before_decoding(
    album: Path, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album / "bomb.png").write_bytes(png(side, side))
    loads = []
    original = Image.Image.load
    monkeypatch.setattr(Image.Image, "load", lambda self: loads.append(self.size) or original(self))
    loaded = load(album)
    assert loaded.skipped == ("bomb.png: it has too many pixels",)
    assert all(width * height <= folder.MAX_PIXELS for width, height in loads)


def test_fuzzed_pictures_never_end_the_reading(tmp_path: Path) -> None:
    random.seed(0)
    for ending in FORMATS:
        whole = bytearray(paint(tmp_path / f"good.{ending}", 3).read_bytes())
        for i in range(25):
            spoilt = whole.copy()
            for _ in range(random.choice([1, 4, 40])):
                spoilt[random.randrange(min(len(spoilt), 400))] = random.randrange(256)
            (tmp_path / f"{i}.{ending}").write_bytes(spoilt[: random.choice([len(spoilt), len(spoilt) // 2])])
    loaded = load(tmp_path, size="16")
    read = len(loaded.train) + len(loaded.heldout)
    assert read + len(loaded.skipped) == 26 * len(FORMATS)
    assert read >= len(FORMATS)
    assert len(loaded.skipped) > 50
    assert all("\n" not in line and len(line) < 350 for line in loaded.skipped)


def test_a_huge_folder_is_thinned_evenly_and_says_so(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_PICTURES", 8)
    loaded = folder.Folder.load(folder.FolderOptions(path=str(album)))
    assert len(loaded.train) + len(loaded.heldout) == 8
    assert torch.cat([loaded.train_labels, loaded.heldout_labels]).sum() == 4
    assert loaded.skipped == ("20 files: 8 of them, picked evenly, were read",)


def test_loading_in_steps_tells_how_far_it_is(album: Path) -> None:
    steps = data.load_steps("folder", {"path": str(album)})
    assert [next(steps) for _ in range(20)] == [(i, 20) for i in range(1, 21)]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert len(end.value.value.train) == 18
    assert load(album) is end.value.value


def test_loading_can_be_cancelled(album: Path) -> None:
    steps = data.load_steps("folder", {"path": str(album)})
    next(steps)
    steps.close()
    assert len(load(album).train) == 18


def test_odd_names_are_shown_safely(tmp_path: Path) -> None:
    strange = os.fsdecode(b"caf\xe9\n")
    paint(tmp_path / strange / "a.png", 1)
    paint(tmp_path / "plain" / "b.png", 2)
    (tmp_path / strange / "bad.png").write_text("")
    loaded = load(tmp_path)
    assert loaded.spec.attributes[0].values == ("caf\ufffd\ufffd", "plain")
    loaded.spec.attributes[0].values[0].encode("utf-8")
    assert loaded.skipped[0].startswith("caf\ufffd\ufffd/bad.png: ")


def test_no_folder_no_picture_or_one_picture_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Choose a folder of pictures first"):
        data.load("folder", {})
    with pytest.raises(BadInput, match="There is no folder"):
        load(tmp_path / "absent")
    with pytest.raises(BadInput, match="cannot be opened"):
        data.load("folder", {"path": "a\0b"})
    with pytest.raises(BadInput, match="No picture in"):
        load(tmp_path)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(BadInput, match=r"No picture in .* can be read \(a.png: it is not a picture\)"):
        load(tmp_path)
    paint(tmp_path / "b.png")
    with pytest.raises(BadInput, match="at least two different pictures"):
        load(tmp_path)
    with pytest.raises(BadInput, match="size must be one of 16, 28, 32, 64"):
        load(tmp_path, size="17")
