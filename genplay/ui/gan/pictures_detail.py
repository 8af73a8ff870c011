"""One picture that a discriminator has judged, large, with its score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.views.picture import Picture
from genplay.ui.views.sides import scored, side_text

SIDE, WORDS = 112, 146


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture (H, W, C), whether it is real, its rank by score among so many, and the score."""

    x: np.ndarray
    real: bool
    rank: int
    total: int
    score: float
    threshold: float


class PictureDetail(QWidget):
    """The picture at the left, what is said about it at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture(ground="background")
        self.picture.setFixedSize(SIDE, SIDE)
        self.picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.picture.setAccessibleName("The picture looked at")
        self.kind, self.rank, self.verdict = QLabel(), QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.number = QLabel()
        self.number.setFont(theme.font(18, QFont.Weight.DemiBold))
        for label in (self.rank, self.verdict):
            label.setProperty("role", "dim")
        self._looked: Looked | None = None
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        for label in (self.kind, self.number, self.verdict, self.rank):
            label.setFixedWidth(WORDS)
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.picture)
        row.addLayout(words)
        theme.signals().changed.connect(self._tell)
        self._tell()

    @property
    def looked(self) -> Looked | None:
        """What is on show."""
        return self._looked

    def look(self, looked: Looked | None) -> None:
        """Show a picture, None for none."""
        self._looked = looked
        self.picture.set_image(None if looked is None else looked.x)
        self._tell()

    def _tell(self) -> None:
        looked = self._looked
        for label in (self.kind, self.number, self.verdict, self.rank):
            label.setVisible(looked is not None)
        if looked is None:
            return
        says_real = looked.score >= looked.threshold
        self.kind.setText("real picture" if looked.real else "generated picture")
        self.number.setText(scored(looked.score))
        self.verdict.setText(verdict(looked.real, says_real))
        self.rank.setText(f"no. {looked.rank + 1} of {looked.total} by score")
        for label, side in ((self.kind, looked.real), (self.number, says_real)):
            label.setStyleSheet(f"color: {side_text(side).name()}")


def verdict(real: bool, says_real: bool) -> str:
    """What the discriminator says of a picture, and whether that is right, in few words."""
    said = "real" if says_real else "generated"
    if real == says_real:
        return f"D says {said}: right"
    return f"D says {said}: it is fooled" if says_real else f"D says {said}: wrong"
