"""What the Filters panel shows of one run, as one immutable record: undo, recipes and memory all store this."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

ORDERS = ("picture", "often", "strong", "number")
MOST_LAYERS, MOST_UNITS, MOST_PICTURES = 16, 1 << 20, 1000
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class FiltersState:
    """Which layer's filters are shown, in which order and from which place on, and the unit and picture chosen.

    ``unit`` is a number within the layer, -1 for the first in the order; ``picture`` is a number among the held-out
    pictures that were asked for.
    """

    layer: int = 0
    order: str = ORDERS[0]
    first: int = 0
    unit: int = -1
    picture: int = 0
    seed: int = 0

    def to_plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_plain(cls, plain: object, start: FiltersState) -> FiltersState:
        """The reverse; what is missing or damaged stays as in ``start``."""
        if not isinstance(plain, dict):
            return start
        most = {"layer": MOST_LAYERS, "first": MOST_UNITS, "unit": MOST_UNITS, "picture": MOST_PICTURES,
                "seed": MAX_SEED}  # fmt: skip
        least = {"unit": -1}
        whole = {
            name: plain[name] if _whole(plain.get(name), least.get(name, 0), high) else getattr(start, name)
            for name, high in most.items()
        }
        order = plain.get("order")
        return cls(order=order if isinstance(order, str) and order in ORDERS else start.order, **whole)


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
