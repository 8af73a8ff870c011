"""The Painting panel's controls: how pixels are drawn, in how many ways, and under what condition."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui.form import LABEL_WIDTH
from genplay.ui.latent.sliders import section
from genplay.ui.painting.session import PaintSession
from genplay.ui.painting.state import WAYS, PaintState
from genplay.ui.sampling.controls import SampleControls
from genplay.ui.sampling.wish import Wish
from genplay.ui.views.slider import ValueSlider

SHARPENING = ("temperature", "top_k", "top_p")
MOST_K = 64  # a larger number is as good as all
WORDS = "Applied to the bars at once, and to every pixel that is drawn."


class PaintInspector(QWidget):
    """The column of controls beside the stage."""

    def __init__(self, session: PaintSession) -> None:
        super().__init__()
        self.session = session
        self.temperature = ValueSlider(0.0, 3.0, 1.0, 1.0)
        self.top_k = ValueSlider(0, MOST_K, 0, 0, integer=True)
        self.top_p = ValueSlider(0.0, 1.0, 1.0, 1.0)
        self.ways = ValueSlider(WAYS[0], WAYS[1], WAYS[2], WAYS[2], integer=True)
        self.controls = SampleControls(counted=False, without=(*SHARPENING, "frames"))
        self.controls.changed.connect(self._take_wish)
        self.controls.edited.connect(lambda before, after, what: session.record(f"change the {what}"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(section("Drawing a pixel"))
        self._add(layout, "temperature", self.temperature, "Below 1 what is likely becomes more so; at 0 it takes all")
        self._add(layout, "top k", self.top_k, "Draw from so many of the likeliest values only; 0: from all")
        self._add(layout, "top p", self.top_p, "Draw from the fewest values that hold this share of the probability")
        words = QLabel(WORDS, wordWrap=True)
        words.setProperty("role", "dim")
        layout.addWidget(words)
        layout.addSpacing(6)
        layout.addWidget(section("Variants"))
        self._add(layout, "variants", self.ways, "How many ways are drawn side by side")
        layout.addSpacing(6)
        layout.addWidget(self.controls)
        self._bind("temperature", self.temperature, lambda v: round(v, 3))
        self._bind("top_k", self.top_k, round)
        self._bind("top_p", self.top_p, lambda v: round(v, 3))
        self.ways.pressed.connect(session.begin)
        self.ways.moved.connect(lambda n: session.apply(session.state.asking(count=round(n))))
        self.ways.released.connect(lambda _: session.commit("change the number of variants"))
        session.run_changed.connect(self._follow)
        session.changed.connect(self._changed)
        self._follow()

    def _add(self, layout: QVBoxLayout, name: str, slider: ValueSlider, tip: str) -> None:
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
        layout.addLayout(row)

    def _bind(self, name: str, slider: ValueSlider, fitted: object) -> None:
        """A slider that sets a knob of the sampler; a drag is one step of undo."""
        assert callable(fitted)
        session = self.session
        slider.pressed.connect(session.begin)
        slider.moved.connect(lambda value: session.apply(session.state.with_settings(**{name: fitted(value)})))
        slider.released.connect(lambda _: session.commit(f"change {name.replace('_', ' ')}"))

    def _take_wish(self, wish: Wish) -> None:
        state = self.session.state
        config = {**state.wish.config, **wish.config}
        self.session.slide(state.asking(seed=wish.seed, condition=wish.condition, config=config))

    def _changed(self, before: PaintState) -> None:
        if before.wish != self.session.state.wish:
            self._follow()

    def _follow(self) -> None:
        state, run = self.session.state, self.session.run
        self.controls.setVisible(self.session.ready)
        self.temperature.set_value(state.temperature)
        self.top_k.set_value(state.top_k)
        self.top_p.set_value(state.top_p)
        self.ways.set_value(state.wish.count)
        if self.session.ready and run is not None:
            self.controls.show_wish(state.wish, run, self.session.family)
