"""Langevin dynamics: walks that settle into the density p(x) = exp(-E(x) / T) / Z of an energy E.

One step of length h goes downhill and adds noise,

    x' = x - h^2 / 2 grad E(x) + h sqrt(T) z,    z ~ N(0, I).

Taken as it is (unadjusted; Parisi 1981, Grenander and Miller 1994), the walk settles close to p, not in it: for
E = x^2 / (2 s^2) and T = 1 its variance is s^2 / (1 - h^2 / (4 s^2)), and for h >= 2 s it flies off. MALA (Besag 1994;
Roberts and Tweedie 1996) takes x' for a proposal from q(x' | x), and accepts it with the probability

    a = min(1, exp(-E(x') / T) q(x | x') / (exp(-E(x) / T) q(x' | x))),

which makes p stationary whatever h is. Its mean is the yardstick by which h is found: 0.574 is best in many dimensions
(Roberts and Rosenthal 1998). ``DualAveraging`` finds it while warming up; h then stays, so that MALA is exact.

``anneal`` walks down a ladder of energies instead, one for each level of noise (Song and Ermon 2019, arXiv:1907.05600).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

BEST_ACCEPTANCE = 0.574
Energy = Callable[[Tensor], Tensor]  # states (B, ...) to energies (B,)


@dataclass(frozen=True)
class Stride:
    """How a chain walks: step length ``h``, ``temperature``, whether the Metropolis test is made, steps of warm-up.

    During the ``warmup`` the length is adapted until a share ``target`` of the proposals is (or would be) accepted.
    No step goes further downhill than ``reach`` times h sqrt(D), D being the numbers of x: where the energy is steep it
    would land beyond the valley, and the test would refuse it for ever. MALA stays exact (MALTA, Roberts and Tweedie
    1996), since the probabilities q have the same bound.
    """

    h: float
    temperature: float = 1.0
    metropolis: bool = False
    warmup: int = 0
    target: float = BEST_ACCEPTANCE
    reach: float = math.inf


class State(NamedTuple):
    """Where chains are after a step: ``x`` (B, ...), ``energy`` (B,), ``accepted`` (B,) bool, the step length ``h``.

    ``chance`` (B,) is the probability a with which the Metropolis test accepts, also where it is not made; ``gradient``
    (B, ...) that of the energy at x.
    """

    x: Tensor
    energy: Tensor
    accepted: Tensor
    chance: Tensor
    h: float
    gradient: Tensor


class DualAveraging:
    """Finds log h by the errors of the acceptance (Nesterov 2009; Hoffman and Gelman 2014, arXiv:1111.4246, sec. 3.2).

        log h_i = mu - sqrt(i) / gamma * mean error of i steps,    log h = mean of the log h_i with weights i^-kappa

    ``h`` is what to walk with while adapting, ``settled`` what to keep.
    """

    GAMMA, OFFSET, KAPPA = 0.1, 10.0, 0.75

    def __init__(self, h: float, target: float = BEST_ACCEPTANCE) -> None:
        self.h = self.settled = h
        self.target, self._mu = target, math.log(2 * h)
        self._count, self._error, self._mean = 0, 0.0, math.log(h)

    def learn(self, acceptance: float) -> None:
        """Take in the mean acceptance of a step."""
        self._count += 1
        i = self._count
        self._error += (self.target - acceptance - self._error) / (i + self.OFFSET)
        log_h = self._mu - math.sqrt(i) / self.GAMMA * self._error
        log_h = min(max(log_h, self._mu - 12.0), self._mu + 6.0)
        share = i**-self.KAPPA
        self._mean += share * (log_h - self._mean)
        self.h, self.settled = math.exp(log_h), math.exp(self._mean)


def slope(energy: Energy, x: Tensor) -> tuple[Tensor, Tensor]:
    """E(x) (B,) and its gradient (B, ...), both detached."""
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        value = energy(x)
        gradient = torch.autograd.grad(value.sum(), x)[0]
    return value.detach(), gradient.detach()


def walk(
    energy: Energy, x: Tensor, steps: int, stride: Stride, generator: Generator, mask: Tensor | None = None
) -> Iterator[State]:
    """Chains from ``x`` (B, ...): a ``State`` a step. Where ``mask`` (broadcast to x) is False, x is kept.

    With a mask the walk is in the conditional density of the rest. A proposal whose energy is not finite is refused.
    """
    finder = DualAveraging(stride.h, stride.target)
    value, gradient = slope(energy, x)
    h = stride.h
    for i in range(steps):
        pull = bounded(gradient, h, stride.reach)
        ahead = _proposal(x, pull, h, stride.temperature, generator, mask)
        new_value, new_gradient = slope(energy, ahead)
        back = bounded(new_gradient, h, stride.reach)
        chance = _chance(x, value, pull, ahead, new_value, back, h, stride.temperature, mask)
        if stride.metropolis:
            accepted = _even(len(x), generator, x) < chance
        else:
            accepted = torch.ones_like(chance, dtype=torch.bool)
        wide = accepted.view(-1, *[1] * (x.dim() - 1))
        x, value = torch.where(wide, ahead, x), torch.where(accepted, new_value, value)
        gradient = torch.where(wide, new_gradient, gradient)
        yield State(x, value, accepted, chance, h, gradient)
        if i < stride.warmup:
            finder.learn(float(chance.mean()))
            h = finder.settled if i == stride.warmup - 1 else finder.h


def bounded(gradient: Tensor, h: float, reach: float) -> Tensor:
    """The gradient (B, ...), shortened where a step of length h would go further than ``reach`` h sqrt(D) by it."""
    if math.isinf(reach):
        return gradient
    size = gradient.flatten(1).norm(dim=1).clamp(min=1e-30)
    most = 2 * reach * math.sqrt(gradient[0].numel()) / h
    return gradient * (most / size).clamp(max=1.0).view(-1, *[1] * (gradient.dim() - 1))


@dataclass(frozen=True)
class Ladder:
    """Energies E(x, t) (B,) by level of noise t in [0, 1], and ``sigma`` there; a walk starts at ``top``."""

    energy: Callable[[Tensor, float], Tensor]
    sigma: Callable[[float], float]
    top: float = 1.0

    def at(self, t: float) -> Energy:
        """The energy of one level."""
        return lambda x: self.energy(x, t)


def anneal(
    ladder: Ladder, x: Tensor, steps: int, stride: Stride, generator: Generator, mask: Tensor | None = None
) -> Iterator[State]:
    """From ``x`` (B, ...), noised as the top of the ladder has it, down to level 0: a ``State`` a step.

    ``stride.h`` is in units of sigma. Plain steps leave as much noise as the next level has (Jolicoeur-Martineau et al.
    2021, arXiv:2009.05475): with e = h^2 / 2, but at least 1 - (sigma' / sigma)^2,

        x' = x - e sigma^2 grad E(x, sigma) + sqrt(T (sigma'^2 - (1 - e)^2 sigma^2)) z.

    With Metropolis's test, noise is taken away, x' = x - (1 - sigma' / sigma) sigma^2 grad E, and a step of MALA
    follows in the new level (Du et al. 2023, arXiv:2302.11552). Where ``mask`` is False, x is taken for clean data and
    kept, noised as the level is.
    """
    kept, finder = x, DualAveraging(stride.h, stride.target)
    still = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype).to(x.device)
    h, t = stride.h, ladder.top
    gradient: Tensor | None = None  # where it is known from the step before
    for i in range(steps):
        sigma, after = ladder.sigma(t), ladder.top * (1 - (i + 1) / steps)
        new = ladder.sigma(after)
        if mask is not None:
            x = torch.where(mask, x, kept + sigma * still)
        if gradient is None:
            gradient = slope(ladder.at(t), x)[1]
        if stride.metropolis:
            x = x.sub(gradient, alpha=(1 - new / sigma) * sigma**2)
            x = x if mask is None else torch.where(mask, x, kept + new * still)
            state = next(walk(ladder.at(after), x, 1, Stride(h * new, stride.temperature, True), generator, mask))
            gradient = state.gradient
        else:
            share = min(1.0, max(h * h / 2, 1 - (new / sigma) ** 2))
            noise = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype).to(x.device)
            variance = stride.temperature * max(0.0, new**2 - ((1 - share) * sigma) ** 2)
            x = x.sub(gradient, alpha=share * sigma**2).add_(noise, alpha=math.sqrt(variance))
            every = torch.ones(len(x), device=x.device)
            state = State(x, _quiet(ladder, x, after), every.bool(), every, h * new, gradient)
            gradient = None
        x = state.x
        if mask is not None and i == steps - 1:
            x = torch.where(mask, x, kept)
            state = state._replace(energy=_quiet(ladder, x, after))
        yield state._replace(x=x)
        if i < stride.warmup and stride.metropolis:
            finder.learn(float(state.chance.mean()))
            h = finder.settled if i == stride.warmup - 1 else finder.h
        t = after


@torch.no_grad()
def _quiet(ladder: Ladder, x: Tensor, t: float) -> Tensor:
    return ladder.energy(x, t)


def _proposal(
    x: Tensor, gradient: Tensor, h: float, temperature: float, generator: Generator, mask: Tensor | None
) -> Tensor:
    noise = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype).to(x.device)
    move = noise.mul_(h * math.sqrt(temperature)).sub_(gradient, alpha=h * h / 2)
    return x + (move if mask is None else move * mask)


def _chance(
    x: Tensor,
    value: Tensor,
    gradient: Tensor,
    ahead: Tensor,
    new_value: Tensor,
    new_gradient: Tensor,
    h: float,
    temperature: float,
    mask: Tensor | None,
) -> Tensor:
    """The probability of acceptance (B,), 0 where the new energy is not finite."""
    if temperature == 0:
        return (new_value <= value).to(value.dtype)
    there = ahead - x + h * h / 2 * gradient
    back = x - ahead + h * h / 2 * new_gradient
    if mask is not None:
        there, back = there * mask, back * mask
    longer = (there.square() - back.square()).flatten(1).sum(1) / (2 * h * h)
    log_chance = (value - new_value + longer) / temperature
    return log_chance.clamp(max=0).exp().nan_to_num(0.0)


def _even(n: int, generator: Generator, like: Tensor) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device, dtype=like.dtype).to(like.device)
