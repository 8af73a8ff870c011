"""Curves as comma-separated values (RFC 4180)."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genplay.export.files import save

Points = Iterable[Sequence[Any]]


def text(curves: Mapping[str, Points]) -> str:
    """Curves, each a list of ``(step, value)``, as one table: a row a step, a column a series, in the order given.

    Steps are the union of all, ascending; a cell stays empty where a series has no value or one that is not finite.
    Of two values at one step the later counts. Lines end in CR LF.
    """
    columns = {name: {_step(step): value for step, value in points} for name, points in curves.items()}
    steps = sorted(set().union(*columns.values()))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["step", *columns])
    writer.writerows([step, *(_cell(column.get(step)) for column in columns.values())] for step in steps)
    return file.getvalue()


def encode(curves: Mapping[str, Points]) -> bytes:
    """The table of :func:`text` as UTF-8."""
    return text(curves).encode("utf-8")


def write(curves: Mapping[str, Points], path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Save the table; raises ``BadInput`` as ``genplay.export.write`` does."""
    return save(path, encode(curves), overwrite)


def _step(step: Any) -> int | float:
    return int(step) if int(step) == step else float(step)


def _cell(value: Any) -> str:
    """The shortest text that reads back as the same number of the same precision."""
    if value is None or not math.isfinite(value):
        return ""
    return str(value.item() if getattr(value, "dtype", None) == "float64" else value)
