"""Flows for pictures: Glow (Kingma and Dhariwal 2018, arXiv:1807.03039), in several scales (Dinh et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genplay.contract.errors import BadInput
from genplay.nn.flows.coupling import zero
from genplay.nn.flows.elementwise import Affine, Elementwise
from genplay.nn.flows.spline import AffineSpline
from genplay.nn.flows.transform import ActNorm, Chain, Transform
from genplay.nn.mlp import mlp


class InvertibleMix(Transform):
    """An invertible 1x1 convolution: the channels of each pixel times one matrix W = P L (U + diag(s)).

    P is a fixed permutation, L lower and U upper triangular with ones and zeros on the diagonal; so log |det W| is
    sum log |s|, and W is undone by two triangular systems. It begins as a random rotation.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels, dtype=torch.float64))
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation.float())
        self.register_buffer("sign", diagonal.sign().float())
        self.lower, self.upper = nn.Parameter(lower.float()), nn.Parameter(upper.float())
        self.log_s = nn.Parameter(diagonal.abs().log().float())
        self.permutation: Tensor
        self.sign: Tensor

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        with torch.autocast(x.device.type, enabled=False):
            lower, upper = self._triangles()
            return _mixed(x, self.permutation @ lower @ upper), self._ladj(x)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        lower, upper = self._triangles()
        undone = torch.linalg.solve_triangular(lower, self.permutation.T, upper=False, unitriangular=True)
        undone = torch.linalg.solve_triangular(upper, undone, upper=True)
        return _mixed(y, undone), -self._ladj(y)

    def _triangles(self) -> tuple[Tensor, Tensor]:
        one = torch.eye(len(self.sign), dtype=self.lower.dtype, device=self.lower.device)
        return self.lower.tril(-1) + one, self.upper.triu(1) + (self.sign * self.log_s.exp()).diag()

    def _ladj(self, x: Tensor) -> Tensor:
        return (self.log_s.sum() * x[0, 0].numel()).expand(len(x))


class PictureCoupling(Transform):
    """Moves the second half of the channels of (B, C, H, W), by a network of the first half: scales and shifts them,
    or bends them too.

    At first the layer is the identity.
    """

    def __init__(
        self, shape: tuple[int, ...], width: int, map: Elementwise, dense: bool = False, condition: int = 0
    ) -> None:
        super().__init__()
        channels, *size = shape
        self.kept, self.changed = channels // 2, channels - channels // 2
        build = DenseNet if dense else ConvNet
        self.map = map
        self.net = build((self.kept, *size), map.parameters * self.changed, width, condition)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, changed = x.split((self.kept, self.changed), 1)
        y, ladj = self.map.forward(changed, self._raw(kept, condition))
        return torch.cat([kept, y], 1), ladj.flatten(1).sum(1)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, changed = y.split((self.kept, self.changed), 1)
        x, ladj = self.map.inverse(changed, self._raw(kept, condition))
        return torch.cat([kept, x], 1), ladj.flatten(1).sum(1)

    def _raw(self, kept: Tensor, condition: Tensor | None) -> Tensor:
        raw = self.net(kept, condition).to(kept.dtype).unflatten(1, (self.map.parameters, self.changed))
        return raw.movedim(1, 0).contiguous()


class ConvNet(nn.Module):
    """(B, C, H, W) to (B, outputs, H, W), at first 0. A learnt number a place and unit tells it where it is."""

    def __init__(self, shape: tuple[int, ...], outputs: int, width: int, condition: int = 0) -> None:
        super().__init__()
        channels, *size = shape
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.where = nn.Parameter(torch.zeros(1, width, *size))
        self.second = nn.Conv2d(width, width, 1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        zero(self.last)
        if condition:
            self.told = nn.Linear(condition, width)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.first(x.contiguous(memory_format=torch.channels_last)) + self.where
        if condition is not None:
            h = h + self.told(condition)[:, :, None, None]
        return self.last(F.silu(self.second(F.silu(h))))


class DenseNet(nn.Module):
    """The same by fully connected layers of ``2 width`` units: quicker to learn on small pictures of aligned things."""

    def __init__(self, shape: tuple[int, ...], outputs: int, width: int, condition: int = 0) -> None:
        super().__init__()
        channels, *size = shape
        self.shape = (outputs, *size)
        self.layers = mlp([channels * math.prod(size) + condition, 2 * width, 2 * width, outputs * math.prod(size)])
        zero(self.layers[-1])

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        given = x.flatten(1)
        return self.layers(given if condition is None else torch.cat([given, condition], 1)).view(-1, *self.shape)


class Centre(Transform):
    """y = (x - mu) exp(-s), with a mean and a spread for every number of the picture, moved by the condition."""

    def __init__(self, shape: tuple[int, ...], condition: int = 0) -> None:
        super().__init__()
        self.shift, self.log_scale = nn.Parameter(torch.zeros(shape)), nn.Parameter(torch.zeros(shape))
        self.map = Affine(4.0)
        self.shape = shape
        if condition:
            self.told = nn.Linear(condition, 2 * self.shift.numel())
            zero(self.told)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, ladj = self.map.forward(x, self._raw(len(x), condition))
        return y, ladj.flatten(1).sum(1)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, ladj = self.map.inverse(y, self._raw(len(y), condition))
        return x, ladj.flatten(1).sum(1)

    def _raw(self, n: int, condition: Tensor | None) -> Tensor:
        raw = torch.stack([self.log_scale, self.shift])[:, None]
        if condition is None:
            return raw.expand(2, n, *self.shape)
        return raw + self.told(condition).to(raw.dtype).view(n, *self.shape, 2).movedim(-1, 0)


class Glow(Transform):
    """``steps`` steps of actnorm, 1x1 convolution and coupling in each of ``levels`` scales, for (B, C, H, W).

    Couplings scale and shift, or with ``bins`` also bend by splines (Durkan et al. 2019, arXiv:1906.04032).

    A level first makes squares of 2x2 pixels into channels. After it half of the channels, normalised by what the
    other half says of them, are done: they are noise; the rest goes on to the next level. States are shown as pictures
    in which every number is where it came from.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        levels: int,
        steps: int,
        width: int,
        dense: bool = False,
        condition: int = 0,
        bins: int = 0,
    ) -> None:
        super().__init__()
        channels, *size = shape
        self.first = Centre(shape, condition)
        map: Elementwise = AffineSpline(bins) if bins else Affine(2.0)
        self.levels = nn.ModuleList()
        for level in range(levels):
            if size[0] % 2 or size[1] % 2:
                if not level:
                    raise BadInput("Glow needs pictures whose sides are even; take realnvp for these.")
                break
            channels, size = channels * 4, [s // 2 for s in size]
            inner = (channels, *size)
            rows = [
                Chain(
                    [ActNorm(channels), InvertibleMix(channels), PictureCoupling(inner, width, map, dense, condition)]
                )
                for _ in range(steps)
            ]
            self.levels.append(nn.ModuleList(rows))
            channels //= 2

    @property
    def depth(self) -> int:
        return 1 + sum(len(level) for level in self.levels if isinstance(level, nn.ModuleList))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h, total = self.first(x, condition)
        done: list[Tensor] = []
        for level in self.levels:
            assert isinstance(level, nn.ModuleList)
            if done or level is not self.levels[0]:
                h, noise = h.chunk(2, 1)
                done.append(noise)
            h = _squeezed(h)
            for step in level:
                h, ladj = step(h, condition)
                total = total + ladj
        return _picture(h, done), total

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h, total = y, y.new_zeros(len(y))
        for h, _, total in self._upwards(y, condition):
            pass
        x, ladj = self.first.inverse(F.pixel_shuffle(h, 2), condition)
        return x, total + ladj

    def backwards(self, y: Tensor, condition: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        h, total = y, y.new_zeros(len(y))
        for h, done, total in self._upwards(y, condition):
            yield _picture(h, done), total
        x, ladj = self.first.inverse(F.pixel_shuffle(h, 2), condition)
        yield x, total + ladj

    def _upwards(self, y: Tensor, condition: Tensor | None) -> Iterator[tuple[Tensor, list[Tensor], Tensor]]:
        """What is on its way after each step back, the noise of the levels that have not begun, and the ladj so far."""
        h, done = _squeezed(y), []
        for _ in range(len(self.levels) - 1):
            h, noise = h.chunk(2, 1)
            done.append(noise)
            h = _squeezed(h)
        total = y.new_zeros(len(y))
        for level in reversed(self.levels):
            assert isinstance(level, nn.ModuleList)
            for step in reversed(level):
                assert isinstance(step, Transform)
                h, ladj = step.inverse(h, condition)
                total = total + ladj
                yield h, done, total
            if done:
                h = torch.cat([F.pixel_shuffle(h, 2), done[-1]], 1)
                done = done[:-1]


def _mixed(x: Tensor, matrix: Tensor) -> Tensor:
    """The channels of each pixel of (B, C, H, W) times ``matrix`` (C, C)."""
    return matrix.expand(len(x), -1, -1).bmm(x.flatten(2)).view(x.shape)


def _squeezed(x: Tensor) -> Tensor:
    """Squares of 2x2 pixels as channels: (B, C, H, W) to (B, 4 C, H / 2, W / 2)."""
    return F.pixel_unshuffle(x, 2)


def _picture(h: Tensor, done: list[Tensor]) -> Tensor:
    """The whole state, each number at its place in the picture."""
    for noise in reversed(done):
        h = torch.cat([F.pixel_shuffle(h, 2), noise], 1)
    return F.pixel_shuffle(h, 2)
