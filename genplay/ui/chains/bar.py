"""Playing the recording of a walk: rewind, play, step, the line of steps, the pace."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QWidget

from genplay.ui import theme
from genplay.ui.chains.scrubber import Scrubber
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import SPEEDS
from genplay.ui.chains.walker import Walker
from genplay.ui.unfold.part import icon_button

COUNT = 108  # pixels of "step 1,234 of 5,000"


class ChainBar(QFrame):
    """One row; the walk goes on by itself once it is played to its end."""

    def __init__(self, session: ChainSession, walker: Walker) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session, self.walker = session, walker
        self.rewind = icon_button("first", "Back to the start (Shift+J)", walker.rewind)
        self.back = icon_button("chevron-left", "One step back (J)", lambda: walker.step(-1))
        self.play = icon_button("play", "Have the chains walk (P)", walker.toggle)
        self.step = icon_button("chevron-right", "One step on (L)", lambda: walker.step(1))
        self.scrubber = Scrubber()
        self.scrubber.scrubbed.connect(self._scrub)
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self.count.setFixedWidth(COUNT)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Steps a second")
        self.speed.setToolTip("Steps a second")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}/s", speed)
        self.speed.activated.connect(lambda _: session.set("change the pace", speed=self.speed.currentData()))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        widgets: tuple[QWidget, ...] = (self.rewind, self.back, self.play, self.step)
        for widget in widgets:
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(self.scrubber, 1)
        row.addSpacing(8)
        row.addWidget(self.count)
        row.addWidget(self.speed)
        walker.playing_changed.connect(self._show_playing)
        walker.grew.connect(self.follow)
        walker.moved.connect(self.follow)
        session.changed.connect(lambda _: self._show_speed())
        session.run_changed.connect(self._show_speed)
        self._show_speed()
        self.follow()

    def _scrub(self, step: int) -> None:
        self.walker.pause()
        self.walker.seek(step)

    def _show_playing(self, playing: bool) -> None:
        tip = "Pause (P)" if playing else "Have the chains walk (P)"
        self.play.setIcon(theme.icon("pause" if playing else "play"))
        self.play.setToolTip(tip)
        self.play.setAccessibleName(tip)

    def _show_speed(self) -> None:
        with QSignalBlocker(self.speed):
            self.speed.setCurrentIndex(self.speed.findData(self.session.state.speed))

    def follow(self) -> None:
        """Show the step."""
        walker = self.walker
        recorded = max(0, walker.recording.length - 1)
        self.scrubber.show_steps(walker.position, recorded, walker.expected)
        self.count.setText(f"step {walker.position:,} of {walker.expected:,}" if walker.recording.length else "")
        for button in (self.rewind, self.back):
            button.setEnabled(walker.position > 0)
        self.step.setEnabled(walker.recording.length > 0)
