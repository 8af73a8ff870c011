"""The codes of a model that quantises: the map of the picture on show, and the codebook to swap them from."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import LookAtCodebook
from genplay.contract.results import Answer, Codebook
from genplay.ui.latent.session import FIRST_SEED, LatentSession
from genplay.ui.latent.state import LatentState
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.heatmap import colours
from genplay.ui.views.tiles import Tiles

EXAMPLES = 500
SHOWN = ("pictures", "usage")
TITLES = {"pictures": "Pictures", "usage": "Usage"}
TIPS = {
    "pictures": "Each code as it is drawn",
    "usage": "How often data uses each code, and at which places the code of the chosen place is found",
}
HINT = "Click a place, then the code to put there."


class CodesPart(QWidget):
    """Shows the codes of the session's z and swaps them by hand, while it is in sight.

    The vectors of a place are part of z, so a swap is a change of z like any other: it can be undone, kept as a
    keyframe, and reckoned with.
    """

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.book: Codebook | None = None
        self.place = 0  # the chosen place of the map
        self.shown = "pictures"
        self._of: tuple[str, int, str] = ("", -1, "")  # run, step and digest of the book
        self.order = np.zeros(0, np.int64)  # codes as the codebook shows them, the most used first
        self.map, self.codebook = Tiles(columns=1), Tiles()
        self.map.setAccessibleName("Map of codes")
        self.map.setAccessibleDescription("Arrow keys point at a place, Enter chooses it")
        self.codebook.setAccessibleName("Codebook, the most used code first")
        self.codebook.setAccessibleDescription("Arrow keys point at a code, Enter puts it at the chosen place")
        self.chips = Chips(SHOWN, TITLES, TIPS)
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self._show_as(n))
        self.chips.choose(self.shown)
        self.about, self.summary = ElidedLabel(), ElidedLabel()
        self._lay_out()
        self.map.clicked.connect(self.choose)
        self.codebook.clicked.connect(lambda index: self.swap(int(self.order[index])))
        self.map.pointed.connect(lambda index: self._say())
        self.codebook.pointed.connect(lambda index: self._say())
        session.changed.connect(self._changed)
        session.settled.connect(self.ask)
        session.run_changed.connect(self._run_changed)
        session.map_changed.connect(self._begin_with_data)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.chips)
        head.addWidget(self.summary, 1)
        halves = QHBoxLayout()
        halves.setSpacing(16)
        halves.addWidget(self.map, 1)
        halves.addWidget(self.codebook, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addLayout(halves, 1)
        layout.addWidget(self.about)

    @property
    def serves(self) -> bool:
        """Whether the run's model has codes."""
        run = self.session.run
        return run is not None and Capability.CODES in run.capabilities

    # ---- asking

    def ask(self) -> None:
        """Look at the codebook, where it is in sight and its weights are others than before."""
        run = self.session.run
        if run is None or not self.serves or self.session.state.view != "codes":
            return
        wanted = (run.run_id, run.step, run.digest)
        if self.book is None or self._of != wanted:
            self.session.ask("codes", LookAtCodebook(EXAMPLES), self._answered)

    def _answered(self, answer: Answer) -> None:
        if self.book is not None and not answer.last and answer.run_id == self._of[0]:
            return
        self.book = answer.value
        self._of = (answer.run_id, answer.step, answer.digest)
        self.order = np.argsort(-self.book.usage, kind="stable")
        self._draw()

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.view != before.view:
            self.ask()
        if state.view == "codes" and (state.z is not before.z or state.view != before.view):
            self._draw()

    def _run_changed(self) -> None:
        self.book, self.place = None, 0
        self.map.set_tiles(None)
        self.codebook.set_tiles(None)
        self._say()
        self.ask()

    def _begin_with_data(self) -> None:
        """A new run begins at a code of held-out data: what is drawn at random is pieces that do not fit."""
        run, state, latent = self.session.run, self.session.state, self.session.map
        if self.serves and run is not None and latent is not None and state.seed == run.seed + FIRST_SEED:
            self.session.apply(state.moved(latent.codes[0]))

    # ---- codes

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the map."""
        return self.book.where.shape[1:] if self.book is not None else (1, 1)

    def codes(self) -> np.ndarray:
        """The code of each place (h w,) of the session's z: the numbers of the nearest vectors."""
        assert self.book is not None
        vectors = self.book.vectors
        z = self.session.state.z.reshape(-1, vectors.shape[1])
        return (np.square(vectors).sum(1) - 2 * z @ vectors.T).argmin(1)

    def choose(self, place: int) -> None:
        """Choose the place that a code will be put at."""
        self.place = place
        self._draw()

    def swap(self, code: int) -> None:
        """Put a code at the chosen place."""
        if self.book is None:
            return
        z = self.session.state.z.reshape(-1, self.book.vectors.shape[1]).copy()
        z[self.place] = self.book.vectors[code]
        self.session.do(self.session.state.moved(z.ravel()), "swap a code")

    # ---- showing

    def _show_as(self, shown: str) -> None:
        self.shown = shown
        self._draw()

    def _draw(self) -> None:
        if self.book is None or self.session.state.view != "codes":
            return
        codes, book = self.codes(), self.book
        self.map.columns = self.grid[1]
        if self.shown == "pictures":
            self.map.set_tiles(book.x[codes])
            self.codebook.set_tiles(book.x[self.order])
        else:
            here = book.where[codes[self.place]].ravel()
            self.map.set_tiles(_heat(here))
            self.codebook.set_tiles(_heat(np.log10(np.maximum(book.usage[self.order], 1e-6))))
        self.map.choose(self.place)
        self.codebook.choose(int(np.flatnonzero(self.order == codes[self.place])[0]))
        self._say()

    def _say(self) -> None:
        """What is pointed at, or else what to do."""
        if self.book is None:
            self.summary.setText("")
            self.about.setText("Looking at the codebook…" if self.serves else "")
            return
        size = len(self.book.usage)
        used = int((self.book.usage > 0).sum())
        self.summary.setText(f"{used} of {size} codes used, perplexity {self.book.perplexity:.0f}")
        if self.codebook.lit >= 0:
            self.about.setText(self._of_code(int(self.order[self.codebook.lit]), self.place))
            return
        if self.map.lit < 0:
            self.about.setText(HINT)
            return
        row, column = divmod(self.map.lit, self.grid[1])
        code = int(self.codes()[self.map.lit])
        self.about.setText(f"Row {row + 1}, column {column + 1} · {self._of_code(code, self.map.lit)}")

    def _of_code(self, code: int, place: int) -> str:
        assert self.book is not None
        here = self.book.where.reshape(len(self.book.usage), -1)[code, place]
        return f"code {code} · {self.book.usage[code]:.2%} of all places · {here:.1%} of pictures have it here"


def _heat(values: np.ndarray) -> np.ndarray:
    """Values (N,) as tiles of one pixel, (N, 1, 1, 3)."""
    return colours(values[:, None])[:, :, None, :]
