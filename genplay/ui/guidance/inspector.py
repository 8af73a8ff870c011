"""The Guidance panel's controls: sampling and condition, how guidance is tamed, what to lead away from, weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.contract.errors import BadInput
from genplay.contract.sampling import attribute_weights, negative_labels, negative_text, weights_text
from genplay.ui.form import LABEL_WIDTH, Form
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.guidance.state import GuidanceState, asked_for, with_condition, with_weights
from genplay.ui.latent.sliders import section
from genplay.ui.sampling.controls import SampleControls
from genplay.ui.sampling.wish import Wish, sample_knobs, simplest
from genplay.ui.views.slider import ValueSlider

T = TypeVar("T")

TAMING = ("rescale", "threshold", "guide_from", "guide_to")  # knobs that have a section of their own
LIMIT = 15.0  # of a weight
SEPARATE = "A guidance scale for each attribute that is asked for, in place of one for all"
AWAY = "A condition to be led away from, in place of none: what guidance pushes against"


class GuidanceInspector(QWidget):
    """The column of controls beside the stage."""

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self.controls = SampleControls(counted=False, without=("guidance", *TAMING))
        self.controls.changed.connect(self._take_wish)
        self.controls.edited.connect(lambda before, after, what: session.record(f"change {what.replace('_', ' ')}"))
        self.taming = TamingBox(session)
        self.weights = WeightsBox(session)
        self.negative = NegativeBox(session)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        for widget in (self.controls, self.taming, self.weights, self.negative):
            layout.addWidget(widget)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(self._changed)
        self._run_changed()

    def _take_wish(self, wish: Wish) -> None:
        """What the controls say; the condition takes separate weights with it."""
        state = self.session.state
        config = {**state.wish.config, **wish.config}
        asked = state.asking(seed=wish.seed, config={k: v for k, v in config.items() if v != ""})
        self.session.slide(with_condition(asked, wish.condition, self.session.spec))

    def _run_changed(self) -> None:
        self.controls.setVisible(self.session.ready)
        for box in (self.taming, self.weights, self.negative):
            box.rebuild()
        self._follow()

    def _changed(self, before: GuidanceState) -> None:
        """Follow, unless only the scale was moved, which is shown elsewhere."""
        before, now = (state.with_settings(guidance=0.0) for state in (before, self.session.state))
        if before.wish != now.wish:
            self._follow()

    def _follow(self) -> None:
        if not self.session.ready or self.session.run is None:
            return
        self.controls.show_wish(self.session.state.wish, self.session.run, self.session.family)
        for box in (self.taming, self.weights, self.negative):
            box.follow()


class TamingBox(QWidget):
    """Rescaling, thresholding and the interval: knobs that keep strong guidance in bounds."""

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self.form: Form | None = None
        self._layout = _column(self)
        self._layout.addWidget(section("Guidance"))

    def rebuild(self) -> None:
        """Make the rows of another run's sampler."""
        if self.form is not None:
            self._layout.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        knobs = [k for k in sample_knobs(self.session.family, self.session.spec) if k.name in TAMING]
        self.setVisible(bool(knobs))
        if knobs:
            self.form = Form(knobs, self.session.state.wish.config)
            self.form.changed.connect(self._take)
            self.form.edited.connect(
                lambda name, before, after: self.session.record(f"change {name.replace('_', ' ')}")
            )
            self._layout.addWidget(self.form)

    def _take(self, name: str, value: object) -> None:
        self.session.slide(self.session.state.with_settings(**{name: value}))

    def follow(self) -> None:
        """Show the state."""
        if self.form is not None:
            for name, knob in self.form.knobs.items():
                self.form.set_value(name, self.session.state.setting(name, knob.default))


class WeightsBox(QWidget):
    """A toggle, and below it a slider for each attribute that is asked for."""

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self.sliders: dict[int, ValueSlider] = {}
        self._layout = _column(self)
        self.toggle = QCheckBox("Separate weights")
        self.toggle.setToolTip(SEPARATE)
        self.toggle.clicked.connect(self._toggle)
        self._rows = QWidget()
        self._layout.addWidget(self.toggle)
        self._layout.addWidget(self._rows)

    def rebuild(self) -> None:
        """Forget the sliders of another run."""
        self.setVisible(self.session.conditional)
        self._make_rows({})

    def _toggle(self, on: bool) -> None:
        state, spec = self.session.state, self.session.spec
        self.session.do(with_weights(state, spec, on), "separate weights" if on else "one scale for all")

    def follow(self) -> None:
        """Show the state: a row for each attribute with a weight."""
        state, spec = self.session.state, self.session.spec
        asked = asked_for(state.wish.condition, spec)
        none: dict[int, float] = {}
        weights = _read(lambda: attribute_weights(str(state.setting("weights")), spec), none)
        self.toggle.setChecked(bool(weights))
        self.toggle.setEnabled(bool(asked) or bool(weights))
        if set(weights) != set(self.sliders):
            self._make_rows(weights)
        for column, weight in weights.items():
            self.sliders[column].set_value(weight)

    def _make_rows(self, weights: dict[int, float]) -> None:
        self._layout.removeWidget(self._rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows, self.sliders = QWidget(), {}
        column = _column(self._rows)
        for index, weight in weights.items():
            attribute = self.session.spec.attributes[index]
            name = attribute.name.replace("_", " ")
            slider = self.sliders[index] = ValueSlider(-LIMIT, LIMIT, weight, 1.0, signed=True)
            slider.setAccessibleName(f"Weight of {name}")
            slider.setToolTip(f"Guidance scale of {name} alone; below 0 it leads away\n{slider.toolTip()}")
            slider.pressed.connect(self.session.begin)
            slider.moved.connect(lambda w, i=index: self.session.apply(self._with(i, w)))
            slider.released.connect(lambda _, n=name: self.session.commit(f"change the weight of {n}"))
            column.addLayout(_row(name, slider))
        self._rows.setVisible(bool(weights))
        self._layout.addWidget(self._rows)

    def _with(self, column: int, weight: float) -> GuidanceState:
        weights = {i: slider.value() for i, slider in self.sliders.items()} | {column: weight}
        return self.session.state.with_settings(weights=weights_text(weights, self.session.spec))


class NegativeBox(QWidget):
    """A toggle, and below it one choice an attribute: what guidance pushes against."""

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self.combos: list[QComboBox] = []
        self._layout = _column(self)
        self.toggle = QCheckBox("Negative condition")
        self.toggle.setToolTip(AWAY)
        self.toggle.clicked.connect(self._toggle)
        self._rows = QWidget()
        self._layout.addWidget(self.toggle)
        self._layout.addWidget(self._rows)

    def rebuild(self) -> None:
        """Make the choices of another run's data."""
        self.setVisible(self.session.conditional)
        self._layout.removeWidget(self._rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows, self.combos = QWidget(), []
        column = _column(self._rows)
        for attribute in self.session.spec.attributes if self.session.conditional else ():
            name = attribute.name.replace("_", " ")
            combo = QComboBox()
            combo.addItems(["–", *attribute.values])
            combo.setAccessibleName(f"Not this {name}")
            combo.setToolTip(f"The {name} to be led away from")
            combo.activated.connect(lambda _: self._choose())
            self.combos.append(combo)
            column.addLayout(_row(name, combo))
        self._rows.hide()
        self.toggle.setChecked(False)
        self._layout.addWidget(self._rows)

    def _toggle(self, on: bool) -> None:
        self._rows.setVisible(on)
        if not on:
            self.session.do(self.session.state.with_settings(negative=""), "no negative condition")

    def _choose(self) -> None:
        spec = self.session.spec
        chosen = [c.currentIndex() - 1 if c.currentIndex() else c.count() - 1 for c in self.combos]
        text = negative_text(simplest(tuple(chosen), spec), spec)
        self.session.do(self.session.state.with_settings(negative=text), "change the negative condition")

    def follow(self) -> None:
        """Show the state."""
        spec = self.session.spec
        none: tuple[int, ...] = ()
        labels = _read(lambda: negative_labels(str(self.session.state.setting("negative")), spec), none)
        if labels:
            self.toggle.setChecked(True)
        self._rows.setVisible(self.toggle.isChecked())
        for combo, label in zip(self.combos, labels or spec.any_labels):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(0 if label == combo.count() - 1 else label + 1)


def _read(read: Callable[[], T], otherwise: T) -> T:
    """What ``read`` gives, or ``otherwise`` where the text cannot be read."""
    try:
        return read()
    except BadInput:
        return otherwise


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    return column


def _row(name: str, control: QWidget) -> QHBoxLayout:
    label = QLabel(name)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL_WIDTH)
    label.setBuddy(control)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(label)
    row.addWidget(control, 1)
    return row
