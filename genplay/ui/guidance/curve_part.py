"""Guidance over time: the curve that is drawn by hand, and curves to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from genplay.contract.errors import BadInput
from genplay.contract.sampling import curve_points, curve_text
from genplay.ui import theme
from genplay.ui.guidance.part import Part
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.guidance.state import GuidanceState
from genplay.ui.sampling.wish import sample_knobs
from genplay.ui.views.curve_editor import FLAT, CurveEditor

OPEN = {"guide_from": 1.0, "guide_to": 0.0}
PRESETS: dict[str, tuple[str, dict[str, object], str]] = {
    "constant": ("Constant", {"curve": "", **OPEN}, "The same scale from noise to data"),
    "interval": (
        "Limited interval",
        {"curve": "", "guide_from": 0.8, "guide_to": 0.2},
        "No guidance at the noisiest and the cleanest steps: variety and detail are kept",
    ),
    "up": ("Ramp up", {"curve": "0:1 1:0", **OPEN}, "None at first, full at the end: layout varies, details obey"),
    "down": ("Ramp down", {"curve": "0:0 1:1", **OPEN}, "Full at first, none at the end: layout obeys, details vary"),
}
BY_HAND = "Drawn by hand"
HELP = "The scale at each time is 1 + factor × (w − 1): factor 0 follows the condition plainly, 1 takes the scale w."


class CurvePart(Part):
    """The editor with its presets; the samples beside it follow the hand."""

    name: ClassVar[str] = "curve"
    title: ClassVar[str] = "Over time"
    tip: ClassVar[str] = "A curve of guidance over sampling time, drawn by hand"

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__(session)
        self.editor = CurveEditor()
        self.editor.pressed.connect(session.begin)
        self.editor.moved.connect(lambda: session.apply(self._with_curve()))
        self.editor.released.connect(lambda: session.commit("change guidance over time"))
        self.presets = QComboBox()
        self.presets.setAccessibleName("Curves to begin with")
        for name, (title, _, tip) in PRESETS.items():
            self.presets.addItem(title, name)
            self.presets.setItemData(self.presets.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.presets.addItem(BY_HAND)
        self.presets.activated.connect(self._choose)
        help = QLabel(HELP, wordWrap=True)
        help.setProperty("role", "dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._head())
        layout.addWidget(self.editor, 1)
        layout.addWidget(help)
        session.changed.connect(lambda before: self._follow())
        self._follow()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.presets)
        row.addStretch(1)
        self.reset = QPushButton(theme.icon("restart"), "")
        self.reset.setProperty("role", "flat")
        self.reset.setToolTip("Reset the curve, its interval, rescaling and thresholding")
        self.reset.setAccessibleName(self.reset.toolTip())
        self.reset.clicked.connect(
            lambda: self._take_preset({"curve": "", **OPEN, "rescale": 0.0, "threshold": 0.0}, "")
        )
        row.addWidget(self.reset)
        return row

    def _choose(self, index: int) -> None:
        name = self.presets.itemData(index)
        if name is None:
            self._follow()  # nothing to take: the curve is drawn below
        else:
            title, settings, _ = PRESETS[name]
            self._take_preset(settings, title)

    def _take_preset(self, settings: dict[str, object], title: str) -> None:
        known = {knob.name for knob in sample_knobs(self.session.family, self.session.spec)}
        taken = {name: value for name, value in settings.items() if name in known}
        text = f"guidance over time: {title.lower()}" if title else "reset guidance over time"
        self.session.do(self.session.state.with_settings(**taken), text)

    def _with_curve(self) -> GuidanceState:
        """The state with what the editor shows."""
        points, (start, end) = self.editor.points, self.editor.interval
        curve = "" if points == FLAT else curve_text(points)
        return self.session.state.with_settings(curve=curve, guide_from=round(start, 4), guide_to=round(end, 4))

    def clear(self) -> None:
        self._follow()

    def _follow(self) -> None:
        state = self.session.state
        try:
            points = curve_points(str(state.setting("curve")))
        except BadInput:
            points = ()
        interval = (float(state.setting("guide_from", 1.0)), float(state.setting("guide_to", 0.0)))
        self.editor.set_curve(points, interval, state.scale)
        found = next((i for i, (_, preset, _) in enumerate(PRESETS.values()) if _is_at(state, preset)), len(PRESETS))
        self.presets.setCurrentIndex(found)
        self.presets.setToolTip(list(PRESETS.values())[found][2] if found < len(PRESETS) else "Drawn by hand below")


def _is_at(state: GuidanceState, preset: Mapping[str, object]) -> bool:
    """Whether the state's curve and interval are those of a preset."""
    usual = {"curve": "", **OPEN}
    return all(state.setting(name, usual[name]) == value for name, value in preset.items())
