"""A small U-Net for CPUs (Ronneberger et al. 2015, arXiv:1505.04597; as a denoiser Ho et al. 2020).

A stem gathers blocks of pixels into channels (space to depth), so that the costly layers work on a quarter of the
places; time and labels scale and shift the features of each block (FiLM: Perez et al. 2018, arXiv:1709.07871).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import DataSpec
from genplay.nn.time import Conditioner

GROUPS = 8
HEAD = 32  # channels of an attention head


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS if channels % GROUPS == 0 else 1, channels)


class ResidualBlock(nn.Module):
    """x + conv(silu(film(norm(conv(silu(norm(x))))))) on (B, C, h, w), to another number of channels where asked."""

    def __init__(self, inner: int, outer: int, condition: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(inner), _norm(outer)
        self.conv1 = nn.Conv2d(inner, outer, 3, padding=1)
        self.conv2 = nn.Conv2d(outer, outer, 3, padding=1)
        self.film = nn.Linear(condition, 2 * outer)
        self.skip = nn.Conv2d(inner, outer, 1) if inner != outer else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.film.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
        h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class Attention(nn.Module):
    """x + attention among all places of (B, C, h, w) (Vaswani et al. 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD)
        self.norm = _norm(channels)
        self.project = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        parts = self.project(self.norm(x)).flatten(2).unflatten(1, (3, self.heads, -1))  # (B, 3, heads, c', h w)
        q, k, v = parts.transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v)  # (B, heads, h w, c')
        return x + self.out(mixed.transpose(-1, -2).reshape(b, c, h, w))


class UNet(nn.Module):
    """States (B, C, H, W), times (B,) and labels (B, A) or None to predictions (B, C, H, W).

    ``widths`` are the channels of each resolution from the finest on, ``blocks`` the residual blocks on each way.
    ``stem`` is the side of the blocks of pixels that become channels; one that does not divide the picture is 1.
    ``inputs`` are the channels that come in, where they are more than go out. The last layer starts at zero.
    """

    def __init__(
        self,
        spec: DataSpec,
        widths: Sequence[int],
        blocks: int = 2,
        *,
        conditional: bool = True,
        attention: bool = False,
        stem: int = 2,
        inputs: int = 0,
    ) -> None:
        super().__init__()
        channels, height, breadth = spec.shape
        self.stem = stem if height % stem == 0 and breadth % stem == 0 else 1
        area = self.stem**2
        condition = 4 * widths[0]
        self.condition = Conditioner(spec, condition, conditional)
        self.enter = nn.Conv2d((inputs or channels) * area, widths[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        held = [widths[0]]
        width = widths[0]
        for level, outer in enumerate(widths):
            for _ in range(blocks):
                self.down.append(ResidualBlock(width, outer, condition))
                width = outer
                held.append(width)
            if level < len(widths) - 1:
                self.shrink.append(nn.Conv2d(width, widths[level + 1], 3, stride=2, padding=1))
                width = widths[level + 1]
                held.append(width)
        self.middle = ResidualBlock(width, width, condition)
        self.attention = Attention(width) if attention else nn.Identity()
        self.middle2 = ResidualBlock(width, width, condition)
        for level, outer in reversed(list(enumerate(widths))):
            for _ in range(blocks + 1):
                self.up.append(ResidualBlock(width + held.pop(), outer, condition))
                width = outer
            if level:
                self.grow.append(nn.Conv2d(width, 4 * widths[level - 1], 1))
                width = widths[level - 1]
        self.blocks = blocks
        self.norm = _norm(width)
        self.leave = nn.Conv2d(width, channels * area, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]
        # Training lays weights out like this: in another layout a loaded model would round differently.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        condition = F.silu(self.condition(t, labels))
        h = x.contiguous(memory_format=torch.channels_last)
        h = self.enter(F.pixel_unshuffle(h, self.stem) if self.stem > 1 else h)
        held = [h]
        for i, block in enumerate(self.down):
            h = block(h, condition)
            held.append(h)
            if (i + 1) % self.blocks == 0 and i + 1 < len(self.down):
                h = self.shrink[(i + 1) // self.blocks - 1](h)
                held.append(h)
        h = self.middle2(self.attention(self.middle(h, condition)), condition)
        per_level = self.blocks + 1
        for i, block in enumerate(self.up):
            h = block(torch.cat([h, held.pop()], 1), condition)
            if (i + 1) % per_level == 0 and i + 1 < len(self.up):
                h = self._grown(self.grow[(i + 1) // per_level - 1](h), held[-1])
        out = self.leave(F.silu(self.norm(h)))
        return F.pixel_shuffle(out, self.stem) if self.stem > 1 else out

    @staticmethod
    def _grown(h: Tensor, like: Tensor) -> Tensor:
        """Twice the resolution from channels, cut to that of the way down where that was odd."""
        return F.pixel_shuffle(h, 2)[..., : like.shape[2], : like.shape[3]]
