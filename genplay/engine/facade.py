"""The engine as the window holds it: requests go to lanes, results come from the mailbox. Does not import torch."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genplay.contract import paths
from genplay.contract.requests import Ask, Cancel
from genplay.contract.results import EngineStatus, Failure, Update
from genplay.engine.lane import Lane
from genplay.engine.mailbox import Mailbox
from genplay.engine.preload import load_libraries
from genplay.engine.turns import Turns

if TYPE_CHECKING:
    from genplay.engine.workshop import Workshop

log = logging.getLogger("genplay")
STATUS_SECONDS = 1.0


class ThreadedEngine:
    """An ``engine_api.Engine`` over two lanes (or one, which MPS prefers) and an errand lane. Idle until ``start``.

    ``root`` is where runs are kept; ``threads`` limits torch (0: all cores but one); ``device`` is "auto" or a name.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        device: str = "auto",
        threads: int = 0,
        lanes: int = 2,
        autosave_seconds: float = 30.0,
    ) -> None:
        self._mailbox = Mailbox()
        self._train = Lane("train", self._failed)
        self._turns = Turns()
        self._view = Lane("view", self._failed, around=self._turns.answering) if lanes > 1 else self._train
        self._errands = Lane("errands", self._failed)
        self._workshop: Workshop | None = None
        self._closed = False
        self._status_at = 0.0
        self._boots = partial(self._boot, root or paths.user_data(), device, threads, autosave_seconds)
        self._early: list[object] | None = []  # requests from before the start

    def start(self) -> None:
        """Begin: the train lane imports torch. The window calls this once it has been painted."""
        if self._early is not None and not self._closed:
            early, self._early = self._early, None
            self._train.post(self._boots)
            for request in early:
                self.submit(request)

    def submit(self, request: object) -> None:
        """Queue a request; see ``genplay.contract.requests``."""
        if self._closed:
            return
        if self._early is not None:
            self._early.append(request)
            return
        if isinstance(request, Ask):
            self._mailbox.open_job(request.slot, request.job)
            if self._workshop is not None:
                self._workshop.ask(request)
                return
        elif isinstance(request, Cancel):
            self._mailbox.close_slot(request.slot)
            if self._workshop is not None:
                self._workshop.cancel(request.slot)
            return
        self._train.post(partial(self._handle, request))

    def drain(self) -> Update:
        """What happened since the last call."""
        now = time.monotonic()
        if self._workshop is not None and now - self._status_at >= STATUS_SECONDS:
            self._status_at = now
            self._mailbox.put_status(self._measure())
        return self._mailbox.collect()

    def ring_with(self, ring: Callable[[], None] | None) -> None:
        """Have ``ring`` called, on a worker's thread, whenever an answer is there."""
        self._mailbox.ring = ring

    def busy(self) -> bool:
        """Whether a question still waits for its last answer."""
        return self._mailbox.has_open_jobs()

    def close(self, timeout: float = 10.0) -> bool:
        """Cancel questions, save running trainings, end the threads; True when all ended in time."""
        if not self._closed:
            self._closed = True
            self._errands.close()
            if self._view is not self._train:
                self._view.close()
            self._train.close(self._shut)
        until = time.monotonic() + timeout
        lanes = (self._errands, self._view, self._train)
        ended = [lane.join(max(0.0, until - time.monotonic())) for lane in lanes]  # each, whatever the first did
        return all(ended)

    # ---- on the train lane --------------------------------------------------------------------------------

    def _boot(self, root: Path, device: str, threads: int, autosave_seconds: float) -> None:
        try:
            load_libraries()
            from genplay.engine.device import set_threads
            from genplay.engine.workshop import Workshop

            set_threads(threads)
            lanes = (self._train, self._view, self._errands)
            self._workshop = Workshop(self._mailbox, *lanes, self._turns, root, device, autosave_seconds)
            gc.freeze()  # torch's objects live for ever: looking through them would stop all threads for some 50 ms
        except Exception as error:
            log.exception("the engine could not start")
            self._mailbox.put_failure(Failure(f"The engine could not start ({type(error).__name__}); see the log."))

    def _handle(self, request: object) -> None:
        if self._workshop is None:
            self._refuse(request)
        elif isinstance(request, Ask):  # it was put before the engine was ready
            self._workshop.ask(request)
        else:
            self._workshop.handle(request)

    def _refuse(self, request: object) -> None:
        """Answer a request to an engine that could not start."""
        facts = {name: getattr(request, name, "") for name in ("slot", "run_id")}
        self._mailbox.put_failure(Failure("The engine did not start.", **facts, job=getattr(request, "job", 0)))

    def _shut(self) -> None:
        if self._workshop is not None:
            self._workshop.shut()

    def _failed(self, error: BaseException) -> None:
        log.error("a request failed", exc_info=error)
        self._mailbox.put_failure(Failure(f"The engine could not do that ({type(error).__name__}); see the log."))

    def _measure(self) -> EngineStatus:
        import torch

        from genplay.engine.device import memory_mb

        assert self._workshop is not None
        return EngineStatus(str(self._workshop.device), torch.get_num_threads(), memory_mb(), ready=True)
