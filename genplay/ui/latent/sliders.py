"""A slider for each latent dimension, the most informative first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import RANGE
from genplay.ui.views.slider import ValueSlider

ROW = 24  # pixels
LABEL = 82
FOLLOW_MS = 25
ROWS_SHOWN = 10  # more of them scroll
INACTIVE = 0.05  # nats below which a dimension tells the decoder next to nothing


class SliderRow(QWidget):
    """A label and a slider for one coordinate; its drags are gestures of the session."""

    def __init__(
        self, session: LatentSession, name: str, text: str, moved: Callable[[float], None], label: int
    ) -> None:
        super().__init__()
        self.session, self.name, self._moved = session, name, moved
        self.label = QLabel(text)
        self.label.setProperty("role", "dim")
        self.label.setFixedWidth(label)
        self.slider = ValueSlider(-RANGE, RANGE, 0.0, 0.0, decimals=2, signed=True)
        self.slider.setAccessibleName(text)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.label)
        layout.addWidget(self.slider, 1)
        self.setFixedHeight(ROW)
        self.slider.pressed.connect(session.begin)
        self.slider.moved.connect(self._on_moved)
        self.slider.released.connect(self._on_released)
        self.slider.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls a long column of sliders; it nudges the one that has been taken in hand."""
        if event.type() == QEvent.Type.Wheel and not self.slider.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _on_moved(self, value: float) -> None:
        if not self.session.in_gesture:
            self.session.begin()
        self._moved(value)

    def _on_released(self, value: float) -> None:
        self.session.commit(f"move {self.name}")

    def set_text(self, text: str, dim: bool = False) -> None:
        """The label, dimmed for what has no effect; cut where it does not fit."""
        shown = QFontMetrics(self.label.font()).elidedText(text, Qt.TextElideMode.ElideRight, self.label.width())
        self.label.setText(shown)
        self.setToolTip(text if shown != text else "")
        if self.label.isEnabled() == dim:
            self.label.setEnabled(not dim)
            self.label.setProperty("role", "" if dim else "dim")  # without a role it has the colour of what is disabled
            self.label.style().polish(self.label)
        self.slider.setAccessibleName(text.strip())

    def set_value(self, value: float) -> None:
        """Show a value without moving anything; the slider's range widens to hold it."""
        self.reach(abs(value))
        self.slider.set_value(value)

    def reach(self, far: float) -> None:
        """Widen the slider's range to hold ``far`` on both sides."""
        if far > self.slider.high:
            self.slider.low, self.slider.high = -float(np.ceil(far)), float(np.ceil(far))
            self.slider.update()


class DimensionSliders(QScrollArea):
    """One row a dimension: its name, its KL divergence in nats, and its value."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.rows: list[SliderRow] = []  # by dimension
        self._order: list[int] = []
        self._own = -1  # the dimension whose slider is being dragged
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = QWidget()
        self._inside.setProperty("role", "panel")
        self._layout = QVBoxLayout(self._inside)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setWidget(self._inside)
        session.run_changed.connect(self.rebuild)
        session.kl_changed.connect(self.show_kl)
        session.map_changed.connect(self._reach)
        self._soon = follow_timer(self, lambda: self.show_z(None))
        session.changed.connect(lambda before: self._follow(before.z))
        session.shown_z.connect(self.show_z)
        self.rebuild()

    def rebuild(self) -> None:
        """Make the rows for another run."""
        size = self.session.state.size
        if len(self.rows) != size:
            for row in self.rows:
                row.setParent(None)
                row.deleteLater()
            self.rows = [self._row(i) for i in range(size)]
            self._order = []
        self.setFixedHeight(ROW * max(1, min(size, ROWS_SHOWN)))
        self._layout.setContentsMargins(0, 0, 12 if size > ROWS_SHOWN else 0, 0)  # room for the scroll bar
        self.show_kl()
        self.show_z(None)

    def _row(self, index: int) -> SliderRow:
        def moved(value: float) -> None:
            self._own = index
            self.session.apply(self.session.state.with_dimension(index, value))
            self._own = -1

        return SliderRow(self.session, f"z{index}", f"z{index}", moved, LABEL)

    def _reach(self) -> None:
        self.show_kl()
        if self.session.map is not None:
            far = np.quantile(np.abs(self.session.map.codes), 0.999, axis=0)
            for row, reach in zip(self.rows, far):
                row.reach(float(reach))

    def show_kl(self) -> None:
        """Label the rows, and put them in order unless one is being dragged."""
        kl, name = self.session.kl, "σ²" if self.session.certain else "KL"
        for index, row in enumerate(self.rows):
            known = kl is not None and index < len(kl)
            text = f"z{index}  {name} {kl[index]:.2f}" if known and kl is not None else f"z{index}"
            row.set_text(text, dim=bool(known and kl is not None and kl[index] < INACTIVE))
        order = [int(i) for i in self.session.order]
        if order != self._order and not self.session.in_gesture and len(order) == len(self.rows):
            self._order = order
            for index in order:
                self._layout.addWidget(self.rows[index])  # moves it to the end

    def _follow(self, before: np.ndarray) -> None:
        z = self.session.state.z
        if z is before:
            return
        if self._own >= 0:
            return  # the slider under the hand shows its value already, and no other coordinate has changed
        follow(self.session, self._soon)

    def show_z(self, z: np.ndarray | None) -> None:
        """Show a code, by default the session's."""
        z = self.session.state.z if z is None else z
        for row, value in zip(self.rows, z):
            row.set_value(float(value))


def follow_timer(owner: QObject, show: Callable[[], None]) -> QTimer:
    """A timer for :func:`follow`."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(FOLLOW_MS)
    timer.timeout.connect(show)
    return timer


def follow(session: LatentSession, timer: QTimer) -> None:
    """Bring numbers up to date: at once after a single change, forty times a second while something is dragged.

    What is dragged is painted first; two dozen sliders repainted at every event would hold it up.
    """
    if not session.in_gesture:
        timer.stop()
        timer.timeout.emit()
    elif not timer.isActive():
        timer.start()


def section(text: str) -> QLabel:
    """A heading of the inspector."""
    label = QLabel(text.upper())
    label.setProperty("role", "section")
    label.setFont(theme.font(11))
    return label
