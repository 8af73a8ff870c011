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
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

NARROWEST = 1e-3  # least width and height of a bin, as shares of the box
FLATTEST = 1e-3  # least slope at a knot
_UNIT = math.log(math.expm1(1 - FLATTEST))  # whose softplus, with FLATTEST added, is 1


@dataclass(frozen=True)
class RationalQuadratic:
    """The spline with ``bins`` bins on [-bound, bound], and the identity outside; its slope is 1 at both ends.

    Of the ``parameters`` raw numbers the first are widths and heights of the bins before a softmax, then inner slopes
    before a softplus. Zeros mean the identity.
    """

    bins: int = 8
    bound: float = 4.0

    @property
    def parameters(self) -> int:
        return 3 * self.bins - 1

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """y and log dy/dx (B, D) for x (B, D) and raw (B, D, parameters). Can be differentiated once."""
        y, ladj = _Forward.apply(x, raw, self)
        return y, ladj

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """x and log dx/dy: theta is the root of a quadratic, in the form that does not cancel."""
        b = self.bin_of(y, raw, 1)
        s, phi = b.h / b.w, (y - b.y0) / b.h
        bend = (b.d0 + b.d1 - 2 * s) * phi
        middle = b.d0 - bend
        root = (middle.square() + 4 * (s - middle) * s * phi).clamp(min=0).sqrt()
        theta = (2 * s * phi / (middle + root)).clamp(0, 1)
        inside = y.abs() < self.bound
        x = torch.where(inside, torch.addcmul(b.x0, b.w, theta), y)
        return x, torch.where(inside, -_curve(theta, s, b.d0, b.d1).log_slope, 0.0)

    def bin_of(self, v: Tensor, raw: Tensor, axis: int) -> Bin:
        """The bin in which ``v`` (B, D) lies, as an x (axis 0) or as a y (axis 1)."""
        k, span = self.bins, 2 * self.bound
        least, rest = span * NARROWEST, span * (1 - k * NARROWEST)
        shares = raw[..., : 2 * k].unflatten(-1, (2, k)).softmax(-1)  # (B, D, 2, bins)
        sums = shares.cumsum(-1)
        floor = torch.arange(1, k, dtype=raw.dtype, device=raw.device) * least - self.bound
        edges = torch.add(floor, sums[..., axis, :-1], alpha=rest)
        place = (v[..., None] >= edges).sum(-1, keepdim=True)  # (B, D, 1)
        at = place[..., None].expand(*shares.shape[:-1], 1)
        share = shares.gather(-1, at)[..., 0]  # (B, D, 2)
        start = (place * least - self.bound) + (sums.gather(-1, at)[..., 0] - share) * rest
        ends = torch.cat([place, place + 1], -1)
        bare = F.pad(raw[..., 2 * k :], (1, 1)).gather(-1, ends) + _UNIT  # (B, D, 2)
        (x0, y0), (w, h) = start.unbind(-1), (share * rest + least).unbind(-1)
        d0, d1 = (F.softplus(bare) + FLATTEST).unbind(-1)
        return Bin(x0, y0, w, h, d0, d1, shares, place, bare)


class Bin(NamedTuple):
    """Corner, size and slopes (B, D) of the bin that is hit; shares of all bins (B, D, 2, bins), its number (B, D, 1)
    and its slopes before the softplus (B, D, 2)."""

    x0: Tensor
    y0: Tensor
    w: Tensor
    h: Tensor
    d0: Tensor
    d1: Tensor
    shares: Tensor
    place: Tensor
    bare: Tensor


class _Curve(NamedTuple):
    """The parts of the equations above at some theta."""

    theta: Tensor
    rest: Tensor  # 1 - theta
    q: Tensor
    n: Tensor
    d: Tensor
    m: Tensor
    log_slope: Tensor


def _curve(theta: Tensor, s: Tensor, d0: Tensor, d1: Tensor) -> _Curve:
    rest = 1 - theta
    q = theta * rest
    squared = theta.square()
    n = torch.addcmul(d0 * q, s, squared)
    d = torch.addcmul(s, d0 + d1 - 2 * s, q)
    m = torch.addcmul(torch.addcmul(d1 * squared, d0, rest.square()), s, q, value=2)
    return _Curve(theta, rest, q, n, d, m, m.log() + 2 * (s / d).log())


class _Forward(torch.autograd.Function):
    """x, raw to y, log dy/dx."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, raw: Tensor, spline: RationalQuadratic) -> tuple[Tensor, Tensor]:
        b = spline.bin_of(x, raw, 0)
        s = b.h / b.w
        c = _curve((x - b.x0) / b.w, s, b.d0, b.d1)
        inside = x.abs() < spline.bound
        ctx.save_for_backward(s, b.w, b.h, b.d0, b.d1, b.shares, b.place, b.bare, inside, *c[:-1])
        ctx.spline = spline
        y = torch.addcmul(b.y0, b.h, c.n / c.d)
        return torch.where(inside, y, x), torch.where(inside, c.log_slope, 0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_y: Tensor, to_ladj: Tensor) -> tuple[Tensor, Tensor, None]:
        s, w, h, d0, d1, shares, place, bare, inside, *parts = ctx.saved_tensors
        theta, rest, q, n, d, m = parts
        gy, gl = torch.where(inside, to_y, 0.0), torch.where(inside, to_ladj, 0.0)
        over_m, twice = gl / m, 2 * gl / d
        up = n / d
        pull = gy * h / d  # of N; that of D is -pull N / D - 2 gl / D
        of_d = torch.addcmul(twice, pull, up)
        turn = rest - theta  # dq/dtheta
        by_q = 2 * s * over_m - (d0 + d1 - 2 * s) * of_d + d0 * pull
        g_theta = by_q * turn + 2 * (d1 * over_m + s * pull) * theta - 2 * d0 * over_m * rest
        g_s = 2 * gl / s + 2 * q * over_m + (2 * q - 1) * of_d + pull * theta.square()
        common = q * of_d
        g_d0 = rest.square() * over_m - common + q * pull
        g_d1 = theta.square() * over_m - common
        gx = g_theta / w
        g_w = -(g_s * s + g_theta * theta) / w
        g_h = torch.addcmul(g_s / w, gy, up)
        g_raw = _to_raw(ctx.spline, shares, place, bare, (-gx, gy, g_w, g_h, g_d0, g_d1))
        return torch.where(inside, gx, to_y), g_raw, None


def _to_raw(
    spline: RationalQuadratic, shares: Tensor, place: Tensor, bare: Tensor, to_bin: tuple[Tensor, ...]
) -> Tensor:
    """The gradient of the raw numbers from that of corner, size and slopes of the bin."""
    k = spline.bins
    corner, size, slopes = (torch.stack(to_bin[i : i + 2], -1)[..., None] for i in (0, 2, 4))  # (B, D, 2, 1)
    steps = torch.arange(k, device=place.device) - place[..., None]  # (B, D, 1, bins)
    g = torch.where(steps < 0, corner, torch.where(steps == 0, size, 0.0)) * (2 * spline.bound * (1 - k * NARROWEST))
    g = shares * (g - (g * shares).sum(-1, keepdim=True))
    inner = shares.new_zeros(*place.shape[:-1], k + 1)
    inner.scatter_(-1, torch.cat([place, place + 1], -1), slopes[..., 0] * bare.sigmoid())
    return torch.cat([g.flatten(-2), inner[..., 1:-1]], -1)
