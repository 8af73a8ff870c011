"""What the Density panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

LAYERS = ("levels", "arrows", "points")
AT_FIRST = ("points",)  # hidden until they are asked for
SCALES = ("log", "linear")
BESIDE = ("truth", "difference")
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class DensityState:
    """Which layers are hidden, whether densities or their logarithms are drawn, and what stands beside the model's."""

    hidden: tuple[str, ...] = AT_FIRST
    scale: str = SCALES[0]
    beside: str = BESIDE[0]
    seed: int = 0

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
        hidden, seed = plain.get("hidden"), plain.get("seed")
        whole = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= MAX_SEED
        return cls(
            tuple(name for name in LAYERS if name in hidden) if isinstance(hidden, list | tuple) else start.hidden,
            plain["scale"] if plain.get("scale") in SCALES else start.scale,
            plain["beside"] if plain.get("beside") in BESIDE else start.beside,
            seed if whole else start.seed,  # type: ignore[arg-type]
        )
