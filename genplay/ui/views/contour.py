"""Level lines of a field on a grid."""

from __future__ import annotations

import numpy as np

# For each of a cell's sixteen cases (bit 1: top left, 2: top right, 4: bottom right, 8: bottom left are above the
# level) the sides that its lines run between: 0 top, 1 right, 2 bottom, 3 left.
_CASES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 0), (1, 2)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 1), (2, 3)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}


def level_lines(field: np.ndarray, level: float, extent: float) -> np.ndarray:
    """Pieces (M, 2, 2) of the line on which ``field`` (S, S) is ``level``, straight within each cell.

    Row 0 of the field is at the top, y = ``extent``; it spans [-extent, extent]^2. Values must be finite.
    """
    above = field > level
    case = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    sides = _crossings(field, level)
    pieces = [
        np.stack([sides[a][case == number], sides[b][case == number]], axis=1)
        for number, lines in _CASES.items()
        for a, b in lines
    ]
    found = np.concatenate(pieces)
    step = 2 * extent / (len(field) - 1)
    return np.stack([found[..., 0] * step - extent, extent - found[..., 1] * step], axis=-1)


def _crossings(field: np.ndarray, level: float) -> list[np.ndarray]:
    """For top, right, bottom and left of each cell where the level is crossed, (S-1, S-1, 2) as column and row."""
    rows, columns = np.mgrid[0 : len(field) - 1, 0 : field.shape[1] - 1].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (level - field[:, :-1]) / (field[:, 1:] - field[:, :-1])
        down = (level - field[:-1]) / (field[1:] - field[:-1])
    return [
        np.stack([columns + along[:-1], rows], axis=-1),
        np.stack([columns + 1, rows + down[:, 1:]], axis=-1),
        np.stack([columns + along[1:], rows + 1], axis=-1),
        np.stack([columns, rows + down[:, :-1]], axis=-1),
    ]
