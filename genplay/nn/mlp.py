"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


def mlp(sizes: Sequence[int], activation: type[nn.Module] = nn.SiLU) -> nn.Sequential:
    """Linear layers of the given ``sizes`` with the activation between them: (B, sizes[0]) to (B, sizes[-1])."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise(sizes):
        layers += [nn.Linear(inner, outer), activation()]
    return nn.Sequential(*layers[:-1])


class ResidualBlock(nn.Module):
    """x + W2 silu(W1 norm(x)) for vectors (B, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(self.norm(x))))


def residual_mlp(inputs: int, outputs: int, width: int, blocks: int = 2) -> nn.Sequential:
    """(B, inputs) to (B, outputs) through a residual stream of ``width``, normalised at the end."""
    stream = [ResidualBlock(width) for _ in range(blocks)]
    return nn.Sequential(nn.Linear(inputs, width), *stream, nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, outputs))
