"""What a data point is: its kind, its shape and the attributes that label it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING

from genplay.contract.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

END = ""  # the name of token 0: a text ends before it
OTHER = "\N{REPLACEMENT CHARACTER}"  # stands for all characters that a vocabulary has no place for
VEIL = "\N{MEDIUM SHADE}"  # how a place that is not written yet is shown; its token is the one after the last
MAX_VOCABULARY = 4096


class Kind(StrEnum):
    """How a data point is drawn and which networks suit it."""

    POINTS = "points"
    IMAGE = "image"
    TOKENS = "tokens"

    @property
    def plural(self) -> str:
        """What sentences call data of this kind."""
        return {Kind.IMAGE: "pictures", Kind.TOKENS: "texts"}.get(self, "points")


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
    """Kind, shape of one data point (``(C, H, W)`` for images, ``(2,)`` for points) and attributes.

    A text of up to L characters is tokens of shape ``(L,)``: places in ``vocabulary``, which begins with ``END``. A
    text that is shorter ends with token 0, and nothing but token 0 comes after.
    """

    kind: Kind
    shape: tuple[int, ...]
    attributes: tuple[Attribute, ...] = ()
    vocabulary: tuple[str, ...] = ()

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

    def text(self, tokens: np.ndarray) -> list[str]:
        """Texts for tokens (N, L): each up to its end, with ``VEIL`` where nothing is written yet.

        >>> import numpy as np
        >>> DataSpec(Kind.TOKENS, (4,), vocabulary=(END, "a", "b")).text(np.array([[1, 2, 0, 0], [2, 3, 3, 1]]))
        ['ab', 'b▒▒a']
        """
        names = (*self.vocabulary, VEIL)
        return ["".join(names[token] for token in _before_end(row)) for row in tokens.tolist()]

    def tokens(self, texts: Sequence[str]) -> np.ndarray:
        """The reverse of ``text``: int64 (N, L). What the vocabulary lacks is ``OTHER``, where that has a place.

        Raises ``BadInput`` for a text that is too long or holds a character that is not known.

        >>> DataSpec(Kind.TOKENS, (4,), vocabulary=(END, "a", "b")).tokens(["ab", ""]).tolist()
        [[1, 2, 0, 0], [0, 0, 0, 0]]
        """
        import numpy as np

        places = {name: i for i, name in enumerate((*self.vocabulary, VEIL)) if name}
        found = np.zeros((len(texts), *self.shape), np.int64)
        for row, text in zip(found, texts, strict=True):
            if len(text) > len(row):
                raise BadInput(f"A text here has at most {len(row)} characters, not {len(text)}.")
            row[: len(text)] = [_place(places, character) for character in text]
        return found

    def to_plain(self) -> dict[str, object]:
        """As plain JSON values."""
        plain: dict[str, object] = {
            "kind": str(self.kind),
            "shape": list(self.shape),
            "attributes": [[a.name, list(a.values)] for a in self.attributes],
        }
        return plain | ({"vocabulary": list(self.vocabulary)} if self.vocabulary else {})

    @classmethod
    def from_plain(cls, plain: object) -> DataSpec:
        """The reverse of ``to_plain``; raises ``BadInput`` when the record is damaged."""
        try:
            assert isinstance(plain, dict)
            shape = tuple(plain["shape"])
            attributes = tuple(Attribute(str(n), tuple(str(v) for v in vs)) for n, vs in plain["attributes"])
            names = plain.get("vocabulary", [])
            assert isinstance(names, list) and all(isinstance(name, str) for name in names)
            spec = cls(Kind(plain["kind"]), shape, attributes, tuple(names))
        except (AssertionError, KeyError, TypeError, ValueError):
            raise BadInput("The description of the data is damaged.") from None
        if not (1 <= len(shape) <= 3 and all(type(n) is int and 1 <= n <= 4096 for n in shape)):
            raise BadInput("The description of the data has an impossible shape.")
        if len(attributes) > 64 or any(not 1 <= len(a.values) <= 4096 for a in attributes):
            raise BadInput("The description of the data has impossible attributes.")
        if not spec._is_readable():
            raise BadInput("The description of the data has an impossible vocabulary.")
        return spec

    def _is_readable(self) -> bool:
        """Whether texts have a vocabulary of distinct characters after ``END``, and nothing else has one."""
        names = self.vocabulary
        if self.kind is not Kind.TOKENS:
            return not names
        single = all(len(name) == 1 and name != VEIL and not "\ud800" <= name <= "\udfff" for name in names[1:])
        sound = 2 <= len(names) <= MAX_VOCABULARY and names[0] == END and len(set(names)) == len(names)
        return sound and single and len(self.shape) == 1


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _before_end(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(0)] if 0 in tokens else tokens


def _place(places: dict[str, int], character: str) -> int:
    found = places.get(character, places.get(OTHER))
    if found is None:
        raise BadInput(f"The vocabulary has no character {character!r}.")
    return found
