"""The Chain lab's column: where chains start, and how they walk."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui.chains.asking import OWN
from genplay.ui.chains.pictures_part import StartCanvas
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.start_box import StartBox
from genplay.ui.chains.state import CHAINS, ChainState
from genplay.ui.form import LABEL_WIDTH
from genplay.ui.sampling.controls import SampleControls
from genplay.ui.sampling.wish import Wish
from genplay.ui.views.slider import ValueSlider


class ChainInspector(QWidget):
    """The column of controls beside the stage."""

    def __init__(self, session: ChainSession, canvas: StartCanvas) -> None:
        super().__init__()
        self.session = session
        self.start = StartBox(session, canvas)
        self.chains = ValueSlider(1, 256, 32, 32, scale="log", integer=True)
        self.drop = ValueSlider(0.0, 0.9, 0.2, 0.2)
        self.controls = SampleControls(counted=False, without=OWN)
        self._counted = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(6)
        layout.addWidget(self.start)
        layout.addSpacing(6)
        layout.addLayout(_row("chains", self.chains, "How many chains walk side by side"))
        layout.addLayout(_row("leave out", self.drop, "The share of the walk, from its start, that no figure counts"))
        layout.addSpacing(6)
        layout.addWidget(self.controls)
        self._connect()
        self._run_changed()

    def _connect(self) -> None:
        session = self.session
        self.controls.changed.connect(self._take_wish)
        self.controls.edited.connect(lambda before, after, what: session.record(f"change the {what.replace('_', ' ')}"))
        self.chains.pressed.connect(session.begin)
        self.chains.released.connect(lambda _: session.commit("change the number of chains"))
        self.chains.moved.connect(lambda n: session.apply(_asking(session.state, count=round(n))))
        self.drop.pressed.connect(session.begin)
        self.drop.moved.connect(lambda share: session.apply(replace(session.state, drop=round(share, 3))))
        self.drop.released.connect(lambda _: session.commit("change what is left out"))
        session.run_changed.connect(self._run_changed)
        session.changed.connect(lambda _: self._follow())

    def _take_wish(self, wish: Wish) -> None:
        config = {**self.session.state.wish.config, **wish.config}
        self.session.slide(_asking(self.session.state, seed=wish.seed, condition=wish.condition, config=config))

    def _run_changed(self) -> None:
        least, most, usual = CHAINS.get(self.session.spec.kind, (1, 64, 16))
        self.chains.set_range(least, most, usual)
        self._follow()

    def _follow(self) -> None:
        state, run = self.session.state, self.session.run
        for widget in (self.controls, self.start):
            widget.setVisible(self.session.ready)
        self.chains.set_value(state.wish.count)
        self.drop.set_value(state.drop)
        if self.session.ready and run is not None:
            self.controls.show_wish(state.wish, run, self.session.family)


def _asking(state: ChainState, **values: object) -> ChainState:
    return replace(state, wish=replace(state.wish, **values))  # type: ignore[arg-type]


def _row(name: str, slider: ValueSlider, tip: str) -> QHBoxLayout:
    label = QLabel(name)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL_WIDTH)
    label.setBuddy(slider)
    slider.setAccessibleName(name)
    slider.setToolTip(f"{tip}\n{slider.toolTip()}")
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(label)
    row.addWidget(slider, 1)
    return row
