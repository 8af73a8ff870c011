"""Generative adversarial networks (Goodfellow et al. 2014, arXiv:1406.2661).

A generator G turns codes z ~ N(0, I) into samples; a discriminator D scores samples, higher for what it takes as real.
What the two minimise is in ``genplay.nn.adversarial``. What keeps the game going is added to that: penalties on the
gradient of D, statistics of the batch, packing, unrolling and more; each is a knob whose help says what it does and a
remedy that a run in trouble can be forked with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Frame, Model, Objective, Pace
from genplay.nn.adversarial import (
    LOSSES,
    discriminator_loss,
    distance_from_one,
    generator_loss,
    growth,
    normal,
    normal_like,
    sameness,
    signed,
    squared_slope,
    unrolled,
)
from genplay.nn.critics import Critic, Head, PictureTrunk, PointTrunk
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.generators import ConvGenerator, DenseGenerator, StyleGenerator
from genplay.nn.inversion import nearest, search
from genplay.nn.spectral import normalise

G, D = "generator", "discriminator"
AXES_EVERY, AXES_FROM = 200, 2048  # steps between looks at the principal axes of w, and codes they are found from
MEAN_MEMORY = 0.01
INVERSION_TRIES = 64  # codes, of which the search for a picture's begins at the best


@dataclass(frozen=True)
class GANConfig:
    """What a GAN is, and the rules of its game."""

    network: str = knob(
        "auto", "networks", "auto takes the mlp for points and dcgan for pictures; style maps z to styles first",
        choices=("auto", "mlp", "dcgan", "style"),
    )  # fmt: skip
    latent_size: int = knob(16, "latent size", "numbers in a code z", low=2, high=128)
    width: int = knob(
        32, "width", "channels at the highest resolution, four times as many units in dense layers",
        low=4, high=256, scale="log",
    )  # fmt: skip
    depth: int = knob(3, "depth", "hidden dense layers of each player, or of the mapping to styles", low=1, high=8)
    loss: str = knob("non-saturating", "loss", "what the players minimise", choices=LOSSES)
    players: str = knob(
        "both", "who trains", "both players, or one while the other waits",
        choices=("both", D, G), live=True,
    )  # fmt: skip
    critic_steps: int = knob(
        1, "critic steps", "steps of the discriminator before each one of the generator", low=1, high=20, live=True
    )
    discriminator_rate: float = knob(
        1.0, "rate of D", "learning rate of the discriminator over that of the generator (two time-scales: Heusel et "
        "al. 2017)", low=0.05, high=20.0, scale="log", live=True,
    )  # fmt: skip
    momentum: float = knob(
        0.0, "momentum", "beta_1 of AdamW for both players; much of it makes the game swing", low=0.0, high=0.95,
        live=True,
    )  # fmt: skip
    label_smoothing: float = knob(
        0.0, "label smoothing", "real data counts as 1 less this for D (Salimans et al. 2016)", low=0.0, high=0.4,
        live=True,
    )  # fmt: skip
    instance_noise: float = knob(
        0.0, "instance noise", "standard deviation of noise on all that D sees (Sønderby et al. 2017)",
        low=0.0, high=1.0, live=True,
    )  # fmt: skip
    weight_clip: float = knob(
        0.0, "weight clip", "D's weights are kept within this of 0 (Arjovsky et al. 2017); 0 turns it off",
        low=0.0, high=1.0, live=True,
    )  # fmt: skip
    gradient_penalty: float = knob(
        0.0, "gradient penalty", "weight of (|grad D| - 1)^2 between real and generated (WGAN-GP: Gulrajani et al. "
        "2017)", low=0.0, high=100.0, live=True,
    )  # fmt: skip
    r1: float = knob(
        0.0, "R1", "gamma of gamma / 2 |grad D|^2 at real data (Mescheder et al. 2018)", low=0.0, high=100.0, live=True
    )
    r2: float = knob(
        0.0, "R2", "gamma of gamma / 2 |grad D|^2 at generated data (Mescheder et al. 2018)", low=0.0, high=100.0,
        live=True,
    )  # fmt: skip
    lazy: int = knob(
        1, "penalty every", "R1 and R2 are taken every so many steps of D, as much stronger (Karras et al. 2020)",
        low=1, high=32, unit="steps", live=True,
    )  # fmt: skip
    spectral_norm: bool = knob(
        False, "spectral norm", "each layer of D is divided by its largest singular value (Miyato et al. 2018)",
        live=True,
    )  # fmt: skip
    minibatch_discrimination: bool = knob(
        False, "minibatch discrimination", "D is told how close a sample is to the others (Salimans et al. 2016)"
    )
    minibatch_deviation: bool = knob(
        False, "minibatch deviation", "D is told how much the batch varies (Karras et al. 2018)"
    )
    packing: int = knob(1, "packing", "samples that D judges together (PacGAN: Lin et al. 2018)", low=1, high=8)
    mode_seeking: float = knob(
        0.0, "mode seeking", "weight of |z - z'| / |G(z) - G(z')|, small where codes make a difference (Mao et al. "
        "2019)", low=0.0, high=10.0, live=True,
    )  # fmt: skip
    unrolled: int = knob(
        0, "unrolling", "steps of D that G looks ahead, differentiated through (Metz et al. 2017)", low=0, high=20,
        live=True,
    )  # fmt: skip
    unrolled_rate: float = knob(
        0.1, "unrolling rate", "length of those steps, plain gradient descent", low=1e-4, high=1.0, scale="log",
        live=True, shown_if=("unrolled", tuple(range(1, 21))),
    )  # fmt: skip
    conditional: bool = knob(
        False, "conditional", "give both players the attributes (D by projection: Miyato & Koyama 2018)"
    )
    growing: int = knob(
        0, "growing", "steps spent on each resolution before the next comes in (Karras et al. 2018); 0: all at once",
        low=0, high=100_000, unit="steps", kinds=(Kind.IMAGE,),
    )  # fmt: skip
    mixing: float = knob(
        0.5, "style mixing", "share of samples in training whose fine styles come from another code",
        low=0.0, high=1.0, shown_if=("network", ("style",)), kinds=(Kind.IMAGE,),
    )  # fmt: skip
    codes: str = knob(
        "z", "codes", "what the Latent panel moves: z, the principal axes of the style w (GANSpace: Härkönen et al. "
        "2020), or one such w for the coarse layers and one for the finest (w+)",
        choices=("z", "w", "w+"), live=True, shown_if=("network", ("style",)), kinds=(Kind.IMAGE,),
    )  # fmt: skip


@dataclass(frozen=True)
class GANSampling:
    """How a GAN is sampled."""

    truncation: float = knob(
        1.0, "truncation", "codes, or styles, drawn towards their mean: below 1 is more typical, above 1 more varied",
        low=0.0, high=2.0,
    )  # fmt: skip


POINTS: dict[str, Any] = {"latent_size": 16, "width": 16, "depth": 3}
SLOW_CRITIC: dict[str, Any] = {"momentum": 0.5, "discriminator_rate": 0.2}
FAST: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 256, "ema": 0.998, "warmup": 0}
PICTURES: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 32, "ema": 0.999, "warmup": 0, "cooldown": 0.3}
STYLE: dict[str, Any] = {"network": "style", "latent_size": 32, "width": 32, "minibatch_deviation": True}
REMEDIES = (
    Preset("spectral norm", "spectral norm", "Bounds how steep the discriminator can be.", {"spectral_norm": True}),
    Preset("r1", "R1 penalty", "Flattens the discriminator around real data.", {"r1": 1.0}),
    Preset(
        "gradient penalty", "gradient penalty (WGAN-GP)", "Holds the discriminator's slope near 1 between the two.",
        {"gradient_penalty": 1.0},
    ),
    Preset(
        "two time-scales", "two time-scales (TTUR)", "The discriminator learns twice as fast as the generator.",
        {"discriminator_rate": 2.0},
    ),
    Preset("packing", "packing, 4 at once", "The discriminator judges four samples together.", {"packing": 4}),
    Preset(
        "minibatch discrimination", "minibatch discrimination", "The discriminator sees how alike a batch is.",
        {"minibatch_discrimination": True},
    ),
    Preset(
        "minibatch deviation", "minibatch deviation", "The discriminator sees how much a batch varies.",
        {"minibatch_deviation": True},
    ),
    Preset("unrolled", "unrolled, k = 5", "The generator looks five steps of D ahead.", {"unrolled": 5}),
    Preset("mode seeking", "mode seeking", "Rewards samples that differ where codes do.", {"mode_seeking": 1.0}),
    Preset("instance noise", "instance noise", "Blurs all that the discriminator sees.", {"instance_noise": 0.1}),
    Preset("label smoothing", "label smoothing", "Real data counts as 0.9.", {"label_smoothing": 0.1}),
    Preset(
        "wasserstein", "Wasserstein loss", "The mean difference of scores, with its gradient penalty.",
        {"loss": "wasserstein", "gradient_penalty": 1.0},
    ),
    Preset("averaging", "averaged generator", "Shows the average of the last weights.", {}, {"ema": 0.999}),
)  # fmt: skip


class GAN(Model):
    """Two networks in a contest: one draws, the other tells its drawings from the real thing."""

    name = "gan"
    title = "GAN"
    summary = "Two networks in a contest: sharp samples in one step, and a game that can collapse."
    colour = "#E69F00"
    order = 20
    Config: ClassVar[type[Any]] = GANConfig
    SampleConfig: ClassVar[type[Any]] = GANSampling
    headlines = ("modes covered", f"loss {G}")
    plots = (
        Plot("losses", (f"loss {D}", f"loss {G}", "penalty"), labels=("D", "G", "penalty")),
        Plot("modes covered", ("modes covered",)),
        Plot(
            "samples", ("precision", "recall", "pairwise distance", "high-quality share", "KL to the data's modes"),
            labels=("P", "R", "dist", "good", "KL"),
        ),
        Plot("D accuracy", ("D accuracy real", "D accuracy fake"), labels=("real", "generated")),
        Plot("gradient norms", (f"gradient norm {D}", f"gradient norm {G}"), labels=("D", "G")),
    )  # fmt: skip
    presets = (
        Preset(
            "healthy", "Healthy", "Finds every mode of rings and grids: pairs are judged together, weights averaged.",
            {**POINTS, "packing": 2}, FAST, kinds=(Kind.POINTS,),
        ),
        Preset(
            "collapses", "Collapses", "A slow discriminator: the generator sits on one mode and hops to the next.",
            {**POINTS, **SLOW_CRITIC}, {**FAST, "batch_size": 128, "ema": 0.0}, kinds=(Kind.POINTS,),
        ),
        Preset(
            "pictures", "Healthy pictures", "DCGAN, kept calm by R1.",
            {"network": "dcgan", "width": 24, "latent_size": 32, "r1": 1.0, "lazy": 4, "minibatch_deviation": True},
            PICTURES, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "collapsing pictures", "Collapsing pictures", "A very slow discriminator: soon every code gives one face.",
            {"network": "dcgan", "width": 24, "latent_size": 32, "r1": 1.0, "lazy": 4, "momentum": 0.5,
             "discriminator_rate": 0.1}, {**PICTURES, "ema": 0.0}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "style", "Style-based", "Codes that can be taken apart into coarse and fine; slower than DCGAN.",
            {**STYLE, "r1": 1.0, "lazy": 4}, PICTURES, kinds=(Kind.IMAGE,),
        ),
    )  # fmt: skip
    remedies = REMEDIES

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.network = _network(config.network, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        self.generator, self.style_size = self._make_generator()
        self.labels_in = AttributeEmbedding(spec.attributes, config.latent_size) if self.conditional else None
        self.discriminator = self._make_discriminator()
        normalise(self.discriminator, config.spectral_norm)
        self.register_buffer("grown", torch.zeros((), dtype=torch.int64))
        self.grown: Tensor
        if self.style_size:
            self.register_buffer("w_mean", torch.zeros(self.style_size))
            self.register_buffer("w_axes", torch.eye(self.style_size))
            self.register_buffer("w_scale", torch.ones(self.style_size))
            self.w_mean: Tensor
            self.w_axes: Tensor
            self.w_scale: Tensor

    def _make_generator(self) -> tuple[nn.Module, int]:
        config, shape = self.config, self.spec.shape
        inputs = config.latent_size * (2 if self.conditional else 1)
        if self.network == "mlp":
            return DenseGenerator(inputs, shape, 4 * config.width, config.depth), 0
        if self.network == "dcgan":
            return ConvGenerator(inputs, shape, config.width, config.growing > 0), 0
        size = 2 * config.width
        return StyleGenerator(inputs, shape, size, config.depth, config.width), size

    def _make_discriminator(self) -> Critic:
        config, spec = self.config, self.spec
        trunk: PointTrunk | PictureTrunk
        if self.network == "mlp":
            trunk = PointTrunk(config.packing * spec.size, 4 * config.width, config.depth)
        else:
            trunk = PictureTrunk(config.packing * spec.shape[0], spec.shape, config.width, config.growing > 0)
        head = Head(trunk.features, spec, self.conditional, config.minibatch_discrimination, config.minibatch_deviation)
        return Critic(trunk, head, config.packing)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The two players; the embedding of labels is the generator's."""
        own = [*self.generator.parameters(), *(self.labels_in.parameters() if self.labels_in is not None else ())]
        return {D: list(self.discriminator.parameters()), G: own}

    def pace(self, group: str) -> Pace:
        """AdamW with little or no momentum, and a rate of its own for D."""
        return Pace(self.config.discriminator_rate if group == D else 1.0, (self.config.momentum, 0.99))

    @property
    def batches_per_step(self) -> int:
        return 1 if self.config.players == G else int(self.config.critic_steps)

    @property
    def likes_bf16(self) -> bool:
        return self.network != "mlp"

    @property
    def takes_labels(self) -> bool:
        return self.conditional

    @property
    def threshold(self) -> float:
        """The score half way between what D wants for real and for generated."""
        return 0.5 if self.config.loss == "least squares" else 0.0

    def set_live(self, values: dict[str, Any]) -> None:
        """Change live knobs; spectral normalisation is switched in the layers."""
        super().set_live(values)
        normalise(self.discriminator, self.config.spectral_norm)

    def constants(self) -> set[str]:
        """The noise that samples share."""
        return {name for name, _ in self.named_buffers() if ".noise_" in name}

    # ---- the game ---------------------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The discriminator ``critic_steps`` times, each with data of its own, then the generator once."""
        config, level = self.config, self._level()
        count = self.batches_per_step
        data = list(zip(batch.x.chunk(count), batch.labels.chunk(count)))
        if config.players != G:
            for i, (x, labels) in enumerate(data):
                yield self._discriminate(x, self._asked(labels, generator), generator, level, batch.step * count + i)
                self._clip()
        if config.players != D:
            x, labels = data[-1]
            yield self._generate(x, self._asked(labels, generator), generator, level)
        if self.training:
            self._look_back(batch.step)

    def _discriminate(
        self, x: Tensor, labels: Tensor | None, generator: Generator, level: float | None, count: int
    ) -> Objective:
        with torch.no_grad():
            fake = self._fakes(len(x), labels, generator, level)
        seen, fake = self._noised(x, generator), self._noised(fake, generator)
        real_score, fake_score = self._scores(seen, fake, labels, level)
        loss = discriminator_loss(self.config.loss, real_score, fake_score, self.config.label_smoothing)
        terms: dict[str, Tensor | float] = {
            f"loss {D}": loss.detach(), "D real": self._told(real_score), "D fake": self._told(fake_score)
        }  # fmt: skip
        if self.config.gradient_penalty or self.config.r1 or self.config.r2:
            penalty, terms["penalty"] = self._penalties(seen, fake, labels, generator, level, count)
            loss = loss + penalty
        return Objective(loss, D, terms)

    def _scores(self, x: Tensor, fake: Tensor, labels: Tensor | None, level: float | None) -> tuple[Tensor, Tensor]:
        """Scores of real and generated data: in one pass, or in two where D sees statistics of the batch."""
        critic = self.discriminator
        if critic.head.sees_the_batch or len(x) % critic.packing:
            return critic(x, labels, level).float(), critic(fake, labels, level).float()
        both = None if labels is None else torch.cat([labels, labels])
        real_score, fake_score = critic(torch.cat([x, fake]), both, level).float().chunk(2)
        return real_score, fake_score

    def _told(self, score: Tensor) -> Tensor:
        """The mean score, as the probability of being real where it is a logit."""
        logit = self.config.loss in ("minimax", "non-saturating")
        return (score.detach().sigmoid() if logit else score.detach()).mean()

    def _generate(self, x: Tensor, labels: Tensor | None, generator: Generator, level: float | None) -> Objective:
        config = self.config
        z = normal(len(x), config.latent_size, generator, self.device)
        fake = self._synthesise(z, labels, generator, level)
        seen = self._noised(fake, generator)
        if config.unrolled:
            score = self._ahead(self._noised(x, generator), seen, labels, level)
        else:
            score = self.discriminator(seen, labels, level).float()
        loss = generator_loss(config.loss, score)
        if config.mode_seeking:
            loss = loss + config.mode_seeking * sameness(z, fake)
        return Objective(loss, G)

    def _ahead(self, x: Tensor, fake: Tensor, labels: Tensor | None, level: float | None) -> Tensor:
        """Scores of ``fake`` by D after ``unrolled`` steps of gradient descent, as a function of the generator."""
        critic, config = self.discriminator, self.config
        state = {name: buffer.clone() for name, buffer in critic.named_buffers()}

        def loss(weights: dict[str, Tensor]) -> Tensor:
            real_score, fake_score = (functional_call(critic, (weights, state), (a, labels, level)) for a in (x, fake))
            return discriminator_loss(config.loss, real_score.float(), fake_score.float(), config.label_smoothing)

        weights = unrolled(loss, dict(critic.named_parameters()), config.unrolled, config.unrolled_rate)
        score: Tensor = functional_call(critic, (weights, state), (fake, labels, level))
        return score.float()

    def _penalties(
        self, x: Tensor, fake: Tensor, labels: Tensor | None, generator: Generator, level: float | None, count: int
    ) -> tuple[Tensor, Tensor]:
        """What is added to the loss in this step, and its mean by step: R1 and R2 as they were when last taken."""
        config = self.config
        penalty, told = torch.zeros((), device=self.device), torch.zeros((), device=self.device)

        def score(point: Tensor) -> Tensor:
            return self.discriminator(point, labels, level)

        with torch.autocast(self.device.type, enabled=False):
            if config.gradient_penalty:
                share = torch.rand(len(x), generator=generator, device=generator.device).to(x.device)
                between = fake.lerp(x, share.view(-1, *[1] * (x.dim() - 1)))
                penalty = config.gradient_penalty * distance_from_one(score, between, config.packing)
                told = penalty.detach()
            if count % config.lazy == 0:
                before = penalty.detach()
                for gamma, point in ((config.r1, x), (config.r2, fake)):
                    if gamma:
                        penalty = penalty + gamma / 2 * config.lazy * squared_slope(score, point, config.packing)
                self._taken = (penalty.detach() - before) / config.lazy
        return penalty, told + self._taken

    _taken: Tensor | float = 0.0  # R1 and R2, logged between the steps at which they are taken

    @torch.no_grad()
    def _clip(self) -> None:
        limit = self.config.weight_clip
        if limit:
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-limit, limit)

    def _noised(self, x: Tensor, generator: Generator) -> Tensor:
        sigma = self.config.instance_noise
        return x + sigma * normal_like(x, generator) if sigma else x

    def _asked(self, labels: Tensor, generator: Generator) -> Tensor | None:
        """The labels of data with some set to "any", so that the generator can be asked for any subset."""
        return drop_labels(labels, self.spec.any_labels, generator) if self.conditional else None

    # ---- the generator ----------------------------------------------------------------------------------------

    def _fakes(self, n: int, labels: Tensor | None, generator: Generator, level: float | None) -> Tensor:
        return self._synthesise(normal(n, self.config.latent_size, generator, self.device), labels, generator, level)

    def _synthesise(self, z: Tensor, labels: Tensor | None, generator: Generator | None, level: float | None) -> Tensor:
        """Samples in training: with noise and mixed styles where the generator has them."""
        code = self._told_labels(z, labels)
        if isinstance(self.generator, StyleGenerator):
            w = self.generator.mapping(code)
            styles = self.generator.spread(w)
            if self.training and generator is not None:
                self._remember(w)
                styles = self._mixed(styles, generator)
            x: Tensor = self.generator.synthesis(styles, generator, level)
        elif isinstance(self.generator, ConvGenerator):
            x = self.generator(code, level)
        else:
            x = self.generator(code)
        return x.float()

    def _told_labels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self.labels_in is None:
            return z
        return torch.cat([z, self.labels_in(self.labels(labels, len(z)))], 1)

    def _mixed(self, styles: Tensor, generator: Generator) -> Tensor:
        """Styles (B, L, S) of which some get those of another row from a random layer on."""
        n, layers, _ = styles.shape
        draw = torch.rand(2, n, generator=generator, device=generator.device).to(styles.device)
        cross = 1 + (draw[0] * (layers - 1)).long()
        cross = torch.where(draw[1] < self.config.mixing, cross, layers)
        fine = torch.arange(layers, device=styles.device)[None] >= cross[:, None]
        return torch.where(fine[:, :, None], styles.roll(1, 0), styles)

    @torch.no_grad()
    def _remember(self, w: Tensor) -> None:
        self.w_mean.lerp_(w.float().mean(0), MEAN_MEMORY)

    def _level(self) -> float | None:
        """How far the networks have grown: resolutions from the lowest, the newest blended in; None when whole."""
        if not self.config.growing or self.network == "mlp":
            return None
        levels = self.discriminator.trunk.levels
        assert isinstance(levels, int)
        return growth(int(self.grown) / self.config.growing, levels)

    @torch.no_grad()
    def _look_back(self, step: int) -> None:
        """What a step leaves behind beside the weights: its count, and now and then the principal axes of w."""
        self.grown += 1
        if isinstance(self.generator, StyleGenerator) and step % AXES_EVERY == 0:
            seed = torch.Generator().manual_seed(0)
            z = normal(AXES_FROM, self.config.latent_size, seed, self.device)
            w = self.generator.mapping(self._told_labels(z, None)).float()
            mean = w.mean(0)
            _, scale, axes = torch.linalg.svd((w - mean).double(), full_matrices=False)
            self.w_mean.copy_(mean)
            self.w_axes.copy_(signed(axes).float())
            self.w_scale.copy_((scale / math.sqrt(len(w))).clamp(min=1e-6).float())

    # ---- what others ask --------------------------------------------------------------------------------------

    @property
    def latent_size(self) -> int:
        """Dimensions of the codes in use: those of z, of w, or twice those of w."""
        if not self.style_size or self.config.codes == "z":
            return int(self.config.latent_size)
        return self.style_size * (2 if self.config.codes == "w+" else 1)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples (B, *shape) for codes (B, latent_size)."""
        level = self._level()
        if not isinstance(self.generator, StyleGenerator) or self.config.codes == "z":
            return self._synthesise(z, labels, None, level)
        parts = [self.w_mean + (code * self.w_scale) @ self.w_axes for code in z.split(self.style_size, 1)]
        styles = self.generator.spread(parts[0]).clone()
        styles[:, -1] = parts[-1]
        x: Tensor = self.generator.synthesis(styles, None, level)
        return x.float()

    def sample_steps(self, n: int, config: Any, generator: Generator, labels: Tensor | None = None) -> Iterator[Frame]:
        """One frame: G(z). Truncation scales z, or with styles the distance of w from its mean."""
        z = normal(n, self.config.latent_size, generator, self.device)
        if not isinstance(self.generator, StyleGenerator):
            z = config.truncation * z
            yield Frame(self.decode(z, labels), 0.0, {"z": z})
            return
        w = self.generator.mapping(self._told_labels(z, labels)).float()
        w = self.w_mean + config.truncation * (w - self.w_mean)
        x = self.generator.synthesis(self.generator.spread(w), None, self._level()).float()
        yield Frame(x, 0.0, {"z": self._code(z, w)})

    def _code(self, z: Tensor, w: Tensor) -> Tensor:
        """The code in use of a sample with this z and this style."""
        if self.config.codes == "z":
            return z
        own = (w - self.w_mean) @ self.w_axes.T / self.w_scale
        return own if self.config.codes == "w" else torch.cat([own, own], 1)

    def critic(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores (B,). With packing each sample is judged in the company of copies of itself."""
        packing = self.config.packing
        if packing > 1:
            x = x.repeat_interleave(packing, 0)
            labels = None if labels is None else labels.repeat_interleave(packing, 0)
        known = self.labels(labels, len(x)) if self.conditional else None
        score: Tensor = self.discriminator(x, known, self._level())
        return score.float()

    def invert(self, x: Tensor, labels: Tensor | None, generator: Generator) -> Iterator[Frame]:
        """Codes of ``x`` (B, *shape): see :func:`genplay.nn.inversion.search`."""
        tries = normal(INVERSION_TRIES, self.latent_size, generator, self.device)
        some = labels[:1].expand(len(tries), -1) if labels is not None else None
        with torch.no_grad():
            code = nearest(tries, self.decode(tries, some), x)
        return search(lambda c: self.decode(c, labels), code, x)


def _network(name: str, spec: DataSpec) -> str:
    """The kind of network that a setting means for the data; raises ``BadInput`` where they do not fit."""
    if spec.kind is Kind.IMAGE:
        return "dcgan" if name == "auto" else name
    if name not in ("auto", "mlp"):
        raise BadInput(f"The {name} networks are for pictures; points take the mlp.")
    return "mlp"
