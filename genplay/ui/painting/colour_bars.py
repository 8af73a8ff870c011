"""The most probable colours of a pixel as bars of those colours; the one drawn is marked, what is cut off is grey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views.paint_tools import as_colour

ROW, SWATCH, NUMBER, MARK = 22, 14, 58, 12  # pixels: a row, its square, room for the percentage, for the mark
LEAST, MOST = 3, 16  # rows


@dataclass(frozen=True, eq=False)
class Distribution:
    """What one part of a pixel is drawn from: ``probs`` (V,) of the model, ``kept`` (V,) after sharpening,
    ``swatches`` (V, C) uint8, and the value ``drawn`` (-1 for none)."""

    probs: np.ndarray
    kept: np.ndarray
    swatches: np.ndarray
    drawn: int = -1
    name: str = "colour"


class ColourBars(QWidget):
    """A row a colour, likeliest first, as many as fit. ``clicked`` gives the value of a row; arrow keys and Enter too.

    A bar is as long as its probability after sharpening; the thin line is what the model says itself.
    """

    clicked = Signal(int)
    what = "paint the pixel so"  # what a click does

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Distribution | None = None
        self.rows: tuple[int, ...] = ()
        self._hover = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Distribution of this pixel")

    def sizeHint(self) -> QSize:
        return QSize(260, ROW * 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, ROW * (LEAST + 1))

    def set_distribution(self, shown: Distribution | None) -> None:
        """Show a distribution, or nothing."""
        self.shown = shown
        self._choose_rows()
        self._hover = self._hover if self._hover < len(self.rows) else -1
        told = (f"{self._name(v)} {percent(float(shown.kept[v]))}" for v in self.rows[:5]) if shown else ()
        self.setAccessibleDescription(", ".join(told))
        self.update()

    def _choose_rows(self) -> None:
        """The likeliest values that fit, and the one drawn in the last row if it is not among them."""
        if self.shown is None:
            self.rows = ()
            return
        room = max(LEAST, min(MOST, self.height() // ROW - 1))
        order = np.argsort(-self.shown.probs, kind="stable")[:room].tolist()
        drawn = self.shown.drawn
        if drawn >= 0 and drawn not in order:
            order[-1] = drawn
        self.rows = tuple(order)

    def row_rect(self, index: int) -> QRectF:
        """Where a row is."""
        return QRectF(0, index * ROW, self.width(), ROW)

    def index_at(self, point: QPointF) -> int:
        """The row under a point, or -1."""
        index = int(point.y() // ROW)
        return index if 0 <= index < len(self.rows) and 0 <= point.x() < self.width() else -1

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(12))
        if self.shown is None:
            return
        most = max(float(self.shown.kept.max()), float(self.shown.probs.max()), 1e-9)
        for index in range(len(self.rows)):
            self._draw_row(painter, index, most)
        self._draw_rest(painter)
        if self.hasFocus() and self._hover < 0:
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _draw_row(self, painter: QPainter, index: int, most: float) -> None:
        assert self.shown is not None
        value, place = self.rows[index], self.row_rect(index)
        raw, kept = float(self.shown.probs[value]), float(self.shown.kept[value])
        drawn, cut = value == self.shown.drawn, kept <= 0
        if index == self._hover or drawn:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if drawn else "hover"))
            painter.drawRoundedRect(place.adjusted(0, 1, 0, -1), 4, 4)
        tint = self._tint(value)
        middle = place.center().y()
        if drawn:
            _draw_mark(painter, QPointF(3, middle))
        square = QRectF(MARK, middle - SWATCH / 2, SWATCH, SWATCH)
        self._draw_sign(painter, square, value)
        left = square.right() + 8
        span = self.width() - left - NUMBER
        bar = QRectF(left, middle - 6, max(1.0, span * (raw if cut else kept) / most), 12)
        painter.setPen(QPen(theme.colour("disabled" if cut else "line"), 1))
        painter.setBrush(QColor(0, 0, 0, 0) if cut else tint)
        painter.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        if abs(raw - kept) > 5e-4 and not cut:
            x = round(left + span * raw / most) + 0.5
            painter.setPen(QPen(theme.colour("dim"), 1))
            painter.drawLine(QPointF(x, place.top() + 3), QPointF(x, place.bottom() - 3))
        painter.setPen(theme.colour("disabled" if cut else "text"))
        area = QRectF(self.width() - NUMBER, place.top(), NUMBER - 4, ROW)
        text = "cut off" if cut else percent(kept)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _tint(self, value: int) -> QColor:
        """The colour of the bar of a value."""
        assert self.shown is not None
        return as_colour(tuple(int(v) for v in self.shown.swatches[value]))

    def _draw_sign(self, painter: QPainter, square: QRectF, value: int) -> None:
        """What stands for a value before its bar."""
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(self._tint(value))
        painter.drawRoundedRect(square.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)

    def _draw_rest(self, painter: QPainter) -> None:
        assert self.shown is not None
        left = len(self.shown.probs) - len(self.rows)
        if left > 0:
            share = float(np.delete(self.shown.kept, self.rows).sum())
            text = f"{left} other{'' if left == 1 else 's'}: {percent(share)} together"
            painter.setPen(theme.colour("dim"))
            area = QRectF(MARK, len(self.rows) * ROW, self.width() - MARK - 4, ROW)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _name(self, value: int) -> str:
        assert self.shown is not None
        return colour_name(self.shown.swatches[value])

    # ---- pointer and keys

    def resizeEvent(self, event: object) -> None:
        self._choose_rows()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.index_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.rows[index])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and self.rows:
            self._point_at(min(max(self._hover + step, 0), len(self.rows) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._hover >= 0:
            self.clicked.emit(self.rows[self._hover])
        else:
            super().keyPressEvent(event)

    def _point_at(self, index: int) -> None:
        if index == self._hover:
            return
        self._hover = index
        if index >= 0 and self.shown is not None:
            value = self.rows[index]
            raw, kept = float(self.shown.probs[value]), float(self.shown.kept[value])
            said = "cut off" if kept <= 0 else percent(kept)
            self.setToolTip(f"{self._name(value)}: {said}, by the model {percent(raw)}\nClick to {self.what}")
        self.update()


def _draw_mark(painter: QPainter, at: QPointF) -> None:
    """A small triangle that points at the value drawn."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("accent"))
    x, y = at.x(), at.y()
    painter.drawPolygon([QPointF(x, y - 4), QPointF(x + 6, y), QPointF(x, y + 4)])


def percent(share: float) -> str:
    """A share in [0, 1] in words that never read as nothing at all.

    >>> percent(0.5), percent(0.0312), percent(0.00001), percent(0.0)
    ('50 %', '3.1 %', '<0.1 %', '0 %')
    """
    if share >= 0.0995:
        return f"{100 * share:.0f} %"
    if share >= 0.0005:
        return f"{100 * share:.1f} %"
    return "<0.1 %" if share > 0 else "0 %"


def colour_name(values: np.ndarray) -> str:
    """A colour (C,) as it is written: #rrggbb, or the grey value.

    >>> colour_name(np.array([255, 0, 16])), colour_name(np.array([7]))
    ('#ff0010', 'grey 7')
    """
    if len(values) == 1:
        return f"grey {int(values[0])}"
    return "#" + "".join(f"{int(v):02x}" for v in values)
