"""The tree of branches: what each is made of, where it ended, and how far that is from the branch it forked from."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.unfold import branching, words
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.unfold.tape import Tape
from genplay.ui.unfold.thumbnails import thumbnail
from genplay.ui.views import lettering, pixels
from genplay.ui.views.palette import category

ROW, THUMB, INDENT = 38, 32, 20
MOST_THUMBS = 8
INVITATION = "Stop at a step and branch (B), or pin this tape (K): a change of a knob then makes another beside it."
NO_BRANCH = "Pin this tape (K): a change of a knob then makes another beside it. Only models that denoise can branch."
PIN, UNPIN = "Pin: a change of a knob leaves it as it is and makes another (K)", "Pinned: a knob makes another tape (K)"


def branch_colour(session: UnfoldSession, tape: Tape) -> QColor:
    """The colour of a branch: a root has its family's."""
    if tape.parent < 0 and session.run is not None and tape.id == 0:
        return theme.family_colour(session.run.family)
    return category(tape.id)


class BranchRow(QWidget):
    """One branch. A click or Enter shows it."""

    chosen = Signal()

    def __init__(self, session: UnfoldSession, tape: Tape, level: int) -> None:
        super().__init__()
        self.session, self.tape, self.level = session, tape, level
        self._ticked: dict[str, bool] = {}  # which icon each of the two buttons shows
        self.setFixedHeight(ROW)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.pin = _flat("pin", PIN, checkable=True)
        self.compare = _flat("compare", "Compare: choose two branches", checkable=True)
        self.delete = _flat("delete", "Delete this branch and all that forked from it (Del)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(4)
        row.addStretch(1)
        row.addWidget(self.pin)
        row.addWidget(self.compare)
        row.addWidget(self.delete)
        self.follow()

    def sizeHint(self) -> QSize:
        return QSize(400, ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, ROW)

    def follow(self) -> None:
        """What the row says follows the tape."""
        session = self.session
        family, run = session.family, session.run
        assert run is not None
        self.title = words.tape_title(self.tape, family)
        self.details = words.tape_details(self.tape, session.find(self.tape.parent), family, run.spec)
        self.setAccessibleName(f"Branch: {self.title} · {self.details}")
        self.setToolTip(f"{self.title} · {self.details}")
        self._tick(self.pin, self.tape.id in session.state.kept, "pin", "pinned")
        self.pin.setToolTip(UNPIN if self.pin.isChecked() else PIN)
        self._tick(self.compare, self.tape.id in session.state.compared, "compare", "compare")
        self.compare.setEnabled(len(session.tapes) > 1 and self.tape.final is not None)
        self.delete.setEnabled(len(branching.with_descendants(session.tapes, self.tape.id)) < len(session.tapes))
        self.update()

    def _tick(self, button: QPushButton, on: bool, off_icon: str, on_icon: str) -> None:
        blocked = QSignalBlocker(button)
        button.setChecked(on)
        if self._ticked.get(off_icon) != on:  # another icon has all around it laid out anew
            self._ticked[off_icon] = on
            button.setIcon(theme.icon(on_icon if on else off_icon, "accent" if on else "dim"))
        del blocked

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = self.tape is self.session.tape
        if shown or self.hasFocus():
            painter.setPen(theme.colour("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected") if shown else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        left = 12 + INDENT * self.level
        self._draw_stem(painter, left)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(branch_colour(self.session, self.tape))
        painter.drawEllipse(QRectF(left, ROW / 2 - 4.5, 9, 9))
        right = self._draw_thumbs(painter, self.pin.x() - 8)
        self._draw_words(painter, left + 20, right - 12)

    def _draw_stem(self, painter: QPainter, left: float) -> None:
        """A corner from the branch above."""
        if self.level:
            painter.setPen(theme.colour("disabled"))
            x = left - INDENT + 4.5
            painter.drawLine(round(x), 0, round(x), ROW // 2)
            painter.drawLine(round(x), ROW // 2, round(left - 4), ROW // 2)

    def _draw_thumbs(self, painter: QPainter, right: float) -> float:
        """The final samples from the right; where they begin."""
        final = self.tape.final
        if final is None:
            return right
        if self.session.texts:
            return self._draw_text(painter, right, self.session.text(final[:1])[0])
        n = min(MOST_THUMBS, len(final)) if final.ndim == 4 else 1
        while n > 1 and n * THUMB > self.width() * 0.4:
            n -= 1
        for i in range(n):
            image = thumbnail(final, i)
            place = pixels.centred(THUMB, THUMB, image.width(), image.height(), self.devicePixelRatioF())
            pixels.draw(painter, place.translated(right - (n - i) * THUMB, (ROW - THUMB) / 2), image)
        return right - n * THUMB

    def _draw_text(self, painter: QPainter, right: float, shown: str) -> float:
        """The first of the final texts; where it begins."""
        left = right - (len(shown) + 1) * lettering.cell(12)[0]
        if left < self.width() / 2:
            return right
        lettering.draw(painter, QPointF(left, ROW / 2), shown, 12, theme.colour("text"))
        return left

    def _draw_words(self, painter: QPainter, left: float, right: float) -> None:
        font = theme.font(13, theme.font().Weight.Medium)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        area = QRectF(left, 0, max(0.0, right - left), ROW)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.setPen(theme.colour("text"))
        title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, flags, title)
        used = metrics.horizontalAdvance(title) + 12
        painter.setFont(theme.font(12))
        painter.setPen(theme.colour("dim"))
        rest = area.adjusted(used, 0, 0, 0)
        if rest.width() > 24:
            details = painter.fontMetrics().elidedText(self.details, Qt.TextElideMode.ElideRight, int(rest.width()))
            painter.drawText(rest, flags, details)

    # ---- pointer and keys

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete.click()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            super().keyPressEvent(event)


class BranchPart(QScrollArea):
    """A row a branch, as a tree; the one on show is lit. Two that are ticked are compared."""

    name = "branches"
    title = "Branches"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.session = session
        self.rows: dict[int, BranchRow] = {}
        self._shape: list[tuple[int, int]] = []
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.invitation = QLabel(wordWrap=True)
        self.invitation.setProperty("role", "dim")
        self.invitation.setContentsMargins(12, 4, 12, 4)
        inside = QWidget()
        inside.setProperty("role", "clear")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(self.invitation)
        self._column.addStretch(1)
        self.setWidget(inside)
        self._soon = QTimer(self, singleShot=True, interval=0)  # once a new row has its place
        self._soon.timeout.connect(self._reveal)
        self.verticalScrollBar().rangeChanged.connect(lambda *_: self._soon.start())
        session.branches_changed.connect(self.follow)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(self._changed)
        session.tape_changed.connect(self._repaint)
        theme.signals().changed.connect(self.follow)

    def sizeHint(self) -> QSize:
        """Room for the branches there are, three at most, or for one and the invitation."""
        return QSize(400, max(2, min(3, len(self.session.tapes))) * (ROW + 2))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, ROW + 2)

    def set_active(self, active: bool) -> None:
        """Nothing is asked for here."""

    def _run_changed(self) -> None:
        self._shape = [(-1, -1)]
        self.follow()

    def _changed(self, before: UnfoldState) -> None:
        state = self.session.state
        names = ("compared", "kept", "tape", "wish")
        if any(getattr(state, name) != getattr(before, name) for name in names):
            self.follow()
        if state.tape != before.tape:
            self._soon.start()

    def _reveal(self) -> None:
        """Scroll to the branch on show."""
        row = self.rows.get(self.session.state.tape)
        if row is not None:
            self.ensureWidgetVisible(row, 0, 0)

    def _repaint(self) -> None:
        for row in self.rows.values():
            row.update()

    def follow(self) -> None:
        """Bring the rows up to date; they are made anew only when branches came or went."""
        if not self.session.ready:
            return
        tree = branching.as_tree(self.session.tapes)
        shape = [(id(tape), depth) for depth, tape in tree]
        if shape != self._shape:
            self._shape = shape
            self._rebuild(tree)
        for row in self.rows.values():
            row.follow()
        self.invitation.setText(INVITATION if self.session.gaussian else NO_BRANCH)
        self.invitation.setVisible(len(self.session.tapes) < 2)

    def _rebuild(self, tree: list[tuple[int, Tape]]) -> None:
        for row in self.rows.values():
            row.hide()
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = {}
        for place, (depth, tape) in enumerate(tree):
            self.rows[tape.id] = row = self._row(tape, depth)
            self._column.insertWidget(place, row)

    def _row(self, tape: Tape, depth: int) -> BranchRow:
        row = BranchRow(self.session, tape, depth)
        row.chosen.connect(lambda: branching.show(self.session, tape.id))
        row.delete.clicked.connect(lambda: branching.remove(self.session, tape.id))
        row.pin.toggled.connect(lambda on: branching.keep(self.session, tape.id, on))
        row.compare.toggled.connect(lambda on: self._choose(tape.id, on))
        return row

    def toggle_pin(self) -> None:
        """Pin the tape on show, or let it go."""
        tape = self.session.tape
        if tape is not None:
            branching.keep(self.session, tape.id, tape.id not in self.session.state.kept)

    def _choose(self, id: int, on: bool) -> None:
        """Choose a branch for comparing, or no longer; of three the one chosen first gives way."""
        others = tuple(i for i in self.session.state.compared if i != id)
        compared = (*others, id)[-2:] if on else others
        self.session.do(replace(self.session.state, compared=compared), "choose what to compare")


def _flat(icon: str, tip: str, checkable: bool = False) -> QPushButton:
    button = QPushButton(theme.icon(icon, "dim"), "")
    button.setProperty("role", "flat")
    button.setCheckable(checkable)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
