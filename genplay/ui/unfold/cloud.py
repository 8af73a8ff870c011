"""The cloud of points of a frame, with the ways of chosen points through the tape and whatever layers are added."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from genplay.ui import theme
from genplay.ui.views.palette import category
from genplay.ui.views.scatter import Scatter

Draw = Callable[[QPainter, Scatter], None]
HALF = 1.35  # half the side of the part of the plane that data fill
MEMORY = 32 << 20  # bytes of frames that have been painted
NOISE = 2.4  # the same of noise that keeps the variance at one; what strays further is found by zooming out


class Cloud(Scatter):
    """Points (N, 2); a click on one draws its way through the tape, a second click takes it away again.

    ``add_layer`` registers a function ``draw(painter, cloud)`` that paints over the points, in the cloud's coordinates
    (``cloud.to_view``); a picture below them goes to ``set_backdrop``.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="card")
        self.pick_layer = "cloud"
        self.ways: list[tuple[int, np.ndarray]] = []  # chosen point and its way (F, 2)
        self.place = 0  # the frame on show, as a number of the ways' points
        self._draws: list[Draw] = []
        self._shown: np.ndarray | None = None
        self._drawn: OrderedDict[tuple[object, ...], tuple[object, QImage]] = OrderedDict()  # frames painted before

    def add_layer(self, draw: Draw) -> None:
        """Paint with ``draw`` from now on."""
        if draw not in self._draws:
            self._draws.append(draw)
            self.update()

    def drop_layer(self, draw: Draw) -> None:
        """Stop painting with ``draw``, if it is there."""
        if draw in self._draws:
            self._draws.remove(draw)
            self.update()

    def show_points(self, points: np.ndarray, place: int) -> None:
        """The cloud of a frame."""
        self.place, self._shown = place, points
        size = 5.0 if len(points) <= 500 else 3.5
        self.set_layer("cloud", points, colour="accent", size=size, opacity=0.75)

    def set_ways(self, ways: Sequence[tuple[int, np.ndarray]]) -> None:
        """The ways of chosen points through the tape."""
        self.ways = list(ways)
        self.update()

    def _draw_static(self, ratio: float) -> QImage:
        """The picture of a frame, painted once for a view of the plane: scrubbing over it again only looks it up."""
        others = tuple(
            (name, id(layer.points), layer.visible) for name, layer in self._layers.items() if name != "cloud"
        )
        place = (self.width(), self.height(), ratio, self._centre, self._radius, theme.shown())
        key = (id(self._shown), id(self._backdrop), others, *place)
        held = (self._shown, self._backdrop, *(layer.points for layer in self._layers.values()))
        if key not in self._drawn:
            self._drawn[key] = held, super()._draw_static(ratio)
            while len(self._drawn) > 1 and sum(image.sizeInBytes() for _, image in self._drawn.values()) > MEMORY:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        return self._drawn[key][1]

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._draws and not self.ways:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for draw in self._draws:
            painter.save()
            draw(painter, self)
            painter.restore()
        for number, (_, way) in enumerate(self.ways):
            self._draw_way(painter, way, number)

    def _draw_way(self, painter: QPainter, way: np.ndarray, number: int) -> None:
        """What has been passed drawn full, what is to come dotted, and the point where it is now."""
        at = max(0, min(self.place, len(way) - 1))
        line = [self.to_view(float(x), float(y)) for x, y in way]
        tint = category(number)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(tint, 1.2, Qt.PenStyle.DotLine))
        painter.drawPolyline(QPolygonF(line[at:]))
        painter.setPen(QPen(tint, 2))
        painter.drawPolyline(QPolygonF(line[: at + 1]))
        painter.setPen(QPen(theme.colour("text"), 1.5))
        painter.setBrush(tint)
        painter.drawEllipse(QPointF(line[at]), 4.5, 4.5)
