"""The frame on show: the noisy state, what the model sees in it, and the noise it predicts, side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.contract.results import Frame
from genplay.contract.spec import VEIL
from genplay.ui.unfold import words
from genplay.ui.unfold.cloud import HALF, NOISE, Cloud
from genplay.ui.unfold.field_bar import FieldBar
from genplay.ui.unfold.layer_bar import LayerBar
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.code_bars import CodeBars
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.line_of_text import shade
from genplay.ui.views.strings import Strings

SYMBOLS = {"x_t": "x<sub>t</sub>", "x_0": "x̂<sub>0</sub>", "eps": "ε̂", "entropy": "H", "z_t": "z<sub>t</sub>"}
TITLES = {
    "x_t": "the noisy sample",
    "x_0": "what the model sees",
    "eps": "predicted noise",
    "entropy": "entropy",
    "z_t": "latent code",
}
NARROW = 640  # below it the prediction gets more room than the others
MOST_WAYS = 8
ENTROPY = 4.5  # bits of a character at the bright end of the scale


class Card(QFrame):
    """A heading, a view and a line below it."""

    def __init__(self, name: str, view: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.name, self.view = name, view
        self.symbol, self.title, self.caption = QLabel(SYMBOLS[name]), ElidedLabel(), ElidedLabel()
        self.title.setText(TITLES[name])
        view.setAccessibleName(f"{name}: {TITLES[name]}")
        self.head = head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.symbol)
        head.addWidget(self.title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(view, 1)
        layout.addWidget(self.caption)

    def say(self, text: str) -> None:
        """The line below the view."""
        self.caption.setText(text)
        self.caption.setToolTip(text)


class Cards(QWidget):
    """The cards of the frame on show; a click chooses the sample that the timeline follows.

    Points are drawn as two clouds: the state, on which layers and the ways of clicked points are drawn, and beside it
    the prediction. Nothing is laid out anew when the frame changes.
    """

    drag_out = Signal()

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.session = session
        self.chosen: list[int] = []  # points whose way is drawn
        self._home = HALF  # half the side of the part of the plane on show
        self.grids = {name: self._grid() for name in ("x_t", "x_0", "eps", "entropy")}
        self.clouds = {name: Cloud() for name in ("x_t", "x_0")}
        self.code, self.strings = CodeBars(), self._strings()
        session.plane = self.clouds["x_t"]
        pictures = {name: Card(name, grid) for name, grid in self.grids.items()}
        points = {name: Card(name, cloud) for name, cloud in self.clouds.items()}
        self.fields = FieldBar(session, self.clouds["x_t"])
        self.layers = LayerBar(session, self.clouds["x_t"])
        points["x_t"].head.addWidget(self.fields)
        points["x_t"].head.addWidget(self.layers)
        self.layers.told.connect(self._say_of_layers)
        texts = {"x_t": Card("x_t", self.strings)}
        self.cards = {"pictures": pictures | {"z_t": Card("z_t", self.code)}, "points": points, "texts": texts}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        for card in self._all():
            card.hide()
            self._row.addWidget(card)
        self.setMinimumHeight(120)
        for cloud in self.clouds.values():
            cloud.setMinimumHeight(48)
            cloud.picked.connect(self._choose_point)
        session.frame_changed.connect(self.follow)
        session.tape_changed.connect(self._tape_changed)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(self._changed)
        self._spread()

    def _grid(self) -> ImageGrid:
        grid = ImageGrid(gap=2, ground="card")
        grid.setMinimumSize(72, 48)
        grid.clicked.connect(self._focus)
        grid.drag_out.connect(self._drag)
        return grid

    def _strings(self) -> Strings:
        strings = Strings("card")
        strings.grow()
        strings.clicked.connect(self._focus)
        strings.drag_out.connect(self._drag)
        return strings

    @property
    def kind(self) -> str:
        """Which of the groups of cards serves the run."""
        return "pictures" if self.session.pictures else "texts" if self.session.texts else "points"

    def _all(self) -> list[Card]:
        return [card for group in self.cards.values() for card in group.values()]

    # ---- following

    def _run_changed(self) -> None:
        self.chosen = []
        for grid in self.grids.values():
            grid.set_images(None)
        self.strings.set_texts(())
        for cloud in self.clouds.values():
            cloud.clear()
            cloud.fit(-HALF, -HALF, HALF, HALF, 0.0)
        self._home = HALF
        self.follow()

    def _tape_changed(self) -> None:
        self._draw_ways()
        self.follow()

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.focus != before.focus:
            self.follow()

    def follow(self) -> None:
        """Show the frame on show; while there is none, what was there stays."""
        shot = self.session.shot
        if shot is None:
            return
        self._show_cards(set(shot.drawn) | set(shot.frame.extras))
        if self.session.pictures:
            self._show_pictures(shot.drawn)
            if "z_t" in shot.frame.extras:
                self._show_code(shot.frame)
        elif self.session.texts:
            self._show_texts(shot.frame)
        else:
            self._show_points(shot.drawn)
        self._say(shot.frame)

    def _show_cards(self, there: set[str]) -> None:
        kind = self.kind
        for group, cards in self.cards.items():
            for name, card in cards.items():
                wanted = group == kind and name in there
                if card.isHidden() == wanted:
                    card.setVisible(wanted)
        alone = "x_0" not in there
        cards = self.cards[kind]
        drawn_so_far = "the sample so far" if "entropy" in there else TITLES["x_t"]
        cards["x_t"].title.setText("the sample" if alone else drawn_so_far)
        cards["x_t"].symbol.setText("x" if alone else SYMBOLS["x_t"])

    def _show_pictures(self, drawn: dict[str, np.ndarray]) -> None:
        for name, grid in self.grids.items():
            if name in drawn:
                grid.set_images(drawn[name])
                focus = min(self.session.state.focus, len(drawn[name]) - 1)
                grid.select(focus if len(drawn[name]) > 1 else -1)

    def _show_texts(self, frame: Frame) -> None:
        """Texts, with the entropy of what each place is drawn from as its ground."""
        texts, length = self.session.text(frame.x), frame.x.shape[1]
        bits = frame.extras.get("entropy")
        shades = (
            [[shade(float(b), ENTROPY) for b in row] for row in bits.reshape(len(texts), -1)]
            if bits is not None
            else ()
        )
        self.strings.set_texts(texts, shades=shades, slots=length)
        self.strings.select(min(self.session.state.focus, len(texts) - 1))

    def _show_code(self, frame: Frame) -> None:
        focus = min(self.session.state.focus, len(frame.extras["z_t"]) - 1)
        self.code.set_code(frame.extras["z_t"][focus], frame.extras["z_0"][focus] if "z_0" in frame.extras else None)

    def _show_points(self, drawn: dict[str, np.ndarray]) -> None:
        for name, cloud in self.clouds.items():
            if name in drawn:
                if name == "x_t":
                    self._fit(drawn)
                cloud.show_points(drawn[name], self.session.position)

    def _say(self, frame: Frame) -> None:
        cards = self.cards[self.kind]
        denoised = "x_0" in frame.extras
        cards["x_t"].say(words.state_caption(frame) if denoised else self._plain_caption(frame))
        if denoised:
            cards["x_0"].say(words.step_caption(frame, 0))
        if "eps" in frame.extras and "eps" in cards:
            cards["eps"].say(words.noise_caption(frame))
        if "entropy" in frame.extras and "entropy" in cards:
            cards["entropy"].say(words.entropy_caption(frame))
        if "z_t" in frame.extras and "z_t" in cards:
            cards["z_t"].say(f"{frame.extras['z_t'].shape[1]} numbers")

    def _plain_caption(self, frame: Frame) -> str:
        """Of a frame without a prediction."""
        steps = len(self.session.shots) - 1
        if self.session.texts:
            return text_caption(frame, steps, self.session.text(frame.x))
        moment = self.layers.moment
        if moment is not None:
            return words.layer_caption(frame, steps, moment.stretch, moment.round_trip)
        return words.step_caption(frame, steps) if steps > 0 else words.plural(len(frame.x), "sample")

    def _say_of_layers(self) -> None:
        if self.session.frame is not None and self.kind == "points":
            self._say(self.session.frame)

    # ---- choosing

    def _focus(self, index: int) -> None:
        if index != self.session.state.focus:
            self.session.do(replace(self.session.state, focus=index), "choose a sample")

    def _drag(self, index: int) -> None:
        self._focus(index)
        self.drag_out.emit()

    def _choose_point(self, index: int) -> None:
        if index in self.chosen:
            self.chosen.remove(index)
        else:
            self.chosen = [*self.chosen, index][-MOST_WAYS:]
        self._draw_ways()

    def _draw_ways(self) -> None:
        if self.kind != "points" or not self.session.shots:
            return
        for name, cloud in self.clouds.items():
            stacks = [shot.drawn[name] for shot in self.session.shots if name in shot.drawn]
            known = [i for i in self.chosen if stacks and i < len(stacks[0])]
            cloud.set_ways([(i, np.stack([points[i] for points in stacks])) for i in known])

    def _fit(self, drawn: dict[str, np.ndarray]) -> None:
        """Show the part of the plane that holds noise and data; where noise is far wider, what the cloud fills now."""
        half = NOISE if self.layers.able else HALF
        if "x_0" in drawn:
            widest = 0.75 * float(np.quantile(np.abs(self.session.shots[0].drawn["x_t"]), 0.99))
            now = float(np.quantile(np.abs(drawn["x_t"]), 0.98))
            half = NOISE if widest <= 1.5 * NOISE else max(NOISE, 1.1 * now)
        if half != self._home:
            self._home = half
            self.clouds["x_t"].fit(-half, -half, half, half, 0.0)

    # ---- layout

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._spread()

    def _spread(self) -> None:
        dominant = 4 if self.width() < NARROW else 3
        shares = {"x_0": dominant, "z_t": 2}
        for place, card in enumerate(self._all()):
            stretch = shares.get(card.name, 3)
            if self._row.stretch(place) != stretch:
                self._row.setStretch(place, stretch)


def text_caption(frame: Frame, steps: int, texts: list[str]) -> str:
    """How far the texts of a frame are written, and how open what comes next is."""
    veiled = sum(text.count(VEIL) for text in texts) / max(1, frame.x.size)
    parts = [words.step_caption(frame, steps)] if steps > 0 else [words.plural(len(texts), "text")]
    parts += [f"{1 - veiled:.0%} written"]
    if "entropy" in frame.extras:
        parts.append(f"strongest ground: {ENTROPY:g} bits of entropy")
    return " · ".join(parts)
