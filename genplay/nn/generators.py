"""Generators: a dense one for points, a convolutional one in the way of DCGAN, and the style-based one.

DCGAN is Radford et al. 2016 (arXiv:1511.06434); the style-based generator Karras et al. 2019 and 2020
(arXiv:1812.04948, arXiv:1912.04958): a mapping network turns z into a style w, which scales the input channels of each
convolution; noise of its own enters every layer; and every resolution adds its part of the picture.

A ``level`` counts resolutions from the lowest, 0, while a network grows; a fraction blends the next one in.
"""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from genplay.nn.conv import halvings
from genplay.nn.critics import SLOPE

GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a leaky rectifier


class DenseGenerator(nn.Module):
    """Codes (B, inputs) to points or pictures (B, *shape) by ``depth`` dense layers; pictures end in tanh."""

    def __init__(self, inputs: int, shape: tuple[int, ...], width: int, depth: int) -> None:
        super().__init__()
        self.shape, self.bounded = shape, len(shape) > 1
        sizes = [inputs] + [width] * depth
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(sizes):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, math.prod(shape)))

    def forward(self, code: Tensor) -> Tensor:
        x = self.layers(code).view(-1, *self.shape)
        return x.tanh() if self.bounded else x


class ConvGenerator(nn.Module):
    """Codes (B, inputs) to pictures: a dense layer to some 4x4 pixels, then doublings with batch normalisation.

    ``growing`` gives every resolution an exit of its own.
    """

    def __init__(self, inputs: int, shape: tuple[int, ...], width: int, growing: bool) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.levels = halvings(height, breadth)
        widths = [min(width << level, 4 * width) for level in reversed(range(self.levels + 1))]  # from the bottom up
        self.start = (widths[0], height >> self.levels, breadth >> self.levels)
        self.stem = nn.Linear(inputs, math.prod(self.start))
        self.norm = nn.BatchNorm2d(widths[0])
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, 4 * b, 3, padding=1), nn.PixelShuffle(2), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(widths)
        )
        self.exits = nn.ModuleList(nn.Conv2d(w, channels, 3, padding=1) for w in (widths if growing else widths[-1:]))

    def forward(self, code: Tensor, level: float | None = None) -> Tensor:
        channels, height, breadth = self.start
        grid = self.stem(code).view(-1, height, breadth, channels).permute(0, 3, 1, 2)
        h = F.relu(self.norm(grid))
        if level is None or level >= self.levels:
            for up in self.up:
                h = up(h)
            return self.exits[-1](h).tanh()
        return self._grown(h, level)

    def _grown(self, h: Tensor, level: float) -> Tensor:
        """The picture of a network that is still growing, enlarged to the whole size."""
        below = self.exits[0](h)
        x = below
        for i in range(math.ceil(level)):
            h = self.up[i](h)
            x = self.exits[i + 1](h)
            share = min(1.0, level - i)
            x = x if share >= 1 else enlarged(below, 1).lerp(x, share)
            below = x
        return enlarged(x, self.levels - math.ceil(level)).tanh()


def enlarged(x: Tensor, times: int) -> Tensor:
    """Pictures doubled ``times`` times by repeating pixels."""
    return F.interpolate(x, scale_factor=1 << times, mode="nearest") if times else x


# ---- style ------------------------------------------------------------------------------------------------------


class EqualLinear(nn.Module):
    """A linear layer whose weights are drawn from N(0, 1) and scaled as they are used.

    Whatever their number, the weights then learn at the same relative speed (Karras et al. 2018, 4.1).
    """

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias)


class Mapping(nn.Module):
    """z (B, inputs) to the style w (B, width): normalised to the length sqrt(inputs), then ``depth`` dense layers."""

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs] + [width] * depth
        self.layers = nn.ModuleList(EqualLinear(a, b) for a, b in itertools.pairwise(sizes))

    def forward(self, z: Tensor) -> Tensor:
        h = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.layers:
            h = F.leaky_relu(layer(h), SLOPE) * GAIN
        return h


def channels_last(x: Tensor) -> Tensor:
    """The same numbers in the layout that trained weights have, so that sums over them are rounded alike."""
    return x.contiguous(memory_format=torch.channels_last)


class StyledConv(nn.Module):
    """A 3x3 convolution whose input channels a style scales, and whose outputs are brought back to unit variance.

    With scales s_i the weights are s_i w_oik, divided by sqrt(sum_ik (s_i w_oik)^2) for each output o. Since the scale
    of an input and of an output channel can be applied to the pictures, one convolution serves the whole batch.
    """

    def __init__(self, inputs: int, outputs: int, style: int, *, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3) / math.sqrt(9 * inputs))
        self.style = EqualLinear(style, inputs, bias=1.0)
        self.bias, self.strength = nn.Parameter(torch.zeros(outputs)), nn.Parameter(torch.zeros(()))
        self.up = up

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        scales, weight = self.style(w), channels_last(self.weight)
        x = x * scales[:, :, None, None]
        x = F.conv2d(enlarged(x, 1) if self.up else x, weight, padding=1)
        power = weight.square().sum((2, 3))  # (outputs, inputs)
        x = x * (scales.square() @ power.T + 1e-8).rsqrt()[:, :, None, None]
        return F.leaky_relu(x + self.strength * noise + self.bias[:, None, None], SLOPE) * GAIN


class StyledExit(nn.Module):
    """The part of the picture that a resolution adds: a 1x1 convolution scaled by the style."""

    def __init__(self, inputs: int, channels: int, style: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1) / math.sqrt(inputs))
        self.style = EqualLinear(style, inputs, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return F.conv2d(x * self.style(w)[:, :, None, None], channels_last(self.weight), self.bias)


class Synthesis(nn.Module):
    """Styles (B, L, width), one a resolution, to pictures: a learnt constant, refined at every resolution.

    The sum of what the resolutions add goes through tanh: small drawings are flat areas of the strongest colours, which
    no sum of convolutions holds still. On faces that brings the distance from 10 to 5.
    """

    def __init__(self, style: int, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.levels = halvings(height, breadth)
        widths = [min(width << level, 4 * width) for level in reversed(range(self.levels + 1))]
        self.constant = nn.Parameter(torch.randn(widths[0], height >> self.levels, breadth >> self.levels))
        ins = [widths[0], *widths[:-1]]
        self.first = nn.ModuleList(StyledConv(a, b, style, up=i > 0) for i, (a, b) in enumerate(zip(ins, widths)))
        self.second = nn.ModuleList(StyledConv(b, b, style) for b in widths[1:])
        self.exits = nn.ModuleList(StyledExit(b, channels, style) for b in widths)
        sizes = [(height >> k, breadth >> k) for k in reversed(range(self.levels + 1))]
        for i, size in enumerate([sizes[0], *(s for s in sizes[1:] for _ in range(2))]):
            self.register_buffer(f"noise_{i}", torch.randn(1, 1, *size))

    def forward(self, w: Tensor, generator: Generator | None = None, level: float | None = None) -> Tensor:
        """``generator`` draws the noise of every layer; None takes the same noise for all."""
        level = self.levels if level is None else level
        x = self.constant.expand(len(w), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.first[0](x, w[:, 0], self._noise(0, len(w), generator))
        picture = self.exits[0](x, w[:, 0])
        for i in range(1, math.ceil(level) + 1):
            x = self.first[i](x, w[:, i], self._noise(2 * i - 1, len(w), generator))
            x = self.second[i - 1](x, w[:, i], self._noise(2 * i, len(w), generator))
            picture = enlarged(picture, 1) + min(1.0, level - i + 1) * self.exits[i](x, w[:, i])
        return enlarged(picture, self.levels - math.ceil(level)).tanh()

    def _noise(self, layer: int, n: int, generator: Generator | None) -> Tensor:
        fixed: Tensor = getattr(self, f"noise_{layer}")
        if generator is None:
            return fixed
        shape = (n, 1, *fixed.shape[2:])
        return torch.randn(shape, generator=generator, device=generator.device).to(fixed.device)


class StyleGenerator(nn.Module):
    """Mapping and synthesis. ``styles`` are (B, levels + 1, width), one a resolution, coarse to fine."""

    def __init__(self, inputs: int, shape: tuple[int, ...], style: int, depth: int, width: int) -> None:
        super().__init__()
        self.mapping = Mapping(inputs, style, depth)
        self.synthesis = Synthesis(style, shape, width)

    def spread(self, w: Tensor) -> Tensor:
        """One style (B, width) for all resolutions."""
        return w[:, None].expand(-1, self.synthesis.levels + 1, -1)
