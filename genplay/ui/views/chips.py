"""A few words in a row of which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Chips(QWidget):
    """A few words of which one is chosen."""

    def __init__(self, names: Sequence[str], titles: Mapping[str, str], tips: Mapping[str, str]) -> None:
        super().__init__()
        self.buttons: dict[str, QPushButton] = {}
        self.group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name in names:
            button = QPushButton(titles[name])
            button.setCheckable(True)
            button.setProperty("role", "chip")
            button.setToolTip(tips[name])
            self.group.addButton(button)
            self.buttons[name] = button
            row.addWidget(button)

    def choose(self, name: str) -> None:
        """Show which one is chosen."""
        self.buttons[name].setChecked(True)
