"""The right-hand column: the controls of the tab on show, then the training knobs that may change live."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from genplay.contract.knob import Knob
from genplay.contract.requests import SetLive
from genplay.ui.bridge import Bridge
from genplay.ui.panel import Panel
from genplay.ui.sidebar import section

if TYPE_CHECKING:
    from genplay.contract.results import RunState
    from genplay.ui.form import Form

WIDTH = 300


class Inspector(QScrollArea):
    """Scrolls the panel's own controls and, below them, the live knobs of the selected run."""

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge, self.undo = bridge, undo
        self.run: RunState | None = None
        self.form: Form | None = None
        self._key: tuple[object, ...] = ()
        self._panels_own: frozenset[str] = frozenset()  # knobs that the tab in front has controls for
        self._controls: dict[str, QWidget] = {}
        self._sent: dict[str, tuple[Any, float]] = {}  # value and time of changes that the engine has yet to confirm
        self._build()
        bridge.catalogue_arrived.connect(lambda _: self._refresh())

    def _build(self) -> None:
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(240)
        inside = QWidget()
        inside.setProperty("role", "panel")
        inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._place = QVBoxLayout()
        self._heading = section("Training")
        self._heading.hide()
        self._column.addLayout(self._place)
        self._column.addWidget(self._heading)
        self._column.addStretch(1)
        self.setWidget(inside)

    def sizeHint(self) -> QSize:
        """The width of UI.md."""
        return QSize(WIDTH, 400)

    def show_panel(self, panel: Panel | None) -> None:
        """The controls of another tab; they are made once."""
        if panel is not None and panel.name not in self._controls:
            controls = self._controls[panel.name] = panel.inspector()
            _let_shrink(controls)
            self._place.addWidget(controls)
        for name, controls in self._controls.items():
            controls.setVisible(panel is not None and name == panel.name)
        self._panels_own = panel.own_knobs if panel is not None else frozenset()
        self._refresh()

    def set_run(self, run: RunState | None) -> None:
        """Another run, or what changed of the selected one."""
        self.run = run
        self._refresh()

    def _refresh(self) -> None:
        run = self.run
        known = self.bridge.catalogue is not None
        key = (run.run_id, run.family, run.spec.kind, known, self._panels_own) if run else ()
        if key != self._key:
            self._key = key
            self._rebuild()
        if run is not None and self.form is not None:
            for name, value in {**run.config, **run.training}.items():
                if not self._is_stale(name, value):
                    self.form.set_value(name, value)

    def _is_stale(self, name: str, value: Any) -> bool:
        """Whether the engine tells an older value than the one sent to it less than a second ago."""
        sent, when = self._sent.get(name, (value, 0.0))
        if value == sent or monotonic() - when > 1.0:
            self._sent.pop(name, None)
            return False
        return True

    def _rebuild(self) -> None:
        if self.form is not None:
            self._column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        knobs = [knob for knob in self.live_knobs() if knob.name not in self._panels_own]
        self._heading.setVisible(bool(knobs))
        if self.run is None or not knobs:
            return
        from genplay.ui.form import Form

        self.form = Form(knobs, {**self.run.config, **self.run.training})
        self._sent.clear()
        self.form.changed.connect(self._send)
        self.form.edited.connect(self._remember)
        self._column.insertWidget(self._column.indexOf(self._heading) + 1, self.form)

    def live_knobs(self) -> list[Knob]:
        """The knobs of the selected run's family that may change while it trains."""
        catalogue = self.bridge.catalogue
        family = catalogue.family(self.run.family) if catalogue and self.run else None
        if family is None or self.run is None:
            return []
        kind = self.run.spec.kind
        return [k for k in (*family.knobs, *family.training_knobs) if k.live and (not k.kinds or kind in k.kinds)]

    def point_at(self, name: str) -> bool:
        """Bring a live knob into view and give it the focus; whether there is one of that name."""
        if self.form is None or name not in self.form.knobs:
            return False
        self.ensureWidgetVisible(self.form.row(name))
        self.form.control(name).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def label_of(self, name: str) -> str:
        """What a knob of the selected run's family is called."""
        catalogue = self.bridge.catalogue
        family = catalogue.family(self.run.family) if catalogue and self.run else None
        known = (*family.knobs, *family.training_knobs) if family else ()
        return next((knob.label for knob in known if knob.name == name), name.replace("_", " "))

    def _send(self, name: str, value: Any) -> None:
        if self.run is not None:
            self._sent[name] = (value, monotonic())
            self.bridge.send(SetLive(self.run.run_id, {name: value}))

    def _remember(self, name: str, before: Any, after: Any) -> None:
        if self.run is not None:
            self.undo.push(LiveEdit(self, self.run.run_id, name, before, after))

    def apply(self, run_id: str, name: str, value: Any) -> None:
        """Send a value (undo and redo do so), and show it if the run is selected."""
        self._sent[name] = (value, monotonic())
        self.bridge.send(SetLive(run_id, {name: value}))
        if self.form is not None and self.run is not None and self.run.run_id == run_id:
            self.form.set_value(name, value)


def _let_shrink(controls: QWidget) -> None:
    """Fields whose longest entry is wide must not make the column wider than it is."""
    for kind in (QComboBox, QAbstractSpinBox, QLineEdit):
        for field in controls.findChildren(kind):
            if field.minimumWidth() == 0:
                field.setMinimumWidth(48)


class LiveEdit(QUndoCommand):
    """One change of a training knob, a whole drag being one."""

    def __init__(self, inspector: Inspector, run_id: str, name: str, before: Any, after: Any) -> None:
        super().__init__(f"change of {name}")
        self.inspector, self.run_id, self.name = inspector, run_id, name
        self.before, self.after = before, after
        self._done = True  # the drag has already sent the value

    def redo(self) -> None:
        """Set the later value."""
        if not self._done:
            self.inspector.apply(self.run_id, self.name, self.after)
        self._done = False

    def undo(self) -> None:
        """Set the earlier value."""
        self.inspector.apply(self.run_id, self.name, self.before)
