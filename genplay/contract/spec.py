"""What a data point is: its kind, its shape and the attributes that label it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from genplay.contract.errors import BadInput


class Kind(StrEnum):
    """How a data point is drawn and which networks suit it."""

    POINTS = "points"
    IMAGE = "image"
    TOKENS = "tokens"


@dataclass(frozen=True)
class Attribute:
    """A label with named values, such as glasses: none, clear, dark."""

    name: str
    values: tuple[str, ...]

    @property
    def any(self) -> int:
        """The label value that means "unspecified": the one after the last."""
        return len(self.values)


@dataclass(frozen=True)
class DataSpec:
    """Kind, shape of one data point (``(C, H, W)`` for images, ``(2,)`` for points) and attributes."""

    kind: Kind
    shape: tuple[int, ...]
    attributes: tuple[Attribute, ...] = ()

    @property
    def size(self) -> int:
        """Numbers in one data point."""
        return prod(self.shape)

    @property
    def any_labels(self) -> tuple[int, ...]:
        """Labels that leave every attribute unspecified."""
        return tuple(attribute.any for attribute in self.attributes)

    def labels(self, wanted: dict[str, str]) -> tuple[int, ...]:
        """Labels for attribute and value names; what is not named stays unspecified.

        Raises ``BadInput`` for an unknown attribute or value, naming the known ones.
        """
        labels = list(self.any_labels)
        names = [attribute.name for attribute in self.attributes]
        for name, value in wanted.items():
            if name not in names:
                raise BadInput(f"There is no attribute {name!r}; known: {_listed(names)}.")
            values = self.attributes[names.index(name)].values
            if value not in values:
                raise BadInput(f"{name} has no value {value!r}; known: {_listed(values)}.")
            labels[names.index(name)] = values.index(value)
        return tuple(labels)

    def to_plain(self) -> dict[str, object]:
        """As plain JSON values."""
        return {
            "kind": str(self.kind),
            "shape": list(self.shape),
            "attributes": [[a.name, list(a.values)] for a in self.attributes],
        }

    @classmethod
    def from_plain(cls, plain: object) -> DataSpec:
        """The reverse of ``to_plain``; raises ``BadInput`` when the record is damaged."""
        try:
            assert isinstance(plain, dict)
            shape = tuple(plain["shape"])
            attributes = tuple(Attribute(str(n), tuple(str(v) for v in vs)) for n, vs in plain["attributes"])
            spec = cls(Kind(plain["kind"]), shape, attributes)
        except (AssertionError, KeyError, TypeError, ValueError):
            raise BadInput("The description of the data is damaged.") from None
        if not (1 <= len(shape) <= 3 and all(type(n) is int and 1 <= n <= 4096 for n in shape)):
            raise BadInput("The description of the data has an impossible shape.")
        if len(attributes) > 64 or any(not 1 <= len(a.values) <= 4096 for a in attributes):
            raise BadInput("The description of the data has impossible attributes.")
        return spec


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
