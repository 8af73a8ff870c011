"""Masked autoregressive flows (Papamakarios et al. 2017, arXiv:1705.07057)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.nn.flows.coupling import zero
from genplay.nn.flows.elementwise import Elementwise
from genplay.nn.flows.transform import Transform


class MaskedLinear(nn.Linear):
    """A linear layer whose weights are kept at 0 where ``mask`` (outputs, inputs) is False."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.to(self.weight.dtype), persistent=False)
        self.mask: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class Autoregressive(Transform):
    """Every number (B, D) is transformed by ``map`` given those before it; with ``backward`` those after it.

    The networks of all of them are one, whose weights are masked (MADE: Germain et al. 2015, arXiv:1502.03509). From
    data to noise is one pass through it; the way back takes D passes, a number each. At first it is the identity.
    """

    def __init__(self, size: int, hidden: int, map: Elementwise, backward: bool = False, condition: int = 0) -> None:
        super().__init__()
        self.map, self.size = map, size
        self.order = range(size)[::-1] if backward else range(size)  # which number is how manieth
        place = torch.arange(size).flip(0) if backward else torch.arange(size)
        degree = torch.arange(hidden) % max(1, size - 1)  # a unit sees the numbers up to its degree
        seen = torch.cat([place, torch.full((condition,), -1)])
        self.first = MaskedLinear(degree[:, None] >= seen)
        self.second = MaskedLinear(degree[:, None] >= degree)
        self.last = MaskedLinear((place[:, None] > degree).repeat_interleave(map.parameters, 0))
        zero(self.last)
        if condition:  # for the first number, which sees nothing else
            self.direct = nn.Linear(condition, size * map.parameters, bias=False)
            zero(self.direct)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        raw = self.last(self._hidden(x, condition))
        if condition is not None:
            raw = raw + self.direct(condition)
        y, ladj = self.map.forward(x, raw.view(len(x), self.size, -1))
        return y, ladj.sum(1)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, total = torch.zeros_like(y), y.new_zeros(len(y))
        weight = (self.last.weight * self.last.mask).view(self.size, -1, self.last.in_features)
        bias = self.last.bias.view(self.size, -1)
        for i in self.order:
            raw = F.linear(self._hidden(x, condition), weight[i], bias[i])
            if condition is not None:
                raw = raw + F.linear(condition, self.direct.weight.view(self.size, -1, condition.shape[1])[i])
            found, ladj = self.map.inverse(y[:, i : i + 1], raw[:, None])
            x = torch.cat([x[:, :i], found, x[:, i + 1 :]], 1)
            total = total + ladj[:, 0]
        return x, total

    def _hidden(self, x: Tensor, condition: Tensor | None) -> Tensor:
        given = x if condition is None else torch.cat([x, condition], 1)
        return F.silu(self.second(F.silu(self.first(given))))
