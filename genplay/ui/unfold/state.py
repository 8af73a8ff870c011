"""What the Unfold panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.results import RunState
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.sampling import wish as wishes
from genplay.ui.sampling.wish import Wish

COUNTS = {Kind.IMAGE: (1, 4, 9, 16), Kind.POINTS: (100, 400, 1000, 2000), Kind.TOKENS: (1, 8, 24, 64)}
USUAL = {Kind.IMAGE: 4, Kind.POINTS: 1000, Kind.TOKENS: 24}
SPEEDS = (2.0, 5.0, 10.0, 20.0, 40.0)  # frames a second
PARTS = ("branches", "duel", "forward", "start", "between", "diagnostics")
LAST = -1  # as a frame: the newest there is
MOST_SETTINGS = 64  # of one part


@dataclass(frozen=True)
class UnfoldState:
    """What is sampled (``wish``), and what of it is on show.

    ``tape`` is the branch, ``frame`` its step (``LAST`` for the newest), ``focus`` the sample that the timeline
    follows, ``compared`` none or two branches held against each other, ``kept`` those that a change of a knob leaves as
    they are, so that it makes another one. ``parts`` keeps the settings of each part of the
    lower area, plain values by its name.
    """

    wish: Wish = field(default_factory=Wish)
    tape: int = 0
    frame: int = LAST
    focus: int = 0
    compared: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    locked: bool = False
    loop: bool = False
    speed: float = 10.0
    follow: bool = False  # sample anew as training goes on
    part: str = PARTS[0]
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many samples a tape has."""
        return self.wish.count

    @property
    def seed(self) -> int:
        """The seed of the noise."""
        return self.wish.seed

    @property
    def condition(self) -> tuple[int, ...]:
        """A label an attribute, () when nothing is asked for."""
        return self.wish.condition

    @property
    def config(self) -> dict[str, Any]:
        """The sampler's knobs that are not at their default."""
        return dict(self.wish.config)

    def asking(self, **values: Any) -> UnfoldState:
        """The same view with fields of the wish changed: seed, count, condition, config."""
        return replace(self, wish=replace(self.wish, **values))

    def with_part(self, name: str, values: Mapping[str, Any]) -> UnfoldState:
        """Settings of a part added to those it has."""
        return replace(self, parts={**self.parts, name: {**self.parts.get(name, {}), **values}})

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            **self.wish.to_plain(),
            "tape": self.tape,
            "frame": self.frame,
            "focus": self.focus,
            "compared": list(self.compared),
            "kept": list(self.kept),
            "locked": self.locked,
            "loop": self.loop,
            "speed": self.speed,
            "follow": self.follow,
            "part": self.part,
            "parts": {name: dict(values) for name, values in self.parts.items()},
        }

    @classmethod
    def from_plain(
        cls, plain: object, run: RunState, family: FamilyInfo | None, start: UnfoldState | None = None
    ) -> UnfoldState:
        """The reverse of ``to_plain`` for a run; what is missing, damaged or does not fit stays as in ``start``."""
        start = start or first(run)
        if not isinstance(plain, dict):
            return start
        readers: dict[str, Callable[[Any], Any]] = {
            "tape": lambda v: _whole(v, 0),
            "frame": lambda v: _whole(v, LAST),
            "focus": lambda v: _whole(v, 0),
            "compared": lambda v: _numbers(v) if isinstance(v, list | tuple) and len(v) in (0, 2) else None,
            "kept": _numbers,
            "locked": _flag,
            "loop": _flag,
            "speed": lambda v: float(v) if v in SPEEDS and not isinstance(v, bool) else None,
            "follow": _flag,
            "part": lambda v: v if v in PARTS else None,
            "parts": _settings,
        }
        read = {name: reader(plain.get(name)) for name, reader in readers.items()}
        kept = {name: value for name, value in read.items() if value is not None}
        wish = wishes.from_plain(plain, run, family, start.wish)
        return replace(start, wish=wish, **kept)


def first(run: RunState, seed: int = 0) -> UnfoldState:
    """What a run is asked at first."""
    return UnfoldState(Wish(seed, USUAL.get(run.spec.kind, 4)))


def counts(spec: DataSpec) -> tuple[int, ...]:
    """How many samples may be chosen."""
    return COUNTS.get(spec.kind, COUNTS[Kind.IMAGE])


def _whole(value: object, low: int) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and low <= value < 1 << 31
    return value if fits else None  # type: ignore[return-value]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _numbers(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list | tuple) or not all(_whole(v, 0) is not None for v in value):
        return None
    return tuple(value)


def _settings(value: object) -> dict[str, dict[str, Any]] | None:
    """Settings of parts: each part checks its own when it reads them."""
    if not isinstance(value, dict):
        return None
    return {
        name: dict(v) for name, v in value.items() if name in PARTS and isinstance(v, dict) and len(v) <= MOST_SETTINGS
    }
