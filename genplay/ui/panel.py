"""What the stage expects of a tab. A panel is one file in ``genplay.ui.panels`` with one subclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QWidget

from genplay import __version__
from genplay.contract.capability import Capability
from genplay.contract.recipe import Recipe
from genplay.contract.requests import Question
from genplay.contract.spec import Kind
from genplay.ui.bridge import Bridge

if TYPE_CHECKING:
    import numpy as np

    from genplay.contract.results import RunState


MADE = {Kind.POINTS: "points", Kind.IMAGE: "pictures", Kind.TOKENS: "texts"}


@dataclass(frozen=True)
class Exhibit:
    """Something on the stage that can be copied, exported or dragged out of the window.

    ``x`` are pictures uint8 (N, H, W, C), points (N, 2) or tokens (N, L); ``kind`` is "picture", "grid" or "animation";
    ``columns`` is the grid's width. ``question`` made it, answered by weights at ``step``. ``arrays`` go into an npz
    besides ``x``, or alone where they hold its ``frames``. ``of_tape`` says what of a tape it is, in the words of the
    export options ``of``, ``frame`` and ``steps``, so that a script makes the same. A picture ``by_window`` is drawn by
    the window alone: ``arrays`` hold all that it shows, under their names in the answer, and a script makes those.
    """

    title: str
    kind: str
    x: np.ndarray
    question: Question
    step: int
    digest: str = ""
    columns: int = 8
    seconds_per_frame: float = 0.05
    arrays: dict[str, Any] = field(default_factory=dict)
    index: int = 0  # which of ``x`` a "picture" is
    of_tape: dict[str, Any] = field(default_factory=dict)
    by_window: bool = False
    vocabulary: tuple[str, ...] = ()  # of texts: what the tokens spell

    @property
    def texts(self) -> list[str]:
        """What tokens (N, L), or the last frame of an animation of them, spell."""
        from genplay.contract.spec import DataSpec

        x = self.x[-1] if self.x.ndim == 3 else self.x
        return DataSpec(Kind.TOKENS, x.shape[-1:], (), self.vocabulary).text(x)

    @property
    def pictures(self) -> np.ndarray:
        """``x`` as it is drawn: texts as pictures, too."""
        if not self.vocabulary:
            return self.x
        from genplay.export.lettering import drawn

        return drawn(self.x, self.vocabulary)


class Panel(QWidget):
    """Base of every tab.

    A subclass sets the class attributes, builds its widgets in ``__init__`` (cheaply: plots are built when first
    shown) and defines the methods below. Questions are put with ``self.ask``, which prefixes the slot with the panel's
    name and shows failures over the panel.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]  # a name known to genplay.ui.theme.icon
    hint: ClassVar[str] = ""  # dim text beside the title: what one can do here
    order: ClassVar[int] = 100
    needs: ClassVar[frozenset[Capability]] = frozenset()
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.POINTS, Kind.IMAGE)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = ()  # (keys, what they do), for the sheet of shortcuts
    own_knobs: ClassVar[frozenset[str]] = frozenset()  # live knobs that it has controls for: listed nowhere else then
    shows_alarms: ClassVar[bool] = False  # whether it shows notices that name remedies itself

    export_wanted = Signal(object)  # Exhibit
    drawing_wanted = Signal()  # to paint data
    go_to = Signal(str, dict)  # name of another panel and the state to give it
    failure_shown = Signal(object)  # Failure, to be shown over the panel
    progress_shown = Signal(float)  # of the slowest question under way; negative when none

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge, self.undo = bridge, undo
        self.run: RunState | None = None

    def closed_because(self, run: RunState) -> str:
        """Why the panel cannot serve a run, as a sentence for the tooltip; "" when it can."""
        from genplay.contract.capability import LACKS

        lacking = sorted(self.needs - run.capabilities)
        if lacking:
            return f"{self.title} is closed for this {run.family}: {LACKS[lacking[0]]}."
        if run.spec.kind not in self.kinds:
            return f"{self.title} does not work on {MADE[run.spec.kind]}."
        return ""

    def inspector(self) -> QWidget:
        """The panel's controls for the right-hand column, made once."""
        return QWidget()

    def actions(self) -> list[QWidget]:  # type: ignore[override]  # QWidget has no use for a list of actions here
        """Buttons for the right end of the title row, made once."""
        return []

    def leave_mode(self) -> bool:
        """Esc was pressed: leave the panel's mode, if it is in one; says whether it was."""
        return False

    def set_run(self, run: RunState | None) -> None:
        """Another run is selected, or the selected one changed (``run.step`` tells whether its weights did)."""
        self.run = run

    def activate(self) -> None:
        """The tab came to the front: ask for what is stale."""

    def deactivate(self) -> None:
        """Another tab came to the front: stop animations, cancel slow questions."""

    def exhibit(self) -> Exhibit | None:
        """What Ctrl+C copies and Export writes; None while there is nothing to show."""
        return None

    def state(self) -> dict[str, Any]:
        """The panel's knobs as plain JSON values, for recipes and for the next start."""
        return {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        """Set the knobs from ``state``, which may be damaged, and show what ``question`` of a recipe made."""

    def ask(self, slot: str, question: Question, answered: Any, *, patient: bool = False) -> int:
        """Put a question to the selected run under ``<panel>.<slot>``; see ``Bridge.ask``."""
        assert self.run is not None
        fail = self.failure_shown.emit
        return self.bridge.ask(f"{self.name}.{slot}", self.run.run_id, question, answered, fail, patient=patient)

    def recipe_of(self, exhibit: Exhibit) -> Recipe:
        """What makes an exhibit of the selected run again; of a checkpoint in the words of its file."""
        assert self.run is not None
        run = self.run
        return Recipe(
            digest=exhibit.digest,
            family=run.family,
            run=run.card_name if exhibit.digest and run.card_name else run.name,
            step=exhibit.step,
            question=exhibit.question,
            view={"panel": self.name, **self.state()},
            checkpoint=Path(run.path).name if run.path else "",
            made_with=f"genplay {__version__}",
        )
