"""Encoding a picture: what the model makes of it, where it errs, and how sure it is; or the search for its code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.requests import Decode, Encode, Invert
from genplay.contract.results import Answer, Encoded, Frame
from genplay.ui import theme
from genplay.ui.latent.session import LatentSession
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.heatmap import colours
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture_files import FILTER, fitted, read_picture
from genplay.ui.views.search_strip import SearchStrip

SPREAD = 8
INVITATION = "Choose a held-out picture with the arrows, open or drop a file, or paste one (Ctrl+V)."
NO_CODE = "This model has no encoder, so no picture can be turned into a code."
FIND, STOP = "Find this picture's code", "Stop"
SEARCH = "This model has no encoder, but a code can be searched for: open or drop a picture, or paste one (Ctrl+V)."
FIND_TIP = "Search by gradient descent for the code whose picture is nearest, and go there"
READY = "Press “Find this picture's code” to search for it step by step."


class EncodePart(QWidget):
    """Encodes a picture, moves the session's code to its mean, and shows the model's view of it in one row.

    A model without an encoder whose codes can be searched for shows the search instead, which can be scrubbed.
    """

    refused = Signal(str)  # why a picture could not be used, one sentence
    encoded = Signal()

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: Encode | None = None
        self.index = -1  # of the held-out example on show, -1 for a picture from elsewhere
        self.target: np.ndarray | None = None  # the picture whose code is looked for
        self.frames: list[Frame] = []  # of the search
        self._search: Invert | None = None  # while it is under way
        self._dice = np.random.default_rng()
        self.grid = ImageGrid(columns=3 + SPREAD)
        self.grid.selectable = False
        self.grid.align = Qt.AlignmentFlag.AlignLeft
        self.grid.setAccessibleName("Original, reconstruction, error and posterior draws")
        self.note = QLabel(INVITATION)
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        self.about = ElidedLabel()
        self.about.setMinimumWidth(40)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.note)
        layout.addWidget(self.grid, 1)
        self.search = SearchStrip()
        layout.addWidget(self.search, 1)
        self.previous = _button("chevron-left", "Previous held-out picture", lambda: self.step(-1))
        self.next = _button("chevron-right", "Next held-out picture", lambda: self.step(1))
        self.dice = _button("dice", "A random held-out picture", self.random)
        self.open = _button("open", "Open a picture file", self.choose_file)
        self.paste = _button("image-plus", "Paste a picture (Ctrl+V)", self.paste_picture)
        self.find_button = QPushButton(FIND)
        self.find_button.setProperty("role", "chip")
        self.find_button.setToolTip(FIND_TIP)
        self.find_button.clicked.connect(self.toggle_search)
        for button in (self.previous, self.next, self.dice, self.find_button):
            button.setParent(self)  # one without a parent, shown, would be a window of its own
        self.search.pressed.connect(session.begin)
        self.search.scrubbed.connect(self._scrubbed)
        self.search.released.connect(lambda: session.commit("look at a step of the search"))
        session.run_changed.connect(self._run_changed)
        session.map_changed.connect(self._follow)
        session.weights_changed.connect(self._again)
        self._follow()

    def toolbar(self) -> QWidget:
        """The controls, for the row above the strip."""
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.previous, self.next, self.dice):
            row.addWidget(widget)
        row.addWidget(self.find_button)
        row.addWidget(self.about, 1)
        row.addWidget(self.open)
        row.addWidget(self.paste)
        return bar

    @property
    def can_find(self) -> bool:
        """Whether codes of pictures can be searched for, for want of an encoder."""
        run = self.session.run
        known = run is not None and self.session.pictures and not self.session.can_encode
        return known and run is not None and Capability.INVERT in run.capabilities

    @property
    def serves(self) -> bool:
        """Whether a picture can be turned into a code at all."""
        return self.session.can_encode or self.can_find

    # ---- where pictures come from

    def step(self, by: int) -> None:
        """The next (1) or previous (-1) held-out picture."""
        latent = self.session.map
        if latent is not None:
            self._encode_row((self.index + by) % len(latent.x) if self.index >= 0 else (0 if by > 0 else -1))

    def random(self) -> None:
        """Some held-out picture."""
        latent = self.session.map
        if latent is not None:
            self._encode_row(int(self._dice.integers(len(latent.x))))

    def _encode_row(self, index: int) -> None:
        latent = self.session.map
        assert latent is not None
        self.encode(latent.x[index], index % len(latent.x))

    def choose_file(self) -> None:
        """Ask for a picture file."""
        path, _ = QFileDialog.getOpenFileName(self, "Encode a picture", "", FILTER)
        if path:
            self.open_file(Path(path))

    def open_file(self, path: Path) -> None:
        """Encode a picture file."""
        self._use(lambda: read_picture(path))

    def paste_picture(self) -> None:
        """Encode the picture on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData | None) -> None:
        """Encode a picture that was pasted or dropped."""
        if not self.session.ready:
            return
        files = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()] if mime else []
        if mime is not None and files:
            self.open_file(Path(files[0]))
        elif mime is not None and mime.hasImage():
            image = mime.imageData()
            self._use(lambda: image if isinstance(image, QImage) else QImage(image))
        else:
            self.refused.emit("There is no picture on the clipboard.")

    def _use(self, source: Callable[[], QImage]) -> None:
        if not self.session.ready or self.session.run is None:
            return
        if not self.serves or not self.session.pictures:
            self.refused.emit("This model has no encoder for pictures.")
            return
        try:
            channels, height, width = self.session.run.spec.shape
            self.encode(fitted(source(), height, width, channels), -1)
        except BadInput as error:
            self.refused.emit(str(error))

    # ---- asking and showing

    def encode(self, x: np.ndarray, index: int = -1) -> None:
        """Encode uint8 (H, W, C); ``index`` is its row among the held-out data, -1 for none."""
        self.index = index
        if self.can_find:
            self.look_for(x)
            return
        self.question = Encode(np.ascontiguousarray(x), self.session.condition, SPREAD)
        self._ask(go=True)

    def restore(self, question: object) -> None:
        """Encode what a recipe's question encoded, or search for the code that it looked for."""
        if not isinstance(question, Encode | Invert) or self.session.run is None or not self.session.pictures:
            return
        x = question.x
        if not (x.dtype == np.uint8 and x.ndim == 3 and x.shape[2] in (1, 3) and x.size):
            return
        if isinstance(question, Encode):
            self.question, self.index = question, -1
            self._ask(go=True)
        elif self.can_find:
            self.look_for(x)
            self.toggle_search()

    def _ask(self, go: bool) -> None:
        question = self.question
        if question is not None and self.session.can_encode and self.session.pictures:
            self.session.ask("encode", question, lambda answer: self._answered(answer, go))

    def _again(self) -> None:
        if self.session.state.strip == "reconstruction":
            self._ask(go=False)

    def _answered(self, answer: Answer, go: bool) -> None:
        self.answer = answer
        value: Encoded = answer.value
        self.grid.set_images(np.concatenate(_row(value)), _captions(value))
        self._follow()
        if go:
            self.session.do(self.session.state.moved(value.mu), "encode a picture")
            self.encoded.emit()

    # ---- searching

    def look_for(self, x: np.ndarray) -> None:
        """Show a picture uint8 (H, W, C) whose code can then be searched for."""
        self._search = None
        self.target, self.frames = np.ascontiguousarray(x), []
        self.search.begin(self.target, READY)
        self._follow()
        self.encoded.emit()

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._search is not None

    def toggle_search(self) -> None:
        """Search for the code of the picture on show, or stop and stay at what was found."""
        if self.searching:
            near = Decode(self.session.state.z[None], self.session.condition)
            self.session.ask("encode", near, lambda answer: None)  # a newer question closes the search
            self._arrive()
        elif self.target is not None and self.can_find:
            question = self._search = Invert(self.target, self.session.condition)
            self.frames = []
            self.search.begin(self.target, "Searching…")
            self.session.ask("encode", question, lambda answer: self._found(answer, question))
            self._follow()

    def _found(self, answer: Answer, question: Invert) -> None:
        if question is not self._search:
            return
        if isinstance(answer.value, Frame):
            self.frames.append(answer.value)
            self.search.add(answer.value.x[0], float(answer.value.facts.get("distance", np.nan)))
            self._follow()
        if answer.last:
            self._arrive()

    def _arrive(self) -> None:
        """The search is over: its last code is the picture's."""
        self._search = None
        code = self._code(len(self.frames) - 1)
        if code is not None:
            self.session.do(self.session.state.moved(code), "find the code of a picture")
        self._follow()

    def _code(self, step: int) -> np.ndarray | None:
        z = self.frames[step].extras.get("z") if 0 <= step < len(self.frames) else None
        return z[0] if z is not None and z.shape[-1] == self.session.state.size else None

    def _scrubbed(self, step: int) -> None:
        code = self._code(step)
        if code is not None and not self.searching:
            self.session.apply(self.session.state.moved(code))
        self._follow()

    # ---- what is on show

    def _run_changed(self) -> None:
        self._search = None
        self.target, self.frames = None, []
        self.search.begin(None)
        self.answer = self.question = None
        self.index = -1
        self.grid.set_images(None)
        self._follow()

    def _follow(self) -> None:
        known = self.session.map is not None
        for button in (self.previous, self.next, self.dice):
            button.setEnabled(known)
            button.setVisible(not self.can_find)
        for button in (self.open, self.paste):
            button.setEnabled(self.serves)
        self.find_button.setVisible(self.can_find)
        self.find_button.setEnabled(self.target is not None)
        self.find_button.setText(STOP if self.searching else FIND)
        self.note.setText(SEARCH if self.can_find else INVITATION if self.serves or not self.session.ready else NO_CODE)
        self.note.setVisible(self.answer is None and self.target is None)
        self.grid.setVisible(self.answer is not None)
        self.search.setVisible(self.target is not None)
        text = self._found_so_far() if self.can_find else self._told()
        self.about.setText(text)
        self.about.setToolTip(text)  # a narrow window cuts it

    def _told(self) -> str:
        """Which picture is encoded, and how well."""
        total = len(self.session.map.x) if self.session.map is not None else 0
        place = f"held-out picture {self.index + 1:,} of {total:,}" if self.index >= 0 else "your picture"
        error = _error(self.answer.value) if self.answer else ""
        return place + error if self.question is not None else ""

    def _found_so_far(self) -> str:
        """Which step of the search is on show, and how far it is from the picture."""
        step = self.search.step
        if not 0 <= step < len(self.frames):
            return ""
        distance = self.frames[step].facts.get("distance", float("nan"))
        return f"step {step} · distance {distance:.3f}"


def _row(value: Encoded) -> list[np.ndarray]:
    """Original, reconstruction, error map and posterior draws as pictures of one shape."""
    parts = [value.x[:1], value.reconstruction[:1], colours(value.error, 0.0)[None], value.spread]
    rgb = [np.repeat(p, 3, axis=-1) if p.shape[-1] == 1 else p for p in parts if len(p)]
    return [part for part in rgb if part.shape[1:3] == value.reconstruction.shape[1:3]]


def _captions(value: Encoded) -> list[str]:
    return ["original", "model", "error"] + [f"{i + 1}" if i else "draw 1" for i in range(len(value.spread))]


def _error(value: Encoded) -> str:
    mean, most = 100 * float(value.error.mean()), 100 * float(value.error.max())
    return f" · mean error {mean:.1f} %, at most {most:.0f} %"


def _button(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button
