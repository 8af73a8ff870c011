"""Over two canvases: that they are two futures of one run, and the way back to one."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from genplay.ui import theme
from genplay.ui.gan.session import GanSession
from genplay.ui.views.elided import ElidedLabel


class CompareBar(QFrame):
    """Hidden while there is one run."""

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.text = ElidedLabel()
        self.close_button = QPushButton(theme.icon("close"), "Close comparison")
        self.close_button.setToolTip("Show the selected run alone; both go on without waiting for each other (C)")
        self.close_button.clicked.connect(session.part)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        for signal in (session.run_changed, session.rival_changed, *(seat.news for seat in session.seats)):
            signal.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Say how far the two are."""
        taken = [seat.run for seat in self.session.ordered if seat.run is not None]
        compared = len(taken) > 1
        if compared:
            self.text.setText("Two futures on one clock:  " + "  ·  ".join(f"step {run.step:,}" for run in taken))
        if self.isHidden() == compared:
            self.setVisible(compared)
