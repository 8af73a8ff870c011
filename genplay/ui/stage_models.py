"""Choosing the model that a new one builds on: a row for each knob that names one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.contract import paths
from genplay.ui import theme
from genplay.ui.sidebar import thousands

if TYPE_CHECKING:
    from genplay.contract.card import Card
    from genplay.contract.catalogue import Catalogue, DataInfo
    from genplay.contract.knob import Knob
    from genplay.contract.results import RunState
    from genplay.contract.spec import DataSpec
    from genplay.ui.library import LibraryItem

NONE = "none"


@dataclass(frozen=True)
class StageModel:
    """A model to build on: the knob's value for it, what it is called, its family and training steps."""

    value: str
    name: str
    family: str
    step: int
    is_shipped: bool = False

    @property
    def text(self) -> str:
        """A line of the menu."""
        return f"{self.name} · {'shipped' if self.is_shipped else f'{thousands(self.step)} steps'}"


def stage_models(
    knob: Knob, data: str, spec: DataSpec, runs: Iterable[RunState], library: Iterable[LibraryItem]
) -> list[StageModel]:
    """The trained models that a knob may name for this data: shipped ones, then runs, the newest first.

    A run that only shows a shipped checkpoint is that checkpoint.
    """
    found, shipped = [], set()
    for item in library:
        shipped.add(str(item.path))
        if item.card is not None and _suits(item.card, knob, data, spec):
            value = item.path.stem if item.path.parent == paths.shipped("checkpoints") else str(item.path)
            found.append(StageModel(value, item.card.name, item.card.family, item.card.step, is_shipped=True))
    for run in reversed(list(runs)):
        if _suits(run, knob, data, spec) and not (run.digest and run.path in shipped):
            found.append(StageModel(f"run:{run.run_id}", run.name, run.family, run.step))
    return found


def _suits(model: Card | RunState, knob: Knob, data: str, spec: DataSpec) -> bool:
    """Whether a trained model is of the family and data that a knob takes, without a setting that it refuses."""
    same = model.family in knob.families and (model.data, model.spec) == (data, spec)
    return same and model.step > 0 and not any(model.config.get(name) for name in knob.refused)


class StageModels(QWidget):
    """A row a knob: its label and a menu of the models that it may name, or a sentence where there is none."""

    def __init__(self, knobs: Sequence[Knob], label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.knobs, self.label_width = tuple(knobs), label_width
        self.combos: dict[str, QComboBox] = {}
        self.missing: dict[str, str] = {}  # sentences of the knobs that need a model and have none
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)

    def show_for(
        self,
        source: DataInfo,
        spec: DataSpec,
        catalogue: Catalogue,
        runs: Iterable[RunState],
        library: Sequence[LibraryItem],
    ) -> None:
        """Offer what can be built on for this data. Called once."""
        known = list(runs)
        for knob in self.knobs:
            models = stage_models(knob, source.name, spec, known, library)
            if models or not knob.required:
                self._rows.addWidget(self._row(knob, models))
            else:
                titles = [info.title for name in knob.families if (info := catalogue.family(name))]
                self.missing[knob.name] = f"Train or open a {' or '.join(titles) or 'model'} of {source.title} first."
                self._rows.addWidget(_sentence(self.missing[knob.name]))

    def values(self) -> dict[str, str]:
        """The chosen model of each knob, as its value."""
        return {name: str(combo.currentData()) for name, combo in self.combos.items()}

    def choose(self, name: str, value: str) -> None:
        """Choose a model, if it is offered."""
        index = self.combos[name].findData(value) if name in self.combos else -1
        if index >= 0:
            self.combos[name].setCurrentIndex(index)

    def _row(self, knob: Knob, models: list[StageModel]) -> QWidget:
        row, label, combo = QWidget(), QLabel(), QComboBox()
        label.setProperty("role", "dim")
        label.setText(
            QFontMetrics(theme.font(12)).elidedText(knob.label, Qt.TextElideMode.ElideRight, self.label_width)
        )
        label.setFixedWidth(self.label_width)
        label.setBuddy(combo)
        _fill(combo, models, optional=not knob.required)
        combo.setAccessibleName(knob.label)
        combo.setAccessibleDescription(knob.help)
        for part in (label, combo):
            part.setToolTip(f"{knob.label}: {knob.help}.")
        self.combos[knob.name] = combo
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label)
        layout.addWidget(combo, 1)
        row.setFixedHeight(34)
        return row


def _fill(combo: QComboBox, models: list[StageModel], optional: bool) -> None:
    combo.setIconSize(QSize(10, 10))
    combo.setMinimumContentsLength(8)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    if optional:
        combo.addItem(NONE, "")
    for model in models:
        combo.addItem(QIcon(theme.dot(theme.family_colour(model.family))), model.text, model.value)
        combo.setItemData(combo.count() - 1, model.text, Qt.ItemDataRole.ToolTipRole)


def _sentence(text: str) -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setProperty("role", "warn")
    label.setContentsMargins(0, 4, 0, 4)
    return label
