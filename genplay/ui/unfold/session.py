"""What all parts of the Unfold panel share: the run, its state with undo, and its tapes, which it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Question, Trajectory
from genplay.contract.results import Answer, Frame, RunState
from genplay.contract.spec import Attribute, Kind
from genplay.ui.sampling.wish import Wish, takes_condition
from genplay.ui.unfold import branching
from genplay.ui.unfold import state as states
from genplay.ui.unfold.changes import Change, Snapshot
from genplay.ui.unfold.cloud import Cloud
from genplay.ui.unfold.recorder import Recorder
from genplay.ui.unfold.state import LAST, UnfoldState
from genplay.ui.unfold.tape import Shot, Tape, same_question

if TYPE_CHECKING:
    import numpy as np

FOLLOW_MS = 3000  # between samplings while a model trains
HURRY_MS = 250  # a knob that rests for so long is no longer being dragged
MOVED = "move along the tape"

Asker = Callable[[str, Question, Callable[[Answer], None]], object]


class UnfoldSession(QObject):
    """State and tapes of the selected run. Every change goes through :meth:`apply`, so all parts follow one signal.

    A gesture is ``begin``, any number of ``apply`` and ``commit``: one step of undo. States and tapes are remembered
    for each run as long as the program runs. The state's wish is that of the tape on show: a change of it samples this
    tape anew, from the same noise, and the old frames stay on show until the new ones have come as far.
    """

    run_changed = Signal()  # another run is selected, or what it can do changed
    changed = Signal(object)  # the UnfoldState before
    frame_changed = Signal()  # another frame is on show
    tape_changed = Signal()  # another tape is on show, or more of its frames
    branches_changed = Signal()  # tapes came or went, or their final samples changed
    weights_changed = Signal()  # the run trained on: see ``stale``
    gave_up = Signal(str)  # slot of a question that failed or was cancelled

    def __init__(
        self,
        asker: Asker,
        undo: QUndoStack,
        parent: QObject | None = None,
        *,
        cancel: Callable[[str], None] = lambda slot: None,
        waiting: Callable[[str], bool] = lambda slot: True,
        family: Callable[[str], FamilyInfo | None] = lambda name: None,
    ) -> None:
        super().__init__(parent)
        self.run: RunState | None = None
        self.state = UnfoldState()
        self.tapes: tuple[Tape, ...] = ()
        self.plane: Cloud | None = None  # where the points of the frame are drawn, for layers of parts
        self.active = False
        self.cancel, self.waiting = cancel, waiting  # a slot's question: give it up, whether it is under way
        self._asker, self._undo, self._family = asker, undo, family
        self._recorder = Recorder(self)
        self._before: Snapshot | None = None  # at the begin of the gesture
        self._rested: Snapshot | None = None  # before the knob that is being moved was touched
        self._gesture = 0
        self._memory: dict[str, Snapshot] = {}
        self._pending: tuple[object, Question | None] | None = None
        self._follow = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._follow.timeout.connect(self._follow_training)
        self._hurry = QTimer(self, singleShot=True, interval=HURRY_MS)
        self._hurry.timeout.connect(self._knob_rests)

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a model that can be sampled."""
        run = self.run
        return run is not None and run.status != "loading" and Capability.SAMPLE in run.capabilities

    def can(self, capability: Capability) -> bool:
        """Whether the run's model has a capability."""
        return self.run is not None and capability in self.run.capabilities

    @property
    def gaussian(self) -> bool:
        """Whether the model denoises: a tape can begin anywhere, and has x_0 and eps."""
        return self.can(Capability.DENOISE)

    @property
    def pictures(self) -> bool:
        """Whether the model makes pictures."""
        return self.run is not None and self.run.spec.kind is Kind.IMAGE

    @property
    def texts(self) -> bool:
        """Whether the model writes texts."""
        return self.run is not None and self.run.spec.kind is Kind.TOKENS

    @property
    def veil(self) -> int:
        """The token of a place that is not written yet."""
        return len(self.run.spec.vocabulary) if self.run is not None else 0

    def text(self, tokens: np.ndarray) -> list[str]:
        """Tokens (N, L) as the run's texts, with a block where nothing is written yet."""
        return self.run.spec.text(tokens) if self.run is not None else []

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes of the run's data."""
        return self.run.spec.attributes if self.run else ()

    @property
    def conditional(self) -> bool:
        """Whether the model takes a condition."""
        return self.run is not None and takes_condition(self.run)

    @property
    def family(self) -> FamilyInfo | None:
        """What the catalogue says of the run's family, once it has come."""
        return self._family(self.run.family) if self.run else None

    @property
    def condition(self) -> tuple[int, ...]:
        """The condition to ask under: () for a model that takes none."""
        return self.state.condition if self.conditional else ()

    @property
    def config(self) -> dict[str, Any]:
        """The sampler's knobs that are not at their default."""
        return self.state.config

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run = self.run, run
        same = before is not None and run is not None and before.run_id == run.run_id
        if not same or self._opened(before) != self._opened(run):
            self._select(before, run)
        elif before is not None and run is not None and (before.step, before.digest) != (run.step, run.digest):
            self.weights_changed.emit()
            if self.state.follow and self.active and not self._follow.isActive():
                self._follow.start()

    def _opened(self, run: RunState | None) -> tuple[object, ...]:
        return (run.status == "loading", run.capabilities, run.spec) if run else ()

    def _select(self, before: RunState | None, run: RunState | None) -> None:
        self._recorder.stop()
        if before is not None:
            self._memory[before.run_id] = self.snapshot()
        self._before = self._rested = None
        kept = self._memory.get(run.run_id) if run else None
        locked = self.state.locked
        start = states.first(run, self.state.seed) if run else UnfoldState()
        known = kept or Snapshot(replace(start, speed=self.state.speed, loop=self.state.loop), ())
        self.tapes = known.tapes
        self.state = replace(known.state.asking(seed=self.state.seed), locked=True) if locked else known.state
        self.run_changed.emit()
        if self._pending is not None and self.ready:
            pending, self._pending = self._pending, None
            self.restore(*pending)
        self.tape_changed.emit()
        self.branches_changed.emit()
        self.refresh()

    # ---- what is on show

    @property
    def tape(self) -> Tape | None:
        """The tape on show."""
        return self.find(self.state.tape) or (self.tapes[0] if self.tapes else None)

    def find(self, id: int) -> Tape | None:
        """A tape by its number."""
        return next((tape for tape in self.tapes if tape.id == id), None)

    def forks_of(self, tape: Tape) -> list[Tape]:
        """The branches that forked from a tape."""
        return [other for other in self.tapes if other.parent == tape.id]

    @property
    def shots(self) -> list[Shot]:
        """The frames on show with what is drawn of them."""
        tape = self.tape
        return tape.shots if tape else []

    @property
    def position(self) -> int:
        """Which of ``shots`` is on show; -1 while there is none."""
        last = len(self.shots) - 1
        return last if self.state.frame == LAST else min(self.state.frame, last)

    @property
    def shot(self) -> Shot | None:
        """The frame on show with what is drawn of it."""
        shots = self.shots
        return shots[self.position] if shots else None

    @property
    def frame(self) -> Frame | None:
        """The frame on show."""
        shot = self.shot
        return shot.frame if shot else None

    @property
    def stale(self) -> bool:
        """Whether the weights have moved on since the tape on show was made."""
        take = self.tape.take if self.tape else None
        if take is None or self.run is None or not take.shots:
            return False
        return (take.step, take.digest) != (self.run.step, self.run.digest)

    @property
    def sampling(self) -> bool:
        """Whether the tape on show is being made."""
        tape = self.tape
        return tape is not None and tape.under_way

    def part(self, name: str) -> Mapping[str, Any]:
        """The settings that a part has stored, which may be damaged."""
        return self.state.parts.get(name, {})

    def set_part(self, name: str, values: Mapping[str, Any], text: str) -> None:
        """Store settings of a part (plain values) as one step of undo."""
        self.do(self.state.with_part(name, values), text)

    # ---- changes

    def apply(self, state: UnfoldState, tapes_: tuple[Tape, ...] | None = None) -> None:
        """Show another state, within a gesture or without a step of undo."""
        before, self.state = self.state, state
        other_tapes = tapes_ is not None and tapes_ != self.tapes
        if tapes_ is not None:
            self.tapes = tapes_
        if other_tapes or state.tape != before.tape:
            self._switched()
        self.changed.emit(before)
        if other_tapes:
            self.branches_changed.emit()
        if state.frame != before.frame and state.tape == before.tape:
            self.frame_changed.emit()
        self.refresh()

    def _switched(self) -> None:
        if self.tape is not None:
            self.tape.shown = perf_counter()
        self.tape_changed.emit()
        self.frame_changed.emit()

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture is under way."""
        return self._before is not None

    @property
    def hasty(self) -> bool:
        """Whether the hand is still moving something, so that only whole tapes are worth showing."""
        return self._before is not None or self._hurry.isActive()

    def begin(self) -> None:
        """A gesture starts."""
        self._before = self.snapshot()
        self._gesture += 1

    def commit(self, text: str) -> None:
        """The gesture is over: one step of undo, if it changed anything."""
        before, self._before = self._before, None
        self.refresh()
        self._push(before, text)

    def _push(self, before: Snapshot | None, text: str) -> None:
        after = self.snapshot()
        if before is not None and self.run is not None and not before.same(after):
            self._undo.push(Change(self, self.run.run_id, before, after, text, self._gesture))

    def do(
        self,
        state: UnfoldState,
        text: str,
        *,
        same_gesture: bool = False,
        tapes_: tuple[Tape, ...] | None = None,
    ) -> None:
        """A change that is one step of undo by itself, or one with the gesture just committed."""
        if not self.ready:
            return
        before = self.snapshot()
        if not same_gesture:
            self._gesture += 1
        self.apply(state, tapes_)
        self._before = before
        self.commit(text)

    def snapshot(self) -> Snapshot:
        """The state and the tapes as they are."""
        return Snapshot(self.state, self.tapes)

    def show(self, run_id: str, there: Snapshot) -> None:
        """What undo and redo call: the view of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id:
            self.apply(there.state, there.tapes)
        else:
            self._memory[run_id] = there

    def wish_changed(self, wish: Wish) -> None:
        """A knob is on its way: sample with it, without a step of undo yet."""
        self._rested = self._rested or self.snapshot()
        self._hurry.start()
        self.apply(replace(self.state, wish=wish))

    def wish_edited(self, text: str) -> None:
        """A knob was changed: one step of undo."""
        before, self._rested = self._rested, None
        self._gesture += 1
        self._push(before, text)

    def _knob_rests(self) -> None:
        if self._rested is not None and self._rested.state.wish == self.state.wish:
            self._rested = None  # it came back to where it was
        self.refresh()

    def seek(self, frame: int) -> None:
        """Show a frame of the tape; moves that follow each other are one step of undo."""
        wanted = self._place(frame)
        if wanted == self.state.frame or not self.shots:
            return
        if self.in_gesture:
            self.apply(replace(self.state, frame=wanted))
        else:
            moving = self._undo.undoText() == MOVED and self._undo.index() == self._undo.count()
            self.do(replace(self.state, frame=wanted), MOVED, same_gesture=moving)

    def glide(self, frame: int) -> None:
        """Show a frame of the tape as playing does: no step of undo."""
        self.state = replace(self.state, frame=self._place(frame))
        self.frame_changed.emit()

    def _place(self, frame: int) -> int:
        last = len(self.shots) - 1
        return LAST if frame >= last else max(0, frame)

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None]) -> None:
        """Put a question about the selected run; not while another tab is in front, for then everything is asked anew
        when this one comes back."""
        if self.active and self.ready:
            self._asker(slot, question, answered)

    def question(self) -> Trajectory:
        """What is wanted of the tape on show."""
        tape, wish = self.tape, self.state.wish
        plain = Trajectory(wish.count, self.condition, dict(wish.config), seed=wish.seed)
        if tape is None:
            return plain
        state = tape.fresh.state(wish.seed) if tape.fresh else tape.wanted.state
        n = len(state) if state is not None else wish.count
        return replace(tape.wanted, n=n, condition=plain.condition, config=plain.config, state=state, seed=plain.seed)

    def refresh(self, again: bool = False) -> None:
        """Ask for the tape on show where it is not what is wanted; with ``again`` in any case."""
        if not self.ready or not self.active:
            return
        tape, wanted = self.tape, self.question()
        if tape is None:
            tape = Tape(0, wanted)
            self.tapes = (tape,)
            self.state = replace(self.state, tape=0)
        elif not same_question(tape.wanted, wanted) and (tape.id in self.state.kept or self.forks_of(tape)):
            tape = self._beside(tape, wanted)
        tape.wanted = wanted
        if again or not (tape.fresh_for(wanted) or tape.refuses(wanted)):
            self._recorder.sample(tape)

    def _beside(self, tape: Tape, wanted: Trajectory) -> Tape:
        """A tape that is kept, or that others forked from, stays as it is; what is wanted now gets one of its own, with
        the old frames on show until the new ones come."""
        take = replace(tape.take) if tape.take else None
        made = Tape(self.next_id(), wanted, tape.title, tape.parent, tape.fork, tape.fresh, take)
        self.tapes = (*self.tapes, made)
        self.state = replace(self.state, tape=made.id)
        self.branches_changed.emit()
        return made

    def next_id(self) -> int:
        """A number that no tape of the run has."""
        return max((tape.id for tape in self.tapes), default=-1) + 1

    def all_tapes(self) -> list[Tape]:
        """The tapes of all runs."""
        others = [s.tapes for run_id, s in self._memory.items() if self.run is None or run_id != self.run.run_id]
        return [tape for group in (self.tapes, *others) for tape in group]

    def given_up(self, slot: str) -> None:
        """The question of a slot failed or was cancelled: what has come of it stays, and it is not put again."""
        self._recorder.given_up(slot)
        self.gave_up.emit(slot)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        if active == self.active:
            return
        self.active = active
        self._follow.stop()
        if active:
            self.refresh()
        else:
            self._recorder.stop()

    def _follow_training(self) -> None:
        if self.active and self.state.follow and self.stale and not self.sampling:
            self.refresh(again=True)

    # ---- branches

    def start_trajectory(self, question: Trajectory, title: str) -> None:
        """A new tape that begins as ``question`` says, on show from now on; ``title`` tells how, in few words."""
        branching.put_on_show(self, Tape(self.next_id(), question, title), title)

    # ---- recipes

    def restore(self, plain: object, question: Question | None) -> None:
        """The state of a recipe, or a part of it, and the trajectory it asked for; both may be damaged."""
        if not self.ready or self.run is None:
            self._pending = (plain, question)
            return
        state = UnfoldState.from_plain(plain, self.run, self.family, self.state)
        state = replace(state, tape=self.state.tape, compared=(), kept=self.state.kept)
        if not isinstance(question, Trajectory):
            self.do(state, "restore a view") if self.active else self.apply(state)
            return
        tape = Tape(self.next_id(), question, "restored" if question.start < 1 else "")
        self.do(branching.asked_of(state, tape), "restore a view", tapes_=(*self.tapes, tape))
