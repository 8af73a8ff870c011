"""The forward process: any picture (or cloud) noised to any time, beside the schedule that decides how much."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from genplay.contract.capability import Capability
from genplay.contract.requests import Corrupt, DescribeSchedule
from genplay.contract.results import Answer, Corrupted
from genplay.ui import theme
from genplay.ui.panel import Exhibit
from genplay.ui.unfold.part import GAP, Part, dim_label, number_in, whole_in
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.source_bar import SourceBar
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.cloud import REACH, clouds
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture import Picture
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.schedule_plot import SchedulePlot
from genplay.ui.views.slider import ValueSlider

TIMES = tuple(i / 100 for i in range(101))  # all fetched at once: dragging t looks up what is there
STRIP = (0, 14, 29, 43, 57, 71, 86, 100)  # which of them stand in the strip
EMPTY = "Choose a picture above: it is drowned in noise here, as the model sees it while it learns."
POINTS = 196  # of a cloud: enough to see its shape, at all times at once
EXTREME = 9.2  # nats: a ratio of 10,000
NARROW = 620  # pixels below which the strip has no captions


class ForwardPart(Part):
    """The picture at time t large, eight times of it in a strip, and the schedule with the same t as its cursor."""

    name: ClassVar[str] = "forward"
    title: ClassVar[str] = "Forward"
    icon: ClassVar[str] = "density"
    height_wanted: ClassVar[int] = 250
    needs: ClassVar[Capability] = Capability.CORRUPT
    lacks: ClassVar[str] = "has no forward noising process"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__(session)
        self.clean: np.ndarray | None = None  # what is noised
        self.noised: Corrupted | None = None
        self.question: Corrupt | None = None
        self.answer: Answer | None = None
        self._roomy = True
        self._drawn: np.ndarray | None = None  # a picture a time, uint8 (T, H, W, C)
        self.source = SourceBar(session, "forward.data")
        self.large = Picture()
        self.large.placeholder = EMPTY
        self.large.setAccessibleName("The picture at the chosen time")
        self.cloud = Scatter()
        self.cloud.setAccessibleName("The points at the chosen time")
        self.strip = ImageGrid(gap=3)
        self.strip.setAccessibleName("The picture at eight times, from data to noise")
        self.time = ValueSlider(0.0, 1.0, 0.5, 0.5, decimals=2)
        self.time.setAccessibleName("Time t")
        self.plot = SchedulePlot()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self._lay_out()
        self.source.chosen.connect(self._take)
        self.strip.clicked.connect(lambda i: self._jump(TIMES[STRIP[i]]))
        for part in (self.time, self.plot):
            part.pressed.connect(session.begin)
            part.moved.connect(self._moved)
            part.released.connect(lambda *_: session.commit("move the time of the forward process"))
        session.changed.connect(self._changed)
        theme.signals().changed.connect(self._draw)
        self._show_time()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(dim_label("t"))
        row.addWidget(self.time, 1)
        middle = QVBoxLayout()
        middle.setSpacing(6)
        middle.addWidget(self.strip, 1)
        middle.addLayout(row)
        middle.addWidget(self.words)
        lower = QHBoxLayout()
        lower.setSpacing(GAP)
        lower.addWidget(self.large, 3)
        lower.addWidget(self.cloud, 3)
        lower.addLayout(middle, 5)
        lower.addWidget(self.plot, 6)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.source)
        layout.addLayout(lower, 1)

    # ---- the time

    @property
    def t(self) -> float:
        """The time on show."""
        return number_in(self.settings().get("t"), 0.0, 1.0, 0.5)

    def _moved(self, t: float) -> None:
        self.session.apply(self.session.state.with_part(self.name, {"t": t}))

    def _jump(self, t: float) -> None:
        self.session.set_part(self.name, {"t": t}, "move the time of the forward process")

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.parts.get(self.name) != before.parts.get(self.name):
            self._show_time()

    def _show_time(self) -> None:
        t = self.t
        self.time.set_value(t)
        self.plot.set_time(t)
        place = min(range(len(STRIP)), key=lambda i: abs(TIMES[STRIP[i]] - t))
        self.strip.select(place if self._drawn is not None and abs(TIMES[STRIP[place]] - t) < 0.02 else -1)
        self._show_large(round(100 * t))
        self.words.setText(self.told())

    def _show_large(self, index: int) -> None:
        self.large.setVisible(self.session.pictures)
        self.cloud.setVisible(not self.session.pictures)
        if self.noised is None or self._drawn is None:
            self.large.set_image(None)
            self.cloud.remove_layer("cloud")
        elif self.session.pictures:
            self.large.set_image(self._drawn[index])
        else:
            self.cloud.set_layer("cloud", self.noised.x[index], size=3.5)

    def told(self) -> str:
        """What the schedule does at the time on show, in words."""
        if self.plot.schedule is None:
            return ""
        share, snr = self.plot.signal_at(self.t), self.plot.log_snr_at(self.t)
        ratio = f"SNR {np.exp(snr):.2g}"
        if abs(snr) > EXTREME:
            ratio = "next to no noise" if snr > 0 else "next to no signal"
        return f"At t = {self.t:.2f}, {100 * share:.0f} % signal and {100 * (1 - share):.0f} % noise · {ratio}"

    # ---- asking

    def run_selected(self) -> None:
        self.clean = self.noised = self.question = self.answer = self._drawn = None
        self.plot.set_schedule(None)
        self._draw()

    def refresh(self) -> None:
        if self.plot.schedule is None:
            self.ask("schedule", DescribeSchedule(), self._described)
        if self.clean is None:
            self.source.show_row(whole_in(self.settings().get("row"), 0, 1 << 20, 0))
        elif self.noised is None:
            self._corrupt()

    def _described(self, answer: Answer) -> None:
        self.plot.set_schedule(answer.value)
        self.plot.setToolTip(f"{answer.value.title} · drag to choose the time t · arrows step")
        self._show_time()

    def _take(self, x: np.ndarray, title: str, row: int) -> None:
        self.clean = x if self.session.pictures else x[:POINTS]
        if row >= 0 and row != self.settings().get("row"):
            self.session.apply(self.session.state.with_part(self.name, {"row": row}))
        self._corrupt()

    def _corrupt(self) -> None:
        assert self.clean is not None
        question = Corrupt(self.clean, TIMES, seed=self.session.state.seed)
        self.ask("noised", question, lambda answer: self._noised(answer, question))

    def _noised(self, answer: Answer, question: Corrupt) -> None:
        self.noised, self.question, self.answer = answer.value, question, answer
        self._draw()

    def _draw(self) -> None:
        """A picture of each time, made once: dragging only looks them up."""
        if self.noised is None:
            self._drawn = None
            self.strip.set_images(None)
        else:
            x = self.noised.x
            self._drawn = x[:, 0] if x.dtype == np.uint8 else clouds(x)
            self.cloud.fit(-REACH, -REACH, REACH, REACH, margin=0.0)
            self._show_strip()
        self._show_time()

    def _show_strip(self) -> None:
        if self._drawn is not None:
            captions = [f"{TIMES[i]:.2f}" for i in STRIP]
            self.strip.set_images(self._drawn[list(STRIP)], captions if self._roomy else ())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (self.width() >= NARROW) != self._roomy:
            self._roomy = not self._roomy
            self._show_strip()

    def exhibit(self) -> Exhibit | None:
        """The picture noised step by step, as an animation."""
        if self.noised is None or self.question is None or self.answer is None or self.session.run is None:
            return None
        x = self.noised.x[:, 0] if self.session.pictures else self.noised.x
        title = f"{self.session.run.name} forward process"
        arrays = {"t": self.noised.t, "log_snr": self.noised.log_snr}
        return Exhibit(title, "animation", x, self.question, self.answer.step, self.answer.digest, arrays=arrays)
