"""An adversarial game in the plane: the discriminator's field, real and generated points, and what moves them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from time import perf_counter

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.contract.results import Game, Modes
from genplay.ui import theme
from genplay.ui.views import game_colours as colours
from genplay.ui.views import game_layers as layers
from genplay.ui.views import game_motion as motions
from genplay.ui.views import pixels
from genplay.ui.views.game_layers import Plane
from genplay.ui.views.game_motion import Motion

VIEW = 1.15  # half the side of the part of the plane on show: data lives in [-1, 1]^2
NEAR = 9.0  # pixels within which the pointer finds a point
ZOOM_STEP, LEAST_ZOOM, MOST_ZOOM = 1.2, 0.8, 8.0
CALM = 0.3  # how fast the scale of colours follows the scores
REST = 0.3  # opacity of points that a stage of slow motion is not about
VEIL = 190  # of 255: how much of the field the ground of words hides
BAR = 72
LIVE = 0.25  # seconds: games that come as soon after one another are drawn bit by bit
SLICE = 0.002  # seconds of drawing, about, after which other events have their turn


class GameCanvas(QWidget):
    """Draws the newest game into a picture, once, and the pointer's findings on top. The wheel zooms."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.game: Game | None = None
        self.modes: Modes | None = None
        self.hidden: frozenset[str] = frozenset()
        self.motion: Motion | None = None
        self.film: np.ndarray | None = None
        self.caption = ""
        self.placeholder = ""
        self.field_scale = 0.0
        self.renders = 0  # how often the picture has been drawn
        self._picture: QImage | None = None
        self._bits: Iterator[QImage | None] | None = None  # a picture that is being drawn
        self._slices = QTimer(self, singleShot=True)
        self._slices.timeout.connect(self._draw_on)
        self._drawing: Game | None = None  # the game of that picture, or of the last one
        self._shown_at = 0.0
        self._ghost: tuple[np.ndarray, np.ndarray] | None = None  # a look ahead, and its line
        self._zoom, self._centre = 1.0, (0.0, 0.0)
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(140, 140)
        self.setAccessibleName("The game")
        theme.signals().changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    # ---- what is shown ------------------------------------------------------------------------------------------

    def set_game(self, game: Game | None, caption: str = "") -> None:
        """Show a game, or nothing; the caption stands in a corner."""
        self.game, self.caption = game, caption
        if game is None:
            self.modes, self.field_scale = None, 0.0
        else:
            scale = colours.scale_of(game.field, game.threshold)
            self.field_scale = scale if not self.field_scale else self.field_scale * (scale / self.field_scale) ** CALM
        live, self._shown_at = perf_counter() - self._shown_at < LIVE, perf_counter()
        self._renew(live and game is not None)

    def set_modes(self, modes: Modes | None) -> None:
        """Show which modes are covered."""
        before, self.modes = self.modes, modes
        if modes is not None:
            self.setAccessibleDescription(f"{int(modes.covered.sum())} of {len(modes.covered)} modes covered")
        if not _same_circles(before, modes):
            self._renew(perf_counter() - self._shown_at < LIVE)

    def set_hidden(self, hidden: Collection[str]) -> None:
        """Hide layers by name."""
        if frozenset(hidden) != self.hidden:
            self.hidden = frozenset(hidden)
            self._redraw()

    def set_motion(self, motion: Motion | None) -> None:
        """Show a moment of slow motion, or the game as it is."""
        if motion != self.motion:
            self.motion = motion
            self._redraw()

    def set_film(self, points: np.ndarray | None, caption: str = "") -> None:
        """Show the points (N, 2) of an earlier step in place of the generated ones, or none."""
        self.film = points
        self.caption = caption or self.caption
        self._redraw()

    def picture(self) -> np.ndarray:
        """What is on show as pixels uint8 (H, W, 3), at twice the size on screen."""
        return pixels.to_pixels(self._render(2.0))

    # ---- geometry -----------------------------------------------------------------------------------------------

    def plane(self) -> Plane:
        """The part of the plane on show."""
        scale = min(self.width(), self.height()) / (2 * VIEW) * self._zoom
        x, y = self._centre
        return Plane(self.width() / 2 - x * scale, self.height() / 2 + y * scale, scale)

    def _zoom_about(self, factor: float, place: QPointF) -> None:
        x, y = self.plane().data(place)
        self._zoom = min(max(self._zoom * factor, LEAST_ZOOM), MOST_ZOOM) if factor else 1.0
        if self._zoom <= 1.0:
            self._centre = (0.0, 0.0)
        else:
            now = self.plane().data(place)
            self._centre = (self._centre[0] + x - now[0], self._centre[1] + y - now[1])
        self._redraw()

    # ---- painting -----------------------------------------------------------------------------------------------

    def _renew(self, live: bool) -> None:
        """Show something else: bit by bit while a model trains, at once otherwise."""
        if live and self._picture is not None and self.isVisible():
            self._begin()
        else:
            self._redraw()

    def _redraw(self) -> None:
        self._drop()
        self.update()

    def _drop(self) -> None:
        self._picture = self._bits = None
        self._slices.stop()

    def _begin(self) -> None:
        """Draw a new picture bit by bit, while the old one is on show; one that is under way is finished first."""
        if self._bits is None:
            self._bits = self._drawn(self.devicePixelRatioF())
            self._slices.start(0)

    def _draw_on(self) -> None:
        """Some bits of the picture that is under way; the newest game follows when it is not that of the picture."""
        if self._bits is None:
            return
        end = perf_counter() + SLICE
        for picture in self._bits:
            if picture is not None:
                self._picture, self._bits = picture, None
                self.update()
                if self.game is not self._drawing:
                    self._begin()
                return
            if perf_counter() > end:
                self._slices.start(0)
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._drop()

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatioF() != ratio:
            self._drop()
            self._picture = self._render(ratio)
        painter = QPainter(self)
        painter.drawImage(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.game is not None and self.motion is None:
            self._draw_pointer(painter, self.game)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _render(self, ratio: float) -> QImage:
        *_, picture = self._drawn(ratio)
        assert picture is not None
        return picture

    def _drawn(self, ratio: float) -> Iterator[QImage | None]:
        """The picture, after a None for each layer."""
        self.renders += 1
        self._drawing = self.game
        size = self.size() * ratio
        image = QImage(max(1, size.width()), max(1, size.height()), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(theme.colour("card"))
        painter = QPainter(image)
        try:  # a picture that is given up must not go before its painter
            painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
            if self.game is not None:
                for draw in self._layers(painter, self.game):
                    draw()
                    yield None
                self._draw_corners(painter)
            elif self.placeholder:
                painter.setPen(theme.colour("dim"))
                painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, self.placeholder)
        finally:
            painter.end()
        yield image

    def _layers(self, painter: QPainter, game: Game) -> list[Callable[[], None]]:
        """What draws the layers on show, from the bottom up."""
        plane, motion, film = self.plane(), self.motion or Motion("", 1.0), self.film
        found: list[Callable[[], None]] = []
        if self._shows("field"):
            found.append(lambda: motions.draw_update(painter, plane, game, motion, self.field_scale or 1.0))
        if self._shows("lattice"):
            found.append(lambda: layers.draw_lattice(painter, plane, game))
        found.append(lambda: self._draw_points(painter, plane, game, motion))
        if self._shows("gradients") and motion.stage in ("", "generator") and film is None:
            found.append(lambda: layers.draw_gradients(painter, plane, motion.before or game, self.field_scale))
        if self._shows("modes") and (modes := self.modes) is not None:
            found.append(lambda: layers.draw_modes(painter, plane, modes, game.x if film is None else film))
        if self._shows("ghosts"):
            found.append(lambda: self._draw_ghost(painter, plane, game))
        if self.motion is not None:
            found.append(lambda: self._draw_motion(painter, plane, game, motion))
        return found

    def _draw_ghost(self, painter: QPainter, plane: Plane, game: Game) -> None:
        """The look ahead comes less often than games: its line is found once."""
        if game.ghost is None:
            return
        if self._ghost is None or self._ghost[0] is not game.ghost:
            self._ghost = game.ghost, layers.undecided(game.ghost, game)
        layers.draw_ghost(painter, plane, self._ghost[1])

    def _draw_points(self, painter: QPainter, plane: Plane, game: Game, motion: Motion) -> None:
        area = QRectF(self.rect())
        real, made = plane.place(game.real), motions.generated_places(plane, area, game, motion)
        resting = motion.stage == "discriminator"
        if self._shows("real"):
            quiet = resting or motion.stage in ("codes", "points", "generator") or self.film is not None
            layers.draw_points(painter, real, layers.faded(colours.REAL, REST if quiet else 0.75))
        if self.film is not None:
            layers.draw_points(painter, plane.place(self.film), layers.faded(colours.GENERATED, 0.9))
        elif self._shows("generated"):
            layers.draw_points(painter, made, layers.faded(colours.GENERATED, REST if resting else 0.85))
        if motion.stage == "scores":
            motions.draw_scored(painter, real, game.score_real, game.threshold, motion.share)
            motions.draw_scored(painter, made, game.score_x, game.threshold, motion.share)

    def _draw_motion(self, painter: QPainter, plane: Plane, game: Game, motion: Motion) -> None:
        if motion.stage in ("codes", "points"):
            motions.draw_codes(painter, QRectF(self.rect()), game, motion)
        if motion.stage == "discriminator":
            motions.draw_frame(painter, plane, QRectF(self.rect()), game)

    def _shows(self, layer: str) -> bool:
        return layer not in self.hidden

    def _draw_corners(self, painter: QPainter) -> None:
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        area = QRectF(self.rect()).adjusted(12, 8, -12, -8)
        metrics = QFontMetricsF(painter.font())
        if self.caption:
            wide = metrics.horizontalAdvance(self.caption)
            _veil(painter, QRectF(area.left(), area.top(), wide, metrics.height()))
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self.caption)
        if self._shows("field") and self.width() > 320:
            self._draw_scale(painter, area)

    def _draw_scale(self, painter: QPainter, area: QRectF) -> None:
        """What the colours of the field mean."""
        metrics = QFontMetricsF(painter.font())
        words = ("D: generated", "real")
        right = area.right() - metrics.horizontalAdvance(words[1])
        bar = QRectF(right - 6 - BAR, area.bottom() - 10, BAR, 6)
        flags = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight
        left = bar.left() - 6 - metrics.horizontalAdvance(words[0])
        _veil(painter, QRectF(left, area.bottom() - metrics.height(), area.right() - left, metrics.height()))
        painter.drawText(area, flags, words[1])
        painter.drawText(area.adjusted(0, 0, bar.left() - 6 - area.right(), 0), flags, words[0])
        painter.drawImage(bar, colours.scale_image(BAR, theme.shown()))

    # ---- the pointer --------------------------------------------------------------------------------------------

    def point_at(self, place: QPointF) -> tuple[str, int]:
        """The layer and row of the point nearest to a place, ("", -1) if none is near."""
        found, nearest = ("", -1), NEAR
        if self.game is None:
            return found
        here = np.asarray([place.x(), place.y()])
        for layer, points in (("generated", self.game.x), ("real", self.game.real)):
            if self._shows(layer) and len(points):
                away = np.nan_to_num(np.linalg.norm(self.plane().place(points) - here, axis=1), nan=math.inf)
                index = int(away.argmin())
                if away[index] < nearest:
                    found, nearest = (layer, index), float(away[index])
        return found

    def score_at(self, place: QPointF) -> float | None:
        """The discriminator's score at a place of the widget, None outside of the field."""
        game = self.game
        if game is None:
            return None
        x, y = self.plane().data(place)
        side = len(game.field) - 1
        column, row = round((x / game.extent + 1) / 2 * side), round((1 - y / game.extent) / 2 * side)
        inside = 0 <= column <= side and 0 <= row <= side
        return float(game.field[row, column]) if inside else None

    def describe(self, layer: str, index: int) -> str:
        """What there is to say about a point."""
        game = self.game
        if game is None:
            return ""
        score = float((game.score_x if layer == "generated" else game.score_real)[index])
        called = "real" if score > game.threshold else "generated"
        return f"{layer} · score {_number(score)} · called {called}"

    def _draw_pointer(self, painter: QPainter, game: Game) -> None:
        if self._pointer is None or self.film is not None:
            return
        painter.setFont(theme.font(11))
        layer, index = self.point_at(self._pointer)
        score = self.score_at(self._pointer)
        if score is not None:
            painter.setPen(theme.colour("dim"))
            area = QRectF(self.rect()).adjusted(12, 8, -12, -8)
            painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, f"D {_number(score)}")
        if index >= 0:
            points = game.x if layer == "generated" else game.real
            x, y = self.plane().place(points[index]).tolist()
            painter.setPen(QPen(theme.colour("text"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, y), 5, 5)
            self._draw_bubble(painter, QPointF(x, y), self.describe(layer, index))

    def _draw_bubble(self, painter: QPainter, point: QPointF, text: str) -> None:
        width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
        left = point.x() + 12 if point.x() + 12 + width < self.width() else point.x() - 12 - width
        top = min(max(4.0, point.y() - 11), self.height() - 26.0)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(QColor(theme.colour("panel")))
        painter.drawRoundedRect(QRectF(left, top, width, 22), 6, 6)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left, top, width, 22), Qt.AlignmentFlag.AlignCenter, text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._zoom_about(0.0, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom_about(ZOOM_STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        middle = QPointF(self.width() / 2, self.height() / 2)
        factors = {Qt.Key.Key_Plus: ZOOM_STEP, Qt.Key.Key_Equal: ZOOM_STEP, Qt.Key.Key_Minus: 1 / ZOOM_STEP}
        factors[Qt.Key.Key_0] = 0.0
        factor = factors.get(Qt.Key(event.key()))
        if factor is None:
            super().keyPressEvent(event)
        else:
            self._zoom_about(factor, middle)


def _same_circles(one: Modes | None, other: Modes | None) -> bool:
    """Whether two measures look the same on the plane."""
    if one is None or other is None:
        return one is other
    pairs = ((one.covered, other.covered), (one.centres, other.centres), (one.radius, other.radius))
    return all(np.array_equal(a, b) if a is not None and b is not None else a is b for a, b in pairs)


def _number(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _veil(painter: QPainter, area: QRectF) -> None:
    """Quiet ground for words that stand over the field."""
    ground = theme.colour("card")
    ground.setAlpha(VEIL)
    painter.fillRect(area.adjusted(-4, -2, 4, 2), ground)
