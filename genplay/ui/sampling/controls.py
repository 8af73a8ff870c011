"""The inspector of the Samples panel: seed, count, condition, the sampler's knobs."""

from __future__ import annotations

import random
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.knob import Knob
from genplay.contract.results import RunState
from genplay.ui import theme
from genplay.ui.form import Form
from genplay.ui.sampling.wish import MAX_SEED, Wish, count_range, sample_knobs, simplest, takes_condition
from genplay.ui.views.slider import ValueSlider

LABEL = 96
UNCONDITIONAL = "This model was trained without labels, so it cannot be told what to draw."


class SampleControls(QWidget):
    """Shows a wish and changes it. ``changed`` comes with every change, ``edited`` once a whole edit (for undo).

    ``counted`` false leaves out the number of samples, ``without`` knobs that are adjusted elsewhere.
    """

    changed = Signal(object)  # Wish
    edited = Signal(object, object, str)  # Wish before, Wish after, what was changed

    def __init__(self, parent: QWidget | None = None, *, counted: bool = True, without: tuple[str, ...] = ()) -> None:
        super().__init__(parent)
        self.counted, self.without = counted, without
        self.wish = Wish()
        self._run: RunState | None = None
        self._key: tuple[object, ...] = ()
        self._before: Wish | None = None
        self.combos: list[QComboBox] = []
        self.form: Form | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(_section("SAMPLING"))
        self._column.addLayout(self._seed_row())
        self._variable = QWidget()
        self._column.addWidget(self._variable)
        self.count = ValueSlider(1, 256, 64, 64, scale="log", integer=True)

    def _seed_row(self) -> QHBoxLayout:
        self.seed = QSpinBox()
        theme.padded(self.seed)
        self.seed.setRange(0, MAX_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("The seed decides all randomness: the same one draws the same samples")
        self.seed.valueChanged.connect(lambda seed: self._edit(replace(self.wish, seed=seed), "seed"))
        self.dice = _icon_button("dice", "Draw a new seed (R)")
        self.dice.clicked.connect(self.roll)
        self.lock = _icon_button("unlock", "Keep this seed")
        self.lock.setCheckable(True)
        self.lock.toggled.connect(self._locked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(_label("seed"))
        row.addWidget(self.seed, 1)
        row.addWidget(self.dice)
        row.addWidget(self.lock)
        return row

    def _locked(self, locked: bool) -> None:
        text = "The seed is kept; click to let the dice draw another" if locked else "Keep this seed"
        self.lock.setIcon(theme.icon("lock" if locked else "unlock"))
        self.lock.setToolTip(text)
        self.lock.setAccessibleName(text)
        self.dice.setEnabled(not locked)

    def set_locked(self, locked: bool) -> None:
        """Show the lock closed or open, without a signal."""
        if self.lock.isChecked() != locked:
            self.lock.blockSignals(True)
            self.lock.setChecked(locked)
            self.lock.blockSignals(False)
            self._locked(locked)

    def roll(self) -> None:
        """Draw a new seed, unless it is locked."""
        if not self.lock.isChecked():
            self._edit(replace(self.wish, seed=random.randrange(1_000_000)), "seed")
            self._show_seed()

    # ---- rows that depend on the run

    def show_wish(self, wish: Wish, run: RunState, family: FamilyInfo | None) -> None:
        """Show a wish for a run, without a signal."""
        key = (run.run_id, run.spec, run.family, takes_condition(run), family is not None)
        self.wish, self._run = wish, run
        if key != self._key:
            self._key = key
            self._rebuild(run, family)
        self._show_seed()
        self.count.set_value(wish.count)
        labels = wish.condition or run.spec.any_labels
        for combo, label in zip(self.combos, labels):
            combo.setCurrentIndex(0 if label == combo.count() - 1 else label + 1)
        if self.form is not None:
            for name, knob in self.form.knobs.items():
                self.form.set_value(name, wish.config.get(name, knob.default))

    def _show_seed(self) -> None:
        self.seed.blockSignals(True)
        self.seed.setValue(self.wish.seed)
        self.seed.blockSignals(False)

    def _rebuild(self, run: RunState, family: FamilyInfo | None) -> None:
        self._variable.hide()
        self._column.removeWidget(self._variable)
        self._variable.deleteLater()
        self._variable = QWidget()
        column = QVBoxLayout(self._variable)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        if self.counted:
            column.addLayout(self._count_row(run))
        shown = (k for k in sample_knobs(family, run.spec) if not k.control and k.name not in self.without)
        knobs = tuple(shown)
        self.form = self._form(knobs) if knobs else None
        if self.form is not None:
            column.addWidget(self.form)
        self._add_condition(column, run)
        self._column.addWidget(self._variable)

    def _count_row(self, run: RunState) -> QHBoxLayout:
        least, most, usual = count_range(run.spec)
        self.count = ValueSlider(least, most, self.wish.count, usual, scale="log", integer=True)
        self.count.setAccessibleName("Count")
        self.count.pressed.connect(self._begin)
        self.count.moved.connect(lambda n: self._take(replace(self.wish, count=round(n))))
        self.count.released.connect(lambda _: self._end("count"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(_label("count"))
        row.addWidget(self.count, 1)
        return row

    def _form(self, knobs: tuple[Knob, ...]) -> Form:
        form = Form(knobs, self.wish.config, label_width=LABEL)
        form.changed.connect(lambda name, value: self._take(self._with(name, value)))
        form.edited.connect(self._form_edited)
        return form

    def _form_edited(self, name: str, before: object, after: object) -> None:
        now = self._with(name, after)
        self.edited.emit(replace(now, config={**now.config, name: before}), now, name)

    def _with(self, name: str, value: object) -> Wish:
        return replace(self.wish, config={**self.wish.config, name: value})

    def _add_condition(self, column: QVBoxLayout, run: RunState) -> None:
        self.combos = []
        can = takes_condition(run)
        if not run.spec.attributes or not (can or "conditional" in run.config):
            return
        column.addSpacing(8)
        column.addWidget(_section("CONDITION"))
        if not can:
            text = QLabel(UNCONDITIONAL, wordWrap=True)
            text.setProperty("role", "dim")
            column.addWidget(text)
            return
        for attribute in run.spec.attributes:
            combo = QComboBox()
            combo.addItems(["any", *attribute.values])
            combo.setAccessibleName(attribute.name.replace("_", " "))
            combo.activated.connect(self._choose_condition)
            self.combos.append(combo)
            row = QHBoxLayout()
            row.setSpacing(8)
            row.addWidget(_label(attribute.name.replace("_", " ")))
            row.addWidget(combo, 1)
            column.addLayout(row)

    def _choose_condition(self) -> None:
        if self._run is None:
            return
        chosen = [c.currentIndex() - 1 if c.currentIndex() else c.count() - 1 for c in self.combos]
        self._edit(replace(self.wish, condition=simplest(tuple(chosen), self._run.spec)), "condition")

    # ---- edits

    def _begin(self) -> None:
        self._before = self.wish

    def _take(self, wish: Wish) -> None:
        if wish != self.wish:
            self.wish = wish
            self.changed.emit(wish)

    def _end(self, what: str) -> None:
        before, self._before = self._before or self.wish, None
        if before != self.wish:
            self.edited.emit(before, self.wish, what)

    def _edit(self, wish: Wish, what: str) -> None:
        self._begin()
        self._take(wish)
        self._end(what)


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "section")
    return label


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL)
    return label


def _icon_button(icon: str, text: str) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(text)
    button.setAccessibleName(text)
    return button
