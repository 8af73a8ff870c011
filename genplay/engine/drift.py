"""How far the samples of the same seeds still move while a model trains: the curve that tells when it has settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NAME = "sample drift"
PIXEL = 127.5  # steps of a byte over the data's range [-1, 1]


def sample_drift(film: Sequence[tuple[int, np.ndarray]], step: int, x: np.ndarray) -> dict[str, float]:
    """Root mean square difference, data in [-1, 1], of ``x`` at ``step`` from the kept frame before it, as a term.

    Empty where no frame of that shape came before, or where the data are tokens, which have no distance.
    """
    before = next((old for at, old in reversed(film) if at < step), None)
    if before is None or before.shape != x.shape or x.dtype.kind not in "uf":
        return {}
    gap = (x.astype(np.float32) - before.astype(np.float32)) / (PIXEL if x.dtype == np.uint8 else 1.0)
    return {NAME: float(np.sqrt(np.square(gap).mean()))}
