"""Colours for categories, told apart by people who do not see all colours."""

from __future__ import annotations

from PySide6.QtGui import QColor

OKABE_ITO = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442", "#999999")
MORE = ("#88CCEE", "#AA4499", "#44AA99", "#DDCC77", "#882255", "#6699CC", "#117733", "#CC6677")


def category(index: int) -> QColor:
    """The colour of a category; after sixteen they come round again."""
    colours = OKABE_ITO + MORE
    return QColor(colours[index % len(colours)])
