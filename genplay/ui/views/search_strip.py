"""A search for the code of a picture: the picture, what was found step by step, and how far that is from it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from genplay.ui.views.line_chart import LineChart
from genplay.ui.views.picture import Picture
from genplay.ui.views.strip import Strip

SIDE, CHART = 64, 190


class SearchStrip(QWidget):
    """The picture looked for at the left, the steps as a strip with a playhead, the curve of the distance.

    Scrubbing strip or curve gives ``pressed``, ``scrubbed`` with the number of a step, and ``released``.
    """

    pressed = Signal()
    scrubbed = Signal(int)
    released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.target = Picture()
        self.target.setFixedSize(SIDE, SIDE)
        self.target.setAccessibleName("The picture whose code is looked for")
        self.target.setToolTip("The picture whose code is looked for")
        self.strip = Strip()
        self.strip.setAccessibleName("Steps of the search")
        self.strip.setAccessibleDescription("Left and right go through the steps of the search")
        self.chart = LineChart("distance", x_name="step")
        self.chart.setFixedWidth(CHART)
        self.chart.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.chart.setToolTip("Root mean square difference from the picture, data in [−1, 1]")
        self._x: list[np.ndarray] = []
        self._distance: list[float] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.target, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.strip, 1)
        row.addWidget(self.chart)
        self.strip.pressed.connect(self.pressed)
        self.strip.scrubbed.connect(self._scrubbed)
        self.strip.released.connect(self.released)
        self.chart.picked.connect(self._picked)

    def __len__(self) -> int:
        return len(self._x)

    def begin(self, target: np.ndarray | None, text: str = "") -> None:
        """Show a picture (H, W, C) of which nothing is found yet; ``text`` stands where the steps will be."""
        self.target.set_image(target)
        self._x, self._distance = [], []
        self.strip.text = text
        self._draw()

    def add(self, x: np.ndarray, distance: float) -> None:
        """One more step: the picture (H, W, C) that its code gives, and how far it is from the one looked for."""
        self._x.append(x)
        self._distance.append(distance)
        self._draw()
        self.show_step(len(self) - 1)

    def show_step(self, step: int) -> None:
        """Put the playhead on a step."""
        self.strip.set_frame(step)
        self.chart.set_cursor(float(step) if self._x else None)

    @property
    def step(self) -> int:
        """Which step is on show."""
        return self.strip.frame

    def _draw(self) -> None:
        self.strip.set_frames(np.stack(self._x) if self._x else None)
        self.chart.setVisible(bool(self._x))
        self.chart.set_curve(np.arange(len(self)), np.array(self._distance), low=0.0)
        if not self._x:
            self.chart.set_cursor(None)

    def _scrubbed(self, step: int) -> None:
        self.show_step(step)
        self.scrubbed.emit(step)

    def _picked(self, x: float) -> None:
        """A place of the curve: a gesture by itself."""
        if self._x:
            self.pressed.emit()
            self._scrubbed(int(np.clip(round(x), 0, len(self) - 1)))
            self.released.emit()
