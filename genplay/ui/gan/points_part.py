"""The game on points: one canvas, or two side by side, the sentence that explains it, the way back, and the alarm."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genplay.contract.results import Game
from genplay.ui.gan.alarm_card import AlarmCard
from genplay.ui.gan.canvas_card import CanvasCard
from genplay.ui.gan.compare_bar import CompareBar
from genplay.ui.gan.heading import TINTS
from genplay.ui.gan.legend import Legend
from genplay.ui.gan.rewind_part import RewindPart
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.slow_bar import SlowBar
from genplay.ui.gan.slow_motion import SlowMotion
from genplay.ui.panel import Exhibit
from genplay.ui.views.game_canvas import GameCanvas
from genplay.ui.views.snapshot_strip import NOW

ARRAYS = ("real", "z", "field", "score_x", "score_real", "gradient")


class PointsPart(QWidget):
    """Everything beside the inspector for a run that makes points."""

    forked = Signal(int, object)  # step and the remedies (list of Preset)

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.slow = SlowMotion(session)
        self.slow_bar, self.compare_bar = SlowBar(session, self.slow), CompareBar(session)
        self.cards = tuple(CanvasCard(session, seat) for seat in session.seats)
        self.legend, self.rewind, self.alarm = Legend(session), RewindPart(session), AlarmCard(session)
        self._lay_out()
        self.slow.moment.connect(self.canvas.set_motion)
        self.rewind.previewed.connect(self._preview)
        self.rewind.forked.connect(self.forked)
        self.alarm.forked.connect(self.forked)
        for signal in (session.run_changed, session.rival_changed):
            signal.connect(self._arrange)
        session.rival_changed.connect(self.alarm.follow)
        self._arrange()

    def _lay_out(self) -> None:
        self._canvases = QHBoxLayout()
        self._canvases.setSpacing(8)
        for card in self.cards:
            self._canvases.addWidget(card, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.compare_bar)
        whole.addWidget(self.slow_bar)
        whole.addLayout(self._canvases, 1)
        whole.addWidget(self.legend)
        whole.addWidget(self.rewind)
        whole.addWidget(self.alarm)

    @property
    def canvas(self) -> GameCanvas:
        """The canvas of the selected run."""
        return self.cards[0].canvas

    def set_active(self, active: bool) -> None:
        """The panel came to the front or left it."""
        if not active:
            self.slow.pause()
            self.rewind.leave()

    def leave(self) -> bool:
        """Esc: leave slow motion, else come back to the present, else close the comparison."""
        if self.slow.on:
            self.slow.stop()
            return True
        if self.rewind.leave():
            return True
        compared = self.session.rival is not None
        self.session.part()
        return compared

    def _arrange(self) -> None:
        """The older run at the left; names only where there are two."""
        order = [card for seat in self.session.ordered for card in self.cards if card.seat is seat]
        compared = len(order) > 1
        for card in self.cards:
            card.setVisible(card in order or card is self.cards[0])
        for card, tint in zip(order, TINTS):
            self._canvases.removeWidget(card)
            self._canvases.addWidget(card, 1)
            card.head(tint if compared else "")

    def _preview(self, step: int) -> None:
        self.cards[0].show_film(None if step == NOW else self.session.film_at(step))
        if step == NOW:
            self.cards[0].show_game()

    # ---- exhibits

    def exhibit(self, name: str) -> Exhibit | None:
        """The canvas as a picture, both side by side while two are compared."""
        answer = self.session.seats[0].game
        if answer is None:
            return None
        shown = [card for card in self.cards if not card.isHidden() and card.seat.game is not None]
        shown.sort(key=lambda card: card.x())
        pictures = [card.canvas.picture() for card in shown]
        height = min(len(p) for p in pictures)
        x = np.concatenate([p[:height] for p in pictures], axis=1)[None]
        game: Game = answer.value
        arrays = {"points": game.x, **{array: getattr(game, array) for array in ARRAYS}}
        question = self.session.seats[0].shown
        return Exhibit(f"{name} game".strip(), "picture", x, question, answer.step, answer.digest, 1, arrays=arrays)
