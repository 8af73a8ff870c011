"""The same seeds sampled again and again as training goes on, and a slider to go back in time."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from genplay.contract.requests import DrawSamples
from genplay.contract.results import FilmFrame, RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.panel import Exhibit
from genplay.ui.views import lettering, pixels
from genplay.ui.views.batches import draw_pictures, sprite

if TYPE_CHECKING:
    import numpy as np

THUMB, GAP, EDGE = 64, 4, 12
TRACK = THUMB + 26  # y of the slider
MOST = 240  # frames kept of a run; beyond, every other one is let go
NOW_WIDTH = 48


def insert(frames: list[FilmFrame], frame: FilmFrame) -> None:
    """Put a frame that is to be kept where its step belongs; ``reset`` drops all others first.

    Beyond ``MOST`` frames every other one is let go.
    """
    if frame.reset:
        frames.clear()
    if not frame.keep:
        return
    at = bisect_left([f.step for f in frames], frame.step)
    if at < len(frames) and frames[at].step == frame.step:
        del frames[at]
    frames.insert(at, frame)
    if len(frames) > MOST:
        frames[:] = frames[::2] if len(frames) % 2 else frames[:-1:2] + frames[-1:]


def mosaic_side(height: int, width: int, n: int) -> int:
    """How many pictures of a frame stand side by side in a thumbnail: the most that fill it best at a whole factor."""
    longest = max(height, width)
    fitting = [k for k in (1, 2, 3) if k * longest <= THUMB and k * k <= n]
    return max(fitting, key=lambda k: (THUMB // (k * longest) * k * longest, k), default=1)


class Strip(QWidget):
    """The painted part: thumbnails with their steps over a slider, "now" at its right end."""

    frame_chosen = Signal(object)  # FilmFrame, or None for now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frames: list[FilmFrame] = []
        self.chosen: FilmFrame | None = None
        self.tint = theme.family_colour("")  # of points
        self.spec: DataSpec | None = None
        self._thumbs: dict[int, tuple[FilmFrame, QImage]] = {}
        self.setFixedHeight(TRACK + 12)
        self.setMinimumWidth(THUMB + NOW_WIDTH + 2 * EDGE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Filmstrip")
        theme.signals().changed.connect(self._thumbs.clear)

    def sizeHint(self) -> QSize:
        return QSize(640, TRACK + 12)

    def set_frames(self, frames: list[FilmFrame]) -> None:
        """Show these frames, ascending by step."""
        self.frames = frames
        if self.chosen is not None and all(f.step != self.chosen.step for f in frames):
            self.choose(None)
        self.update()

    def choose(self, frame: FilmFrame | None) -> None:
        """Go to a frame, or to now for None."""
        if frame is not self.chosen:
            self.chosen = frame
            self.frame_chosen.emit(frame)
            self.update()

    # ---- geometry -----------------------------------------------------------------------------------------------

    def slots(self) -> list[int]:
        """Which frames have a thumbnail: all, or evenly chosen ones when they do not fit."""
        room = int((self.width() - 2 * EDGE - NOW_WIDTH) // (THUMB + GAP))
        n, shown = len(self.frames), max(1, min(len(self.frames), room))
        if n <= 1 or shown == 1:
            return [n - 1] if n else []
        return [round(i * (n - 1) / (shown - 1)) for i in range(shown)]

    def _ends(self) -> tuple[float, float]:
        shown = max(1, len(self.slots()))
        first = EDGE + THUMB / 2
        return first, first + (shown - 1) * (THUMB + GAP)

    def now_x(self) -> float:
        """Where on the slider "now" is."""
        return self._ends()[1] + THUMB / 2 + GAP + NOW_WIDTH / 2

    def frame_x(self, index: int) -> float:
        """Where on the slider a frame is."""
        first, last = self._ends()
        return last if len(self.frames) < 2 else first + (last - first) * index / (len(self.frames) - 1)

    def frame_at(self, x: float) -> FilmFrame | None:
        """The frame nearest to a place on the slider; None for now."""
        first, last = self._ends()
        if not self.frames or x > (last + THUMB / 2):
            return None
        share = (x - first) / (last - first) if last > first else 1.0
        return self.frames[round(min(max(share, 0.0), 1.0) * (len(self.frames) - 1))]

    # ---- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font(11))
        if not self.frames:
            painter.setPen(theme.colour("dim"))
            text = "The filmstrip fills while the model trains."
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, text)
            return
        shown = self.slots()
        at = -1 if self.chosen is None else self._index_of(self.chosen)
        near = min(range(len(shown)), key=lambda i: abs(shown[i] - at)) if at >= 0 else -1
        for place, index in enumerate(shown):
            self._draw_thumb(painter, place, self.frames[index], place == near)
        self._draw_now(painter)
        self._draw_slider(painter)

    def _draw_thumb(self, painter: QPainter, place: int, frame: FilmFrame, chosen: bool) -> None:
        area = QRectF(EDGE + place * (THUMB + GAP), 2, THUMB, THUMB)
        image = self._thumb(frame)
        ratio = self.devicePixelRatioF()
        inside = pixels.centred(THUMB, THUMB, image.width(), image.height(), ratio).translated(area.topLeft())
        pixels.draw(painter, inside, image)
        if chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(area)
        painter.setPen(theme.colour("text" if chosen else "dim"))
        step = self.chosen.step if chosen and self.chosen else frame.step
        painter.drawText(area.translated(0, THUMB + 1).adjusted(0, 0, 0, 16 - THUMB), _MIDDLE, short(step))

    def _draw_now(self, painter: QPainter) -> None:
        here = self.chosen is None
        painter.setPen(theme.colour("accent" if here else "dim"))
        area = QRectF(self.now_x() - NOW_WIDTH / 2, 2, NOW_WIDTH, THUMB)
        painter.drawText(area, _MIDDLE, "now")

    def _draw_slider(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, right = EDGE, self.now_x()
        here = right if self.chosen is None else self.frame_x(self._index_of(self.chosen))
        painter.setPen(QPen(theme.colour("line"), 2))
        painter.drawLine(QPointF(left, TRACK), QPointF(right, TRACK))
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawLine(QPointF(left, TRACK), QPointF(here, TRACK))
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(here, TRACK), 6, 6)

    def _index_of(self, frame: FilmFrame) -> int:
        steps = [f.step for f in self.frames]
        return min(bisect_left(steps, frame.step), len(steps) - 1)

    def _thumb(self, frame: FilmFrame) -> QImage:
        known = self._thumbs.get(frame.step)
        if known is None or known[0] is not frame:
            if len(self._thumbs) > 2 * MOST:
                self._thumbs.clear()
            known = self._thumbs[frame.step] = frame, thumbnail(frame.x, self.tint, self.spec, self.devicePixelRatioF())
        return known[1]

    # ---- pointer and keys ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.choose(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.choose(self.frame_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = len(self.frames) if self.chosen is None else self._index_of(self.chosen)
        moves = {Qt.Key.Key_Left: index - 1, Qt.Key.Key_Right: index + 1, Qt.Key.Key_Home: 0}
        moves[Qt.Key.Key_End] = len(self.frames)
        key = Qt.Key(event.key())
        if key not in moves or not self.frames:
            super().keyPressEvent(event)
            return
        index = max(0, moves[key])
        self.choose(self.frames[index] if index < len(self.frames) else None)


_MIDDLE = Qt.AlignmentFlag.AlignCenter


class Filmstrip(QWidget):
    """Thumbnails of the selected run's film frames; ``frame_chosen`` shows one large, None goes back to now."""

    frame_chosen = Signal(object)  # FilmFrame or None
    export_wanted = Signal(object)  # Exhibit: the film as an animation

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run: RunState | None = None
        self._films: dict[str, list[FilmFrame]] = {}
        self.strip = Strip()
        self.export = QPushButton(theme.icon("film"), "")
        self.export.setProperty("role", "icon")
        self.export.setToolTip("Export the filmstrip as an animation")
        self.export.setAccessibleName("Export the filmstrip as an animation")
        self.export.clicked.connect(self._export)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 4, 12, 0)
        layout.addWidget(self.strip, 1)
        layout.addWidget(self.export, 0, Qt.AlignmentFlag.AlignTop)
        self.strip.frame_chosen.connect(self.frame_chosen)
        bridge.film_arrived.connect(self._take)
        bridge.run_removed.connect(lambda run_id: self._films.pop(run_id, None))
        self._show()

    def set_run(self, run: RunState | None) -> None:
        """Show the film of another run."""
        before, self.run = self.run, run
        if (before and before.run_id) != (run and run.run_id):
            self.strip.tint = theme.family_colour(run.family if run else "")
            self.strip.spec = run.spec if run else None
            self.strip.choose(None)
            self._show()

    def frames(self) -> list[FilmFrame]:
        """The frames of the selected run, ascending by step."""
        return self._films.get(self.run.run_id, []) if self.run else []

    def exhibit(self) -> Exhibit | None:
        """The film as an animation, with the step of each frame as the array ``steps``."""
        import numpy as np

        frames = self.frames()
        if self.run is None or not frames:
            return None
        n = min(len(f.x) for f in frames)
        x = np.stack([f.x[:n] for f in frames])
        columns = 3 if self.run.spec.kind is Kind.IMAGE else 1
        steps = np.array([f.step for f in frames], dtype=np.int64)
        return Exhibit(
            f"{self.run.name}, training",
            "animation",
            x,
            DrawSamples(n, seed=self.run.seed),
            frames[-1].step,
            columns=columns,
            seconds_per_frame=0.15,
            arrays={"steps": steps},
            vocabulary=self.run.spec.vocabulary,
        )

    def _take(self, frame: FilmFrame) -> None:
        insert(self._films.setdefault(frame.run_id, []), frame)
        if self.run is not None and frame.run_id == self.run.run_id:
            self._show()

    def _show(self) -> None:
        self.strip.set_frames(self.frames())
        self.export.setEnabled(bool(self.frames()))

    def _export(self) -> None:
        exhibit = self.exhibit()
        if exhibit is not None:
            self.export_wanted.emit(exhibit)


def short(step: int) -> str:
    """A step in few characters: 850, 12,450, 1.253M."""
    return f"{step:,}" if step < 1_000_000 else f"{step / 1e6:.3f}M"


def thumbnail(x: np.ndarray, tint: QColor, spec: DataSpec | None = None, ratio: float = 1.0) -> QImage:
    """A frame as a small picture: a mosaic of its first pictures, its points in [-1.2, 1.2]^2, or its first texts."""
    import numpy as np

    if x.dtype.kind == "i" and spec is not None:
        return lettering.picture(spec.text(x), theme.colour("text"), THUMB, ratio)
    if x.ndim == 2:
        return _point_thumbnail(x, tint)
    n, height, width, channels = x.shape
    k = mosaic_side(height, width, n)
    rows = x[: k * k].reshape(k, k, height, width, channels).transpose(0, 2, 1, 3, 4)
    return pixels.to_qimage(np.ascontiguousarray(rows.reshape(k * height, k * width, channels)))


def _point_thumbnail(points: np.ndarray, tint: QColor) -> QImage:
    side = THUMB * 2
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    draw_pictures(painter, (points * [1, -1] / 2.4 + 0.5) * side, sprite(tint.rgba(), 4.0, 1.0))
    painter.end()
    return image
