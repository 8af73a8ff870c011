"""Where a model errs along time: the training loss by timestep, live, and where its code length is spent."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from genplay.contract.requests import BoundByTime as BoundQuestion
from genplay.contract.requests import Question
from genplay.contract.results import Answer, BoundByTime
from genplay.ui.unfold.long_question import LongQuestion
from genplay.ui.unfold.part import GAP, Part, dim_label
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.views.time_bars import TimeBars

LOSS = "loss by time"
EXAMPLES, BINS = 64, 20
UNTRAINED = "Train the model to see its loss by timestep."
CURVES = "Gradient norm and sample drift are curves: see Live curves below (Ctrl+J)."
UNBOUND = "Estimate the bound to see how many bits each stretch of time costs."


class DiagnosticsPart(Part):
    """Two plots over t: the loss of recent training steps, and the variational bound of held-out data in bits."""

    name: ClassVar[str] = "diagnostics"
    title: ClassVar[str] = "Diagnostics"
    icon: ClassVar[str] = "evaluate"
    height_wanted: ClassVar[int] = 220
    lacks: ClassVar[str] = "has no timesteps to look at"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.loss = TimeBars("training loss by timestep t")
        self.bound = TimeBars("variational bound by timestep t", "bits/dim")
        self.loss.placeholder, self.bound.placeholder = UNTRAINED, UNBOUND
        self.loss_words, self.words = dim_label(wrap=True), dim_label(wrap=True)
        self.work = LongQuestion(
            session,
            "diagnostics.bound",
            "Estimate the bound",
            f"The variational bound of {EXAMPLES} held-out examples, step by step",
            lambda: BoundQuestion(EXAMPLES, BINS),
        )
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, widgets in ((left, (self.loss, self.loss_words)), (right, (self.bound, self.words, self.work))):
            column.setSpacing(6)
            column.addWidget(widgets[0], 1)
            for widget in widgets[1:]:
                column.addWidget(widget)
        layout = QHBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(left, 1)
        layout.addLayout(right, 1)
        self.work.answered.connect(self._answered)
        session.weights_changed.connect(self._show_loss)
        session.weights_changed.connect(self._show_bound)
        self._show_loss()
        self._show_bound()

    def refresh(self) -> None:
        self._show_loss()
        self._show_bound()

    def run_selected(self) -> None:
        self.work.stop()
        self.answer = None
        self._show_loss()
        self._show_bound()

    def stop(self) -> None:
        self.work.stop()

    def _show_loss(self) -> None:
        run = self.session.run
        values = run.vectors.get(LOSS) if run is not None else None
        known = np.zeros(0) if values is None else np.asarray(values, np.float64)
        self.loss.set_values(known.tolist())
        self.loss_words.setText(CURVES)

    def _answered(self, answer: Answer, question: Question) -> None:
        self.answer = answer
        self._show_bound()

    def _show_bound(self) -> None:
        if self.answer is None:
            self.bound.set_values(())
            self.words.hide()
            return
        found: BoundByTime = self.answer.value
        self.bound.set_values(found.bits.tolist(), found.error.tolist())
        self.words.setText(told(found) + self._age())
        self.words.show()

    def _age(self) -> str:
        """At which step it was estimated, once the model has been trained further."""
        run, answer = self.session.run, self.answer
        return f" · at step {answer.step:,}" if run and answer and answer.step != run.step else ""


def told(found: BoundByTime) -> str:
    """A bound in words: what its parts add up to."""
    parts = (found.prior, float(np.nansum(found.bits)), found.reconstruction)
    if not all(map(math.isfinite, (*parts, found.total))):
        return f"{found.n:,} held-out examples so far"
    named = zip(parts, ("prior", "denoising", "reconstruction"))
    sums = " + ".join(f"{_signed(value)} {what}" for value, what in named)
    return f"{_signed(found.total)} bits/dim = {sums} · {found.n:,} held-out examples"


def _signed(value: float) -> str:
    return f"{value:z.3f}".replace("-", "−")
