"""How soon the Guidance panel paints samples of another scale: for single moves of the slider, and in a long drag."""

from __future__ import annotations

import math
from itertools import pairwise
from time import perf_counter
from typing import Any

from figures import loop, quantile, spread
from figures.mouse import Mouse

COUNT, PREVIEW, STRIDE = 16, 8, 0.02  # faces; steps of the coarse picture; a single move, as a share of the track


class _Watch:
    """Notes every paint of another answer: when, and of which scale it is."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.seen: list[tuple[float, float]] = []  # perf_counter, scale
        self._answer = part.answer
        self.paints = loop.Paints(part.grid, self._painted)

    def _painted(self) -> None:
        if self.part.answer is not self._answer:
            self._answer = self.part.answer
            self.seen.append((perf_counter(), self.part.question.config["guidance"]))

    def first_of(self, scale: float) -> float | None:
        """When samples of a scale were painted first."""
        return next((when for when, shown in self.seen if shown == scale), None)


def measure(window: Any, moves: int, seconds: float, rate: float) -> dict[str, Any]:
    """Milliseconds of single moves, and what is painted in a drag; the diffusion model is selected already."""
    from genplay import shooting

    panel: Any = shooting.panel(window, "guidance")
    asked = panel.picture.wanted()
    if (asked.n, asked.preview) != (COUNT, PREVIEW):
        raise SystemExit(f"The panel asks for {asked.n} samples and {asked.preview} steps, not {COUNT} and {PREVIEW}.")
    single = [_move(window, panel, n) for n in range(moves)]
    return {"single": spread(single), "drag": _drag(window, panel, seconds, rate)}


def _move(window: Any, panel: Any, n: int) -> float:
    """Milliseconds from one move of the mouse to the first picture of its scale, all having been at rest before."""
    from genplay import shooting

    slider, watch = panel.picture.slider, _Watch(panel.picture)
    mouse, across = Mouse(slider), _handle(slider)
    mouse.press(across, 0.5)
    begun = perf_counter()
    mouse.move(across + (STRIDE if n % 8 < 4 else -STRIDE) * (1 + n % 3), 0.5)
    scale = panel.session.state.scale
    loop.until(lambda: watch.first_of(scale))
    mouse.release(_handle(slider), 0.5)
    watch.paints.close()
    shooting.settle(window)
    return 1000 * (float(watch.first_of(scale) or 0.0) - begun)


def _handle(slider: Any) -> float:
    """Where the handle is, as a share of the slider's width."""
    track, share = slider.track(), (slider.value() - slider.low) / (slider.high - slider.low)
    return (track.left() + share * track.width()) / (slider.width() - 1)


def _drag(window: Any, panel: Any, seconds: float, rate: float) -> dict[str, Any]:
    """A drag to and fro without a rest: pictures, the gaps between them, and whether the last one is the right one."""
    from genplay import shooting

    slider, watch = panel.picture.slider, _Watch(panel.picture)
    mouse, across = Mouse(slider), _handle(slider)
    mouse.press(across, 0.5)
    begun = perf_counter()
    loop.beat(lambda n: mouse.move(0.4 + 0.3 * math.sin(n / 30), 0.5), max(2, round(seconds * rate)), rate)
    ended, scale = perf_counter(), panel.session.state.scale
    loop.until(lambda: watch.first_of(scale))
    mouse.release(_handle(slider), 0.5)
    shooting.settle(window)
    watch.paints.close()
    times = [begun, *(when for when, _ in watch.seen if when <= ended), ended]
    gaps = sorted(1000 * (after - before) for before, after in pairwise(times))
    return {
        "seconds": ended - begun,
        "pictures": len(times) - 2,
        "gap_ms": {"p50": quantile(gaps, 0.5), "max": gaps[-1]},
        "last_ms": 1000 * (float(watch.first_of(scale) or 0.0) - ended),
        "in_the_end": int(panel.picture.answer.last and watch.seen[-1][1] == scale == round(slider.value(), 2)),
    }
