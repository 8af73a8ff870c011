"""What the layers of a flow do to the plane of its codes: a grid that bends, and by how much it is stretched where."""

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
from genplay.core.dataset import Dataset
from genplay.core.probe import Partial, Probe, conditions, within
from genplay.probes.field import lattice

MAX_LINES, MAX_SIDE = 101, 201
ALONG = 61  # points of each line


class LookThroughLayers(Probe):
    """Places in the plane of codes after each layer, with log |det dx/dz| = sum over the layers so far.

    The change of variables (Rezende & Mohamed 2015, arXiv:1505.05770) makes of it the density:
    log p(x) = log N(z; 0, I) - log |det dx/dz|.
    """

    question = requests.LookThroughLayers
    needs = frozenset({Capability.LAYERS})
    kinds = (Kind.POINTS,)

    def run(
        self, model: Any, data: Dataset | None, question: requests.LookThroughLayers, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Layers`` in one piece. Raises ``BadInput``."""
        lines = within("The number of lines", question.lines, 2, MAX_LINES)
        side = within("The number of places a side", question.side, 2, MAX_SIDE)
        if not 0 < question.reach <= 10:
            raise BadInput("The grid must reach to a number between 0 and 10.")
        grid = straight(lines, question.reach)
        z = torch.cat([grid, lattice(torch.linspace(-1, 1, side) * question.reach).flatten(0, 1)]).to(model.device)
        labels = conditions(question.condition, model.spec, len(z), model.device)
        states, stretched = zip(*model.layers(z, labels))
        x, log_det = torch.stack(states), torch.stack(stretched)
        back = model.encode(x[-1], labels).mu
        count, k = len(grid), len(x)
        yield Partial(
            results.Layers(
                lines=_numpy(x[:, :count].reshape(k, 2, lines, ALONG, 2)),
                at=_numpy(x[:, count:].reshape(k, side, side, 2)),
                log_det=_numpy(log_det[:, count:].reshape(k, side, side)),
                round_trip=float((back - z).abs().max()),
            ),
            1.0,
        )


def straight(lines: int, reach: float) -> Tensor:
    """Points (2 * lines * ALONG, 2) of straight lines along the first number of a code, then along the second."""
    fixed, moving = torch.meshgrid(
        torch.linspace(-reach, reach, lines), torch.linspace(-reach, reach, ALONG), indexing="ij"
    )
    return torch.stack([torch.stack([moving, fixed], -1), torch.stack([fixed, moving], -1)]).reshape(-1, 2)


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().contiguous().numpy()
