"""The samples at the present scale, and the slider under them: a coarse picture at once, the full one after."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.requests import Guide
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.guidance.state import MOST, GuidanceState
from genplay.ui.panel import Exhibit
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.slider import ValueSlider

PLANE = 1.25  # half the width of the part of the plane on show
PREVIEW = 8  # steps of the coarse picture
NOTHING = "Nothing is asked for, so every scale gives the same: choose a condition."
APART = "Each attribute has a weight of its own, in place of one scale."
WHEEL = "The wheel changes the scale"
LOOK = " · a click chooses a sample for the microscope, a double click opens it"
TIP = "Guidance scale w: 0 ignores the condition, 1 follows it, more exaggerates it ([ and ])\n"


class TimedGrid(ImageGrid):
    """A grid that tells how long after ``since`` (perf_counter, 0 for unknown) it has been painted."""

    painted = Signal(float)  # seconds

    def __init__(self, columns: int) -> None:
        super().__init__(columns=columns, gap=2)
        self.since = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.since:
            since, self.since = self.since, 0.0
            self.painted.emit(perf_counter() - since)


class PicturePart(QWidget):
    """Asks for samples at the session's scale whenever it changes, newest first, and shows the answers."""

    latency = Signal(float)  # seconds from the user's event to the paint of its first answer
    drag_out = Signal()

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: Guide | None = None
        self._asked: tuple[object, ...] = ()
        self.grid = TimedGrid(columns=4)
        self.grid.setAccessibleName("Guided samples")
        self.grid.painted.connect(self.latency)
        self.grid.clicked.connect(self._choose_sample)
        self.grid.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        self.grid.double_clicked.connect(lambda _: self._open_microscope())
        self.grid.drag_out.connect(lambda _: self.drag_out.emit())
        self.scatter = Scatter(ground="background")
        self.scatter.setAccessibleName("Guided samples")
        self.note, self.about = QLabel(NOTHING), ElidedLabel()
        self.note.setProperty("role", "warn")
        self.note.setWordWrap(True)
        self.slider = ValueSlider(0.0, MOST, session.state.scale, 1.0, decimals=2)
        self.slider.setAccessibleName("Guidance scale w")
        self.slider.setToolTip(TIP + self.slider.toolTip())
        self.slider.pressed.connect(session.begin)
        self.slider.moved.connect(lambda w: session.apply(session.state.with_settings(guidance=round(w, 2))))
        self.slider.released.connect(lambda _: session.commit("change the guidance scale"))
        self._lay_out()
        session.changed.connect(self._changed)
        session.aged.connect(self._weights_changed)
        session.run_changed.connect(self._run_changed)
        self._follow()

    def _lay_out(self) -> None:
        views = QWidget()
        self._views = QStackedLayout(views)
        self._views.addWidget(self.grid)
        self._views.addWidget(self.scatter)
        name = QLabel("w")
        name.setProperty("role", "title")
        name.setBuddy(self.slider)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(views, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.note)
        layout.addLayout(row)

    # ---- asking

    def wanted(self) -> Guide:
        """The question that the state asks."""
        wish = self.session.state.wish
        return Guide(wish.count, PREVIEW, wish.condition, dict(wish.config), seed=wish.seed)

    def refresh(self, since: float = 0.0) -> None:
        """Ask unless what is wanted is on show or on its way; ``since`` is when the user wished for it."""
        if not self.session.active or not self.session.ready:
            return
        question, key = self.wanted(), (self.wanted(), self.session.weights)
        if key == self._asked and (self.session.waiting("picture") or self._whole()):
            return
        self._asked = key
        run_id = self.session.weights[0]
        self.session.ask("picture", question, lambda a: self._answered(a, question, run_id, since), patient=True)

    def _whole(self) -> bool:
        return self.answer is not None and self.answer.last and self.question == self.wanted()

    def _changed(self, before: GuidanceState) -> None:
        self._follow()
        if before.wish != self.session.state.wish:
            self.refresh(self.session.touched)

    def _weights_changed(self) -> None:
        if not self.session.waiting("picture"):
            self.refresh()

    def _run_changed(self) -> None:
        self.answer = self.question = None
        self._asked = ()
        self.grid.set_images(None)
        self.scatter.clear()
        self.scatter.fit(-PLANE, -PLANE, PLANE, PLANE)
        self._views.setCurrentIndex(0 if self.session.pictures else 1)
        self.grid.setToolTip(WHEEL + (LOOK if "microscope" in self.session.parts else ""))
        self._follow()
        self.refresh()

    def _open_microscope(self) -> None:
        if "microscope" in self.session.parts:
            self.session.set("show the microscope", part="microscope")

    # ---- showing

    def _answered(self, answer: Answer, question: Guide, run_id: object, since: float) -> None:
        if self.session.weights[:1] != (run_id,):
            return
        first = self.question != question
        self.answer, self.question = answer, question
        self.grid.since = since if first else 0.0
        self._show(answer.value.x)
        self._tell()
        self.session.progressed.emit(-1.0 if answer.last or answer.progress is None else answer.progress)
        if answer.last and not self.session.in_gesture:
            self.session.rested.emit()

    def _show(self, x: np.ndarray) -> None:
        if not self.session.pictures:
            tint = theme.family_colour(self.session.run.family if self.session.run else "")
            self.scatter.set_layer("samples", x, colour=tint, size=4.5, opacity=0.75)
            return
        self.grid.set_images(x)
        self.grid.select(min(self.session.state.sample, len(x) - 1))

    def _tell(self) -> None:
        """What made the picture on show."""
        if self.answer is None or self.question is None:
            self.about.setText("Drawing samples…")
            return
        config = self.question.config
        steps = int(config.get("steps", self._default("steps", 20)))
        coarse = f"preview, {self.question.preview} of {steps} steps" if self.question.preview < steps else "preview"
        made = f"{steps} steps" if self.answer.last else coarse
        scale = "own weights" if config.get("weights") else f"w {config.get('guidance', 1.0):.2f}"
        parts = (made, scale, f"seed {self.question.seed}", f"trained to step {self.answer.step:,}")
        self.about.setText("  ·  ".join(parts))
        self.about.setToolTip(self.about.text())

    def _default(self, knob: str, otherwise: Any) -> Any:
        known = self.session.family.sample_knobs if self.session.family else ()
        return next((k.default for k in known if k.name == knob), otherwise)

    def _follow(self) -> None:
        state = self.session.state
        apart = bool(state.setting("weights"))
        self.slider.set_value(state.scale)
        self.slider.setEnabled(not apart)
        self.note.setText(APART if apart else NOTHING)
        role = "dim" if apart else "warn"
        if self.note.property("role") != role:
            self.note.setProperty("role", role)
            self.note.style().polish(self.note)
        self.note.setVisible(self.session.ready and (apart or self.session.guided_by_nothing))
        if self.session.pictures and len(self.grid):
            self.grid.select(min(state.sample, len(self.grid) - 1))
        self._tell()

    def _choose_sample(self, index: int) -> None:
        self.session.set("choose a sample", sample=index)

    # ---- what the panel needs

    def nudge(self, by: float) -> None:
        """A step of the scale, as one change."""
        state = self.session.state
        if not state.setting("weights"):
            scale = round(min(max(state.scale + by, 0.0), MOST), 2)
            self.session.do(state.with_settings(guidance=scale), "change the guidance scale")

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Over the pictures the wheel turns the slider."""
        if self.slider.isEnabled():
            self.slider.wheelEvent(event)

    def exhibit(self, name: str) -> Exhibit | None:
        """The samples on show; a coarse picture is none, for no question has it for its answer."""
        if self.answer is None or self.question is None or not self.answer.last:
            return None
        columns = self.grid.layout_columns() if self.session.pictures else 1
        answer = self.answer
        return Exhibit(f"{name} guided", "grid", answer.value.x, self.question, answer.step, answer.digest, columns)
