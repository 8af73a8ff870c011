"""Unpaired translation between two groups of pictures (Zhu et al. 2017, arXiv:1703.10593, CycleGAN).

The groups A and B are values of one attribute, such as dark and blond hair. No picture of one has its counterpart in
the other, so nothing says what a translation should be but that it passes for a picture of the other group, that the
way back leads to where it came from, and that what is of the group already stays as it is. With generators F: A -> B
and G: B -> A, critics D_A and D_B that score patches, and losses as in ``genplay.nn.adversarial``,

    critics     L_D(D_B(b), D_B(F(a))) + L_D(D_A(a), D_A(G(b)))
    generators  L_G(D_B(F(a))) + L_G(D_A(G(b)))
                + lambda (E |G(F(a)) - a|_1 + E |F(G(b)) - b|_1)
                + mu (E |F(b) - b|_1 + E |G(a) - a|_1)

A generator adds to its picture, F(a) = a + U(a), and starts as the identity: both last terms are 0 before the first
step. The penalty R1 takes the place of the pool of earlier translations by which Zhu et al. keep the critics calm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Objective
from genplay.nn.adversarial import LOSSES, generator_loss
from genplay.nn.critics import PatchCritic
from genplay.nn.translator import D, G, Translator
from genplay.nn.unet import UNet

MOST_BATCHES = 16  # that a step takes, so that a rare group is met
Sides = tuple[Tensor, Tensor]  # of the first group, and of the second
LENT = 4  # pictures of the bank that stand in for a group the batch has none of
MEMORY = 0.05  # how fast the mean brightness follows


@dataclass(frozen=True)
class CycleGANConfig:
    """Which groups are translated into one another, and the rules of the game."""

    attribute: str = knob(
        "", "attribute", "whose values are the groups, such as hair_color; empty: the first one",
        example="the first one",
    )  # fmt: skip
    source: str = knob(
        "", "from", "values of the first group, such as black,brown; empty: all that are not in the second, or half",
        example="half of the values",
    )  # fmt: skip
    target: str = knob(
        "", "to", "values of the second group, such as blond; empty: all that are not in the first",
        example="all other values",
    )  # fmt: skip
    cycle: float = knob(
        10.0, "cycle", "weight of the difference after going there and back", low=0.0, high=100.0, live=True
    )
    identity: float = knob(
        5.0, "identity", "weight of what is changed in pictures of the group already", low=0.0, high=100.0, live=True
    )
    width: int = knob(24, "width", "channels at the highest resolution of all networks", low=8, high=256, scale="log")
    blocks: int = knob(1, "blocks", "residual blocks at each resolution of the generators, each way", low=1, high=4)
    patch: int = knob(
        2, "patch", "halvings of the critics: one score is of 10 pixels a side after one, of 20 after two",
        low=1, high=4,
    )  # fmt: skip
    loss: str = knob("non-saturating", "loss", "what the players minimise", choices=LOSSES)
    players: str = knob(
        "both", "who trains", "both players, or one while the other waits", choices=("both", D, G), live=True
    )
    discriminator_rate: float = knob(
        1.0, "rate of D", "learning rate of the critics over that of the generators", low=0.05, high=20.0,
        scale="log", live=True,
    )  # fmt: skip
    momentum: float = knob(
        0.0, "momentum", "beta_1 of AdamW for both players; much of it makes the game swing", low=0.0, high=0.95,
        live=True,
    )  # fmt: skip
    r1: float = knob(
        1.0, "R1", "gamma of gamma / 2 |grad D|^2 at real pictures (Mescheder et al. 2018)", low=0.0, high=100.0,
        live=True,
    )  # fmt: skip
    lazy: int = knob(
        4, "R1 every", "R1 is taken every so many steps, as much stronger (Karras et al. 2020)",
        low=1, high=32, unit="steps", live=True,
    )  # fmt: skip


@dataclass(frozen=True)
class CycleSampling:
    """Which way samples are translated."""

    direction: str = knob(
        "there", "direction", "from the first group to the second, or back", choices=("there", "back"),
        titles=("From first to second", "From second to first"),
    )  # fmt: skip


@dataclass(frozen=True)
class Groups:
    """Two groups of pictures: label values ``first`` and ``second`` of the attribute in ``column``, with names.

    ``column`` -1 stands for data without attributes, whose groups are its darker and its brighter pictures.
    """

    column: int
    first: tuple[int, ...] = ()
    second: tuple[int, ...] = ()
    names: tuple[str, str] = ("dark pictures", "bright pictures")
    share: float = 0.5  # of all values that the smaller group has


def groups_of(config: CycleGANConfig, spec: DataSpec) -> Groups:
    """The groups that a config means for some data; raises ``BadInput`` naming what there is.

    >>> spec = DataSpec(Kind.IMAGE, (3, 16, 16), (Attribute("hair", ("black", "brown", "blond")),))
    >>> groups_of(CycleGANConfig(target="blond"), spec).names
    ('black, brown', 'blond')
    """
    if not spec.attributes and not (config.attribute or config.source or config.target):
        return Groups(-1)
    column = _column(config.attribute, spec)
    attribute = spec.attributes[column]
    first, second = _values(config.source, attribute, "source"), _values(config.target, attribute, "target")
    every = tuple(range(len(attribute.values)))
    if not first and not second:
        first = every[: len(every) // 2]
    first = first or tuple(v for v in every if v not in second)
    second = second or tuple(v for v in every if v not in first)
    if not first or not second or set(first) & set(second):
        raise BadInput(
            f"source and target must be different values of {attribute.name}: {', '.join(attribute.values)}."
        )
    names = tuple(", ".join(attribute.values[v] for v in side) for side in (first, second))
    return Groups(column, first, second, names, min(len(first), len(second)) / len(every))  # type: ignore[arg-type]


def _column(name: str, spec: DataSpec) -> int:
    """The column of a named attribute, or of the first one with two values or more."""
    known = [a.name for a in spec.attributes if len(a.values) > 1]
    if (name and name not in known) or not known:
        raise BadInput(f"There is no attribute {name!r:.60} with two values; known: {', '.join(known) or 'none'}.")
    return [a.name for a in spec.attributes].index(name or known[0])


def _values(text: str, attribute: Attribute, knob_name: str) -> tuple[int, ...]:
    """The labels of values separated by commas."""
    wanted = [word.strip() for word in text.split(",") if word.strip()]
    for word in wanted:
        if word not in attribute.values:
            known = ", ".join(attribute.values)
            raise BadInput(f"{knob_name}: {attribute.name} has no value {word!r:.60}; known: {known}.")
    return tuple(dict.fromkeys(attribute.values.index(word) for word in wanted))


class CycleGAN(Translator):
    """Turns pictures of one group into pictures of another, and back, without a single pair to learn from."""

    name = "cycle_gan"
    title = "CycleGAN"
    colour = "#B4770A"
    summary = "Makes one group of pictures another, such as dark hair blond, without any pairs to learn from."
    order = 23
    kinds = (Kind.IMAGE,)
    third = "round trip"
    generator: nn.ModuleList
    discriminator: nn.ModuleList
    Config: ClassVar[type[Any]] = CycleGANConfig
    SampleConfig: ClassVar[type[Any]] = CycleSampling
    headlines = ("cycle L1", f"loss {G}")
    held_out = ("cycle L1",)
    plots = (
        Plot("L1 there and back", ("cycle L1", "held-out cycle L1"), labels=("training", "held-out")),
        Plot("changed", ("changed", "identity L1"), labels=("translated", "of the group")),
        Plot("losses", (f"loss {D}", f"loss {G}", "penalty"), labels=("D", "G", "penalty")),
        Plot("D accuracy", ("D accuracy real", "D accuracy fake"), labels=("real", "generated")),
        Plot("gradient norms", (f"gradient norm {D}", f"gradient norm {G}"), labels=("D", "G")),
    )
    presets = (
        Preset(
            "quick", "Two groups", "Half of the values of an attribute into the rest: of faces, dark hair to bright.",
            {"width": 16}, {"learning_rate": 1e-3, "batch_size": 16, "ema": 0.995, "warmup": 0, "cooldown": 0.3},
        ),
    )  # fmt: skip

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        widths = (config.width, 2 * config.width)
        channels = spec.shape[0]
        self.generator = nn.ModuleList(UNet(spec, widths, config.blocks, conditional=False) for _ in range(2))
        self.discriminator = nn.ModuleList(
            PatchCritic(channels, spec.shape, config.width, config.patch) for _ in range(2)
        )
        self.register_buffer("brightness", torch.zeros(()))  # the mean, where that parts the groups
        self.brightness: Tensor

    @cached_property
    def groups(self) -> Groups:
        """What the settings mean for the data."""
        return groups_of(self.config, self.spec)

    @property
    def ways(self) -> tuple[str, ...]:
        """From the first group to the second, and back."""
        first, second = self.groups.names
        return f"{first} → {second}", f"{second} → {first}"

    @property
    def takes_labels(self) -> bool:
        return False

    @property
    def batches_per_step(self) -> int:
        """As many as bring a batch of the smaller group on average."""
        return max(1, min(MOST_BATCHES, round(1 / self.groups.share)))

    def group_of(self, x: Tensor, labels: Tensor) -> Tensor:
        """0 for pictures of the first group, 1 for the second, -1 for neither, (B,)."""
        if self.groups.column < 0:
            return (x.float().flatten(1).mean(1) > self.brightness).long()
        label = labels[:, self.groups.column]
        group = torch.full_like(label, -1)
        for number, values in enumerate((self.groups.first, self.groups.second)):
            for value in values:
                group[label == value] = number
        return group

    # ---- the game

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """Both critics, then both generators, whose first pass serves both players."""
        a, b = self._sides(batch, generator)
        to_b, same_b = self._turned(torch.cat([a, b]), 0).split([len(a), len(b)])
        to_a, same_a = self._turned(torch.cat([b, a]), 1).split([len(b), len(a)])
        if self.config.players != G:
            pairs = ((a, to_a.detach()), (b, to_b.detach()))
            contests = [self.contest(critic, *pair, batch.step) for critic, pair in zip(self.discriminator, pairs)]
            yield self.critics_objective(contests, batch.step)
        if self.config.players != D:
            yield self._generate((a, b), (to_a, to_b), (same_a, same_b))

    def _sides(self, batch: Batch, generator: Generator) -> list[Tensor]:
        """The pictures of both groups in a batch, as many as make one batch; some of the bank where there are none."""
        if self.training and self.groups.column < 0:
            with torch.no_grad():
                self.brightness.lerp_(batch.x.float().mean(), MEMORY if int(self.banks[0].filled) else 1.0)  # type: ignore[arg-type]
        group = self.group_of(batch.x, batch.labels)
        most = max(1, len(batch.x) // self.batches_per_step)
        sides = []
        for number, bank in enumerate(self.banks):
            x = batch.x[group == number][:most]
            if self.training:
                bank.take_in(x)  # type: ignore[operator]
            sides.append(x if len(x) else bank.draw(LENT, generator))  # type: ignore[operator]
        return sides

    def _generate(self, real: Sides, made: Sides, same: Sides) -> Objective:
        """For pictures of A and B, what was made to pass for each, and what was made of each where nothing need be."""
        config, (a, b), (to_a, to_b) = self.config, real, made
        critic_a, critic_b = self.discriminator
        game = generator_loss(config.loss, critic_b(to_b).float()) + generator_loss(config.loss, critic_a(to_a).float())
        cycle = difference(self._turned(to_b, 1), a) + difference(self._turned(to_a, 0), b)
        identity = difference(same[1], b) + difference(same[0], a)
        terms: dict[str, Tensor | float] = {
            f"loss {G}": game.detach() / 2,
            "cycle L1": cycle.detach() / 2,
            "identity L1": identity.detach() / 2,
            "changed": (difference(to_b, a) + difference(to_a, b)).detach() / 2,
        }
        return Objective(game + config.cycle * cycle + config.identity * identity, G, terms)

    def _turned(self, x: Tensor, way: int) -> Tensor:
        return x + self.generator[way](x, x.new_zeros(len(x))).float()

    # ---- what others ask

    def _way(self, config: Any) -> int:
        return int(config.direction == "back")

    def translate(self, x: Tensor, labels: Tensor | None, generator: Generator, way: int = 0) -> Tensor:
        """F(x) (B, C, H, W), or with ``way`` 1 the other generator's G(x)."""
        return self._turned(x, way)

    def judged(self, source: Tensor, x: Tensor, way: int = 0) -> Tensor:
        """The mean score (B,) of the patches, by the critic of the group that the way leads to."""
        score: Tensor = self.discriminator[1 - way](x)
        return score.float().flatten(1).mean(1)

    def critic(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores (B,) of pictures of either group: the better of the two critics' scores."""
        return torch.maximum(self.judged(x, x, 0), self.judged(x, x, 1))


def difference(x: Tensor, y: Tensor) -> Tensor:
    """The mean |x - y|."""
    return (x - y).abs().mean()
