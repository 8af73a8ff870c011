"""The tools beside a canvas: what is painted on, with what, how broad, and in which colour."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.views.chips import Chips
from genplay.ui.views.paint import LAYERS, SIZES, TOOLS, PaintCanvas
from genplay.ui.views.painting import SAME, Painting, frequent_colours

SWATCH, GAP, COLUMNS = 18, 4, 8
OWN = 8  # swatches that are the picture's commonest colours
BASICS = ("000000", "ffffff", "808080", "e03c31", "f5a623", "f8e71c", "4caf50", "2f7de1", "8e44ad", "f48fb1", "8d5524")
MOST = 16  # swatches: two rows
TIPS = {
    "picture": "Paint the picture itself",
    "mask": "Paint the mask: what it covers is made anew, the rest is kept",
    "brush": "Paint pixel by pixel",
    "eraser": "Bring back what was there before anything was painted",
    "fill": "Fill an area of one colour",
}


class Swatches(QWidget):
    """Little squares of colour, one of them chosen. Arrow keys choose, ``chosen`` tells which colour it is."""

    chosen = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.colours: list[tuple[int, ...]] = []
        self.index = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours")
        self.setToolTip("The colour to paint with · right click on the canvas picks one up")

    def sizeHint(self) -> QSize:
        rows = max(1, -(-len(self.colours) // COLUMNS))
        return QSize(COLUMNS * (SWATCH + GAP) - GAP + 4, rows * (SWATCH + GAP) - GAP + 4)

    def set_colours(self, colours: list[tuple[int, ...]]) -> None:
        """Offer these colours; the chosen one stays where it is among them."""
        chosen = self.colour
        self.colours = colours[:MOST]
        self.index = self.colours.index(chosen) if chosen in self.colours else (0 if colours else -1)
        self.updateGeometry()
        self.update()

    @property
    def colour(self) -> tuple[int, ...] | None:
        """The chosen colour."""
        return self.colours[self.index] if 0 <= self.index < len(self.colours) else None

    def choose(self, colour: tuple[int, ...]) -> None:
        """Choose a colour; one that is not offered takes the last place."""
        if colour not in self.colours:
            self.colours = [*self.colours[: MOST - 1], colour]
            self.updateGeometry()
        self._take(self.colours.index(colour))

    def _take(self, index: int) -> None:
        self.index = index
        self.chosen.emit(self.colours[index])
        self.update()

    def _rect(self, index: int) -> QRectF:
        row, column = divmod(index, COLUMNS)
        return QRectF(2 + column * (SWATCH + GAP), 2 + row * (SWATCH + GAP), SWATCH, SWATCH)

    def index_at(self, point: QPointF) -> int:
        """The swatch under a point, or -1."""
        return next((i for i in range(len(self.colours)) if self._rect(i).contains(point)), -1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, colour in enumerate(self.colours):
            area = self._rect(index)
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.setBrush(as_colour(colour))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            if index == self.index:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "text"), 2))
                painter.drawRoundedRect(area.adjusted(-1, -1, 1, 1), 4, 4)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position())
        if index >= 0:
            self._take(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -COLUMNS, Qt.Key.Key_Down: COLUMNS}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not 0 <= self.index + step < len(self.colours):
            super().keyPressEvent(event)
        else:
            self._take(self.index + step)


class PaintTools(QWidget):
    """Chips and swatches that set up a :class:`PaintCanvas`. ``cleared`` is the wish to wipe the layer in hand."""

    layer_chosen = Signal(str)

    def __init__(self, canvas: PaintCanvas) -> None:
        super().__init__()
        self.canvas = canvas
        self.layers = _chips(LAYERS, TIPS, self._choose_layer)
        self.tools = _chips(TOOLS, TIPS, self._choose_tool)
        widths = {_width(n): f"Brush of {n} px ({n})" for n in SIZES}
        self.sizes = _chips(tuple(widths), widths, self._choose_size)
        self.swatches = Swatches()
        self.swatches.chosen.connect(self._choose_colour)
        self.other = _chip("Other…", "Choose any other colour", self._ask_colour)
        self.clear = _chip("Clear", "Take away everything painted on this layer", canvas.clear)
        canvas.colour_picked.connect(self.swatches.choose)
        canvas.size_chosen.connect(lambda n: self.sizes.choose(_width(n)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for choice, more in ((self.layers, self.clear), (self.tools, None), (self.sizes, self.other)):
            row = QHBoxLayout()
            row.setSpacing(8)
            row.addWidget(choice)
            row.addStretch(1)
            if more is not None:
                row.addWidget(more)
            layout.addLayout(row)
        layout.addWidget(self.swatches)
        self.setMinimumWidth(COLUMNS * (SWATCH + GAP))  # also while there are no colours to choose
        layout.addStretch(1)
        self._follow()

    def offer(self, painting: Painting) -> None:
        """Offer the commonest colours of a picture and some that are always there."""
        grey = painting.picture.shape[-1] == 1
        own = frequent_colours(painting.picture, OWN)
        plain: list[tuple[int, ...]]
        plain = [(v,) for v in range(0, 256, 51)] if grey else [_rgb(text) for text in BASICS]
        self.swatches.set_colours([*own, *(c for c in plain if not any(_alike(c, o) for o in own))])
        if self.swatches.colour is not None:
            self.canvas.colour = self.swatches.colour

    def choose_layer(self, layer: str) -> None:
        """Paint on the picture or on the mask."""
        self.canvas.layer = layer
        self._follow()

    def _choose_layer(self, layer: str) -> None:
        self.choose_layer(layer)
        self.layer_chosen.emit(layer)

    def _choose_tool(self, tool: str) -> None:
        self.canvas.tool = tool
        self._follow()

    def _choose_size(self, text: str) -> None:
        self.canvas.size_px = int(text.split()[0])

    def _choose_colour(self, colour: tuple[int, ...]) -> None:
        self.canvas.colour = colour
        if self.canvas.tool == "eraser":
            self._choose_tool("brush")

    def _ask_colour(self) -> None:
        dialog = QColorDialog(as_colour(self.canvas.colour), self)
        dialog.setWindowTitle("Choose a colour")
        dialog.colorSelected.connect(self._take_colour)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take_colour(self, colour: QColor) -> None:
        rgb = (colour.red(), colour.green(), colour.blue())
        self.swatches.choose(rgb if len(self.canvas.colour) == 3 else (round(sum(rgb) / 3),))

    def _follow(self) -> None:
        self.layers.choose(self.canvas.layer)
        self.tools.choose(self.canvas.tool)
        self.sizes.choose(_width(self.canvas.size_px))
        painting = self.canvas.layer == "picture"
        self.swatches.setEnabled(painting)
        self.swatches.setVisible(painting)
        self.other.setVisible(painting)


def _chips(names: tuple[str, ...], tips: dict[str, str], chosen: Callable[[str], None]) -> Chips:
    """Chips named as they are, with a capital; ``chosen`` is called with the name."""
    made = Chips(names, {name: name[:1].upper() + name[1:] for name in names}, tips)
    for name, button in made.buttons.items():
        button.clicked.connect(lambda _=False, n=name: chosen(n))
    return made


def as_colour(values: tuple[int, ...]) -> QColor:
    """A colour of one (grey) or three numbers."""
    return QColor(*values) if len(values) == 3 else QColor(values[0], values[0], values[0])


def _width(size: int) -> str:
    """What the chip of a brush says."""
    return f"{size} px" if size == 1 else f"{size}"


def _alike(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return max(abs(x - y) for x, y in zip(a, b)) <= SAME


def _rgb(text: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(text))


def _chip(text: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "chip")
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.clicked.connect(lambda: slot())
    return button
