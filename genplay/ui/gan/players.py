"""Who is trained: both players or one of them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QButtonGroup, QPushButton

from genplay.ui.gan.session import GanSession

KNOB = "players"
CHOICES = (
    ("discriminator", "only D", "Train the discriminator alone, the generator waits (D)"),
    ("generator", "only G", "Train the generator alone, the discriminator waits (G)"),
    ("both", "both", "Train both players (B)"),
)


class Players(QObject):
    """Three buttons of which one is down. They are laid out by whoever shows them."""

    def __init__(self, session: GanSession) -> None:
        super().__init__(session)
        self.session = session
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        for name, title, tip in CHOICES:
            button = self.buttons[name] = QPushButton(title)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(tip.partition(" (")[0])
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
            self._group.addButton(button)
        for signal in (session.run_changed, session.news, session.knobs_changed):
            signal.connect(self._follow)
        self._follow()

    def choose(self, name: str) -> None:
        """Train these players from now on."""
        titles = {choice: title for choice, title, _ in CHOICES}
        if self.session.knob(KNOB) is not None:
            self.session.set_knobs({KNOB: name}, f"train {titles[name]}")
        self._follow()

    def _follow(self) -> None:
        possible = self.session.ready and self.session.knob(KNOB) is not None
        chosen = self.session.value(KNOB)
        for name, button in self.buttons.items():
            if button.isEnabled() != possible:
                button.setEnabled(possible)
            if name == chosen and not button.isChecked():
                button.setChecked(True)
