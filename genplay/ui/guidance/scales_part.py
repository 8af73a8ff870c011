"""The same noise at many scales: a row a scale, across it other seeds, numbers of steps or values of an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.requests import Question, SweepGuidance
from genplay.contract.results import Answer, Sweep
from genplay.ui import theme
from genplay.ui.guidance.part import Part
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.guidance.state import columns
from genplay.ui.panel import Exhibit
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.labelled_grid import LabelledGrid

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

SCALES = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0)
SEEDS, POINTS = 6, 400  # columns of pictures, points of a cloud
STEPS = (3, 5, 10, 20, 50)
MOST_VALUES = 10  # of an attribute
CLOUD, PLANE = 84, 1.25  # pixels a side of a drawn cloud, and the half width of the plane that it shows
TITLES = {"seed": "other samples", "steps": "numbers of steps"}
TIP = "What the columns are; the rows are guidance scales"


class ScalesPart(Part):
    """A grid of samples; a click on a row takes its scale."""

    name: ClassVar[str] = "scales"
    title: ClassVar[str] = "Scales"
    tip: ClassVar[str] = "The same noise at scales from 0 to 15"

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.question: SweepGuidance | None = None
        self.across = QComboBox()
        self.across.setAccessibleName("Columns of the grid")
        self.across.setToolTip(TIP)
        self.across.activated.connect(self._choose_across)
        self.about = ElidedLabel()
        self.grid = LabelledGrid(corner="w")
        self.grid.setAccessibleName("Samples by guidance scale")
        self.grid.setToolTip("Click a row to take its scale · Up and Down with Enter do the same")
        self.grid.row_clicked.connect(self._choose_row)
        self.clouds = ImageGrid(gap=8)
        self.clouds.selectable = False
        self.clouds.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        self.clouds.setAccessibleName("Samples by guidance scale")
        self.clouds.clicked.connect(self._choose_row)
        self._lay_out()
        session.changed.connect(lambda before: self._follow())
        theme.signals().changed.connect(self._show)

    def _lay_out(self) -> None:
        self.label = QLabel("across")
        self.label.setProperty("role", "dim")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self.across)
        row.addWidget(self.about, 1)
        views = QWidget()
        self._views = QStackedLayout(views)
        self._views.addWidget(self._scrolled(self.grid))
        self._views.addWidget(self.clouds)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(views, 1)

    @staticmethod
    def _scrolled(grid: LabelledGrid) -> QScrollArea:
        """In a small window the grid keeps its pictures large enough to be seen."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(grid)
        return area

    # ---- asking

    def wanted(self) -> Question | None:
        """The sweep over all scales: a scale of its own or single weights would have no say in it."""
        state, pictures = self.session.state, self.session.pictures
        config = {k: v for k, v in state.wish.config.items() if k not in ("guidance", "weights")}
        across, values = state.across, self._values()
        n = len(values) or (SEEDS if pictures else POINTS)
        return SweepGuidance(SCALES, across, n, values, state.wish.condition, config, seed=state.wish.seed)

    def _values(self) -> tuple[int, ...]:
        across = self.session.state.across
        if across == "steps":
            return STEPS
        count = next((len(a.values) for a in self.session.spec.attributes if a.name == across), 0)
        return tuple(range(min(count, MOST_VALUES)))

    def take(self, answer: Answer, question: Question) -> None:
        assert isinstance(question, SweepGuidance)
        self.answer, self.question = answer, question
        self._show()

    def clear(self) -> None:
        self.answer = self.question = None
        with QSignalBlocker(self.across):
            self.across.clear()
            for name in columns(self.session.spec):
                self.across.addItem(TITLES.get(name, name.replace("_", " ")), name)
        self._views.setCurrentIndex(0 if self.session.pictures else 1)
        for widget in (self.label, self.across):
            widget.setVisible(self.across.count() > 1)
        self._follow()
        self._show()

    # ---- showing

    def _follow(self) -> None:
        self.grid.set_marker(float(np.interp(self.session.state.scale, SCALES, range(len(SCALES)))))
        index = self.across.findData(self.session.state.across)
        if index != self.across.currentIndex():
            with QSignalBlocker(self.across):
                self.across.setCurrentIndex(max(0, index))

    def _show(self) -> None:
        sweep: Sweep | None = self.answer.value if self.answer else None
        if sweep is None or self.answer is None:
            self.grid.set_cells(None)
            self.clouds.set_images(None)
            self.about.setText("Drawing all scales…" if self.session.ready else "")
            return
        names = [f"{scale:g}" for scale in sweep.scales]
        if self.session.pictures:
            self.grid.set_cells(sweep.x, names, self._headings(sweep))
        else:
            tint = theme.family_colour(self.session.run.family if self.session.run else "")
            clouds = np.split(sweep.x, len(sweep.scales))
            self.clouds.set_images(np.stack([drawn(c, tint) for c in clouds]), [f"w {name}" for name in names])
        each = self.session.pictures and self.question is not None and self.question.across == "seed"
        how = "same noise in each column" if each else "same noise everywhere"
        self.about.setText(f"{how}  ·  step {self.answer.step:,}")
        self.about.setToolTip(self.about.text())

    def _headings(self, sweep: Sweep) -> list[str]:
        """What stands above the columns; samples are only counted."""
        if self.question is not None and self.question.across == "seed":
            return [str(i + 1) for i in range(len(sweep.columns))]
        return [name.replace("_", " ") for name in sweep.columns]

    def _choose_across(self, index: int) -> None:
        self.session.set("choose the columns", across=self.across.itemData(index))

    def _choose_row(self, row: int) -> None:
        if self.question is not None:
            state = self.session.state
            chosen = state.with_settings(guidance=self.question.scales[row], weights="")
            self.session.do(chosen, "change the guidance scale")

    def exhibit(self, name: str) -> Exhibit | None:
        if self.answer is None or self.question is None or not self.session.pictures:
            return None
        sweep, answer = self.answer.value, self.answer
        scales = {"scales": np.asarray(sweep.scales)}
        columns = len(sweep.columns)
        title = f"{name} guidance scales"
        return Exhibit(title, "grid", sweep.x, self.question, answer.step, answer.digest, columns, arrays=scales)


def drawn(points: np.ndarray, tint: QColor) -> np.ndarray:
    """A cloud (N, 2) as a small picture uint8 (CLOUD, CLOUD, 3) on a card."""
    ground = theme.colour("card")
    picture = np.empty((CLOUD, CLOUD, 3), np.uint8)
    picture[:] = (ground.red(), ground.green(), ground.blue())
    at = np.rint((np.clip(points, -PLANE, PLANE) / PLANE * 0.5 + 0.5) * (CLOUD - 2)).astype(np.int64)
    for down in (0, 1):
        for right in (0, 1):
            picture[CLOUD - 2 - at[:, 1] + down, at[:, 0] + right] = (tint.red(), tint.green(), tint.blue())
    return picture
