"""Noise schedules: x_t = alpha(t) x_0 + sigma(t) eps with eps ~ N(0, I), from t = 0 (data) to t = 1 (noise).

All diffusion, score and flow-matching models share this one Gaussian path; they differ in alpha and sigma:

- variance preserving (VP), alpha^2 + sigma^2 = 1: ``Cosine``, ``LinearVP``, ``ScaledLinearVP``, ``SigmoidVP``; and
  ``Discrete``, the same named by the betas of a chain of T steps (Ho et al. 2020, arXiv:2006.11239);
- variance exploding (VE), alpha = 1: ``GeometricVE`` (Song et al. 2021, arXiv:2011.13456);
- straight lines, alpha = 1 - t, sigma = t: ``Rectified`` (Liu et al. 2023, arXiv:2209.03003).

What matters to a sampler is the signal-to-noise ratio alpha^2 / sigma^2, which falls with t (Kingma et al. 2021,
arXiv:2107.00630). ``alpha`` and ``sigma`` take and give float64 tensors of any shape.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

BISECTIONS = 60


class Schedule:
    """Base: a concrete one defines ``alpha`` and ``sigma``, with alpha^2 / sigma^2 strictly falling in t.

    ``t_min`` is where samplers take their last look at the network: nearer to 0 there is nothing left to remove.
    ``earliest`` is the least time that is trained, and where likelihoods begin.
    ``flat`` says in which coordinates the probability-flow ODE is solved, see ``samplers.Coordinates``.
    """

    title: ClassVar[str]
    flat: ClassVar[bool] = False
    t_min: float = 1e-3
    earliest: float = 1e-3

    def alpha(self, t: Tensor) -> Tensor:
        """Factor of the data."""
        raise TypeError(f"{type(self).__name__} defines no alpha")

    def sigma(self, t: Tensor) -> Tensor:
        """Standard deviation of the noise."""
        raise TypeError(f"{type(self).__name__} defines no sigma")

    def log_snr(self, t: Tensor) -> Tensor:
        """log(alpha^2 / sigma^2), nats."""
        return 2 * (self.alpha(t).log() - self.sigma(t).log())

    def alpha_bar(self, t: Tensor) -> Tensor:
        """alpha^2 / (alpha^2 + sigma^2): alpha^2 itself where the variance is preserved."""
        alpha, sigma = self.alpha(t), self.sigma(t)
        return alpha**2 / (alpha**2 + sigma**2)

    def time_of(self, ratio: Tensor) -> Tensor:
        """The time at which sigma / alpha has this value (float64), by bisection; clipped to [0, 1]."""
        low, high = torch.zeros_like(ratio), torch.ones_like(ratio)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            below = self.sigma(middle) < ratio * self.alpha(middle)
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2

    def snap(self, t: Tensor) -> Tensor:
        """The times that training knows which are nearest to ``t``: for continuous time ``t`` itself."""
        return t


class Rectified(Schedule):
    """alpha = 1 - t, sigma = t: straight lines between data and noise."""

    title = "straight lines"
    flat = True

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        return t

    def time_of(self, ratio: Tensor) -> Tensor:
        return 1 - 1 / (1 + ratio)


class Cosine(Schedule):
    """alpha = cos(theta), sigma = sin(theta), theta linear in t between arctan(0.002) and arctan(80).

    The cosine schedule (Nichol and Dhariwal 2021, arXiv:2102.09672) in continuous time, with the signal-to-noise ratio
    kept finite at both ends (Salimans and Ho 2022, arXiv:2202.00512).
    """

    title = "cosine"
    LEAST, MOST = 0.002, 80.0

    def _angle(self, t: Tensor) -> Tensor:
        low, high = math.atan(self.LEAST), math.atan(self.MOST)
        return low + (high - low) * t

    def alpha(self, t: Tensor) -> Tensor:
        return self._angle(t).cos()

    def sigma(self, t: Tensor) -> Tensor:
        return self._angle(t).sin()

    def time_of(self, ratio: Tensor) -> Tensor:
        low, high = math.atan(self.LEAST), math.atan(self.MOST)
        return ((ratio.atan() - low) / (high - low)).clamp(0, 1)


class VariancePreserving(Schedule):
    """alpha^2 = alpha_bar, sigma^2 = 1 - alpha_bar, for a subclass that gives log alpha_bar."""

    FLOOR, CEILING = 1e-4, 1 - 1e-6  # the ratio of signal to noise stays finite at both ends

    def log_alpha_bar(self, t: Tensor) -> Tensor:
        """Natural logarithm of alpha_bar at t."""
        raise TypeError(f"{type(self).__name__} defines no log_alpha_bar")

    def alpha_bar(self, t: Tensor) -> Tensor:
        squeeze = self.CEILING - self.FLOOR
        return self.FLOOR + squeeze * self.log_alpha_bar(t).exp()

    def alpha(self, t: Tensor) -> Tensor:
        return self.alpha_bar(t).sqrt()

    def sigma(self, t: Tensor) -> Tensor:
        return (1 - self.alpha_bar(t)).sqrt()


class LinearVP(VariancePreserving):
    """beta(t) = 0.1 + 19.9 t, log alpha_bar = -(integral of beta): the VP SDE of Song et al. 2021."""

    title = "linear"
    earliest = 1e-5  # beta(0) is large: at 1e-3 there is noise yet
    FLOOR = 0.0
    START, END = 0.1, 20.0

    def log_alpha_bar(self, t: Tensor) -> Tensor:
        return -(self.START * t + (self.END - self.START) * t**2 / 2)


class ScaledLinearVP(VariancePreserving):
    """sqrt(beta) linear in t, from sqrt(0.85) to sqrt(12): what latent diffusion uses (Rombach et al. 2022)."""

    title = "scaled linear"
    earliest = 1e-5  # beta(0) is large: at 1e-3 there is noise yet
    FLOOR = 0.0
    START, END = math.sqrt(0.85), math.sqrt(12.0)

    def log_alpha_bar(self, t: Tensor) -> Tensor:
        slope = self.END - self.START
        return -((self.START + slope * t) ** 3 - self.START**3) / (3 * slope)


class SigmoidVP(VariancePreserving):
    """alpha_bar falls as a logistic curve from -3 to 3 (Jabri et al. 2022, arXiv:2212.11972)."""

    title = "sigmoid"
    REACH = 3.0

    def log_alpha_bar(self, t: Tensor) -> Tensor:
        top, bottom = (1 / (1 + math.exp(-sign * self.REACH)) for sign in (1, -1))
        share = (top - torch.sigmoid(self.REACH * (2 * t - 1))) / (top - bottom)
        return share.clamp(min=1e-12).log()


class GeometricVE(Schedule):
    """alpha = 1, sigma = least (most / least)^t: the noise levels of NCSN (Song and Ermon 2019, arXiv:1907.05600)."""

    title = "geometric"
    t_min = earliest = 0.0

    def __init__(self, least: float = 0.01, most: float = 50.0) -> None:
        self.least, self.most = least, most

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return self.least * (self.most / self.least) ** t

    def time_of(self, ratio: Tensor) -> Tensor:
        return ((ratio / self.least).log() / math.log(self.most / self.least)).clamp(0, 1)


class Discrete(VariancePreserving):
    """A chain of T steps with q(x_k | x_(k-1)) = N(sqrt(1 - beta_k) x_(k-1), beta_k I), k = 1 ... T, at times k / T.

    ``betas`` is (T,) float64. Between the steps log alpha_bar is interpolated linearly; alpha_bar(0) = 1.
    """

    def __init__(self, betas: Tensor, title: str = "discrete") -> None:
        assert betas.dim() == 1 and bool(((betas > 0) & (betas < 1)).all())
        self.title = title  # type: ignore[misc]  # of this chain, not of the class
        self.betas = betas.double()
        self.count = len(betas)
        self.t_min = self.earliest = 1 / self.count
        logs = torch.log1p(-self.betas).cumsum(0)
        self._logs = torch.cat([logs.new_zeros(1), logs])  # (T + 1,)

    def log_alpha_bar(self, t: Tensor) -> Tensor:
        place = (t * self.count).clamp(0, self.count)
        low = place.floor().clamp(max=self.count - 1)
        logs = self._logs.to(t.device)
        first, second = logs[low.long()], logs[low.long() + 1]
        return first + (second - first) * (place - low)

    def alpha_bar(self, t: Tensor) -> Tensor:
        return self.log_alpha_bar(t).exp()

    def sigma(self, t: Tensor) -> Tensor:
        return (-torch.expm1(self.log_alpha_bar(t))).sqrt()

    def snap(self, t: Tensor) -> Tensor:
        return (t * self.count).round().clamp(1, self.count) / self.count


CONTINUOUS: dict[str, type[Schedule]] = {
    "linear": LinearVP,
    "scaled-linear": ScaledLinearVP,
    "cosine": Cosine,
    "sigmoid": SigmoidVP,
}
TITLES = {name: kind.title for name, kind in CONTINUOUS.items()}


def betas(name: str, count: int) -> Tensor:
    """The betas (T,) of a named chain of ``count`` steps.

    linear: from 1e-4 to 0.02 at 1000 steps (Ho et al. 2020), scaled by 1000 / T for others; scaled-linear: its square
    root linear, from 8.5e-4 to 0.012; cosine: from alpha_bar = cos^2((t + 0.008) / 1.008 pi / 2), none above 0.999
    (Nichol and Dhariwal 2021); sigmoid: from 1e-4 to 0.02 along a logistic curve from -6 to 6. Raises ``KeyError``.
    """
    rise = torch.linspace(0, 1, count, dtype=torch.float64, device="cpu")  # also where a model is only laid out
    scale = 1000 / count
    if name == "cosine":
        edges = torch.arange(count + 1, dtype=torch.float64, device="cpu") / count
        bars = ((edges + 0.008) / 1.008 * math.pi / 2).cos() ** 2
        return (1 - bars[1:] / bars[:-1]).clamp(1e-8, 0.999)
    shapes = {
        "linear": 1e-4 + (0.02 - 1e-4) * rise,
        "scaled-linear": (math.sqrt(8.5e-4) + (math.sqrt(0.012) - math.sqrt(8.5e-4)) * rise) ** 2,
        "sigmoid": 1e-4 + (0.02 - 1e-4) * torch.sigmoid(12 * rise - 6),
    }
    return (shapes[name] * scale).clamp(1e-8, 0.999)


def schedule(name: str, count: int = 0) -> Schedule:
    """The variance-preserving schedule of that name: of ``count`` steps, or in continuous time for 0.

    Raises ``KeyError`` for an unknown name.

    >>> schedule("cosine").alpha(torch.tensor([0.5], dtype=torch.float64)).square().round(decimals=2).item()
    0.51
    """
    return Discrete(betas(name, count), CONTINUOUS[name].title) if count else CONTINUOUS[name]()
