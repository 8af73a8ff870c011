"""Networks that look at all places of discrete data at once: entries (B, L, width) to features (B, L, width).

What is said of a place may depend on every place, its own among them: what the noise left there is known. Two networks:
the U-Net of ``genplay.nn.unet`` for maps, and a transformer without a causal mask for texts and small maps of codes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genplay.contract.spec import DataSpec, Kind
from genplay.nn.time import Conditioner
from genplay.nn.transformer import CausalBlock
from genplay.nn.unet import UNet

HEAD = 32  # numbers of the stream that a head of attention looks at


class PlaceUNet(nn.Module):
    """Places are those of a map (h, w), read row by row; ``widths`` are the channels of each resolution."""

    def __init__(
        self, spec: DataSpec, grid: tuple[int, int], width: int, widths: list[int], blocks: int, conditional: bool
    ) -> None:
        super().__init__()
        self.grid = grid
        space = DataSpec(Kind.IMAGE, (width, *grid), spec.attributes)
        self.unet = UNet(space, widths, blocks, conditional=conditional, attention=True)

    def forward(self, entries: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        maps = entries.transpose(1, 2).unflatten(2, self.grid)
        return self.unet(maps, t, labels).flatten(2).transpose(1, 2)


class PlaceTransformer(nn.Module):
    """``depth`` blocks of attention among all places (Vaswani et al. 2017), each place with a vector of its own.

    In a map ``grid`` of two edges a place has the sum of a vector of its row and one of its column beside.
    """

    def __init__(
        self, spec: DataSpec, grid: tuple[int, ...], width: int, depth: int, conditional: bool, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.grid = grid
        self.condition = Conditioner(spec, width, conditional)
        self.position = nn.Parameter(0.5 * torch.randn(math.prod(grid), width))
        self.edges = nn.ParameterList([nn.Parameter(0.5 * torch.randn(edge, width)) for edge in grid if len(grid) > 1])
        self.blocks = nn.ModuleList([CausalBlock(width, max(1, width // HEAD), dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def _placed(self) -> Tensor:
        if not self.edges:
            return self.position
        rows, columns = self.edges
        return self.position + (rows[:, None] + columns).flatten(0, 1)

    def forward(self, entries: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        x = entries + self._placed() + self.condition(t, labels)[:, None]
        everyone = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device)
        for block in self.blocks:
            x = block(x, everyone)
        return self.norm(x)
