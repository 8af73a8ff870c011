"""Writing a file so that a crash leaves either the old or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path

SUFFIX = ".genplay-part"


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace ``path`` by ``data``: temporary file in the same folder, fsync, rename. Raises ``OSError``.

    Missing folders are made, a symbolic link keeps pointing where it did, and a file that was there keeps its
    permissions; a new one gets those that the process gives to new files.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:40]}-{secrets.token_hex(4)}{SUFFIX}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(part, stat.S_IMODE(target.stat().st_mode))
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _settle(target.parent)


def sweep(folder: str | os.PathLike[str], older_than: float = 0.0) -> int:
    """Remove temporary files that a killed program left below ``folder``; returns how many.

    Those changed in the last ``older_than`` seconds may still be written and stay, as does what cannot be removed.
    """
    newest = time.time() - older_than
    removed = 0
    for orphan in Path(folder).rglob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            if older_than <= 0 or orphan.lstat().st_mtime <= newest:
                orphan.unlink()
                removed += 1
    return removed


def _settle(folder: Path) -> None:
    """Make the rename itself last through a power cut, on systems whose folders can be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
