"""A question that takes long: a button that puts it and gives it up, a bar, and the time left."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from genplay.contract.requests import Question
from genplay.contract.results import Answer
from genplay.ui.unfold.part import dim_label
from genplay.ui.unfold.session import UnfoldSession

STOP = "Stop"
BAR = 120
WATCH_MS = 200


class LongQuestion(QWidget):
    """``make`` gives the question when the button is pressed, None where there is none to put.

    ``answered`` comes with every (partial) answer, ``ended`` once nothing more will come.
    """

    answered = Signal(object, object)  # Answer, Question
    ended = Signal()

    def __init__(
        self, session: UnfoldSession, slot: str, text: str, tip: str, make: Callable[[], Question | None]
    ) -> None:
        super().__init__()
        self.session, self.slot, self.text = session, slot, text
        self._make = make
        self._begun = 0.0
        self.running = False
        self.button = QPushButton(text)
        self.button.setToolTip(tip)
        self.button.clicked.connect(self.toggle)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR)
        self.bar.setAccessibleName("Progress")
        self.left = dim_label()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.button, self.bar, self.left):
            row.addWidget(widget)
        row.addStretch(1)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)
        session.gave_up.connect(self._gave_up)
        self._show()

    def toggle(self) -> None:
        """Put the question, or give it up."""
        if self.running:
            self.stop()
            return
        question = self._make()
        if question is None or not (self.session.active and self.session.ready):
            return
        self.running, self._begun = True, perf_counter()
        self.bar.setValue(0)
        self.left.setText("starting…")
        self._show()
        self.session.ask(self.slot, question, lambda answer: self._answered(answer, question))
        self._watch.start()

    def stop(self) -> None:
        """Give the question up; what has come of it stays."""
        if self.running:
            self.session.cancel(self.slot)
            self._end()

    def _look(self) -> None:
        """It may have been given up elsewhere: with Esc, or because another tab came to the front."""
        if self.running and not self.session.waiting(self.slot):
            self._end()

    def _gave_up(self, slot: str) -> None:
        if slot == self.slot and self.running:
            self._end()

    def _answered(self, answer: Answer, question: Question) -> None:
        if not self.running:
            return
        if answer.progress is not None:
            self.bar.setValue(round(1000 * answer.progress))
            self.left.setText(time_left(perf_counter() - self._begun, answer.progress))
        self.answered.emit(answer, question)
        if answer.last:
            self._end()

    def _end(self) -> None:
        self.running = False
        self._watch.stop()
        self._show()
        self.ended.emit()

    def _show(self) -> None:
        self.button.setText(STOP if self.running else self.text)
        self.bar.setVisible(self.running)
        self.left.setVisible(self.running)


def time_left(seconds: float, share: float) -> str:
    """How long it will still take after so many seconds, in words; "" while that cannot be told.

    >>> time_left(10.0, 0.5), time_left(100.0, 0.25), time_left(0.1, 0.01)
    ('10 s left', '5 min left', '')
    """
    if share < 0.02 or share >= 1:
        return ""
    left = seconds * (1 - share) / share
    return f"{max(1, round(left))} s left" if left < 100 else f"{round(left / 60)} min left"
