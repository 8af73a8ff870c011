"""The questions that the Chain lab puts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from genplay.contract.knob import Knob
from genplay.contract.requests import WalkChains
from genplay.contract.spec import DataSpec, Kind
from genplay.ui.chains.state import PICTURE, PLACED, ChainState
from genplay.ui.views.painting import Painting

STEPS = {Kind.POINTS: 300, Kind.IMAGE: 100}  # of a piece of a walk
SETTLED = {"adapt": False, "climb": 0.0}  # knobs of a beginning, and what they are once a walk goes on
OWN = ("steps", "start", "show")  # knobs of samplers that say nothing about a chain, or have controls of their own


def walk(state: ChainState, spec: DataSpec) -> WalkChains | None:
    """A walk from where the state says; None while that is nowhere."""
    wish, begin = state.wish, state.begin
    config = {name: value for name, value in wish.config.items() if name not in OWN}
    start = mask = None
    if begin == PLACED:
        if not state.placed:
            return None
        start, begin = spread(np.array(state.placed, np.float32), wish.count), "given"
    elif begin == PICTURE:
        if state.painting is None:
            return None
        start, begin = damaged(state.painting, state.noise, wish.seed)[None], "given"
        mask = state.painting.mask if state.clamp and state.painting.masked else None
    n = wish.count
    return WalkChains(n, STEPS[spec.kind], begin, wish.condition, config, start, mask, seed=wish.seed)


def spread(points: np.ndarray, n: int) -> np.ndarray:
    """n rows of points (P, 2) by turns, so that each has about as many chains."""
    return points[np.arange(n) % len(points)]


def damaged(painting: Painting, noise: float, seed: int) -> np.ndarray:
    """The picture (H, W, C) with a share ``noise`` of the masked pixels, or of all, in random colours."""
    picture = painting.picture
    dice = np.random.default_rng(seed)
    hit = dice.random(picture.shape[:2]) < noise
    if painting.masked:
        hit &= painting.mask > 0
    colours = dice.integers(0, 256, picture.shape, dtype=np.uint8)
    return np.where(hit[..., None], colours, picture)


def onward(question: WalkChains, state: np.ndarray, longer: float, number: int, knobs: Sequence[Knob]) -> WalkChains:
    """The walk that goes on from a state (N, ...) with steps ``longer`` by a factor than set, to which they adapted."""
    known = {knob.name: knob for knob in knobs}
    config: dict[str, Any] = dict(question.config)
    config |= {name: value for name, value in SETTLED.items() if name in known}
    if "step_size" in known and math.isfinite(longer):
        usual = known["step_size"]
        low, high, length = usual.low, usual.high, config.get("step_size", usual.default)
        config["step_size"] = float(np.clip(float(length) * longer, low, high))
    n, steps, seed = len(state), question.steps, question.seed + number
    return WalkChains(n, steps, "given", question.condition, config, state, question.mask, seed=seed)
