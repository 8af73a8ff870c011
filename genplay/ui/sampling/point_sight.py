"""Samples that are points: a cloud of them, with the real ones below it or in a plane of their own."""

from __future__ import annotations

import numpy as np

from genplay.contract.results import Neighbours, RunState
from genplay.ui import theme
from genplay.ui.sampling.sight import Sight
from genplay.ui.views.scatter import Scatter

PLANE = 1.25  # half the width of the part of the plane on show


class PointSight(Sight):
    """Points float32 (N, 2)."""

    unit = "points"
    real = 2000
    real_at_once = True
    overlays = True
    single = False

    def __init__(self) -> None:
        self.scatter, self.real_scatter = Scatter(), Scatter()
        super().__init__(self.scatter, self.real_scatter)
        self._picked = -1
        self._x: np.ndarray | None = None
        self.scatter.pick_layer = "samples"
        self.scatter.picked.connect(self._pick)

    def _pick(self, index: int) -> None:
        self._picked = index
        self.clicked.emit()

    def enter(self, run: RunState) -> None:
        super().enter(run)
        self._x = None
        self.scatter.clear()
        self.real_scatter.clear()

    @property
    def selected(self) -> int:
        return self._picked

    def select(self, index: int) -> None:
        self._picked = index
        for layer in ("picked", "nearest"):
            self.scatter.remove_layer(layer)

    def shown(self) -> np.ndarray | None:
        return self._x

    def show(self, x: np.ndarray | None) -> None:
        self._x = x
        if x is not None and self.run is not None:
            tint = theme.family_colour(self.run.family)
            self.scatter.set_layer("samples", x, colour=tint, size=4.5, opacity=0.75, title="samples")

    def show_real(self, x: np.ndarray | None, beside: bool) -> None:
        if x is not None:
            plane = self.real_scatter if beside else self.scatter
            plane.set_layer("real", x, colour="dim", size=4.5, opacity=0.6, title="real data", z=-1)
        if x is None or beside:
            self.scatter.remove_layer("real")

    def fit(self) -> None:
        """Always the same part of the plane, where data sets live, so that clouds can be compared as they train."""
        for plane in (self.scatter, self.real_scatter):
            plane.fit(-PLANE, -PLANE, PLANE, PLANE)

    def point_out(self, x: np.ndarray) -> None:
        self.scatter.set_layer("picked", x[None], colour="text", size=9, opacity=1.0)

    def point_out_found(self, found: Neighbours | None) -> None:
        if found is None:
            self.scatter.remove_layer("nearest")
        else:
            self.scatter.set_layer("nearest", found.x, colour="good", size=8, opacity=1.0, title="nearest real")
