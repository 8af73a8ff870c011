"""The controls of slow motion, and what happens in the stage on show."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from genplay.ui import theme
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.slow_motion import SlowMotion
from genplay.ui.gan.state import SPEEDS
from genplay.ui.gan.stepper import Stepper
from genplay.ui.gan.words import called_right
from genplay.ui.views.game_motion import Motion

NAMES = {
    "codes": "draw z",
    "points": "generate",
    "scores": "score",
    "discriminator": "update D",
    "generator": "update G",
}
WAITS = {"discriminator": "Only the generator trains: D stays as it is.", "generator": "Only D trains: G waits."}


class SlowBar(QFrame):
    """Play, next, the stages, the speed, and a sentence. Hidden while there is no slow motion."""

    def __init__(self, session: GanSession, slow: SlowMotion) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session, self.slow = session, slow
        self.play = _flat("pause", "Pause (P)", slow.toggle_playing)
        self.next = _flat("step", "Next stage (N)", slow.next)
        self.close_button = _flat("close", "Leave slow motion (S, Esc)", slow.stop)
        self.stepper = Stepper(NAMES)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed of slow motion")
        self.speed.setToolTip("Seconds that a stage takes")
        for speed in SPEEDS:
            self.speed.addItem(f"{1 / speed:g} s", speed)
        self.speed.activated.connect(self._set_speed)
        self.caption = QLabel()
        self.caption.setWordWrap(False)
        self._lay_out()
        slow.changed.connect(self._follow)
        slow.moment.connect(self._show)
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        for widget in (self.play, self.next):
            row.addWidget(widget)
        row.addWidget(self.stepper, 1)
        row.addWidget(self.speed)
        row.addWidget(self.close_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 6, 8, 8)
        whole.setSpacing(4)
        whole.addLayout(row)
        whole.addWidget(self.caption, 0, Qt.AlignmentFlag.AlignLeft)

    def _set_speed(self) -> None:
        self.session.set("change the speed of slow motion", speed=self.speed.currentData())

    def _show(self, motion: Motion | None) -> None:
        if motion is not None:
            self.stepper.set_stage(motion.stage, motion.share)

    def _follow(self) -> None:
        self.setVisible(self.slow.on)
        if not self.slow.on:
            return
        playing = self.slow.playing
        self.play.setIcon(theme.icon("pause" if playing else "play"))
        self.play.setToolTip("Pause (P)" if playing else "Play (P)")
        self.play.setAccessibleName(self.play.toolTip())
        with QSignalBlocker(self.speed):
            self.speed.setCurrentIndex(self.speed.findData(self.session.state.speed))
        self.stepper.set_stage(self.slow.stage, self.slow.share)
        text = self._sentence()
        if text != self.caption.text():
            self.caption.setText(text)

    def _sentence(self) -> str:
        stage, game = self.slow.stage, self.session.seats[0].state_of_game
        if stage in WAITS and not self.slow.trains(stage):
            return WAITS[stage]
        if stage == "codes":
            return f"Draw z: {len(game.z) if game else 0} codes at random, each the seed of one sample."
        if stage == "points":
            return "Generate: G turns every code into a point of the plane."
        if stage == "scores":
            real, made = called_right(game) if game else (0.0, 0.0)
            return f"Score: D is right about {real:.0%} of the real points and {made:.0%} of the generated ones."
        if stage == "discriminator":
            count = self.slow.updates
            times = "one step raises" if count == 1 else f"{count} steps raise"
            return f"Update D: {times} its score of real points, and that of generated ones falls."
        return "Update G: every point follows the gradient of D, as far as G can bend."


def _flat(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "flat")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button
