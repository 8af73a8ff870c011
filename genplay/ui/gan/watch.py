"""Keeps the answer to one question about one run as fresh as the weights."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from genplay.contract.requests import Question
from genplay.contract.results import Answer, Failure, RunState
from genplay.ui.bridge import Bridge

LEISURE = 1.5  # a machine that is slow to answer is asked the less often: it has the training to do


class Watch(QObject):
    """Asks anew whenever the question or the weights are others, and every ``pace_ms`` while the run trains.

    The newest wins and nothing queues: while an answer is on its way to the same question, the next one waits for it.
    An answer made before the run was put back to an earlier step is never shown.
    """

    answered = Signal(object)  # Answer
    failed = Signal(object)  # Failure

    def __init__(self, bridge: Bridge, slot: str, pace_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self.bridge, self.slot, self.pace_ms = bridge, slot, pace_ms
        self.run: RunState | None = None
        self.question: Question | None = None
        self.active = False
        self._asked: tuple[object, ...] = ()
        self._at = self._took = 0.0  # when it was asked last, and how long the answer took
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.refresh)

    # ---- what is watched

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of the one that is watched."""
        before, self.run = self.run, run
        if run is None or before is None or before.run_id != run.run_id or run.step < before.step:
            self.forget()
        self.refresh()

    def set_question(self, question: Question) -> None:
        """Ask something else."""
        if question != self.question:
            self.question = question
            self.refresh()

    def set_active(self, active: bool) -> None:
        """Begin to ask, or stop and give up what is under way."""
        self.active = active
        if active:
            self.refresh()
        else:
            self.forget()

    def forget(self) -> None:
        """Give up what is under way; what is on show counts as old."""
        self._timer.stop()
        self._asked = ()
        self.bridge.cancel(self.slot)

    # ---- asking

    def _key(self) -> tuple[object, ...]:
        run = self.run
        return (self.question, run.run_id, run.step, run.digest, run.phase) if run else ()

    def refresh(self) -> None:
        """Ask, unless what is on show, or on its way, is what is wanted, or it is too early to ask again."""
        run, question = self.run, self.question
        if not self.active or run is None or question is None or run.status == "loading":
            return
        same_question = self._asked[:2] == (question, run.run_id)
        if same_question and (self.bridge.is_waiting(self.slot) or not self._is_due(run)):
            return
        early = max(self.pace_ms, LEISURE * 1000 * self._took) - 1000 * (perf_counter() - self._at)
        if same_question and early > 0:
            self._timer.start(max(1, round(early)))
            return
        self._ask(question, run.run_id)

    def _is_due(self, run: RunState) -> bool:
        return run.status == "training" or self._asked != self._key()

    def _ask(self, question: Question, run_id: str) -> None:
        self._asked, self._at = self._key(), perf_counter()
        self.bridge.ask(self.slot, run_id, question, lambda answer: self._take(answer, run_id), self._fail)

    def _take(self, answer: Answer, run_id: str) -> None:
        if self.run is None or self.run.run_id != run_id:
            return
        if answer.last:
            self._took = perf_counter() - self._at
            self.answered.emit(answer)
            self.refresh()

    def _fail(self, failure: Failure) -> None:
        self.failed.emit(failure)
