"""What the discriminator says of generated and of real pictures, and which pixels its scores hang on."""

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
from genplay.core.dataset import Dataset, to_plain
from genplay.core.probe import BREATH, Partial, Probe, conditions, within
from genplay.probes.guidance_cost import real_rows
from genplay.probes.samples import samplers

MAX_PICTURES = 1000
ROWS = 64  # pictures judged at once
FAINT = 1e-12


class JudgePictures(Probe):
    """Scores of ``n`` samples and of at most as many real pictures of the same condition.

    The saliency of a picture is sum_c |d D(x) / d x_c| at each pixel over its channels c, over the picture's largest
    (Simonyan et al. 2014, arXiv:1312.6034).
    """

    question = requests.JudgePictures
    needs = frozenset({Capability.CRITIC})
    kinds = (Kind.IMAGE,)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.JudgePictures, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Judged``, in one piece. Raises ``BadInput``."""
        n = within("The number of pictures", question.n, 1, MAX_PICTURES)
        drawn = []
        asked = requests.DrawSamples(n, question.condition)
        for keep, walk in samplers(model, asked, generator):
            yield BREATH
            *_, last = walk
            drawn.append(last.x[:keep])
        x, real = torch.cat(drawn), real_rows(data, question.condition, generator)[:n].to(model.device)
        if not len(real):
            raise BadInput("The data has no picture of that condition.")
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for pictures in (x, real):
            parts = []
            for part in pictures.split(ROWS):
                yield BREATH
                parts.append(judge(model, part, question))
            score, saliency = (np.concatenate(arrays) for arrays in zip(*parts))
            found.append((score, saliency))
        yield Partial(_record(model, (x, real), found, question.saliency), 1.0)


def _record(
    model: Any, pictures: tuple[Tensor, Tensor], found: list[tuple[np.ndarray, np.ndarray]], saliency: bool
) -> results.Judged:
    x, real = (to_plain(side, model.spec) for side in pictures)
    (score, strength), (score_real, strength_real) = found
    both = (strength, strength_real) if saliency else (None, None)
    return results.Judged(x, score, real, score_real, float(model.threshold), *both)


def judge(model: Any, x: Tensor, question: requests.JudgePictures) -> tuple[np.ndarray, np.ndarray]:
    """Scores (N,) and saliency (N, H, W) of pictures (N, C, H, W); all 0 where it is not asked for."""
    labels = conditions(question.condition, model.spec, len(x), model.device)
    if not question.saliency:
        return _numpy(model.critic(x, labels)), np.zeros((len(x), 0, 0), np.float32)
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_(True)
        score = model.critic(x, labels)
        (slope,) = torch.autograd.grad(score.sum(), x)
    return _numpy(score), _numpy(scaled(slope.abs().sum(1)))


def scaled(strength: Tensor) -> Tensor:
    """Each of several pictures (N, H, W) over its largest value."""
    return strength / strength.amax((1, 2), keepdim=True).clamp(min=FAINT)


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
