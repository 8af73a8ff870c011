"""The tools beside the plane of a drawing: the brush, ways to begin, and what is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.sidebar import section
from genplay.ui.views import density as grids
from genplay.ui.views.airbrush import SHOWN, SIZES, Airbrush
from genplay.ui.views.chips import Chips
from genplay.ui.views.slider import ValueSlider

WIDTH = 256
MODES = {"paint": "Paint", "erase": "Erase"}
MODE_TIPS = {
    "paint": "The brush adds to the density (E changes to erasing)",
    "erase": "The brush takes away; the right button does so at any time (E changes to painting)",
}
PRESETS: dict[str, tuple[str, str, Callable[[int], object]]] = {
    "ring": ("Ring of blobs", "Begin with eight equal blobs around a circle", grids.ring_of_blobs),
    "moons": ("Two moons", "Begin with two half circles that reach into each other", grids.two_moons),
    "blank": ("Blank", "Begin with nothing", grids.blank),
}
HELP = "Hold the button still to go on spraying. The right button erases, the wheel changes the size."


class DrawingTools(QWidget):
    """Sets up an :class:`Airbrush`; ``preset_wanted`` names one of ``PRESETS``."""

    preset_wanted = Signal(str)
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, pad: Airbrush) -> None:
        super().__init__()
        self.pad = pad
        self.modes = Chips(tuple(MODES), MODES, MODE_TIPS)
        for name, chip in self.modes.buttons.items():
            chip.clicked.connect(lambda _=False, n=name: pad.set_brush(erasing=n == "erase"))
        self.modes.choose("paint")
        self.brush_size = _slider(*SIZES, pad.brush_size, "Size", "How far a dab spreads: its standard deviation")
        self.brush_flow = _slider(0.02, 1.0, pad.flow, "Density", "How much a dab adds, or takes away")
        self.brush_size.moved.connect(lambda value: pad.set_brush(size=value))
        self.brush_flow.moved.connect(lambda value: pad.set_brush(flow=value))
        pad.size_chosen.connect(self.brush_size.set_value)
        pad.erase_chosen.connect(lambda erasing: self.modes.choose("erase" if erasing else "paint"))
        self.presets = {name: self._preset(name) for name in PRESETS}
        self.points = QCheckBox("Show sampled points")
        self.points.setToolTip(f"{SHOWN} points drawn from what is painted, as a model will see them")
        self.points.setChecked(pad.shows_points)
        self.points.toggled.connect(pad.show_points)
        self.undo = _icon("undo", "Undo a stroke (Ctrl+Z)", self.undo_wanted.emit)
        self.redo = _icon("redo", "Do it again (Ctrl+Shift+Z)", self.redo_wanted.emit)
        self.clear = _icon("clear", "Clear everything (Ctrl+Backspace)", pad.clear)
        self._lay_out()

    def _lay_out(self) -> None:
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(section("Brush"))
        column.addLayout(_row(self.modes, None, self.undo, self.redo, self.clear))
        for text, slider in (("Size", self.brush_size), ("Density", self.brush_flow)):
            column.addLayout(_row(_named(text, slider), slider))
        column.addSpacing(8)
        column.addWidget(section("Begin with"))
        column.addLayout(_row(*self.presets.values(), None))
        column.addSpacing(8)
        column.addWidget(section("Preview"))
        column.addWidget(self.points)
        column.addStretch(1)
        note = QLabel(HELP, wordWrap=True)
        note.setProperty("role", "dim")
        column.addWidget(note)

    def _preset(self, name: str) -> QPushButton:
        title, tip, _ = PRESETS[name]
        chip = QPushButton(title)
        chip.setProperty("role", "chip")
        chip.setToolTip(tip)
        chip.setAccessibleDescription(tip)
        chip.setAutoDefault(False)
        chip.clicked.connect(lambda: self.preset_wanted.emit(name))
        return chip


def _slider(low: float, high: float, value: float, name: str, tip: str) -> ValueSlider:
    slider = ValueSlider(low, high, value, scale="log")
    slider.setAccessibleName(name)
    slider.setToolTip(f"{tip}\n{slider.toolTip()}")
    return slider


def _named(text: str, control: QWidget) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setFixedWidth(52)
    label.setToolTip(control.toolTip())
    label.setBuddy(control)
    return label


def _icon(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: slot())
    return button


def _row(*parts: QWidget | None) -> QHBoxLayout:
    """Widgets in a row; None takes the room that is left."""
    row = QHBoxLayout()
    row.setSpacing(6)
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part)
    return row
