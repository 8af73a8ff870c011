"""What all parts of the Guidance panel share: the run and its state with undo."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Answer, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.guidance.state import PARTS, GuidanceState, first, with_question
from genplay.ui.run_states import RunStates
from genplay.ui.sampling.wish import takes_condition

LIVE_MS, SETTLE_MS = 500, 5000  # while a model trains: between pictures, and between what is slower
NEEDS = frozenset({Capability.GUIDE})


class GuidanceSession(RunStates[GuidanceState]):
    """``asker(slot, question, answered, patient)``, ``waiting(slot)`` and ``cancel(slot)`` are the panel's."""

    aged = Signal()  # the picture may follow the training, at most twice a second
    settled = Signal()  # what is slower may follow, every few seconds
    rested = Signal()  # the picture is there in full: what is slower may be asked now
    progressed = Signal(float)  # of a question under way; negative when it is done

    def __init__(
        self,
        asker: Callable[..., object],
        waiting: Callable[[str], bool],
        cancel: Callable[[str], None],
        undo: QUndoStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(undo, GuidanceState(), parent)
        self.touched = 0.0  # when the last change came from the user (perf_counter)
        self.waiting, self.cancel = waiting, cancel
        self._asker = asker
        self._seed = 0
        self._live = _timer(self, LIVE_MS, self.aged)
        self._settle = _timer(self, SETTLE_MS, self.settled)
        self.weights_changed.connect(self._age)

    # ---- the run

    def fits(self, run: RunState) -> bool:
        """Models that can be guided."""
        return run.capabilities >= NEEDS

    def first(self, run: RunState) -> GuidanceState:
        return first(run, self._seed)

    def read(self, plain: object, question: Question | None) -> GuidanceState:
        assert self.run is not None
        state = GuidanceState.from_plain(plain, self.run, self.family, self.state)
        return with_question(state, question, self.run, self.family)

    @property
    def spec(self) -> DataSpec:
        """The run's data."""
        return self.run.spec if self.run else DataSpec(Kind.IMAGE, (1, 1, 1))

    @property
    def pictures(self) -> bool:
        """Whether the model makes pictures (else points)."""
        return self.spec.kind is Kind.IMAGE

    @property
    def conditional(self) -> bool:
        """Whether the model takes a condition."""
        return self.run is not None and takes_condition(self.run)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that can serve the run: what is predicted as noise is looked at by the microscope."""
        denoises = self.run is not None and Capability.DENOISE in self.run.capabilities
        return tuple(part for part in PARTS if denoises or part != "microscope")

    @property
    def part(self) -> str:
        """The part beside the samples: that of the state where it can serve the run."""
        return self.state.part if self.state.part in self.parts else PARTS[0]

    @property
    def weights(self) -> tuple[object, ...]:
        """What tells the weights of the run that would answer now."""
        return (self.run.run_id, self.run.step, self.run.digest) if self.run else ()

    @property
    def guided_by_nothing(self) -> bool:
        """Whether nothing is asked for and nothing is avoided, so that every scale gives the same."""
        return not self.state.wish.condition and not self.state.setting("negative")

    def _age(self) -> None:
        for timer in (self._live, self._settle) if self.active else ():
            if not timer.isActive():
                timer.start()

    # ---- changes

    def apply(self, state: GuidanceState) -> None:
        self.touched = perf_counter()
        self._seed = state.wish.seed
        super().apply(state)

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture is under way."""
        return self._before is not None

    def commit(self, text: str) -> None:
        super().commit(text)
        self._rest()

    def show(self, run_id: str, state: GuidanceState) -> None:
        super().show(run_id, state)
        if self.run is not None and self.run.run_id == run_id:
            self._rest()

    def _rest(self) -> None:
        if not self.waiting("picture"):
            self.rested.emit()

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None], patient: bool = False) -> None:
        """Put a question about the selected run while the panel is in front."""
        if self.active and self.ready:
            self._asker(slot, question, answered, patient=patient)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self._live.stop()
        self._settle.stop()
        if active and self.ready:
            self.aged.emit()
            self.settled.emit()


def _timer(owner: QObject, interval: int, signal: Any) -> QTimer:
    timer = QTimer(owner, singleShot=True, interval=interval)
    timer.timeout.connect(signal)
    return timer
