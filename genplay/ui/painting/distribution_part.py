"""What one pixel is drawn from: its bars, its surprise, and what can be done about them with a click."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.results import Answer, NextProbs
from genplay.ui.painting.asking import look
from genplay.ui.painting.colour_bars import ColourBars, Distribution, colour_name
from genplay.ui.painting.completing import Completer
from genplay.ui.painting.level_bars import LevelBars
from genplay.ui.painting.session import PaintSession
from genplay.ui.painting.sharpening import bits, entropy, sharpened
from genplay.ui.painting.state import PaintState
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.painting import Painting

EARLIER = (
    "Pixels before this one are not drawn yet, so it has no distribution. Complete the picture, or look higher up."
)
DRAWING = "Its turn has not come yet…"
WAITING = "Point at a pixel to see what it was drawn from."
STRAY = "not in the palette: read as the nearest"
UNDRAWN = "not drawn yet"
TIP = "Surprise is −log₂ of the probability of the colour drawn; entropy is the surprise that the model expects"


class DistributionPart(QWidget):
    """Asks for the pixel under the pointer, else the one chosen, and shows the answer as sharpened by the sliders."""

    picked = Signal(tuple)  # a colour that a bar stands for

    def __init__(self, session: PaintSession, completer: Completer) -> None:
        super().__init__()
        self.session, self.completer = session, completer
        self.hover = -1
        self.answer: Answer | None = None
        self.parts: tuple[Distribution, ...] = ()
        self._asked: tuple[Any, ...] = ()
        self._shown: tuple[Any, ...] = ()  # what the answer on show is about
        self.title, self.about, self.note = ElidedLabel(), ElidedLabel(), QLabel(WAITING)
        self.about.setToolTip(TIP)
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.colours, self.levels = ColourBars(), LevelBars()
        self.colours.clicked.connect(lambda value: self._paint(0, value))
        self.levels.clicked.connect(self._paint)
        pages = QWidget()
        self.pages = QStackedLayout(pages)
        for widget in (self.note, self.colours, self.levels):
            self.pages.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addWidget(pages, 1)
        session.changed.connect(self._changed)
        session.aged.connect(self.refresh)
        session.run_changed.connect(self._run_changed)
        completer.shown.connect(self.refresh)

    # ---- which pixel

    @property
    def place(self) -> int:
        """The place looked at, in the order of reading."""
        return self.hover if self.hover >= 0 else self.session.state.place

    @property
    def picture(self) -> Painting | None:
        """The picture it is a place of."""
        return self.completer.large() or self.session.state.painting

    def set_hover(self, place: int) -> None:
        """Look at another place for the moment; -1 for the one chosen."""
        if place != self.hover:
            self.hover = place
            self.refresh()

    # ---- asking

    def refresh(self) -> None:
        """Ask for the pixel looked at, unless that is on show or on its way."""
        picture = self.picture
        if picture is None or not self.session.ready:
            return
        if picture.mask.ravel()[: self.place].any():
            self._forget(DRAWING if self.completer.running else EARLIER)
            return
        if not self.session.active:
            return
        key = (_seen(picture, self.place), self.place, self.session.state.wish.condition, self.session.weights)
        if key == self._asked and (self.session.waiting("look") or key == self._shown):
            self._show()
            return
        self._asked = key
        question = look(self.session.state, picture, self.place)
        self.session.ask("look", question, lambda answer: self._answered(answer, key), patient=True)
        self._show()

    def _answered(self, answer: Answer, key: tuple[Any, ...]) -> None:
        if isinstance(answer.value, NextProbs) and key[3][:1] == self.session.weights[:1]:
            self.answer, self._shown = answer, key
            self._show()

    def _changed(self, before: PaintState) -> None:
        self.refresh()

    def _run_changed(self) -> None:
        self.hover, self._asked = -1, ()
        self._forget(WAITING)
        self.refresh()

    def _forget(self, why: str) -> None:
        self.answer, self._shown, self.parts, self._asked = None, (), (), ()
        self.note.setText(why)
        self.pages.setCurrentWidget(self.note)
        self._tell()

    # ---- showing

    def _show(self) -> None:
        """The answer as the sliders have it now."""
        if self.answer is None:
            self._tell()
            return
        self.parts = distributions(self.answer.value, self.session.state, self._drawn())
        if len(self.parts) == 1 and self.parts[0].swatches.shape[1] == 3:
            self.colours.set_distribution(self.parts[0])
            self.pages.setCurrentWidget(self.colours)
        else:
            self.levels.set_distributions(self.parts)
            self.pages.setCurrentWidget(self.levels)
        self._tell()

    def _drawn(self) -> bool:
        """Whether the pixel of the answer has a colour already."""
        picture = self.picture
        return picture is not None and bool(self._shown) and not picture.mask.ravel()[self._shown[1]]

    def _tell(self) -> None:
        picture = self.picture
        if picture is None or not self.session.ready:
            self.title.setText("")
            self.about.setText("")
            return
        place, (height, width) = self.place, picture.mask.shape
        row, column = divmod(place, width)
        colour = colour_name(picture.picture[row, column]) if not picture.mask[row, column] else UNDRAWN
        self.title.setText(f"Row {row + 1}, column {column + 1}  ·  {colour}")
        self.title.setToolTip(f"Place {place + 1} of {height * width} in the order of reading")
        self.about.setText("  ·  ".join(self._facts()))
        self.about.setToolTip(f"{self.about.text()}\n{TIP}")

    def _facts(self) -> list[str]:
        if not self.parts or self.answer is None:
            return []
        told = [f"entropy {self.entropy():.1f} bits"]
        if all(part.drawn >= 0 for part in self.parts):
            told.insert(0, STRAY if self.stray() else f"surprise {self.surprise():.1f} bits")
        return told

    def stray(self) -> bool:
        """Whether the pixel has a colour that the palette lacks, so that the model reads the nearest in its place."""
        picture = self.picture
        if len(self.parts) != 1 or self.parts[0].drawn < 0 or picture is None:
            return False
        if _seen(picture, self._shown[1]) != self._shown[0]:
            return False  # the answer is about the picture before an edit
        colour = picture.picture.reshape(picture.mask.size, -1)[self._shown[1]]
        return not np.array_equal(self.parts[0].swatches[self.parts[0].drawn], colour)

    def surprise(self) -> float:
        """-log2 of the probability of the colour on show, by the model itself."""
        return sum(bits(float(part.probs[part.drawn])) for part in self.parts)

    def entropy(self) -> float:
        """The surprise that the model itself expects here, in bits."""
        return sum(entropy(part.probs) for part in self.parts)

    # ---- painting by bars

    def _paint(self, part: int, value: int) -> None:
        """Give the pixel chosen the colour of a bar; of a histogram, one of its channels."""
        picture = self.session.state.painting
        if picture is None or not self._shown or self.completer.running:
            return
        row, column = divmod(self._shown[1], picture.mask.shape[1])
        swatch = self.parts[part].swatches[value]
        colour = swatch.copy() if len(self.parts) == 1 else picture.picture[row, column].copy()
        if len(self.parts) > 1:
            colour[part] = swatch[part]
        where = np.zeros(picture.mask.shape, bool)
        where[row, column] = True
        painting = picture.coloured(where, colour).with_mask(where, 0)
        self.session.paint(painting, "paint a pixel", place=self._shown[1])
        self.picked.emit(tuple(int(v) for v in colour))


def _seen(picture: Painting, place: int) -> bytes:
    """What the distribution of a place and its surprise depend on: the pixels up to it, and whether it is drawn."""
    flat = picture.picture.reshape(picture.mask.size, -1)
    return flat[: place + 1].tobytes() + bytes([picture.mask.ravel()[place]])


def distributions(value: NextProbs, state: PaintState, drawn: bool = True) -> tuple[Distribution, ...]:
    """An answer as it is after temperature, top-k and top-p, a part of the pixel each."""
    kept = sharpened(value.probs, state.temperature, state.top_k, state.top_p)
    return tuple(
        Distribution(probs, kept[i], value.swatches, int(value.drawn[i]) if drawn else -1, name)
        for i, (probs, name) in enumerate(zip(value.probs, value.names))
    )
