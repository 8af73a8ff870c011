"""What all parts of the Density panel share: the run, what is known of its density, and the view with undo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.requests import CompareLikelihoods, LookAtDensity, Question
from genplay.contract.results import Answer, Density, RunState
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge
from genplay.ui.density.state import DensityState
from genplay.ui.gan.watch import Watch

PACE_MS = 100  # between two looks while a run trains
QUICK, QUICK_LIVE = {"side": 96, "n": 512}, {"side": 48, "n": 256, "importance_samples": 4}
SLOW, SLOW_LIVE = {"side": 48, "n": 128}, {"side": 24, "n": 64}  # where an equation is solved for every density
REMEMBERED = 400  # measures of a run while it trains


class DensitySession(QObject):
    """Every change of the view goes through :meth:`set`, so that all parts follow one signal."""

    run_changed = Signal()  # another run is selected, or what it can do changed
    changed = Signal(object)  # the DensityState before
    density_changed = Signal()  # another answer is on show, or none
    pointed = Signal(object)  # (x, y) of the plane under the pointer, None for none
    progressed = Signal(float)  # of the answer under way; negative when it is done
    failed = Signal(object)  # Failure

    def __init__(self, bridge: Bridge, undo: QUndoStack, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge, self.name = bridge, name
        self.run: RunState | None = None
        self.state = DensityState()
        self.active = False
        self.answer: Answer | None = None
        self.shown = LookAtDensity()  # the question that the density on show answers
        self.history: list[tuple[int, float, float]] = []  # step, KL (else NLL) and its error, of the run
        self._undo = undo
        self._watch = _Patient(bridge, f"{name}.field", PACE_MS, self)
        self._watch.answered.connect(self._take)
        self._watch.failed.connect(self.failed)

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a model to look at."""
        return self.run is not None and self.run.status != "loading"

    @property
    def points(self) -> bool:
        """Whether the run makes points."""
        return self.run is not None and self.run.spec.kind is Kind.POINTS

    @property
    def kind(self) -> Kind | None:
        """What the run makes."""
        return self.run.spec.kind if self.run is not None else None

    @property
    def has_density(self) -> bool:
        """Whether the model says how probable something is, be it only up to a factor."""
        known = {Capability.LOG_DENSITY, Capability.ENERGY, Capability.SCORE}
        return self.run is not None and bool(self.run.capabilities & known)

    @property
    def density(self) -> Density | None:
        """What is on show."""
        return self.answer.value if self.answer is not None else None

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run = self.run, run
        same = before is not None and run is not None and _nature(before) == _nature(run)
        if before is None or run is None or before.run_id != run.run_id:
            self.answer, self.history = None, []
        elif run.step < before.step:
            self.history = [row for row in self.history if row[0] <= run.step]
        self._ask_for()
        self._watch.set_run(run if self.ready and self.points else None)
        if not same:
            self.run_changed.emit()
            self.density_changed.emit()

    def question(self) -> LookAtDensity:
        """What to ask of the run as it is: less while it trains, so that what is seen keeps up."""
        live = self.run is not None and self.run.status == "training"
        slow = self.run is not None and Capability.DENOISE in self.run.capabilities
        sizes: dict[str, Any] = (SLOW_LIVE if live else SLOW) if slow else (QUICK_LIVE if live else QUICK)
        return LookAtDensity(**sizes, seed=self.state.seed)

    def _ask_for(self) -> None:
        self._watch.set_question(self.question())

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self._watch.set_active(active)

    def look_again(self) -> None:
        """Drop what is under way and ask anew."""
        self._watch.forget()
        self._watch.refresh()

    def _take(self, answer: Answer) -> None:
        self.progressed.emit(-1.0 if answer.last or answer.progress is None else answer.progress)
        if not answer.last and not self._is_better(answer):
            return
        self.answer, self.shown = answer, self.question()
        found: Density = answer.value
        if answer.last and found.nll == found.nll:
            self._remember(answer.step, found)
        self.density_changed.emit()

    def _is_better(self, answer: Answer) -> bool:
        """Whether a coarse answer is worth to be shown: it is no coarser than what is, or there is none."""
        return self.density is None or len(answer.value.field) >= len(self.density.field)

    def _remember(self, step: int, found: Density) -> None:
        kl = found.kl == found.kl
        row = (step, found.kl, found.kl_error) if kl else (step, found.nll, found.nll_error)
        self.history = [*[old for old in self.history if old[0] < step][-REMEMBERED:], row]

    # ---- the view

    def set(self, text: str, **values: Any) -> None:
        """Change the view: one step of undo, if it changed anything."""
        after = replace(self.state, **values)
        if after != self.state:
            self._undo.push(_Change(self, self.state, after, text))

    def toggle(self, layer: str, word: str = "") -> None:
        """Hide or show a layer."""
        verb = "hide" if self.state.shows(layer) else "show"
        self.set(f"{verb} the {word or layer}", hidden=self.state.toggled(layer))

    def show(self, state: DensityState) -> None:
        """What undo and redo call."""
        before, self.state = self.state, state
        self._ask_for()
        self.changed.emit(before)

    def restore(self, plain: object, question: Question | None) -> None:
        """The view of a recipe, which may be damaged, with the seed of its question."""
        state = DensityState.from_plain(plain, self.state)
        if isinstance(question, LookAtDensity | CompareLikelihoods):
            state = replace(state, seed=question.seed)
        if isinstance(question, CompareLikelihoods):
            state = replace(state, other=question.other)
        self.show(state)


class _Patient(Watch):
    """Tells of coarse answers, too."""

    def _take(self, answer: Answer, run_id: str) -> None:
        if not answer.last and self.run is not None and self.run.run_id == run_id:
            self.answered.emit(answer)
        super()._take(answer, run_id)


class _Change(QUndoCommand):
    """From one view to another."""

    def __init__(self, session: DensitySession, before: DensityState, after: DensityState, text: str) -> None:
        super().__init__(text)
        self.session, self.before, self.after = session, before, after

    def redo(self) -> None:
        """Show the view after."""
        self.session.show(self.after)

    def undo(self) -> None:
        """Show the view before."""
        self.session.show(self.before)


def _nature(run: RunState) -> tuple[object, ...]:
    return run.run_id, run.capabilities, run.spec, run.status == "loading"
