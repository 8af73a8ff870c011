"""Over the translations: which way, how much is taken away, and of which pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from genplay.contract.spec import Attribute
from genplay.ui import theme
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.state import STRONGEST
from genplay.ui.gan.translate_source import TranslateSource
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.picture_files import FILTER
from genplay.ui.views.slider import ValueSlider

STRENGTH = "How much is taken from the pictures: 1 as in training, 0 nothing at all"
UNSEEN = "Pictures of the data that the training never sees"
NO_WISH = "no wish"
SLIDER, WISHES, LONGEST = 160, (116, 170), 26  # widths, of the wishes where there is little room; letters of a way
ROOMY = 620  # width of the bar


class TranslateBar(QWidget):
    """A chip a way, or the strength of what is done to the pictures first; then where they come from."""

    def __init__(self, session: GanSession, source: TranslateSource) -> None:
        super().__init__()
        self.session, self.source = session, source
        self.ways: tuple[str, ...] = ()
        self.chips: list[QPushButton] = []
        self._attributes: tuple[Attribute, ...] = ()
        self._group = QButtonGroup(self)
        self.label = QLabel("strength")
        self.label.setProperty("role", "dim")
        self.strength = ValueSlider(0.0, STRONGEST, 1.0, 1.0)
        self.strength.setFixedWidth(SLIDER)
        self.strength.setAccessibleName("Strength")
        self.strength.setToolTip(f"{STRENGTH}\n{self.strength.toolTip()}")
        self.wish = QComboBox()
        self.wish.setAccessibleName("What is asked for")
        self.wish.setToolTip("What the translation is to have: the generator was told such labels in training")
        self.about = ElidedLabel()
        self.dice = _icon("dice", "Other held-out pictures", source.roll)
        self.open = _icon("open", "Translate a picture file, or drop one here", self.choose_file)
        self.paste = _icon("image-plus", "Translate the picture on the clipboard (Ctrl+V)", source.paste)
        self._lay_out()
        self.strength.moved.connect(lambda v: session.slide(strength=round(v, 3)))
        self.strength.released.connect(lambda _: session.end_view("change the strength"))
        self.wish.activated.connect(self._choose_wish)
        session.changed.connect(lambda _: self._follow())
        source.changed.connect(self._follow)
        source.refused.connect(self.about.setText)
        self.offer((), False, ())

    def _lay_out(self) -> None:
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.label)
        self._row.addWidget(self.strength)
        self._row.addWidget(self.wish)
        self._row.addWidget(self.about, 1)
        for button in (self.dice, self.open, self.paste):
            self._row.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.wish.setFixedWidth(WISHES[self.width() >= ROOMY])

    def offer(self, ways: tuple[str, ...], degrades: bool, attributes: tuple[Attribute, ...]) -> None:
        """What the run on show can turn into what, whether it takes something away first, and what it can be told."""
        self.wish.setVisible(bool(attributes))
        if attributes != self._attributes:
            self._attributes = attributes
            self._fill_wishes()
        for widget in (self.label, self.strength):
            widget.setVisible(degrades)
        if ways != self.ways:
            self.ways = ways
            self._make_chips(ways if len(ways) > 1 else ())
        self._follow()

    def _make_chips(self, ways: tuple[str, ...]) -> None:
        for chip in self.chips:
            self._group.removeButton(chip)
            self._row.removeWidget(chip)
            chip.deleteLater()
        self.chips = [self._chip(number, way) for number, way in enumerate(ways)]

    def _chip(self, number: int, way: str) -> QPushButton:
        chip = QPushButton(way if len(way) <= LONGEST else f"{way[: LONGEST - 1]}…")
        chip.setProperty("role", "chip")
        chip.setCheckable(True)
        chip.setToolTip(f"Translate {way} (T)")
        chip.setAccessibleName(way)
        chip.clicked.connect(lambda: self.choose(number))
        self._group.addButton(chip)
        self._row.insertWidget(number, chip)
        return chip

    def _fill_wishes(self) -> None:
        self.wish.clear()
        self.wish.addItem(NO_WISH, ())
        blank = tuple(attribute.any for attribute in self._attributes)
        for column, attribute in enumerate(self._attributes):
            for label, value in enumerate(attribute.values):
                labels = (*blank[:column], label, *blank[column + 1 :])
                self.wish.addItem(f"{attribute.name.replace('_', ' ')}: {value}", labels)

    def _choose_wish(self, index: int) -> None:
        self.session.set("ask for something else", condition=tuple(self.wish.itemData(index)))

    def choose(self, way: int) -> None:
        """Translate this way."""
        self.session.set("translate the other way", way=way)
        self._follow()

    def turn(self) -> None:
        """The other way."""
        if len(self.ways) > 1:
            self.choose((self.session.state.way + 1) % len(self.ways))

    def choose_file(self) -> None:
        """Ask for a picture file."""
        path, _ = QFileDialog.getOpenFileName(self, "Translate a picture", "", FILTER)
        if path:
            self.source.open_file(Path(path))

    def _follow(self) -> None:
        state = self.session.state
        self.strength.set_value(state.strength)
        wishes = [tuple(self.wish.itemData(i)) for i in range(self.wish.count())]
        self.wish.setCurrentIndex(wishes.index(state.condition) if state.condition in wishes else 0)
        if self.chips:
            self.chips[state.way if state.way < len(self.chips) else 0].setChecked(True)
        self.about.setText(self.source.title)
        self.about.setToolTip(UNSEEN if self.source.own is None else self.source.title)


def _icon(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button
