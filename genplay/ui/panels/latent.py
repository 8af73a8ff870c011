"""The Latent panel: move through a model's latent space by sliders, in a plane, on the picture, along a path."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import Question
from genplay.contract.results import Answer, Failure, RunState
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gauge import Gauge
from genplay.ui.giving_row import FoldingButton
from genplay.ui.latent.bottom import BottomPart
from genplay.ui.latent.inspector import LatentInspector
from genplay.ui.latent.keyframes import CODE_MIME, code_mime
from genplay.ui.latent.levels_part import COLUMNS
from genplay.ui.latent.matrix_part import VALUES
from genplay.ui.latent.picture_part import PicturePart
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.stage import StagePart
from genplay.ui.panel import Exhibit, Panel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.picture_files import is_foreign

SLOTS = ("picture", "map", "tiles", "matrix", "codes", "levels", "path", "arithmetic", "encode")
EMPTY = "Train or open a model to see its latent space."


class LatentPanel(Panel):
    """Everything one can do with a code ``z`` and a decoder; what needs an encoder says so where there is none."""

    name: ClassVar[str] = "latent"
    title: ClassVar[str] = "Latent"
    icon: ClassVar[str] = "latent"
    hint: ClassVar[str] = "drag the plane, a slider, or the picture itself"
    order: ClassVar[int] = 20
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.DECODE})
    shortcuts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("R", "Draw a random code"),
        ("S", "Snap to the nearest code of held-out data"),
        ("K", "Add the code on show to the path"),
        ("P", "Play or pause the path"),
        ("Ctrl+V", "Encode the picture on the clipboard"),
        ("Ctrl+Shift+E", "Save the path as an animation"),
    )

    def __init__(self, bridge: Bridge, undo: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(bridge, undo, parent)
        self.session = LatentSession(self.ask, undo, self)
        self.picture = PicturePart(self.session)
        self.stage = StagePart(self.session)
        self.bottom = BottomPart(self.session)
        self._inspector = LatentInspector(self.session)
        self._actions = self._make_actions()
        self._empty = EmptyState("latent", EMPTY)
        self._lay_out()
        self.setAcceptDrops(True)
        self.picture.latency.connect(lambda seconds: Gauge.drag(1000 * seconds))
        self.picture.drag_out.connect(self._drag_out)
        path = self.bottom.path
        path.frame_shown.connect(self.picture.show_decoded)
        path.path_changed.connect(self.stage.plane.set_path)
        path.save_wanted.connect(self._save_path)
        self.bottom.encode.refused.connect(self._refuse)
        self.bottom.encode.encoded.connect(lambda: self.bottom.choose("reconstruction"))
        self._bind_keys()
        self.session.run_changed.connect(self._show_or_not)
        self._show_or_not()

    def _lay_out(self) -> None:
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(12)
        halves.setStyleSheet("QSplitter::handle { background: transparent; }")
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.picture)
        halves.addWidget(self.stage)
        halves.setStretchFactor(0, 42)
        halves.setStretchFactor(1, 58)
        halves.setSizes([420, 580])
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(halves, 1)
        layout.addWidget(self.bottom)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(inside)
        self._pages.addWidget(self._empty)

    def _bind_keys(self) -> None:
        """Keys that work wherever the focus is while the tab is in front, whichever part is in sight."""
        path, encode, inspector = self.bottom.path, self.bottom.encode, self._inspector
        slots = (
            inspector.draw,
            inspector.go_to_nearest,
            path.add_keyframe,
            path.toggle,
            encode.paste_picture,
            self._save_path,
        )
        for (keys, _), slot in zip(self.shortcuts, slots, strict=True):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(slot)

    def _make_actions(self) -> list[QWidget]:
        undo, dice = _icon("undo", "Undo (Ctrl+Z)"), _icon("dice", "Draw a random code (R)")
        undo.clicked.connect(self.undo.undo)
        undo.setEnabled(self.undo.canUndo())
        self.undo.canUndoChanged.connect(undo.setEnabled)
        dice.clicked.connect(self._inspector.draw)
        self._encode = FoldingButton(theme.icon("image-plus"), "Encode image…")
        self._encode.setToolTip("Encode a picture file; drop one on the window or paste it (Ctrl+V) for the same")
        self._encode.clicked.connect(self.bottom.encode.choose_file)
        return [undo, dice, self._encode]

    # ---- Panel

    def inspector(self) -> QWidget:
        return self._inspector

    def actions(self) -> list[QWidget]:  # type: ignore[override]
        return self._actions

    def leave_mode(self) -> bool:
        """Esc stops the playing path."""
        playing = self.bottom.path.playing
        self.bottom.path.pause()
        return playing

    def set_run(self, run: RunState | None) -> None:
        if run is None or self.run is None or run.run_id != self.run.run_id:
            self._cancel()
        super().set_run(run)
        self.session.set_run(run)

    def _cancel(self) -> None:
        for slot in SLOTS:
            self.bridge.cancel(f"{self.name}.{slot}")

    def _show_or_not(self) -> None:
        loading = self.run is not None and self.run.status == "loading"
        self._empty.set_text("Loading the model…" if loading else EMPTY)
        self._pages.setCurrentIndex(0 if self.session.ready else 1)
        for widget in self._actions[1:]:
            widget.setEnabled(self.session.ready)
        self._encode.setVisible(self.bottom.encode.serves and self.session.pictures)

    def activate(self) -> None:
        self.session.set_active(True)

    def deactivate(self) -> None:
        self.bottom.path.pause()
        self.session.set_active(False)
        self._cancel()

    def state(self) -> dict[str, Any]:
        return self.session.state.to_plain() if self.session.ready else {}

    def restore(self, state: dict[str, Any], question: Question | None = None) -> None:
        self.session.restore(state, question)
        if self.session.ready:
            self.bottom.encode.restore(question)

    # ---- exhibits

    def exhibit(self) -> Exhibit | None:
        """The path while it plays; else the tiles, the matrix or the levels in view; else the picture."""
        shown = {"tiles": self.tiles_exhibit, "matrix": self.matrix_exhibit, "levels": self.levels_exhibit}.get(
            self.session.state.view
        )
        found = self.path_exhibit() if self.bottom.path.playing else (shown() if shown else None)
        return found or self.picture_exhibit()

    def picture_exhibit(self) -> Exhibit | None:
        """The decoded picture or point."""
        answer, question = self.picture.answer, self.picture.question
        return self._exhibit("picture", "picture", answer, question) if answer and question else None

    def tiles_exhibit(self) -> Exhibit | None:
        """The decoded plane."""
        tiles = self.stage.plane.tiles
        return self._exhibit("plane", "grid", tiles.answer, tiles.question, tiles.columns) if tiles else None

    def matrix_exhibit(self) -> Exhibit | None:
        """The traversal matrix."""
        answer, question = self.stage.matrix.answer, self.stage.matrix.question
        return self._exhibit("traversal", "grid", answer, question, len(VALUES)) if answer and question else None

    def levels_exhibit(self) -> Exhibit | None:
        """The redraws of each level."""
        answer, question = self.stage.levels.answer, self.stage.levels.question
        return self._exhibit("levels", "grid", answer, question, COLUMNS) if answer and question else None

    def path_exhibit(self) -> Exhibit | None:
        """The path as an animation."""
        answer, question = self.bottom.path.answer, self.bottom.path.question
        return self._exhibit("path", "animation", answer, question) if answer and question else None

    def _exhibit(self, what: str, kind: str, answer: Answer, question: Question, columns: int = 8) -> Exhibit:
        name = self.run.name if self.run else ""
        x, z = answer.value.x, np.asarray(answer.value.z)
        title = f"{name} {what}".strip()
        return Exhibit(title, kind, x, question, answer.step, answer.digest, columns, arrays={"z": z})

    def _save_path(self) -> None:
        exhibit = self.path_exhibit()
        if exhibit is not None:
            self.export_wanted.emit(exhibit)

    def _drag_out(self) -> None:
        from genplay.ui.drag_out import drag_out

        exhibit = self.picture_exhibit()
        if exhibit is not None:
            drag_out(self.picture, exhibit, self.recipe_of(exhibit), code_mime(exhibit.arrays["z"][0]))

    # ---- pictures dropped on the panel

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        takes = self.session.ready and self.bottom.encode.serves and self.session.pictures
        if takes and not mime.hasFormat(CODE_MIME) and (mime.hasImage() or is_foreign(mime.urls())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.bottom.encode.take(event.mimeData())

    def _refuse(self, text: str) -> None:
        self.failure_shown.emit(Failure(text, f"{self.name}.encode", self.run.run_id if self.run else ""))


def _icon(icon: str, tip: str) -> QPushButton:
    button = QPushButton(theme.icon(icon), "")
    button.setProperty("role", "icon")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
