"""What each level of a hierarchical code decides: rows of redraws, and how much and where they change the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from genplay.contract.capability import Capability
from genplay.contract.requests import RedrawLevels
from genplay.contract.results import Answer, Levels
from genplay.ui import theme
from genplay.ui.latent.geometry import mosaic
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import LatentState
from genplay.ui.views import pixels
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.heatmap import colours

COLUMNS = 6
LEVEL_VECTOR = "kl by level"
WAIT_MS = 120
WAYS = ("alone", "below")
TITLES = {"alone": "Each level alone", "below": "And all below"}
TIPS = {
    "alone": "A row redraws one level; all others are held",
    "below": "A row redraws a level and all below it; only those above are held",
}
HINT = "Click a picture to hold it; its levels become the code."
LABEL, HEADER, GAP, WIDE_GAP = 102, 18, 2, 10
BAR = 4  # pixels


@dataclass(frozen=True)
class RowHead:
    """What is said beside a row: its name, the KL of its level (None where it is not known) and how much it changes."""

    name: str
    kl: float | None
    change: float


class LevelGrid(QWidget):
    """Rows of pictures with heads at their left and a map of change at their right. A cell is clicked or chosen by
    arrows and Enter."""

    clicked = Signal(int, int)  # row and column
    pointed = Signal(int)  # at a row, -1 at none

    def __init__(self) -> None:
        super().__init__()
        self.heads: tuple[RowHead, ...] = ()
        self.hover = (-1, -1)
        self._image: QImage | None = None
        self._maps: QImage | None = None
        self._side = (1, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(LABEL + 120, 120)
        self.setAccessibleName("Redraws of each level")
        self.setAccessibleDescription("Arrow keys choose a picture, Enter holds it")

    def sizeHint(self) -> QSize:
        return QSize(460, 400)

    def set_rows(self, levels: Levels | None, heads: tuple[RowHead, ...] = ()) -> None:
        """Show redraws under these heads, None for nothing."""
        self.heads = heads if levels is not None else ()
        self._image = self._maps = None
        if levels is not None:
            self._side = (levels.x.shape[1], levels.x.shape[2])
            self._image = pixels.to_qimage(mosaic(levels.x, len(levels.x) // len(heads)))
            top = max(float(levels.where.max()), 1e-6)
            self._maps = pixels.to_qimage(colours(levels.where.reshape(-1, levels.where.shape[2]), 0.0, top))
            told = (f"{h.name}: changes {h.change:.0%}" for h in heads)
            self.setAccessibleDescription(", ".join(told) + ". Arrow keys choose a picture, Enter holds it")
        self.update()

    # ---- geometry

    def factor(self) -> float:
        """Logical pixels a picture pixel: whole ones where there is room for two."""
        height, width = self._side
        across = (self.width() - LABEL - WIDE_GAP - (COLUMNS + 1) * GAP) / ((COLUMNS + 1) * width)
        down = ((self.height() - HEADER) / max(1, len(self.heads)) - 2 * GAP) / height
        fits = min(across, down)
        return float(int(fits)) if fits >= 2 else max(1, int(fits * height)) / height

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a picture is; the column after the last is the map of change."""
        height, width = (side * self.factor() for side in self._side)
        left = LABEL + column * (width + GAP) + (WIDE_GAP if column == COLUMNS else 0)
        return QRectF(left, HEADER + row * (height + 2 * GAP), width, height)

    def cell_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column under a point, (-1, -1) for none."""
        cells = ((r, c) for r in range(len(self.heads)) for c in range(COLUMNS))
        return next((cell for cell in cells if self.cell_rect(*cell).contains(point)), (-1, -1))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("background"))
        if self._image is None or self._maps is None:
            return
        self._draw_columns(painter)
        most = max((head.kl or 0.0 for head in self.heads), default=0.0)
        height, width = self._side
        for row, head in enumerate(self.heads):
            self._draw_head(painter, row, head, most)
            for column in range(COLUMNS):
                source = QRectF(column * width, row * height, width, height)
                pixels.draw(painter, self.cell_rect(row, column), self._image, source)
            pixels.draw(painter, self.cell_rect(row, COLUMNS), self._maps, QRectF(0, row * height, width, height))
        if self.hover[0] >= 0:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(self.cell_rect(*self.hover).adjusted(-1, -1, 1, 1))

    def _draw_columns(self, painter: QPainter) -> None:
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        first, last = self.cell_rect(0, 0), self.cell_rect(0, COLUMNS - 1)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(first.left(), 0, last.right() - first.left(), HEADER - 4), flags, "drawn anew")
        place = self.cell_rect(0, COLUMNS)
        painter.drawText(QRectF(place.left(), 0, self.width() - place.left(), HEADER - 4), flags, "where")

    def _draw_head(self, painter: QPainter, row: int, head: RowHead, most: float) -> None:
        """Name, KL and change in lines of their own, as many as the row is high, and the KL as a bar."""
        place = self.cell_rect(row, 0)
        area = QRectF(0, place.top(), LABEL - 14, place.height())
        kl = f"KL {head.kl:.1f} nats" if head.kl is not None else ""
        lines = [line for line in (head.name, kl, f"changes {head.change:.0%}") if line]
        lines = lines[: max(1, int((area.height() - BAR - 2) // 16))]
        top = area.top()
        for index, line in enumerate(lines):
            painter.setFont(theme.font(12, QFont.Weight.DemiBold) if index == 0 else theme.font(11))
            painter.setPen(theme.colour("text" if index == 0 or row == self.hover[0] else "dim"))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(area.left(), top, area.width(), 16), flags, line)
            top += 16
        if head.kl is not None and most > 0 and top + BAR + 2 <= area.bottom() + 1:
            track = QRectF(area.left(), top + 3, area.width(), BAR)
            painter.fillRect(track, theme.colour("line"))
            painter.fillRect(QRectF(track.topLeft(), track.bottomRight()).adjusted(
                0, 0, -(1 - head.kl / most) * track.width(), 0
            ), theme.colour("good"))  # fmt: skip

    # ---- mouse and keys

    def _point_at(self, cell: tuple[int, int]) -> None:
        if cell != self.hover:
            self.hover = cell
            self.pointed.emit(cell[0])
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at((-1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and cell[0] >= 0:
            self.clicked.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self.heads:
            row = min(max(self.hover[0] + step[0], 0), len(self.heads) - 1)
            self._point_at((row, min(max(self.hover[1] + step[1], 0), COLUMNS - 1)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.hover[0] >= 0:
            self.clicked.emit(*self.hover)
        else:
            super().keyPressEvent(event)


class LevelsPart(QWidget):
    """Redraws the levels of the session's code while it is in sight. A click holds a picture: its code is gone to."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: RedrawLevels | None = None
        self.way = "alone"
        self.turn = 0  # which redraw is on show
        self.grid = LevelGrid()
        self.chips = Chips(WAYS, TITLES, TIPS)
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: self.show_way(n))
        self.chips.choose(self.way)
        self.dice = QPushButton(theme.icon("dice"), "Redraw")
        self.dice.setToolTip("Other draws of the levels that are not held")
        self.dice.clicked.connect(self.redraw)
        self.about = ElidedLabel()
        self._later = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._later.timeout.connect(self.ask)
        self._lay_out()
        self.grid.clicked.connect(self.hold)
        self.grid.pointed.connect(lambda row: self._say())
        session.changed.connect(self._changed)
        session.settled.connect(self.ask_later)
        session.run_changed.connect(self._run_changed)
        session.kl_changed.connect(self._draw)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.chips)
        head.addStretch(1)
        head.addWidget(self.dice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.about)

    @property
    def serves(self) -> bool:
        """Whether the run's codes have levels."""
        run = self.session.run
        return run is not None and Capability.LEVELS in run.capabilities

    def _wanted(self) -> bool:
        return self.serves and self.session.state.view == "levels" and self.session.pictures and self.session.ready

    # ---- asking

    def ask_later(self) -> None:
        """Ask once changes have come to rest."""
        if self._wanted():
            self._later.start()

    def ask(self) -> None:
        """Draw the levels of the code on show anew."""
        if not self._wanted():
            return
        question = RedrawLevels(
            self.session.state.z, COLUMNS, self.way == "below", condition=self.session.condition, seed=self.turn
        )
        self.session.ask("levels", question, lambda answer: self._answered(answer, question))

    def _answered(self, answer: Answer, question: RedrawLevels) -> None:
        self.answer, self.question = answer, question
        self._draw()

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.z is not before.z or (state.view, state.condition) != (before.view, before.condition):
            self.ask_later()

    def _run_changed(self) -> None:
        self.answer = self.question = None
        self._draw()
        self.ask_later()

    def show_way(self, way: str) -> None:
        """Redraw a level by itself ("alone"), or with all below it."""
        self.way = way
        self.chips.choose(way)
        self.ask()

    def redraw(self) -> None:
        """Other draws."""
        self.turn += 1
        self.ask()

    def hold(self, row: int, column: int) -> None:
        """Go to the code of a picture."""
        if self.answer is not None:
            self.session.do(self.session.state.moved(self.answer.value.z[row * COLUMNS + column]), "hold a redraw")

    # ---- showing

    def _draw(self) -> None:
        self.grid.set_rows(self.answer.value if self.answer else None, self.heads())
        self._say()

    def heads(self) -> tuple[RowHead, ...]:
        """What is said beside each row."""
        if self.answer is None or self.question is None:
            return ()
        levels: Levels = self.answer.value
        run = self.session.run
        told = run.vectors.get(LEVEL_VECTOR) if run is not None else None
        if told is not None and len(told) == len(levels.sizes):
            divergence: tuple[float | None, ...] = tuple(map(float, told))
        else:
            divergence = by_level(self.session.kl, levels.sizes)
        last = len(levels.sizes)
        if self.question.below:
            divergence = tuple(from_here(divergence[i:]) for i in range(last))
        names = [
            f"Levels {i + 1}–{last}" if self.question.below and i + 1 < last else f"Level {i + 1}" for i in range(last)
        ]
        return tuple(map(RowHead, names, divergence, (float(share) for share in levels.change)))

    def _say(self) -> None:
        """What is pointed at, or else what to do."""
        row = self.grid.hover[0]
        if self.answer is None or self.question is None:
            self.about.setText("Drawing the levels anew…" if self.serves else "")
        elif not 0 <= row < len(self.grid.heads):
            self.about.setText(HINT)
        else:
            self.about.setText(self._of_row(row))

    def _of_row(self, row: int) -> str:
        head, sizes = self.grid.heads[row], self.answer.value.sizes if self.answer else ()
        numbers = sum(sizes[row:]) if self.question is not None and self.question.below else sizes[row]
        told = f" · KL {head.kl:.1f} nats" if head.kl is not None else ""
        return f"{head.name} · {numbers} numbers{told} · redrawn it changes {head.change:.1%} of the picture"


def from_here(parts: tuple[float | None, ...]) -> float | None:
    """Their sum, None where one is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def by_level(kl: np.ndarray | None, sizes: tuple[int, ...]) -> tuple[float | None, ...]:
    """The KL (D,) of each level's numbers summed up, for models that tell none by level; None where it is not known.

    >>> by_level(np.array([1.0, 2.0, 4.0]), (1, 2))
    (1.0, 6.0)
    """
    if kl is None or len(kl) != sum(sizes):
        return (None,) * len(sizes)
    return tuple(float(part.sum()) for part in np.split(kl, np.cumsum(sizes)[:-1]))
