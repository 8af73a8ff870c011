"""Writing with a model: complete a beginning, see what a character is drawn from, change it, write the rest anew."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question, Trajectory
from genplay.contract.results import Answer, Failure, Frame, NextProbs, RunState, Tape
from genplay.contract.spec import VEIL, DataSpec, Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.form import LABEL_WIDTH
from genplay.ui.giving_row import FoldingButton
from genplay.ui.painting.sharpening import bits, entropy, sharpened
from genplay.ui.panel import MADE, Exhibit, Panel
from genplay.ui.sampling.controls import SampleControls
from genplay.ui.sampling.wish import MAX_SEED, Wish
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.line_of_text import END
from genplay.ui.views.slider import ValueSlider
from genplay.ui.views.strings import Strings
from genplay.ui.writing import state as states
from genplay.ui.writing.desk import Desk
from genplay.ui.writing.letter_bars import LetterBars
from genplay.ui.writing.state import WAYS, WritingState

EMPTY = "Train or open a model of texts to write with it."
NO_TEXT = "Writing is for texts: this model makes {kind}."
NO_WAY = "Writing is closed for this {family}: it cannot keep a part of a text and write the rest."
NO_LIST = "This model writes all places at once: what one character is drawn from depends on all the others."
BEFORE = "An open place stands before this one: write it first (Alt+C)."
NOTHING = "Nothing is open: type a beginning, or erase a character (⌫)"
SETTLE_MS, LIVE_MS = 60, 500
TYPED, LOOKED = "change the text", "look at a character"
SLOTS = ("write", "look")


class WritingPanel(Panel):
    """The text above, what its chosen character is drawn from at the right, below it the ways to write what is open."""

    name: ClassVar[str] = "writing"
    title: ClassVar[str] = "Writing"
    icon: ClassVar[str] = "rename"
    hint: ClassVar[str] = "begin a text, change a character, have the rest written"
    order: ClassVar[int] = 57
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SAMPLE})
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.TOKENS,)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Alt+C", "Write what is open"),
        ("Alt+R", "Write everything after the character anew"),
        ("Alt+D", "The same with a new seed"),
        ("Alt+N", "Begin a new text"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.writing = WritingState()
        self.tape: tuple[Trajectory, Answer] | None = None  # what was written last
        self._memory: dict[str, WritingState] = {}
        self._pending: tuple[dict[str, Any], Question | None] | None = None
        self._active = self._running = False
        self._slid: WritingState | None = None  # before the knob that is being moved was touched
        self._probs: NextProbs | None = None
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._look)
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self._look)
        self.desk, self.bars, self.ways = Desk(), LetterBars(), Strings("card")
        self._lay_out()
        self._inspector = self._make_inspector()
        self._actions = self._make_actions()
        self._connect()
        bridge.catalogue_arrived.connect(lambda _: self._show_controls())
        self._show()

    # ---- widgets

    def _lay_out(self) -> None:
        self.bars_title, self.bars_note = ElidedLabel(), QLabel(wordWrap=True)
        self.bars_note.setProperty("role", "dim")
        self.side = _card(self.bars_title, self.bars, self.bars_note)
        self.ways.grow()
        self.ways.setAccessibleName("Ways to write it")
        self.ways_title = ElidedLabel()
        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(self.desk)
        left.addWidget(_card(self.ways_title, self.ways))
        left.setStretchFactor(1, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(self.side)
        halves.setStretchFactor(0, 62)
        halves.setStretchFactor(1, 38)
        halves.setSizes([620, 380])
        for splitter in (left, halves):
            splitter.setHandleWidth(12)
            splitter.setStyleSheet("QSplitter::handle { background: transparent; }")
            splitter.setChildrenCollapsible(False)
        self._empty = EmptyState("rename", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(halves)
        self._pages.addWidget(self._empty)

    def _make_inspector(self) -> QWidget:
        inspector = QWidget()
        self.controls = SampleControls(counted=False)
        self.count = ValueSlider(WAYS[0], WAYS[1], WAYS[2], WAYS[2], scale="log", integer=True)
        self.count.setAccessibleName("Ways")
        self.count.setToolTip("How many ways are written side by side")
        label = QLabel("ways")
        label.setProperty("role", "dim")
        label.setFixedWidth(LABEL_WIDTH)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.count, 1)
        column = QVBoxLayout(inspector)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.controls)
        column.addLayout(row)
        return inspector

    def _make_actions(self) -> list[QWidget]:
        self.write = FoldingButton(theme.icon("play", "accent_text"), "Write")
        self.write.setProperty("role", "primary")
        self.write.clicked.connect(self.toggle)
        self.rewrite = FoldingButton(theme.icon("refresh"), "Rewrite the rest")
        self.rewrite.setToolTip("Write everything after the chosen character anew (Alt+R)")
        self.rewrite.clicked.connect(self.rewrite_rest)
        self.new = FoldingButton(theme.icon("plus"), "New text")
        self.new.setToolTip("Begin a new text (Alt+N)")
        self.new.clicked.connect(self.begin_new)
        self.dice = QPushButton(theme.icon("dice"), "")
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("The same with a new seed (Alt+D)")
        self.dice.setAccessibleName("The same with a new seed")
        self.dice.clicked.connect(self.again)
        self.controls.lock.toggled.connect(lambda _: self._show_buttons())
        return [self.new, self.dice, self.rewrite, self.write]

    def _connect(self) -> None:
        desk = self.desk
        desk.text_typed.connect(self._type_whole)
        desk.place_chosen.connect(lambda place: self.do(replace(self.writing, place=place), LOOKED))
        desk.character_typed.connect(self._type)
        desk.erased.connect(lambda: self.do(self.writing.erased(), TYPED))
        desk.write_wanted.connect(self.toggle)
        self.bars.clicked.connect(self._take_character)
        self.ways.clicked.connect(self._take_way)
        self.ways.double_clicked.connect(self._take_way)
        self.controls.changed.connect(self._slide)
        self.controls.edited.connect(lambda _before, _after, what: self._record(f"change {what}"))
        self.count.moved.connect(lambda n: self._slide(replace(self.writing.wish, count=round(n))))
        self.count.released.connect(lambda _: self._record("change the number of ways"))
        self.failure_shown.connect(self._failed)
        slots = (self.toggle, self.rewrite_rest, self.again, self.begin_new)
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ---- Panel

    def closed_because(self, run: RunState) -> str:
        reason = super().closed_because(run)
        if not reason:
            return "" if run.completes else NO_WAY.format(family=run.family)
        return reason if run.spec.kind is Kind.TOKENS else NO_TEXT.format(kind=MADE[run.spec.kind])

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc stops writing."""
        return self.stop()

    @property
    def ready(self) -> bool:
        """Whether there is a model that can write."""
        return self.run is not None and self.run.status != "loading" and not self.closed_because(self.run)

    @property
    def spec(self) -> DataSpec:
        """What the texts of the run are."""
        assert self.run is not None
        return self.run.spec

    @property
    def lists(self) -> bool:
        """Whether the model says what the next character is drawn from."""
        return self.run is not None and Capability.NEXT_PROBS in self.run.capabilities

    def set_run(self, run: RunState | None) -> None:
        before, self.run = self.run, run
        same = before is not None and run is not None and before.run_id == run.run_id
        if not same or before is None or run is None or before.status != run.status or before.spec != run.spec:
            self._select(None if same else before)
        elif (before.step, before.digest) != (run.step, run.digest) and self._active and not self._live.isActive():
            self._live.start()

    def _select(self, before: RunState | None) -> None:
        if before is not None:
            self.stop()
            self.bridge.cancel(f"{self.name}.look")
            self._memory[before.run_id] = self.writing
            self.tape = None
            self.ways.set_texts(())
        if self.run is not None and self.ready:
            self.writing = self._memory.get(self.run.run_id, WritingState(Wish(self.writing.wish.seed, WAYS[2])))
            self.bars.vocabulary = self.spec.vocabulary
            if self._pending is not None:
                pending, self._pending = self._pending, None
                self.restore(*pending)
        self._show()

    def activate(self) -> None:
        self._active = True
        if self.ready and self.tape is None and self.writing.open:
            self.write_open()
        self._look()

    def deactivate(self) -> None:
        self.stop()
        self._active = False
        self._live.stop()
        self.bridge.cancel(f"{self.name}.look")

    def state(self) -> dict[str, Any]:
        return self.writing.to_plain() if self.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        """Also what another panel sends: a ``text`` that is whole."""
        if not self.ready or self.run is None:
            self._pending = (state, question)
            return
        catalogue = self.bridge.catalogue
        family = catalogue.family(self.run.family) if catalogue else None
        start = replace(self.writing, open_end=False) if "text" in state else self.writing
        read = WritingState.from_plain(state, self.run, family, start)
        self.do(states.with_question(read, question, self.run, family), "restore a view")
        if question is not None and self._active:
            self.write_open()

    # ---- changes

    def do(self, state: WritingState, text: str) -> None:
        """A change that is one step of undo by itself."""
        if self.ready and state != self.writing and self.run is not None:
            self.undo.push(_Change(self, self.run.run_id, self.writing, state, text))

    def show_state(self, run_id: str, state: WritingState) -> None:
        """What undo and redo call: the state of a run that need not be the selected one."""
        if self.run is None or self.run.run_id != run_id:
            self._memory[run_id] = state
            return
        self.writing = state
        self._show()
        self._soon.start()

    def _slide(self, wish: Wish) -> None:
        """A knob is on its way; ``_record`` ends it."""
        self._slid = self._slid or self.writing
        self.writing = replace(self.writing, wish=replace(wish, count=self.writing.wish.count))
        if wish.count != self.writing.wish.count and wish.count <= WAYS[1]:
            self.writing = self.writing.asking(count=wish.count)
        self._show_bars()
        self._show_buttons()

    def _record(self, text: str) -> None:
        before, self._slid = self._slid, None
        if before is not None and before != self.writing and self.run is not None:
            self.undo.push(_Change(self, self.run.run_id, before, self.writing, text))

    def _type_whole(self, typed: str) -> None:
        text = states.fitted(typed, self.spec)
        place = min(len(text), self.spec.size - 1)
        self.do(replace(self.writing, text=text, open_end=True, place=place), TYPED)
        self.desk.show_state(self.writing, self.spec.size)

    def _type(self, typed: str) -> None:
        known = states.fitted(typed, self.spec)
        if known:
            self.do(self.writing.with_character(known[0], self.spec.size), TYPED)

    def _take_character(self, token: int) -> None:
        """Another character at the place, and the rest anew."""
        self.do(self.writing.cut(self.spec.vocabulary[token]), TYPED)
        self.write_open()

    def _take_way(self, index: int) -> None:
        if not self._running:
            self.do(self.writing.written(self.ways.texts[index]), "take a way")

    # ---- writing

    def toggle(self) -> None:
        """Write what is open, or stop."""
        if not self.stop():
            self.write_open()

    def begin_new(self) -> None:
        """An empty text, written by the model alone."""
        self.stop()
        self._roll()
        self.do(replace(self.writing, text="", open_end=True, place=0), "begin a new text")
        self.write_open()

    def rewrite_rest(self) -> None:
        """Everything after the chosen character anew."""
        if self.ready:
            self.stop()
            self.do(self.writing.cut(), "rewrite the rest")
            self.write_open()

    def again(self) -> None:
        """What was written last with a new seed, unless it is locked."""
        if self.tape is not None and not self.controls.lock.isChecked():
            self.stop()
            self._roll()
            self._ask(replace(self.tape[0], seed=self.writing.wish.seed))

    def _roll(self) -> None:
        if not self.controls.lock.isChecked():
            self.writing = self.writing.asking(seed=random.randrange(min(MAX_SEED, 1_000_000)))
            self._show_controls()

    def write_open(self) -> None:
        """Write what is open in several ways."""
        if self.ready and self._active and self.writing.open:
            self._ask(states.completion(self.writing, self.spec))

    def _ask(self, question: Trajectory) -> None:
        self._running = True
        self.ways.select(-1)
        self.ask("write", question, lambda answer: self._answered(answer, question))
        self._show_buttons()

    def _answered(self, answer: Answer, question: Trajectory) -> None:
        if isinstance(answer.value, Frame):
            self.ways.set_texts(self.spec.text(answer.value.x), slots=self.spec.size)
            self.ways_title.setText(f"Writing in {len(answer.value.x)} ways…")
            self.progress_shown.emit(-1.0 if answer.progress is None else answer.progress)
        elif isinstance(answer.value, Tape):
            self._finish(answer, question)

    def _finish(self, answer: Answer, question: Trajectory) -> None:
        self._running = False
        self.tape = question, answer
        texts = self.spec.text(answer.value.frames[-1].x)
        self.ways.set_texts(texts)
        different = len(set(texts))
        told = f"{len(texts)} ways, {different} different" if len(texts) > 1 else "One way"
        self.ways_title.setText(f"{told} · seed {question.seed} · step {answer.step:,} · click one to take it")
        self.progress_shown.emit(-1.0)
        chosen = states.best(texts)
        self.ways.select(chosen)
        self.do(self.writing.written(texts[chosen]), "write")
        self._show()

    def stop(self) -> bool:
        """Stop writing; whether it was under way."""
        running, self._running = self._running, False
        if running:
            self.bridge.cancel(f"{self.name}.write")
            self.progress_shown.emit(-1.0)
            self.ways_title.setText("Stopped")
            self._show_buttons()
        return running

    def _failed(self, failure: Failure) -> None:
        if failure.slot == f"{self.name}.write":
            self._running = False
            self._show_buttons()

    # ---- looking

    def _look(self) -> None:
        """Ask what the character at the place is drawn from."""
        if not (self._active and self.ready and self.lists):
            return
        question = states.look(self.writing, self.spec)
        if question is None:
            self._probs = None
            self._show_bars()
            return
        text = self.desk.line.text
        self.ask("look", question, lambda answer: self._looked(answer, text))

    def _looked(self, answer: Answer, text: str) -> None:
        if isinstance(answer.value, NextProbs):
            self._probs = answer.value
            if VEIL not in text:
                self.desk.show_surprise(answer.value.surprise, text)
            self._show_bars()

    # ---- showing

    def _show(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.ready else 1)
        if not self.ready:
            return
        self.desk.show_state(self.writing, self.spec.size)
        self.side.setVisible(self.lists)
        self._show_controls()
        self._show_bars()
        self._show_buttons()

    def _show_controls(self) -> None:
        if self.run is not None and self.ready:
            catalogue = self.bridge.catalogue
            self.controls.show_wish(
                self.writing.wish, self.run, catalogue.family(self.run.family) if catalogue else None
            )
            self.count.set_value(self.writing.wish.count)

    def _show_bars(self) -> None:
        if not self.ready:
            return
        state, known = self.writing, self._probs
        self.bars_title.setText(f"Character {state.place + 1}")
        if states.look(state, self.spec) is None:
            self.bars.set_distribution(None)
            self.bars_note.setText(BEFORE)
            return
        if known is None or known.probs.shape[1] != len(self.spec.vocabulary):
            self.bars.set_distribution(None)
            self.bars_note.setText("")
            return
        probs, config = known.probs[0], state.wish.config
        temperature, top_p = float(config.get("temperature", 1.0)), float(config.get("top_p", 1.0))
        kept = sharpened(probs, temperature, int(config.get("top_k", 0)), top_p)
        drawn = self._drawn()
        self.bars.set_probabilities(probs, kept, drawn)
        self.bars_note.setText(self._told(probs, drawn))

    def _drawn(self) -> int:
        """The token at the place, -1 where it is open."""
        state = self.writing
        if state.place >= len(state.text):
            return -1 if state.open_end else 0
        sign = state.text[state.place]
        return -1 if sign == VEIL else self.spec.vocabulary.index(sign)

    def _told(self, probs: np.ndarray, drawn: int) -> str:
        words = f"Entropy {entropy(probs):.1f} bits"
        if drawn < 0:
            return f"{words}. Click a bar to write that character here."
        sign = self.bars.sign(drawn)
        what = "the end" if sign == END else f"“{sign}”"
        return f"{words}; {what} here costs {bits(float(probs[drawn])):.1f} bits. Click a bar to write another."

    def _show_buttons(self) -> None:
        running, ready = self._running, self.ready
        text, icon = ("Stop", "stop") if running else ("Write", "play")
        if self.write.text() != text:
            self.write.setText(text)
            self.write.setIcon(theme.icon(icon, "accent_text"))
        open_ = ready and self.writing.open
        tip = "Stop writing (Esc)" if running else "Write what is open (Enter, Alt+C)"
        self.write.setToolTip(tip if running or open_ else NOTHING)
        self.write.setEnabled(running or open_)
        last = ready and self.writing.place >= self.spec.size - 1
        self.rewrite.setEnabled(ready and not running and not last and bool(self.writing.text))
        self.dice.setEnabled(ready and self.tape is not None and not self.controls.lock.isChecked())
        self.new.setEnabled(ready)

    # ---- exhibits

    def exhibit(self) -> Exhibit | None:
        """All ways of writing what was open."""
        if self.tape is None or self.run is None or not self.ready:
            return None
        question, answer = self.tape
        frames = answer.value.frames
        arrays = {"frames": np.stack([f.x for f in frames]), "t": np.array([f.t for f in frames])}
        columns = self.ways.layout_columns()
        return Exhibit(
            f"{self.run.name} written", "grid", frames[-1].x, question, answer.step, answer.digest, columns,
            arrays=arrays, of_tape={"of": "x", "frame": frames[-1].index}, vocabulary=self.spec.vocabulary,
        )  # fmt: skip


class _Change(QUndoCommand):
    """One step of undo: from one state of a run to another. Looks at one character after another are one step."""

    def __init__(self, panel: WritingPanel, run_id: str, before: WritingState, after: WritingState, text: str) -> None:
        super().__init__(text)
        self.panel, self.run_id, self.before, self.after = panel, run_id, before, after

    def id(self) -> int:
        """One number for all of these, so that Qt offers them to each other for merging."""
        return 1303

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Change) or other.run_id != self.run_id or {self.text(), other.text()} != {LOOKED}:
            return False
        self.after = other.after
        return True

    def redo(self) -> None:
        self.panel.show_state(self.run_id, self.after)

    def undo(self) -> None:
        self.panel.show_state(self.run_id, self.before)


def _card(title: QWidget, *widgets: QWidget) -> QWidget:
    card = QFrame()
    card.setProperty("role", "card")
    column = QVBoxLayout(card)
    column.setContentsMargins(12, 8, 12, 8)
    column.setSpacing(6)
    column.addWidget(title)
    for place, widget in enumerate(widgets):
        column.addWidget(widget, 1 if place == 0 else 0)
    return card
