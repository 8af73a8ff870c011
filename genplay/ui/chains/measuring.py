"""How well the chains mix, kept up to date while they walk."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from genplay.contract.requests import MeasureChains
from genplay.contract.results import Answer, Mixing
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import ChainState
from genplay.ui.chains.walker import Walker

SLOT = "mixing"
PACE_MS = 200
UNEVEN = 1.2  # the longest over the shortest step of a chain at rest, at most
LEAST = 8  # steps that can be measured


class Measures(QObject):
    """Follows the quantity of the state along the recording. ``mixing`` is None until enough steps are known."""

    changed = Signal()

    def __init__(self, session: ChainSession, walker: Walker) -> None:
        super().__init__(session)
        self.session, self.walker = session, walker
        self.mixing: Mixing | None = None
        self._pace = QTimer(self, singleShot=True, interval=PACE_MS)
        self._pace.timeout.connect(self.measure)
        walker.grew.connect(self._soon)
        session.changed.connect(self._changed)
        session.run_changed.connect(self._forget)

    @property
    def settled(self) -> int:
        """The first step that counts."""
        return self.walker.recording.settled(self.session.state.drop)

    @property
    def values(self) -> np.ndarray:
        """The quantity (T, N) by step and chain."""
        return self.walker.recording.followed(self.session.state.quantity)

    @property
    def acceptance(self) -> float:
        """The share of the steps that count that was taken."""
        taken = self.walker.recording.accepted[max(1, self.settled) :]
        return float(taken.mean()) if taken.size else float("nan")

    @property
    def step_size(self) -> float:
        """Length of the last step, NaN where there is no such."""
        lengths = self.walker.recording.step_size
        return float(lengths[-1]) if len(lengths) else float("nan")

    @property
    def changing(self) -> bool:
        """Whether steps get longer or shorter along what counts: the chain is not at rest yet."""
        lengths = self.walker.recording.step_size[max(1, self.settled) :]
        return bool(len(lengths) and np.isfinite(lengths).all() and lengths.max() > UNEVEN * lengths.min())

    @property
    def exact(self) -> bool:
        """Whether steps have to pass Metropolis's test."""
        return self.session.method == "mala"

    def _soon(self) -> None:
        if not self._pace.isActive():
            self._pace.start()

    def _changed(self, before: ChainState) -> None:
        state = self.session.state
        if (state.quantity, state.drop) != (before.quantity, before.drop):
            self.measure()

    def _forget(self) -> None:
        self.mixing = None
        self.changed.emit()

    def measure(self) -> None:
        """Ask for the figures of what is recorded by now."""
        values = self.values[self.settled :]
        if len(values) < LEAST or not np.isfinite(values).all():
            self.mixing = None
        else:
            question = MeasureChains(np.ascontiguousarray(values, np.float32))
            self.session.ask(SLOT, question, self._answered, patient=True)
        self.changed.emit()

    def _answered(self, answer: Answer) -> None:
        self.mixing = answer.value
        self.changed.emit()
