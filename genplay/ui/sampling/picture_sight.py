"""Samples that are pictures: a grid of them beside a grid of real ones."""

from __future__ import annotations

import numpy as np

from genplay.contract.results import RunState
from genplay.ui.sampling.sight import Sight
from genplay.ui.views.image_grid import ImageGrid


class PictureSight(Sight):
    """Pictures uint8 (N, H, W, C)."""

    def __init__(self) -> None:
        self.grid, self.real_grid = ImageGrid(), ImageGrid()
        super().__init__(self.grid, self.real_grid)
        self.real_grid.selectable = False
        self.grid.clicked.connect(lambda _: self.clicked.emit())
        self.grid.double_clicked.connect(lambda _: self.double_clicked.emit())
        self.grid.drag_out.connect(self.drag_out)

    def enter(self, run: RunState) -> None:
        super().enter(run)
        self.real_grid.set_images(None)

    @property
    def selected(self) -> int:
        return self.grid.selected

    def select(self, index: int) -> None:
        self.grid.select(index)

    def shown(self) -> np.ndarray | None:
        return self.grid.images

    def show(self, x: np.ndarray | None) -> None:
        self.grid.set_images(x)

    def show_partial(self, x: np.ndarray, n: int) -> None:
        old = self.grid.images
        if old is not None and old.shape[1:] == x.shape[1:] and len(old) > len(x):
            x = np.concatenate([x, old[len(x) : n]])
        self.grid.set_images(x, slots=n)

    def show_real(self, x: np.ndarray | None, beside: bool) -> None:
        if x is not None:
            self.real_grid.set_images(x)

    def columns(self) -> int:
        return self.grid.layout_columns()
