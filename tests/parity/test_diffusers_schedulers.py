"""Samplers against the schedulers of diffusers: same chain, times, network and noise, compared at every step.

diffusers computes in float32, whatever it is given. Here each of its modules sees a ``torch`` and a ``numpy`` whose
float32 is float64, so that what is left is a difference of method and not of rounding. Three of its samplers (Euler,
Heun, Euler ancestral) carry y = x / alpha, which is turned into x for the comparison.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from genplay.contract.sampling import GaussianSampling
from genplay.core.gaussian import coefficients
from genplay.core.model import Frame
from genplay.core.samplers import Look, spaced, walk
from genplay.core.schedules import Discrete, Rectified, Schedule, betas, schedule

pytest.importorskip("diffusers")
pytest.importorskip("diffusers.schedulers")  # parts of it are loaded when first asked for: once, and before the clock

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # theirs, of a tensor

CHAIN, ROWS, SIZE = 1000, 5, 6
TOLERANCE = 1e-5
THEIR_BETAS = {
    "linear": {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    "scaled-linear": {"beta_schedule": "scaled_linear", "beta_start": 8.5e-4, "beta_end": 0.012},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
}
THEIR_PREDICTIONS = {"eps": "epsilon", "v": "v_prediction", "x_0": "sample"}


class InDoubles:
    """A module whose float32 is float64."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.float32 = module, module.float64

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


@dataclass
class Network:
    """A fixed smooth function of a state and of the place k of its time in the chain, and its evaluations."""

    seen: list[float] = field(default_factory=list)

    def __call__(self, x: Tensor, k: float) -> Tensor:
        self.seen.append(k)
        g = torch.Generator().manual_seed(3)
        mix, shift, drift = (torch.randn(n, SIZE, generator=g, dtype=torch.float64) for n in (SIZE, 1, 1))
        return 0.8 * torch.tanh(0.4 * x @ mix + shift + k / CHAIN * drift)


@dataclass
class Denoiser:
    """The network as our samplers see it."""

    network: Network
    prediction: str
    nfe: int = 0

    def __call__(self, x: Tensor, t: float, alpha: float, sigma: float) -> Look:
        self.nfe += 1
        k, output = coefficients(self.prediction, alpha, sigma), self.network(x, t * CHAIN)
        return Look(k.a * x + k.b * output, k.c * x + k.d * output, {}, {})


class Noises:
    """The same noise for both, by the number of the step."""

    def __init__(self, steps: int) -> None:
        shape = (steps + 1, ROWS, SIZE)
        self.all = torch.randn(shape, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
        self.step = 0

    def first(self) -> Tensor:
        return self.all[0].clone()

    def __call__(self, *_: Any, **__: Any) -> Tensor:
        self.step += 1
        return self.all[self.step]


def ours(noises: Noises, prediction: str, config: GaussianSampling, path: Schedule, times: Tensor) -> list[Frame]:
    x = noises.first() * float(path.sigma(times[0]))
    return list(walk(x, Denoiser(Network(), prediction), path, config, noises, times=times))


def doubled(monkeypatch: pytest.MonkeyPatch, module: str) -> Any:
    """A module of diffusers' schedulers that computes in float64."""
    found = importlib.import_module(f"diffusers.schedulers.scheduling_{module}")
    for name in ("torch", "np"):
        monkeypatch.setattr(found, name, InDoubles(getattr(found, name)))
    return found


@dataclass(frozen=True)
class Theirs:
    """One of their schedulers: its module and class, settings, arguments of a step, and whether it divides by alpha."""

    module: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    step: dict[str, Any] = field(default_factory=dict)
    over_alpha: bool = False

    def states(
        self, monkeypatch: pytest.MonkeyPatch, noises: Noises, chain: str, prediction: str, steps: int
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Each state in our scaling, the sample last, and the x_0 predicted there where that is told."""
        module = doubled(monkeypatch, self.module)
        monkeypatch.setattr(module, "randn_tensor", noises, raising=False)
        scheduler = getattr(module, self.kind)(
            num_train_timesteps=CHAIN, prediction_type=THEIR_PREDICTIONS[prediction], timestep_spacing="trailing",
            **THEIR_BETAS[chain], **self.settings,
        )  # fmt: skip
        scheduler.set_timesteps(steps)
        bars = scheduler.alphas_cumprod
        assert bars.dtype == torch.float64
        network = Network()
        x = noises.first() * (1 - bars[-1]).sqrt()
        if self.over_alpha:
            x = x / bars[-1].sqrt()
        for t in scheduler.timesteps:
            place = bars[int(t)].sqrt() if self.over_alpha else 1.0
            whole = getattr(scheduler, "state_in_first_order", True)
            seen = scheduler.scale_model_input(x, t)
            done = scheduler.step(network(seen, float(t) + 1), t, x, **self.step)
            if whole:
                yield x * place, getattr(done, "pred_original_sample", None)
            x = done.prev_sample
        yield x, None


DISCRETE: dict[str, tuple[Theirs, GaussianSampling]] = {
    "ddpm": (
        Theirs("ddpm", "DDPMScheduler", {"variance_type": "fixed_small", "clip_sample": False}),
        GaussianSampling("ddpm"),
    ),
    "ddim": (Theirs("ddim", "DDIMScheduler", {"clip_sample": False}), GaussianSampling("ddim")),
    "ddim, eta 0.7": (
        Theirs("ddim", "DDIMScheduler", {"clip_sample": False}, {"eta": 0.7}),
        GaussianSampling("ddim", eta=0.7),
    ),
    "euler": (Theirs("euler_discrete", "EulerDiscreteScheduler", over_alpha=True), GaussianSampling("euler")),
    "heun": (Theirs("heun_discrete", "HeunDiscreteScheduler", over_alpha=True), GaussianSampling("heun")),
    "euler-ancestral": (
        Theirs("euler_ancestral_discrete", "EulerAncestralDiscreteScheduler", over_alpha=True),
        GaussianSampling("euler-ancestral"),
    ),
    "dpm++2m": (
        Theirs("dpmsolver_multistep", "DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
        GaussianSampling("dpm++2m"),
    ),
    "dpm++2m-sde": (
        Theirs("dpmsolver_multistep", "DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
        GaussianSampling("dpm++2m-sde"),
    ),
}


@pytest.mark.parametrize("chain", THEIR_BETAS)
def test_the_chains_are_the_same(monkeypatch: pytest.MonkeyPatch, chain: str) -> None:
    module = doubled(monkeypatch, "ddpm")
    for count in (CHAIN, 50):
        settings = dict(THEIR_BETAS[chain])
        if chain != "cosine":  # ours stretch the betas of a thousand steps over the count
            settings |= {name: settings[name] * CHAIN / count for name in ("beta_start", "beta_end")}
        theirs = module.DDPMScheduler(num_train_timesteps=count, **settings)
        assert (betas(chain, count) - theirs.betas).abs().max() < 1e-12
        place = torch.arange(1, count + 1, dtype=torch.float64) / count
        assert (schedule(chain, count).alpha_bar(place) - theirs.alphas_cumprod).abs().max() < 1e-12


@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("prediction", ["eps", "v"])
@pytest.mark.parametrize("chain", THEIR_BETAS)
@pytest.mark.parametrize("name", DISCRETE)
def test_every_step_is_theirs(
    monkeypatch: pytest.MonkeyPatch, name: str, chain: str, prediction: str, steps: int
) -> None:
    compare(monkeypatch, name, chain, prediction, steps)


@pytest.mark.parametrize("name", ["ddpm", "dpm++2m-sde"])
def test_every_step_of_the_whole_chain_is_theirs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    compare(monkeypatch, name, "linear", "x_0", CHAIN)


def compare(monkeypatch: pytest.MonkeyPatch, name: str, chain: str, prediction: str, steps: int) -> None:
    theirs, config = DISCRETE[name]
    path = schedule(chain, CHAIN)
    assert isinstance(path, Discrete)
    frames = ours(Noises(steps), prediction, replace(config, steps=steps), path, spaced(path, steps, "uniform"))
    states = list(theirs.states(monkeypatch, Noises(steps), chain, prediction, steps))
    assert len(frames) == len(states) == steps + 1
    for frame, (x, x_0) in zip(frames, states):
        assert frame.x.dtype == x.dtype == torch.float64
        assert (frame.x - x).abs().max() < TOLERANCE
        if x_0 is not None:
            assert (frame.extras["x_0"] - x_0).abs().max() < TOLERANCE


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_euler_on_straight_lines_is_theirs(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    module = doubled(monkeypatch, "flow_match_euler_discrete")
    scheduler = module.FlowMatchEulerDiscreteScheduler(num_train_timesteps=CHAIN)
    times = spaced(Rectified(), steps, "uniform")
    scheduler.set_timesteps(sigmas=times.tolist())
    assert torch.allclose(scheduler.timesteps, CHAIN * times, rtol=1e-12)
    noises, network = Noises(steps), Network()
    frames = ours(noises, "velocity", GaussianSampling("euler", steps=steps), Rectified(), times)
    x = noises.first()
    for t, frame in zip(scheduler.timesteps, frames):
        assert (frame.x - x).abs().max() < TOLERANCE
        x = scheduler.step(network(x, float(t)), t, x).prev_sample
    assert (frames[-1].x - x).abs().max() < TOLERANCE
