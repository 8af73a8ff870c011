"""The canvas of one run, with its name over it while two are compared."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from genplay.contract.results import FilmFrame
from genplay.ui.gan.heading import Heading
from genplay.ui.gan.seat import Seat
from genplay.ui.gan.session import GanSession
from genplay.ui.views.game_canvas import GameCanvas

WAITING = "Looking at the game…"


class CanvasCard(QWidget):
    """Follows a seat: its game, its modes, and the layers that are hidden."""

    def __init__(self, session: GanSession, seat: Seat) -> None:
        super().__init__()
        self.session, self.seat = session, seat
        self.heading, self.canvas = Heading(), GameCanvas()
        self.canvas.placeholder = WAITING
        self.canvas.set_hidden(session.state.hidden)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.heading)
        column.addWidget(self.canvas, 1)
        seat.run_changed.connect(self._another)
        seat.game_changed.connect(self.show_game)
        seat.modes_changed.connect(lambda: self.canvas.set_modes(seat.state_of_modes))
        session.changed.connect(lambda _: self.canvas.set_hidden(session.state.hidden))

    def head(self, tint: str) -> None:
        """Show the name of the run in a colour, or no name for ""."""
        self.heading.setVisible(bool(tint))
        if tint and self.seat.run is not None:
            self.heading.show_run(self.seat.run.name, tint)

    def show_film(self, frame: FilmFrame | None) -> None:
        """Show the points of a frame of the film instead of those of the game."""
        if frame is None:
            self.canvas.set_film(None, self._caption())
        else:
            self.canvas.set_film(frame.x, f"step {frame.step:,}, from the filmstrip")

    def _another(self) -> None:
        self.canvas.set_game(None)
        self.canvas.set_film(None)

    def _caption(self) -> str:
        return f"step {self.seat.game.step:,}" if self.seat.game else ""

    def show_game(self) -> None:
        """The newest game, unless the film is on show."""
        if self.canvas.film is None:
            self.canvas.set_game(self.seat.state_of_game, self._caption())
