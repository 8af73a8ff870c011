"""What the parts beside the picture have in common: they ask once the picture is there, and only while in sight."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from genplay.contract.requests import Question
from genplay.contract.results import Answer
from genplay.ui.guidance.session import GuidanceSession
from genplay.ui.panel import Exhibit


class Part(QWidget):
    """A view of its own in the lower or right half of the panel.

    A subclass says what is ``wanted`` and shows what comes. It is asked for when the hand and the picture rest, anew
    for newer weights only when those settle, and after a cancel only when the user comes back to it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tip: ClassVar[str]

    def __init__(self, session: GuidanceSession) -> None:
        super().__init__()
        self.session = session
        self._asked: tuple[Question, tuple[object, ...]] | None = None
        self._done = self._owed = False

    def listen(self) -> None:
        """Follow the session; called by the panel once all parts are made."""
        self.session.changed.connect(lambda before: self.refresh())
        self.session.rested.connect(lambda: self.refresh())
        self.session.settled.connect(lambda: self.refresh(newer=True))
        self.session.run_changed.connect(self._run_changed)

    @property
    def on_show(self) -> bool:
        """Whether this is the part in sight."""
        return self.session.part == self.name

    def wanted(self) -> Question | None:
        """What to ask for the state as it is; None for nothing."""
        return None

    def take(self, answer: Answer, question: Question) -> None:
        """Show an answer, which may be a coarse one."""

    def clear(self) -> None:
        """Another run: what is on show is not of it."""

    def exhibit(self, name: str) -> Exhibit | None:
        """What there is to export, called after the run; None for nothing."""
        return None

    def refresh(self, newer: bool = False) -> None:
        """Ask for what is wanted, unless it is there or on its way; ``newer`` weights are reason to ask again."""
        question = self.wanted() if self.on_show and self.session.ready else None
        newer, self._owed = newer or self._owed, False
        if question is None or not self.session.active:
            return
        if self.session.in_gesture or self.session.waiting("picture"):
            self._owed = newer
        elif self._is_due(question, newer):
            self._asked, self._done = (question, self.session.weights), False
            self.session.ask(self.name, question, lambda answer: self._answered(answer, question))

    def _is_due(self, question: Question, newer: bool) -> bool:
        if self._asked is None or self._asked[0] != question or self._asked[1][:1] != self.session.weights[:1]:
            return True
        stale = self._asked[1] != self.session.weights or not self._done
        return newer and stale and not self.session.waiting(self.name)

    def _answered(self, answer: Answer, question: Question) -> None:
        self._done = answer.last
        self.session.progressed.emit(-1.0 if answer.last or answer.progress is None else answer.progress)
        self.take(answer, question)

    def _run_changed(self) -> None:
        self._asked, self._done, self._owed = None, False, False
        self.clear()
        self.refresh()
