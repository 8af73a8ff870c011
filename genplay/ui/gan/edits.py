"""Undoable changes in the GAN lab: of what it shows, and of knobs of a run that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtGui import QUndoCommand

from genplay.ui.gan.state import GanState


class ViewEdit(QUndoCommand):
    """From one view to another."""

    def __init__(self, show: Callable[[GanState], None], before: GanState, after: GanState, text: str) -> None:
        super().__init__(text)
        self.show, self.before, self.after = show, before, after

    def redo(self) -> None:
        """Show the view after."""
        self.show(self.after)

    def undo(self) -> None:
        """Show the view before."""
        self.show(self.before)


class KnobEdit(QUndoCommand):
    """Live knobs of a run get other values; ``send(run_id, values)`` tells the engine."""

    def __init__(
        self,
        send: Callable[[str, dict[str, Any]], None],
        run_id: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        text: str,
    ) -> None:
        super().__init__(text)
        self.send, self.run_id, self.before, self.after = send, run_id, dict(before), dict(after)

    def redo(self) -> None:
        """Set the later values."""
        self.send(self.run_id, self.after)

    def undo(self) -> None:
        """Set the earlier values."""
        self.send(self.run_id, self.before)
