"""What a fork changes: knobs that make another network, live ones, those of training, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.core.training import TrainingConfig

NOTE = "  # not quite: "  # after a command that does not do the whole of it; a shell takes it for a comment


@dataclass(frozen=True)
class Changes:
    """Knobs of a fork that differ from what it is forked from."""

    structure: dict[str, Any]  # of the family: needs another network
    live: dict[str, Any]  # of the family
    training: dict[str, Any]

    @property
    def all(self) -> dict[str, Any]:
        """Of whatever kind."""
        return self.structure | self.live | self.training

    def spoil_command(self, step: int) -> bool:
        """Whether the fork, made at ``step``, is no longer what training from scratch gives."""
        return bool(self.structure) or (step > 0 and bool(self.all))


def changes(before: Any, training_before: TrainingConfig, config: dict[str, Any], training: dict[str, Any]) -> Changes:
    """What ``config`` and ``training`` change of the configurations before; raises ``BadInput`` for what cannot be."""
    live = {k.name for k in knob.knobs(type(before)) if k.live}
    ours = _different(before, knob.changed(before, config))
    theirs = _different(training_before, knob.changed(training_before, training))
    structure = {n: v for n, v in ours.items() if n not in live}
    return Changes(structure, {n: v for n, v in ours.items() if n in live}, theirs)


def _different(before: Any, after: Any) -> dict[str, Any]:
    old = knob.values(before)
    return {name: value for name, value in knob.values(after).items() if value != old[name]}


def only_of(config: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that are knobs of ``config``."""
    return {k.name: values[k.name] for k in knob.knobs(type(config)) if k.name in values}


def refuse_another_base(config: Any, changed: Changes) -> None:
    """Weights that were taken over from another model stay; raises ``BadInput`` when that is to be exchanged."""
    for k in knob.knobs(type(config)):
        if k.control == "model" and k.name in changed.structure:
            raise BadInput(f"A run that has begun cannot change its {k.label}; make an untrained copy that does.")


def note(before: str, step: int, changed: Changes) -> str:
    """What is to be said of a command after one more fork."""
    if not changed.spoil_command(step):
        return before
    told = ", ".join(f"{name} to {value}" for name, value in changed.all.items())
    return "; ".join(part for part in (before, f"a fork at step {step:,} changed {told}") if part)
