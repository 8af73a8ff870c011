"""Runs and the library: a card each, with a mosaic of samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QScrollArea, QVBoxLayout, QWidget

from genplay.ui import mosaic, theme
from genplay.ui.reflow import can_straighten
from genplay.ui.shortcuts import hint, keys_of

if TYPE_CHECKING:
    import numpy as np

    from genplay.contract.results import RunState
    from genplay.ui.library import LibraryItem

WIDTH, CARD_HEIGHT = 260, 64
MAX_NAME = 80
NO_RUNS = "No runs yet: open one below, or make one with +."
MENU = (
    ("rename", "Rename", "rename"),
    ("duplicate", "Duplicate, untrained", "duplicate"),
    ("fork", "Fork from here", "fork"),
    ("save_as", "Save checkpoint as…", "save"),
    ("", "", ""),
    ("restart", "Restart from step 0…", "restart"),
    ("stop", "Stop: free its training memory", "stop"),
    ("", "", ""),
    ("delete", "Delete", "delete"),
)

REFLOW = ("Straighten (reflow)", "path")  # only for runs that have paths to straighten


class SideCard(QWidget):
    """Mosaic, family dot, name and one line of status. Click or Enter chooses it."""

    chosen = Signal()
    stepped = Signal(int)  # up or down to the next card

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.status, self.family, self.token = "", "", "", "dim"
        self.is_selected = self._hovered = False
        self._mosaic = QPixmap()
        self.setFixedHeight(CARD_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_text(self, name: str, status: str, family: str, token: str = "dim") -> None:
        """Name, status line (in the colour of ``token``) and family."""
        if (name, status, family, token) != (self.name, self.status, self.family, self.token):
            self.name, self.status, self.family, self.token = name, status, family, token
            self.setAccessibleName(name)
            self.setAccessibleDescription(status)
            self.update()

    def set_mosaic(self, pixmap: QPixmap) -> None:
        """The picture at the left."""
        self._mosaic = pixmap
        self.update()

    def mosaic_pixmap(self) -> QPixmap:
        """The picture at the left; null while there is none."""
        return self._mosaic

    def set_selected(self, on: bool) -> None:
        """Outline the card."""
        if on != self.is_selected:
            self.is_selected = on
            self.update()

    def sizeHint(self) -> QSize:
        """The sidebar less its paddings."""
        return QSize(WIDTH - 32, CARD_HEIGHT)

    def name_rect(self) -> QRectF:
        """Where the name is written."""
        return QRectF(80, 11, self.width() - 88, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Card, mosaic, dot, name, status."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = self.is_selected or self.hasFocus()
        painter.setPen(QPen(theme.colour("accent"), 1) if outline else Qt.PenStyle.NoPen)
        token = "selected" if self.is_selected else "hover" if self._hovered else "card"
        painter.setBrush(theme.colour(token))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        self._paint_mosaic(painter)
        if self.family:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.family_colour(self.family))
            painter.drawEllipse(QPointF(70, 21), 4.5, 4.5)
        self._write(painter, self.name_rect(), self.name, theme.font(13), "text" if self.family else "dim")
        self._write(painter, QRectF(64, 34, self.width() - 72, 18), self.status, theme.font(12), self.token)

    def _paint_mosaic(self, painter: QPainter) -> None:
        place = QRectF(8, 8, mosaic.SIDE, mosaic.SIDE)
        if self._mosaic.isNull():
            mosaic.draw_empty(painter, place, theme.colour("line"))
        else:
            size = self._mosaic.deviceIndependentSize()
            painter.drawPixmap(place.center() - QPointF(size.width() / 2, size.height() / 2), self._mosaic)

    def _write(self, painter: QPainter, rect: QRectF, text: str, font: object, token: str) -> None:
        painter.setFont(font)  # type: ignore[arg-type]
        painter.setPen(theme.colour(token))
        fitted = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, fitted)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, arrows go to the next card."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        """Show that it can be chosen."""
        self._hovered = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Rest."""
        self._hovered = False
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Drop the ring."""
        self.update()


class RunCard(SideCard):
    """A run; renamed in place, with a menu of what can be done to it."""

    renamed = Signal(str)
    wanted = Signal(str)  # the name of an action

    def __init__(self, run: RunState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self._editor: QLineEdit | None = None
        self._film: np.ndarray | None = None
        self.show_run(run)

    def show_run(self, run: RunState) -> None:
        """What changed of the run."""
        self.run = run
        token = {"failed": "bad", "training": "good"}.get(run.status, "warn" if run.message else "dim")
        self.set_text(run.name, status_line(run), run.family, token)
        self.setToolTip(f"{run.name}\n{run.data_title or run.data} · step {run.step:,}\n{run.message}".strip())

    def show_film(self, x: np.ndarray) -> None:
        """The run's latest nine samples."""
        self._film = x
        tint = theme.family_colour(self.run.family)
        self.set_mosaic(mosaic.of_samples(x, self.run.spec, tint, QColor(0, 0, 0, 0), self.devicePixelRatioF()))

    def repaint_film(self) -> None:
        """Draw the samples again in the colours of another theme."""
        if self._film is not None:
            self.show_film(self._film)

    def start_rename(self) -> QLineEdit:
        """Edit the name where it stands; Enter takes it, Esc does not."""
        editor = QLineEdit(self.name, self)
        editor.setMaxLength(MAX_NAME)
        editor.setAccessibleName("name of the run")
        editor.setGeometry(self.name_rect().toRect().adjusted(-6, -5, 0, 5))
        editor.selectAll()
        editor.editingFinished.connect(self._finish_rename)
        self._editor = editor
        editor.show()
        editor.setFocus()
        return editor

    def _finish_rename(self, keep: bool = True) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        name = editor.text().strip()
        editor.hide()
        editor.deleteLater()
        self.setFocus()
        if keep and name and name != self.name:
            self.renamed.emit(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the renaming; F2 and Delete act on the run."""
        actions = {Qt.Key.Key_F2: "rename", Qt.Key.Key_Delete: "delete"}
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._editor is not None:
            self._finish_rename(keep=False)
        elif key in actions and self._editor is None:
            self.wanted.emit(actions[key])
        else:
            super().keyPressEvent(event)

    def menu(self) -> QMenu:
        """What can be done to the run."""
        menu = QMenu(self)
        for name, text, icon in MENU:
            if not name:
                menu.addSeparator()
                continue
            action = menu.addAction(theme.icon(icon), f"{text}\t{keys_of(name)}")
            action.triggered.connect(lambda _=False, name=name: self.wanted.emit(name))
            if name == "fork" and can_straighten(self.run):
                straighten = menu.addAction(theme.icon(REFLOW[1]), REFLOW[0])
                straighten.triggered.connect(lambda: self.wanted.emit("reflow"))
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu, by the mouse or by its key."""
        self.chosen.emit()
        self.menu().popup(event.globalPos())


class Sidebar(QWidget):
    """The runs above, the library below."""

    run_chosen = Signal(str)
    library_chosen = Signal(str)  # path
    wanted = Signal(str, str)  # action and run id
    renamed = Signal(str, str)  # run id and name
    new_wanted = Signal()
    open_wanted = Signal()  # the menu of the open button

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(200)
        self.cards: dict[str, RunCard] = {}
        self.library: list[SideCard] = []
        self.plus = QPushButton()
        self.plus.setIcon(theme.icon("plus"))
        self.plus.setProperty("role", "wide-icon")
        self.plus.setToolTip(hint("New run", "new"))
        self.plus.setAccessibleName("New run")
        self.plus.clicked.connect(self.new_wanted)
        self.open = QPushButton()
        self.open.setIcon(theme.icon("open"))
        self.open.setProperty("role", "wide-icon")
        self.open.setToolTip(hint("Open a file, or one opened lately", "open"))
        self.open.setAccessibleName("Open a file, or one opened lately")
        self.open.clicked.connect(self.open_wanted)
        self._runs, self._shelf = _column(), _column()
        self._none = QLabel(NO_RUNS, wordWrap=True)
        self._none.setProperty("role", "dim")
        self._lay_out()
        theme.signals().changed.connect(self._repaint)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(section("Runs"))
        head.addStretch(1)
        head.addWidget(self.open)
        head.addWidget(self.plus)
        inside = QWidget()
        inside.setProperty("role", "panel")
        inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._none)
        column.addLayout(self._runs)
        self._shelf_head = section("Library")
        column.addSpacing(8)
        column.addWidget(self._shelf_head)
        column.addLayout(self._shelf)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self._area = area
        self._shelf_head.hide()

    def sizeHint(self) -> QSize:
        """The width of UI.md."""
        return QSize(WIDTH, 400)

    # ---- runs

    def show_run(self, run: RunState) -> None:
        """Add a run's card, or bring it up to date."""
        card = self.cards.get(run.run_id)
        if card is not None:
            card.show_run(run)
            return
        card = RunCard(run)
        card.chosen.connect(lambda: self.run_chosen.emit(run.run_id))
        card.renamed.connect(lambda name: self.renamed.emit(run.run_id, name))
        card.wanted.connect(lambda action: self.wanted.emit(action, run.run_id))
        card.stepped.connect(lambda by: self._focus_next(card, by))
        self.cards[run.run_id] = card
        self._runs.addWidget(card)
        self._none.hide()

    def show_opening(self, name: str) -> None:
        """Say that a run is on its way, while there is none."""
        self._none.setText(f"Opening {name}…")

    def show_film(self, run_id: str, x: np.ndarray) -> None:
        """The latest samples of a run."""
        if run_id in self.cards:
            self.cards[run_id].show_film(x)

    def remove_run(self, run_id: str) -> None:
        """Take a run's card away."""
        card = self.cards.pop(run_id, None)
        if card is not None:
            self._runs.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._none.setText(NO_RUNS)
        self._none.setVisible(not self.cards)

    def select(self, run_id: str) -> None:
        """Outline a run's card and bring it into view."""
        for key, card in self.cards.items():
            card.set_selected(key == run_id)
        if run_id in self.cards:
            self._area.ensureWidgetVisible(self.cards[run_id])

    def order(self) -> list[str]:
        """Run ids from top to bottom."""
        return list(self.cards)

    # ---- library

    def show_library(self, items: Iterable[LibraryItem]) -> None:
        """Fill the library; a damaged file is grey, with the reason."""
        for old in self.library:
            self._shelf.removeWidget(old)
            old.deleteLater()
        self.library = [self._library_card(item) for item in items]
        self._shelf_head.setVisible(bool(self.library))

    def _library_card(self, item: LibraryItem) -> SideCard:
        card = SideCard()
        if item.card is None:
            card.set_text(item.path.stem, item.reason.partition(": ")[2] or item.reason, "")
            card.setToolTip(item.reason)
            card.setEnabled(False)
        else:
            step = f" · {thousands(item.card.step)} steps" if item.card.step else ""
            card.set_text(item.card.name, f"shipped{step}", item.card.family)
            card.setToolTip(f"{item.card.name}\n{item.path.name} · data: {item.card.licence or item.card.data}")
            card.set_mosaic(
                mosaic.of_png(item.preview, mosaic.ink(item.card.spec, item.card.family), self.devicePixelRatioF())
            )
        card.chosen.connect(lambda: self.library_chosen.emit(str(item.path)))
        card.stepped.connect(lambda by: self._focus_next(card, by))
        self._shelf.addWidget(card)
        return card

    def _focus_next(self, card: SideCard, by: int) -> None:
        cards: list[SideCard] = [*self.cards.values(), *(c for c in self.library if c.isEnabled())]
        target = cards[(cards.index(card) + by) % len(cards)]
        target.setFocus(Qt.FocusReason.TabFocusReason)
        self._area.ensureWidgetVisible(target)

    def _repaint(self) -> None:
        for card in self.cards.values():
            card.repaint_film()


def section(text: str) -> QLabel:
    """A small heading in capitals."""
    label = QLabel(text.upper())
    label.setProperty("role", "section")
    return label


def status_line(run: RunState) -> str:
    """Status and steps of a run, or why it failed."""
    if run.status == "failed":
        return run.message or "stopped"
    if run.status == "loading":
        return "loading…"
    if run.status == "paused" and run.message:
        return run.message.partition(":")[0]  # it was resumed: all of it stands in the tooltip
    steps = f"{thousands(run.step)} steps" if run.step else "untrained"
    return f"{run.status} · {steps}"


def thousands(number: int) -> str:
    """12431 as 12.4k."""
    if number < 1000:
        return str(number)
    text = f"{number / 1000:.1f}" if number < 100_000 else f"{number / 1000:.0f}"
    return f"{text.removesuffix('.0')}k"


def _column() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    return column
