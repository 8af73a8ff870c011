"""Points from a distribution that the user has painted (``contract.drawn``), labelled by the blob that they are of."""

from __future__ import annotations

import hashlib
import math
import os
from collections import deque
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import drawn
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, DataSource

TRAIN, HELDOUT = 20_000, 4_000
INK = 0.05  # of the densest cell: fainter ones join no blobs
SMALL = 0.005  # of the mass: a smaller blob is part of the nearest
MOST_BLOBS = 32
NONE = -1
FINE = 1 << 16  # places along a side of a cell: exact in float32, so that no point is rounded into the next cell


@dataclass(frozen=True)
class DrawnOptions:
    """Which drawing."""

    file: str = knob("", "drawing", "a file in which a painted distribution was saved", control="drawing")


class Drawn(DataSource):
    """A distribution painted by hand."""

    name, title, order = "drawn", "Drawn points", 41
    summary = "A distribution of points that you paint yourself; separate blobs become classes."
    group = "yours"
    licence = "Yours"
    spec = DataSpec(Kind.POINTS, (2,))  # ``load`` adds the blobs
    Options = DrawnOptions

    @classmethod
    def ready(cls) -> bool:
        """False: something has to be painted first."""
        return False

    @classmethod
    def stamp(cls, options: DrawnOptions) -> str:
        """A digest of the drawing."""
        return hashlib.sha256(drawn.load(_path(options)).tobytes()).hexdigest()

    @classmethod
    def load(cls, options: DrawnOptions) -> Dataset:
        """20,000 training and 4,000 held-out points; the same drawing gives the same points. Raises ``BadInput``."""
        density, title = drawn.read(_path(options))
        blobs = blobs_of(density)
        cells = Cells.of(density)
        x, cell = cells.draw(TRAIN + HELDOUT, torch.Generator().manual_seed(crc32(cls.name.encode())))
        labels = torch.from_numpy(blobs.ravel())[cell][:, None]
        attribute = Attribute("blob", tuple(str(i) for i in range(int(blobs.max()) + 1)))
        return Dataset(
            cls.name,
            title,
            cls.licence,
            DataSpec(Kind.POINTS, (2,), (attribute,)),
            train=x[:TRAIN],
            train_labels=labels[:TRAIN],
            heldout=x[TRAIN:],
            heldout_labels=labels[TRAIN:],
            log_density=cells,
        )


def _path(options: DrawnOptions) -> str:
    if not options.file:
        raise BadInput("Paint and save a distribution first.")
    return os.path.expanduser(options.file)


@dataclass(frozen=True)
class Cells:
    """A density that is constant on each cell of a grid over [-1, 1]^2 and zero elsewhere.

    ``mass`` (S * S,) float64, row by row from the top, sums to 1: p(x) is that of the cell of x over (2 / S)^2.
    """

    mass: Tensor
    side: int

    @classmethod
    def of(cls, density: np.ndarray) -> Cells:
        """The density proportional to an array (S, S)."""
        mass = torch.from_numpy(density.astype(np.float64)).flatten()
        return cls(mass / mass.sum(), len(density))

    def __call__(self, x: Tensor) -> Tensor:
        """Nats (B,) at points (B, 2); minus infinity where there is no ink."""
        column, row = ((x.double() * torch.tensor([1.0, -1.0], device=x.device) + 1) * (self.side / 2)).unbind(1)
        inside = (column >= 0) & (column < self.side) & (row > 0) & (row <= self.side)
        cell = (row.ceil() - 1).clamp(0, self.side - 1) * self.side + column.floor().clamp(0, self.side - 1)
        nats = self.mass.to(x.device).log()[cell.nan_to_num().long()] - 2 * math.log(2 / self.side)
        return torch.where(inside, nats, -math.inf)

    def draw(self, n: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """``n`` points float32 (n, 2), each evenly within a cell, and those cells (n,)."""
        edges = self.mass.cumsum(0)
        place = torch.rand(n, generator=generator, dtype=torch.float64) * edges[-1]
        cell = torch.searchsorted(edges, place, right=True).clamp(max=self._last())
        within = (torch.randint(FINE, (n, 2), generator=generator) + 0.5) / FINE
        column, row = cell % self.side, cell.div(self.side, rounding_mode="floor")
        x = (column + within[:, 0]) * (2 / self.side) - 1
        y = 1 - (row + within[:, 1]) * (2 / self.side)
        return torch.stack([x, y], 1).float(), cell

    def _last(self) -> int:
        """The last cell with ink."""
        return int(self.mass.nonzero()[-1])


# ---- blobs ------------------------------------------------------------------------------------------------------


def blobs_of(density: np.ndarray) -> np.ndarray:
    """The blob of each cell, int64 (S, S), numbered from 0 row by row from the top.

    A blob is a set of cells above 5 % of the densest that touch by sides or corners, and holds at least 0.5 % of the
    mass; of more than 32 the heaviest count. All other cells are of the nearest blob, as a king walks.
    """
    found = _touching(density > INK * density.max())
    mass = np.bincount(found[found != NONE], density[found != NONE].astype(np.float64)) / density.sum(dtype=np.float64)
    number = np.full(len(mass) + 1, NONE)  # the last one is for cells of none
    for new, old in enumerate(_kept(mass)):
        number[old] = new
    return _grown(number[found])


def _kept(mass: np.ndarray) -> list[int]:
    """Which blobs count, in their old order: the heaviest 32 of those that are not small, one at least."""
    heaviest = np.argsort(-mass, kind="stable")[:MOST_BLOBS].tolist()
    return sorted(blob for i, blob in enumerate(heaviest) if i == 0 or mass[blob] >= SMALL)


def _touching(ink: np.ndarray) -> np.ndarray:
    """Numbers of the connected sets of True cells, int64 (S, S), in the order of their first cells; NONE elsewhere."""
    found = np.full(ink.shape, NONE, np.int64)
    count = 0
    for start in zip(*np.nonzero(ink)):
        if found[start] == NONE:
            _fill(found, ink, (int(start[0]), int(start[1])), count)
            count += 1
    return found


def _fill(found: np.ndarray, ink: np.ndarray, start: tuple[int, int], number: int) -> None:
    """Give ``number`` to all cells of ``ink`` that can be reached from ``start``."""
    found[start] = number
    ahead = deque([start])
    while ahead:
        row, column = ahead.popleft()
        for near in _around(row, column, ink.shape):
            if ink[near] and found[near] == NONE:
                found[near] = number
                ahead.append(near)


def _around(row: int, column: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The up to eight neighbours of a cell, and itself."""
    rows = range(max(0, row - 1), min(shape[0], row + 2))
    columns = range(max(0, column - 1), min(shape[1], column + 2))
    return [(r, c) for r in rows for c in columns]


def _grown(blobs: np.ndarray) -> np.ndarray:
    """Every cell without a blob takes that of a neighbour, ring by ring, the higher number where two meet."""
    while (blobs == NONE).any():
        padded = np.pad(blobs, 1, constant_values=NONE)
        rows, columns = blobs.shape
        near = np.max([padded[r : r + rows, c : c + columns] for r in range(3) for c in range(3)], axis=0)
        blobs = np.where(blobs == NONE, near, blobs)
    return blobs
