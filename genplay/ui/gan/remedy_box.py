"""The remedies of a family: which of them the next fork switches on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from genplay.contract.catalogue import Preset
from genplay.ui import theme
from genplay.ui.gan import remedies as cures
from genplay.ui.gan.session import GanSession

FIXED = "{} cannot be switched on in a running model: fork it"
NOTHING = "Tick a remedy first"


class RemedyBox(QWidget):
    """A check box a remedy, and two buttons: fork with those that are ticked, or switch them on now."""

    forked = Signal(object)  # the remedies (list of Preset)

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.boxes: dict[str, QCheckBox] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.fork = QPushButton(theme.icon("fork"), "Fork with these")
        self.fork.clicked.connect(lambda: self.forked.emit(self.chosen()))
        self.now = QPushButton("Switch on now")
        self.now.clicked.connect(self._switch_on)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.fork, 1)
        buttons.addWidget(self.now, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(self._rows)
        whole.addLayout(buttons)
        session.run_changed.connect(self.rebuild)
        session.news.connect(self._follow)
        session.knobs_changed.connect(self._follow)
        self.rebuild()

    def chosen(self) -> list[Preset]:
        """The remedies that are ticked, in the family's order."""
        known = cures.known(self.session.family, self.session.run)
        return [r for r in known if r.name in self.boxes and self.boxes[r.name].isChecked()]

    def rebuild(self) -> None:
        """The check boxes of another run's family."""
        known = cures.known(self.session.family, self.session.run)
        if [r.name for r in known] != list(self.boxes):
            for box in self.boxes.values():
                self._rows.removeWidget(box)
                box.hide()
                box.deleteLater()
            self.boxes = {remedy.name: self._box(remedy) for remedy in known}
        for box in self.boxes.values():
            box.setChecked(False)
        self._follow()

    def _box(self, remedy: Preset) -> QCheckBox:
        box = QCheckBox(remedy.title)
        box.setToolTip(f"{remedy.title}: {remedy.help}")
        box.setAccessibleDescription(remedy.help)
        box.toggled.connect(lambda _: self._follow())
        self._rows.addWidget(box)
        return box

    def _follow(self) -> None:
        run, chosen = self.session.run, self.chosen()
        for remedy in cures.known(self.session.family, run):
            box = self.boxes.get(remedy.name)
            title = f"{remedy.title} · on" if run is not None and cures.is_on(remedy, run) else remedy.title
            if box is not None and box.text() != title:
                box.setText(title)
        fixed = [r.title for r in chosen if not cures.is_live([r], self.session.family)]
        self._enable(self.fork, bool(chosen), f"Train a fork with {cures.titles(chosen)} beside this run (F)")
        help = "Set these knobs in the running model; Ctrl+Z takes it back"
        self._enable(self.now, bool(chosen) and not fixed, FIXED.format(cures.titles(chosen)) if fixed else help)

    @staticmethod
    def _enable(button: QPushButton, on: bool, tip: str) -> None:
        button.setToolTip(tip if on or not tip.endswith("this run (F)") else NOTHING)
        if button.isEnabled() != on:
            button.setEnabled(on)

    def _switch_on(self) -> None:
        chosen = self.chosen()
        self.session.set_knobs(cures.values(chosen), f"switch on {cures.titles(chosen)}")
        for box in self.boxes.values():
            box.setChecked(False)
