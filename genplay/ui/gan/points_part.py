"""The game on points: one canvas, or two side by side, slow motion, and the sentence that explains it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genplay.contract.results import Game
from genplay.ui.gan.canvas_card import CanvasCard
from genplay.ui.gan.heading import TINTS
from genplay.ui.gan.legend import Legend
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.slow_bar import SlowBar
from genplay.ui.gan.slow_motion import SlowMotion
from genplay.ui.panel import Exhibit
from genplay.ui.views.game_canvas import GameCanvas
from genplay.ui.views.snapshot_strip import NOW

ARRAYS = ("real", "z", "field", "score_x", "score_real", "gradient", "lines")


class PointsPart(QWidget):
    """What is seen of a run that makes points."""

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.slow = SlowMotion(session)
        self.slow_bar, self.legend = SlowBar(session, self.slow), Legend(session)
        self.cards = tuple(CanvasCard(session, seat) for seat in session.seats)
        self._lay_out()
        self.slow.moment.connect(self.canvas.set_motion)
        for signal in (session.run_changed, session.rival_changed):
            signal.connect(self._arrange)
        self._arrange()

    def _lay_out(self) -> None:
        self._canvases = QHBoxLayout()
        self._canvases.setSpacing(8)
        for card in self.cards:
            self._canvases.addWidget(card, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.slow_bar)
        whole.addLayout(self._canvases, 1)
        whole.addWidget(self.legend)

    @property
    def canvas(self) -> GameCanvas:
        """The canvas of the selected run."""
        return self.cards[0].canvas

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

    def preview(self, step: int) -> None:
        """Show the film at a step, ``NOW`` for the newest game."""
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
        seat = self.session.seats[0]
        game: Game = answer.value
        arrays = {"points": game.x, **{array: getattr(game, array) for array in ARRAYS}}
        question = replace(seat.shown, unroll=0)
        if seat.ghost is not None and seat.ghost.digest == answer.digest and seat.question.unroll:
            question, arrays["ghost"] = replace(question, unroll=seat.ahead), seat.ghost.value.ghost
        title = f"{name} game".strip()
        return Exhibit(title, "picture", x, question, answer.step, answer.digest, 1, arrays=arrays, by_window=True)
