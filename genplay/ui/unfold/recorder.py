"""Has tapes sampled, takes their frames as they come, and decides when a new take replaces the one on show."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from genplay.contract.results import Answer, Frame
from genplay.ui.unfold import tape as tapes
from genplay.ui.unfold.state import LAST
from genplay.ui.unfold.tape import Take, Tape

if TYPE_CHECKING:
    from genplay.ui.unfold.session import UnfoldSession

PATIENCE = 0.3  # seconds for which the old take stays on show while a new one has not come as far
WATCH_MS = 150  # between two looks at whether a question was given up from outside
LOOK_EVERY = 32  # frames between two looks at the memory of a take that is coming


class Recorder:
    """Records takes for a session. While something is dragged, a take is let finish before the next is begun."""

    def __init__(self, session: UnfoldSession) -> None:
        self.session = session
        self._watch = QTimer(session, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)

    def sample(self, tape: Tape) -> None:
        """Sample a tape as it is wanted."""
        if self.session.hasty and tape.coming is not None:
            return
        begun = tape.coming.begun if tape.coming else perf_counter()
        tape.refused = None
        tape.coming = tape.awaited = take = Take(tape.wanted, begun=begun)
        self._watch.start()
        self.session.ask(tape.slot, tape.wanted, lambda answer: self._answered(tape, take, answer))

    def stop(self) -> None:
        """Give up all that is under way; it is asked for again when it is shown again."""
        self._watch.stop()
        for tape in self.session.tapes:
            if tape.under_way:
                self.session.cancel(tape.slot)
                tape.leave_off()

    def given_up(self, slot: str) -> None:
        """The question of a slot failed or was cancelled: what has come of it stays, and it is not put again."""
        for tape in self.session.tapes:
            if tape.slot == slot:
                tape.refused = tape.wanted
                tape.leave_off()
                if tape.take is not None:
                    tape.take.complete = True
                self.session.tape_changed.emit()
                self.session.branches_changed.emit()

    def _look(self) -> None:
        busy = [tape for tape in self.session.tapes if tape.under_way]
        for tape in busy:
            if not self.session.waiting(tape.slot):
                self.given_up(tape.slot)
        if not busy:
            self._watch.stop()

    def _answered(self, tape: Tape, take: Take, answer: Answer) -> None:
        if take is not tape.awaited:
            return
        take.step, take.digest = answer.step, answer.digest
        if isinstance(answer.value, Frame):
            take.add(answer.value)
            if len(take.shots) % LOOK_EVERY == 0:
                self._keep_within()
        if answer.last:
            take.finish(getattr(answer.value, "frames", ()))
        self._took(tape, take)
        if answer.last:
            self._completed(tape)
            self.session.tape_changed.emit()

    def _took(self, tape: Tape, take: Take) -> None:
        """More of a take has come."""
        if take is tape.coming and self._far_enough(tape, take):
            self._put_on_show(tape, take)
        if tape is self.session.tape and take is tape.take:
            self.session.tape_changed.emit()
            if self.session.state.frame == LAST:
                self.session.frame_changed.emit()

    def _far_enough(self, tape: Tape, take: Take) -> bool:
        """Whether a new take is worth showing in place of the old one: it has come as far, or it is slow."""
        if take.complete or tape.take is None or not tape.take.shots:
            return True
        if tape is not self.session.tape or not take.shots or self.session.hasty:
            return False
        shown = self.session.frame
        return shown is None or take.shots[-1].frame.t <= shown.t or perf_counter() - take.begun > PATIENCE

    def _put_on_show(self, tape: Tape, take: Take) -> None:
        """The new take replaces the old one, at the time that is on show."""
        frame = self.session.frame if tape is self.session.tape else None
        tape.take, tape.coming = take, None
        if frame is not None and self.session.state.frame != LAST:
            place = tapes.nearest(take.shots, frame.t)
            last = take.complete and place == len(take.shots) - 1
            self.session.state = replace(self.session.state, frame=LAST if last else place)
            self.session.frame_changed.emit()

    def _completed(self, tape: Tape) -> None:
        tape.leave_off()
        self._keep_within()
        self.session.branches_changed.emit()
        if tape.take is not None and not tapes.same_question(tape.take.question, tape.wanted):
            self.sample(tape)  # the hand went on meanwhile

    def _keep_within(self) -> None:
        tapes.keep_within(self.session.all_tapes(), self.session.tape)
