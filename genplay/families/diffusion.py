"""Denoising diffusion models (Ho et al. 2020, arXiv:2006.11239; Sohl-Dickstein et al. 2015, arXiv:1503.03585).

Data is noised, x_t = alpha(t) x_0 + sigma(t) eps with alpha^2 + sigma^2 = 1, and a network learns to say from x_t and t
what was there: the noise eps, the data x_0, or v = alpha eps - sigma x_0 (Salimans and Ho 2022, arXiv:2202.00512).
Training minimises

    E_(x_0, eps, t) w(t) |F(x_t, t) - target|^2

over t of a chain of T steps or of continuous time (Kingma et al. 2021, arXiv:2107.00630). With all attributes given and
dropped at random, one network serves any condition and none, and guidance stands between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core import gaussian
from genplay.core.gaussian import GaussianModel
from genplay.core.schedules import CONTINUOUS, TITLES, schedule
from genplay.nn.denoisers import denoiser

PLOTS = (
    Plot("denoising loss", ("loss", "denoising error", "held-out denoising error")),
    Plot("error by time", gaussian.PART_NAMES, labels=gaussian.PART_LABELS),
    Plot("gradient norm", ("gradient norm",)),
    Plot("sample drift", ("sample drift",), "RMS"),
)
QUICK: dict[str, Any] = {"learning_rate": 4e-3, "ema": 0.995, "clip": 1.0, "cooldown": 0.3}
BEST: dict[str, Any] = {"learning_rate": 2e-3, "ema": 0.9995, "clip": 1.0, "cooldown": 0.3}
POINTS: dict[str, Any] = {"learning_rate": 2e-3, "batch_size": 256, "ema": 0.999}


@dataclass(frozen=True)
class NetworkConfig:
    """The network of a model with a Gaussian path."""

    width: int = knob(
        32, "width", "channels at the finest resolution; half the units of the dense layers for points",
        low=8, high=256, scale="log",
    )  # fmt: skip
    levels: int = knob(
        2, "levels", "resolutions of the U-Net, each half of the one before", low=1, high=4, kinds=(Kind.IMAGE,)
    )
    blocks: int = knob(2, "blocks", "residual blocks on each way through a resolution", low=1, high=6)
    stem: int = knob(
        2, "stem", "side of the blocks of pixels that become channels first: 2 is four times cheaper than 1",
        low=1, high=4, kinds=(Kind.IMAGE,),
    )  # fmt: skip
    attention: bool = knob(
        False, "attention", "let all places see each other at the coarsest resolution", kinds=(Kind.IMAGE,)
    )
    self_conditioning: bool = knob(
        False, "self-conditioning", "show the network its own last estimate of the data, half of the time in training"
    )
    conditional: bool = knob(
        True, "conditional", "give the attributes to the network, so that samples can be asked for by attribute"
    )


@dataclass(frozen=True)
class DiffusionConfig(NetworkConfig):
    """What a diffusion model is."""

    schedule: str = knob(
        "cosine", "schedule", "how the share of signal falls with time",
        choices=tuple(CONTINUOUS), titles=tuple(TITLES.values()),
    )  # fmt: skip
    timesteps: int = knob(
        0, "timesteps", "steps of the noising chain that training knows; 0 is continuous time", low=0, high=4000
    )
    prediction: str = knob(
        "v", "prediction", "what the network says: the noise, the data, or v, which is between the two",
        choices=("v", "eps", "x_0"), titles=("v", "noise ε", "data x₀"),
    )  # fmt: skip
    weighting: str = knob(
        "simple", "weighting", "how errors at different noise levels count: as they are, by SNR, or by SNR up to 5",
        choices=gaussian.WEIGHTINGS, titles=("simple", "SNR", "min-SNR"),
    )  # fmt: skip


class Diffusion(GaussianModel):
    """Learns to take noise away, a little at a time."""

    name = "diffusion"
    title = "Diffusion"
    summary = "Learns to take noise away step by step: the best samples, slowly drawn, and every step can be watched."
    colour = "#CC79A7"
    order = 30
    Config: ClassVar[type[Any]] = DiffusionConfig
    plots = PLOTS
    held_out = ("denoising error",)
    presets = (
        Preset(
            "quick", "Quick", "Learns in a minute or two on a CPU.",
            {"width": 24, "blocks": 1}, QUICK, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "better", "Better", "A wider network: a third of the speed, finer pictures after ten minutes.",
            {"width": 48}, {"learning_rate": 1.5e-3, "ema": 0.999, "clip": 1.0}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "What ships: attention, a long average and a slow end. Give it half an hour or more.",
            {"blocks": 1, "attention": True}, BEST, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "points", "Points", "A dense network for two coordinates.",
            {"width": 64, "blocks": 1}, POINTS, kinds=(Kind.POINTS,),
        ),
        Preset(
            "ddpm", "DDPM of 2020", "Noise prediction on the linear chain of 1,000 steps: slower to learn.",
            {"schedule": "linear", "timesteps": 1000, "prediction": "eps"}, QUICK, kinds=(Kind.IMAGE,),
        ),
    )  # fmt: skip

    def __init__(self, config: DiffusionConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.schedule = schedule(config.schedule, config.timesteps)
        self.prediction, self.weighting = config.prediction, config.weighting
        self.network = denoiser(spec, config, self.conditional, self.recalls)
