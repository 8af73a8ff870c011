"""The text that is worked on: typed in a field, or character by character on the large line below it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from genplay.contract.spec import VEIL
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.line_of_text import LineOfText
from genplay.ui.writing.state import OPEN, WritingState

HINT = "Type a beginning; _ is an open place"
ON_THE_LINE = "Click a character and type another; ⌫ opens its place"


class Desk(QFrame):
    """Shows a :class:`WritingState` and tells what the hand does to it."""

    text_typed = Signal(str)  # in the field, as it was typed
    place_chosen = Signal(int)
    character_typed = Signal(str)  # at the place
    erased = Signal()  # the character at the place
    write_wanted = Signal()  # Enter

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.field = QLineEdit(placeholderText=HINT)
        self.field.setAccessibleName("Beginning of the text")
        self.field.setToolTip(f"{HINT}. Enter writes the rest.")
        self.field.textEdited.connect(self.text_typed)
        self.field.returnPressed.connect(self.write_wanted)
        self.line = LineOfText(selectable=True)
        self.line.chosen.connect(self.place_chosen)
        self.line.typed.connect(self.character_typed)
        self.line.erased.connect(self.erased)
        self.told = ElidedLabel()
        label = QLabel("Text")
        label.setProperty("role", "dim")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.field, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 8)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.line)
        column.addStretch(1)
        column.addWidget(self.told)

    def show_state(self, state: WritingState, length: int) -> None:
        """Bring field and line to a state."""
        typed = state.text.replace(VEIL, OPEN)
        if self.field.text() != typed:
            self.field.setText(typed)
        text = state.text + (VEIL * (length - len(state.text)) if state.open_end else "")
        if text != self.line.text:
            self.line.set_text(text, None, length)
            self.told.setText(ON_THE_LINE)
        self.line.select(state.place)

    def show_surprise(self, surprise: object, text: str) -> None:
        """Bits (L,) of the characters of ``text``, if it is still on show."""
        import numpy as np

        if text != self.line.text or not isinstance(surprise, np.ndarray):
            return
        self.line.set_text(text, surprise, self.line.length)
        count = min(len(text) + 1, len(surprise))
        bits = surprise[:count]
        self.told.setText(f"{bits.sum():.1f} bits, {bits.mean():.2f} per character · {ON_THE_LINE}")
