"""The keyframes of a walk between seeds: a small picture, a letter and the seed each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.path_controls import LETTERS

SIDE, GAP, TEXT = 40, 8, 16
WIDTH = 58  # of a keyframe: room for a seed of six digits


class SeedKeys(QWidget):
    """Click to go to a keyframe (``gone_to``), drag or Ctrl with an arrow key to move it, Delete to take it away.

    ``reordered`` and ``used`` (a wish to sample with that seed) give places in the row.
    """

    gone_to = Signal(int)
    removed = Signal(int)
    reordered = Signal(int, int)
    used = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.seeds: tuple[int, ...] = ()
        self.chosen = -1
        self._images: list[QImage | None] = []
        self._pressed: tuple[QPoint, int] | None = None
        self._to = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(SIDE + 2 * TEXT)
        self.setAccessibleName("Keyframe seeds")
        self.setAccessibleDescription("Arrow keys choose, Enter goes there, Ctrl and arrows reorder, Delete removes")
        self.setToolTip("Click to go to a keyframe · drag to reorder · Delete removes · right click for more")

    def __len__(self) -> int:
        return len(self.seeds)

    def set_seeds(self, seeds: Sequence[int], pictures: Sequence[np.ndarray | None] = ()) -> None:
        """Show these seeds, with what each draws uint8 (H, W, C) where that is known."""
        self.seeds = tuple(seeds)
        known = list(pictures) + [None] * (len(seeds) - len(pictures))
        self._images = [None if x is None else pixels.to_qimage(x) for x in known]
        self.chosen = min(self.chosen, len(seeds) - 1)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(WIDTH, len(self) * (WIDTH + GAP) - GAP), SIDE + 2 * TEXT)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 3 * (WIDTH + GAP)), SIDE + 2 * TEXT)

    def key_rect(self, index: int) -> QRectF:
        """Where a keyframe is."""
        step = min(WIDTH + GAP, (self.width() - WIDTH) / max(1, len(self) - 1)) if len(self) > 1 else 0
        return QRectF(index * step, 0, WIDTH, self.height())

    def index_at(self, point: QPointF) -> int:
        """The keyframe under a point, or -1."""
        return next((i for i in reversed(range(len(self))) if self.key_rect(i).contains(point)), -1)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(len(self)):
            self._draw(painter, index)

    def _draw(self, painter: QPainter, index: int) -> None:
        area = self.key_rect(index)
        place = QRectF(area.center().x() - SIDE / 2, TEXT, SIDE, SIDE)
        painter.setFont(theme.font(11, theme.font().Weight.Bold))
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(area.left(), 0, area.width(), TEXT), Qt.AlignmentFlag.AlignCenter, LETTERS[index])
        image = self._images[index]
        painter.fillRect(place, theme.colour("card"))
        if image is not None:
            inside = pixels.centred(SIDE, SIDE, image.width(), image.height(), self.devicePixelRatioF())
            pixels.draw(painter, inside.translated(place.topLeft()), image)
        if index in (self.chosen if self.hasFocus() else -1, self._to):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(place.adjusted(-1, -1, 1, 1))
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        under = QRectF(area.left() - 4, TEXT + SIDE + 1, area.width() + 8, TEXT - 1)
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, str(self.seeds[index]))

    # ---- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index < 0:
            return
        self.chosen = index
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint(), index
        elif event.button() == Qt.MouseButton.RightButton:
            self._menu(index, event.globalPosition().toPoint())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        moved = (event.position().toPoint() - self._pressed[0]).manhattanLength()
        if moved >= QApplication.startDragDistance():
            centres = [abs(self.key_rect(i).center().x() - event.position().x()) for i in range(len(self))]
            self._to = int(np.argmin(centres))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, to = self._pressed, self._to
        self._pressed, self._to = None, -1
        if pressed is not None and to >= 0:
            self._move(pressed[1], to)
        elif pressed is not None:
            self.gone_to.emit(pressed[1])
        self.update()

    def _move(self, start: int, to: int) -> None:
        if 0 <= to < len(self) and start != to:
            self.chosen = to
            self.reordered.emit(start, to)

    def _menu(self, index: int, at: QPoint) -> None:
        menu = QMenu(self)
        last = len(self) - 1
        entries: tuple[tuple[str, Callable[[], None], bool], ...] = (
            (f"Go to {LETTERS[index]}", lambda: self.gone_to.emit(index), True),
            ("Sample the tape with this seed", lambda: self.used.emit(index), True),
            ("Move earlier", lambda: self._move(index, index - 1), index > 0),
            ("Move later", lambda: self._move(index, index + 1), index < last),
            ("Remove", lambda: self.removed.emit(index), True),
        )
        for text, slot, possible in entries:
            menu.addAction(text, slot).setEnabled(possible)
        menu.exec(at)
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key))
        if step is not None and control and self.chosen >= 0:
            self._move(self.chosen, self.chosen + step)
        elif step is not None and len(self):
            self.chosen = min(max(self.chosen + step, 0), len(self) - 1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and 0 <= self.chosen < len(self):
            self.removed.emit(self.chosen)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and 0 <= self.chosen < len(self):
            self.gone_to.emit(self.chosen)
        else:
            super().keyPressEvent(event)
        self.update()
