"""Variational autoencoders (Kingma & Welling 2014, arXiv:1312.6114).

A code z ~ N(0, I) is decoded to the distribution p(x | z) of the data; an encoder gives the approximate posterior
q(z | x). Training maximises the evidence lower bound

    ELBO(x) = E_q[log p(x | z) - log q(z | x) + log N(z; 0, I)] = E_q[log p(x | z)] - KL(q(z | x) || N(0, I))
            <= log p(x)

with the KL term weighted by ``beta`` (Higgins et al. 2017), warmed up (Bowman et al. 2016; cyclically: Fu et al. 2019,
arXiv:1903.10145) and kept from falling below a floor, the free bits (Kingma et al. 2016, arXiv:1606.04934). All logged
terms are in nats and unweighted, so they compare between runs of different beta.

The posterior is either normal, N(mu(x), diag exp logvar(x)), or a *flow* posterior (Rezende & Mohamed 2015,
arXiv:1505.05770): a draw h from such a normal goes through one invertible network shared by all x, z = f(h), so that
log q(z | x) = log N(h; mu, exp logvar) - log |det df/dh|, and z is decoded by way of h = f^-1(z). The prior of z stays
N(0, I). Seen from h it is a learnt prior (Chen et al. 2017, arXiv:1611.02731; Tomczak & Welling 2018,
arXiv:1705.07120): f moulds the N(0, I) that is sampled onto where the encoder really puts the data, which closes the
holes between the codes from which a plain VAE draws its bad samples.

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
from genplay.nn.coupling import CouplingFlow
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.mlp import residual_mlp

LOGVAR_RANGE = (-14.0, 6.0)
ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2
COLLAPSE_STEP = 300
FLOW_HIDDEN = 96
DENSE_SIZE = 768


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
        0.0, "free bits", "information a latent dimension (on average, with a flow) may carry before the KL counts",
        low=0.0, high=2.0, unit="nats", live=True,
    )  # fmt: skip
    posterior: str = knob(
        "flow", "posterior",
        "shape of a code's uncertainty: normal, or bent by an invertible network (flow), which gives better samples",
        choices=("flow", "normal"),
    )  # fmt: skip
    flow_layers: int = knob(
        4, "flow layers", "affine couplings of the flow; each makes it more flexible",
        low=1, high=16, shown_if=("posterior", ("flow",)),
    )  # fmt: skip
    likelihood: str = knob(
        "gaussian", "likelihood",
        "distribution of the data around the decoder's output: normal with fixed or learnt spread, or on/off pixels",
        choices=("gaussian", "learned gaussian", "bernoulli"),
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
        32, "width", "8 times as many units in dense layers; half as many channels at the top of convolutional ones",
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
    noise: bool = knob(
        False, "noise", "draw points from the distribution around the decoder's output, not that output itself",
        kinds=(Kind.POINTS,),
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
    held_out = ("elbo",)
    plots = (
        Plot("ELBO terms", ("reconstruction", "kl"), "nats"),
        Plot("ELBO", ("elbo", "held-out elbo"), "nats"),
        Plot("active units", ("active units",), "dimensions"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset("pictures", "Pictures", "Good samples and reconstructions of small pictures.", kinds=(Kind.IMAGE,)),
        Preset(
            "points", "Points", "Two codes for two coordinates: the plane is the whole latent space.",
            {"latent_size": 2, "sigma": 0.03, "flow_layers": 8, "width": 16, "kl_warmup": "none"}, kinds=(Kind.POINTS,),
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
            {"beta": 20.0, "kl_warmup": "none", "sigma": 0.5, "posterior": "normal"},
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
        self.convolutional = pictures and _network(config.network, spec) == "conv"
        condition = 4 * config.width if self.conditional else 0
        build = _conv_networks if self.convolutional else _dense_networks
        self.encoder, self.decoder = build(config, spec, condition)
        if config.posterior == "flow":
            self.flow = CouplingFlow(config.latent_size, config.flow_layers, FLOW_HIDDEN, condition)
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
        return self.spec.kind is Kind.IMAGE

    @property
    def bends(self) -> bool:
        """Whether the posterior is a flow."""
        return self.config.posterior == "flow"

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Code:
        """The posterior q(z | x): mean and log-variance, (B, D) each.

        Of a flow posterior: the image f(mu) of the normal's mean, and the variance of f linearised there.
        """
        condition = self._condition(labels, len(x))
        code = self._encoded(x, condition)
        return self._bent(code, condition) if self.bends else code

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean of p(x | z): (B, D) to (B, *shape) in [-1, 1] (a Gaussian's mean may overshoot slightly)."""
        condition = self._condition(labels, len(z))
        output = self._decoded(self.flow.inverse(z, condition) if self.bends else z, condition)
        return output.sigmoid().mul(2).sub(1) if self.config.likelihood == "bernoulli" else output

    def posterior_draw(self, x: Tensor, generator: Generator, labels: Tensor | None = None) -> Tensor:
        """z ~ q(z | x), (B, D)."""
        condition = self._condition(labels, len(x))
        return self._flow(draw(self._encoded(x, condition), generator), condition)[0]

    def _condition(self, labels: Tensor | None, n: int) -> Tensor | None:
        """The embedded labels, (n, 4 width), or None for a model that is not conditional."""
        return self.embedding(self.labels(labels, n)) if self.conditional else None

    def _encoded(self, x: Tensor, condition: Tensor | None) -> Code:
        """The normal of h, which is z itself where there is no flow."""
        moments = self.encoder(x).float()
        if condition is not None:
            moments = moments + self.encoder_shift(condition).float()
        mu, logvar = moments.chunk(2, 1)
        return Code(mu, logvar.clamp(*LOGVAR_RANGE))

    def _decoded(self, h: Tensor, condition: Tensor | None) -> Tensor:
        return self.decoder(h if condition is None else torch.cat([h, condition], 1))

    def _flow(self, h: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """z = f(h) and log |det df/dh|, in full precision."""
        if not self.bends:
            return h, h.new_zeros(len(h))
        with torch.autocast(h.device.type, enabled=False):
            return self.flow(h, None if condition is None else condition.float())

    def _bent(self, code: Code, condition: Tensor | None) -> Code:
        """The normal nearest to f(h), from central differences one standard deviation wide along every axis of h."""
        mu, logvar = code
        assert logvar is not None
        n, d = mu.shape
        steps = (0.5 * logvar).exp().diag_embed()  # (B, D, D)
        ends = torch.cat([mu[:, None] + steps, mu[:, None] - steps], 1).reshape(2 * n * d, d)
        repeated = None if condition is None else condition.repeat_interleave(2 * d, 0)
        after, before = self._flow(ends, repeated)[0].view(n, 2, d, d).unbind(1)
        variance = ((after - before) / 2).square().sum(1)
        return Code(self._flow(mu, condition)[0], variance.clamp(min=1e-12).log())

    def log_likelihood(self, x: Tensor, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p(x | z) in nats, (B,).

        Gaussian: the log density of x in [-1, 1] with one standard deviation for all dimensions, fixed or learnt
        (sigma-VAE: Rybkin et al. 2021, arXiv:2006.13202). Bernoulli: pixels (x + 1) / 2 as probabilities of being on;
        for pixels that are only on or off it is the log probability of the picture, for grey ones the expected log
        probability of a picture with pixels drawn from them.
        """
        condition = self._condition(labels, len(x))
        return self._fit(x, self.flow.inverse(z, condition) if self.bends else z, condition)

    def _fit(self, x: Tensor, h: Tensor, condition: Tensor | None) -> Tensor:
        """log p(x | h) in nats, (B,)."""
        output = self._decoded(h, condition).float()
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
        """-E_q[log p(x | z)] + w beta sum_d max(KL_d, free bits): w is the KL warm-up, KL_d the mean over the batch.

        With a flow the KL is estimated from the draw, and the floor is under its sum.
        """
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        condition = self._condition(labels, len(batch.x))
        code = self._encoded(batch.x, condition)
        h = draw(code, generator)
        reconstruction = -self._fit(batch.x, h, condition).mean()
        kl, kl_parts, mu = self._divergence(h, code, condition)
        floored = kl_parts.clamp(min=self.config.free_bits).sum()
        if self.bends:
            floored = kl.clamp(min=self.config.free_bits * self.latent_size)
        weight = self.config.beta * warmup(self.config.kl_warmup, self.config.kl_warmup_steps, batch.step)
        terms = self._terms(reconstruction.detach(), kl.detach(), kl_parts.detach(), mu.detach())
        yield Objective(reconstruction + weight * floored, terms=terms)

    def _divergence(self, h: Tensor, code: Code, condition: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """KL(q || N(0, I)) as a batch mean, the part of every dimension (D,), and the posterior means (B, D).

        With a flow the parts are those of normals at f(mu) with the mean square of f(h) - f(mu) as their variance:
        what each dimension tells by itself. Their sum differs from the KL.
        """
        if not self.bends:
            parts = kl_by_dimension(code).mean(0)
            return parts.sum(), parts, code.mu
        twice = None if condition is None else condition.repeat(2, 1)
        (z, mu), (ladj, _) = (t.chunk(2) for t in self._flow(torch.cat([h, code.mu.detach()]), twice))
        kl = (log_normal(h, code) - ladj - log_normal(z)).mean()
        mu, variance = mu.detach(), (z - mu).detach().square().mean(0)
        return kl, kl_by_dimension(Code(mu, variance.clamp(min=1e-12).log())).mean(0), mu

    def _terms(self, reconstruction: Tensor, kl: Tensor, kl_parts: Tensor, mu: Tensor) -> dict[str, Tensor | float]:
        terms: dict[str, Tensor | float] = {
            "reconstruction": reconstruction,
            "kl": kl,
            "elbo": -reconstruction - kl,
            "active units": active_units(mu),
            "kl by dimension": kl_parts,
        }
        if self.config.likelihood == "learned gaussian":
            terms["sigma"] = self._log_sigma().detach().exp().squeeze()
        return terms

    def sample_steps(
        self, n: int, config: VAESampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """One frame: codes from N(0, temperature^2 I), decoded to the means of p(x | z).

        With ``noise`` points are drawn from p(x | z) itself; pictures would only look grainy.
        """
        z = config.temperature * self._noise((n, self.latent_size), generator)
        x = self.decode(z, labels)
        if config.noise and self.spec.kind is Kind.POINTS:
            x = x + self._log_sigma().exp() * self._noise(x.shape, generator)
        yield Frame(x, 0.0, {"z": z})

    def _noise(self, shape: tuple[int, ...], generator: Generator) -> Tensor:
        return torch.randn(shape, generator=generator, device=generator.device).to(self.device)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """The ELBO with one draw from the posterior: a lower bound on log p(x) in expectation, (B,) nats.

        The KL of a normal posterior is in closed form, that of a flow posterior estimated from the draw.
        """
        condition = self._condition(labels, len(x))
        code = self._encoded(x, condition)
        h = draw(code, generator or torch.Generator(self.device))
        if self.bends:
            return self._log_weight(x, h, code, condition)
        return self._fit(x, h, condition) - kl_by_dimension(code).sum(1)

    def importance_bound(self, x: Tensor, labels: Tensor | None, k: int, generator: Generator) -> Tensor:
        """log 1/k sum_i p(x, z_i) / q(z_i | x) with z_i ~ q: (B,) nats.

        A lower bound on log p(x) that rises with k and reaches it (Burda et al. 2016, arXiv:1509.00519); k = 1 is the
        ELBO in expectation.
        """
        condition = self._condition(labels, len(x))
        code = self._encoded(x, condition)
        weights = [self._log_weight(x, draw(code, generator), code, condition) for _ in range(k)]
        return torch.logsumexp(torch.stack(weights).float(), 0) - math.log(k)

    def _log_weight(self, x: Tensor, h: Tensor, code: Code, condition: Tensor | None) -> Tensor:
        """log p(x | z) + log N(z; 0, I) - log q(z | x) at z = f(h), (B,) nats."""
        z, ladj = self._flow(h, condition)
        return self._fit(x, h, condition) + log_normal(z) - log_normal(h, code) + ladj

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Posterior collapse, once fewer than a quarter of the dimensions are active."""
        active = terms.get("active units", math.inf)
        if step < COLLAPSE_STEP or active >= self.latent_size / 4:
            return ()
        text = (
            f"Information in only {active:.0f} of {self.latent_size} latent dimensions: the decoder ignores the "
            "others (posterior collapse). A smaller beta, some free bits (0.1 to 0.5 nats), a longer KL warm-up or a "
            "smaller sigma bring them back; a smaller latent size does away with them."
        )
        knobs = ("beta", "free_bits", "kl_warmup", "sigma", "latent_size")
        return (Notice("warn", "Latent dimensions are idle", text, knobs),)


def _conv_networks(config: VAEConfig, spec: DataSpec, condition: int) -> tuple[nn.Module, nn.Module]:
    channels = config.width // 2
    encoder = ConvEncoder(spec.shape, 2 * config.latent_size, channels)
    return encoder, ConvDecoder(config.latent_size + condition, spec.shape, channels)


def _dense_networks(config: VAEConfig, spec: DataSpec, condition: int) -> tuple[nn.Module, nn.Module]:
    hidden = 8 * config.width
    encoder = nn.Sequential(nn.Flatten(), residual_mlp(spec.size, 2 * config.latent_size, hidden))
    decoder = residual_mlp(config.latent_size + condition, spec.size, hidden)
    return encoder, nn.Sequential(decoder, nn.Unflatten(1, spec.shape))


def _network(wanted: str, spec: DataSpec) -> str:
    """What "auto" stands for: dense layers learn pixel art faster, convolutions draw larger pictures more smoothly."""
    if wanted != "auto":
        return wanted
    return "conv" if spec.kind is Kind.IMAGE and spec.size > DENSE_SIZE else "mlp"


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
