"""Short work of two threads one after the other.

Threads of one Python process share its interpreter lock. Two that call many small operations of torch at once hand it
to each other at every call, and each then takes more than twice as long. So an answer that takes milliseconds goes
first, and training steps that take milliseconds wait for it. Long ones run side by side: their time is spent inside of
torch, which needs no lock.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

BRIEF = 0.015  # seconds that either waits for the other, and that a step may take to be waited for
MEMORY = 0.2  # how fast the usual length of a step follows


class Turns:
    """``answering`` is entered by the thread that answers questions, ``stepping`` by the one that trains.

    Nobody waits longer than ``BRIEF``, and training does so only once for a job however many turns the job takes.
    """

    def __init__(self) -> None:
        self._taken = threading.Lock()
        self._nobody_answers = threading.Event()
        self._nobody_answers.set()
        self._answered: object = None  # the job that was waited for in vain
        self._job: object = None
        self._usual = 1.0  # seconds of a step

    @contextlib.contextmanager
    def answering(self, job: object) -> Iterator[None]:
        """Work on an answer, after the training step under way if steps are short."""
        self._job = job
        self._nobody_answers.clear()
        held = self._taken.acquire(timeout=BRIEF) if self._usual < BRIEF else False
        try:
            yield
        finally:
            if held:
                self._taken.release()
            self._nobody_answers.set()

    @contextlib.contextmanager
    def stepping(self) -> Iterator[None]:
        """Take a training step, after the answer under way if steps are short."""
        if self._usual < BRIEF and self._job is not self._answered and not self._nobody_answers.wait(BRIEF):
            self._answered = self._job
        held = self._taken.acquire(blocking=False)
        start = time.perf_counter()
        try:
            yield
        finally:
            if held:
                self._taken.release()
            self._usual += MEMORY * (time.perf_counter() - start - self._usual)
