"""How soon the Unfold panel paints another frame of a tape that is there: scrubbed, stepped, or of another branch."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import Qt

from figures import loop, spread
from figures.mouse import Mouse, press_key

STEP_RATE, BRANCH_RATE = 60.0, 20.0  # events a second


class _Watch:
    """Notes how long after its delivery each event's frame, or a newer one, has been painted."""

    def __init__(self, panel: Any) -> None:
        self.session, self.grid = panel.session, panel.cards.grids["x_0"]
        self.waiting: list[tuple[float, object]] = []  # when delivered, the frame that it led to
        self.latencies: list[float] = []
        self.paints = loop.Paints(self.grid, self._painted)

    def deliver(self, event: Callable[[], None]) -> None:
        """Send an event, by calling ``event``."""
        begun, before = perf_counter(), self.session.shot
        event()
        if self.session.shot is not before:
            self.waiting.append((begun, self.session.shot))

    def _painted(self) -> None:
        shots = [shot for _, shot in self.waiting]
        if shots and self.grid.images is shots[-1].drawn["x_0"]:
            now = perf_counter()
            self.latencies += [1000 * (now - begun) for begun, _ in self.waiting]
            self.waiting.clear()

    def finish(self) -> dict[str, float]:
        """Their spread, in milliseconds, once all are painted."""
        loop.until(lambda: not self.waiting)
        self.paints.close()
        if not self.latencies:
            raise SystemExit("No event changed the frame on show.")
        return spread(self.latencies)


def measure(window: Any, events: int, rate: float) -> dict[str, Any]:
    """Milliseconds by way of moving on the tape; the diffusion model is selected already."""
    from genplay import shooting
    from genplay.ui.unfold import branching

    panel: Any = shooting.panel(window, "unfold")
    panel.timeline.step(-len(panel.session.shots) // 2)
    branching.fork(panel.session, seed=panel.session.state.seed + 1)
    shooting.settle(window)
    if len(panel.session.tapes) != 2 or len(panel.session.shots) < 4:
        raise SystemExit("There is no branch to change to.")
    return {
        "scrub": _scrub(panel, events, rate),
        "buttons": _buttons(panel, events // 4),
        "keys": _keys(panel, events // 4),
        "branch": _branches(panel, events // 10),
    }


def _scrub(panel: Any, events: int, rate: float) -> dict[str, float]:
    """The mouse drags along the timeline, to and fro."""
    watch, mouse = _Watch(panel), Mouse(panel.timeline.strip)
    mouse.press(0.5, 0.9)
    loop.beat(lambda n: watch.deliver(lambda: mouse.move(0.45 + 0.3 * math.sin(n / 9), 0.9)), max(4, events), rate)
    found = watch.finish()
    mouse.release(0.45, 0.9)
    return found


def _buttons(panel: Any, events: int) -> dict[str, float]:
    """Clicks on the buttons of the title row, some back and as many on."""
    watch, back, on = _Watch(panel), Mouse(panel.back), Mouse(panel.forward)
    panel.timeline.last()

    def click(n: int) -> None:
        mouse = back if _goes_back(n) else on
        mouse.press(0.5, 0.5)
        watch.deliver(lambda: mouse.release(0.5, 0.5))

    loop.beat(click, max(4, events), STEP_RATE)
    return watch.finish()


def _keys(panel: Any, events: int) -> dict[str, float]:
    """The arrow keys on the timeline."""
    watch, strip = _Watch(panel), panel.timeline.strip
    panel.timeline.last()
    strip.setFocus()

    def press(n: int) -> None:
        key = Qt.Key.Key_Left if _goes_back(n) else Qt.Key.Key_Right
        watch.deliver(lambda: press_key(strip, key))

    loop.beat(press, max(4, events), STEP_RATE)
    return watch.finish()


def _goes_back(n: int) -> bool:
    """Three steps back and three on, in turn."""
    return (n - 1) % 6 < 3


def _branches(panel: Any, events: int) -> dict[str, float]:
    """Clicks on the two rows of the tree, in turn."""
    watch = _Watch(panel)
    rows = list(panel.below.branches.rows.values())

    def click(n: int) -> None:
        other = next(row for row in rows if row.tape is not panel.session.tape)
        mouse = Mouse(other)
        mouse.press(0.3, 0.5)
        watch.deliver(lambda: mouse.release(0.3, 0.5))

    loop.beat(click, max(4, events), BRANCH_RATE)
    return watch.finish()
