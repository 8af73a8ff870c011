"""The Filters panel: what the hidden units of a model answer to, and how probable it finds what."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtGui import QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QStackedLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge
from genplay.ui.filters.board import Board
from genplay.ui.filters.inspector import FiltersInspector
from genplay.ui.filters.session import FiltersSession
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState

EMPTY = "Train or open an RBM or a deep belief network to see its filters."
WAITING = "Looking at the filters…"


class FiltersPanel(Panel):
    """All filters, one of them with what excites it, a picture with what it excites, and free energies."""

    name: ClassVar[str] = "filters"
    title: ClassVar[str] = "Filters"
    icon: ClassVar[str] = "grid"
    hint: ClassVar[str] = "what each hidden unit looks for"
    order: ClassVar[int] = 58
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.FILTERS})
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.IMAGE,)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("O", "The next order of the filters"),
        ("L", "The next layer"),
        ("PgUp", "Earlier filters"),
        ("PgDown", "Later filters"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = FiltersSession(bridge, undo, self.name, self)
        self.board = Board(self.session)
        self._inspector = FiltersInspector(self.session)
        self._empty = EmptyState("grid", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.board)
        wall = self.board.wall
        slots = (wall.next_order, wall.next_layer, lambda: wall.turn(-1), lambda: wall.turn(1))
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)
        self.session.progressed.connect(self.progress_shown)
        self.session.found_changed.connect(self._show_or_not)
        self.session.run_changed.connect(self._show_or_not)
        self.session.failed.connect(self._failed)

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def set_run(self, run: RunState | None) -> None:
        super().set_run(run)
        self.session.show_run(run)

    def activate(self) -> None:
        self.session.set_active(True)

    def deactivate(self) -> None:
        self.session.set_active(False)

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    def exhibit(self) -> Exhibit | None:
        """The filters on show."""
        return self.board.exhibit(self.run.name if self.run else "") if self.session.ready else None

    # ---- showing

    def _show_or_not(self) -> None:
        run = self.session.run
        if run is not None and run.status == "loading":
            self._empty.set_text("Loading the model…")
        else:
            self._empty.set_text(WAITING if self.session.ready else EMPTY)
        ready = self.session.ready and self.session.found is not None
        self._pages.setCurrentWidget(self.board if ready else self._empty)

    def _failed(self, failure: Failure | None) -> None:
        if failure is not None:
            self.failure_shown.emit(failure)
