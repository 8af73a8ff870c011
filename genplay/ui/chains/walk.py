"""A walk that has been recorded: the states of all chains, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genplay.contract.requests import WalkChains
from genplay.contract.results import Answer, Walk


@dataclass(frozen=True)
class Leg:
    """The part of a walk that one question was answered with: its first step, and the weights that made it."""

    first: int
    question: WalkChains
    step: int
    digest: str


class Recording:
    """States, energies and acceptances of chains by step, number 0 being where they start. It grows as answers come."""

    def __init__(self) -> None:
        self.length = 0
        self.legs: list[Leg] = []
        self.state = np.zeros((0, 2), np.float32)  # the last states as numbers
        self._x = np.zeros((0, 0, 2), np.float32)
        self._energy = np.zeros((0, 0), np.float32)
        self._accepted = np.zeros((0, 0), bool)
        self._step_size = np.zeros(0, np.float32)

    @property
    def chains(self) -> int:
        """How many there are."""
        return self._energy.shape[1]

    @property
    def x(self) -> np.ndarray:
        """States as shown, (T, N, ...)."""
        return self._x[: self.length]

    @property
    def energy(self) -> np.ndarray:
        """Energies (T, N) in nats."""
        return self._energy[: self.length]

    @property
    def accepted(self) -> np.ndarray:
        """Whether each step was taken (T, N)."""
        return self._accepted[: self.length]

    @property
    def step_size(self) -> np.ndarray:
        """Length of the steps (T,), NaN where there is no such."""
        return self._step_size[: self.length]

    def begin(self, question: WalkChains, answer: Answer) -> None:
        """The answers that follow are to this question."""
        self.legs.append(Leg(max(0, self.length - 1), question, answer.step, answer.digest))

    def take(self, piece: Walk) -> None:
        """Take in the states of the last leg that are not known yet."""
        known = max(0, self.length - self.legs[-1].first - piece.first)
        count = len(piece.energy) - known
        if count <= 0:
            return
        self._make_room(piece, count)
        rows = slice(self.length, self.length + count)
        self._x[rows], self._energy[rows] = piece.x[known:], piece.energy[known:]
        self._accepted[rows], self._step_size[rows] = piece.accepted[known:], piece.step_size[known:]
        self.length += count
        self.state = piece.state

    def _make_room(self, piece: Walk, count: int) -> None:
        if self.length + count <= len(self._energy):
            return
        room = max(self.length + count, self.legs[-1].first + piece.steps + 1)

        def grown(old: np.ndarray, like: np.ndarray) -> np.ndarray:
            new = np.empty((room, *like.shape[1:]), like.dtype)
            if self.length:
                new[: self.length] = old[: self.length]
            return new

        self._x, self._energy = grown(self._x, piece.x), grown(self._energy, piece.energy)
        self._accepted = grown(self._accepted, piece.accepted)
        self._step_size = grown(self._step_size, piece.step_size)

    def cut(self, length: int, state: np.ndarray) -> None:
        """Forget what comes after the first ``length`` states, of which ``state`` is the last as numbers."""
        self.length, self.state = length, state
        self.legs = [leg for leg in self.legs if leg.first < length]

    def leg_at(self, position: int) -> tuple[Leg, int]:
        """The leg that a step belongs to, and the end of that leg (one past its last step)."""
        index = max(i for i, leg in enumerate(self.legs) if leg.first <= position)
        after = self.legs[index + 1].first + 1 if index + 1 < len(self.legs) else self.length
        return self.legs[index], after

    def settled(self, drop: float) -> int:
        """The first step that counts when a share of them is left out."""
        return min(int(drop * self.length), max(0, self.length - 1))

    def followed(self, quantity: str) -> np.ndarray:
        """A number (T, N) by step and chain: "energy", "x", "y" or "brightness" (in [0, 1])."""
        if quantity == "energy" or not self.length:
            return self.energy
        if quantity in ("x", "y"):
            return self.x[..., 0 if quantity == "x" else 1]
        return np.asarray(self.x.reshape(self.length, self.chains, -1).mean(-1) / 255, np.float32)
