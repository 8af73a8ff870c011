"""Embeddings of what conditions a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from genplay.contract.spec import Attribute


class AttributeEmbedding(nn.Module):
    """Labels (B, A) to the sum of one learnt vector an attribute value, (B, width). "Any" has a vector of its own."""

    def __init__(self, attributes: Sequence[Attribute], width: int) -> None:
        super().__init__()
        counts = [len(attribute.values) + 1 for attribute in attributes]
        self.vectors = nn.Embedding(sum(counts), width)
        starts = torch.tensor([0, *counts[:-1]]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)
        self.starts: Tensor

    def forward(self, labels: Tensor) -> Tensor:
        return self.vectors(labels + self.starts).sum(1)


def drop_labels(labels: Tensor, any_labels: Sequence[int], generator: Generator) -> Tensor:
    """Labels (B, A) with each attribute set to "any" at random, so that a network learns to be asked for any subset.

    Every row draws its own rate from U(0, 1): each number of kept attributes, none and all among them, is equally
    likely.
    """
    rate = torch.rand(len(labels), 1, generator=generator, device=labels.device)
    drop = torch.rand(labels.shape, generator=generator, device=labels.device) < rate
    unspecified = torch.tensor(list(any_labels), dtype=labels.dtype, device=labels.device)
    return torch.where(drop, unspecified, labels)
