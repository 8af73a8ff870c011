"""What can be done for a run in trouble: which remedies there are, and the commands of a fork with some of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from genplay.contract.catalogue import FamilyInfo, Preset
from genplay.contract.requests import Control, ForkRun, Pair
from genplay.contract.results import Notice, RunState

NOW = -1  # as a step: the present


def known(family: FamilyInfo | None, run: RunState | None) -> list[Preset]:
    """The remedies of a family that suit a run's data."""
    if family is None or run is None:
        return []
    return [r for r in family.remedies if not r.kinds or run.spec.kind in r.kinds]


def named(family: FamilyInfo | None, run: RunState | None, names: Iterable[str]) -> list[Preset]:
    """Those of these names, in this order."""
    by_name = {remedy.name: remedy for remedy in known(family, run)}
    return [by_name[name] for name in names if name in by_name]


def alarms(run: RunState | None) -> list[Notice]:
    """The notices of a run that name remedies."""
    return [n for n in run.notices if n.remedies] if run else []


def values(remedies: Sequence[Preset]) -> dict[str, Any]:
    """All knobs that they set; a later one wins."""
    return {name: value for r in remedies for name, value in {**r.config, **r.training}.items()}


def is_live(remedies: Sequence[Preset], family: FamilyInfo | None) -> bool:
    """Whether all of them can be switched on in the running model."""
    live = {k.name for k in (*family.knobs, *family.training_knobs) if k.live} if family else set()
    return bool(remedies) and values(remedies).keys() <= live


def is_on(remedy: Preset, run: RunState) -> bool:
    """Whether a run has all that a remedy sets."""
    has = {**run.config, **run.training}
    return all(has.get(name) == value for name, value in values([remedy]).items())


def last_before(run: RunState, since: int) -> int:
    """The last snapshot before a step, else the first one; ``NOW`` where there is none."""
    before = [s for s in run.snapshots if s < since]
    return max(before) if before else min(run.snapshots, default=NOW)


def titles(remedies: Sequence[Preset]) -> str:
    """What they are called, in one phrase."""
    names = [remedy.title for remedy in remedies]
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def fork(run: RunState, step: int, remedies: Sequence[Preset], taken: Collection[str]) -> list[object]:
    """The commands that fork a run with remedies, pair the two, and have both train. ``taken`` are names of runs."""
    new_id = os.urandom(6).hex()
    config = {name: value for r in remedies for name, value in r.config.items()}
    training = {name: value for r in remedies for name, value in r.training.items()}
    name = _unique(f"{run.name} · {titles(remedies)}" if remedies else f"{run.name} fork", taken)
    return [
        ForkRun(run.run_id, new_id, name, step=step, config=config, training=training),
        Pair(run.run_id, new_id),
        Control(run.run_id, Control.PLAY),
        Control(new_id, Control.PLAY),
    ]


def _unique(name: str, taken: Collection[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name} {number}", number + 1
    return unique
