"""The figures beside the Filters panel."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from genplay.contract.results import Filters
from genplay.ui.filters import words
from genplay.ui.filters.session import FiltersSession
from genplay.ui.sidebar import section
from genplay.ui.views.readout import Readout, Row


class FiltersInspector(QWidget):
    """Free energies, log Z, and what a held-out picture costs."""

    def __init__(self, session: FiltersSession) -> None:
        super().__init__()
        self.session = session
        self.figures = Readout()
        self.figures.setAccessibleName("Hidden units in figures")
        self.meaning, self.note = QLabel(), QLabel()
        for label in (self.meaning, self.note):
            label.setProperty("role", "dim")
            label.setWordWrap(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 8)
        whole.setSpacing(8)
        for widget in (section("Filters"), self.figures, self.meaning, self.note):
            whole.addWidget(widget)
        session.found_changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the newest figures."""
        found, answer = self.session.found, self.session.answer
        self.figures.set_rows(rows(found) if found is not None else ())
        self.meaning.setText(words.meaning(found) if found is not None else "")
        self.meaning.setHidden(not self.meaning.text())
        self.note.setText("" if found is None or answer is None else note(found, answer.step))


def rows(found: Filters) -> tuple[Row, ...]:
    """What is known of the hidden units and the energies."""
    on = found.hidden.mean()
    first = [
        Row("units", (" + ".join(f"{n:,}" for n in found.layers),), help="hidden units of each layer"),
        Row("on", (f"{on:.1%}",), help="how probable it is, on average, that a unit is on at a held-out picture"),
    ]
    if found.energies is None:
        return tuple(first)
    means = words.energy_means(found)
    free = [
        Row(name, (f"{words.amount(*means[name])} nats" if name in means else "…",), help=words.SORTS[name])
        for name in found.names
    ]
    cost = words.nats(found)
    last = [
        Row("log Z", (words.log_z(found),), help="nats to add to a free energy to get −log p"),
        Row("held-out −log p", (f"{cost} nats" if cost else "–",), help="what a new picture costs: lower is better"),
    ]
    return (*first, *free, *last)


def note(found: Filters, step: int) -> str:
    """How the figures came about."""
    how = ""
    if found.log_z == found.log_z:
        way = "estimated by annealed importance sampling" if found.log_z_error else "counted through all states"
        how = f" log Z is {way}."
    elif found.energies is not None:
        how = " log Z is estimated while the run does not train."
    return f"Step {step:,}, {len(found.x)} pictures of each sort.{how}"
