"""What the parts beside the chains have in common, and the area that shows one of them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from genplay.contract.capability import LACKS, Capability
from genplay.contract.results import RunState
from genplay.ui.chains.measuring import Measures
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import ChainState
from genplay.ui.chains.walker import Walker
from genplay.ui.panel import Exhibit
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel

HEAD = 32  # height of the chips with the gap below them


class ChainPart(QWidget):
    """A part beside the chains. It asks while it is ``on``, and follows both session and walker.

    ``session.state.focus`` is the chain chosen, ``walker.now`` the states on show.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tip: ClassVar[str] = ""
    needs: ClassVar[frozenset[Capability]] = frozenset()
    height_wanted: ClassVar[int] = 210

    export_wanted = Signal(object)  # Exhibit

    def __init__(self, session: ChainSession, walker: Walker, measures: Measures) -> None:
        super().__init__()
        self.session, self.walker, self.measures = session, walker, measures
        self.on = False  # whether the part is in front

    def sizeHint(self) -> QSize:
        return QSize(600, self.height_wanted)

    @classmethod
    def closed_because(cls, run: RunState | None) -> str:
        """Why the part cannot serve the run, one sentence; "" when it can."""
        lacking = sorted(cls.needs - run.capabilities) if run is not None else []
        return f"{cls.title} is closed for this {run.family}: {LACKS[lacking[0]]}." if run and lacking else ""

    def about(self) -> str:
        """A dim line beside the names of the parts."""
        return ""

    def set_active(self, active: bool) -> None:
        """The part came to the front or left it."""
        self.on = active
        if active and self.session.ready:
            self.refresh()

    def refresh(self) -> None:
        """Ask for what is missing or stale: the part came to the front, or another run was selected."""

    def exhibit(self) -> Exhibit | None:
        """What the part would export, None where there is nothing of its own."""
        return None


PARTS: dict[str, tuple[str, str]] = {  # module and class of each part, in the order of their names in the window
    "mixing": ("genplay.ui.chains.mixing_part", "MixingPart"),
    "filters": ("genplay.ui.chains.filters_part", "FiltersPart"),
}


class Side(QWidget):
    """Names of the parts, and the one that is chosen."""

    export_wanted = Signal(object)  # Exhibit

    def __init__(self, session: ChainSession, walker: Walker, measures: Measures) -> None:
        super().__init__()
        self.session, self.walker, self.measures = session, walker, measures
        self.active = False
        self.kinds: dict[str, type[ChainPart]] = {
            n: _class(*where) for n, where in PARTS.items() if find_spec(where[0])
        }
        self.parts: dict[str, ChainPart] = {}
        kinds = self.kinds.items()
        self.chips = Chips(tuple(self.kinds), {n: k.title for n, k in kinds}, {n: k.tip for n, k in kinds})
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
        self.about = ElidedLabel()
        self.stack = QStackedWidget()
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
        walker.grew.connect(self.say)
        self._follow()

    def sizeHint(self) -> QSize:
        part = self.part
        return QSize(600, HEAD + (part.sizeHint().height() if part else 160))

    @property
    def part(self) -> ChainPart | None:
        """The part on show."""
        part = self.stack.currentWidget()
        return part if isinstance(part, ChainPart) else None

    def choose(self, name: str) -> None:
        """Show a part."""
        self.session.set(f"show {self.kinds[name].title.lower()}", part=name)

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        self.active = active
        if self.part is not None:
            self.part.set_active(active)

    def _changed(self, before: ChainState) -> None:
        if self.session.state.part != before.part:
            self._follow()

    def _follow(self) -> None:
        run, wanted = self.session.run, self.session.state.part
        for name, button in self.chips.buttons.items():
            reason = self.kinds[name].closed_because(run)
            button.setVisible(not reason)
        open_ = [name for name, kind in self.kinds.items() if not kind.closed_because(run)]
        self.chips.setVisible(len(open_) > 1)
        name = wanted if wanted in open_ else next(iter(open_), "")
        if name:
            self.chips.choose(name)
            self._show(name)

    def _show(self, name: str) -> None:
        if name not in self.parts:
            self.parts[name] = made = self.kinds[name](self.session, self.walker, self.measures)
            made.export_wanted.connect(self.export_wanted)
            self.stack.addWidget(made)
        part, before = self.parts[name], self.part
        if part is not before and before is not None:
            before.set_active(False)
        self.stack.setCurrentWidget(part)
        part.set_active(self.active)
        self.say()

    def say(self) -> None:
        """The dim line of the part."""
        self.about.setText(self.part.about() if self.part else "")

    def exhibit(self) -> Exhibit | None:
        """What the part on show would export."""
        return self.part.exhibit() if self.part else None


def _class(module: str, name: str) -> Any:
    return getattr(import_module(module), name)
