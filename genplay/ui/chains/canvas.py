"""The landscape with the chains that walk on it; click or drag to start others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from genplay.ui import theme
from genplay.ui.density.field_canvas import Drawn, FieldCanvas
from genplay.ui.views import pixels
from genplay.ui.views.batches import draw_lines
from genplay.ui.views.game_layers import draw_points
from genplay.ui.views.picture import ARROWS

CHAIN = {"dark": "#FF7AB8", "light": "#D0126B"}
NEGATIVE = {"dark": "#FFB347", "light": "#9A5B00"}
DATA = {"dark": "#8CC8F0", "light": "#1D5C91"}
HEAD, RING, DOT, START = 7.0, 9.5, 3.0, 8.0  # diameters in pixels
FADES = ((0.8, 1 / 6), (0.5, 2 / 6), (0.3, 4 / 6), (0.15, 1.0))  # opacity of the trail up to this share of its age
APART, NEAR = 14.0, 9.0  # pixels between starts drawn by dragging; within which a click takes one away
STEP, WIDEST = 0.05, 1.24  # of the cursor that the arrow keys carry; how far out chains may start


def tint(colours: dict[str, str], opacity: float = 1.0) -> QColor:
    """The colour of a kind of point in the theme on show."""
    colour = QColor(colours[theme.shown()])
    colour.setAlphaF(opacity)
    return colour


@dataclass(frozen=True)
class Walkers:
    """The chains on show: ``trail`` (K, N, 2), oldest first, the last of it being where they are now."""

    trail: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 2)))
    focus: int = -1


class ChainCanvas(FieldCanvas):
    """``placed`` gives places to start from: all of them, after a whole gesture. Arrow keys and Space do the same."""

    placed = Signal(object)  # (P, 2)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Energy landscape", parent)
        self.data = self.negatives = np.zeros((0, 2))
        self.walkers = Walkers()
        self.starts = np.zeros((0, 2))
        self._gesture: np.ndarray | None = None
        self._last = QPointF()
        self._cursor: tuple[float, float] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleDescription("Arrow keys move a cursor, Space starts chains there or takes a start away")
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(420, 360)

    def show_ground(self, drawn: Drawn | None, data: np.ndarray, negatives: np.ndarray) -> None:
        """The landscape, data (N, 2) and samples of the negative phase (M, 2): drawn once."""
        self.data, self.negatives = data, negatives
        self.show_field(drawn)

    def show_walkers(self, walkers: Walkers) -> None:
        """Where the chains are: drawn on top, often."""
        self.walkers = walkers
        self.update()

    def show_starts(self, starts: np.ndarray) -> None:
        """Places (P, 2) that were chosen to start from."""
        self.starts = starts
        self.update()

    def whole_picture(self) -> np.ndarray:
        """The square with all chains as it is on screen, uint8 (H, W, 3)."""
        ratio = self.devicePixelRatioF()
        area = QRectF(self._square().toRect())
        shown = QImage(self.size() * ratio, QImage.Format.Format_RGB32)
        shown.setDevicePixelRatio(ratio)
        told, self.at = self.at, None
        self.render(shown)
        self.at = told
        return pixels.to_pixels(shown.copy(QRectF(area.topLeft() * ratio, area.size() * ratio).toRect()))

    # ---- painting

    def _draw(self, painter: QPainter, drawn: Drawn) -> None:
        super()._draw(painter, drawn)
        place = self.plane().place
        draw_points(painter, place(self.data), tint(DATA, 0.5), DOT)
        draw_points(painter, place(self.negatives), tint(NEGATIVE, 0.9), DOT)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.drawn is None:
            return
        painter = QPainter(self)
        painter.setClipRect(self._square())
        self._draw_trails(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_starts(painter)
        if len(self.walkers.trail):
            heads = self.plane().place(self.walkers.trail[-1])
            draw_points(painter, heads, theme.colour("background"), RING)
            draw_points(painter, heads, tint(CHAIN), HEAD)

    def _draw_trails(self, painter: QPainter) -> None:
        trail = self.plane().place(self.walkers.trail)
        count = len(trail) - 1
        newest = np.stack([trail[:-1], trail[1:]], axis=2)[::-1] if count > 0 else np.zeros((0, 0, 2, 2))
        begin = 0
        for opacity, share in FADES:
            end = max(begin, round(share * count))
            pen = QPen(tint(CHAIN, opacity), 1)
            pen.setCosmetic(painter.device().devicePixelRatioF() == 1.0)
            painter.setPen(pen)
            draw_lines(painter, newest[begin:end].reshape(-1, 2, 2))
            begin = end

    def _draw_starts(self, painter: QPainter) -> None:
        starts = self.starts if self._gesture is None else self._gesture
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((theme.colour("background"), 4.0), (theme.colour("text"), 1.6)):
            painter.setPen(QPen(colour, width))
            for x, y in self.plane().place(starts):
                painter.drawEllipse(QPointF(x, y), START, START)
        if self._cursor is not None and self.hasFocus():
            x, y = self.plane().place(np.array(self._cursor))
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawLine(QPointF(x - 8, y), QPointF(x + 8, y))
            painter.drawLine(QPointF(x, y - 8), QPointF(x, y + 8))

    # ---- choosing where chains start

    def _at(self, point: QPointF) -> np.ndarray:
        return np.clip(np.array([self.plane().data(point)]), -WIDEST, WIDEST)

    def _near(self, point: QPointF) -> int:
        """The start under a point of the widget, -1 for none."""
        if not len(self.starts):
            return -1
        far = np.linalg.norm(self.plane().place(self.starts) - [point.x(), point.y()], axis=1)
        return int(far.argmin()) if far.min() <= NEAR else -1

    def _toggle(self, point: QPointF) -> np.ndarray:
        near = self._near(point)
        return np.delete(self.starts, near, axis=0) if near >= 0 else np.concatenate([self.starts, self._at(point)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        inside = self.drawn is not None and self._square().contains(event.position())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self._gesture, self._last, self._cursor = self._toggle(event.position()), event.position(), None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._gesture is None:
            super().mouseMoveEvent(event)
        elif len(self._gesture) > len(self.starts) and (event.position() - self._last).manhattanLength() >= APART:
            self._gesture, self._last = np.concatenate([self._gesture, self._at(event.position())]), event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._gesture is not None:
            placed, self._gesture = self._gesture, None
            self.placed.emit(placed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = ARROWS.get(Qt.Key(event.key()))
        if way is not None:
            x, y = self._cursor or (-STEP * way[0], STEP * way[1])
            self._cursor = tuple(np.clip([x + STEP * way[0], y - STEP * way[1]], -WIDEST, WIDEST))
            self.update()
        elif event.key() == Qt.Key.Key_Space and self._cursor is not None:
            x, y = self.plane().place(np.array(self._cursor))
            self.placed.emit(self._toggle(QPointF(x, y)))
        else:
            super().keyPressEvent(event)
