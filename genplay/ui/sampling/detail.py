"""One sample, large, beside the others: its latent code and the training examples nearest to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.results import Neighbours
from genplay.ui import theme
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture import Picture

if TYPE_CHECKING:
    import numpy as np

NEAREST = "Find nearest training images"


class Detail(QWidget):
    """The selected sample with what one can do with it; a neighbour that is clicked takes its place for a look."""

    latent_wanted = Signal()
    nearest_wanted = Signal()
    closed = Signal()
    drag_out = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sample: np.ndarray | None = None
        self._caption = ""
        self._found: Neighbours | None = None
        self._looking = -1  # the neighbour that is shown large
        self.title = QLabel(wordWrap=True)
        self.picture = Picture()
        self.picture.setMinimumHeight(160)
        self.picture.drag_out.connect(self.drag_out)
        self.latent = QPushButton(theme.icon("latent"), "Use its latent")
        self.latent.clicked.connect(self.latent_wanted)
        self.nearest = QPushButton(theme.icon("zoom"), NEAREST)
        self.nearest.setToolTip("The training examples closest to this sample, pixel by pixel: has it been memorised?")
        self.nearest.clicked.connect(self.nearest_wanted)
        self.close_button = QPushButton(theme.icon("close", "dim"), "")
        self.close_button.setProperty("role", "flat")
        self.close_button.setToolTip("Close (Esc)")
        self.close_button.setAccessibleName("Close the large picture")
        self.close_button.clicked.connect(self.closed)
        self.found_title = QLabel(wordWrap=True)
        self.found_title.setProperty("role", "dim")
        self.found = ImageGrid(columns=4)
        self.found.setMinimumHeight(150)
        self.found.setAccessibleName("Nearest training images")
        self.found.clicked.connect(self._look_at)
        self._lay_out()
        self.forget_found()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.picture, 5)
        self._buttons = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._buttons.addWidget(self.latent)
        self._buttons.addWidget(self.nearest)
        layout.addLayout(self._buttons)
        layout.addWidget(self.found_title)
        layout.addWidget(self.found, 3)
        layout.addStretch(0)

    def show_sample(self, x: np.ndarray, caption: str) -> None:
        """Show a sample: a picture uint8 (H, W, C) or a point (2,)."""
        self._sample, self._caption = x, caption
        self.picture.setVisible(x.ndim == 3)
        self.nearest.setText(NEAREST if x.ndim == 3 else "Find nearest training points")
        if self._looking < 0:
            self._show_own()

    def _show_own(self) -> None:
        if self._sample is None:
            return
        if self._sample.ndim == 3:
            self.picture.set_image(self._sample)
            self.title.setText(self._caption)
        else:
            x, y = self._sample
            self.title.setText(f"{self._caption}\nx {x:+.3f},  y {y:+.3f}")

    def set_large(self, large: bool) -> None:
        """Take the whole panel, or stand beside the samples."""
        way = QBoxLayout.Direction.LeftToRight if large else QBoxLayout.Direction.TopToBottom
        self._buttons.setDirection(way)
        self.found.columns = 8 if large else 4
        self.found.update()

    def set_latent(self, possible: bool, why_not: str) -> None:
        """Whether the sample has a code that the Latent panel can take."""
        self.latent.setEnabled(possible)
        self.latent.setToolTip("Open the Latent tab at the code of this sample" if possible else why_not)

    def show_found(self, found: Neighbours, caption: str) -> None:
        """Show the nearest training examples with their distances."""
        self.forget_found()
        self._found = found
        distances = [f"{d:.3f}" for d in found.distance]
        self.found_title.setVisible(True)
        if found.x.ndim == 4:
            self.found_title.setText(f"{caption}: root-mean-square distance, data in [−1, 1]")
            self.found.set_images(found.x, distances)
            self.found.show()
        else:
            self.found_title.setText(f"{caption}, at {', '.join(distances)}")

    def forget_found(self) -> None:
        """Take the neighbours away."""
        self._found, self._looking = None, -1
        self.found.select(-1)
        self.found.set_images(None)
        self.found.hide()
        self.found_title.hide()
        self._show_own()

    def _look_at(self, index: int) -> None:
        """Show a neighbour large; the one already shown gives way to the sample again."""
        if self._found is None:
            return
        if self._looking == index:
            self._looking = -1
            self.found.select(-1)
            self._show_own()
            return
        self._looking = index
        self.picture.set_image(self._found.x[index])
        row, distance = int(self._found.index[index]), float(self._found.distance[index])
        self.title.setText(f"Training image {row:,}, distance {distance:.3f}")
