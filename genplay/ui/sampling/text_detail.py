"""One text, large, beside the others: how surprising each of its characters is, and whether it is new."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.views.line_of_text import LineOfText


class TextDetail(QWidget):
    """The chosen text with what one can do with it."""

    closed = Signal()
    writing_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.title = QLabel(wordWrap=True)
        self.line = LineOfText()
        self.verdict, self.legend = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.legend.setProperty("role", "dim")
        self.copy = QPushButton(theme.icon("copy"), "Copy this text")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        self.write = QPushButton(theme.icon("rename"), "Take it to Writing")
        self.write.setToolTip("Change characters of it and let the model write the rest anew")
        self.write.clicked.connect(self.writing_wanted)
        self.close_button = QPushButton(theme.icon("close", "dim"), "")
        self.close_button.setProperty("role", "flat")
        self.close_button.setToolTip("Close (Esc)")
        self.close_button.setAccessibleName("Close the large text")
        self.close_button.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for widget in (self.line, self.legend, self.verdict, self.write, self.copy):
            column.addWidget(widget)
        column.addStretch(1)

    def show_text(self, text: str, caption: str, verdict: str) -> None:
        """Show a text, and in a sentence whether it is new."""
        if text != self.text:
            self.line.set_text(text)
            self.legend.setText("")
        self.text = text
        self.title.setText(caption)
        self.verdict.setText(verdict)
        self.verdict.setVisible(bool(verdict))

    def show_surprise(self, surprise: np.ndarray) -> None:
        """Bits (L,) of its characters and of its end."""
        self.line.set_text(self.text, surprise)
        shown = surprise[: len(self.text) + 1]
        self.legend.setText(
            f"{shown.sum():.1f} bits, {shown.mean():.2f} per character: the stronger the ground, the less expected"
        )

    def set_writable(self, possible: bool) -> None:
        """Whether the Writing tab can take the text."""
        self.write.setEnabled(possible)
