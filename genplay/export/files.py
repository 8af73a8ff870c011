"""Putting bytes where the user wants them, never over another file unasked."""

from __future__ import annotations

import os
from pathlib import Path

from genplay.contract import atomic
from genplay.contract.errors import BadInput, shown


def check_free(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """The path, if a file may be written there; raises ``BadInput``."""
    target = Path(path)
    if os.path.isdir(target):
        raise BadInput(f"{shown(target)} is a folder, so no file of that name can be saved.")
    if not overwrite and os.path.lexists(target):
        raise BadInput(f"{shown(target)} already exists.")
    return target


def save(path: str | os.PathLike[str], data: bytes, overwrite: bool) -> Path:
    """Write ``data`` in one piece. Raises ``BadInput`` if a file may not be replaced or cannot be made."""
    target = check_free(path, overwrite)
    try:
        atomic.write(target, data)
    except ValueError:
        raise BadInput(f"{shown(target)} cannot be a file name.") from None
    except OSError as error:
        raise BadInput(f"{shown(target)} cannot be saved: {error.strerror or 'the folder refuses it'}.") from None
    return target
