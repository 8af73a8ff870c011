"""Writing a file so that a crash leaves either the old or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SUFFIX = ".genplay-part"


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace ``path`` by ``data``: temporary file in the same folder, fsync, rename. Raises ``OSError``."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}-", suffix=SUFFIX, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sweep(folder: str | os.PathLike[str]) -> int:
    """Remove temporary files that a killed program left below ``folder``; returns how many."""
    orphans = list(Path(folder).rglob(f"*{SUFFIX}"))
    for orphan in orphans:
        orphan.unlink(missing_ok=True)
    return len(orphans)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
