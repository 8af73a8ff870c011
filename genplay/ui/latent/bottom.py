"""The strip below the stage: the path, the arithmetic or the reconstruction, one at a time."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from genplay.ui.latent.arithmetic_part import ArithmeticPart
from genplay.ui.latent.encode_part import EncodePart
from genplay.ui.latent.path_part import PathPart
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import STRIPS, LatentState
from genplay.ui.views.chips import Chips

TITLES = {"path": "Path", "arithmetic": "A − B + C", "reconstruction": "Encode"}
TIPS = {
    "path": "A way through latent space from keyframe to keyframe",
    "arithmetic": "Latent arithmetic",
    "reconstruction": "Encode a picture: reconstruction, error and posterior spread",
}
HEIGHT = 84


class BottomPart(QWidget):
    """Chips that choose, the chosen part's controls beside them, and the part below."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.path, self.arithmetic, self.encode = PathPart(session), ArithmeticPart(session), EncodePart(session)
        self.chips = Chips(STRIPS, TITLES, TIPS)
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
        self.bars, self.parts = QStackedWidget(), QStackedWidget()
        about = QLabel("adds to A what tells C from B")
        about.setProperty("role", "dim")
        for bar, part in (
            (self.path.toolbar(), self.path),
            (about, self.arithmetic),
            (self.encode.toolbar(), self.encode),
        ):
            self.bars.addWidget(bar)
            self.parts.addWidget(part)
        self.bars.setFixedHeight(34)
        self.parts.setFixedHeight(HEIGHT)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.chips, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.bars, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.parts)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(self._changed)
        self._run_changed()

    def choose(self, strip: str) -> None:
        """Show one of the parts."""
        if strip != self.session.state.strip:
            self.session.do(replace(self.session.state, strip=strip), f"show the {strip}")

    def _run_changed(self) -> None:
        pictures = self.session.pictures
        for name in ("arithmetic", "reconstruction"):
            self.chips.buttons[name].setVisible(pictures)
        self.chips.buttons["reconstruction"].setEnabled(self.encode.serves)
        tip = TIPS["reconstruction"] if self.encode.serves else "Encoding needs an encoder, which this model lacks"
        self.chips.buttons["reconstruction"].setToolTip(tip)
        strip = self.session.state.strip
        shut = (strip != "path" and not pictures) or (strip == "reconstruction" and not self.encode.serves)
        if self.session.ready and shut:
            self.session.apply(replace(self.session.state, strip="path"))
        self._follow()

    def _changed(self, before: LatentState) -> None:
        if self.session.state.strip != before.strip:
            self._follow()

    def _follow(self) -> None:
        strip = self.session.state.strip
        self.chips.choose(strip)
        self.bars.setCurrentIndex(STRIPS.index(strip))
        self.parts.setCurrentIndex(STRIPS.index(strip))
