"""What every path through keyframes needs beside its strip: how it is travelled, and playing it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QMenu, QPushButton, QSpinBox, QWidget, QWidgetAction

from genplay.ui import theme

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MODES = ("slerp", "lerp")
FRAME_MS = 50


def keyframe_places(keyframes: int, frames: int, closed: bool) -> list[int]:
    """The frame of a path at which each of its keyframes is reached."""
    last = frames if closed else frames - 1
    legs = keyframes - (0 if closed else 1)
    return [min(round(i * last / max(1, legs)), frames - 1) for i in range(keyframes)]


def keyframe_marks(keyframes: int, frames: int, closed: bool) -> dict[int, str]:
    """The letter of the keyframe at some of the frames of a path."""
    return {place: LETTERS[i] for i, place in enumerate(keyframe_places(keyframes, frames, closed))}


class PathOptions(QPushButton):
    """A chip that says how a path is travelled, with a menu that changes it: ``chosen`` gives a name and its value.

    The names are "mode" (of MODES), "frames" and "closed".
    """

    chosen = Signal(str, object)

    def __init__(self, fewest: int, most: int) -> None:
        super().__init__()
        self.setProperty("role", "chip")
        self.setToolTip("How the path is travelled")
        self.mode, self.frames, self.closed = QComboBox(), QSpinBox(), QCheckBox("Closed loop")
        theme.padded(self.frames)
        self.mode.addItems(["slerp (along the sphere)", "lerp (straight)"])
        self.frames.setRange(fewest, most)
        self.frames.setSuffix(" frames")
        self.frames.setKeyboardTracking(False)
        self.mode.setAccessibleName("Interpolation")
        self.frames.setAccessibleName("Frames of the path")
        self.mode.currentIndexChanged.connect(lambda i: self.chosen.emit("mode", MODES[i]))
        self.frames.valueChanged.connect(lambda n: self.chosen.emit("frames", n))
        self.closed.toggled.connect(lambda on: self.chosen.emit("closed", on))
        self.setMenu(self._made_menu())

    def _made_menu(self) -> QMenu:
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(12, 8, 12, 8)
        form.addRow("Way", self.mode)
        form.addRow("Length", self.frames)
        form.addRow("", self.closed)
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(inside)
        menu.addAction(action)
        return menu

    def show_path(self, mode: str, frames: int, closed: bool, short: bool = False) -> None:
        """Show how the path is travelled, without a signal; ``short`` where there is little room."""
        blocked = [QSignalBlocker(w) for w in (self.mode, self.frames, self.closed)]
        self.mode.setCurrentIndex(MODES.index(mode))
        self.frames.setValue(frames)
        self.closed.setChecked(closed)
        del blocked
        text = f"{mode} · {frames} frames" + (" · loop" if closed else "")
        shown = text.replace(" frames", "") if short else text
        if self.text() != shown:
            self.setText(shown)
            self.setAccessibleName(f"Path: {text}")


class PlayButton(QPushButton):
    """Play or pause: while it plays, ``ticked`` comes at an even pace. Whoever owns it says what a click does."""

    ticked = Signal()

    def __init__(self, what: str, keys: str = "") -> None:
        super().__init__()
        self.setProperty("role", "icon")
        self._what, self._keys = what, f" ({keys})" if keys else ""
        self._clock = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self.ticked)
        self._show()

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._clock.isActive()

    def start(self) -> None:
        """Begin to play."""
        self._clock.start()
        self._show()

    def stop(self) -> None:
        """Pause."""
        self._clock.stop()
        self._show()

    def _show(self) -> None:
        self.setIcon(theme.icon("pause" if self.playing else "play"))
        self.setToolTip(f"Pause{self._keys}" if self.playing else f"Play {self._what}{self._keys}")
        self.setAccessibleName(self.toolTip())


class Toolbar(QWidget):
    """A row of controls that tells its width."""

    resized = Signal(int)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.resized.emit(event.size().width())
