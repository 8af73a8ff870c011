"""How smooth the window is: frames a second of its event loop, and milliseconds from a drag to its picture."""

from __future__ import annotations

from collections import deque
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

FRAME_MS = 16
KEPT = 60


class Gauge(QObject):
    """Counts ticks of a timer at the frame rate: fewer than 60 a second mean that something held the event loop."""

    _drags: deque[float] = deque(maxlen=KEPT)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ticks: deque[float] = deque(maxlen=KEPT)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)

    @classmethod
    def drag(cls, ms: float) -> None:
        """A drag was painted ``ms`` milliseconds after its mouse event."""
        cls._drags.append(ms)

    @classmethod
    def drag_ms(cls) -> float | None:
        """The median of the last sixty drags, None before the first."""
        return sorted(cls._drags)[len(cls._drags) // 2] if cls._drags else None

    @classmethod
    def forget(cls) -> None:
        """Drop what was measured."""
        cls._drags.clear()

    def start(self) -> None:
        """Begin to count frames."""
        self._timer.start()

    def stop(self) -> None:
        """Stop counting."""
        self._timer.stop()

    def frames(self) -> int:
        """Frames a second over the last sixty ticks, at most 60; 0 before there are two."""
        if len(self._ticks) < 2:
            return 0
        return min(60, round((len(self._ticks) - 1) / max(self._ticks[-1] - self._ticks[0], 1e-3)))

    def _tick(self) -> None:
        self._ticks.append(perf_counter())
