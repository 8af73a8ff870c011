"""Claiming a folder for one process, so that two windows never write the same runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def claim(path: Path) -> int | None:
    """A handle on the lock file ``path`` that keeps others out until it is closed or the process ends, however it ends.

    None when another process has it. Where the file system knows no locks everyone gets one. Raises ``OSError`` when
    the file cannot be made.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(handle)
    except (BlockingIOError, PermissionError):
        os.close(handle)
        return None
    except OSError:
        pass  # a network file system without locks: better two writers than none
    return handle


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
