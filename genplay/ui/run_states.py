"""A panel's state of every run, with undo: what a panel's session is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Question
from genplay.contract.results import RunState

S = TypeVar("S")


class RunStates(QObject, Generic[S]):
    """Frozen states, one a run, remembered as long as the program runs. Every change goes through :meth:`apply`.

    A gesture is ``begin``, any number of ``apply`` and ``commit``: one step of undo. A subclass says which runs it can
    serve (``fits``), what a run is shown with at first (``first``) and how a recipe is read (``read``). Changes
    in a row whose words are in ``merged`` are one step of undo.
    """

    merged: ClassVar[frozenset[str]] = frozenset()

    run_changed = Signal()  # another run is selected, or what it can do changed
    changed = Signal(object)  # the state before
    weights_changed = Signal()  # the run has learnt something

    def __init__(self, undo: QUndoStack, start: S, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: RunState | None = None
        self.family: FamilyInfo | None = None
        self.state: S = start
        self.active = False  # whether the panel is in front
        self._undo = undo
        self._before: S | None = None
        self._slid: tuple[S, S] | None = None  # before and after changes not yet recorded
        self._states: dict[str, S] = {}
        self._pending: tuple[object, Question | None] | None = None

    # ---- for subclasses

    def fits(self, run: RunState) -> bool:
        """Whether a run that is loaded can be shown."""
        raise TypeError(f"{type(self).__name__} does not say which runs it serves")

    def first(self, run: RunState) -> S:
        """What a run is shown with at first."""
        raise TypeError(f"{type(self).__name__} has no first state")

    def read(self, plain: object, question: Question | None) -> S:
        """The state with what a recipe says of it, which may be damaged."""
        raise TypeError(f"{type(self).__name__} reads no recipes")

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a model that can be shown."""
        return self.run is not None and self.run.status != "loading" and self.fits(self.run)

    def set_run(self, run: RunState | None, family: FamilyInfo | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run, self.family = self.run, run, family
        known = before is not None and run is not None and before.run_id == run.run_id
        if not known or before is None or run is None or _nature(before) != _nature(run):
            self._select(run)
        elif (before.step, before.digest) != (run.step, run.digest):
            self.weights_changed.emit()

    def _select(self, run: RunState | None) -> None:
        self._before = self._slid = None
        if run is not None and self.ready:
            self.state = self._states.get(run.run_id) or self.first(run)
            if self._pending is not None:
                (plain, question), self._pending = self._pending, None
                self.state = self.read(plain, question)
            self._states[run.run_id] = self.state
        self.run_changed.emit()

    # ---- changes

    def apply(self, state: S) -> None:
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

    def slide(self, state: S) -> None:
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

    def set(self, text: str, **values: Any) -> None:
        """Other fields of the state: one step of undo, if that changes anything."""
        self.do(replace(self.state, **values), text)  # type: ignore[type-var]

    def do(self, state: S, text: str) -> None:
        """Another state: one step of undo, if it is another."""
        if self.ready and state != self.state:
            self.begin()
            self.apply(state)
            self.commit(text)

    def show(self, run_id: str, state: S) -> None:
        """What undo and redo call: the state of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id:
            self.apply(state)
        else:
            self._states[run_id] = state

    def restore(self, plain: object, question: Question | None) -> None:
        """The state of a recipe, or a part of it, as soon as there is a run to show it of.

        It is a step of undo where the panel is in front already.
        """
        if not self.ready:
            self._pending = (plain, question)
        elif self.active:
            self.do(self.read(plain, question), "restore a view")
        else:
            self.apply(self.read(plain, question))


class _Change(QUndoCommand):
    """One step of undo: from one state of a run to another."""

    def __init__(self, states: RunStates[Any], run_id: str, before: object, after: object, text: str) -> None:
        super().__init__(text)
        self.states, self.run_id, self.before, self.after = states, run_id, before, after
        self._done = True  # the change has been shown already when it is pushed

    def id(self) -> int:
        """One number for all of these, so that Qt offers them to each other for merging."""
        return 1302

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Several changes of a kind that is merged are one step."""
        if not isinstance(other, _Change) or (other.states, other.run_id) != (self.states, self.run_id):
            return False
        if self.text() != other.text() or self.text() not in self.states.merged:
            return False
        self.after = other.after
        return True

    def redo(self) -> None:
        """Show the state after."""
        if not self._done:
            self.states.show(self.run_id, self.after)
        self._done = False

    def undo(self) -> None:
        """Show the state before."""
        self.states.show(self.run_id, self.before)


def _nature(run: RunState) -> tuple[object, ...]:
    return run.capabilities, run.spec, run.status == "loading"
