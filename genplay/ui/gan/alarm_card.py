"""Something goes wrong in a training: what it is, and the fork that would have avoided it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy

from genplay.contract.catalogue import Preset
from genplay.ui import theme
from genplay.ui.gan import remedies as cures
from genplay.ui.gan.session import GanSession
from genplay.ui.views.elided import ElidedLabel

MARGIN, SPACING = 12, 8


class AlarmCard(QFrame):
    """A notice of the selected run that names remedies: the ``place``-th; hidden while there are not so many."""

    forked = Signal(int, object)  # step and the remedies (list of Preset)

    def __init__(self, session: GanSession, place: int = 0) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session, self.place = session, place
        self.step = cures.NOW
        self.choices: list[Preset] = []
        self.title = QLabel()
        self.title.setProperty("role", "bad")
        self.title.setFont(theme.font(13, QFont.Weight.DemiBold))
        self.text = ElidedLabel()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.fork = QPushButton()
        self.fork.setProperty("role", "primary")
        self.fork.clicked.connect(lambda: self._fork(self.choices[:1]))
        self.more = QPushButton(theme.icon("chevron-down"), "")
        self.more.setProperty("role", "icon")
        self.more.setToolTip("Fork with another remedy (F)")
        self.more.setAccessibleName("Fork with another remedy")
        self.more.clicked.connect(self.open_menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 7, 8, 7)
        row.setSpacing(SPACING)
        row.addWidget(self.title)
        row.addWidget(self.text, 1)
        row.addWidget(self.fork)
        row.addWidget(self.more)
        for signal in (session.run_changed, session.news, session.rival_changed):
            signal.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the notice of the selected run; nothing while it is compared with its fork."""
        run = self.session.run
        notice = next(iter(cures.alarms(run)[self.place :]), None)
        self.choices = cures.named(self.session.family, run, notice.remedies) if notice else []
        wanted = notice is not None and bool(self.choices) and self.session.rival is None
        if wanted and run is not None and notice is not None:
            self.step = cures.last_before(run, notice.since) if notice.since >= 0 else cures.NOW
            self._say(notice.title, notice.text)
        if self.isHidden() == wanted:
            self.setVisible(wanted)

    def _say(self, title: str, text: str) -> None:
        for label, words in ((self.title, title), (self.text, text)):
            if label.text() != words:
                label.setText(words)
        self.text.setToolTip(text)
        self.fork.setToolTip(f"{self.choices[0].title}: {self.choices[0].help}. Both runs then train on one clock (F)")
        self.setAccessibleName(f"{title}: {text}")
        self.more.setVisible(len(self.choices) > 1)
        self._fit()

    def _labels(self) -> tuple[str, ...]:
        """What the button may say, the longest first."""
        start = "Fork from now" if self.step == cures.NOW else f"Fork from step {self.step:,}"
        remedy = self.choices[0].title
        return f"{start} with {remedy}", f"{start}: {remedy.partition(' (')[0]}", start, "Fork"

    def _fit(self) -> None:
        """As much on the button as leaves the text whole."""
        if not self.choices:
            return
        padding = self.fork.sizeHint().width() - self.fork.fontMetrics().horizontalAdvance(self.fork.text())
        taken = self.title.sizeHint().width() + self.text.sizeHint().width() + self.more.sizeHint().width() + padding
        room = self.width() - taken - 2 * MARGIN - 3 * SPACING
        labels = self._labels()
        fits = (text for text in labels if self.fork.fontMetrics().horizontalAdvance(text) <= room)
        label = next(fits, labels[-1])
        if label != self.fork.text():
            self.fork.setText(label)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button says less where there is less room."""
        super().resizeEvent(event)
        self._fit()

    def _fork(self, chosen: list[Preset]) -> None:
        if chosen:
            self.forked.emit(self.step, chosen)

    def menu(self) -> QMenu:
        """All remedies of the notice."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for remedy in self.choices:
            action = menu.addAction(remedy.title)
            action.setToolTip(remedy.help)
            action.triggered.connect(partial(self._fork, [remedy]))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def open_menu(self) -> None:
        """Choose another remedy."""
        if not self.isHidden():
            self.menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height() + 2)))
