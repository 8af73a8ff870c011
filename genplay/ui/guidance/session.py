"""What all parts of the Guidance panel share: the run and its state with undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Question
from genplay.contract.results import Answer, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.guidance.state import PARTS, GuidanceState, first, with_question
from genplay.ui.sampling.wish import takes_condition

LIVE_MS, SETTLE_MS = 500, 5000  # while a model trains: between pictures, and between what is slower
NEEDS = frozenset({Capability.GUIDE})


class GuidanceSession(QObject):
    """State of the selected run. Every change goes through :meth:`apply`, so all parts follow one signal.

    A gesture is ``begin``, any number of ``apply`` and ``commit``: one step of undo. States are remembered for each run
    as long as the program runs. ``ask(slot, question, answered, patient)``, ``waiting(slot)`` and ``cancel(slot)`` are
    the panel's.
    """

    run_changed = Signal()  # another run is selected, or what it can do changed
    changed = Signal(object)  # the GuidanceState before
    weights_changed = Signal()  # the picture may follow the training, at most twice a second
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
        super().__init__(parent)
        self.run: RunState | None = None
        self.family: FamilyInfo | None = None
        self.state = GuidanceState()
        self.active = False
        self.touched = 0.0  # when the last change came from the user (perf_counter)
        self.waiting, self.cancel = waiting, cancel
        self._asker, self._undo = asker, undo
        self._before: GuidanceState | None = None
        self._slid: tuple[GuidanceState, GuidanceState] | None = None  # before and after changes not yet recorded
        self._states: dict[str, GuidanceState] = {}
        self._seed = 0
        self._pending: tuple[object, Question | None] | None = None
        self._live = _timer(self, LIVE_MS, self.weights_changed)
        self._settle = _timer(self, SETTLE_MS, self.settled)

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a model that can be guided."""
        return self.run is not None and self.run.status != "loading" and self.run.capabilities >= NEEDS

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

    def set_run(self, run: RunState | None, family: FamilyInfo | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run, self.family = self.run, run, family
        known = before is not None and run is not None and before.run_id == run.run_id
        if not known or before is None or run is None or _nature(before) != _nature(run):
            self._select(run)
        elif (before.step, before.digest) != (run.step, run.digest) and self.active:
            for timer in (self._live, self._settle):
                if not timer.isActive():
                    timer.start()

    def _select(self, run: RunState | None) -> None:
        self._before = None
        if run is not None and self.ready:
            self.state = self._states.get(run.run_id) or first(run, self._seed)
            if self._pending is not None:
                (plain, question), self._pending = self._pending, None
                self.state = self._read(plain, question)
            self._states[run.run_id] = self.state
        self.run_changed.emit()

    # ---- changes

    def apply(self, state: GuidanceState) -> None:
        """Show another state, within a gesture or without a step of undo."""
        before, self.state = self.state, state
        self.touched = perf_counter()
        self._seed = state.wish.seed
        if self.run is not None:
            self._states[self.run.run_id] = state
        self.changed.emit(before)

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture is under way."""
        return self._before is not None

    def begin(self) -> None:
        """A gesture starts."""
        self._before = self.state

    def commit(self, text: str) -> None:
        """The gesture is over: one step of undo, if it changed anything."""
        before, self._before = self._before, None
        if before is not None and self.run is not None and before != self.state:
            self._undo.push(_Change(self, self.run.run_id, before, self.state, text))
        if not self.waiting("picture"):
            self.rested.emit()

    def slide(self, state: GuidanceState) -> None:
        """Show another state as part of an edit that :meth:`record` ends (but not if it came to nothing)."""
        goes_on = self._slid is not None and self._slid[1] is self.state
        self._slid = (self._slid[0] if self._slid and goes_on else self.state, state)
        self.apply(state)

    def record(self, text: str) -> None:
        """What was slid to is one step of undo."""
        slid, self._slid = self._slid, None
        if slid is not None:
            self._before = slid[0]
            self.commit(text)

    def do(self, state: GuidanceState, text: str) -> None:
        """A change that is one step of undo by itself."""
        if self.ready and state != self.state:
            self.begin()
            self.apply(state)
            self.commit(text)

    def set(self, text: str, **values: Any) -> None:
        """:meth:`do` with fields of the state."""
        self.do(replace(self.state, **values), text)

    def show(self, run_id: str, state: GuidanceState) -> None:
        """What undo and redo call: the state of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id:
            self.apply(state)
            if not self.waiting("picture"):
                self.rested.emit()
        else:
            self._states[run_id] = state

    def restore(self, plain: object, question: Question | None) -> None:
        """The state of a recipe, or a part of it, and what the question it holds says; both may be damaged."""
        if not self.ready:
            self._pending = (plain, question)
        elif self.active:
            self.do(self._read(plain, question), "restore a view")
        else:
            self.apply(self._read(plain, question))

    def _read(self, plain: object, question: Question | None) -> GuidanceState:
        assert self.run is not None
        state = GuidanceState.from_plain(plain, self.run, self.family, self.state)
        return with_question(state, question, self.run, self.family)

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
            self.weights_changed.emit()
            self.settled.emit()


class _Change(QUndoCommand):
    """One step of undo: from one state of a run to another."""

    def __init__(
        self, session: GuidanceSession, run_id: str, before: GuidanceState, after: GuidanceState, text: str
    ) -> None:
        super().__init__(text)
        self.session, self.run_id, self.before, self.after = session, run_id, before, after
        self._done = True  # the change has been shown already when it is pushed

    def redo(self) -> None:
        """Show the state after."""
        if not self._done:
            self.session.show(self.run_id, self.after)
        self._done = False

    def undo(self) -> None:
        """Show the state before."""
        self.session.show(self.run_id, self.before)


def _nature(run: RunState) -> tuple[object, ...]:
    return run.capabilities, run.spec, run.status == "loading"


def _timer(owner: QObject, interval: int, signal: Any) -> QTimer:
    timer = QTimer(owner, singleShot=True, interval=interval)
    timer.timeout.connect(signal)
    return timer
