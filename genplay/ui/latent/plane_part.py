"""The plane of the Latent panel: codes of held-out data, the path, decoded tiles and the cursor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from genplay.contract.requests import Decode
from genplay.contract.results import Answer, LatentMap
from genplay.ui.latent import geometry
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import RANGE, LatentState
from genplay.ui.views.path_controls import LETTERS
from genplay.ui.views.scatter import Scatter

TILES_MS = 90  # after the last change, before tiles are decoded

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Decoded tiles on show: the answer, the question, and how many stand in a row."""

    answer: Answer
    question: Decode
    columns: int


class PlanePart(QWidget):
    """Keeps a scatter view and the session in step."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.tiles: Tiles | None = None
        self._path: np.ndarray | None = None  # codes (F, D) along the path
        self._own = False
        self._drawn: tuple[object, ...] = ()
        self._home = (0.0, 0.0, RANGE)  # the window that was chosen for the data
        self.view = Scatter()
        self.view.setAccessibleName("Latent plane")
        self.view.show_position = False
        self.view.pick_layer = "data"
        self.view.describe = self._describe
        self.view.depict = self._depict
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._later = QTimer(self, singleShot=True, interval=TILES_MS)
        self._later.timeout.connect(self.ask_tiles)
        self.view.cursor_pressed.connect(session.begin)
        self.view.cursor_moved.connect(self._carry)
        self.view.cursor_released.connect(lambda x, y: session.commit("move in the plane"))
        self.view.picked.connect(self._pick)
        self.view.handle_clicked.connect(self._go_to_keyframe)
        self.view.view_changed.connect(self._view_changed)
        session.run_changed.connect(self._run_changed)
        session.map_changed.connect(self.draw)
        session.changed.connect(self._changed)
        session.settled.connect(self._tiles_later)
        session.shown_z.connect(self._place_cursor)

    # ---- what is drawn

    def draw(self) -> None:
        """Everything anew: for another map, other axes or another colour."""
        session = self.session
        if not session.ready:
            self.view.clear()
            self._drawn = ()
            return
        axes = session.axes()
        names = dict(geometry.choices(session.state.size, session.map, session.order))
        tiled = session.state.view == "tiles"  # the names would not be readable on the tiles
        self.view.axis_names = ("", "") if tiled else (names[axes[0]], names[axes[1]])
        self._draw_data(session.map)
        self._place_cursor(None)
        self._draw_path()
        key = (session.run.run_id if session.run else "", axes, session.map is None)
        if key != self._drawn or self._outgrown():
            self._drawn = key
            self.fit()

    def _draw_data(self, latent: LatentMap | None) -> None:
        if latent is None:
            self.view.remove_layer("data")
            return
        categories, names = self._colouring(latent)
        points = self.session.plane().project(latent.codes)
        self.view.set_layer("data", points, categories=categories, names=names, size=4.5, opacity=0.75, colour="accent")
        self.view.show_layer("data", self.session.state.view != "tiles")

    def colour(self) -> str:
        """The attribute that colours the data: the chosen one, else the one with most values that fit a legend."""
        names = {a.name: len(a.values) for a in self.session.attributes}
        if self.session.state.colour in names:
            return self.session.state.colour
        return max(names, key=lambda n: names[n] if names[n] <= 8 else -names[n], default="")

    def _colouring(self, latent: LatentMap) -> tuple[np.ndarray | None, tuple[str, ...]]:
        chosen = self.colour()
        for column, attribute in enumerate(self.session.attributes):
            if attribute.name == chosen and column < latent.labels.shape[1]:
                return latent.labels[:, column], attribute.values
        return None, ()

    def fit(self) -> None:
        """Show the data, or the range of a standard normal where there is none."""
        if self.view.layer("data") is not None:
            self.view.fit_points()
            self._take_cursor_in()
        else:
            self.view.fit(-RANGE, -RANGE, RANGE, RANGE)
        self._home = self._seen()

    def _take_cursor_in(self) -> None:
        """Widen the window for a cursor that stands a little outside it."""
        (x0, y0, x1, y1), at = self.view.window_extent(), self.view.cursor_at
        if at is None or (x0 < at[0] < x1 and y0 < at[1] < y1):
            return
        x, y, half = self._seen()
        reach = max(abs(at[0] - x), abs(at[1] - y))
        if reach < 2.5 * half:
            self.view.fit(x - reach, y - reach, x + reach, y + reach)

    def _seen(self) -> tuple[float, float, float]:
        """Centre and half the smaller side of the window on the plane."""
        x0, y0, x1, y1 = self.view.window_extent()
        return (x0 + x1) / 2, (y0 + y1) / 2, min(x1 - x0, y1 - y0) / 2

    def _outgrown(self) -> bool:
        """Whether data that a training model moves no longer suits the window; one the user chose always suits."""
        layer = self.view.layer("data")
        if layer is None or not len(layer.points) or not np.allclose(self._seen(), self._home, rtol=1e-3, atol=1e-3):
            return False
        ends = np.quantile(layer.points, (0.0025, 0.9975), axis=0)  # low and high, of x and y
        low, high = (ends - self._home[:2]) / self._home[2]
        away, size = np.abs(low + high).max() / 2, (high - low).max() / 2
        return bool(away > 0.25 or size < 0.6 or np.abs([low, high]).max() > 1.0)

    def _place_cursor(self, z: np.ndarray | None) -> None:
        if self.session.ready and not self._own:
            self.view.set_cursor(*self.session.plane().project(self.session.state.z if z is None else z))

    def set_path(self, codes: np.ndarray | None) -> None:
        """The codes (F, D) along the path, or None."""
        self._path = codes
        self._draw_path()

    def _draw_path(self) -> None:
        if not self.session.ready:
            return
        keys = self.session.state.keyframes
        plane = self.session.plane()
        fits = self._path is not None and len(keys) > 1 and self._path.shape[1] == self.session.state.size
        line = plane.project(self._path) if fits and self._path is not None else None
        self.view.set_path(line, plane.project(np.stack(keys)) if keys else None, LETTERS[: len(keys)])

    # ---- what the hand does

    def _carry(self, x: float, y: float) -> None:
        state = self.session.state
        self._own = True
        self.session.apply(state.moved(self.session.plane().moved(state.z, (x, y))))
        self._own = False

    def _pick(self, index: int) -> None:
        latent = self.session.map
        if latent is not None and self.session.state.view == "plane":
            self.session.do(self.session.state.moved(latent.codes[index]), "go to a data point", same_gesture=True)

    def _go_to_keyframe(self, index: int) -> None:
        self.session.do(self.session.state.moved(self.session.state.keyframes[index]), f"go to {LETTERS[index]}")

    def _describe(self, index: int) -> str:
        latent = self.session.map
        if latent is None or index >= len(latent.labels):
            return ""
        categories, names = self._colouring(latent)
        return names[categories[index]] if categories is not None and 0 <= categories[index] < len(names) else ""

    def _depict(self, index: int) -> np.ndarray | None:
        latent = self.session.map
        return latent.x[index] if latent is not None and self.session.pictures and index < len(latent.x) else None

    # ---- following the session

    def _run_changed(self) -> None:
        self.tiles, self._path, self._drawn = None, None, ()
        self.view.clear()
        self.draw()

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if (state.axes, state.colour, state.view) != (before.axes, before.colour, before.view):
            if state.view != "tiles":
                self.tiles = None
                self.view.set_tiles(None)
            self.draw()
            self._tiles_later()
        else:
            if state.keyframes is not before.keyframes:
                self._draw_path()
            self._place_cursor(None)
        if state.view == "tiles" and (state.condition != before.condition or self._off_plane(before)):
            self._tiles_later()

    def _off_plane(self, before: LatentState) -> bool:
        plane = self.session.plane()
        here = tuple(plane.project(self.session.state.z))
        return bool(np.abs(plane.moved(before.z, here) - self.session.state.z).max() > 1e-4)  # type: ignore[arg-type]

    def _view_changed(self) -> None:
        if self.session.state.view == "tiles":
            self._later.start()

    def _tiles_later(self) -> None:
        if self.session.state.view == "tiles" and self.session.pictures:
            self._later.start()

    # ---- tiles

    def ask_tiles(self) -> None:
        """Decode a grid of codes over what the plane shows."""
        if self.session.state.view != "tiles" or not self.session.pictures or self.session.run is None:
            return
        _, height, width = self.session.run.spec.shape
        tiling = geometry.Tiling.over(self.view.width(), self.view.height(), (height, width))
        centres = tiling.centres(self.view.width(), self.view.height())
        at = np.array([self.view.to_data(QPointF(x, y)) for x, y in centres], np.float32)
        question = Decode(self.session.plane().at(self.session.state.z, at), self.session.condition)
        half_x, half_y = (np.array([tiling.width, tiling.height]) / 2 / self.view.scale()).tolist()
        extent = (
            float(at[:, 0].min() - half_x),
            float(at[:, 1].min() - half_y),
            float(at[:, 0].max() + half_x),
            float(at[:, 1].max() + half_y),
        )
        self.session.ask("tiles", question, lambda answer: self._tiled(answer, question, tiling.columns, extent))

    def _tiled(self, answer: Answer, question: Decode, columns: int, extent: Extent) -> None:
        if self.session.state.view == "tiles":
            self.tiles = Tiles(answer, question, columns)
            self.view.set_tiles(answer.value.x, columns, extent)
