"""The dialog behind +: a data set, a family, a preset, then the knobs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.catalogue import FamilyInfo, Preset
from genplay.contract.knob import Knob
from genplay.contract.requests import CreateRun
from genplay.contract.spec import DataSpec
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.data_browser import DataBrowser
from genplay.ui.form import Form
from genplay.ui.settings import Settings
from genplay.ui.shortcuts import hairline
from genplay.ui.sidebar import MAX_NAME, section
from genplay.ui.stage_models import StageModels

if TYPE_CHECKING:
    from genplay.ui.library import LibraryItem

FORM_WIDTH, LABEL = 350, 136
CUSTOM = Preset("", "Defaults", "every knob at its default")


class NewRunDialog(QDialog):
    """Makes a ``CreateRun``; the name follows data and family until it is typed."""

    create_wanted = Signal(object, bool)  # CreateRun, whether to train at once

    def __init__(
        self, bridge: Bridge, settings: Settings, parent: QWidget | None = None, library: Sequence[LibraryItem] = ()
    ) -> None:
        super().__init__(parent)
        self.bridge, self.library = bridge, library
        self.setWindowTitle("New run")
        self.resize(1040, 660)
        self.family: FamilyInfo | None = None
        self.knobs: Form | None = None
        self.training: Form | None = None
        self.models: StageModels | None = None  # those that the new one builds on
        self._name_typed = False
        self.browser = DataBrowser(bridge, settings)
        self.families, self.presets = QComboBox(), QComboBox()
        self.summary = QLabel(wordWrap=True)
        self.name, self.seed = QLineEdit(), QSpinBox()
        self.create_button, self.train_button = QPushButton("Create, paused"), QPushButton("Create and train")
        self._build()
        self.browser.chosen.connect(self._data_chosen)
        self._data_chosen(self.browser.spec)

    # ---- widgets

    def _build(self) -> None:
        title = QLabel("New run")
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.addWidget(title)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.browser, 1)
        middle.addWidget(hairline(vertical=True))
        middle.addLayout(self._model_column())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(12)
        whole.addLayout(head)
        whole.addLayout(middle, 1)
        whole.addLayout(self._foot())

    def _model_column(self) -> QVBoxLayout:
        self.families.setAccessibleName("model family")
        self.presets.setAccessibleName("preset")
        self.families.setIconSize(QSize(10, 10))
        self.families.currentIndexChanged.connect(self._family_chosen)
        self.presets.currentIndexChanged.connect(self._preset_chosen)
        self.summary.setProperty("role", "dim")
        self._forms = QVBoxLayout()
        self._forms.setContentsMargins(0, 0, 8, 0)
        self._forms.setSpacing(8)
        inside = QWidget()
        inside.setLayout(self._forms)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setFixedWidth(FORM_WIDTH)
        inside.setProperty("role", "clear")
        column = QVBoxLayout()
        column.setSpacing(8)
        for part in (section("Model"), self.families, self.summary, section("Preset"), self.presets):
            column.addWidget(part)
        column.addWidget(area, 1)
        return column

    def _foot(self) -> QHBoxLayout:
        self.name.setMaxLength(MAX_NAME)
        self.name.setAccessibleName("name of the run")
        self.name.textEdited.connect(lambda _: setattr(self, "_name_typed", True))
        theme.padded(self.seed)
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setAccessibleName("seed")
        self.seed.setMinimumWidth(110)
        dice = QPushButton()
        dice.setIcon(theme.icon("dice"))
        dice.setProperty("role", "icon")
        dice.setToolTip("Draw another seed")
        dice.setAccessibleName("Draw another seed")
        dice.clicked.connect(lambda: self.seed.setValue(int.from_bytes(os.urandom(4), "big") % 10_000))
        for button in (dice, self.create_button):
            button.setAutoDefault(False)
        self.train_button.setProperty("role", "primary")
        self.train_button.setDefault(True)
        self.create_button.clicked.connect(lambda: self._create(play=False))
        self.train_button.clicked.connect(lambda: self._create(play=True))
        foot = QHBoxLayout()
        foot.setSpacing(8)
        for text, control in (("Name", self.name), ("Seed", self.seed)):
            label = QLabel(text)
            label.setProperty("role", "dim")
            foot.addWidget(label)
            foot.addWidget(control, 1 if control is self.name else 0)
        for part in (dice, self.create_button, self.train_button):
            foot.addWidget(part)
        return foot

    # ---- choices

    def _data_chosen(self, spec: DataSpec | None) -> None:
        if spec is None:
            self._allow("Choose a data set first")
            self._name()
            return
        before = self.family.name if self.family else ""
        self.families.blockSignals(True)
        self.families.clear()
        for family in self.bridge.catalogue.families if self.bridge.catalogue else ():
            if spec.kind in family.kinds:
                self.families.addItem(QIcon(theme.dot(theme.family_colour(family.name))), family.title, family.name)
        self.families.setCurrentIndex(max(0, self.families.findData(before)))
        self.families.blockSignals(False)
        self._family_chosen()

    def _family_chosen(self) -> None:
        spec, catalogue = self.browser.spec, self.bridge.catalogue
        self.family = catalogue.family(self.families.currentData() or "") if catalogue else None
        if self.family is None or spec is None:
            return
        self.summary.setText(self.family.summary)
        self.presets.blockSignals(True)
        self.presets.clear()
        fitting = [p for p in self.family.presets if not p.kinds or spec.kind in p.kinds]
        for preset in fitting or [CUSTOM]:
            self.presets.addItem(preset.title, preset)
            self.presets.setItemData(self.presets.count() - 1, preset.help, Qt.ItemDataRole.ToolTipRole)
        self.presets.blockSignals(False)
        self._preset_chosen()
        self._name()

    def _preset_chosen(self) -> None:
        preset, spec = self._preset(), self.browser.spec
        if self.family is None or spec is None:
            return
        self.presets.setToolTip(preset.help)
        self._clear_forms()
        self.models = self._stage_models(spec)
        self.knobs = Form(_fitting(self.family.knobs, spec), preset.config, label_width=LABEL)
        self.training = Form(_fitting(self.family.training_knobs, spec), preset.training, label_width=LABEL)
        built_on = (section("Builds on"), self.models) if self.models.knobs else ()
        for part in (*built_on, section("Knobs"), self.knobs, section("Training"), self.training):
            self._forms.addWidget(part)
        self._forms.addStretch(1)
        self._allow(next(iter(self.models.missing.values()), ""))

    def _preset(self) -> Preset:
        return self.presets.currentData() or CUSTOM

    def _clear_forms(self) -> None:
        while self._forms.count():
            item = self._forms.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _stage_models(self, spec: DataSpec) -> StageModels:
        """What the family's knobs that name a model may name, on the chosen data."""
        assert self.family is not None
        models = StageModels([k for k in _fitting(self.family.knobs, spec) if k.control == "model"], LABEL)
        source, catalogue = self.browser.source, self.bridge.catalogue
        if source is not None and catalogue is not None:
            models.show_for(source, spec, catalogue, self.bridge.runs.values(), self.library)
        for name, value in self._preset().config.items():
            models.choose(name, value)
        return models

    def _allow(self, obstacle: str) -> None:
        """Let a run be made, or say in the buttons' tooltips what is in the way."""
        for button in (self.create_button, self.train_button):
            button.setEnabled(not obstacle)
            button.setToolTip(obstacle)

    def _name(self) -> None:
        if not self._name_typed and self.browser.source is not None and self.family is not None:
            self.name.setText(f"{self.browser.data_title} · {self.family.title}")

    # ---- the result

    def request(self) -> CreateRun | None:
        """What would be created now; None while no data set is ready, or no model that the new one needs."""
        source, family, knobs, training = self.browser.source, self.family, self.knobs, self.training
        if self.browser.spec is None or source is None or family is None or knobs is None or training is None:
            return None
        if self.models is None or self.models.missing:
            return None
        beside = {k.name for k in family.knobs if k.control}  # what a preset may set beside the form
        preset = {name: value for name, value in self._preset().config.items() if name in beside}
        return CreateRun(
            os.urandom(6).hex(),
            self.name.text().strip() or f"{self.browser.data_title} · {family.title}",
            family.name,
            source.name,
            self.browser.options(),
            {**preset, **knobs.values(), **self.models.values()},
            dict(training.values()),
            self.seed.value(),
        )

    def _create(self, play: bool) -> None:
        request = self.request()
        if request is not None:
            self.create_wanted.emit(request, play)
            self.accept()

    def done(self, result: int) -> None:
        """Give up previews and downloads."""
        self.browser.stop()
        super().done(result)


def _fitting(knobs: tuple[Knob, ...], spec: DataSpec) -> list[Knob]:
    return [knob for knob in knobs if not knob.kinds or spec.kind in knob.kinds]
