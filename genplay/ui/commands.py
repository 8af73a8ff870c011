"""What a shortcut, a button or a menu of the window can ask for, each under its name in ``shortcuts.TABLE``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from genplay.contract.errors import BadInput
from genplay.contract.requests import Control, CreateRun, ForkRun, SaveRun
from genplay.ui import files, theme
from genplay.ui.reflow import reflow
from genplay.ui.run_edits import DeleteEdit, RenameEdit
from genplay.ui.shortcuts import keys_of
from genplay.ui.transport import can_train

if TYPE_CHECKING:
    from genplay.ui.new_run import NewRunDialog
    from genplay.ui.panel import Exhibit
    from genplay.ui.toast import Note
    from genplay.ui.window import MainWindow


class Commands:
    """Does what is asked for, to the selected run, the tab in front or the window itself."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.bridge = window, window.bridge
        self.deleted: dict[str, Note] = {}  # run id -> the message that offers it back

    def do(self, name: str) -> None:
        """Do the action of that name."""
        getattr(self, f"act_{name}")()

    # ---- training

    def _control(self, action: str) -> None:
        run = self.window.run()
        if run is not None and can_train(run):
            self.bridge.send(Control(run.run_id, action))

    def act_play(self) -> None:
        run = self.window.run()
        self._control(Control.PAUSE if run is not None and run.status == "training" else Control.PLAY)

    def act_step(self) -> None:
        self._control(Control.STEP)

    def act_restart(self) -> None:
        run = self.window.run()
        if run is None or run.step == 0:
            return
        detail = f"Its {run.step:,} steps are lost; fork it first to keep them."
        run_id = run.run_id
        files.confirm(
            self.window, f"Restart {run.name} from step 0?", detail, "Restart",
            lambda: self.bridge.send(Control(run_id, Control.RESTART)),
        )  # fmt: skip

    def act_stop(self) -> None:
        run = self.window.run()
        if run is not None and can_train(run):
            self.bridge.send(Control(run.run_id, Control.STOP))
            self.window.tell(f"Stopped {run.name}: its weights stay, its optimiser starts afresh at the next Play.")

    # ---- runs

    def act_new(self) -> NewRunDialog | None:
        from genplay.ui.new_run import NewRunDialog

        if self.bridge.catalogue is None:
            self.window.tell("The engine is still loading; try again in a moment.")
            return None
        dialog = NewRunDialog(self.bridge, self.window.settings, self.window, self.window.library)
        dialog.create_wanted.connect(self.create_run)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def draw_data(self) -> None:
        """Paint a distribution, and then make a run that learns it."""
        from genplay.ui.gan import drawing

        drawing.edit(self.window).saved.connect(self._learn_drawing)

    def _learn_drawing(self, path: str) -> None:
        dialog = self.act_new()
        if dialog is not None:
            dialog.browser.select_drawing(path)

    def learn_text(self, path: str) -> None:
        """Make a run that learns a text file."""
        dialog = self.act_new()
        if dialog is not None:
            dialog.browser.select_text(path)

    def create_run(self, request: CreateRun, play: bool = True) -> None:
        """Make a run and select it; ``play`` starts its training at once."""
        request = replace(request, name=self.unique_name(request.name))
        self.window.selected = request.run_id
        self.bridge.send(request)
        if play:
            self.bridge.send(Control(request.run_id, Control.PLAY))

    def act_open(self) -> None:
        path = files.ask_open(self.window, self.window.settings["last_folder"])
        if path:
            self.window.open_path(path)

    def show_open_menu(self) -> None:
        below = self.window.sidebar.open.rect().bottomLeft()
        self.recent_menu().popup(self.window.sidebar.open.mapToGlobal(below))

    def recent_menu(self) -> QMenu:
        """Open a file, or one of those opened lately."""
        menu = QMenu(self.window)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction(theme.icon("open"), f"Open a file…\t{keys_of('open')}", partial(self.window.act, "open"))
        menu.addSeparator()
        for path in self.window.settings["recent"]:
            action = menu.addAction(Path(path).name)
            action.setToolTip(path)
            action.setEnabled(Path(path).is_file())
            action.triggered.connect(lambda _=False, path=path: self.window.open_path(path))
        return menu

    def act_save_as(self) -> None:
        run = self.window.run()
        path = files.ask_save(self.window, run.name, self.window.settings["last_folder"]) if run else ""
        if run is not None and path:
            self.bridge.send(SaveRun(run.run_id, path))
            self.window.remember_file(path)

    def act_rename(self) -> None:
        if self.window.selected in self.window.sidebar.cards:
            self.window.sidebar.cards[self.window.selected].start_rename()

    def rename_run(self, run_id: str, name: str) -> None:
        self.window.undo.push(RenameEdit(self.bridge, self.bridge.runs[run_id], name))

    def act_duplicate(self) -> None:
        self._fork("copy", fresh=True)

    def act_fork(self) -> None:
        self._fork("fork", fresh=False)

    def act_reflow(self) -> None:
        run = self.window.run()
        if run is not None:
            self.create_run(reflow(run))

    def _fork(self, word: str, fresh: bool) -> None:
        run = self.window.run()
        if run is not None:
            new_id = os.urandom(6).hex()
            self.window.selected = new_id
            self.bridge.send(ForkRun(run.run_id, new_id, self.unique_name(f"{run.name} {word}"), fresh))

    def unique_name(self, name: str) -> str:
        """``name``, with a number if a run has it already."""
        taken = {run.name for run in self.bridge.runs.values()}
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name} {number}", number + 1
        return unique

    def act_delete(self) -> None:
        run = self.window.run()
        if run is not None:
            edit = DeleteEdit(self.bridge, run)
            self.window.undo.push(edit)
            note = self.window.tell(f"Deleted {run.name}.", "info", "Undo")
            note.acted.connect(partial(self._bring_back, edit))
            self.deleted[run.run_id] = note

    def _bring_back(self, edit: DeleteEdit) -> None:
        """Undo a deletion, even if other things have been done since."""
        index = self.window.undo.index()
        if index and self.window.undo.command(index - 1) is edit:
            self.window.undo.undo()
        else:
            edit.undo()

    def act_next_run(self, by: int = 1) -> None:
        order = self.window.sidebar.order()
        if order:
            here = order.index(self.window.selected) if self.window.selected in order else -by
            self.window.select(order[(here + by) % len(order)])

    def act_previous_run(self) -> None:
        self.act_next_run(-1)

    # ---- the view and the window

    def act_undo(self) -> None:
        self.window.undo.undo()

    def act_redo(self) -> None:
        self.window.undo.redo()

    def act_next_tab(self) -> None:
        self.window.stage.step_tab(1)

    def act_previous_tab(self) -> None:
        self.window.stage.step_tab(-1)

    def act_curves(self) -> None:
        if self.window.curves is not None:
            self.window.curves.set_collapsed(not self.window.curves.collapsed)

    def act_theme(self) -> None:
        self.window.settings["theme"] = "light" if theme.shown() == "dark" else "dark"
        theme.set_mode(self.window.settings["theme"])

    def act_settings(self) -> None:
        from genplay.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.window.settings, self.bridge, self.window)
        dialog.was_reset.connect(self.window.place_anew)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def act_help(self) -> None:
        from genplay.ui.shortcuts import ShortcutSheet

        more = [(p.title, keys, text) for p in self.window.stage.panels for keys, text in p.shortcuts]
        sheet = ShortcutSheet(more, self.window)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def act_quit(self) -> None:
        self.window.close()

    def act_leave(self) -> None:
        """Leave the innermost thing that can be left."""
        panel = self.window.stage.current()
        if self.window.filmstrip is not None and self.window.stage.past is not None:
            self.window.filmstrip.strip.choose(None)
        elif panel is not None and panel.leave_mode():
            return
        elif not self.window.stage.banner.clear() and not self.window.toasts.dismiss():
            self.window.stage.cancel()

    # ---- copy and export

    def act_copy(self) -> None:
        from genplay.ui.copying import copy

        exhibit = self.window.stage.exhibit()
        recipe = self.window.recipe(exhibit) if exhibit else None
        if exhibit is None or recipe is None:
            self.window.tell("There is no picture to copy yet.")
            return
        try:
            copy(exhibit, recipe)
        except BadInput as error:
            self.window.tell(str(error), "bad")
        else:
            self.window.tell("Copied the picture.", "good")

    def act_export(self) -> None:
        exhibit = self.window.stage.exhibit()
        if exhibit is None:
            self.window.tell("There is no picture to export yet.")
        else:
            self.export(exhibit)

    def export(self, exhibit: Exhibit) -> None:
        """Open the export dialog."""
        from genplay.ui.export_dialog import ExportDialog

        recipe = self.window.recipe(exhibit)
        if recipe is not None:
            dialog = ExportDialog(exhibit, recipe, self.window)
            dialog.saved.connect(lambda path: self.window.tell(f"Saved {path.name}.", "good"))
            dialog.open()
