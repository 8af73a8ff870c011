"""Image to image: pictures, what the generator makes of them, the truth or the way back, and D's score of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Translate
from genplay.contract.results import Answer, Failure, RunState, Translated
from genplay.ui import theme
from genplay.ui.gan.heading import Heading
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.translate_detail import TranslateDetail, Turned
from genplay.ui.gan.translate_source import TranslateSource
from genplay.ui.panel import Exhibit
from genplay.ui.sampling.wish import takes_condition
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.score_histogram import ScoreHistogram
from genplay.ui.views.translation_grid import Line, TranslationGrid

SLOT, RIVAL_SLOT = "gan.translation", "gan.rival_translation"
ARRAYS = ("source", "third", "score_source", "score", "score_third", "score_real", "distance")
AGAIN_MS = 250  # between two looks at a model that trains
FOOT = 120  # pixels of height of histogram and detail
TALL, WIDE = 360, 700  # what the part must be for a foot, and for the histogram in it
WAITING = "Translating some pictures…"
POINT = "Point at a column to see it large, click to keep it there"


def asked_for(run: RunState, condition: tuple[int, ...]) -> tuple[int, ...]:
    """The labels that are asked for, where the run can be told any and has these."""
    attributes = run.spec.attributes
    fits = len(condition) == len(attributes) and all(v <= a.any for v, a in zip(condition, attributes))
    return condition if fits and takes_condition(run) else ()


class TranslatePart(QWidget):
    """Follows one run. ``failed`` is a Failure to be shown over the panel, None when an answer has come again."""

    failed = Signal(object)
    answered = Signal()

    def __init__(self, session: GanSession, source: TranslateSource, slot: str = SLOT) -> None:
        super().__init__()
        self.session, self.source, self.slot = session, source, slot
        self.bridge = session.bridge
        self.run: RunState | None = None
        self.answer: Answer | None = None
        self.question: Translate | None = None
        self.active = False
        self.compared = False
        self.ways: tuple[str, ...] = ()
        self._asked: tuple[Any, ...] = ()
        self.heading, self.grid = Heading(), TranslationGrid()
        self.heading.hide()
        self.grid.setToolTip(POINT)
        self.histogram, self.detail, self.foot = ScoreHistogram(), TranslateDetail(), QWidget()
        self._empty = EmptyState("gan", WAITING)
        self._later = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._later.timeout.connect(self.refresh)
        self._lay_out()
        self.grid.hovered.connect(self._look)
        self.grid.selection_changed.connect(lambda _: self._look(-1))
        session.changed.connect(lambda _: self.refresh())
        source.changed.connect(self._another_source)
        theme.signals().changed.connect(self._draw)

    def _lay_out(self) -> None:
        body = QWidget()
        whole = QVBoxLayout(body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.heading)
        whole.addWidget(self.grid, 1)
        row = QHBoxLayout(self.foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.histogram, 1)
        row.addWidget(self.detail)
        self.foot.setFixedHeight(FOOT)
        whole.addWidget(self.foot)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(body)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """The foot only where the pictures leave room for it."""
        self.foot.setVisible(self.height() >= TALL and not self.compared)
        self.histogram.setVisible(self.width() >= WIDE)

    # ---- the run

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of this one; one that translates nothing counts as none."""
        run = run if run is not None and Capability.TRANSLATE in run.capabilities else None
        before, self.run = self.run, run
        if (before and before.run_id) != (run and run.run_id):
            self._forget()
        if not self._later.isActive():
            self.refresh()

    def activate(self, active: bool) -> None:
        """The part came to the front or left it."""
        self.active = active
        if active:
            self.refresh()
        else:
            self._later.stop()
            self.bridge.cancel(self.slot)
            self._asked = ()

    def head(self, tint: str) -> None:
        """The name of the run in a colour, while it is compared; none for ""."""
        self.compared = bool(tint)
        self.heading.setVisible(self.compared)
        if self.compared and self.run is not None:
            self.heading.show_run(self.run.name, tint, f"step {self.run.step:,}")
        self._fit()

    def _forget(self) -> None:
        self._later.stop()
        self.bridge.cancel(self.slot)
        self.answer = self.question = None
        self._asked, self.ways = (), ()
        self.grid.select(-1)
        self._empty.set_text(WAITING)
        self._draw()

    def _another_source(self) -> None:
        self.grid.select(-1)
        self.refresh()

    # ---- asking

    def _way(self) -> int:
        """The way on show, as far as the run has it."""
        return self.session.state.way if self.session.state.way < len(self.ways) else 0

    def _wanted(self) -> tuple[Any, ...]:
        run = self.run
        if run is None:
            return ()
        wish = self._way(), self.session.state.strength, asked_for(run, self.session.state.condition)
        return (run.run_id, run.step, run.digest, self.source.key(), *wish)

    def refresh(self) -> None:
        """Ask what is made now, unless that is known; the newest question wins, and the next waits a moment."""
        run = self.run
        if not self.active or run is None or run.status == "loading" or self._asked == self._wanted():
            return
        self._asked = self._wanted()
        question = self.source.question(*self._asked[-3:])
        self.bridge.ask(self.slot, run.run_id, question, lambda a: self._take(a, question), self._fail, patient=True)
        self._later.start()

    def _take(self, answer: Answer, question: Translate) -> None:
        assert isinstance(answer.value, Translated)
        self.answer, self.question = answer, question
        self.ways = answer.value.ways
        self._draw()
        self.answered.emit()
        self.failed.emit(None)
        if not self._later.isActive():
            self.refresh()

    def _fail(self, failure: Failure) -> None:
        if self.answer is None:
            self._empty.set_text(failure.message, "warn")
        self.failed.emit(failure)

    # ---- showing

    @property
    def translated(self) -> Translated | None:
        """What is on show."""
        return self.answer.value if self.answer is not None else None

    def _draw(self) -> None:
        found = self.translated
        self._pages.setCurrentIndex(0 if found is None else 1)
        if found is None:
            self.grid.set_lines((), 0.0)
            self.detail.look(None)
            return
        lines = (
            Line("input", found.source, found.score_source),
            Line("output", found.x, found.score),
            Line(found.compared, found.third, found.score_third),
        )
        self.grid.set_lines(lines, found.threshold)
        self.histogram.set_scores(found.score_real, found.score, found.threshold)
        self._look(-1)

    def _look(self, column: int) -> None:
        """The column under the pointer, else the one that was clicked, else the first."""
        found = self.translated
        column = column if column >= 0 else max(0, self.grid.selected)
        if found is None or column >= len(found.x):
            return
        pictures = found.source[column], found.x[column], found.third[column]
        score, distance = float(found.score[column]), float(found.distance[column])
        self.detail.look(Turned(pictures, score, found.threshold, distance, found.compared))
        self.histogram.mark(score)

    def exhibit(self) -> Exhibit | None:
        """The output that was clicked, else all of them."""
        answer, question, found = self.answer, self.question, self.translated
        if answer is None or question is None or found is None:
            return None
        name = self.run.name if self.run else ""
        arrays: dict[str, np.ndarray] = {name: getattr(found, name) for name in ARRAYS}
        chosen = self.grid.selected
        alone = chosen >= 0 or len(found.x) == 1
        title, kind = f"{name} translated".strip(), "picture" if alone else "grid"
        index = max(0, chosen)
        return Exhibit(title, kind, found.x, question, answer.step, answer.digest, 8, arrays=arrays, index=index)
