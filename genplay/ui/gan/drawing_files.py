"""The drawings on disk: which there are, and what each holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genplay.contract import drawn
from genplay.contract.errors import BadInput
from genplay.ui.files import plain_name

MOST = 40  # drawings that are offered, newest first


def path_for(name: str) -> Path:
    """Where a drawing of this name belongs."""
    return drawn.folder() / f"{plain_name(name)}.npz"


def read(path: str) -> tuple[np.ndarray, str]:
    """The density of a drawing, at most 1 everywhere, and its name; raises ``BadInput``."""
    density, name = drawn.read(path)
    return density / max(1.0, float(density.max())), name


def listed() -> list[tuple[str, str]]:
    """Path and name of the drawings that can be read, newest first."""
    try:
        files = sorted(drawn.folder().glob("*.npz"), key=lambda f: -f.stat().st_mtime)
    except OSError:
        return []
    return [(str(file), name) for file in files[:MOST] if (name := name_of(str(file)))]


def name_of(path: str) -> str:
    """What a drawing is called, "" where it cannot be read."""
    try:
        return read(path)[1] if path else ""
    except BadInput:
        return ""
