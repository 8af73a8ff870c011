"""All shortcuts in one table, and the sheet that lists them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui import theme


class Shortcut(NamedTuple):
    """One action of the window: its name in ``MainWindow.act``, its keys (the first is shown) and what it does."""

    name: str
    group: str
    keys: tuple[str, ...]
    text: str


TABLE = (
    Shortcut("play", "Training", ("Space",), "Play or pause"),
    Shortcut("step", "Training", (".",), "One step"),
    Shortcut("restart", "Training", ("Ctrl+R",), "Restart from step 0"),
    Shortcut("stop", "Training", ("Ctrl+.",), "Stop: free its training memory"),
    Shortcut("new", "Runs", ("Ctrl+N",), "New run"),
    Shortcut("open", "Runs", ("Ctrl+O",), "Open a checkpoint or an exported picture"),
    Shortcut("save_as", "Runs", ("Ctrl+S", "Ctrl+Shift+S"), "Save the checkpoint as"),
    Shortcut("rename", "Runs", ("F2",), "Rename"),
    Shortcut("duplicate", "Runs", ("Ctrl+D",), "Duplicate: same settings, untrained"),
    Shortcut("fork", "Runs", ("Ctrl+Shift+D",), "Fork from here, with the weights"),
    Shortcut("delete", "Runs", ("Del",), "Delete (in the list of runs)"),
    Shortcut("previous_run", "Runs", ("Alt+Up",), "Previous run"),
    Shortcut("next_run", "Runs", ("Alt+Down",), "Next run"),
    Shortcut("undo", "View", ("Ctrl+Z",), "Undo any change of view or knob"),
    Shortcut("redo", "View", ("Ctrl+Shift+Z", "Ctrl+Y"), "Redo"),
    Shortcut("copy", "View", ("Ctrl+C",), "Copy the picture"),
    Shortcut("export", "View", ("Ctrl+E",), "Export"),
    Shortcut("next_tab", "View", ("Ctrl+Tab", "Ctrl+PgDown"), "Next tab"),
    Shortcut("previous_tab", "View", ("Ctrl+Shift+Tab", "Ctrl+PgUp"), "Previous tab"),
    Shortcut("leave", "View", ("Esc",), "Leave a mode, close a message"),
    Shortcut("curves", "Window", ("Ctrl+J",), "Show or hide the curves"),
    Shortcut("theme", "Window", ("Ctrl+T",), "Dark or light"),
    Shortcut("settings", "Window", ("Ctrl+,",), "Settings"),
    Shortcut("help", "Window", ("?", "F1"), "These shortcuts"),
    Shortcut("quit", "Window", ("Ctrl+Q",), "Quit"),
)
GESTURES = (
    ("Sliders", "Double click", "Back to the default"),
    ("Sliders", "Wheel", "Nudge"),
    ("Sliders", "Arrows, Page Up and Down", "Step, step by ten"),
    ("Sliders", "Shift", "Slow the drag"),
    ("Tabs", "Ctrl+1 … 9", "Go to a tab"),
)


def keys_of(name: str) -> str:
    """The first keys of an action, as shown in tooltips."""
    return next(shown(row.keys[0]) for row in TABLE if row.name == name)


def shown(keys: str) -> str:
    """Keys as this system writes them."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) or keys


def hint(text: str, name: str) -> str:
    """A tooltip: what a button does and its keys."""
    return f"{text} ({keys_of(name)})"


class ShortcutSheet(QDialog):
    """Every shortcut, in columns by group; ``more`` adds those of the panels as (group, keys, text)."""

    def __init__(self, more: Iterable[tuple[str, str, str]] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in TABLE:
            groups.setdefault(row.group, []).append((" or ".join(shown(k) for k in row.keys), row.text))
        for group, keys, text in (*GESTURES, *more):
            groups.setdefault(group, []).append((keys, text))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 24)
        layout.setSpacing(16)
        title = QLabel("Shortcuts")
        title.setProperty("role", "title")
        layout.addWidget(title)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for column in _balanced(list(groups.items())):
            columns.addLayout(self._column(column))
        layout.addLayout(columns)

    def _column(self, groups: list[tuple[str, list[tuple[str, str]]]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        for name, rows in groups:
            heading = QLabel(name.upper())
            heading.setProperty("role", "section")
            column.addWidget(heading)
            column.addLayout(self._rows(rows))
            column.addSpacing(8)
        column.addStretch(1)
        return column

    def _rows(self, rows: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for index, (keys, text) in enumerate(rows):
            chip = QLabel(keys)
            chip.setStyleSheet(
                f"background: {theme.colour('card').name()}; border-radius: 4px; padding: 2px 6px; font-size: 12px;"
            )
            grid.addWidget(chip, index, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(QLabel(text), index, 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, 110)
        return grid


def _balanced(
    groups: list[tuple[str, list[tuple[str, str]]]],
) -> list[list[tuple[str, list[tuple[str, str]]]]]:
    """Two columns of about the same height."""
    total = sum(len(rows) + 2 for _, rows in groups)
    left, height = [], 0
    while groups and height < total / 2 - 2:
        left.append(groups.pop(0))
        height += len(left[-1][1]) + 2
    return [left, groups]


def hairline(vertical: bool = False) -> QFrame:
    """A 1 px line between areas."""
    line = QFrame()
    line.setProperty("role", "hairline")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line
