"""What all parts of the Filters panel share: the run, what is known of its hidden units, and the view with undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.requests import LookAtFilters, Question
from genplay.contract.results import Answer, Filters, RunState
from genplay.ui.bridge import Bridge
from genplay.ui.filters.state import FiltersState
from genplay.ui.gan.watch import Watch
from genplay.ui.run_states import RunStates

if TYPE_CHECKING:
    import numpy as np

PACE_MS = 500  # between two looks while a run trains
FULL, LIVE = 96, 48  # pictures, of which fewer are looked at while it trains


class FiltersSession(RunStates[FiltersState]):
    """The state of each run with undo, and the newest answer about the selected one."""

    found_changed = Signal()  # another answer is on show, or none
    progressed = Signal(float)  # of the answer under way; negative when it is done
    failed = Signal(object)  # Failure

    def __init__(self, bridge: Bridge, undo: QUndoStack, name: str, parent: QObject | None = None) -> None:
        super().__init__(undo, FiltersState(), parent)
        self.bridge = bridge
        self.answer: Answer | None = None
        self.shown = LookAtFilters()  # the question that the answer on show belongs to
        self._watch = _Patient(bridge, f"{name}.filters", PACE_MS, self)
        self._watch.answered.connect(self._take)
        self._watch.failed.connect(self.failed)
        self.changed.connect(lambda _: self._watch.set_question(self.question()))

    # ---- the run

    def fits(self, run: RunState) -> bool:
        return Capability.FILTERS in run.capabilities

    def first(self, run: RunState) -> FiltersState:
        return FiltersState()

    def read(self, plain: object, question: Question | None) -> FiltersState:
        state = FiltersState.from_plain(plain, self.state)
        if isinstance(question, LookAtFilters):
            state = FiltersState.from_plain({**state.to_plain(), "seed": question.seed}, state)
        return state

    def show_run(self, run: RunState | None) -> None:
        """Another run, or news of the selected one."""
        if run is None or self.run is None or run.run_id != self.run.run_id:
            self.answer = None
            self.found_changed.emit()
        self.set_run(run, None)
        self._watch.set_question(self.question())
        self._watch.set_run(run if self.ready else None)

    def question(self) -> LookAtFilters:
        """What to ask of the run as it is: less while it trains, so that what is seen keeps up."""
        live = self.run is not None and self.run.status == "training"
        return LookAtFilters(LIVE if live else FULL, not live, seed=self.state.seed)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self._watch.set_active(active)

    def _take(self, answer: Answer) -> None:
        self.progressed.emit(-1.0 if answer.last or answer.progress is None else answer.progress)
        known, live = self.found, self.run is not None and self.run.status == "training"
        complete = known is not None and known.energies is not None
        if not answer.last and complete and (live or answer.value.energies is None):
            return  # what is on show tells more
        self.answer, self.shown = answer, self.question()
        self.found_changed.emit()

    # ---- what is on show

    @property
    def found(self) -> Filters | None:
        """The newest answer."""
        return self.answer.value if self.answer is not None else None

    def layer(self) -> tuple[int, int]:
        """Number of the first unit of the layer on show, and how many it has."""
        layers = self.found.layers if self.found is not None else (0,)
        at = min(self.state.layer, len(layers) - 1)
        return sum(layers[:at]), layers[at]

    def unit(self) -> int:
        """The unit chosen, counted through all layers."""
        begin, count = self.layer()
        if self.state.unit < 0 and self.found is not None:
            return int(self.ranked()[0])
        return begin + min(max(0, self.state.unit), max(0, count - 1))

    def picture(self) -> int:
        """The number of the chosen picture."""
        return min(self.state.picture, len(self.found.x) - 1) if self.found is not None else 0

    def ranked(self) -> np.ndarray:
        """The units of the layer in the order of the state, counted through all layers."""
        import numpy as np

        found = self.found
        if found is None:
            return np.zeros(0, np.int64)
        begin, count = self.layer()
        units = np.arange(begin, begin + count)
        weight = {
            "picture": lambda: found.hidden[self.picture()] - found.hidden.mean(0),  # more than others do
            "often": lambda: found.hidden.mean(0),
            "strong": lambda: np.abs(found.filters).mean((1, 2)),
        }.get(self.state.order)
        return units if weight is None else units[np.argsort(-weight()[units], kind="stable")]


class _Patient(Watch):
    """Tells of answers under way, too."""

    def _take(self, answer: Answer, run_id: str) -> None:
        if not answer.last and self.run is not None and self.run.run_id == run_id:
            self.answered.emit(answer)
        super()._take(answer, run_id)
