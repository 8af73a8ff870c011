"""One of the runs on show: its game and the measures of its samples, as fresh as its weights."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from genplay.contract.capability import Capability
from genplay.contract.requests import LookAtGame, MeasureModes
from genplay.contract.results import Answer, Game, Modes, RunState
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge
from genplay.ui.gan.watch import Watch

GAME_MS, MODES_MS = 45, 400  # between two looks while a run trains: no figure is read oftener
SAMPLES = 512  # as many as the curves are measured on
GHOST_MS = 1000  # the future changes slowly, and takes ten times as long to see


class Seat(QObject):
    """What is known of a run; all of it is dropped when another one takes the seat."""

    run_changed = Signal()  # another run sits here
    news = Signal()  # what changed of the run itself
    game_changed = Signal()
    modes_changed = Signal()
    failed = Signal(object)  # Failure

    def __init__(self, bridge: Bridge, prefix: str, parent: QObject) -> None:
        super().__init__(parent)
        self.run: RunState | None = None
        self.game: Answer | None = None
        self.modes: Answer | None = None
        self.ghost: Answer | None = None
        self.question = LookAtGame()
        self.shown = LookAtGame()  # the question that the game on show answers
        self.ahead = 0  # steps that the newest ghost is ahead
        self._game = Watch(bridge, f"{prefix}game", GAME_MS, self)
        self._modes = Watch(bridge, f"{prefix}modes", MODES_MS, self)
        self._ghost = Watch(bridge, f"{prefix}ghost", GHOST_MS, self)
        self._active = False
        self._modes.set_question(MeasureModes(SAMPLES))
        self._game.answered.connect(self._take_game)
        self._modes.answered.connect(self._take_modes)
        self._ghost.answered.connect(self._take_ghost)
        for watch in (self._game, self._modes, self._ghost):
            watch.failed.connect(self.failed)

    @property
    def points(self) -> bool:
        """Whether the run makes points."""
        return self.run is not None and self.run.spec.kind is Kind.POINTS

    @property
    def translates(self) -> bool:
        """Whether the run turns pictures into pictures: these have the modes of what they are made from."""
        return self.run is not None and Capability.TRANSLATE in self.run.capabilities

    @property
    def state_of_game(self) -> Game | None:
        """The game on show, with the newest look ahead where one is wanted."""
        if self.game is None:
            return None
        game: Game = self.game.value
        ahead = self.ghost.value.ghost if self.ghost and self.question.unroll else None
        return replace(game, ghost=ahead) if ahead is not None else game

    @property
    def state_of_modes(self) -> Modes | None:
        """The measures on show."""
        return self.modes.value if self.modes else None

    def set_run(self, run: RunState | None) -> None:
        """Another run, or news of the one that sits here."""
        other = (run and run.run_id) != (self.run and self.run.run_id)
        self.run = run
        if other:
            self.game = self.modes = self.ghost = None
        self._game.set_run(run if self.points else None)
        self._modes.set_run(None if self.translates else run)
        self._ghost.set_run(run if self.points else None)
        (self.run_changed if other else self.news).emit()

    def ask_for(self, question: LookAtGame) -> None:
        """Look at the game in another way."""
        self.question = question
        self._game.set_question(replace(question, unroll=0))
        self._ghost.set_question(question)
        self._ghost.set_active(self._active and question.unroll > 0)

    def set_active(self, active: bool) -> None:
        """Follow the weights, or rest."""
        self._game.set_active(active)
        self._modes.set_active(active)
        self._active = active
        self._ghost.set_active(active and self.question.unroll > 0)

    def look_again(self) -> None:
        """Drop what is under way and ask anew: the weights have changed."""
        self._game.forget()
        self._game.refresh()
        self._ghost.forget()
        self._ghost.refresh()

    def _take_ghost(self, answer: Answer) -> None:
        self.ghost, self.ahead = answer, self.question.unroll
        if self.game is not None:
            self.game_changed.emit()

    def _take_game(self, answer: Answer) -> None:
        self.game, self.shown = answer, self.question
        self.game_changed.emit()

    def _take_modes(self, answer: Answer) -> None:
        self.modes = answer
        self.modes_changed.emit()
