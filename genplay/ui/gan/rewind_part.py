"""Going back in a training: the strip of snapshots, and what can be done at one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QWidget

from genplay.ui import theme
from genplay.ui.gan import remedies as cures
from genplay.ui.gan.session import GanSession
from genplay.ui.giving_row import FoldingButton
from genplay.ui.views.snapshot_strip import NOW, SnapshotStrip


class RewindPart(QWidget):
    """The handle previews; nothing is dropped before "Rewind here" is pressed, since no undo brings it back."""

    previewed = Signal(int)  # the step at the handle, NOW for the present
    forked = Signal(int, object)  # step and the remedies (list of Preset)

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.title = QLabel("Rewind")
        self.title.setProperty("role", "dim")
        self.strip = SnapshotStrip()
        self.rewind = _button("rewind", "Rewind here", "Go back to this snapshot, exactly; what came after is dropped")
        self.fork = FoldingButton(theme.icon("fork"), "Fork here with…")
        self.fork.setToolTip("Keep this run, and train another from this snapshot beside it")
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill)
        self.fork.setMenu(self.menu)
        self.rewind.clicked.connect(self._rewind)
        self.strip.moved.connect(self._moved)
        self.strip.accepted.connect(self._rewind)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.title)
        row.addWidget(self.strip, 1)
        row.addWidget(self.rewind)
        row.addWidget(self.fork)
        session.run_changed.connect(self._another)
        session.news.connect(self._follow)
        self._another()

    @property
    def at(self) -> int:
        """The step at the handle."""
        return self.strip.at

    def leave(self) -> bool:
        """Back to the present; whether the handle was elsewhere."""
        away = self.strip.at != NOW
        self.strip.go(NOW)
        return away

    def back(self) -> None:
        """One snapshot back, and the keys to the strip."""
        self.strip.nudge(-1)
        self.strip.setFocus()

    def _another(self) -> None:
        self.strip.go(NOW)
        self._follow()
        self._show_buttons()

    def _follow(self) -> None:
        run = self.session.run
        begun = [notice.since for notice in cures.alarms(run) if notice.since >= 0]
        snapshots = run.snapshots if run else ()
        self.strip.set_snapshots(snapshots, run.step if run else 0, min(begun, default=NOW))
        if self.isHidden() == bool(snapshots):
            self.setVisible(bool(snapshots))

    def _moved(self, step: int) -> None:
        self._show_buttons()
        self.previewed.emit(step)

    def _show_buttons(self) -> None:
        """Only where there is something to go back to, so that the strip is as long as it can be."""
        away = self.strip.at != NOW
        for button in (self.rewind, self.fork):
            button.setVisible(away)
        self.rewind.setAccessibleName(f"Rewind to step {self.strip.at:,}" if away else "Rewind here")

    def _rewind(self) -> None:
        step = self.strip.at
        if step != NOW:
            self.strip.go(NOW)
            self.session.rewind(step)

    def _fill(self) -> None:
        """What a fork at the handle may switch on."""
        self.menu.clear()
        self.menu.addAction("nothing: the same again").triggered.connect(self._forker([]))
        for remedy in cures.known(self.session.family, self.session.run):
            action = self.menu.addAction(remedy.title)
            action.setToolTip(remedy.help)
            action.triggered.connect(self._forker([remedy]))

    def _forker(self, chosen: list[object]) -> Callable[[], None]:
        return lambda: self._fork(chosen)

    def _fork(self, chosen: list[object]) -> None:
        step = self.strip.at
        self.strip.go(NOW)
        self.forked.emit(step, chosen)


def _button(icon: str, text: str, tip: str) -> FoldingButton:
    button = FoldingButton(theme.icon(icon), text)
    button.setToolTip(tip)
    return button
