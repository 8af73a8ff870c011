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
        self.last = MaskedLinear((place[:, None] > degree).repeat(map.parameters, 1))
        zero(self.last)
        if condition:  # for the first number, which sees nothing else
            self.direct = nn.Linear(condition, size * map.parameters, bias=False)
            zero(self.direct)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        raw = self.last(self._hidden(x, condition))
        if condition is not None:
            raw = raw + self.direct(condition)
        y, ladj = self.map.forward(x.T, raw.T.contiguous().view(-1, self.size, len(x)))
        return y.T, ladj.sum(0)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, total = torch.zeros_like(y), y.new_zeros(len(y))
        weight, bias = self.last.weight * self.last.mask, self.last.bias
        for i in self.order:
            raw = torch.addmm(bias[i :: self.size, None], weight[i :: self.size], self._hidden(x, condition).T)
            if condition is not None:
                raw = raw + self.direct.weight[i :: self.size] @ condition.T
            found, ladj = self.map.inverse(y[:, i], raw)
            x = torch.cat([x[:, :i], found[:, None], x[:, i + 1 :]], 1)
            total = total + ladj
        return x, total

    def _hidden(self, x: Tensor, condition: Tensor | None) -> Tensor:
        given = x if condition is None else torch.cat([x, condition], 1)
        return F.silu(self.second(F.silu(self.first(given))))
