"""A latent code as bars, one a dimension, with marks where the prediction sees each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.ui import theme

if TYPE_CHECKING:
    import numpy as np

RANGE = 3.0  # standard deviations from the middle to an edge


class CodeBars(QWidget):
    """Bars of ``z`` (D,) up and down from zero, and a line across each at the value predicted for it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.z: np.ndarray | None = None
        self.predicted: np.ndarray | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 48)
        self.setToolTip("The code that is denoised, bar by bar; the lines are its prediction")

    def sizeHint(self) -> QSize:
        return QSize(160, 120)

    def set_code(self, z: np.ndarray, predicted: np.ndarray | None) -> None:
        """Show a code (D,) and its prediction."""
        self.z, self.predicted = z, predicted
        self.update()

    def _y(self, value: float) -> float:
        share = max(-1.0, min(1.0, value / RANGE))
        return self.height() / 2 * (1 - share)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("card"))
        if self.z is None or not len(self.z):
            return
        step = self.width() / len(self.z)
        zero = self._y(0)
        gap = 1.0 if step > 3 else 0.0
        for i, value in enumerate(self.z.tolist()):
            top = self._y(value)
            bar = QRectF(i * step, min(top, zero), max(1.0, step - gap), abs(top - zero))
            painter.fillRect(bar, theme.colour("accent"))
        painter.fillRect(QRectF(0, zero, self.width(), 1), theme.colour("disabled"))
        if self.predicted is not None:
            for i, value in enumerate(self.predicted.tolist()):
                mark = QRectF(i * step, self._y(value) - 1, max(1.0, step - gap), 2)
                painter.fillRect(mark, theme.colour("text"))
