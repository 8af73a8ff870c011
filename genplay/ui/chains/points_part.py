"""Chains of points on the energy landscape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.chains import words
from genplay.ui.chains.canvas import CHAIN, DATA, NEGATIVE, ChainCanvas, Walkers, tint
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import PLACED, ChainState, points
from genplay.ui.chains.walker import Walker
from genplay.ui.density import fields
from genplay.ui.density.field_canvas import Drawn
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.sentence import Sentence

WAITING = "Working out the energy landscape…"
NOTHING, NOBODY = np.zeros((0, 2, 2)), np.zeros((0, 2))
TRAIL = 40  # steps that a chain's tail goes back
PIECES_DRAWN = 4000  # of all trails together: of many chains they are shorter
COLDEST = 0.05  # of the temperature by which the landscape is drawn
WORDS = {
    "trails": "chains' trails",
    "levels": "level lines",
    "data": "data points",
    "negatives": "dreams of the negative phase",
}
HELP = {
    "levels": "Lines within which exp(−E/T) has 50, 80 and 95 % of its mass",
    "trails": f"Where each chain was in the last {TRAIL} steps",
    "data": "Data that the model never saw",
    "negatives": "What training holds against the data: chains that it carries on from step to step",
}
PIECES: tuple[str | tuple[str, str], ...] = (
    ("trails", "Chains"),
    " walk downhill with noise;",
    ("levels", "level lines"),
    " hold 50, 80 and 95 % of exp(−E/T);",
    ("data", "data"),
    " lies low,",
    ("negatives", "dreams"),
    " of the training are pushed up.",
)


class PointsPart(QWidget):
    """The canvas with its title and a sentence whose words hide and show layers."""

    def __init__(self, session: ChainSession, walker: Walker) -> None:
        super().__init__()
        self.session, self.walker = session, walker
        self.canvas = ChainCanvas()
        self.canvas.placeholder = WAITING
        self.title = ElidedLabel()
        tints = {
            "trails": lambda: tint(CHAIN),
            "levels": lambda: theme.colour("accent"),
            "data": lambda: tint(DATA),
            "negatives": lambda: tint(NEGATIVE),
        }
        self.legend = Sentence(PIECES, tints)
        policy = self.legend.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)  # as many lines as it takes in a narrow window
        self.legend.setSizePolicy(policy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.legend)
        self.canvas.placed.connect(self._placed)
        self.canvas.pointed.connect(self._point)
        self.legend.toggled.connect(lambda name: session.toggle(name, WORDS[name]))
        session.landscape_changed.connect(self.draw)
        session.negatives_changed.connect(self._ground)
        session.changed.connect(self._changed)
        session.run_changed.connect(self.follow)
        walker.moved.connect(self.show_chains)
        walker.grew.connect(self.show_chains)
        theme.signals().changed.connect(self.draw)
        self._field: tuple[Any, ...] = ()
        self.follow()

    # ---- starting chains

    def _placed(self, places: np.ndarray) -> None:
        """Start chains there: the first time instead of those that walk."""
        state = self.session.state
        if not len(places):
            self.session.do(self.session.starting(replace(state, placed=()), "noise"), "take the start away")
            return
        text = "start chains" if len(places) >= len(state.placed) else "take a start away"
        wish = replace(state.wish, count=max(state.wish.count, min(len(places), 256)))
        after = replace(state, placed=points(places), wish=wish)
        self.session.do(after if state.begin == PLACED else self.session.starting(after, PLACED), text)

    # ---- showing

    def follow(self) -> None:
        """Show the state of another run."""
        self._field = ()
        self._follow_state()
        self.draw()
        self.show_chains()

    def _follow_state(self) -> None:
        state = self.session.state
        for name, button in self.legend.buttons.items():
            on = state.shows(name)
            self.legend.set_on(name, on)
            verb = "Hide" if on else "Show"
            button.setToolTip(f"{HELP[name]}\n{verb} it by a click or Enter")
            button.setAccessibleName(f"{verb} the {WORDS[name]}")
        self.canvas.show_starts(np.array(state.placed).reshape(-1, 2) if state.begin == PLACED else NOBODY)
        about = words.of_chains(state, self.session.method)
        self.title.setText(f"{about} · click to start chains, drag for a cloud")
        self.title.setToolTip(f"Energy landscape. {about}")

    def _changed(self, before: ChainState) -> None:
        state = self.session.state
        self._follow_state()
        if (state.hidden, state.temperature) != (before.hidden, before.temperature):
            self.draw()
        self.show_chains()

    def draw(self) -> None:
        """Draw the newest landscape, as the chains feel it at their temperature."""
        found, state = self.session.landscape, self.session.state
        if found is None or not found.field.size:
            self.canvas.show_ground(None, NOBODY, NOBODY)
            return
        felt = (found.field / max(state.temperature, COLDEST)).astype(np.float32)
        high = float(np.quantile(felt, fields.TOP))
        image = fields.picture(fields.shares(felt, high - fields.DEPTH, high, False))
        levels = fields.level_pieces(felt, found.extent) if state.shows("levels") else NOTHING
        self._field = (Drawn(image, found.extent, levels),)
        self._ground()

    def _ground(self) -> None:
        state, found = self.session.state, self.session.landscape
        if not self._field or found is None:
            return
        data = found.x if state.shows("data") else NOBODY
        dreams = self.session.negatives if state.shows("negatives") else None
        self.canvas.show_ground(self._field[0], data, NOBODY if dreams is None or dreams.ndim != 2 else dreams)

    def show_chains(self) -> None:
        """Show where the chains are."""
        x, here = self.walker.recording.x, self.walker.position
        if not self.session.points or not self.walker.recording.length or x.ndim != 3:
            self.canvas.show_walkers(Walkers())
            return
        back = min(TRAIL, PIECES_DRAWN // x.shape[1]) if self.session.state.shows("trails") else 0
        self.canvas.show_walkers(Walkers(x[max(0, here - back) : here + 1]))

    def _point(self, at: tuple[float, float] | None) -> None:
        found = self.session.landscape
        if found is None or at is None or not found.field.size:
            self.canvas.point_at(None, "")
        else:
            self.canvas.point_at(at, words.energy_at(-fields.value_at(found.field, found.extent, *at)))
