"""What is measured of the game, of one run or of two side by side."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.contract.results import Modes
from genplay.ui.gan import words
from genplay.ui.gan.heading import TINTS, Heading
from genplay.ui.gan.seat import Seat
from genplay.ui.gan.session import GanSession
from genplay.ui.sidebar import section
from genplay.ui.views.readout import Readout
from genplay.ui.views.share_bars import ShareBars

TITLE, SHORT = "share of samples by mode", "samples by mode"
COVERAGE, TRANSLATION = "Coverage", "Translation"


class Console(QWidget):
    """Bars of the modes, then coverage and players in figures, a column a run."""

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.heads = tuple(Heading() for _ in session.seats)
        self.bars = tuple(ShareBars(TITLE) for _ in session.seats)
        self.coverage, self.players = Readout(), Readout()
        self.coverage.setAccessibleName("Coverage")
        self.players.setAccessibleName("Players")
        self._lay_out()
        for seat in session.seats:
            seat.modes_changed.connect(self._show_modes)
            seat.news.connect(self._show_players)
        for signal in (session.run_changed, session.rival_changed):
            signal.connect(self._arrange)
        self._arrange()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        self.coverage_head: QLabel = section(COVERAGE)
        whole.addWidget(self.coverage_head)
        for widgets in (self.heads, self.bars):
            row = QHBoxLayout()
            row.setSpacing(8)
            for widget in widgets:
                row.addWidget(widget, 1)
            whole.addLayout(row)
        whole.addWidget(self.coverage)
        whole.addSpacing(8)
        whole.addWidget(section("Players"))
        whole.addWidget(self.players)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The seats in the order of the columns, one at least."""
        return self.session.ordered or self.session.seats[:1]

    def _arrange(self) -> None:
        count = len(self.seats)
        translates = self.session.translates
        self.coverage_head.setText((TRANSLATION if translates else COVERAGE).upper())
        for place, (head, bars) in enumerate(zip(self.heads, self.bars)):
            head.setVisible(count > 1 and place < count)
            bars.setVisible(place < count and not translates)
            bars.title = SHORT if count > 1 else TITLE
        self._show_modes()
        self._show_players()

    def _show_modes(self) -> None:
        for bars, seat in zip(self.bars, self.seats):
            self._show_shares(bars, seat.state_of_modes)
        self._show_coverage()
        self.players.set_rows(words.players(self.seats))

    def _show_coverage(self) -> None:
        """How samples spread over modes; of models that translate, how good translations are."""
        told = words.translation if self.session.translates else words.coverage
        self.coverage.set_rows(told(self.seats))

    @staticmethod
    def _show_shares(bars: ShareBars, modes: Modes | None) -> None:
        """Data without modes has no bars."""
        if modes is None:
            bars.set_shares((), (), (), ())
            return
        bars.set_shares(modes.names, modes.share.tolist(), modes.ideal.tolist(), modes.covered.tolist())
        if bars.isHidden() == bool(modes.names):
            bars.setVisible(bool(modes.names))

    def _show_players(self) -> None:
        for head, tint, seat in zip(self.heads, TINTS, self.seats):
            head.show_run(seat.run.name if seat.run else "", tint)
        if self.session.translates:
            self._show_coverage()
        self.players.set_rows(words.players(self.seats))
