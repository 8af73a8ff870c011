"""Data sources, found by walking this package: a new source is one new file here."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cache, lru_cache
from typing import Any

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset, DataSource
from genplay.core.registry import discover


@cache
def sources() -> dict[str, type[DataSource]]:
    """Every data source by name, in the order in which they are shown."""
    return discover("genplay.data", DataSource)


def source(name: str) -> type[DataSource]:
    """The data source called ``name``; raises ``BadInput`` listing the known ones."""
    if name not in sources():
        raise BadInput(f"There is no data set {name!r}; known: {', '.join(sources())}.")
    return sources()[name]


def load(name: str, options: Mapping[str, object] | None = None) -> Dataset:
    """The data set ``name`` with plain option values, each checked. Raises ``BadInput``.

    The four sets used last are shared between callers, so their tensors must not be written to.
    """
    steps = load_steps(name, options)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            loaded: Dataset = end.value
            return loaded


def load_steps(name: str, options: Mapping[str, object] | None = None) -> Generator[tuple[int, int], None, Dataset]:
    """As ``load``, yielding (files done, files in all) where loading is long; returns the data set at its end."""
    chosen = source(name)
    checked = knob.build(chosen.Options, options or {})
    stamp = getattr(chosen, "stamp", None)
    shelf = _shelf(name, checked, stamp(checked) if stamp else "")
    if not shelf:
        steps = getattr(chosen, "load_steps", None)
        shelf.append((yield from steps(checked)) if steps else chosen.load(checked))
    return shelf[0]


@lru_cache(maxsize=4)
def _shelf(name: str, options: Any, stamp: str) -> list[Dataset]:
    """Where a loaded set is kept. ``stamp`` changes when the user's files do, so that they are read again."""
    return []
