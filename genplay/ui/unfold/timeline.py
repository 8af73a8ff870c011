"""The timeline of the tape on show, and playing it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from genplay.ui import theme
from genplay.ui.unfold import words
from genplay.ui.unfold.session import MOVED, UnfoldSession
from genplay.ui.unfold.state import SPEEDS, UnfoldState
from genplay.ui.unfold.tape import Shot
from genplay.ui.unfold.thumbnails import text, thumbnail
from genplay.ui.views.palette import category
from genplay.ui.views.tape_strip import SIDE, Row, TapeStrip

SMOOTH = 50  # frames a second that are shown at most; faster playing leaves some out
REST = 0.8  # seconds for which the last frame stays when a tape is played in a loop
NAMES = {"x_t": "x_t", "x_0": "x̂₀", "entropy": "H"}
THUMB_REACH = {"x_t": 2.6, "x_0": 1.35}  # half the side of the part of the plane that a thumbnail shows


class Timeline(QFrame):
    """Thumbnails of the sample in focus over the slider; play, pause, step, jump, loop, speed."""

    playing_changed = Signal(bool)

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session = session
        self.strip = TapeStrip()
        self.strip.describe = self._describe
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("role", "dim")
        self.loop = QPushButton(theme.icon("loop"), "")
        self.loop.setProperty("role", "flat")
        self.loop.setCheckable(True)
        self.loop.setToolTip("Play in a loop")
        self.loop.setAccessibleName("Play in a loop")
        self.loop.toggled.connect(self._set_loop)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Frames a second when it plays")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}/s", speed)
        self.speed.activated.connect(self._set_speed)
        self._key: tuple[object, ...] = ()
        self._rested = 0
        self._clock = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self._tick)
        self._lay_out()
        self.strip.pressed.connect(self._grab)
        self.strip.scrubbed.connect(session.seek)
        self.strip.released.connect(lambda: session.commit(MOVED))
        session.frame_changed.connect(self._frame_changed)
        session.tape_changed.connect(self.follow)
        session.branches_changed.connect(self._mark)
        session.run_changed.connect(self._run_changed)
        session.changed.connect(self._changed)
        theme.signals().changed.connect(self._rethink)
        self._show_knobs()

    def _lay_out(self) -> None:
        self.side = QWidget()
        row = QHBoxLayout(self.side)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.loop)
        row.addWidget(self.speed, 1)
        self.side.setFixedWidth(SIDE - 12)
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.addWidget(self.strip, 0, 0)
        layout.addWidget(self.note, 0, 0)
        layout.addWidget(self.side, 0, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def sizeHint(self) -> QSize:
        return QSize(600, self.strip.sizeHint().height() + 12)

    # ---- following

    def _run_changed(self) -> None:
        self.pause()
        self.strip.set_rows(())
        self.strip.set_count(0, 0)
        self._rethink()
        self._show_knobs()

    def _rethink(self) -> None:
        self._key = ()
        self.follow()

    def _changed(self, before: UnfoldState) -> None:
        state = self.session.state
        if state.focus != before.focus:
            self.follow()
        if (state.loop, state.speed) != (before.loop, before.speed):
            self._show_knobs()

    def follow(self) -> None:
        """Show the tape on show; while it has no frames, the old one stays."""
        shots, tape = self.session.shots, self.session.tape
        if not shots or tape is None:
            return
        single = len(shots) == 1 and shots[0].frame.count in (0, 1) and not self.session.sampling
        self._say_single(single)
        rows = tuple(name for name in NAMES if name in shots[0].drawn)
        key = (id(tape.take), self.session.state.focus, rows, tape.take.every if tape.take else 1)
        if key != self._key:
            self._key = key
            labels = NAMES if len(rows) > 1 else {"x_t": "x"}
            self.strip.set_rows([Row(labels[name], partial(self._thumb, shots, name)) for name in rows])
        noised = "x_0" in shots[0].drawn
        start = f"t = {shots[0].frame.t:.2g}" + (" noise" if shots[0].frame.t >= 1 else "")
        self.strip.set_ends(*((start, "data t = 0") if noised else ("start", "end")))
        expected = shots[0].frame.count + 1 if shots[0].frame.count else 0
        thinned = tape.take is not None and (tape.take.every > 1 or tape.take.complete)
        self.strip.set_count(len(shots), len(shots) if thinned else expected)
        self._frame_changed()
        self._mark()

    def _say_single(self, single: bool) -> None:
        family = self.session.family
        title = family.title if family else "This model"
        self.note.setText(f"{_article(title)} {title} makes its samples in one step." if single else "")
        self.note.setVisible(single)
        self.strip.setVisible(not single)
        self.side.setVisible(not single)

    def _thumb(self, shots: list[Shot], name: str, frame: int) -> QImage:
        drawn = shots[min(frame, len(shots) - 1)].drawn[name]
        if self.session.texts:
            return text(drawn[min(self.session.state.focus, len(drawn) - 1)], self.session.veil)
        return thumbnail(drawn, self.session.state.focus, THUMB_REACH.get(name, 1.0))

    def _frame_changed(self) -> None:
        if self.session.shots:
            self.strip.set_frame(self.session.position)

    def _describe(self, frame: int) -> str:
        shots = self.session.shots
        return f"step {shots[frame].frame.index} · {words.state_caption(shots[frame].frame)}" if shots else ""

    def _mark(self) -> None:
        """Dots where branches fork off."""
        tape = self.session.tape
        index = {shot.frame.index: place for place, shot in enumerate(self.session.shots)}
        forks = self.session.forks_of(tape) if tape else []
        self.strip.set_marks({index[fork.fork]: category(fork.id) for fork in forks if fork.fork in index})

    def _show_knobs(self) -> None:
        blocked = QSignalBlocker(self.loop), QSignalBlocker(self.speed)
        self.loop.setChecked(self.session.state.loop)
        self.speed.setCurrentIndex(self.speed.findData(self.session.state.speed))
        del blocked
        self._pace()

    def _set_loop(self, on: bool) -> None:
        self.session.do(replace(self.session.state, loop=on), "play in a loop" if on else "play once")

    def _set_speed(self) -> None:
        self.session.do(replace(self.session.state, speed=self.speed.currentData()), "change the speed")

    def _grab(self) -> None:
        self.pause()
        self.session.begin()

    # ---- playing

    @property
    def playing(self) -> bool:
        """Whether the tape is being played."""
        return self._clock.isActive()

    def toggle(self) -> None:
        """Play, from the start where the end is on show, or pause."""
        if self.playing:
            self.pause()
        elif len(self.session.shots) > 1:
            if self.session.position >= len(self.session.shots) - 1:
                self.session.glide(0)
            self._pace()
            self._clock.start()
            self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop on the frame on show."""
        if self.playing:
            self._clock.stop()
            self.playing_changed.emit(False)

    def step(self, by: int) -> None:
        """Some frames on or back."""
        self.pause()
        if self.session.shots:
            self.session.seek(max(0, self.session.position + by))

    def first(self) -> None:
        """To the noise."""
        self.pause()
        self.session.seek(0)

    def last(self) -> None:
        """To the data."""
        self.pause()
        self.session.seek(len(self.session.shots) - 1)

    def _pace(self) -> None:
        self._clock.setInterval(round(1000 / min(self.session.state.speed, SMOOTH)))

    def _tick(self) -> None:
        here, end = self.session.position, len(self.session.shots) - 1
        stride = max(1, round(self.session.state.speed / SMOOTH))
        if here < end:
            self._rested = 0
            self.session.glide(min(here + stride, end))
        elif self.session.sampling:
            return
        elif not self.session.state.loop:
            self.pause()
        elif self._rested * self._clock.interval() >= 1000 * REST:
            self.session.glide(0)
        else:
            self._rested += 1


def _article(word: str) -> str:
    """ "A" or "An", by the sound of letters where the word is an abbreviation."""
    vowels = "AEFHILMNORSX" if word[:2].isupper() else "AEIOU"
    return "An" if word[:1].upper() in vowels else "A"
