"""A timeline: rows of thumbnails over a slider, from noise to data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

LABEL, SIDE = 76, 116  # room at the left for names, at the right for the end of the slider
ROW, THUMB, GAP, TRACK = 34, 32, 4, 26
SLOW = 0.1
TEN = 10


@dataclass(frozen=True)
class Row:
    """A row of thumbnails: its name and the picture of a frame, which is asked for once."""

    name: str
    picture: Callable[[int], QImage]


class TapeStrip(QWidget):
    """Rows of thumbnails, each above its place on the slider; of many frames as many as fit.

    ``total`` frames are expected, of which ``count`` have come. Dragging gives ``pressed``, ``scrubbed`` and
    ``released``; the wheel and the arrow keys step, Home and End go to the ends. ``marks`` are dots on the track.
    """

    pressed = Signal()
    scrubbed = Signal(int)
    released = Signal()

    def __init__(self, ends: tuple[str, str] = ("", ""), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ends = ends
        self.frame = 0
        self.count = self.total = 0
        self.marks: dict[int, QColor] = {}
        self.describe: Callable[[int], str] | None = None  # tooltip of a frame
        self._rows: tuple[Row, ...] = ()
        self._thumbs: dict[tuple[int, int], QImage] = {}
        self._static: QPixmap | None = None
        self._drag: tuple[float, float] | None = None  # where the pointer was, and the frame as a fraction
        self._turned = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription("Left and right step through the frames, Home and End go to noise and data")
        theme.signals().changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(560, self.height_for(max(1, len(self._rows))))

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.height_for(max(1, len(self._rows))))

    @staticmethod
    def height_for(rows: int) -> int:
        """Height with so many rows."""
        return rows * (ROW + GAP) + TRACK

    # ---- what is shown

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Other rows, or the same of other frames: every thumbnail is made anew."""
        grown = len(rows) != len(self._rows)
        self._rows = tuple(rows)
        self._thumbs.clear()
        if not rows:
            self.count = self.total = self.frame = 0
        if grown:
            self.updateGeometry()
        self._redraw()

    def set_ends(self, start: str, end: str) -> None:
        """What is written beside the ends of the slider."""
        if (start, end) != self.ends:
            self.ends = start, end
            self._redraw()

    def set_count(self, count: int, total: int) -> None:
        """More frames have come: ``count`` of ``total``."""
        if (count, total) != (self.count, self.total):
            self.count, self.total = count, max(count, total)
            self._redraw()

    def set_frame(self, frame: int) -> None:
        """Put the handle on a frame; what stands still is not drawn anew."""
        if frame != self.frame:
            self.frame = frame
            self.update()

    def set_marks(self, marks: Mapping[int, QColor]) -> None:
        """Dots on the track, by frame."""
        if dict(marks) != self.marks:
            self.marks = dict(marks)
            self.update()

    def _redraw(self) -> None:
        self._static = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._static = None

    # ---- places

    def _span(self) -> tuple[float, float]:
        half = self._thumb_size().width() / 2
        return LABEL + half, max(LABEL + half + 1.0, self.width() - SIDE - half)

    def x_of(self, frame: float) -> float:
        """Where a frame is along the track."""
        left, right = self._span()
        return left + (right - left) * frame / max(1, self.total - 1)

    def frame_at(self, x: float) -> int:
        """The frame nearest to a place along the track, of those that have come."""
        return self._clip(self._fraction_at(x))

    def _fraction_at(self, x: float) -> float:
        left, right = self._span()
        return (x - left) / (right - left) * max(1, self.total - 1)

    def _clip(self, frame: float) -> int:
        return max(0, min(round(frame), self.count - 1))

    def _thumb_size(self) -> QSize:
        image = self._thumb(0, 0) if self._rows and self.count else None
        if image is None:
            return QSize(THUMB, THUMB)
        scale = pixels.whole_factor(3 * THUMB, THUMB, image.width(), image.height(), self.devicePixelRatioF())
        return QSize(round(image.width() * scale), round(image.height() * scale))

    def shown_frames(self) -> list[int]:
        """The frames that have a thumbnail: evenly spread over all that are expected."""
        left, right = self._span()
        fit = max(2, int((right - left) // self._thumb_size().width()) + 1)
        n = min(fit, self.total)
        return [round(i * (self.total - 1) / max(1, n - 1)) for i in range(n)]

    def _thumb(self, row: int, frame: int) -> QImage:
        key = row, frame
        if key not in self._thumbs:
            self._thumbs[key] = self._rows[row].picture(frame)
        return self._thumbs[key]

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._static is None or self._static.devicePixelRatio() != ratio:
            self._static = self._draw_static(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._static)
        if self.count:
            self._draw_chosen(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_track(painter)

    def _draw_static(self, ratio: float) -> QPixmap:
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setFont(theme.font(12))
        for number, row in enumerate(self._rows):
            painter.setPen(theme.colour("dim"))
            area = QRectF(0, self._top(number), LABEL - 12, ROW)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.name)
            frames = self.shown_frames()
            for place, frame in enumerate(frames):
                if frame < self.count:
                    x = self.x_of(place * (self.total - 1) / max(1, len(frames) - 1))
                    pixels.draw(painter, self._thumb_rect(number, x), self._thumb(number, frame))
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        track = QRectF(0, self._top(len(self._rows)), LABEL - 12, TRACK)
        painter.drawText(track, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.ends[0])
        end = QRectF(self.width() - SIDE + 12, track.top(), SIDE - 12, TRACK)
        painter.drawText(end, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.ends[1])
        painter.end()
        return pixmap

    def _top(self, row: int) -> int:
        return row * (ROW + GAP)

    def _thumb_rect(self, row: int, x: float) -> QRectF:
        size = self._thumb_size()
        left = round(x - size.width() / 2)
        return QRectF(left, self._top(row) + (ROW - size.height()) // 2, size.width(), size.height())

    def _draw_chosen(self, painter: QPainter) -> None:
        """The frame on show in its own place, outlined, over its neighbours."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row in range(len(self._rows)):
            area = self._thumb_rect(row, self.x_of(self.frame))
            if self.frame < self.count:
                pixels.draw(painter, area, self._thumb(row, self.frame))
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(area.adjusted(-1, -1, 1, 1))

    def _draw_track(self, painter: QPainter) -> None:
        y = self._top(len(self._rows)) + TRACK / 2
        left, right = self._span()
        here = self.x_of(self.frame)
        for token, start, end in (
            ("line", left, right),
            ("disabled", left, self.x_of(self.count - 1)),
            ("accent", left, here),
        ):
            painter.setPen(QPen(theme.colour(token), 3, c=Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(start, y), QPointF(end, y))
        for frame, colour in self.marks.items():
            painter.setPen(QPen(theme.colour("card"), 1.5))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(self.x_of(frame), y), 4.5, 4.5)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1.5 if self.hasFocus() else 1))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(here, y), 7, 7)

    # ---- pointer, wheel and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.count:
            return
        x = event.position().x()
        on_handle = abs(x - self.x_of(self.frame)) <= 8 and event.position().y() >= self._top(len(self._rows))
        self._drag = x, float(self.frame) if on_handle else self._fraction_at(x)
        self.pressed.emit()
        self._scrub(self._drag[1])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._drag is None:
            self._tell(x)
            return
        slow = SLOW if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        last, fraction = self._drag
        fraction += slow * (self._fraction_at(x) - self._fraction_at(last))
        self._drag = x, fraction
        self._scrub(fraction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self.released.emit()

    def _tell(self, x: float) -> None:
        inside = self.count and LABEL <= x <= self.width() - SIDE
        self.setToolTip(self.describe(self.frame_at(x)) if inside and self.describe else "")

    def _scrub(self, fraction: float) -> None:
        frame = self._clip(fraction)
        if frame != self.frame:
            self.set_frame(frame)
            self.scrubbed.emit(frame)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._turned += event.angleDelta().y() or -event.angleDelta().x()
        notches, self._turned = int(self._turned / 120), self._turned - 120 * int(self._turned / 120)
        if notches:
            self.step_by(-notches)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageUp: -TEN,
            Qt.Key.Key_PageDown: TEN,
            Qt.Key.Key_Home: -(1 << 20),
            Qt.Key.Key_End: 1 << 20,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.count:
            super().keyPressEvent(event)
            return
        self.step_by(step)

    def step_by(self, frames: int) -> None:
        """Go on by so many frames, as the user would."""
        frame = self._clip(self.frame + frames)
        if frame != self.frame:
            self.set_frame(frame)
            self.scrubbed.emit(frame)
