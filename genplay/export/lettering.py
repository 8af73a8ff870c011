"""Texts as small pictures, a text each, so that everything that can be done with pictures can be done with texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genplay.contract import paths
from genplay.contract.errors import BadInput

LETTER, ACROSS, DOWN, EDGE = 17, 10, 24, 6  # pixels: of a letter, of the cell of a character, at both ends of a text
PAPER, INK, VEILED = 255, 24, 200  # grey: of the ground, of letters, of a place that is not written yet


def drawn(tokens: np.ndarray, vocabulary: Sequence[str]) -> np.ndarray:
    """Tokens (..., L) as grey pictures uint8 (..., H, W, 1), dark on white, blocks where nothing is written yet.

    The end of a text, and what follows it, is blank. Raises ``BadInput`` for tokens that the vocabulary lacks.
    """
    if not len(vocabulary) or not tokens.size or tokens.min() < 0 or tokens.max() > len(vocabulary):
        raise BadInput("These tokens have no vocabulary that says what they spell.")
    cells = _cells(tuple(vocabulary))
    ended = np.cumsum(tokens == 0, axis=-1) > 0
    shown = cells[np.where(ended, 0, tokens)]  # (..., L, DOWN, ACROSS)
    row = np.moveaxis(shown, -3, -2).reshape(*tokens.shape[:-1], DOWN, tokens.shape[-1] * ACROSS)
    edges = [(0, 0)] * (row.ndim - 1) + [(EDGE, EDGE)]
    return np.pad(row, edges, constant_values=PAPER)[..., None]


@lru_cache(maxsize=8)
def _cells(vocabulary: tuple[str, ...]) -> np.ndarray:
    """A picture uint8 (DOWN, ACROSS) of every token and, last, of a place that is not written yet."""
    font = ImageFont.truetype(paths.shipped("assets") / "fonts" / "JetBrainsMono-Regular.ttf", LETTER)
    cells = np.full((len(vocabulary) + 1, DOWN, ACROSS), PAPER, np.uint8)
    for cell, name in zip(cells, vocabulary):
        picture = Image.new("L", (ACROSS, DOWN), PAPER)
        ImageDraw.Draw(picture).text((0, DOWN / 2), name, fill=INK, font=font, anchor="lm")
        cell[:] = np.asarray(picture)
    cells[-1, 5:-5, 1:-1] = VEILED
    return cells
