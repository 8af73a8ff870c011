"""The Density panel: how probable a model finds what, beside how probable it is."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtGui import QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QStackedLayout, QWidget

from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge
from genplay.ui.density import words
from genplay.ui.density.inspector import DensityInspector
from genplay.ui.density.pictures_part import PicturesPart
from genplay.ui.density.points_part import WORDS, PointsPart
from genplay.ui.density.session import DensitySession
from genplay.ui.density.state import BESIDE, SCALES
from genplay.ui.density.texts_part import TextsPart
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState

EMPTY = "Train or open a model to see its density."


class DensityPanel(Panel):
    """Points: the plane twice, the model's density and the truth's. Pictures and texts: likelihoods of several sets."""

    name: ClassVar[str] = "density"
    title: ClassVar[str] = "Density"
    icon: ClassVar[str] = "density"
    hint: ClassVar[str] = "how probable the model finds what, and whether it is right"
    order: ClassVar[int] = 60
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("T", "Show the truth or the difference"),
        ("L", "Draw densities or their logarithms"),
        ("V", "Level lines, on or off"),
        ("A", "Score arrows, on or off"),
        ("H", "Held-out points, on or off"),
        ("M", "Measure the likelihoods of pictures or texts again"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = DensitySession(bridge, undo, self.name, self)
        self.points = PointsPart(self.session)
        self.pictures = PicturesPart(self.session)
        self.texts = TextsPart(self.session)
        self.measuring = (self.pictures, self.texts)
        self._inspector = DensityInspector(self.session, *self.measuring)
        self._empty = EmptyState("density", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.points)
        self._pages.addWidget(self.pictures)
        self._pages.addWidget(self.texts)
        self._pages.addWidget(self._empty)
        self._bind_keys()
        self.session.progressed.connect(self.progress_shown)
        self.session.run_changed.connect(self._show_or_not)
        self.session.failed.connect(self._failed)
        for part in self.measuring:
            part.failed.connect(self._failed)
        self._show_or_not()

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        slots = (
            self._next_beside,
            self._next_scale,
            lambda: self.session.toggle("levels", WORDS["levels"]),
            lambda: self.session.toggle("arrows", WORDS["arrows"]),
            lambda: self.session.toggle("points", WORDS["points"]),
            self._measure,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _next_beside(self) -> None:
        other = BESIDE[1 - BESIDE.index(self.session.state.beside)]
        self.session.set(f"show the {other}", beside=other)

    def _measure(self) -> None:
        for part in self.measuring:
            part.measure()

    def _next_scale(self) -> None:
        other = SCALES[1 - SCALES.index(self.session.state.scale)]
        self.session.set(f"{other} densities", scale=other)

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def set_run(self, run: RunState | None) -> None:
        super().set_run(run)
        self.session.set_run(run)

    def activate(self) -> None:
        self.session.set_active(True)
        for part in self.measuring:
            part.refresh()

    def deactivate(self) -> None:
        self.session.set_active(False)
        for part in self.measuring:
            part.give_up()

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    def exhibit(self) -> Exhibit | None:
        """Both planes, or the pictures that were measured."""
        part = self.points if self.session.points else self._sets_part()
        return part.exhibit(self.run.name if self.run else "") if self.session.ready else None

    # ---- showing

    def _sets_part(self) -> PicturesPart:
        return self.texts if self.session.kind is Kind.TOKENS else self.pictures

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        page: QWidget = self._empty
        if self.session.ready and self.run is not None:
            if self.session.points:
                page = self.points
            elif self.session.has_density:
                page = self._sets_part()
            else:
                self._empty.set_text(words.why_none(self.run))
        self._pages.setCurrentWidget(page)

    def _failed(self, failure: Failure | None) -> None:
        if failure is not None:
            self.failure_shown.emit(failure)
