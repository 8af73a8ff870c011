"""The bar along the top: training of the selected run, and how the program is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from genplay.contract.catalogue import HEADLINES
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.shortcuts import hint

if TYPE_CHECKING:
    from genplay.contract.catalogue import FamilyInfo
    from genplay.contract.results import EngineStatus, RunState

HEIGHT = 48
UNITS = {Kind.IMAGE: "img/s", Kind.POINTS: "points/s", Kind.TOKENS: "sequences/s"}
NAMES = {"elbo": "ELBO", "kl": "KL"}


class Transport(QWidget):
    """Play, step and restart; step, headline term, rate and epoch; frame rate, drag latency, device, memory."""

    wanted = Signal(str)  # the name of an action in ``shortcuts.TABLE``

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._run: RunState | None = None
        self.play = self._button("play", "Play: train the selected run", "play")
        self.step_button = self._button("step", "One training step", "step")
        self.restart = self._button("restart", "Restart from step 0", "restart")
        self.help = self._button("help", "Shortcuts", "help")
        self.settings = self._button("settings", "Settings", "settings")
        self.step, self.terms, self.health = QLabel(), QLabel(), QLabel()
        self.step.setProperty("role", "title")
        self.terms.setProperty("role", "dim")
        self.terms.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.health.setProperty("role", "dim")
        self.step.setAccessibleName("training step")
        self.health.setAccessibleName("frame rate, device and memory")
        self._lay_out()
        self.set_run(None)

    def _button(self, icon: str, text: str, action: str) -> QPushButton:
        button = QPushButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setProperty("role", "wide-icon")
        button.setToolTip(hint(text, action))
        button.setAccessibleName(text)
        button.clicked.connect(lambda: self.wanted.emit(action))
        return button

    def _lay_out(self) -> None:
        logo = QLabel("genplay")
        logo.setProperty("role", "logo")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(logo)
        row.addSpacing(16)
        for button in (self.play, self.step_button, self.restart):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.step)
        row.addSpacing(8)
        row.addWidget(self.terms, 1)
        row.addWidget(self.health)
        row.addSpacing(8)
        row.addWidget(self.help)
        row.addWidget(self.settings)

    def set_run(self, run: RunState | None, family: FamilyInfo | None = None) -> None:
        """Show another run, or what changed of it; its family says what its headline is."""
        training = run is not None and run.status == "training"
        was_training = self._run is not None and self._run.status == "training"
        first = self._run is None or run is None
        self._run = run
        for button in (self.play, self.step_button, self.restart):
            button.setEnabled(run is not None and can_train(run))
        if first or training != was_training:
            self._show_training(training)
        self.step.setText(f"step {run.step:,}" if run else "")
        self.terms.setText(headline(run, family.headlines if family else HEADLINES) if run else "")

    def _show_training(self, training: bool) -> None:
        self.play.setProperty("on", self._run is not None)
        self.play.setIcon(theme.icon("pause" if training else "play", "accent_text" if self._run else "text"))
        text = "Pause training" if training else "Play: train the selected run"
        self.play.setToolTip(hint(text, "play"))
        self.play.setAccessibleName(text)
        self.play.style().unpolish(self.play)
        self.play.style().polish(self.play)

    def show_health(self, frames: int, drag_ms: float | None, status: EngineStatus | None) -> None:
        """Frame rate, drag latency, device and memory."""
        parts = [f"UI {frames} fps"] if frames else []
        if drag_ms is not None:
            parts.append(f"drag {drag_ms:.0f} ms" if drag_ms >= 1 else "drag < 1 ms")
        if status is None or not status.ready:
            parts.append("loading the engine…")
        else:
            threads = "1 thread" if status.threads == 1 else f"{status.threads} threads"
            parts.append(f"{status.device.upper()} {threads}" if status.device == "cpu" else status.device.upper())
            parts.append(f"{status.memory_mb:,.0f} MB")
        self.health.setText(" · ".join(parts))


def can_train(run: RunState) -> bool:
    """Whether Play has a meaning: a run that stopped on numbers that are not finite may go on with other knobs."""
    return run.status != "loading" and bool(run.capabilities)


def headline(run: RunState, names: tuple[str, ...] = HEADLINES) -> str:
    """One line on how the training goes: the first of the named terms that it has, examples a second, epoch."""
    parts = []
    name = next((n for n in names if n in run.terms), next(iter(run.terms), ""))
    if name:
        parts.append(f"{NAMES.get(name, name)} {number(run.terms[name])}")
    if run.status == "training" and run.rate > 0:
        parts.append(f"{run.rate:,.0f} {UNITS[run.spec.kind]}")
    if run.epoch > 0:
        parts.append(f"epoch {run.epoch:.1f}")
    if run.status == "failed" and run.message:
        parts = [run.message]
    return "  ·  ".join(parts)


def number(value: float) -> str:
    """Three or four significant figures, whole numbers whole, with a true minus sign."""
    text = f"{value:.0f}" if value.is_integer() else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return text.replace("-", "−")
