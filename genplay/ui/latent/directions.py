"""Directions learnt from labels: one slider an attribute value."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.sliders import LABEL, SliderRow, follow, follow_timer, section
from genplay.ui.latent.state import LatentState

OPEN_GROUPS = 1  # groups that start unfolded


class DirectionSliders(QWidget):
    """Sliders along the differences of class means, grouped by attribute.

    A slider's value is the coordinate of the code along the unit direction; moving it adds to the code along that
    direction and changes nothing across it. An attribute with two values has one slider, for there is one direction.
    """

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.units: dict[str, np.ndarray] = {}
        self.rows: dict[str, SliderRow] = {}
        self.headings: dict[str, QPushButton] = {}
        self._folded: dict[str, bool] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.heading = section("Directions")
        self.note = QLabel()
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter directions")
        self.filter.setAccessibleName("Filter directions")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._show_rows)
        self._layout.addWidget(self.heading)
        self._layout.addWidget(self.note)
        self._layout.addWidget(self.filter)
        self._layout.setSpacing(2)
        session.run_changed.connect(self.rebuild)
        session.map_changed.connect(self.rebuild)
        self._soon = follow_timer(self, lambda: self.show_z(None))
        session.changed.connect(self._follow)
        session.shown_z.connect(self.show_z)
        self.rebuild()

    def rebuild(self) -> None:
        """Follow another map; the rows are kept while the directions have the same names."""
        latent = self.session.map
        found = latent.directions if latent is not None else {}
        self.units = {name: _unit(d) for name, d in _one_of_two(found).items() if np.linalg.norm(d) > 1e-6}
        if list(self.units) != list(self.rows):
            self._remake()
        self.filter.setVisible(len(self.rows) > 12)
        self.note.setText(self._why_none())
        self.note.setVisible(bool(self.note.text()))
        self.setVisible(self.session.ready)
        self.show_z(None)

    def _why_none(self) -> str:
        if self.units or not self.session.ready:
            return ""
        if not self.session.can_encode:
            return "Directions need an encoder, which this model lacks."
        if not self.session.attributes:
            return "Directions need labels, which this data lacks."
        return "Learning directions from the labels…" if self.session.map is None else "No label tells codes apart yet."

    def _remake(self) -> None:
        for widget in (*self.rows.values(), *self.headings.values()):
            widget.setParent(None)
            widget.deleteLater()
        self.rows, self.headings = {}, {}
        groups: dict[str, list[str]] = {}
        for name in self.units:
            groups.setdefault(name.partition(": ")[0], []).append(name)
        for group in sorted(groups, key=lambda g: len(groups[g]) > 1):
            names = groups[group]
            if len(names) > 1:
                self._folded.setdefault(group, sum(not f for f in self._folded.values()) >= OPEN_GROUPS)
                self._layout.addWidget(self._group_heading(group))
            for name in names:
                self.rows[name] = self._row(name, len(names) > 1)
                self._layout.addWidget(self.rows[name])
        self.rows = {name: self.rows[name] for name in self.units}
        self._show_rows()

    def _group_heading(self, group: str) -> QPushButton:
        button = QPushButton(group.replace("_", " "))
        button.setProperty("role", "flat")
        button.setStyleSheet("text-align: left;")
        button.setAccessibleName(f"Directions of {group.replace('_', ' ')}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._fold(group))
        self.headings[group] = button
        return button

    def _fold(self, group: str) -> None:
        self._folded[group] = not self._folded[group]
        self._show_rows()

    def _row(self, name: str, grouped: bool) -> SliderRow:
        def moved(value: float) -> None:
            self.session.apply(self.session.state.along(self.units[name], value))

        row = SliderRow(self.session, name, name, moved, LABEL)
        row.set_text(f"   {name.partition(': ')[2]}" if grouped else name.replace("_", " "))
        row.slider.setAccessibleName(name.replace("_", " "))
        row.setToolTip(f"Towards {name.replace('_', ' ')}")
        return row

    def _follow(self, before: LatentState) -> None:
        if self.session.state.z is not before.z:
            follow(self.session, self._soon)

    def _show_rows(self) -> None:
        wanted = self.filter.text().strip().lower() if len(self.rows) > 12 else ""
        for group, button in self.headings.items():
            button.setIcon(theme.icon("chevron-right" if self._folded[group] and not wanted else "chevron-down", "dim"))
            button.setVisible(not wanted or any(wanted in n.lower() for n in self.rows if n.startswith(f"{group}: ")))
        for name, row in self.rows.items():
            folded = self._folded.get(name.partition(": ")[0], False)
            row.setVisible(wanted in name.lower() if wanted else not folded)
        self.show_z(None)

    def show_z(self, z: np.ndarray | None) -> None:
        """Show the coordinates of a code, by default the session's."""
        z = self.session.state.z if z is None else z
        for name, row in self.rows.items():
            if not row.isHidden() and self.units[name].shape == z.shape:
                row.set_value(float(z @ self.units[name]))


def _unit(direction: np.ndarray) -> np.ndarray:
    return (direction / max(float(np.linalg.norm(direction)), 1e-12)).astype(np.float32)


def _one_of_two(directions: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    groups: dict[str, list[str]] = {}
    for name in directions:
        groups.setdefault(name.partition(": ")[0], []).append(name)
    drop = {names[0] for names in groups.values() if len(names) == 2}
    return {name: d for name, d in directions.items() if name not in drop}
