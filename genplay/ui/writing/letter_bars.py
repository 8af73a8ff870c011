"""The most probable next characters as bars; the one that stands there is marked, what is cut off is grey."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from genplay.ui import theme
from genplay.ui.painting.colour_bars import ColourBars, Distribution
from genplay.ui.views import lettering
from genplay.ui.views.line_of_text import END

SPACE = "␣"


class LetterBars(ColourBars):
    """A row a character of ``vocabulary``, likeliest first; ``clicked`` gives its token."""

    what = "write it here, and the rest anew"

    def __init__(self) -> None:
        super().__init__()
        self.vocabulary: tuple[str, ...] = ()
        self.setAccessibleName("Distribution of this character")

    def set_probabilities(self, probs: np.ndarray, kept: np.ndarray, drawn: int) -> None:
        """What the model says (V,), what sharpening leaves of it (V,), and the token that stands there."""
        self.set_distribution(Distribution(probs, kept, np.zeros((len(probs), 0), np.uint8), drawn, "character"))

    def _tint(self, value: int) -> QColor:
        return theme.colour("accent")

    def _draw_sign(self, painter: QPainter, square: QRectF, value: int) -> None:
        sign = self.sign(value)
        painter.save()
        painter.setPen(theme.colour("text" if value else "dim"))
        if value and len(sign) == 1 and sign != SPACE:
            width = lettering.cell(14)[0]
            place = QPointF(square.center().x() - width / 2, square.center().y())
            lettering.draw(painter, place, sign, 14, theme.colour("text"))
        else:
            painter.drawText(square.adjusted(-2, -2, 2, 2), Qt.AlignmentFlag.AlignCenter, sign)
        painter.restore()

    def sign(self, value: int) -> str:
        """How a character is written in a bar."""
        name = self.vocabulary[value] if value < len(self.vocabulary) else ""
        return END if not name else SPACE if name == " " else name

    def _name(self, value: int) -> str:
        sign = self.sign(value)
        return {END: "the end of the text", SPACE: "a space"}.get(sign, sign)
