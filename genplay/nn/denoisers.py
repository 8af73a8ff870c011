"""The networks that families with a Gaussian path share: a U-Net for pictures, an MLP for vectors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import DataSpec
from genplay.nn.time import Conditioner
from genplay.nn.unet import UNet


class VectorBlock(nn.Module):
    """x + W2 silu(film(norm(W1 x))) for vectors (B, width)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.film = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition).chunk(2, 1)
        h = self.first(self.norm(x)) * (1 + scale) + shift
        return x + self.second(F.silu(h))


class VectorNet(nn.Module):
    """Vectors (B, D), times (B,) and labels (B, A) or None to predictions (B, D), by ``blocks`` of ``width`` units.

    Coordinates come in with sines of several frequencies beside them where there are few, which lets the network draw
    fine structure (Tancik et al. 2020, arXiv:2006.10739). The last layer starts at zero.
    """

    FEW = 4
    FREQUENCIES = (1.0, 2.0, 4.0)

    def __init__(
        self, size: int, spec: DataSpec, width: int, blocks: int, *, conditional: bool = True, inputs: int = 0
    ) -> None:
        super().__init__()
        inputs = inputs or size
        self.wavy = size <= self.FEW
        self.condition = Conditioner(spec, width, conditional)
        fed = inputs * (1 + 2 * len(self.FREQUENCIES)) if self.wavy else inputs
        self.enter = nn.Linear(fed, width)
        self.blocks = nn.ModuleList(VectorBlock(width, width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, size)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        condition = F.silu(self.condition(t.to(self.leave.weight.dtype), labels))
        h = self.enter(self._waves(x) if self.wavy else x)
        for block in self.blocks:
            h = block(h, condition)
        return self.leave(F.silu(self.norm(h)))

    def _waves(self, x: Tensor) -> Tensor:
        angles = torch.cat([x * f for f in self.FREQUENCIES], 1)
        return torch.cat([x, angles.sin(), angles.cos()], 1)


def denoiser(spec: DataSpec, config: object, conditional: bool, recalls: bool) -> nn.Module:
    """The network for a data set: an MLP for points, a U-Net for pictures. ``config`` has ``NetworkConfig``'s knobs."""
    width, blocks = int(getattr(config, "width", 32)), int(getattr(config, "blocks", 2))
    factor = 2 if recalls else 1
    if len(spec.shape) == 1:
        return VectorNet(spec.size, spec, 2 * width, blocks + 1, conditional=conditional, inputs=factor * spec.size)
    levels = int(getattr(config, "levels", 2))
    return UNet(
        spec,
        [width * min(2**level, 4) for level in range(levels)],
        blocks,
        conditional=conditional,
        attention=bool(getattr(config, "attention", False)),
        stem=int(getattr(config, "stem", 2)),
        inputs=factor * spec.shape[0],
    )
