"""What guidance does at one step: both predictions, their difference and the result, and how they differ over time."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.requests import Question, Trajectory
from genplay.contract.results import Answer, Tape
from genplay.ui.guidance.part import Part
from genplay.ui.guidance.prediction import NAMES, Prediction, pictures, prediction_of
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.guidance.state import MIDDLE
from genplay.ui.panel import Exhibit
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.line_chart import LineChart
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.slider import ValueSlider

FRAMES = 1600  # frames times samples that are asked for at most
PLANE = 1.6
AS = {"data": "As pictures", "noise": "As noise"}
AS_TIPS = {
    "data": "Each prediction as the clean picture that it stands for",
    "noise": "Each prediction as the noise that it is, grey for none",
}
SAME = "At a scale of 0 or 1 the model is asked once a step, and there is no difference to see: move the scale."
NOTHING = "Nothing is asked for: choose a condition to see what it changes at every step."
AFTER = "Clipping, rescaling and thresholding come after."
TINTS = {"unconditional": "#E69F00", "conditional": "#56B4E9", "guided": "#CC79A7"}


class MicroscopePart(Part):
    """The predictions of the chosen sample at the chosen step, and curves over all steps that choose one."""

    name: ClassVar[str] = "microscope"
    title: ClassVar[str] = "Microscope"
    tip: ClassVar[str] = "What guidance adds at each step of one sample"

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.question: Trajectory | None = None
        self.found: list[Prediction] = []
        self._coming: list[Prediction] = []
        self.kind = Chips(tuple(AS), AS, AS_TIPS)
        for name, button in self.kind.buttons.items():
            button.clicked.connect(lambda _=False, n=name: session.set(f"show {n}", noise=n == "noise"))
        self.about, self.caption = ElidedLabel(), ElidedLabel()
        self.grid = ImageGrid(gap=12)
        self.grid.selectable = False
        self.grid.setAccessibleName("Predictions at this step")
        self.scatter = Scatter(ground="background")
        self.scatter.setAccessibleName("Predictions at this step")
        self.empty = EmptyState("zoom", SAME)
        self.steps = ValueSlider(1, 2, 1, 1, integer=True)
        self.steps.setAccessibleName("Step")
        self.steps.setToolTip("Which step of the sampler is looked at, from noise to data\n" + self.steps.toolTip())
        self.steps.pressed.connect(session.begin)
        self.steps.moved.connect(lambda n: session.apply(replace(session.state, step=round(n) - 1)))
        self.steps.released.connect(lambda _: session.commit("look at another step"))
        self.norm = LineChart("‖difference‖", x_name="t", backwards=True)
        self.cosine = LineChart("cosine", x_name="t", backwards=True)
        self.cosine.setToolTip("Cosine between the unconditional and the conditional prediction: 1 is no turn")
        self.norm.setToolTip("How far the condition moves the predicted noise")
        for chart in (self.norm, self.cosine):
            chart.span = (0.0, 1.0)
            chart.picked.connect(self._pick)
        self._lay_out()
        session.changed.connect(lambda before: self._draw())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.kind)
        head.addWidget(self.about, 1)
        views = QWidget()
        self._views = QStackedLayout(views)
        for view in (self.empty, self.grid, self.scatter):
            self._views.addWidget(view)
        step = QLabel("step")
        step.setProperty("role", "dim")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(step)
        row.addWidget(self.steps, 1)
        charts = QHBoxLayout()
        charts.setSpacing(16)
        charts.addWidget(self.norm)
        charts.addWidget(self.cosine)
        self.below = QWidget()
        below = QVBoxLayout(self.below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(6)
        below.addWidget(self.caption)
        below.addLayout(row)
        below.addLayout(charts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(views, 3)
        layout.addWidget(self.below, 2)

    # ---- asking

    def wanted(self) -> Question | None:
        wish = self.session.state.wish
        known = self.session.family.sample_knobs if self.session.family else ()
        default = next((k.default for k in known if k.name == "steps"), 20)
        steps = int(wish.config.get("steps", default))
        n = min(wish.count, max(1, FRAMES // steps)) if self.session.pictures else wish.count
        return Trajectory(n, wish.condition, dict(wish.config), seed=wish.seed)

    def take(self, answer: Answer, question: Question) -> None:
        """Every frame as it comes while there is nothing older to see, else all once they are there."""
        assert isinstance(question, Trajectory)
        if isinstance(answer.value, Tape):
            known = (prediction_of(frame) for frame in answer.value.frames)
            self.found, self._coming = [p for p in known if p is not None], []
        else:
            self._coming = self._coming if answer.value.index else []
            found = prediction_of(answer.value)
            self._coming += [found] if found is not None else []
            if self.question is not None and self.question != question:
                return
            self.found = list(self._coming)
        self.answer, self.question = answer, question
        self._draw_curves()
        self._draw()

    def clear(self) -> None:
        self.answer = self.question = None
        self.found, self._coming = [], []
        self.scatter.clear()
        self.scatter.fit(-PLANE, -PLANE, PLANE, PLANE)
        self.kind.setVisible(self.session.pictures)
        self._draw_curves()
        self._draw()

    # ---- showing

    @property
    def place(self) -> int:
        """Where in ``found`` the step on show is: steps outside the interval of guidance are not there."""
        wanted = self.session.state.step
        away = [abs(p.index - wanted) for p in self.found]
        return len(self.found) // 2 if wanted == MIDDLE or not away else away.index(min(away))

    @property
    def sample(self) -> int:
        """The sample on show; of points all are."""
        n = len(self.found[0].x_t) if self.found else 1
        return min(self.session.state.sample, n - 1)

    def _draw_curves(self) -> None:
        t = np.array([p.t for p in self.found])
        pictures = self.session.pictures
        size = [float(p.size[self.sample] if pictures else p.size.mean()) for p in self.found]
        cosine = [float(p.cosine[self.sample] if pictures else p.cosine.mean()) for p in self.found]
        self.norm.set_curve(t, np.array(size), low=0.0)
        self.cosine.set_curve(t, np.array(cosine), low=0.9, high=1.0)
        self.steps.high = float(max(2, self._count()))

    def _count(self) -> int:
        """How many steps there are."""
        return (self.found[-1].count or self.found[-1].index + 1) if self.found else 0

    def _draw(self) -> None:
        """The step on show: an array lookup; nothing while another part is in sight."""
        if not self.on_show:
            return
        self.kind.choose("noise" if self.session.state.noise else "data")
        self.below.setVisible(bool(self.found))
        if not self.found:
            waits = self.session.ready and (self.question is None or self.session.waiting(self.name))
            why = NOTHING if self.session.guided_by_nothing else SAME
            self.empty.set_text("Following every step…" if waits and not self.session.guided_by_nothing else why)
            self._views.setCurrentWidget(self.empty)
            self.about.setText("")
            return
        found = self.found[self.place]
        self.steps.set_value(found.index + 1)
        for chart in (self.norm, self.cosine):
            chart.set_cursor(found.t)
        self._draw_step(found)

    def _draw_step(self, found: Prediction) -> None:
        apart = self._apart or not np.isfinite(found.scale)
        scale = "own weights" if apart else f"w = {found.scale:.2f}"
        of = f"sample {self.sample + 1}" if self.session.pictures else f"{len(found.x_t):,} points"
        self.about.setText(
            f"{of}   ·   step {found.index + 1} of {self._count()}   ·   t = {found.t:.2f}   ·   {scale}"
        )
        self.about.setToolTip(self.about.text())
        if not self.session.pictures:
            self._draw_points(found)
            return
        shown, greatest = pictures(found, self.sample, self.session.state.noise)
        captions = [self._base, "conditional", f"difference, ±{greatest:.2g}", "guided"]
        self.grid.set_images(shown, captions)
        self._views.setCurrentWidget(self.grid)
        self.caption.setText(f"{self._formula()}   ·   mid-grey: no difference")
        unit = "standard deviations of noise" if self.session.state.noise else "where −1 is black and 1 is white"
        self.caption.setToolTip(f"The difference is scaled by its own greatest value, {greatest:.3g} ({unit}). {AFTER}")

    @property
    def _apart(self) -> bool:
        """Whether attributes have weights of their own."""
        return self.question is not None and bool(self.question.config.get("weights"))

    @property
    def _base(self) -> str:
        """What guidance leads away from."""
        return "negative" if self.question is not None and self.question.config.get("negative") else NAMES[0]

    def _formula(self) -> str:
        return f"guided = {self._base} + " + ("each weight × its difference" if self._apart else "w × difference")

    def _draw_points(self, found: Prediction) -> None:
        self._views.setCurrentWidget(self.scatter)
        self.scatter.set_layer("x_t", found.x_t, colour="dim", size=3, opacity=0.5, title="x_t", z=-1)
        for index, name in enumerate(NAMES):
            if name in TINTS:
                title = name if index else self._base
                self.scatter.set_layer(name, found.data[index], colour=QColor(TINTS[name]), size=4, title=title)
        self.caption.setText(f"where each prediction would have the points end   ·   {self._formula()}")

    def _pick(self, t: float) -> None:
        nearest = int(np.abs(np.array([p.t for p in self.found]) - t).argmin())
        if nearest != self.place:
            self.session.apply(replace(self.session.state, step=self.found[nearest].index))

    def exhibit(self, name: str) -> Exhibit | None:
        """The four pictures, with all predictions of the sample as arrays."""
        if self.answer is None or self.question is None or not self.found or not self.session.pictures:
            return None
        shown, _ = pictures(self.found[self.place], self.sample, self.session.state.noise)
        arrays = {"t": np.array([p.t for p in self.found])}
        for index, what in enumerate(NAMES):
            arrays[what] = np.stack([p.noise[index, self.sample] for p in self.found])
        answer, title = self.answer, f"{name} guidance at step {self.found[self.place].index + 1}"
        return Exhibit(title, "grid", shown, self.question, answer.step, answer.digest, len(NAMES), arrays=arrays)
