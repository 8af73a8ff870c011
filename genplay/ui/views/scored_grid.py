"""Pictures from most real to most generated, the discriminator's score under each."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from genplay.ui import theme
from genplay.ui.views import pixels
from genplay.ui.views.image_grid import CAPTION, ImageGrid
from genplay.ui.views.sides import scored, side_text

RIM = 2  # pixels around all pictures: room for an outline
LEAST = 32  # logical pixels of a picture's side: room for the score under it


class ScoredGrid(ImageGrid):
    """An :class:`ImageGrid` of as many of the given pictures as are seen well, always with the first and the last.

    Numbers of pictures in its signals are those of the grid; ``ranks`` tells which of the given ones they are.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, gap=5)
        self.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        self.ranks = np.zeros(0, np.int64)
        self._all: np.ndarray | None = None
        self._scores = np.zeros(0)
        self._threshold = 0.0

    def set_scored(self, x: np.ndarray | None, scores: np.ndarray, threshold: float) -> None:
        """Show pictures (N, H, W, C) that are sorted by their scores (N,), highest first."""
        self._all, self._scores, self._threshold = x, scores, threshold
        self.spread()

    def spread(self) -> None:
        """Choose which pictures are shown: evenly over all of them where there is no room for each."""
        total = 0 if self._all is None else len(self._all)
        if self._all is None or not total:
            self.ranks = np.zeros(0, np.int64)
            self.set_images(None)
            return
        kept = self.ranks[self.selected] if 0 <= self.selected < len(self.ranks) else -1
        shown = max(1, min(total, self.room()))
        self.ranks = np.linspace(0, total - 1, shown).round().astype(np.int64)
        self.set_images(self._all[self.ranks], [scored(float(self._scores[r])) for r in self.ranks])
        self._keep_selected(int(kept))

    def _keep_selected(self, rank: int) -> None:
        """Outline the same rank again, if it is still shown."""
        found = np.flatnonzero(self.ranks == rank)
        self.selected = int(found[0]) if len(found) else -1

    def room(self) -> int:
        """How many pictures there is room for, each large enough for its score."""
        assert self._all is not None
        height, width = self._all.shape[1:3]
        ratio = self.devicePixelRatioF()
        scale = max(1, -(-int(LEAST * ratio) // width)) / ratio
        columns = int((self.width() - 2 * RIM + self.gap) // (width * scale + self.gap))
        rows = int((self.height() - 2 * RIM + self.gap) // (height * scale + self.gap + CAPTION))
        return max(1, columns) * max(1, rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.spread()

    def _place(self) -> Any:
        return super()._place()._replace(left=RIM, top=RIM)

    def _scale(self, columns: int, n: int, width: int, height: int) -> float:
        rows = -(-n // columns)
        room_x = (self.width() - 2 * RIM - (columns - 1) * self.gap) / columns
        room_y = (self.height() - 2 * RIM - (rows - 1) * self.gap) / rows - CAPTION
        return pixels.whole_factor(max(1.0, room_x), max(1.0, room_y), width, height, self.devicePixelRatioF())

    def _draw_caption(self, painter: QPainter, above: QRectF, text: str) -> None:
        score = self._score_under(above)
        painter.setPen(side_text(score >= self._threshold))
        painter.setFont(theme.font(11))
        wide = above.adjusted(-self.gap / 2, 0, self.gap / 2, 0)
        area = QRectF(wide.left(), wide.bottom() + 1, wide.width(), CAPTION - 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def _score_under(self, picture: QRectF) -> float:
        index = self.index_at(picture.center())
        return float(self._scores[self.ranks[index]]) if index >= 0 else self._threshold


def blended(x: np.ndarray, saliency: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W, C) under a map of where is looked at: ``colours`` (N, H, W, 3), thick where it is strong."""
    seen = x.astype(np.float32)
    ground = 0.7 * seen.mean(axis=-1, keepdims=True) + 0.3 * seen  # quiet, so that the map's colours tell
    weight = (0.2 + 0.65 * saliency)[..., None]
    return np.rint((1 - weight) * ground + weight * colours).clip(0, 255).astype(np.uint8)
