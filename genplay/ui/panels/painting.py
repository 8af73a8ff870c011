"""Probability painting: see what each pixel was drawn from, change one, and have the rest drawn anew."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.giving_row import FoldingButton
from genplay.ui.painting.completing import SLOT, Completer
from genplay.ui.painting.distribution_part import DistributionPart
from genplay.ui.painting.exhibits import picture_of, variants_of
from genplay.ui.painting.inspector import PaintInspector
from genplay.ui.painting.pixel_part import PixelPart
from genplay.ui.painting.session import NEEDS, PaintSession
from genplay.ui.painting.source_bar import SourceBar
from genplay.ui.painting.state import after
from genplay.ui.painting.variants_part import VariantsPart
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.picture_files import is_foreign

EMPTY = "Train or open an autoregressive model of pictures to paint with its probabilities."
POINTS = "Painting is for pictures: it lists the values that a pixel may take, and a coordinate has no such list."
TEXTS = "Painting is for pictures: for texts, which are drawn in the same way, there is the Writing tab."
WHY = {Kind.POINTS: POINTS, Kind.TOKENS: TEXTS}
QUICK = ("look", "surprise", "data")  # slots that are given up when another tab comes to the front


class PaintingPanel(Panel):
    """The picture on the left, the distribution of one pixel on the right, the variants of a completion below."""

    name: ClassVar[str] = "painting"
    title: ClassVar[str] = "Painting"
    icon: ClassVar[str] = "painting"
    hint: ClassVar[str] = "point at a pixel, change it, draw the rest anew"
    order: ClassVar[int] = 55
    needs: ClassVar[frozenset[Capability]] = NEEDS
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.IMAGE,)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("C", "Complete: draw what is erased"),
        ("R", "Resample everything after the pixel"),
        ("D", "The same with a new seed"),
        ("N", "Draw a whole new picture"),
        ("H", "Keep the top half, erase the rest"),
        ("V", "Look at pixels"),
        ("B", "Paint pixels"),
        ("E", "Erase pixels"),
        ("U", "Show how surprising each pixel is"),
        ("Ctrl+V", "Take the picture on the clipboard"),
        ("Ctrl+Shift+E", "Export the variants"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = PaintSession(self.ask, self._waits, self._cancel, undo, self)
        self.completer = Completer(self.session)
        self.source = SourceBar(self.session)
        self.pixels = PixelPart(self.session, self.completer)
        self.distribution = DistributionPart(self.session, self.completer)
        self.variants = VariantsPart(self.completer)
        self._inspector = PaintInspector(self.session)
        self._lay_out()
        self._actions = self._make_actions()
        self.setAcceptDrops(True)
        self._bind_keys()
        self.source.draw_wanted.connect(self.draw_new)
        self.pixels.hovered.connect(self.distribution.set_hover)
        self.distribution.picked.connect(self.pixels.pick)
        self.variants.drag_out.connect(self._drag_out)
        self.completer.progressed.connect(self.progress_shown)
        self.completer.changed.connect(self._follow)
        self.session.run_changed.connect(self._show_or_not)
        self.session.changed.connect(lambda before: self._follow())
        self.failure_shown.connect(self._failed)
        bridge.catalogue_arrived.connect(lambda _: self._learn_families())
        self._show_or_not()

    def _lay_out(self) -> None:
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(16)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.pixels)
        halves.addWidget(self.distribution)
        halves.setStretchFactor(0, 58)
        halves.setStretchFactor(1, 42)
        halves.setSizes([580, 420])
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.source)
        column.addWidget(halves, 1)
        column.addWidget(self.variants)
        self._empty = EmptyState("painting", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(whole)
        self._pages.addWidget(self._empty)

    def _make_actions(self) -> list[QWidget]:
        self.complete = FoldingButton(theme.icon("play", "accent_text"), "Complete")
        self.complete.setProperty("role", "primary")
        self.complete.clicked.connect(self.toggle)
        self.resample = FoldingButton(theme.icon("refresh"), "Resample the rest")
        self.resample.setToolTip("Draw every pixel after the chosen one anew (R)")
        self.resample.clicked.connect(self.resample_rest)
        self.dice = QPushButton(theme.icon("dice"), "")
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("The same places again with a new seed (D)")
        self.dice.setAccessibleName("The same places again with a new seed")
        self.dice.clicked.connect(self.again)
        self._inspector.controls.lock.toggled.connect(lambda _: self._follow())
        return [self.dice, self.resample, self.complete]

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        slots = (
            self.toggle,
            self.resample_rest,
            self.again,
            self.draw_new,
            self.source.keep_half,
            lambda: self.session.set("look at pixels", mode="look"),
            lambda: self.session.set("paint at pixels", mode="paint"),
            lambda: self.session.set("erase at pixels", mode="erase"),
            self.pixels.toggle_heat,
            self.source.paste_picture,
            self._export_variants,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- Panel

    def closed_because(self, run: RunState) -> str:
        reason = super().closed_because(run)
        return WHY.get(run.spec.kind, reason) if reason else ""

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc stops drawing, else goes back to looking."""
        if self.completer.stop():
            return True
        looking = self.session.state.mode == "look"
        self.session.set("look at pixels", mode="look")
        return not looking

    def set_run(self, run: RunState | None) -> None:
        if run is None or self.run is None or run.run_id != self.run.run_id:
            for slot in (*QUICK, SLOT):
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
        self._refresh()

    def deactivate(self) -> None:
        """What is drawn stays as far as it has come."""
        self.completer.stop()
        self.session.set_active(False)
        for slot in QUICK:
            self._cancel(slot)

    def _waits(self, slot: str) -> bool:
        return self.bridge.is_waiting(f"{self.name}.{slot}")

    def _cancel(self, slot: str) -> None:
        self.bridge.cancel(f"{self.name}.{slot}")

    def _failed(self, failure: Failure) -> None:
        if failure.slot == f"{self.name}.{SLOT}":
            self.completer.given_up()

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if self.session.ready and (mime.hasImage() or is_foreign(mime.urls())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.source.take(event.mimeData())

    # ---- drawing

    def toggle(self) -> None:
        """Draw what is erased, or stop drawing."""
        painting = self.session.state.painting
        if self.completer.stop() or not self.session.ready or painting is None:
            return
        if painting.masked:
            whole = bool(painting.mask.all())
            self.completer.start(painting.mask, "draw a picture" if whole else "complete the picture")

    def resample_rest(self) -> None:
        """Draw every pixel after the chosen one anew."""
        painting = self.session.state.painting
        if self.session.ready and painting is not None:
            rest = after(painting.mask.shape, self.session.state.place)  # type: ignore[arg-type]
            self.completer.start(rest | (painting.mask > 0), "resample the rest")

    def draw_new(self) -> None:
        """A whole picture by the model alone, with a new seed unless it is locked."""
        if self.session.ready:
            self.completer.stop()
            self._roll()
            self.completer.draw()

    def again(self) -> None:
        """What was drawn last with a new seed, unless it is locked."""
        if self.completer.question is not None and self.session.ready and not self._inspector.controls.lock.isChecked():
            self.completer.again(random.randrange(1_000_000))

    def _roll(self) -> None:
        if not self._inspector.controls.lock.isChecked():
            self.session.apply(self.session.state.asking(seed=random.randrange(1_000_000)))

    # ---- showing

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.session.ready else 1)
        self._follow()
        self._refresh()

    def _refresh(self) -> None:
        """Ask for what is to be seen; of a model that has shown nothing yet, have a picture drawn."""
        if not (self.session.active and self.session.ready):
            return
        state = self.session.state
        fresh = state.painting is not None and bool(state.painting.mask.all()) and not state.title
        if fresh and not self.completer.frames and not self.completer.running:
            self.completer.draw(quietly=True)
        self.pixels.refresh()
        self.distribution.refresh()

    def _follow(self) -> None:
        painting, running = self.session.state.painting, self.completer.running
        erased = painting is not None and painting.masked
        last = painting is not None and self.session.state.place >= painting.mask.size - 1
        ready = self.session.ready
        text, icon = ("Stop", "stop") if running else ("Complete", "play")
        tip = "Stop drawing (Esc)" if running else "Draw what is erased, each pixel given all before it (C)"
        tip = tip if running or erased else "Nothing is erased: drag a box in Erase, or keep the top half"
        if self.complete.text() != text:
            self.complete.setText(text)
            self.complete.setIcon(theme.icon(icon, "accent_text"))
        self.complete.setToolTip(tip)
        locked = self._inspector.controls.lock.isChecked()
        wanted = (
            (self.complete, ready and (running or erased)),
            (self.resample, ready and not running and not last),
            (self.dice, ready and self.completer.question is not None and not locked),
        )
        for button, on in wanted:
            if button.isEnabled() != on:
                button.setEnabled(on)

    # ---- exhibits

    def exhibit(self) -> Exhibit | None:
        """The variants while the picture is one of them, else the picture, else the variants again."""
        name, made = self.run.name if self.run else "", self.completer
        alone = None if made.taken >= 0 or made.large() is not None else picture_of(self.session, name)
        return alone or variants_of(made, name)

    def _export_variants(self) -> None:
        exhibit = variants_of(self.completer, self.run.name if self.run else "")
        if exhibit is not None:
            self.export_wanted.emit(exhibit)

    def _drag_out(self, index: int) -> None:
        from genplay.ui.drag_out import drag_out

        exhibit = variants_of(self.completer, self.run.name if self.run else "", index)
        if exhibit is not None:
            drag_out(self.variants.grid, exhibit, self.recipe_of(exhibit))
