"""The IDX format of the MNIST family: a big-endian header (type, dimensions, sizes) and then unsigned bytes."""

from __future__ import annotations

import math
import struct

import numpy as np

from genplay.contract.errors import BadInput

UNSIGNED_BYTE = 0x08


def parse(data: bytes, dimensions: int) -> np.ndarray:
    """The uint8 array in ``data``, which must have that many ``dimensions``. Raises ``BadInput``."""
    start = 4 + 4 * dimensions
    if len(data) < start or data[:4] != bytes((0, 0, UNSIGNED_BYTE, dimensions)):
        raise BadInput(f"This is not an IDX file of bytes in {dimensions} dimensions.")
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    held, announced = len(data) - start, math.prod(shape)
    if held != announced:
        raise BadInput(f"The IDX file holds {held:,} bytes where its header announces {announced:,}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
