"""The Density panel's column: what kind of density it is, how close to the truth, and how that went in training."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.contract.spec import Kind
from genplay.ui.density import words
from genplay.ui.density.pictures_part import PicturesPart
from genplay.ui.density.session import DensitySession
from genplay.ui.form import LABEL_WIDTH
from genplay.ui.sidebar import section
from genplay.ui.views.line_chart import LineChart
from genplay.ui.views.readout import Readout, Row

KL, NLL = "KL to the model by step", "NLL by step"


class DensityInspector(QWidget):
    """Figures, a sentence about them, and a curve."""

    def __init__(self, session: DensitySession, *measuring: PicturesPart) -> None:
        super().__init__()
        self.session, self.measuring = session, measuring
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
        self.other = QComboBox()
        self.other.setAccessibleName("Another data set")
        self.other.setToolTip("Pictures that the model has never seen the like of")
        self.other.activated.connect(self._choose_other)
        self.other_row = _row("another set", self.other)
        whole.insertWidget(4, self.other_row)
        session.bridge.catalogue_arrived.connect(lambda _: self._fill())
        for part in measuring:
            part.measured.connect(self.follow)
        session.changed.connect(lambda _: self.follow())
        session.density_changed.connect(self.follow)
        session.run_changed.connect(self.follow)
        self.follow()

    def _fill(self) -> None:
        """The sets of pictures that come with the program."""
        self.other.clear()
        self.other.addItem("one that differs", "")
        catalogue = self.session.bridge.catalogue
        for source in catalogue.data if catalogue is not None else ():
            if source.group == "bundled" and source.spec is not None and source.spec.kind is Kind.IMAGE:
                self.other.addItem(source.title, source.name)

    def _choose_other(self, index: int) -> None:
        self.session.set("compare with another set", other=self.other.itemData(index))

    def follow(self) -> None:
        """Show the newest density, or the likelihoods of pictures, in figures."""
        points, able = self.session.points, self.session.ready and self.session.has_density
        shown = {
            self.figures: self.session.ready and (points or able),
            self.meaning: able,
            self.step: able and points,
            self.chart: able and points,
            self.other_row: able and self.session.kind is Kind.IMAGE,
        }
        for widget, wanted in shown.items():
            if widget.isHidden() == wanted:
                widget.setVisible(wanted)
        if points:
            self._follow_points()
        else:
            self._follow_sets()

    def _follow_points(self) -> None:
        found, run, answer = self.session.density, self.session.run, self.session.answer
        self.figures.set_rows(words.rows(found, run))
        _say(self.meaning, words.meaning(found, run) if found is not None and run is not None else "")
        more = "" if answer is None or answer.last else ", still coarse"
        _say(self.step, f"step {answer.step:,} · {len(found.x):,} held-out points{more}" if answer and found else "")
        self._draw_curve()

    def _follow_sets(self) -> None:
        part = next((part for part in self.measuring if part.kind is self.session.kind), self.measuring[0])
        found, run = part.found, self.session.run
        told = [part.rows.told(i) for i in range(len(found.names))] if found is not None else []
        named = zip(found.names, told) if found is not None else ()
        self.figures.set_rows([Row(name, (f"{value} bits",), help=words.SETS.get(name, "")) for name, value in named])
        if found is not None and run is not None:
            _say(self.meaning, words.of_pictures(found, run))
        place = self.other.findData(self.session.state.other)
        with QSignalBlocker(self.other):
            self.other.setCurrentIndex(max(0, place))

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


def _row(name: str, control: QWidget) -> QWidget:
    row, label = QWidget(), QLabel(name)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL_WIDTH)
    label.setBuddy(control)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label)
    layout.addWidget(control, 1)
    return row
