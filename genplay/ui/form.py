"""A form made from knobs: one row a knob, each with the control that suits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.knob import Knob, Value
from genplay.ui import theme
from genplay.ui.views.slider import ValueSlider

LABEL_WIDTH = 96


class Form(QWidget):
    """Rows of label and control, 28 px each. A row is hidden while its ``shown_if`` knob has another value.

    Knobs with a control of their own are not among them.
    """

    changed = Signal(str, object)  # name and value, each change by the user
    edited = Signal(str, object, object)  # name, value before and after: one whole edit, as an undo step wants it

    def __init__(
        self,
        knobs: Sequence[Knob],
        values: Mapping[str, Any],
        parent: QWidget | None = None,
        *,
        label_width: int = LABEL_WIDTH,
    ) -> None:
        super().__init__(parent)
        self.knobs = {knob.name: knob for knob in knobs if not knob.control}
        self._values: dict[str, Value] = {}
        self._live_only = False
        self._rows: dict[str, QWidget] = {}
        self._show: dict[str, Callable[[Any], None]] = {}  # brings a control to a value without a signal
        self._before: dict[str, Value] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for knob in self.knobs.values():
            self._values[knob.name] = _valid(knob, values.get(knob.name, knob.default))
            self._rows[knob.name] = self._row(knob, label_width)
            layout.addWidget(self._rows[knob.name])
        self._reveal()

    def values(self) -> dict[str, Value]:
        """The value of each knob by name."""
        return dict(self._values)

    def set_value(self, name: str, value: object) -> None:
        """Show a value without a signal; one that the knob does not take is ignored, as is an unknown name."""
        if name not in self.knobs or name in self._before:  # never fight the hand that drags it
            return
        value = _valid(self.knobs[name], value, self._values[name])
        if value != self._values[name]:
            self._values[name] = value
            self._show[name](value)
            self._reveal()

    def set_live_only(self, live_only: bool) -> None:
        """Show only the knobs that may change while training."""
        self._live_only = live_only
        self._reveal()

    def control(self, name: str) -> QWidget:
        """The control of a knob."""
        return self._rows[name].property("control")

    def row(self, name: str) -> QWidget:
        """The row of a knob: label and control."""
        return self._rows[name]

    # ---- rows

    def _row(self, knob: Knob, label_width: int) -> QWidget:
        row, label = QWidget(self), QLabel()
        label.setProperty("role", "dim")
        label.setText(QFontMetrics(theme.font(12)).elidedText(_label(knob), Qt.TextElideMode.ElideRight, label_width))
        label.setFixedWidth(label_width)
        control = self._control(knob)
        control.setAccessibleName(knob.label)
        control.setAccessibleDescription(knob.help)
        if not isinstance(control, QCheckBox):
            label.setBuddy(control)
        hint = f"{_label(knob)}: {knob.help}."
        label.setToolTip(hint)
        slider_hint = control.toolTip() if isinstance(control, ValueSlider) else ""
        control.setToolTip(f"{hint}\n{slider_hint}" if slider_hint else hint)
        row.setProperty("control", control)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label)
        layout.addWidget(control, 1)
        row.setFixedHeight(28 if isinstance(control, ValueSlider | QCheckBox) else 34)
        return row

    def _control(self, knob: Knob) -> QWidget:
        value = self._values[knob.name]
        if knob.choices:
            return self._choice(knob, str(value))
        if isinstance(value, bool):
            return self._check(knob, value)
        if isinstance(value, str):
            return self._text(knob, value)
        if knob.low is None or knob.high is None:
            return self._spin(knob, value)
        return self._slider(knob, value)

    def _choice(self, knob: Knob, value: str) -> QWidget:
        combo = _CalmCombo()
        for choice, title in zip(knob.choices, knob.titles or knob.choices, strict=True):
            combo.addItem(title, choice)
        combo.setCurrentIndex(knob.choices.index(value))
        combo.activated.connect(lambda index: self._edit(knob.name, knob.choices[index]))
        self._show[knob.name] = lambda choice: combo.setCurrentIndex(knob.choices.index(choice))
        return combo

    def _check(self, knob: Knob, value: bool) -> QWidget:
        box = QCheckBox()
        box.setChecked(value)
        box.clicked.connect(lambda on: self._edit(knob.name, bool(on)))
        self._show[knob.name] = box.setChecked
        return box

    def _text(self, knob: Knob, value: str) -> QWidget:
        line = QLineEdit(value)
        line.setPlaceholderText(knob.example)
        line.editingFinished.connect(lambda: self._edit(knob.name, line.text()))
        self._show[knob.name] = line.setText
        return line

    def _spin(self, knob: Knob, value: float) -> QWidget:
        """A number without ends on both sides."""
        if isinstance(knob.default, float):
            return self._number(knob, value)
        spin = QSpinBox()
        theme.padded(spin)
        low = -(2**31) if knob.low is None else int(knob.low)
        spin.setRange(low, 2**31 - 1 if knob.high is None else int(knob.high))
        spin.setValue(int(value))
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(lambda number: self._edit(knob.name, number))
        self._show[knob.name] = _silently(spin)
        return spin

    def _number(self, knob: Knob, value: float) -> QWidget:
        spin = QDoubleSpinBox()
        theme.padded(spin)
        spin.setDecimals(4)
        spin.setRange(-1e9 if knob.low is None else knob.low, 1e9 if knob.high is None else knob.high)
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(lambda number: self._edit(knob.name, number))
        self._show[knob.name] = _silently(spin)
        return spin

    def _slider(self, knob: Knob, value: float) -> QWidget:
        assert knob.low is not None and knob.high is not None
        whole = isinstance(knob.default, int)
        scale = knob.scale if knob.low > 0 else "linear"
        decimals = max(_decimals(knob.default), _decimals(knob.high), 3 if knob.high - knob.low <= 0.5 else 2)
        slider = ValueSlider(
            knob.low, knob.high, value, float(knob.default), scale=scale, integer=whole, decimals=decimals
        )
        slider.pressed.connect(lambda: self._begin(knob.name))
        slider.moved.connect(lambda number: self._take(knob.name, round(number) if whole else number))
        slider.released.connect(lambda number: self._end(knob.name))
        self._show[knob.name] = slider.set_value
        return slider

    # ---- edits

    def _begin(self, name: str) -> None:
        self._before.setdefault(name, self._values[name])

    def _take(self, name: str, value: Value) -> None:
        self._values[name] = value
        self._reveal()
        self.changed.emit(name, value)

    def _end(self, name: str) -> None:
        before = self._before.pop(name, self._values[name])
        if before != self._values[name]:
            self.edited.emit(name, before, self._values[name])

    def _edit(self, name: str, value: Value) -> None:
        if value != self._values[name]:
            self._begin(name)
            self._take(name, value)
            self._end(name)

    def _reveal(self) -> None:
        for name, knob in self.knobs.items():
            matters = knob.shown_if is None or self._values.get(knob.shown_if[0]) in knob.shown_if[1]
            self._rows[name].setVisible(matters and (knob.live or not self._live_only))


class _CalmCombo(QComboBox):
    """A choice that the wheel changes only while it has the focus, so that a form can be scrolled."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _silently(spin: QSpinBox | QDoubleSpinBox) -> Callable[[Any], None]:
    def show(value: Any) -> None:
        spin.blockSignals(True)
        spin.setValue(value)
        spin.blockSignals(False)

    return show


def _valid(knob: Knob, value: object, otherwise: Value | None = None) -> Value:
    from genplay.contract.errors import BadInput

    try:
        return knob.check(value)
    except BadInput:
        return knob.default if otherwise is None else otherwise


def _decimals(value: Value) -> int:
    """Places after the point that a number is written with, at most four."""
    return min(4, len(f"{value:.4f}".rstrip("0").partition(".")[2])) if isinstance(value, float) else 0


def _label(knob: Knob) -> str:
    return f"{knob.label} ({knob.unit})" if knob.unit else knob.label
