"""What all models with a Gaussian path share: x_t = alpha x_0 + sigma eps, and one network that undoes it.

The network F(x_t, t) is trained to predict one of several things, from each of which the others follow:

    eps: F = eps            x_0: F = x_0            v: F = alpha eps - sigma x_0 (Salimans and Ho 2022)
    velocity: F = eps - x_0 (flow matching)         edm: F of x_0 = c_skip x + c_out F (Karras et al. 2022)

All are x_0 = a x + b F and eps = c x + d F with numbers that depend on t alone (:func:`coefficients`). A concrete
family sets ``schedule``, ``prediction``, ``weighting`` and ``network`` in its ``__init__`` and is otherwise done.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor, nn

from genplay.contract.capability import Capability
from genplay.contract.sampling import GaussianSampling
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.guidance import Conditions, kept_labels
from genplay.core.model import Frame, Model, Objective, Start
from genplay.core.samplers import Known, Look, dormand_prince, drift_and_diffusion, walk
from genplay.core.schedules import Schedule
from genplay.core.training import uses_bf16

PREDICTIONS = ("eps", "x_0", "v", "velocity", "edm")
WEIGHTINGS = ("simple", "snr", "min-snr")
SIGMA_DATA = 0.5  # a round standard deviation of data in [-1, 1]
SNR_CAP = 5.0  # Hang et al. 2023, arXiv:2303.09556
BINS, PARTS = 12, 4
PART_NAMES = ("error, t below 1/4", "error, t 1/4 to 1/2", "error, t 1/2 to 3/4", "error, t above 3/4")
PART_LABELS = ("t < ¼", "¼–½", "½–¾", "> ¾")
FORGETTING = 0.98  # of the running error by time, a step
EXACT_TRACE = 8  # up to so many dimensions the divergence is exact


class Coefficients(NamedTuple):
    """x_0 = a x + b F and eps = c x + d F: floats, or tensors that broadcast against x."""

    a: Any
    b: Any
    c: Any
    d: Any


def coefficients(prediction: str, alpha: Any, sigma: Any) -> Coefficients:
    """What turns a prediction into x_0 and eps at (alpha, sigma), which are floats or tensors; sigma above 0."""
    if prediction == "eps":
        return Coefficients(1 / alpha, -sigma / alpha, 0 * alpha, 0 * alpha + 1)
    if prediction == "x_0":
        return Coefficients(0 * alpha, 0 * alpha + 1, 1 / sigma, -alpha / sigma)
    if prediction == "v":
        n = alpha**2 + sigma**2
        return Coefficients(alpha / n, -sigma / n, sigma / n, alpha / n)
    if prediction == "velocity":
        n = alpha + sigma
        return Coefficients(1 / n, -sigma / n, 1 / n, alpha / n)
    s = sigma / alpha
    skip, out = SIGMA_DATA**2 / (s**2 + SIGMA_DATA**2), s * SIGMA_DATA / (s**2 + SIGMA_DATA**2) ** 0.5
    return Coefficients(skip / alpha, out, (1 - skip) / sigma, -out / s)


def target(prediction: str, x_0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """What the network should say for data ``x_0`` noised by ``eps``."""
    if prediction in ("eps", "x_0"):
        return eps if prediction == "eps" else x_0
    if prediction == "v":
        return alpha * eps - sigma * x_0
    if prediction == "velocity":
        return eps - x_0
    s = sigma / alpha
    skip, out = SIGMA_DATA**2 / (s**2 + SIGMA_DATA**2), s * SIGMA_DATA / (s**2 + SIGMA_DATA**2) ** 0.5
    return (x_0 - skip * (x_0 + s * eps)) / out


def weight(weighting: str, prediction: str, alpha: Tensor, sigma: Tensor) -> Tensor | float:
    """The factor of |F - target|^2: simple 1; snr and min-snr weigh |x_0 error|^2 by SNR, or by min(SNR, 5)."""
    if weighting == "simple":
        return 1.0
    snr = alpha**2 / sigma**2
    wanted = snr if weighting == "snr" else snr.clamp(max=SNR_CAP)
    return wanted * coefficients(prediction, alpha, sigma).b ** 2


class GaussianModel(Model):
    """Base of diffusion, score and flow-matching models; see the module's text."""

    SampleConfig: ClassVar[type[Any]] = GaussianSampling
    kinds = (Kind.POINTS, Kind.IMAGE)
    density_kind = "exact"
    schedule: Schedule
    prediction: str
    weighting: str = "simple"
    network: nn.Module

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = bool(getattr(config, "conditional", True)) and bool(spec.attributes)
        self.shape = spec.shape  # of the space that is noised
        self.recalls = bool(getattr(config, "self_conditioning", False))
        self.register_buffer("errors", torch.zeros(2, BINS))  # running sum and count of errors by time
        self.errors: Tensor

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Guidance needs labels."""
        offers = type(self).offers
        return offers if self.conditional else offers - {Capability.GUIDE}

    @property
    def takes_labels(self) -> bool:
        return self.conditional

    @property
    def device(self) -> torch.device:
        return self.errors.device

    @property
    def likes_bf16(self) -> bool:
        return len(self.shape) == 3

    # ---- the network ------------------------------------------------------------------------------------------

    def predict(self, x: Tensor, t: Tensor, labels: Tensor | None, previous: Tensor | None = None) -> Tensor:
        """F(x_t, t) for states (B, *shape) at times (B,); ``labels`` (B, A) or None."""
        alpha, sigma = self._at(t)
        scaled = x * self._wide((SIGMA_DATA**2 * alpha**2 + sigma**2).rsqrt())
        given = self.labels(labels, len(x)) if self.conditional else None
        return self._output(scaled, t.float(), given, previous)

    def predict_at(
        self, x: Tensor, t: float, alpha: float, sigma: float, labels: Tensor | None, previous: Tensor | None = None
    ) -> Tensor:
        """F(x_t, t) for states (B, *shape) that are all at the time ``t``: as lean as sampling needs it.

        ``labels`` are what ``self.labels`` gives, or None for a model without labels.
        """
        scaled = x.mul((SIGMA_DATA**2 * alpha**2 + sigma**2) ** -0.5)
        return self._output(scaled, torch.full(x.shape[:1], t, device=x.device), labels, previous)

    def _output(self, scaled: Tensor, t: Tensor, labels: Tensor | None, previous: Tensor | None) -> Tensor:
        if self.recalls:
            scaled = torch.cat([scaled, torch.zeros_like(scaled) if previous is None else previous], 1)
        return self.network(scaled, t, labels)

    def _at(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """alpha and sigma (B,) float32 at times (B,)."""
        t = t.to(finest(t.device))
        return self.schedule.alpha(t).float(), self.schedule.sigma(t).float()

    def _wide(self, values: Tensor) -> Tensor:
        return values.view(-1, *[1] * len(self.shape))

    def estimate(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The network's x_0 and eps (B, *shape) at states ``x`` and times ``t`` (B,) above 0."""
        alpha, sigma = (self._wide(v) for v in self._at(t))
        k = coefficients(self.prediction, alpha, sigma)
        output = self.predict(x, t, labels)
        return k.a * x + k.b * output, k.c * x + k.d * output

    def denoise(self, x_t: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """E[x_0 | x_t] as the network sees it, (B, *shape)."""
        return self.estimate(x_t, t, labels)[0]

    def score(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """grad log p_t(x) = -E[eps | x_t] / sigma, (B, *shape)."""
        return -self.estimate(x, t, labels)[1] / self._wide(self._at(t)[1])

    def velocity(self, x: Tensor, t: float, labels: Tensor | None = None) -> Tensor:
        """dx/dt of the probability-flow ODE, f x + g^2 / (2 sigma) eps (on straight lines eps - x_0), (B, *shape)."""
        times = torch.full((len(x),), t, device=x.device, dtype=finest(x.device))
        x_0, eps = self.estimate(x, times, labels)
        if self.schedule.flat:
            return eps - x_0
        f, square = drift_and_diffusion(self.schedule, t)
        return f * x + square / (2 * float(self._at(times[:1])[1])) * eps

    def corrupt(self, x_0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        """x_t ~ q(x_t | x_0) at times (B,), (B, *shape)."""
        alpha, sigma = (self._wide(v) for v in self._at(t))
        return alpha * x_0 + sigma * normal(x_0.shape, generator, x_0.device)

    # ---- training ---------------------------------------------------------------------------------------------

    def draw_times(self, n: int, generator: Generator) -> Tensor:
        """Times (n,) float64 for a training step: one in each n-th of [0, 1], snapped to what the schedule knows."""
        times = self.shaped(stratified(n, generator)).clamp(min=max(self.schedule.earliest, 1e-5))
        return self.schedule.snap(times).to(finest(self.device)).to(self.device)

    def shaped(self, u: Tensor) -> Tensor:
        """Times whose distribution training wants, from ones even in [0, 1]."""
        return u

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """E over t, eps of w(t) |F(alpha x_0 + sigma eps, t) - target|^2, a mean over all numbers of the data."""
        eps = normal(batch.x.shape, generator, batch.x.device)
        yield self.denoising(batch.x, eps, self.kept_labels(batch.labels, generator), generator)

    def denoising(self, x_0: Tensor, eps: Tensor, labels: Tensor | None, generator: Generator) -> Objective:
        """The objective for data and noise (B, *shape)."""
        t = self.draw_times(len(x_0), generator)
        alpha, sigma = (self._wide(v) for v in self._at(t))
        x_t = alpha * x_0 + sigma * eps
        previous = self._recalled(x_t, t, labels, generator) if self.recalls else None
        output = self.predict(x_t, t, labels, previous).float()
        error = (output - target(self.prediction, x_0, eps, alpha, sigma)).square().flatten(1).mean(1)
        factor = weight(self.weighting, self.prediction, alpha, sigma)
        loss = (error * factor.flatten()).mean() if isinstance(factor, Tensor) else error.mean()
        return Objective(loss, terms=self._terms(t, error.detach()))

    def kept_labels(self, labels: Tensor, generator: Generator) -> Tensor | None:
        """Labels (B, A) with some set to "any"; None for a model that is not told what to draw."""
        return kept_labels(labels, self.labels(None, len(labels)), generator) if self.conditional else None

    def _recalled(self, x_t: Tensor, t: Tensor, labels: Tensor | None, generator: Generator) -> Tensor | None:
        """Half of the time an estimate of x_0 to look at (self-conditioning: Chen et al. 2022, arXiv:2208.04202)."""
        if torch.rand((), generator=generator, device=generator.device) < 0.5:
            return None
        with torch.no_grad():
            k = coefficients(self.prediction, *(self._wide(v) for v in self._at(t)))
            return k.a * x_t + k.b * self.predict(x_t, t, labels).float()

    def _terms(self, t: Tensor, error: Tensor) -> dict[str, Tensor | float]:
        """The error by time: its running mean in ``BINS`` bins, and in four parts of time as curves."""
        if not self.training:
            return {"denoising error": error.mean()}
        place = (t * BINS).long().clamp(max=BINS - 1)
        self.errors.mul_(FORGETTING).index_add_(1, place, torch.stack([error, torch.ones_like(error)]))
        sums, counts = self.errors
        parts = sums.view(PARTS, -1).sum(1) / counts.view(PARTS, -1).sum(1)
        terms: dict[str, Tensor | float] = dict(zip(PART_NAMES, parts.unbind()))
        return {"denoising error": error.mean(), **terms, "loss by time": sums / counts}

    # ---- sampling ---------------------------------------------------------------------------------------------

    def sample_steps(
        self,
        n: int,
        config: Any,
        generator: Generator,
        labels: Tensor | None = None,
        start: Start | None = None,
        scales: Tensor | None = None,
    ) -> Iterator[Frame]:
        """A frame a step from noise to data. ``scales`` (n,) gives every row a guidance scale of its own."""
        start = start or Start()
        draws = _Draws(generator, max(start.rows, n), start.chosen(n), self.device)
        denoiser = self.guided(labels, config, n, scales)
        x, known = self._begin(start, draws, config, n)
        for frame in walk(x, denoiser, self.schedule, config, draws, start=start.t, known=known):
            yield self.shown(frame)

    def shown(self, frame: Frame) -> Frame:
        """The frame as data; a model in a latent space decodes it."""
        return frame

    def noised_from(self, x: Tensor) -> Tensor:
        """Data as a state of the space that is noised; a model in a latent space encodes it."""
        return x

    def _begin(self, start: Start, draws: _Draws, config: GaussianSampling, n: int) -> tuple[Tensor, Known | None]:
        """The first state, and what is to be kept of given data."""
        time = torch.tensor(start.t, dtype=torch.float64)
        alpha, sigma = float(self.schedule.alpha(time)), float(self.schedule.sigma(time))
        noise = start.noise if start.noise is not None else draws(torch.empty(n, *self.shape))
        if start.x is None:
            return laid_out(noise * sigma), None
        if not start.clean:
            return laid_out(start.x), None
        x = self.noised_from(start.x).expand(n, *self.shape)
        known = Known(x, start.mask.expand(n, *self.shape), config.resample) if start.mask is not None else None
        return laid_out(alpha * x + sigma * noise), known

    def guided(self, labels: Tensor | None, config: Any, n: int, scales: Tensor | None = None) -> Guided:
        """The denoiser that samplers see: this network under the guidance that ``config`` asks for."""
        return Guided(self, labels, config, n, scales)

    # ---- likelihood -------------------------------------------------------------------------------------------

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """log p(x) under the probability-flow ODE, (B,) nats (Song et al. 2021, section 4.3).

        d log p / du = -div(dy/du) along the solution to noise. The divergence is exact for few dimensions, else
        estimated with one Rademacher vector (Hutchinson). Pictures are dequantised: noise of one 8-bit level is added.
        """
        *_, found = self.log_density_steps(x, labels, generator)
        assert found is not None
        return found

    def log_density_steps(
        self, x: Tensor, labels: Tensor | None, generator: Generator | None, tolerance: float = 0.0
    ) -> Iterator[Tensor | None]:
        """What ``log_density`` does, None a step of the solver and its result last: long work can be stopped there.

        The solver's ``tolerance`` is 1e-5, for pictures 1e-3, where none is given.
        """
        generator = generator or torch.Generator(self.device)
        if self.spec.kind is Kind.IMAGE and self.shape == self.spec.shape:
            x = x + (torch.rand(x.shape, generator=generator, device=generator.device).to(x.device) * 2 - 1) / 255
        probe = torch.randint(0, 2, x.shape, generator=generator, device=generator.device).to(x.device) * 2.0 - 1
        tolerance = tolerance or (1e-5 if len(self.shape) == 1 else 1e-3)
        yield from flow_log_density_steps(self.estimate, self.schedule, x, labels, probe, tolerance)

    def bound_terms(self, x_0: Tensor, later: Tensor, earlier: Tensor, labels: Tensor | None, g: Generator) -> Tensor:
        """KL(q(x_s | x_t, x_0) || p(x_s | x_t)) for single draws at times t ``later`` > s ``earlier`` (B,): (B,) nats.

        (SNR(s) - SNR(t)) / 2 |x_0 - x_0(x_t)|^2 (Kingma et al. 2021, equation 14); at s = 0 -log p(x_0 | x_t), a
        Gaussian of deviation sigma / alpha about the prediction, over 8-bit levels where there are such.
        """
        x_t = self.corrupt(x_0, later, g)
        square = (x_0 - self.denoise(x_t, later, labels)).flatten(1).square()
        alpha, sigma = (v.to(finest(v.device)) for v in self._at(later))
        before = self.schedule.log_snr(earlier.to(finest(earlier.device)).clamp(min=1e-9)).exp()
        inner = (before - (alpha / sigma) ** 2) / 2 * square.sum(1)
        spread = (sigma / alpha)[:, None]
        first = (square / (2 * spread**2) + spread.log() + 0.5 * math.log(2 * math.pi)).sum(1)
        return torch.where(earlier > 0, inner, first)

    def prior_term(self, x_0: Tensor) -> Tensor:
        """KL(q(x_1 | x_0) || N(0, sigma(1)^2 I)) = |alpha(1) x_0|^2 / (2 sigma(1)^2), (B,) nats."""
        one = torch.ones(1, dtype=torch.float64)
        ratio = float(self.schedule.alpha(one) / self.schedule.sigma(one))
        return (ratio * x_0).flatten(1).square().sum(1) / 2


class _Draws:
    """Noise for ``rows`` rows of which some are used, so that few samples are the first of many."""

    def __init__(self, generator: Generator, rows: int, chosen: Tensor | slice, device: torch.device) -> None:
        self.generator, self.rows, self.chosen, self.device = generator, rows, chosen, device

    def __call__(self, like: Tensor) -> Tensor:
        return normal((self.rows, *like.shape[1:]), self.generator, self.device)[self.chosen]


def stratified(n: int, generator: Generator) -> Tensor:
    """Numbers (n,) float64, one drawn from each n-th of [0, 1]: a batch that covers all times alike."""
    within = torch.rand(n, generator=generator, device=generator.device).cpu()
    return (torch.arange(n, dtype=torch.float64) + within) / n


def finest(device: torch.device) -> torch.dtype:
    """The type in which times are kept on a device: float64, which Apple's does not have."""
    return torch.float32 if device.type == "mps" else torch.float64


def laid_out(x: Tensor) -> Tensor:
    """``x`` with the channels of pictures last in memory, as convolutions have theirs: mixing layouts is slow."""
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


def normal(shape: Any, generator: Generator, device: torch.device) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device).to(device)


# ---- guidance ---------------------------------------------------------------------------------------------------


class Guided(Conditions):
    """A network under classifier-free guidance (:class:`Conditions`), all conditions in one call.

    The guided x_0 may have its spread rescaled (Lin et al. 2023, arXiv:2305.08891, here in terms of x_0), its outliers
    scaled back (dynamic thresholding: Saharia et al. 2022, arXiv:2205.11487) or be clipped to [-1, 1].
    """

    model: GaussianModel

    def __init__(
        self, model: GaussianModel, labels: Tensor | None, config: GaussianSampling, n: int, scales: Tensor | None
    ) -> None:
        super().__init__(model, labels, config, n, scales, len(model.shape))
        self.image = len(model.shape) == 3
        self.bf16 = uses_bf16(model, "auto")
        self.previous: Tensor | None = None

    def __call__(self, x: Tensor, t: float, alpha: float, sigma: float) -> Look:
        """The guided prediction at states ``x`` (B, *shape) of time ``t``."""
        k = coefficients(self.model.prediction, alpha, sigma) if sigma else None
        assert k is not None, "nothing is left to predict at the data"
        if self.alone(t):
            output = self._ask(x, t, alpha, sigma, self.one(t))
            facts = {"guidance": self.scale(t)} if self.conditional else {}
            return self._finish(x, k, output, alpha, sigma, {}, facts, None)
        return self._guide(x, t, alpha, sigma, k)

    def _guide(self, x: Tensor, t: float, alpha: float, sigma: float, k: Coefficients) -> Look:
        outputs = self._ask(torch.cat([x] * self.times), t, alpha, sigma, self.rows, self.times).split(len(x))
        base, output = outputs[0], self.mixed(outputs, t)
        together = base + torch.stack([c - base for c in outputs[1:]]).sum(0) if len(self.parts) > 1 else outputs[1]
        pair = k.c * x + k.d * together, k.c * x + k.d * base
        extras = {"conditional": pair[0], "unconditional": pair[1], "difference": pair[0] - pair[1]}
        cosine = float(torch.nn.functional.cosine_similarity(pair[0].flatten(), pair[1].flatten(), 0))
        facts = {"guidance": self.scale(t), "cosine": cosine}
        reference = k.a * x + k.b * together if self.config.rescale else None
        return self._finish(x, k, output, alpha, sigma, extras, facts, reference)

    def _ask(self, x: Tensor, t: float, alpha: float, sigma: float, labels: Tensor | None, times: int = 1) -> Tensor:
        self.nfe += times
        previous = self.previous
        if previous is not None and len(previous) != len(x):
            previous = torch.cat([previous] * (len(x) // len(previous)))
        with _fast(x.device.type, self.bf16):
            output = self.model.predict_at(x, t, alpha, sigma, labels, previous)
        return output if output.dtype == x.dtype else output.to(x.dtype)

    def _finish(
        self,
        x: Tensor,
        k: Coefficients,
        output: Tensor,
        alpha: float,
        sigma: float,
        extras: dict[str, Tensor],
        facts: dict[str, float],
        reference: Tensor | None,
    ) -> Look:
        """x_0 and eps of an output, after what is done to x_0."""
        config, image = self.config, self.image
        x_0 = x.mul(k.a).add_(output, alpha=k.b)
        touched = image and (config.clip or config.threshold > 0)
        if reference is not None:
            x_0, touched = rescaled(x_0, reference, config.rescale), True
        if image and config.threshold:
            x_0 = thresholded(x_0, config.threshold)
        if image and config.clip:
            x_0 = x_0.clamp_(-1, 1)
        if self.model.recalls:
            self.previous = x_0
        if touched:
            eps = x.sub(x_0, alpha=alpha).mul_(1 / sigma)
        else:
            eps = x.mul(k.c).add_(output, alpha=k.d)
        return Look(x_0, eps, extras, facts)


def rescaled(x_0: Tensor, reference: Tensor, share: float) -> Tensor:
    """``x_0`` with its spread pulled by ``share`` to that of ``reference``, row by row (B, *shape)."""
    dims = tuple(range(1, x_0.dim()))
    ratio = reference.std(dims, keepdim=True) / x_0.std(dims, keepdim=True).clamp(min=1e-8)
    return x_0 * (share * ratio + 1 - share)


def thresholded(x_0: Tensor, quantile: float) -> Tensor:
    """Pixels beyond the quantile q of |x_0| of their picture cut off there and all scaled by 1 / max(1, q)."""
    q = x_0.abs().flatten(1).quantile(quantile, 1).clamp(min=1).view(-1, *[1] * (x_0.dim() - 1))
    return x_0.clamp(-q, q) / q


def _fast(device: str, bf16: bool) -> contextlib.AbstractContextManager[Any]:
    """Sampling pictures computes in bfloat16 where that is faster, as training does."""
    if bf16 and not torch.is_grad_enabled():
        return torch.autocast(device, torch.bfloat16)
    return contextlib.nullcontext()


# ---- the density along the probability flow -----------------------------------------------------------------------

Estimate = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]


def flow_log_density(
    estimate: Estimate, schedule: Schedule, x: Tensor, labels: Tensor | None, probe: Tensor, tolerance: float
) -> Tensor:
    """log p(x) of x (B, *shape) for a network that gives x_0 and eps, (B,) nats, up to the noise at ``earliest``.

    In y = x_t / alpha, which begins at x, and u = log(sigma / alpha): dy/du = s eps; on straight lines
    dx_t/dt = eps - x_0. ``probe`` is a Rademacher vector (B, *shape), used beyond ``EXACT_TRACE`` dimensions. Without
    gradients to the weights.
    """
    *_, found = flow_log_density_steps(estimate, schedule, x, labels, probe, tolerance)
    assert found is not None
    return found


def flow_log_density_steps(
    estimate: Estimate, schedule: Schedule, x: Tensor, labels: Tensor | None, probe: Tensor, tolerance: float
) -> Iterator[Tensor | None]:
    """``flow_log_density`` with None after every step of the solver and the result (B,) last."""
    n, dims = len(x), x[0].numel()
    flow = _Flow(estimate, schedule, labels, probe, x.shape)
    begin, end = flow.ends()
    alpha = flow.at(begin)[1] if schedule.flat else 1.0
    first = torch.cat([(x * alpha).flatten(1), x.new_zeros(n, 1)], 1)
    state = first
    for _, state in dormand_prince(first, begin, end, flow.slope, tolerance, (end - begin) / 50):
        yield None
    y, change = state[:, :-1], state[:, -1]
    _, last_alpha, last_sigma = flow.at(end)
    if schedule.flat:
        last_alpha = 1.0
    noise = y * last_alpha / last_sigma
    log_normal = -0.5 * (noise.square() + math.log(2 * math.pi)).sum(1) - dims * math.log(last_sigma)
    yield log_normal + dims * (math.log(last_alpha) + math.log(alpha)) + change


class _Flow:
    """The probability-flow ODE with its divergence, on states (B, D + 1) whose last column gathers the divergence."""

    def __init__(
        self, estimate: Estimate, schedule: Schedule, labels: Tensor | None, probe: Tensor, shape: torch.Size
    ) -> None:
        self.estimate, self.schedule, self.labels, self.probe, self.shape = estimate, schedule, labels, probe, shape

    def ends(self) -> tuple[float, float]:
        """u at the earliest time and at noise."""
        low = max(self.schedule.earliest, 1e-5)
        if self.schedule.flat:
            return low, 1 - 1e-4
        return self._coordinate(low), self._coordinate(1.0)

    def _coordinate(self, t: float) -> float:
        time = torch.tensor(t, dtype=torch.float64)
        return float((self.schedule.sigma(time) / self.schedule.alpha(time)).log())

    def at(self, u: float) -> tuple[float, float, float]:
        """Time, alpha and sigma of a coordinate."""
        if self.schedule.flat:
            time = torch.tensor(u, dtype=torch.float64)
        else:
            time = self.schedule.time_of(torch.tensor(math.exp(u), dtype=torch.float64))
        return float(time), float(self.schedule.alpha(time)), float(self.schedule.sigma(time))

    def slope(self, u: float, state: Tensor) -> Tensor:
        """(dy/du, div dy/du), (B, D + 1)."""
        t, alpha, _ = self.at(u)
        y = state[:, :-1].view(self.shape)
        with torch.enable_grad():
            y = y.detach().requires_grad_(True)
            times = torch.full((len(y),), t, dtype=finest(y.device), device=y.device)
            if self.schedule.flat:
                x_0, eps = self.estimate(y, times, self.labels)
                rate = eps - x_0
            else:
                rate = self.estimate(y * alpha, times, self.labels)[1] * math.exp(u)
            divergence = self._divergence(rate, y)
        return torch.cat([rate.detach().flatten(1), divergence[:, None]], 1)

    def _divergence(self, rate: Tensor, y: Tensor) -> Tensor:
        """sum_i d rate_i / d y_i, (B,), or its estimate v' J v."""
        dims = y[0].numel()
        if dims > EXACT_TRACE:
            product = torch.autograd.grad(rate, y, self.probe.to(rate.dtype))[0]
            return (product * self.probe).flatten(1).sum(1).detach()
        flat = rate.flatten(1)
        total = flat.new_zeros(len(y))
        for i in range(dims):
            slope = torch.autograd.grad(flat[:, i].sum(), y, retain_graph=i < dims - 1)[0]
            total = total + slope.flatten(1)[:, i]
        return total.detach()


def frozen(network: nn.Module) -> nn.Module:
    """``network`` with its parameters turned into buffers: part of the model's state, and never trained."""
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            del module._parameters[name]
            module.register_buffer(name, parameter.detach().clone())
    return network
