"""Asking for files and folders, and for a yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

CHECKPOINTS = "Checkpoints (*.safetensors)"
OPENABLE = "Checkpoints, genplay exports and texts (*.safetensors *.png *.apng *.gif *.webp *.npz *.txt)"
TEXTS = "Text files (*.txt *.md *.csv *.tsv);;All files (*)"


def ask_open(parent: QWidget, folder: str) -> str:
    """A file to open, "" when the user changed their mind."""
    return QFileDialog.getOpenFileName(parent, "Open a checkpoint or an exported picture", folder, OPENABLE)[0]


def ask_folder(parent: QWidget, folder: str) -> str:
    """A folder of pictures, "" when the user changed their mind."""
    return QFileDialog.getExistingDirectory(parent, "Choose a folder of pictures", folder)


def ask_text(parent: QWidget, folder: str) -> str:
    """A text file to learn from, "" when the user changed their mind."""
    return QFileDialog.getOpenFileName(parent, "Choose a text file", folder, TEXTS)[0]


def ask_save(parent: QWidget, name: str, folder: str) -> str:
    """Where to save a checkpoint, "" when the user changed their mind; asks before an existing file is replaced."""
    dialog = QFileDialog(parent, "Save the checkpoint", folder, CHECKPOINTS)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("safetensors")
    dialog.selectFile(f"{plain_name(name)}.safetensors")
    return dialog.selectedFiles()[0] if dialog.exec() else ""


def plain_name(name: str) -> str:
    """A run's name as a file name."""
    kept = "".join(c if c.isalnum() or c in " -_." else " " for c in name)
    return "-".join(kept.split()).strip(".-").lower()[:80] or "model"


def confirm(parent: QWidget, text: str, detail: str, verb: str, then: Callable[[], None]) -> QMessageBox:
    """Ask without blocking; ``then`` is called for a yes."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "genplay", text, parent=parent)
    box.setInformativeText(detail)
    yes = box.addButton(verb, QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(no)
    yes.clicked.connect(then)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def parent_folder(path: str) -> str:
    """The folder of a file."""
    return str(Path(path).parent)
