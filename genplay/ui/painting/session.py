"""What all parts of the Painting panel share: the run and its state with undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Answer, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.painting.state import PaintState, first
from genplay.ui.run_states import RunStates
from genplay.ui.sampling.wish import takes_condition
from genplay.ui.views.painting import Painting

LIVE_MS = 500  # between looks at a model that trains
LOOK = "look at a pixel"  # what undo calls another place
NEEDS = frozenset({Capability.NEXT_PROBS, Capability.SAMPLE})


class PaintSession(RunStates[PaintState]):
    """``asker(slot, question, answered, patient)``, ``waiting(slot)`` and ``cancel(slot)`` are the panel's."""

    aged = Signal()  # what is shown of the model may follow the training, at most twice a second
    merged = frozenset({LOOK})

    def __init__(
        self,
        asker: Callable[..., object],
        waiting: Callable[[str], bool],
        cancel: Callable[[str], None],
        undo: QUndoStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(undo, PaintState(), parent)
        self.waiting, self.cancel = waiting, cancel
        self._asker = asker
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self.aged)
        self.weights_changed.connect(self._age)

    # ---- the run

    def fits(self, run: RunState) -> bool:
        """Models of pictures that draw one pixel after another."""
        return run.spec.kind is Kind.IMAGE and run.capabilities >= NEEDS

    def first(self, run: RunState) -> PaintState:
        return first(run)

    def read(self, plain: object, question: Question | None) -> PaintState:
        assert self.run is not None
        from genplay.ui.painting.asking import with_question

        state = PaintState.from_plain(plain, self.run, self.family, self.state)
        return with_question(state, question, self.run, self.family)

    @property
    def spec(self) -> DataSpec:
        """The run's data."""
        return self.run.spec if self.run else DataSpec(Kind.IMAGE, (1, 1, 1))

    @property
    def conditional(self) -> bool:
        """Whether the model takes a condition."""
        return self.run is not None and takes_condition(self.run)

    @property
    def weights(self) -> tuple[object, ...]:
        """What tells the weights of the run that would answer now."""
        return (self.run.run_id, self.run.step, self.run.digest) if self.run else ()

    def _age(self) -> None:
        if self.active and not self._live.isActive():
            self._live.start()

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None], patient: bool = False) -> None:
        """Put a question about the selected run while the panel is in front."""
        if self.active and self.ready:
            self._asker(slot, question, answered, patient=patient)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self._live.stop()
        if active and self.ready:
            self.aged.emit()

    def paint(self, painting: Painting, text: str, **values: Any) -> None:
        """Another picture, one step of undo."""
        self.set(text, painting=painting, **values)
