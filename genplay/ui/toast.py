"""Messages: toasts at the foot of the window, and a banner over the view that a failure concerns."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from genplay.ui import theme

STAY_MS = {"good": 4000, "info": 4000, "warn": 8000, "bad": 12000}
ICONS = {"good": "check", "info": "info", "warn": "warn", "bad": "warn"}
GAP = 16


class Note(QWidget):
    """A rounded card with an icon, one sentence, perhaps a button, and a cross."""

    closed = Signal()
    acted = Signal()

    def __init__(self, text: str, level: str = "info", action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level = level if level in ICONS else "info"
        self.setObjectName("note")
        self.label = QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName(text)
        self._beside = 40 + 8 + 8 + 28  # what stands left and right of the sentence
        layout = QHBoxLayout(self)
        layout.setContentsMargins(40, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.label, 1)
        if action:
            button = QPushButton(action)
            button.clicked.connect(self.acted)
            button.clicked.connect(self.dismiss)
            layout.addWidget(button)
            self._beside += button.sizeHint().width() + 8
        cross = QToolButton()
        cross.setIcon(theme.icon("close", "dim"))
        cross.setToolTip("Close this message (Esc)")
        cross.setProperty("role", "flat")
        cross.setAccessibleName("Close this message")
        cross.clicked.connect(self.dismiss)
        layout.addWidget(cross, 0, Qt.AlignmentFlag.AlignTop)

    def text(self) -> str:
        """The sentence."""
        return self.label.text()

    def fit(self, room: int) -> None:
        """As wide as the sentence, or wrapped where there is less room."""
        metrics = self.label.fontMetrics()
        width = min(metrics.horizontalAdvance(self.text()) + 8, min(640, room) - self._beside)
        lines = metrics.boundingRect(QRect(0, 0, width, 1000), Qt.TextFlag.TextWordWrap, self.text())
        self.resize(width + self._beside, max(44, lines.height() + 20))

    def dismiss(self) -> None:
        """Take the note away."""
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Card, hairline and icon."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tint = theme.colour("accent" if self.level == "info" else self.level)
        painter.setPen(QPen(tint if self.level in ("bad", "warn") else theme.colour("line"), 1))
        painter.setBrush(theme.colour("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        theme.draw_icon(painter, QRectF(12, min(self.height() / 2 - 9, 13), 18, 18), ICONS[self.level], tint)


class _Follower(QObject):
    """Keeps a note in place when its host is resized."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        host.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return False

    def place(self) -> None:
        """Put the notes where they belong."""


class Toasts(_Follower):
    """Messages stacked at the foot of a host widget, newest lowest; each leaves after some seconds."""

    LIMIT = 4

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.host = host
        self.notes: list[Note] = []

    def show(self, text: str, level: str = "info", action: str = "") -> Note:
        """Show a message; the same text twice is shown once."""
        for note in [n for n in self.notes if n.text() == text]:
            note.dismiss()
        while len(self.notes) >= self.LIMIT:
            self.notes[0].dismiss()
        note = Note(text, level, action, self.host)
        self.notes.append(note)
        note.closed.connect(lambda: self._forget(note))
        timer = QTimer(note, singleShot=True, interval=STAY_MS[note.level])
        timer.timeout.connect(note.dismiss)
        timer.start()
        note.show()
        self.place()
        return note

    def dismiss(self) -> bool:
        """Close the newest message; whether there was one."""
        had = bool(self.notes)
        if had:
            self.notes[-1].dismiss()
        return had

    def withdraw(self, note: Note) -> None:
        """Take a message away that no longer holds, if it is still there."""
        if note in self.notes:
            note.dismiss()

    def _forget(self, note: Note) -> None:
        if note in self.notes:
            self.notes.remove(note)
        self.place()

    def place(self) -> None:
        """Stack the notes from the foot up, centred."""
        foot = self.host.height() - GAP
        for note in reversed(self.notes):
            note.fit(self.host.width() - 2 * GAP)
            foot -= note.height()
            note.move(QPoint((self.host.width() - note.width()) // 2, foot))
            note.raise_()
            foot -= 8


class Banner(_Follower):
    """One failure, shown over the view it concerns until it is closed or the view works again."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.host = host
        self.note: Note | None = None

    def show(self, text: str, action: str = "") -> Note:
        """Show a failure; replaces the one before."""
        self.clear()
        self.note = Note(text, "bad", action, self.host)
        self.note.closed.connect(self._gone)
        self.note.show()
        self.place()
        return self.note

    def clear(self) -> bool:
        """Take the failure away; whether there was one."""
        there = self.note is not None
        if self.note is not None:
            self.note.dismiss()
        return there

    def _gone(self) -> None:
        self.note = None

    def place(self) -> None:
        """Along the top of the view."""
        if self.note is not None:
            self.note.fit(self.host.width() - 2 * GAP)
            self.note.move((self.host.width() - self.note.width()) // 2, GAP)
            self.note.raise_()
