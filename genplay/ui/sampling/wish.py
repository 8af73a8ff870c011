"""Which samples are wanted: seed, count, condition and the sampler's knobs, as one value that undo can keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genplay.contract.capability import Capability
from genplay.contract.catalogue import FamilyInfo
from genplay.contract.errors import BadInput
from genplay.contract.knob import Knob
from genplay.contract.requests import DrawSamples
from genplay.contract.results import RunState
from genplay.contract.spec import DataSpec, Kind

MAX_SEED = 2**31 - 1
COUNTS = {
    Kind.IMAGE: (1, 256, 64),
    Kind.POINTS: (100, 20_000, 2_000),
    Kind.TOKENS: (1, 1024, 96),
}  # least, most, at first
MOST = {Kind.IMAGE: 4096, Kind.POINTS: 100_000, Kind.TOKENS: 4096}  # what a recipe may ask for


@dataclass(frozen=True)
class Wish:
    """What is asked of the model. ``condition`` is a label an attribute, empty when all are unspecified."""

    seed: int = 0
    count: int = 64
    condition: tuple[int, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    def question(self) -> DrawSamples:
        """The wish as the engine takes it."""
        return DrawSamples(self.count, self.condition, dict(self.config), seed=self.seed)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "seed": self.seed,
            "count": self.count,
            "condition": list(self.condition),
            "config": dict(self.config),
        }


def first(run: RunState, seed: int = 0) -> Wish:
    """What a run is asked at first."""
    return Wish(seed, count_range(run.spec)[2])


def count_range(spec: DataSpec) -> tuple[int, int, int]:
    """Least, most and usual number of samples."""
    return COUNTS.get(spec.kind, COUNTS[Kind.IMAGE])


def sample_knobs(family: FamilyInfo | None, spec: DataSpec) -> tuple[Knob, ...]:
    """The sampler's knobs that apply to this kind of data."""
    knobs = family.sample_knobs if family else ()
    return tuple(k for k in knobs if not k.kinds or spec.kind in k.kinds)


def from_plain(plain: Mapping[str, Any], run: RunState, family: FamilyInfo | None, otherwise: Wish) -> Wish:
    """The reverse of ``to_plain`` for a run; a part that is damaged or does not fit stays as in ``otherwise``."""
    seed: Any = plain.get("seed")
    count: Any = plain.get("count")
    return Wish(
        seed if _whole(seed, 0, MAX_SEED) else otherwise.seed,
        count if _whole(count, 1, MOST[run.spec.kind]) else otherwise.count,
        _condition(plain.get("condition"), run.spec, otherwise.condition),
        _config(plain.get("config"), sample_knobs(family, run.spec), otherwise.config),
    )


def simplest(condition: tuple[int, ...], spec: DataSpec) -> tuple[int, ...]:
    """The condition, empty when nothing is specified."""
    return () if condition == spec.any_labels else condition


def takes_condition(run: RunState) -> bool:
    """Whether the model was trained to be conditioned on attributes.

    A family without that knob always is, unless it makes pictures of others: these have their attributes.
    """
    always = Capability.TRANSLATE not in run.capabilities
    return bool(run.spec.attributes) and run.takes_labels and bool(run.config.get("conditional", always))


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _condition(plain: object, spec: DataSpec, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(plain, list | tuple):
        return otherwise
    if not plain:
        return ()
    fits = len(plain) == len(spec.attributes) and all(_whole(v, 0, a.any) for v, a in zip(plain, spec.attributes))
    return simplest(tuple(plain), spec) if fits else otherwise


def _config(plain: object, knobs: tuple[Knob, ...], otherwise: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        return otherwise
    taken: dict[str, Any] = {}
    for knob in knobs:
        if knob.name in plain:
            try:
                taken[knob.name] = knob.check(plain[knob.name])
            except BadInput:
                continue
    return taken
