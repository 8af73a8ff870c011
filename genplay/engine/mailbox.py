"""Where workers leave what the window will collect. The only state that crosses threads, behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from genplay.contract.catalogue import Catalogue
from genplay.contract.results import (
    Answer,
    CurveBlock,
    EngineStatus,
    Failure,
    FilmFrame,
    RunState,
    Update,
)


class Mailbox:
    """Curve blocks, films, failures and messages are kept in order; of run states only the latest. Of a slot's answers
    all that belong to a series are kept, of the others the latest.

    It also knows which job is the newest of each slot, so that an outdated one is neither started nor delivered.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, int] = {}
        self._open: set[int] = set()
        self.ring: Callable[[], None] | None = None  # told on the worker's thread that an answer is there
        self._clear()

    def _clear(self) -> None:
        self._catalogue: Catalogue | None = None
        self._status: EngineStatus | None = None
        self._runs: dict[str, RunState] = {}
        self._removed: list[str] = []
        self._answers: dict[str, list[Answer]] = {}
        self._lists: dict[str, list[Any]] = {"curves": [], "films": [], "failures": [], "messages": []}

    def collect(self) -> Update:
        """Everything since the last call."""
        with self._lock:
            update = Update(
                catalogue=self._catalogue,
                status=self._status,
                runs=tuple(self._runs.values()),
                removed=tuple(self._removed),
                answers=tuple(answer for series in self._answers.values() for answer in series),
                **{name: tuple(items) for name, items in self._lists.items()},
            )
            self._clear()
        return update

    def put_catalogue(self, catalogue: Catalogue) -> None:
        """The engine is ready."""
        with self._lock:
            self._catalogue = catalogue

    def put_status(self, status: EngineStatus) -> None:
        """Device, threads and memory."""
        with self._lock:
            self._status = status

    def put_run(self, run: RunState) -> None:
        """The present state of a run."""
        with self._lock:
            if run.run_id in self._removed:
                self._removed.remove(run.run_id)
            self._runs[run.run_id] = run

    def put_removed(self, run_id: str) -> None:
        """A run is gone, and what was still to be said of it."""
        with self._lock:
            self._runs.pop(run_id, None)
            for name in ("curves", "films"):
                self._lists[name] = [item for item in self._lists[name] if item.run_id != run_id]
            self._removed.append(run_id)

    def put_curves(self, block: CurveBlock) -> None:
        """New curve points; none is ever dropped."""
        with self._lock:
            self._lists["curves"].append(block)

    def put_film(self, frame: FilmFrame) -> None:
        """A new frame of a run's filmstrip."""
        with self._lock:
            self._lists["films"].append(frame)

    def put_failure(self, failure: Failure) -> None:
        """Something went wrong; if it ended a job, the job is closed."""
        with self._lock:
            self._open.discard(failure.job)
            if not failure.job or self._newest.get(failure.slot) == failure.job:
                self._lists["failures"].append(failure)

    def put_message(self, text: str) -> None:
        """Good news."""
        with self._lock:
            self._lists["messages"].append(text)

    # ---- jobs ---------------------------------------------------------------------------------------------

    def open_job(self, slot: str, job: int) -> None:
        """``job`` is now the newest of its slot; the older one, if any, is outdated."""
        with self._lock:
            self._open.discard(self._newest.get(slot, 0))
            self._answers.pop(slot, None)
            self._newest[slot] = job
            self._open.add(job)

    def close_slot(self, slot: str) -> None:
        """The slot's job is cancelled."""
        with self._lock:
            self._open.discard(self._newest.pop(slot, 0))
            self._answers.pop(slot, None)

    def is_newest(self, slot: str, job: int) -> bool:
        """Whether nobody has asked anew."""
        return self._newest.get(slot) == job

    def put_answer(self, answer: Answer) -> None:
        """An answer, unless the slot has been asked anew."""
        with self._lock:
            if self._newest.get(answer.slot) != answer.job:
                return
            series = self._answers.setdefault(answer.slot, [])
            if not answer.kept:
                series[:] = [held for held in series if held.kept]
            series.append(answer)
            if answer.last:
                self._open.discard(answer.job)
            ring = self.ring
        if ring is not None:
            ring()

    def has_open_jobs(self) -> bool:
        """Whether some question still waits for its last answer."""
        return bool(self._open)
