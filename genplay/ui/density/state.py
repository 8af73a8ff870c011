"""What the Density panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

LAYERS = ("levels", "arrows", "points")
AT_FIRST = ("points",)  # hidden until they are asked for
SCALES = ("log", "linear")
BESIDE = ("truth", "difference")
MAX_SEED = 2**31 - 1
SETS = 6  # of pictures that are compared
LONGEST = 60  # letters of a data set's name


@dataclass(frozen=True)
class DensityState:
    """Which layers are hidden, whether densities or their logarithms are drawn, and what stands beside the model's.

    Of pictures: which set's extremes are shown (-1: those of all), and the other data set ("": one that differs).
    """

    hidden: tuple[str, ...] = AT_FIRST
    scale: str = SCALES[0]
    beside: str = BESIDE[0]
    seed: int = 0
    group: int = -1
    other: str = ""

    def shows(self, layer: str) -> bool:
        """Whether a layer is on show."""
        return layer not in self.hidden

    def toggled(self, layer: str) -> tuple[str, ...]:
        """What is hidden once a layer is shown or hidden, in the order of ``LAYERS``."""
        return tuple(name for name in LAYERS if (name in self.hidden) != (name == layer))

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**plain, "hidden": list(self.hidden)}

    @classmethod
    def from_plain(cls, plain: object, start: DensityState) -> DensityState:
        """The reverse; what is missing or damaged stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        hidden, seed, group, other = (plain.get(name) for name in ("hidden", "seed", "group", "other"))
        return cls(
            tuple(name for name in LAYERS if name in hidden) if isinstance(hidden, list | tuple) else start.hidden,
            plain["scale"] if plain.get("scale") in SCALES else start.scale,
            plain["beside"] if plain.get("beside") in BESIDE else start.beside,
            seed if _whole(seed, 0, MAX_SEED) else start.seed,  # type: ignore[arg-type]
            group if _whole(group, -1, SETS - 1) else start.group,  # type: ignore[arg-type]
            other if isinstance(other, str) and len(other) <= LONGEST else start.other,
        )


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
