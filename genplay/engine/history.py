"""Whole states of a training, kept in memory while it goes on, so that it can be put back or forked there.

They are never written to disk: a run that the program wakes has none until it trains again.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from genplay.contract.errors import BadInput

MOST, MOST_BYTES = 40, 192 << 20
GROWTH, STRIDE = 1.05, 50  # another one when the step has grown by this factor, or this many steps have passed
BIG, BIG_SECONDS = 8 << 20, 0.5  # of states with so many bytes, not oftener than this
RECENT = 5  # one of so many is among the newest, which stay as they came


@dataclass(frozen=True)
class Moment:
    """A run as it stood at a step: ``Run.state()``, and what the window showed of it. Never written again."""

    step: int
    tensors: dict[str, Tensor]
    plain: dict[str, Any]
    terms: dict[str, float]
    measured: dict[str, float]
    vectors: dict[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        """What it takes of the memory."""
        return sum(t.nbytes for t in self.tensors.values())


class History:
    """Moments of one run, ascending by step, within bounds: the first one, the newest, and in between ever fewer.

    Those in between are spread evenly over the square root of the step: early history in fine steps, and late history
    not too coarse.
    """

    def __init__(self) -> None:
        self._moments: list[Moment] = []
        self._added = 0.0
        self._too_big = False

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be gone back to."""
        return tuple(m.step for m in self._moments)

    @property
    def nbytes(self) -> int:
        """What all moments take of the memory."""
        return sum(m.nbytes for m in self._moments)

    def at(self, step: int) -> Moment:
        """The moment of a step; raises ``BadInput``."""
        for moment in self._moments:
            if moment.step == step:
                return moment
        raise BadInput(f"There is no snapshot of step {step:,} to go back to.")

    def is_due(self, step: int) -> bool:
        """Whether the state at ``step`` is worth keeping."""
        if not self._moments:
            return not self._too_big
        last = self._moments[-1]
        if step <= last.step or step < min(last.step * GROWTH, last.step + STRIDE):
            return False
        return last.nbytes <= BIG or time.perf_counter() - self._added >= BIG_SECONDS

    def add(self, moment: Moment) -> None:
        """Keep a moment in place of those at and after its step; what is least missed goes to make room."""
        self.cut(moment.step - 1)
        self._too_big = moment.nbytes > MOST_BYTES
        if self._too_big:
            return
        self._moments.append(moment)
        self._added = time.perf_counter()
        while len(self._moments) > MOST or self.nbytes > MOST_BYTES:
            del self._moments[self._least_missed()]

    def cut(self, step: int) -> None:
        """Let go of the moments after ``step``."""
        self._moments = [m for m in self._moments if m.step <= step]

    def clear(self) -> None:
        """Let go of all."""
        self._moments, self._too_big = [], False

    def _least_missed(self) -> int:
        """The inner moment whose neighbours are closest to each other; the first one when there is none."""
        newest = len(self._moments) - max(1, len(self._moments) // RECENT)
        roots = [math.sqrt(m.step) for m in self._moments]
        return min(range(1, newest), key=lambda i: roots[i + 1] - roots[i - 1], default=0)
