"""The dialog in which a distribution of points is drawn and saved as a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from genplay.contract import drawn
from genplay.contract.errors import BadInput
from genplay.ui import files
from genplay.ui.gan import drawing_files
from genplay.ui.gan.drawing_change import Stroke
from genplay.ui.gan.drawing_tools import PRESETS, DrawingTools
from genplay.ui.views.airbrush import Airbrush
from genplay.ui.views.elided import ElidedLabel

MAX_NAME = 60
FIRST_NAME = "My drawing"
NOTE = "the stronger the colour, the more common the points; every model can learn it"
EMPTY = "Nothing is drawn yet, so there is nothing to learn: paint on the plane first."
UNNAMED = "Give the drawing a name first."
REPLACED = "Runs that learnt it cannot be trained further on the new one. Another name keeps both."
STEPS = 200  # of undo


class DrawingDialog(QDialog):
    """A plane to paint a density on; ``saved`` gives the path of the data set and its name.

    ``path`` is a drawing to be changed, "" for a new one.
    """

    saved = Signal(str, str)

    def __init__(self, parent: QWidget | None = None, path: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Draw a distribution")
        self.resize(880, 640)
        self.setMinimumSize(640, 480)
        self.undo = QUndoStack(self)
        self.undo.setUndoLimit(STEPS)
        self.pad = Airbrush(drawn.SIDE)
        self.tools = DrawingTools(self.pad)
        self.name = QLineEdit(FIRST_NAME)
        self.open_button, self.save_button = QPushButton("Open…"), QPushButton("Save as a data set")
        self.message = QLabel(wordWrap=True)
        self._asking = False
        self._text = "paint"
        self._build()
        self._connect()
        self._follow()
        if path:
            self.open_drawing(path)
        self.pad.setFocus()

    # ---- widgets

    def _build(self) -> None:
        title, note = QLabel("Draw a distribution"), ElidedLabel()
        title.setProperty("role", "title")
        note.setText(NOTE)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title)
        head.addWidget(note, 1)
        head.addWidget(self.open_button)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.pad, 1)
        middle.addWidget(self.tools)
        self.message.setProperty("role", "warn")
        kept = self.message.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # else the plane would jump
        self.message.setSizePolicy(kept)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(8)
        whole.addLayout(head)
        whole.addLayout(middle, 1)
        whole.addWidget(self.message)
        whole.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        label = QLabel("Name")
        label.setProperty("role", "dim")
        label.setBuddy(self.name)
        self.name.setMaxLength(MAX_NAME)
        self.name.setAccessibleName("name of the drawing")
        self.name.setToolTip("What the data set is called")
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        self.open_button.setToolTip("Change a drawing that was saved before")
        self.save_button.setToolTip("Save it, to be chosen as data of new runs (Ctrl+S)")
        self.save_button.setProperty("role", "primary")
        for button in (self.open_button, close, self.save_button):
            button.setAutoDefault(False)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(label)
        foot.addWidget(self.name, 1)
        foot.addWidget(close)
        foot.addWidget(self.save_button)
        return foot

    def _connect(self) -> None:
        self.pad.painted.connect(self._painted)
        self.pad.stroke_done.connect(self._stroke_done)
        self.tools.preset_wanted.connect(self.begin_with)
        self.tools.undo_wanted.connect(self.undo.undo)
        self.tools.redo_wanted.connect(self.undo.redo)
        self.open_button.clicked.connect(self._show_drawings)
        self.save_button.clicked.connect(self.save_drawing)
        self.name.textEdited.connect(lambda _: self._say(""))
        self.undo.indexChanged.connect(self._follow)
        for keys, slot in (
            ("Ctrl+Z", self._undo_stroke),
            ("Ctrl+Shift+Z", self.undo.redo),
            ("Ctrl+Y", self.undo.redo),
            ("Ctrl+Backspace", self._clear),
            ("Ctrl+S", self.save_drawing),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- drawing

    def begin_with(self, preset: str) -> None:
        """Put a preset in place of what is drawn: one step of undo."""
        title, _, make = PRESETS[preset]
        self._text = f"begin with “{title.lower()}”"
        self.pad.replace(np.asarray(make(drawn.SIDE)))
        self._text = "paint"

    def _clear(self) -> None:
        if not self.name.hasFocus():
            self.pad.clear()

    def _undo_stroke(self) -> None:
        if not self.pad.stroking:
            self.undo.undo()

    def _stroke_done(self, before: np.ndarray, after: np.ndarray) -> None:
        self.undo.push(Stroke(self.pad, before, after, self._text))

    def _painted(self) -> None:
        self._say("")

    def _follow(self, index: int = 0) -> None:
        self.tools.undo.setEnabled(self.undo.canUndo())
        self.tools.redo.setEnabled(self.undo.canRedo())
        self.tools.clear.setEnabled(not self.pad.is_empty)
        self._say("")

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    # ---- opening

    def _show_drawings(self) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for path, name in drawing_files.listed():
            menu.addAction(name).triggered.connect(lambda _=False, p=path: self._open_over(p))
        if menu.isEmpty():
            menu.addAction("No drawing has been saved yet").setEnabled(False)
        menu.popup(self.open_button.mapToGlobal(self.open_button.rect().bottomLeft()))

    def _open_over(self, path: str) -> None:
        self._unless_unsaved("Open another drawing?", "Open it", lambda: self._opened(path))

    def _opened(self, path: str) -> None:
        self.open_drawing(path)

    def open_drawing(self, path: str) -> bool:
        """Show a drawing to be changed; says why where it cannot be read."""
        try:
            density, name = drawing_files.read(path)
        except BadInput as error:
            self._say(str(error))
            return False
        self.name.setText(name)
        self.undo.clear()
        self.pad.set_density(density)
        self._follow()
        return True

    # ---- saving

    def save_drawing(self) -> None:
        """Save as a data set and close; says why where it cannot be."""
        name = " ".join(self.name.text().split())
        if self.pad.is_empty or not name:
            self._say(EMPTY if self.pad.is_empty else UNNAMED)
            return
        path = drawing_files.path_for(name)
        if path.exists():
            files.confirm(self, f"Replace the drawing “{name}”?", REPLACED, "Replace", lambda: self._write(path, name))
        else:
            self._write(path, name)

    def _write(self, path: Path, name: str) -> None:
        try:
            drawn.save(path, self.pad.density, name)
        except (BadInput, OSError) as error:
            self._say(str(error) if isinstance(error, BadInput) else f"{path.name} could not be written.")
            return
        self.undo.setClean()
        self.saved.emit(str(path), name)
        self.accept()

    # ---- closing

    @property
    def unsaved(self) -> bool:
        """Whether there are strokes that closing would lose."""
        return not self.undo.isClean()

    def reject(self) -> None:
        """Close, after asking where strokes would be lost."""
        self._unless_unsaved("Close without saving?", "Close", self._leave)

    def _leave(self) -> None:
        super().reject()

    def _unless_unsaved(self, question: str, verb: str, then: Callable[[], None]) -> None:
        if not self.unsaved:
            then()
        elif not self._asking:
            self._asking = True
            box = files.confirm(self, question, "What you have drawn is lost.", verb, then)
            box.finished.connect(lambda _: setattr(self, "_asking", False))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in the name saves; anywhere else it does nothing."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.name.hasFocus():
                self.save_drawing()
            return
        super().keyPressEvent(event)


def edit(parent: QWidget | None, path: str = "") -> DrawingDialog:
    """The dialog, opened without blocking; it goes when it is closed."""
    dialog = DrawingDialog(parent, path)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
