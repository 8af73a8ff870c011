"""An invertible network for vectors, built of affine couplings (Dinh et al. 2017, arXiv:1605.08803)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AffineCoupling(nn.Module):
    """(a, b) to (b exp(s) + t, a), where (s, t) are computed from a (and a condition); |s| stays below ``LIMIT``.

    The halves change places, so that a second layer transforms the other one. Starts as the bare exchange.
    """

    LIMIT = 1.0  # beyond it, stray codes can explode on their way back

    def __init__(self, size: int, hidden: int, condition: int = 0) -> None:
        super().__init__()
        self.kept, self.changed = size // 2, size - size // 2
        self.net = nn.Sequential(
            nn.Linear(self.kept + condition, hidden), nn.SiLU(), nn.Linear(hidden, 2 * self.changed)
        )
        last = self.net[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The image (B, size) and log |det J| (B,)."""
        a, b = x.split((self.kept, self.changed), 1)
        scale, shift = self._scale_and_shift(a, condition)
        return torch.cat([torch.addcmul(shift, b, scale.exp()), a], 1), scale.sum(1)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> Tensor:
        """The vector whose image is ``y``."""
        b, a = y.split((self.changed, self.kept), 1)
        scale, shift = self._scale_and_shift(a, condition)
        return torch.cat([a, (b - shift) * (-scale).exp()], 1)

    def _scale_and_shift(self, a: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        given = a if condition is None else torch.cat([a, condition], 1)
        scale, shift = self.net(given).chunk(2, 1)
        return self.LIMIT * torch.tanh(scale / self.LIMIT), shift


class CouplingFlow(nn.Module):
    """``layers`` couplings one after the other, with ``forward`` and ``inverse`` as in :class:`AffineCoupling`."""

    def __init__(self, size: int, layers: int, hidden: int, condition: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(AffineCoupling(size, hidden, condition) for _ in range(layers))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        ladj = x.new_zeros(len(x))
        for layer in self.layers:
            x, part = layer(x, condition)
            ladj = ladj + part
        return x, ladj

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> Tensor:
        for layer in reversed(self.layers):
            assert isinstance(layer, AffineCoupling)
            y = layer.inverse(y, condition)
        return y
