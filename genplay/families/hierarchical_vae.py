"""Hierarchical variational autoencoders: a code of several levels, each drawn given those above it.

    p(x, z) = p(x | z_1 ... z_L) prod_i p(z_i | z_<i)          q(z | x) = prod_i q(z_i | z_<i, x)

All p(z_i | z_<i) = N(mu_p, sigma_p^2) and the posteriors are diagonal normals, read off one stream that runs from the
most abstract level, z_1, down to the data, and that the model shares with its encoder (the ladder VAE: Sønderby et al.
2016, arXiv:1602.02282). A pass up through the data tells the encoder what it adds to the stream. Three ways to add it,
with (a, b) what the encoder's network says:

    residual   q = N(mu_p + sigma_p a, sigma_p^2 exp b)         how far from what was to be expected (NVAE: Vahdat &
               Kautz 2020, arXiv:2007.03898)
    ladder     q ~ N(a, exp b) p                                both weighted by their precision (Sønderby et al.)
    plain      q = N(a, exp b)

Training maximises ELBO(x) = E_q[log p(x | z)] - sum_i E_q KL(q(z_i | z_<i, x) || p(z_i | z_<i)). Upper levels
like to be ignored; a KL warm-up and *free bits*, an amount of information that each level may carry at no cost (Kingma
et al. 2016, arXiv:1606.04934), keep them in use.

Codes are given as the noise that makes them, z_i = mu_p(z_<i) + sigma_p(z_<i) h_i (Kingma & Welling 2014,
arXiv:1402.0480) with h_i = f_i^-1(eps_i; z_<i): the eps of all levels side by side are N(0, I) under the prior, so
sliders, paths and random codes mean the same as in a plain VAE. f_i is the identity or, in levels that are vectors, an
invertible network told of the levels above: seen from z it makes p(z_i | z_<i) a learnt density of any shape, which
closes the holes that a normal prior leaves between the codes of data (see ``genplay.families.vae``). The Jacobians
cancel: KL(q(z_i) || p(z_i)) = KL(q(eps_i) || N(0, I)), in closed form without a flow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Code, Frame, Model, Objective
from genplay.families.vae import VAESampling, active_units, draw, kl_by_dimension, log_normal, warmup
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.ladder import ConvLadder, DenseLadder, Rung

IDLE, IDLE_STEP = 0.1, 500  # nats below which a level tells nothing, and the step from which that is worth a word
DENSE_SIZE = 768


@dataclass(frozen=True)
class HierarchicalVAEConfig:
    """What a hierarchical VAE is."""

    levels: int = knob(3, "levels", "codes above one another, each drawn given those above it", low=2, high=4)
    latent_size: int = knob(4, "top code", "numbers in the most abstract code", low=2, high=64)
    growth: float = knob(
        2.0, "growth", "how many times longer each code is than the one above it, where the network is an mlp",
        low=1.0, high=4.0, shown_if=("network", ("auto", "mlp")),
    )  # fmt: skip
    channels: int = knob(
        2, "channels", "numbers at each place of the lower codes, where the network is convolutional",
        low=1, high=16, shown_if=("network", ("auto", "conv")), kinds=(Kind.IMAGE,),
    )  # fmt: skip
    posterior: str = knob(
        "residual", "posterior",
        "how the encoder changes what is expected: by a difference, weighted by certainty (ladder), or from scratch",
        choices=("residual", "ladder", "plain"),
    )  # fmt: skip
    beta: float = knob(
        1.0, "beta", "weight of the KL terms: more for better samples, less for sharper reconstructions",
        low=0.0, high=20.0, live=True,
    )  # fmt: skip
    kl_warmup_steps: int = knob(
        500, "warm-up length", "steps over which the weight of the KL terms rises from 0",
        low=1, high=100_000, scale="log", unit="steps",
    )  # fmt: skip
    free_bits: float = knob(
        4.0, "free bits", "information that each level may carry before its KL counts, so that none falls idle",
        low=0.0, high=50.0, unit="nats", live=True,
    )  # fmt: skip
    flow_layers: int = knob(
        4, "flow layers", "affine couplings that bend the noise of each level (of convolutional networks: of the top), "
        "for better samples; 0: none", low=0, high=16,
    )  # fmt: skip
    likelihood: str = knob(
        "gaussian", "likelihood", "distribution of the data around the decoder's output: its spread fixed or learnt",
        choices=("gaussian", "learned gaussian"),
    )  # fmt: skip
    sigma: float = knob(
        0.2, "sigma", "standard deviation of the data around the decoder's output, data being in [-1, 1]",
        low=0.01, high=2.0, scale="log", shown_if=("likelihood", ("gaussian",)),
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "fully connected or convolutional; auto takes the mlp up to 768 numbers (16x16 in colour)",
        choices=("auto", "mlp", "conv"),
    )  # fmt: skip
    width: int = knob(
        24, "width", "8 times as many units in dense layers; as many channels in convolutional ones",
        low=4, high=128, scale="log",
    )  # fmt: skip
    depth: int = knob(1, "depth", "residual blocks on each side of a level", low=1, high=4)
    conditional: bool = knob(
        False, "conditional", "tell the top of the stream the attributes, so that samples can be asked for by attribute"
    )


class Reading(NamedTuple):
    """What the encoder reads of one level: the normal of h, a draw from it, and the noise eps = f(h), (B, D) each."""

    code: Code
    h: Tensor
    eps: Tensor
    ladj: Tensor  # log |det df/dh|, (B,)
    stream: Tensor  # above the level

    def log_ratio(self) -> Tensor:
        """log q(eps) - log N(eps; 0, I) at the draw, (B,) nats; on average the KL divergence."""
        return log_normal(self.h, self.code) - self.ladj - log_normal(self.eps)


class HierarchicalVAE(Model):
    """A VAE whose code has levels, from what the whole is like down to its details."""

    name = "hierarchical_vae"
    title = "Hierarchical VAE"
    summary = "A VAE with two to four codes above one another: the upper ones decide what it is, the lower ones how."
    colour = "#8FB8DE"
    order = 12
    kinds = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = HierarchicalVAEConfig
    SampleConfig: ClassVar[type[Any]] = VAESampling
    density_kind = "bound"
    held_out = ("elbo",)
    plots = (
        Plot("ELBO terms", ("reconstruction", "kl"), "nats"),
        Plot("ELBO", ("elbo", "held-out elbo"), "nats"),
        Plot("KL", ("level *",), "nats"),
        Plot("active units", ("active units",), "dimensions"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "quick", "Quick", "Faces or figures within two minutes: three levels of dense layers.", kinds=(Kind.IMAGE,)
        ),
        Preset(
            "best", "Best", "Wider, and for a long training: samples as good as those of a plain VAE.",
            {"width": 32}, {"learning_rate": 1e-3, "ema": 0.9995, "cooldown": 0.3}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "maps", "Maps", "Convolutions: a code for the whole picture above maps, coarse to fine.",
            {"network": "conv", "latent_size": 16}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "points", "Points", "Two levels: which part of the distribution, then where in it.",
            {"levels": 2, "latent_size": 2, "growth": 1.0, "sigma": 0.03, "width": 16, "kl_warmup_steps": 200,
             "free_bits": 0.5},
            {"batch_size": 256}, kinds=(Kind.POINTS,),
        ),
    )  # fmt: skip

    def __init__(self, config: HierarchicalVAEConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        if config.network == "conv" and spec.kind is not Kind.IMAGE:
            raise BadInput("The conv network is for pictures; points need the mlp.")
        self.conditional = config.conditional and bool(spec.attributes)
        self.ladder = _ladder(config, spec)
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, len(self.ladder.start))
        if config.likelihood == "learned gaussian":
            self.log_sigma = nn.Parameter(torch.full((1,), -1.0))

    @property
    def rungs(self) -> list[Rung]:
        """The levels, the most abstract first."""
        return [rung for rung in self.ladder.rungs if isinstance(rung, Rung)]

    @property
    def latent_size(self) -> int:
        return sum(rung.size for rung in self.rungs)

    @property
    def likes_bf16(self) -> bool:
        return self.spec.kind is Kind.IMAGE

    # ---- up and down ------------------------------------------------------------------------------------------

    def _start(self, n: int, labels: Tensor | None) -> Tensor:
        """The top of the stream (n, width)."""
        start = self.ladder.start.expand(n, -1)
        return start + self.embedding(self.labels(labels, n)) if self.conditional else start

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean of p(x | z): the noise of all levels (B, D) to (B, *shape), in [-1, 1] or slightly beyond."""
        stream = self._start(len(z), labels)
        for rung, eps in zip(self.rungs, self.levels(z)):
            stream = rung.descend(stream, _shifted(rung.unbend(eps, stream), rung.expects(stream)))
        x: Tensor = self.ladder.leave(stream)
        return x.float()

    def _read(self, x: Tensor, labels: Tensor | None, generator: Generator | None) -> tuple[list[Reading], Tensor]:
        """What is read off x on one way down, level by level, and the mean of p(x | z) at the end of it.

        Without a generator each level goes on with its mean.
        """
        stream, readings = self._start(len(x), labels), []
        for rung, feature in zip(self.rungs, self.ladder.features(x)):
            prior = rung.expects(stream)
            code = standardised(self.config.posterior, *rung.finds(stream, feature), *prior)
            h = code.mu if generator is None else draw(code, generator)
            readings.append(Reading(code, h, *rung.bend(h, stream), stream))
            stream = rung.descend(stream, _shifted(h, prior))
        return readings, self.ladder.leave(stream).float()

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """The posterior of the noise of all levels, each below the means of those above: (B, D) each.

        Where flows bend it: the images of the means, and the variances of the flows linearised there.
        """
        readings, _ = self._read(x, labels, None)
        codes = [linearised(rung, reading) for rung, reading in zip(self.rungs, readings)]
        return Code(torch.cat([mu for mu, _ in codes], 1), torch.cat([v for _, v in codes if v is not None], 1))

    def posterior_draw(self, x: Tensor, generator: Generator, labels: Tensor | None = None) -> Tensor:
        """z ~ q(z | x), (B, D)."""
        return torch.cat([reading.eps for reading in self._read(x, labels, generator)[0]], 1)

    def levels(self, z: Tensor) -> list[Tensor]:
        """Codes (B, D) taken apart, the most abstract level first."""
        return list(z.split([rung.size for rung in self.rungs], 1))

    def decode_levels(
        self, held: list[Tensor | None], n: int, generator: Generator, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Data (n, *shape) and its codes (n, D): a level is ``held``, (n, D_i), or None and drawn from the prior."""
        parts = [
            self._noise((n, rung.size), generator) if code is None else code for rung, code in zip(self.rungs, held)
        ]
        z = torch.cat(parts, 1)
        return self.decode(z, labels), z

    # ---- training ---------------------------------------------------------------------------------------------

    def _fit(self, x: Tensor, mean: Tensor) -> Tensor:
        """log N(x; mean, sigma^2) in nats, (B,)."""
        log_sigma = self._log_sigma()
        constant = self.spec.size * (log_sigma + 0.5 * math.log(2 * math.pi))
        return -0.5 * (x - mean).flatten(1).square().sum(1) * (-2 * log_sigma).exp() - constant

    def _log_sigma(self) -> Tensor:
        if self.config.likelihood == "learned gaussian":
            return self.log_sigma.float().clamp(-5.0, 2.0)
        return torch.tensor(math.log(self.config.sigma), device=self.device)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-E_q[log p(x | z)] + w beta sum_i max(KL_i, free bits): w is the warm-up, KL_i the batch mean of a level."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        readings, mean = self._read(batch.x, labels, generator)
        reconstruction = -self._fit(batch.x, mean).mean()
        by_level = torch.stack([self._divergence(reading).mean() for reading in readings])
        weight = self.config.beta * warmup("linear", self.config.kl_warmup_steps, batch.step)
        loss = reconstruction + weight * by_level.clamp(min=self.config.free_bits).sum()
        yield Objective(loss, terms=self._terms(reconstruction.detach(), by_level.detach(), readings))

    def _divergence(self, reading: Reading) -> Tensor:
        """KL(q || p) of a level, (B,) nats: in closed form, or with a flow estimated from the draw."""
        if self.config.flow_layers:
            return reading.log_ratio()
        return kl_by_dimension(reading.code).sum(1)

    @torch.no_grad()
    def _terms(self, reconstruction: Tensor, by_level: Tensor, readings: list[Reading]) -> dict[str, Tensor | float]:
        """What is logged. The KL of a dimension is what it tells by itself, as in the plain VAE."""
        codes = [centred(rung, reading) for rung, reading in zip(self.rungs, readings)]
        kl = by_level.sum()
        terms: dict[str, Tensor | float] = {
            "reconstruction": reconstruction,
            "kl": kl,
            "elbo": -reconstruction - kl,
            "active units": active_units(torch.cat([code.mu for code in codes], 1)),
            "kl by dimension": torch.cat([kl_by_dimension(code).mean(0) for code in codes]),
            "kl by level": by_level,
        }
        terms |= {f"level {i + 1}": level for i, level in enumerate(by_level)}
        if self.config.likelihood == "learned gaussian":
            terms["sigma"] = self._log_sigma().detach().exp().squeeze()
        return terms

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Levels that tell nothing, or no more than what is free."""
        idle = [i for i in range(1, self.config.levels + 1) if terms.get(f"level {i}", math.inf) < IDLE]
        if step < IDLE_STEP or not idle:
            return ()
        which = f"Level {idle[0]} tells" if len(idle) == 1 else f"Levels {' and '.join(map(str, idle))} tell"
        text = (
            f"{which} less than {IDLE} nats, so what is drawn there changes nothing: the other levels do its work. "
            "More free bits, a longer KL warm-up or a smaller sigma bring it back; fewer levels do away with it."
        )
        return (Notice("warn", "A level is idle", text, ("free_bits", "kl_warmup_steps", "sigma", "levels")),)

    # ---- what others ask --------------------------------------------------------------------------------------

    def sample_steps(
        self, n: int, config: VAESampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """A frame a level: what is drawn so far, with all levels below at the middle of their prior; then all of it.

        With ``noise`` points of the last frame are drawn from p(x | z); pictures would only look grainy.
        """
        parts = [config.temperature * self._noise((n, rung.size), generator) for rung in self.rungs]
        z = torch.cat(parts, 1)
        for drawn in range(1, len(parts)):
            rest = [torch.zeros_like(part) for part in parts[drawn:]]
            yield Frame(self.decode(torch.cat(parts[:drawn] + rest, 1), labels), 1 - drawn / len(parts), {"z": z})
        x = self.decode(z, labels)
        if config.noise and self.spec.kind is Kind.POINTS:
            x = x + self._log_sigma().exp() * self._noise(x.shape, generator)
        yield Frame(x, 0.0, {"z": z})

    def _noise(self, shape: tuple[int, ...], generator: Generator) -> Tensor:
        return torch.randn(shape, generator=generator, device=generator.device).to(self.device)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """The ELBO with one draw from the posterior: a lower bound on log p(x) in expectation, (B,) nats.

        The KL of each level, given the draws above it, is in closed form where no flow bends it.
        """
        readings, mean = self._read(x, labels, generator or torch.Generator(self.device))
        return self._fit(x, mean) - torch.stack([self._divergence(reading) for reading in readings]).sum(0)

    def importance_bound(self, x: Tensor, labels: Tensor | None, k: int, generator: Generator) -> Tensor:
        """log 1/k sum_i p(x, z_i) / q(z_i | x) with z_i ~ q: (B,) nats (Burda et al. 2016, arXiv:1509.00519)."""
        weights = [self._log_weight(x, labels, generator) for _ in range(k)]
        return torch.logsumexp(torch.stack(weights), 0) - math.log(k)

    def _log_weight(self, x: Tensor, labels: Tensor | None, generator: Generator) -> Tensor:
        readings, mean = self._read(x, labels, generator)
        return self._fit(x, mean) - torch.stack([reading.log_ratio() for reading in readings]).sum(0)


def _shifted(h: Tensor, prior: tuple[Tensor, Tensor]) -> Tensor:
    """z = mu + exp(logvar / 2) h."""
    return prior[0] + (0.5 * prior[1]).exp() * h


def centred(rung: Rung, reading: Reading) -> Code:
    """The normals around f(mu) with the square of the draw's distance from it as their variance; exact without flow."""
    if rung.flow is None:
        return reading.code
    mu = rung.bend(reading.code.mu, reading.stream)[0]
    variance = (reading.eps - mu).square().mean(0).clamp(min=1e-12)
    return Code(mu, variance.log().expand_as(mu))


def linearised(rung: Rung, reading: Reading) -> Code:
    """The normal nearest to f(h), from central differences one standard deviation wide along every axis of h."""
    mu, logvar = reading.code
    if rung.flow is None or logvar is None:
        return reading.code
    n, d = mu.shape
    steps = (0.5 * logvar).exp().diag_embed()  # (B, D, D)
    ends = torch.cat([mu[:, None] + steps, mu[:, None] - steps], 1).reshape(2 * n * d, d)
    after, before = rung.bend(ends, reading.stream.repeat_interleave(2 * d, 0))[0].view(n, 2, d, d).unbind(1)
    variance = ((after - before) / 2).square().sum(1)
    return Code(rung.bend(mu, reading.stream)[0], variance.clamp(min=1e-12).log())


def standardised(kind: str, a: Tensor, b: Tensor, mu: Tensor, logvar: Tensor) -> Code:
    """The posterior of a level in units of its prior N(mu, exp logvar): that of h = (z - mu) exp(-logvar / 2).

    ``a`` and ``b`` are what the encoder says; see the head of this file for what the ``kind`` makes of them.
    """
    if kind == "residual":
        return Code(a, b)
    away = (a - mu) * (-0.5 * logvar).exp()
    if kind == "plain":
        return Code(away, b - logvar)
    return Code((logvar - b).sigmoid() * away, -F.softplus(logvar - b))


def _ladder(config: HierarchicalVAEConfig, spec: DataSpec) -> DenseLadder | ConvLadder:
    conv = config.network == "conv" or (config.network == "auto" and spec.size > DENSE_SIZE)
    if conv and spec.kind is Kind.IMAGE:
        return ConvLadder(
            spec.shape,
            config.latent_size,
            config.levels,
            config.channels,
            config.width,
            config.depth,
            config.flow_layers,
        )
    sizes = [round(config.latent_size * config.growth**level) for level in range(config.levels)]
    return DenseLadder(spec.shape, sizes, 8 * config.width, config.depth, config.flow_layers)
