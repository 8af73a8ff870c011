"""The Guidance panel: what classifier-free guidance does to the samples of a model that denoises, and what it costs."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QApplication, QPushButton, QSplitter, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gauge import Gauge
from genplay.ui.giving_row import FoldingButton
from genplay.ui.guidance.cost_part import CostPart
from genplay.ui.guidance.curve_part import CurvePart
from genplay.ui.guidance.inspector import GuidanceInspector
from genplay.ui.guidance.microscope_part import MicroscopePart
from genplay.ui.guidance.part import Part
from genplay.ui.guidance.picture_part import PicturePart
from genplay.ui.guidance.scales_part import ScalesPart
from genplay.ui.guidance.session import NEEDS, GuidanceSession
from genplay.ui.guidance.state import PARTS, GuidanceState
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.chips import Chips
from genplay.ui.views.empty import EmptyState

QUICK = ("picture", "scales", "microscope")  # slots that are given up when another tab comes to the front
EMPTY = "Train or open a diffusion model to see what guidance does."
NUDGE = 0.5  # of the scale, a key
EXPORTS = {
    "scales": ("Export scales", "Export the grid of scales"),
    "microscope": ("Export predictions", "Export the four predictions at this step"),
}


class GuidancePanel(Panel):
    """Samples at one scale on the left; on the right all scales, the microscope, the curve over time, or the cost."""

    name: ClassVar[str] = "guidance"
    title: ClassVar[str] = "Guidance"
    icon: ClassVar[str] = "guidance"
    hint: ClassVar[str] = "drag the scale, draw it over time, look at every step"
    order: ClassVar[int] = 40
    needs: ClassVar[frozenset[Capability]] = NEEDS
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("R", "Draw a new seed"),
        ("[", "Guide less"),
        ("]", "Guide more"),
        ("M", "Measure what guidance costs, or stop measuring"),
        ("Ctrl+Shift+E", "Export what stands beside the samples"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = GuidanceSession(self.ask, self._waits, self._cancel, undo, self)
        self.picture = PicturePart(self.session)
        self.scales, self.microscope = ScalesPart(self.session), MicroscopePart(self.session)
        self.curve, self.cost = CurvePart(self.session), CostPart(self.session)
        self.parts: dict[str, Part] = {p.name: p for p in (self.scales, self.microscope, self.curve, self.cost)}
        self._inspector = GuidanceInspector(self.session)
        self._at_part = False  # whether the user was last at the part, not at the samples
        self._lay_out()
        self._actions = self._make_actions()
        self._bind_keys()
        for part in self.parts.values():
            part.listen()
        self.picture.latency.connect(lambda seconds: Gauge.drag(1000 * seconds))
        self.picture.drag_out.connect(self._drag_out)
        self.cost.failed.connect(self._refuse)
        self.session.progressed.connect(self.progress_shown)
        self.session.run_changed.connect(self._show_or_not)
        self.session.changed.connect(self._changed)
        bridge.catalogue_arrived.connect(lambda _: self._learn_families())
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._focus_moved)
        self._show_or_not()

    def _lay_out(self) -> None:
        titles = {name: part.title for name, part in self.parts.items()}
        tips = {name: part.tip for name, part in self.parts.items()}
        self.chips = Chips(PARTS, titles, tips)
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.session.set(f"show the {titles[n].lower()}", part=n))
        self.beside = QStackedWidget()
        for name in PARTS:
            self.beside.addWidget(self.parts[name])
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.chips, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.beside, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(16)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.picture)
        halves.addWidget(right)
        halves.setStretchFactor(0, 42)
        halves.setStretchFactor(1, 58)
        halves.setSizes([420, 580])
        self._empty = EmptyState("guidance", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(halves)
        self._pages.addWidget(self._empty)

    def _make_actions(self) -> list[QWidget]:
        self.dice = QPushButton(theme.icon("dice"), "")
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("Draw a new seed (R)")
        self.dice.setAccessibleName("Draw a new seed")
        self.dice.clicked.connect(self._inspector.controls.roll)
        self._inspector.controls.lock.toggled.connect(lambda locked: self.dice.setEnabled(not locked))
        self.export_part = FoldingButton(theme.icon("export"), "")
        self.export_part.clicked.connect(self._export_part)
        return [self.dice, self.export_part]

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        slots = (
            self._inspector.controls.roll,
            lambda: self.picture.nudge(-NUDGE),
            lambda: self.picture.nudge(NUDGE),
            self._measure,
            self._export_part,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc gives up a measurement that is on show."""
        measuring = self.session.part == "cost" and self.cost.measuring
        if measuring:
            self.cost.toggle()
        return measuring

    def set_run(self, run: RunState | None) -> None:
        if run is None or self.run is None or run.run_id != self.run.run_id:
            for slot in (*QUICK, "cost"):
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

    def deactivate(self) -> None:
        """What is slow but quickly asked again is given up; a measurement goes on."""
        self.session.set_active(False)
        for slot in QUICK:
            self._cancel(slot)

    def _waits(self, slot: str) -> bool:
        return self.bridge.is_waiting(f"{self.name}.{slot}")

    def _cancel(self, slot: str) -> None:
        self.bridge.cancel(f"{self.name}.{slot}")

    def _changed(self, before: GuidanceState) -> None:
        if self.session.state.part != before.part:
            self._show_part()

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.session.ready else 1)
        for widget in self._actions:
            widget.setEnabled(self.session.ready)
        self._show_part()

    def _show_part(self) -> None:
        part = self.parts[self.session.part]
        for name, button in self.chips.buttons.items():
            button.setVisible(name in self.session.parts)
        self.chips.choose(part.name)
        self.beside.setCurrentWidget(part)
        text, tip = EXPORTS.get(part.name, ("", ""))
        self.export_part.setVisible(bool(tip) and self.session.ready and self.session.pictures)
        self.export_part.setText(text)
        self.export_part.setToolTip(f"{tip} (Ctrl+Shift+E)")
        self.export_part.setAccessibleName(tip)

    def _measure(self) -> None:
        self.session.set("show the cost", part="cost")
        self.cost.toggle()

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)

    # ---- exhibits

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        """What was last touched is what Ctrl+C and Export mean."""
        if new is not None and self.isAncestorOf(new):
            self._at_part = self.beside.isAncestorOf(new)

    def exhibit(self) -> Exhibit | None:
        """The part beside the samples where the user was there last and it has pictures; else the samples."""
        beside = self.part_exhibit() if self._at_part else None
        return beside or self.picture.exhibit(self._run_name())

    def part_exhibit(self) -> Exhibit | None:
        """What stands beside the samples, where that can be exported."""
        return self.parts[self.session.part].exhibit(self._run_name())

    def _run_name(self) -> str:
        return self.run.name if self.run else ""

    def _export_part(self) -> None:
        exhibit = self.part_exhibit()
        if exhibit is not None:
            self.export_wanted.emit(exhibit)

    def _drag_out(self) -> None:
        from genplay.ui.drag_out import drag_out

        exhibit = self.picture.exhibit(self._run_name())
        if exhibit is not None:
            drag_out(self.picture.grid, exhibit, self.recipe_of(exhibit))

    def _refuse(self, text: str) -> None:
        self.failure_shown.emit(Failure(text, f"{self.name}.cost", self.run.run_id if self.run else ""))
