"""Two branches against each other, at the time that the timeline shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from genplay.ui import theme
from genplay.ui.unfold import tape as tapes
from genplay.ui.unfold import words
from genplay.ui.unfold.branch_part import branch_colour
from genplay.ui.unfold.cloud import HALF, Cloud
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.unfold.tape import Shot, Tape
from genplay.ui.views.chips import Chips
from genplay.ui.views.compare import MODES, Compare
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.strings import Strings

TITLES = {"wipe": "Slider", "side": "Side by side", "difference": "Difference"}
TIPS = {
    "wipe": "One over the other, with a line to drag",
    "side": "Beside each other",
    "difference": "Where they differ, pixel by pixel",
}
SEEN = ("x_0", "x_t")  # what is compared, the first that both have
MOST_LINES = 150
COUPLE = 460  # pixels in which two texts stand beside each other
OF_NUMBERS = "root mean square difference of all samples, data in [−1, 1]"


class ComparePart(QFrame):
    """Takes the place of the cards while two branches are ticked. Esc, or the cross, leaves."""

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session = session
        self.modes = Chips(MODES, TITLES, TIPS)
        for name, button in self.modes.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.choose(n))
        self.modes.choose(MODES[0])
        self.about = ElidedLabel()
        self.swap = _flat("swap", "Swap the two")
        self.swap.clicked.connect(self._swap)
        self.close_button = _flat("close", "Leave the comparison (Esc)")
        self.close_button.clicked.connect(self.leave)
        self.pictures, self.cloud, self.texts = Compare(), Cloud(), Strings("card")
        self.texts.selectable = False
        self.texts.grow()
        self.cloud.pick_layer = "none"
        self.cloud.add_layer(self._draw_lines)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.pictures)
        self.stack.addWidget(self.cloud)
        self.stack.addWidget(self.texts)
        self._lay_out()
        session.frame_changed.connect(self.follow)
        session.branches_changed.connect(self.follow)
        session.changed.connect(self._changed)
        session.run_changed.connect(self._run_changed)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.modes)
        row.addWidget(self.about, 1)
        row.addWidget(self.swap)
        row.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self.stack, 1)

    # ---- what is compared

    @property
    def pair(self) -> tuple[Tape, Tape] | None:
        """The two branches, if two are ticked."""
        found = [tape for id in self.session.state.compared if (tape := self.session.find(id))]
        return (found[0], found[1]) if len(found) == 2 else None

    def choose(self, mode: str) -> None:
        """Show the two in another way."""
        self.modes.choose(mode)
        self.pictures.set_mode(mode)
        self.follow()

    def leave(self) -> None:
        """Back to the cards."""
        self.session.do(replace(self.session.state, compared=()), "leave the comparison")

    def _swap(self) -> None:
        compared = self.session.state.compared[::-1]
        self.session.do(replace(self.session.state, compared=compared), "swap what is compared")

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.compared != before.compared:
            self.follow()

    def _run_changed(self) -> None:
        self.modes.setVisible(self.session.pictures)
        view = self.pictures if self.session.pictures else self.texts if self.session.texts else self.cloud
        self.stack.setCurrentWidget(view)

    def follow(self) -> None:
        """Show both at the time on show."""
        pair = self.pair
        if pair is None:
            return
        a, b = (self._drawn(tape) for tape in pair)
        names = tuple(self._name(tape) for tape in pair)
        tints = tuple(branch_colour(self.session, tape) for tape in pair)
        if a is None or b is None:
            self.about.setText("One of the two has to be sampled again: click it in the list.")
            return
        if a.shape != b.shape:
            self.about.setText("These two have different numbers of samples: choose the same count to compare them.")
            return
        if self.session.pictures:
            self.pictures.set_names((names[0], names[1]), (tints[0], tints[1]))
            self.pictures.set_pair(a, b)
        elif self.session.texts:
            self._show_texts(a, b)
        else:
            for layer, points, tint, name in zip("ab", (a, b), tints, names):
                self.cloud.set_layer(layer, points, colour=tint, size=4.5, opacity=0.85, title=name)
            self.cloud.fit(-HALF, -HALF, HALF, HALF)
        self._say(a, b)

    def _show_texts(self, a: np.ndarray, b: np.ndarray) -> None:
        """Each text beside what it is in the other branch, the characters that differ on a ground."""
        tint = theme.colour("accent")
        tint.setAlphaF(0.35)
        pairs = [text for both in zip(self.session.text(a), self.session.text(b)) for text in both]
        shades = [[tint if c else None for c in row] for row in (a != b) for _ in "ab"]
        self.texts.columns = 2 * max(1, self.texts.width() // COUPLE)
        self.texts.set_texts(pairs, shades=shades, slots=a.shape[1])

    def _name(self, tape: Tape) -> str:
        assert self.session.run is not None
        return words.tape_name(tape, self.session.find(tape.parent), self.session.family, self.session.run.spec)

    def _say(self, a: np.ndarray, b: np.ndarray) -> None:
        frame = self.session.frame
        text = f"Δ {tapes.distance(a, b):.3f}" + (f" at t = {frame.t:.2f}" if frame else "")
        if self.pictures.mode == "difference" and self.session.pictures:
            text += f" · brightest: {self.pictures.largest:.2f} of the range of a colour"
        self.about.setText(text)
        of = "share of characters that differ" if self.session.texts else OF_NUMBERS
        self.about.setToolTip(f"Δ is the {of}")

    def _drawn(self, tape: Tape) -> np.ndarray | None:
        """What is compared of a branch at the time on show; of one whose frames are gone, its final samples."""
        frame = self.session.frame
        if not tape.shots or frame is None:
            return tape.final
        shot: Shot = tape.shots[tapes.nearest(tape.shots, frame.t)]
        return next(shot.drawn[name] for name in SEEN if name in shot.drawn)

    def _draw_lines(self, painter: QPainter, cloud: Scatter) -> None:
        """From each point of one cloud to the same point of the other."""
        a, b = cloud.layer("a"), cloud.layer("b")
        if a is None or b is None or len(a.points) != len(b.points):
            return
        tint = theme.colour("text")
        tint.setAlpha(70)
        painter.setPen(QPen(tint, 1))
        for (x0, y0), (x1, y1) in zip(a.points[:MOST_LINES], b.points[:MOST_LINES]):
            start, end = cloud.to_view(float(x0), float(y0)), cloud.to_view(float(x1), float(y1))
            if (QPointF(start) - end).manhattanLength() > 3:
                painter.drawLine(start, end)


def _flat(icon: str, tip: str) -> QPushButton:
    button = QPushButton(theme.icon(icon, "dim"), "")
    button.setProperty("role", "flat")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
