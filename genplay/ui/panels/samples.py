"""Samples of the selected run: a grid of pictures, points beside the real data, or columns of texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import LACKS, Capability
from genplay.contract.requests import CheckNovelty, DrawSamples, FindNearest, NextProbs, PreviewData, Question
from genplay.contract.results import Answer, Novelty, RunState, Samples
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.controls import SampleControls
from genplay.ui.sampling.detail import Detail
from genplay.ui.sampling.likelihood import LikelihoodBox
from genplay.ui.sampling.picture_sight import PictureSight
from genplay.ui.sampling.point_sight import PointSight
from genplay.ui.sampling.sight import Sight
from genplay.ui.sampling.text_detail import TextDetail
from genplay.ui.sampling.text_sight import MARKS, TextSight
from genplay.ui.sampling.wish import Wish
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState

LIVE_MS = 500  # between refreshes while the model trains
EMPTY = "Train or open a model to see samples of it."
NEIGHBOURS = 8
SLOTS = ("grid", "nearest", "real", "novelty", "surprise")


@dataclass(frozen=True)
class _Drawn:
    """Samples on show: the question and the weights that made them."""

    question: DrawSamples
    samples: Samples
    run_id: str
    step: int
    digest: str
    novelty: Novelty | None = None  # of texts: which stand in the data


class SamplesPanel(Panel):
    """Draws samples with the seed on show, and anew as training goes on. Click one to see it large."""

    name: ClassVar[str] = "samples"
    title: ClassVar[str] = "Samples"
    icon: ClassVar[str] = "samples"
    hint: ClassVar[str] = "click one to see it large"
    order: ClassVar[int] = 10
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SAMPLE})
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("R", "Draw a new seed"),
        ("Arrows", "Move the selection"),
        ("Enter", "Large view"),
        ("Ctrl+F", "Search the texts"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.drawn: _Drawn | None = None  # the last complete answer for the selected run
        self._memory: dict[str, tuple[Wish, _Drawn | None]] = {}
        self._wish: Wish | None = None
        self._compared = False  # whether points have been shown beside the data once
        self._asked: tuple[object, ...] = ()  # question and weights of the last request
        self._active = self._large = False
        self._real: np.ndarray | None = None
        self._real_key: tuple[object, ...] = ()
        self._pending: tuple[dict[str, Any], Question | None] | None = None
        self._live = QTimer(self, singleShot=True, interval=LIVE_MS)
        self._live.timeout.connect(self._refresh)
        self.controls = SampleControls()
        self.controls.changed.connect(self._take_wish)
        self.controls.edited.connect(self._remember_edit)
        self.likelihood = LikelihoodBox(
            lambda question, answered: self.ask("likelihood", question, answered),
            lambda: self.bridge.cancel(f"{self.name}.likelihood"),
        )
        self.failure_shown.connect(lambda _: self.likelihood.failed())
        self._inspector = QWidget()
        column = QVBoxLayout(self._inspector)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.controls)
        column.addWidget(self.likelihood)
        self._build()
        self._actions = self._make_actions()
        bridge.catalogue_arrived.connect(lambda _: self._show_controls())
        theme.signals().changed.connect(self.update)
        self._arrange()

    # ---- widgets

    def _build(self) -> None:
        self.pictures, self.cloud, self.writings = PictureSight(), PointSight(), TextSight()
        self.sights: dict[Kind, Sight] = {
            Kind.IMAGE: self.pictures,
            Kind.POINTS: self.cloud,
            Kind.TOKENS: self.writings,
        }
        self.grid, self.scatter = self.pictures.grid, self.cloud.scatter
        self.real_grid, self.real_scatter = self.pictures.real_grid, self.cloud.real_scatter
        for sight in self.sights.values():
            sight.clicked.connect(self._show_detail)
            sight.double_clicked.connect(lambda: self._set_large(not self._large))
            sight.drag_out.connect(self._drag_out)
        self.made_by, self.real_title = _dim(), _dim()
        self.detail = Detail()
        self.detail.closed.connect(self.leave_mode)
        self.detail.latent_wanted.connect(self._use_latent)
        self.detail.nearest_wanted.connect(self._find_nearest)
        self.detail.drag_out.connect(lambda: self._drag_out(self.selected))
        self.text_detail = TextDetail()
        self.text_detail.closed.connect(self.leave_mode)
        self.text_detail.writing_wanted.connect(self._write)
        QShortcut(QKeySequence("Ctrl+F"), self).activated.connect(self._search)
        self._columns = QHBoxLayout()
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(16)
        self.samples_side = _titled(self.made_by, *(sight.view for sight in self.sights.values()))
        self.real_side = _titled(self.real_title, *(sight.real_view for sight in self.sights.values()))
        self._columns.addWidget(self.samples_side, 3)
        self._columns.addWidget(self.real_side, 3)
        self._columns.addWidget(self.detail, 2)
        self._columns.addWidget(self.text_detail, 2)
        inside = QWidget()
        inside.setLayout(self._columns)
        self.empty = EmptyState("samples", EMPTY)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(inside)

    def _make_actions(self) -> list[QWidget]:
        self.real_button = _chip("Real data", "Show real samples of the data set beside these")
        self.beside_button = _chip("Side by side", "Real data in a plane of its own")
        self.real_button.toggled.connect(self._toggle_real)
        self.beside_button.toggled.connect(lambda _: self._arrange())
        self.dice = QPushButton(theme.icon("dice"), "")
        self.dice.setProperty("role", "icon")
        self.dice.setToolTip("Draw a new seed (R)")
        self.dice.setAccessibleName("Draw a new seed")
        self.dice.clicked.connect(self.controls.roll)
        self.controls.lock.toggled.connect(lambda locked: self.dice.setEnabled(not locked))
        return [self.real_button, self.beside_button, self.dice]

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    # ---- the run

    @property
    def sight(self) -> Sight:
        """How what the run makes is shown."""
        return self.sights[self.run.spec.kind] if self.run is not None else self.pictures

    def set_run(self, run: RunState | None) -> None:
        if run is not None and run.status == "loading":
            run = None
        before, self.run = self.run, run
        if (before and before.run_id) != (run and run.run_id):
            self._leave(before)
            self._enter()
        self.likelihood.set_run(run)
        if run is None:
            return
        if before is None or before.config != run.config:
            self._show_controls()
        if (self._key() != self._asked or self._real_missing()) and not self._live.isActive():
            training = before is not None and before.run_id == run.run_id and run.status == "training"
            self._live.start() if training else self._refresh()

    def _leave(self, before: RunState | None) -> None:
        for slot in SLOTS:
            self.bridge.cancel(f"{self.name}.{slot}")
        if before is not None and self._wish is not None:
            self._memory[before.run_id] = self._wish, self.drawn
        self._asked, self._large = (), False
        self._real, self._real_key = None, ()
        self._live.stop()
        for sight in self.sights.values():
            sight.select(-1)
        self._select(-1)

    def _enter(self) -> None:
        """Show what the run showed when it was last selected, with the present seed for one that is new."""
        self.drawn = None
        if self.run is None:
            self._wish = None
        else:
            seed = self._wish.seed if self._wish else 0
            self._wish, self.drawn = self._memory.get(self.run.run_id, (wishes.first(self.run, seed), None))
            self._show_controls()
            if self._pending is not None:
                pending, self._pending = self._pending, None
                self.restore(*pending)
            if self.drawn is not None and self.drawn.question == self._wish.question():
                self._asked = (self.drawn.question, self.drawn.run_id, self.drawn.step, self.drawn.digest)
        if self.run is not None:
            self.sight.enter(self.run)
        if self.sight.real_at_once and not self._compared:
            self._compared = True  # points say little without the data; once shown, the choice is the user's
            self.real_button.setChecked(True)
        self._arrange()
        self._show_drawn(fit=True)

    def _show_controls(self) -> None:
        if self.run is not None and self._wish is not None:
            catalogue = self.bridge.catalogue
            self.controls.show_wish(self._wish, self.run, catalogue.family(self.run.family) if catalogue else None)

    def activate(self) -> None:
        self._active = True
        self._refresh()

    def deactivate(self) -> None:
        self._active = False
        self.likelihood.stop()
        self._live.stop()
        for slot in SLOTS:
            if self.bridge.is_waiting(f"{self.name}.{slot}"):
                self.bridge.cancel(f"{self.name}.{slot}")
                self._asked = () if slot == "grid" else self._asked
                self._real_key = () if slot == "real" else self._real_key

    # ---- wishes

    def _take_wish(self, wish: Wish) -> None:
        self._wish = wish
        self._refresh()

    def _remember_edit(self, before: Wish, after: Wish, what: str) -> None:
        if self.run is not None:
            self.undo.push(_Change(self, self.run.run_id, before, after, f"Change {what}"))

    def show_wish(self, run_id: str, wish: Wish) -> None:
        """What undo and redo call: the wish of a run that need not be the selected one."""
        if self.run is not None and self.run.run_id == run_id:
            self._wish = wish
            self._show_controls()
            self._refresh()
        elif run_id in self._memory:
            self._memory[run_id] = wish, self._memory[run_id][1]

    # ---- asking

    def _key(self) -> tuple[object, ...]:
        """The question and the weights it would be answered by."""
        if self.run is None or self._wish is None:
            return ()
        return self._wish.question(), self.run.run_id, self.run.step, self.run.digest

    def _refresh(self) -> None:
        """Ask for samples unless those on show, or on their way, are the ones wanted."""
        key = self._key()
        if not self._active or self.run is None or self._wish is None:
            return
        self._ask_real()
        if key == self._asked:
            return
        same_question = bool(self._asked) and self._asked[:2] == key[:2]
        if same_question and self.bridge.is_waiting(f"{self.name}.grid"):
            self._live.start()  # let the answer under way arrive; newer weights come after it
            return
        question, run_id = self._wish.question(), self.run.run_id
        self._asked = key
        self.ask("grid", question, lambda answer: self._answered(answer, question, run_id))

    def _answered(self, answer: Answer, question: DrawSamples, run_id: str) -> None:
        if self.run is None or self.run.run_id != run_id:
            return
        if answer.last:
            first = self.drawn is None
            self.drawn = _Drawn(question, answer.value, run_id, answer.step, answer.digest)
            self.progress_shown.emit(-1.0)
            self._show_drawn(fit=first)
            self._check_novelty()
        else:
            self.progress_shown.emit(-1.0 if answer.progress is None else answer.progress)
            self._show_partial(answer.value.x, question)

    def _real_missing(self) -> bool:
        return self.real_button.isChecked() and not self._real_key

    def _ask_real(self) -> None:
        """Ask for real data while it is on show and not yet there."""
        if not self._active or self.run is None or self._wish is None or not self.real_button.isChecked():
            return
        n = self.sight.real or self._wish.count
        question = PreviewData(self.run.data, dict(self.run.data_options), n)
        key = (self.run.run_id, n)
        if key != self._real_key:
            self._real_key = key
            self.bridge.ask(f"{self.name}.real", "", question, self._take_real, self.failure_shown.emit)

    def _take_real(self, answer: Answer) -> None:
        if not answer.last:
            return  # a folder of pictures is still being read
        fresh = self._real is None
        self._real = answer.value.x
        self._show_real()
        if fresh:
            self.sight.fit()

    # ---- showing

    def _show_partial(self, x: np.ndarray, question: DrawSamples) -> None:
        """The finished samples over those that were on show, so that nothing jumps while the rest is drawn."""
        self.sight.show_partial(x, question.n)
        self._show_sample()

    def _show_drawn(self, fit: bool = False) -> None:
        self._pages.setCurrentIndex(0 if self.run is None else 1)
        if self.run is None:
            return
        self.made_by.setText(self._made_by())
        self.sight.show(self.drawn.samples.x if self.drawn else None)
        self._show_real()
        if fit:
            self.sight.fit()
        if self.drawn is not None and self.drawn.novelty is not None:
            self.writings.show_novelty(self.drawn.novelty)
        self._show_sample()

    def _made_by(self) -> str:
        if self.drawn is None:
            return "Drawing samples…"
        n, what = len(self.drawn.samples.x), self.sight.unit
        return f"{n:,} {what}   ·   seed {self.drawn.question.seed}   ·   step {self.drawn.step:,}"

    def _show_real(self) -> None:
        shown = self.real_button.isChecked() and self._real is not None
        beside = self.beside_button.isChecked() or not self.sight.overlays
        if shown and self._real is not None and self.run is not None:
            self.real_title.setText(f"{len(self._real):,} real   ·   {self.run.data_title or self.run.data}")
        self.sight.show_real(self._real if shown else None, beside)

    def _toggle_real(self, on: bool) -> None:
        self._arrange()
        self._ask_real()
        self._show_real()

    def _arrange(self) -> None:
        """Show the widgets that this kind of data and the toggles call for."""
        sight, real = self.sight, self.real_button.isChecked()
        self.beside_button.setVisible(sight.overlays and real)
        for each in self.sights.values():
            each.view.setVisible(each is sight)
            each.real_view.setVisible(each is sight)
        self.samples_side.setVisible(not self._large)
        beside = not sight.overlays or self.beside_button.isChecked()
        self.real_side.setVisible(real and not self._large and beside)
        self.detail.setVisible(self.selected >= 0 and sight is not self.writings)
        self.text_detail.setVisible(self.selected >= 0 and sight is self.writings)
        self.detail.set_large(self._large)
        self._show_real()

    # ---- the selected sample

    @property
    def selected(self) -> int:
        """The sample that is shown large beside the others; -1 for none."""
        return self.sight.selected

    def _select(self, index: int) -> None:
        self.sight.select(index)
        self.sight.point_out_found(None)
        self.detail.forget_found()
        if index < 0:
            self._large = False
        self._arrange()

    def _show_detail(self) -> None:
        self.bridge.cancel(f"{self.name}.nearest")
        self.sight.point_out_found(None)
        self.detail.forget_found()
        self._arrange()
        self._show_sample()

    def _show_sample(self) -> None:
        x, index = self.sight.shown(), self.selected
        if x is None or not 0 <= index < len(x):
            if index >= 0:
                self._select(-1)
            return
        self.sight.point_out(x[index])
        if self.sight is self.writings:
            self._show_text(x[index], index)
            return
        self.detail.show_sample(x[index], f"Sample {index + 1}")
        self.detail.set_latent(*self._latent_possible(index))

    def _latent_possible(self, index: int) -> tuple[bool, str]:
        if self.run is None or Capability.DECODE not in self.run.capabilities:
            return False, f"This model cannot show it: {LACKS[Capability.DECODE]}."
        there = self.drawn is not None and self.drawn.samples.z is not None and index < len(self.drawn.samples.z)
        return there, "These samples were not made from codes."

    def _use_latent(self) -> None:
        if self.drawn is None or self.drawn.samples.z is None or self.selected < 0:
            return
        z = self.drawn.samples.z[self.selected]
        self.go_to.emit("latent", {"z": z.tolist(), "condition": list(self.drawn.question.condition)})

    def _find_nearest(self) -> None:
        x, index = self.sight.shown(), self.selected
        if x is None or index < 0:
            return
        self.ask("nearest", FindNearest(x[index].copy(), NEIGHBOURS), self._take_nearest)

    def _take_nearest(self, answer: Answer) -> None:
        if not answer.last or self.selected < 0:
            return
        self.detail.show_found(answer.value, f"Nearest to the sample at step {answer.step:,}")
        self.sight.point_out_found(answer.value)

    # ---- texts

    def _check_novelty(self) -> None:
        """Ask which of the samples stand in the data."""
        drawn = self.drawn
        if self.sight is self.writings and drawn is not None and self._active:
            question = CheckNovelty(drawn.samples.x, drawn.question.condition)
            self.ask("novelty", question, lambda answer: self._take_novelty(answer, drawn))

    def _take_novelty(self, answer: Answer, drawn: _Drawn) -> None:
        if isinstance(answer.value, Novelty) and self.drawn is not None and self.drawn.samples is drawn.samples:
            self.drawn = replace(self.drawn, novelty=answer.value)
            self.writings.show_novelty(answer.value)
            self._show_sample()

    def _show_text(self, tokens: np.ndarray, index: int) -> None:
        known = self.writings.novelty
        verdict = MARKS[int(known.found[index])].meaning + "." if known is not None else ""
        text, before = self.writings.texts(tokens[None])[0], self.text_detail.text
        self.text_detail.show_text(text, f"Text {index + 1}", verdict)
        can = self.run is not None and Capability.NEXT_PROBS in self.run.capabilities
        self.text_detail.set_writable(can)
        if can and text != before and self.drawn is not None and len(self.drawn.samples.x) > index:
            question = NextProbs(tokens, 0, self.drawn.question.condition)
            self.ask("surprise", question, lambda answer: self._take_surprise(answer, text))

    def _take_surprise(self, answer: Answer, text: str) -> None:
        if self.text_detail.text == text and answer.value.surprise is not None:
            self.text_detail.show_surprise(answer.value.surprise)

    def _write(self) -> None:
        if self.drawn is not None and self.selected >= 0:
            condition = list(self.drawn.question.condition)
            self.go_to.emit("writing", {"text": self.text_detail.text, "condition": condition})

    def _search(self) -> None:
        if self.sight is self.writings:
            self.writings.bar.search.setFocus()
            self.writings.bar.search.selectAll()

    # ---- modes

    def _set_large(self, large: bool) -> None:
        self._large = large and self.selected >= 0
        self._arrange()
        (self.detail.picture if self._large and self.sight is not self.writings else self.sight.view).setFocus()

    def leave_mode(self) -> bool:
        """Esc: from the large view to the grid, from the grid with a selection to the grid alone."""
        if self._large:
            self._set_large(False)
            return True
        selected = self.selected >= 0
        if selected:
            self._select(-1)
        return selected

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_R and not event.modifiers():
            self.controls.roll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected >= 0:
            self._set_large(not self._large)
        elif event.key() == Qt.Key.Key_Escape and self.leave_mode():
            return
        else:
            super().keyPressEvent(event)

    # ---- exhibits and state

    def exhibit(self) -> Exhibit | None:
        """The selected sample, else all of them, with the question that made them."""
        if self.run is None or self.drawn is None:
            return None
        return self._exhibit_of(self.selected)

    def _exhibit_of(self, index: int) -> Exhibit:
        assert self.run is not None and self.drawn is not None
        drawn, single = self.drawn, index >= 0 and self.sight.single
        arrays = {} if drawn.samples.z is None else {"z": drawn.samples.z}
        return Exhibit(
            f"{self.run.name} sample {index + 1}" if single else f"{self.run.name} samples",
            "picture" if single else "grid",
            drawn.samples.x,
            drawn.question,
            drawn.step,
            drawn.digest,
            columns=self.sight.columns(),
            arrays=arrays,
            index=max(0, index) if single else 0,
            vocabulary=self.run.spec.vocabulary,
        )

    def _drag_out(self, index: int) -> None:
        from genplay.ui.drag_out import drag_out

        if self.drawn is not None and 0 <= index < len(self.drawn.samples.x):
            exhibit = self._exhibit_of(index)
            drag_out(self.sight.view, exhibit, self.recipe_of(exhibit))

    def state(self) -> dict[str, Any]:
        plain = self._wish.to_plain() if self._wish else {}
        toggles = {"real": self.real_button.isChecked(), "beside": self.beside_button.isChecked()}
        return {**plain, **toggles, "lock": self.controls.lock.isChecked(), "selected": self.selected}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        if self.run is None or self._wish is None:
            self._pending = (state, question)
            return
        catalogue = self.bridge.catalogue
        family = catalogue.family(self.run.family) if catalogue else None
        self._wish = wishes.from_plain(state, self.run, family, self._wish)
        if isinstance(question, DrawSamples):
            asked = {"seed": question.seed, "count": question.n, "condition": question.condition}
            self._wish = wishes.from_plain({**asked, "config": question.config}, self.run, family, self._wish)
        for name, button in (("real", self.real_button), ("beside", self.beside_button), ("lock", self.controls.lock)):
            if isinstance(state.get(name), bool):
                button.setChecked(state[name])
        self._show_controls()
        self._refresh()


class _Change(QUndoCommand):
    """A change of what is asked."""

    def __init__(self, panel: SamplesPanel, run_id: str, before: Wish, after: Wish, text: str) -> None:
        super().__init__(text)
        self.panel, self.run_id, self.before, self.after = panel, run_id, before, after

    def redo(self) -> None:
        self.panel.show_wish(self.run_id, self.after)

    def undo(self) -> None:
        self.panel.show_wish(self.run_id, self.before)


def _dim() -> QLabel:
    return ElidedLabel()


def _chip(text: str, help: str) -> QPushButton:
    chip = QPushButton(text)
    chip.setCheckable(True)
    chip.setToolTip(help)
    return chip


def _titled(title: QLabel, *views: QWidget) -> QWidget:
    side = QWidget()
    layout = QVBoxLayout(side)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for view in views:
        layout.addWidget(view, 1)
    layout.addWidget(title)
    return side
