"""Between seeds: a path through noise from seed to seed, its pictures, and playing them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout

from genplay.contract.requests import WalkNoise
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.panel import Exhibit
from genplay.ui.sampling.wish import MAX_SEED
from genplay.ui.unfold.part import GAP, Part, dim_label, icon_button, whole_in
from genplay.ui.unfold.seed_keys import SeedKeys
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.cloud import clouds
from genplay.ui.views.path_controls import LETTERS, MODES, PathOptions, PlayButton, keyframe_marks, keyframe_places
from genplay.ui.views.picture import Picture
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.strip import Strip

FRAMES, FEWEST, MOST = 24, 3, 240
SLOT = "between.path"
WATCH_MS = 200
WAIT_MS = 250  # after the last change, before the path is asked for
REACH = 1.4
INVITATION = "Add the seed on show with +, or roll one with the dice: two seeds make a path through noise."
ONE = "One seed more, and there is a path from one to the other."


class InterpolatePart(Part):
    """Keyframe seeds, how the path between them is travelled, its frames in a strip and one of them large."""

    name: ClassVar[str] = "between"
    title: ClassVar[str] = "Between seeds"
    icon: ClassVar[str] = "path"
    height_wanted: ClassVar[int] = 220
    lacks: ClassVar[str] = "does not begin with noise of the picture's size; walk between codes in the Latent tab"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__(session)
        self.answer: Answer | None = None
        self.question: WalkNoise | None = None
        self.asked: WalkNoise | None = None  # what is under way
        self.keys = SeedKeys()
        self.add = icon_button("plus", "Add the seed on show as a keyframe", self.add_current)
        self.dice = icon_button("dice", "Add a random seed as a keyframe", self.add_random)
        self.options = PathOptions(FEWEST, MOST)
        self.play = PlayButton("the path between the seeds")
        self.save = QPushButton(theme.icon("film"), "Save animation…")
        self.save.setToolTip("Save the path as an animation")
        self.save.clicked.connect(self._save)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(80)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Stop")
        self.cancel.setProperty("role", "chip")
        self.cancel.setToolTip("Give up the rest of the path")
        self.cancel.clicked.connect(self.stop)
        self.strip, self.large, self.point = Strip(), Picture(), Scatter()
        self.point.fit(-REACH, -REACH, REACH, REACH, margin=0.0)
        self.point.show_position = False
        self.invitation = dim_label(INVITATION, wrap=True)
        self._later = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        for widget in (self.add, self.dice, self.options):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.bar)
        for widget in (self.cancel, self.play, self.save):
            top.addWidget(widget)
        self._shown = QStackedWidget()
        self._shown.addWidget(self.large)
        self._shown.addWidget(self.point)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.invitation, 1)
        right.addWidget(self.keys)
        right.addWidget(self.strip, 1)
        lower = QHBoxLayout()
        lower.setSpacing(GAP)
        lower.addWidget(self._shown, 2)
        lower.addLayout(right, 5)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(lower, 1)

    def _connect(self) -> None:
        self.keys.gone_to.connect(self._go_to)
        self.keys.removed.connect(self._remove)
        self.keys.reordered.connect(self._reorder)
        self.keys.used.connect(self._use)
        self.options.chosen.connect(self._choose)
        self.play.clicked.connect(self.toggle)
        self.play.ticked.connect(self._tick)
        self.strip.pressed.connect(self.play.stop)
        self.strip.scrubbed.connect(self._show_frame)
        self._later.timeout.connect(self.refresh)
        self._watch.timeout.connect(self._look)
        self.session.changed.connect(self._changed)
        self.session.weights_changed.connect(self._weights_moved)
        self.session.gave_up.connect(self._gave_up)
        theme.signals().changed.connect(self._draw)

    # ---- settings

    @property
    def seeds(self) -> tuple[int, ...]:
        """The keyframes."""
        plain = self.settings().get("seeds")
        found = plain[: len(LETTERS)] if isinstance(plain, list | tuple) else ()
        return tuple(s for s in found if type(s) is int and 0 <= s <= MAX_SEED)

    def path(self) -> tuple[str, int, bool]:
        """Mode, number of frames and whether the path is closed."""
        plain = self.settings()
        mode, closed = plain.get("mode"), plain.get("closed")
        return mode if mode in MODES else MODES[0], whole_in(plain.get("frames"), FEWEST, MOST, FRAMES), closed is True

    def _store(self, text: str, **values: Any) -> None:
        self.session.set_part(self.name, values, text)

    def add_current(self) -> None:
        """The seed on show as the last keyframe."""
        self._append(self.session.state.seed)

    def add_random(self) -> None:
        """A seed drawn by the dice as the last keyframe."""
        self._append(random.randrange(1_000_000))

    def _append(self, seed: int) -> None:
        if len(self.seeds) < len(LETTERS):
            self._store("add a keyframe seed", seeds=[*self.seeds, seed])

    def _remove(self, index: int) -> None:
        self._store(f"remove keyframe {LETTERS[index]}", seeds=[s for i, s in enumerate(self.seeds) if i != index])

    def _reorder(self, start: int, to: int) -> None:
        seeds = list(self.seeds)
        seeds.insert(to, seeds.pop(start))
        self._store("reorder keyframe seeds", seeds=seeds)

    def _use(self, index: int) -> None:
        self.session.do(self.session.state.asking(seed=self.seeds[index]), "seed")

    def _choose(self, name: str, value: object) -> None:
        texts = {
            "mode": "change the interpolation",
            "frames": "change the number of frames",
            "closed": "close the path",
        }
        self._store(texts[name], **{name: value})

    def _changed(self, before: UnfoldState) -> None:
        state = self.session.state
        if state.parts.get(self.name) != before.parts.get(self.name):
            self._show()
            self._later.start()
        elif replace(state.wish, seed=0) != replace(before.wish, seed=0):
            self._later.start()

    # ---- asking

    def wanted(self) -> WalkNoise | None:
        """The path as a question; None while there is none."""
        mode, frames, closed = self.path()
        if len(self.seeds) < 2:
            return None
        frames = max(frames, len(self.seeds))
        return WalkNoise(self.seeds, frames, mode, closed, self.session.condition, self.session.config)

    def refresh(self) -> None:
        question = self.wanted()
        self._look()
        if question is None:
            self._forget()
        elif question not in (self.asked, self.question) or (self.asked is None and self._stale()):
            self.asked = question
            self.bar.setValue(0)
            self.ask("path", question, lambda answer: self._answered(answer, question))
            self._watch.start()
            self._show_buttons()

    def _stale(self) -> bool:
        run = self.session.run
        return self.answer is None or run is None or (self.answer.step, self.answer.digest) != (run.step, run.digest)

    def _weights_moved(self) -> None:
        if self.on and self.session.state.follow and self.asked is None and not self._later.isActive():
            self._later.start(3000)

    def _answered(self, answer: Answer, question: WalkNoise) -> None:
        self.answer, self.question = answer, question
        if answer.progress is not None:
            self.bar.setValue(round(1000 * answer.progress))
        if answer.last:
            self.asked = None
        self._draw()
        self._show_buttons()

    def _look(self) -> None:
        """The path may have been given up elsewhere: with Esc, or because another tab came to the front."""
        if self.asked is None or not self.session.waiting(SLOT):
            self._watch.stop()
            self._gave_up(SLOT)

    def _gave_up(self, slot: str) -> None:
        if slot == SLOT:
            self.asked = None
            self._show_buttons()

    def stop(self) -> None:
        """Stop playing, and give up the path that is under way; what has come of it stays."""
        self.play.stop()
        if self.asked is not None:
            self.session.cancel(SLOT)
            self.asked = None
            self._show_buttons()

    def set_active(self, active: bool) -> None:
        if not active:
            self.play.stop()
            self._later.stop()
        super().set_active(active)

    def run_selected(self) -> None:
        self.asked = None
        self._forget()
        self._show()

    def _forget(self) -> None:
        self.play.stop()
        self.answer = self.question = None
        self._draw()
        self._show_buttons()

    # ---- showing

    def _draw(self) -> None:
        x = self.answer.value.x if self.answer is not None else None
        marks = {}
        if x is not None and self.question is not None:
            marks = keyframe_marks(len(self.question.seeds), len(x), self.question.closed)
        self.strip.set_frames(x, marks)
        self._shown.setCurrentWidget(self.large if self.session.pictures else self.point)
        self._show_keys()
        self._show_frame(self.strip.frame)

    def _show(self) -> None:
        self.options.show_path(*self.path())
        self._show_keys()
        self._show_buttons()

    def _show_keys(self) -> None:
        seeds = self.seeds
        self.keys.set_seeds(seeds, self._key_pictures(seeds))
        self.keys.setVisible(bool(seeds))
        self.invitation.setText(ONE if seeds else INVITATION)
        self.invitation.setVisible(self.answer is None and len(seeds) < 2)

    def _key_pictures(self, seeds: tuple[int, ...]) -> list[np.ndarray | None]:
        """What each seed draws, as far as the path on show tells."""
        if self.answer is None or self.question is None:
            return [None] * len(seeds)
        x = self.answer.value.x
        places = keyframe_places(len(self.question.seeds), len(x), self.question.closed)
        pictures = x[places] if x.dtype == np.uint8 else clouds(x[places][:, None], side=40, reach=REACH)
        known = dict(zip(self.question.seeds, pictures))
        return [known.get(seed) for seed in seeds]

    def _show_frame(self, frame: int) -> None:
        x = self.answer.value.x if self.answer is not None else None
        if x is None or not len(x):
            self.large.set_image(None)
            self.point.remove_layer("point")
        elif x.dtype == np.uint8:
            self.large.set_image(x[min(frame, len(x) - 1)])
        else:
            self.point.set_layer("path", x, size=3.0, opacity=0.5, colour="dim")
            self.point.set_layer("point", x[min(frame, len(x) - 1)][None], size=10.0, z=1)
        self._shown.setVisible(x is not None)

    def _show_buttons(self) -> None:
        there = self.answer is not None
        self.play.setEnabled(there)
        self.save.setEnabled(there)
        self.bar.setVisible(self.asked is not None)
        self.cancel.setVisible(self.asked is not None)
        self.add.setEnabled(len(self.seeds) < len(LETTERS))
        self.dice.setEnabled(len(self.seeds) < len(LETTERS))

    def _go_to(self, index: int) -> None:
        """The frame at which a keyframe is reached."""
        if self.answer is None or self.question is None or index >= len(self.question.seeds):
            return
        x = self.answer.value.x
        self.strip.set_frame(keyframe_places(len(self.question.seeds), len(x), self.question.closed)[index])
        self._show_frame(self.strip.frame)

    # ---- playing and exporting

    def toggle(self) -> None:
        """Play, or pause on the frame shown."""
        if self.play.playing:
            self.play.stop()
        elif self.answer is not None:
            if self.strip.frame >= len(self.strip) - 1:
                self.strip.set_frame(0)
            self.play.start()

    def _tick(self) -> None:
        frame = self.strip.frame + 1
        if frame >= len(self.strip) and not self.path()[2]:
            self.play.stop()
            return
        self.strip.set_frame(frame % max(1, len(self.strip)))
        self._show_frame(self.strip.frame)

    def exhibit(self) -> Exhibit | None:
        """The path as an animation."""
        answer, question = self.answer, self.question
        if answer is None or question is None or self.session.run is None:
            return None
        title = f"{self.session.run.name} between seeds"
        arrays = {"seeds": np.asarray(question.seeds, np.int64)}
        return Exhibit(title, "animation", answer.value.x, question, answer.step, answer.digest, arrays=arrays)

    def _save(self) -> None:
        exhibit = self.exhibit()
        if exhibit is not None:
            self.export_wanted.emit(exhibit)
