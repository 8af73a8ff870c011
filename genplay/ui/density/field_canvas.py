"""A field over a square of the plane, with level lines, arrows and points, and the value under the pointer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.batches import draw_lines, draw_pictures, sprite
from genplay.ui.views.flow_field import arrows as arrow_ends
from genplay.ui.views.game_layers import Plane

DOT = 3.4
LINE, ARROW = 150, 170  # opacity of 255
HEAD, HEAD_PX = 0.35, 5.0


@dataclass(frozen=True)
class Drawn:
    """What a canvas shows: an image over [-extent, extent]^2 and, in data units, layers upon it."""

    image: QImage | None
    extent: float
    levels: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 2)))
    others: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 2)))  # level lines to compare with, dotted
    arrows: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 2)))
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))


class FieldCanvas(QWidget):
    """Draws into a picture, once for each :class:`Drawn`, and the cross hair on top."""

    pointed = Signal(object)  # (x, y) in data units, None when the pointer leaves

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.placeholder = ""
        self.drawn: Drawn | None = None
        self.at: tuple[float, float] | None = None
        self.told = ""  # the value at ``at``
        self.renders = 0
        self._picture: QImage | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 160)
        self.setAccessibleName(name)
        theme.signals().changed.connect(self._forget)

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def show_field(self, drawn: Drawn | None) -> None:
        """Show something else; None for nothing but the placeholder."""
        self.drawn = drawn
        self._forget()

    def point_at(self, at: tuple[float, float] | None, told: str) -> None:
        """Put the cross hair at a place of the plane, with words in the corner; None takes it away."""
        if (at, told) != (self.at, self.told):
            self.at, self.told = at, told
            self.update()

    def _forget(self) -> None:
        self._picture = None
        self.update()

    # ---- what is where

    def plane(self) -> Plane:
        """Where data coordinates are: all of the square is shown, as large as fits."""
        extent = self.drawn.extent if self.drawn else 1.0
        return Plane(self.width() / 2, self.height() / 2, min(self.width(), self.height()) / 2 / extent)

    def picture(self) -> np.ndarray:
        """The square as it is on screen, without the cross hair, uint8 (H, W, 3)."""
        area = self._square().toRect()
        ratio = self.devicePixelRatioF()
        place = QRectF(QPointF(area.topLeft()) * ratio, QRectF(area).size() * ratio).toRect()
        return pixels.to_pixels(self._rendered().copy(place))

    def _square(self) -> QRectF:
        return self.plane().square(self.drawn.extent if self.drawn else 1.0)

    # ---- painting

    def _rendered(self) -> QImage:
        ratio = self.devicePixelRatioF()
        size = self.size() * ratio
        if self._picture is None or self._picture.size() != size:
            self._picture = QImage(size, QImage.Format.Format_RGB32)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(theme.colour("background"))
            painter = QPainter(self._picture)
            painter.fillRect(self._square().toRect(), theme.colour("card"))
            if self.drawn is not None:
                self._draw(painter, self.drawn)
            painter.end()
            self.renders += 1
        return self._picture

    def _draw(self, painter: QPainter, drawn: Drawn) -> None:
        plane, area = self.plane(), self._square().toRect()
        painter.setClipRect(area)
        if drawn.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, drawn.image)
        text = theme.colour("text")
        for pieces, opacity, style in (
            (drawn.others, LINE, Qt.PenStyle.DotLine),
            (drawn.levels, LINE, Qt.PenStyle.SolidLine),
        ):
            painter.setPen(_thin(painter, text, opacity, style))
            draw_lines(painter, plane.place(pieces))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(drawn.points):
            tint = theme.colour("text")
            tint.setAlphaF(0.75)
            places = plane.place(drawn.points)
            draw_pictures(painter, places, sprite(tint.rgba(), DOT, painter.device().devicePixelRatioF()))
        painter.setPen(_thin(painter, text, ARROW))
        draw_lines(painter, _strokes(plane.place(drawn.arrows)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), self._rendered())
        if self.drawn is None or (self.drawn.image is None and self.placeholder):
            painter.setPen(theme.colour("dim"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self._square().adjusted(24, 24, -24, -24), int(flags), self.placeholder)
        elif self.at is not None:
            self._draw_cross(painter, self.at)

    def _draw_cross(self, painter: QPainter, at: tuple[float, float]) -> None:
        area, place = self._square(), self.plane().place(np.array(at))
        x, y = (round(float(v)) + 0.5 for v in place)
        painter.setPen(_thin(painter, theme.colour("text"), 90))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setFont(theme.font(12))
        width = QFontMetricsF(painter.font()).horizontalAdvance(self.told) + 16
        bubble = QRectF(area.left() + 8, area.top() + 8, width, 22)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("panel"))
        painter.drawRoundedRect(bubble, 6, 6)
        painter.setPen(theme.colour("text"))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, self.told)

    # ---- mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.drawn is not None:
            inside = self._square().contains(event.position())
            self.pointed.emit(self.plane().data(event.position()) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)


def arrows(at: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Arrows (M, 2, 2) in data units, no longer than a cell."""
    return arrow_ends(at.astype(np.float64), vectors)


def _thin(painter: QPainter, tint: QColor, opacity: int, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen of one pixel: Qt draws lines of one device pixel several times faster than any others."""
    colour = QColor(tint)
    colour.setAlpha(opacity)
    pen = QPen(colour, 1, style)
    pen.setCosmetic(painter.device().devicePixelRatioF() == 1.0)
    return pen


def _strokes(ends: np.ndarray) -> np.ndarray:
    """Shaft and two barbs of each arrow (M, 2, 2) in pixels, as lines (3 M, 2, 2)."""
    tail, tip = ends[:, 0], ends[:, 1]
    back = tail - tip
    length = np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    head = back / length * np.minimum(HEAD * length, HEAD_PX)
    side = np.stack([-head[:, 1], head[:, 0]], axis=1) * 0.6
    barbs = [np.stack([tip, tip + head + sign * side], axis=1) for sign in (1, -1)]
    return np.concatenate([ends, *barbs])
