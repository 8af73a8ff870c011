"""What the presets promise, from five seeds each, and that the alarm tells the one from the other. Takes long."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import torch

from genplay import families
from genplay.contract.results import Modes
from genplay.engine import headless
from genplay.engine.run import Run
from genplay.metrics.modes import known, measure

SEEDS = range(5)
STEPS = {("healthy", "ring"): 6000, ("healthy", "grid"): 10_000, ("collapses", "ring"): 4000}  # within 60 s on a core


@lru_cache(maxsize=64)
def played(preset: str, data: str, seed: int) -> tuple[Modes, bool]:
    """The modes that a run covers in the end, and whether the alarm of collapse was raised on the way."""
    torch.set_num_threads(1)
    family = families.named("gan")
    chosen = next(p for p in family.presets if p.name == preset)
    run = Run.create("run", "run", "gan", data, config=chosen.config, training=chosen.training, seed=seed)
    raised = False
    for state in headless.train(run, STEPS[preset, data], None):
        if state.step % 100 == 0:
            raised = raised or any(notice.title == "Mode collapse" for notice in state.notices())
    with torch.no_grad():
        x = run.replica().model.sample(2000, generator=torch.Generator().manual_seed(0))
    return measure(x, known(run.dataset)), raised


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("data", "least"), [("ring", 8), ("grid", 24)])
def test_healthy_covers_the_modes(data: str, least: int) -> None:
    covered = [int(played("healthy", data, seed)[0].covered.sum()) for seed in SEEDS]
    assert min(covered) >= least, covered


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_collapses_collapses() -> None:
    covered = [int(played("collapses", "ring", seed)[0].covered.sum()) for seed in SEEDS]
    assert max(covered) <= 4, covered


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_alarm_is_raised_for_those_that_collapse_and_hardly_for_others() -> None:
    collapsing = [played("collapses", "ring", seed)[1] for seed in range(10)]
    healthy = [played("healthy", "ring", seed)[1] for seed in range(10)]
    assert np.sum(collapsing) >= 9, collapsing
    assert np.sum(healthy) <= 1, healthy
