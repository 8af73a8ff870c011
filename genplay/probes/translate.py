"""What a model that turns pictures into pictures makes of some, and what its discriminator says of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.probe import BREATH, Partial, Probe, conditions, within
from genplay.nn.degrade import STRONGEST
from genplay.probes.latent_map import chosen
from genplay.probes.starts import fitted

MAX_PICTURES = 1000
ROWS = 16  # pictures translated at once
RANGE = 2.0  # of a pixel in [-1, 1]


class Translate(Probe):
    """Held-out pictures, or given ones, beside their translations and the truth, or the way back."""

    question = requests.Translate
    needs = frozenset({Capability.CRITIC, Capability.TRANSLATE})
    kinds = (Kind.IMAGE,)
    needs_data = True

    def run(self, model: Any, data: Dataset, question: requests.Translate, generator: Generator) -> Iterator[Partial]:
        """``results.Translated``, of the pictures done so far. Raises ``BadInput``."""
        _check(model, question)
        there = originals(model, data, question, generator)
        leads_to = real_ones(model, data, question, generator)
        real = torch.cat([_real_scores(model, part, question.way, generator) for part in leads_to.split(ROWS)])
        source = model.begun(there, generator, question.strength)
        parts: list[tuple[Tensor, ...]] = []
        for begin in range(0, len(there), ROWS):
            yield BREATH
            rows = slice(begin, begin + ROWS)
            parts.append(_translated(model, source[rows], there[rows], question, generator))
        yield Partial(_record(model, source, parts, real), 1.0)


def _check(model: Any, question: requests.Translate) -> None:
    within("The number of pictures", question.n, 1, MAX_PICTURES)
    within("The way", question.way, 0, len(model.ways) - 1)
    strength = question.strength
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= STRONGEST:
        raise BadInput(f"The strength must be a number from 0 to {STRONGEST:g}, not {strength!r:.40}.")


def originals(model: Any, data: Dataset, question: requests.Translate, generator: Generator) -> Tensor:
    """The given pictures, or held-out ones that can go the way that is asked for, (N, C, H, W)."""
    if question.x is not None:
        if question.x.ndim == 4:
            within("The number of pictures", len(question.x), 1, MAX_PICTURES)
        return fitted(question.x, model)
    return _heldout(model, data, question.way, question.n, generator)


def real_ones(model: Any, data: Dataset, question: requests.Translate, generator: Generator) -> Tensor:
    """Held-out pictures of what the way leads to: those that begin the other way, where there is one."""
    return _heldout(model, data, (question.way + 1) % len(model.ways), question.n, generator)


def _heldout(model: Any, data: Dataset, way: int, n: int, generator: Generator) -> Tensor:
    order = chosen(len(data.heldout), len(data.heldout), generator).to(data.heldout.device)
    x = to_float(data.heldout[order].to(model.device))
    group = model.group_of(x, data.heldout_labels[order].to(model.device))
    found = x[group == way][:n]
    if not len(found):
        raise BadInput(f"The held-out data has no picture that could go the way {model.ways[way]}.")
    return found


def _real_scores(model: Any, x: Tensor, way: int, generator: Generator) -> Tensor:
    """Scores (N,) of real pictures as what a way leads to, with what would have been made into them."""
    score: Tensor = model.judged(model.begun(x, generator), x, way)
    return score


def _translated(
    model: Any, source: Tensor, there: Tensor, question: requests.Translate, generator: Generator
) -> tuple[Tensor, ...]:
    """Output, what it is compared with, the three scores, and the distance."""
    way = question.way
    labels = conditions(question.condition, model.spec, len(source), model.device)
    x = model.translate(source, labels, generator, way)
    if model.third == "truth":
        third, judged, distance = there, model.judged(source, there, way), x.clamp(-1, 1) - there
    else:
        back = (way + 1) % len(model.ways)
        third = model.translate(x, None, generator, back)
        judged, distance = model.judged(x, third, back), third.clamp(-1, 1) - source
    scores = model.judged(source, source, way), model.judged(source, x, way), judged
    return x, third, *scores, distance.abs().flatten(1).mean(1) / RANGE


def _record(model: Any, source: Tensor, parts: list[tuple[Tensor, ...]], real: Tensor) -> results.Translated:
    x, third, *rest = (torch.cat(column) for column in zip(*parts))
    score_source, score, score_third, distance = map(_numpy, rest)
    return results.Translated(
        to_plain(source, model.spec),
        to_plain(x, model.spec),
        to_plain(third, model.spec),
        score_source,
        score,
        score_third,
        _numpy(real),
        distance,
        float(model.threshold),
        tuple(model.ways),
        model.third,
        hasattr(model, "degrade"),
    )


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
