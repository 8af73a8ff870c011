"""A bell that any thread may ring and the window's event loop hears at once."""

from __future__ import annotations

import contextlib
import socket
import weakref

from PySide6.QtCore import QObject, QSocketNotifier, Signal


class Doorbell(QObject):
    """``rung`` is emitted on the window's thread soon after ``ring`` was called on any; many rings may make one.

    The ringing thread touches no Qt object: it writes a byte to a socket that the event loop watches.
    """

    rung = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._heard, self._ringer = socket.socketpair()
        for end in (self._heard, self._ringer):
            end.setblocking(False)
        self._let_go = weakref.finalize(self, _close, self._heard, self._ringer)
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._answer)

    def ring(self) -> None:
        """Called by workers."""
        with contextlib.suppress(OSError):  # the bell is ringing already, or the window has closed
            self._ringer.send(b"\0")

    def close(self) -> None:
        """Hear no more."""
        self._notifier.setEnabled(False)
        self._let_go()

    def _answer(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._heard.recv(4096)
        self.rung.emit()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        end.close()
