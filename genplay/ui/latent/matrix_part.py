"""The traversal matrix: one row a dimension, one column a value, everything else as it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genplay.contract.requests import Traverse
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.latent.geometry import mosaic
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import LatentState
from genplay.ui.views import pixels

VALUES = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
LABEL, HEADER, GAP = 34, 20, 2
LEAST_ROWS = 5
WAIT_MS = 90


class MatrixPart(QWidget):
    """Decodes and draws the matrix around the session's code while it is in sight. A click goes to a cell."""

    shown = Signal()

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.question: Traverse | None = None
        self.hover = (-1, -1)
        self._image: QImage | None = None
        self._later = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._later.timeout.connect(self.ask)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Traversal matrix")
        self.setAccessibleDescription("Arrow keys choose a cell, Enter goes to it")
        session.changed.connect(self._changed)
        session.settled.connect(self.ask_later)
        session.run_changed.connect(self._run_changed)
        session.kl_changed.connect(self.ask_later)

    def sizeHint(self) -> QSize:
        return QSize(460, 400)

    # ---- asking

    def ask_later(self) -> None:
        """Ask once changes have come to rest."""
        if self._wanted():
            self._later.start()

    def _wanted(self) -> bool:
        return self.session.state.view == "matrix" and self.session.pictures and self.session.ready

    def ask(self) -> None:
        """Decode the rows that fit, the most informative dimensions first."""
        if not self._wanted():
            return
        _, rows = self._fit()
        dims = tuple(int(i) for i in self.session.order[:rows])
        question = Traverse(self.session.state.z, dims, VALUES, self.session.condition)
        self.session.ask("matrix", question, lambda answer: self._answered(answer, question))

    def _answered(self, answer: Answer, question: Traverse) -> None:
        self.answer, self.question = answer, question
        self._image = pixels.to_qimage(mosaic(answer.value.x, len(VALUES)))
        self.update()
        self.shown.emit()

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.z is not before.z or (state.view, state.condition) != (before.view, before.condition):
            self.ask_later()

    def _run_changed(self) -> None:
        self.answer = self.question = self._image = None
        self.ask_later()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.ask_later()

    # ---- layout

    def _picture(self) -> tuple[int, int]:
        shape = self.session.run.spec.shape if self.session.run else (1, 1, 1)
        return (shape[1], shape[2]) if len(shape) == 3 else (1, 1)

    def _fit(self) -> tuple[int, int]:
        """Whole factor and number of rows: the largest at which all values and at least a few dimensions fit."""
        height, width = self._picture()
        least = min(LEAST_ROWS, self.session.state.size)
        factor = max(1, (self.width() - LABEL) // len(VALUES) // (width + 1))
        while factor > 1 and (self.height() - HEADER) // (height * factor + GAP) < least:
            factor -= 1
        rows = max(1, (self.height() - HEADER) // (height * factor + GAP))
        return factor, min(rows, self.session.state.size)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell is, in the widget's coordinates."""
        factor, rows = self._fit()
        height, width = (side * factor for side in self._picture())
        used_x = LABEL + len(VALUES) * (width + GAP)
        used_y = HEADER + rows * (height + GAP)
        left = max(0, (self.width() - used_x) // 2) + LABEL
        top = max(0, (self.height() - used_y) // 2) + HEADER
        return QRectF(left + column * (width + GAP), top + row * (height + GAP), width, height)

    def cell_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column under a point, (-1, -1) for none."""
        rows = len(self.question.dims) if self.question else 0
        inside = ((r, c) for r in range(rows) for c in range(len(VALUES)) if self.cell_rect(r, c).contains(point))
        return next(inside, (-1, -1))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("background"))
        if self._image is None or self.question is None:
            return
        height, width = self._picture()
        painter.setFont(theme.font(11))
        painter.setPen(theme.colour("dim"))
        for column, value in enumerate(VALUES):
            cell = self.cell_rect(0, column)
            text = f"{value:+.0f}".replace("-", "−") if value else "0"
            painter.drawText(cell.adjusted(0, -HEADER, 0, -cell.height()), Qt.AlignmentFlag.AlignCenter, text)
        for row, dim in enumerate(self.question.dims):
            first = self.cell_rect(row, 0)
            label = QRectF(first.left() - LABEL, first.top(), LABEL - 8, first.height())
            painter.setPen(theme.colour("dim"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, right, f"z{dim}")
            for column in range(len(VALUES)):
                source = QRectF(column * width, row * height, width, height)
                pixels.draw(painter, self.cell_rect(row, column), self._image, source)
            self._mark_value(painter, row, float(self.session.state.z[dim]))
        if self.hover[0] >= 0:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(self.cell_rect(*self.hover).adjusted(-1, -1, 1, 1))

    def _mark_value(self, painter: QPainter, row: int, value: float) -> None:
        """A tick below the row where the code's own value is."""
        share = (np.clip(value, VALUES[0], VALUES[-1]) - VALUES[0]) / (VALUES[-1] - VALUES[0])
        first, last = self.cell_rect(row, 0).center(), self.cell_rect(row, len(VALUES) - 1).center()
        x = first.x() + share * (last.x() - first.x())
        y = self.cell_rect(row, 0).bottom() - 3
        painter.fillRect(QRectF(x - 5, y, 10, 4), theme.colour("accent"))

    # ---- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover((-1, -1))

    def _hover(self, cell: tuple[int, int]) -> None:
        if cell != self.hover:
            self.hover = cell
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(self.cell_at(event.position()))

    def _go(self, cell: tuple[int, int]) -> None:
        if self.question is None or cell[0] < 0:
            return
        dim, value = self.question.dims[cell[0]], VALUES[cell[1]]
        self.session.do(self.session.state.with_dimension(dim, value), f"set z{dim}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if self.question is not None and step is not None:
            row = int(np.clip(self.hover[0] + step[0], 0, len(self.question.dims) - 1))
            self._hover((row, int(np.clip(self.hover[1] + step[1], 0, len(VALUES) - 1))))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(self.hover)
        else:
            super().keyPressEvent(event)
