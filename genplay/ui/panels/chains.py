"""The Chain lab: Markov chains at work on the energy of a model, and how well they mix."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.chains import exhibits
from genplay.ui.chains.bar import ChainBar
from genplay.ui.chains.inspector import ChainInspector
from genplay.ui.chains.measuring import SLOT as MIXING
from genplay.ui.chains.measuring import Measures
from genplay.ui.chains.mixing_part import MixingPart
from genplay.ui.chains.pictures_part import PicturesPart
from genplay.ui.chains.points_part import WORDS, PointsPart
from genplay.ui.chains.session import NEEDS, ChainSession
from genplay.ui.chains.state import PICTURE, PLACED
from genplay.ui.chains.walker import SLOT, Walker
from genplay.ui.giving_row import FoldingButton
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.picture_files import is_foreign

EMPTY = "Train or open an energy-based model, or a Boltzmann machine, to watch its chains walk."


class ChainsPanel(Panel):
    """Left the chains on the landscape, or as pictures; right how they mix; below the line of steps."""

    name: ClassVar[str] = "chains"
    title: ClassVar[str] = "Chain lab"
    icon: ClassVar[str] = "path"
    hint: ClassVar[str] = "start chains, watch them walk and mix, have damage repaired"
    order: ClassVar[int] = 58
    needs: ClassVar[frozenset[Capability]] = NEEDS
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.POINTS, Kind.IMAGE)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("P", "Have the chains walk, or pause them"),
        ("J", "One step back"),
        ("L", "One step on"),
        ("Shift+J", "Back to the start"),
        ("Shift+L", "To the last step"),
        ("D", "Walk again with a new seed"),
        ("N", "Start anywhere"),
        ("E", "Start at examples of the data"),
        ("R", "Repair a picture: start at a damaged one"),
        ("V", "Level lines, on or off"),
        ("T", "Trails, on or off"),
        ("G", "Dreams of the negative phase, on or off"),
        ("H", "Data points, on or off"),
        ("Ctrl+V", "Take the picture on the clipboard"),
        ("Ctrl+Shift+E", "Save the walk as an animation"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = ChainSession(bridge, undo, self.name, self.ask, self._waits, self._cancel, self)
        self.walker = Walker(self.session)
        self.measures = Measures(self.session, self.walker)
        self.points = PointsPart(self.session, self.walker)
        self.pictures = PicturesPart(self.session, self.walker)
        self.bar = ChainBar(self.session, self.walker)
        self.mixing = MixingPart(self.session, self.walker, self.measures)
        self._inspector = ChainInspector(self.session, self.pictures.canvas)
        self._lay_out()
        self._actions = self._make_actions()
        self.setAcceptDrops(True)
        self._bind_keys()
        self.pictures.drag_out.connect(self._drag_out)
        self.walker.progressed.connect(self.progress_shown)
        self.walker.playing_changed.connect(self._show_playing)
        self.session.run_changed.connect(self._show_or_not)
        self.failure_shown.connect(self._failed)
        bridge.catalogue_arrived.connect(lambda _: self._learn_families())
        self._show_or_not()

    def _lay_out(self) -> None:
        self.views = QStackedWidget()
        self.views.addWidget(self.points)
        self.views.addWidget(self.pictures)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(16)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.views)
        halves.addWidget(self.mixing)
        halves.setStretchFactor(0, 55)
        halves.setStretchFactor(1, 45)
        halves.setSizes([550, 450])
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(halves, 1)
        column.addWidget(self.bar)
        self._empty = EmptyState("path", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(whole)
        self._pages.addWidget(self._empty)

    def _make_actions(self) -> list[QWidget]:
        self.film = FoldingButton(theme.icon("film"), "Animation")
        self.film.setToolTip("Save the walk as an animation (Ctrl+Shift+E)")
        self.film.clicked.connect(self._save_animation)
        self.dice = QPushButton(theme.icon("dice"), "")
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("Walk again with a new seed (D)")
        self.dice.setAccessibleName("Walk again with a new seed")
        self.dice.clicked.connect(self.again)
        self.play = FoldingButton(theme.icon("play", "accent_text"), "Walk")
        self.play.setProperty("role", "primary")
        self.play.setToolTip("Have the chains walk (P)")
        self.play.clicked.connect(self.walker.toggle)
        self._inspector.controls.lock.toggled.connect(lambda on: self.dice.setEnabled(not on))
        return [self.film, self.dice, self.play]

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        session, walker = self.session, self.walker
        slots = (
            walker.toggle,
            lambda: walker.step(-1),
            lambda: walker.step(1),
            walker.rewind,
            lambda: walker.seek(walker.recording.length - 1),
            self.again,
            lambda: self._inspector.start.choose("noise"),
            lambda: self._inspector.start.choose("data"),
            self.repair,
            lambda: session.toggle("levels", WORDS["levels"]),
            lambda: session.toggle("trails", WORDS["trails"]),
            lambda: session.toggle("negatives", WORDS["negatives"]),
            lambda: session.toggle("data", WORDS["data"]),
            self._inspector.start.source.paste_picture,
            self._save_animation,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc pauses, else gives up the walk under way."""
        if self.walker.playing:
            self.walker.pause()
            return True
        return self.walker.stop()

    def set_run(self, run: RunState | None) -> None:
        if run is None or self.run is None or run.run_id != self.run.run_id:
            for slot in (SLOT, MIXING):
                self._cancel(slot)
        super().set_run(run)
        catalogue = self.bridge.catalogue
        self.session.set_run(run, catalogue.family(run.family) if catalogue and run else None)

    def _learn_families(self) -> None:
        """What can be set of the run on show is known only now."""
        self.session.set_run(None, None)
        self.set_run(self.run)

    def activate(self) -> None:
        self.session.set_active(True)
        self._begin()

    def deactivate(self) -> None:
        self.walker.pause()
        self.walker.stop()
        self.session.set_active(False)
        for slot in ("data", MIXING):
            self._cancel(slot)

    def _begin(self) -> None:
        """Of a run whose chains have not walked yet, have them do so: there is something to see at once."""
        if self.session.active and self.session.ready and not self.walker.recording.length:
            self.walker.play(onward=False)

    def _waits(self, slot: str) -> bool:
        return self.bridge.is_waiting(f"{self.name}.{slot}")

    def _cancel(self, slot: str) -> None:
        self.bridge.cancel(f"{self.name}.{slot}")

    def _failed(self, failure: Failure) -> None:
        if failure.slot == f"{self.name}.{SLOT}":
            self.walker.stop()
            self.walker.pause()

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if self.session.ready and not self.session.points and (mime.hasImage() or is_foreign(mime.urls())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._inspector.start.source.take(event.mimeData())

    # ---- walking

    def again(self) -> None:
        """Another walk with a new seed, unless it is locked."""
        if self.session.ready and not self._inspector.controls.lock.isChecked():
            wish = replace(self.session.state.wish, seed=random.randrange(1_000_000))
            self.session.set("draw a new seed", wish=wish)

    def repair(self) -> None:
        """Start at a damaged picture; of points, where the user clicked."""
        self._inspector.start.choose(PLACED if self.session.points else PICTURE)

    # ---- showing

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.session.ready else 1)
        self.views.setCurrentWidget(self.points if self.session.points else self.pictures)
        for button in self._actions if hasattr(self, "_actions") else ():
            button.setEnabled(self.session.ready)
        self._begin()

    def _show_playing(self, playing: bool) -> None:
        self.play.setText("Pause" if playing else "Walk")
        self.play.setIcon(theme.icon("pause" if playing else "play", "accent_text"))
        self.play.setToolTip("Pause (P)" if playing else "Have the chains walk (P)")

    # ---- exhibits

    def exhibit(self) -> Exhibit | None:
        """The chains at the step on show."""
        if not self.session.ready:
            return None
        if self.session.points:
            return exhibits.drawn(self.session, self.walker, self.points.canvas.whole_picture())
        return exhibits.now(self.session, self.walker)

    def _save_animation(self) -> None:
        exhibit = exhibits.animation(self.session, self.walker)
        if exhibit is not None:
            self.export_wanted.emit(exhibit)

    def _drag_out(self, index: int) -> None:
        from genplay.ui.drag_out import drag_out

        exhibit = exhibits.now(self.session, self.walker, index)
        if exhibit is not None:
            drag_out(self.pictures.grid, exhibit, self.recipe_of(exhibit))
