"""Undoable changes to runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand

from genplay.contract.requests import DeleteRun, RenameRun, RestoreRun
from genplay.ui.bridge import Bridge

if TYPE_CHECKING:
    from genplay.contract.results import RunState


class DeleteEdit(QUndoCommand):
    """A run goes to the trash; undo brings it back."""

    def __init__(self, bridge: Bridge, run: RunState) -> None:
        super().__init__(f"deletion of {run.name}")
        self.bridge, self.run_id = bridge, run.run_id

    def redo(self) -> None:
        """Delete."""
        self.bridge.send(DeleteRun(self.run_id))

    def undo(self) -> None:
        """Restore."""
        self.bridge.send(RestoreRun(self.run_id))


class RenameEdit(QUndoCommand):
    """A run gets another name."""

    def __init__(self, bridge: Bridge, run: RunState, name: str) -> None:
        super().__init__(f"renaming of {run.name}")
        self.bridge, self.run_id, self.before, self.after = bridge, run.run_id, run.name, name

    def redo(self) -> None:
        """Take the new name."""
        self.bridge.send(RenameRun(self.run_id, self.after))

    def undo(self) -> None:
        """Take the old name."""
        self.bridge.send(RenameRun(self.run_id, self.before))
