"""Where the picture comes from: the model, examples of the data, a file, the clipboard; and how much of it to keep."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from genplay.contract.errors import BadInput
from genplay.contract.requests import PreviewData, Question
from genplay.contract.results import Answer, DataPreview, RunState
from genplay.contract.spec import DataSpec
from genplay.ui import theme
from genplay.ui.painting.state import blank, shape_of
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.painting import Painting
from genplay.ui.views.picture_files import FILTER, fitted, picture_of, read_picture

EXAMPLES = 64  # how many are fetched


class Host(Protocol):
    """A panel's session whose state has a ``painting`` and a ``title``."""

    run: RunState | None
    state: Any
    run_changed: Any
    changed: Any

    @property
    def ready(self) -> bool: ...

    @property
    def spec(self) -> DataSpec: ...

    def ask(self, slot: str, question: Question, answered: Callable[[Answer], None]) -> None: ...

    def paint(self, painting: Painting, text: str, **values: Any) -> None: ...


class SourceBar(QWidget):
    """A row of buttons that replace the picture, or erase a part of it. Every one is a step of undo."""

    draw_wanted = Signal()  # a picture by the model alone

    def __init__(self, session: Host) -> None:
        super().__init__()
        self.session = session
        self.data: np.ndarray | None = None  # examples of the run's data
        self.row = -1
        self._wanted: int | None = None  # a row asked for before the examples came
        self.draw = _chip("New", "Draw a whole new picture (N)", self.draw_wanted.emit)
        self.previous = _icon("chevron-left", "Previous example of the data", lambda: self.step(-1))
        self.next = _icon("chevron-right", "Next example of the data", lambda: self.step(1))
        self.dice = _icon("data", "A random example of the data", self.roll)
        self.open = _icon("open", "Open a picture file", self.choose_file)
        self.paste = _icon("image-plus", "Paste a picture (Ctrl+V)", self.paste_picture)
        self.half = _chip("Keep top half", "Erase the lower half, to complete it (H)", self.keep_half)
        self.all = _chip("Erase all", "Erase everything: the model draws all of it", self.erase_all)
        self.about = ElidedLabel()
        self.about.setMinimumWidth(24)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.draw, self.previous, self.next, self.dice, self.open, self.paste, self.half, self.all):
            row.addWidget(widget)
        row.addWidget(self.about, 1)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(lambda before: self._follow())

    def _run_changed(self) -> None:
        self.data, self.row, self._wanted = None, -1, None
        self._follow()

    def _follow(self) -> None:
        self.say(self.session.state.title)

    def say(self, text: str) -> None:
        """What the picture is, or why there is none."""
        self.about.setText(text)
        self.about.setToolTip(text)

    # ---- examples of the data

    def show_row(self, row: int) -> None:
        """An example of the data by its number among those fetched."""
        if self.data is None:
            self._wanted = row
            run = self.session.run
            if run is not None:
                question = PreviewData(run.data, run.data_options, EXAMPLES, seed=1)
                self.session.ask("data", question, self._fetched)
            return
        self.row = row % len(self.data)
        self.give(self.data[self.row], f"example {self.row + 1} of the data")

    def step(self, by: int) -> None:
        """The next (1) or previous (-1) example."""
        self.show_row(self.row + by if self.row >= 0 else 0)

    def roll(self) -> None:
        """Some example."""
        self.show_row(random.randrange(EXAMPLES))

    def _fetched(self, answer: Answer) -> None:
        preview = answer.value
        if isinstance(preview, DataPreview) and self.session.run is not None and len(preview.x):
            if preview.spec.shape != self.session.run.spec.shape:
                self.say("The data on disk has another size than this model's.")
                return
            self.data = preview.x
            wanted, self._wanted = self._wanted, None
            if wanted is not None:
                self.show_row(wanted)

    # ---- from elsewhere

    def choose_file(self) -> None:
        """Ask for a picture file."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a picture", "", FILTER)
        if path:
            self.open_file(Path(path))

    def open_file(self, path: Path) -> None:
        """A picture file."""
        self._use(lambda: read_picture(path), path.name)

    def paste_picture(self) -> None:
        """The picture on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """A picture that was pasted or dropped."""
        self._use(lambda: picture_of(mime), "your picture")

    def _use(self, source: Callable[[], QImage], title: str) -> None:
        if not self.session.ready:
            return
        try:
            self.give(fitted(source(), *shape_of(self.session.spec)), title)
        except BadInput as error:
            self.say(str(error))

    def give(self, picture: np.ndarray, title: str) -> None:
        """Take a picture uint8 (H, W, C)."""
        self.session.paint(Painting.of(picture.copy()), "take a picture", title=title)

    # ---- erasing

    def keep_half(self) -> None:
        """Erase the lower half."""
        painting = self.session.state.painting
        if painting is not None:
            where = np.zeros(painting.mask.shape, bool)
            where[len(where) // 2 :] = True
            self.session.paint(painting.with_mask(where, 1), "erase the lower half")

    def erase_all(self) -> None:
        """Erase everything."""
        if self.session.ready:
            self.session.paint(blank(self.session.spec), "erase the picture", title="")


def _icon(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button


def _chip(text: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "chip")
    button.setToolTip(tip)
    button.clicked.connect(lambda: slot())
    return button
