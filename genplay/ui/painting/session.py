"""What all parts of the Painting panel share: the run and its state with undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Question
from genplay.contract.results import Answer, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.painting.state import PaintState, first
from genplay.ui.sampling.wish import takes_condition
from genplay.ui.views.painting import Painting

LIVE_MS = 500  # between looks at a model that trains
LOOK = "look at a pixel"  # what undo calls another place
NEEDS = frozenset({Capability.NEXT_PROBS, Capability.SAMPLE})


class PaintSession(QObject):
    """State of the selected run. Every change goes through :meth:`apply`, so all parts follow one signal.

    A gesture is ``begin``, any number of ``apply`` and ``commit``: one step of undo. States are remembered for each run
    as long as the program runs. ``asker(slot, question, answered, patient)``, ``waiting(slot)`` and ``cancel(slot)``
    are the panel's.
    """

    run_changed = Signal()  # another run is selected, or what it can do changed
    changed = Signal(object)  # the PaintState before
    weights_changed = Signal()  # what is shown of the model may follow the training, at most twice a second

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
        self.state = PaintState()
        self.active = False
        self.waiting, self.cancel = waiting, cancel
        self._asker, self._undo = asker, undo
        self._before: PaintState | None = None
        self._slid: tuple[PaintState, PaintState] | None = None  # before and after changes not yet recorded
        self._states: dict[str, PaintState] = {}
        self._pending: tuple[object, Question | None] | None = None
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self.weights_changed)

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a model of pictures that draws one pixel after another."""
        run = self.run
        if run is None or run.status == "loading" or run.spec.kind is not Kind.IMAGE:
            return False
        return run.capabilities >= NEEDS

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

    def set_run(self, run: RunState | None, family: FamilyInfo | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run, self.family = self.run, run, family
        known = before is not None and run is not None and before.run_id == run.run_id
        if not known or before is None or run is None or _nature(before) != _nature(run):
            self._select(run)
        elif (before.step, before.digest) != (run.step, run.digest) and self.active and not self._live.isActive():
            self._live.start()

    def _select(self, run: RunState | None) -> None:
        self._before = self._slid = None
        if run is not None and self.ready:
            self.state = self._states.get(run.run_id) or first(run)
            if self._pending is not None:
                (plain, question), self._pending = self._pending, None
                self.state = self._read(plain, question)
            self._states[run.run_id] = self.state
        self.run_changed.emit()

    # ---- changes

    def apply(self, state: PaintState) -> None:
        """Show another state, within a gesture or without a step of undo."""
        before, self.state = self.state, state
        if self.run is not None:
            self._states[self.run.run_id] = state
        self.changed.emit(before)

    def begin(self) -> None:
        """A gesture starts."""
        self._before = self.state

    def commit(self, text: str) -> None:
        """The gesture is over: one step of undo, if it changed anything."""
        before, self._before = self._before, None
        if before is not None and self.run is not None and before != self.state:
            self._undo.push(_Change(self, self.run.run_id, before, self.state, text))

    def slide(self, state: PaintState) -> None:
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

    def do(self, state: PaintState, text: str) -> None:
        """A change that is one step of undo by itself."""
        if self.ready and state != self.state:
            self.begin()
            self.apply(state)
            self.commit(text)

    def set(self, text: str, **values: Any) -> None:
        """:meth:`do` with fields of the state."""
        self.do(replace(self.state, **values), text)

    def show(self, run_id: str, state: PaintState) -> None:
        """What undo and redo call: the state of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id:
            self.apply(state)
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

    def _read(self, plain: object, question: Question | None) -> PaintState:
        assert self.run is not None
        from genplay.ui.painting.asking import with_question

        state = PaintState.from_plain(plain, self.run, self.family, self.state)
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
        if active and self.ready:
            self.weights_changed.emit()

    def paint(self, painting: Painting, text: str, **values: Any) -> None:
        """Another picture, one step of undo."""
        self.set(text, painting=painting, **values)


class _Change(QUndoCommand):
    """One step of undo: from one state of a run to another."""

    def __init__(self, session: PaintSession, run_id: str, before: PaintState, after: PaintState, text: str) -> None:
        super().__init__(text)
        self.session, self.run_id, self.before, self.after = session, run_id, before, after
        self._done = True  # the change has been shown already when it is pushed

    def id(self) -> int:
        """One number for all of these, so that Qt offers them to each other for merging."""
        return 1302

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Looks at one pixel after another are one step."""
        if not isinstance(other, _Change) or other.run_id != self.run_id or {self.text(), other.text()} != {LOOK}:
            return False
        self.after = other.after
        return True

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
