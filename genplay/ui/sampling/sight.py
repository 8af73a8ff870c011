"""How samples of one kind of data are shown: what the Samples panel knows of each kind stands in a class of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    import numpy as np

    from genplay.contract.results import Neighbours, RunState


class Sight(QObject):
    """A view of samples, one of real data, and what goes on between them.

    ``clicked`` comes when a sample was chosen, which is then ``selected``; ``drag_out`` with its number.
    """

    clicked = Signal()
    double_clicked = Signal()
    drag_out = Signal(int)

    unit: ClassVar[str] = "samples"  # what they are called
    real: ClassVar[int] = 0  # how many real ones are shown beside them; 0: as many as there are samples
    real_at_once: ClassVar[bool] = False  # whether they say little without the data beside them
    overlays: ClassVar[bool] = False  # whether real data can be shown in the same view
    single: ClassVar[bool] = True  # whether one alone is worth exporting

    def __init__(self, view: QWidget, real_view: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view, self.real_view = view, real_view
        self.run: RunState | None = None
        view.setAccessibleName("Samples")
        real_view.setAccessibleName("Real data")

    def enter(self, run: RunState) -> None:
        """Another run: forget what was shown of the one before."""
        self.run = run

    @property
    def selected(self) -> int:
        """The sample that is shown large beside the others; -1 for none."""
        raise TypeError(f"{type(self).__name__} defines no selected")

    def select(self, index: int) -> None:
        """Choose a sample, -1 for none."""

    def shown(self) -> np.ndarray | None:
        """The samples on show."""
        return None

    def show(self, x: np.ndarray | None) -> None:
        """Show samples."""

    def show_partial(self, x: np.ndarray, n: int) -> None:
        """Show those of ``n`` samples that are there, over the ones that were on show, so that nothing jumps."""

    def show_real(self, x: np.ndarray | None, beside: bool) -> None:
        """Show real data, ``beside`` the samples or among them; None takes it away."""

    def fit(self) -> None:
        """Show all of it, where the view can be moved."""

    def point_out(self, x: np.ndarray) -> None:
        """Mark the chosen sample among the others."""

    def point_out_found(self, found: Neighbours | None) -> None:
        """Mark the training examples nearest to the chosen sample."""

    def columns(self) -> int:
        """How many samples stand in a row."""
        return 1
