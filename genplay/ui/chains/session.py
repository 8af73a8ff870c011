"""What all parts of the Chain lab share: the run and its state with undo, the landscape, and the negative phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.knob import Knob
from genplay.contract.requests import LookAtDensity, Question, WalkChains
from genplay.contract.results import Answer, Density, Failure, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.bridge import Bridge
from genplay.ui.chains.state import PICTURE, ChainState, first
from genplay.ui.gan.watch import Watch
from genplay.ui.run_states import RunStates
from genplay.ui.sampling.wish import sample_knobs
from genplay.ui.views.painting import Painting

NEEDS = frozenset({Capability.ENERGY, Capability.CHAIN})
PACE_MS = 250  # between two looks at the landscape while it is learnt
SIDE, SIDE_LIVE, HELD = 96, 48, 400  # pixels of the landscape, data points
NEGATIVES = {Kind.POINTS: 400, Kind.IMAGE: 16}
LIVE_MS = 500
CLIMB = {"noise": 1.0, PICTURE: 0.5}  # level of noise, 1 being the highest, to which a chain is taken at first
WIDEST = 1.25  # half the side of the plane


class ChainSession(RunStates[ChainState]):
    """``asker(slot, question, answered, patient)``, ``waiting(slot)`` and ``cancel(slot)`` are the panel's."""

    landscape_changed = Signal()  # another landscape is known, or none
    negatives_changed = Signal()
    aged = Signal()  # the weights have changed for a while, at most twice a second

    def __init__(
        self,
        bridge: Bridge,
        undo: QUndoStack,
        name: str,
        asker: Callable[..., object],
        waiting: Callable[[str], bool],
        cancel: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(undo, ChainState(), parent)
        self.bridge = bridge
        self.waiting, self.cancel = waiting, cancel
        self.landscape: Density | None = None
        self.negatives: np.ndarray | None = None  # samples that training contrasts data with, None where there are none
        self._asker = asker
        self._field = Watch(bridge, f"{name}.field", PACE_MS, self)
        self._field.answered.connect(self._take_landscape)
        self._phase = Watch(bridge, f"{name}.negatives", LIVE_MS, self)
        self._phase.answered.connect(self._take_negatives)
        self._phase.failed.connect(self._no_negatives)
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self.aged)
        self.weights_changed.connect(self._age)

    # ---- the run

    def fits(self, run: RunState) -> bool:
        return run.capabilities >= NEEDS and run.spec.kind in NEGATIVES

    def first(self, run: RunState) -> ChainState:
        return self.starting(first(run), "noise")

    def starting(self, state: ChainState, begin: str) -> ChainState:
        """The state with chains that start elsewhere; samplers with levels of noise climb as high as that needs."""
        config = dict(state.wish.config)
        if any(knob.name == "climb" for knob in self.sampler_knobs()):
            config["climb"] = CLIMB.get(begin, 0.0)
        return replace(state, begin=begin, wish=replace(state.wish, config=config))

    def read(self, plain: object, question: Question | None) -> ChainState:
        assert self.run is not None
        state = ChainState.from_plain(plain, self.run, self.family, self.state)
        return state.taking(question, self.run, self.family) if isinstance(question, WalkChains) else state

    @property
    def spec(self) -> DataSpec:
        """The run's data."""
        return self.run.spec if self.run else DataSpec(Kind.POINTS, (2,))

    @property
    def points(self) -> bool:
        """Whether the run makes points (else pictures)."""
        return self.spec.kind is Kind.POINTS

    def set_run(self, run: RunState | None, family: FamilyInfo | None) -> None:
        """Another run, or news of the selected one."""
        if run is None or self.run is None or run.run_id != self.run.run_id:
            self.landscape, self.negatives = None, None
        super().set_run(run, family)
        shown = run if self.ready else None
        live = run is not None and run.status == "training"
        self._field.set_question(LookAtDensity(SIDE_LIVE if live else SIDE, WIDEST, 1, HELD))
        self._field.set_run(shown if self.points else None)
        self._phase.set_question(WalkChains(NEGATIVES.get(self.spec.kind, 1), 0, "negatives"))
        self._phase.set_run(shown)

    def _age(self) -> None:
        if self.active and not self._live.isActive():
            self._live.start()

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self._live.stop()
        for watch in (self._field, self._phase):
            watch.set_active(active)

    # ---- asking

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None], patient: bool = False) -> None:
        """Put a question about the selected run while the panel is in front."""
        if self.active and self.ready:
            self._asker(slot, question, answered, patient=patient)

    def _take_landscape(self, answer: Answer) -> None:
        self.landscape = answer.value
        self.landscape_changed.emit()

    def _take_negatives(self, answer: Answer) -> None:
        self.negatives = answer.value.x[-1]
        self.negatives_changed.emit()

    def _no_negatives(self, failure: Failure) -> None:
        """Many models keep none; that is nothing to complain about."""
        self.negatives = None
        self.negatives_changed.emit()

    # ---- the view

    def toggle(self, layer: str, words: str) -> None:
        """Hide or show a layer."""
        verb = "hide" if self.state.shows(layer) else "show"
        self.set(f"{verb} the {words}", hidden=self.state.toggled(layer))

    def paint(self, painting: Painting, text: str, **values: Any) -> None:
        """Another picture to start from, damaged where the one before was: one step of undo."""
        before = self.state.painting
        if before is not None and before.mask.shape == painting.mask.shape:
            painting = replace(painting, mask=before.mask)
        state = replace(self.state, painting=painting, **values)
        self.do(state if state.begin == PICTURE else self.starting(state, PICTURE), text)

    def focus(self, chain: int) -> None:
        """Look at a chain; this is no step of undo."""
        if chain != self.state.focus and chain >= 0:
            self.apply(replace(self.state, focus=chain))

    def sampler_knobs(self) -> tuple[Knob, ...]:
        """The sampler's knobs that apply to the run's data."""
        return sample_knobs(self.family, self.spec)

    @property
    def method(self) -> str:
        """How chains step: what the sampler's knob of that name says, and Gibbs where there is none."""
        knob = next((k for k in self.sampler_knobs() if k.name == "method"), None)
        return "gibbs" if knob is None else str(self.state.wish.config.get("method", knob.default))
