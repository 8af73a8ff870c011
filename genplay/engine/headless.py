"""Training without a window or threads, for the command line and the recipes of shipped checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator

from genplay.contract.requests import DrawSamples
from genplay.contract.spec import Kind
from genplay.core.probe import ask
from genplay.engine.run import Run, now
from genplay.probes import all as all_probes


def train(run: Run, steps: int | None, seconds: float | None) -> Iterator[Run]:
    """Train until ``steps`` more are done or ``seconds`` are over, yielding after every step.

    However it ends, the run is ready to be saved. Raises ``Diverged`` with the last good weights in place.
    """
    assert run.trainer is not None
    run.trainer.prepare()
    start, before, first = now(), run.seconds, run.step

    def share() -> float:
        """How much of the training is done: counted in steps where they are given, so that it can be repeated."""
        return (run.step - first) / steps if steps is not None else (now() - start) / (seconds or math.inf)

    run.trainer.progress = share
    run.remember(always=True)
    while True:
        run.advance()
        run.seconds = before + now() - start
        yield run
        if (steps is not None and run.step - first >= steps) or (seconds is not None and now() - start >= seconds):
            return


def take_preview(run: Run) -> None:
    """Draw the run's fixed-seed samples, so that its card has a picture."""
    shown = run.replica().model
    n = 512 if run.dataset.spec.kind is Kind.POINTS else 9
    for part in ask(all_probes()["DrawSamples"], shown, run.dataset, DrawSamples(n=n, seed=run.seed)):
        last = part.value
    run.add_film(run.step, last.x)
