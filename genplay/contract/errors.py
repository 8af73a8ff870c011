"""The one exception whose message is written for the user."""

from __future__ import annotations

import os
from pathlib import Path


class BadInput(ValueError):
    """Something the user gave cannot be used. ``str(error)`` is one clear sentence, shown as it stands."""


def shown(path: str | os.PathLike[str], limit: int = 80) -> str:
    """The name of a file as a message shows it: without its folder, on one line, at most ``limit`` characters."""
    name = Path(path).name or os.fspath(path)
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return name if len(name) <= limit else f"{name[: limit // 2]}…{name[-(limit // 2 - 1) :]}"
