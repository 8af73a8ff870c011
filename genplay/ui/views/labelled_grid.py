"""Pictures in rows and columns that have headings: what two settings do to the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

if TYPE_CHECKING:
    import numpy as np

HEAD, TEXT, GAP, MARGIN = 20, 11, 2, 8
LEAST = 28
MARKER = 8  # of the triangle beside the headings of rows


class _Place(NamedTuple):
    factor: float  # logical pixels a picture pixel
    left: float  # of the first cell, after the headings of rows and the marker
    top: float
    step_x: float
    step_y: float


class LabelledGrid(QWidget):
    """uint8 pictures (R * C, H, W, C'), row-major, at the largest factor at which all fit, from the top left corner.

    It asks for the room in which they are at least ``LEAST`` pixels high. A click chooses a row.

    ``marker`` is a place between rows that a triangle points at (1.5: between the second and the third), None for none.
    With the keyboard Up and Down light up a row, Enter chooses it.
    """

    row_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, corner: str = "") -> None:
        super().__init__(parent)
        self.corner = corner
        self.rows: tuple[str, ...] = ()
        self.columns: tuple[str, ...] = ()
        self.marker: float | None = None
        self.lit = -1
        self._x: np.ndarray | None = None
        self._atlas: QImage | None = None
        self._placed: tuple[tuple[object, ...], _Place] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Grid of pictures")

    def sizeHint(self) -> QSize:
        return QSize(420, 360)

    def set_cells(self, x: np.ndarray | None, rows: Sequence[str] = (), columns: Sequence[str] = ()) -> None:
        """Show pictures under their headings, None for nothing."""
        self._x, self.rows, self.columns = x, tuple(rows), tuple(columns)
        self._atlas = None
        if x is not None:
            n, height, width, channels = x.shape
            self._atlas = pixels.to_qimage(x.reshape(n * height, width, channels))
        self.lit = min(self.lit, len(self.rows) - 1)
        self._ask_for_room()
        self.update()

    def _ask_for_room(self) -> None:
        width, height = self._side()
        least = -(-LEAST // height) if self._x is not None else 0
        across = self._label_room() + len(self.columns) * (width * least + GAP)
        self.setMinimumSize(max(160, across), max(120, HEAD + len(self.rows) * (height * least + GAP)))

    def set_marker(self, row: float | None) -> None:
        """Point at a place between rows; the pictures are not drawn anew."""
        if row != self.marker:
            self.marker = row
            self.update(QRect(0, 0, int(self._place().left), self.height()))

    @property
    def images(self) -> np.ndarray | None:
        """What is shown."""
        return self._x

    # ---- geometry

    def _side(self) -> tuple[int, int]:
        """Width and height of a picture, in its pixels."""
        return (self._x.shape[2], self._x.shape[1]) if self._x is not None else (1, 1)

    def _label_room(self) -> int:
        """Logical pixels for the headings of rows and the marker."""
        metrics = QFontMetrics(theme.font(12))
        return max((metrics.horizontalAdvance(text) for text in (*self.rows, self.corner)), default=0) + MARKER + MARGIN

    def _place(self) -> _Place:
        """Where everything is, worked out once for what is shown and the room there is."""
        key = (self.size(), self.devicePixelRatioF(), self._side(), self.rows, self.columns, self.corner)
        if self._placed is None or self._placed[0] != key:
            self._placed = key, self._place_anew()
        return self._placed[1]

    def _place_anew(self) -> _Place:
        (width, height), ratio = self._side(), self.devicePixelRatioF()
        columns, rows, label = max(1, len(self.columns)), max(1, len(self.rows)), self._label_room()
        room_x, room_y = (self.width() - label) / columns - GAP, (self.height() - HEAD) / rows - GAP
        factor = pixels.whole_factor(max(1.0, room_x), max(1.0, room_y), width, height, ratio)
        widest = max((QFontMetrics(theme.font(TEXT)).horizontalAdvance(t) for t in self.columns), default=0) + 8
        step_x = min(max(width * factor + GAP, widest), (self.width() - label) / columns)
        step_y = height * factor + GAP
        return _Place(factor, label, HEAD, int(step_x * ratio) / ratio, step_y)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell is, in the widget's coordinates."""
        place, (width, height) = self._place(), self._side()
        inset = int((place.step_x - GAP - width * place.factor) / 2)
        left, top = place.left + column * place.step_x + max(0, inset), place.top + row * place.step_y
        return QRectF(left, top, width * place.factor, height * place.factor)

    def row_rect(self, row: int) -> QRectF:
        """A whole row with its heading."""
        place, last = self._place(), self.cell_rect(row, max(0, len(self.columns) - 1))
        return QRectF(MARKER, place.top + row * place.step_y, last.right() - MARKER, place.step_y - GAP)

    def row_at(self, point: QPointF) -> int:
        """The row under a point, -1 for none."""
        return next((row for row in range(len(self.rows)) if self.row_rect(row).contains(point)), -1)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour("background"))
        if self._atlas is None:
            return
        self._draw_row_heads(painter)
        if event.rect().right() >= self._place().left:
            self._draw_column_heads(painter)
            self._draw_cells(painter, self._atlas)
        if self.lit >= 0:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1))
            painter.drawRoundedRect(self.row_rect(self.lit).adjusted(-1.5, -1.5, 2.5, 1.5), 2, 2)
        self._draw_marker(painter)

    def _draw_cells(self, painter: QPainter, atlas: QImage) -> None:
        width, height = self._side()
        for row in range(len(self.rows)):
            for column in range(len(self.columns)):
                source = QRectF(0, (row * len(self.columns) + column) * height, width, height)
                pixels.draw(painter, self.cell_rect(row, column), atlas, source)

    def _draw_column_heads(self, painter: QPainter) -> None:
        place = self._place()
        painter.setFont(theme.font(TEXT))
        painter.setPen(theme.colour("dim"))
        metrics = painter.fontMetrics()
        top = place.top - HEAD
        for column, text in enumerate(self.columns):
            cell = QRectF(place.left + column * place.step_x, top, place.step_x - GAP, HEAD - 4)
            short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(cell.width()))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, short)

    def _draw_row_heads(self, painter: QPainter) -> None:
        place = self._place()
        painter.setFont(theme.font(TEXT))
        painter.setPen(theme.colour("dim"))
        painter.drawText(QRectF(0, place.top - HEAD, place.left - MARGIN, HEAD - 4), _RIGHT, self.corner)
        for row, text in enumerate(self.rows):
            here = self.marker is not None and abs(self.marker - row) < 0.02
            painter.setPen(theme.colour("text" if here or row == self.lit else "dim"))
            painter.setFont(theme.font(12, QFont.Weight.DemiBold if here else QFont.Weight.Normal))
            area = QRectF(0, place.top + row * place.step_y, place.left - MARGIN, place.step_y - GAP)
            painter.drawText(area, _RIGHT, text)

    def _draw_marker(self, painter: QPainter) -> None:
        if self.marker is None:
            return
        place = self._place()
        y = place.top + (self.marker + 0.5) * place.step_y - GAP / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawPolygon([QPointF(0, y - 4), QPointF(6, y), QPointF(0, y + 4)])

    # ---- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the row under the pointer."""
        self._light(self.row_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._light(-1)

    def _light(self, row: int) -> None:
        if row != self.lit:
            self.lit = row
            self.setCursor(Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the row under the pointer."""
        row = self.row_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.row_clicked.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down light up a row, Enter chooses it."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and self.rows:
            self._light(min(max(self.lit + step, 0), len(self.rows) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.lit >= 0:
            self.row_clicked.emit(self.lit)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The light goes with the focus."""
        self._light(-1)
        super().focusOutEvent(event)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
