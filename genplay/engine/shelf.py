"""Frozen weights: the train lane publishes copies, the view lane shows them. A model being asked never changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from genplay.contract.spec import DataSpec
from genplay.core.dataset import Dataset
from genplay.core.model import Model
from genplay.core.training import Replica, Snapshot, new_model


@dataclass(frozen=True)
class Shown:
    """What the view lane may know of a run: a snapshot and how to build a model for it."""

    snapshot: Snapshot
    family: type[Model]
    config: Any
    spec: DataSpec
    data: Dataset
    device: torch.device
    digest: str


class Shelf:
    """The newest ``Shown`` of every run. ``was_read`` tells the train lane that somebody is looking."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, Shown] = {}
        self._read: set[str] = set()

    def publish(self, run_id: str, shown: Shown) -> None:
        """Replace what is shown of a run."""
        with self._lock:
            self._shown[run_id] = shown
            self._read.discard(run_id)

    def remove(self, run_id: str) -> None:
        """Forget a run."""
        with self._lock:
            self._shown.pop(run_id, None)

    def get(self, run_id: str) -> Shown | None:
        """What is shown of a run now."""
        with self._lock:
            self._read.add(run_id)
            return self._shown.get(run_id)

    def has(self, run_id: str) -> bool:
        """Whether a run can be asked."""
        return run_id in self._shown

    def was_read(self, run_id: str) -> bool:
        """Whether the newest weights have been looked at since they were published."""
        return run_id in self._read


class Replicas:
    """Models of the view lane, reused from question to question. Used by one thread only."""

    def __init__(self) -> None:
        self._free: dict[str, list[tuple[Shown, Replica]]] = {}

    @contextlib.contextmanager
    def lease(self, run_id: str, shown: Shown) -> Iterator[Model]:
        """A model with exactly the weights of ``shown``, for as long as the context lasts."""
        replica = self._take(run_id, shown)
        try:
            yield replica.model
        finally:
            kept = self._free.get(run_id)
            if kept is not None and len(kept) < 3:
                kept.append((shown, replica))

    def _take(self, run_id: str, shown: Shown) -> Replica:
        free = self._free.setdefault(run_id, [])
        for i, (held, _) in enumerate(free):
            if held.snapshot is shown.snapshot and held.config == shown.config:
                return free.pop(i)[1]
        while free:
            held, replica = free.pop()
            if (held.family, held.spec, held.device, held.config) == (
                shown.family,
                shown.spec,
                shown.device,
                shown.config,
            ):
                replica.load(shown.snapshot)
                return replica
        replica = Replica(new_model(shown.family, shown.config, shown.spec, device=shown.device))
        replica.load(shown.snapshot)
        return replica

    def forget(self, run_id: str) -> None:
        """Drop the models of a run."""
        self._free.pop(run_id, None)
