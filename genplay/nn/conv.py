"""Small convolutional networks between pictures and vectors.

Both halve or double the resolution by rearranging 2x2 blocks of pixels into channels (space to depth), which on CPUs is
cheaper than strided or transposed convolutions and leaves no checkerboard.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def halvings(height: int, width: int) -> int:
    """How often a picture can be halved until an edge is odd or at most 4 pixels long."""
    count = 0
    while height % 2 == width % 2 == 0 and min(height, width) > 4:
        height, width, count = height // 2, width // 2, count + 1
    return count


class ConvEncoder(nn.Module):
    """Pictures (B, C, H, W) to vectors (B, out). Channels: ``width`` at the top, doubled at every halving."""

    def __init__(self, shape: tuple[int, ...], out: int, width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        levels = halvings(height, breadth)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.SiLU()]
        for level in range(levels):
            inner, outer = width << level, width << (level + 1)
            layers += [nn.Conv2d(inner, outer, 4, stride=2, padding=1), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear((width << levels) * (height >> levels) * (breadth >> levels), out)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x.contiguous(memory_format=torch.channels_last)))


class ConvDecoder(nn.Module):
    """Vectors (B, inputs) to pictures (B, C, H, W), the mirror image of :class:`ConvEncoder`."""

    def __init__(self, inputs: int, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        levels = halvings(height, breadth)
        self.start = (width << levels, height >> levels, breadth >> levels)
        self.stem = nn.Linear(inputs, self.start[0] * self.start[1] * self.start[2])
        layers: list[nn.Module] = [nn.SiLU()]
        for level in reversed(range(levels)):
            inner, outer = width << (level + 1), width << level
            layers += [nn.Conv2d(inner, 4 * outer, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1))

    def forward(self, z: Tensor) -> Tensor:
        channels, height, breadth = self.start
        grid = self.stem(z).view(-1, height, breadth, channels).permute(0, 3, 1, 2)  # (B, C, h, w), channels last
        return self.layers(grid)
