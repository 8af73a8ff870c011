"""Adversarial autoencoders (Makhzani et al. 2015, arXiv:1511.05644).

An autoencoder z = E(x), x' = R(z) whose codes a critic D compares with draws from a prior p(z) of any shape. Where a
VAE has a KL term, this has a game:

    D       minimises  how badly it tells E(x) from z ~ p(z)
    E, R    minimise   -E_x log N(x; R(E(x)), sigma^2) + w (how well D tells E(x) from draws of p)

in turn; R feels the first term of its loss only. The losses of the game are those of a GAN
(``genplay.nn.adversarial``), with codes in the place of data: the encoder is the generator. Once D is fooled, the codes
of all data together, the aggregate posterior q(z) = E_x q(z | x), have the shape of the prior, and a draw from the
prior decodes to something like data. How far they are apart is told by their maximum mean discrepancy
(``genplay.core.mmd``).

Priors other than the normal have their shape in the first two numbers of a code, a ring of Gaussians or a rolled-up
sheet, so that a model of two codes shows it on the Latent panel's plane; any further ones are N(0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.mmd import mmd2
from genplay.core.model import Code, Frame, Model, Objective, Pace
from genplay.nn.adversarial import LOSSES, discriminator_loss, generator_loss, normal, squared_slope
from genplay.nn.conv import ConvDecoder, ConvEncoder
from genplay.nn.critics import Critic, Head, PointTrunk
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.mlp import residual_mlp

AUTOENCODER, CRITIC = "autoencoder", "critic"
MODES, RADIUS, MODE_SIGMA = 8, 2.0, 0.25  # of the ring
TURNS, ROLL_RADIUS, ROLL_SIGMA = 1.5, 2.5, 0.06  # of the roll
MEASURE_EVERY = 10  # steps between two looks at the discrepancy
APART, APART_STEP = 0.95, 1000  # how often the critic is right where codes and prior are told apart
DENSE_SIZE = 768


@dataclass(frozen=True)
class AdversarialAutoencoderConfig:
    """What an adversarial autoencoder is, and the rules of its game."""

    latent_size: int = knob(12, "latent size", "numbers in a code z", low=2, high=64)
    prior: str = knob(
        "gaussian", "prior", "the shape that all codes together shall have; ring and roll are seen in the first two",
        choices=("gaussian", "ring", "swiss roll"), titles=("normal", "ring of Gaussians", "swiss roll"),
    )  # fmt: skip
    match: float = knob(
        20.0, "match", "weight of what the critic says of the codes, against the reconstruction in nats",
        low=0.0, high=100.0, live=True,
    )  # fmt: skip
    spread: float = knob(
        0.1, "spread", "standard deviation of noise on the codes in training: near codes come to mean nearly the same",
        low=0.0, high=1.0, live=True,
    )  # fmt: skip
    sigma: float = knob(
        0.2, "sigma", "standard deviation of the data around the decoder's output, data being in [-1, 1]",
        low=0.01, high=2.0, scale="log",
    )  # fmt: skip
    loss: str = knob("non-saturating", "loss", "what critic and encoder minimise", choices=LOSSES)
    critic_steps: int = knob(
        1, "critic steps", "steps of the critic before each one of the autoencoder", low=1, high=20, live=True
    )
    critic_rate: float = knob(
        1.0, "rate of the critic", "its learning rate over that of the autoencoder", low=0.05, high=20.0, scale="log",
        live=True,
    )  # fmt: skip
    r1: float = knob(
        0.1, "R1", "gamma of gamma / 2 |grad D|^2 at draws from the prior: keeps the critic smooth (Mescheder et al. "
        "2018)", low=0.0, high=100.0, live=True,
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "fully connected or convolutional; auto takes the mlp up to 768 numbers (16x16 in colour)",
        choices=("auto", "mlp", "conv"),
    )  # fmt: skip
    width: int = knob(
        32, "width", "8 times as many units in dense layers; half as many channels at the top of convolutional ones",
        low=4, high=256, scale="log",
    )  # fmt: skip
    conditional: bool = knob(
        False, "conditional", "tell the decoder the attributes, so that the code need only say what they leave open"
    )


@dataclass(frozen=True)
class AdversarialSampling:
    """How an adversarial autoencoder is sampled."""

    noise: bool = knob(
        False, "noise", "draw points from the distribution around the decoder's output, not that output itself",
        kinds=(Kind.POINTS,),
    )  # fmt: skip


class AdversarialAutoencoder(Model):
    """An autoencoder whose codes a critic forces into the shape of a prior."""

    name = "adversarial_autoencoder"
    title = "Adversarial autoencoder"
    summary = "An autoencoder and a critic that gives all codes together a shape, even a ring or a roll, to draw from."
    colour = "#7FC8A9"
    order = 14
    kinds = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = AdversarialAutoencoderConfig
    SampleConfig: ClassVar[type[Any]] = AdversarialSampling
    headlines = ("reconstruction", "discrepancy")
    held_out = ("reconstruction",)
    plots = (
        Plot("reconstruction", ("reconstruction", "held-out reconstruction"), "nats"),
        Plot("codes against prior (MMD²)", ("discrepancy",)),
        Plot("game", (f"loss {CRITIC}", "matching"), labels=("critic", "encoder")),
        Plot("critic's accuracy", ("accuracy on prior", "accuracy on codes"), labels=("prior", "codes")),
        Plot("gradient norms", (f"gradient norm {AUTOENCODER}", f"gradient norm {CRITIC}"), labels=("AE", "critic")),
    )
    presets = (
        Preset("quick", "Quick", "Small pictures within two minutes, their codes normal.", kinds=(Kind.IMAGE,)),
        Preset(
            "best", "Best", "Wider, and for a long training.",
            {"width": 48}, {"learning_rate": 1e-3, "ema": 0.9995, "cooldown": 0.3}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "roll", "Swiss roll", "Two codes on a rolled-up sheet: walk along it on the Latent panel's plane.",
            {"latent_size": 2, "prior": "swiss roll", "spread": 0.02}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "points", "Points", "Two numbers to two numbers: the plane is bent until data looks normal.",
            {"latent_size": 2, "match": 2.0, "sigma": 0.05, "width": 16}, {"batch_size": 256}, kinds=(Kind.POINTS,),
        ),
        Preset(
            "ring", "Ring of codes", "The codes of any points are pulled onto a ring of eight Gaussians.",
            {"latent_size": 2, "prior": "ring", "match": 8.0, "sigma": 0.05, "width": 16}, {"batch_size": 256},
            kinds=(Kind.POINTS,),
        ),
    )  # fmt: skip

    def __init__(self, config: AdversarialAutoencoderConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        if config.network == "conv" and spec.kind is not Kind.IMAGE:
            raise BadInput("The conv network is for pictures; points need the mlp.")
        self.conditional = config.conditional and bool(spec.attributes)
        told = 4 * config.width if self.conditional else 0
        self.convolutional = config.network == "conv" or (config.network == "auto" and spec.size > DENSE_SIZE)
        build = _conv_networks if self.convolutional else _dense_networks
        self.encoder, self.decoder = build(config, spec, told)
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, told)
        trunk = PointTrunk(config.latent_size, 4 * config.width, depth=3)
        self.judge = Critic(trunk, Head(trunk.features, spec, False, False, False), packing=1)

    @property
    def latent_size(self) -> int:
        return self.config.latent_size

    @property
    def likes_bf16(self) -> bool:
        return self.convolutional

    @property
    def batches_per_step(self) -> int:
        return int(self.config.critic_steps)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The two players."""
        critic = list(self.judge.parameters())
        known = set(map(id, critic))
        return {CRITIC: critic, AUTOENCODER: [p for p in self.parameters() if id(p) not in known]}

    def pace(self, group: str) -> Pace:
        """Little momentum, which makes games swing, and a rate of its own for the critic."""
        return Pace(self.config.critic_rate, (0.0, 0.99)) if group == CRITIC else Pace(1.0, (0.5, 0.99))

    # ---- codes ------------------------------------------------------------------------------------------------

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """The codes (B, D), without a posterior: the noise of training only smooths the decoder."""
        return Code(self.encoder(x).float(), None)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes (B, D) to data (B, *shape), in [-1, 1] or slightly beyond."""
        told = [self.embedding(self.labels(labels, len(z)))] if self.conditional else []
        x: Tensor = self.decoder(torch.cat([z, *told], 1))
        return x.float()

    def prior(self, n: int, generator: Generator) -> Tensor:
        """z ~ p(z), (n, D); see :func:`prior_draw`."""
        return prior_draw(self.config.prior, n, self.latent_size, generator, self.device)

    # ---- training ---------------------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The critic on codes against draws of the prior, ``critic_steps`` times, then the autoencoder against it."""
        parts = self._split(batch)
        for part in parts:
            yield Objective(*self._criticise(part, generator))
        yield self._autoencode(parts[-1], generator, measure=batch.step % MEASURE_EVERY == 0)

    def _split(self, batch: Batch) -> list[Batch]:
        """The batches of a step."""
        size = max(1, len(batch.x) // self.batches_per_step)
        pieces = zip(batch.x.split(size), batch.labels.split(size))
        return [Batch(x, labels, step=batch.step) for x, labels in pieces][: self.batches_per_step]

    def _noisy(self, z: Tensor, generator: Generator) -> Tensor:
        return z + self.config.spread * normal(len(z), z.shape[1], generator, z.device)

    def _criticise(self, batch: Batch, generator: Generator) -> tuple[Tensor, str, dict[str, Tensor | float]]:
        """The critic's loss: the prior is what is real to it."""
        with torch.no_grad():
            codes = self._noisy(self.encode(batch.x).mu, generator)
        real = self.prior(len(codes), generator)
        on_prior, on_codes = self._scores(real), self._scores(codes)
        loss = discriminator_loss(self.config.loss, on_prior, on_codes)
        if self.config.r1 and torch.is_grad_enabled():  # not on held-out data, where only terms are wanted
            loss = loss + 0.5 * self.config.r1 * squared_slope(self._scores, real)
        middle = 0.5 if self.config.loss == "least squares" else 0.0
        right = {"prior": on_prior.detach() > middle, "codes": on_codes.detach() < middle}
        return loss, CRITIC, {f"accuracy on {name}": hits.float().mean() for name, hits in right.items()}

    def _scores(self, z: Tensor) -> Tensor:
        score: Tensor = self.judge(z, None)
        return score.float()

    def _autoencode(self, batch: Batch, generator: Generator, measure: bool) -> Objective:
        """Reconstruction in nats and the encoder's part of the game. The decoder feels the first alone."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        z = self._noisy(self.encode(batch.x).mu, generator)
        reconstruction = -log_likelihood(batch.x, self.decode(z, labels), self.config.sigma).mean()
        matching = generator_loss(self.config.loss, self._scores(z))
        terms: dict[str, Tensor | float] = {"reconstruction": reconstruction.detach(), "matching": matching.detach()}
        if measure and len(z) > 1:
            terms["discrepancy"] = mmd2(z.detach().cpu(), self.prior(len(z), generator).cpu())
        return Objective(reconstruction + self.config.match * matching, AUTOENCODER, terms)

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Codes that the critic tells from the prior all the time."""
        rights = [terms.get(f"accuracy on {what}", 0.0) for what in ("prior", "codes")]
        if step < APART_STEP or min(rights) < APART:
            return ()
        text = (
            "The critic tells codes from draws of the prior nearly every time, so what is drawn from the prior is not "
            "what the decoder learnt. A larger match, more R1, a larger sigma or more latent numbers bring them near."
        )
        return (
            Notice("warn", "The codes do not have the prior's shape", text, ("match", "r1", "sigma", "latent_size")),
        )

    # ---- samples ----------------------------------------------------------------------------------------------

    def sample_steps(
        self, n: int, config: AdversarialSampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """One frame: draws from the prior, decoded."""
        z = self.prior(n, generator)
        x = self.decode(z, labels)
        if config.noise and self.spec.kind is Kind.POINTS:
            x = x + self.config.sigma * normal(n, self.spec.size, generator, self.device)
        yield Frame(x, 0.0, {"z": z})


def log_likelihood(x: Tensor, mean: Tensor, sigma: float) -> Tensor:
    """log N(x; mean, sigma^2) in nats, (B,)."""
    squares = (x - mean).flatten(1).square().sum(1)
    return -0.5 * squares / sigma**2 - x[0].numel() * (math.log(sigma) + 0.5 * math.log(2 * math.pi))


def prior_draw(kind: str, n: int, size: int, generator: Generator, device: torch.device) -> Tensor:
    """Draws (n, size) from a prior: N(0, I), or in the first two numbers a shape and N(0, 1) in all others.

    ring: eight Gaussians of standard deviation 0.25 around a circle of radius 2. swiss roll: one and a half turns of a
    spiral out to radius 2.5, evenly dense along its length, with a normal blur of 0.06.
    """
    z = normal(n, size, generator, device)
    if kind == "gaussian":
        return z
    u = torch.rand(n, generator=generator, device=generator.device).to(device)
    if kind == "ring":
        angle, radius, blur = (MODES * u).floor() * (2 * math.pi / MODES), torch.full_like(u, RADIUS), MODE_SIGMA
    else:
        share = (1 / 9 + 8 / 9 * u).sqrt()  # the length of a spiral grows like the square of its angle
        angle, radius, blur = 2 * math.pi * TURNS * share, ROLL_RADIUS * share, ROLL_SIGMA
    shape = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return torch.cat([shape + blur * z[:, :2], z[:, 2:]], 1)


def _conv_networks(config: AdversarialAutoencoderConfig, spec: DataSpec, told: int) -> tuple[nn.Module, nn.Module]:
    channels = config.width // 2
    encoder = ConvEncoder(spec.shape, config.latent_size, channels)
    return encoder, ConvDecoder(config.latent_size + told, spec.shape, channels)


def _dense_networks(config: AdversarialAutoencoderConfig, spec: DataSpec, told: int) -> tuple[nn.Module, nn.Module]:
    hidden = 8 * config.width
    encoder = nn.Sequential(nn.Flatten(), residual_mlp(spec.size, config.latent_size, hidden))
    decoder = residual_mlp(config.latent_size + told, spec.size, hidden)
    return encoder, nn.Sequential(decoder, nn.Unflatten(1, spec.shape))
