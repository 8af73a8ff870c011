"""Training as a job of the train lane: a step at a time, with the bookkeeping that others see it by."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genplay.contract.spec import Kind
from genplay.engine.lane import PASS
from genplay.engine.run import Run, now

REPORT_SECONDS = 0.2
PUBLISH_SECONDS = 0.2
GAME_SECONDS = 0.04  # for a game on points, whose every move is to be seen and whose weights are few
FILM_SECONDS = 2.0
FILM_GROWTH = 1.12  # a kept frame when the step has grown by this factor
FIRST_FILM_SECONDS = 0.5


@dataclass(frozen=True)
class Outside:
    """What training tells others: report (state and curves), publish (weights), film (keep?), save.

    ``waits`` says whether a run is so far ahead of the one it is paired with that it waits for it. ``stepping`` is
    entered for every step.
    """

    report: Callable[[Run], None]
    publish: Callable[[Run], None]
    is_watched: Callable[[Run], bool]
    film: Callable[[Run, bool], None]
    save: Callable[[Run], None]
    autosave_seconds: float
    waits: Callable[[Run], bool] = lambda _: False
    stepping: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext


def train(run: Run, outside: Outside) -> Iterator[object]:
    """Train ``run``, yielding after every step, until ``run.steps_left`` is 0. A run that waits yields ``PASS``."""
    assert run.trainer is not None
    run.trainer.prepare()
    gc.freeze()  # as after the start: what the optimiser's import brought stays
    run.status, run.message = "training", ""
    run.remember(always=True)
    clock = _Clocks(run, outside)
    batch = run.trainer.batches.batch_size
    started, begun_at = now(), run.seconds
    while True:
        while outside.waits(run):
            yield PASS
        with outside.stepping():
            run.advance()
        time = now()
        run.seconds = begun_at + time - started
        clock.tick(time, batch)
        if run.steps_left is not None:
            run.steps_left -= 1
            if run.steps_left <= 0:
                return
        yield None


def is_game_on_points(run: Run) -> bool:
    """Whether several players contend over points."""
    assert run.trainer is not None
    return len(run.trainer.players) > 1 and run.dataset.spec.kind is Kind.POINTS


class _Clocks:
    """What is due when, while a run trains."""

    def __init__(self, run: Run, outside: Outside) -> None:
        self.run, self.outside = run, outside
        start = now()
        self.reported, self.published, self.saved = 0.0, 0.0, start
        self.filmed = start - FILM_SECONDS + FIRST_FILM_SECONDS
        self.rated, self.rated_step = start, run.step
        self.publish_seconds = GAME_SECONDS if is_game_on_points(run) else PUBLISH_SECONDS
        self.next_kept = run.film[-1][0] * FILM_GROWTH if run.film else 0.0

    def tick(self, time: float, batch: int) -> None:
        run, outside = self.run, self.outside
        if time - self.reported >= REPORT_SECONDS:
            self._measure_rate(time, batch)
            outside.report(run)
            self.reported = time
        if time - self.published >= self.publish_seconds and outside.is_watched(run):
            outside.publish(run)
            self.published = time
        if time - self.filmed >= FILM_SECONDS:
            keep = run.step >= self.next_kept
            if keep:
                self.next_kept = max(run.step + 1, run.step * FILM_GROWTH)
            outside.film(run, keep)
            self.filmed = time
        if time - self.saved >= outside.autosave_seconds:
            outside.save(run)
            self.saved = now()

    def _measure_rate(self, time: float, batch: int) -> None:
        """Examples a second over the last second or so."""
        if time - self.rated >= 1.0 or not self.run.rate:
            if time > self.rated:
                self.run.rate = (self.run.step - self.rated_step) * batch / (time - self.rated)
            self.rated, self.rated_step = time, self.run.step
