"""The duel: several samplers from identical noise, how far each ends from the true solution, and what it took."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSplitter, QVBoxLayout

from genplay.contract.requests import Duel as DuelQuestion
from genplay.contract.requests import Question
from genplay.contract.results import Answer, Duel
from genplay.contract.sampling import SAMPLERS
from genplay.ui import theme
from genplay.ui.panel import Exhibit
from genplay.ui.unfold.contenders import Contender, ContenderChoice, contenders_of, settings_of, title_of
from genplay.ui.unfold.long_question import LongQuestion
from genplay.ui.unfold.part import GAP, Part, dim_label
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.cloud import clouds
from genplay.ui.views.duel_plot import DuelPlot, Mark
from genplay.ui.views.duel_table import DuelTable, Row
from genplay.ui.views.palette import category
from genplay.ui.views.plots import number

PICTURES, POINTS = 4, 400  # samples a contender draws
OWN = ("sampler", "steps", "eta", "spacing")  # settings that are the contenders' own affair
PLACEHOLDER = "Run the duel: every contender starts from the same noise, and its mark appears here when it is done."
NOTE = "Dashed: adds noise on its way, so it is not meant to end at the reference."


class DuelPart(Part):
    """A plot of distance against network evaluations, and a table of all contenders with their finals."""

    name: ClassVar[str] = "duel"
    title: ClassVar[str] = "Duel"
    icon: ClassVar[str] = "compare"
    height_wanted: ClassVar[int] = 260
    lacks: ClassVar[str] = "has no samplers to compare: it makes its samples in a way of its own"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.question: DuelQuestion | None = None
        self.choice = ContenderChoice()
        self.work = LongQuestion(
            session, "duel.run", "Run the duel", "Let all contenders start from the same noise", self._make
        )
        self.note = dim_label(NOTE)
        self.plot, self.table = DuelPlot(), DuelTable()
        self.plot.placeholder = PLACEHOLDER
        self._lay_out()
        self.choice.chosen.connect(self._choose)
        self.work.answered.connect(self._answered)
        self.plot.picked.connect(lambda i: self._pick(i))
        self.table.picked.connect(lambda row: self._pick(row - 1))
        session.changed.connect(self._changed)
        theme.signals().changed.connect(self._draw)
        self._show_choice()
        self._draw()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addWidget(self.work, 1)
        self.scrolled = QScrollArea()
        self.scrolled.setWidgetResizable(True)
        self.scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        self.scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scrolled.setWidget(self.table)
        self.scrolled.viewport().setAutoFillBackground(False)
        self.table.setAutoFillBackground(False)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(GAP)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.plot)
        halves.addWidget(self.scrolled)
        halves.setSizes([500, 440])
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(halves, 1)
        layout.addWidget(self.note)

    # ---- who takes part

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """Who takes part."""
        return contenders_of(self.settings().get("contenders"))

    def _choose(self, contenders: tuple[Contender, ...]) -> None:
        plain = [list(contender) for contender in contenders]
        self.session.set_part(self.name, {"contenders": plain}, "choose contenders")

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.parts.get(self.name) != before.parts.get(self.name):
            self._show_choice()

    def _show_choice(self) -> None:
        self.choice.show_contenders(self.contenders)
        self.work.button.setEnabled(bool(self.contenders) or self.work.running)

    # ---- asking

    def _make(self) -> Question | None:
        state = self.session.state
        common: dict[str, Any] = {k: v for k, v in state.config.items() if k not in OWN}
        n = PICTURES if self.session.pictures else POINTS
        settings = tuple(map(settings_of, self.contenders))
        return DuelQuestion(settings, n, self.session.condition, common, seed=state.seed) if settings else None

    def run_selected(self) -> None:
        self.work.stop()
        self.answer = self.question = None
        self._show_choice()
        self._draw()

    def stop(self) -> None:
        self.work.stop()

    def _answered(self, answer: Answer, question: Question) -> None:
        if isinstance(question, DuelQuestion) and len(answer.value.nfe):
            more = question is not self.question or len(answer.value.nfe) != len(self._duel().nfe)
            self.answer, self.question = answer, question
            if more:
                self._draw()

    # ---- showing

    def done(self) -> list[Contender]:
        """The contenders that have ended, in order."""
        if self.answer is None or self.question is None:
            return []
        asked = [(str(c["sampler"]), int(c.get("steps", 0))) for c in self.question.contenders]
        return asked[: len(self.answer.value.nfe)]

    def _draw(self) -> None:
        done = self.done()
        colours = _colours(done)
        self.plot.set_marks(tuple(self._mark(i, c) for i, c in enumerate(done)), colours)
        self.table.set_rows(self._rows(done, colours))
        self.scrolled.setVisible(bool(done))
        self.note.setVisible(any(mark.stochastic for mark in self.plot.marks))

    def _mark(self, index: int, contender: Contender) -> Mark:
        duel, name = self._duel(), SAMPLERS[contender[0]]
        nfe, distance = float(duel.nfe[index]), float(duel.distance[index])
        text = f"{title_of(contender)}: {nfe:,.0f} evaluations, distance {number(distance, 2)}"
        return Mark(name, nfe, distance, text, bool(duel.stochastic[index]))

    def _rows(self, done: list[Contender], colours: dict[str, QColor]) -> tuple[Row, ...]:
        if not done:
            return ()
        duel = self._duel()
        reference = Row("Reference", (f"{duel.reference_nfe:,}", "", ""), self._finals(duel.reference), _grey())
        return (
            reference,
            *(
                Row(
                    title_of(contender),
                    (f"{duel.nfe[i]:,.0f}", _told(float(duel.distance[i])), seconds(float(duel.seconds[i]))),
                    self._finals(duel.x[i]),
                    colours[SAMPLERS[contender[0]]],
                    bool(duel.stochastic[i]),
                )
                for i, contender in enumerate(done)
            ),
        )

    def _finals(self, x: np.ndarray) -> np.ndarray:
        """Samples (N, ...) as pictures: a cloud is one."""
        return x if x.dtype == np.uint8 else clouds(x[None], side=32)

    def _duel(self) -> Duel:
        assert self.answer is not None
        duel: Duel = self.answer.value
        return duel

    def _pick(self, index: int) -> None:
        self.plot.choose(index)
        self.table.choose(index + 1)
        area = self.table.row_rect(index + 1).toRect()
        self.scrolled.ensureVisible(0, area.center().y(), 0, area.height())

    def exhibit(self) -> Exhibit | None:
        """The finals of all contenders, a row each, below those of the reference."""
        if self.answer is None or self.question is None or self.session.run is None or not self.session.pictures:
            return None
        duel = self._duel()
        x = np.concatenate([duel.reference, *duel.x])
        title = f"{self.session.run.name} duel of samplers"
        arrays = {"nfe": duel.nfe, "distance": duel.distance, "seconds": duel.seconds}
        columns = len(duel.reference)
        return Exhibit(title, "grid", x, self.question, self.answer.step, self.answer.digest, columns, arrays=arrays)


def seconds(value: float) -> str:
    """A duration in few characters.

    >>> seconds(0.0421), seconds(3.27), seconds(75.2)
    ('42 ms', '3.3 s', '75 s')
    """
    if value < 1:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 20 else f"{value:.0f} s"


def _told(distance: float) -> str:
    return number(distance, 2) if math.isfinite(distance) else "–"


def _colours(contenders: list[Contender]) -> dict[str, QColor]:
    """A colour a sampler, the same whoever takes part."""
    names = list(SAMPLERS)
    return {SAMPLERS[sampler]: category(names.index(sampler)) for sampler, _ in contenders}


def _grey() -> QColor:
    return theme.colour("dim")
