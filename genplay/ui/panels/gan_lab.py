"""The GAN lab: watch two players, train one of them, go back, and see what would have helped."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtGui import QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from genplay.contract.capability import LACKS, Capability
from genplay.contract.catalogue import Preset
from genplay.contract.requests import Question
from genplay.contract.results import Failure, RunState
from genplay.contract.spec import Kind
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gan.alarm_card import AlarmCard
from genplay.ui.gan.compare_bar import CompareBar
from genplay.ui.gan.inspector import CRITIC, GanInspector
from genplay.ui.gan.players import KNOB as PLAYERS
from genplay.ui.gan.players import Players
from genplay.ui.gan.points_part import PointsPart
from genplay.ui.gan.rewind_part import RewindPart
from genplay.ui.gan.session import NEEDS, GanSession, plays
from genplay.ui.giving_row import FoldingButton
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.snapshot_strip import NOW

if TYPE_CHECKING:
    from genplay.ui.gan.pictures_pair import PicturesPair
    from genplay.ui.gan.translate_pair import TranslatePair

PICTURES = "genplay.ui.gan.pictures_pair"  # the part for pictures, made when the first run needs it
ALARMS = 2  # shown at once
EMPTY = "Train or open a GAN to see its two players."


class GanLabPanel(Panel):
    """The canvas of a game on points, or the judged pictures; below it the way back and what went wrong."""

    name: ClassVar[str] = "gan"
    title: ClassVar[str] = "GAN lab"
    icon: ClassVar[str] = "gan"
    hint: ClassVar[str] = "train one player, watch the other"
    order: ClassVar[int] = 50
    needs: ClassVar[frozenset[Capability]] = NEEDS
    own_knobs: ClassVar[frozenset[str]] = frozenset({PLAYERS, CRITIC})
    shows_alarms: ClassVar[bool] = True
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("D", "Train the discriminator alone"),
        ("G", "Train the generator alone"),
        ("B", "Train both players"),
        ("S", "Slow motion, on or off"),
        ("P", "Play or pause slow motion"),
        ("N", "Next stage of slow motion"),
        ("W", "Rewind: one snapshot back (Enter goes there)"),
        ("F", "Fork with a remedy"),
        ("C", "Close the comparison"),
        ("A", "Draw data with an airbrush"),
        ("T", "Translate the other way"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = GanSession(bridge, undo, self.name, self)
        self.players = Players(self.session)
        self.points = PointsPart(self.session)
        self.compare_bar, self.way_back = CompareBar(self.session), RewindPart(self.session)
        self.alarms = tuple(AlarmCard(self.session, place) for place in range(ALARMS))
        self.pictures: PicturesPair | None = None
        self.translations: TranslatePair | None = None
        self._wanted: Question | None = None  # of a recipe, for a part that is not there yet
        self._inspector = GanInspector(self.session)
        self._empty = EmptyState("gan", EMPTY)
        self._actions = self._make_actions()
        self._lay_out()
        self._bind_keys()
        self.way_back.previewed.connect(self.points.preview)
        self.way_back.forked.connect(self._fork)
        for alarm in self.alarms:
            alarm.forked.connect(self._fork)
        self._inspector.remedies.forked.connect(lambda chosen: self._fork(self._fork_step(), chosen))
        self.session.run_changed.connect(self._show_or_not)
        for seat in self.session.seats:
            seat.failed.connect(self._failed)
        bridge.catalogue_arrived.connect(lambda _: self._learn_families())
        self._show_or_not()

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.points)
        self.pages.addWidget(self._empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.compare_bar)
        whole.addWidget(self.pages, 1)
        for part in (self.way_back, *self.alarms):
            whole.addWidget(part)

    def _make_actions(self) -> list[QWidget]:
        self.slow = FoldingButton(theme.icon("slow"), "slow motion")
        self.slow.setCheckable(True)
        self.slow.setToolTip("One update in five stages: draw z, generate, score, update D, update G (S)")
        self.slow.clicked.connect(self.points.slow.toggle)
        self.points.slow.changed.connect(lambda: self.slow.setChecked(self.points.slow.on))
        self.rewind = FoldingButton(theme.icon("rewind"), "Rewind")
        self.rewind.setToolTip("Go back to a snapshot of the training (W)")
        self.rewind.clicked.connect(self.way_back.back)
        self.draw = FoldingButton(theme.icon("modes"), "Draw data")
        self.draw.setToolTip("Paint a distribution with an airbrush, for a new run to learn (A)")
        self.draw.clicked.connect(self.drawing_wanted)
        self.session.news.connect(self._follow)
        return [*self.players.buttons.values(), self.slow, self.rewind, self.draw]

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front."""
        choose, slow = self.players.choose, self.points.slow
        slots = (
            lambda: choose("discriminator"),
            lambda: choose("generator"),
            lambda: choose("both"),
            slow.toggle,
            slow.toggle_playing,
            slow.next,
            self.way_back.back,
            self._fork_by_key,
            self.session.part,
            self.drawing_wanted.emit,
            self._turn,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _turn(self) -> None:
        if self.translations is not None and self.session.translates:
            self.translations.bar.turn()

    # ---- Panel

    def closed_because(self, run: RunState) -> str:
        if run.spec.kind is Kind.IMAGE and find_spec(PICTURES) is None:
            return f"{self.title} does not work on {run.spec.kind}."
        closed = super().closed_because(run)
        if not closed and not plays(run.capabilities):
            return f"{self.title} is closed for this {run.family}: {LACKS[Capability.DECODE]}."
        return closed

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc leaves slow motion, the past, or the comparison."""
        if self.points.slow.on:
            self.points.slow.stop()
            return True
        if self.way_back.leave():
            return True
        compared = self.session.rival is not None
        self.session.part()
        return compared

    def set_run(self, run: RunState | None) -> None:
        super().set_run(run)
        catalogue = self.bridge.catalogue
        self.session.set_run(run, catalogue.family(run.family) if catalogue and run else None)

    def _learn_families(self) -> None:
        """Knobs and remedies of the run on show are known only now."""
        self.session.set_run(None, None)
        self.set_run(self.run)

    def activate(self) -> None:
        self._activate(True)

    def deactivate(self) -> None:
        self._activate(False)

    def _activate(self, active: bool) -> None:
        self.session.set_active(active)
        if not active:
            self.points.slow.pause()
            self.way_back.leave()
        if self.pictures is not None:
            self.pictures.activate(active and self._for_pictures)
        if self.translations is not None:
            self.translations.activate(active and self.session.translates)

    @property
    def _for_pictures(self) -> bool:
        return self.session.ready and not self.session.points and not self.session.translates

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)
        if self.translations is not None:
            self.translations.restore(question)
        else:
            self._wanted = question

    def exhibit(self) -> Exhibit | None:
        """The canvas, or what the part for pictures shows."""
        if self.session.translates:
            return self.translations.exhibit() if self.translations is not None else None
        if self._for_pictures:
            return self.pictures.exhibit() if self.pictures is not None else None
        return self.points.exhibit(self.run.name if self.run else "")

    # ---- showing

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        page: QWidget = self._empty
        if self.session.ready:
            page = self._translations_part() if self.session.translates else self._part_for_data()
        self.pages.setCurrentWidget(page)
        self._follow()

    def _part_for_data(self) -> QWidget:
        return self.points if self.session.points else self._pictures_part()

    def _translations_part(self) -> QWidget:
        """The part for models that translate, made when it is first needed."""
        if self.translations is None:
            from genplay.ui.gan.translate_pair import TranslatePair

            self.translations = TranslatePair(self.session)
            self.translations.failed.connect(self._failed)
            self.pages.addWidget(self.translations)
            self.translations.restore(self._wanted)
        if self.pictures is not None:
            self.pictures.activate(False)
        self.translations.activate(self.session.active)
        return self.translations

    def _pictures_part(self) -> QWidget:
        """The part for pictures, made when it is first needed."""
        if self.pictures is None:
            from genplay.ui.gan.pictures_pair import PicturesPair

            self.pictures = PicturesPair(self.session)
            self.pictures.failed.connect(self._failed)
            self.pages.addWidget(self.pictures)
        if self.translations is not None:
            self.translations.activate(False)
        self.pictures.activate(self.session.active)
        return self.pictures

    def _follow(self) -> None:
        ready = self.session.ready
        self._enable(self.slow, ready and self.session.points)
        self._enable(self.rewind, ready and self.run is not None and bool(self.run.snapshots))

    @staticmethod
    def _enable(button: QPushButton, on: bool) -> None:
        if button.isEnabled() != on:
            button.setEnabled(on)

    def _failed(self, failure: Failure | None) -> None:
        if failure is not None:
            self.failure_shown.emit(failure)

    # ---- forks

    def _fork_step(self) -> int:
        """Where a fork begins: at the handle, else before the alarm, else now."""
        if self.way_back.at != NOW:
            return self.way_back.at
        return next((alarm.step for alarm in self.alarms if not alarm.isHidden()), NOW)

    def _fork(self, step: int, chosen: list[Preset]) -> None:
        self.points.slow.stop()
        self.session.fork(step, chosen)

    def _fork_by_key(self) -> None:
        """With the remedies that are ticked, else from those of the alarm."""
        chosen = self._inspector.remedies.chosen()
        if chosen:
            self._fork(self._fork_step(), chosen)
        else:
            self.alarms[0].open_menu()
