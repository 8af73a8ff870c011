"""A strip of frames with a playhead: drag it to scrub."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels

TRACK = 14  # height of the scrub track below the frames
TAG = 14


class Strip(QWidget):
    """As many frames of a film as fit, evenly spread, with marks at some of them, above a track with a playhead.

    Scrubbing gives ``pressed``, ``scrubbed`` with a frame number, and ``released``; arrow keys step.
    """

    pressed = Signal()
    scrubbed = Signal(int)
    released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = ""  # said while there are no frames
        self.frame = 0
        self._x: np.ndarray | None = None
        self._image: QImage | None = None
        self._marks: dict[int, str] = {}
        self._held = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(40)
        self.setAccessibleName("Path")
        self.setAccessibleDescription("Left and right go through the frames of the path")

    def sizeHint(self) -> QSize:
        return QSize(400, 64 + TRACK)

    def set_frames(self, x: np.ndarray | None, marks: dict[int, str] | None = None) -> None:
        """Pictures uint8 (F, H, W, C) or points (F, 2), and a letter for some of their numbers."""
        self._x = x if x is not None and len(x) else None
        self._marks = marks or {}
        self._image = None
        if self._x is not None and self._x.ndim == 4:
            n, h, w, c = self._x.shape
            self._image = pixels.to_qimage(self._x.reshape(n * h, w, c))
        self.frame = min(self.frame, max(0, len(self) - 1))
        self.update()

    def __len__(self) -> int:
        return 0 if self._x is None else len(self._x)

    def set_frame(self, frame: int) -> None:
        """Put the playhead on a frame."""
        self.frame = int(np.clip(frame, 0, max(0, len(self) - 1)))
        self.update()

    # ---- layout

    def _thumb(self) -> tuple[float, float]:
        room = max(8, self.height() - TRACK - 2)
        if self._x is None or self._x.ndim != 4:
            return room, room
        _, h, w, _ = self._x.shape
        scale = pixels.whole_factor(10_000, room, w, h, self.devicePixelRatioF())
        return w * scale, h * scale

    def shown_frames(self) -> np.ndarray:
        """The numbers of the frames that have a thumbnail."""
        fit = max(1, int(self.width() // self._thumb()[0]))
        return np.unique(np.linspace(0, len(self) - 1, min(fit, len(self))).round().astype(int))

    def _span(self) -> tuple[float, float]:
        """Left and right end of the track: the middles of the first and the last thumbnail."""
        width = self._thumb()[0]
        used = width * max(1, len(self.shown_frames()))
        return width / 2, max(width / 2 + 1, used - width / 2)

    def x_of(self, frame: int) -> float:
        """Where a frame is along the track."""
        left, right = self._span()
        return left + (right - left) * frame / max(1, len(self) - 1)

    def frame_at(self, x: float) -> int:
        """The frame at a place along the track."""
        left, right = self._span()
        return int(np.clip(round((x - left) / (right - left) * (len(self) - 1)), 0, len(self) - 1))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("background"))
        if self._x is None:
            painter.setPen(theme.colour("dim"))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap), self.text)
            return
        width, height = self._thumb()
        for place, frame in enumerate(self.shown_frames()):
            self._draw_thumb(painter, QRectF(place * width, 0, width, height), int(frame))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_track(painter, height + TRACK / 2)

    def _draw_thumb(self, painter: QPainter, at: QRectF, frame: int) -> None:
        assert self._x is not None
        if self._image is not None:
            _, h, w, _ = self._x.shape
            pixels.draw(painter, at, self._image, QRectF(0, frame * h, w, h))
            return
        painter.fillRect(at.adjusted(1, 1, -1, -1), theme.colour("card"))
        x, y = np.clip(self._x[frame] / 1.2, -1, 1) * 0.5 + 0.5
        painter.setBrush(theme.colour("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(at.left() + x * at.width(), at.bottom() - y * at.height()), 2.5, 2.5)

    def _draw_track(self, painter: QPainter, y: float) -> None:
        left, right = self._span()
        painter.setPen(QPen(theme.colour("line"), 3, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        x = self.x_of(self.frame)
        painter.setPen(QPen(theme.colour("accent"), 3, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left, y), QPointF(x, y))
        painter.setFont(theme.font(10, theme.font().Weight.Bold))
        for frame, letter in self._marks.items():
            centre = QPointF(self.x_of(frame), y)
            diamond = QPolygonF([centre + QPointF(*p) for p in ((0, -4), (4, 0), (0, 4), (-4, 0))])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("warn"))
            painter.drawPolygon(diamond)
            painter.setPen(theme.colour("dim"))
            painter.drawText(QRectF(centre.x() + 8, y - 7, TAG, 14), Qt.AlignmentFlag.AlignVCenter, letter)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "dim"), 1.2))
        painter.setBrush(theme.colour("handle"))
        painter.drawEllipse(QPointF(x, y), 6, 6)

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and len(self):
            self._held = True
            self.pressed.emit()
            self._scrub(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._scrub(self.frame_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held and event.button() == Qt.MouseButton.LeftButton:
            self._held = False
            self.released.emit()

    def _scrub(self, frame: int) -> None:
        self.set_frame(frame)
        self.scrubbed.emit(self.frame)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not len(self):
            super().keyPressEvent(event)
            return
        self.pressed.emit()
        self._scrub(int(np.clip(self.frame + step, 0, len(self) - 1)))
        self.released.emit()
