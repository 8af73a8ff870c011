"""What guidance costs: match with the condition against variety, saturation, precision and recall, by scale."""

from __future__ import annotations

import csv
import io
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.requests import MeasureGuidance, Question
from genplay.contract.results import Answer, GuidanceCost
from genplay.ui import theme
from genplay.ui.guidance.part import Part
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.line_chart import LineChart

if TYPE_CHECKING:
    import numpy as np

SCALES = (0.0, 1.0, 2.0, 4.0, 8.0)
SIZES = (64, 128, 256, 512, 1024, 2048)
POLL_MS = 250
WIDE = 420  # pixels from which three charts stand in a row
MEASURES = {
    "match": "Share of samples in which a judge, a network trained on the real labels, sees all that was asked for",
    "variety": "Mean distance between two samples over that between real examples of the condition: 1 is as varied",
    "saturation": "Share of colour values at the very ends of their range: guidance too strong burns colours out",
    "precision": "Share of samples that lie where real examples of the same condition lie: are they good?",
    "recall": "Share of real examples that lie where samples lie: is anything left out?",
}
FROM_ONE = ("match", "precision", "recall")
ASK = (
    "Guidance makes samples match what was asked for, at a cost: less variety, burnt colours. "
    "Press Measure to weigh the one against the other on many samples."
)


class CostPart(Part):
    """Measured on request, in the background: five charts that sharpen while samples are drawn."""

    name: ClassVar[str] = "cost"
    title: ClassVar[str] = "Cost"
    tip: ClassVar[str] = "What guidance gives and what it takes, measured"

    failed = Signal(str)

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.question: MeasureGuidance | None = None
        self._known: dict[str, tuple[Answer, MeasureGuidance]] = {}  # by run
        self._begun, self._share = 0.0, 0.0
        self.samples = QComboBox()
        for n in SIZES:
            self.samples.addItem(f"{n:,} samples", n)
        self.samples.setAccessibleName("Samples at each scale")
        self.samples.setToolTip("How many samples each scale is measured with: four times as many halve the error bars")
        self.samples.activated.connect(lambda i: session.set("choose the number of samples", measured=SIZES[i]))
        self.button = QPushButton("Measure")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self.toggle)
        self.csv = QPushButton(theme.icon("csv", "dim"), "")
        self.csv.setProperty("role", "flat")
        self.csv.setToolTip("Save these numbers as comma-separated values")
        self.csv.setAccessibleName(self.csv.toolTip())
        self.csv.clicked.connect(self._save_csv)
        self.about, self.made = ElidedLabel(), QLabel(wordWrap=True)
        self.made.setProperty("role", "dim")
        self.made.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty = EmptyState("evaluate", ASK)
        self.charts = {name: LineChart(name, x_name="w") for name in MEASURES}
        for name, chart in self.charts.items():
            chart.setToolTip(f"{name.capitalize()}. {MEASURES[name]}.")
            chart.setAccessibleDescription(MEASURES[name])
        self._lay_out()
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._tell)
        session.changed.connect(lambda before: self._follow())

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.samples)
        row.addWidget(self.button)
        row.addWidget(self.about, 1)
        row.addWidget(self.csv)
        self._body = QWidget()
        self._grid = QGridLayout(self._body)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self._body, 1)
        self._arrange()

    def _arrange(self) -> None:
        columns = 3 if self.width() >= WIDE else 2
        for index, widget in enumerate((*self.charts.values(), self.made)):
            self._grid.addWidget(widget, index // columns, index % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two or three charts a row."""
        self._arrange()

    # ---- asking

    @property
    def measuring(self) -> bool:
        """Whether a measurement is under way."""
        return self.session.waiting(self.name)

    def toggle(self) -> None:
        """Begin to measure, or give it up."""
        if self.measuring:
            self.session.cancel(self.name)
        elif self.session.ready:
            self._begin()
        self._tell()

    def _begin(self) -> None:
        state = self.session.state
        config = {k: v for k, v in state.wish.config.items() if k not in ("guidance", "weights")}
        question = MeasureGuidance(SCALES, state.measured, state.wish.condition, config, seed=state.wish.seed)
        self._begun, self._share = perf_counter(), 0.0
        self.session.ask(self.name, question, lambda answer: self._answered(answer, question))
        self._poll.start()

    def take(self, answer: Answer, question: Question) -> None:
        assert isinstance(question, MeasureGuidance)
        self.answer, self.question = answer, question
        self._known[answer.run_id] = (answer, question)
        self._share = answer.progress or 0.0
        self._show()

    def clear(self) -> None:
        run = self.session.run
        self.answer, self.question = self._known.get(run.run_id, (None, None)) if run else (None, None)
        self._follow()
        self._show()

    # ---- showing

    def _follow(self) -> None:
        sizes = [abs(n - self.session.state.measured) for n in SIZES]
        self.samples.setCurrentIndex(sizes.index(min(sizes)))
        for chart in self.charts.values():
            chart.set_cursor(self.session.state.scale if self.session.state.scale <= SCALES[-1] else None)
        self._tell()

    def _show(self) -> None:
        cost: GuidanceCost | None = self.answer.value if self.answer else None
        self.empty.setVisible(cost is None)
        self._body.setVisible(cost is not None)
        self.csv.setEnabled(cost is not None)
        if cost is not None:
            for name, chart in self.charts.items():
                self._draw(chart, name, cost)
        self._tell()

    def _draw(self, chart: LineChart, name: str, cost: GuidanceCost) -> None:
        import numpy as np

        measured = np.asarray(getattr(cost, name), np.float64)
        high = 1.0 if name in FROM_ONE else None
        chart.empty = self._why_not(name)
        real = cost.real.get(name)
        x, (y, error) = np.asarray(cost.scales), measured.T
        chart.set_curve(x, y, error, low=0.0, high=high, level=real)

    def _why_not(self, name: str) -> str:
        if self.measuring:
            return "not measured yet"
        asked = self.question is not None and bool(self.question.condition)
        return "no judge for this data" if name == "match" and asked else (
            "nothing was asked for" if name == "match" else "could not be measured"
        )  # fmt: skip

    def _tell(self) -> None:
        """What the button does, how far the work is, and what the charts are of."""
        measuring = self.measuring
        self.button.setText("Cancel" if measuring else "Measure")
        self.button.setToolTip(
            "Stop measuring; what is known stays" if measuring else "Draw and judge samples at each scale"
        )
        self.samples.setEnabled(not measuring)
        self.about.setText(self._time_left() if measuring else "")
        if not measuring and self._poll.isActive():
            self._poll.stop()
        self.made.setText(self._made())

    def _time_left(self) -> str:
        passed = perf_counter() - self._begun
        if self._share <= 0.01 or passed < 0.5:
            return "drawing samples…"
        left = round(passed * (1 - self._share) / self._share)
        return f"{self._share:.0%}   ·   {left // 60}:{left % 60:02d} left"

    def _made(self) -> str:
        if self.answer is None or self.question is None:
            return ""
        spec, asked = self.session.spec, self.question.condition
        named = [f"{a.name.replace('_', ' ')} {a.values[v]}" for a, v in zip(spec.attributes, asked) if v < a.any]
        done = self.answer.value.n
        n = f"{min(done):,}" if min(done) == max(done) else f"{min(done):,} to {max(done):,}"
        lines = [", ".join(named) or "no condition", f"{n} samples a scale, bars: one standard error"]
        return "\n".join(
            [*lines, f"seed {self.question.seed}, weights of step {self.answer.step:,}", "dashed: real data"]
        )

    # ---- numbers as a file

    def table(self) -> str:
        """The measures as comma-separated values: a row a scale, each with its standard error."""
        assert self.answer is not None
        cost: GuidanceCost = self.answer.value
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["scale", "samples", *(f"{n}{e}" for n in MEASURES for e in ("", " error"))])
        for row, scale in enumerate(cost.scales):
            cells = (v for name in MEASURES for v in getattr(cost, name)[row])
            writer.writerow([scale, cost.n[row], *map(_cell, cells)])
        if cost.real:
            writer.writerow(["real", "", *(c for n in MEASURES for c in (_cell(cost.real.get(n, float("nan"))), ""))])
        return file.getvalue()

    def _save_csv(self) -> None:
        name = self.session.run.name if self.session.run else ""
        suggested = f"{name} guidance cost.csv".strip().replace("/", "-")
        path, _ = QFileDialog.getSaveFileName(self, "Save the numbers", suggested, "Comma-separated values (*.csv)")
        if path:
            self.write_csv(path)

    def write_csv(self, path: str) -> None:
        """Write the table to ``path``, over what is there (the dialogue has asked)."""
        from genplay.contract.errors import BadInput
        from genplay.export import files

        try:
            files.save(path, self.table().encode("utf-8"), True)
        except BadInput as error:
            self.failed.emit(str(error))


def _cell(value: np.floating | float) -> str:
    return f"{value:.6g}" if value == value else ""
