"""The walk in curves: a quantity along the chains, how many steps are taken, how soon the past is forgotten."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from genplay.contract.spec import Kind
from genplay.ui.chains import words
from genplay.ui.chains.figures import Figures
from genplay.ui.chains.measuring import Measures
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import QUANTITIES, ChainState
from genplay.ui.chains.trace import Trace
from genplay.ui.chains.walker import Walker
from genplay.ui.views.chips import Chips
from genplay.ui.views.line_chart import LineChart

WINDOWS = 60  # stretches that the acceptance is averaged over
FORGOTTEN, LEAST_LAG = 6.0, 20  # correlation times, and lags at least, that are shown
TIPS = {
    "energy": "Follow the energy",
    "x": "Follow the first coordinate",
    "y": "Follow the second coordinate",
    "brightness": "Follow the mean brightness of the picture",
}


class MixingPart(QWidget):
    """A trace over two small charts."""

    def __init__(self, session: ChainSession, walker: Walker, measures: Measures) -> None:
        super().__init__()
        self.session, self.walker, self.measures = session, walker, measures
        self.chips: dict[bool, Chips] = {}
        self.trace = Trace("energy by step")
        self.acceptance = LineChart("accepted", x_name="step")
        self.forgetting = LineChart("autocorrelation", x_name="lag")
        self.acceptance.empty = self.forgetting.empty = "–"
        self.acceptance.setToolTip("The share of the steps that are taken, averaged over stretches of the walk")
        self.forgetting.setToolTip("How much a chain still resembles itself so many steps ago: 1 the same, 0 forgotten")
        self.figures = Figures()
        self.figures.setAccessibleName("Mixing in figures")
        self.meaning = QLabel(wordWrap=True)
        self.meaning.setProperty("role", "dim")
        self.meaning.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.meaning.setMinimumHeight(3 * self.meaning.fontMetrics().lineSpacing())
        self._lay_out()
        self.trace.picked.connect(self._go)
        measures.changed.connect(self.follow)
        walker.moved.connect(self._mark)
        session.changed.connect(self._changed)
        session.run_changed.connect(self._run_changed)
        self._run_changed()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        for points, names in ((True, QUANTITIES[Kind.POINTS]), (False, QUANTITIES[Kind.IMAGE])):
            chips = self.chips[points] = Chips(names, words.QUANTITIES, TIPS)
            for name, button in chips.buttons.items():
                button.clicked.connect(lambda _=False, n=name: self.session.set(f"follow the {n}", quantity=n))
            head.addWidget(chips)
        head.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        grid.addLayout(head, 0, 0, 1, 2)
        grid.addWidget(self.trace, 1, 0, 1, 2)
        grid.addWidget(self.acceptance, 2, 0)
        grid.addWidget(self.forgetting, 2, 1)
        grid.addWidget(self.figures, 3, 0, 1, 2)
        grid.addWidget(self.meaning, 4, 0, 1, 2)
        grid.setRowStretch(1, 5)
        grid.setRowStretch(2, 4)

    def _go(self, step: int) -> None:
        self.walker.pause()
        self.walker.seek(step)

    # ---- following

    def _run_changed(self) -> None:
        for points, chips in self.chips.items():
            chips.setVisible(points == self.session.points)
        self._choose()
        self.refresh()

    def _changed(self, before: ChainState) -> None:
        state = self.session.state
        if (state.quantity, state.drop) != (before.quantity, before.drop):
            self._choose()
            self._draw_trace()
        if state.focus != before.focus:
            self._show_focus()

    def _choose(self) -> None:
        quantity = self.session.state.quantity
        chips = self.chips[self.session.points]
        chips.choose(quantity if quantity in chips.buttons else "energy")

    def refresh(self) -> None:
        """Show all anew: another run."""
        self.follow()
        self._show_focus()

    def _show_focus(self) -> None:
        self.trace.set_focus(-1 if self.session.points else self.session.state.focus)

    def _mark(self) -> None:
        self.trace.set_step(self.walker.position)

    def _draw_trace(self) -> None:
        quantity = self.session.state.quantity
        title = f"{words.QUANTITIES[quantity]} by step"
        self.trace.set_values(self.measures.values, self.measures.settled, title, words.UNITS.get(quantity, ""))
        self._mark()

    def follow(self) -> None:
        """Draw the newest figures and curves, a few times a second at most."""
        self._draw_trace()
        found = self.measures
        self.figures.set_rows(words.rows(found.mixing, found.acceptance, found.step_size, found.exact))
        self.meaning.setText(words.meaning(found.mixing, found.acceptance, found.exact, found.changing))
        taken = self.walker.recording.accepted[1:]
        across, shares = averaged(taken.mean(1)) if len(taken) > 1 else (np.zeros(0), np.zeros(0))
        self.acceptance.set_curve(across, shares, low=0.0, high=1.0, level=BEST if self.measures.exact else None)
        mixing = self.measures.mixing
        if mixing is None or not np.isfinite(mixing.rho).all():
            self.forgetting.set_curve(np.zeros(0), np.zeros(0))
            return
        most = int(max(LEAST_LAG, FORGOTTEN * mixing.tau)) if np.isfinite(mixing.tau) else LEAST_LAG
        rho = mixing.rho[: min(len(mixing.rho) // 2 + 1, most)]
        self.forgetting.set_curve(np.arange(len(rho)), rho, low=min(0.0, float(rho.min())), high=1.0, level=0.0)


BEST = 0.574  # the acceptance at which MALA gets furthest in many dimensions (Roberts and Rosenthal 1998)


def averaged(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles and means of at most ``WINDOWS`` stretches of values (T,), which are numbered from 1.

    >>> [part.tolist() for part in averaged(np.arange(4.0))]
    [[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 2.0, 3.0]]
    """
    pieces = np.array_split(np.arange(len(values)), min(WINDOWS, len(values)))
    return np.array([p.mean() + 1 for p in pieces]), np.array([values[p].mean() for p in pieces])
