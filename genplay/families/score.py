"""Score-based models: learn grad log p_t(x) of noised data, then follow it (Song and Ermon 2019, arXiv:1907.05600).

The path is variance exploding, x_t = x_0 + sigma(t) eps over a geometric ladder of noise levels (finitely many,
NCSN, or continuous, the VE SDE), or the variance-preserving SDE (Song et al. 2021, arXiv:2011.13456). Two objectives
lead to the same score s = -eps / sigma:

- denoising (Vincent 2011): sigma^2 |s(x_t, t) - (x_0 - x_t) / sigma^2|^2;
- sliced (Song et al. 2019, arXiv:1905.07088), for points: E_v v' grad(v' s) + (v' s)^2 / 2, which needs no pairs of
  clean and noisy data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay.contract.catalogue import Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.gaussian import GaussianModel, finest, normal, stratified
from genplay.core.model import Objective
from genplay.core.schedules import GeometricVE, LinearVP
from genplay.families.diffusion import PLOTS, POINTS, QUICK, NetworkConfig
from genplay.nn.denoisers import denoiser


@dataclass(frozen=True)
class ScoreConfig(NetworkConfig):
    """What a score model is."""

    sde: str = knob(
        "ve", "path", "what noise does to data: drown it (variance exploding) or replace it (variance preserving)",
        choices=("ve", "vp"), titles=("VE", "VP"),
    )  # fmt: skip
    sigma_max: float = knob(
        20.0, "largest sigma", "noise at t = 1; more than the greatest distance between data",
        low=1.0, high=200.0, scale="log", shown_if=("sde", ("ve",)),
    )  # fmt: skip
    sigma_min: float = knob(
        0.01, "smallest sigma", "noise at t = 0; too little to be seen",
        low=0.001, high=0.5, scale="log", shown_if=("sde", ("ve",)),
    )  # fmt: skip
    levels_of_noise: int = knob(
        0, "noise levels", "how many levels of the geometric ladder training knows; 0 is continuous time",
        low=0, high=1000, shown_if=("sde", ("ve",)),
    )  # fmt: skip
    objective: str = knob(
        "denoising", "objective", "how the score is matched: by denoising, or by random slices (points only)",
        choices=("denoising", "sliced"), kinds=(Kind.POINTS,),
    )  # fmt: skip


class Ladder(GeometricVE):
    """The geometric ladder, of which training knows ``count`` levels, or all for 0."""

    def __init__(self, least: float, most: float, count: int) -> None:
        super().__init__(least, most)
        self.count = count

    def snap(self, t: Tensor) -> Tensor:
        if not self.count:
            return t
        return (t * (self.count - 1)).round() / max(1, self.count - 1)


class Score(GaussianModel):
    """Learns in which direction data becomes more likely, at every level of noise."""

    name = "score"
    title = "Score"
    summary = "Learns the slope of the log density at every noise level: arrows that lead back to the data."
    colour = "#0072B2"
    order = 32
    Config: ClassVar[type[Any]] = ScoreConfig
    plots = PLOTS
    held_out = ("denoising error",)
    presets = (
        Preset(
            "points", "Points", "The VE SDE with a dense network: see the arrows.",
            {"width": 64, "blocks": 1}, POINTS, kinds=(Kind.POINTS,),
        ),
        Preset(
            "ncsn", "NCSN", "Twenty noise levels, as in 2019: sample it by annealed Langevin steps.",
            {"width": 64, "blocks": 1, "levels_of_noise": 20, "sigma_max": 10.0}, POINTS, kinds=(Kind.POINTS,),
        ),
        Preset(
            "sliced", "Sliced", "Score matching by random slices, without pairs of clean and noisy data.",
            {"width": 64, "blocks": 1, "objective": "sliced"}, POINTS, kinds=(Kind.POINTS,),
        ),
        Preset("quick", "Quick", "The VE SDE on small pictures.", {"sigma_max": 50.0}, QUICK, kinds=(Kind.IMAGE,)),
        Preset("vp", "VP", "The variance-preserving SDE on small pictures.", {"sde": "vp"}, QUICK, kinds=(Kind.IMAGE,)),
    )  # fmt: skip

    def __init__(self, config: ScoreConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        if config.objective == "sliced" and spec.kind is not Kind.POINTS:
            raise BadInput("Sliced score matching is for points; pictures need the denoising objective.")
        if config.sigma_min >= config.sigma_max:
            raise BadInput("The smallest sigma must be below the largest.")
        if config.sde == "vp":
            self.schedule = LinearVP()
            self.prediction = "eps"
        else:
            self.schedule = Ladder(config.sigma_min, config.sigma_max, config.levels_of_noise)
            self.prediction = "edm"
        self.network = denoiser(spec, config, self.conditional, self.recalls)

    def draw_times(self, n: int, generator: Generator) -> Tensor:
        """Even times; of a ladder all levels are hit."""
        u = stratified(n, generator)
        return self.schedule.snap(u.clamp(min=self.schedule.earliest)).to(finest(self.device)).to(self.device)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The denoising objective, or the sliced one."""
        if self.config.objective != "sliced":
            yield from super().objectives(batch, generator)
            return
        t = self.draw_times(len(batch.x), generator)
        alpha, sigma = (self._wide(v) for v in self._at(t))
        eps = normal(batch.x.shape, generator, batch.x.device)
        x_t = alpha * batch.x + sigma * eps
        loss = self._sliced(x_t, t, self.kept_labels(batch.labels, generator), sigma, generator)
        with torch.no_grad():
            error = (self.estimate(x_t, t)[1] - eps).square().flatten(1).mean(1)
        yield Objective(loss, terms=self._terms(t, error))

    def _sliced(self, x_t: Tensor, t: Tensor, labels: Tensor | None, sigma: Tensor, generator: Generator) -> Tensor:
        """E sigma^2 (v' grad(v' s) + (v' s)^2 / 2) with v ~ N(0, I): a number."""
        with torch.enable_grad():
            x = x_t.detach().requires_grad_(True)
            score = -self.estimate(x, t, labels)[1] / sigma
            v = normal(x.shape, generator, x.device)
            along = (score * v).sum(1)
            slope = torch.autograd.grad(along.sum(), x, create_graph=self.training)[0]
            return (sigma[:, 0].square() * ((slope * v).sum(1) + along.square() / 2)).mean()
