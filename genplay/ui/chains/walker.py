"""Has chains walk: asks for a walk, records it, and plays the recording at a chosen pace."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from genplay.contract.requests import WalkChains
from genplay.contract.results import Answer, Walk
from genplay.contract.spec import Kind
from genplay.ui.chains import asking
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import PICTURE, PLACED, ChainState
from genplay.ui.chains.walk import Recording

SLOT = "walk"
TICK_MS = 25
MOST_STEPS = {Kind.POINTS: 6000, Kind.IMAGE: 2000}  # that are kept; a walk goes no further
MOST_BYTES = 192 << 20
WATCH_MS = 200
PATIENCE = 0.15  # seconds after which another walk is shown, be it shorter than the old one was
LEISURE = 0.3  # seconds that a walk has before a further change, as while a slider is dragged, puts it off


class Walker(QObject):
    """``position`` is the step on show, which moves on while it is ``playing``. A walk that the user has go on is taken
    further at its end; one that begins by itself, or because the start is another, is played once.

    Whatever decides about the walk (the start, the sampler's knobs, the seed) makes another one, which is shown at the
    same step; until its first states come the old one stays.
    """

    grew = Signal()  # the recording holds more, or is another one
    moved = Signal()  # the position
    playing_changed = Signal(bool)
    progressed = Signal(float)  # of the walk under way; negative when it is done

    def __init__(self, session: ChainSession) -> None:
        super().__init__(session)
        self.session = session
        self.recording = Recording()
        self.running = False
        self.playing = False
        self._onward = True
        self._wanted = 0.0  # the step that is to be shown, which may be still to come
        self._question: WalkChains | None = None
        self._making = self.recording  # what answers go into: another one takes over when it has come as far
        self._asked = 0.0
        self._begun = False  # whether the first answer has come
        self._numbers = 0  # of walks that went on
        self._played = 0.0
        self._clock = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self.walk)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)
        session.changed.connect(self._changed)
        session.run_changed.connect(self.forget)
        session.aged.connect(self._aged)

    # ---- what is on show

    @property
    def position(self) -> int:
        """The step on show: the one wanted, or the last there is."""
        return max(0, min(int(self._wanted), self.recording.length - 1))

    @property
    def expected(self) -> int:
        """How many steps there will be."""
        last = self.recording.length - 1
        if not self.running or self._question is None:
            return max(0, last)
        begun = self._making.legs[-1].first if self._begun else max(0, self._making.length - 1)
        return max(last, begun + self._question.steps)

    @property
    def now(self) -> np.ndarray | None:
        """The states (N, ...) on show."""
        return self.recording.x[self.position] if self.recording.length else None

    # ---- asking

    def walk(self) -> None:
        """Another walk from the start, shown at the step on show."""
        early = LEISURE - (perf_counter() - self._asked) if self.running else 0.0
        if early > 0:
            self._again.start(round(1000 * early))
            return
        self._again.stop()
        question = asking.walk(self.session.state, self.session.spec) if self.session.ready else None
        if question is None:
            self.stop()
        elif self.session.active:
            self._numbers = 0
            self._put(question, Recording())

    def _put(self, question: WalkChains, into: Recording) -> None:
        self._question, self._begun, self.running, self._asked = question, False, True, perf_counter()
        self._making = into
        self.session.ask(SLOT, question, lambda answer: self._answered(answer, question))
        self._watch.start()

    def _answered(self, answer: Answer, question: WalkChains) -> None:
        piece = answer.value
        if not isinstance(piece, Walk) or not self.running or question is not self._question:
            return
        if not self._begun:
            self._begun = True
            self._making.begin(question, answer)
        self._making.take(piece)
        late = perf_counter() - self._asked > PATIENCE
        if self._making is not self.recording and (answer.last or late or self._making.length > self._wanted):
            self.recording = self._making
        self.progressed.emit(answer.progress if answer.progress is not None and not answer.last else -1.0)
        if answer.last:
            self._end()
        self.grew.emit()

    def go_on(self) -> bool:
        """Take the walk further from its last states; whether it may go on."""
        if self.running or not self.session.active or not self.recording.length or not self._has_room():
            return False
        self._numbers += 1
        made, knobs = self.recording, self.session.sampler_knobs()
        longer = float(made.step_size[-1] / made.step_size[0])
        self._put(asking.onward(made.legs[0].question, made.state, longer, self._numbers, knobs), made)
        return self.running

    def _has_room(self) -> bool:
        length, kind = self.recording.length, self.session.spec.kind
        each = max(1, self.recording.x.nbytes // max(1, length))
        return length < min(MOST_STEPS.get(kind, 0), MOST_BYTES // each)

    def stop(self) -> bool:
        """Give up what is under way; what has come of it stays. Whether anything was."""
        was = self.running
        self._again.stop()
        if was:
            self.session.cancel(SLOT)
            self._end()
            self.grew.emit()
        return was

    def _end(self) -> None:
        self.running = False
        self._watch.stop()
        self.progressed.emit(-1.0)

    def _look(self) -> None:
        """It may have been given up elsewhere, with the button beside the progress, or have failed."""
        if self.running and not self.session.waiting(SLOT):
            self.stop()
            self.pause()

    def forget(self) -> None:
        """Another run: no chain of it has walked."""
        self.stop()
        self.pause()
        self.recording = self._making = Recording()
        self._question, self._wanted = None, 0.0
        self.grew.emit()
        self.moved.emit()

    def _changed(self, before: ChainState) -> None:
        state, spec = self.session.state, self.session.spec
        if _decisive(before) == _decisive(state):
            return
        if asking.walk(state, spec) is None:
            self.forget()
            return
        elsewhere = _start(before) != _start(state)
        if elsewhere:
            self._wanted = 0.0
        self.walk()
        if elsewhere:
            self.play(onward=False)

    def _aged(self) -> None:
        """The model has learnt something: points walk on from where they are; pictures do so at the end of the walk."""
        if not self.recording.length or self.running:
            return
        if self.playing and self.session.points:
            here = self.position
            self.recording.cut(here + 1, np.ascontiguousarray(self.recording.x[here], np.float32))
            self.go_on()
        elif not self.playing:
            self.walk()

    # ---- playing

    def play(self, onward: bool = True) -> None:
        """Have the chains walk; at the end of the recording ``onward``, else pause there."""
        self._onward = onward or (self.playing and self._onward)
        if self.playing or not self.session.ready:
            return
        if not self.recording.length and not self.running:
            self.walk()
        self.playing, self._played = True, perf_counter()
        self._clock.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop at the step on show."""
        if self.playing:
            self.playing = False
            self._clock.stop()
            self._wanted = float(self.position)
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def seek(self, step: int) -> None:
        """Show a step."""
        wanted = float(max(0, min(step, max(0, self.recording.length - 1))))
        if wanted != self._wanted:
            self._wanted = wanted
            self.moved.emit()

    def step(self, by: int) -> None:
        """Some steps on or back; beyond the end the walk goes on."""
        self.pause()
        if by > 0 and self.position + by >= self.recording.length and self.go_on():
            self._wanted = float(self.position + by)
            return
        self.seek(self.position + by)

    def rewind(self) -> None:
        """Back to the start."""
        self.seek(0)

    def _tick(self) -> None:
        now = perf_counter()
        passed, self._played = now - self._played, now
        last = self.recording.length - 1
        before = self.position
        if self._wanted <= last:
            self._wanted = min(self._wanted + passed * self.session.state.speed, last + 0.999)
        if self.position != before:
            self.moved.emit()
        at_end = self.position >= last and not self.running and self.recording.length > 0
        if at_end and not (self._onward and self.go_on()):
            self.pause()


def _decisive(state: ChainState) -> tuple[object, ...]:
    """What decides about a walk."""
    return (state.wish, *_start(state))


def _start(state: ChainState) -> tuple[object, ...]:
    """What decides where chains start."""
    given = {PLACED: (state.placed,), PICTURE: (id(state.painting), state.noise, state.clamp)}
    return (state.begin, *given.get(state.begin, ()))
