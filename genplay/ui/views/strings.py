"""Many short texts in tidy columns: chosen, searched, zoomed, each with a mark and a number beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QSizePolicy, QToolTip

from genplay.ui import theme
from genplay.ui.views import lettering

ZOOMS = (10, 11, 12, 13, 14, 16, 18, 21, 24, 28)  # pixels of a letter
FIRST_ZOOM = 4
PAD, MARK, GAP = 10.0, 14.0, 12.0  # inside a cell; for the mark; before the note
FAINT = 0.3  # opacity of a text that is not searched for


class Mark(NamedTuple):
    """A dot beside a text: the name of its colour, filled or a ring, and what it means."""

    token: str
    filled: bool
    meaning: str


class _Layout(NamedTuple):
    columns: int
    rows: int
    width: float
    height: float


class Strings(QAbstractScrollArea):
    """Texts row by row in as many columns as fit. Arrow keys move the selection, Enter is a double click.

    ``Ctrl`` with the wheel, plus and minus changes the size of the letters. Dragging a text gives ``drag_out``.
    """

    clicked = Signal(int)
    double_clicked = Signal(int)
    selection_changed = Signal(int)  # -1 for none
    hovered = Signal(int)  # -1 for none
    drag_out = Signal(int)

    def __init__(self, ground: str = "background") -> None:
        super().__init__()
        self.ground, self.selectable, self.selected = ground, True, -1
        self.columns = 0  # how many; 0 as many as fit
        self.texts: tuple[str, ...] = ()
        self.marks: tuple[Mark | None, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.shades: tuple[Sequence[QColor | None], ...] = ()
        self.query = ""
        self.slots = 0
        self.zoom, self.grows = FIRST_ZOOM, False
        self._hover = -1
        self._pressed: tuple[QPointF, int] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 48)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Texts")
        theme.signals().changed.connect(self._repaint)

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def _repaint(self) -> None:
        self.viewport().update()

    # ---- what is shown

    def set_texts(
        self,
        texts: Sequence[str],
        marks: Sequence[Mark | None] = (),
        notes: Sequence[str] = (),
        shades: Sequence[Sequence[QColor | None]] = (),
        slots: int = 0,
    ) -> None:
        """Show texts, with a mark left and a note right of each, and grounds of its characters, where given.

        Cells are as wide as the longest of the texts wants, or ``slots`` characters.
        """
        self.texts, self.marks, self.notes, self.shades = tuple(texts), tuple(marks), tuple(notes), tuple(shades)
        self.slots = slots
        self._hover = -1
        if self.selected >= len(self.texts):
            self.select(-1)
        self._follow()

    def set_zoom(self, zoom: int) -> None:
        """The size of the letters, a place in ``ZOOMS``."""
        self.zoom, self.grows = min(max(zoom, 0), len(ZOOMS) - 1), False
        self._follow()

    def grow(self) -> None:
        """From now on, until the user chooses, letters are as large as they can be for all texts to be seen."""
        self.grows = True
        self._follow()

    def _grow(self) -> None:
        room = self.viewport().height()
        for self.zoom in range(len(ZOOMS) - 1, FIRST_ZOOM - 1, -1):
            place = self._layout()
            if place.rows * place.height <= room and place.width <= self.viewport().width():
                return

    def search(self, query: str) -> int:
        """Show faintly what does not hold ``query``; how many do."""
        self.query = query.casefold()
        self.viewport().update()
        return sum(self._is_found(i) for i in range(len(self.texts)))

    def _is_found(self, index: int) -> bool:
        return self.query in self.texts[index].casefold()

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, index: int) -> None:
        """Outline a text and scroll to it; -1 for none."""
        index = index if -1 <= index < len(self) else -1
        if index != self.selected:
            self.selected = index
            self._reveal()
            self.selection_changed.emit(index)
            self.viewport().update()

    def _reveal(self) -> None:
        if self.selected < 0:
            return
        cell, bar = self.cell_rect(self.selected), self.verticalScrollBar()
        if cell.top() < 0:
            bar.setValue(bar.value() + int(cell.top()))
        elif cell.bottom() > self.viewport().height():
            bar.setValue(bar.value() + int(cell.bottom()) - self.viewport().height() + 1)

    # ---- geometry

    @property
    def pixels(self) -> int:
        """Of a letter."""
        return ZOOMS[self.zoom]

    def _layout(self) -> _Layout:
        letter, line = lettering.cell(self.pixels)
        longest = max([self.slots, *(len(text) for text in self.texts), 1])
        width = 2 * PAD + longest * letter + (MARK if self.marks else 0) + self._note_width()
        room = max(1, self.viewport().width())
        columns = self.columns or max(1, min(int(room / width), max(1, len(self))))
        rows = -(-len(self) // columns)
        return _Layout(columns, rows, max(width, room / columns) if columns > 1 else room, round(line + 8))

    def _note_width(self) -> float:
        letter, _ = lettering.cell(self._note_pixels)
        return GAP + max(len(note) for note in self.notes) * letter if self.notes else 0.0

    @property
    def _note_pixels(self) -> int:
        return max(9, self.pixels - 3)

    def layout_columns(self) -> int:
        """How many texts stand in a row now."""
        return self._layout().columns

    def cell_rect(self, index: int) -> QRectF:
        """Where a text is, in the coordinates of the viewport."""
        place = self._layout()
        row, column = divmod(index, place.columns)
        top = row * place.height - self.verticalScrollBar().value()
        return QRectF(column * place.width, top, place.width, place.height)

    def index_at(self, point: QPointF) -> int:
        """The text under a point of the viewport, or -1."""
        place = self._layout()
        row = int((point.y() + self.verticalScrollBar().value()) // place.height)
        column = int(point.x() // place.width)
        index = row * place.columns + column
        return index if 0 <= column < place.columns and 0 <= index < len(self) else -1

    def _follow(self) -> None:
        if self.grows:
            self._grow()
        place, bar = self._layout(), self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(int(place.height))
        bar.setRange(0, max(0, int(place.rows * place.height) - self.viewport().height()))
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._follow()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.colour(self.ground))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place, top = self._layout(), self.verticalScrollBar().value()
        first = int(top // place.height) * place.columns
        last = (int((top + self.viewport().height()) // place.height) + 1) * place.columns
        for index in range(first, min(last, len(self))):
            self._paint_cell(painter, index, self.cell_rect(index))

    def _paint_cell(self, painter: QPainter, index: int, cell: QRectF) -> None:
        chosen = index == self.selected
        if chosen or (index == self._hover and self.selectable):
            painter.setPen(QPen(theme.colour("accent"), 1) if chosen else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if chosen else "hover"))
            painter.drawRoundedRect(cell.adjusted(1.5, 1.5, -1.5, -1.5), 5, 5)
        painter.setOpacity(1.0 if not self.query or self._is_found(index) else FAINT)
        left = cell.left() + PAD
        if self.marks:
            self._paint_mark(painter, self.marks[index], QPointF(left + 4, cell.center().y()))
            left += MARK
        shades = self.shades[index] if self.shades else ()
        text, middle = self.texts[index], cell.center().y()
        lettering.draw(painter, QPointF(left, middle), text, self.pixels, theme.colour("text"), shades)
        if not text:
            painter.setFont(theme.font(11))
            painter.setPen(theme.colour("dim"))
            painter.drawText(QRectF(left, cell.top(), 60, cell.height()), Qt.AlignmentFlag.AlignVCenter, "empty")
        if self.notes:
            letter, _ = lettering.cell(self._note_pixels)
            right = cell.right() - PAD - letter * len(self.notes[index])
            note = self.notes[index]
            lettering.draw(painter, QPointF(right, middle), note, self._note_pixels, theme.colour("dim"))
        painter.setOpacity(1.0)

    def _paint_mark(self, painter: QPainter, mark: Mark | None, middle: QPointF) -> None:
        if mark is not None:
            tint = theme.colour(mark.token)
            painter.setPen(QPen(tint, 1.5))
            painter.setBrush(tint if mark.filled else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(middle, 3, 3)

    # ---- pointer and keys

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            index = self.index_at(QPointF(event.pos()))
            mark = self.marks[index] if index >= 0 and self.marks else None
            QToolTip.showText(event.globalPos(), mark.meaning if mark else "", self.viewport())
            return True
        if event.type() == QEvent.Type.Leave and self._hover >= 0:
            self._hover = -1
            self.hovered.emit(-1)
            self.viewport().update()
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self.selectable:
            self._pressed = (event.position(), index) if index >= 0 else None
            self.select(index)
            if index >= 0:
                self.clicked.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.viewport().update()
        far = QApplication.startDragDistance()
        if self._pressed and (event.position() - self._pressed[0]).manhattanLength() > far:
            self.drag_out.emit(self._pressed[1])
            self._pressed = None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0 and self.selectable:
            self.double_clicked.emit(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self.zoom + (1 if event.angleDelta().y() > 0 else -1))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        moves |= {Qt.Key.Key_Up: -self.layout_columns(), Qt.Key.Key_Down: self.layout_columns()}
        key = Qt.Key(event.key())
        if key in moves and self.selectable and len(self):
            index = 0 if self.selected < 0 else self.selected + moves[key]
            if 0 <= index < len(self):
                self.select(index)
                self.clicked.emit(index)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.set_zoom(self.zoom + (-1 if key == Qt.Key.Key_Minus else 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected >= 0:
            self.double_clicked.emit(self.selected)
        else:
            event.ignore()
