"""Runs on disk: a folder each, every file written whole or not at all, deleted runs in a trash until the next start.

A folder holds ``run.json`` (the card: what the run is), ``state.safetensors`` (weights, averages, optimisers, random
streams, position in the data; its step rules), ``curves.jsonl`` and ``film.npz``. Rows of the latter two beyond the
state's step are ignored on reading, so a kill between two writes loses nothing else.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genplay.contract import atomic
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.core import checkpoint
from genplay.engine.claim import claim
from genplay.engine.curves import Curves

TRAINING = "training"  # an empty file beside the state of a run that trains


@dataclass
class SavedRun:
    """A run as it stands on disk; tensors are read apart, when it is woken."""

    run_id: str
    card: Card
    folder: Path
    was_training: bool = False  # when the program ended without saving it
    film: list[tuple[int, np.ndarray]] = field(default_factory=list)


class Store:
    """The folder of all runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trash = root.parent / "trash"
        self.is_ours = True
        self._claim: int | None = None

    def claim(self) -> bool:
        """Take the folder for this process until ``release``; where that fails, nothing is written from now on.

        Raises ``OSError`` when the folder cannot be used.
        """
        self.is_ours = False
        self.root.mkdir(parents=True, exist_ok=True)
        self._claim = claim(self.root / ".lock")
        self.is_ours = self._claim is not None
        return self.is_ours

    def release(self) -> None:
        """Let another process have the folder."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def open(self) -> tuple[list[SavedRun], list[str]]:
        """All saved runs, oldest first, and a sentence for each that cannot be read. Sweeps up after a crash.

        Raises ``OSError`` when the folder cannot be used.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        atomic.sweep(self.root)
        shutil.rmtree(self.trash, ignore_errors=True)
        found, problems = [], []
        for folder in sorted((p for p in self.root.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime):
            if not any((folder / name).exists() for name in ("run.json", "state.safetensors")):
                shutil.rmtree(folder, ignore_errors=True)  # killed in its first write: there is nothing to keep
                continue
            try:
                found.append(self._read(folder))
            except BadInput as error:
                problems.append(f"The saved run {folder.name} was left alone: {error}")
        return found, problems

    def _read(self, folder: Path) -> SavedRun:
        try:
            if (folder / "run.json").stat().st_size > 8 << 20:
                raise BadInput("its card is too large.")
            card = Card.from_json((folder / "run.json").read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            raise BadInput("its card cannot be read.") from None
        was_training = (folder / TRAINING).exists()
        return SavedRun(folder.name, card, folder, was_training, _read_film(folder / "film.npz", card.step))

    def note_training(self, run_id: str, training: bool) -> None:
        """Leave a mark with a run that trains, so that the next start can tell when this one was cut short."""
        mark = self.root / run_id / TRAINING
        if not self.is_ours or not mark.parent.is_dir() or training == mark.exists():
            return
        mark.touch() if training else mark.unlink(missing_ok=True)

    def write(
        self,
        run_id: str,
        card: Card,
        state: tuple[dict[str, torch.Tensor], dict[str, Any]],
        curves: Curves,
        film: list[tuple[int, np.ndarray]],
    ) -> None:
        """Save a run, if the folder is ours.

        The state is renamed into place before the card, which only ever names a state that is there.
        """
        if not self.is_ours:
            return
        folder = self.root / run_id
        if not folder.is_dir():
            curves.save_all_again()
        lines, whole = curves.unsaved_lines()
        try:
            _put_lines(folder / "curves.jsonl", lines, whole)
        except OSError:
            curves.save_all_again()
            raise
        atomic.write(folder / "film.npz", _film_bytes(film))
        atomic.write(folder / "state.safetensors", checkpoint.pack(*state))
        atomic.write(folder / "run.json", card.to_json().encode())

    def read_state(self, run_id: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Tensors and plain values of a saved run; raises ``BadInput``."""
        path = self.root / run_id / "state.safetensors"
        try:
            return checkpoint.unpack(path.read_bytes())
        except OSError as error:
            raise BadInput(f"The saved state of the run cannot be read: {error.strerror}.") from None

    def read_curves(self, run_id: str, last_step: int) -> Curves:
        """Logged rows up to a step."""
        curves = Curves()
        try:
            with (self.root / run_id / "curves.jsonl").open(encoding="utf-8", errors="replace") as file:
                curves.read_lines(file, last_step)
        except OSError:
            pass  # a run saved before its first step has none
        return curves

    def discard(self, run_id: str) -> None:
        """Move a run to the trash."""
        folder = self.root / run_id
        if folder.is_dir():
            self.trash.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.trash / run_id, ignore_errors=True)
            folder.rename(self.trash / run_id)

    def bring_back(self, run_id: str) -> bool:
        """Undo ``discard``; False when there is nothing in the trash."""
        if not (self.trash / run_id).is_dir():
            return False
        (self.trash / run_id).rename(self.root / run_id)
        return True


def _put_lines(path: Path, lines: str, whole: bool) -> None:
    if whole:
        atomic.write(path, lines.encode())
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(lines)


def _film_bytes(film: list[tuple[int, np.ndarray]]) -> bytes:
    buffer = io.BytesIO()
    arrays = {f"frame{i}": x for i, (_, x) in enumerate(film)}
    np.savez_compressed(buffer, steps=np.array([step for step, _ in film], dtype=np.int64), **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _read_film(path: Path, last_step: int) -> list[tuple[int, np.ndarray]]:
    """Frames up to a step; a damaged film is only a film, and is left out."""
    damage = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError, OverflowError)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            steps = arrays["steps"].tolist()
            film = [(int(step), arrays[f"frame{i}"]) for i, step in enumerate(steps) if step <= last_step]
    except (*damage, zipfile.BadZipFile, zlib.error):
        return []
    return [(step, x) for step, x in film if x.dtype in (np.uint8, np.float32, np.int64)]
