"""What the parts of the Unfold panel's lower area have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QStackedLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.panel import Exhibit
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.views.empty import EmptyState

GAP = 16
LEAST = 120  # pixels of height


class Part(QWidget):
    """One of the parts: ``body`` holds its widgets; a run that it cannot serve sees a sentence that says why.

    A subclass builds itself on ``body``, forgets what it shows in ``run_selected`` and asks for what is missing in
    ``refresh``, which is called whenever the part comes to the front and when another run is selected there.
    """

    name: ClassVar[str]  # of its settings in the state, and of its slots
    title: ClassVar[str]
    icon: ClassVar[str] = "unfold"
    needs: ClassVar[Capability] = Capability.DENOISE
    lacks: ClassVar[str] = "does not denoise step by step"  # completes "This VAE ..."
    height_wanted: ClassVar[int] = 240  # pixels it likes to have

    export_wanted = Signal(object)  # Exhibit

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.session = session
        self.on = False  # whether the part is in front
        self.body = QWidget()
        self._closed = EmptyState(self.icon, "")
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.body)
        self._pages.addWidget(self._closed)
        session.run_changed.connect(self._run_changed)

    def sizeHint(self) -> QSize:
        return QSize(600, self.height_wanted if self.open else LEAST)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, LEAST)

    @property
    def open(self) -> bool:
        """Whether the part can serve the run."""
        return self.session.ready and not self.closed_because()

    def closed_because(self) -> str:
        """Why the part cannot serve the run, one sentence; "" when it can."""
        run = self.session.run
        if run is None or self.session.can(self.needs):
            return ""
        family = self.session.family
        return f"This {family.title if family else run.family} {self.lacks}."

    def set_active(self, active: bool) -> None:
        """The part came to the front or left it."""
        self.on = active
        if active:
            self._show_page()
            if self.open:
                self.refresh()

    def _run_changed(self) -> None:
        self._show_page()
        self.run_selected()
        if self.on and self.open:
            self.refresh()

    def _show_page(self) -> None:
        self._closed.set_text(self.closed_because())
        self._pages.setCurrentIndex(0 if self.open or not self.closed_because() else 1)

    def run_selected(self) -> None:
        """Another run: forget what was shown of the one before."""

    def refresh(self) -> None:
        """Ask for what is missing or stale."""

    def stop(self) -> None:
        """Esc, or another tab: stop what plays or is worked out."""

    def exhibit(self) -> Exhibit | None:
        """What the part would export, None where there is nothing of its own."""
        return None

    def ask(self, what: str, question: Question, answered: Callable[[Answer], None]) -> None:
        """Put a question in a slot of the part's own."""
        if self.on:
            self.session.ask(f"{self.name}.{what}", question, answered)

    def settings(self) -> dict[str, Any]:
        """What the part has stored of itself, unchecked: it may come from a file."""
        return dict(self.session.part(self.name))


def icon_button(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    """A square button with an icon; ``tip`` is its tooltip and its name."""
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button


def dim_label(text: str = "", wrap: bool = False) -> QLabel:
    """A line of quiet text."""
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setWordWrap(wrap)
    return label


def number_in(value: object, low: float, high: float, otherwise: float) -> float:
    """A number read from stored settings, or ``otherwise`` where it is anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    return float(value) if fits else otherwise  # type: ignore[arg-type]


def whole_in(value: object, low: int, high: int, otherwise: int) -> int:
    """A whole number read from stored settings, or ``otherwise`` where it is anything else."""
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return value if fits else otherwise  # type: ignore[return-value]
