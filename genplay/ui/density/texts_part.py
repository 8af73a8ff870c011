"""Likelihoods of texts: of sets that a model should and should not like, the extremes, and which characters cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from genplay.contract.capability import Capability
from genplay.contract.requests import NextProbs
from genplay.contract.results import Answer
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.density.pictures_part import PicturesPart
from genplay.ui.views.line_of_text import LineOfText
from genplay.ui.views.strings import Strings

CHOOSE_TEXT = "Click a text to see which of its characters cost how many bits."
WHOLE = "This model gives bits of whole texts only."


class TextColumn(Strings):
    """A column of texts with their bits."""

    def __init__(self) -> None:
        super().__init__()
        self.spec: DataSpec | None = None
        self.columns = 1
        self.align = Qt.AlignmentFlag.AlignLeft

    def set_images(self, x: np.ndarray | None, captions: Sequence[str] = ()) -> None:
        """Show tokens (N, L) with a number beside each."""
        shown = self.spec.text(x) if x is not None and self.spec is not None else []
        self.set_texts(shown, notes=captions if shown else ())


class TextsPart(PicturesPart):
    """What is seen of a run that writes texts."""

    kind: ClassVar[Kind] = Kind.TOKENS
    noun: ClassVar[str] = "texts"

    def _lay_out(self) -> None:
        self.grids = (TextColumn(), TextColumn())  # type: ignore[assignment]
        self.line = LineOfText()
        self.rows.unit = "bits / char"  # type: ignore[misc]
        self.rows.setAccessibleName("Bits per character by set")
        self.words.setText(CHOOSE_TEXT)
        for label in (self.told, self.words):
            label.setProperty("role", "dim")
            label.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.told, 1)
        head.addWidget(self.again)
        below = QHBoxLayout()
        below.setSpacing(16)
        for title, grid in zip(self.heads, self.grids):
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(title)
            column.addWidget(grid, 1)
            below.addLayout(column, 3)
        look = QVBoxLayout()
        look.setSpacing(8)
        for widget in (QLabel("<b>Bits by character</b>"), self.line, self.words):
            look.addWidget(widget)
        look.addStretch(1)
        below.addLayout(look, 4)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(head)
        whole.addWidget(self.rows, 5)
        whole.addLayout(below, 6)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Nothing changes its place."""

    def follow(self) -> None:
        run = self.session.run
        for grid in self.grids:
            grid.spec = run.spec if run is not None else None  # type: ignore[attr-defined]
        super().follow()

    def _look(self, side: int, index: int) -> None:
        """Ask which characters of a text cost how much."""
        found, ranks, run = self.found, self._ranks[side], self.session.run
        if found is None or run is None or not 0 <= index < len(ranks) or not self._able():
            return
        self.grids[1 - side].select(-1)
        self.grids[side].select(index)
        self.looked = int(ranks[index])
        tokens = found.x[self.looked]
        text = run.spec.text(tokens[None])[0]
        self.line.set_text(text)
        if Capability.NEXT_PROBS not in run.capabilities:
            self.words.setText(f"{float(found.bits.ravel()[self.looked]):.2f} bits per character. {WHOLE}")
            return
        self._put("map", NextProbs(tokens, 0), lambda answer: self._take_bits(answer, text))

    def _take_bits(self, answer: Answer, text: str) -> None:
        bits = answer.value.surprise
        if bits is None or self.line.text != text:
            return
        self.line.set_text(text, bits)
        count = min(len(text) + 1, len(bits))
        mean = float(bits[:count].mean())
        self.words.setText(
            f"{mean:.2f} bits per character, the end counting as one: the stronger the ground, the less expected."
        )

    def _show_map(self) -> None:
        """Nothing of its own: a text is shown when it is chosen."""
        if self.found is None:
            self.line.set_text("")
            self.words.setText(CHOOSE_TEXT)
