"""What all parts of the Latent panel share: the run, its state with undo, and the map of its latent space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.requests import MapLatent, Question
from genplay.contract.results import Answer, LatentMap, RunState
from genplay.contract.spec import Attribute, Kind
from genplay.ui.latent import geometry
from genplay.ui.latent.changes import Change, with_question
from genplay.ui.latent.state import LatentState

FIRST_SEED = 4  # added to the run's: a face to begin with that is typical of the shipped model
KL_SECONDS = 0.5  # between two looks at the KL of a model that trains
LIVE_MS, SETTLE_MS = 200, 5000  # while a model trains: between decodes, and between maps, paths and tiles
KL_VECTOR = "kl by dimension"

Asker = Callable[[str, Question, Callable[[Answer], None]], object]


class LatentSession(QObject):
    """State of the selected run. Every change goes through :meth:`apply`, so all parts follow one signal.

    A gesture is ``begin``, any number of ``apply`` and ``commit``: one step of undo. States and maps are remembered for
    each run as long as the program runs.
    """

    run_changed = Signal()  # another run is selected, or its latent space became another
    changed = Signal(object)  # the LatentState before
    map_changed = Signal()
    kl_changed = Signal()
    weights_changed = Signal()  # decode anew, at most five times a second
    settled = Signal()  # what is slower may follow, every few seconds
    shown_z = Signal(object)  # a code (D,) on show that is not the state's (playing the path); None when it is again

    def __init__(self, asker: Asker, undo: QUndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: RunState | None = None
        self.state = LatentState.start(0)
        self.map: LatentMap | None = None
        self.kl: np.ndarray | None = None
        self.order = np.zeros(0, np.int64)
        self.active = False
        self.touched = 0.0  # when the last change came from the user (perf_counter)
        self._asker, self._undo = asker, undo
        self._before: LatentState | None = None
        self._gesture = 0
        self._states: dict[str, LatentState] = {}
        self._maps: dict[str, tuple[LatentMap, int, str]] = {}  # with the step and digest of its weights
        self._pending: tuple[object, Question | None] | None = None
        self._plane: tuple[tuple[str, str], int, LatentMap | None, geometry.Plane] | None = None
        self._kl_at = 0.0
        self._whole = False  # whether the map is the final one of its weights
        self._live = _timer(self, LIVE_MS, self._weights_moved)
        self._settle = _timer(self, SETTLE_MS, self._settled)

    # ---- the run

    @property
    def ready(self) -> bool:
        """Whether there is a latent space to show."""
        return self.run is not None and self.state.size > 0 and Capability.DECODE in self.run.capabilities

    @property
    def can_encode(self) -> bool:
        """Whether data can be placed in the latent space."""
        return self.run is not None and Capability.ENCODE in self.run.capabilities

    @property
    def certain(self) -> bool:
        """Whether the encoder has no posterior: ``kl`` then holds the variances of the codes."""
        return self.map is not None and self.map.certain

    @property
    def shaped(self) -> bool:
        """Whether codes have a shape of the model's own, so that standard normal draws are untypical."""
        return self.run is not None and self.run.config.get("prior", "gaussian") in ("ring", "swiss roll")

    @property
    def pictures(self) -> bool:
        """Whether the model makes pictures (else points)."""
        return self.run is not None and self.run.spec.kind is Kind.IMAGE

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes of the run's data."""
        return self.run.spec.attributes if self.run else ()

    @property
    def conditional(self) -> bool:
        """Whether the model takes a condition."""
        return bool(self.run and self.run.config.get("conditional") and self.attributes)

    @property
    def condition(self) -> tuple[int, ...]:
        """The condition to ask under: () for a model that takes none."""
        return self.state.condition if self.conditional else ()

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of the selected one."""
        before, self.run = self.run, run
        size = run.latent_size if run else 0
        known = before is not None and run is not None and before.run_id == run.run_id
        if not known or size != self.state.size or run.capabilities != before.capabilities:  # type: ignore[union-attr]
            self._select(run, size)
        else:
            assert before is not None and run is not None
            if run.step != before.step or run.digest != before.digest:
                self._moved_weights()
            self._take_kl(run)

    def _select(self, run: RunState | None, size: int) -> None:
        self._before = None
        key = run.run_id if run else ""
        known = self._states.get(key)
        self.state = known if known is not None and known.size == size else _first(run, size)
        latent = self._maps.get(key)
        self.map = latent[0] if latent is not None and latent[0].codes.shape[1] == size else None
        self._whole = self.map is not None
        self.kl, self.order = None, np.arange(size)
        if run is not None:
            self._take_kl(run, quiet=True)
            self.state = self._fitting(self.state)
        self.run_changed.emit()
        if self._pending is not None and self.ready:
            pending, self._pending = self._pending, None
            self.restore(*pending)
        self.ask_map()

    def _fitting(self, state: LatentState) -> LatentState:
        """``state`` with a condition that suits the data's attributes: unspecified where it does not."""
        limits = [attribute.any for attribute in self.attributes]
        fits = len(state.condition) == len(limits) and all(0 <= v <= top for v, top in zip(state.condition, limits))
        return state if fits else replace(state, condition=tuple(limits))

    # ---- KL and the map

    def _take_kl(self, run: RunState, quiet: bool = False) -> None:
        live = run.vectors.get(KL_VECTOR)
        kl = live if live is not None and len(live) == self.state.size else (self.map.kl if self.map else None)
        if kl is None:
            return
        if self.kl is not None and run.status == "training" and perf_counter() - self._kl_at < KL_SECONDS:
            return
        self._kl_at = perf_counter()
        news = self.kl is None or not np.array_equal(kl, self.kl)
        self.kl = np.asarray(kl, np.float32)
        slack = min(0.1, 0.05 * float(self.kl.max())) if run.status == "training" else 0.0
        before, self.order = self.order, geometry.order_by_kl(self.kl, None if quiet else self.order, slack)
        if not quiet and (news or not np.array_equal(before, self.order)):
            self.kl_changed.emit()

    def ask_map(self) -> None:
        """Encode held-out data anew, where the model can and its weights have changed."""
        if self.ready and self.can_encode and self.run is not None:
            known = self._maps.get(self.run.run_id)
            if known is None or self.map is None or known[1:] != (self.run.step, self.run.digest):
                self.ask("map", MapLatent(), self._mapped)

    def _mapped(self, answer: Answer) -> None:
        latent = answer.value
        if self.run is None or latent.codes.shape[1] != self.state.size:
            return
        if self.map is not None and not answer.last:
            return  # half a map is better than none, but not than the one before
        # turned like the last whole map; half a map came when it came, and must not decide how the plane lies
        self.map = geometry.aligned(latent, self.map if self._whole else None)
        self._whole = answer.last
        self._maps[self.run.run_id] = (self.map, answer.step, answer.digest)
        self._take_kl(self.run)
        self.map_changed.emit()
        if self.shaped and self.state.seed == self.run.seed + FIRST_SEED:
            self.apply(self.state.moved(self.map.codes[0]))  # a new run begins where data is

    def plane(self) -> geometry.Plane:
        """The plane on show."""
        axes, size = self.axes(), self.state.size
        if self._plane is None or self._plane[:2] != (axes, size) or self._plane[2] is not self.map:
            self._plane = axes, size, self.map, geometry.plane(axes, size, self.map)
        return self._plane[3]

    def axes(self) -> tuple[str, str]:
        """The names of the plane's axes on show."""
        return geometry.resolved(self.state.axes, self.map, self.order)

    # ---- changes

    def apply(self, state: LatentState) -> None:
        """Show another state, within a gesture or without a step of undo."""
        before, self.state = self.state, state
        self.touched = perf_counter()
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
        self._gesture += 1

    def commit(self, text: str) -> None:
        """The gesture is over: one step of undo, if it changed anything."""
        before, self._before = self._before, None
        if before is None or self.run is None or before.same(self.state):
            return
        self._undo.push(Change(self, self.run.run_id, before, self.state, text, self._gesture))

    def do(self, state: LatentState, text: str, *, same_gesture: bool = False) -> None:
        """A change that is one step of undo by itself, or one with the gesture just committed."""
        if not self.ready:
            return
        before = self.state
        if not same_gesture:
            self._gesture += 1
        self.apply(state)
        self._before = before
        self.commit(text)

    def show(self, run_id: str, state: LatentState) -> None:
        """What undo and redo call: the state of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id and self.state.size == state.size:
            self.apply(state)
        else:
            self._states[run_id] = state

    def restore(self, plain: object, question: Question | None) -> None:
        """The state of a recipe, or a part of it, and the code of the question it holds; both may be damaged."""
        if not self.ready:
            self._pending = (plain, question)
            return
        state = self._fitting(with_question(LatentState.from_plain(plain, self.state.size, self.state), question))
        if self.active:
            self.do(state, "restore a view")
        else:
            self.apply(state)

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None]) -> None:
        """Put a question about the selected run; not while another tab is in front, for then everything is asked anew
        when this one comes back."""
        if self.active and self.ready:
            self._asker(slot, question, answered)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        if active and self.active:
            return
        self.active = active
        self._live.stop()
        self._settle.stop()
        if active and self.ready:
            self.weights_changed.emit()
            self._settled()

    def _moved_weights(self) -> None:
        if self.active:
            for timer in (self._live, self._settle):
                if not timer.isActive():
                    timer.start()

    def _weights_moved(self) -> None:
        if self.active and self.ready:
            self.weights_changed.emit()

    def _settled(self) -> None:
        if self.active and self.ready:
            self.ask_map()
            self.settled.emit()


def _first(run: RunState | None, size: int) -> LatentState:
    """What a run that is new here shows: a code drawn with a seed, for the middle of the space is a blurred mean."""
    start = LatentState.start(size)
    return start.random(run.seed + FIRST_SEED) if run is not None and size and run.seed >= 0 else start


def _timer(owner: QObject, interval: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(owner)
    timer.setInterval(interval)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    return timer
