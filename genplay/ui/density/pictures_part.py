"""Likelihoods of pictures: of sets that a model should and should not like, the extremes, and where the bits go."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import CompareLikelihoods, MapLikelihood
from genplay.contract.results import Answer, Failure, LikelihoodMap, Likelihoods
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.density.session import DensitySession
from genplay.ui.density.set_rows import SetRows
from genplay.ui.panel import Exhibit
from genplay.ui.views.heatmap import Heatmap
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture import Picture

EACH = 12  # pictures at either end
HIGH = 0.98  # quantile at which the colours of a map end: a few odd pixels must not darken the rest
QUICK, SLOW = 64, 8  # of each set; fewer where an equation is solved for every picture
WAITING = "Working out likelihoods…"
METHODS = {
    "pixels": "−log₂ p of each pixel given those before it, bits a dimension",
    "bound": "the variational bound by pixel, bits a dimension: few where a pixel is easily guessed when it is noised",
    "others": "−log₂ p of each pixel, on or off, given all others, bits: bright where the model wonders",
    "patches": "what a patch costs more than the same blurred, bits a dimension; red where blurring would save bits",
}
CHOOSE = "Click a picture to see where its bits are."


class PicturesPart(QWidget):
    """What is seen of a run that makes pictures."""

    kind: ClassVar[Kind] = Kind.IMAGE
    noun: ClassVar[str] = "pictures"

    measured = Signal()
    failed = Signal(object)  # Failure

    def __init__(self, session: DensitySession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: CompareLikelihoods | None = None
        self.map: LikelihoodMap | None = None
        self.looked = -1  # the picture whose bits are on show
        self._asked: tuple[object, ...] = ()
        self._ranks = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.rows = SetRows()
        self.told = QLabel()
        self.again = QPushButton(theme.icon("refresh"), "Measure again")
        self.again.setToolTip("Work the likelihoods out for the weights as they are now (M)")
        self.grids = (ImageGrid(), ImageGrid())
        self.heads = (QLabel("<b>Most likely</b>"), QLabel("<b>Least likely</b>"))
        self.picture, self.heat = Picture(), Heatmap(unit="bits")
        self.words = QLabel(CHOOSE)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for label in (self.told, self.words):
            label.setProperty("role", "dim")
            label.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.told, 1)
        head.addWidget(self.again)
        below = QHBoxLayout()
        below.setSpacing(16)
        for title, grid in zip(self.heads, self.grids):
            grid.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
            grid.setAccessibleName(title.text().removeprefix("<b>").removesuffix("</b>") + " pictures")
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(title)
            column.addWidget(grid, 1)
            below.addLayout(column, 3)
        look = QVBoxLayout()
        look.setSpacing(4)
        look.addWidget(QLabel("<b>Likelihood map</b>"))
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.addWidget(self.picture, 1)
        self._pair.addWidget(self.heat, 1)
        look.addLayout(self._pair, 1)
        look.addWidget(self.words)
        below.addLayout(look, 4)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(head)
        whole.addWidget(self.rows, 5)
        whole.addLayout(below, 6)

    def _connect(self) -> None:
        session = self.session
        self.again.clicked.connect(self.measure)
        self.rows.chosen.connect(self._choose)
        for side, grid in enumerate(self.grids):
            grid.clicked.connect(lambda index, s=side: self._look(s, index))
            grid.hovered.connect(lambda index, s=side: self._mark(s, index))
        session.changed.connect(lambda _: self._changed())
        session.run_changed.connect(self._another)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Picture and map side by side, or one over the other where that lets them be larger."""
        area = self._pair.geometry()
        narrow = area.height() > area.width()
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._pair.direction() != way:
            self._pair.setDirection(way)

    def _choose(self, row: int) -> None:
        found = self.found
        name = found.names[row] if found is not None and row >= 0 else "all sets"
        self.session.set(f"show {name}", group=row)

    def _changed(self) -> None:
        self.follow()
        self.refresh()

    # ---- asking

    @property
    def found(self) -> Likelihoods | None:
        """What is on show."""
        return self.answer.value if self.answer is not None else None

    def _wanted(self) -> CompareLikelihoods:
        run = self.session.run
        slow = run is not None and Capability.DENOISE in run.capabilities
        return CompareLikelihoods(SLOW if slow else QUICK, self.session.state.other, seed=self.session.state.seed)

    def _able(self) -> bool:
        return (
            self.session.active and self.session.ready and self.session.kind is self.kind and self.session.has_density
        )

    def refresh(self) -> None:
        """Ask once for each run and question: what trains is measured again at the press of a button."""
        run = self.session.run
        if self._able() and run is not None and self._asked != (run.run_id, self._wanted()):
            self.measure()

    def measure(self) -> None:
        """Ask for the weights as they are."""
        run = self.session.run
        if not self._able() or run is None:
            return
        question = self._wanted()
        self._asked = (run.run_id, question)
        self._put("sets", question, lambda answer: self._take(answer, question))

    def _put(self, slot: str, question: Any, answered: Any) -> None:
        run, bridge = self.session.run, self.session.bridge
        assert run is not None
        bridge.ask(f"{self.session.name}.{slot}", run.run_id, question, answered, self._fail)

    def _fail(self, failure: Failure) -> None:
        self.session.progressed.emit(-1.0)
        self.failed.emit(failure)

    def give_up(self) -> None:
        """The panel left the front: an unfinished measurement is put again when it is back."""
        for slot in ("sets", "map"):
            self.session.bridge.cancel(f"{self.session.name}.{slot}")
        if self.answer is None or not self.answer.last:
            self._asked = ()

    def _another(self) -> None:
        self.give_up()
        self.answer, self.map, self.looked, self._asked = None, None, -1, ()
        self.follow()
        self.refresh()

    def _take(self, answer: Answer, question: CompareLikelihoods) -> None:
        self.session.progressed.emit(-1.0 if answer.last or answer.progress is None else answer.progress)
        self.answer, self.question = answer, question
        self.follow()
        self.measured.emit()
        if answer.last and self.looked < 0 and len(self._ranks[0]):
            self._look(0, 0)

    # ---- showing

    def follow(self) -> None:
        """Show the newest answer in the state's way."""
        found, state = self.found, self.session.state
        self.rows.choose(state.group)
        if found is None:
            self.rows.set_bits((), np.zeros((0, 0)))
            self.told.setText(WAITING)
            for grid in self.grids:
                grid.set_images(None)
            self._show_map()
            return
        self.rows.set_bits(found.names, found.bits)
        self.told.setText(self._sentence(found))
        group = state.group if state.group < len(found.names) else -1
        bits = found.bits.ravel().astype(np.float64)
        n = found.bits.shape[1]
        rows = np.arange(len(bits)) if group < 0 else np.arange(group * n, (group + 1) * n)
        rows = rows[np.isfinite(bits[rows])]
        order = rows[np.argsort(bits[rows], kind="stable")]
        self._ranks = (order[:EACH], order[::-1][:EACH])
        for grid, ranks in zip(self.grids, self._ranks):
            grid.set_images(found.x[ranks] if len(ranks) else None, [_short(bits[r]) for r in ranks])
        self._show_map()

    def _sentence(self, found: Likelihoods) -> str:
        known = int(np.isfinite(found.bits).sum(axis=1).min())
        means = np.nanmean(np.where(np.isfinite(found.bits), found.bits, np.nan), axis=1) if known else np.zeros(0)
        step = f"step {self.answer.step:,}" if self.answer else ""
        more = f"{known:,} {self.noun} of each set · {step}"
        odd = [n for n, mean in zip(found.names[2:], means[2:]) if mean < means[0]] if len(means) else []
        if odd:
            what = " and ".join(odd)
            return f"It finds {what} more likely than held-out data: likelihood is not sample quality. {more}"
        return f"Fewer bits are more likely. {more}"

    # ---- looking at one

    def _mark(self, side: int, index: int) -> None:
        found, ranks = self.found, self._ranks[side]
        known = found is not None and 0 <= index < len(ranks)
        self.rows.mark(float(found.bits.ravel()[ranks[index]]) if known and found is not None else None)

    def _look(self, side: int, index: int) -> None:
        """Ask where the bits of a picture are."""
        found, ranks = self.found, self._ranks[side]
        if found is None or not 0 <= index < len(ranks) or not self._able():
            return
        self.grids[1 - side].select(-1)
        self.grids[side].select(index)
        self.looked = int(ranks[index])
        self._put("map", MapLikelihood(found.x[self.looked], seed=self.session.state.seed), self._take_map)

    def _take_map(self, answer: Answer) -> None:
        self.map = answer.value
        self._show_map()

    def _show_map(self) -> None:
        shown = self.map
        self.picture.set_image(shown.x[0] if shown is not None else None)
        if shown is None:
            self.heat.set_values(None)
            self.words.setText(CHOOSE)
            return
        if shown.method == "patches":
            reach = max(float(np.abs(shown.bits).max()), 1e-3)
            self.heat.set_values(shown.bits, -reach, reach, "diverging")
        else:
            low = 0.0 if shown.method in ("pixels", "others") else None
            self.heat.set_values(shown.bits, low, float(np.quantile(shown.bits, HIGH)))
        what = "bits a pixel on average" if shown.method == "others" else "bits a dimension in all"
        self.words.setText(f"{_short(shown.total)} {what}. The map: {METHODS[shown.method]}.")

    # ---- exhibits

    def exhibit(self, name: str) -> Exhibit | None:
        """All pictures, a row a set, with their bits."""
        answer, found, question = self.answer, self.found, self.question
        if answer is None or found is None or question is None or not answer.last:
            return None
        title = f"{name} likelihoods".strip()
        n = found.bits.shape[1]
        arrays = {"bits": found.bits}
        known = self.session.run.spec.vocabulary if self.session.run is not None else ()
        return Exhibit(
            title, "grid", found.x, question, answer.step, answer.digest, columns=n, arrays=arrays, vocabulary=known
        )


def _short(bits: float) -> str:
    """In five characters at most, so that the captions of small pictures do not run into each other."""
    size = abs(bits)
    if size >= 9999.5:
        return f"{bits / 1000:.0f}k"
    return f"{bits:.{3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0}f}"
