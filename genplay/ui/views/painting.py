"""Pixel painting without a window: a picture with a mask over it, and what brush, eraser and fill make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SAME = 24  # colour values within which two neighbouring pixels are one area to the fill


@dataclass(frozen=True, eq=False)
class Painting:
    """A picture uint8 (H, W, C) and a mask uint8 (H, W) of 0 and 1. Both are replaced, never changed in place."""

    picture: np.ndarray
    mask: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray) -> Painting:
        """A picture without a mask."""
        return cls(np.ascontiguousarray(picture), np.zeros(picture.shape[:2], np.uint8))

    @property
    def masked(self) -> bool:
        """Whether any pixel is masked."""
        return bool(self.mask.any())

    def same(self, other: Painting) -> bool:
        """Whether both look the same."""
        return np.array_equal(self.picture, other.picture) and np.array_equal(self.mask, other.mask)

    def coloured(self, where: np.ndarray, colour: np.ndarray) -> Painting:
        """The pixels ``where`` (H, W) bool in another colour (C,), or in that of a picture (H, W, C)."""
        return replace(self, picture=np.where(where[..., None], colour, self.picture).astype(np.uint8))

    def with_mask(self, where: np.ndarray, value: int) -> Painting:
        """The mask set to 0 or 1 ``where`` (H, W) bool."""
        return replace(self, mask=np.where(where, np.uint8(value), self.mask))


def brushed(shape: tuple[int, int], start: tuple[int, int], end: tuple[int, int], size: int) -> np.ndarray:
    """The pixels bool (H, W) that a square brush of ``size`` pixels covers from cell to cell, (row, column) each."""
    covered = np.zeros(shape, bool)
    count = max(abs(end[0] - start[0]), abs(end[1] - start[1])) + 1
    rows = np.linspace(start[0], end[0], count).round().astype(int)
    columns = np.linspace(start[1], end[1], count).round().astype(int)
    back = (size - 1) // 2
    for row, column in zip(rows - back, columns - back):
        covered[max(0, row) : max(0, row + size), max(0, column) : max(0, column + size)] = True
    return covered


def area_of(picture: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """The connected pixels bool (H, W) that are coloured like ``cell`` (row, column), or nearly so."""
    like = np.abs(picture.astype(np.int16) - picture[cell].astype(np.int16)).max(axis=-1) <= SAME
    area = np.zeros(like.shape, bool)
    area[cell] = True
    while True:
        grown = area.copy()
        grown[1:] |= area[:-1]
        grown[:-1] |= area[1:]
        grown[:, 1:] |= area[:, :-1]
        grown[:, :-1] |= area[:, 1:]
        grown &= like
        if np.array_equal(grown, area):
            return area
        area = grown


def frequent_colours(picture: np.ndarray, most: int) -> list[tuple[int, ...]]:
    """The commonest colours of a picture, each clearly unlike those before it, commonest first."""
    found, counts = np.unique(picture.reshape(-1, picture.shape[-1]), axis=0, return_counts=True)
    kept: list[np.ndarray] = []
    for colour in found[np.argsort(-counts, kind="stable")][:400].astype(np.int16):
        if len(kept) < most and all(np.abs(colour - other).max() > 2 * SAME for other in kept):
            kept.append(colour)
    return [tuple(int(v) for v in colour) for colour in kept]
