"""A step of undo of a drawing: one stroke, one preset, one clearing."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QUndoCommand

from genplay.ui.views.airbrush import Airbrush


class Stroke(QUndoCommand):
    """From one density to another; the pad shows the second already when it is pushed."""

    def __init__(self, pad: Airbrush, before: np.ndarray, after: np.ndarray, text: str) -> None:
        super().__init__(text)
        self.pad, self.before, self.after = pad, before, after

    def redo(self) -> None:
        """Show what was after."""
        if self.pad.density is not self.after:
            self.pad.set_density(self.after)

    def undo(self) -> None:
        """Show what was before."""
        self.pad.set_density(self.before)
