"""What all parts of the GAN lab share: the selected run and the one it is compared with, the view, and undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo, Preset
from genplay.contract.knob import Knob
from genplay.contract.requests import Control, LookAtGame, Pair, Question, Rewind, SetLive, Translate
from genplay.contract.results import Answer, FilmFrame, RunState
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge
from genplay.ui.gan import remedies as cures
from genplay.ui.gan.edits import KnobEdit, ViewEdit
from genplay.ui.gan.seat import Seat
from genplay.ui.gan.state import GanState
from genplay.ui.views.filmstrip import insert

NEEDS = frozenset({Capability.CRITIC})
MAKES = frozenset({Capability.DECODE, Capability.TRANSLATE})  # of which it has one: codes, or pictures, to begin from
TRUST = 1.0  # seconds for which a knob that was just set counts more than what the engine says


class GanSession(QObject):
    """The state of the lab. Every change of the view goes through :meth:`set`, so all parts follow one signal.

    ``seats`` are the selected run and its rival, which shares a clock with it (``RunState.paired``); the rival's is
    empty while there is none.
    """

    run_changed = Signal()  # another run is selected, or what it can do changed
    news = Signal()  # what changed of the selected run
    rival_changed = Signal()  # another run stands beside it, or none
    changed = Signal(object)  # the GanState before
    knobs_changed = Signal()  # a live knob was set here
    film_changed = Signal()  # of the selected run

    def __init__(self, bridge: Bridge, undo: QUndoStack, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge, self.name = bridge, name
        self.run: RunState | None = None
        self.family: FamilyInfo | None = None
        self.state = GanState()
        self.active = False
        self.seats = (Seat(bridge, f"{name}.", self), Seat(bridge, f"{name}.rival_", self))
        self._undo = undo
        self._films: dict[str, list[FilmFrame]] = {}
        self._set: dict[tuple[str, str], tuple[Any, float]] = {}  # run and knob -> value and time it was set
        self._slid: dict[str, Any] | None = None  # knobs before a drag
        self._view: GanState | None = None  # the view before a drag
        for seat in self.seats:
            seat.ask_for(self.state.question())
        bridge.run_changed.connect(self._hear)
        bridge.run_removed.connect(self._forget)
        bridge.film_arrived.connect(self._take_film)

    # ---- the runs

    @property
    def ready(self) -> bool:
        """Whether there is a game to look at."""
        return self.run is not None and self.run.status != "loading" and plays(self.run.capabilities)

    @property
    def points(self) -> bool:
        """Whether the run makes points (else pictures)."""
        return self.run is not None and self.run.spec.kind is Kind.POINTS

    @property
    def translates(self) -> bool:
        """Whether the run turns pictures into pictures."""
        return self.ready and self.run is not None and Capability.TRANSLATE in self.run.capabilities

    @property
    def rival(self) -> RunState | None:
        """The run that shares a clock with the selected one."""
        return self.seats[1].run

    @property
    def ordered(self) -> tuple[Seat, ...]:
        """The seats that are taken, the older run first."""
        taken = [seat for seat in self.seats if seat.run is not None]
        known = list(self.bridge.runs)
        return tuple(sorted(taken, key=lambda s: known.index(s.run.run_id) if s.run.run_id in known else len(known)))  # type: ignore[union-attr]

    def set_run(self, run: RunState | None, family: FamilyInfo | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run, self.family = self.run, run, family
        self.seats[0].set_run(run if self.ready else None)
        same = before is not None and run is not None and _nature(before) == _nature(run)
        self._seat_rival()
        (self.news if same else self.run_changed).emit()

    def _seat_rival(self) -> None:
        other = self.bridge.runs.get(self.run.paired) if self.run and self.run.paired and self.ready else None
        before = self.rival
        self.seats[1].set_run(other)
        if (before and before.run_id) != (other and other.run_id):
            self.rival_changed.emit()

    def _hear(self, run: RunState) -> None:
        """News of a run that is not the selected one: the rival, or the one that is to be it."""
        if self.run is not None and run.run_id == self.run.paired:
            self._seat_rival()

    def _forget(self, run_id: str) -> None:
        self._films.pop(run_id, None)
        if self.rival is not None and self.rival.run_id == run_id:
            self._seat_rival()

    def _take_film(self, frame: FilmFrame) -> None:
        insert(self._films.setdefault(frame.run_id, []), frame)
        if self.run is not None and frame.run_id == self.run.run_id:
            self.film_changed.emit()

    def film_at(self, step: int) -> FilmFrame | None:
        """The frame of the selected run's film that is nearest to a step."""
        frames = self._films.get(self.run.run_id, []) if self.run else []
        return min(frames, key=lambda f: abs(f.step - step), default=None)

    # ---- the view

    def set(self, text: str, **values: Any) -> None:
        """Change the view: one step of undo, if it changed anything."""
        after = replace(self.state, **values)
        if after != self.state:
            self._undo.push(ViewEdit(self._show, self.state, after, text))

    def slide(self, **values: Any) -> None:
        """Change the view within a drag that :meth:`end_view` ends."""
        self._view = self._view or self.state
        self._show(replace(self.state, **values))

    def end_view(self, text: str) -> None:
        """The drag is one step of undo."""
        before, self._view = self._view, None
        if before is not None and before != self.state:
            self._undo.push(ViewEdit(self._show, before, self.state, text))

    def toggle(self, layer: str, word: str = "") -> None:
        """Hide or show a layer."""
        verb = "hide" if self.state.shows(layer) else "show"
        self.set(f"{verb} the {word or layer}", hidden=self.state.toggled(layer))

    def _show(self, state: GanState) -> None:
        before, self.state = self.state, state
        for seat in self.seats:
            seat.ask_for(state.question())
        self.changed.emit(before)

    def restore(self, plain: object, question: Question | None) -> None:
        """The view of a recipe, which may be damaged, with the seed of its question."""
        state = GanState.from_plain(plain, self.state)
        if isinstance(question, LookAtGame):
            state = replace(state, seed=question.seed, ahead=question.unroll or state.ahead)
        if isinstance(question, Translate):
            state = replace(state, way=question.way, strength=question.strength, condition=question.condition)
        self._show(state)

    # ---- live knobs

    def knob(self, name: str) -> Knob | None:
        """A live knob of the selected run's family."""
        known = (*self.family.knobs, *self.family.training_knobs) if self.family else ()
        has = {**self.run.config, **self.run.training} if self.run else {}
        return next((k for k in known if k.name == name and k.live and name in has), None)

    def value(self, name: str) -> Any:
        """What a knob of the selected run is set to, the engine told or not."""
        if self.run is None:
            return None
        said = {**self.run.config, **self.run.training}.get(name)
        value, when = self._set.get((self.run.run_id, name), (said, 0.0))
        return value if monotonic() - when < TRUST else said

    def set_knobs(self, values: dict[str, Any], text: str) -> None:
        """Set live knobs of the selected run: one step of undo."""
        before = {name: self.value(name) for name in values}
        if self.run is not None and before != values:
            self._undo.push(KnobEdit(self._send, self.run.run_id, before, values, text))

    def slide_knob(self, name: str, value: Any) -> None:
        """Set a knob within a drag that :meth:`end_slide` ends."""
        if self._slid is None:
            self._slid = {name: self.value(name)}
        if self.run is not None:
            self._send(self.run.run_id, {name: value})

    def end_slide(self, text: str) -> None:
        """The drag is one step of undo."""
        before, self._slid = self._slid, None
        if before is None or self.run is None:
            return
        after = {name: self.value(name) for name in before}
        if after != before:
            self._undo.push(KnobEdit(self._send, self.run.run_id, before, after, text))

    def _send(self, run_id: str, values: dict[str, Any]) -> None:
        self._set |= {(run_id, name): (value, monotonic()) for name, value in values.items()}
        self.bridge.send(SetLive(run_id, values))
        self.knobs_changed.emit()

    # ---- commands

    def control(self, action: str) -> None:
        """Drive the training of the selected run."""
        if self.run is not None:
            self.bridge.send(Control(self.run.run_id, action))

    def rewind(self, step: int) -> None:
        """Put the selected run back to a snapshot."""
        if self.run is not None and step in self.run.snapshots:
            self.bridge.send(Rewind(self.run.run_id, step))

    def fork(self, step: int, chosen: Sequence[Preset]) -> None:
        """Train a fork with remedies beside the selected run."""
        if self.run is not None:
            names = {run.name for run in self.bridge.runs.values()}
            for command in cures.fork(self.run, step, chosen, names):
                self.bridge.send(command)

    def part(self) -> None:
        """No longer compare: both runs go their own ways."""
        if self.run is not None and self.run.paired:
            self.bridge.send(Pair(self.run.run_id, ""))

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None]) -> None:
        """Put a question of a part to the selected run while the panel is in front."""
        if self.active and self.ready and self.run is not None:
            self.bridge.ask(f"{self.name}.{slot}", self.run.run_id, question, answered, self.seats[0].failed.emit)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        for seat in self.seats:
            seat.set_active(active)


def plays(capabilities: frozenset[Capability]) -> bool:
    """Whether a model with these is one of two players."""
    return capabilities >= NEEDS and bool(capabilities & MAKES)


def _nature(run: RunState) -> tuple[object, ...]:
    return run.run_id, run.capabilities, run.spec, run.status == "loading"
