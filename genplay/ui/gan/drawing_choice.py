"""Which drawing is the data: one that is there, or one that is drawn now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

if TYPE_CHECKING:
    from genplay.ui.gan.drawing import DrawingDialog

NONE_YET = "No drawing yet"


class DrawingChoice(QWidget):
    """A list of the drawings beside buttons that draw a new one or change the chosen one; ``chosen`` tells its path."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.list = QComboBox()
        self.list.setAccessibleName("drawings")
        self.list.setMinimumContentsLength(12)
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.new = _button("Draw…", "Draw a distribution of points as a new data set")
        self.change = _button("Change…", "Change the chosen drawing, or save it changed under another name")
        self.dialog: DrawingDialog | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.list, 1)
        row.addWidget(self.new)
        row.addWidget(self.change)
        self.list.activated.connect(lambda _: self.chosen.emit(self.path))
        self.new.clicked.connect(lambda: self.draw(""))
        self.change.clicked.connect(lambda: self.draw(self.path))

    @property
    def path(self) -> str:
        """The chosen drawing, "" for none."""
        return self.list.currentData() or ""

    @property
    def title(self) -> str:
        """What the chosen drawing is called, "" for none."""
        return self.list.currentText() if self.path else ""

    def refill(self, path: str = "") -> None:
        """Look anew which drawings there are, and choose the one at ``path``, else the one that was chosen."""
        from genplay.ui.gan import drawing_files

        wanted = path or self.path
        found = drawing_files.listed()
        if path and path not in dict(found) and (name := drawing_files.name_of(path)):
            found = [(path, name), *found]
        self.list.clear()
        for file, name in found:
            self.list.addItem(name, file)
        if not found:
            self.list.addItem(NONE_YET, "")
        self.list.setCurrentIndex(max(0, self.list.findData(wanted)))
        self.list.setEnabled(bool(found))
        self.change.setEnabled(bool(found))
        self.new.setProperty("role", "" if found else "primary")
        self.new.style().polish(self.new)

    def draw(self, path: str) -> None:
        """Open the dialog on a drawing, "" for a new one; what is saved there is chosen."""
        from genplay.ui.gan.drawing import edit

        self.dialog = edit(self.window(), path)
        self.dialog.saved.connect(self._saved)

    def _saved(self, path: str, name: str) -> None:
        self.refill(path)
        self.chosen.emit(path)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
