"""GANs on pictures: what the discriminator says of generated and of real ones, and what it looks at."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import JudgePictures
from genplay.contract.results import Answer, Failure, Judged, RunState
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gan.heading import Heading
from genplay.ui.gan.pictures_detail import Looked, PictureDetail
from genplay.ui.panel import Exhibit
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.heatmap import colours
from genplay.ui.views.plots import number
from genplay.ui.views.score_histogram import ScoreHistogram
from genplay.ui.views.scored_grid import ScoredGrid, blended
from genplay.ui.views.sides import side_text

SLOT, RIVAL_SLOT = "gan.pictures", "gan.rival_pictures"  # of the GAN lab, which shows progress and cancels by name
PICTURES = 36
ARRAYS = ("score", "real", "score_real", "saliency", "saliency_real")
AGAIN_MS = 250  # between two looks at a model that trains
FOOT = 136  # pixels of height of histogram and detail
EMPTY = "Train or open a GAN on pictures to see what its discriminator says of them."
LOADING = "Loading the model…"
NO_JUDGE = "This model has no discriminator that could judge pictures."
SORTED = "By D's score, most real first; above {} it says real"
BRIGHT = "The brighter a pixel, the more D's score depends on it"
POINT = "Point at a picture to see it large, click to keep it there"
LOOKS = "Show which pixels the score depends on most: the size of its gradient"


@dataclass(frozen=True, eq=False)
class Side:
    """Pictures sorted by score, highest first; ``shown`` are they, or they under the map of what is looked at."""

    x: np.ndarray
    shown: np.ndarray
    score: np.ndarray
    order: np.ndarray  # numbers of the pictures in the answer


class PicturesPart(QWidget):
    """Generated and real pictures from most real to most generated, over the histogram of all scores.

    ``failed`` is a Failure to be shown over the panel, None when an answer has come again.
    """

    failed = Signal(object)
    looked_at = Signal()  # an answer has come

    def __init__(self, bridge: Bridge, slot: str = SLOT, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge, self.slot = bridge, slot
        self.run: RunState | None = None
        self.answer: Answer | None = None
        self.question: JudgePictures | None = None
        self.active = False
        self.seed = 0
        self._asked: tuple[object, ...] = ()  # what the last question was about
        self._sides: dict[bool, Side] = {}
        self.fake, self.real = ScoredGrid(), ScoredGrid()
        self.titles = {False: QLabel(), True: QLabel()}
        self._columns = {False: QWidget(), True: QWidget()}
        self.saliency = QCheckBox("What D looks at")
        self.dice = QPushButton(theme.icon("dice"), "")
        self.controls, self.heading, self.told = QWidget(), Heading(), ElidedLabel()
        self.heading.hide()
        self.histogram, self.detail = ScoreHistogram(), PictureDetail()
        self._empty = EmptyState("gan", EMPTY)
        self._later = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._later.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()
        self._show_page()

    # ---- widgets

    def _lay_out(self) -> None:
        self.body = QWidget()
        whole = QVBoxLayout(self.body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        self._fill_controls()
        for widget in (self.controls, self.heading):
            whole.addWidget(widget)
        grids = QHBoxLayout()
        grids.setSpacing(16)
        for real, grid, name in ((False, self.fake, "Generated pictures"), (True, self.real, "Real pictures")):
            grid.setAccessibleName(name)
            grid.setToolTip(POINT)
            column = QVBoxLayout(self._columns[real])
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(4)
            column.addWidget(self.titles[real])
            column.addWidget(grid, 1)
            grids.addWidget(self._columns[real], 1)
        whole.addLayout(grids, 1)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        self.histogram.setFixedHeight(FOOT)
        self.detail.setFixedHeight(FOOT)
        foot.addWidget(self.histogram, 1)
        foot.addWidget(self.detail)
        whole.addLayout(foot)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.body)
        self._pages.addWidget(self._empty)

    def _fill_controls(self) -> None:
        self.saliency.setToolTip(LOOKS)
        self.saliency.setAccessibleDescription(LOOKS)
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("Look at other pictures")
        self.dice.setAccessibleName("Look at other pictures")
        row = QHBoxLayout(self.controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.told, 1)
        row.addWidget(self.saliency)
        row.addWidget(self.dice)

    def _connect(self) -> None:
        self.saliency.toggled.connect(lambda _: self.refresh())
        self.dice.clicked.connect(self.roll)
        for real, grid in ((False, self.fake), (True, self.real)):
            grid.hovered.connect(lambda index, r=real: self._look(r, index))
            grid.selection_changed.connect(lambda index, r=real: self._select(r, index))
        theme.signals().changed.connect(self._draw)

    # ---- the run

    def set_run(self, run: RunState | None) -> None:
        """Another run is selected, or the selected one changed."""
        before, self.run = self.run, run
        if (before.run_id if before else "") != (run.run_id if run else ""):
            self._forget()
        self._show_page()
        if self.active and self.serves and not self._later.isActive() and self._asked != self._wanted():
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

    @property
    def serves(self) -> bool:
        """Whether the run's discriminator can judge pictures."""
        run = self.run
        return run is not None and run.spec.kind is Kind.IMAGE and Capability.CRITIC in run.capabilities

    def roll(self) -> None:
        """Look at other pictures, generated and real."""
        self.look_at(int.from_bytes(os.urandom(4), "big") % 100_000)

    def look_at(self, seed: int) -> None:
        """Look at the pictures of a seed."""
        if seed != self.seed:
            self.seed = seed
            self.refresh()

    def head(self, tint: str) -> None:
        """Show what the run makes alone, under its name in a colour; all there is and no name for ""."""
        compared = bool(tint)
        self.heading.setVisible(compared)
        for widget in (self._columns[True], self.detail):
            widget.setVisible(not compared)
        if compared and self.run is not None:
            self.heading.show_run(self.run.name, tint, f"step {self.run.step:,}")

    def _forget(self) -> None:
        self._later.stop()
        self.bridge.cancel(self.slot)
        self.answer = self.question = None
        self._asked, self._sides = (), {}
        self.seed = self.run.seed if self.run else 0
        for grid in (self.fake, self.real):
            grid.select(-1)
        self._draw()

    def _show_page(self) -> None:
        ready = self.serves and self.answer is not None
        loading = self.run is not None and (self.run.status == "loading" or self.serves)
        self._empty.set_text(LOADING if loading else EMPTY if self.run is None else NO_JUDGE)
        self._pages.setCurrentIndex(0 if ready else 1)

    # ---- asking

    def _wanted(self) -> tuple[object, ...]:
        run = self.run
        return () if run is None else (run.run_id, run.step, run.digest, self.seed, self.saliency.isChecked())

    def refresh(self) -> None:
        """Ask what is said now, unless it is known; the newest question wins, and the next waits a moment."""
        if not (self.active and self.serves) or self._asked == self._wanted():
            return
        assert self.run is not None
        question = JudgePictures(PICTURES, saliency=self.saliency.isChecked(), seed=self.seed)
        self._asked = self._wanted()
        run_id = self.run.run_id
        self.bridge.ask(self.slot, run_id, question, lambda a: self._answered(a, question), self._failed, patient=True)
        self._later.start()

    def _answered(self, answer: Answer, question: JudgePictures) -> None:
        assert isinstance(answer.value, Judged)
        self.answer, self.question = answer, question
        self._draw()
        self._show_page()
        self.looked_at.emit()

    def _failed(self, failure: Failure) -> None:
        if self.answer is None:
            self._empty.set_text(failure.message, "warn")
        self.failed.emit(failure)

    # ---- showing

    @property
    def judged(self) -> Judged | None:
        """What is on show."""
        return self.answer.value if self.answer is not None else None

    def _draw(self) -> None:
        judged = self.judged
        if judged is None:
            self._sides = {}
            for grid in (self.fake, self.real):
                grid.set_scored(None, np.zeros(0), 0.0)
            self.detail.look(None)
            return
        self._sides = {
            False: _side(judged.x, judged.score, judged.saliency),
            True: _side(judged.real, judged.score_real, judged.saliency_real),
        }
        self.fake.set_scored(self._sides[False].shown, self._sides[False].score, judged.threshold)
        self.real.set_scored(self._sides[True].shown, self._sides[True].score, judged.threshold)
        self.histogram.set_scores(judged.score_real, judged.score, judged.threshold)
        self._tell(judged)
        self._look_at_selected()

    def _tell(self, judged: Judged) -> None:
        self.told.setText(BRIGHT if judged.saliency is not None else SORTED.format(number(judged.threshold)))
        self.told.setToolTip(f"{self.told.text()}: {self.histogram.told()}")
        for real, label in self.titles.items():
            name, right = ("Real", "called real") if real else ("Generated", "taken for real")
            share = 100 * float((self._sides[real].score >= judged.threshold).mean())
            colour = side_text(real).name()
            tail = f'<span style="color:{theme.colour("dim").name()}">{share:.0f} % {right}</span>'
            label.setText(f'<b style="color:{colour}">{name}</b> &nbsp;{tail}')

    # ---- looking at one

    def _grid(self, real: bool) -> ScoredGrid:
        return self.real if real else self.fake

    def _select(self, real: bool, index: int) -> None:
        if index >= 0:
            self._grid(not real).select(-1)
        self._look_at_selected()

    def _look(self, real: bool, index: int) -> None:
        """The picture under the pointer, else the one that was clicked."""
        if index < 0:
            self._look_at_selected()
        else:
            self._show_looked(real, index)

    def _look_at_selected(self) -> None:
        """The picture that was clicked, else the generated one that passes best for real."""
        chosen = ((r, self._grid(r).selected) for r in (False, True) if self._grid(r).selected >= 0)
        self._show_looked(*next(chosen, (False, 0)))

    def _show_looked(self, real: bool, index: int) -> None:
        side, judged, grid = self._sides.get(real), self.judged, self._grid(real)
        if side is None or judged is None or not 0 <= index < len(grid.ranks):
            return
        rank = int(grid.ranks[index])
        score = float(side.score[rank])
        self.detail.look(Looked(side.shown[rank], real, rank, len(side.score), score, judged.threshold))
        self.histogram.mark(score)

    def exhibit(self) -> Exhibit | None:
        """The picture that was clicked, else all generated ones; in the order in which the model makes them."""
        answer, question, judged = self.answer, self.question, self.judged
        if answer is None or question is None or judged is None:
            return None
        name = self.run.name if self.run else ""
        held = {name: getattr(judged, name) for name in ARRAYS}
        arrays = {name: array for name, array in held.items() if array is not None}
        chosen = self.fake.selected
        index = int(self._sides[False].order[self.fake.ranks[chosen]]) if chosen >= 0 else 0
        kind = "picture" if chosen >= 0 else "grid"
        title = f"{name} judged pictures".strip()
        return Exhibit(
            title, kind, judged.x, question, answer.step, answer.digest, columns=6, arrays=arrays, index=index
        )


def _side(x: np.ndarray, score: np.ndarray, saliency: np.ndarray | None) -> Side:
    """Pictures with their scores, sorted, under the map of what is looked at if there is one."""
    order = np.argsort(-np.asarray(score), kind="stable")
    shown = x[order]
    if saliency is not None:
        maps = np.stack([colours(s, 0.0, 1.0) for s in saliency[order]])
        shown = blended(shown, saliency[order], maps)
    return Side(x[order], shown, np.asarray(score)[order], order)
