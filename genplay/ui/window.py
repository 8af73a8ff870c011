"""The main window: transport above, runs left, stage in the centre, inspector right, filmstrip and curves below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QUndoStack
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSplitter, QVBoxLayout, QWidget

from genplay.contract.errors import BadInput
from genplay.contract.requests import Control, CreateRun, ForkRun, SaveRun
from genplay.ui import files, theme
from genplay.ui.bridge import Bridge
from genplay.ui.gauge import Gauge
from genplay.ui.inspector import Inspector
from genplay.ui.opening import Opener
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.reflow import reflow
from genplay.ui.run_edits import DeleteEdit, RenameEdit
from genplay.ui.settings import Settings
from genplay.ui.shortcuts import TABLE, hairline, keys_of
from genplay.ui.sidebar import Sidebar
from genplay.ui.stage import Stage
from genplay.ui.toast import Note, Toasts
from genplay.ui.transport import Transport, can_train
from genplay.ui.waiting import NO_RUN

if TYPE_CHECKING:
    from genplay.contract.card import Card
    from genplay.contract.engine_api import Engine
    from genplay.contract.recipe import Recipe
    from genplay.contract.results import EngineStatus, Failure, FilmFrame, RunState
    from genplay.ui.library import LibraryItem
    from genplay.ui.new_run import NewRunDialog
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
        self._deleted: dict[str, Note] = {}  # run id -> the message that offers it back
        self._was_painted = self._closing = False
        self._steps: Iterator[Callable[[], object]] = iter(())
        self.opener = Opener(self)
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
        self.sidebar.renamed.connect(self._rename)
        self.sidebar.open_wanted.connect(self._show_open_menu)
        self.sidebar.new_wanted.connect(lambda: self.act("new"))
        self.stage.panel_changed.connect(self._panel_changed)
        self.stage.export_clicked.connect(lambda: self.act("export"))
        self.stage.export_wanted.connect(self.export)
        self.stage.drawing_wanted.connect(self.draw_data)
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

    def _place_anew(self) -> None:
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
        self.filmstrip.export_wanted.connect(self.export)
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
        self.transport.set_run(run)
        self.stage.set_run(run)
        self.inspector.set_run(run)
        for part in (self.filmstrip, self.curves):
            if part is not None:
                part.set_run(run)
        self._show_notices()
        self.setWindowTitle(f"{run.name} – genplay" if run else "genplay")

    def _show_notices(self, *_: object) -> None:
        """The selected run's notices, less those that the tab in front shows itself."""
        if self.notices is None:
            return
        run, catalogue, panel = self.run(), self.bridge.catalogue, self.stage.current()
        family = catalogue.family(run.family) if run and catalogue else None
        self.notices.set_run(run, family, alarms=panel is None or not panel.shows_alarms)

    def _run_changed(self, run: RunState) -> None:
        expected = self._expected.pop(run.run_id, None)
        note = self._deleted.pop(run.run_id, None)
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
        getattr(self, f"_act_{name}")()

    def _act_on(self, name: str, run_id: str) -> None:
        if run_id != self.selected:
            self.select(run_id)
        self.act(name)

    def _control(self, action: str) -> None:
        run = self.run()
        if run is not None and can_train(run):
            self.bridge.send(Control(run.run_id, action))

    def _act_play(self) -> None:
        run = self.run()
        self._control(Control.PAUSE if run is not None and run.status == "training" else Control.PLAY)

    def _act_step(self) -> None:
        self._control(Control.STEP)

    def _act_restart(self) -> None:
        run = self.run()
        if run is None or run.step == 0:
            return
        detail = f"Its {run.step:,} steps are lost; fork it first to keep them."
        run_id = run.run_id
        files.confirm(
            self,
            f"Restart {run.name} from step 0?",
            detail,
            "Restart",
            lambda: self.bridge.send(Control(run_id, Control.RESTART)),
        )

    def _act_stop(self) -> None:
        run = self.run()
        if run is not None and can_train(run):
            self.bridge.send(Control(run.run_id, Control.STOP))
            self.tell(f"Stopped {run.name}: its weights stay, its optimiser starts afresh at the next Play.")

    def _act_new(self) -> NewRunDialog | None:
        from genplay.ui.new_run import NewRunDialog

        if self.bridge.catalogue is None:
            self.tell("The engine is still loading; try again in a moment.")
            return None
        dialog = NewRunDialog(self.bridge, self.settings, self, self.library)
        dialog.create_wanted.connect(self.create_run)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def draw_data(self) -> None:
        """Paint a distribution, and then make a run that learns it."""
        from genplay.ui.gan import drawing

        drawing.edit(self).saved.connect(self._learn_drawing)

    def _learn_drawing(self, path: str) -> None:
        dialog = self._act_new()
        if dialog is not None:
            dialog.browser.select_drawing(path)

    def create_run(self, request: CreateRun, play: bool = True) -> None:
        """Make a run and select it; ``play`` starts its training at once."""
        request = replace(request, name=self.unique_name(request.name))
        self.selected = request.run_id
        self.bridge.send(request)
        if play:
            self.bridge.send(Control(request.run_id, Control.PLAY))

    def _act_open(self) -> None:
        path = files.ask_open(self, self.settings["last_folder"])
        if path:
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """Open a checkpoint or an exported file, given on the command line, dropped or chosen."""
        self.opener.open_path(path)

    def remember_file(self, path: str) -> None:
        """Keep a file among the recent ones."""
        self.settings.remember_file(str(path))
        self.settings["last_folder"] = files.parent_folder(path)

    def _show_open_menu(self) -> None:
        below = self.sidebar.open.rect().bottomLeft()
        self.recent_menu().popup(self.sidebar.open.mapToGlobal(below))

    def recent_menu(self) -> QMenu:
        """Open a file, or one of those opened lately."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(theme.icon("open"), f"Open a file…\t{keys_of('open')}", partial(self.act, "open"))
        menu.addSeparator()
        for path in self.settings["recent"]:
            action = menu.addAction(Path(path).name)
            action.setToolTip(path)
            action.setEnabled(Path(path).is_file())
            action.triggered.connect(lambda _=False, path=path: self.open_path(path))
        return menu

    def _act_save_as(self) -> None:
        run = self.run()
        path = files.ask_save(self, run.name, self.settings["last_folder"]) if run else ""
        if run is not None and path:
            self.bridge.send(SaveRun(run.run_id, path))
            self.remember_file(path)

    def _act_rename(self) -> None:
        if self.selected in self.sidebar.cards:
            self.sidebar.cards[self.selected].start_rename()

    def _rename(self, run_id: str, name: str) -> None:
        self.undo.push(RenameEdit(self.bridge, self.bridge.runs[run_id], name))

    def _act_duplicate(self) -> None:
        self._fork("copy", fresh=True)

    def _act_fork(self) -> None:
        self._fork("fork", fresh=False)

    def _act_reflow(self) -> None:
        run = self.run()
        if run is not None:
            self.create_run(reflow(run))

    def _fork(self, word: str, fresh: bool) -> None:
        run = self.run()
        if run is not None:
            new_id = os.urandom(6).hex()
            self.selected = new_id
            self.bridge.send(ForkRun(run.run_id, new_id, self.unique_name(f"{run.name} {word}"), fresh))

    def unique_name(self, name: str) -> str:
        """``name``, with a number if a run has it already."""
        taken = {run.name for run in self.bridge.runs.values()}
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name} {number}", number + 1
        return unique

    def _act_delete(self) -> None:
        run = self.run()
        if run is not None:
            edit = DeleteEdit(self.bridge, run)
            self.undo.push(edit)
            note = self.tell(f"Deleted {run.name}.", "info", "Undo")
            note.acted.connect(partial(self._bring_back, edit))
            self._deleted[run.run_id] = note

    def _bring_back(self, edit: DeleteEdit) -> None:
        """Undo a deletion, even if other things have been done since."""
        index = self.undo.index()
        if index and self.undo.command(index - 1) is edit:
            self.undo.undo()
        else:
            edit.undo()

    def _act_next_run(self, by: int = 1) -> None:
        order = self.sidebar.order()
        if order:
            here = order.index(self.selected) if self.selected in order else -by
            self.select(order[(here + by) % len(order)])

    def _act_previous_run(self) -> None:
        self._act_next_run(-1)

    def _act_undo(self) -> None:
        self.undo.undo()

    def _act_redo(self) -> None:
        self.undo.redo()

    def _act_next_tab(self) -> None:
        self.stage.step_tab(1)

    def _act_previous_tab(self) -> None:
        self.stage.step_tab(-1)

    def _go_to_tab(self, index: int) -> None:
        if index < len(self.stage.panels) and self.stage.tabs[self.stage.panels[index].name].isEnabled():
            self.stage.choose(self.stage.panels[index].name)

    def _act_curves(self) -> None:
        if self.curves is not None:
            self.curves.set_collapsed(not self.curves.collapsed)

    def _act_theme(self) -> None:
        self.settings["theme"] = "light" if theme.shown() == "dark" else "dark"
        theme.set_mode(self.settings["theme"])

    def _act_settings(self) -> None:
        from genplay.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.settings, self.bridge, self)
        dialog.was_reset.connect(self._place_anew)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _act_help(self) -> None:
        from genplay.ui.shortcuts import ShortcutSheet

        more = [(p.title, keys, text) for p in self.stage.panels for keys, text in p.shortcuts]
        sheet = ShortcutSheet(more, self)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _act_quit(self) -> None:
        self.close()

    def _act_leave(self) -> None:
        """Leave the innermost thing that can be left."""
        panel = self.stage.current()
        if self.filmstrip is not None and self.stage.past is not None:
            self.filmstrip.strip.choose(None)
        elif panel is not None and panel.leave_mode():
            return
        elif not self.stage.banner.clear() and not self.toasts.dismiss():
            self.stage.cancel()

    # ---- copy and export

    def recipe(self, exhibit: Exhibit) -> Recipe | None:
        """What makes an exhibit again."""
        panel = self.stage.current()
        return panel.recipe_of(exhibit) if panel is not None and panel.run is not None else None

    def _act_copy(self) -> None:
        from genplay.ui.copying import copy

        exhibit = self.stage.exhibit()
        recipe = self.recipe(exhibit) if exhibit else None
        if exhibit is None or recipe is None:
            self.tell("There is no picture to copy yet.")
            return
        try:
            copy(exhibit, recipe)
        except BadInput as error:
            self.tell(str(error), "bad")
        else:
            self.tell("Copied the picture.", "good")

    def _act_export(self) -> None:
        exhibit = self.stage.exhibit()
        if exhibit is None:
            self.tell("There is no picture to export yet.")
        else:
            self.export(exhibit)

    def export(self, exhibit: Exhibit) -> None:
        """Open the export dialog."""
        from genplay.ui.export_dialog import ExportDialog

        recipe = self.recipe(exhibit)
        if recipe is not None:
            dialog = ExportDialog(exhibit, recipe, self)
            dialog.saved.connect(lambda path: self.tell(f"Saved {path.name}.", "good"))
            dialog.open()

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
