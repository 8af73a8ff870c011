"""The right half of the stage: the plane, bare or tiled, the matrix, the codes or the levels, and what chooses."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from genplay.ui.latent import geometry
from genplay.ui.latent.codes_part import CodesPart
from genplay.ui.latent.levels_part import LevelsPart
from genplay.ui.latent.matrix_part import MatrixPart
from genplay.ui.latent.plane_part import PlanePart
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import VIEWS, LatentState
from genplay.ui.views.chips import Chips

TITLES = {"plane": "Plane", "tiles": "Tiles", "matrix": "Matrix", "codes": "Codes", "levels": "Levels"}
TIPS = {
    "plane": "Codes of held-out data and the cursor",
    "tiles": "What the plane decodes to, place by place",
    "matrix": "One dimension a row, from low to high",
    "codes": "The map of codes and the codebook, of a model that quantises: swap codes by hand",
    "levels": "What each level of the code decides: the others held, it is drawn anew",
}


class StagePart(QWidget):
    """Plane, matrix, codes or levels, below the choice of view, axes and colour."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.plane = PlanePart(session)
        self.matrix = MatrixPart(session)
        self.codes = CodesPart(session)
        self.levels = LevelsPart(session)
        self.views = Chips(VIEWS, TITLES, TIPS)
        for name, button in self.views.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self._set(f"show the {n}", view=n))
        self.across, self.up, self.colour = (
            _combo("Horizontal axis"),
            _combo("Vertical axis"),
            _combo("Colour of the data"),
        )
        self.across.activated.connect(lambda: self._choose_axes())
        self.up.activated.connect(lambda: self._choose_axes())
        self.colour.activated.connect(lambda: self._set("colour the data", colour=self.colour.currentData()))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.plane)
        self.stack.addWidget(self.matrix)
        self.stack.addWidget(self.codes)
        self.stack.addWidget(self.levels)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.views)
        row.addStretch(1)
        for combo in (self.across, self.up, self.colour):
            row.addWidget(combo)
        self.colour.setMinimumContentsLength(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.note = QLabel("This model has no encoder, so no data can be placed on the plane.")
        self.note.setProperty("role", "dim")
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self.stack, 1)
        session.run_changed.connect(self._run_changed)
        session.map_changed.connect(self._fill_axes)
        session.kl_changed.connect(self._fill_axes)
        session.changed.connect(self._changed)
        self._run_changed()

    def _set(self, text: str, **values: object) -> None:
        self.session.do(replace(self.session.state, **values), text)  # type: ignore[arg-type]

    def _choose_axes(self) -> None:
        self._set("choose the axes", axes=(self.across.currentData(), self.up.currentData()))

    def _run_changed(self) -> None:
        pictures = self.session.pictures
        special = {"codes": self.codes.serves, "levels": self.levels.serves}
        for name, serves in special.items():
            self.views.buttons[name].setVisible(serves)
        shut = not pictures or not special.get(self.session.state.view, True)
        if shut and self.session.state.view != "plane" and self.session.ready:
            self.session.apply(replace(self.session.state, view="plane"))
        self.views.setVisible(pictures)
        names = [attribute.name for attribute in self.session.attributes]
        self.colour.clear()
        for name in names:
            self.colour.addItem(name.replace("_", " "), name)
        self._fill_axes()
        self._follow()

    def _fill_axes(self) -> None:
        if not self.session.ready:
            return
        items = geometry.choices(self.session.state.size, self.session.map, self.session.order)
        for combo, chosen in zip((self.across, self.up), self.session.axes()):
            if combo.view().isVisible():
                continue  # never change a list under the pointer
            blocked = QSignalBlocker(combo)
            combo.clear()
            for name, title in items:
                combo.addItem(title.partition(" ·")[0], name)
            combo.setCurrentIndex(combo.findData(chosen))
            del blocked

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if (state.view, state.axes, state.colour) != (before.view, before.axes, before.colour):
            self._follow()

    def _follow(self) -> None:
        view = self.session.state.view
        self.views.choose(view)
        parts: dict[str, QWidget] = {"matrix": self.matrix, "codes": self.codes, "levels": self.levels}
        self.stack.setCurrentWidget(parts.get(view, self.plane))
        for combo in (self.across, self.up):
            combo.setVisible(view in ("plane", "tiles"))
        self.note.setVisible(view == "plane" and self.session.ready and not self.session.can_encode)
        self.colour.setVisible(view == "plane" and self.session.can_encode and self.colour.count() > 0)
        if not self.session.ready:
            return
        for combo, value in zip((self.across, self.up, self.colour), (*self.session.axes(), self.plane.colour())):
            blocked = QSignalBlocker(combo)
            combo.setCurrentIndex(combo.findData(value))
            del blocked


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(name)
    combo.setMinimumContentsLength(3)
    combo.setMinimumWidth(62)  # gives way in a narrow window
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return combo
