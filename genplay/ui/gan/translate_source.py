"""Which pictures are translated: held-out ones of the data by a seed, or one of the user's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from genplay.contract.errors import BadInput
from genplay.contract.requests import Translate
from genplay.contract.spec import DataSpec
from genplay.ui.views.picture_files import fitted, picture_of, read_picture

HELD_OUT = "Held-out pictures"
PICTURES = 32


class TranslateSource(QObject):
    """``changed`` when other pictures are to be translated, ``refused`` (a sentence) when one cannot be."""

    changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.seed = 0
        self.own: np.ndarray | None = None  # uint8 (1, H, W, C)
        self.title = HELD_OUT
        self.spec: DataSpec | None = None  # of the run

    def question(self, way: int, strength: float, condition: tuple[int, ...]) -> Translate:
        """What to ask."""
        return Translate(PICTURES, self.own, way, strength, condition, seed=self.seed)

    def key(self) -> tuple[object, ...]:
        """What tells one source from another."""
        return (self.seed, id(self.own) if self.own is not None else 0)

    def set_run(self, spec: DataSpec | None, seed: int) -> None:
        """Another run, with its own seed: an own picture stays where it fits."""
        if spec is None or self.spec is None or spec.shape != self.spec.shape:
            self.own, self.title = None, HELD_OUT
        self.spec, self.seed = spec, seed

    def hold_out(self, seed: int) -> None:
        """The held-out pictures of a seed."""
        self.seed, self.own, self.title = seed, None, HELD_OUT
        self.changed.emit()

    def roll(self) -> None:
        """Other held-out pictures."""
        self.hold_out(int.from_bytes(os.urandom(4), "big") % 100_000)

    def open_file(self, path: Path) -> None:
        """A picture file."""
        self._use(lambda: read_picture(path), path.name)

    def paste(self) -> None:
        """The picture on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """A picture that was pasted or dropped."""
        urls = mime.urls() if mime is not None else []
        self._use(lambda: picture_of(mime), urls[0].fileName() if urls else "Your picture")

    def give(self, x: np.ndarray, title: str, seed: int = -1) -> None:
        """Take pictures uint8 (N, H, W, C)."""
        self.own, self.title = np.ascontiguousarray(x), title
        self.seed = self.seed if seed < 0 else seed
        self.changed.emit()

    def _use(self, source: Callable[[], QImage], title: str) -> None:
        if self.spec is None:
            return
        channels, height, width = self.spec.shape
        try:
            self.give(fitted(source(), height, width, channels)[None], title)
        except BadInput as error:
            self.refused.emit(str(error))
