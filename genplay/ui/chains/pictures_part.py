"""Chains of pictures: where they start, the one in focus, and all of them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QStackedWidget, QWidget

from genplay.ui.chains import asking, words
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import PICTURE, ChainState
from genplay.ui.chains.walker import Walker
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.paint import PaintCanvas
from genplay.ui.views.painting import Painting
from genplay.ui.views.picture import Picture

WAITING = "Press Play to have the chains walk."
NO_PICTURE = "Take an example of the data, open a file, or drop a picture here."


class StartCanvas(PaintCanvas):
    """The damaged picture; what is painted on is what is made anew. Its outline is drawn, and nothing over it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.size_px = "mask", 2
        self.setAccessibleName("Start")
        self.setToolTip("Paint the part that is damaged and made anew")

    def _show(self, painting: Painting | None) -> None:
        super()._show(painting)
        if self._veil is not None:
            self._veil = QImage(self._veil.size(), QImage.Format.Format_ARGB32)
            self._veil.fill(Qt.GlobalColor.transparent)


class PicturesPart(QWidget):
    """Start and chain side by side, the grid of all chains below; a click in the grid chooses the chain."""

    drag_out = Signal(int)

    def __init__(self, session: ChainSession, walker: Walker) -> None:
        super().__init__()
        self.session, self.walker = session, walker
        self.title = ElidedLabel()
        self.canvas, self.begun, self.now = StartCanvas(), Picture(), Picture()
        self.canvas.placeholder, self.begun.placeholder, self.now.placeholder = NO_PICTURE, WAITING, WAITING
        self.begun.setAccessibleName("Start of the chain")
        self.now.setAccessibleName("The chain now")
        self.starts = QStackedWidget()
        self.starts.addWidget(self.begun)
        self.starts.addWidget(self.canvas)
        self.grid = ImageGrid(gap=4)
        self.grid.setAccessibleName("All chains")
        self.heads = ElidedLabel(), ElidedLabel(), ElidedLabel()
        self._damaged: tuple[object, ...] = ()
        self._lay_out()
        self.canvas.stroke_done.connect(self._painted)
        self.grid.clicked.connect(session.focus)
        self.grid.drag_out.connect(self.drag_out)
        session.changed.connect(self._changed)
        session.run_changed.connect(self.follow)
        walker.moved.connect(self.show_chains)
        walker.grew.connect(self.show_chains)
        self.follow()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.title, 0, 0, 1, 2)
        grid.addWidget(self.heads[0], 1, 0)
        grid.addWidget(self.heads[1], 1, 1)
        grid.addWidget(self.starts, 2, 0)
        grid.addWidget(self.now, 2, 1)
        grid.addWidget(self.heads[2], 3, 0, 1, 2)
        grid.addWidget(self.grid, 4, 0, 1, 2)
        for view in (self.starts, self.now):
            view.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)  # both are as wide
        grid.setRowStretch(2, 5)
        grid.setRowStretch(4, 5)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)

    # ---- the picture to start from

    def _painted(self, before: Painting, after: Painting) -> None:
        painting = self.session.state.painting
        if painting is not None:
            self.session.set("paint what is damaged", painting=Painting(painting.picture, after.mask))

    def _show_start(self) -> None:
        state = self.session.state
        own = state.begin == PICTURE
        self.starts.setCurrentWidget(self.canvas if own else self.begun)
        key = (state.painting, state.noise, state.wish.seed) if own else ()
        if key != self._damaged:
            self._damaged = key
            if state.painting is None or not own:
                self.canvas.set_painting(None)
            else:
                picture = asking.damaged(state.painting, state.noise, state.wish.seed)
                self.canvas.set_painting(Painting(picture, state.painting.mask))

    # ---- showing

    def follow(self) -> None:
        """Show the state of another run."""
        self.canvas.size_px = max(2, self.session.spec.shape[-1] // 9) if not self.session.points else 2
        self._show_start()
        self.show_chains()

    def _changed(self, before: ChainState) -> None:
        self._show_start()
        self.show_chains()

    def show_chains(self) -> None:
        """Show where the chains are."""
        if self.session.points:
            return
        state, walker = self.session.state, self.walker
        self.title.setText(words.of_chains(state, self.session.method))
        now = walker.now
        if now is None or now.ndim != 4:
            for view in (self.begun, self.now):
                view.set_image(None)
            self.grid.set_images(None)
            self._say(0)
            return
        focus = min(state.focus, len(now) - 1)
        self.begun.set_image(np.ascontiguousarray(walker.recording.x[0, focus]))
        self.now.set_image(np.ascontiguousarray(now[focus]))
        self.grid.set_images(now)
        self.grid.select(focus)
        self._say(len(now))

    def _say(self, n: int) -> None:
        state = self.session.state
        focus, step = min(state.focus, max(0, n - 1)), self.walker.position
        self.heads[0].setText("Start, damaged" if state.begin == PICTURE else "Start")
        energy = self.walker.recording.energy
        told = f" · {words.energy_at(float(energy[step, focus]))}" if n else ""
        self.heads[1].setText(f"Chain {focus + 1}{told}" if n else "Chain")
        self.heads[2].setText(f"All {n} chains: click one to see it large" if n else "")
