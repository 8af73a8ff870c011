"""Variational autoencoders (Kingma & Welling 2014, arXiv:1312.6114).

A code z ~ N(0, I) is decoded to the distribution p(x | z) of the data; an encoder gives the approximate posterior
q(z | x) = N(mu(x), diag exp logvar(x)). Training maximises the evidence lower bound

    ELBO(x) = E_q[log p(x | z)] - KL(q(z | x) || N(0, I))  <=  log p(x)

with the KL term weighted by ``beta`` (Higgins et al. 2017), warmed up (Bowman et al. 2016; cyclically: Fu et al. 2019,
arXiv:1903.10145) and kept from falling below a floor, the free bits (Kingma et al. 2016, arXiv:1606.04934). All logged
terms are in nats and unweighted, so they compare between runs of different beta.

Densities are of the data as the model takes it: pixels scaled to [-1, 1], or points. The bits per dimension of 8-bit
pixels follow by adding log2(127.5) for the change of scale (``genplay.metrics.likelihood``). The Gaussian densities
are evaluated on the pixel values themselves, without dequantisation noise, and pixel art sits on few values: the
number can then be far below the true code length, so compare it only between models of one kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

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
from genplay.nn.conv import ConvDecoder, ConvEncoder
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.mlp import mlp

LOGVAR_RANGE = (-14.0, 6.0)
ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2
COLLAPSE_STEP = 300


@dataclass(frozen=True)
class VAEConfig:
    """What a VAE is."""

    latent_size: int = knob(24, "latent size", "numbers in a code z", low=2, high=64)
    beta: float = knob(
        1.0, "beta", "weight of the KL term: more for better samples, less for sharper reconstructions",
        low=0.0, high=20.0, live=True,
    )  # fmt: skip
    kl_warmup: str = knob(
        "linear", "KL warm-up", "how the weight of the KL term grows to beta: at once, linearly, or again and again",
        choices=("none", "linear", "cyclical"),
    )  # fmt: skip
    kl_warmup_steps: int = knob(
        500, "warm-up length", "steps until the KL term has its full weight, or of one cycle",
        low=1, high=100_000, scale="log", unit="steps", shown_if=("kl_warmup", ("linear", "cyclical")),
    )  # fmt: skip
    free_bits: float = knob(
        0.0, "free bits", "information a latent dimension may carry before the KL term counts; keeps dimensions alive",
        low=0.0, high=2.0, unit="nats", live=True,
    )  # fmt: skip
    likelihood: str = knob(
        "gaussian", "likelihood",
        "distribution of the data around the decoder's output: normal with fixed or learnt spread, or on/off pixels",
        choices=("gaussian", "learned gaussian", "bernoulli"),
    )  # fmt: skip
    sigma: float = knob(
        0.15, "sigma", "standard deviation of the data around the decoder's output, data being in [-1, 1]",
        low=0.01, high=2.0, scale="log", shown_if=("likelihood", ("gaussian",)),
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "auto takes convolutions for pictures and a fully connected network for points",
        choices=("auto", "mlp", "conv"),
    )  # fmt: skip
    width: int = knob(
        32, "width", "channels of the first convolution (doubled at each halving); an eighth of a dense layer",
        low=4, high=256, scale="log",
    )  # fmt: skip
    conditional: bool = knob(
        False,
        "conditional",
        "give the attributes to encoder and decoder, so that samples can be asked for by attribute",
    )


@dataclass(frozen=True)
class VAESampling:
    """How a VAE is sampled."""

    temperature: float = knob(
        1.0, "temperature", "standard deviation of the codes drawn; below 1 is more typical, above 1 more varied",
        low=0.0, high=2.0,
    )  # fmt: skip


class VAE(Model):
    """Encodes data into a normal code and decodes it again."""

    name = "vae"
    title = "VAE"
    summary = (
        "Squeezes data through a small random code and learns to draw from any code: smooth, draggable, a little soft."
    )
    colour = "#56B4E9"
    order = 10
    kinds = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = VAEConfig
    SampleConfig: ClassVar[type[Any]] = VAESampling
    density_kind = "bound"
    plots = (
        Plot("ELBO terms", ("reconstruction", "kl"), "nats"),
        Plot("ELBO", ("elbo",), "nats"),
        Plot("active units", ("active units",), "dimensions"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset("pictures", "Pictures", "Good samples and reconstructions of small pictures.", kinds=(Kind.IMAGE,)),
        Preset(
            "points", "Points", "Two codes for two coordinates: the plane is the whole latent space.",
            {"latent_size": 2, "sigma": 0.05, "kl_warmup": "none"}, kinds=(Kind.POINTS,),
        ),
        Preset(
            "beta4", "Beta 4", "A heavy KL term: fewer, more separate codes and softer pictures.",
            {"beta": 4.0}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "sigma", "Learnt sigma", "The spread of the pixels is learnt: sharp reconstructions, weaker samples.",
            {"likelihood": "learned gaussian"}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "conditional", "Conditional", "Ask for attributes: the code carries what they leave open.",
            {"conditional": True}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "tiny", "Tiny", "A small dense network with two codes, to see the whole latent plane at once.",
            {"network": "mlp", "width": 8, "latent_size": 2}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "collapses", "Collapses", "Too heavy a KL term: watch the latent dimensions die (posterior collapse).",
            {"beta": 20.0, "kl_warmup": "none", "sigma": 0.5},
        ),
    )  # fmt: skip

    def __init__(self, config: VAEConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        pictures = spec.kind is Kind.IMAGE
        if config.likelihood == "bernoulli" and not pictures:
            raise BadInput("The bernoulli likelihood is for pictures; points need a gaussian one.")
        if config.network == "conv" and not pictures:
            raise BadInput("The conv network is for pictures; points need the mlp.")
        self.conditional = config.conditional and bool(spec.attributes)
        self.convolutional = pictures and config.network != "mlp"
        condition = 4 * config.width if self.conditional else 0
        build = _conv_networks if self.convolutional else _dense_networks
        self.encoder, self.decoder = build(config, spec, condition)
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, condition)
            self.encoder_shift = nn.Linear(condition, 2 * config.latent_size)
        if config.likelihood == "learned gaussian":
            self.log_sigma = nn.Parameter(torch.full((1,), -1.0))

    @property
    def latent_size(self) -> int:
        return self.config.latent_size

    @property
    def likes_bf16(self) -> bool:
        return self.convolutional

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """The posterior q(z | x): mean and log-variance, (B, D) each."""
        moments = self.encoder(x).float()
        if self.conditional:
            moments = moments + self.encoder_shift(self.embedding(self.labels(labels, len(x)))).float()
        mu, logvar = moments.chunk(2, 1)
        return Code(mu, logvar.clamp(*LOGVAR_RANGE))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean of p(x | z): (B, D) to (B, *shape) in [-1, 1] (a Gaussian's mean may overshoot slightly)."""
        output = self._decoded(z, labels)
        return output.sigmoid().mul(2).sub(1) if self.config.likelihood == "bernoulli" else output

    def _decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self.conditional:
            z = torch.cat([z, self.embedding(self.labels(labels, len(z)))], 1)
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p(x | z) in nats, (B,).

        Gaussian: the log density of x in [-1, 1] with one standard deviation for all dimensions, fixed or learnt
        (sigma-VAE: Rybkin et al. 2021, arXiv:2006.13202). Bernoulli: pixels (x + 1) / 2 as probabilities of being on;
        for pixels that are only on or off it is the log probability of the picture, for grey ones the expected log
        probability of a picture with pixels drawn from them.
        """
        output = self._decoded(z, labels).float()
        if self.config.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(output, (x + 1) / 2, reduction="none").flatten(1).sum(1)
        log_sigma = self._log_sigma()
        squares = (x - output).flatten(1).square().sum(1)
        constant = self.spec.size * (log_sigma + 0.5 * math.log(2 * math.pi))
        return -0.5 * squares * (-2 * log_sigma).exp() - constant

    def _log_sigma(self) -> Tensor:
        if self.config.likelihood == "learned gaussian":
            return self.log_sigma.float().clamp(-5.0, 2.0)
        return torch.tensor(math.log(self.config.sigma), device=self.device)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-E_q[log p(x | z)] + w beta sum_d max(KL_d, free bits): w is the KL warm-up, KL_d the mean over the batch."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        code = self.encode(batch.x, labels)
        reconstruction = -self.log_likelihood(batch.x, draw(code, generator), labels).mean()
        kl = kl_by_dimension(code).mean(0)  # (D,)
        weight = self.config.beta * warmup(self.config.kl_warmup, self.config.kl_warmup_steps, batch.step)
        loss = reconstruction + weight * kl.clamp(min=self.config.free_bits).sum()
        yield Objective(loss, terms=self._terms(reconstruction.detach(), kl.detach(), code.mu.detach()))

    def _terms(self, reconstruction: Tensor, kl: Tensor, mu: Tensor) -> dict[str, Tensor | float]:
        total = kl.sum()
        terms: dict[str, Tensor | float] = {
            "reconstruction": reconstruction,
            "kl": total,
            "elbo": -reconstruction - total,
            "active units": active_units(mu),
            "kl by dimension": kl,
        }
        if self.config.likelihood == "learned gaussian":
            terms["sigma"] = self._log_sigma().detach().exp().squeeze()
        return terms

    def sample_steps(
        self, n: int, config: VAESampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """One frame: codes from N(0, temperature^2 I), decoded."""
        z = torch.randn(n, self.latent_size, generator=generator, device=generator.device).to(self.device)
        z = z * config.temperature
        yield Frame(self.decode(z, labels), 0.0, {"z": z})

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """The ELBO with one draw from the posterior and the KL in closed form: a lower bound on log p(x), (B,) nats."""
        code = self.encode(x, labels)
        z = draw(code, generator or torch.Generator(self.device))
        return self.log_likelihood(x, z, labels) - kl_by_dimension(code).sum(1)

    def importance_bound(self, x: Tensor, labels: Tensor | None, k: int, generator: Generator) -> Tensor:
        """log 1/k sum_i p(x, z_i) / q(z_i | x) with z_i ~ q: (B,) nats.

        A lower bound on log p(x) that rises with k and reaches it (Burda et al. 2016, arXiv:1509.00519); k = 1 is the
        ELBO in expectation.
        """
        code = self.encode(x, labels)
        weights = torch.stack([self._log_weight(x, labels, code, generator) for _ in range(k)])  # (k, B)
        return torch.logsumexp(weights.float(), 0) - math.log(k)

    def _log_weight(self, x: Tensor, labels: Tensor | None, code: Code, generator: Generator) -> Tensor:
        z = draw(code, generator)
        return self.log_likelihood(x, z, labels) + log_normal(z) - log_normal(z, code)

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Posterior collapse, once fewer than a quarter of the dimensions are active."""
        active = terms.get("active units", math.inf)
        if step < COLLAPSE_STEP or active >= self.latent_size / 4:
            return ()
        text = (
            f"Only {active:.0f} of {self.latent_size} latent dimensions carry information; the decoder ignores the "
            "others (posterior collapse). A smaller beta, some free bits (0.1 to 0.5 nats), a longer KL warm-up or a "
            "smaller sigma bring them back; a smaller latent size does away with them."
        )
        knobs = ("beta", "free_bits", "kl_warmup", "sigma", "latent_size")
        return (Notice("warn", "Latent dimensions are idle", text, knobs),)


def _conv_networks(config: VAEConfig, spec: DataSpec, condition: int) -> tuple[nn.Module, nn.Module]:
    encoder = ConvEncoder(spec.shape, 2 * config.latent_size, config.width)
    return encoder, ConvDecoder(config.latent_size + condition, spec.shape, config.width)


def _dense_networks(config: VAEConfig, spec: DataSpec, condition: int) -> tuple[nn.Module, nn.Module]:
    hidden = 8 * config.width
    encoder = nn.Sequential(nn.Flatten(), *mlp([spec.size, hidden, hidden, 2 * config.latent_size]))
    decoder = mlp([config.latent_size + condition, hidden, hidden, spec.size])
    return encoder, nn.Sequential(*decoder, nn.Unflatten(1, spec.shape))


def draw(code: Code, generator: Generator) -> Tensor:
    """z = mu + exp(logvar / 2) eps, the reparametrised draw from q(z | x): (B, D)."""
    assert code.logvar is not None
    eps = torch.randn(code.mu.shape, generator=generator, device=generator.device).to(code.mu.device)
    return code.mu + (0.5 * code.logvar).exp() * eps


def kl_by_dimension(code: Code) -> Tensor:
    """KL(N(mu, exp logvar) || N(0, 1)) = (mu^2 + exp logvar - 1 - logvar) / 2 of each dimension: (B, D) nats."""
    assert code.logvar is not None
    return 0.5 * (code.mu.square() + code.logvar.exp() - 1 - code.logvar)


def log_normal(z: Tensor, code: Code | None = None) -> Tensor:
    """log density of z (B, D) under N(mu, diag exp logvar), or under N(0, I) without a code: (B,) nats."""
    mu, logvar = (torch.zeros_like(z), torch.zeros_like(z)) if code is None else code
    assert logvar is not None
    return -0.5 * ((z - mu).square() * (-logvar).exp() + logvar + math.log(2 * math.pi)).sum(1)


def active_units(mu: Tensor) -> Tensor:
    """How many dimensions have Var_x E[z | x] > 0.01 over a batch of posterior means (B, D) (Burda et al. 2016)."""
    return (mu.var(0, correction=0) > ACTIVE_VARIANCE).sum().float()


def warmup(kind: str, length: int, step: int) -> float:
    """The share of beta at a step: linear rises once over ``length`` steps; cyclical rises in the first half of each
    ``length`` steps and stays at 1 in the second."""
    if kind == "linear":
        return min(1.0, step / length)
    if kind == "cyclical":
        return min(1.0, 2 * (step % length) / length)
    return 1.0
