"""Between engine and widgets: drains the engine on a timer and hands what it finds to whoever asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from genplay.contract.requests import Ask, Cancel, Question
from genplay.ui.doorbell import Doorbell

if TYPE_CHECKING:
    from genplay.contract.catalogue import Catalogue
    from genplay.contract.engine_api import Engine
    from genplay.contract.results import Answer, EngineStatus, Failure, RunState, Update

FRAME_MS = 16


@dataclass
class _Waiting:
    ask: Ask
    answered: Callable[[Answer], None]
    failed: Callable[[Failure], None] | None
    heard: bool = False  # whether a first answer has come

    @property
    def job(self) -> int:
        return self.ask.job


class Bridge(QObject):
    """The window's only door to the engine.

    Signals carry records of ``genplay.contract.results``. A timer drains the engine at the frame rate. An answer rings
    a bell, so that a drag is painted as soon as the engine has decoded it; whatever else has come waits for the timer.
    """

    catalogue_arrived = Signal(object)  # Catalogue
    status_changed = Signal(object)  # EngineStatus
    run_changed = Signal(object)  # RunState
    run_removed = Signal(str)
    curves_arrived = Signal(object)  # CurveBlock
    film_arrived = Signal(object)  # FilmFrame
    failed = Signal(object)  # Failure that no slot claimed
    message = Signal(str)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.catalogue: Catalogue | None = None
        self.status: EngineStatus | None = None
        self.runs: dict[str, RunState] = {}
        self._jobs = 0
        self._waiting: dict[str, _Waiting] = {}
        self._parked: dict[str, _Waiting] = {}  # the newest patient question of a slot whose first answer is awaited
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.drain)
        self._timer.start(FRAME_MS)
        self._later: list[Update] = []
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._rung)
        engine.ring_with(self._bell.ring)

    def send(self, command: object) -> None:
        """Submit a command record of ``genplay.contract.requests``."""
        self.engine.submit(command)

    def ask(
        self,
        slot: str,
        run_id: str,
        question: Question,
        answered: Callable[[Answer], None],
        failed: Callable[[Failure], None] | None = None,
        *,
        patient: bool = False,
    ) -> int:
        """Put a question; ``answered`` is called for each answer unless the slot has been asked anew meanwhile.

        A ``patient`` one is parked while the slot's last question (to the same run) still waits for its first answer,
        however coarse, in place of any parked before it, and put when that comes: a slow model shows pictures while
        the hand moves, where impatient questions would close each other before there is anything to see. The newest
        still wins and nothing queues. Returns the job's number. A failure goes to ``failed``, else to the signal
        of that name.
        """
        self._jobs += 1
        waiting = _Waiting(Ask(self._jobs, slot, run_id, question), answered, failed)
        running = self._waiting.get(slot)
        if patient and running is not None and not running.heard and running.ask.run_id == run_id:
            self._parked[slot] = waiting
        else:
            self._parked.pop(slot, None)
            self._put(waiting)
        return self._jobs

    def _put(self, waiting: _Waiting) -> None:
        self._waiting[waiting.ask.slot] = waiting
        self.engine.submit(waiting.ask)

    def _put_parked(self, slot: str) -> bool:
        """The parked question of a slot takes its turn; whether there was one."""
        parked = self._parked.pop(slot, None)
        if parked is not None:
            self._put(parked)
        return parked is not None

    def cancel(self, slot: str) -> None:
        """Give up the question of a slot, and what is parked behind it."""
        self._parked.pop(slot, None)
        if self._waiting.pop(slot, None):
            self.engine.submit(Cancel(slot))

    def is_waiting(self, slot: str) -> bool:
        """Whether the slot's last answer is still to come."""
        return slot in self._waiting

    def waiting_for(self, prefix: str) -> dict[str, int]:
        """The slots with this prefix whose last answer is still to come, and the number of the job each waits for."""
        return {slot: waiting.job for slot, waiting in self._waiting.items() if slot.startswith(prefix)}

    def start(self) -> None:
        """Drain again after ``stop``; the window does so once all its listeners are there."""
        self._timer.start(FRAME_MS)

    def stop(self) -> None:
        """Stop draining; ``close`` does so for good."""
        self._timer.stop()
        self._waiting.clear()
        self._parked.clear()

    def close(self) -> None:
        """The window is closing."""
        self.stop()
        self.engine.ring_with(None)
        self._bell.close()

    def drain(self) -> None:
        """Deliver what happened in the engine since the last time."""
        self._take_answers()
        updates, self._later = self._later, []
        for update in updates:
            self._deliver(update)

    def _rung(self) -> None:
        if self._timer.isActive():
            self._take_answers()

    def _take_answers(self) -> None:
        """Drain the engine and hand out the answers at once; the rest of what it said waits for ``drain``."""
        update = self.engine.drain()
        for answer in update.answers:
            self._answer(answer)
        self._later.append(update)

    def _deliver(self, update: Update) -> None:
        if update.catalogue:
            self.catalogue = update.catalogue
            self.catalogue_arrived.emit(update.catalogue)
        if update.status:
            self.status = update.status
            self.status_changed.emit(update.status)
        for run in update.runs:
            self.runs[run.run_id] = run
            self.run_changed.emit(run)
        for run_id in update.removed:
            self.runs.pop(run_id, None)
            self.run_removed.emit(run_id)
        for block in update.curves:
            self.curves_arrived.emit(block)
        for film in update.films:
            self.film_arrived.emit(film)
        for failure in update.failures:
            self._fail(failure)
        for text in update.messages:
            self.message.emit(text)

    def _answer(self, answer: Answer) -> None:
        waiting = self._waiting.get(answer.slot)
        if waiting is None or waiting.job != answer.job:
            return  # a newer question has been put to this slot
        waiting.heard = True
        if answer.last:
            del self._waiting[answer.slot]
        self._put_parked(answer.slot)
        _tell(waiting.answered, answer)

    def _fail(self, failure: Failure) -> None:
        waiting = self._waiting.get(failure.slot) if failure.slot else None
        if failure.slot and (waiting is None or waiting.job != failure.job):
            return
        if waiting is not None:
            del self._waiting[failure.slot]
            if self._put_parked(failure.slot):
                return  # a newer question has been put to this slot
        if waiting is not None and waiting.failed is not None:
            _tell(waiting.failed, failure)
        else:
            self.failed.emit(failure)


def _tell(listener: Callable[[Any], None], news: object) -> None:
    """Call a listener as Qt calls a slot: what it raises goes to ``sys.excepthook``, and others still hear."""
    try:
        listener(news)
    except Exception:  # noqa: BLE001 - as above
        sys.excepthook(*sys.exc_info())
