"""The translations of one run, or of two beside each other while they are compared."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genplay.contract.requests import Question, Translate
from genplay.ui.gan.heading import TINTS
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.translate_bar import TranslateBar
from genplay.ui.gan.translate_part import RIVAL_SLOT, SLOT, TranslatePart
from genplay.ui.gan.translate_source import TranslateSource
from genplay.ui.panel import Exhibit
from genplay.ui.sampling.wish import takes_condition
from genplay.ui.views.picture_files import is_foreign

RESTORED = "The picture of a recipe"


class TranslatePair(QWidget):
    """A part a seat, asked for the same pictures. ``failed`` is that of either part."""

    failed = Signal(object)

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session, self.active = session, False
        self.source = TranslateSource(self)
        self.bar = TranslateBar(session, self.source)
        self.parts = tuple(TranslatePart(session, self.source, slot) for slot in (SLOT, RIVAL_SLOT))
        self._shown = ""  # the run
        self._row = QHBoxLayout()
        self._row.setSpacing(16)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.bar)
        whole.addLayout(self._row, 1)
        for part in self.parts:
            self._row.addWidget(part, 1)
            part.failed.connect(self.failed)
        self.parts[0].answered.connect(self._offer)
        self.setAcceptDrops(True)
        for signal in (session.run_changed, session.rival_changed, *(seat.news for seat in session.seats)):
            signal.connect(self.follow)
        QShortcut(QKeySequence.StandardKey.Paste, self).activated.connect(self.source.paste)
        self.follow()

    def follow(self) -> None:
        """Show the runs of the session, the older one at the left, under their names where there are two."""
        run = self.session.run if self.session.translates else None
        if run is not None and run.run_id != self._shown:
            self._shown = run.run_id
            self.source.set_run(run.spec, run.seed)
        for part, seat in zip(self.parts, self.session.seats):
            part.set_run(seat.run)
        mine, other = self.parts
        compared = other.run is not None and mine.run is not None
        other.setVisible(compared)
        order = [self.parts[self.session.seats.index(seat)] for seat in self.session.ordered if compared]
        for place, part in enumerate(order or [mine]):
            if self._row.indexOf(part) != place:
                self._row.insertWidget(place, part, 1)
            part.head(TINTS[place] if compared else "")
        self.activate(self.active)

    def _offer(self) -> None:
        found, run = self.parts[0].translated, self.parts[0].run
        if found is not None and run is not None:
            self.bar.offer(found.ways, found.degrades, run.spec.attributes if takes_condition(run) else ())

    def activate(self, active: bool) -> None:
        """The pictures came to the front or left it."""
        self.active = active
        for part in self.parts:
            wanted = active and part.run is not None
            if part.active != wanted:
                part.activate(wanted)

    def restore(self, question: Question | None) -> None:
        """The pictures of a recipe's question."""
        if isinstance(question, Translate):
            if question.x is not None:
                self.source.give(question.x, RESTORED, question.seed)
            else:
                self.source.hold_out(question.seed)

    def exhibit(self) -> Exhibit | None:
        """What the selected run shows."""
        return self.parts[0].exhibit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if mime.hasImage() or is_foreign(mime.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.source.take(event.mimeData())
