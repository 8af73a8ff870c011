"""Level lines of a field on a grid."""

from __future__ import annotations

import numpy as np

# A cell's case has bit 1 if its top left corner is above the level, 2: top right, 4: bottom right, 8: bottom left. For
# each, the two sides that its line runs between: 0 top, 1 right, 2 bottom, 3 left; where two lines cross it, the first.
_FROM = np.array([0, 3, 0, 3, 1, 3, 0, 3, 2, 2, 0, 2, 1, 1, 0, 0])
_TO = np.array([0, 0, 1, 1, 2, 0, 2, 2, 3, 0, 1, 1, 3, 0, 3, 0])
_SADDLES = {5: (1, 2), 10: (2, 3)}  # their second lines


def level_lines(field: np.ndarray, level: float, extent: float) -> np.ndarray:
    """Pieces (M, 2, 2) of the line on which ``field`` (S, S) is ``level``, straight within each cell.

    Row 0 of the field is at the top, y = ``extent``; it spans [-extent, extent]^2. Values must be finite.
    """
    above = (field > level).astype(np.int8)
    case = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    rows, columns = np.nonzero((case > 0) & (case < 15))
    case, sides = case[rows, columns], _crossings(field, level, rows, columns)
    each = np.arange(len(case))
    pieces = [np.stack([sides[_FROM[case], each], sides[_TO[case], each]], axis=1)]
    for saddle, (one, other) in _SADDLES.items():
        here = case == saddle
        if here.any():
            pieces.append(np.stack([sides[one, here], sides[other, here]], axis=1))
    step = 2 * extent / (len(field) - 1)
    return np.concatenate(pieces) * [step, -step] + [-extent, extent]


def _crossings(field: np.ndarray, level: float, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where the level is crossed on top, right, bottom and left of some cells, (4, M, 2) as column and row."""
    corners = [field[rows + y, columns + x].astype(np.float64) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    found = np.empty((4, len(rows), 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = [(level - a) / (b - a) for a, b in zip(corners, (*corners[1:], corners[0]))]
    found[0] = np.stack([columns + share[0], rows], axis=1)
    found[1] = np.stack([columns + 1, rows + share[1]], axis=1)
    found[2] = np.stack([columns + 1 - share[2], rows + 1], axis=1)
    found[3] = np.stack([columns, rows + 1 - share[3]], axis=1)
    return found
