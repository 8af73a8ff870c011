"""Arrays as an npz file, byte for byte the same each time, with the recipe as one more field."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from genplay.contract.errors import BadInput

FIELD = "recipe"
KINDS = "bifuc"  # dtype kinds that need no pickle: booleans, numbers


def encode(arrays: Mapping[str, np.ndarray], text: str) -> bytes:
    """npz bytes of ``arrays`` by name; ``text`` is the field ``recipe``, a string without dimensions.

    Raises ``BadInput`` for a name that cannot be a field and for arrays of anything but numbers.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(arrays):
            archive.writestr(_entry(name), _npy(_checked(name, arrays[name])))
        archive.writestr(_entry(FIELD), _npy(np.array(text)))
    return file.getvalue()


def _checked(name: str, value: np.ndarray) -> np.ndarray:
    if not name.isidentifier() or name == FIELD:
        raise BadInput(f"An array cannot be called {name!r:.60}.")
    array = np.asarray(value)
    if array.dtype.kind not in KINDS:
        raise BadInput(f"The array {name!r:.60} holds something else than numbers.")
    return array


def _entry(name: str) -> zipfile.ZipInfo:
    """A member with a fixed date and fixed attributes, so that the bytes depend on the content alone."""
    entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array) if array.ndim else array, allow_pickle=False)
    return file.getvalue()
