"""The whole of the Filters panel: all filters, one of them, a picture with what it excites, and free energies."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui.filters import words
from genplay.ui.filters.activations import Activations
from genplay.ui.filters.energy_rows import EnergyRows
from genplay.ui.filters.session import FiltersSession
from genplay.ui.filters.wall import BRIGHT, Wall
from genplay.ui.panel import Exhibit
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.heatmap import Heatmap
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.picture import Picture

TOP = 6  # pictures that excite a unit most
CHOICE = 16  # pictures to choose from
LARGE = 88  # pixels of the chosen one
AT_TOP = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class Board(QWidget):
    """Four fields; everything follows the session."""

    def __init__(self, session: FiltersSession) -> None:
        super().__init__()
        self.session = session
        self.wall = Wall(session)
        self.unit_title, self.unit_words = QLabel(), QLabel()
        self.unit_words.setProperty("role", "dim")
        self.unit_words.setWordWrap(True)
        self.heat = Heatmap(unit="a weight")
        self.top = ImageGrid()
        self.choice = ImageGrid()
        self.picture, self.cells = Picture(), Activations()
        self.picture.setFixedSize(LARGE, LARGE)
        self.picture_words = ElidedLabel()
        self.energies, self.no_energy = EnergyRows(), QLabel(words.NO_ENERGY)
        self.no_energy.setProperty("role", "dim")
        self.no_energy.setWordWrap(True)
        self.no_energy.setAlignment(AT_TOP)
        for grid, name in ((self.top, "Pictures that excite the unit most"), (self.choice, "Held-out pictures")):
            grid.align, grid.inset = AT_TOP, 2
            grid.setAccessibleName(name)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        one = QVBoxLayout()
        one.setSpacing(4)
        one.addWidget(self.unit_title)
        one.addWidget(self.heat, 5)
        one.addWidget(self.unit_words)
        one.addSpacing(8)
        one.addWidget(QLabel("<b>Excited most by</b>"))
        one.addWidget(self.top, 4)
        look = QVBoxLayout()
        look.setSpacing(4)
        look.addWidget(QLabel("<b>What a picture excites</b>"))
        pair = QHBoxLayout()
        pair.setSpacing(12)
        pair.addWidget(self.choice, 4)
        pair.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        pair.addWidget(self.cells, 6)
        look.addLayout(pair, 1)
        look.addWidget(self.picture_words)
        free = QVBoxLayout()
        free.setSpacing(4)
        free.addWidget(QLabel("<b>Free energy</b>"))
        free.addWidget(self.energies, 1)
        free.addWidget(self.no_energy)
        free.addStretch()
        whole = QGridLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setHorizontalSpacing(16)
        whole.setVerticalSpacing(16)
        for row, column, field in ((0, 1, one), (1, 0, look), (1, 1, free)):
            whole.addLayout(field, row, column)
        whole.addWidget(self.wall, 0, 0)
        for set_stretch, parts in ((whole.setColumnStretch, (5, 3)), (whole.setRowStretch, (2, 1))):
            for place, stretch in enumerate(parts):
                set_stretch(place, stretch)

    def _connect(self) -> None:
        session = self.session
        self.choice.clicked.connect(self._choose)
        self.choice.selection_changed.connect(lambda index: self._choose(index) if index >= 0 else None)
        self.top.clicked.connect(self._choose_top)
        self.cells.clicked.connect(lambda unit: session.set("choose a filter", unit=unit))
        session.found_changed.connect(self.follow)
        session.changed.connect(lambda _: self.follow())

    def _choose(self, index: int) -> None:
        self.session.set("choose a picture", picture=index)

    def _choose_top(self, index: int) -> None:
        """One of the pictures that excite the unit becomes the one whose activations are shown."""
        top = self._top()
        if 0 <= index < len(top):
            self.session.set("choose a picture", picture=int(top[index]))

    def _top(self) -> np.ndarray:
        found = self.session.found
        assert found is not None
        return np.argsort(-found.hidden[:, self.session.unit()], kind="stable")[:TOP]

    # ---- showing

    def follow(self) -> None:
        """Show the newest answer in the state's way."""
        self.wall.follow()
        found = self.session.found
        if found is not None:
            self._show_unit()
            self._show_picture()
            self._show_energies()

    def _show_unit(self) -> None:
        found, unit = self.session.found, self.session.unit()
        assert found is not None
        begin, _ = self.session.layer()
        layer = min(self.session.state.layer, len(found.layers) - 1)
        weights = found.filters[unit]
        reach = max(float(np.quantile(np.abs(weights), BRIGHT)), 1e-9)
        self.heat.set_values(weights, -reach, reach, "diverging")
        self.unit_title.setText(f"<b>{words.unit_title(found, layer, unit - begin)}</b>")
        self.unit_words.setText(words.unit_meaning(found, layer, unit))
        top = self._top()
        self.top.set_images(found.x[top], words.shares(found.hidden[top, unit]))
        self.top.selected = -1

    def _show_picture(self) -> None:
        found, at = self.session.found, self.session.picture()
        assert found is not None
        begin, count = self.session.layer()
        shown = found.x[:CHOICE]
        self.choice.set_images(shown)
        self.choice.selected = at if at < len(shown) else -1
        self.choice.update()
        self.picture.set_image(found.x[at])
        values = found.hidden[at, begin : begin + count]
        self.cells.set_values(values, self.session.unit() - begin)
        said = f"{int((values > 0.5).sum())} of {count} units on"
        if found.energies is not None:
            said += f" · free energy {found.energies[0, at]:.1f} nats".replace("-", "−")
        self.picture_words.setText(said)

    def _show_energies(self) -> None:
        found = self.session.found
        assert found is not None
        energies = found.energies
        names = () if energies is None else found.names
        self.energies.set_bits(names, np.zeros((0, 0)) if energies is None else energies)
        self.energies.setVisible(energies is not None)
        self.energies.mark(None if energies is None else float(energies[0, self.session.picture()]))
        self.no_energy.setVisible(not found.names)

    # ---- exhibits

    def exhibit(self, name: str) -> Exhibit | None:
        """The filters on show, painted by the window."""
        answer, found = self.session.answer, self.session.found
        images = self.wall.grid.images
        if answer is None or found is None or images is None or not answer.last:
            return None
        return Exhibit(
            f"{name} filters".strip(),
            "grid",
            images,
            self.session.shown,
            answer.step,
            answer.digest,
            columns=self.wall.grid.layout_columns(),
            arrays={"filters": found.filters, "hidden": found.hidden},
            by_window=True,
        )
