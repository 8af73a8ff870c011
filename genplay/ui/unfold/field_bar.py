"""What a model of points wants at the time on show: chips that lay its score, its velocity, the data's density and
the ways of many points over the cloud."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import FieldAt
from genplay.contract.results import Answer, Field
from genplay.ui import theme
from genplay.ui.unfold.cloud import Cloud
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.flow_field import FieldLayer, density_picture

LAYERS = ("velocity", "score", "density", "ways")
TIPS = {
    "velocity": "Arrows: where the probability flow carries a point from here, towards data",
    "score": "Arrows: the gradient of the log-density, uphill to where noised data is dense",
    "density": "How dense the data is when it is noised to this time",
    "ways": "The ways of many points from noise to data",
}
ARROWS = ("velocity", "score")
REST_MS, LATE = 60, 0.005  # after the last move of the hand; and how far in time a field may be off and still do
KEPT = 240  # fields
WAYS = 60
EXTENTS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0, 11.0, 15.0, 20.0)
BEYOND = 1.1  # how far past the nearer edges of the plane a field reaches
EARLIEST = 0.005  # there is no score of the data without noise


class FieldBar(QWidget):
    """Chips for a :class:`Cloud`. Fields are cached by time; while the hand moves the nearest one known is on show.

    One question is under way at a time, the newest one waits (nothing queues up behind it).
    """

    name: ClassVar[str] = "field"

    def __init__(self, session: UnfoldSession, cloud: Cloud) -> None:
        super().__init__()
        self.session, self.cloud = session, cloud
        self.layer = FieldLayer()
        self.shown: Field | None = None
        self.chosen: frozenset[str] = frozenset()
        self._known: dict[tuple[float, float], Field] = {}  # by time and extent
        self._pictures: dict[tuple[float, float, str], np.ndarray] = {}
        self._key: tuple[object, ...] = ()  # of the weights and settings that the fields are of
        self._asked = False
        self._drawn: tuple[object, ...] = ()
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for layer in LAYERS:
            button = QPushButton(layer.capitalize())
            button.setCheckable(True)
            button.setProperty("role", "chip")
            button.setToolTip(TIPS[layer])
            button.clicked.connect(lambda on, n=layer: self._toggle(n, on))
            self.buttons[layer] = button
            row.addWidget(button)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.ask)
        cloud.add_layer(self.layer.draw)
        cloud.view_changed.connect(self._moved)
        session.run_changed.connect(self._run_changed)
        session.frame_changed.connect(self._moved)
        session.tape_changed.connect(self._show_ways)
        session.changed.connect(self._changed)
        session.gave_up.connect(self._gave_up)
        theme.signals().changed.connect(self._redraw)
        self._run_changed()

    # ---- which layers

    def _toggle(self, layer: str, on: bool) -> None:
        """Arrows are of one kind at a time."""
        chosen = (self.chosen | {layer}) if on else self.chosen - {layer}
        if on and layer in ARROWS:
            chosen -= set(ARROWS) - {layer}
        self.choose(chosen)

    def choose(self, chosen: frozenset[str] | set[str]) -> None:
        """Show these layers."""
        self.chosen = frozenset(chosen) & frozenset(LAYERS)
        for layer, button in self.buttons.items():
            button.setChecked(layer in self.chosen)
        self._redraw()
        self._show_ways()
        self._moved()

    @property
    def wanted(self) -> bool:
        """Whether a field is needed."""
        return bool(self.chosen - {"ways"}) and self._able

    @property
    def _able(self) -> bool:
        return self.session.ready and not self.session.pictures and self.session.can(Capability.SCORE)

    # ---- asking

    def _run_changed(self) -> None:
        able = self._able
        for layer in LAYERS[:3]:
            self.buttons[layer].setVisible(able)
        self._known.clear()
        self._pictures.clear()
        self.shown, self._key, self._asked = None, (), False
        self._redraw()
        self._show_ways()
        self._moved()

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.wish != before.wish:
            self._moved()

    def _now(self) -> tuple[object, ...]:
        """What decides about a field besides its time and extent."""
        run, state = self.session.run, self.session.state
        guided = tuple(sorted((k, v) for k, v in state.config.items() if k.startswith("guid") or k == "weights"))
        return (run.step, run.digest, self.session.condition, guided) if run else ()

    def _extent(self) -> float:
        """The square about the origin to be fetched: the smallest of a few that reaches beyond the nearer edges."""
        x0, y0, x1, y1 = self.cloud.window_extent()
        aside = max(abs(x0 + x1), abs(y0 + y1)) / 2
        reach = min(x1 - x0, y1 - y0) / 2 * BEYOND + aside
        return next((extent for extent in EXTENTS if extent >= reach), EXTENTS[-1])

    def _time(self) -> float | None:
        frame = self.session.frame
        return None if frame is None else max(frame.t, EARLIEST)

    def _moved(self) -> None:
        """Another frame or view: show the nearest field there is, and ask for the right one when the hand rests."""
        t = self._time()
        if not self.wanted or t is None:
            return
        nearest = self._nearest(t)
        if nearest is not None and nearest is not self.shown:
            self.shown = nearest
            self._redraw()
        if not self._fits(nearest, t):
            self._rest.start()

    def _fits(self, field: Field | None, t: float) -> bool:
        right = field is not None and abs(field.t - t) <= LATE and field.extent == self._extent()
        return right and self._key == self._now()

    def _nearest(self, t: float) -> Field | None:
        extent = self._extent()
        known = self._known.values()
        return min(known, key=lambda f: (abs(f.t - t), abs(f.extent - extent)), default=None)

    def ask(self) -> None:
        """Ask for the field at the time on show, unless one is under way: then it follows that."""
        t = self._time()
        under_way = self._asked and self.session.waiting("field")
        if not self.wanted or t is None or under_way or self._fits(self._nearest(t), t):
            return
        self._asked = True
        key = self._now()
        question = FieldAt(t, extent=self._extent(), condition=self.session.condition, config=self.session.config)
        self.session.ask("field", question, lambda answer: self._answered(answer, key))

    def _answered(self, answer: Answer, key: tuple[object, ...]) -> None:
        field: Field = answer.value
        if key != self._key:
            self._known.clear()
            self._pictures.clear()
            self._key = key
        if len(self._known) >= KEPT:
            self._known.clear()
            self._pictures.clear()
        self._known[round(field.t, 4), field.extent] = field
        if answer.last:
            self._asked = False
        t = self._time()
        self.shown = self._nearest(t) if t is not None else field
        self._redraw()
        self.ask()

    def _gave_up(self, slot: str) -> None:
        if slot == "field":
            self._asked = False

    # ---- showing

    def _redraw(self) -> None:
        field = self.shown
        arrows = next((layer for layer in ARROWS if layer in self.chosen), "")
        drawn = (id(field), arrows, "density" in self.chosen, theme.shown())
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if field is None or not arrows:
            self.layer.set_arrows(None)
        else:
            self.layer.set_arrows(field.at, getattr(field, arrows))
        self._show_density(field if "density" in self.chosen else None)
        self.cloud.update()

    def _show_density(self, field: Field | None) -> None:
        if field is None:
            self.cloud.set_backdrop(None, (0, 0, 1, 1))
        else:
            e = field.extent
            self.cloud.set_backdrop(self._density_of(field), (-e, -e, e, e))

    def _density_of(self, field: Field) -> np.ndarray:
        """The density as a picture, made once a field and theme."""
        key = round(field.t, 4), field.extent, theme.shown()
        if key not in self._pictures:
            self._pictures[key] = density_picture(field.log_density)
        return self._pictures[key]

    def _show_ways(self) -> None:
        """The ways of the first points of the tape, once all or some of its frames are there."""
        shots = self.session.shots if "ways" in self.chosen and not self.session.pictures else []
        clouds = [shot.drawn["x_t"][:WAYS] for shot in shots]
        fitting = len(clouds) > 1 and len({len(c) for c in clouds}) == 1
        self.layer.set_ways(np.stack(clouds, axis=1) if fitting else None)
        self.cloud.update()
