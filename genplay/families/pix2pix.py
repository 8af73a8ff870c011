"""Pix2Pix (Isola et al. 2017, arXiv:1611.07004): a conditional GAN from pictures that lack something to whole ones.

The data gives y, and x = degrade(y) is made of it on the fly (``genplay.nn.degrade``). The generator is a U-Net with
skips that is told x, and labels if wanted; it adds what is missing: G(x) = x + U(x). The discriminator sees pairs and
scores each patch of them. With s = D(x, y), both as in ``genplay.nn.adversarial``,

    D:  L_D(s(x, y), s(x, G(x)))          G:  L_G(s(x, G(x))) + lambda E |y - G(x)|_1

The L1 term alone gives the median of what is possible, which is blurred or drab where much is possible; the game makes
the generator decide. Like the original it has no noise to vary its answer with: an input has one output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import NoConfig, Objective
from genplay.nn.adversarial import LOSSES, generator_loss
from genplay.nn.critics import PatchCritic
from genplay.nn.degrade import STRONGEST, WAYS
from genplay.nn.embeddings import drop_labels
from genplay.nn.translator import D, G, Translator
from genplay.nn.unet import UNet

TITLES = ("Grey", "Other colours", "Low resolution", "Edges", "Holes", "Noise")
TARGETS = {"grey": "colour", "recolour": "true colours", "low-res": "sharp", "edges": "picture", "holes": "whole",
           "noise": "clean"}  # fmt: skip


@dataclass(frozen=True)
class Pix2PixConfig:
    """What is taken from the pictures, and the rules of the game about giving it back."""

    task: str = knob(
        "grey", "task", "what the generator is given of a picture, and has to make the picture of",
        choices=tuple(WAYS), titles=TITLES,
    )  # fmt: skip
    l1: float = knob(
        30.0, "L1", "weight of the mean difference to the true picture, beside the game with D", low=0.0, high=200.0,
        live=True,
    )  # fmt: skip
    adversarial: float = knob(
        1.0, "game", "weight of the game in what the generator minimises; 0 leaves the difference alone",
        low=0.0, high=10.0, live=True,
    )  # fmt: skip
    width: int = knob(24, "width", "channels at the highest resolution of both networks", low=8, high=256, scale="log")
    blocks: int = knob(1, "blocks", "residual blocks at each resolution of the generator, each way", low=1, high=4)
    patch: int = knob(
        1, "patch", "halvings of the discriminator: one score is of 10 pixels a side after one, of 20 after two",
        low=1, high=4,
    )  # fmt: skip
    loss: str = knob("non-saturating", "loss", "what the players minimise", choices=LOSSES)
    players: str = knob(
        "both", "who trains", "both players, or one while the other waits", choices=("both", D, G), live=True
    )
    discriminator_rate: float = knob(
        1.0, "rate of D", "learning rate of the discriminator over that of the generator", low=0.05, high=20.0,
        scale="log", live=True,
    )  # fmt: skip
    momentum: float = knob(
        0.5, "momentum", "beta_1 of AdamW for both players; the difference likes it, the game less of it",
        low=0.0, high=0.95, live=True,
    )  # fmt: skip
    r1: float = knob(
        0.3, "R1", "gamma of gamma / 2 |grad D|^2 at real pairs (Mescheder et al. 2018)", low=0.0, high=100.0, live=True
    )
    lazy: int = knob(
        4, "R1 every", "R1 is taken every so many steps of D, as much stronger (Karras et al. 2020)",
        low=1, high=32, unit="steps", live=True,
    )  # fmt: skip
    conditional: bool = knob(
        False, "conditional", "tell the generator attributes, so that a hair colour can be asked for"
    )


TRAINING: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 32, "ema": 0.995, "warmup": 0, "cooldown": 0.3}


class Pix2Pix(Translator):
    """Gives pictures back what was taken from them."""

    name = "pix2pix"
    title = "Pix2Pix"
    colour = "#F4B266"
    summary = "Gives pictures back what was taken from them: colour, pixels, or a part; a critic keeps them crisp."
    order = 22
    kinds = (Kind.IMAGE,)
    Config: ClassVar[type[Any]] = Pix2PixConfig
    SampleConfig: ClassVar[type[Any]] = NoConfig
    held_out = ("L1",)
    plots = (
        Plot("L1 to the truth", ("L1", "held-out L1"), labels=("training", "held-out")),
        Plot("losses", (f"loss {D}", f"loss {G}", "penalty"), labels=("D", "G", "penalty")),
        Plot("D accuracy", ("D accuracy real", "D accuracy fake"), labels=("real", "generated")),
        Plot("gradient norms", (f"gradient norm {D}", f"gradient norm {G}"), labels=("D", "G")),
    )
    presets = (
        Preset("quick", "Colourise", "Grey pictures get their colours back.", {"task": "grey"}, TRAINING),
        Preset("sharpen", "Sharpen", "A sixteenth of the pixels becomes all of them.", {"task": "low-res"}, TRAINING),
        Preset("complete", "Complete", "A quarter of the picture is missing.", {"task": "holes"}, TRAINING),
        Preset("edges", "Draw from edges", "Lines become a picture.", {"task": "edges"}, TRAINING),
        Preset(
            "conditional", "Colour by wish", "Grey pictures get the colours that are asked for.",
            {"task": "grey", "conditional": True}, TRAINING,
        ),
    )  # fmt: skip

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        widths = (config.width, 2 * config.width)
        self.generator = UNet(spec, widths, config.blocks, conditional=self.conditional)
        self.discriminator = PatchCritic(2 * spec.shape[0], spec.shape, config.width, config.patch)

    @property
    def ways(self) -> tuple[str, ...]:
        """The task and what comes of it."""
        return (f"{self.config.task} → {TARGETS[self.config.task]}",)

    @property
    def takes_labels(self) -> bool:
        return self.conditional

    # ---- the game

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The discriminator on pairs, then the generator, whose one pass serves both."""
        y, config = batch.x, self.config
        x = self.degrade(y, generator)
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        if self.training:
            self.banks[0].take_in(y)  # type: ignore[operator]
        fake = self._made(x, labels)
        if config.players != G:
            contest = self.contest(lambda seen: self._scores(x, seen), y, fake.detach(), batch.step)
            yield self.critics_objective([contest], batch.step)
        if config.players != D:
            yield self._generate(x, y, fake)

    def _generate(self, x: Tensor, y: Tensor, fake: Tensor) -> Objective:
        config = self.config
        difference = (fake - y).abs().mean()
        game = generator_loss(config.loss, self._scores(x, fake).float())
        loss = config.l1 * difference + config.adversarial * game
        return Objective(loss, G, {"L1": difference.detach(), f"loss {G}": game.detach()})

    def _scores(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of the patches (B, h, w) of pairs."""
        score: Tensor = self.discriminator(torch.cat([x, y], 1))
        return score

    def _made(self, x: Tensor, labels: Tensor | None) -> Tensor:
        told = self.labels(labels, len(x)) if self.conditional else None
        return x + self.generator(x, x.new_zeros(len(x)), told).float()

    # ---- what others ask

    def degrade(self, x: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
        """What the generator is given of pictures (B, C, H, W): as in training at strength 1, all of them at 0."""
        return WAYS[self.config.task](x, generator, min(max(strength, 0.0), STRONGEST))

    def begun(self, x: Tensor, generator: Generator, strength: float = 1.0) -> Tensor:
        return self.degrade(x, generator, strength)

    def translate(self, x: Tensor, labels: Tensor | None, generator: Generator, way: int = 0) -> Tensor:
        """G(x) (B, C, H, W)."""
        return self._made(x, labels)

    def judged(self, source: Tensor, x: Tensor, way: int = 0) -> Tensor:
        """The mean score (B,) of the patches of pairs."""
        return self._scores(source, x).float().flatten(1).mean(1)

    def critic(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores (B,) of pictures that come without an input: each is paired with what is left of itself."""
        return self.judged(self.degrade(x, torch.Generator().manual_seed(0)), x)
