"""The engine as the window sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from genplay.contract.results import Update


class Engine(Protocol):
    """Runs all models. Every call returns at once; no call raises for bad input, which comes back as a ``Failure``."""

    def submit(self, request: object) -> None:
        """Queue a record of ``genplay.contract.requests``."""

    def drain(self) -> Update:
        """What happened since the last call: curves losslessly, and the latest answer of each slot."""

    def ring_with(self, ring: Callable[[], None] | None) -> None:
        """Have ``ring`` called, on a worker's thread, whenever an answer is there: it must touch no widget."""

    def busy(self) -> bool:
        """Whether a submitted question still waits for its last answer."""

    def close(self, timeout: float = 10.0) -> bool:
        """Cancel all work, save running trainings, stop the threads. True when all ended in time."""
