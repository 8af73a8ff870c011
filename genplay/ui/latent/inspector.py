"""The Latent panel's controls: dimensions, their KL as bars, learnt directions, condition."""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.ui.latent.directions import DirectionSliders
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.sliders import INACTIVE, DimensionSliders, section
from genplay.ui.latent.state import LatentState
from genplay.ui.views.bars import Bars

SEEDS = 1_000_000
MOST_BARS = 96  # more of them would be thinner than a pixel or two
FROM_NORMAL = "A code drawn from the standard normal (R)"
OF_DATA = "The code of a held-out example drawn at random, for codes have a shape of their own here (R)"


def new_seed() -> int:
    """A fresh seed, short enough to be read out."""
    return secrets.randbelow(SEEDS)


class LatentInspector(QWidget):
    """The column of controls beside the stage."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.sliders = DimensionSliders(session)
        self.reset = _push("Reset", "To the middle of the latent space", self.go_to_middle)
        self.random = _push("Random", FROM_NORMAL, self.draw)
        self.snap = _push("Snap", "To the nearest code of held-out data (S)", self.go_to_nearest)
        self.seed = QLabel()
        self.seed.setProperty("role", "dim")
        self.bars = KlBars(session)
        self.bars.chart.clicked.connect(self._show_dimension)
        self.directions = DirectionSliders(session)
        self.condition = ConditionBox(session)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.reset, self.random, self.snap):
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.heading = section("Latent dimensions")
        layout.addWidget(self.heading)
        layout.addWidget(self.sliders)
        layout.addLayout(buttons)
        layout.addWidget(self.seed)
        for widget in (self.condition, self.bars, self.directions):
            layout.addWidget(widget)
        session.run_changed.connect(self._follow)
        session.map_changed.connect(self._follow)
        session.changed.connect(lambda before: self._say_seed())
        self._follow()

    def _follow(self) -> None:
        ready = self.session.ready
        for widget in (self.heading, self.sliders, self.reset, self.random, self.snap):
            widget.setVisible(ready)
        self.snap.setEnabled(self.session.map is not None)
        self.snap.setToolTip(
            "To the nearest code of held-out data (S)"
            if self.session.can_encode
            else "Snapping needs an encoder, which this model lacks"
        )
        self.random.setToolTip(OF_DATA if self.session.shaped else FROM_NORMAL)
        self._say_seed()

    def _say_seed(self) -> None:
        seed = self.session.state.seed
        if self.seed.isHidden() != (seed is None or not self.session.ready):
            self.seed.setVisible(seed is not None and self.session.ready)
        if seed is not None:
            self.seed.setText(f"drawn with seed {seed}")

    def _show_dimension(self, place: int) -> None:
        row = self.sliders.rows[int(self.session.order[place])]
        self.sliders.ensureWidgetVisible(row)
        row.slider.setFocus()

    # ---- actions

    def go_to_middle(self) -> None:
        """All dimensions to zero."""
        self.session.do(self.session.state.moved(np.zeros(self.session.state.size)), "reset the code")

    def draw(self) -> None:
        """A random code; its seed is drawn before it and shown. Where codes have a shape of their own, one of data."""
        latent, state = self.session.map, self.session.state
        if self.session.shaped and latent is not None:
            drawn = state.moved(latent.codes[secrets.randbelow(len(latent.codes))])
        else:
            drawn = state.random(new_seed())
        self.session.do(drawn, "draw a random code")

    def go_to_nearest(self) -> None:
        """The code of the held-out example that is nearest (Euclidean)."""
        latent = self.session.map
        if latent is not None:
            away = np.square(latent.codes - self.session.state.z).sum(axis=1)
            self.session.do(self.session.state.moved(latent.codes[int(away.argmin())]), "snap to a data point")


class KlBars(QWidget):
    """KL divergence of each dimension from the prior, with the free-bits line: a collapsed posterior is seen."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.chart = Bars()
        self.chart.setFixedHeight(104)
        self.chart.setAccessibleName("KL divergence of each latent dimension")
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.heading = section("KL by dimension")
        layout.addWidget(self.heading)
        layout.addWidget(self.chart)
        layout.addWidget(self.verdict)
        session.kl_changed.connect(self.draw)
        session.map_changed.connect(self.draw)
        session.run_changed.connect(self.draw)
        self.draw()

    def draw(self) -> None:
        """Follow the session."""
        kl, run = self.session.kl, self.session.run
        self.setVisible(kl is not None and run is not None and self.session.ready)
        if kl is None or run is None:
            return
        free = run.config.get("free_bits", 0.0)
        by_dimension = Capability.LEVELS not in run.capabilities  # else they are for a level as a whole
        free = float(free) if isinstance(free, int | float) and by_dimension else 0.0
        order = self.session.order[:MOST_BARS]
        label = f"free bits {free:g}" if free > 0 else ""
        names = [f"z{i}" for i in order]
        values = [float(v) for v in kl[order]]
        if self.session.certain:
            shown = f" The {len(order)} largest of {len(kl)} are shown." if len(kl) > len(order) else ""
            told = f"The encoder is certain of its codes: no KL is measured.{shown}"
            self._say("Variance by dimension", told)
            self.chart.set_bars(values, names)
            return
        self.chart.set_bars(values, names, threshold=free or INACTIVE, label=label, unit="nats")
        active = int((kl > INACTIVE).sum())
        collapsed = 4 * active < len(kl)
        told = "Posterior collapse: the decoder ignores the others." if collapsed else ""
        self._say("KL by dimension", f"{active} of {len(kl)} dimensions active. {told}".strip(), warn=collapsed)

    def _say(self, heading: str, verdict: str, warn: bool = False) -> None:
        self.heading.setText(heading.upper())
        self.chart.setAccessibleName(f"{heading} of the latent space")
        self.verdict.setProperty("role", "warn" if warn else "dim")
        self.verdict.style().polish(self.verdict)
        self.verdict.setText(verdict)


class ConditionBox(QWidget):
    """One choice an attribute, for models that are told what to make."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.combos: list[QComboBox] = []
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._shown: tuple[str, ...] = ()
        session.run_changed.connect(self.rebuild)
        session.changed.connect(self._follow)
        self.rebuild()

    def rebuild(self) -> None:
        """Make the choices of another run's data."""
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self.combos = []
        self.setVisible(self.session.conditional)
        if not self.session.conditional:
            return
        self._layout.addWidget(section("Condition"), 0, 0, 1, 2)
        for row, attribute in enumerate(self.session.attributes):
            combo = QComboBox()
            combo.addItems([*attribute.values, "any"])
            combo.setAccessibleName(attribute.name.replace("_", " "))
            combo.activated.connect(lambda value, i=row: self._choose(i, value))
            label = QLabel(attribute.name.replace("_", " "))
            label.setProperty("role", "dim")
            self._layout.addWidget(label, row + 1, 0)
            self._layout.addWidget(combo, row + 1, 1)
            self.combos.append(combo)
        self._follow(self.session.state)

    def _choose(self, index: int, value: int) -> None:
        condition = list(self.session.state.condition)
        condition[index] = value
        name = self.session.attributes[index].name
        self.session.do(replace(self.session.state, condition=tuple(condition)), f"choose {name}")

    def _follow(self, before: LatentState) -> None:
        for combo, value in zip(self.combos, self.session.state.condition):
            if combo.currentIndex() != value:
                blocked = QSignalBlocker(combo)
                combo.setCurrentIndex(value)
                del blocked


def _push(text: str, tip: str, slot: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())  # type: ignore[operator]
    return button
