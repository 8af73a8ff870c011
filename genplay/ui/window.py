"""The main window: transport above, runs left, stage in the centre, inspector right, filmstrip and curves below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QUndoStack
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QVBoxLayout, QWidget

from genplay.ui import files, theme
from genplay.ui.bridge import Bridge
from genplay.ui.commands import Commands
from genplay.ui.gauge import Gauge
from genplay.ui.inspector import Inspector
from genplay.ui.opening import Opener
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.settings import Settings
from genplay.ui.shortcuts import TABLE, hairline
from genplay.ui.sidebar import Sidebar
from genplay.ui.stage import Stage
from genplay.ui.toast import Note, Toasts
from genplay.ui.transport import Transport
from genplay.ui.waiting import NO_RUN

if TYPE_CHECKING:
    from genplay.contract.card import Card
    from genplay.contract.catalogue import FamilyInfo
    from genplay.contract.engine_api import Engine
    from genplay.contract.recipe import Recipe
    from genplay.contract.results import EngineStatus, Failure, FilmFrame, RunState
    from genplay.ui.library import LibraryItem
    from genplay.ui.views.curves import CurvesDock
    from genplay.ui.views.filmstrip import Filmstrip
    from genplay.ui.views.notice import NoticeBar

FIRST_SIZE, LEAST_SIZE = QSize(1440, 900), QSize(1100, 700)
TIGHT_WIDTH = 1250  # below this width the columns beside the stage begin narrower
TIGHT = 760  # below this height the curves begin folded
FIRST_TAB = "latent"
LOADING = "Loading the engine…"
HEALTH_MS, SETTLE_MS, CLOSE_SECONDS = 500, 300, 15.0
KEY_HANDLED = ("play", "delete", "rename", "leave")  # not shortcuts of the whole window: their keys have other uses


class MainWindow(QMainWindow):
    """Everything on screen. Builds what the first paint needs; panels and curves follow one by one after it."""

    painted = Signal()  # once, after the first paint
    complete = Signal()  # once, when all panels are there

    def __init__(self, engine: Engine, settings: Settings, library_folder: Path | None = None) -> None:
        super().__init__()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.start(app, settings["theme"])
        self.engine, self.settings, self.library_folder = engine, settings, library_folder
        self.bridge = Bridge(engine, self)
        self.bridge.stop()  # nothing is drained before its listeners are there
        self.undo = QUndoStack(self)
        self.library: list[LibraryItem] = []
        self.panels_pending = True
        self.curves: CurvesDock | None = None
        self.filmstrip: Filmstrip | None = None
        self.notices: NoticeBar | None = None
        self.selected = ""
        self._was_chosen = False  # by the user or by a file, rather than because it came first
        self._expected: dict[str, Card] = {}
        self._was_painted = self._closing = False
        self._steps: Iterator[Callable[[], object]] = iter(())
        self.opener, self.commands = Opener(self), Commands(self)
        self.gauge = Gauge(self)
        self._build()
        self.toasts = Toasts(self._whole)
        self._make_actions()
        self._connect()
        self._place()

    # ---- building

    def _build(self) -> None:
        self.setWindowTitle("genplay")
        self.setMinimumSize(LEAST_SIZE)
        self.setAcceptDrops(True)
        self.transport = Transport()
        self.sidebar = Sidebar()
        self.stage = Stage(self.bridge, self.undo)
        self.inspector = Inspector(self.bridge, self.undo)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.sidebar, self.stage, self.inspector):
            self.columns.addWidget(part)
        self.columns.setStretchFactor(1, 1)
        self.foot = QWidget()
        self.foot.setProperty("role", "panel")
        self.foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._foot_column = QVBoxLayout(self.foot)
        self._foot_column.setContentsMargins(0, 0, 0, 0)
        self._foot_column.setSpacing(0)
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.rows.addWidget(self.columns)
        self.rows.addWidget(self.foot)
        self.rows.setStretchFactor(0, 1)
        for splitter in (self.columns, self.rows):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        whole = self._whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(hairline())
        column.addWidget(self.rows, 1)
        self.setCentralWidget(whole)
        whole.installEventFilter(self)

    def _make_actions(self) -> None:
        for row in TABLE:
            if row.name in KEY_HANDLED:
                continue
            action = QAction(row.text, self)
            action.setShortcuts([QKeySequence(keys) for keys in row.keys])
            action.triggered.connect(lambda _=False, name=row.name: self.act(name))
            self.addAction(action)
        for number in range(1, 10):
            action = QAction(f"Tab {number}", self)
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.triggered.connect(lambda _=False, index=number - 1: self._go_to_tab(index))
            self.addAction(action)

    def _connect(self) -> None:
        self.transport.wanted.connect(self.act)
        self.sidebar.run_chosen.connect(self.select)
        self.sidebar.library_chosen.connect(self.open_path)
        self.sidebar.wanted.connect(self._act_on)
        self.sidebar.renamed.connect(self.commands.rename_run)
        self.sidebar.open_wanted.connect(self.commands.show_open_menu)
        self.sidebar.new_wanted.connect(lambda: self.act("new"))
        self.stage.panel_changed.connect(self._panel_changed)
        self.stage.export_clicked.connect(lambda: self.act("export"))
        self.stage.export_wanted.connect(self.commands.export)
        self.stage.drawing_wanted.connect(self.commands.draw_data)
        self.bridge.run_changed.connect(self._run_changed)
        self.bridge.run_removed.connect(self._run_removed)
        self.bridge.film_arrived.connect(lambda film: self.sidebar.show_film(film.run_id, film.x))
        self.bridge.status_changed.connect(self._status_changed)
        self.bridge.catalogue_arrived.connect(lambda c: theme.learn_colours({f.name: f.colour for f in c.families}))
        self.bridge.catalogue_arrived.connect(lambda _: QTimer.singleShot(SETTLE_MS, self._open_something))
        self.bridge.failed.connect(self._failed)
        self.bridge.message.connect(lambda text: self.tell(text, "good"))
        self._health = QTimer(self, interval=HEALTH_MS)
        self._health.timeout.connect(self._show_health)

    def _place(self) -> None:
        """Where it was last time, as far as the screen allows."""
        room = self.screen().availableGeometry() if self.screen() else QRect()
        most = room.size() if room.width() >= LEAST_SIZE.width() else QSize(1 << 14, 1 << 14)
        self.resize(FIRST_SIZE.boundedTo(most))
        if len(self.settings["window"]) == 4:
            x, y, width, height = self.settings["window"]
            self.resize(QSize(width, height).boundedTo(most))
            if room.contains(x + 40, y + 20):
                self.move(x, y)
        columns, rows = self.settings["columns"], self.settings["rows"]
        sides = (260, 300) if self.width() >= TIGHT_WIDTH else (208, 264)
        self.columns.setSizes(columns if len(columns) == 3 else [sides[0], self.width() - sum(sides), sides[1]])
        foot = max(210, min(270, round(0.3 * self.height())))
        self.rows.setSizes(rows if len(rows) == 2 else [self.height() - foot, foot])
        if self.settings["maximised"]:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def place_anew(self) -> None:
        """The settings were reset: sizes as at the first start."""
        self._place()
        if self.curves is not None:
            self.curves.set_collapsed(False)

    # ---- after the first paint

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go on with the building once the window has been painted."""
        if event.type() == QEvent.Type.Paint and not self._was_painted:
            self._was_painted = True
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._after_paint)
        return False

    def _after_paint(self) -> None:
        self.setFocus()  # no button is lit before a key is pressed
        self._steps = self._rest()
        self.painted.emit()
        self._next_step()

    def _rest(self) -> Iterator[Callable[[], object]]:
        """What is built after the first paint, a piece a turn of the event loop."""
        yield self._open_first
        yield self._fill_library
        yield self._build_foot
        yield self._start
        for name in panel_modules():
            yield partial(self._add_panels, name)
        yield self._all_there

    def _next_step(self) -> None:
        step = next(self._steps, None)
        if step is None or self._closing:
            return
        QTimer.singleShot(0, self._next_step)  # first, so that a step that fails does not stop the rest
        step()

    def _open_first(self) -> None:
        """At the first start, open a shipped model at once; later, show its picture while the engine loads."""
        from genplay.ui import library

        item = library.read_first(self.library_folder)
        if item is None or item.card is None:
            self.stage.waiting.show_text(LOADING)
            return
        self.stage.waiting.show_text(LOADING, item.preview, item.card.family)
        if not self.settings["launched"]:
            self.settings["launched"] = True
            self.opener.open_checkpoint(str(item.path))

    def _fill_library(self) -> None:
        from genplay.ui import library

        self.library = library.read(self.library_folder)
        self.sidebar.show_library(self.library)

    def _build_foot(self) -> None:
        from genplay.ui.views.curves import CurvesDock
        from genplay.ui.views.filmstrip import Filmstrip
        from genplay.ui.views.notice import NoticeBar

        self.filmstrip, self.curves, self.notices = Filmstrip(self.bridge), CurvesDock(self.bridge), NoticeBar()
        self.stage.add_notices(self.notices)
        self.notices.knob_wanted.connect(self._point_at)
        self.stage.panel_changed.connect(self._show_notices)
        self._foot_column.addWidget(self.filmstrip)
        self._foot_column.addWidget(hairline())
        self._foot_column.addWidget(self.curves, 1)
        self.filmstrip.export_wanted.connect(self.commands.export)
        self.filmstrip.frame_chosen.connect(self._show_past)
        self.curves.restore(self.settings["curves"])
        if not self.settings["curves"] and self.height() < TIGHT:
            self.curves.set_collapsed(True)
        self.curves.collapsed_changed.connect(self._fold)
        self.curves.show()  # with the filmstrip, or that has all the room for a moment
        self._fold(self.curves.collapsed)

    def _point_at(self, name: str) -> None:
        """Show a knob that a notice names, or say where it is."""
        if not self.inspector.point_at(name):
            text = f"The {self.inspector.label_of(name)} is chosen when a run is made."
            self.tell(text, "info", "New run").acted.connect(partial(self.act, "new"))

    def _start(self) -> None:
        self.bridge.start()
        self.gauge.start()
        self._health.start()
        if self.settings.problem:
            self.tell(self.settings.problem, "warn")

    def _add_panels(self, module: str) -> None:
        import importlib

        for kind in panels_in(importlib.import_module(module)):
            self.stage.saved = self.settings["panels"]
            self.stage.add_panel(kind(self.bridge, self.undo))

    def _all_there(self) -> None:
        self.panels_pending = False
        self.stage.choose(self.settings["tab"] or FIRST_TAB)
        self.opener.restore_pending()
        self.complete.emit()

    # ---- runs

    def run(self) -> RunState | None:
        """The selected run, None while there is none or it is still being opened."""
        return self.bridge.runs.get(self.selected)

    def expect(self, run_id: str, card: Card | None = None) -> None:
        """A run is about to come; select it when it does."""
        if card is not None:
            self._expected[run_id] = card
            self.sidebar.show_opening(card.name)

    def select(self, run_id: str) -> None:
        """Show a run; one that is still being opened is shown by its preview."""
        self.selected, self._was_chosen = run_id, True
        self.settings["run"] = run_id
        run = self.run()
        if run is None and run_id in self._expected:
            self._show_expected(self._expected[run_id])
        self.sidebar.select(run_id)
        self._show(run)

    def _show_expected(self, card: Card) -> None:
        from genplay.ui.library import LibraryItem

        item = LibraryItem(Path(), card)
        ready = self.bridge.status is not None and self.bridge.status.ready
        text = f"Opening {card.name}…" if ready else LOADING
        self.stage.waiting.show_text(text, item.preview, card.family)

    def _show(self, run: RunState | None) -> None:
        self.transport.set_run(run, self._family_of(run))
        self.stage.set_run(run)
        self.inspector.set_run(run)
        for part in (self.filmstrip, self.curves):
            if part is not None:
                part.set_run(run)
        self._show_notices()
        self.setWindowTitle(f"{run.name} – genplay" if run else "genplay")

    def _family_of(self, run: RunState | None) -> FamilyInfo | None:
        return self.bridge.catalogue.family(run.family) if run and self.bridge.catalogue else None

    def _show_notices(self, *_: object) -> None:
        """The selected run's notices, less those that the tab in front shows itself."""
        if self.notices is None:
            return
        run, panel = self.run(), self.stage.current()
        self.notices.set_run(run, self._family_of(run), alarms=panel is None or not panel.shows_alarms)

    def _run_changed(self, run: RunState) -> None:
        expected = self._expected.pop(run.run_id, None)
        note = self.commands.deleted.pop(run.run_id, None)
        if note is not None:
            self.toasts.withdraw(note)
        self.sidebar.show_run(run)
        known = self.selected in self.bridge.runs or self.selected in self._expected
        remembered = run.run_id == self.settings["run"] and not self._was_chosen
        if expected is not None or run.run_id == self.selected or remembered or not known:
            self.selected = run.run_id
            self.sidebar.select(run.run_id)
            self._show(run)
            self.opener.restore_pending()

    def _run_removed(self, run_id: str) -> None:
        order = self.sidebar.order()
        place = order.index(run_id) if run_id in order else 0
        self.sidebar.remove_run(run_id)
        self.opener.forget(run_id)
        if run_id != self.selected:
            return
        left = self.sidebar.order()
        if left:
            self.select(left[min(place, len(left) - 1)])
        else:
            self.stage.waiting.show_text(NO_RUN, b"")
            self.select("")

    def _open_something(self) -> None:
        """The engine is ready: when it brought no runs and nobody opened or deleted one, open a shipped model."""
        if self._closing or self.bridge.runs or self._expected or self._was_chosen:
            return
        item = next((i for i in self.library if i.card), None)
        if item is not None:
            self.open_path(str(item.path))
        else:
            self.stage.waiting.show_text(NO_RUN, b"")

    def _status_changed(self, status: EngineStatus) -> None:
        if status.ready and self.stage.waiting.text == LOADING and self.run() is None and not self._expected:
            self.stage.waiting.show_text("")
        self._show_health()

    def _failed(self, failure: Failure) -> None:
        """A failure that no slot claimed: a run that could not be opened, or a command that could not be done."""
        if self._expected.pop(failure.run_id, None) is not None:
            self.opener.forget(failure.run_id)
            self.stage.waiting.show_text(NO_RUN, b"")
        elif failure.run_id and failure.run_id == self.selected and self.stage.current() is not None:
            self.stage.banner.show(failure.message)
            return
        self.tell(failure.message, "bad")

    # ---- actions, by the names of shortcuts.TABLE

    def act(self, name: str) -> None:
        """Do what a shortcut, a button or a menu wants."""
        self.commands.do(name)

    def _act_on(self, name: str, run_id: str) -> None:
        if run_id != self.selected:
            self.select(run_id)
        self.act(name)

    def open_path(self, path: str) -> None:
        """Open a checkpoint or an exported file, given on the command line, dropped or chosen."""
        self.opener.open_path(path)

    def remember_file(self, path: str) -> None:
        """Keep a file among the recent ones."""
        self.settings.remember_file(str(path))
        self.settings["last_folder"] = files.parent_folder(path)

    def _go_to_tab(self, index: int) -> None:
        if index < len(self.stage.panels) and self.stage.tabs[self.stage.panels[index].name].isEnabled():
            self.stage.choose(self.stage.panels[index].name)

    def recipe(self, exhibit: Exhibit) -> Recipe | None:
        """What makes an exhibit again."""
        panel = self.stage.current()
        return panel.recipe_of(exhibit) if panel is not None and panel.run is not None else None

    # ---- the rest of the window

    def tell(self, text: str, level: str = "info", action: str = "") -> Note:
        """Show a message at the foot of the window."""
        return self.toasts.show(text, level, action)

    def _panel_changed(self, panel: Panel | None) -> None:
        self.inspector.show_panel(panel)
        if panel is not None and not self.panels_pending:
            self.settings["tab"] = panel.name

    def _show_past(self, frame: FilmFrame | None) -> None:
        self.stage.show_past(frame)

    def _show_health(self) -> None:
        self.transport.show_health(self.gauge.frames(), Gauge.drag_ms(), self.bridge.status)

    def _fold(self, folded: bool) -> None:
        """Give the curves' room to the stage, or take it back."""
        if self.curves is None or self.filmstrip is None:
            return
        if folded and self.foot.maximumHeight() > 1000:
            self.settings["rows"] = self.rows.sizes()
        self.filmstrip.setVisible(not folded)
        self.foot.setMaximumHeight(self.curves.sizeHint().height() if folded else (1 << 24) - 1)
        if folded:
            self.rows.setSizes([self.height(), self.foot.maximumHeight()])
        elif len(self.settings["rows"]) == 2:
            self.rows.setSizes(self.settings["rows"])

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab follows the order in which the window is read: panels and cards are made at any time."""
        from genplay.ui import reading_order

        return reading_order.step(self, self.focusWidget(), forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no widget wanted: Space plays, Esc leaves."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.act("play")
        elif event.key() == Qt.Key.Key_Escape:
            self.act("leave")
        elif event.key() == Qt.Key.Key_F2:
            self.act("rename")
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open_path(url.toLocalFile())
        event.acceptProposedAction()

    def remember_layout(self) -> None:
        """Put sizes and knobs into the settings and save them."""
        box = self.normalGeometry() if self.isMaximized() else self.geometry()
        self.settings["window"] = [max(0, v) for v in (box.x(), box.y(), box.width(), box.height())]
        self.settings["maximised"] = self.isMaximized()
        self.settings["columns"] = self.columns.sizes()
        if self.curves is not None:
            self.settings["curves"] = self.curves.state()
            if not self.curves.collapsed:
                self.settings["rows"] = self.rows.sizes()
        self.settings["panels"] = {**self.settings["panels"], **self.stage.states()}
        self.settings.save()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop timers, hide, let the engine save and end its threads, then go."""
        if not self._closing:
            self._closing = True
            self.remember_layout()
            self.stage.stop()
            self._health.stop()
            self.gauge.stop()
            self.bridge.close()
            self.hide()
            self.engine.close(CLOSE_SECONDS)
        event.accept()


def panel_modules() -> list[str]:
    """The modules of ``genplay.ui.panels``, the one with the first tab first."""
    import pkgutil

    from genplay.ui import panels

    names = [f"{panels.__name__}.{info.name}" for info in pkgutil.iter_modules(panels.__path__)]
    return sorted(names, key=lambda name: (not name.endswith(f".{FIRST_TAB}"), name))


def panels_in(module: Any) -> list[type[Panel]]:
    """The panels that a module defines."""
    import inspect

    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass)]
    return [kind for kind in kinds if issubclass(kind, Panel) and kind.__module__ == module.__name__]


def paint_first(window: MainWindow) -> None:
    """Show the window and paint it now, before anything slower is begun."""
    window.show()
    window.repaint()
