"""Time as a network takes it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genplay.contract.spec import DataSpec
from genplay.nn.embeddings import AttributeEmbedding

LOWEST, HIGHEST = 1.0, 1000.0


class TimeFeatures(nn.Module):
    """Times (B,) in [0, 1] to sines and cosines (B, 2 count) of frequencies from 1 to 1000, evenly in the logarithm."""

    def __init__(self, count: int) -> None:
        super().__init__()
        frequencies = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), count)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.frequencies: Tensor

    def forward(self, t: Tensor) -> Tensor:
        angles = t[:, None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], 1)


class Conditioner(nn.Module):
    """Time (B,) and, for a model that is told what to draw, labels (B, A) as one vector (B, width)."""

    def __init__(self, spec: DataSpec, width: int, conditional: bool, features: int = 32) -> None:
        super().__init__()
        self.features = TimeFeatures(features)
        self.time = nn.Sequential(nn.Linear(2 * features, width), nn.SiLU(), nn.Linear(width, width))
        self.attributes = AttributeEmbedding(spec.attributes, width) if conditional and spec.attributes else None

    def forward(self, t: Tensor, labels: Tensor | None) -> Tensor:
        vector = self.time(self.features(t))
        return vector if self.attributes is None or labels is None else vector + self.attributes(labels)
