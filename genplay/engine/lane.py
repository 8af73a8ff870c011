"""A lane: one thread that advances generator jobs in turn, a time slice each, and runs posted calls in between."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

QUIET_SECONDS = 0.05  # after a turn of another job, a background job lets so much pass
PATIENCE_SECONDS = 0.25

PASS = object()  # what a job yields that has nothing to do for now: the rest of its turn is the next job's

Context = Callable[[], contextlib.AbstractContextManager[object]]


@dataclass
class Job:
    """A generator under way. ``ended`` gets None when it finished or was closed, else the exception that ended it.

    A ``background`` job steps aside while others come and go; it still makes a step every ``PATIENCE_SECONDS``.
    """

    key: str
    steps: Iterator[object]
    ended: Callable[[BaseException | None], None]
    context: Context = field(default=contextlib.nullcontext)
    background: bool = False
    stepped: float = 0.0  # when it had its last turn


class Lane:
    """Runs until ``close``. Jobs take turns of ``slice_seconds`` or one step; a posted call runs within one step.

    ``failed`` is told of an exception in a posted call; ``around`` is entered with a job for each of its turns.
    Everything but ``post``, ``close`` and ``join`` must be called
    from the lane itself.
    """

    def __init__(
        self,
        name: str,
        failed: Callable[[BaseException], None],
        slice_seconds: float = 0.03,
        around: Callable[[object], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # in the order of their turns
        self._failed, self._slice_seconds, self._around = failed, slice_seconds, around
        self._closing = False
        self._last_busy = 0.0  # when a job that does not step aside had a turn
        self._thread = threading.Thread(target=self._loop, name=f"genplay-{name}")
        self._thread.start()

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` run on the lane, in order of posting, before any further step of a job."""
        self._calls.append(call)
        self._wake.set()

    def start(self, job: Job) -> None:
        """Add a job; one of the same key is closed first. Its first turn is the next one, before all who wait."""
        self.stop(job.key)
        self._jobs[job.key] = job
        self._jobs.move_to_end(job.key, last=False)

    def stop(self, key: str) -> None:
        """Close a job, if it is under way."""
        job = self._jobs.pop(key, None)
        if job is not None:
            self._end(job, None)

    def is_running(self, key: str) -> bool:
        """Whether a job of that key is under way."""
        return key in self._jobs

    def close(self, last: Callable[[], None] | None = None) -> None:
        """Close all jobs, run ``last`` and end the thread."""

        def finish() -> None:
            for key in list(self._jobs):
                self.stop(key)
            try:
                if last is not None:
                    last()
            finally:
                self._closing = True

        self.post(finish)

    def join(self, timeout: float) -> bool:
        """Wait for the thread to end; True when it did."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # ---- on the lane's own thread -------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._closing:
            if not self._jobs and not self._calls:
                self._wake.wait()
            self._run_calls()
            if self._closing:
                break
            job = self._next()
            if job is not None:
                self._jobs.move_to_end(job.key)
                with self._around(job):
                    self._advance(job)
            elif self._jobs:
                self._wake.wait(QUIET_SECONDS / 4)

    def _next(self) -> Job | None:
        """Whose turn it is; None while there are only jobs that step aside."""
        now = time.perf_counter()
        for job in self._jobs.values():
            if not job.background:
                self._last_busy = now
                return job
            if now - self._last_busy >= QUIET_SECONDS or now - job.stepped >= PATIENCE_SECONDS:
                return job
        return None

    def _run_calls(self) -> None:
        self._wake.clear()
        while self._calls and not self._closing:
            call = self._calls.popleft()
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - a command that fails must not take the lane down
                self._failed(error)

    def _advance(self, job: Job) -> None:
        """One time slice of a job, cut short by a posted call or when it passes."""
        job.stepped = time.perf_counter()
        until = job.stepped + (0.0 if job.background else self._slice_seconds)
        try:
            with job.context():
                for word in job.steps:
                    if word is PASS or self._calls or time.perf_counter() >= until:
                        return
        except BaseException as error:  # noqa: BLE001 - every job ends as done, failed or cancelled
            self._jobs.pop(job.key, None)
            self._end(job, error)
            return
        self._jobs.pop(job.key, None)
        self._end(job, None)

    def _end(self, job: Job, error: BaseException | None) -> None:
        close = getattr(job.steps, "close", None)
        try:
            if close is not None:
                with job.context():
                    close()
        except BaseException as second:  # noqa: BLE001 - as above
            error = error or second
        try:
            job.ended(error)
        except BaseException as third:  # noqa: BLE001 - as above
            self._failed(third)
