"""Many small pictures in rows, each at the same whole factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

if TYPE_CHECKING:
    import numpy as np

CAPTION = 16  # logical pixels for a line of text below a picture


class _Layout(NamedTuple):
    columns: int
    rows: int
    scale: float  # logical pixels a picture pixel
    left: float
    top: float
    step_x: float
    step_y: float


class ImageGrid(QWidget):
    """Pictures uint8 (N, H, W, C) at the largest whole factor at which all fit; ``columns`` 0 chooses their number.

    The mouse hovers and selects, arrow keys move the selection, Enter is a double click. Dragging a picture gives
    ``drag_out``: the owner may then start a drag out of the window.
    """

    clicked = Signal(int)
    double_clicked = Signal(int)
    selection_changed = Signal(int)  # -1 for none
    hovered = Signal(int)  # -1 for none
    drag_out = Signal(int)

    def __init__(
        self, parent: QWidget | None = None, *, columns: int = 0, gap: int = 4, ground: str = "background"
    ) -> None:
        super().__init__(parent)
        self.columns, self.gap, self.ground = columns, gap, ground
        self.largest = 0  # greatest scale in logical pixels, 0 for no limit
        self.align = Qt.AlignmentFlag.AlignCenter
        self.inset = 0  # pixels kept free around them, so that an outline is not cut off
        self.selectable = True
        self.selected = -1
        self._hover = -1
        self._x: np.ndarray | None = None
        self._captions: tuple[str, ...] = ()
        self._slots = 0
        self._atlas: QImage | None = None
        self._pressed: tuple[QPointF, int] | None = None
        self._placed: tuple[tuple[object, ...], _Layout] | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(48, 32)
        self.setAccessibleName("Pictures")

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def set_images(self, x: np.ndarray | None, captions: Sequence[str] = (), slots: int = 0) -> None:
        """Show uint8 (N, H, W, C), with a line of text below each if given. The selection stays where it can.

        The layout leaves room for ``slots`` pictures, if more are to come.
        """
        self._slots = slots
        self._x = x if x is not None and len(x) else None
        self._captions = tuple(captions)
        self._atlas = None
        if self._x is not None:
            n, height, width, channels = self._x.shape
            self._atlas = pixels.to_qimage(self._x.reshape(n * height, width, channels))
        self._hover = self._hover if self._hover < len(self) else -1
        if self.selected >= len(self):
            self.select(-1)
        self.update()

    def __len__(self) -> int:
        return 0 if self._x is None else len(self._x)

    @property
    def images(self) -> np.ndarray | None:
        """What is shown, uint8 (N, H, W, C)."""
        return self._x

    def select(self, index: int) -> None:
        """Outline a picture; -1 for none."""
        index = index if -1 <= index < len(self) else -1
        if index != self.selected:
            self.selected = index
            self.selection_changed.emit(index)
            self.update()

    def layout_columns(self) -> int:
        """How many pictures stand in a row now."""
        return self._layout().columns

    def cell_rect(self, index: int) -> QRectF:
        """Where picture ``index`` is, in the widget's coordinates."""
        assert self._x is not None
        place = self._layout()
        row, column = divmod(index, place.columns)
        height, width = self._x.shape[1:3]
        left, top = place.left + column * place.step_x, place.top + row * place.step_y
        return QRectF(left, top, width * place.scale, height * place.scale)

    def index_at(self, point: QPointF) -> int:
        """The picture under a point of the widget, or -1."""
        if self._x is None:
            return -1
        place = self._layout()
        column, row = int((point.x() - place.left) // place.step_x), int((point.y() - place.top) // place.step_y)
        if not (0 <= column < place.columns and 0 <= row < place.rows):
            return -1
        index = row * place.columns + column
        return index if index < len(self) and self.cell_rect(index).contains(point) else -1

    def _layout(self) -> _Layout:
        shape = self._x.shape if self._x is not None else ()
        key = (
            self.size(),
            shape,
            self._slots,
            self.columns,
            self.gap,
            self.largest,
            self.align,
            self.inset,
            self._caption_height(),
        )
        if self._placed is None or self._placed[0] != (*key, self.devicePixelRatioF()):
            self._placed = (*key, self.devicePixelRatioF()), self._place()
        return self._placed[1]

    def _place(self) -> _Layout:
        n = max(1, len(self), self._slots)
        height, width = self._x.shape[1:3] if self._x is not None else (1, 1)
        candidates = [min(self.columns, n)] if self.columns else range(1, n + 1)
        best = max(
            (self._scale(columns, n, width, height), n % columns == 0, -abs(columns - n / columns), columns)
            for columns in candidates
        )
        scale, columns = best[0], best[-1]
        rows = -(-n // columns)
        ratio = self.devicePixelRatioF()
        step_x, step_y = width * scale + self.gap, height * scale + self.gap + self._caption_height()
        used_x, used_y = columns * step_x - self.gap, rows * step_y - self.gap
        at_left = bool(self.align & Qt.AlignmentFlag.AlignLeft)
        at_top = bool(self.align & Qt.AlignmentFlag.AlignTop)
        left = float(self.inset) if at_left else int((self.width() - used_x) / 2 * ratio) / ratio
        top = float(self.inset) if at_top else int((self.height() - used_y) / 2 * ratio) / ratio
        return _Layout(columns, rows, scale, max(0.0, left), max(0.0, top), step_x, step_y)

    def _scale(self, columns: int, n: int, width: int, height: int) -> float:
        rows = -(-n // columns)
        room_x = (self.width() - 2 * self.inset - (columns - 1) * self.gap) / columns
        room_y = (self.height() - 2 * self.inset - (rows - 1) * self.gap) / rows - self._caption_height()
        scale = pixels.whole_factor(max(1.0, room_x), max(1.0, room_y), width, height, self.devicePixelRatioF())
        return min(scale, self.largest) if self.largest else scale

    def _caption_height(self) -> int:
        return CAPTION if self._captions else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour(self.ground))
        if self._x is None or self._atlas is None:
            return
        height, width = self._x.shape[1:3]
        place = self._layout()
        for index in range(len(self)):
            row, column = divmod(index, place.columns)
            left, top = place.left + column * place.step_x, place.top + row * place.step_y
            target = QRectF(left, top, width * place.scale, height * place.scale)
            pixels.draw(painter, target, self._atlas, QRectF(0, index * height, width, height))
            if index < len(self._captions):
                self._draw_caption(painter, target, self._captions[index])
        self._draw_outlines(painter)

    def _draw_caption(self, painter: QPainter, above: QRectF, text: str) -> None:
        painter.setPen(theme.colour("dim"))
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        area = QRectF(above.left(), above.bottom() + 1, above.width(), CAPTION - 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_outlines(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if 0 <= self._hover < len(self) and self._hover != self.selected:
            painter.setPen(QPen(theme.colour("dim"), 1))
            painter.drawRect(self.cell_rect(self._hover).adjusted(-1, -1, 1, 1))
        if 0 <= self.selected < len(self):
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(self.cell_rect(self.selected).adjusted(-1, -1, 1, 1))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if (
            self._pressed
            and (event.position() - self._pressed[0]).manhattanLength() >= QApplication.startDragDistance()
        ):
            index, self._pressed = self._pressed[1], None
            self.drag_out.emit(index)
            return
        self._set_hover(self.index_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(-1)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self._pressed = event.position(), index

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        index, self._pressed = self._pressed[1], None
        if self.index_at(event.position()) == index:
            if self.selectable:
                self.select(index)
            self.clicked.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0:
            self.double_clicked.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected >= 0:
            self.double_clicked.emit(self.selected)
            return
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        steps |= {Qt.Key.Key_Up: -self._layout().columns, Qt.Key.Key_Down: self._layout().columns}
        steps |= {Qt.Key.Key_Home: -len(self), Qt.Key.Key_End: len(self)}
        if not self.selectable or key not in steps or not len(self):
            super().keyPressEvent(event)
            return
        self._move_selection(steps[Qt.Key(key)])

    def _move_selection(self, step: int) -> None:
        index = 0 if self.selected < 0 else self.selected + step
        if not 0 <= index < len(self):
            index = max(0, min(len(self) - 1, index)) if abs(step) in (1, len(self)) else self.selected
        self.select(index)
        self.clicked.emit(index)
