"""Where the chains start: chips, and for pictures of one's own the source and the damage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genplay.contract.spec import Kind
from genplay.ui.chains import words
from genplay.ui.chains.pictures_part import StartCanvas
from genplay.ui.chains.session import ChainSession
from genplay.ui.chains.state import PICTURE, PLACED, ChainState, begins_of
from genplay.ui.form import LABEL_WIDTH
from genplay.ui.painting.source_bar import SourceBar
from genplay.ui.sidebar import section
from genplay.ui.views.chips import Chips
from genplay.ui.views.slider import ValueSlider

TOOLS = {"brush": "Paint a part that is damaged and made anew", "eraser": "Take a part away again"}


class StartBox(QWidget):
    """Chips that choose the start, and the rows of the chosen one."""

    def __init__(self, session: ChainSession, canvas: StartCanvas) -> None:
        super().__init__()
        self.session, self.canvas = session, canvas
        self.chips = Chips(tuple(words.BEGINS), words.BEGINS, words.TIPS)
        self.words = QLabel(wordWrap=True)
        self.words.setProperty("role", "dim")
        self.source = SourceBar(session)
        for widget in (self.source.draw, self.source.half, self.source.all):
            widget.hide()
        self.noise = ValueSlider(0.0, 1.0, 0.4, 0.4)
        self.noise.setAccessibleName("Share of the pixels that is noise")
        self.noise.setToolTip(f"The share of the pixels that is replaced by noise\n{self.noise.toolTip()}")
        self.clamp = QCheckBox("keep the rest as it is")
        self.clamp.setToolTip("Chains change the painted part only; without this they may change everything")
        self.clear = _button("everything", "Damage all of the picture", lambda: self._mask("all"))
        self.half = _button("lower half", "Damage the lower half", lambda: self._mask("half"))
        self.block = _button("block", "Damage a block in the middle", lambda: self._mask("block"))
        self.tools = Chips(tuple(TOOLS), {n: n for n in TOOLS}, TOOLS)
        self.picture_rows = self._picture_rows()
        self.forget = _button("Take all away", "Have the chains start anywhere again", self._forget)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        for part in (section("Chains start at"), self._chips(), self.words, self.picture_rows, self.forget):
            whole.addWidget(part)
        self._connect()
        self.follow()

    def _chips(self) -> QWidget:
        """The chips in two rows: five names are too long for one."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        buttons = list(self.chips.buttons.values())
        for some in (buttons[:3], buttons[3:]):
            row = QHBoxLayout()
            row.setSpacing(2)
            for button in some:
                row.addWidget(button)
            row.addStretch(1)
            column.addLayout(row)
        return box

    def _picture_rows(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.source)
        column.addLayout(_row("noise", self.noise))
        damage = QHBoxLayout()
        damage.setSpacing(4)
        for button in (self.clear, self.half, self.block):
            damage.addWidget(button)
        damage.addStretch(1)
        column.addLayout(_row("damage", damage))
        column.addLayout(_row("paint", self.tools))
        column.addWidget(self.clamp)
        return box

    def _connect(self) -> None:
        session = self.session
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
        for name, button in self.tools.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self._use(n))
        self.noise.pressed.connect(session.begin)
        self.noise.moved.connect(lambda value: session.apply(replace(session.state, noise=round(value, 3))))
        self.noise.released.connect(lambda _: session.commit("change the noise"))
        self.clamp.clicked.connect(lambda on: session.set("keep the rest" if on else "free the rest", clamp=bool(on)))
        session.changed.connect(self._changed)
        session.run_changed.connect(self.follow)
        session.negatives_changed.connect(self.follow)

    # ---- choosing

    def choose(self, begin: str) -> None:
        """Have the chains start elsewhere; for a picture of one's own, first an example of the data."""
        if begin != self.session.state.begin:
            self.session.do(self.session.starting(self.session.state, begin), f"start at {words.BEGINS[begin].lower()}")
        if begin == PICTURE and self.session.state.painting is None:
            self.source.show_row(0)

    def _use(self, tool: str) -> None:
        self.canvas.tool = tool

    def _mask(self, what: str) -> None:
        painting = self.session.state.painting
        if painting is None:
            return
        height, width = painting.mask.shape
        mask = np.zeros((height, width), np.uint8)
        if what == "half":
            mask[height // 2 :] = 1
        elif what == "block":
            mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = 1
        self.session.set(f"damage {words.DAMAGE[what]}", painting=replace(painting, mask=mask))

    def _forget(self) -> None:
        state = replace(self.session.state, placed=())
        self.session.do(self.session.starting(state, "noise"), "take all starts away")

    # ---- showing

    def _changed(self, before: ChainState) -> None:
        state = self.session.state
        names = ("begin", "placed", "painting", "noise", "clamp", "wish")
        if any(getattr(state, name) != getattr(before, name) for name in names):
            self.follow()

    def follow(self) -> None:
        """Show the state."""
        session, state = self.session, self.session.state
        kind, known = session.spec.kind, begins_of(session.spec)
        for name, button in self.chips.buttons.items():
            button.setVisible(name in known)
        kept = session.negatives is not None
        self.chips.buttons["negatives"].setEnabled(kept or state.begin == "negatives")
        self.chips.buttons["negatives"].setToolTip(words.TIPS["negatives"] if kept else words.NO_NEGATIVES)
        self.chips.choose(state.begin)
        self.words.setText(words.of_start(state, kind))
        self.picture_rows.setVisible(kind is Kind.IMAGE and state.begin == PICTURE)
        self.forget.setVisible(state.begin == PLACED and bool(state.placed))
        self.noise.set_value(state.noise)
        masked = state.painting is not None and state.painting.masked
        self.clamp.setEnabled(masked)
        with QSignalBlocker(self.clamp):
            self.clamp.setChecked(state.clamp)
        self.tools.choose("eraser" if self.canvas.tool == "eraser" else "brush")


def _row(name: str, control: QWidget | QHBoxLayout) -> QHBoxLayout:
    label = QLabel(name)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL_WIDTH // 2)
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(label)
    if isinstance(control, QWidget):
        label.setBuddy(control)
        row.addWidget(control, 1)
    else:
        row.addLayout(control, 1)
    return row


def _button(text: str, tip: str, slot: object) -> QPushButton:
    assert callable(slot)
    button = QPushButton(text)
    button.setProperty("role", "chip")
    button.setToolTip(tip)
    button.clicked.connect(lambda: slot())
    return button
