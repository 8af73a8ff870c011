"""Samples along a path through noise: keyframes are the first noise of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset, to_plain
from genplay.core.gaussian import GaussianModel
from genplay.core.interpolate import along
from genplay.core.probe import Partial, Probe, conditions, within
from genplay.probes.starts import gaussian, rows_at_once
from genplay.probes.walking import foreseen, shared_noise, walked

MAX_SEEDS, MAX_FRAMES = 64, 2000
STRIDE = 4  # every so many frames come first


class WalkNoise(Probe):
    """A path through noise, carried to data.

    With a sampler that adds no noise, a keyframe's sample is the first one that ``DrawSamples`` gives for its seed.
    Further noise is that of the first sample of the question's seed, the same all along the path.
    """

    question = requests.WalkNoise
    needs = frozenset({Capability.DENOISE})

    def run(
        self, model: Any, data: Dataset | None, question: requests.WalkNoise, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Samples`` of all frames: every fourth first, then the others; until its turn comes, a frame is
        that nearest to it. Raises ``BadInput``."""
        frames = within("The number of frames", question.frames, 1, MAX_FRAMES)
        path = noise_path(gaussian(model), question, frames)
        order = torch.tensor([*range(0, frames, STRIDE), *(i for i in range(frames) if i % STRIDE)])
        x = to_plain(torch.zeros(frames, *model.spec.shape), model.spec)
        done = np.zeros(frames, bool)
        for rows in order.split(rows_at_once(model)):
            before = int(done.sum())
            for state in self._walk(model, question, path[rows]):
                x[rows.numpy()] = to_plain(foreseen(state), model.spec)
                done[rows.numpy()] = True
                share = before + len(rows) * (1 - state.t)
                yield Partial(_samples(x, done, question.condition), min(1.0, share / frames))

    def _walk(self, model: GaussianModel, question: requests.WalkNoise, first: Tensor) -> Iterator[Any]:
        config = knob.build(model.SampleConfig, question.config)
        _, noise = shared_noise(model, question.seed, torch.zeros(len(first), dtype=torch.int64))
        labels = conditions(question.condition, model.spec, len(first), model.device)
        return walked(model, first, noise, config, labels)


def noise_path(model: GaussianModel, question: requests.WalkNoise, frames: int) -> Tensor:
    """The first noise (F, *shape) of every frame; raises ``BadInput``."""
    seeds = question.seeds
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise BadInput(f"A path goes through 1 to {MAX_SEEDS} seeds.")
    if len(seeds) > frames:
        raise BadInput(f"A path through {len(seeds)} seeds needs at least as many frames.")
    only = torch.zeros(1, dtype=torch.int64)
    keys = torch.cat([shared_noise(model, seed, only)[0] for seed in seeds])
    path = along(keys.flatten(1).cpu().numpy(), frames, question.mode, question.closed)
    return torch.from_numpy(path).view(-1, *model.shape).to(model.device)


def _samples(x: np.ndarray, done: np.ndarray, condition: tuple[int, ...]) -> results.Samples:
    known = np.flatnonzero(done)
    nearest = known[np.abs(np.arange(len(x))[:, None] - known).argmin(1)]
    labels = np.tile(np.array(condition, np.int64), (len(x), 1)) if condition else None
    return results.Samples(x[nearest], None, labels)
