"""What a flow's layers have done to the plane so far: chips lay the bent grid and its stretching over the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import LookThroughLayers
from genplay.contract.results import Answer, Layers
from genplay.ui import theme
from genplay.ui.unfold.cloud import Cloud
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.views.batches import draw_lines, draw_pictures, sprite
from genplay.ui.views.heatmap import colours
from genplay.ui.views.scatter import Scatter

CHIPS = {
    "grid": "Straight lines in the plane of codes, as the layers so far have bent them",
    "stretch": "log |det| so far: red where the plane has been stretched, blue where it has been pressed together",
}
SHADES = 17  # colours of stretching
LEAST = 0.5  # nats of stretching that have the full colour where nothing is stretched more
DOT, OPACITY = 5.0, 150


@dataclass(frozen=True)
class Moment:
    """The read-out of one layer."""

    stretch: float  # mean of log |det| over the field, nats
    round_trip: float


class LayerBar(QWidget):
    """Two chips for a :class:`Cloud`; they are there for models of points that are made of invertible layers."""

    name: ClassVar[str] = "layers"
    told = Signal()  # the read-out changed

    def __init__(self, session: UnfoldSession, cloud: Cloud) -> None:
        super().__init__()
        self.session, self.cloud = session, cloud
        self.found: Layers | None = None
        self.chosen: frozenset[str] = frozenset({"grid"})
        self._key: tuple[object, ...] = ()  # of the weights that ``found`` is of, or that were asked about
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for chip, tip in CHIPS.items():
            button = QPushButton(chip.capitalize())
            button.setCheckable(True)
            button.setChecked(chip in self.chosen)
            button.setProperty("role", "chip")
            button.setToolTip(tip)
            button.clicked.connect(lambda on, c=chip: self.choose(self.chosen | {c} if on else self.chosen - {c}))
            self.buttons[chip] = button
            row.addWidget(button)
        cloud.add_layer(self.draw)
        session.run_changed.connect(self._run_changed)
        session.tape_changed.connect(self.ask)
        session.frame_changed.connect(self._moved)
        session.gave_up.connect(self._gave_up)
        self._run_changed()

    @property
    def able(self) -> bool:
        """Whether the run has layers that move points of a plane."""
        session = self.session
        return session.ready and not session.pictures and session.can(Capability.LAYERS)

    def choose(self, chosen: frozenset[str] | set[str]) -> None:
        """Show these layers."""
        self.chosen = frozenset(chosen) & frozenset(CHIPS)
        for chip, button in self.buttons.items():
            button.setChecked(chip in self.chosen)
        self.cloud.update()

    # ---- asking

    def _run_changed(self) -> None:
        self.setVisible(self.able)
        self.found, self._key = None, ()
        self.cloud.update()
        self.ask()

    def ask(self) -> None:
        """Ask about the weights on show, unless that is known or on its way."""
        run = self.session.run
        if run is None or not self.able or not self.session.active:
            return
        key = run.run_id, run.step, run.digest, self.session.condition
        if key != self._key:
            self._key = key
            question = LookThroughLayers(condition=self.session.condition)
            self.session.ask("layers", question, self._answered)

    def _answered(self, answer: Answer) -> None:
        self.found = answer.value
        self._moved()

    def _gave_up(self, slot: str) -> None:
        if slot == "layers":
            self._key = ()

    def _moved(self) -> None:
        self.cloud.update()
        self.told.emit()

    # ---- showing

    @property
    def layer(self) -> int:
        """How many layers the frame on show has passed."""
        last = len(self.found.lines) - 1 if self.found is not None else 0
        return max(0, min(self.session.position, last))

    @property
    def moment(self) -> Moment | None:
        """What there is to read at the frame on show."""
        if self.found is None or not self.able:
            return None
        return Moment(float(np.mean(self.found.log_det[self.layer])), self.found.round_trip)

    def draw(self, painter: QPainter, plane: Scatter) -> None:
        """Paint over the points, in the plane's coordinates."""
        if self.found is None or not self.able:
            return
        origin, scale = plane.to_view(0, 0), plane.scale()

        def place(x: np.ndarray) -> np.ndarray:
            return np.asarray(x, np.float64) * [scale, -scale] + [origin.x(), origin.y()]

        if "stretch" in self.chosen:
            self._draw_stretch(painter, place(self.found.at[self.layer]), self.found.log_det[self.layer])
        if "grid" in self.chosen:
            tint = theme.colour("text")
            tint.setAlpha(110)
            pen = QPen(tint, 1)
            pen.setCosmetic(True)
            painter.setPen(pen)
            lines = place(self.found.lines[self.layer])
            draw_lines(painter, np.stack([lines[:, :, :-1], lines[:, :, 1:]], axis=3))

    def _draw_stretch(self, painter: QPainter, places: np.ndarray, stretch: np.ndarray) -> None:
        """A dot a place, in one of a few shades: each shade is one call of the painter."""
        assert self.found is not None
        most = max(LEAST, float(np.nanquantile(np.abs(self.found.log_det), 0.95)))
        share = np.clip(np.nan_to_num(stretch) / most, -1, 1)
        shade = np.rint((share + 1) / 2 * (SHADES - 1)).astype(np.int64)
        table = colours(np.linspace(-1, 1, SHADES)[None], -1.0, 1.0, "diverging")[0]
        ratio = painter.device().devicePixelRatioF()
        for number in np.unique(shade):
            red, green, blue = table[number].tolist()
            tint = QColor(red, green, blue, OPACITY)
            draw_pictures(painter, places[shade == number], sprite(tint.rgba(), DOT, ratio))
