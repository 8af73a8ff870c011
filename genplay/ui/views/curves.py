"""Live curves: what the family optimises and its gradient norms, smoothed, beside those of pinned runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.catalogue import Plot
from genplay.contract.errors import BadInput
from genplay.contract.results import CurveBlock, Failure, RunState
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.palette import OKABE_ITO
from genplay.ui.views.plots import Curve, CurvePlot, Library
from genplay.ui.views.series import CurveStore
from genplay.ui.views.slider import ValueSlider

REDRAW_MS, LIVE_MS = 100, 700  # after a change by the user, and between two rounds of drawing while a model trains
SMOOTHING = 0.9
GRADIENTS = Plot("gradient norm", ("gradient norm*",))
IDLE = "Press Play: the curves of this model appear here as it trains."
NO_RUN = "Open a model or make a run to see its curves."


class CurvesDock(QWidget):
    """The curves of the selected run, one plot for each that its family declares, with a header of controls.

    Smoothing is the debiased exponential mean of ``genplay.ui.views.series.exponential_mean``, of weight w a point.
    Nothing is drawn while the dock is hidden or collapsed, and at most some four times a second while a model trains:
    every moment that Python spends here is one in which a small network does not train.
    """

    collapsed_changed = Signal(bool)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.run: RunState | None = None
        self.store = CurveStore()
        self.pinned: dict[str, RunState] = {}
        self.plots: list[CurvePlot] = []
        self.collapsed = False
        self.redraws = 0
        self._layout_key: tuple[object, ...] = ()
        self._window: tuple[float, float] | None = None
        self._hovered: float | None = None
        self.library = Library(self)
        self.library.ready.connect(self._schedule)
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self._tick)
        self._stale = False
        self._pending: list[tuple[int, Plot]] = []  # of a round of drawing, one plot a tick
        self._build()
        bridge.curves_arrived.connect(self._take)
        bridge.run_removed.connect(self._forget)
        bridge.run_changed.connect(self._renew)
        bridge.catalogue_arrived.connect(self._schedule)
        theme.signals().changed.connect(self._schedule)

    # ---- widgets ------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.setSpacing(6)
        layout.addLayout(self._header())
        self.body = QWidget()
        self.body.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._stack = QStackedLayout(self.body)
        self.empty = EmptyState("curves", NO_RUN)
        row = QWidget()
        self._row = QHBoxLayout(row)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(16)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(row)
        layout.addWidget(self.body, 1)

    def _header(self) -> QHBoxLayout:
        title = QLabel("LIVE CURVES")
        title.setProperty("role", "section")
        self.smoothing = ValueSlider(0.0, 0.99, SMOOTHING, SMOOTHING, decimals=2)
        self.smoothing.setFixedWidth(150)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Smoothing: weight of the past in the exponential mean")
        self.smoothing.moved.connect(lambda _: self._schedule())
        self.log_x = self._chip("log x", "Logarithmic steps")
        self.log_y = self._chip("log y", "Logarithmic values; those not above zero are left out")
        self.full = self._chip("all values", "Every value, early spikes too (double click on a plot)")
        self.pin = self._chip("pin run", "Keep this run's curves on show, dashed, beside those of other runs")
        self.status = QLabel()
        self.status.setProperty("role", "dim")
        self.csv = QPushButton(theme.icon("csv"), "CSV")
        self.csv.setToolTip("Save every point of this run's curves as comma-separated values")
        self.csv.clicked.connect(self._save_csv)
        self.fold = QPushButton(theme.icon("chevron-down"), "")
        self.fold.setProperty("role", "flat")
        self.fold.clicked.connect(lambda: self.set_collapsed(not self.collapsed))
        self._name_fold()
        self.log_x.toggled.connect(self._rescale)
        self.log_y.toggled.connect(self._schedule)
        self.full.toggled.connect(self._schedule)
        self.pin.clicked.connect(self._toggle_pin)
        label = QLabel("smooth")
        label.setProperty("role", "dim")
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in (title, label, self.smoothing, self.log_x, self.log_y, self.full, self.pin, self.status):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.csv)
        row.addWidget(self.fold)
        return row

    def _chip(self, text: str, help: str) -> QPushButton:
        chip = QPushButton(text)
        chip.setCheckable(True)
        chip.setProperty("role", "chip")
        chip.setToolTip(help)
        return chip

    def _name_fold(self) -> None:
        what = "Unfold the curves" if self.collapsed else "Fold the curves away"
        self.fold.setIcon(theme.icon("chevron-up" if self.collapsed else "chevron-down"))
        self.fold.setToolTip(what)
        self.fold.setAccessibleName(what)

    def sizeHint(self) -> QSize:
        return QSize(900, 44 if self.collapsed else 220)

    # ---- what is shown ------------------------------------------------------------------------------------------

    def set_run(self, run: RunState | None) -> None:
        """Show the curves of another run."""
        changed = (self.run and self.run.run_id) != (run and run.run_id)
        self.run = run
        if changed:
            self._window = None
            self.pin.setChecked(run is not None and run.run_id in self.pinned)
            self._schedule()

    def set_collapsed(self, collapsed: bool) -> None:
        """Leave only the header, or show all."""
        if collapsed != self.collapsed:
            self.collapsed = collapsed
            self.body.setVisible(not collapsed)
            self._name_fold()
            self.updateGeometry()
            self.collapsed_changed.emit(collapsed)
            self._schedule()

    def state(self) -> dict[str, Any]:
        """Settings of the dock as plain values."""
        return {
            "smoothing": self.smoothing.value(),
            "log_x": self.log_x.isChecked(),
            "log_y": self.log_y.isChecked(),
            "full": self.full.isChecked(),
            "collapsed": self.collapsed,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take settings, which may be damaged; what is missing or wrong stays."""
        weight = state.get("smoothing")
        if isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight <= 0.99:
            self.smoothing.set_value(float(weight))
        for name, chip in (("log_x", self.log_x), ("log_y", self.log_y), ("full", self.full)):
            if isinstance(state.get(name), bool):
                chip.setChecked(state[name])
        if isinstance(state.get("collapsed"), bool):
            self.set_collapsed(state["collapsed"])
        self._schedule()

    def _toggle_pin(self, on: bool) -> None:
        if self.run is None:
            self.pin.setChecked(False)
        elif on:
            self.pinned[self.run.run_id] = self.run
        else:
            self.pinned.pop(self.run.run_id, None)
        self._schedule()

    def _rescale(self) -> None:
        self._window = None
        self._schedule()

    # ---- news ---------------------------------------------------------------------------------------------------

    def _take(self, block: CurveBlock) -> None:
        self.store.take(block)
        if self.run is not None and (block.run_id == self.run.run_id or block.run_id in self.pinned):
            self._stale = True
            if self.isVisible() and not self._timer.isActive():
                self._timer.start(LIVE_MS)

    def _renew(self, run: RunState) -> None:
        if run.run_id in self.pinned:
            self.pinned[run.run_id] = run

    def _forget(self, run_id: str) -> None:
        """A removed run is no longer drawn; its points stay, as it may be brought back."""
        self.pinned.pop(run_id, None)
        self._schedule()

    # ---- drawing ------------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        self._stale = True
        if self.isVisible() and (not self._timer.isActive() or self._timer.remainingTime() > REDRAW_MS):
            self._timer.start(REDRAW_MS)

    def _tick(self) -> None:
        """Draw one plot, so that the window is never held up for long; a round of all takes a tenth of a second."""
        if not self._pending:
            self._stale = False
            self._pending = self._prepare()
        if self._pending:
            self._draw(*self._pending.pop(0))
        if self._pending or self._stale:
            self._timer.start(REDRAW_MS // max(1, len(self.plots)) if self._pending else LIVE_MS)

    def showEvent(self, event: QShowEvent) -> None:
        self._schedule()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._schedule()

    def build_now(self) -> None:
        """Import pyqtgraph if need be and draw at once (for screenshots)."""
        self.library.wait()
        self.redraw()

    def redraw(self) -> None:
        """Draw everything at once."""
        self._stale, self._pending = False, []
        for place, declared in self._prepare():
            self._draw(place, declared)

    def _prepare(self) -> list[tuple[int, Plot]]:
        """Bring the header and the set of plots up to date; returns what is to be drawn."""
        known = self.store.series(self.run.run_id) if self.run else {}
        self.csv.setEnabled(bool(known))
        self.pin.setEnabled(self.run is not None)
        self._tell_status()
        if self.collapsed:
            return []
        if not known:
            self.empty.set_text(IDLE if self.run else NO_RUN)
            self._stack.setCurrentIndex(0)
            return []
        if not self.library.loaded:
            self.library.load()
            return []
        self.redraws += 1
        layout = self._plots_of(known)
        self._lay_out(layout)
        self._stack.setCurrentIndex(1)
        return list(enumerate(layout))

    def _draw(self, place: int, declared: Plot) -> None:
        if self.run is None or place > len(self.plots):  # the run went, or came, in the middle of a round
            self._pending, self._stale = [], self.run is not None
            return
        if place == len(self.plots):
            self._add_plot(declared)
        curves = self._curves(declared)
        logs = self.log_x.isChecked(), self.log_y.isChecked()
        self.plots[place].draw(curves, self.smoothing.value(), *logs, self._window, self.full.isChecked())

    def _plots_of(self, known: Iterable[str]) -> list[Plot]:
        """The family's plots that have something to show, and the gradient norms."""
        assert self.run is not None
        family = self.bridge.catalogue.family(self.run.family) if self.bridge.catalogue else None
        declared = list(family.plots) if family else [Plot(name, (name,)) for name in known][:4]
        known = list(known)
        if not any(_matches(plot, name) for plot in declared for name in known if name.startswith("gradient norm")):
            declared.append(GRADIENTS)
        return [plot for plot in declared if any(_matches(plot, name) for name in known)]

    def _lay_out(self, layout: list[Plot]) -> None:
        """Make room for other plots; each is built when it is first drawn, as that takes some milliseconds."""
        key = tuple(layout)
        if key == self._layout_key:
            return
        self._layout_key, self._pending = key, []
        for plot in self.plots:
            self._row.removeWidget(plot)
            plot.hide()
            plot.deleteLater()
        self.plots = []

    def _add_plot(self, declared: Plot) -> None:
        plot = CurvePlot(declared.title, declared.unit)
        plot.step_hovered.connect(self._hover)
        plot.range_chosen.connect(self._choose_range)
        self.plots.append(plot)
        self._row.addWidget(plot, 1)

    def _curves(self, plot: Plot) -> tuple[Curve, ...]:
        """The selected run's curves of a plot, in the order declared, then those of pinned runs."""
        assert self.run is not None
        known = self.store.series(self.run.run_id)
        names = _in_order(plot, known)
        curves = [
            Curve(n, known[n], series_colour(self.run.family, i), label=plot.label(n)) for i, n in enumerate(names)
        ]
        for run_id, run in self.pinned.items():
            if run_id != self.run.run_id:
                other, tint = self.store.series(run_id), theme.family_colour(run.family)
                curves += [Curve(n, other[n], tint, run.name) for n in _in_order(plot, other)]
        return tuple(curves)

    def _choose_range(self, window: tuple[float, float] | None) -> None:
        if window is None and self._window is None:
            self.full.toggle()
        self._window = window
        self.redraw()

    def _hover(self, step: float) -> None:
        if math.isnan(step) or self.run is None:
            chosen = None
        else:
            chosen = _nearest(step, self.store.series(self.run.run_id))
        for plot in self.plots:
            plot.hover(chosen)
        self._hovered = chosen
        self._tell_status()

    def _tell_status(self) -> None:
        text = "" if self._hovered is None else f"step {self._hovered:,.0f}"
        others = [run for run_id, run in self.pinned.items() if self.run is None or run_id != self.run.run_id]
        pins = "pinned: " + ", ".join(run.name for run in others) if others else ""
        self.status.setText("   ·   ".join(part for part in (text, pins) if part))

    # ---- files --------------------------------------------------------------------------------------------------

    def csv_text(self) -> str:
        """Every point of the selected run's curves as a table."""
        from genplay.export import table

        return table.text(self.store.table(self.run.run_id)) if self.run else ""

    def _save_csv(self) -> None:
        if self.run is None:
            return
        suggested = f"{self.run.name} curves.csv".replace("/", "-")
        path, _ = QFileDialog.getSaveFileName(self, "Save the curves", suggested, "Comma-separated values (*.csv)")
        if path:
            self.write_csv(path)

    def write_csv(self, path: str) -> None:
        """Write the table to ``path``, over what is there (the dialogue has asked), and say so."""
        from genplay.export import table

        assert self.run is not None
        try:
            written = table.write(self.store.table(self.run.run_id), path, overwrite=True)
        except (BadInput, OSError) as error:
            self.bridge.failed.emit(Failure(f"The curves were not saved: {error}", run_id=self.run.run_id))
        else:
            self.bridge.message.emit(f"Saved {written.name}.")


def series_colour(family: str, index: int) -> QColor:
    """The colour of a run's curve: the first is the family's own, the others follow round the palette."""
    own = theme.family_colour(family).name().upper()
    rest = [code for code in OKABE_ITO if code.upper() != own and code != "#999999"]
    return QColor(([own, *rest])[index % (len(rest) + 1)])


def _matches(plot: Plot, name: str) -> bool:
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in plot.series)


def _in_order(plot: Plot, known: Iterable[str]) -> list[str]:
    found: list[str] = []
    for pattern in plot.series:
        found += [n for n in known if fnmatchcase(n, pattern.replace("[", "[[]")) and n not in found]
    return found


def _nearest(step: float, known: dict[str, Any]) -> float | None:
    """The step of the longest curve that is nearest to ``step``."""
    import numpy as np

    if not known:
        return None
    steps = max((series.steps for series in known.values()), key=len)
    index = int(np.clip(np.searchsorted(steps, step), 1, max(1, len(steps) - 1)))
    around = steps[max(0, index - 1) : index + 1]
    return float(around[np.argmin(np.abs(around - step))])
