"""Latent arithmetic: A − B + C, decoded."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from genplay.contract.requests import Decode
from genplay.contract.results import Answer
from genplay.ui import theme
from genplay.ui.latent.keyframes import code_mime, code_of
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import LatentState
from genplay.ui.views import pixels

NAMES = ("A", "B", "C")
WAIT_MS = 60


class Well(QWidget):
    """A place for one code. A click fills it with the code on show; a code can be dropped on it or dragged from it."""

    filled = Signal(object)  # a code (D,) that was dropped, or None for the code on show
    emptied = Signal()
    visited = Signal()

    def __init__(self, session: LatentSession, name: str, *, result: bool = False) -> None:
        super().__init__()
        self.session, self.name, self.result = session, name, result
        self.code: np.ndarray | None = None
        self._image: QImage | None = None
        self._over = False
        self.setAcceptDrops(not result)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(56, 56)
        self.setAccessibleName("Result of A − B + C" if result else f"Well {name}")
        tip = "A − B + C · click to go there" if result else "Click for the code on show · drop a code or keyframe here"
        self.setToolTip(tip if result else f"{name}: {tip} · right click for more")

    def sizeHint(self) -> QSize:
        return QSize(72, 72)

    def resizeEvent(self, event: object) -> None:
        self.setFixedWidth(max(56, min(self.height(), 120)))

    def show_code(self, code: np.ndarray | None, x: np.ndarray | None) -> None:
        """The code held, and its picture (H, W, C) once that is known."""
        self.code = code
        self._image = pixels.to_qimage(x) if x is not None and code is not None else None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._image is not None:
            size = self._image.size()
            ratio = self.devicePixelRatioF()
            at = pixels.centred(self.width(), self.height(), size.width(), size.height(), ratio)
            pixels.draw(painter, at, self._image)
            area = at.adjusted(-0.5, -0.5, 0.5, 0.5)
        else:
            painter.setPen(theme.colour("dim"))
            painter.setFont(theme.font(18 if not self.result else 12))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "" if self.result else self.name)
        active = self._over or self.hasFocus()
        style = Qt.PenStyle.SolidLine if self._image is not None else Qt.PenStyle.DashLine
        painter.setPen(QPen(theme.colour("accent" if active else "line"), 1, style))
        painter.drawRect(area)
        if self._image is not None and not self.result:
            painter.fillRect(QRectF(area.left(), area.top(), 15, 15), theme.colour("panel"))
            painter.setPen(theme.colour("text"))
            painter.setFont(theme.font(10))
            painter.drawText(QRectF(area.left(), area.top(), 15, 15), Qt.AlignmentFlag.AlignCenter, self.name)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton and not self.result:
            menu = QMenu(self)
            menu.addAction("Use the code on show", lambda: self.filled.emit(None))
            menu.addAction("Go there", self.visited.emit).setEnabled(self.code is not None)
            menu.addAction("Empty", self.emptied.emit).setEnabled(self.code is not None)
            menu.exec(event.globalPosition().toPoint())
            menu.deleteLater()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        outside = not self.rect().contains(event.position().toPoint())
        if event.buttons() & Qt.MouseButton.LeftButton and outside and self.code is not None:
            from PySide6.QtGui import QDrag

            drag = QDrag(self)
            drag.setMimeData(code_mime(self.code))
            drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._activate()

    def _activate(self) -> None:
        if self.result:
            self.visited.emit()
        else:
            self.filled.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._activate()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not self.result:
            self.emptied.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if code_of(event.mimeData(), self.session.state.size) is not None:
            event.acceptProposedAction()
            self._over = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        code = code_of(event.mimeData(), self.session.state.size)
        if code is not None:
            event.acceptProposedAction()
            self.filled.emit(code)
        self.update()


class ArithmeticPart(QWidget):
    """Three wells and what A − B + C decodes to."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.wells = [Well(session, name) for name in NAMES]
        self.result = Well(session, "", result=True)
        self.use = QPushButton("Use result")
        self.use.setToolTip("Go to A − B + C")
        self.use.clicked.connect(self.use_result)
        self.note = QLabel()
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for sign, well in zip(("", "−", "+"), self.wells):
            if sign:
                row.addWidget(_sign(sign))
            row.addWidget(well)
        row.addWidget(_sign("="))
        row.addWidget(self.result)
        beside = QVBoxLayout()
        beside.addStretch(1)
        beside.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)
        beside.addWidget(self.note)
        beside.addStretch(1)
        row.addSpacing(8)
        row.addLayout(beside, 1)
        self._later = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._later.timeout.connect(self.ask)
        for index, well in enumerate(self.wells):
            well.filled.connect(lambda code, i=index: self.fill(i, code))
            well.emptied.connect(lambda i=index: self._put(i, None, f"empty {NAMES[i]}"))
            well.visited.connect(lambda i=index: self._visit(i))
        self.result.visited.connect(self.use_result)
        session.changed.connect(self._changed)
        session.run_changed.connect(self._run_changed)
        session.settled.connect(self.ask)
        self._say()

    def fill(self, index: int, code: np.ndarray | None = None) -> None:
        """Put a code (by default the one on show) into a well."""
        self._put(index, self.session.state.z if code is None else code, f"set {NAMES[index]}")

    def _put(self, index: int, code: np.ndarray | None, text: str) -> None:
        self.session.do(self.session.state.with_well(index, code), text)

    def _visit(self, index: int) -> None:
        code = self.session.state.wells[index]
        if code is not None:
            self.session.do(self.session.state.moved(code), f"go to {NAMES[index]}")

    def use_result(self) -> None:
        """Go to A − B + C."""
        code = self.session.state.arithmetic()
        if code is not None:
            self.session.do(self.session.state.moved(code), "use A − B + C")

    def ask(self) -> None:
        """Decode what the wells hold and the result in one question."""
        state = self.session.state
        codes = [code for code in (*state.wells, state.arithmetic()) if code is not None]
        if codes and self.session.pictures:
            question = Decode(np.stack(codes).astype(np.float32), self.session.condition)
            self.session.ask("arithmetic", question, self._answered)

    def _answered(self, answer: Answer) -> None:
        x = iter(answer.value.x)
        codes = (*self.session.state.wells, self.session.state.arithmetic())
        if sum(code is not None for code in codes) != len(answer.value.x):
            return  # the wells have changed since; a newer answer is on its way
        for well, code in zip((*self.wells, self.result), codes):
            well.show_code(code, next(x) if code is not None else None)

    def _changed(self, before: LatentState) -> None:
        state = self.session.state
        if state.wells is not before.wells or state.condition != before.condition:
            for well, code in zip((*self.wells, self.result), (*state.wells, state.arithmetic())):
                if code is None or well.code is not code:
                    well.show_code(code, None)
            self._later.start()
            self._say()

    def _run_changed(self) -> None:
        for well, code in zip((*self.wells, self.result), (*self.session.state.wells, self.session.state.arithmetic())):
            well.show_code(code, None)
        self._say()
        self.ask()

    def _say(self) -> None:
        missing = [name for name, code in zip(NAMES, self.session.state.wells) if code is None]
        self.use.setEnabled(not missing)
        text = f"Click a well to put the code on show into it. Still empty: {', '.join(missing)}."
        self.note.setText(text if missing else "")


def _sign(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label
