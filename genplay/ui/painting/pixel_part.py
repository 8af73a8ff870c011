"""The picture with its tools: look, paint, erase, and surprise as a heat map."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from genplay.contract.results import Answer
from genplay.ui.painting.asking import surprise, surprise_in
from genplay.ui.painting.canvas import MODES, PixelCanvas
from genplay.ui.painting.completing import Completer
from genplay.ui.painting.session import LOOK, PaintSession
from genplay.ui.painting.state import PaintState, after
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.paint_tools import OWN, Swatches
from genplay.ui.views.painting import Painting, frequent_colours

TITLES = {"look": "Look", "paint": "Paint", "erase": "Erase"}
TIPS = {
    "look": "Point at a pixel to see what it was drawn from, click to stay there (V)",
    "paint": "Paint pixels with the chosen colour; the right button picks one up (B)",
    "erase": "Drag a box: what is in it is drawn anew (E)",
}
HEAT_TIP = "How surprising each pixel is to the model, −log₂ p in bits (U)"


class PixelPart(QWidget):
    """The canvas. Strokes and boxes change the session's picture, one step of undo each."""

    hovered = Signal(int)

    def __init__(self, session: PaintSession, completer: Completer) -> None:
        super().__init__()
        self.session, self.completer = session, completer
        self.bits: np.ndarray | None = None  # (H, W) of the picture on show
        self._asked: tuple[Any, ...] = ()
        self._known: tuple[Any, ...] = ()
        self.canvas = PixelCanvas()
        self.canvas.layer = "picture"
        self.canvas.hovered.connect(self.hovered)
        self.canvas.hovered.connect(lambda place: self._tell())
        self.canvas.chosen.connect(self._choose)
        self.canvas.stroke_done.connect(self._stroke)
        self.canvas.colour_picked.connect(self.pick)
        self.modes = Chips(MODES, TITLES, TIPS)
        for name, button in self.modes.buttons.items():
            button.clicked.connect(lambda _=False, n=name: session.set(f"{n} at pixels", mode=n))
        self.swatches = Swatches()
        self.swatches.chosen.connect(self._take_colour)
        self.heat = QPushButton("Surprise")
        self.heat.setProperty("role", "chip")
        self.heat.setCheckable(True)
        self.heat.setToolTip(HEAT_TIP)
        self.heat.clicked.connect(self.toggle_heat)
        self.about = ElidedLabel()
        self._lay_out()
        session.changed.connect(self._changed)
        session.run_changed.connect(self._run_changed)
        session.aged.connect(self._ask)
        completer.shown.connect(self.refresh)

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.modes)
        tools.addWidget(self.heat)
        tools.addWidget(self.about, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(tools)
        layout.addWidget(self.swatches, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.canvas, 1)

    @property
    def picture(self) -> Painting | None:
        """What is on show: a variant while it is drawn, else the picture."""
        return self.completer.large() or self.session.state.painting

    # ---- edits

    def _choose(self, place: int) -> None:
        self.session.set(LOOK, place=place)

    def _stroke(self, before: Painting, now: Painting) -> None:
        erased = np.array_equal(before.picture, now.picture) and now.mask.sum() > before.mask.sum()
        self.session.paint(now, "erase pixels" if erased else "paint pixels")

    def pick(self, colour: tuple[int, ...]) -> None:
        """Paint with this colour from now on."""
        self.swatches.choose(colour)

    def _take_colour(self, colour: tuple[int, ...]) -> None:
        self.canvas.colour = colour

    def toggle_heat(self) -> None:
        """Show surprise, or the picture."""
        heat = not self.session.state.heat
        self.session.set("show surprise" if heat else "show the picture", heat=heat)

    # ---- showing

    def refresh(self) -> None:
        """Show the picture and the marks on it."""
        state, picture = self.session.state, self.picture
        if not self.session.ready or picture is None:
            self.canvas.set_painting(None)
            return
        if self.canvas.painting is None or not picture.same(self.canvas.painting):
            self.canvas.set_painting(picture)
        self.canvas.set_place(state.place)
        self.canvas.editable = not self.completer.running and picture is state.painting
        self._ask()
        self._show_heat()
        self._tell()

    def _changed(self, before: PaintState) -> None:
        self._follow()
        if self.session.state.painting is not before.painting:
            self._offer()
        self.refresh()

    def _follow(self) -> None:
        state = self.session.state
        self.modes.choose(state.mode)
        self.heat.setChecked(state.heat)
        if self.canvas.mode != state.mode:
            self.canvas.set_mode(state.mode)
        self.swatches.setVisible(state.mode == "paint")

    def _run_changed(self) -> None:
        self.bits, self._asked, self._known = None, (), ()
        self._offer()
        self._follow()
        self.refresh()

    def _offer(self) -> None:
        """Offer the commonest colours of the picture beside black and white."""
        painting = self.session.state.painting
        if painting is None or not self.session.ready or (painting.masked and painting.mask.all()):
            return
        drawn = painting.picture[painting.mask == 0][None]
        channels = drawn.shape[-1]
        own = frequent_colours(drawn, 2 * OWN - 2)
        plain = [(0,) * channels, (255,) * channels]
        self.swatches.set_colours([*own, *(c for c in plain if c not in own)])
        if self.swatches.colour is not None:
            self.canvas.colour = self.swatches.colour

    # ---- surprise

    def _ask(self) -> None:
        """Ask how surprising the picture is, while that is to be seen and nothing is being drawn."""
        picture = self.picture
        if not self.session.state.heat or picture is None or self.completer.running:
            return
        key = (picture.picture.tobytes(), self.session.state.wish.condition, self.session.weights)
        if key == self._asked and (self.session.waiting("surprise") or key == self._known):
            return
        self._asked = key
        question = surprise(self.session.state, picture)
        self.session.ask("surprise", question, lambda answer: self._answered(answer, key), patient=True)

    def _answered(self, answer: Answer, key: tuple[Any, ...]) -> None:
        if key[2][:1] == self.session.weights[:1]:
            self.bits, self._known = surprise_in(answer.value), key
            self._show_heat()
            self._tell()

    def _show_heat(self) -> None:
        """Surprise as far as the picture is drawn without a gap: beyond, there is none to tell."""
        picture = self.picture
        if not self.session.state.heat or self.bits is None or picture is None or self.completer.running:
            self.canvas.set_surprise(None)
            return
        self.canvas.set_surprise(np.where(told(picture), self.bits, np.nan))

    def _tell(self) -> None:
        picture = self.picture
        if picture is None or not self.session.ready:
            self.about.setText("")
            return
        missing, size = int(picture.mask.sum()), picture.mask.size
        drawn = "all pixels drawn" if not missing else f"{size - missing} of {size} pixels drawn"
        parts = [drawn]
        if self.canvas.shows_surprise and self.bits is not None:
            total = float(self.bits[told(picture)].sum())
            each = total / max(1, int(told(picture).sum()) * self.session.spec.shape[0])
            high = float(max(8.0, self.bits[told(picture)].max(initial=0.0)))
            parts = [f"0 to {high:.0f} bits", f"{total:.0f} in all", f"{each:.2f} a value"]
        self.about.setText("  ·  ".join(part for part in parts if part))
        heat = "Surprise from dark to bright, in bits; a value is one channel of a pixel\n"
        self.about.setToolTip((heat if self.canvas.shows_surprise else "") + self.about.text())


def told(picture: Painting) -> np.ndarray:
    """The places bool (H, W) of which the model can say how probable they are: up to the first that is missing."""
    missing = np.flatnonzero(picture.mask)
    first = int(missing[0]) if len(missing) else picture.mask.size
    return ~after(picture.mask.shape, first - 1)  # type: ignore[arg-type]
