"""The judged pictures of one run, or of two beside each other while they are compared."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genplay.ui.gan.heading import TINTS
from genplay.ui.gan.pictures_part import RIVAL_SLOT, SLOT, PicturesPart
from genplay.ui.gan.session import GanSession
from genplay.ui.panel import Exhibit


class PicturesPair(QWidget):
    """A part a seat, asked for the same pictures by the controls of the first. ``failed`` is that of either part."""

    failed = Signal(object)

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session, self.active = session, False
        self.parts = PicturesPart(session.bridge, SLOT), PicturesPart(session.bridge, RIVAL_SLOT)
        mine, other = self.parts
        other.controls.hide()
        self._row = QHBoxLayout()
        self._row.setSpacing(16)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(mine.controls)
        whole.addLayout(self._row, 1)
        mine.saliency.toggled.connect(other.saliency.setChecked)
        mine.dice.clicked.connect(lambda: other.look_at(mine.seed))
        for part in self.parts:
            self._row.addWidget(part, 1)
            part.failed.connect(self.failed)
        for signal in (session.run_changed, session.rival_changed, *(seat.news for seat in session.seats)):
            signal.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the runs of the session, the older one at the left, under their names where there are two."""
        for part, seat in zip(self.parts, self.session.seats):
            part.set_run(None if seat.points or seat.translates else seat.run)
        mine, other = self.parts
        compared = other.run is not None
        if compared:
            other.look_at(mine.seed)
        other.setVisible(compared)
        order = [self.parts[self.session.seats.index(seat)] for seat in self.session.ordered if compared]
        for place, part in enumerate(order or [mine]):
            if self._row.indexOf(part) != place:
                self._row.insertWidget(place, part, 1)
            part.head(TINTS[place] if compared else "")
        self.activate(self.active)

    def activate(self, active: bool) -> None:
        """The pictures came to the front or left it."""
        self.active = active
        for part in self.parts:
            wanted = active and part.run is not None
            if part.active != wanted:
                part.activate(wanted)

    def exhibit(self) -> Exhibit | None:
        """What the selected run shows."""
        return self.parts[0].exhibit()
