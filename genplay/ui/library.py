"""The shipped checkpoints, known from their headers alone."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from genplay.contract import card as cards
from genplay.contract import paths
from genplay.contract.errors import BadInput

FIRST = "vae-faces16"  # the one that is open at the first start


@dataclass(frozen=True)
class LibraryItem:
    """A checkpoint file: its card, or why it has none."""

    path: Path
    card: cards.Card | None
    reason: str = ""

    @property
    def preview(self) -> bytes:
        """The PNG of nine samples on its card, b"" if there is none."""
        try:
            return base64.b64decode(self.card.preview, validate=True) if self.card else b""
        except (binascii.Error, ValueError):
            return b""


def read(folder: Path | None = None) -> list[LibraryItem]:
    """The checkpoints of a folder, the first to show first; a damaged one comes with the reason."""
    folder = folder or paths.shipped("checkpoints")
    files = sorted(folder.glob("*.safetensors"), key=lambda path: (path.stem != FIRST, path.name))
    return [_item(path) for path in files]


def read_first(folder: Path | None = None) -> LibraryItem | None:
    """The checkpoint that a first start opens, if there is any that can be read."""
    folder = folder or paths.shipped("checkpoints")
    first = folder / f"{FIRST}.safetensors"
    item = _item(first) if first.is_file() else None
    if item is None or item.card is None:
        item = next((i for i in read(folder) if i.card), None)
    return item


def _item(path: Path) -> LibraryItem:
    try:
        return LibraryItem(path, cards.read(path))
    except BadInput as error:
        return LibraryItem(path, None, str(error))
