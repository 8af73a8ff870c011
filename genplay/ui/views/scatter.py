"""Points in the plane: layers drawn once into a picture, and an overlay (cursor, path) drawn on top of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.palette import category
from genplay.ui.views.picture import ARROWS, SLOW

if TYPE_CHECKING:
    import numpy as np

NEAR = 9.0  # logical pixels within which the pointer finds a point or handle
ZOOM_STEP = 1.2
LEGEND_LIMIT = 12


@dataclass
class Layer:
    """Points (N, 2) of one appearance; ``categories`` (N,) colours each by its number."""

    points: np.ndarray
    colour: str | QColor
    categories: np.ndarray | None
    names: tuple[str, ...]
    size: float
    opacity: float
    title: str
    z: int
    visible: bool = True


class Scatter(QWidget):
    """A plane with equal axes: layers of points, and on top a cursor and a path with handles.

    The wheel zooms about the pointer; the middle button, Space with the left one, or the left one where there is no
    cursor, pans; double click or 0 shows everything again. With a cursor the left button carries it (Shift slows it).
    """

    picked = Signal(int)  # row of the pick layer that was clicked
    hovered = Signal(int)  # row of the pick layer under the pointer, -1 for none
    cursor_pressed = Signal()
    cursor_moved = Signal(float, float)
    cursor_released = Signal(float, float)
    handle_clicked = Signal(int)
    handle_moved = Signal(int, float, float)
    handle_released = Signal(int, float, float)
    view_changed = Signal()
    drag_out = Signal()

    def __init__(self, parent: QWidget | None = None, *, ground: str = "card") -> None:
        super().__init__(parent)
        self.ground = ground
        self.pick_layer = ""  # whose points can be picked and hovered; "" for the first layer
        self.describe: Callable[[int], str] | None = None  # text shown beside a hovered point
        self.depict: Callable[[int], np.ndarray | None] | None = None  # picture shown beside it
        self.show_position = True  # coordinates of the pointer in a corner
        self.axis_names = ("", "")
        self.placeholder = ""
        self._layers: dict[str, Layer] = {}
        self._backdrop: tuple[QImage, QRectF, bool] | None = None
        self._tiles: tuple[QImage, int, int, QRectF] | None = None
        self._cursor: tuple[float, float] | None = None
        self._path: np.ndarray | None = None
        self._handles: np.ndarray | None = None
        self._handle_names: tuple[str, ...] = ()
        self._static: QImage | None = None
        self._static_key: tuple[object, ...] = ()
        self._centre = (0.0, 0.0)
        self._radius = 1.0  # data units from the centre to the nearer edges
        self._home: tuple[tuple[float, float], float] | None = None
        self._hover = -1
        self._pointer: QPointF | None = None
        self._mode = ""  # what the pressed mouse does: "", "cursor", "handle <i>", "pan", "press"
        self._pressed = QPointF()
        self._last = QPointF()
        self._travel = False
        self._space = self._space_used = False  # Space is held; it was held to pan
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 80)
        self.setAccessibleName("Plane")
        theme.signals().changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    # ---- what is shown ------------------------------------------------------------------------------------------

    def set_layer(
        self,
        name: str,
        points: np.ndarray,
        *,
        colour: str | QColor = "accent",
        categories: np.ndarray | None = None,
        names: Sequence[str] = (),
        size: float = 5.0,
        opacity: float = 0.8,
        title: str = "",
        z: int = 0,
    ) -> None:
        """Add or replace a layer of points (N, 2).

        ``colour`` is a theme token or a colour; with ``categories`` (N,) int each point has the colour of its number,
        and ``names`` label them in the legend (a number beyond the names is drawn dim). ``title`` labels the layer.
        ``size`` is the diameter in logical pixels. Layers of higher ``z`` are drawn later.
        """
        import numpy as np

        points = np.ascontiguousarray(points, dtype=np.float32).reshape(-1, 2)
        visible = self._layers[name].visible if name in self._layers else True
        self._layers[name] = Layer(points, colour, categories, tuple(names), size, opacity, title, z, visible)
        self._redraw()

    def remove_layer(self, name: str) -> None:
        """Take a layer away, if it is there."""
        if self._layers.pop(name, None):
            self._redraw()

    def show_layer(self, name: str, visible: bool) -> None:
        """Show or hide a layer, if it is there."""
        if name in self._layers:
            self._layers[name].visible = visible
            self._redraw()

    def layer(self, name: str) -> Layer | None:
        """A layer by name."""
        return self._layers.get(name)

    def clear(self) -> None:
        """Remove layers, backdrop, tiles, cursor and path."""
        self._layers.clear()
        self._backdrop = self._tiles = self._cursor = self._path = self._handles = None
        self._home = None
        self._redraw()

    def set_backdrop(
        self, picture: np.ndarray | None, extent: tuple[float, float, float, float], smooth: bool = True
    ) -> None:
        """A picture uint8 (H, W, C) under the points; ``extent`` is (x0, y0, x1, y1), its first row at y1."""
        x0, y0, x1, y1 = extent
        self._backdrop = (
            (pixels.to_qimage(picture), QRectF(x0, y0, x1 - x0, y1 - y0), smooth) if picture is not None else None
        )
        self._redraw()

    def set_tiles(
        self, pictures: np.ndarray | None, columns: int = 0, extent: tuple[float, float, float, float] = (-1, -1, 1, 1)
    ) -> None:
        """Pictures uint8 (R*columns, H, W, C), row-major from the top left, spread over ``extent`` (x0, y0, x1, y1)."""
        self._tiles = None
        if pictures is not None and len(pictures):
            n, height, width, channels = pictures.shape
            x0, y0, x1, y1 = extent
            atlas = pixels.to_qimage(pictures.reshape(n * height, width, channels))
            self._tiles = atlas, columns, -(-n // columns), QRectF(x0, y0, x1 - x0, y1 - y0)
        self._redraw()

    def set_cursor(self, x: float, y: float) -> None:
        """Put the cursor at a point of the plane; only the overlay is redrawn."""
        old = self._cursor
        self._cursor = (float(x), float(y))
        if old is None:
            self.update()
            return
        self._update_around(old)
        self._update_around(self._cursor)

    def hide_cursor(self) -> None:
        """Take the cursor away."""
        self._cursor = None
        self.update()

    @property
    def cursor_at(self) -> tuple[float, float] | None:
        """Where the cursor is."""
        return self._cursor

    def set_path(self, line: np.ndarray | None, handles: np.ndarray | None = None, names: Sequence[str] = ()) -> None:
        """A polyline (M, 2) with draggable handles (K, 2), labelled by ``names``; None for none."""
        self._path, self._handles, self._handle_names = line, handles, tuple(names)
        self.update()

    # ---- the window on the plane --------------------------------------------------------------------------------

    def fit(self, x0: float, y0: float, x1: float, y1: float, margin: float = 0.06) -> None:
        """Show the given part of the plane; double click comes back to it."""
        radius = max(x1 - x0, y1 - y0, 1e-6) / 2 * (1 + 2 * margin)
        self._home = ((x0 + x1) / 2, (y0 + y1) / 2), radius
        self.reset_view()

    def fit_points(self, share: float = 0.995) -> None:
        """Show the middle ``share`` of all points along each axis."""
        import numpy as np

        found = [layer.points for layer in self._layers.values() if len(layer.points)]
        if not found:
            return
        points = np.concatenate(found)
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            (x0, y0), (x1, y1) = np.quantile(points, [(1 - share) / 2, (1 + share) / 2], axis=0)
            self.fit(float(x0), float(y0), float(x1), float(y1))

    def reset_view(self) -> None:
        """Back to what ``fit`` or ``fit_points`` chose."""
        if self._home is None:
            self.fit_points()
        else:
            self._set_view(*self._home)

    def _set_view(self, centre: tuple[float, float], radius: float) -> None:
        if math.isfinite(radius) and all(map(math.isfinite, centre)):
            self._centre, self._radius = centre, min(max(radius, 1e-6), 1e9)
            self._redraw()
            self.view_changed.emit()

    def scale(self) -> float:
        """Logical pixels a data unit."""
        return min(self.width(), self.height()) / 2 / self._radius

    def window_extent(self) -> tuple[float, float, float, float]:
        """The part of the plane that is visible, (x0, y0, x1, y1)."""
        half_x, half_y = self.width() / 2 / self.scale(), self.height() / 2 / self.scale()
        return self._centre[0] - half_x, self._centre[1] - half_y, self._centre[0] + half_x, self._centre[1] + half_y

    def to_view(self, x: float, y: float) -> QPointF:
        """A point of the plane in the widget's coordinates (y up in the plane, down in the widget)."""
        s = self.scale()
        return QPointF(self.width() / 2 + (x - self._centre[0]) * s, self.height() / 2 - (y - self._centre[1]) * s)

    def to_data(self, point: QPointF) -> tuple[float, float]:
        """The reverse of ``to_view``."""
        s = self.scale()
        return (
            self._centre[0] + (point.x() - self.width() / 2) / s,
            self._centre[1] - (point.y() - self.height() / 2) / s,
        )

    def _to_rect(self, area: QRectF) -> QRectF:
        return QRectF(self.to_view(area.left(), area.bottom()), self.to_view(area.right(), area.top()))

    # ---- painting -----------------------------------------------------------------------------------------------

    def _redraw(self) -> None:
        self._static = None
        self.update()

    def _update_around(self, place: tuple[float, float], radius: int = 14) -> None:
        point = self.to_view(*place)
        self.update(QRectF(point.x() - radius, point.y() - radius, 2 * radius, 2 * radius).toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._static = None

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._static is None or self._static_key != (self.size(), ratio):
            self._static, self._static_key = self._draw_static(ratio), (self.size(), ratio)
        painter = QPainter(self)
        area = QRectF(event.rect())
        painter.drawImage(area, self._static, QRectF(area.topLeft() * ratio, area.size() * ratio))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_path(painter)
        self._draw_cursor(painter)
        self._draw_hover(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _draw_static(self, ratio: float) -> QImage:
        size = self.size() * ratio
        image = QImage(max(1, size.width()), max(1, size.height()), QImage.Format.Format_RGB32)
        image.fill(theme.colour(self.ground))
        image.setDevicePixelRatio(ratio)
        painter = QPainter(image)
        self._draw_backdrop(painter)
        self._draw_axes(painter)
        painter.end()
        for layer in sorted(self._layers.values(), key=lambda layer: layer.z):
            if layer.visible and len(layer.points):
                self._splat(image, layer, ratio)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_legend(painter)
        if not self._layers and self._tiles is None and self._backdrop is None and self.placeholder:
            painter.setPen(theme.colour("dim"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(24, 24, -24, -24), int(flags), self.placeholder)
        painter.end()
        return image

    def _draw_backdrop(self, painter: QPainter) -> None:
        if self._backdrop:
            image, area, smooth = self._backdrop
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(self._to_rect(area), image)
        if self._tiles:
            atlas, columns, rows, area = self._tiles
            place = self._to_rect(area)
            w, h, side = place.width() / columns, place.height() / rows, atlas.height() / (columns * rows)
            for index in range(columns * rows):
                row, column = divmod(index, columns)
                target = QRectF(place.left() + column * w, place.top() + row * h, w, h)
                pixels.draw(painter, target, atlas, QRectF(0, index * side, atlas.width(), side))

    def _draw_axes(self, painter: QPainter) -> None:
        if not any(self.axis_names):
            return
        zero = self.to_view(0, 0)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawLine(QPointF(0, round(zero.y()) + 0.5), QPointF(self.width(), round(zero.y()) + 0.5))
        painter.drawLine(QPointF(round(zero.x()) + 0.5, 0), QPointF(round(zero.x()) + 0.5, self.height()))
        painter.setPen(theme.colour("dim"))
        painter.setFont(_small(painter))
        area = QRectF(self.rect()).adjusted(8, 6, -8, -6)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        painter.drawText(area, flags, f"{self.axis_names[0]} →   {self.axis_names[1]} ↑")

    def _splat(self, image: QImage, layer: Layer, ratio: float) -> None:
        import numpy as np

        stride = image.bytesPerLine()
        canvas = np.frombuffer(image.bits(), np.uint8).reshape(image.height(), stride // 4, 4)
        s = self.scale() * ratio
        x = (layer.points[:, 0] - self._centre[0]) * s + self.width() * ratio / 2
        y = self.height() * ratio / 2 - (layer.points[:, 1] - self._centre[1]) * s
        splat(canvas, x, y, self._layer_colours(layer), layer.size * ratio, layer.opacity)

    def _layer_colours(self, layer: Layer) -> np.ndarray:
        import numpy as np

        if layer.categories is None:
            return np.array([_bgr(_resolved(layer.colour))], np.float32)
        known = [_bgr(category(i)) for i in range(max(1, len(layer.names)))]
        table = np.array([*known, _bgr(theme.colour("dim"))], np.float32)
        numbers = np.asarray(layer.categories)
        outside = (numbers < 0) | (numbers >= len(known))
        return np.asarray(table[np.where(outside, len(known), numbers)])

    def legend(self) -> list[tuple[str, QColor]]:
        """Names and colours shown in the corner."""
        entries: list[tuple[str, QColor]] = []
        for layer in self._layers.values():
            if not layer.visible:
                continue
            if layer.categories is not None:
                shown = [(name, category(i)) for i, name in enumerate(layer.names)]
                entries += shown[:LEGEND_LIMIT]
                if len(shown) > LEGEND_LIMIT:
                    entries.append((f"and {len(shown) - LEGEND_LIMIT} more", theme.colour("dim")))
            elif layer.title:
                entries.append((layer.title, _resolved(layer.colour)))
        return entries

    def _draw_legend(self, painter: QPainter) -> None:
        entries = self.legend()
        if not entries:
            return
        painter.setFont(_small(painter))
        metrics = QFontMetricsF(painter.font())
        width = max(metrics.horizontalAdvance(name) for name, _ in entries) + 30
        ground = theme.colour(self.ground)
        ground.setAlpha(205)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(6, 6, width, 16 * len(entries) + 8), 6, 6)
        for row, (name, colour) in enumerate(entries):
            top = 10 + 16 * row
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(17, top + 8), 4, 4)
            painter.setPen(theme.colour("dim"))
            painter.drawText(QRectF(27, top, width, 16), Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_path(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._path is not None and len(self._path) > 1:
            painter.setPen(QPen(theme.colour("text"), 1.5, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF([self.to_view(float(x), float(y)) for x, y in self._path]))
        if self._handles is None:
            return
        painter.setFont(_small(painter))
        for index, (x, y) in enumerate(self._handles):
            point = self.to_view(float(x), float(y))
            painter.setPen(QPen(theme.colour("background"), 1.5))
            painter.setBrush(theme.colour("warn"))
            painter.drawEllipse(point, 6, 6)
            if index < len(self._handle_names):
                painter.setPen(theme.colour("text"))
                painter.drawText(point + QPointF(9, -6), self._handle_names[index])

    def _draw_cursor(self, painter: QPainter) -> None:
        if self._cursor is None:
            return
        point = self.to_view(*self._cursor)
        inside = QPointF(min(max(point.x(), 0), self.width()), min(max(point.y(), 0), self.height()))
        painter.setPen(QPen(theme.colour("text"), 2))
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(inside, 8, 8)

    def _draw_hover(self, painter: QPainter) -> None:
        if self._pointer is None or self._mode:
            return
        painter.setFont(_small(painter))
        if self.show_position and self._layers:
            x, y = self.to_data(self._pointer)
            painter.setPen(theme.colour("dim"))
            area = QRectF(self.rect()).adjusted(8, 6, -8, -6)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, f"{x:+.2f}, {y:+.2f}")
        layer = self._picking()
        if layer is None or not 0 <= self._hover < len(layer.points):
            return
        point = self.to_view(*map(float, layer.points[self._hover]))
        painter.setPen(QPen(theme.colour("text"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(point, 6, 6)
        self._draw_bubble(painter, point)

    def _draw_bubble(self, painter: QPainter, point: QPointF) -> None:
        text = self.describe(self._hover) if self.describe else ""
        picture = self.depict(self._hover) if self.depict else None
        if not text and picture is None:
            return
        metrics = QFontMetricsF(painter.font())
        side = 64 if picture is not None else 0
        width = max(side, metrics.horizontalAdvance(text)) + 12
        height = side + (16 if text else 0) + 10
        left = point.x() + 12 if point.x() + 12 + width < self.width() else point.x() - 12 - width
        top = min(max(4.0, point.y() - height / 2), self.height() - height - 4)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("panel"))
        painter.drawRoundedRect(QRectF(left, top, width, height), 6, 6)
        if picture is not None:
            image = pixels.to_qimage(picture)
            place = pixels.centred(width, side, image.width(), image.height(), self.devicePixelRatioF())
            pixels.draw(painter, place.translated(left, top + 5), image)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left, top + side + 5, width, 16), Qt.AlignmentFlag.AlignCenter, text)

    # ---- pointer and keys ---------------------------------------------------------------------------------------

    def _picking(self) -> Layer | None:
        if self.pick_layer:
            layer = self._layers.get(self.pick_layer)
        else:
            layer = next(iter(self._layers.values()), None)
        return layer if layer is not None and layer.visible else None

    def point_at(self, place: QPointF) -> int:
        """Row of the pick layer nearest to a place of the widget, if it is near; else -1."""
        import numpy as np

        layer = self._picking()
        if layer is None or not len(layer.points):
            return -1
        away = np.square(layer.points - np.asarray(self.to_data(place), np.float32)).sum(axis=1)
        index = int(np.nanargmin(away)) if not np.isnan(away).all() else -1
        return index if index >= 0 and math.sqrt(away[index]) * self.scale() <= NEAR else -1

    def handle_at(self, place: QPointF) -> int:
        """The path's handle at a place of the widget, or -1."""
        if self._handles is None:
            return -1
        for index, (x, y) in reversed(list(enumerate(self._handles))):
            if (self.to_view(float(x), float(y)) - place).manhattanLength() <= NEAR * 1.4:
                return index
        return -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        self._pressed = self._last = here
        self._travel = False
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._mode = "pan"
            self._space_used = True
        elif left and self.handle_at(here) >= 0:
            self._mode = f"handle {self.handle_at(here)}"
        elif left and self._cursor is not None:
            self._mode = "cursor"
            self.cursor_pressed.emit()
            if (self.to_view(*self._cursor) - here).manhattanLength() > 14:
                self._carry_cursor(*self.to_data(here))
        elif left:
            self._mode = "press"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        step, self._last = here - self._last, here
        if not self._mode:
            self._hover_at(here)
            return
        self._travel = self._travel or (here - self._pressed).manhattanLength() > 3
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        if self._mode == "cursor" and self._cursor is not None:
            x, y = self._cursor
            self._carry_cursor(x + slow * step.x() / self.scale(), y - slow * step.y() / self.scale())
        elif self._mode.startswith("handle") and self._travel:
            self.handle_moved.emit(int(self._mode.split()[1]), *self.to_data(here))
        elif self._mode == "pan" or (self._mode == "press" and self._travel):
            self._pan(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        mode, self._mode = self._mode, ""
        if mode == "cursor" and self._cursor is not None:
            self.cursor_released.emit(*self._cursor)
        elif mode.startswith("handle"):
            index = int(mode.split()[1])
            if self._travel:
                self.handle_released.emit(index, *self.to_data(event.position()))
            else:
                self.handle_clicked.emit(index)
        if mode in ("press", "cursor") and not self._travel:
            index = self.point_at(event.position())
            if index >= 0:
                self.picked.emit(index)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_view()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom(ZOOM_STEP ** (-event.angleDelta().y() / 120), event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self._set_hover(-1)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        middle = QPointF(self.width() / 2, self.height() / 2)
        if key == Qt.Key.Key_Space and self.parentWidget() is not None:
            self._space, self._space_used = True, self._space_used and event.isAutoRepeat()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(1 / ZOOM_STEP, middle)
        elif key == Qt.Key.Key_Minus:
            self._zoom(ZOOM_STEP, middle)
        elif key == Qt.Key.Key_0:
            self.reset_view()
        elif key in ARROWS:
            self._arrow(*ARROWS[Qt.Key(key)], bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._space:
            self._space = False
            parent = self.parentWidget()
            if not self._space_used and parent is not None:  # it was meant for the window
                press = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, event.modifiers(), " ")
                QApplication.sendEvent(parent, press)
        super().keyReleaseEvent(event)

    def _arrow(self, x: int, y: int, slow: bool) -> None:
        if self._cursor is None:
            self._pan(-20 * x, -20 * y)
            return
        step = self._radius * 0.02 * (SLOW if slow else 1.0)
        self.cursor_pressed.emit()
        self._carry_cursor(self._cursor[0] + x * step, self._cursor[1] - y * step)
        self.cursor_released.emit(*self._cursor)

    def _carry_cursor(self, x: float, y: float) -> None:
        self.set_cursor(x, y)
        self.cursor_moved.emit(x, y)

    def _pan(self, dx: float, dy: float) -> None:
        s = self.scale()
        self._set_view((self._centre[0] - dx / s, self._centre[1] + dy / s), self._radius)

    def _zoom(self, factor: float, about: QPointF) -> None:
        x, y = self.to_data(about)
        centre = x + (self._centre[0] - x) * factor, y + (self._centre[1] - y) * factor
        self._set_view(centre, self._radius * factor)

    def _hover_at(self, place: QPointF) -> None:
        self._pointer = place
        self._set_hover(self.point_at(place))
        self.update()

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            self._hover = index
            self.hovered.emit(index)


def splat(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, colours: np.ndarray, size: float, opacity: float) -> None:
    """Draw soft discs of diameter ``size`` at (``x``, ``y``) (N,) into ``canvas`` uint8 (H, W, 4), in place.

    ``colours`` float (N, 3) or (1, 3), in the canvas's order of channels. Done for all points at once, one pixel of the
    disc at a time, so that twenty thousand points cost some ten milliseconds.
    """
    import numpy as np

    height, width = canvas.shape[:2]
    reach = math.ceil(size / 2)
    with np.errstate(invalid="ignore"):
        inside = (x > -reach) & (x < width + reach) & (y > -reach) & (y < height + reach)
    x, y = x[inside], y[inside]
    colours = colours[inside] if len(colours) > 1 else colours
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    offset_x, offset_y = x - left - 0.5, y - top - 0.5
    flat = canvas.reshape(-1, 4)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy > (reach + 0.8) ** 2:
                continue
            away = np.hypot(dx - offset_x, dy - offset_y)
            alpha = np.clip(size / 2 + 0.5 - away, 0, 1) * opacity
            px, py = left + dx, top + dy
            keep = (alpha > 0.01) & (px >= 0) & (px < width) & (py >= 0) & (py < height)
            where = (py[keep].astype(np.int64) * width) + px[keep]
            a = alpha[keep, None].astype(np.float32)
            ink = colours[keep] if len(colours) > 1 else colours
            under = flat[where, :3]
            flat[where, :3] = (under + (ink - under) * a + 0.5).astype(np.uint8)


def _bgr(colour: QColor) -> tuple[int, int, int]:
    return colour.blue(), colour.green(), colour.red()


def _resolved(colour: str | QColor) -> QColor:
    return theme.colour(colour) if isinstance(colour, str) else colour


def _small(painter: QPainter) -> QFont:
    font = painter.font()
    font.setPixelSize(11)
    return font
