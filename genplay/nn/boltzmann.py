"""Restricted Boltzmann machines (Smolensky 1986; Hinton 2002, Training products of experts).

Visible units v in {0, 1}^D and hidden units h in {0, 1}^K have the energy, in nats,

    E(v, h) = -b . v - c . h - h . W v,        p(v, h) = exp(-E(v, h)) / Z.

Nothing joins two units of one side, so each side is independent given the other: p(h_j = 1 | v) = sigmoid(c + W v)_j
and p(v_i = 1 | h) = sigmoid(b + W^T h)_i. Summing h out leaves the free energy

    F(v) = -b . v - sum_j softplus(c + W v)_j,        p(v) = exp(-F(v)) / Z,

and d/dtheta of -log p(v) is dF(v)/dtheta less its mean over p: the objective mean F(data) - mean F(negative) has that
gradient when ``negative`` are draws from the machine. Contrastive divergence (CD-k) takes them k Gibbs sweeps from the
data, persistent contrastive divergence (Tieleman 2008) from chains that are carried on from step to step.

At a temperature T a chain draws from exp(-E / T) / Z_T. All units are floats that are 0 or 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

MOST_ENUMERATED = 20  # units whose states are counted through


class Boltzmann(nn.Module):
    """A machine of ``visible`` by ``hidden`` units with ``chains`` persistent chains, begun at fair coins."""

    chains: Tensor

    def __init__(self, visible: int, hidden: int, chains: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(hidden, visible))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.register_buffer("chains", torch.randint(0, 2, (chains, visible)).to(torch.uint8))

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h) in nats, (B,), of v (B, D) and h (B, K)."""
        return -(v @ self.visible_bias) - (h * self.hidden_field(v)).sum(-1)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = -log sum_h exp(-E(v, h)) in nats, (B,)."""
        return -(v @ self.visible_bias) - F.softplus(self.hidden_field(v)).sum(-1)

    def hidden_field(self, v: Tensor) -> Tensor:
        """c + W v: the log odds of the hidden units, (B, K)."""
        return F.linear(v, self.weight, self.hidden_bias)

    def visible_field(self, h: Tensor) -> Tensor:
        """b + W^T h: the log odds of the visible units, (B, D)."""
        return F.linear(h, self.weight.T, self.visible_bias)

    def hidden(self, v: Tensor, temperature: float = 1.0) -> Tensor:
        """p(h = 1 | v), (B, K)."""
        return (self.hidden_field(v) / temperature).sigmoid()

    def visible(self, h: Tensor, temperature: float = 1.0) -> Tensor:
        """p(v = 1 | h), (B, D)."""
        return (self.visible_field(h) / temperature).sigmoid()

    def sweep(self, v: Tensor, generator: Generator, temperature: float = 1.0, rows: int = 0) -> tuple[Tensor, Tensor]:
        """One block Gibbs step: h ~ p(h | v), then v' ~ p(v | h). Returns v' and the probabilities it was drawn from.

        Random numbers are drawn for at least ``rows`` rows, so that few chains are the first of many.
        """
        h = coins(self.hidden(v, temperature), generator, rows)
        p = self.visible(h, temperature)
        return coins(p, generator, rows), p

    @torch.no_grad()
    def negative(self, v: Tensor, sweeps: int, persistent: bool, generator: Generator) -> Tensor:
        """What data is contrasted with: ``sweeps`` Gibbs steps from data v (B, D), or from the chains, moved on.

        The chains keep where that ended, also when it began at data; in evaluation mode they stay as they are.
        """
        state = self.chains.to(v.dtype) if persistent else v
        for _ in range(sweeps):
            state, _ = self.sweep(state, generator)
        if self.training:
            kept = min(len(state), len(self.chains))
            self.chains[:kept] = state[:kept].nan_to_num().to(torch.uint8)
        return state

    def pseudo_likelihood(self, v: Tensor, generator: Generator) -> Tensor:
        """An estimate of sum_i log p(v_i | the other units) in nats, (B,): one i for each row, times D (Besag 1975)."""
        n, d = v.shape
        place = torch.randint(d, (n, 1), generator=generator, device=generator.device).to(v.device)
        flipped = v.scatter(1, place, 1 - v.gather(1, place))
        return d * F.logsigmoid(self.free_energy(flipped) - self.free_energy(v))

    def log_conditionals(self, v: Tensor) -> Tensor:
        """log p(v_i | the other units) in nats of all visible units of v (B, D): (B, D)."""
        field, change = self.hidden_field(v), 1 - 2 * v
        flipped = field[:, None] + change[:, :, None] * self.weight.T  # (B, D, K), with one unit flipped
        gain = change * self.visible_bias + F.softplus(flipped).sum(2) - F.softplus(field).sum(1, keepdim=True)
        return F.logsigmoid(-gain)

    def log_partition(self) -> Tensor:
        """log Z in nats, a scalar in float64, by counting through the states of the smaller side.

        Raises ``ValueError`` where that has more than 2^20 of them.
        """
        weight, b, c = self.weight.double(), self.visible_bias.double(), self.hidden_bias.double()
        if weight.shape[0] < weight.shape[1]:
            weight, b, c = weight.T, c, b
        if len(b) > MOST_ENUMERATED:
            raise ValueError(f"the smaller side has {len(b)} units, too many to count through")
        v = states(len(b)).to(weight)
        return torch.logsumexp(v @ b + F.softplus(v @ weight.T + c).sum(1), 0)


def coins(p: Tensor, generator: Generator, rows: int = 0) -> Tensor:
    """Draws from probabilities p (B, N): 0 or 1. Uniform numbers are drawn for at least ``rows`` rows."""
    shape = (max(rows, len(p)), *p.shape[1:])
    uniform = torch.rand(shape, generator=generator, device=generator.device)
    return (uniform[: len(p)].to(p.device) < p).to(p.dtype)


def states(units: int) -> Tensor:
    """All 2^N states of N units, (2^N, N).

    >>> states(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=units))).reshape(-1, units)


@torch.no_grad()
def anneal(machine: Boltzmann, base: Tensor, steps: int, runs: int, generator: Generator) -> Iterator[Tensor]:
    """Annealed importance sampling (Neal 2001; of these machines Salakhutdinov & Murray 2008): estimates of log Z.

    ``runs`` chains start from independent units with the log odds ``base`` (D,), whose Z_0 is known, and pass through
    machines with beta W, beta c and (1 - beta) base + beta b as beta rises from 0 to 1. Yields after each of ``steps``
    the logarithms (runs,) of Z_0 times the importance weights so far; the mean of the last weights themselves is an
    unbiased estimate of Z (see ``log_mean``). Raises ``ValueError`` for less than one step or two runs.
    """
    if steps < 1 or runs < 2:
        raise ValueError("annealing needs at least one step and two runs")
    hidden = len(machine.hidden_bias)
    log_z = hidden * math.log(2) + F.softplus(base).sum()
    v = coins(base.sigmoid().expand(runs, -1), generator)
    weights = log_z.double().expand(runs)
    for now, then in itertools.pairwise(torch.linspace(0, 1, steps + 1).tolist()):
        field, rest = machine.hidden_field(v), v @ (machine.visible_bias - base)
        gain = F.softplus(then * field).sum(1) - F.softplus(now * field).sum(1) + (then - now) * rest
        weights = weights + gain.double()
        yield weights
        h = coins((then * field).sigmoid(), generator)
        towards = (1 - then) * base + then * machine.visible_field(h)
        v = coins(towards.sigmoid(), generator)


def log_mean(weights: Tensor) -> tuple[float, float]:
    """log of the mean of exp(weights) (R,), and its standard error by the delta method, both in nats.

    >>> log_mean(torch.zeros(4))
    (0.0, 0.0)
    """
    scaled = (weights - weights.max()).exp()
    mean = scaled.mean()
    error = scaled.std() / mean / math.sqrt(len(weights))
    return float(weights.max() + mean.log()), float(error)


def binary(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Which pixels of pictures x (B, ...) in [-1, 1] are on, (B, D): those brighter than ``threshold`` of white.

    What is not a number stays so, in order that it is noticed.
    """
    light = (x.flatten(1) + 1) / 2
    return (light > threshold).to(light.dtype) + 0 * light


def flickering(x: Tensor, generator: Generator) -> Tensor:
    """Pictures x (B, ...) in [-1, 1] with each pixel on as often as it is bright, (B, D)."""
    light = (x.flatten(1) + 1) / 2
    return coins(light, generator) + 0 * light
