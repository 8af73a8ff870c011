"""Latent diffusion (Rombach et al. 2022, arXiv:2112.10752; Vahdat et al. 2021, arXiv:2106.05931).

Two stages. A VAE, trained before and kept as it is, turns data into codes z and back. A model with a Gaussian path then
learns how codes are distributed: z_t = alpha z_0 + sigma eps. Codes are short vectors, so the second stage is quick to
train and to sample, and the first one does the drawing. Codes are standardised by their mean and deviation over the
training data.

A frame shows both stages: the codes ``z_t`` and ``z_0``, and what the VAE decodes them to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay import data
from genplay.contract import knob as knobs
from genplay.contract.capability import Capability
from genplay.contract.catalogue import Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch, to_float
from genplay.core.first_stage import settings, settled, take_over
from genplay.core.gaussian import GaussianModel, frozen, normal
from genplay.core.model import Code, Frame, Objective
from genplay.core.schedules import Cosine, GeometricVE, Rectified, Schedule
from genplay.families.diffusion import PLOTS
from genplay.families.vae import VAE, VAEConfig
from genplay.nn.denoisers import VectorNet

PATHS: dict[str, tuple[Callable[[], Schedule], str]] = {
    "flow": (Rectified, "velocity"),
    "diffusion": (Cosine, "v"),
    "score": (lambda: GeometricVE(0.01, 20.0), "edm"),
}
ROWS, MEASURED = 250, 4000  # codes encoded at once, and in all, to standardise them


@dataclass(frozen=True)
class LatentDiffusionConfig:
    """What a latent diffusion model is."""

    autoencoder: str = knob(
        "", "autoencoder", "the VAE in whose codes to work: a checkpoint or a run",
        control="model", families=("vae",), refused=("conditional",), required=True,
    )  # fmt: skip
    autoencoder_knobs: str = knob("", "autoencoder's settings", "of the VAE that is part of this", control="settled")
    path: str = knob(
        "flow", "path", "how codes are noised and what is learnt: straight lines, diffusion (v), or a score (VE)",
        choices=tuple(PATHS), titles=("flow matching", "diffusion", "score"),
    )  # fmt: skip
    width: int = knob(128, "width", "half the units of the dense layers", low=8, high=512, scale="log")
    blocks: int = knob(3, "blocks", "residual blocks", low=1, high=12)
    conditional: bool = knob(
        True, "conditional", "give the attributes to the network, so that samples can be asked for by attribute"
    )


class LatentDiffusion(GaussianModel):
    """A Gaussian path in the code of a VAE."""

    name = "latent_diffusion"
    title = "Latent diffusion"
    summary = "Diffusion in the codes of a VAE: both stages at work, quick to train and to sample."
    colour = "#B0568A"
    order = 33
    Config: ClassVar[type[Any]] = LatentDiffusionConfig
    plots = PLOTS
    held_out = ("denoising error",)
    presets = (
        Preset(
            "codes", "In codes", "Straight lines between noise and the codes of a VAE.",
            {}, {"learning_rate": 1e-3, "batch_size": 256, "ema": 0.999},
        ),
    )  # fmt: skip

    def __init__(self, config: LatentDiffusionConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        points = spec.kind is Kind.POINTS
        unnamed: dict[str, Any] = {"latent_size": 2, "width": 8, "network": "mlp"} if points else {}
        stage = knobs.build(VAEConfig, settings(config.autoencoder_knobs, unnamed))
        self.vae: Any = frozen(VAE(stage, spec)).eval()
        self.shape = (stage.latent_size,)
        make, self.prediction = PATHS[config.path]
        self.schedule = make()
        self.network = VectorNet(stage.latent_size, spec, 2 * config.width, config.blocks, conditional=self.conditional)
        self.register_buffer("centre", torch.zeros(stage.latent_size))
        self.register_buffer("spread", torch.ones(stage.latent_size))
        self.centre: Tensor
        self.spread: Tensor

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The density and its slope are those of codes, not of data, so they are not offered."""
        return super().capabilities - {Capability.LOG_DENSITY, Capability.SCORE}

    @property
    def latent_size(self) -> int:
        return self.shape[0]

    # ---- the first stage --------------------------------------------------------------------------------------

    @classmethod
    def settle(cls, values: dict[str, Any], open_file: Callable[[str], Any]) -> dict[str, Any]:
        """Take the VAE's settings from its card. Raises ``BadInput``."""
        return settled(values, open_file, VAE, "latent diffusion model")

    def begin(self, open_file: Callable[[str], Any]) -> None:
        """Take over the VAE's weights and measure its codes. Raises ``BadInput``."""
        opened = open_file(self.config.autoencoder)
        take_over(self.vae, opened, self.spec)
        with torch.no_grad():
            codes = self._codes(data.load(opened.card.data, opened.card.data_options).train[:MEASURED])
            self.centre.copy_(codes.mean(0))
            self.spread.copy_(codes.std(0).clamp(min=1e-3))

    def _codes(self, rows: Tensor) -> Tensor:
        parts = [self.vae.encode(to_float(part.to(self.device))).mu for part in rows.split(ROWS)]
        return torch.cat(parts)

    def constants(self) -> set[str]:
        """The VAE, and the measure of its codes."""
        return {n for n, _ in self.named_buffers() if n.startswith("vae.") or n in ("centre", "spread")}

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """The VAE's posterior: mean and log-variance (B, D)."""
        return self.vae.encode(x)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the VAE draws from codes (B, D), (B, *shape)."""
        return self.vae.decode(z)

    def noised_from(self, x: Tensor) -> Tensor:
        """Standardised codes (B, D) of data."""
        return (self.vae.encode(x).mu - self.centre) / self.spread

    def _drawn(self, z: Tensor) -> Tensor:
        return self.vae.decode(z * self.spread + self.centre)

    # ---- the second stage -------------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The denoising objective on codes drawn from the VAE's posterior."""
        with torch.no_grad():
            code = self.vae.posterior_draw(batch.x, generator)
            z = (code - self.centre) / self.spread
        yield self.denoising(
            z, normal(z.shape, generator, z.device), self.kept_labels(batch.labels, generator), generator
        )

    def corrupt(self, x_0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        """Data whose code was noised to times (B,), decoded."""
        return self._drawn(super().corrupt(self.noised_from(x_0), t, generator))

    def shown(self, frame: Frame) -> Frame:
        """The codes of the frame, decoded."""
        z_t, z_0 = frame.extras["x_t"], frame.extras["x_0"]
        x = self._drawn(z_t)
        same = z_0 is z_t or frame.t == 0
        extras = {"x_t": x, "x_0": x if same else self._drawn(z_0), "z_t": z_t, "z_0": z_0}
        if frame.t == 0:
            extras["z"] = z_t * self.spread + self.centre
        return replace(frame, x=x, extras=extras)
