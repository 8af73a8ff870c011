"""Monotone maps of single numbers, whose parameters a network computes from the other numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Elementwise(Protocol):
    """A map y = g(x; raw) of numbers (...) with ``parameters`` raw numbers each, (parameters, ...).

    Zeros mean the identity. Both ways give the image (...) and the log of the slope there, (...).
    """

    @property
    def parameters(self) -> int: ...

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]: ...

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class Affine:
    """y = x exp(s) + t, s kept within (-limit, limit): beyond it stray codes explode on their way back."""

    limit: float = 3.0
    parameters: int = 2

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self._scale_and_shift(raw)
        return torch.addcmul(shift, x, scale.exp()), scale

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self._scale_and_shift(raw)
        return (y - shift) * (-scale).exp(), -scale

    def _scale_and_shift(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = raw.unbind(0)
        return self.limit * torch.tanh(scale / self.limit), shift
