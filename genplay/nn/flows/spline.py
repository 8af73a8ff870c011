"""Monotone rational-quadratic splines (Gregory and Delbourgo 1982; Durkan et al. 2019, arXiv:1906.04032).

In a bin between the knots (x0, y0) and (x1, y1) with slopes d0 and d1 there, of width w = x1 - x0 and height
h = y1 - y0, with s = h / w, theta = (x - x0) / w and q = theta (1 - theta):

    y = y0 + h N / D,  N = s theta^2 + d0 q,  D = s + (d0 + d1 - 2 s) q,
    dy/dx = s^2 M / D^2,  M = d1 theta^2 + 2 s q + d0 (1 - theta)^2.

Nets for points are so small that the time of a step is that of calling operations, not of computing. So only the bin
that is hit is looked at, and the gradient is written out by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from genplay.nn.flows.elementwise import Affine

NARROWEST = 1e-3  # least width and height of a bin, as shares of the box
FLATTEST = 1e-3  # least slope at a knot
_UNIT = math.log(math.expm1(1 - FLATTEST))  # whose softplus, with FLATTEST added, is 1


@dataclass(frozen=True)
class RationalQuadratic:
    """The spline with ``bins`` bins on [-bound, bound], and the identity outside; its slope is 1 at both ends.

    Of the ``parameters`` raw numbers the first are widths and heights of the bins before a softmax, then inner slopes
    before a softplus. Zeros mean the identity. They lie in the first dimension, which is quicker than in the last.
    """

    bins: int = 8
    bound: float = 4.0

    @property
    def parameters(self) -> int:
        return 3 * self.bins - 1

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """y and log dy/dx (...) for x (...) and raw (parameters, ...). Can be differentiated once."""
        y, ladj = _Forward.apply(x, raw, self)
        return y, ladj

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """x and log dx/dy: theta is the root of a quadratic, in the form that does not cancel."""
        within = y.clamp(-self.bound, self.bound)
        b = self.bin_of(within, raw, 1)
        s, phi = b.h / b.w, (within - b.y0) / b.h
        middle = torch.addcmul(b.d0, torch.sub(b.d0 + b.d1, s, alpha=2), phi, value=-1)
        last = s * phi
        root = torch.addcmul(middle.square(), s - middle, last, value=4).clamp(min=0).sqrt()
        theta = (2 * last / (middle + root)).clamp(0, 1)
        x = torch.addcmul(b.x0, b.w, theta)
        return x + (y - within), -_curve(theta, s, b.d0, b.d1).log_slope

    def bin_of(self, v: Tensor, raw: Tensor, axis: int) -> Bin:
        """The bin in which ``v`` (...), at most ``bound`` from 0, lies, as an x (axis 0) or as a y (axis 1)."""
        k = self.bins
        shares = raw[: 2 * k].unflatten(0, (2, k)).softmax(1)  # (2, bins, ...)
        floor, rest = self._floor(raw.dtype, raw.device)
        far = torch.add(floor.view(-1, *[1] * v.dim()), shares.cumsum(1), alpha=rest)  # the right and upper ends
        place = (v >= far[axis, :-1]).sum(0)
        at = place.expand(2, 1, *v.shape)
        size = shares.gather(1, at)[:, 0].mul_(rest).add_(2 * self.bound * NARROWEST)  # (2, ...)
        near = far.gather(1, at)[:, 0] - size
        ends = torch.stack([place, place + 1])
        bare = F.pad(raw[2 * k :], (0, 0) * v.dim() + (1, 1)).gather(0, ends).add_(_UNIT)
        (x0, y0), (w, h), (d0, d1) = near.unbind(0), size.unbind(0), F.softplus(bare).add_(FLATTEST).unbind(0)
        return Bin(x0, y0, w, h, d0, d1, shares, ends, bare)

    def _floor(self, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, float]:
        """Where the bins end at least, (bins,), and by how much more all of them together are wider than they must."""
        return _floor(self.bins, self.bound, dtype, device), 2 * self.bound * (1 - self.bins * NARROWEST)


@dataclass(frozen=True)
class AffineSpline:
    """An affine map, then a spline: far out a plain scale and shift, which a spline alone has not, and bends within.

    The first two of the raw numbers are the affine map's.
    """

    bins: int = 6
    bound: float = 3.0
    limit: float = 2.0

    @property
    def parameters(self) -> int:
        return 2 + self._spline.parameters

    @property
    def _affine(self) -> Affine:
        return Affine(self.limit)

    @property
    def _spline(self) -> RationalQuadratic:
        return RationalQuadratic(self.bins, self.bound)

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """y and log dy/dx (...) for x (...) and raw (parameters, ...)."""
        scaled, first = self._affine.forward(x, raw[:2])
        y, second = self._spline.forward(scaled, raw[2:])
        return y, first + second

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """x and log dx/dy."""
        scaled, second = self._spline.inverse(y, raw[2:])
        x, first = self._affine.inverse(scaled, raw[:2])
        return x, first + second


@lru_cache(16)
def _floor(bins: int, bound: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return torch.arange(1, bins + 1, dtype=dtype, device=device) * (2 * bound * NARROWEST) - bound


class Bin(NamedTuple):
    """Corner, size and slopes (...) of the bin that is hit; shares of all bins (2, bins, ...), the numbers of the knots
    at its ends and its slopes before the softplus (2, ...)."""

    x0: Tensor
    y0: Tensor
    w: Tensor
    h: Tensor
    d0: Tensor
    d1: Tensor
    shares: Tensor
    ends: Tensor
    bare: Tensor


class _Curve(NamedTuple):
    """The parts of the equations above at some theta."""

    theta: Tensor
    rest: Tensor  # 1 - theta
    q: Tensor
    excess: Tensor  # d0 + d1 - 2 s
    n: Tensor
    d: Tensor
    m: Tensor
    log_slope: Tensor


def _curve(theta: Tensor, s: Tensor, d0: Tensor, d1: Tensor) -> _Curve:
    rest = 1 - theta
    q, squared = theta * rest, theta.square()
    excess = torch.sub(d0 + d1, s, alpha=2)
    n = torch.addcmul(d0 * q, s, squared)
    d = torch.addcmul(s, excess, q)
    m = torch.addcmul(torch.addcmul(d1 * squared, d0, rest.square()), s, q, value=2)
    return _Curve(theta, rest, q, excess, n, d, m, torch.add(m.log(), (s / d).log(), alpha=2))


class _Forward(torch.autograd.Function):
    """x, raw to y, log dy/dx.

    Outside the box it is the spline at the edge of the box, where the slope is 1, with the rest of the way added. There
    too the gradient of the raw numbers comes out as 0, since the shares add up to 1.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, raw: Tensor, spline: RationalQuadratic) -> tuple[Tensor, Tensor]:
        within = x.clamp(-spline.bound, spline.bound)
        b = spline.bin_of(within, raw, 0)
        s = b.h / b.w
        c = _curve((within - b.x0) / b.w, s, b.d0, b.d1)
        up = c.n / c.d
        y = torch.addcmul(b.y0, b.h, up)
        ctx.save_for_backward(x, within, s, up, *b[2:], *c[:-1])
        ctx.spline = spline
        return y.add_(x).sub_(within), c.log_slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gy: Tensor, gl: Tensor) -> tuple[Tensor, Tensor, None]:
        x, within, s, up, w, h, d0, d1, shares, ends, bare, theta, rest, q, excess, _, d, m = ctx.saved_tensors
        over_m, pull = gl / m, gy * h / d  # of M and of N; that of D is -of_d
        of_d = torch.addcmul(gl / d, pull, up, value=0.5).mul_(2)
        of_q = torch.addcmul(d0 * pull, excess, of_d, value=-1).addcmul_(s, over_m, value=2)
        g_theta = of_q * (rest - theta)
        g_theta = g_theta.addcmul_(torch.addcmul(s * pull, d1, over_m), theta, value=2)
        g_theta = g_theta.addcmul_(d0 * over_m, rest, value=-2)
        squared = theta.square()
        flat = q * of_d
        g_s = torch.add(gl / s, flat).addcmul_(q, over_m).mul_(2).sub_(of_d).addcmul_(pull, squared)
        g_d0 = torch.addcmul(q * pull, rest.square(), over_m).sub_(flat)
        g_d1 = (squared * over_m).sub_(flat)
        gx = g_theta / w
        g_w = torch.addcmul(g_s * s, g_theta, theta) / -w
        g_h = torch.addcmul(g_s / w, gy, up)
        g_raw = _to_raw(ctx.spline, shares, ends, bare, (-gx, gy, g_w, g_h, g_d0, g_d1))
        return torch.where(x == within, gx, gy), g_raw, None


def _to_raw(
    spline: RationalQuadratic, shares: Tensor, ends: Tensor, bare: Tensor, to_bin: tuple[Tensor, ...]
) -> Tensor:
    """The gradient of the raw numbers from that of corner, size and slopes of the bin.

    A corner lies at the end of all bins before: its gradient is that of each of their widths.
    """
    k = spline.bins
    corner, size = (torch.stack(to_bin[i : i + 2])[:, None] for i in (0, 2))  # (2, 1, ...)
    before = torch.arange(k, device=ends.device).view(-1, *[1] * (ends.dim() - 1)) < ends[0]  # (bins, ...)
    g = (corner * before).scatter_(1, ends[:1, None].expand_as(size), size).mul_(shares)
    g = torch.addcmul(g, shares, g.sum(1, keepdim=True), value=-1).mul_(spline._floor(bare.dtype, bare.device)[1])
    inner = shares.new_zeros(k + 1, *ends.shape[1:])
    inner.scatter_(0, ends, torch.stack(to_bin[4:]).mul_(bare.sigmoid()))
    return torch.cat([g.flatten(0, 1), inner[1:-1]])
