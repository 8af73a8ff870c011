"""What a branch does differently: a small form that opens below the branch button."""

from __future__ import annotations

import secrets
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.knob import Knob
from genplay.contract.sampling import STOCHASTIC
from genplay.ui import theme
from genplay.ui.sampling.wish import MAX_SEED, simplest
from genplay.ui.unfold import branching
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.views.slider import ValueSlider

SEEDS = 1_000_000
FRESH = "Fresh noise"
FRESH_TIP = (
    "Noise the prediction of this step anew with the seed. Without it the branch goes on from the very same state, "
    "and a sampler that adds no noise on its way makes of it whatever the other settings say."
)


class ForkBox(QFrame):
    """A popup: seed, sampler, guidance and condition of the branch, as they are on the tape until changed."""

    forked = Signal()

    def __init__(self, session: UnfoldSession, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.session = session
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.heading = QLabel()
        self.fresh = QCheckBox(FRESH)
        self.fresh.setToolTip(FRESH_TIP)
        self.seed = QSpinBox()
        theme.padded(self.seed)
        self.seed.setRange(0, MAX_SEED)
        self.seed.setAccessibleName("Seed of the branch")
        self.seed.setToolTip("The seed of the fresh noise, and of what the sampler adds on its way")
        self.sampler, self.steps = QComboBox(), ValueSlider(1, 1000, 20, 20, scale="log", integer=True)
        self.sampler.setAccessibleName("Sampler of the branch")
        self.steps.setAccessibleName("Steps of the branch")
        self.guidance = ValueSlider(0, 15, 1, 1)
        self.guidance.setAccessibleName("Guidance of the branch")
        self.attribute, self.value = QComboBox(), QComboBox()
        self.attribute.setAccessibleName("Attribute")
        self.value.setAccessibleName("Its value in the branch")
        self.attribute.currentIndexChanged.connect(self._fill_values)
        self.value.activated.connect(self._take_value)
        self._condition: list[int] = []
        self._decided = False  # the user has said whether the noise is to be fresh
        self._lay_out()
        self.fresh.clicked.connect(self._decide)
        self.sampler.activated.connect(self._differ)
        self.steps.moved.connect(self._differ)
        self.guidance.moved.connect(self._differ)

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setVerticalSpacing(8)
        self.form.setHorizontalSpacing(12)
        self._condition_row = QWidget()
        pair = QHBoxLayout(self._condition_row)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setSpacing(8)
        pair.addWidget(self.attribute, 1)
        pair.addWidget(self.value, 1)
        rows = (
            ("", self.fresh),
            ("seed", self.seed),
            ("sampler", self.sampler),
            ("steps", self.steps),
            ("guidance", self.guidance),
            ("condition", self._condition_row),
        )
        for name, widget in rows:
            label = QLabel(name)
            label.setProperty("role", "dim")
            self.form.addRow(label, widget)
        self.go = QPushButton(theme.icon("fork", "accent_text"), "Branch")
        self.go.setProperty("role", "primary")
        self.go.setToolTip("Sample on from here (Enter)")
        self.go.clicked.connect(self.fork)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(12)
        layout.addWidget(self.heading)
        layout.addLayout(self.form)
        layout.addWidget(self.go)
        self.setFixedWidth(320)

    # ---- opening

    def open_at(self, place: QPoint) -> None:
        """Open with the settings of the tape on show, the top right corner at a place of the screen."""
        if self.fill():
            self.adjustSize()
            self.move(place.x() - self.width(), place.y())
            self.show()
            self.go.setFocus()

    def fill(self) -> bool:
        """Take the settings of the tape on show; whether it can be branched here."""
        frame = self.session.frame
        if frame is None or not branching.can_fork(self.session):
            return False
        config = self.session.config
        self.heading.setText(f"Branch at step {frame.index}, t = {frame.t:.2f}")
        self._decided = False
        self.fresh.setChecked(True)
        self.seed.setValue(secrets.randbelow(SEEDS))
        self._fill_sampler(config)
        self._fill_condition()
        self._decided = False
        self._follow()
        return True

    def _fill_sampler(self, config: dict[str, Any]) -> None:
        knobs = self._knobs()
        self.sampler.clear()
        sampler = knobs.get("sampler")
        if sampler is not None:
            for name, title in zip(sampler.choices, sampler.titles or sampler.choices, strict=True):
                self.sampler.addItem(title, name)
            self.sampler.setCurrentIndex(self.sampler.findData(config.get("sampler", sampler.default)))
        for name, slider in (("steps", self.steps), ("guidance", self.guidance)):
            if name in knobs:
                slider.set_value(float(config.get(name, knobs[name].default)))
        self.form.setRowVisible(self.sampler, sampler is not None)
        self.form.setRowVisible(self.steps, "steps" in knobs)
        self.form.setRowVisible(self.guidance, "guidance" in knobs and self.session.conditional)

    def _fill_condition(self) -> None:
        run = self.session.run
        attributes = self.session.attributes if self.session.conditional else ()
        self._condition = list(self.session.condition or (run.spec.any_labels if run else ()))
        self.attribute.clear()
        for attribute in attributes:
            self.attribute.addItem(attribute.name.replace("_", " "))
        self.form.setRowVisible(self._condition_row, bool(attributes))

    def _fill_values(self, place: int) -> None:
        self.value.clear()
        if 0 <= place < len(self.session.attributes):
            attribute = self.session.attributes[place]
            self.value.addItem("any", attribute.any)
            for label, name in enumerate(attribute.values):
                self.value.addItem(name, label)
            self.value.setCurrentIndex(self.value.findData(self._condition[place]))

    def _take_value(self) -> None:
        self._condition[self.attribute.currentIndex()] = self.value.currentData()
        self._differ()

    def _decide(self) -> None:
        self._decided = True
        self._follow()

    def _differ(self) -> None:
        """Something else differs now: then the state is to be the very same, unless the user has said otherwise."""
        if not self._decided:
            self.fresh.setChecked(False)
        self._follow()

    def _follow(self) -> None:
        """The seed matters only where there is noise to draw."""
        self.seed.setEnabled(self._draws_noise(self.sampler.currentData()))

    def _draws_noise(self, sampler: str | None) -> bool:
        eta = float(self.session.config.get("eta", 0.0)) if sampler == "ddim" else 0.0
        return self.fresh.isChecked() or sampler in STOCHASTIC or eta > 0

    def _knobs(self) -> dict[str, Knob]:
        family = self.session.family
        return {knob.name: knob for knob in family.sample_knobs} if family else {}

    # ---- branching

    def fork(self) -> None:
        """Branch as the form says."""
        self.hide()
        branching.fork(self.session, fresh=self.fresh.isChecked(), **self.values())
        self.forked.emit()

    def values(self) -> dict[str, Any]:
        """The fields of the wish that the form changes."""
        config, knobs = self.session.config, self._knobs()
        if "sampler" in knobs and self.sampler.currentData():
            config["sampler"] = self.sampler.currentData()
        if "steps" in knobs:
            config["steps"] = round(self.steps.value())
        if "guidance" in knobs and self.session.conditional:
            config["guidance"] = round(self.guidance.value(), 3)
        run = self.session.run
        noisy = self._draws_noise(config.get("sampler"))
        values: dict[str, Any] = {"config": config}
        if noisy:
            values["seed"] = self.seed.value()
        if run is not None and self.session.conditional:
            values["condition"] = simplest(tuple(self._condition), run.spec)
        return values

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.fork()
        else:
            super().keyPressEvent(event)
