"""Drawing what is missing of a picture in several ways at once: the question, its tape, and the variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from genplay.contract.requests import Trajectory
from genplay.contract.results import Answer, Frame
from genplay.ui.painting.asking import completion
from genplay.ui.painting.session import PaintSession
from genplay.ui.painting.state import PaintState, after, blank
from genplay.ui.views.painting import Painting

SLOT = "complete"
COMPLETED = ", completed"
WATCH_MS = 200


class Completer(QObject):
    """Asks for a completion and keeps its frames, one a place or row.

    ``position`` is the frame on show, which follows while the pictures are drawn, ``focus`` the variant shown large.
    At the end the variant in focus becomes the picture: one step of undo.
    """

    changed = Signal()  # frames, position or focus
    shown = Signal()  # what is shown large
    progressed = Signal(float)  # negative when it is done

    def __init__(self, session: PaintSession) -> None:
        super().__init__(session)
        self.session = session
        self.question: Trajectory | None = None
        self.answer: Answer | None = None
        self.frames: list[Frame] = []
        self.running = False
        self.position = -1
        self.focus = 0
        self._text, self._quietly = "", False
        self._taken: Painting | None = None  # the variant that is the picture
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)
        session.changed.connect(self._changed)
        session.run_changed.connect(self.forget)

    # ---- asking

    def start(self, mask: np.ndarray, text: str) -> None:
        """Draw the places where ``mask`` (H, W) is not 0 anew, each given all before it."""
        state = self.session.state
        if state.painting is not None and mask.any():
            self.begin(completion(state, state.painting.picture, mask.astype(np.uint8)), text)

    def draw(self, quietly: bool = False) -> None:
        """Draw a whole new picture; ``quietly``, it is no step of undo, for nobody asked for it."""
        if self.session.ready:
            nothing = blank(self.session.spec)
            self.begin(completion(self.session.state, nothing.picture, nothing.mask), "draw a picture", quietly)

    def begin(self, question: Trajectory, text: str, quietly: bool = False) -> None:
        """Put a question of that kind."""
        if not (self.session.active and self.session.ready):
            return
        self.stop()
        self.question, self._text, self._quietly, self._taken = question, text, quietly, None
        self.frames, self.position, self.focus, self.answer = [], -1, 0, None
        self.running = True
        self.session.ask(SLOT, question, self._answered)
        self._watch.start()
        self._show()

    def again(self, seed: int) -> None:
        """The same places with another seed, from the picture they were drawn into."""
        if self.question is not None:
            self.session.apply(self.session.state.asking(seed=seed))
            wish = self.session.state.wish
            question = replace(self.question, n=wish.count, condition=wish.condition, seed=seed)
            self.begin(replace(question, config=completion_config(self.session.state, question)), self._text)

    def stop(self) -> bool:
        """Give up; what is drawn of the variant in focus stays. Whether anything was under way."""
        if not self.running:
            return False
        part = self.large()
        self.session.cancel(SLOT)
        self._end()
        if part is not None:
            self._take(part, f"{self._text}, in part")
        self._show()
        return True

    def forget(self) -> None:
        """Another run: nothing has been drawn of it."""
        self._end()
        self.question, self.answer = None, None
        self.frames, self.position, self._taken = [], -1, None
        self._show()

    def given_up(self) -> None:
        """The question failed."""
        if self.running:
            self._end()
            self._show()

    def _look(self) -> None:
        """It may have been given up elsewhere, with the button beside the progress."""
        if self.running and not self.session.waiting(SLOT):
            self.stop()

    def _end(self) -> None:
        if self.running:
            self.running = False
            self.progressed.emit(-1.0)
        self._watch.stop()

    def _answered(self, answer: Answer) -> None:
        if not self.running:
            return
        if isinstance(answer.value, Frame):
            self.answer = answer
            self.frames.append(answer.value)
            self.position = len(self.frames) - 1
            self.progressed.emit(answer.progress if answer.progress is not None else 0.0)
        if answer.last:
            self._end()
            self.take(self.focus, self._text)
        self._show()

    # ---- showing

    @property
    def complete(self) -> bool:
        """Whether all is drawn."""
        return bool(self.frames) and not self.running and self.frames[-1].t <= 0

    @property
    def variants(self) -> np.ndarray | None:
        """The pictures (N, H, W, C) at the frame on show."""
        return self.frames[self.position].x if self.frames else None

    def missing(self) -> np.ndarray:
        """Where (H, W) bool the frame on show has not drawn yet."""
        assert self.question is not None and self.question.mask is not None
        mask = self.question.mask > 0
        return mask & after(mask.shape, self.drawn() - 1)  # type: ignore[arg-type]

    def drawn(self) -> int:
        """How many places the frame on show has been through."""
        return self.places()[self.position]

    def places(self) -> list[int]:
        """How many places each frame has been through."""
        assert self.question is not None and self.question.mask is not None
        return [round((1 - frame.t) * self.question.mask.size) for frame in self.frames]

    def variant(self, index: int) -> Painting:
        """A variant at the frame on show; what it has not drawn keeps the picture's colours, hidden."""
        assert self.variants is not None and self.question is not None and self.question.source is not None
        missing = self.missing()
        picture = np.where(missing[..., None], self.question.source[0], self.variants[index])
        return Painting(np.ascontiguousarray(picture, np.uint8), missing.astype(np.uint8))

    def large(self) -> Painting | None:
        """The variant in focus while it is drawn, or where the tape is not at its end; else None."""
        at_end = self.position == len(self.frames) - 1
        if not self.frames or (at_end and not self.running):
            return None
        return self.variant(self.focus)

    def seek(self, place: int) -> None:
        """Show the frame that has been through about so many places."""
        if self.frames and not self.running:
            self.position = int(np.abs(np.array(self.places()) - place).argmin())
            self._show()

    def take(self, index: int, text: str = "") -> None:
        """Make a variant the picture; while it is drawn, show it large."""
        if self.variants is None or not 0 <= index < len(self.variants):
            return
        self.focus = index
        if not self.running:
            self.position = len(self.frames) - 1
            self._take(self.variant(index), text or f"take variant {index + 1}")
        self._show()

    def _take(self, painting: Painting, text: str) -> None:
        self._taken = painting
        title = self._title()
        if self._quietly:
            self._quietly = False
            self.session.apply(replace(self.session.state, painting=painting, title=title))
        else:
            self.session.paint(painting, text, title=title)

    def _title(self) -> str:
        """What the picture is once a variant is taken."""
        question = self.question
        assert question is not None and question.mask is not None
        if question.mask.all():
            return f"drawn with seed {question.seed}"
        before = self.session.state.title.removesuffix(COMPLETED)
        return f"{before}{COMPLETED}"

    def _changed(self, before: PaintState) -> None:
        """A picture that was edited is shown instead of the tape."""
        if self.session.state.painting is before.painting or self.running or not self.frames:
            return
        self.position = len(self.frames) - 1
        self._show()

    @property
    def taken(self) -> int:
        """The variant that is the picture, -1 for none."""
        return self.focus if self._taken is not None and self.session.state.painting is self._taken else -1

    def _show(self) -> None:
        self.changed.emit()
        self.shown.emit()


def completion_config(state: PaintState, question: Trajectory) -> dict[str, object]:
    """The sampler's settings of the state, with the frames that the question asked for."""
    return {**state.wish.config, "frames": question.config.get("frames", "rows")}
