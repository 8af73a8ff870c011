"""Which device computes, and with how many threads."""

from __future__ import annotations

import os

import torch

from genplay.contract.errors import BadInput


def available() -> tuple[str, ...]:
    """Devices that this machine has, best first; "cpu" is always there."""
    found = []
    if torch.accelerator.is_available():
        kind = torch.accelerator.current_accelerator()
        if kind is not None:
            count = torch.accelerator.device_count()
            found = [kind.type] + [f"{kind.type}:{i}" for i in range(1, count)]
    return (*found, "cpu")


def choose(wanted: str = "auto") -> torch.device:
    """The device for "auto" (the best there is) or for a name; raises ``BadInput`` for one that is not there."""
    known = available()
    if wanted == "auto":
        return torch.device(known[0])
    if wanted not in known:
        raise BadInput(f"There is no device {wanted!r} here; known: {', '.join(known)}.")
    return torch.device(wanted)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(threads: int = 0) -> int:
    """Limit torch to ``threads`` (0: all cores but one, which the window keeps); returns the number set."""
    count = threads or max(1, cores() - 1)
    torch.set_num_threads(count)
    return count


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished what was queued."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def memory_mb() -> float:
    """Resident memory of this process in megabytes (10^6 bytes)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        import resource
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
