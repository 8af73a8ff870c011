from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from genplay import __version__
from genplay.contract.recipe import Recipe
from genplay.contract.requests import Decode
from genplay.export import read_recipe
from genplay.ui import drag_out, theme
from genplay.ui.export_dialog import ExportDialog, whats_of
from genplay.ui.panel import Exhibit

QUESTION = Decode(np.zeros((1, 2), np.float32))
CHECKPOINT = "faces.safetensors"
RECIPE = Recipe("0123456789abcdef", "vae", "Faces", 10, QUESTION, view={"panel": "latent"}, checkpoint=CHECKPOINT)


def exhibit(kind: str = "grid", n: int = 6, **facts: Any) -> Exhibit:
    x = np.random.default_rng(0).integers(0, 255, (n, 16, 16, 3)).astype(np.uint8)
    return Exhibit("Faces path", kind, x, QUESTION, 10, columns=3, arrays={"z": np.zeros((n, 2))}, **facts)


@pytest.fixture
def opened(qapp: QApplication) -> Iterator[Any]:
    theme.start(qapp, "dark")
    dialogs: list[ExportDialog] = []

    def make(shown: Exhibit, recipe: Recipe = RECIPE) -> ExportDialog:
        dialog = ExportDialog(shown, recipe)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.show()
        dialogs.append(dialog)
        return dialog

    yield make
    for dialog in dialogs:
        dialog.done(0)


def choose(combo: Any, data: str) -> None:
    combo.setCurrentIndex(combo.findData(data))
    assert combo.currentData() == data


def wait_saved(dialog: ExportDialog) -> None:
    for _ in range(200):
        if dialog._job is None:
            return
        QTest.qWait(20)
    raise AssertionError("it was not saved in time")


def test_grid_has_the_size_that_was_told(opened: Any, tmp_path: Path) -> None:
    dialog = opened(exhibit())
    dialog.scale.setValue(4)
    dialog.spacing.setValue(5)
    dialog.columns.setValue(2)
    assert dialog.size_label.text() == "133 × 202 px"
    dialog.save_as(tmp_path / "grid.png")
    wait_saved(dialog)
    assert dialog.note.text() == "Saved grid.png."
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (133, 202)
    recipe = read_recipe(tmp_path / "grid.png")
    assert recipe.view == {"panel": "latent"}
    assert recipe.export["spacing"] == 5
    assert recipe.made_with == f"genplay {__version__}"  # as the script writes it, for the same bytes


@pytest.mark.parametrize(("format", "suffix"), [("gif", ".gif"), ("apng", ".png"), ("webp", ".webp")])
def test_animation_in_every_format(opened: Any, tmp_path: Path, format: str, suffix: str) -> None:
    dialog = opened(exhibit("animation"))
    choose(dialog.format, format)
    dialog.fps.setValue(10)
    assert "6 frames   0.6 s" in dialog.size_label.text()
    dialog.save_as(tmp_path / f"path{suffix}")
    wait_saved(dialog)
    with Image.open(tmp_path / f"path{suffix}") as image:
        assert image.n_frames == 6
        assert image.size[0] == 16 * dialog.scale.value()


def test_preview_of_an_animation_moves(opened: Any) -> None:
    dialog = opened(exhibit("animation"))
    first = dialog.preview.image.copy()
    QTest.qWait(150)
    assert dialog.preview.image != first


def test_arrays_hold_data_and_codes(opened: Any, tmp_path: Path) -> None:
    dialog = opened(exhibit())
    choose(dialog.what, "arrays")
    assert not dialog.copy.isEnabled()
    dialog.save_as(tmp_path / "arrays.npz")
    wait_saved(dialog)
    with np.load(tmp_path / "arrays.npz") as held:
        assert np.array_equal(held["images"], dialog.exhibit.x)
        assert held["z"].shape == (6, 2)


def test_a_file_is_replaced_only_after_a_yes(opened: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(b"precious")
    dialog = opened(exhibit())
    box = dialog.save_as(path)
    assert "exists already" in box.text()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    QTest.qWait(50)
    assert path.read_bytes() == b"precious"
    box = dialog.save_as(path)
    yes: QAbstractButton = next(b for b in box.buttons() if b.text() == "Replace")
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    wait_saved(dialog)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_a_file_that_appears_meanwhile_is_left_alone(opened: Any, tmp_path: Path) -> None:
    dialog, path = opened(exhibit()), tmp_path / "race.png"
    path.write_bytes(b"precious")
    dialog._start(path, overwrite=False)  # as if it had come after the question was found needless
    wait_saved(dialog)
    assert path.read_bytes() == b"precious"
    assert "already exists" in dialog.note.text()


def test_a_folder_that_refuses_is_told_in_one_sentence(opened: Any, tmp_path: Path) -> None:
    dialog = opened(exhibit())
    (tmp_path / "file").write_text("")
    dialog.save_as(tmp_path / "file" / "x.png")
    wait_saved(dialog)
    assert "cannot be saved" in dialog.note.text()
    assert dialog.save.isEnabled()


def test_too_large_a_picture_is_told_before_it_is_made(opened: Any) -> None:
    many = Exhibit("Big", "grid", np.zeros((900, 28, 28, 1), np.uint8), QUESTION, 0, columns=30)
    dialog = opened(many)
    dialog.scale.setValue(64)
    assert "million" in dialog.note.text()
    assert not dialog.save.isEnabled()
    dialog.scale.setValue(1)
    assert dialog.save.isEnabled()
    assert dialog.size_label.text() == "840 × 840 px"


def test_copy_puts_the_picture_and_its_recipe_on_the_clipboard(opened: Any, tmp_path: Path) -> None:
    dialog = opened(exhibit("picture", 1))
    QTest.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    mime = QGuiApplication.clipboard().mimeData()
    assert mime.hasImage()
    (tmp_path / "pasted.png").write_bytes(bytes(mime.data("image/png").data()))
    assert read_recipe(tmp_path / "pasted.png").run == "Faces"


def test_copy_as_python(opened: Any) -> None:
    dialog = opened(exhibit())
    QTest.mouseClick(dialog.script, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert "genplay" in text
    assert "faces-path.png" in text
    compile(text, "script", "exec")


def test_a_run_in_progress_has_no_script_and_says_why(opened: Any) -> None:
    dialog = opened(exhibit(), dataclasses.replace(RECIPE, digest=""))
    QTest.mouseClick(dialog.script, Qt.MouseButton.LeftButton)
    assert "checkpoint" in dialog.note.text()


def test_script_as_a_file(opened: Any, tmp_path: Path) -> None:
    dialog = opened(exhibit("animation"))
    choose(dialog.format, "py")
    dialog.save_as(tmp_path / "path.py")
    wait_saved(dialog)
    assert "path.gif" in (tmp_path / "path.py").read_text()


def test_points_can_be_drawn_and_animated(opened: Any, tmp_path: Path) -> None:
    points = np.random.default_rng(0).standard_normal((30, 2)).astype(np.float32)
    assert whats_of(Exhibit("Ring", "picture", points, QUESTION, 0)) == ("picture", "arrays")
    dialog = opened(Exhibit("Ring path", "animation", points, QUESTION, 0))
    QTest.qWait(120)
    dialog.save_as(tmp_path / "ring.gif")
    wait_saved(dialog)
    with Image.open(tmp_path / "ring.gif") as image:
        assert image.n_frames > 1


def test_drag_out_file_carries_the_recipe() -> None:
    path = drag_out.temporary_png(exhibit("picture", 1), RECIPE)
    assert path.name == "faces-path.png"
    assert read_recipe(path).digest == RECIPE.digest
