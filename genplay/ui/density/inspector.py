"""The Density panel's column: what kind of density it is, how close to the truth, and how that went in training."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from genplay.ui.density import words
from genplay.ui.density.session import DensitySession
from genplay.ui.sidebar import section
from genplay.ui.views.line_chart import LineChart
from genplay.ui.views.readout import Readout

KL, NLL = "KL to the model by step", "NLL by step"


class DensityInspector(QWidget):
    """Figures, a sentence about them, and a curve."""

    def __init__(self, session: DensitySession) -> None:
        super().__init__()
        self.session = session
        self.figures = Readout()
        self.figures.setAccessibleName("Density in figures")
        self.meaning = QLabel()
        self.meaning.setProperty("role", "dim")
        self.meaning.setWordWrap(True)
        self.step = QLabel()
        self.step.setProperty("role", "dim")
        self.chart = LineChart(KL, x_name="step")
        self.chart.empty = "Train it to see this fall"
        self.chart.setFixedHeight(140)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 8)
        whole.setSpacing(8)
        for widget in (section("Density"), self.figures, self.meaning, self.step, self.chart):
            whole.addWidget(widget)
        session.density_changed.connect(self.follow)
        session.run_changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the newest density in figures."""
        found, run, answer = self.session.density, self.session.run, self.session.answer
        shown = self.session.ready and self.session.points
        for widget in (self.figures, self.meaning, self.step, self.chart):
            wanted = shown and (widget is self.figures or self.session.has_density)
            if widget.isHidden() == wanted:
                widget.setVisible(wanted)
        self.figures.set_rows(words.rows(found, run))
        _say(self.meaning, words.meaning(found, run) if found is not None and run is not None else "")
        more = "" if answer is None or answer.last else ", still coarse"
        _say(self.step, f"step {answer.step:,} · {len(found.x):,} held-out points{more}" if answer and found else "")
        self._draw_curve()

    def _draw_curve(self) -> None:
        history = np.array(self.session.history, np.float64).reshape(-1, 3)
        found = self.session.density
        self.chart.title = NLL if found is not None and found.kl != found.kl else KL
        long = len(history) > 1
        steps, values = (history[:, 0], history[:, 1]) if long else (np.zeros(0), np.zeros(0))
        self.chart.set_curve(steps, values, low=0.0 if self.chart.title == KL else None)
        self.chart.set_cursor(float(steps[-1]) if long else None)


def _say(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
