"""From noise to data: samplers for every model with a Gaussian path x_t = alpha x_0 + sigma eps.

A model is seen through one function, :class:`Denoiser`, which says what it takes ``x_0`` and ``eps`` to be at a state.
``walk`` carries a state along a grid of times and yields a :class:`~genplay.core.model.Frame` a step: the state, and
what was predicted there. Each sampler is one small function that makes one step.

With s = sigma / alpha and y = x / alpha the probability-flow ODE is dy/ds = eps(y, s), whatever the schedule
(Karras et al. 2022, arXiv:2206.00364); on straight lines it is dx/dt = eps - x_0. Two identities are worth knowing:
Euler's method in s is DDIM with eta = 0, and DDPM's ancestral step with the posterior variance, the Euler ancestral
step and DDIM with eta = 1 are one and the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from genplay.contract.errors import BadInput
from genplay.contract.sampling import GaussianSampling
from genplay.core.model import Frame
from genplay.core.schedules import Schedule

RHO = 7.0  # Karras et al. 2022, table 1
WIDEST = 80.0  # largest sigma / alpha of a Karras grid and of samplers that divide by alpha
MOST_STEPS = 2000  # of the adaptive solver


class Look(NamedTuple):
    """What a network says at a state: its estimates of x_0 and eps (B, *shape), and what else a frame shows."""

    x_0: Tensor
    eps: Tensor
    extras: dict[str, Tensor]
    facts: dict[str, float]


class Denoiser(Protocol):
    """A network as samplers see it. ``nfe`` counts its evaluations."""

    nfe: int

    def __call__(self, x: Tensor, t: float, alpha: float, sigma: float) -> Look: ...


Noise = Callable[[Tensor], Tensor]  # fresh N(0, I) in the shape of a state


@dataclass(frozen=True)
class Grid:
    """Times from noise to data, with alpha and sigma there. The last one is the data: alpha 1, sigma 0."""

    t: list[float]
    alpha: list[float]
    sigma: list[float]

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def at(cls, times: Tensor, schedule: Schedule) -> Grid:
        """The grid of falling float64 ``times`` (N,), all above 0; the end is added."""
        alpha, sigma = schedule.alpha(times), schedule.sigma(times)
        return cls([*times.tolist(), 0.0], [*alpha.tolist(), 1.0], [*sigma.tolist(), 0.0])


def grid(schedule: Schedule, config: GaussianSampling, start: float = 1.0) -> Grid:
    """The times of ``config.steps`` steps from 1 to 0; of those, what lies below ``start``, which comes first.

    A walk that begins again at one of the times of another goes the same way from there.
    """
    times = spaced(schedule, config.steps, _spacing(schedule, config))
    if config.sampler in DIVIDES_BY_ALPHA:
        widest = schedule.snap(schedule.time_of(times.new_tensor([WIDEST])))
        times = torch.cat([widest, times[times < widest - 1e-9]])
    if start < 1:
        times = torch.cat([times.new_tensor([start]), times[times < start - 1e-9]])
    return Grid.at(times, schedule)


def spaced(schedule: Schedule, steps: int, spacing: str) -> Tensor:
    """Falling times (steps,) float64, the first one 1.

    uniform: even in t; quadratic: even in the square root of t; karras: s^(1/7) even, s = sigma / alpha from its value
    at 1 (at most 80) to that at ``t_min``. A discrete schedule rounds them to its steps.
    """
    share = torch.arange(steps, dtype=torch.float64) / steps
    if spacing == "uniform":
        times = 1 - share
    elif spacing == "quadratic":
        times = (1 - share) ** 2
    else:
        times = _karras(schedule, steps)
    times = schedule.snap(times)
    return torch.unique(times).flip(0)


def _karras(schedule: Schedule, steps: int) -> Tensor:
    ends = torch.tensor([1.0, max(schedule.t_min, 1e-6)], dtype=torch.float64)
    ratio = (schedule.sigma(ends) / schedule.alpha(ends)).clamp(max=max(WIDEST, _last_ratio(schedule)))
    low, high = ratio[1] ** (1 / RHO), ratio[0] ** (1 / RHO)
    place = torch.linspace(0, 1, steps, dtype=torch.float64)
    times = schedule.time_of((high + place * (low - high)) ** RHO)
    times[0] = 1.0
    return times


def _last_ratio(schedule: Schedule) -> float:
    """sigma / alpha at t = 1 where alpha is above 0, for schedules that go further than ``WIDEST`` on purpose."""
    one = torch.ones((), dtype=torch.float64)
    alpha = float(schedule.alpha(one))
    ratio = float(schedule.sigma(one)) / alpha if alpha > 0 else math.inf
    return ratio if ratio < 1000 else WIDEST


def _spacing(schedule: Schedule, config: GaussianSampling) -> str:
    """What "auto" stands for: noise levels where the ODE is solved in them, else even times."""
    if config.spacing != "auto":
        return config.spacing
    exploding = float(schedule.alpha(torch.ones((), dtype=torch.float64))) == 1.0
    if schedule.flat or config.sampler in ("langevin", "predictor-corrector", "euler-maruyama"):
        return "uniform"
    return "karras" if exploding or config.sampler == "heun" else "uniform"


# ---- walking ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """Data to be kept while the rest is made anew: clean ``x`` (B, *shape), and ``mask``, 1 where it is made anew.

    Each step is gone back and repeated ``resample`` times, so that both parts come to agree (RePaint: Lugmayr et al.
    2022, arXiv:2201.09865).
    """

    x: Tensor
    mask: Tensor
    resample: int = 1


@dataclass
class Walk:
    """A walk under way: the grid, the network, where noise comes from, and what the steps before have seen."""

    denoiser: Denoiser
    grid: Grid
    noise: Noise
    config: GaussianSampling
    schedule: Schedule
    look: Look | None = None  # at the present state
    before: Tensor | None = None  # the x_0 predicted at the state before
    log: dict[str, float] = field(default_factory=dict)

    def see(self, x: Tensor, i: int) -> Look:
        """What the network says of ``x`` at the i-th time; kept for the frame."""
        g = self.grid
        self.look = self.denoiser(x, g.t[i], g.alpha[i], g.sigma[i])
        return self.look

    def peek(self, x: Tensor, i: int) -> Look:
        """The same, for a step's inner evaluations."""
        g = self.grid
        return self.denoiser(x, g.t[i], g.alpha[i], g.sigma[i])


def walk(
    x: Tensor,
    denoiser: Denoiser,
    schedule: Schedule,
    config: GaussianSampling,
    noise: Noise,
    *,
    start: float = 1.0,
    times: Tensor | None = None,
    known: Known | None = None,
) -> Iterator[Frame]:
    """Carry a state ``x`` (B, *shape) at time ``start`` to data; a frame a step, then the sample.

    At ``start`` = 1 the state is sigma(1) eps. ``times`` replaces the grid that ``config`` asks for: falling, float64,
    without the last 0. Raises ``BadInput`` for what a sampler cannot do.
    """
    steps = grid(schedule, config, start) if times is None else Grid.at(times, schedule)
    if config.sampler == "rk45":
        if known is not None:
            raise BadInput("The adaptive solver cannot inpaint; choose another sampler.")
        yield from rk45(x, denoiser, schedule, config, steps)
        return
    here = Walk(denoiser, steps, noise, config, schedule)
    step = STEPS[config.sampler]
    for i in range(len(steps) - 1):
        after = step(x, i, here)
        assert here.look is not None
        if known is not None:
            after = _kept(after, i, here, known, step)
        yield frame(x, i, here)
        here.before = here.look.x_0
        x = after
    yield last_frame(x, denoiser)


def frame(x: Tensor, i: int, here: Walk) -> Frame:
    """The i-th state with what was predicted there."""
    look, g = here.look, here.grid
    assert look is not None
    return _frame(x, look, g.t[i], g.alpha[i], g.sigma[i], here.denoiser.nfe)


def _frame(x: Tensor, look: Look, t: float, alpha: float, sigma: float, nfe: int) -> Frame:
    facts = {"alpha": alpha, "sigma": sigma, "log_snr": log_ratio(alpha, sigma), "nfe": float(nfe), **look.facts}
    return Frame(x, t, {"x_t": x, "x_0": look.x_0, "eps": look.eps, **look.extras}, facts)


def last_frame(x: Tensor, denoiser: Denoiser) -> Frame:
    """The sample: nothing is left to predict."""
    facts = {"alpha": 1.0, "sigma": 0.0, "nfe": float(denoiser.nfe)}
    return Frame(x, 0.0, {"x_t": x, "x_0": x, "eps": torch.zeros_like(x)}, facts)


def log_ratio(alpha: float, sigma: float) -> float:
    """log(alpha^2 / sigma^2), infinite at the ends."""
    if sigma == 0:
        return math.inf
    return 2 * math.log(alpha / sigma) if alpha > 0 else -math.inf


def _kept(after: Tensor, i: int, here: Walk, known: Known, step: Step) -> Tensor:
    """The state after step i with the known part put in, the step repeated from a little more noise."""
    g = here.grid
    for left in reversed(range(known.resample)):
        fresh = here.noise(known.x)
        kept = known.x.mul(g.alpha[i + 1]).add_(fresh, alpha=g.sigma[i + 1])
        after = torch.where(known.mask, after, kept)
        if not left or not g.sigma[i + 1]:
            break
        ratio = g.alpha[i] / g.alpha[i + 1]
        back = after.mul(ratio).add_(here.noise(after), alpha=_transition(g, i))
        after = step(back, i, here)
    return after


def _transition(g: Grid, i: int) -> float:
    """Standard deviation of x_i given x_(i+1): sqrt(sigma_i^2 - (alpha_i / alpha_(i+1))^2 sigma_(i+1)^2)."""
    ratio = g.alpha[i] / g.alpha[i + 1]
    return math.sqrt(max(0.0, g.sigma[i] ** 2 - (ratio * g.sigma[i + 1]) ** 2))


# ---- one step of each sampler -----------------------------------------------------------------------------------

Step = Callable[[Tensor, int, Walk], Tensor]


def _to(x_0: Tensor, eps: Tensor, alpha: float, sigma: float) -> Tensor:
    return x_0.mul(alpha).add_(eps, alpha=sigma)


def ddim(x: Tensor, i: int, here: Walk) -> Tensor:
    """alpha' x_0 + sqrt(sigma'^2 - u^2) eps + u z u = eta x the posterior deviation (DDIM, arXiv:2010.02502)."""
    return _ancestral(x, i, here, here.config.eta)


def ddpm(x: Tensor, i: int, here: Walk) -> Tensor:
    """A draw from q(x' | x, x_0) at the predicted x_0 (Ho et al. 2020), its variance the posterior's."""
    return _ancestral(x, i, here, 1.0)


def _ancestral(x: Tensor, i: int, here: Walk, eta: float) -> Tensor:
    g, look = here.grid, here.see(x, i)
    up = eta * g.sigma[i + 1] / g.sigma[i] * _transition(g, i) if eta else 0.0
    after = _to(look.x_0, look.eps, g.alpha[i + 1], math.sqrt(max(0.0, g.sigma[i + 1] ** 2 - up**2)))
    return after.add_(here.noise(x), alpha=up) if up else after


def euler(x: Tensor, i: int, here: Walk) -> Tensor:
    """y' = y + (s' - s) eps: Euler's method on the probability-flow ODE."""
    g, look = here.grid, here.see(x, i)
    return _to(look.x_0, look.eps, g.alpha[i + 1], g.sigma[i + 1])


def heun(x: Tensor, i: int, here: Walk) -> Tensor:
    """The trapezoidal rule: the slope is the mean of those at both ends; the last step is Euler's (Karras et al. 2022).

    In s where the variance is preserved or explodes, in t on straight lines.
    """
    g, first = here.grid, here.see(x, i)
    ahead = _to(first.x_0, first.eps, g.alpha[i + 1], g.sigma[i + 1])
    if not g.sigma[i + 1]:
        return ahead
    second = here.peek(ahead, i + 1)
    if here.schedule.flat:
        half = (g.t[i + 1] - g.t[i]) / 2
        return x.add(first.eps - first.x_0 + second.eps - second.x_0, alpha=half)
    half = (g.sigma[i + 1] / g.alpha[i + 1] - g.sigma[i] / g.alpha[i]) / 2
    return ahead.add_(second.eps - first.eps, alpha=half * g.alpha[i + 1])


def euler_ancestral(x: Tensor, i: int, here: Walk) -> Tensor:
    """Euler's step to s_down, then noise up to s': s_up^2 = s'^2 (s^2 - s'^2) / s^2, s_down^2 = s'^2 - s_up^2."""
    return _ancestral(x, i, here, 1.0)


def dpm_2m(x: Tensor, i: int, here: Walk) -> Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095): second order in lambda = log(alpha / sigma), from two x_0.

    x' = sigma'/sigma x + alpha' (1 - e^-h) D, D = x_0 + h / (2 h_before) (x_0 - x_0 before).
    """
    g, decay, target = _multistep(x, i, here)
    return target.mul_(g.alpha[i + 1] * (1 - decay)).add_(x, alpha=g.sigma[i + 1] / g.sigma[i])


def dpm_2m_sde(x: Tensor, i: int, here: Walk) -> Tensor:
    """The same for the reverse SDE: x' = sigma'/sigma e^-h x + alpha' (1 - e^-2h) D + sigma' sqrt(1 - e^-2h) z."""
    g, decay, target = _multistep(x, i, here)
    fresh = g.sigma[i + 1] * math.sqrt(1 - decay**2)
    after = target.mul_(g.alpha[i + 1] * (1 - decay**2)).add_(x, alpha=g.sigma[i + 1] / g.sigma[i] * decay)
    return after.add_(here.noise(x), alpha=fresh) if fresh else after


def _multistep(x: Tensor, i: int, here: Walk) -> tuple[Grid, float, Tensor]:
    """The grid, e^-h, and a copy of D; the first and the last step know one x_0 only."""
    g, look = here.grid, here.see(x, i)
    decay = g.alpha[i] * g.sigma[i + 1] / (g.sigma[i] * g.alpha[i + 1])  # e^-h
    if here.before is None or not g.sigma[i + 1] or not g.alpha[i - 1]:
        return g, decay, look.x_0.clone()
    h_before = math.log(g.alpha[i] * g.sigma[i - 1] / (g.sigma[i] * g.alpha[i - 1]))
    share = -math.log(decay) / (2 * h_before)
    return g, decay, look.x_0.mul(1 + share).sub_(here.before, alpha=share)


def euler_maruyama(x: Tensor, i: int, here: Walk) -> Tensor:
    """x' = x - (f x - g^2 score) dt + g sqrt(dt) z on the reverse SDE (Song et al. 2021), at last x_0.

    f = d log alpha / dt, g^2 = d sigma^2 / dt - 2 f sigma^2, score = -eps / sigma.
    """
    g, look = here.grid, here.see(x, i)
    if not g.sigma[i + 1]:
        return look.x_0.clone()
    f, square = drift_and_diffusion(here.schedule, g.t[i])
    dt = g.t[i] - g.t[i + 1]
    after = x.mul(1 - f * dt).sub_(look.eps, alpha=square * dt / g.sigma[i])
    return after.add_(here.noise(x), alpha=math.sqrt(square * dt))


def drift_and_diffusion(schedule: Schedule, t: float) -> tuple[float, float]:
    """f(t) and g(t)^2 of the SDE dx = f x dt + g dw that noises data as the schedule says."""
    with torch.enable_grad():
        time = torch.tensor(t, dtype=torch.float64, requires_grad=True)
        alpha, variance = schedule.alpha(time), schedule.sigma(time) ** 2
        slope = torch.autograd.grad(variance, time, allow_unused=True)[0]
        rate = torch.autograd.grad(alpha, time)[0] if alpha.requires_grad and not _level(schedule) else None
    f = float(rate / alpha.detach()) if rate is not None else 0.0
    return f, max(0.0, float(slope) - 2 * f * float(variance.detach()))


def _level(schedule: Schedule) -> bool:
    one = torch.ones((), dtype=torch.float64)
    return float(schedule.alpha(one)) == 1.0


def predictor_corrector(x: Tensor, i: int, here: Walk) -> Tensor:
    """An ancestral step, then Langevin steps at the new noise level (Song et al. 2021, algorithms 2 to 5)."""
    after = _ancestral(x, i, here, 1.0)
    g = here.grid
    if g.sigma[i + 1]:
        for _ in range(here.config.corrections):
            after = _langevin(after, here.peek(after, i + 1), g.sigma[i + 1], here)
    return after


def langevin(x: Tensor, i: int, here: Walk) -> Tensor:
    """Langevin steps at one noise level, then on to the next (Song and Ermon 2019), at last x_0."""
    g, look = here.grid, here.see(x, i)
    for again in range(here.config.inner):
        x = _langevin(x, here.peek(x, i) if again else look, g.sigma[i], here)
    if not g.sigma[i + 1]:
        return here.peek(x, i).x_0.clone()
    return x.mul(g.alpha[i + 1] / g.alpha[i])


def _langevin(x: Tensor, look: Look, sigma: float, here: Walk) -> Tensor:
    """x + e sigma^2 score + sqrt(2 e) sigma z, e being the step size: a step of the same length at any noise level."""
    size = here.config.step_size
    return x.sub(look.eps, alpha=size * sigma).add_(here.noise(x), alpha=math.sqrt(2 * size) * sigma)


STEPS: dict[str, Step] = {
    "ddpm": ddpm,
    "ddim": ddim,
    "euler": euler,
    "heun": heun,
    "euler-ancestral": euler_ancestral,
    "dpm++2m": dpm_2m,
    "dpm++2m-sde": dpm_2m_sde,
    "euler-maruyama": euler_maruyama,
    "predictor-corrector": predictor_corrector,
    "langevin": langevin,
}
DIVIDES_BY_ALPHA = frozenset({"euler-maruyama", "langevin"})


# ---- the adaptive solver ----------------------------------------------------------------------------------------

# Dormand and Prince 1980: nodes, coefficients, and the weights of the fifth-order solution and of the error.
_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
_TABLE: tuple[tuple[float, ...], ...] = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)

Slope = Callable[[float, Tensor], Tensor]


def dormand_prince(
    y: Tensor, begin: float, end: float, slope: Slope, tolerance: float, first: float
) -> Iterator[tuple[float, Tensor]]:
    """Solve dy/du = slope(u, y) from ``begin`` to ``end``, yielding (u, y) after every accepted step.

    The step follows the root mean square of error / (tolerance (1 + |y|)). ``first`` is the length of the first try.
    Raises ``BadInput`` after ``MOST_STEPS`` tries.
    """
    sign, u = (1.0 if end > begin else -1.0), begin
    length = min(abs(first), abs(end - begin))
    k1 = slope(u, y)
    for _ in range(MOST_STEPS):
        length = min(length, abs(end - u))
        h = sign * length
        ks = [k1]
        for node, row in zip(_NODES[1:], _TABLE[1:]):
            ks.append(slope(u + node * h, _combined(y, h, row, ks)))
        after = _combined(y, h, _TABLE[6], ks)
        wrong = _combined(torch.zeros_like(y), h, _ERROR, ks) / (tolerance * (1 + torch.maximum(y.abs(), after.abs())))
        error = float(wrong.square().mean().sqrt())
        if not math.isfinite(error):
            raise BadInput("The adaptive solver met numbers that are not finite.")
        if error <= 1:
            u, y, k1 = u + h, after, ks[6]
            yield u, y
            if abs(end - u) <= 1e-9 * abs(end - begin):
                return
        length *= min(5.0, max(0.2, 0.9 * max(error, 1e-8) ** -0.2))
    raise BadInput("The adaptive solver needs too many steps at this tolerance; allow it a larger error.")


def _combined(y: Tensor, h: float, row: tuple[float, ...], ks: list[Tensor]) -> Tensor:
    total = y.clone()
    for weight, k in zip(row, ks):
        if weight:
            total.add_(k, alpha=h * weight)
    return total


def rk45(x: Tensor, denoiser: Denoiser, schedule: Schedule, config: GaussianSampling, steps: Grid) -> Iterator[Frame]:
    """The probability-flow ODE by the adaptive method of Dormand and Prince, from the first time of ``steps``.

    Solved in log s (on straight lines in t) down to ``t_min``, then one Euler step. Accepted states are the frames.
    """
    begin = steps.t[0]
    end = min(max(schedule.t_min, 1e-3), begin / 2)
    to_time, coordinate, slope = _ode(denoiser, schedule)
    u, goal = coordinate(begin), coordinate(end)
    shown, scale = x, 1.0 if schedule.flat else steps.alpha[0]
    states = dormand_prince(x / scale, u, goal, slope, config.tolerance, abs(goal - u) / 20)
    t = begin
    for u, y in states:
        yield _seen(shown, denoiser, schedule, t)
        t = to_time(u)
        shown = y if schedule.flat else y * _at(schedule, t)[0]
    alpha, sigma = _at(schedule, t)
    look = denoiser(shown, t, alpha, sigma)
    yield _frame(shown, look, t, alpha, sigma, denoiser.nfe)
    yield last_frame(look.x_0, denoiser)


def _seen(x: Tensor, denoiser: Denoiser, schedule: Schedule, t: float) -> Frame:
    """A frame whose prediction is made for the eye only and does not count."""
    alpha, sigma = _at(schedule, t)
    nfe = denoiser.nfe
    look = denoiser(x, t, alpha, sigma)
    denoiser.nfe = nfe
    return _frame(x, look, t, alpha, sigma, nfe)


def _ode(denoiser: Denoiser, schedule: Schedule) -> tuple[Callable[[float], float], Callable[[float], float], Slope]:
    """The ODE in its coordinate u: time of u, u of a time, and dy/du."""
    if schedule.flat:

        def straight(u: float, y: Tensor) -> Tensor:
            look = denoiser(y, u, 1 - u, u)
            return look.eps - look.x_0

        return float, float, straight

    def time(u: float) -> float:
        return float(schedule.time_of(torch.tensor(math.exp(u), dtype=torch.float64)))

    def coordinate(t: float) -> float:
        alpha, sigma = _at(schedule, t)
        return math.log(sigma / alpha)

    def slope(u: float, y: Tensor) -> Tensor:
        t = time(u)
        alpha, sigma = _at(schedule, t)
        return denoiser(y * alpha, t, alpha, sigma).eps * math.exp(u)

    return time, coordinate, slope


def _at(schedule: Schedule, t: float) -> tuple[float, float]:
    time = torch.tensor(t, dtype=torch.float64)
    return float(schedule.alpha(time)), float(schedule.sigma(time))


def options(config: Any) -> GaussianSampling:
    """``config`` as a ``GaussianSampling``; plain defaults for None."""
    return config if isinstance(config, GaussianSampling) else GaussianSampling()
