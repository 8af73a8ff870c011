"""Energies: networks that give one number for a sample. Smooth (SiLU), since walks follow their slope.

All layers of the plain ones can be held at a largest singular value of 1 (``genplay.nn.spectral``), which bounds how
steep the energy can be.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import DataSpec
from genplay.nn.conv import halvings
from genplay.nn.embeddings import AttributeEmbedding
from genplay.nn.spectral import SpectralConv, SpectralLinear
from genplay.nn.time import Conditioner
from genplay.nn.unet import UNet

FREQUENCIES = (1.0, 2.0, 4.0, 8.0)  # of the sines beside the coordinates of points
FEW = 4  # coordinates


class PointEnergy(nn.Module):
    """Vectors (B, D), noise levels (B,) in [0, 1] or None, labels (B, A) or None to energies (B,).

    Coordinates come in with sines of several frequencies beside them where there are few (Tancik et al. 2020,
    arXiv:2006.10739).
    """

    def __init__(self, spec: DataSpec, width: int, depth: int, *, conditional: bool, noisy: bool) -> None:
        super().__init__()
        self.wavy = spec.size <= FEW
        inputs = spec.size * (1 + 2 * len(FREQUENCIES)) if self.wavy else spec.size
        self.condition = Conditioner(spec, width, conditional) if conditional or noisy else None
        sizes = [inputs] + [width] * depth
        self.layers = nn.ModuleList(SpectralLinear(a, b) for a, b in itertools.pairwise(sizes))
        self.leave = SpectralLinear(width, 1)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor | None, labels: Tensor | None) -> Tensor:
        h = self.layers[0](self._waves(x.flatten(1)))
        if self.condition is not None:
            h = h + self.condition(x.new_zeros(len(x)) if t is None else t.to(h.dtype), labels)
        for layer in list(self.layers)[1:]:
            h = layer(F.silu(h))
        return self.leave(F.silu(h))[:, 0].float()

    def _waves(self, x: Tensor) -> Tensor:
        if not self.wavy:
            return x
        angles = torch.cat([x * f for f in FREQUENCIES], 1)
        return torch.cat([x, angles.sin(), angles.cos()], 1)


class PictureBlock(nn.Module):
    """x + W2 silu(W1 silu(x)) for pictures (B, width, H, W); the second convolution starts small."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = SpectralConv(width, width, 3, padding=1), SpectralConv(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


class PictureEnergy(nn.Module):
    """Pictures (B, C, H, W), labels (B, A) or None to energies (B,): a residual network without normalisation.

    Channels double from ``width`` at the top as the picture is halved, at most to four times; ``depth`` blocks at each
    resolution (as in Du and Mordatch 2019, arXiv:1903.08689).
    """

    def __init__(self, spec: DataSpec, width: int, depth: int, *, conditional: bool) -> None:
        super().__init__()
        channels, height, breadth = spec.shape
        levels = halvings(height, breadth)
        widths = [min(width << level, 4 * width) for level in range(levels + 1)]
        self.enter = SpectralConv(channels, widths[0], 3, padding=1)
        self.labels = AttributeEmbedding(spec.attributes, widths[0]) if conditional else None
        self.blocks = nn.ModuleList(nn.Sequential(*[PictureBlock(w) for _ in range(depth)]) for w in widths)
        self.down = nn.ModuleList(SpectralConv(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths))
        self.leave = SpectralLinear(widths[-1] * (height >> levels) * (breadth >> levels), 1)
        nn.init.zeros_(self.leave.bias)
        # Training lays weights out like this: in another layout a loaded model would round differently.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor, t: Tensor | None, labels: Tensor | None) -> Tensor:
        h = self.enter(x.contiguous(memory_format=torch.channels_last))
        if self.labels is not None and labels is not None:
            h = h + self.labels(labels)[:, :, None, None]
        for i, blocks in enumerate(self.blocks):
            h = blocks(h)
            if i < len(self.down):
                h = self.down[i](h)
        return self.leave(F.silu(h).flatten(1))[:, 0].float()


class DenoisingEnergy(nn.Module):
    """Pictures (B, C, H, W), noise levels (B,), labels to energies (B,): -<x, h(x)>, h being a U-Net.

    A scalar head would have to invent the picture that its slope draws; h is one already (Salimans and Ho 2021; Du et
    al. 2023, arXiv:2302.11552).
    """

    def __init__(self, spec: DataSpec, width: int, depth: int, *, conditional: bool) -> None:
        super().__init__()
        self.net = UNet(spec, [width, 2 * width], depth, conditional=conditional)

    def forward(self, x: Tensor, t: Tensor | None, labels: Tensor | None) -> Tensor:
        t = x.new_zeros(len(x)) if t is None else t.to(x.dtype)
        return -(x * self.net(x, t, labels)).flatten(1).sum(1).float()
