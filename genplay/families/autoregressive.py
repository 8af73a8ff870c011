"""Autoregressive models: one value after another, each given all before it.

    log p(x) = sum_i log p(x_i | x_1 ... x_{i-1})

is exact for any network whose output for place i depends on earlier places only, so these models are trained by their
likelihood itself and nothing else. Points have two places, pictures one a pixel, read row by row. What the network
says of a place is turned into a distribution by a head (``genplay.nn.heads``). Four networks:

- MADE: dense layers with masks (Germain et al. 2015, arXiv:1502.03509);
- the gated PixelCNN: masked convolutions (van den Oord et al. 2016, arXiv:1606.05328);
- a transformer over pixels (Chen et al. 2020, "ImageGPT");
- a transformer over scales, which draws all pixels of a stage at once, given all coarser ones (``genplay.nn.scales``;
  Tian et al. 2024, arXiv:2404.02905).

Sampling goes a place, or a stage, at a time and keeps what it has computed, so that a pixel costs far less than a
whole pass.

Densities are of the data as the model takes it: of points, or of pixels scaled to [-1, 1], where an 8-bit value of
probability P has the density 127.5 P; in bits per dimension (``genplay.metrics.likelihood``) that factor cancels, and
they are the exact code length of the 8-bit picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor

from genplay.contract.capability import Capability
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Frame, Model, Objective, Start
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.heads import Categorical, DiscretisedMixture, Head, NumberMixture, Palette
from genplay.nn.masked import MADE, GatedPixelCNN
from genplay.nn.sampling import sharpened
from genplay.nn.scales import ScaleStream
from genplay.nn.transformer import CausalStream

HEAD_WIDTH = 32  # numbers of the stream that a head of attention looks at
CHANNEL_LOG_SCALE = math.log(127.5)  # of 8-bit values to [-1, 1]


@dataclass(frozen=True)
class AutoregressiveConfig:
    """What an autoregressive model is."""

    network: str = knob(
        "auto", "network", "what looks back at the values so far; auto: made for points, transformer for pictures",
        choices=("auto", "made", "pixelcnn", "transformer", "scales"),
        titles=("auto", "MADE (dense)", "PixelCNN (convolutions)", "transformer", "transformer, scale by scale"),
    )  # fmt: skip
    head: str = knob(
        "palette", "pixels are", "what a pixel is drawn from: the whole colours seen in the data, or levels of each "
        "channel, by a softmax or by a mixture of logistics",
        choices=("palette", "categorical", "mixture"), kinds=(Kind.IMAGE,),
        titles=("colours of a palette", "levels, categorical", "levels, logistic mixture"),
    )  # fmt: skip
    colours: int = knob(
        1024, "colours", "size of the palette; colours of the data beyond it are drawn as their nearest in it",
        low=2, high=4096, scale="log", shown_if=("head", ("palette",)), kinds=(Kind.IMAGE,),
    )  # fmt: skip
    levels: int = knob(
        256, "levels", "steps of brightness of each channel; fewer are easier to learn and coarser",
        low=2, high=256, scale="log", shown_if=("head", ("categorical", "mixture")), kinds=(Kind.IMAGE,),
    )  # fmt: skip
    components: int = knob(10, "components", "logistics in a mixture", low=1, high=64, shown_if=("head", ("mixture",)))
    width: int = knob(
        64, "width", "numbers that stand for a place (made: a quarter of its hidden units)",
        low=16, high=512, scale="log",
    )  # fmt: skip
    depth: int = knob(3, "depth", "layers", low=1, high=16)
    conditional: bool = knob(
        True, "conditional", "give the attributes to the network, so that samples can be asked for by attribute"
    )


@dataclass(frozen=True)
class AutoregressiveSampling:
    """How an autoregressive model is sampled."""

    temperature: float = knob(
        1.0, "temperature", "below 1 values that are likely become more so, above 1 all become more alike",
        low=0.0, high=3.0,
    )  # fmt: skip
    top_k: int = knob(0, "top k", "draw from so many of the likeliest values only; 0: from all", low=0, high=4096)
    top_p: float = knob(
        1.0, "top p", "draw from the fewest values that hold this share of the probability", low=0.0, high=1.0
    )
    frames: str = knob(
        "rows", "frames", "how often a picture is shown while it is drawn", choices=("rows", "pixels"),
        kinds=(Kind.IMAGE,),
    )  # fmt: skip


class _Given(NamedTuple):
    """Values of all places (n, L, parts) and which of them are given (L,), with their colours as they were."""

    values: Tensor
    known: Tensor
    seen: Tensor | None = None


PICTURES = {"learning_rate": 2e-3, "batch_size": 16, "ema": 0.99, "clip": 1.0, "warmup": 50}


class Autoregressive(Model):
    """Draws one value after another, each from a distribution that depends on all before it."""

    name = "autoregressive"
    title = "Autoregressive"
    summary = (
        "Draws pixel after pixel, each given all before it: the likelihood is exact, and a picture can be completed."
    )
    colour = "#F0E442"
    order = 50
    kinds = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = AutoregressiveConfig
    SampleConfig: ClassVar[type[Any]] = AutoregressiveSampling
    density_kind = "exact"
    held_out = ("bits per dimension",)
    completes = True
    plots = (
        Plot("bits per dimension", ("bits per dimension", "held-out bits per dimension"), "bits"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "points", "Points", "Masked dense layers and a mixture for each coordinate.",
            {"width": 64, "depth": 3, "components": 32}, {"batch_size": 256, "ema": 0.999}, kinds=(Kind.POINTS,),
        ),
        Preset(
            "quick", "Quick", "What ships: a small transformer with a palette. Good faces after some minutes on a CPU.",
            {}, PICTURES, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "One layer more, a long average and a slow end. Give it a quarter of an hour or more.",
            {"depth": 4}, {**PICTURES, "ema": 0.998, "cooldown": 0.4}, kinds=(Kind.IMAGE,),
        ),
    )  # fmt: skip

    def __init__(self, config: AutoregressiveConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        pictures = spec.kind is Kind.IMAGE
        kind = {"auto": "transformer" if pictures else "made"}.get(config.network, config.network)
        if kind != "made" and not pictures:
            raise BadInput("Points have two places only; their network is made.")
        self.conditional = config.conditional and bool(spec.attributes)
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, config.width)
        self.head = _head(config, spec)
        self.network = _network(kind, config, spec, config.width if self.conditional else 0)
        self.by_scale = kind == "scales"
        self.stages: list[list[int]] = (
            self.network.stages if self.by_scale else [[place] for place in range(self.network.length)]
        )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Points have no list of values; scale by scale, a pixel does not follow those before it in reading order."""
        listed = {Capability.NEXT_PROBS} if self.spec.kind is Kind.POINTS or self.by_scale else set()
        return super().capabilities - listed

    def constants(self) -> set[str]:
        """All buffers but the palette."""
        return {n for n, _ in self.named_buffers() if n not in ("head.palette", "head.known")}

    # ---- likelihood -------------------------------------------------------------------------------------------

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """log p(x), exact: (B,) nats, of x as the model takes it (pixels scaled to [-1, 1])."""
        return self.log_density_by_place(x, labels).flatten(1).sum(1)

    def log_density_by_place(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The terms of ``log_density``: (B, H, W) nats by pixel, or (B, 2) by coordinate."""
        return self._by_place(x, self._context(labels, len(x)))

    def _by_place(self, x: Tensor, context: Tensor | None) -> Tensor:
        seen = self.seen(x)
        if isinstance(self.head, NumberMixture):
            return self.head.log_prob(self.network(self.head.embed(seen), context), seen)
        features = self.network(self.head.embed(self.head.values(seen)), context)
        nats = self.head.log_colour(features, seen) + self.spec.shape[0] * CHANNEL_LOG_SCALE
        return nats.unflatten(1, self.spec.shape[1:])

    def _context(self, labels: Tensor | None, n: int) -> Tensor | None:
        return self.embedding(self.labels(labels, n)) if self.conditional else None

    def seen(self, x: Tensor) -> Tensor:
        """Data as a head takes it: colours (B, H W, C) from 0 to 255, or numbers (B, 2, 1)."""
        if self.spec.kind is Kind.POINTS:
            return x[..., None]
        return ((x + 1) * 127.5).round().long().clamp(0, 255).flatten(2).transpose(1, 2)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-log p(x), a mean over the batch and all dimensions."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        if self.training and isinstance(self.head, Head):
            self.head.learn(self.seen(batch.x))
        nats = self._by_place(batch.x, self._context(labels, len(batch.x)))
        loss = -nats.flatten(1).sum(1).mean() / self.spec.size
        pixels = self.spec.kind is Kind.IMAGE
        loss = loss + CHANNEL_LOG_SCALE if pixels else loss
        finite = 1 + 0 * batch.x.mean()  # colours are whole numbers, among which a NaN would not be noticed
        yield Objective(loss * finite, terms={"bits per dimension": loss.detach() / math.log(2)})

    # ---- sampling ---------------------------------------------------------------------------------------------

    def sample_steps(
        self,
        n: int,
        config: AutoregressiveSampling,
        generator: Generator,
        labels: Tensor | None = None,
        start: Start | None = None,
    ) -> Iterator[Frame]:
        """A frame a coordinate, row, pixel or stage; what is not drawn yet is 0. ``extras["entropy"]`` (B, H, W) is
        that of each pixel's distribution in bits.

        ``start`` with data ``x`` (1 or n, *shape) and a ``mask`` (*shape) keeps that data where the mask is False:
        what is drawn depends on the kept pixels before it in the order of reading, not on later ones. With
        ``start.rows`` random numbers are drawn for so many rows.
        """
        given = self._given(n, start)
        values, known = given.values.clone(), given.known.clone()
        rows = max(n, start.rows if start else 0)
        open_stages = [i for i, stage in enumerate(self.stages) if not known[stage].all()]
        first, last = (open_stages[0], open_stages[-1]) if open_stages else (0, -1)
        first = 0 if self.by_scale else first
        memory = self._begun(values[:, :first], self._context(labels, n))
        entropy = torch.zeros(n, len(known), device=self.device)
        entry = None
        for i, stage in enumerate(self.stages[first : last + 1], first):
            features = self._next(memory, entry)
            drawn, bits = self.head.draw(features, generator, config.temperature, config.top_k, config.top_p, rows=rows)
            new = ~known[stage]
            places = torch.tensor(stage)[new]
            values[:, places], entropy[:, places] = drawn[:, new], bits[:, new].float()
            known[places] = True
            entry = self.head.embed(values[:, stage])
            if i < last and self._shows(config, i):
                yield self._frame(values, known, given, entropy, 1 - (i + 1) / len(self.stages))
        yield self._frame(values, known, given, entropy, 0.0)

    def _begun(self, values: Tensor, context: Tensor | None) -> Any:
        """The network's memory after the first places' ``values`` (n, P, parts)."""
        if self.by_scale:
            return self.network.start(len(values), context)
        return self.network.start(len(values), context, self.head.embed(values))

    def _next(self, memory: Any, entry: Tensor | None) -> Tensor:
        """Features (n, m, width) of the next stage's places, once the entries of the one before are given."""
        if self.by_scale:
            return self.network.step(memory, entry)
        return self.network.step(memory, None if entry is None else entry[:, 0])[:, None]

    def _given(self, n: int, start: Start | None) -> _Given:
        pictures, length = isinstance(self.head, Head), self.network.length
        if start is None or start.x is None or start.mask is None:
            dtype = torch.int64 if pictures else self.head.leave.weight.dtype
            blank = torch.zeros(n, length, self.head.parts if pictures else 1, dtype=dtype, device=self.device)
            return _Given(blank, torch.zeros(length, dtype=torch.bool))
        seen = self.seen(start.x.expand(n, *self.spec.shape))
        values = self.head.values(seen) if pictures else seen
        return _Given(values, ~start.mask.flatten(1).any(0).cpu(), seen)

    def _shows(self, config: AutoregressiveSampling, stage: int) -> bool:
        if self.spec.kind is Kind.POINTS or self.by_scale or config.frames == "pixels":
            return True
        return (stage + 1) % self.spec.shape[2] == 0

    def _frame(self, values: Tensor, known: Tensor, given: _Given, entropy: Tensor, t: float) -> Frame:
        if self.spec.kind is Kind.POINTS:
            return Frame(values[..., 0].clone(), t)
        colours = self.head.colours(values)
        if given.seen is not None:  # as they are, in a palette or not
            colours = torch.where(given.known.to(colours.device)[:, None], given.seen, colours)
        x = (colours.float() / 127.5 - 1) * known.to(self.device)[:, None]
        x = x.transpose(1, 2).unflatten(2, self.spec.shape[1:])
        return Frame(x, t, {"entropy": entropy.clone().unflatten(1, self.spec.shape[1:])})

    def next_probs(self, x: Tensor, position: int, labels: Tensor | None = None) -> Tensor:
        """What the pixel number ``position``, in reading order, of pictures x (B, C, H, W) is drawn from.

        Returns (B, K, V): for each part of the pixel (see ``genplay.nn.heads``), given the earlier parts as they are
        in x and the pixels before it, the probabilities of the values that ``head.swatches`` shows.
        """
        values = self.head.values(self.seen(x))
        past = self.head.embed(values[:, :position])
        memory = self.network.start(len(x), self._context(labels, len(x)), past)
        features = self.network.step(memory)
        parts = [self.head.logits(features, values[:, position, :k]) for k in range(self.head.parts)]
        return sharpened(torch.stack(parts, 1))[..., : len(self.head.swatches())]


def _head(config: AutoregressiveConfig, spec: DataSpec) -> Any:
    if spec.kind is Kind.POINTS:
        return NumberMixture(config.width, config.components)
    channels = spec.shape[0]
    if config.head == "palette":
        return Palette(channels, config.width, config.colours)
    if config.head == "categorical":
        return Categorical(channels, config.levels, config.width)
    return DiscretisedMixture(channels, config.levels, config.width, config.components)


def _network(kind: str, config: AutoregressiveConfig, spec: DataSpec, context: int) -> Any:
    width, depth = config.width, config.depth
    if kind == "made":
        length = spec.shape[0] if spec.kind is Kind.POINTS else spec.shape[1] * spec.shape[2]
        return MADE(length, width, depth, 4 * width, context)
    height, breadth = spec.shape[1:]
    if kind == "pixelcnn":
        return GatedPixelCNN(height, breadth, width, depth, context)
    heads = max(1, width // HEAD_WIDTH)
    if width % HEAD_WIDTH and width > HEAD_WIDTH:
        raise BadInput(f"The width of a transformer must be a multiple of {HEAD_WIDTH}, not {width}.")
    if kind == "scales":
        return ScaleStream(height, breadth, width, depth, heads, context)
    behind = sorted({1, 2, breadth - 1, breadth, breadth + 1, 2 * breadth} - {0})
    return CausalStream(height * breadth, width, depth, heads, context, behind=behind)
