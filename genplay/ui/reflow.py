"""The second stage of flow matching: a new run that learns the straight lines between a run's noise and its samples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from genplay.contract.requests import CreateRun

if TYPE_CHECKING:
    from genplay.contract.results import RunState

FAMILY, TEACHER = "flow_matching", "teacher"


def can_straighten(run: RunState) -> bool:
    """Whether a run has paths that could be made straighter."""
    return run.family == FAMILY and run.step > 0


def reflow(run: RunState) -> CreateRun:
    """The run that straightens ``run``: its settings and data, taught by its present weights."""
    return CreateRun(
        os.urandom(6).hex(),
        f"{run.name} reflow",
        run.family,
        run.data,
        dict(run.data_options),
        {**run.config, TEACHER: f"run:{run.run_id}"},
        dict(run.training),
        run.seed,
    )
