"""The keyframes of the path as a row of letters: click to go there, drag to reorder, Delete to remove."""

from __future__ import annotations

import json

import numpy as np
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QSize, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QWidget

from genplay.ui import theme
from genplay.ui.latent.session import LatentSession
from genplay.ui.latent.state import code_of_plain
from genplay.ui.views.path_controls import LETTERS

CODE_MIME = "application/x-genplay-code"  # a JSON list of numbers: one latent code
STEP, SIDE = 38, 22


def code_mime(z: np.ndarray) -> QMimeData:
    """A code to be dropped on a well."""
    mime = QMimeData()
    mime.setData(CODE_MIME, QByteArray(json.dumps([float(v) for v in z]).encode()))
    return mime


def code_of(mime: QMimeData, size: int) -> np.ndarray | None:
    """The code of ``size`` numbers that is being dropped, or None."""
    if not mime.hasFormat(CODE_MIME):
        return None
    try:
        plain = json.loads(bytes(mime.data(CODE_MIME).data()))
    except (ValueError, RecursionError):
        return None
    return code_of_plain(plain, size)


class Keyframes(QWidget):
    """A → B → C. The focused letter takes Ctrl with an arrow key to move it and Delete to remove it."""

    def __init__(self, session: LatentSession) -> None:
        super().__init__()
        self.session = session
        self.chosen = -1
        self._pressed: tuple[QPoint, int] | None = None
        self._moved_to = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self.setAcceptDrops(True)
        self.setAccessibleName("Keyframes")
        self.setAccessibleDescription("Arrow keys choose, Enter goes there, Ctrl and arrows reorder, Delete removes")
        self.setToolTip("Click to go to a keyframe · drag to reorder · Delete removes · right click for more")
        session.changed.connect(lambda before: self._follow())
        session.run_changed.connect(self._follow)

    def __len__(self) -> int:
        return len(self.session.state.keyframes)

    def _follow(self) -> None:
        self.chosen = min(self.chosen, len(self) - 1)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(0, STEP * len(self) - (STEP - SIDE)), 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 3 * STEP), 28)

    def _left(self, index: int) -> float:
        step = min(STEP, (self.width() - SIDE) / max(1, len(self) - 1)) if len(self) > 1 else STEP
        return index * step

    def index_at(self, x: float) -> int:
        """The keyframe at a place, or -1."""
        return next((i for i in reversed(range(len(self))) if self._left(i) <= x <= self._left(i) + SIDE), -1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(12, theme.font().Weight.DemiBold))
        roomy = len(self) < 2 or self._left(1) > SIDE + 10
        for index in range(len(self)):
            left, top = self._left(index), (self.height() - SIDE) / 2
            chosen = index == self.chosen and self.hasFocus()
            painter.setPen(theme.colour("accent" if chosen else "line"))
            painter.setBrush(theme.colour("selected" if index == self._moved_to else "card"))
            painter.drawRoundedRect(int(left), int(top), SIDE - 1, SIDE - 1, 5, 5)
            painter.setPen(theme.colour("warn"))
            painter.drawText(int(left), int(top), SIDE, SIDE, Qt.AlignmentFlag.AlignCenter, LETTERS[index])
            if index and roomy:
                painter.setPen(theme.colour("dim"))
                painter.drawText(int(left) - 16, int(top), 16, SIDE, Qt.AlignmentFlag.AlignCenter, "→")

    # ---- actions

    def go(self, index: int) -> None:
        """Go to a keyframe."""
        self.session.do(self.session.state.moved(self.session.state.keyframes[index]), f"go to {LETTERS[index]}")

    def remove(self, index: int) -> None:
        """Take a keyframe out of the path."""
        if 0 <= index < len(self):
            self.session.do(self.session.state.without_keyframe(index), f"remove keyframe {LETTERS[index]}")

    def reorder(self, index: int, to: int) -> None:
        """Put a keyframe elsewhere in the path."""
        if 0 <= index < len(self) and 0 <= to < len(self) and index != to:
            self.chosen = to
            self.session.do(self.session.state.keyframe_moved(index, to), "reorder keyframes")

    def replace_with_current(self, index: int) -> None:
        """Make the code on show the keyframe."""
        from dataclasses import replace

        keys = list(self.session.state.keyframes)
        keys[index] = self.session.state.z
        self.session.do(replace(self.session.state, keyframes=tuple(keys)), f"replace keyframe {LETTERS[index]}")

    # ---- mouse, keys, drops

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().x())
        if index < 0:
            return
        self.chosen = index
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = (event.position().toPoint(), index)
        elif event.button() == Qt.MouseButton.RightButton:
            self._menu(index, event.globalPosition().toPoint())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        start, index = self._pressed
        if (event.position().toPoint() - start).manhattanLength() < QApplication.startDragDistance():
            return
        if not self.rect().adjusted(-SIDE, -SIDE, SIDE, SIDE).contains(event.position().toPoint()):
            self._pressed, self._moved_to = None, -1
            drag = QDrag(self)
            drag.setMimeData(code_mime(self.session.state.keyframes[index]))
            drag.exec(Qt.DropAction.CopyAction)
            return
        step = max(1.0, self._left(1)) if len(self) > 1 else STEP
        self._moved_to = int(np.clip(round((event.position().x() - SIDE / 2) / step), 0, len(self) - 1))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, to = self._pressed, self._moved_to
        self._pressed, self._moved_to = None, -1
        if pressed is None:
            return
        if to >= 0:
            self.reorder(pressed[1], to)
        else:
            self.go(pressed[1])
        self.update()

    def _menu(self, index: int, at: QPoint) -> None:
        menu = QMenu(self)
        menu.addAction(f"Go to {LETTERS[index]}", lambda: self.go(index))
        menu.addAction("Replace with the code on show", lambda: self.replace_with_current(index))
        menu.addAction("Move earlier", lambda: self.reorder(index, index - 1)).setEnabled(index > 0)
        menu.addAction("Move later", lambda: self.reorder(index, index + 1)).setEnabled(index < len(self) - 1)
        menu.addSeparator()
        menu.addAction("Remove", lambda: self.remove(index))
        menu.exec(at)
        menu.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key))
        if step is not None and control:
            self.reorder(self.chosen, self.chosen + step)
        elif step is not None and len(self):
            self.chosen = int(np.clip(self.chosen + step, 0, len(self) - 1))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove(self.chosen)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and 0 <= self.chosen < len(self):
            self.go(self.chosen)
        else:
            super().keyPressEvent(event)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if code_of(event.mimeData(), self.session.state.size) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        z = code_of(event.mimeData(), self.session.state.size)
        if z is not None:
            from dataclasses import replace

            added = replace(self.session.state, z=z).with_keyframe()
            self.session.do(replace(added, z=self.session.state.z), "add a keyframe")
