"""Texts as a text file, one a line, in UTF-8. It holds nothing else, so it is the one format without a recipe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind


def encode(x: np.ndarray, vocabulary: Sequence[str]) -> bytes:
    """The file of texts x (N, L) int64. Raises ``BadInput`` for data of another kind."""
    if x.dtype.kind not in "iu" or x.ndim != 2 or not vocabulary:
        raise BadInput("Only texts can be saved as text.")
    if x.size == 0:
        raise BadInput("There is nothing to save.")
    spec = DataSpec(Kind.TOKENS, x.shape[1:], (), tuple(vocabulary))
    return "".join(f"{text}\n" for text in spec.text(x)).encode()
