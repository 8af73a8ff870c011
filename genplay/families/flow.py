"""Normalizing flows: an invertible network from data to noise (Rezende and Mohamed 2015, arXiv:1505.05770).

With z = f(x) and z ~ N(0, I) the density of the data is exact,

    log p(x) = log N(f(x); 0, I) + log |det df/dx|,

and training maximises it. The way back, x = f^-1(z), samples; encoding and decoding undo each other. What makes the
determinant cheap is the architecture:

- ``spline``: coupling layers, in which half of the numbers say how the other half is moved, by monotone
  rational-quadratic splines (Durkan et al. 2019, arXiv:1906.04032); ``autoregressive spline``: every number is moved
  given those before it.
- ``realnvp``: coupling layers that scale and shift (Dinh et al. 2017, arXiv:1605.08803); ``maf``: the autoregressive
  form of that (Papamakarios et al. 2017, arXiv:1705.07057), quick to train and slow to sample.
- ``glow``: for pictures; couplings between learnt mixtures of the channels, in several scales (Kingma and Dhariwal
  2018, arXiv:1807.03039); they scale and shift, or bend by splines too.

Densities are of the data as the model takes it: points, or pixels scaled to [-1, 1]. Pictures are dequantised: noise
uniform over one 8-bit level is added, so that the bits per dimension (``genplay.metrics.likelihood``) bound the code
length of the pixels.

Flat pictures of few colours lie on thin sheets of their space, which an invertible network can only approach by
stretching without end. So training may blur them by normal noise of deviation sigma, which sampling then takes away by
one step along the gradient of the exact log density (Zhai et al. 2024, arXiv:2412.06329; Tweedie's formula),

    E[x | y] = y + sigma^2 grad log p(y)   for   y = x + sigma eps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Code, Frame, Model, Objective
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.flows.autoregressive import Autoregressive
from genplay.nn.flows.coupling import Coupling
from genplay.nn.flows.elementwise import Affine, Elementwise
from genplay.nn.flows.glow import Glow
from genplay.nn.flows.spline import RationalQuadratic
from genplay.nn.flows.transform import ActNorm, Chain, Transform

SPLINES = ("spline", "autoregressive spline")
AUTOREGRESSIVE = ("autoregressive spline", "maf")
DENSE = (*SPLINES, "realnvp", "maf")
CONDITION = 32  # numbers in the embedding of the attributes
DENSE_SIZE = 768
TRIED = 8  # samples whose way there and back is compared
LEVEL = 2 / 255  # from one 8-bit level to the next

POINT_TRAINING: dict[str, Any] = {"batch_size": 256, "learning_rate": 5e-3, "clip": 5.0, "cooldown": 0.3}
PICTURE_TRAINING: dict[str, Any] = {"batch_size": 64, "learning_rate": 2e-3, "clip": 1.0}


@dataclass(frozen=True)
class FlowConfig:
    """What a normalizing flow is."""

    architecture: str = knob(
        "auto", "architecture",
        "how the layers are made invertible; auto takes spline couplings for points and glow for pictures",
        choices=("auto", *DENSE, "glow"),
    )  # fmt: skip
    layers: int = knob(
        8, "layers", "layers of a flow of points (or of pictures as rows of numbers)",
        low=1, high=32, shown_if=("architecture", ("auto", *DENSE)),
    )  # fmt: skip
    bins: int = knob(
        8, "bins", "pieces of each spline: more of them bend more sharply",
        low=2, high=64, shown_if=("architecture", ("auto", "glow", *SPLINES)),
    )  # fmt: skip
    coupling: str = knob(
        "affine", "couplings", "of glow: scale and shift, as published, or bend by splines too: several times the work "
        "a step, and far better where data comes in separate kinds",
        choices=("affine", "spline"), kinds=(Kind.IMAGE,), shown_if=("architecture", ("auto", "glow")),
    )  # fmt: skip
    levels: int = knob(
        3, "levels", "scales of glow: each sees half the resolution of the one before",
        low=1, high=5, kinds=(Kind.IMAGE,), shown_if=("architecture", ("auto", "glow")),
    )  # fmt: skip
    steps: int = knob(
        4, "steps", "layers of glow in each scale",
        low=1, high=32, kinds=(Kind.IMAGE,), shown_if=("architecture", ("auto", "glow")),
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "of glow's layers: fully connected or convolutional; auto takes the mlp up to 768 numbers "
        "(16x16 in colour)",
        choices=("auto", "mlp", "conv"), kinds=(Kind.IMAGE,), shown_if=("architecture", ("auto", "glow")),
    )  # fmt: skip
    width: int = knob(64, "width", "units or channels of the layers' networks", low=4, high=1024, scale="log")
    noise: float = knob(
        0.0, "noise", "deviation of the noise that blurs pictures in training and is taken away from samples; 0 gives "
        "the likelihood of the pictures themselves, and rougher samples",
        low=0.0, high=0.5, kinds=(Kind.IMAGE,),
    )  # fmt: skip
    conditional: bool = knob(False, "conditional", "give the attributes to the layers, so that they can be asked for")


@dataclass(frozen=True)
class FlowSampling:
    """How a normalizing flow is sampled."""

    temperature: float = knob(
        1.0, "temperature", "standard deviation of the noise; below 1 is more typical, above 1 more varied",
        low=0.0, high=2.0,
    )  # fmt: skip


class Flow(Model):
    """Folds data into noise by layers that can each be undone, and knows how probable everything is."""

    name = "flow"
    title = "Normalizing flow"
    summary = "Bends noise into data by layers that can all be undone: exact likelihood, exact codes, quick samples."
    colour = "#009E73"
    order = 35
    Config: ClassVar[type[Any]] = FlowConfig
    SampleConfig: ClassVar[type[Any]] = FlowSampling
    density_kind = "exact"
    held_out = ("nll", "bits per dimension")
    plots = (
        Plot("negative log-likelihood", ("nll", "held-out nll"), "nats"),
        Plot("bits per dimension", ("bits per dimension", "held-out bits per dimension"), "bits"),
        Plot("log p(x) in parts", ("log density of z", "log-det"), "nats", labels=("log p(z)", "log |det|")),
        Plot("gradient norm", ("gradient norm",)),
    )
    headlines = ("nll",)
    presets = (
        Preset(
            "points", "Points", "Spline couplings: sharp densities of two coordinates within a minute.",
            {"architecture": "spline", "layers": 6, "bins": 12}, POINT_TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "points in order", "Points, in order", "Autoregressive splines: one coordinate, then the other given it.",
            {"architecture": "autoregressive spline", "layers": 4, "bins": 12}, POINT_TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "realnvp", "RealNVP", "Affine couplings: simple and quick, but they leave threads between separate blobs.",
            {"architecture": "realnvp", "layers": 12}, POINT_TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "maf", "MAF", "An autoregressive flow that scales and shifts: each coordinate by those before it.",
            {"architecture": "maf", "layers": 12}, POINT_TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "quick", "Quick", "A Glow for 16x16 pictures: recognisable faces after two minutes on a CPU, best when "
            "told what to draw; larger pictures take longer.",
            {"noise": 0.05, "conditional": True}, PICTURE_TRAINING, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "What ships: couplings that bend by splines, and a slow end. Give it ten minutes or more.",
            {"noise": 0.05, "conditional": True, "coupling": "spline", "bins": 4, "width": 32},
            PICTURE_TRAINING | {"ema": 0.9995, "cooldown": 0.5}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "exact", "Exact likelihood", "No blur: the bits per dimension are those of the pictures themselves, at the "
            "price of rougher samples.",
            {"conditional": True}, PICTURE_TRAINING, kinds=(Kind.IMAGE,),
        ),
    )  # fmt: skip

    def __init__(self, config: FlowConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, CONDITION)
        self.pictures = spec.kind is Kind.IMAGE and config.architecture in ("auto", "glow")
        if config.architecture == "glow" and not self.pictures:
            raise BadInput("Glow is for pictures; points need one of the other architectures.")
        build = glow if self.pictures else dense_flow
        self.transform = build(config, spec, CONDITION if self.conditional else 0)

    @property
    def latent_size(self) -> int:
        return self.spec.size

    @property
    def takes_labels(self) -> bool:
        return self.conditional

    # ---- the map and its inverse ------------------------------------------------------------------------------

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """z = f(x), (B, D): exactly what ``decode`` makes x of."""
        return Code(self._to_noise(x, self._condition(labels, len(x)))[0], None)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """x = f^-1(z), (B, *shape)."""
        shaped = z.view(-1, *self.spec.shape) if self.pictures else z
        x, _ = self.transform.inverse(shaped, self._condition(labels, len(z)))
        return x.reshape(-1, *self.spec.shape)

    def layers(self, z: Tensor, labels: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """States of codes (B, D) on their way: first z itself, last the data, each with log |det dx/dz| so far."""
        return self._to_data(z, self._condition(labels, len(z)))

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """log p(x), (B,) nats; of pictures at one draw of the dequantisation noise."""
        x = self._dequantised(x, generator or torch.Generator(self.device))
        z, ladj = self._to_noise(x, self._condition(labels, len(x)))
        return log_normal(z) + ladj

    def _to_noise(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        z, ladj = self.transform(x if self.pictures else x.flatten(1), condition)
        return z.flatten(1), ladj

    def _to_data(self, z: Tensor, condition: Tensor | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Codes (B, D), then the states after each layer, as data, with log |det dx/dz| so far."""
        x = z.view(-1, *self.spec.shape)
        yield x, z.new_zeros(len(z))
        for y, ladj in self.transform.backwards(x if self.pictures else z, condition):
            yield y.view(x.shape) if y.dim() == 2 else y, ladj

    def _condition(self, labels: Tensor | None, n: int) -> Tensor | None:
        return self.embedding(self.labels(labels, n)) if self.conditional else None

    def _dequantised(self, x: Tensor, generator: Generator) -> Tensor:
        if self.spec.kind is not Kind.IMAGE:
            return x
        noise = torch.rand(x.shape, generator=generator, device=generator.device).to(x.device)
        return x + (noise - 0.5) * LEVEL

    def _blurred(self, x: Tensor, generator: Generator) -> Tensor:
        if not self.cleans:
            return x
        return x + self.config.noise * torch.randn(x.shape, generator=generator, device=generator.device).to(x.device)

    # ---- training ---------------------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-log p(x), a mean over the batch, over the numbers of the data so that its size does not matter."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        x = self._blurred(self._dequantised(batch.x, generator), generator)
        z, ladj = self._to_noise(x, self._condition(labels, len(x)))
        base, ladj = log_normal(z).mean(), ladj.mean()
        nll = -(base + ladj)
        yield Objective(nll / self.spec.size, terms=self._terms(nll.detach(), base.detach(), ladj.detach()))

    def _terms(self, nll: Tensor, base: Tensor, ladj: Tensor) -> dict[str, Tensor | float]:
        bits = nll / (self.spec.size * math.log(2)) + (math.log2(1 / LEVEL) if self.spec.kind is Kind.IMAGE else 0.0)
        return {"nll": nll, "bits per dimension": bits, "log density of z": base, "log-det": ladj}

    # ---- sampling ---------------------------------------------------------------------------------------------

    def sample_steps(
        self, n: int, config: FlowSampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """A frame a layer, from noise to data, with log |det dx/dz| so far as ``ladj`` (B,) in ``extras``.

        In the facts of the last frame: the largest difference between codes and the codes of their samples.
        """
        z = config.temperature * self._noise(n, generator)
        condition = self._condition(labels, n)
        last = self.transform.depth + self.cleans
        for i, (x, ladj) in enumerate(self._to_data(z, condition)):
            facts = {"round-trip error": self._error(x, z, condition)} if i == self.transform.depth else {}
            yield Frame(x, 1 - i / last, {"z": z, "ladj": ladj}, facts)
        if self.cleans:
            yield Frame(self._cleaned(x, condition), 0.0, {"z": z, "ladj": ladj}, facts)

    def sample(
        self, n: int, config: Any = None, generator: Generator | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """The last frame of ``sample_steps``, without the others."""
        z = (config or self.SampleConfig()).temperature * self._noise(n, generator or torch.Generator())
        x = self.decode(z, labels)
        return self._cleaned(x, self._condition(labels, n)) if self.cleans else x

    @property
    def cleans(self) -> bool:
        """Whether samples are blurred by noise that is to be taken away."""
        return self.spec.kind is Kind.IMAGE and self.config.noise > 0

    def _cleaned(self, y: Tensor, condition: Tensor | None) -> Tensor:
        """y + sigma^2 grad log p(y), (B, *shape)."""
        with torch.enable_grad():
            y = y.detach().requires_grad_(True)
            z, ladj = self._to_noise(y, None if condition is None else condition.detach())
            (slope,) = torch.autograd.grad((log_normal(z) + ladj).sum(), y)
        return y.detach() + self.config.noise**2 * slope

    def _error(self, x: Tensor, z: Tensor, condition: Tensor | None) -> float:
        again, _ = self._to_noise(x[:TRIED], None if condition is None else condition[:TRIED])
        return float((again - z[:TRIED]).abs().max())

    def _noise(self, n: int, generator: Generator) -> Tensor:
        return torch.randn(n, self.spec.size, generator=generator, device=generator.device).to(self.device)


def dense_flow(config: FlowConfig, spec: DataSpec, condition: int) -> Transform:
    """The layers for vectors (B, size): standardised first, then couplings of halves in turn, or both directions."""
    map: Elementwise = Affine() if config.architecture in ("realnvp", "maf") else RationalQuadratic(config.bins)
    kind = Autoregressive if config.architecture in AUTOREGRESSIVE else Coupling
    layers: list[Transform] = [ActNorm(spec.size)]
    layers += [kind(spec.size, config.width, map, bool(i % 2), condition) for i in range(config.layers)]
    return Chain(layers)


def glow(config: FlowConfig, spec: DataSpec, condition: int) -> Transform:
    """The layers for pictures (B, C, H, W)."""
    dense = config.network == "mlp" or (config.network == "auto" and spec.size <= DENSE_SIZE)
    bins = config.bins if config.coupling == "spline" else 0
    return Glow(spec.shape, config.levels, config.steps, config.width, dense, condition, bins)


def log_normal(z: Tensor) -> Tensor:
    """log density of z (B, D) under N(0, I): (B,) nats."""
    return -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
