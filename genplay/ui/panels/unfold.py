"""Every step of a sampler: a tape that is scrubbed, played, branched and compared."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QUndoStack
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.giving_row import FoldingButton
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.unfold import branching, exhibits
from genplay.ui.unfold.cards import Cards
from genplay.ui.unfold.compare_part import ComparePart
from genplay.ui.unfold.fork_box import ForkBox
from genplay.ui.unfold.inspector import UnfoldInspector
from genplay.ui.unfold.lower import Lower
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.timeline import Timeline
from genplay.ui.views.empty import EmptyState

EMPTY = "Train or open a model to see how its samples come about."
UPPER, LOWER = 360, 72  # heights: of cards and timeline when the pictures have a good size, of a single branch
NO_FORK = "Stop at an earlier step to branch: at t = 0 no noise is left"


class UnfoldPanel(Panel):
    """The cards of the frame on show over the timeline of its tape, over the branches and what else can be tried."""

    name: ClassVar[str] = "unfold"
    title: ClassVar[str] = "Unfold"
    icon: ClassVar[str] = "unfold"
    hint: ClassVar[str] = "every step of the sampler, forward, back, and branched"
    order: ClassVar[int] = 30
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SAMPLE})
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("P", "Play or pause the tape"),
        ("J", "One step back, towards noise"),
        ("L", "One step on, towards data"),
        ("Shift+J", "To the noise"),
        ("Shift+L", "To the data"),
        ("B", "Branch at the step on show"),
        ("K", "Pin the tape on show: a change of a knob makes another"),
        ("R", "Draw a new seed"),
        ("Ctrl+Shift+E", "Save the tape as an animation"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = UnfoldSession(
            self.ask, undo, self, cancel=self._cancel, waiting=self._waits_for, family=self._family
        )
        self.cards, self.compare = Cards(self.session), ComparePart(self.session)
        self.timeline, self.below = Timeline(self.session), Lower(self.session)
        self._inspector = UnfoldInspector(self.session)
        self.fork_box = ForkBox(self.session, self)
        self._actions = self._make_actions()
        self._empty = EmptyState("unfold", EMPTY)
        self._lay_out()
        self._bind_keys()
        self.failure_shown.connect(self._failed)
        self.below.export_wanted.connect(self.export_wanted)
        self.below.part_changed.connect(self._divide_anew)
        self.session.branches_changed.connect(self._divide)
        self.cards.drag_out.connect(self._drag_out)
        self.timeline.playing_changed.connect(self._show_playing)
        bridge.catalogue_arrived.connect(lambda _: self._inspector.show_state())
        for signal in (self.session.frame_changed, self.session.tape_changed, self.session.weights_changed):
            signal.connect(self._follow)
        self.session.run_changed.connect(self._show_or_not)
        self.session.changed.connect(lambda _: self._choose_view())
        self._show_or_not()

    def _lay_out(self) -> None:
        self.views = QStackedWidget()
        self.views.addWidget(self.cards)
        self.views.addWidget(self.compare)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.views, 1)
        column.addWidget(self.timeline)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setHandleWidth(12)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(upper)
        halves.addWidget(self.below)
        halves.setStretchFactor(0, 1)
        halves.splitterMoved.connect(self._divided)
        self.halves = halves
        self._own = False  # the user has moved the handle between the halves
        self._pages = QStackedLayout(self)
        self._pages.addWidget(halves)
        self._pages.addWidget(self._empty)

    def _make_actions(self) -> list[QWidget]:
        timeline = self.timeline
        self.again = FoldingButton(theme.icon("refresh"), "Sample again")
        self.again.clicked.connect(lambda: self.session.refresh(again=True))
        self.again.hide()
        self.first = _icon("first", "To the noise (Shift+J)", timeline.first)
        self.back = _icon("back", "One step back (J)", lambda: timeline.step(-1))
        self.play = _icon("play", "Play the tape (P)", timeline.toggle)
        self.play.setProperty("role", "wide-icon")
        self.play.setProperty("on", "true")
        self.play.setIcon(theme.icon("play", "accent_text"))
        self.forward = _icon("step", "One step on (L)", lambda: timeline.step(1))
        self.last = _icon("last", "To the data (Shift+L)", timeline.last)
        self.fork = _icon("fork", "Branch at this step (B)", self.open_fork)
        self.save = FoldingButton(theme.icon("film"), "Save GIF")
        self.save.setToolTip("Save the tape as an animation: GIF, APNG or WebP (Ctrl+Shift+E)")
        self.save.setMenu(self._save_menu())
        return [self.again, self.first, self.back, self.play, self.forward, self.last, self.fork, self.save]

    def _save_menu(self) -> QMenu:
        menu = QMenu(self)
        for text, make in (
            ("Animation of the samples…", lambda: exhibits.animation(self.session, "x_t")),
            ("Animation of what the model sees…", lambda: exhibits.animation(self.session, "x_0")),
            ("Contact sheet: samples × steps…", lambda: exhibits.contact_sheet(self.session)),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, m=make: self._export(m()))
        menu.aboutToShow.connect(self._fit_menu)
        self._menu = menu
        return menu

    def _fit_menu(self) -> None:
        shots = self.session.shots
        predicts = bool(shots) and "x_0" in shots[0].drawn
        for action, on in zip(self._menu.actions(), (True, predicts, self.session.pictures)):
            action.setVisible(on)

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        timeline = self.timeline
        slots = (
            timeline.toggle,
            lambda: timeline.step(-1),
            lambda: timeline.step(1),
            timeline.first,
            timeline.last,
            self.open_fork,
            self.below.branches.toggle_pin,
            self._inspector.controls.roll,
            self._save_animation,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- the two halves

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._divide()

    def _divided(self) -> None:
        self._own = True

    def _divide_anew(self) -> None:
        self._own = False
        self._divide()

    def _divide(self) -> None:
        """Give the lower area the room that its part asks for, until the user has divided it: at most half, and the
        branches only what pictures of a good size leave."""
        if not self._own:
            height = self.halves.height()
            branches = self.below.part is self.below.branches
            most = max(height - UPPER, LOWER) if branches else height // 2
            wanted = min(self.below.sizeHint().height(), most)
            self.halves.setSizes([height - wanted, wanted])

    # ---- the engine

    def _cancel(self, slot: str) -> None:
        self.bridge.cancel(f"{self.name}.{slot}")

    def _waits_for(self, slot: str) -> bool:
        return self.bridge.is_waiting(f"{self.name}.{slot}")

    def _family(self, name: str) -> FamilyInfo | None:
        return self.bridge.catalogue.family(name) if self.bridge.catalogue else None

    def _failed(self, failure: Failure) -> None:
        self.session.given_up(failure.slot.removeprefix(f"{self.name}."))

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def set_run(self, run: RunState | None) -> None:
        super().set_run(run)
        self.session.set_run(run)

    def activate(self) -> None:
        self.session.set_active(True)
        self.below.set_active(True)

    def deactivate(self) -> None:
        self.timeline.pause()
        self.below.set_active(False)
        self.session.set_active(False)
        for slot in self.bridge.waiting_for(f"{self.name}."):
            self.bridge.cancel(slot)

    def leave_mode(self) -> bool:
        """Esc: stop playing, else leave the comparison, else stop what the part below does."""
        if self.timeline.playing:
            self.timeline.pause()
            return True
        if self.compare.pair is not None:
            self.compare.leave()
            return True
        self.below.stop()
        return False

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    # ---- following the session

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.session.ready else 1)
        self._choose_view()
        self._follow()

    def _choose_view(self) -> None:
        wanted: QWidget = self.compare if self.compare.pair is not None else self.cards
        if self.views.currentWidget() is not wanted:
            self.views.setCurrentWidget(wanted)

    def _follow(self) -> None:
        """What the buttons may do at the frame on show."""
        shots, place = self.session.shots, self.session.position
        moving = len(shots) > 1
        wanted = (
            (self.first, moving and place > 0),
            (self.back, moving and place > 0),
            (self.play, moving),
            (self.forward, moving and place < len(shots) - 1),
            (self.last, moving and place < len(shots) - 1),
            (self.fork, branching.can_fork(self.session)),
            (self.save, moving),
        )
        for button, on in wanted:
            if button.isEnabled() != on:
                if button.hasFocus() and moving:
                    self.play.setFocus()  # else Qt would look for whom to give it all over the window
                button.setEnabled(on)
        if self.session.sampling and shots and shots[0].frame.count:
            self.progress_shown.emit(len(shots) / (shots[0].frame.count + 1))
        if self.session.ready:  # before, the title row may not have it yet, and it would be a window of its own
            self.fork.setVisible(self.session.gaussian)
        at_end = self.session.gaussian and bool(shots) and not branching.can_fork(self.session)
        self.fork.setToolTip(NO_FORK if at_end else "Branch at this step (B)")
        self._follow_weights()

    def _follow_weights(self) -> None:
        tape, run = self.session.tape, self.run
        stopped = tape is not None and tape.refused is not None and bool(tape.shots)
        wanted = self.session.ready and not self.session.sampling and (self.session.stale or stopped)
        if self.again.isHidden() == wanted:
            self.again.setVisible(wanted)
        if wanted and tape is not None and tape.take is not None and run is not None:
            self.again.setToolTip(
                f"The weights have moved on: these frames are of step {tape.take.step:,}, the model is at {run.step:,}"
                if self.session.stale
                else "Sampling was stopped before its end"
            )

    def _show_playing(self, playing: bool) -> None:
        tip = "Pause (P)" if playing else "Play the tape (P)"
        self.play.setIcon(theme.icon("pause" if playing else "play", "accent_text"))
        self.play.setToolTip(tip)
        self.play.setAccessibleName(tip)

    def open_fork(self) -> None:
        """Ask what the branch at the frame on show does differently."""
        self.timeline.pause()
        corner = self.fork.mapToGlobal(QPoint(self.fork.width(), self.fork.height() + 4))
        self.fork_box.open_at(corner)

    # ---- exhibits

    def exhibit(self) -> Exhibit | None:
        """What the part shows of its own; else the tape while it plays; else what the frame on show has to see."""
        own = self.below.exhibit()
        if own is not None:
            return own if isinstance(own, Exhibit) else None
        shot = self.session.shot
        if shot is None:
            return None
        if self.timeline.playing:
            return exhibits.animation(self.session)
        return exhibits.current(self.session, "x_0" if "x_0" in shot.drawn else "x_t")

    def _save_animation(self) -> None:
        self._export(exhibits.animation(self.session))

    def _export(self, exhibit: Exhibit | None) -> None:
        if exhibit is not None:
            self.export_wanted.emit(exhibit)

    def _drag_out(self) -> None:
        from genplay.ui.drag_out import drag_out

        shot = self.session.shot
        found = exhibits.sample(self.session, "x_0" if shot and "x_0" in shot.drawn else "x_t")
        if found is not None:
            drag_out(self.cards, found, self.recipe_of(found))


def _icon(icon: str, tip: str, slot: Any) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setIconSize(QSize(16, 16))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button
