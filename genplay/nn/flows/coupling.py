"""Coupling layers: half of the numbers say how the other half is transformed (Dinh et al. 2017, arXiv:1605.08803)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genplay.nn.flows.elementwise import Elementwise
from genplay.nn.flows.transform import Transform
from genplay.nn.mlp import mlp


class Coupling(Transform):
    """Numbers at odd places (B, D) are transformed by ``map``, given those at even places and the condition.

    With ``even`` it is the other way round. The network has two layers of ``hidden`` units; at first its output is 0,
    so the layer is the identity. With an affine map this is a layer of RealNVP, with a spline one of neural spline
    flows.
    """

    def __init__(self, size: int, hidden: int, map: Elementwise, even: bool = False, condition: int = 0) -> None:
        super().__init__()
        self.map, self.even = map, even
        ahead, behind = (size + 1) // 2, size // 2  # at even and at odd places
        self.kept, self.changed = (behind, ahead) if even else (ahead, behind)
        self.net = mlp([self.kept + condition, hidden, hidden, map.parameters * self.changed])
        zero(self.net[-1])

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, changed = self._parted(x)
        y, ladj = self.map.forward(changed.T, self._raw(kept, condition))
        return self._joined(kept, y.T), ladj.sum(0)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, changed = self._parted(y)
        x, ladj = self.map.inverse(changed.T, self._raw(kept, condition))
        return self._joined(kept, x.T), ladj.sum(0)

    def _raw(self, kept: Tensor, condition: Tensor | None) -> Tensor:
        given = kept if condition is None else torch.cat([kept, condition], 1)
        return self.net(given).T.contiguous().view(self.map.parameters, self.changed, len(kept))

    def _parted(self, x: Tensor) -> tuple[Tensor, Tensor]:
        ahead, behind = x[:, ::2], x[:, 1::2]
        return (behind, ahead) if self.even else (ahead, behind)

    def _joined(self, kept: Tensor, changed: Tensor) -> Tensor:
        ahead, behind = (changed, kept) if self.even else (kept, changed)
        if ahead.shape[1] == 1 == behind.shape[1]:
            return torch.cat([ahead, behind], 1)
        pairs = torch.stack([ahead[:, : behind.shape[1]], behind], 2).flatten(1)
        return torch.cat([pairs, ahead[:, behind.shape[1] :]], 1)


def zero(layer: nn.Module) -> None:
    """Set the weights of a layer to 0, so that what it parametrises begins as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
