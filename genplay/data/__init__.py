"""Data sources, found by walking this package: a new source is one new file here."""

from __future__ import annotations

from collections.abc import Mapping
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
    chosen = source(name)
    checked = knob.build(chosen.Options, options or {})
    stamp = getattr(chosen, "stamp", None)
    return _loaded(name, checked, stamp(checked) if stamp else "")


@lru_cache(maxsize=4)
def _loaded(name: str, options: Any, stamp: str) -> Dataset:
    """``stamp`` changes when files outside genplay do, so that a changed folder is read again."""
    return source(name).load(options)
