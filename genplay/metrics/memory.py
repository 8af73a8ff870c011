"""How much of what a model of texts writes stands in its data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from genplay.contract.results import Novelty
from genplay.core.dataset import Dataset

_sets = WeakTensorKeyDictionary()  # the texts of each part that was asked about


def found_in(x: Tensor, data: Dataset) -> np.ndarray:
    """Where texts x (N, L) stand word for word: (N,) int64, ``Novelty.NEW``, ``TRAINED`` or ``HELD_OUT``."""
    train, heldout = _texts(data.train), _texts(data.heldout)
    return np.array([_place(row, train, heldout) for row in _rows(x)], np.int64)


def shares(x: Tensor, data: Dataset) -> dict[str, float]:
    """Shares of texts x (N, L): word for word in the training part, in the held-out part, new, and distinct.

    Both parts are of one kind. A model that has learnt and does not remember finds as large a share of the one part as
    of the other; see "in training" over "in held-out" against how many texts they have.
    """
    found = found_in(x, data)
    return {
        "in training": float((found == Novelty.TRAINED).mean()),
        "in held-out": float((found == Novelty.HELD_OUT).mean()),
        "new": float((found == Novelty.NEW).mean()),
        "distinct": len(set(_rows(x))) / max(1, len(x)),
    }


def _rows(x: Tensor) -> Iterable[bytes]:
    return (row.tobytes() for row in x.cpu().numpy().astype(np.int64))


def _texts(x: Tensor) -> frozenset[bytes]:
    if x not in _sets:
        _sets[x] = frozenset(_rows(x))
    known: frozenset[bytes] = _sets[x]
    return known


def _place(row: bytes, train: frozenset[bytes], heldout: frozenset[bytes]) -> int:
    return Novelty.TRAINED if row in train else Novelty.HELD_OUT if row in heldout else Novelty.NEW
