"""The Unfold panel's controls: seed, sampler, number of samples, condition, and following a training."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui.sampling.controls import LABEL, SampleControls
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import COUNTS, UnfoldState
from genplay.ui.views.chips import Chips

FOLLOW_TIP = "Sample this tape anew every few seconds while the model trains"
OF_TAPE = "These are the settings of the tape on show; a change of any of them samples anew."
OF_BRANCH = "These are the settings of the branch on show; it goes on from the same state."


class UnfoldInspector(QWidget):
    """What is sampled: the wish of the tape on show."""

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.session = session
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("role", "dim")
        self.controls = SampleControls(counted=False)
        self.controls.changed.connect(session.wish_changed)
        self.controls.edited.connect(lambda _before, _after, what: session.wish_edited(f"change {what}"))
        self.controls.lock.toggled.connect(self._lock)
        self.counts = {kind: _count_chips(choices) for kind, choices in COUNTS.items()}
        for chips in self.counts.values():
            for name, button in chips.buttons.items():
                button.clicked.connect(lambda _=False, n=int(name): self._count(n))
        self.follow_training = QCheckBox("Follow the training")
        self.follow_training.setToolTip(FOLLOW_TIP)
        self.follow_training.clicked.connect(self._follow)
        label = QLabel("samples")
        label.setProperty("role", "dim")
        label.setFixedWidth(LABEL)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label)
        for chips in self.counts.values():
            row.addWidget(chips)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.about)
        layout.addWidget(self.controls)
        layout.addWidget(_section("TAPE"))
        layout.addLayout(row)
        layout.addWidget(self.follow_training)
        session.run_changed.connect(self.show_state)
        session.changed.connect(self._changed)
        session.branches_changed.connect(self.show_state)

    def _changed(self, before: UnfoldState) -> None:
        state = self.session.state
        names = ("wish", "tape", "locked", "follow")
        if any(getattr(state, name) != getattr(before, name) for name in names):
            self.show_state()

    def show_state(self) -> None:
        """Bring every control to the state, without a signal."""
        session, run = self.session, self.session.run
        if run is None or not session.ready:
            return
        state, tape = session.state, session.tape
        self.controls.show_wish(state.wish, run, session.family)
        forked = tape is not None and tape.wanted.state is not None
        for kind, chips in self.counts.items():
            chips.setVisible(kind == run.spec.kind)
            for name, button in chips.buttons.items():
                button.setEnabled(not forked)
                button.setChecked(int(name) == (len(tape.wanted.state) if tape and forked else state.n))  # type: ignore[arg-type]
        self.controls.set_locked(state.locked)
        self.follow_training.setChecked(state.follow)
        self.about.setText(OF_BRANCH if forked else OF_TAPE)

    def _lock(self, locked: bool) -> None:
        if locked != self.session.state.locked:
            text = "keep the seed" if locked else "let go of the seed"
            self.session.do(replace(self.session.state, locked=locked), text)

    def _count(self, n: int) -> None:
        self.session.do(self.session.state.asking(count=n), "change the number of samples")

    def _follow(self, on: bool) -> None:
        self.session.do(replace(self.session.state, follow=on), "follow the training" if on else "stop following")


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "section")
    return label


def _count_chips(choices: tuple[int, ...]) -> Chips:
    names = [str(n) for n in choices]
    tips = {name: f"{name} samples" if name != "1" else "One sample" for name in names}
    return Chips(names, {name: f"{int(name) // 1000}k" if len(name) > 3 else name for name in names}, tips)
