"""The networks of a hierarchical VAE: one way up that reads the data, one way down that both drawing and reading share.

A *stream* runs from the most abstract level down to the data (Sønderby et al. 2016, arXiv:1602.02282; as a residual
stream: Child 2021, arXiv:2011.10650). At each :class:`Rung` it says the prior of that level's code, takes the code in
and goes on; features on the way up, one for each rung, tell the posterior. ``DenseLadder`` is for points and small
pictures, its streams are vectors. ``ConvLadder`` is for pictures: its top code is a vector that decides on the whole
picture, the lower ones are maps of rising resolution.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.nn.conv import halvings
from genplay.nn.coupling import CouplingFlow
from genplay.nn.mlp import ResidualBlock

LOGVAR_RANGE = (-12.0, 6.0)
FLOW_HIDDEN = 64


class Rung(nn.Module):
    """A level: ``prior`` and ``posterior`` give twice the code's numbers, ``take`` leads it into the stream, then
    ``after`` works on. ``shape`` is that of a code; codes are flat outside of it, (B, size). A ``flow`` that is told
    the stream may bend the level's noise."""

    def __init__(
        self,
        shape: tuple[int, ...],
        prior: nn.Module,
        posterior: nn.Module,
        take: nn.Module,
        after: nn.Module,
        flow: CouplingFlow | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.size = shape, math.prod(shape)
        self.prior, self.posterior, self.take, self.after, self.flow = prior, posterior, take, after, flow

    def bend(self, h: Tensor, stream: Tensor) -> tuple[Tensor, Tensor]:
        """f(h) (B, size) and log |det df/dh| (B,), in full precision; the identity without a flow."""
        if self.flow is None:
            return h, h.new_zeros(len(h))
        with torch.autocast(h.device.type, enabled=False):
            bent: tuple[Tensor, Tensor] = self.flow(h, stream.float())
        return bent

    def unbend(self, eps: Tensor, stream: Tensor) -> Tensor:
        """The h whose image is ``eps``."""
        return eps if self.flow is None else self.flow.inverse(eps, stream.float())

    def expects(self, stream: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the prior, (B, size) each."""
        return _moments(self.prior(stream))

    def finds(self, stream: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
        """Two numbers for each of the code's, (B, size) each, of which the posterior is made."""
        return _moments(self.posterior(torch.cat([stream, feature], 1)))

    def descend(self, stream: Tensor, z: Tensor) -> Tensor:
        """The stream after a code (B, size)."""
        code = z.view(-1, *self.shape)
        if code.dim() == 4:
            code = code.contiguous(memory_format=torch.channels_last)
        out: Tensor = self.after(stream + self.take(code))
        return out


def _moments(both: Tensor) -> tuple[Tensor, Tensor]:
    mu, logvar = both.float().chunk(2, 1)
    return mu.flatten(1), logvar.flatten(1).clamp(*LOGVAR_RANGE)


class DenseLadder(nn.Module):
    """Levels of ``sizes`` numbers, the most abstract first, between data of ``shape`` and streams (B, width)."""

    def __init__(self, shape: tuple[int, ...], sizes: Sequence[int], width: int, depth: int, flow_layers: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(width))
        self.enter = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), width))
        self.up = nn.ModuleList(_dense(width, depth) for _ in sizes)  # the one next to the data first
        self.rungs = nn.ModuleList(_dense_rung(size, width, width, _dense(width, depth), flow_layers) for size in sizes)
        self.leave = nn.Sequential(
            nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, math.prod(shape)), nn.Unflatten(1, shape)
        )

    def features(self, x: Tensor) -> list[Tensor]:
        """What the way up says to each rung, the most abstract first: (B, width) each."""
        found = list(itertools.accumulate(self.up, lambda h, block: block(h), initial=self.enter(x)))
        return found[:0:-1]


class ConvLadder(nn.Module):
    """A vector of ``top`` numbers above ``levels - 1`` maps of ``channels`` numbers a place; ``width`` channels.

    The map next to the data has half its resolution, each one above half of that, as far as the picture can be halved.
    """

    def __init__(
        self, shape: tuple[int, ...], top: int, levels: int, channels: int, width: int, depth: int, flow_layers: int
    ) -> None:
        super().__init__()
        sides = _sides(shape, levels - 1)
        vector = 4 * width
        coarsest = (width, *sides[0])
        self.start = nn.Parameter(torch.zeros(vector))
        self.enter = nn.Conv2d(shape[0], width, 3, padding=1)
        self.up = nn.ModuleList(
            nn.Sequential(_Shrink(a, b), _conv(width, depth)) for a, b in itertools.pairwise([shape[1:], *sides[::-1]])
        )
        self.summary = nn.Sequential(nn.Flatten(), nn.SiLU(), nn.Linear(math.prod(coarsest), vector))
        spread = _Spread(vector, coarsest)
        after = nn.Sequential(_dense(vector, 1), spread, _conv(width, depth))
        rungs = [_dense_rung(top, vector, vector, after, flow_layers)]
        for here, below in itertools.pairwise([*sides, shape[1:]]):
            after = nn.Sequential(_conv(width, depth), _Grow(here, below), _conv(width, 1))
            rungs.append(_conv_rung((channels, *here), width, after))
        self.rungs = nn.ModuleList(rungs)
        self.leave = nn.Sequential(nn.SiLU(), nn.Conv2d(width, shape[0], 3, padding=1))

    def features(self, x: Tensor) -> list[Tensor]:
        """What the way up says to each rung: (B, 4 width), then (B, width, h, w) of rising resolution."""
        h = self.enter(x.contiguous(memory_format=torch.channels_last))
        maps = list(itertools.accumulate(self.up, lambda h, block: block(h), initial=h))[:0:-1]
        return [self.summary(maps[0]), *maps]


def _sides(shape: tuple[int, ...], maps: int) -> list[tuple[int, int]]:
    """Heights and widths of ``maps`` maps, the coarsest first.

    >>> _sides((3, 16, 16), 2), _sides((1, 28, 28), 3), _sides((3, 5, 8), 1)
    ([(4, 4), (8, 8)], [(7, 7), (7, 7), (14, 14)], [(5, 8)])
    """
    height, width = shape[1:]
    most = halvings(height, width)
    times = [min(i + 1, most) for i in range(maps)][::-1]
    return [(height >> t, width >> t) for t in times]


class _Spread(nn.Module):
    """A vector as the coarsest map of the stream, its channels last in memory like those of all maps below."""

    def __init__(self, vector: int, map_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.map_shape = map_shape
        self.linear = nn.Linear(vector, math.prod(map_shape))

    def forward(self, x: Tensor) -> Tensor:
        channels, height, width = self.map_shape
        return self.linear(F.silu(x)).view(-1, height, width, channels).permute(0, 3, 1, 2)


class _Shrink(nn.Module):
    """Means of blocks, from one resolution to another that divides it."""

    def __init__(self, above: tuple[int, ...], below: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = above[0] // below[0]

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, self.factor) if self.factor > 1 else x


class _Grow(nn.Module):
    """Each place repeated, from one resolution to a multiple of it."""

    def __init__(self, above: tuple[int, ...], below: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = below[0] // above[0]

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.factor, mode="nearest") if self.factor > 1 else x


class ConvBlock(nn.Module):
    """x + conv(silu(conv(silu(x)))) on (B, width, h, w); starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


def _dense(width: int, depth: int) -> nn.Module:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))


def _conv(width: int, depth: int) -> nn.Module:
    return nn.Sequential(*(ConvBlock(width) for _ in range(depth)))


def _dense_rung(size: int, stream: int, feature: int, after: nn.Module, flow_layers: int) -> Rung:
    """A level of ``size`` numbers on a stream of vectors."""
    prior = nn.Sequential(nn.LayerNorm(stream), nn.SiLU(), _silent(nn.Linear(stream, 2 * size)))
    posterior = nn.Sequential(
        nn.LayerNorm(stream + feature), nn.Linear(stream + feature, stream), nn.SiLU(), nn.Linear(stream, 2 * size)
    )
    flow = CouplingFlow(size, flow_layers, FLOW_HIDDEN, stream) if flow_layers else None
    return Rung((size,), prior, posterior, nn.Linear(size, stream), after, flow)


def _conv_rung(shape: tuple[int, ...], width: int, after: nn.Module) -> Rung:
    """A level of maps (channels, h, w) on a stream of maps."""
    channels = shape[0]
    prior = nn.Sequential(nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.SiLU())
    prior.append(_silent(nn.Conv2d(width, 2 * channels, 1)))
    posterior = nn.Sequential(nn.SiLU(), nn.Conv2d(2 * width, width, 3, padding=1), nn.SiLU())
    posterior.append(nn.Conv2d(width, 2 * channels, 1))
    return Rung(shape, prior, posterior, nn.Conv2d(channels, width, 1), after)


def _silent(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """A layer whose output begins at zero: the prior starts as N(0, I)."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
