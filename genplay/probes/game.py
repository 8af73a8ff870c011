"""The state of an adversarial game on points: who is where, what the discriminator says, and where it pushes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Batch, Dataset
from genplay.core.model import Frame
from genplay.core.probe import BREATH, Partial, Probe, within
from genplay.probes.field import lattice
from genplay.probes.latent_map import chosen
from genplay.probes.samples import cut, merged, samplers

GENERATOR = "generator"  # the group of parameters that is no discriminator's
MAX_POINTS, MAX_SIDE, MAX_LINES, MAX_AHEAD = 10_000, 512, 101, 200
ROWS = 4096  # points scored at once: one large call does not hold up the training beside it as some small ones do
REACH, ALONG = 2.5, 61  # how far the latent grid reaches, and the points of each of its lines
RATE, BATCH = 1e-3, 256  # of the further steps


class LookAtGame(Probe):
    """Generated and real points with their scores, the scores on a grid, the pushes, and the warped latent grid.

    The generated points are those of ``DrawSamples`` with the same seed. A push is grad_x D(x) at a generated point.
    Fields are at ``side`` x ``side`` places that include the corners of [-extent, extent]^2. The latent grid has
    straight lines of the plane of the first two numbers of a code, over [-2.5, 2.5], the other numbers being 0.
    """

    question = requests.LookAtGame
    needs = frozenset({Capability.CRITIC, Capability.DECODE})
    kinds = (Kind.POINTS,)
    needs_data = True

    def run(self, model: Any, data: Dataset, question: requests.LookAtGame, generator: Generator) -> Iterator[Partial]:
        """``results.Game``, in one piece: a ghost is waited for. Raises ``BadInput``."""
        _check(question)
        frame = drawn(model, question.n, generator)
        real = data.train[chosen(len(data.train), question.n, generator).to(data.train.device)].to(model.device)
        at = grid(question.side, question.extent).to(model.device)
        score, gradient = pushed(model, frame.x)
        score_real, field = scores(model, torch.cat([real, at])).split([len(real), len(at)])
        ghost = None
        for ghost in further(model, data, question.unroll, generator) if question.unroll else ():
            yield BREATH
        game = results.Game(
            x=_numpy(frame.x),
            real=_numpy(real),
            z=_numpy(frame.extras["z"]) if "z" in frame.extras else np.zeros((question.n, 0), np.float32),
            field=_numpy(field.view(question.side, -1)),
            extent=question.extent,
            score_x=_numpy(score),
            score_real=_numpy(score_real),
            gradient=_numpy(gradient),
            lines=_numpy(warped(model, question.lines)),
            threshold=float(model.threshold),
            ghost=None if ghost is None else _numpy(scores(ghost, at).view(question.side, -1)),
        )
        yield Partial(game, 1.0)


def _check(question: requests.LookAtGame) -> None:
    within("The number of points", question.n, 1, MAX_POINTS)
    within("The side of the field", question.side, 2, MAX_SIDE)
    within("The number of lines", question.lines, 0, MAX_LINES)
    within("The number of steps ahead", question.unroll, 0, MAX_AHEAD)
    if not 0 < question.extent <= 1e4:
        raise BadInput("The field must reach to a number between 0 and 10000.")


def drawn(model: Any, n: int, generator: Generator) -> Frame:
    """The first ``n`` of ``DrawSamples`` for the generator's seed."""
    states = []
    for keep, walk in samplers(model, requests.DrawSamples(n), generator):
        *_, last = walk
        states.append(cut(last, keep))
    return merged(states)


def grid(side: int, extent: float) -> Tensor:
    """Places (side^2, 2), row by row from the top."""
    return lattice(torch.linspace(-1, 1, side) * extent).flatten(0, 1)


def scores(model: Any, x: Tensor) -> Tensor:
    """What the discriminator says of points (N, 2), (N,)."""
    return torch.cat([model.critic(part, None) for part in x.split(ROWS)])


def pushed(model: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """Scores (N,) and their gradients (N, ...) at ``x`` (N, ...), whether or not gradients are on elsewhere."""
    found = [_slope(model, part, None) for part in x.split(ROWS)]
    score, gradient = (torch.cat(parts) for parts in zip(*found))
    return score, gradient


def _slope(model: Any, x: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_(True)
        score = model.critic(x, labels)
        (gradient,) = torch.autograd.grad(score.sum(), x)
    return score.detach(), gradient


def warped(model: Any, lines: int) -> Tensor:
    """Images (2, L, P, 2) of ``lines`` lines each way: along the first number of the code, then along the second."""
    if lines < 1 or model.latent_size < 2:
        return torch.zeros(2, 0, ALONG, 2)
    at = torch.linspace(-REACH, REACH, lines) if lines > 1 else torch.zeros(1)
    fixed, moving = torch.meshgrid(at, torch.linspace(-REACH, REACH, ALONG), indexing="ij")
    z = torch.zeros(2, lines, ALONG, model.latent_size)
    z[0, ..., 0] = z[1, ..., 1] = moving
    z[0, ..., 1] = z[1, ..., 0] = fixed
    images = [model.decode(part, None) for part in z.flatten(0, 2).to(model.device).split(ROWS)]
    return torch.cat(images).view(2, lines, ALONG, 2)


@torch.enable_grad()
def further(model: Any, data: Dataset, steps: int, generator: Generator) -> Iterator[Any]:
    """A copy of the model after each of so many further steps of its discriminator alone, by Adam on its own losses.

    Nothing is given where the discriminator does not train.
    """
    ahead = copy.deepcopy(model).requires_grad_(True)
    groups = ahead.parameter_groups().items()
    optimiser = torch.optim.Adam([p for name, group in groups if name != GENERATOR for p in group], lr=RATE)
    losses = _losses(ahead, data, generator)
    loss = next(losses, None)
    for _ in range(steps):
        if loss is None:
            return
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss = next(losses, None)  # going on is when a model clips its weights and such
        yield ahead


def _losses(model: Any, data: Dataset, generator: Generator) -> Iterator[Tensor]:
    """What the discriminator minimises, on one batch after another; ends where it does not train."""
    trains = True
    while trains:
        trains = False
        for objective in model.objectives(_batch(model, data, generator), generator):
            if objective.group != GENERATOR:
                trains = True
                yield objective.loss


def _batch(model: Any, data: Dataset, generator: Generator) -> Batch:
    n = BATCH * model.batches_per_step
    rows = torch.randint(len(data.train), (n,), generator=generator, device=generator.device).to(data.train.device)
    return Batch(data.train[rows].to(model.device), data.train_labels[rows].to(model.device), 0)


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
