"""Discriminators for points and pictures, with the remedies against mode collapse that are part of the network.

All give one score a sample, higher for real, before any squashing. What they can have: spectral normalisation of every
layer, statistics of the batch (minibatch discrimination: Salimans et al. 2016, arXiv:1606.03498; minibatch standard
deviation: Karras et al. 2018, arXiv:1710.10196), packing (several samples judged as one: Lin et al. 2018,
arXiv:1712.04086), labels by projection (Miyato & Koyama 2018, arXiv:1802.05637) and growing (Karras et al. 2018).

Statistics of a batch make a score depend on its company. In evaluation, what the last training batches were like stands
in for it, so that a score is a function of the sample alone.
"""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.spec import DataSpec
from genplay.nn.conv import halvings
from genplay.nn.embeddings import AttributeEmbedding
from genplay.nn.spectral import SpectralConv, SpectralLinear

SLOPE = 0.2  # of the leaky rectifiers
KERNELS, KERNEL_SIZE = 16, 4  # of minibatch discrimination
MEMORY = 0.05  # how fast the stand-ins for a batch follow


class MinibatchDiscrimination(nn.Module):
    """Features (B, F) to how close a sample is to the others, (B, KERNELS): o_ib = mean_j exp(-|M_ib - M_jb|_1).

    M = x T in rows of KERNEL_SIZE. The mean instead of the sum makes it independent of the batch size.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.project = SpectralLinear(features, KERNELS * KERNEL_SIZE, bias=False)
        self.register_buffer("company", torch.zeros(64, KERNELS * KERNEL_SIZE))
        self.company: Tensor

    def forward(self, features: Tensor) -> Tensor:
        own = self.project(features).float()
        others = own if self.training else self.company
        if self.training:
            self._remember(own.detach())
        pairs = own.view(-1, 1, KERNELS, KERNEL_SIZE) - others.view(1, -1, KERNELS, KERNEL_SIZE)
        return torch.exp(-pairs.abs().sum(3)).mean(1).to(features.dtype)

    def _remember(self, rows: Tensor) -> None:
        count = min(len(rows), len(self.company))
        self.company.copy_(torch.cat([self.company[count:], rows[:count]]))


class MinibatchDeviation(nn.Module):
    """Features (B, F) to their standard deviation over the batch, averaged over F: one number for all, (B, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("usual", torch.zeros(1))
        self.usual: Tensor

    def forward(self, features: Tensor) -> Tensor:
        if self.training:
            spread = (features.float().var(0, unbiased=False) + 1e-8).sqrt().mean()
            self.usual.lerp_(spread.detach().view(1), MEMORY)
        else:
            spread = self.usual[0]
        return spread.to(features.dtype).expand(len(features), 1)


class Head(nn.Module):
    """Features (B, F) and labels (B, A) to scores (B,): w' f + <embedding(labels), f>, with the batch's statistics."""

    def __init__(self, features: int, spec: DataSpec, conditional: bool, discriminate: bool, deviation: bool) -> None:
        super().__init__()
        self.discriminate = MinibatchDiscrimination(features) if discriminate else None
        self.deviation = MinibatchDeviation() if deviation else None
        extra = (KERNELS if discriminate else 0) + (1 if deviation else 0)
        self.score = SpectralLinear(features + extra, 1)
        self.labels = AttributeEmbedding(spec.attributes, features) if conditional else None
        if self.labels is not None:
            nn.init.normal_(self.labels.vectors.weight, std=features**-0.5)

    @property
    def sees_the_batch(self) -> bool:
        """Whether a score depends on the other samples."""
        return self.discriminate is not None or self.deviation is not None

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        parts = [features]
        parts += [self.deviation(features)] if self.deviation is not None else []
        parts += [self.discriminate(features)] if self.discriminate is not None else []
        score = self.score(torch.cat(parts, 1))[:, 0]
        if self.labels is None or labels is None:
            return score
        return score + (self.labels(labels) * features).sum(1)


class PointTrunk(nn.Module):
    """Points (B, D), or vectors of pixels, to features (B, width) by ``depth`` dense layers."""

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs] + [width] * depth
        self.layers = nn.ModuleList(SpectralLinear(a, b) for a, b in itertools.pairwise(sizes))
        self.features = width

    def forward(self, x: Tensor, level: float | None = None) -> Tensor:
        h = x.flatten(1)
        for layer in self.layers:
            h = F.leaky_relu(layer(h), SLOPE)
        return h


class PictureTrunk(nn.Module):
    """Pictures (B, C, H, W) to features; convolutions halve down to some 4 pixels, ``width`` channels at the top.

    ``growing`` gives every resolution an entrance of its own. ``level`` then counts resolutions from the lowest, 0; a
    fraction blends the entrance of the next one in. None is the whole network.
    """

    def __init__(self, channels: int, shape: tuple[int, ...], width: int, growing: bool) -> None:
        super().__init__()
        _, height, breadth = shape
        self.levels = halvings(height, breadth)
        widths = [min(width << level, 4 * width) for level in range(self.levels + 1)]  # from the top down
        entrances = widths if growing else widths[:1]
        self.enter = nn.ModuleList(SpectralConv(channels, w, 3, padding=1) for w in entrances)
        self.down = nn.ModuleList(SpectralConv(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths))
        self.last = SpectralConv(widths[-1], widths[-1], 3, padding=1)
        self.features = widths[-1] * (height >> self.levels) * (breadth >> self.levels)

    def forward(self, x: Tensor, level: float | None = None) -> Tensor:
        top, share = (0, 1.0) if level is None else entrance(level, self.levels)
        x = shrunk(x, top).contiguous(memory_format=torch.channels_last)
        h = F.leaky_relu(self.enter[top](x), SLOPE)
        for i in range(top, self.levels):
            h = F.leaky_relu(self.down[i](h), SLOPE)
            if i == top and share < 1:
                below = F.leaky_relu(self.enter[i + 1](shrunk(x, 1)), SLOPE)
                h = below + share * (h - below)
        return F.leaky_relu(self.last(h), SLOPE).flatten(1)


class PatchCritic(nn.Module):
    """Pictures (B, channels, H, W) to a score for each of their patches, (B, h, w) (Isola et al. 2017, section 3.2.2).

    The picture is halved ``halve`` times where its size allows: a score sees 10 pixels a side after one halving, 20
    after two.
    """

    def __init__(self, channels: int, shape: tuple[int, ...], width: int, halve: int) -> None:
        super().__init__()
        levels = min(halve, halvings(*shape[1:]))
        widths = [min(width << level, 4 * width) for level in range(levels + 1)]
        self.enter = SpectralConv(channels, width, 3, padding=1)
        self.down = nn.ModuleList(SpectralConv(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths))
        self.last = SpectralConv(widths[-1], widths[-1], 3, padding=1)
        self.score = SpectralConv(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(x.contiguous(memory_format=torch.channels_last))
        for layer in (*self.down, self.last):
            h = layer(F.leaky_relu(h, SLOPE))
        return self.score(F.leaky_relu(h, SLOPE))[:, 0]


class Critic(nn.Module):
    """A trunk and a head: samples (B, C, ...) and labels to scores, one for ``packing`` samples (B // packing,)."""

    def __init__(self, trunk: PointTrunk | PictureTrunk, head: Head, packing: int) -> None:
        super().__init__()
        self.trunk, self.head, self.packing = trunk, head, packing

    def forward(self, x: Tensor, labels: Tensor | None, level: float | None = None) -> Tensor:
        if self.packing > 1:
            x, labels = packed(x, self.packing), None if labels is None else labels[:: self.packing]
            labels = None if labels is None else labels[: len(x)]
        return self.head(self.trunk(x, level), labels)


def entrance(level: float, levels: int) -> tuple[int, float]:
    """The highest resolution in use, counted from the top, and its share at a ``level`` counted from the bottom.

    >>> [entrance(level, 2) for level in (0.0, 0.25, 1.0, 2.0)]
    [(2, 1.0), (1, 0.25), (1, 1.0), (0, 1.0)]
    """
    whole = math.ceil(level)
    return levels - whole, 1.0 if whole == level else level - math.floor(level)


def shrunk(x: Tensor, times: int) -> Tensor:
    """Pictures halved ``times`` times by averaging 2x2 pixels."""
    return F.avg_pool2d(x, 1 << times) if times else x


def packed(x: Tensor, count: int) -> Tensor:
    """Samples (B, C, ...) with ``count`` of them side by side in the channels, (B // count, count C, ...)."""
    rows = len(x) // count
    return x[: rows * count].reshape(rows, count * x.shape[1], *x.shape[2:])
