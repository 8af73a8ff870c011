"""Questions to a model or a data set, one a file, found by walking this package."""

from __future__ import annotations

from functools import cache

from genplay.core.probe import Probe
from genplay.core.registry import discover


@cache
def all() -> dict[str, type[Probe]]:
    """Every probe by the name of the question that it answers."""
    return discover("genplay.probes", Probe)
