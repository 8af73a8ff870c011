"""Where a picture (or a cloud of points) to work on comes from: the data, a file, the clipboard, the sample on show."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from genplay.contract.errors import BadInput
from genplay.contract.requests import PreviewData
from genplay.contract.results import Answer, DataPreview
from genplay.ui import theme
from genplay.ui.unfold.part import icon_button
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.picture_files import FILTER, fitted, picture_of, read_picture

PICTURES, POINTS = 64, 600  # how many examples are fetched


class SourceBar(QWidget):
    """A row of buttons. ``chosen`` gives uint8 (1, H, W, C) or points float32 (N, 2), what to call it, and its row
    among the examples (-1 for what comes from elsewhere)."""

    chosen = Signal(object, str, int)

    def __init__(self, session: UnfoldSession, slot: str) -> None:
        super().__init__()
        self.session = session
        self.data: np.ndarray | None = None  # examples of the run's data
        self.row = -1
        self._slot = slot
        self._wanted: int | None = None  # a row asked for before the examples came
        self.previous = icon_button("chevron-left", "Previous example of the data", lambda: self.step(-1))
        self.next = icon_button("chevron-right", "Next example of the data", lambda: self.step(1))
        self.dice = icon_button("dice", "A random example of the data", self.roll)
        self.shown = _chip("Sample on show", "Take the sample that the timeline follows", self.take_shown)
        self.open = icon_button("open", "Open a picture file", self.choose_file)
        self.paste = icon_button("image-plus", "Take the picture on the clipboard", self.take_clipboard)
        self.about = ElidedLabel()
        self.about.setMinimumWidth(40)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.previous, self.next, self.dice, self.open, self.paste, self.shown):
            row.addWidget(widget)
        row.addWidget(self.about, 1)
        session.run_changed.connect(self._run_changed)
        session.tape_changed.connect(self._follow)
        self._run_changed()

    def _run_changed(self) -> None:
        self.data, self.row, self._wanted = None, -1, None
        self.say("")
        for widget in (self.previous, self.next, self.open, self.paste):
            widget.setVisible(self.session.pictures)
        self.shown.setText("Sample on show" if self.session.pictures else "Samples on show")
        self._follow()

    def _follow(self) -> None:
        self.shown.setEnabled(self.session.shot is not None)

    def say(self, text: str) -> None:
        """What the source is, or why there is none."""
        self.about.setText(text)
        self.about.setToolTip(text)

    # ---- examples of the data

    def show_row(self, row: int) -> None:
        """An example of the data by its number among those fetched (all of them, for points)."""
        if self.data is None:
            self._wanted = row
            self._fetch()
        elif not self.session.pictures:
            self._give(self.data, "points of the data", 0)
        else:
            row %= len(self.data)
            self._give(self.data[row : row + 1], f"example {row + 1} of the data", row)

    def step(self, by: int) -> None:
        """The next (1) or previous (-1) example."""
        self.show_row(self.row + by if self.row >= 0 else 0)

    def roll(self) -> None:
        """Some example."""
        self.show_row(random.randrange(PICTURES))

    def _fetch(self) -> None:
        run = self.session.run
        if run is not None:
            count = PICTURES if self.session.pictures else POINTS
            question = PreviewData(run.data, run.data_options, count, seed=1)
            self.session.ask(self._slot, question, self._fetched)

    def _fetched(self, answer: Answer) -> None:
        preview = answer.value
        if isinstance(preview, DataPreview) and self.session.run and len(preview.x):
            fits = preview.spec.shape == self.session.run.spec.shape
            self.data = preview.x if fits else None
            wanted, self._wanted = self._wanted, None
            if fits and wanted is not None:
                self.show_row(wanted)

    # ---- from elsewhere

    def take_shown(self) -> None:
        """The sample on show: what the model believes it to be, where there is such a prediction."""
        shot = self.session.shot
        if shot is None:
            return
        x = shot.drawn.get("x_0", shot.drawn["x_t"])
        focus = min(self.session.state.focus, len(x) - 1)
        if self.session.pictures:
            self._give(x[focus : focus + 1].copy(), f"sample {focus + 1} at t = {shot.frame.t:.2f}", -1)
        else:
            self._give(np.asarray(x, np.float32).copy(), f"samples at t = {shot.frame.t:.2f}", -1)

    def choose_file(self) -> None:
        """Ask for a picture file."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a picture", "", FILTER)
        if path:
            self.open_file(Path(path))

    def open_file(self, path: Path) -> None:
        """A picture file."""
        self._use(lambda: read_picture(path), path.name)

    def take_clipboard(self) -> None:
        """The picture on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """A picture that was pasted or dropped."""
        self._use(lambda: picture_of(mime), "your picture")

    def _use(self, source: Callable[[], QImage], title: str) -> None:
        run = self.session.run
        if run is None or not self.session.pictures:
            return
        try:
            channels, height, width = run.spec.shape
            self._give(fitted(source(), height, width, channels)[None], title, -1)
        except BadInput as error:
            self.say(str(error))

    def _give(self, x: np.ndarray, title: str, row: int) -> None:
        self.row = row
        self.say(title)
        self.chosen.emit(np.ascontiguousarray(x), title, row)


def _chip(text: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon("target"), text)
    button.setToolTip(tip)
    button.clicked.connect(lambda: slot())
    return button
