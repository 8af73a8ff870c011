"""The keyframe path: its letters, how it is travelled, its frames, and playing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from genplay.contract.requests import Decode, DecodePath
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.latent.keyframes import Keyframes
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import FRAMES, LatentState
from genplay.ui.views.path_controls import PathOptions, PlayButton, Toolbar, keyframe_marks
from genplay.ui.views.strip import Strip

WAIT_MS = 60
ROOMY = 520  # pixels at which the controls say all they can
INVITATION = "Add the code on show with +, move on, add another: the path between them appears here."


class PathPart(QWidget):
    """Asks for the frames of the path and shows them. Playing decodes nothing: it goes through what has arrived."""

    frame_shown = Signal(object)  # a decoded frame to show large; None when the session's own code is on show again
    path_changed = Signal(object)  # codes (F, D) along the path, or None
    save_wanted = Signal()

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: DecodePath | None = None
        self.keyframes = Keyframes(session)
        self.strip = Strip()
        self.strip.text = INVITATION
        self._narrow = False
        self.add = _button("plus", "Add the code on show as a keyframe (K)", self.add_keyframe)
        self.options = PathOptions(*FRAMES)
        self.options.chosen.connect(self._choose)
        self.play = PlayButton("the path", "P")
        self.play.clicked.connect(self.toggle)
        self.play.ticked.connect(self._tick)
        self.save = QPushButton(theme.icon("film"), "Save animation…")
        self.save.setToolTip("Save the path as an animation (Ctrl+Shift+E)")
        self.save.setAccessibleName("Save the path as an animation")
        self.save.clicked.connect(self.save_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.strip)
        self._later = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._later.timeout.connect(self.ask)
        self.strip.pressed.connect(self._scrub_begins)
        self.strip.scrubbed.connect(self._scrubbed)
        self.strip.released.connect(lambda: session.commit("scrub the path"))
        session.changed.connect(self._changed)
        session.run_changed.connect(self._run_changed)
        session.settled.connect(self.ask)
        self._follow()

    def toolbar(self) -> QWidget:
        """The controls, for the row above the strip."""
        bar = Toolbar()
        bar.resized.connect(self._fit)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.keyframes, self.add, self.options):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.play)
        row.addWidget(self.save)
        return bar

    def _fit(self, width: int) -> None:
        """Say less where there is little room."""
        if (width < ROOMY) != self._narrow:
            self._narrow = width < ROOMY
            self.save.setText("Save…" if self._narrow else "Save animation…")
            self._follow()

    def _choose(self, name: str, value: object) -> None:
        texts = {
            "mode": "change the interpolation",
            "frames": "change the number of frames",
            "closed": "close the path" if value else "open the path",
        }
        self._set(texts[name], **{name: value})

    def _set(self, text: str, **values: Any) -> None:
        self.session.do(replace(self.session.state, **values), text)

    # ---- the frames

    @property
    def codes(self) -> np.ndarray | None:
        """Codes (F, D) of the frames that have arrived."""
        return self.answer.value.z if self.answer else None

    def add_keyframe(self) -> None:
        """Append the code on show to the path."""
        self.session.do(self.session.state.with_keyframe(), "add a keyframe")

    def ask(self) -> None:
        """Decode the path, as soon as there is one."""
        state = self.session.state
        if not state.keyframes or not self.session.ready:
            self._clear()
            return
        if len(state.keyframes) == 1:
            single = Decode(state.keyframes[0][None], self.session.condition)
            self.session.ask("path", single, lambda answer: self._one(answer))
            return
        question = DecodePath(
            np.stack(state.keyframes), state.frames, state.mode, state.closed, condition=self.session.condition
        )
        self.session.ask("path", question, lambda answer: self._answered(answer, question))

    def _one(self, answer: Answer) -> None:
        self._clear()
        self.strip.set_frames(answer.value.x, {0: "A"})

    def _answered(self, answer: Answer, question: DecodePath) -> None:
        self.answer, self.question = answer, question
        marks = keyframe_marks(len(question.keyframes), len(answer.value.x), question.closed)
        self.strip.set_frames(answer.value.x, marks)
        self.path_changed.emit(answer.value.z)
        self._follow()

    def _clear(self) -> None:
        self.stop()
        self.answer = self.question = None
        self.strip.set_frames(None)
        self.path_changed.emit(None)
        self._follow()

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.z is not before.z:
            self.stop()
        names = ("mode", "frames", "closed", "condition")
        if state.keyframes is not before.keyframes or any(getattr(state, n) != getattr(before, n) for n in names):
            self._later.start()
        self._follow()

    def _run_changed(self) -> None:
        self._clear()
        self.ask()

    def _follow(self) -> None:
        state = self.session.state
        self.options.show_path(state.mode, state.frames, state.closed, self._narrow)
        moving = self.answer is not None
        for button in (self.play, self.save):
            if button.isEnabled() != moving:
                button.setEnabled(moving)

    # ---- playing and scrubbing

    @property
    def playing(self) -> bool:
        """Whether the path is being played."""
        return self.play.playing

    def toggle(self) -> None:
        """Play, or pause on the frame shown."""
        if self.playing:
            self.pause()
        elif self.answer is not None:
            if self.strip.frame >= len(self.strip) - 1:
                self.strip.set_frame(0)
            self.play.start()

    def pause(self) -> None:
        """Stop on the frame shown: its code becomes the session's."""
        if self.playing:
            self.stop()
            if self.codes is not None:
                self.session.do(self.session.state.moved(self.codes[self.strip.frame]), "play the path")

    def stop(self) -> None:
        """Stop playing and leave the session's code as it was."""
        if self.playing:
            self.play.stop()
            self.session.shown_z.emit(None)

    def _tick(self) -> None:
        assert self.codes is not None
        frame = self.strip.frame + 1
        if frame >= len(self.strip) and not self.session.state.closed:
            self.pause()
            return
        self.strip.set_frame(frame % len(self.strip))
        self._show(self.strip.frame)

    def _show(self, frame: int) -> None:
        if self.answer is not None:
            self.frame_shown.emit(self.answer.value.x[frame])
            self.session.shown_z.emit(self.answer.value.z[frame])

    def _scrub_begins(self) -> None:
        self.stop()
        self.session.begin()

    def _scrubbed(self, frame: int) -> None:
        if self.codes is not None:
            self.session.apply(self.session.state.moved(self.codes[frame]))


def _button(icon: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: slot())
    return button
