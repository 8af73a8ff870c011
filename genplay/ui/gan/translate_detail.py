"""One picture and its translation, large, with what the discriminator says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.gan.pictures_detail import verdict
from genplay.ui.views.picture import Picture
from genplay.ui.views.sides import scored, side_text

SIDE, WORDS = 96, 138


@dataclass(frozen=True, eq=False)
class Turned:
    """Input, output and what it is compared with (H, W, C), the output's score, and the distance as a share."""

    pictures: tuple[np.ndarray, np.ndarray, np.ndarray]
    score: float
    threshold: float
    distance: float
    compared: str  # "truth" or "round trip"


class TranslateDetail(QWidget):
    """Three pictures under their names, then the score in words."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = tuple(Picture(ground="background") for _ in range(3))
        self.names = tuple(QLabel(alignment=Qt.AlignmentFlag.AlignHCenter) for _ in range(3))
        self.number, self.verdict, self.distance = QLabel(), QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.number.setFont(theme.font(18, QFont.Weight.DemiBold))
        self.turned: Turned | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for picture, name in zip(self.pictures, self.names):
            picture.setFixedSize(SIDE, SIDE)
            picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            name.setProperty("role", "dim")
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addStretch(1)
            column.addWidget(name)
            column.addWidget(picture)
            column.addStretch(1)
            row.addLayout(column)
        row.addSpacing(8)
        row.addLayout(self._words())
        theme.signals().changed.connect(self._tell)
        self.look(None)

    def _words(self) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        for label in (self.number, self.verdict, self.distance):
            label.setFixedWidth(WORDS)
            words.addWidget(label)
        for label in (self.verdict, self.distance):
            label.setProperty("role", "dim")
        words.addStretch(1)
        return words

    def look(self, turned: Turned | None) -> None:
        """Show a translation, None for none."""
        self.turned = turned
        compared = turned.compared if turned else ""
        for i, (picture, name, title) in enumerate(zip(self.pictures, self.names, ("input", "output", compared))):
            picture.set_image(turned.pictures[i] if turned else None)
            picture.setAccessibleName(title)
            name.setText(title if turned else "")
        self._tell()

    def _tell(self) -> None:
        turned = self.turned
        for label in (self.number, self.verdict, self.distance):
            label.setVisible(turned is not None)
        if turned is None:
            return
        says_real = turned.score >= turned.threshold
        self.number.setText(scored(turned.score))
        self.number.setStyleSheet(f"color: {side_text(says_real).name()}")
        self.verdict.setText(verdict(False, says_real))
        share = f"{100 * turned.distance:.1f} %"
        far = f"{share} from the truth" if turned.compared == "truth" else f"{share} lost on the round trip"
        self.distance.setText(far)
