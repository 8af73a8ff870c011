"""Parameters laid end to end in one buffer, so that a step, an average or a copy is one operation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FlatParameters:
    """Replaces the storage of ``parameters`` by views into one flat tensor; their ``.grad`` are views into another.

    ``values`` and ``grad`` are 1-D tensors over all parameters. Four-dimensional weights keep the channels-last layout
    that convolutions on CPU prefer. The network may be trained and used as before; only replacing a parameter's data
    or gradient by another tensor would break the bond. Raises ``ValueError`` for parameters of several types.

    >>> layer = nn.Linear(2, 1)
    >>> flat = FlatParameters(list(layer.parameters()))
    >>> _ = flat.values.copy_(torch.tensor([1.0, 2.0, 3.0]))
    >>> layer(torch.ones(1, 2)).item()
    6.0
    """

    def __init__(self, parameters: Sequence[nn.Parameter], with_grad: bool = True) -> None:
        first = parameters[0]
        if len({(p.dtype, p.device) for p in parameters}) > 1:
            raise ValueError("the parameters of a group must have one type of number and be on one device")
        total = sum(p.numel() for p in parameters)
        self.values = torch.empty(total, dtype=first.dtype, device=first.device)
        self.grad = torch.zeros_like(self.values) if with_grad else None
        start = 0
        for p in parameters:
            end = start + p.numel()
            view = _shaped(self.values[start:end], p)
            view.copy_(p.detach())
            p.data = view
            if self.grad is not None:
                p.grad = _shaped(self.grad[start:end], p)
            start = end
        self.parameters = list(parameters)


def _shaped(flat: Tensor, like: Tensor) -> Tensor:
    """A view of ``flat`` in the shape of ``like``, channels last where it has four dimensions."""
    if like.dim() != 4:
        return flat.view(like.shape)
    o, i, h, w = like.shape
    return flat.view(o, h, w, i).permute(0, 3, 1, 2)
