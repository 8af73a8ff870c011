"""Noise for data of discrete values: how a value becomes another, and how that is undone (D3PM: Austin et al. 2021,
arXiv:2107.03006).

Every place of x has one of S states and is noised by itself. A transition is a family of stochastic matrices with

    M(1) = I,    M(a) M(b) = M(a b),    q(x_t | x_0) = M(alpha(t))[x_0, x_t],    q(x_t | x_s) = M(alpha(t) / alpha(s))

where alpha falls from 1 at the data to 0 at noise: the product of all steps is again a matrix of the family, in closed
form, whichever times lie between. By Bayes

    q(x_s | x_t, x_0) = q(x_t | x_s) q(x_s | x_0) / q(x_t | x_0).

A model says r(x_0), what a place may hold judging by all *other* places (any positive numbers that sum to 1); then

    p(x_0 | x_t) ~ r(x_0) q(x_t | x_0),    p(x_s | x_t) ~ q(x_t | x_s) sum_x0 q(x_s | x_0) r(x_0).

Throughout, states are int64 (B, L), ``a`` is (B,), and probabilities are (B, L, S) with the K values of the data first.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST = 1e-30  # of a probability in a logarithm
SCHEDULES = {"linear": "linear", "cosine": "cosine"}
REACH = 0.5  # of the rates of a graph of neighbours, the share of the way from the slowest to the fastest set to 1
LEAP = 0.02  # of a value's changes go anywhere, so that no group of values is closed


def alpha(schedule: str, t: Tensor) -> Tensor:
    """How much is kept at times in [0, 1]: 1 - t, or cos(pi t / 2)."""
    return 1 - t if schedule == "linear" else torch.cos(t * (math.pi / 2)).clamp(min=0) * (t < 1)


def slope(schedule: str, t: Tensor) -> Tensor:
    """d alpha / dt."""
    return -torch.ones_like(t) if schedule == "linear" else -torch.sin(t * (math.pi / 2)) * (math.pi / 2)


class Transition:
    """Base of the transitions. ``values`` are the K values of the data, ``states`` the S of a noised place."""

    def __init__(self, values: int, states: int = 0) -> None:
        self.values, self.states = values, states or values

    def row(self, x: Tensor, a: Tensor) -> Tensor:
        """M(a)[x, :], what x becomes: (B, L, S)."""
        raise TypeError(f"{type(self).__name__} defines no row")

    def column(self, y: Tensor, a: Tensor) -> Tensor:
        """M(a)[:, y], how well each state explains y: (B, L, S)."""
        raise TypeError(f"{type(self).__name__} defines no column")

    def spread(self, p: Tensor, a: Tensor) -> Tensor:
        """p M(a) for what may be at a place, (B, L, S) or, of the data's values alone, (B, L, K): (B, L, S)."""
        raise TypeError(f"{type(self).__name__} defines no spread")

    def noised(self, x: Tensor, a: Tensor, u: Tensor) -> Tensor:
        """States (B, L) drawn from M(a)[x, :] by even numbers u (B, L) in [0, 1)."""
        return by_share(self.row(x, a), u)

    def noise(self, u: Tensor) -> Tensor:
        """States (B, L) of pure noise, M(0), by even numbers u (B, L)."""
        return self.noised(torch.zeros_like(u, dtype=torch.int64), u.new_zeros(len(u)), u)

    def posterior(self, x_t: Tensor, x_0: Tensor, later: Tensor, earlier: Tensor) -> Tensor:
        """q(x_s | x_t, x_0) for alpha(t) ``later`` and alpha(s) ``earlier`` (B,): (B, L, S)."""
        return normalised(self.column(x_t, later / earlier) * self.row(x_0, earlier))

    def reverse(self, x_t: Tensor, r: Tensor, later: Tensor, earlier: Tensor) -> Tensor:
        """p(x_s | x_t) for r (B, L, K): (B, L, S)."""
        return normalised(self.column(x_t, later / earlier) * self.spread(r, earlier))

    def data(self, x_t: Tensor, r: Tensor, a: Tensor) -> Tensor:
        """p(x_0 | x_t) for r (B, L, K): (B, L, K)."""
        return normalised(r * self.column(x_t, a)[..., : self.values])

    def divergence(self, x_t: Tensor, x_0: Tensor, r: Tensor, later: Tensor, earlier: Tensor) -> Tensor:
        """KL(q(x_s | x_t, x_0) || p(x_s | x_t)) of each place, (B, L) nats; at s = 0 this is -log p(x_0 | x_t)."""
        q = self.posterior(x_t, x_0, later, earlier)
        p = self.reverse(x_t, r, later, earlier)
        return (q * (q.clamp(min=LEAST).log() - p.clamp(min=LEAST).log())).sum(-1).clamp(min=0)


class Uniform(Transition):
    """M(a) = a I + (1 - a) / K: a value is kept, or drawn anew from all alike."""

    def row(self, x: Tensor, a: Tensor) -> Tensor:
        return one_hot(x, self.states, a) * wide(a) + wide(1 - a) / self.states

    def column(self, y: Tensor, a: Tensor) -> Tensor:
        return self.row(y, a)

    def spread(self, p: Tensor, a: Tensor) -> Tensor:
        return p * wide(a) + wide(1 - a) / self.states * p.sum(-1, keepdim=True)

    def noised(self, x: Tensor, a: Tensor, u: Tensor) -> Tensor:
        rest = (u - a[:, None]) / (1 - a[:, None]).clamp(min=LEAST)
        return torch.where(u < a[:, None], x, (rest * self.states).long().clamp(0, self.states - 1))


class Absorbing(Transition):
    """M(a) = a I + (1 - a) 1 e_K^T: a value is kept, or hidden behind the mask, which is state number K."""

    def __init__(self, values: int) -> None:
        super().__init__(values, values + 1)

    @property
    def mask(self) -> int:
        """The state that hides a value."""
        return self.values

    def row(self, x: Tensor, a: Tensor) -> Tensor:
        found = one_hot(x, self.states, a) * wide(a)
        found[..., self.mask] += (1 - a)[:, None]
        return found

    def column(self, y: Tensor, a: Tensor) -> Tensor:
        return one_hot(y, self.states, a) * wide(a) + wide(1 - a) * (y == self.mask)[..., None]

    def spread(self, p: Tensor, a: Tensor) -> Tensor:
        p = F.pad(p, (0, self.states - p.shape[-1]))
        moved = p * wide(a)
        moved[..., self.mask] += (1 - a)[:, None] * p.sum(-1)
        return moved

    def noised(self, x: Tensor, a: Tensor, u: Tensor) -> Tensor:
        return torch.where(u < a[:, None], x, self.mask)

    def data(self, x_t: Tensor, r: Tensor, a: Tensor) -> Tensor:
        """r where a place is hidden; elsewhere what it shows."""
        shown = one_hot(x_t, self.states, r)[..., : self.values]
        return torch.where((x_t == self.mask)[..., None], r, shown)

    def divergence(self, x_t: Tensor, x_0: Tensor, r: Tensor, later: Tensor, earlier: Tensor) -> Tensor:
        """A hidden place comes to light with the probability ``shown``, as x_0 or not; others are known."""
        told = -r.gather(-1, x_0[..., None])[..., 0].clamp(min=LEAST).log()
        return told * (x_t == self.mask) * self.shown(later, earlier)[:, None]

    def shown(self, later: Tensor, earlier: Tensor) -> Tensor:
        """The probability that a hidden place comes to light between two times."""
        return (earlier - later) / (1 - later)


class Neighbours(Transition):
    """M(a) = a^(-R), with the symmetric rates R of a graph of neighbouring values: doubly stochastic.

    ``places`` (K, D) say where the values lie, ordered ones on a line and colours in their cube. Values swap at the
    rate exp(-|p_i - p_j|^2 / 2 w^2), where w is ``width`` times the median distance to the nearest other value, and
    rarely with any other. With R = U diag(-rates) U^T all powers are M(a) = U diag(a^rates) U^T. Noise is uniform.
    """

    def __init__(self, places: Tensor, width: float = 2.0) -> None:
        super().__init__(len(places))
        self.rates, self.vectors = neighbour_rates(places.double().cpu(), width)
        self.rates, self.vectors = (v.to(places) for v in (self.rates, self.vectors))

    def _decay(self, a: Tensor) -> Tensor:
        return wide(a) ** self.rates.to(a)

    def row(self, x: Tensor, a: Tensor) -> Tensor:
        vectors = self.vectors.to(a)
        return (vectors[x] * self._decay(a) @ vectors.T).clamp(min=0)

    def column(self, y: Tensor, a: Tensor) -> Tensor:
        return self.row(y, a)

    def spread(self, p: Tensor, a: Tensor) -> Tensor:
        vectors = self.vectors.to(p)
        return (p @ vectors * self._decay(a.to(p)) @ vectors.T).clamp(min=0)


def neighbour_rates(places: Tensor, width: float) -> tuple[Tensor, Tensor]:
    """Rates (K,) from 0 up and orthonormal vectors (K, K) of the graph of values at ``places`` (K, D), float64."""
    k = len(places)
    distance = torch.cdist(places, places)
    apart = distance + torch.eye(k, dtype=places.dtype) * distance.max().clamp(min=1)
    w = (width * apart.min(1).values.median()).clamp(min=1e-6)
    near = torch.exp(-0.5 * (distance / w) ** 2)
    near.fill_diagonal_(0)
    swap = near / near.sum(1).max().clamp(min=LEAST) * (1 - LEAP) + LEAP / k
    swap.fill_diagonal_(0)
    rates, vectors = torch.linalg.eigh(swap.sum(1).diag() - swap)
    rates = rates.clamp(min=0)
    rates[0] = 0.0
    slow, fast = float(rates[1]) if k > 1 else 1.0, float(rates[-1]) if k > 1 else 1.0
    return rates / (slow ** (1 - REACH) * fast**REACH), vectors


def wide(a: Tensor) -> Tensor:
    """(B,) as (B, 1, 1)."""
    return a[:, None, None]


def one_hot(x: Tensor, states: int, like: Tensor) -> Tensor:
    """States (B, L) as (B, L, S), of the type of ``like``."""
    return torch.zeros(*x.shape, states, dtype=like.dtype, device=x.device).scatter_(-1, x[..., None], 1)


def normalised(p: Tensor) -> Tensor:
    """Probabilities in proportion to p (B, L, S)."""
    return p / p.sum(-1, keepdim=True).clamp(min=LEAST)


def by_share(p: Tensor, u: Tensor) -> Tensor:
    """States (...,): where an even number u (...,) falls among the sums of probabilities p (..., S)."""
    sums = p.double().cumsum(-1)
    at = (u.double() * sums[..., -1])[..., None]
    return torch.searchsorted(sums, at, right=True)[..., 0].clamp(max=p.shape[-1] - 1)
