"""The lower area of the Unfold panel: chips that choose one of its parts, and the part."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from genplay.ui.unfold.branch_part import BranchPart
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import PARTS, UnfoldState
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel

HEAD = 32  # height of the chips with the gap below them
MOST_LEAST = 120  # a part that wants more room than this has to do with it in a low window

CLASSES = {
    "duel": ("duel_part", "DuelPart"),
    "forward": ("forward_part", "ForwardPart"),
    "start": ("start_part", "StartPart"),
    "between": ("interpolate_part", "InterpolatePart"),
    "diagnostics": ("diagnostics_part", "DiagnosticsPart"),
}
TITLES = {
    "branches": "Branches",
    "duel": "Duel",
    "forward": "Forward",
    "start": "Start from…",
    "between": "Between seeds",
    "diagnostics": "Diagnostics",
}
TIPS = {
    "branches": "Tapes and what forked from them; tick two to compare them",
    "duel": "Several samplers from the same noise",
    "forward": "How data is noised, and the schedule",
    "start": "Begin with a picture: noise it and denoise, or paint what is to be made anew",
    "between": "A path through noise from seed to seed",
    "diagnostics": "What training tells of each time",
}


class Lower(QWidget):
    """Parts are made when they are first shown."""

    export_wanted = Signal(object)  # Exhibit
    part_changed = Signal()

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.session = session
        self.active = False
        self.names = tuple(name for name in PARTS if name == "branches" or _exists(name))
        self.branches = BranchPart(session)
        self.parts: dict[str, Any] = {"branches": self.branches}
        self.chips = Chips(self.names, TITLES, TIPS)
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
        self.about = ElidedLabel()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.branches)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.chips)
        row.addWidget(self.about, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self.stack, 1)
        session.changed.connect(self._changed)
        session.run_changed.connect(self._follow)
        self._follow()

    def sizeHint(self) -> QSize:
        return QSize(600, HEAD + self.part.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(240, HEAD + min(MOST_LEAST, self.part.minimumSizeHint().height()))

    @property
    def part(self) -> Any:
        """The part on show."""
        return self.stack.currentWidget()

    def choose(self, name: str) -> None:
        """Show a part."""
        if name != self.session.state.part:
            self.session.do(replace(self.session.state, part=name), f"show {TITLES[name].lower()}")

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        self.part.set_active(active)
        if not active:
            self.stop()

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.part != before.part:
            self._follow()

    def _follow(self) -> None:
        name = self.session.state.part if self.session.state.part in self.names else "branches"
        self.chips.choose(name)
        part = self._made(name)
        if part is not self.part:
            self.part.set_active(False)
            self.stack.setCurrentWidget(part)
            part.set_active(self.active)
            self.part_changed.emit()

    def _made(self, name: str) -> Any:
        if name not in self.parts:
            module, class_ = CLASSES[name]
            made = getattr(import_module(f"genplay.ui.unfold.{module}"), class_)(self.session)
            self.parts[name] = made
            self.stack.addWidget(made)
            if hasattr(made, "export_wanted"):
                made.export_wanted.connect(self.export_wanted)
        return self.parts[name]

    def stop(self) -> None:
        """Esc: stop what the part does."""
        if hasattr(self.part, "stop"):
            self.part.stop()

    def exhibit(self) -> Any:
        """What the part on show would export, None where there is nothing of its own."""
        return self.part.exhibit() if hasattr(self.part, "exhibit") else None


def _exists(name: str) -> bool:
    return find_spec(f"genplay.ui.unfold.{CLASSES[name][0]}") is not None
