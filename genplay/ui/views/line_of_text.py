"""One text as large as it fits, with the surprise of each character as its ground; characters can be pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import lettering

if TYPE_CHECKING:
    import numpy as np

MOST_BITS = 8.0  # of a character, at the bright end of the scale
STRONGEST = 0.45  # opacity there
EDGE = 4.0
CAPTION = 16.0  # below a line, for the bits of its characters
LARGEST = 34
LEAST_CELL = 18.0  # width of a cell below which there is no room for numbers
END = "⏎"


def shade(bits: float, most: float = MOST_BITS) -> QColor | None:
    """The ground of a character of so many bits: the less expected it is, the stronger."""
    if bits != bits or bits <= 0:
        return None
    tint = QColor(theme.colour("warn"))
    tint.setAlphaF(STRONGEST * min(1.0, bits / most))
    return tint


class LineOfText(QWidget):
    """A text in lines, its characters in cells; ``bits`` (L,) tint them and stand below. The end of a text is a place
    of its own.

    With ``selectable`` a click or the arrow keys choose a place (``chosen``), the mouse hovers (``hovered``, -1 for
    none), and typing gives ``typed``.
    """

    chosen = Signal(int)
    hovered = Signal(int)
    typed = Signal(str)
    erased = Signal()

    def __init__(self, *, selectable: bool = False, numbers: bool = True) -> None:
        super().__init__()
        self.selectable, self.numbers = selectable, numbers
        self.text = ""
        self.bits: np.ndarray | None = None
        self.fixed: frozenset[int] = frozenset()  # places that are underlined
        self.length = 0  # places; 0: the characters and the end
        self.selected = -1
        self.largest = LARGEST
        self._hover = -1
        self.setMouseTracking(selectable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if selectable else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals().changed.connect(self.update)

    def set_text(self, text: str, bits: np.ndarray | None = None, length: int = 0) -> None:
        """Show a text of at most ``length`` places, with the bits of its characters where they are known."""
        self.text, self.bits, self.length = text, bits, length
        self.setAccessibleName(f"Text: {text}")
        self.updateGeometry()
        self.update()

    def set_fixed(self, places: frozenset[int]) -> None:
        """Underline places that are kept."""
        self.fixed = places
        self.update()

    def select(self, place: int) -> None:
        """Outline a place."""
        self.selected = place
        self.update()

    # ---- geometry

    @property
    def places(self) -> int:
        """How many cells there are: the characters, and the end where there is room for one."""
        return min(self.length or 1 << 30, len(self.text) + 1)

    def _pixels(self) -> int:
        room = max(40.0, self.width() - 2 * EDGE)
        fits = lettering.size_for(["x" * max(6, self.length or len(self.text) + 1)], room, largest=self.largest)
        return max(fits, 14)

    def _across(self) -> int:
        return max(1, int((self.width() - 2 * EDGE) / lettering.cell(self._pixels())[0]))

    def _line_height(self) -> float:
        return lettering.cell(self._pixels())[1] + 6 + (CAPTION if self.numbers else 0)

    def sizeHint(self) -> QSize:
        whole = max(self.length, len(self.text) + 1)
        lines = -(-whole // self._across())
        return QSize(240, round(2 * EDGE + lines * self._line_height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()

    def cell_rect(self, place: int) -> QRectF:
        """Where a character is."""
        width, height = lettering.cell(self._pixels())
        row, column = divmod(place, self._across())
        return QRectF(EDGE + column * width, EDGE + row * self._line_height(), width, height + 2)

    def place_at(self, point: QPointF) -> int:
        """The place under a point of the widget, or -1."""
        hits = (i for i in range(self.places) if self.cell_rect(i).adjusted(0, 0, 0, CAPTION).contains(point))
        return next(hits, -1)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in range(self.places):
            self._paint_place(painter, place, self.cell_rect(place))

    def _paint_place(self, painter: QPainter, place: int, cell: QRectF) -> None:
        bits = float(self.bits[place]) if self.bits is not None and place < len(self.bits) else float("nan")
        ground = shade(bits)
        if ground is not None:
            painter.fillRect(cell.adjusted(0.5, 0, -0.5, 0), ground)
        at_end = place >= len(self.text)
        sign = END if at_end else self.text[place]
        tint = theme.colour("dim" if at_end else "text")
        middle = QPointF(cell.left(), cell.center().y())
        if at_end:
            painter.setPen(tint)
            painter.setFont(theme.font(max(10, round(self._pixels() * 0.5))))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, sign)
        else:
            lettering.draw(painter, middle, sign, self._pixels(), tint)
        if place in self.fixed:
            painter.fillRect(QRectF(cell.left() + 2, cell.bottom() - 2, cell.width() - 4, 2), theme.colour("accent"))
        self._outline(painter, place, cell)
        if self.numbers and bits == bits and cell.width() >= LEAST_CELL:
            painter.setFont(theme.font(10))
            painter.setPen(theme.colour("dim"))
            below = QRectF(cell.left() - 4, cell.bottom() + 1, cell.width() + 8, CAPTION - 2)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{bits:.1f}")

    def _outline(self, painter: QPainter, place: int, cell: QRectF) -> None:
        if self.selectable and place in (self.selected, self._hover):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent" if place == self.selected else "dim"), 1.5))
            painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)

    # ---- pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if place != self._hover:
            self._hover = place
            self.hovered.emit(place)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        if self._hover >= 0:
            self._hover = -1
            self.hovered.emit(-1)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if self.selectable and place >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: self.selected - 1, Qt.Key.Key_Right: self.selected + 1, Qt.Key.Key_Home: 0}
        moves[Qt.Key.Key_End] = self.places - 1
        key = Qt.Key(event.key())
        if key in moves:
            self.chosen.emit(min(max(moves[key], 0), self.places - 1))
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.erased.emit()
        elif event.text() and event.text().isprintable() and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)
