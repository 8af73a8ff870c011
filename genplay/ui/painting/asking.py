"""The questions that the Painting panel puts, and what a recipe's question says of its state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from genplay.contract.catalogue import FamilyInfo
from genplay.contract.requests import NextProbs, Question, Trajectory
from genplay.contract.results import NextProbs as Probabilities
from genplay.contract.results import RunState
from genplay.ui.painting.state import PaintState, shape_of
from genplay.ui.views.painting import Painting

MOST_PLACES = 1024  # of a picture of which every place is a frame; of a larger one every row is


def look(state: PaintState, shown: Painting, place: int) -> NextProbs:
    """What the pixel at ``place`` is drawn from; temperature and the like are applied where the bars are drawn."""
    return NextProbs(shown.picture, place, state.wish.condition, surprise=False)


def surprise(state: PaintState, shown: Painting) -> NextProbs:
    """How surprising all pixels of a picture are."""
    return NextProbs(shown.picture, 0, state.wish.condition)


def surprise_in(value: object) -> np.ndarray | None:
    """-log2 p (H, W) of every pixel in an answer to :func:`surprise`, in bits."""
    return value.surprise if isinstance(value, Probabilities) else None


def completion(state: PaintState, picture: np.ndarray, mask: np.ndarray) -> Trajectory:
    """The pixels of a picture (H, W, C) where ``mask`` (H, W) is 1 anew, in as many ways as the state says."""
    frames = "pixels" if mask.size <= MOST_PLACES else "rows"
    wish = state.wish
    config = {**wish.config, "frames": frames}
    return Trajectory(wish.count, wish.condition, config, source=picture[None], mask=mask, seed=wish.seed)


def whole(state: PaintState, picture: np.ndarray) -> Trajectory:
    """A picture (H, W, C) of which nothing is missing: what a recipe keeps of one that was painted."""
    nothing = np.zeros(picture.shape[:2], np.uint8)
    return replace(completion(state, picture, nothing), n=1, config={**state.wish.config, "frames": "rows"})


def with_question(state: PaintState, question: Question | None, run: RunState, family: FamilyInfo | None) -> PaintState:
    """``state`` with what a recipe's question says over it, as far as it fits."""
    if isinstance(question, NextProbs) and _fits(question.picture, run):
        place = min(max(int(question.position), 0), question.picture[..., 0].size - 1)
        return replace(state, painting=Painting.of(question.picture), place=place)
    if not isinstance(question, Trajectory):
        return state
    plain: dict[str, Any] = {"seed": question.seed, "condition": question.condition, "count": question.n}
    plain["config"] = question.config
    state = PaintState.from_plain(plain, run, family, state)
    source, mask = question.source, question.mask
    if source is None or mask is None or not _fits(source[0], run) or mask.shape != source.shape[1:3]:
        return state
    return replace(state, painting=Painting(source[0].copy(), mask.astype(np.uint8)))


def _fits(picture: np.ndarray, run: RunState) -> bool:
    return picture.shape == shape_of(run.spec) and picture.dtype == np.uint8
