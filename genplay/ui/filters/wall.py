"""The filters of a layer, a page at a time, in the order that is wanted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.filters.session import FiltersSession
from genplay.ui.filters.state import ORDERS
from genplay.ui.filters.words import shares
from genplay.ui.views.heatmap import colours
from genplay.ui.views.image_grid import CAPTION, ImageGrid

LEAST_SIDE = 40  # pixels of the screen that a filter is to be wide
GAP, INSET = 4, 2
BRIGHT = 0.97  # quantile of a filter's weights at which its colours end
TITLES = {
    "picture": "this picture",
    "often": "most on",
    "strong": "strongest",
    "number": "by number",
}


class Wall(QWidget):
    """Orders, layers and pages above a grid of signed pictures, each scaled by its own largest weight."""

    def __init__(self, session: FiltersSession) -> None:
        super().__init__()
        self.session = session
        self.units = np.zeros(0, np.int64)  # on the page, counted through all layers
        self._shown: tuple[object, ...] = ()
        self.orders = QComboBox()
        self.orders.setAccessibleName("Order of the filters")
        self.orders.setToolTip("Which filters come first (O for the next order)")
        for name in ORDERS:
            self.orders.addItem(TITLES[name], name)
        self.layers = QPushButton()
        self.layers.setProperty("role", "chip")
        self.layers.setToolTip("Show the filters of the next layer (L)")
        self.pages = QLabel()
        self.pages.setProperty("role", "dim")
        self.earlier, self.later = (QPushButton(theme.icon(f"chevron-{side}"), "") for side in ("left", "right"))
        self.grid = ImageGrid(gap=GAP)
        self.grid.inset = INSET
        self.grid.align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        self.grid.setAccessibleName("Filters")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in (self.orders, self.layers):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.pages)
        for button, words in ((self.earlier, "Earlier filters (Page Up)"), (self.later, "Later filters (Page Down)")):
            button.setProperty("role", "flat")
            button.setToolTip(words)
            button.setAccessibleName(words)
            row.addWidget(button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(row)
        whole.addWidget(self.grid, 1)

    def _connect(self) -> None:
        self.orders.activated.connect(lambda index: self.order(ORDERS[index]))
        self.layers.clicked.connect(self.next_layer)
        self.earlier.clicked.connect(lambda: self.turn(-1))
        self.later.clicked.connect(lambda: self.turn(1))
        self.grid.clicked.connect(self._choose)
        self.grid.selection_changed.connect(lambda index: self._choose(index) if index >= 0 else None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.follow()

    # ---- changing the view

    def order(self, name: str) -> None:
        """Another order, from its first place on."""
        self.session.set(f"filters {TITLES[name]}", order=name, first=0)

    def next_order(self) -> None:
        """The order after the one shown."""
        self.order(ORDERS[(ORDERS.index(self.session.state.order) + 1) % len(ORDERS)])

    def next_layer(self) -> None:
        """The layer above; after the highest the lowest."""
        found = self.session.found
        if found is not None and len(found.layers) > 1:
            layer = (self.session.state.layer + 1) % len(found.layers)
            self.session.set(f"filters of layer {layer + 1}", layer=layer, first=0, unit=-1)

    def turn(self, by: int) -> None:
        """The page before or after."""
        size, first = self.capacity(), self._first()
        place = first + by * size
        if 0 <= place < self.session.layer()[1] or (by < 0 and first > 0):
            self.session.set("another page of filters", first=max(0, place))

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self.units):
            begin, _ = self.session.layer()
            self.session.set("choose a filter", unit=int(self.units[index]) - begin)

    # ---- showing

    def capacity(self) -> int:
        """How many filters fit at a size at which they can be told apart."""
        found = self.session.found
        if found is None:
            return 1
        height, width = found.filters.shape[1:]
        scale = -(-LEAST_SIDE // max(height, width))
        caption = CAPTION if self.session.state.order == "picture" else 0
        across = (self.grid.width() - 2 * INSET + GAP) // (width * scale + GAP)
        down = (self.grid.height() - 2 * INSET + GAP) // (height * scale + GAP + caption)
        return max(1, across) * max(1, down)

    def _first(self) -> int:
        """The place of the first filter on show: a whole number of pages from the start."""
        size, count = self.capacity(), self.session.layer()[1]
        return min(self.session.state.first, max(0, count - 1)) // size * size

    def follow(self) -> None:
        """Show the newest answer in the state's way."""
        found, state = self.session.found, self.session.state
        with QSignalBlocker(self.orders):
            self.orders.setCurrentIndex(ORDERS.index(state.order))
        if found is None:
            self.grid.set_images(None)
            self._shown = ()
            return
        count = self.session.layer()[1]
        first, size = self._first(), self.capacity()
        ranked = self.session.ranked()
        self.units = ranked[first : first + size]
        captions = shares(found.hidden[self.session.picture()][self.units]) if state.order == "picture" else []
        key = (id(found), tuple(self.units.tolist()), tuple(captions), size)
        if key != self._shown:
            self._shown = key
            self.grid.set_images(painted(found.filters[self.units]), captions, slots=size if count > size else 0)
        at = np.flatnonzero(self.units == self.session.unit())
        self.grid.selected = int(at[0]) if len(at) else -1
        self.grid.update()
        self.layers.setVisible(len(found.layers) > 1)
        self.layers.setText(f"layer {min(state.layer, len(found.layers) - 1) + 1} of {len(found.layers)}")
        self.pages.setText(f"{first + 1}–{first + len(self.units)} of {count}")
        self.earlier.setEnabled(first > 0)
        self.later.setEnabled(first + size < count)


def painted(filters: np.ndarray) -> np.ndarray:
    """Signed pictures (N, H, W) as colours uint8 (N, H, W, 3), each by its own largest weights: red excites."""
    reach = np.maximum(np.quantile(np.abs(filters), BRIGHT, axis=(1, 2)), 1e-9)
    return np.stack([colours(one, -high, high, "diverging") for one, high in zip(filters, reach)])
