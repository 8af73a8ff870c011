"""Loading torch's shared libraries without holding up the window."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from pathlib import Path

LIBRARIES = ("libtorch_global_deps", "libtorch_cpu")  # in the order in which torch itself loads them


def load_libraries() -> bool:
    """Load torch's largest libraries ahead of ``import torch``; says whether that could be done.

    Python holds its interpreter lock while an extension module is loaded, for torch some tenths of a second in which
    no other thread runs. A call through ctypes lets go of it. What goes wrong here, ``import torch`` will report.
    """
    spec = importlib.util.find_spec("torch")
    if os.name != "posix" or spec is None or not spec.submodule_search_locations:
        return False
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    endings = (".so", ".dylib")
    found = [path for name in LIBRARIES for ending in endings if (path := folder / f"{name}{ending}").is_file()]
    return bool(found) and all(_load(path) for path in found)


def _load(path: Path) -> bool:
    """Have the system load a library whose symbols only its dependents see; the lock is free meanwhile."""
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return bool(load(os.fsencode(path), os.RTLD_NOW | os.RTLD_LOCAL))
