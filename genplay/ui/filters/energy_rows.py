"""Free energies of pictures of several sorts: a histogram a row over one axis."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QWidget

from genplay.ui.density.set_rows import LEAST_ROW, SetRows
from genplay.ui.views.axes import TICK_ROOM, Axis, spanning

NEAR = 3  # rows that decide what is on show; farther ones (noise) may lie beyond the end
ROWS = 4


class EnergyRows(SetRows):
    """Rows of nats; nothing is to be chosen among them, and the figures stand in the inspector."""

    unit, picks, left, right = "nats", False, 72, 16

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Free energies by sort of picture")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return QSize(360, ROWS * 28 + TICK_ROOM + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, ROWS * LEAST_ROW + TICK_ROOM + 14)

    def axis(self) -> Axis:
        """From the lowest to the highest of the first sorts, and a little more towards what is less probable."""
        near = self.bits[:NEAR]
        known = near[np.isfinite(near)]
        if not len(known):
            return Axis(0.0, 100.0)
        low, high = float(known.min()), float(known.max())
        return spanning(low, max(high, low + 1) + 0.2 * (high - low), 0.03)
