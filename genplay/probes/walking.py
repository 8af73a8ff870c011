"""Walks from noise to data whose rows share noise, along a path."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from genplay.contract.sampling import GaussianSampling
from genplay.core.gaussian import GaussianModel, normal
from genplay.core.model import Frame
from genplay.core.probe import seeded
from genplay.core.samplers import walk
from genplay.probes.starts import pieces, rows_at_once


class SharedNoise:
    """Noise for ``rows`` rows a draw, of which row i of a state gets number ``index[i]``."""

    def __init__(self, generator: Generator, rows: int, index: Tensor) -> None:
        self.generator, self.rows, self.index = generator, rows, index

    def __call__(self, like: Tensor) -> Tensor:
        return normal((self.rows, *like.shape[1:]), self.generator, like.device)[self.index.to(like.device)]


def shared_noise(model: GaussianModel, seed: int, index: Tensor) -> tuple[Tensor, SharedNoise]:
    """The first noise (n, *shape) that ``DrawSamples`` of ``seed`` has for the samples ``index`` (n,) of its first
    piece, and where their further noise comes from."""
    stream = next(pieces(model, 1, seeded(seed, model.device))).stream
    noise = SharedNoise(stream, rows_at_once(model), index)
    return noise(torch.empty(0, *model.shape, device=model.device)), noise


def walked(
    model: GaussianModel,
    first: Tensor,
    noise: SharedNoise,
    config: GaussianSampling,
    labels: Tensor | None,
) -> Iterator[Frame]:
    """A frame a step from ``first`` noise (n, *shape)."""
    denoiser = model.guided(labels, config, len(first))
    sigma = float(model.schedule.sigma(torch.ones((), dtype=torch.float64)))
    for frame in walk(first * sigma, denoiser, model.schedule, config, noise):
        yield model.shown(frame)


def foreseen(frame: Frame) -> Tensor:
    """What the model takes the sample to be: a picture that a person can read earlier than the state."""
    return frame.extras.get("x_0", frame.x)
