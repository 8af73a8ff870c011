"""Pictures in columns: what went in, what came out, and what that is compared with, a score under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.sides import scored, side_text

HEAD, CAPTION, GAP, RIM = 82, 16, 8, 3
LEAST = 34  # logical pixels of a picture's side: room for the score under it
FEWEST = 4  # columns that large pictures make room for


class Line(NamedTuple):
    """A row: its name, pictures uint8 (N, H, W, C) and their scores (N,)."""

    name: str
    x: np.ndarray
    score: np.ndarray


class _Place(NamedTuple):
    scale: float  # logical pixels a picture pixel
    columns: int
    step_x: float
    step_y: float


class TranslationGrid(QWidget):
    """As many columns as there is room for. Scores above ``threshold`` are in the colour of real ones.

    The mouse hovers and selects a column, arrow keys move the selection; -1 is none.
    """

    hovered = Signal(int)
    selection_changed = Signal(int)
    drag_out = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[Line, ...] = ()
        self.threshold = 0.0
        self.selected = self._hover = -1
        self._atlases: tuple[QImage, ...] = ()
        self._pressed: tuple[QPointF, int] | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(HEAD + 3 * LEAST, 3 * (LEAST + CAPTION))
        self.setAccessibleName("Pictures and their translations")

    def sizeHint(self) -> QSize:
        return QSize(640, 280)

    def set_lines(self, lines: Sequence[Line], threshold: float) -> None:
        """Show other rows of the same number of pictures each; the selection stays where it can."""
        self.lines, self.threshold = tuple(lines), threshold
        self._atlases = tuple(_stacked(line.x) for line in lines)
        self._hover = self._hover if self._hover < len(self) else -1
        if self.selected >= len(self):
            self.select(-1)
        self.setAccessibleDescription(", ".join(f"{line.name}: {self.told(line)}" for line in lines))
        self.update()

    def __len__(self) -> int:
        return len(self.lines[0].x) if self.lines else 0

    def told(self, line: Line) -> str:
        """Which share of a row is taken for real."""
        return f"{100 * float((line.score >= self.threshold).mean()):.0f} % real"

    @property
    def columns(self) -> int:
        """How many columns are shown."""
        return self._place().columns

    def select(self, index: int) -> None:
        """Outline a column; -1 for none."""
        index = index if -1 <= index < len(self) else -1
        if index != self.selected:
            self.selected = index
            self.selection_changed.emit(index)
            self.update()

    # ---- what is where

    def cell_rect(self, line: int, column: int) -> QRectF:
        """Where a picture is."""
        place = self._place()
        height, width = self.lines[line].x.shape[1:3]
        left, top = HEAD + RIM + column * place.step_x, RIM + line * place.step_y
        return QRectF(left, top, width * place.scale, height * place.scale)

    def column_at(self, point: QPointF) -> int:
        """The column under a point, or -1."""
        for column in range(self.columns if self.lines else 0):
            if self._column_rect(column).contains(point):
                return column
        return -1

    def _column_rect(self, column: int) -> QRectF:
        last = len(self.lines) - 1
        whole = self.cell_rect(0, column).united(self.cell_rect(last, column))
        return whole.adjusted(0, 0, 0, CAPTION)

    def _place(self) -> _Place:
        if not self.lines:
            return _Place(1.0, 0, 1.0, 1.0)
        rows, (n, height, width, _) = len(self.lines), self.lines[0].x.shape
        ratio = self.devicePixelRatioF()
        room = self.width() - HEAD - 2 * RIM
        tall = (self.height() - 2 * RIM - (rows - 1) * GAP) / rows - CAPTION
        wide = (room + GAP) / min(n, FEWEST) - GAP
        least = max(1, -(-int(LEAST * ratio) // width)) / ratio
        scale = max(pixels.whole_factor(max(1.0, wide), max(1.0, tall), width, height, ratio), least)
        step_x, step_y = width * scale + GAP, height * scale + CAPTION + GAP
        return _Place(scale, max(1, min(n, int((room + GAP) // step_x))), step_x, step_y)

    # ---- paint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour("background"))
        if not self.lines:
            return
        for number, (line, atlas) in enumerate(zip(self.lines, self._atlases)):
            self._draw_head(painter, number, line)
            height, width = line.x.shape[1:3]
            for column in range(self.columns):
                target = self.cell_rect(number, column)
                pixels.draw(painter, target, atlas, QRectF(0, column * height, width, height))
                self._draw_score(painter, target, float(line.score[column]))
        self._draw_outlines(painter)

    def _draw_head(self, painter: QPainter, number: int, line: Line) -> None:
        middle = self.cell_rect(number, 0).center().y()
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font(13, QFont.Weight.DemiBold))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(RIM, middle - 18, HEAD - 8, 18), align, line.name)
        painter.setPen(theme.colour("dim"))
        painter.setFont(theme.font(12))
        painter.drawText(QRectF(RIM, middle, HEAD - 8, 18), align, self.told(line))

    def _draw_score(self, painter: QPainter, above: QRectF, score: float) -> None:
        painter.setPen(side_text(score >= self.threshold))
        painter.setFont(theme.font(11))
        area = QRectF(above.left() - GAP / 2, above.bottom() + 1, above.width() + GAP, CAPTION - 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, scored(score))

    def _draw_outlines(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for column, token, wide in ((self._hover, "dim", 1), (self.selected, "accent", 2)):
            if 0 <= column < self.columns:
                painter.setPen(QPen(theme.colour(token), wide))
                painter.drawRect(self._column_rect(column).adjusted(-2, -2, 2, 0))

    # ---- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        held = self._pressed
        if held and (event.position() - held[0]).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self.drag_out.emit(held[1])
            return
        self._set_hover(self.column_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(-1)

    def _set_hover(self, column: int) -> None:
        if column != self._hover:
            self._hover = column
            self.hovered.emit(column)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        column = self.column_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and column >= 0:
            self._pressed = event.position(), column

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, self._pressed = self._pressed, None
        if held is not None and self.column_at(event.position()) == held[1]:
            self.select(held[1] if held[1] != self.selected else -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not len(self):
            super().keyPressEvent(event)
            return
        self.select(max(0, min(self.columns - 1, self.selected + step)))


def _stacked(x: np.ndarray) -> QImage:
    n, height, width, channels = x.shape
    return pixels.to_qimage(x.reshape(n * height, width, channels))
