"""The two sides that a discriminator tells apart, in colours that are told apart in both themes."""

from __future__ import annotations

from PySide6.QtGui import QColor

from genplay.ui import theme

TEXT = {"dark": ("#56B4E9", "#E69F00"), "light": ("#00659C", "#8A5A00")}  # real, generated: at least 4.5:1 as text
FILL = ("#56B4E9", "#E69F00")


def side_text(real: bool) -> QColor:
    """The colour of words and numbers of a side."""
    return QColor(TEXT[theme.shown()][0 if real else 1])


def side_fill(real: bool, opacity: float = 1.0) -> QColor:
    """The colour of areas of a side."""
    colour = QColor(FILL[0 if real else 1])
    colour.setAlphaF(opacity)
    return colour


def scored(score: float) -> str:
    """A discriminator's score as it is written: +1.25 or −0.50.

    >>> scored(1.25), scored(-0.5), scored(-132.2)
    ('+1.25', '−0.50', '−132')
    """
    text = f"{score:+.2f}" if abs(score) < 10 else f"{score:+.1f}" if abs(score) < 100 else f"{score:+.0f}"
    return text.replace("-", "−")
