"""Steps of undo of the Unfold panel: from one view and set of branches of a run to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand

from genplay.ui.unfold.state import UnfoldState
from genplay.ui.unfold.tape import Tape

if TYPE_CHECKING:
    from genplay.ui.unfold.session import UnfoldSession


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A state and the branches that are there with it; frames that have been let go are asked for again."""

    state: UnfoldState
    tapes: tuple[Tape, ...]

    def same(self, other: Snapshot) -> bool:
        """Whether both show the same."""
        return self.state == other.state and self.tapes == other.tapes


class Change(QUndoCommand):
    """One step of undo. Changes of one gesture merge, as do moves along the tape that follow each other."""

    def __init__(
        self, session: UnfoldSession, run_id: str, before: Snapshot, after: Snapshot, text: str, gesture: int
    ) -> None:
        super().__init__(text)
        self.session, self.run_id, self.before, self.after, self.gesture = session, run_id, before, after, gesture
        self._done = True  # the change has been shown already when it is pushed

    def id(self) -> int:
        """One number for all of these, so that Qt offers them to each other for merging."""
        return 1301

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in a later change of the same gesture."""
        if not isinstance(other, Change) or (other.gesture, other.run_id) != (self.gesture, self.run_id):
            return False
        self.after = other.after
        self.setText(other.text())
        return True

    def redo(self) -> None:
        """Show what was after."""
        if not self._done:
            self.session.show(self.run_id, self.after)
        self._done = False

    def undo(self) -> None:
        """Show what was before."""
        self._done = False
        self.session.show(self.run_id, self.before)
