"""The centre of the window: tabs, a title row, and the panel on show."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from genplay.ui import mosaic, theme
from genplay.ui.bridge import Bridge
from genplay.ui.giving_row import FoldingButton, GivingRow
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.shortcuts import hint
from genplay.ui.toast import Banner
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.waiting import NO_RUN, Progress, Waiting

if TYPE_CHECKING:
    from genplay.contract.results import Failure, FilmFrame, RunState

LEAST_WIDTH = 480  # pixels of a panel in the narrowest window
PATIENCE = 0.3  # seconds before a question under way is shown


class Stage(QWidget):
    """A tab a panel; one that cannot serve the selected run is disabled, its tooltip saying why."""

    panel_changed = Signal(object)  # Panel or None
    export_clicked = Signal()
    export_wanted = Signal(object)  # Exhibit, from a panel's own button
    drawing_wanted = Signal()

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "background")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.bridge, self.undo = bridge, undo
        self.run: RunState | None = None
        self.panels: list[Panel] = []
        self.tabs: dict[str, FoldingButton] = {}
        self.saved: dict[str, dict[str, Any]] = {}  # knobs of panels from the last start, until each is shown
        self.past: FilmFrame | None = None  # the frame of the filmstrip that is shown instead of the panel
        self.wanted = ""  # the tab last chosen by the user, kept while a run cannot show it
        self._shown: Panel | None = None
        self._actions: dict[str, QWidget] = {}
        self._build()
        self.banner = Banner(self.content)
        self.progress = Progress(self.content)
        self.progress.cancelled.connect(self.cancel)
        self._tab_row.row.insertWidget(self._tab_row.row.indexOf(self.export), self.progress.button)
        self._tab_row.reserved.append(self.progress.button)
        self._watch = QTimer(self, interval=100)
        self._watch.timeout.connect(self._look_for_waiting)
        self._since: dict[tuple[str, int], float] = {}
        self._share = -1.0

    # ---- widgets

    def _build(self) -> None:
        self.group = QButtonGroup(self)
        self._tab_row = GivingRow(self._giving_tabs, 4)
        self._tab_row.row.addStretch(1)
        self.export = FoldingButton(theme.icon("export"), "Export")
        self.export.setToolTip(hint("Export what is on show", "export"))
        self.export.clicked.connect(self.export_clicked)
        self.export.setEnabled(False)
        self._tab_row.row.addWidget(self.export)
        self.title, self.hint = QLabel(), ElidedLabel()
        self.title.setProperty("role", "title")
        self._title_row = GivingRow(self._giving_titles, 8)
        self._title_row.row.addWidget(self.title)
        self._title_row.row.addWidget(self.hint, 1)
        self._title_row.row.addStretch(0)
        self.content = _Pages()
        self.waiting = Waiting()
        self.content.addWidget(self.waiting)
        self._past_page = Waiting()
        self.content.addWidget(self._past_page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 8, 16, 12)
        whole.setSpacing(8)
        whole.addWidget(self._tab_row)
        whole.addWidget(self._title_row)
        self._notices = QVBoxLayout()
        whole.addLayout(self._notices)
        whole.addWidget(self.content, 1)

    def _giving_tabs(self) -> list[list[QWidget]]:
        """What shows less where there is no room for all tabs; the chosen one keeps its name longest."""
        tabs: list[QWidget] = list(self.tabs.values())
        closed = [tab for tab in tabs if not tab.isEnabled()]
        others: list[QWidget] = [tab for tab in self.tabs.values() if not tab.isChecked()]
        return [[self.progress.button], [self.export], closed, others, tabs]

    def _giving_titles(self) -> list[list[QWidget]]:
        """What shows less beside the buttons of the panel; the chosen tab says the title, too."""
        row = self._actions.get(self._shown.name) if self._shown else None
        return [[self.hint], row.findChildren(FoldingButton) if row else [], [self.title]]

    def add_panel(self, panel: Panel) -> None:
        """Add a tab where its order belongs."""
        place = sum(other.order <= panel.order for other in self.panels)
        self.panels.insert(place, panel)
        tab = FoldingButton(theme.icon(panel.icon), panel.title)
        tab.setIconSize(QSize(16, 16))
        tab.setProperty("role", "tab")
        tab.setCheckable(True)
        tab.setAccessibleName(f"{panel.title} tab")
        tab.clicked.connect(lambda: self.choose(panel.name))
        self.tabs[panel.name] = tab
        self.group.addButton(tab)
        self._tab_row.row.insertWidget(place, tab)
        self.content.addWidget(panel)
        panel.failure_shown.connect(lambda failure: self._show_failure(panel, failure))
        panel.progress_shown.connect(lambda share: self._take_progress(panel, share))
        panel.export_wanted.connect(self.export_wanted)
        panel.drawing_wanted.connect(self.drawing_wanted)
        panel.go_to.connect(self.go_to)
        self._settle()

    # ---- what is on show

    def current(self) -> Panel | None:
        """The panel on show; None while there is nothing for it to show."""
        return self._shown

    def panel(self, name: str) -> Panel | None:
        """The panel of that name."""
        return next((p for p in self.panels if p.name == name), None)

    def set_run(self, run: RunState | None) -> None:
        """Another run is selected, or the selected one changed."""
        another = (run.run_id if run else "") != (self.run.run_id if self.run else "")
        had_failed = not another and self.run is not None and self.run.status == "failed"
        failed = run is not None and run.status == "failed" and bool(run.message)
        self.run = run
        if another or (had_failed and not failed):
            self.banner.clear()
        self._settle()
        if run is not None and failed and not had_failed:
            self.banner.show(run.message)
        if self._shown is not None:
            self._shown.set_run(run)
            if another:
                self._shown.activate()

    def choose(self, name: str) -> bool:
        """Bring a tab to the front; whether the selected run has it."""
        self.wanted = name
        self._settle()
        return self._shown is not None and self._shown.name == name

    def go_to(self, name: str, state: dict[str, object]) -> None:
        """Bring a tab to the front in a given state (one panel sends the user to another)."""
        if self.choose(name) and self._shown is not None:
            self._shown.restore(state)

    def step_tab(self, by: int) -> None:
        """Go to the next or previous tab that is open."""
        names = [p.name for p in self.panels if self.tabs[p.name].isEnabled()]
        if names:
            here = names.index(self._shown.name) if self._shown and self._shown.name in names else 0
            self.choose(names[(here + by) % len(names)])

    def _settle(self) -> None:
        """Open and close the tabs for the run, and show the one wanted, else the first that is open."""
        run = self.run
        ready = run is not None and run.status != "loading" and bool(run.capabilities)
        for panel in self.panels:
            reason = panel.closed_because(run) if run is not None and ready else ""
            tab = self.tabs[panel.name]
            tab.setEnabled(ready and not reason)
            number = self.panels.index(panel) + 1
            tab.setToolTip(reason or (f"{panel.title} (Ctrl+{number})" if ready else f"{panel.title}: {NO_RUN}"))
        open_ = [p for p in self.panels if self.tabs[p.name].isEnabled()]
        chosen = next((p for p in open_ if p.name == self.wanted), open_[0] if open_ else None)
        if chosen is not self._shown:
            self._switch(chosen)
        self._fit_rows()

    def _switch(self, panel: Panel | None) -> None:
        if self._shown is not None:
            self._shown.deactivate()
        self._shown, self.past = panel, None
        self.banner.clear()
        self.content.setCurrentWidget(panel or self.waiting)
        self.title.setText(panel.title if panel else "")
        self.hint.setText(panel.hint if panel else "")
        self._show_actions(panel)
        self.export.setEnabled(panel is not None)
        self.group.setExclusive(panel is not None)
        for other in self.panels:
            self.tabs[other.name].setChecked(other is panel)
        self._watch.start() if panel else self._watch.stop()
        if panel is not None:
            panel.set_run(self.run)
            if panel.name in self.saved:
                panel.restore(self.saved.pop(panel.name))
            panel.activate()
        self.panel_changed.emit(panel)

    def _show_actions(self, panel: Panel | None) -> None:
        if panel is not None and panel.name not in self._actions:
            row = QWidget()
            layout = QHBoxLayout(row)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(8)
            for button in panel.actions():
                layout.addWidget(button)
            self._actions[panel.name] = row
            self._title_row.row.addWidget(row)
        for name, row in self._actions.items():
            row.setVisible(panel is not None and name == panel.name)

    def _fit_rows(self) -> None:
        self._tab_row.fit()
        self._title_row.fit()

    # ---- failures and progress

    def _show_failure(self, panel: Panel, failure: Failure) -> None:
        if panel is self._shown:
            self.banner.show(failure.message)

    def _take_progress(self, panel: Panel, share: float) -> None:
        if panel is self._shown:
            self._share = share

    def _look_for_waiting(self) -> None:
        """Show progress once one and the same question has been under way for 300 ms."""
        now = monotonic()
        waiting = self.bridge.waiting_for(f"{self._shown.name}.") if self._shown else {}
        self._since = {job: self._since.get(job, now) for job in waiting.items()}
        if any(now - since >= PATIENCE for since in self._since.values()):
            self.progress.show_share(self._share)
        else:
            self.progress.hide()
            self._share = -1.0 if not waiting else self._share

    def cancel(self) -> bool:
        """Give up what the panel on show waits for; whether there was anything."""
        waiting = self.bridge.waiting_for(f"{self._shown.name}.") if self._shown else {}
        for slot in waiting:
            self.bridge.cancel(slot)
        self.progress.hide()
        return bool(waiting)

    def stop(self) -> None:
        """The window is closing."""
        self._watch.stop()
        if self._shown is not None:
            self._shown.deactivate()

    def add_notices(self, bar: QWidget) -> None:
        """Put a bar of notices between title and view."""
        self._notices.addWidget(bar)

    def states(self) -> dict[str, dict[str, Any]]:
        """The knobs of every panel that has been shown, for the next start."""
        return {p.name: p.state() for p in self.panels if p.name not in self.saved and p.run is not None}

    def show_past(self, frame: FilmFrame | None) -> None:
        """Show the samples of an earlier step instead of the panel; None goes back to now."""
        self.past = frame
        if frame is not None and self.run is not None:
            text = f"step {frame.step:,} · the same seeds as now · Esc goes back to now"
            tint, ground = theme.colour("accent"), theme.colour("card")
            self._past_page.show_picture(text, mosaic.large(frame.x, self.run.spec, tint, ground))
        shown: QWidget = self._past_page if frame is not None else self._shown or self.waiting
        self.content.setCurrentWidget(shown)

    def exhibit(self) -> Exhibit | None:
        """What the panel on show would export."""
        return self._shown.exhibit() if self._shown else None


class _Pages(QStackedWidget):
    """The panels. One that is wider than the narrowest stage does not push the columns beside the stage away."""

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH, super().minimumSizeHint().height())
