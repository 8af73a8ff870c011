"""Model families, one a file, found by walking this package."""

from __future__ import annotations

from functools import cache

from genplay.contract.errors import BadInput
from genplay.core.model import Model
from genplay.core.registry import discover


@cache
def all() -> dict[str, type[Model]]:
    """Every family by name."""
    return discover("genplay.families", Model)


def named(name: str) -> type[Model]:
    """The family of that name; raises ``BadInput`` listing the known ones."""
    known = all()
    if name not in known:
        raise BadInput(f"There is no family {name!r}; known: {', '.join(known)}.")
    return known[name]
