"""Plain-language observations about a run, with the knobs that help."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.results import Notice, RunState
from genplay.ui import theme

NARROW = 900  # pixels below which the text stands above the knobs


class NoticeBar(QWidget):
    """A banner a notice of the run: its title in the level's colour, its text, and a button a knob that helps.

    The cross puts a notice away for this run. The bar has no height while there is nothing to say.
    """

    knob_wanted = Signal(str)  # name of a knob to be shown to the user

    def __init__(self, run: RunState | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Notice, ...] = ()
        self._put_away: set[tuple[str, str]] = set()  # run and title
        self._texts: dict[str, QLabel] = {}
        self._insides: list[QBoxLayout] = []
        self._run_id = ""
        self._family: FamilyInfo | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)
        self.setVisible(False)
        self.set_run(run)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is on show."""
        return self._shown

    def set_run(self, run: RunState | None, family: FamilyInfo | None = None, alarms: bool = True) -> None:
        """Show the notices of a run; ``family`` gives its knobs their labels. Alarms are those that name remedies."""
        self._run_id, self._family = run.run_id if run else "", family
        wanted = [n for n in run.notices if alarms or not n.remedies] if run else []
        notices = tuple(n for n in wanted if (self._run_id, n.title) not in self._put_away)
        if [n.title for n in notices] != [n.title for n in self._shown]:
            self._show(notices, family)
        elif notices != self._shown:
            self._shown = notices
            for notice in notices:
                self._say(notice)

    def _show(self, notices: tuple[Notice, ...], family: FamilyInfo | None) -> None:
        self._shown = notices
        self._insides = []
        while self._rows.count():
            item = self._rows.takeAt(0)
            row = item.widget() if item else None
            if row is not None:
                row.hide()
                row.deleteLater()
        for notice in notices:
            self._rows.addWidget(self._row(notice, family))
        self.setVisible(bool(notices))

    def _row(self, notice: Notice, family: FamilyInfo | None) -> QWidget:
        row = QFrame()
        row.setProperty("role", "card")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        inside = QBoxLayout(self._direction())
        inside.setSpacing(6)
        self._insides.append(inside)
        inside.addLayout(self._told(notice), 1)
        if notice.knobs:
            inside.addLayout(self._knobs(notice, family))
        layout.addLayout(inside, 1)
        layout.addWidget(self._close_button(notice), 0, Qt.AlignmentFlag.AlignTop)
        row.setAccessibleName(f"{notice.title}: {notice.text}")
        return row

    def _told(self, notice: Notice) -> QVBoxLayout:
        title = QLabel(notice.title)
        title.setProperty("role", notice.level)
        title.setFont(theme.font(13, QFont.Weight.DemiBold))
        text = self._texts[notice.title] = QLabel(wordWrap=True)
        self._say(notice)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(title)
        column.addWidget(text)
        return column

    def _say(self, notice: Notice) -> None:
        """The whole text, or its first sentence where it would take the room of the view (all of it as a tooltip)."""
        narrow = self.width() < NARROW
        first, _, more = notice.text.partition(". ")
        short = f"{first}." if narrow and more else notice.text
        label = self._texts[notice.title]
        if label.text() != short:
            label.setText(short)
        label.setToolTip(notice.text if short != notice.text else "")

    def _knobs(self, notice: Notice, family: FamilyInfo | None) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for name in notice.knobs:
            row.addWidget(self._knob_button(name, family), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        return row

    def _direction(self) -> QBoxLayout.Direction:
        narrow = self.width() < NARROW
        return QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the knobs beside the text where there is room, else below it."""
        for inside in self._insides:
            if inside.direction() != self._direction():
                inside.setDirection(self._direction())
        for notice in self._shown:
            self._say(notice)

    def _knob_button(self, name: str, family: FamilyInfo | None) -> QPushButton:
        known = (*family.knobs, *family.training_knobs) if family else ()
        label = next((k.label for k in known if k.name == name), name.replace("_", " "))
        button = QPushButton(label)
        button.setProperty("role", "chip")
        button.setToolTip(f"Show the knob “{label}”")
        button.clicked.connect(lambda: self.knob_wanted.emit(name))
        return button

    def _close_button(self, notice: Notice) -> QPushButton:
        button = QPushButton(theme.icon("close", "dim"), "")
        button.setProperty("role", "flat")
        button.setToolTip("Put this notice away")
        button.setAccessibleName("Put this notice away")
        button.clicked.connect(lambda: self._dismiss(notice))
        return button

    def _dismiss(self, notice: Notice) -> None:
        self._put_away.add((self._run_id, notice.title))
        self._show(tuple(n for n in self._shown if n.title != notice.title), self._family)
