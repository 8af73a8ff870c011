"""One training step after another in slow motion: the first three stages are drawn, the last two really happen."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from genplay.contract.requests import Control
from genplay.contract.results import Game
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.state import GanState
from genplay.ui.views.game_motion import STAGES, Motion

FRAME_MS = 33
MOST_PARTS = 60  # of a training step that are asked for before giving up
PLAYERS = ("discriminator", "generator")


class SlowMotion(QObject):
    """Walks through ``STAGES``. A stage that updates a player first waits for the engine, then shows the change.

    ``moment`` gives what the canvas is to draw, None when slow motion is over.
    """

    changed = Signal()  # on or off, playing or not, another stage, waiting or not
    moment = Signal(object)  # Motion or None

    def __init__(self, session: GanSession) -> None:
        super().__init__(session)
        self.session = session
        self.on = self.playing = self.waiting = False
        self.stage, self.share = STAGES[0], 0.0
        self._single = False  # to stop at the end of the stage
        self._resting = False  # the run has been seen not to train since slow motion began
        self._before: Game | None = None
        self._begun = self._sent = self._done = 0
        self._looking = False  # the update is made, the game after it is still to come
        self._last = 0.0
        self._clock = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=FRAME_MS)
        self._clock.timeout.connect(self._tick)
        session.news.connect(self._hear)
        session.run_changed.connect(self.stop)
        session.seats[0].game_changed.connect(self._see)
        session.changed.connect(self._follow)

    # ---- on and off

    def start(self) -> None:
        """Begin with the codes, and play; training pauses."""
        if self.on or not (self.session.ready and self.session.points):
            return
        self.on, self._resting, self._before = True, False, None
        self.session.control(Control.PAUSE)
        self._enter(STAGES[0])
        self.play()

    def stop(self) -> None:
        """The game is shown as it is again."""
        if self.on:
            self.on = self.playing = self.waiting = self._looking = False
            self._clock.stop()
            self.moment.emit(None)
            self.changed.emit()

    def toggle(self) -> None:
        """On or off."""
        self.stop() if self.on else self.start()

    # ---- playing

    def play(self) -> None:
        """Go on."""
        self.playing, self._single = True, False
        self._run()

    def pause(self) -> None:
        """Keep still; an update that is under way is still made."""
        if self.playing:
            self.playing = False
            self._clock.stop()
            self.changed.emit()

    def toggle_playing(self) -> None:
        """Play or pause; begins slow motion where it is off."""
        if not self.on:
            self.start()
        elif self.playing:
            self.pause()
        else:
            self.play()

    def next(self) -> None:
        """Play one more stage and stop at its end; one that is under way is finished at once."""
        if not self.on:
            self.start()
            self._single = True
        elif not self.waiting:
            if self.share >= 1 or self._single or not self.playing:
                self._enter(_after(self.stage))
            self.playing, self._single = True, True
            self._run()

    def _run(self) -> None:
        self._last = perf_counter()
        self._clock.start()
        self.changed.emit()

    def _tick(self) -> None:
        now = perf_counter()
        passed, self._last = min(now - self._last, 0.2), now
        if not self.waiting:
            self.advance(passed)

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        if self.share >= 1:
            self._enter(_after(self.stage))
            return
        self.share = min(1.0, self.share + seconds * self.session.state.speed)
        self._show()
        if self.share >= 1 and self._single:
            self.pause()

    def _show(self) -> None:
        self.moment.emit(Motion(self.stage, self.share, self._before))

    # ---- stages

    def _enter(self, stage: str) -> None:
        self.stage, self.share, self._before = stage, 0.0, None
        if stage in PLAYERS and self.trains(stage):
            self._before = self.session.seats[0].state_of_game
            self._begun = self.session.run.step if self.session.run else 0
            self._sent = self._done = 0
            self.waiting, self._looking = True, False
            self._send()
        self._show()
        self.changed.emit()

    def trains(self, player: str) -> bool:
        """Whether a player is trained at all."""
        return self.session.value("players") in (None, "both", player)

    @property
    def updates(self) -> int:
        """How many updates the stage makes."""
        return int(self.session.value("critic_steps") or 1) if self.stage == PLAYERS[0] else 1

    def _send(self) -> None:
        self._sent += 1
        self.session.control(Control.SUBSTEP)

    def _hear(self) -> None:
        run = self.session.run
        if not self.on or run is None:
            return
        if run.status == "training" and self._resting:
            self.stop()  # Play was pressed
            return
        self._resting = self._resting or run.status != "training"
        if self.waiting and not self._looking and run.status != "training":
            self._count(run.phase, run.step)

    def _count(self, phase: str, step: int) -> None:
        """An answer to a sub-step: look at the game if the stage's updates are made, else ask for another."""
        self._done += phase == self.stage
        over = self.stage == PLAYERS[1] and step > self._begun and not phase
        if self._done >= self.updates or over:
            self._looking = True
            self.session.seats[0].look_again()
        elif self._sent < MOST_PARTS:
            self._send()
        else:
            self.stop()

    def _see(self) -> None:
        if self.on and self.waiting and self._looking:
            self.waiting = self._looking = False
            self._last = perf_counter()
            self.changed.emit()
        if self.on:
            self._show()

    def _follow(self, before: GanState) -> None:
        if self.on and before.speed != self.session.state.speed:
            self.changed.emit()


def _after(stage: str) -> str:
    return STAGES[(STAGES.index(stage) + 1) % len(STAGES)]
