"""What changes the state as a whole: steps of undo, and the question of a recipe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QUndoCommand

from genplay.contract.requests import Decode, DecodePath, Encode, Question, RedrawLevels, Traverse
from genplay.ui.latent.state import LatentState

if TYPE_CHECKING:
    from genplay.ui.latent.session import LatentSession


class Change(QUndoCommand):
    """One step of undo: from one state of a run to another. Changes of one gesture merge."""

    def __init__(
        self, session: LatentSession, run_id: str, before: LatentState, after: LatentState, text: str, gesture: int
    ) -> None:
        super().__init__(text)
        self.session, self.run_id, self.before, self.after, self.gesture = session, run_id, before, after, gesture
        self._done = True  # the change has been shown already when it is pushed

    def id(self) -> int:
        """One number for all of these, so that Qt offers them to each other for merging."""
        return 1201

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in a later change of the same gesture."""
        if not isinstance(other, Change) or (other.gesture, other.run_id) != (self.gesture, self.run_id):
            return False
        self.after = other.after
        self.setText(other.text())
        return True

    def redo(self) -> None:
        """Show the state after."""
        if not self._done:
            self.session.show(self.run_id, self.after)
        self._done = False

    def undo(self) -> None:
        """Show the state before."""
        self._done = False
        self.session.show(self.run_id, self.before)


def with_question(state: LatentState, question: Question | None) -> LatentState:
    """``state`` with what a recipe's question says over it, as far as it fits."""
    plain: dict[str, Any] = {}
    if isinstance(question, Decode) and question.z.ndim == 2 and len(question.z) == 1:
        plain["z"] = question.z[0].tolist()
    elif isinstance(question, Traverse) and question.z.ndim == 1:
        plain |= {"z": question.z.tolist(), "view": "matrix"}
    elif isinstance(question, RedrawLevels) and question.z.ndim == 1:
        plain |= {"z": question.z.tolist(), "view": "levels"}
    elif isinstance(question, DecodePath) and question.keyframes.ndim == 2:
        plain |= {"keyframes": question.keyframes.tolist(), "mode": question.mode, "strip": "path"}
        plain |= {"frames": question.frames, "closed": question.closed}
    elif isinstance(question, Encode):
        plain["strip"] = "reconstruction"
    condition = getattr(question, "condition", ())
    if condition:
        plain["condition"] = list(condition)
    merged = state.to_plain() | plain
    read = LatentState.from_plain(merged, state.size, state)
    return read if "z" not in plain or np.array_equal(read.z, state.z) else replace(read, seed=None)
