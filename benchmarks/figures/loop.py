"""The window's own event loop, which sleeps until something is to be done, as it does in use."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

PATIENCE = 60.0


def until(condition: Callable[[], object]) -> None:
    """Run the loop until a condition holds; ends the program when that takes a minute."""
    loop, look = QEventLoop(), QTimer(interval=20)
    end = time.monotonic() + PATIENCE
    look.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
    look.start()
    loop.exec()
    look.stop()
    if not condition():
        raise SystemExit("The window did not answer in time.")


def beat(step: Callable[[int], None], count: int, rate: float) -> None:
    """Call ``step`` with 1, 2, ... ``count``, so many times a second, from the loop."""
    sent = 0

    def next_step() -> None:
        nonlocal sent
        sent += 1
        step(sent)

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=max(1, round(1000 / rate)))
    timer.timeout.connect(next_step)
    timer.start()
    until(lambda: sent >= count)
    timer.stop()


class Paints(QObject):
    """Calls ``done`` at the end of every paint of a window in which ``view`` was painted."""

    def __init__(self, view: QWidget, done: Callable[[], None]) -> None:
        super().__init__()
        self.view, self.window, self.done = view, view.window(), done
        self._in_it = False
        self.view.installEventFilter(self)
        self.window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.view and event.type() == QEvent.Type.Paint:
            self._in_it = True
        if watched is not self.window or event.type() != QEvent.Type.UpdateRequest:
            return False
        self._in_it = False
        self.window.event(event)  # paints all that has changed, so that this is the place where the end is known
        if self._in_it:
            self.done()
        return True

    def close(self) -> None:
        """Stop listening."""
        self.view.removeEventFilter(self)
        self.window.removeEventFilter(self)
