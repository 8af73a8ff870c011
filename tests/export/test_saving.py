"""Where files go: options checked, nothing overwritten unasked, nothing half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genplay import export
from genplay.contract import atomic
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.contract.requests import DrawSamples
from genplay.export.options import Options, checked

RECIPE = Recipe("0123456789abcdef", "vae", "faces", 7, DrawSamples(n=5, seed=3))
X = np.zeros((1, 4, 4, 3), np.uint8)


def test_files_hold_what_encode_gives_whatever_they_are_called(tmp_path: Path) -> None:
    options = {"format": "png", "scale": 2}
    one, two = tmp_path / "one.png", tmp_path / "two"
    assert export.write(X, one, RECIPE, options) == one
    export.write(X, str(two), RECIPE, options)
    assert one.read_bytes() == two.read_bytes() == export.encode(X, RECIPE, options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.png", "two"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(BadInput, match=r"^a\.png already exists\.$"):
        export.write(X, path, RECIPE, {})
    assert path.read_bytes() == b"precious"
    export.write(X, path, RECIPE, {}, overwrite=True)
    assert path.read_bytes().startswith(b"\x89PNG")
    dangling = tmp_path / "b.png"
    dangling.symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(BadInput, match="already exists"):
        export.write(X, dangling, RECIPE, {})


def test_folders_and_refused_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a folder"):
        export.write(X, tmp_path, RECIPE, {}, overwrite=True)
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "a.png", tmp_path / ("n" * 300 + ".png"), tmp_path / "a\0b.png"):
        with pytest.raises(BadInput) as caught:
            export.write(X, path, RECIPE, {})
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match=r"a\.png cannot be saved"):
        export.write(X, tmp_path / "a.png", RECIPE, {})


@pytest.mark.parametrize(
    ("name", "options", "start"),
    [
        ("a.png", {}, b"\x89PNG"),
        ("a.PNG", {"what": "animation"}, b"\x89PNG"),
        ("a.apng", {"what": "animation"}, b"\x89PNG"),
        ("a.apng", {}, b"\x89PNG"),
        ("a.gif", {}, b"GIF8"),
        ("a.webp", {}, b"RIFF"),
        ("a.npz", {}, b"PK"),
        ("a", {}, b"\x89PNG"),
    ],
)
def test_the_ending_decides_where_no_format_is_given(tmp_path: Path, name: str, options: Any, start: bytes) -> None:
    path = export.write(X, tmp_path / name, RECIPE, options)
    assert path.read_bytes().startswith(start)


def test_a_name_that_contradicts_its_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a\.gif does not suit the format 'png'"):
        export.write(X, tmp_path / "a.gif", RECIPE, {"format": "png"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {"format": "bmp"},
        {"format": ["png"]},
        {"what": "film"},
        {"scale": 0},
        {"scale": 1.5},
        {"scale": True},
        {"scale": float("nan")},
        {"scale": 10**400},
        {"spacing": -1},
        {"columns": "3"},
        {"fps": 0},
        {"fps": float("inf")},
        {"background": "red"},
        {"background": "#12345"},
        {"background": None},
        {"colour": "#123456"},
        {"format": "npz", "what": "grid"},
        {"format": "png", "what": "animation"},
        {"format": "apng", "what": "grid"},
        {"format": "png", "what": "arrays"},
        {"scale": "x" * 5000},
    ],
)
def test_options_that_cannot_be_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        checked(options)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300


def test_plain_options_give_the_same_options_again() -> None:
    options = checked({"format": "gif", "what": "animation", "scale": 3.0, "fps": 12, "background": "#00aaFF"})
    assert options == Options("gif", "animation", 3, 0, 0, 12.0, "#00aaFF")
    assert checked(options.plain()) == options
    assert options.colour == (0, 170, 255)


def test_atomic_write_keeps_links_and_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    atomic.write(real, b"one")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(real.stat().st_mode) == 0o666 & ~mask
    real.chmod(0o600)
    link.symlink_to(real)
    atomic.write(link, b"two")
    assert link.is_symlink()
    assert real.read_bytes() == b"two"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    atomic.write(path, b"old")

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="No space"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_sweep_removes_orphans_and_spares_the_young(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    orphan, young, kept = (tmp_path / "deep" / n for n in (f".a{atomic.SUFFIX}", f".b{atomic.SUFFIX}", "c"))
    for path in (orphan, young, kept):
        path.write_bytes(b"")
    os.utime(orphan, (1, 1))
    assert atomic.sweep(tmp_path, older_than=3600) == 1
    assert atomic.sweep(tmp_path) == 1
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["c"]
