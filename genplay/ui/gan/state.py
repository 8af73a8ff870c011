"""What the GAN lab shows, as one immutable record: undo and recipes store this."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from genplay.contract.requests import LookAtGame

LAYERS = ("field", "real", "generated", "gradients", "modes", "lattice", "ghosts")
AT_FIRST = ("lattice", "ghosts")  # layers hidden until they are asked for
LINES, AHEAD, MOST_AHEAD = 13, 5, 50
STRONGEST = 2.0  # of what is done to pictures before they are translated; 1 is as in training
SPEEDS = (0.25, 0.5, 1.0, 2.0)  # of slow motion, stages a second


@dataclass(frozen=True)
class GanState:
    """Which layers are hidden, how many steps ahead the ghosts look, the seed, and the speed of slow motion.

    Of models that translate pictures: which of their ways, how strongly the pictures are degraded first, and which
    labels are asked for.
    """

    hidden: tuple[str, ...] = AT_FIRST
    ahead: int = AHEAD
    seed: int = 0
    speed: float = 0.5
    way: int = 0
    strength: float = 1.0
    condition: tuple[int, ...] = ()

    def shows(self, layer: str) -> bool:
        """Whether a layer is on show."""
        return layer not in self.hidden

    def toggled(self, layer: str) -> tuple[str, ...]:
        """What is hidden once a layer is shown or hidden, in the order of ``LAYERS``."""
        return tuple(name for name in LAYERS if (name in self.hidden) != (name == layer))

    def question(self) -> LookAtGame:
        """What to ask for these layers: grid and ghosts cost time, so only where they are on show."""
        lines = LINES if self.shows("lattice") else 0
        return LookAtGame(lines=lines, unroll=self.ahead if self.shows("ghosts") else 0, seed=self.seed)

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "hidden": list(self.hidden), "condition": list(self.condition)}

    @classmethod
    def from_plain(cls, plain: object, start: GanState) -> GanState:
        """The reverse; what is missing or damaged stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        names = ("hidden", "ahead", "seed", "speed", "way", "strength", "condition")
        hidden, ahead, seed, speed, way, strength, condition = (plain.get(name) for name in names)
        return cls(
            tuple(name for name in LAYERS if name in hidden) if isinstance(hidden, list | tuple) else start.hidden,
            ahead if _whole(ahead, 1, MOST_AHEAD) else start.ahead,  # type: ignore[arg-type]
            seed if _whole(seed, 0, (1 << 31) - 1) else start.seed,  # type: ignore[arg-type]
            speed if speed in SPEEDS else start.speed,  # type: ignore[arg-type]
            way if _whole(way, 0, 1) else start.way,  # type: ignore[arg-type]
            float(strength) if _strength(strength) else start.strength,  # type: ignore[arg-type]
            tuple(condition) if _labels(condition) else start.condition,  # type: ignore[arg-type]
        )


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _labels(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= 64 and all(_whole(label, 0, 4096) for label in value)


def _strength(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= STRONGEST
