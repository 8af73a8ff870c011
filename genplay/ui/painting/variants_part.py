"""The variants of a completion side by side, and the tape of places: a click takes one, the slider goes back."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.painting.completing import Completer
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.pixels import whole_factor
from genplay.ui.views.slider import ValueSlider

INVITATION = "Erase something and press Complete, or resample what comes after a pixel: the variants appear here."
TALL, SHORT = 132, 44  # pixels of the row of pictures at most, and without any
ONE_ROW = 8  # pictures side by side; more stand in two rows


class VariantsPart(QWidget):
    """A row of pictures above a slider over the places."""

    drag_out = Signal(int)

    def __init__(self, completer: Completer) -> None:
        super().__init__()
        self.completer = completer
        self.grid = ImageGrid(gap=6)
        self.grid.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.grid.selectable = False
        self.grid.setAccessibleName("Variants")
        self.grid.setToolTip("Click a variant to make it the picture (undo brings the old one back)")
        self.grid.clicked.connect(completer.take)
        self.grid.drag_out.connect(self.drag_out)
        self.note = QLabel(INVITATION, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.note.setProperty("role", "dim")
        self.tape = ValueSlider(0, 1, 0, 0, integer=True)
        self.tape.setAccessibleName("Place in the tape")
        self.tape.setToolTip("How far the pictures had been drawn · arrows step, Home and End go to the ends")
        self.tape.moved.connect(lambda place: completer.seek(round(place)))
        self.about = ElidedLabel()
        self._lay_out()
        completer.changed.connect(self._follow)
        theme.signals().changed.connect(self._follow)
        self._follow()

    def _lay_out(self) -> None:
        views = QWidget()
        self._views = QStackedLayout(views)
        self._views.addWidget(self.grid)
        self._views.addWidget(self.note)
        self._room = views
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.tape, 1)
        row.addWidget(self.about, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(views)
        layout.addLayout(row)

    def _follow(self) -> None:
        made = self.completer
        known = bool(made.frames)
        self._views.setCurrentWidget(self.grid if known or made.running else self.note)
        for widget in (self.tape, self.about):
            widget.setVisible(known)
        if not known or made.variants is None:
            self.grid.set_images(None)
            self._fit()
            return
        places = made.places()
        self.tape.low = float(places[0] - (1 if len(places) == 1 else 0))
        self.tape.high = self.tape.default = float(places[-1])
        self.tape.setEnabled(not made.running)
        self.tape.set_value(made.drawn())
        self.grid.set_images(hatched(made.variants, made.missing()), slots=len(made.variants))
        self._fit()
        self.grid.select(made.focus if made.running else made.taken)
        self._tell()

    def _fit(self) -> None:
        """As much height as one row of pictures takes at the largest whole factor, or two where they are many."""
        x, ratio = self.completer.variants, self.devicePixelRatioF()
        height = SHORT
        if x is not None:
            columns = len(x) if len(x) <= ONE_ROW else -(-len(x) // 2)
            rows = -(-len(x) // columns)
            width = (self.width() - (columns - 1) * self.grid.gap) / columns
            scale = whole_factor(width, (TALL - 6) / rows, x.shape[2], x.shape[1], ratio)
            height = max(SHORT, round(rows * (x.shape[1] * scale + self.grid.gap)))
            self.grid.columns = columns
        if self._room.height() != height or self._room.minimumHeight() != height:
            self._room.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _tell(self) -> None:
        made = self.completer
        assert made.question is not None and made.question.mask is not None
        size = made.question.mask.size
        ways = len(made.variants) if made.variants is not None else 0
        parts = [
            f"of {size} places",
            f"{ways} way{'' if ways == 1 else 's'}",
            f"seed {made.question.seed}",
        ]
        self.about.setText("  ·  ".join(parts))
        self.about.setToolTip(self.about.text())


def hatched(x: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W, C) in which what is missing (H, W) is a checkerboard of two quiet greys."""
    if not missing.any():
        return x
    rows, columns = np.indices(missing.shape)
    pattern = np.where(((rows + columns) % 2 == 0)[..., None], _grey("card"), _grey("line"))
    shown = np.where(missing[None, ..., None], pattern[None, ..., : x.shape[-1]], x)
    return np.ascontiguousarray(shown, np.uint8)


def _grey(token: str) -> np.ndarray:
    tint = theme.colour(token)
    return np.array([tint.red(), tint.green(), tint.blue()], np.uint8)
