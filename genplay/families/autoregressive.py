"""Autoregressive models: one value after another, each given all before it.

    log p(x) = sum_i log p(x_i | x_1 ... x_{i-1})

is exact for any network whose output for place i depends on earlier places only, so these models are trained by their
likelihood itself and nothing else. Points have two places, pictures one a pixel, read row by row, texts one a
character. What the network says of a place is turned into a distribution by a head (``genplay.nn.heads``). Four
networks:

- MADE: dense layers with masks (Germain et al. 2015, arXiv:1502.03509);
- the gated PixelCNN: masked convolutions (van den Oord et al. 2016, arXiv:1606.05328);
- a transformer over pixels (Chen et al. 2020, "ImageGPT") or characters;
- a transformer over scales, which draws all pixels of a stage at once, given all coarser ones (``genplay.nn.scales``;
  Tian et al. 2024, arXiv:2404.02905).

Sampling goes a place, or a stage, at a time and keeps what it has computed, so that a pixel costs far less than a
whole pass.

Densities are of the data as the model takes it: of points, or of pixels scaled to [-1, 1], where an 8-bit value of
probability P has the density 127.5 P; in bits per dimension (``genplay.metrics.likelihood``) that factor cancels, and
they are the exact code length of the 8-bit picture.

A text ends with a character of its own, token 0, unless it fills all places. Its probability is that of its characters
and its end; what comes after the end is certain and costs nothing, so that the probabilities of all texts sum to 1.
Bits per character count the end as a character, as a file does that has one text a line.
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
from genplay.core.dataset import Batch, written
from genplay.core.model import Frame, Model, Objective, Start
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.heads import Categorical, Characters, DiscretisedMixture, Head, NumberMixture, Palette
from genplay.nn.masked import MADE, GatedPixelCNN
from genplay.nn.sampling import sharpened
from genplay.nn.scales import ScaleStream
from genplay.nn.transformer import CausalStream

HEAD_WIDTH = 32  # numbers of the stream that a head of attention looks at
NEAR = (1, 2, 3)  # how far back are the characters that a place sees without attention
CHANNEL_LOG_SCALE = math.log(127.5)  # of 8-bit values to [-1, 1]


@dataclass(frozen=True)
class AutoregressiveConfig:
    """What an autoregressive model is."""

    network: str = knob(
        "auto", "network", "what looks back at the values so far; auto: made for points, else a transformer",
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
    components: int = knob(
        10, "components", "logistics in a mixture", low=1, high=64, shown_if=("head", ("mixture",)),
        kinds=(Kind.POINTS, Kind.IMAGE),
    )  # fmt: skip
    width: int = knob(
        64, "width", "numbers that stand for a place (made: a quarter of its hidden units)",
        low=16, high=512, scale="log",
    )  # fmt: skip
    depth: int = knob(3, "depth", "layers", low=1, high=16)
    dropout: float = knob(
        0.0, "dropout", "share of each layer's output left out in training, against learning texts by heart "
        "(transformer)", low=0.0, high=0.8, kinds=(Kind.TOKENS,),
    )  # fmt: skip
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


TEXTS = {"learning_rate": 5e-3, "batch_size": 64, "ema": 0.99, "clip": 1.0, "weight_decay": 0.05, "cooldown": 0.7}
PICTURES = {"learning_rate": 2e-3, "batch_size": 16, "ema": 0.99, "clip": 1.0, "warmup": 50}


class Autoregressive(Model):
    """Draws one value after another, each from a distribution that depends on all before it."""

    name = "autoregressive"
    title = "Autoregressive"
    summary = (
        "Draws pixel after pixel, or letter after letter, each given all before it: the likelihood is exact, and what "
        "is begun can be completed."
    )
    colour = "#F0E442"
    order = 50
    kinds = (Kind.POINTS, Kind.IMAGE, Kind.TOKENS)
    Config: ClassVar[type[Any]] = AutoregressiveConfig
    SampleConfig: ClassVar[type[Any]] = AutoregressiveSampling
    density_kind = "exact"
    held_out = ("bits per dimension",)
    completes = True
    plots = (
        Plot("bits per dimension", ("bits per dimension", "held-out bits per dimension"), "bits"),
        Plot("bits per character", ("bits per character", "held-out bits per character"), "bits"),
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
        Preset(
            "text", "Text", "A small transformer: names that could be real after two minutes on a CPU.",
            {"width": 64, "depth": 2, "dropout": 0.05}, TEXTS, kinds=(Kind.TOKENS,),
        ),
    )  # fmt: skip

    def __init__(self, config: AutoregressiveConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        kind = _kind(config.network, spec.kind)
        if spec.kind is Kind.TOKENS:
            self.held_out = ("bits per character",)
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
        """The terms of ``log_density``: (B, H, W) nats by pixel, (B, 2) by coordinate, or (B, L) by character."""
        return self._by_place(x, self._context(labels, len(x)))

    def _by_place(self, x: Tensor, context: Tensor | None, noise: Generator | None = None) -> Tensor:
        seen = self.seen(x)
        if isinstance(self.head, NumberMixture):
            return self.head.log_prob(self.network(self.head.embed(seen), context), seen)
        drop = {"noise": noise} if isinstance(self.network, CausalStream) else {}
        features = self.network(self.head.embed(self.head.values(seen)), context, **drop)
        nats = self.head.log_colour(features, seen)
        if self.spec.kind is Kind.TOKENS:
            return torch.where(written(seen[..., 0]), nats, 0.0)
        return (nats + self.spec.shape[0] * CHANNEL_LOG_SCALE).unflatten(1, self.spec.shape[1:])

    def _context(self, labels: Tensor | None, n: int) -> Tensor | None:
        return self.embedding(self.labels(labels, n)) if self.conditional else None

    def seen(self, x: Tensor) -> Tensor:
        """Data as a head takes it: colours (B, H W, C) from 0 to 255, numbers (B, 2, 1), or tokens (B, L, 1).

        A character that is not written yet counts as the end.
        """
        if self.spec.kind is Kind.POINTS:
            return x[..., None]
        if self.spec.kind is Kind.TOKENS:
            return torch.where((x > 0) & (x < self.head.vocabulary), x, 0).long()[..., None]
        return ((x + 1) * 127.5).round().long().clamp(0, 255).flatten(2).transpose(1, 2)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-log p(x), a mean over the batch and all dimensions, or over all characters."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        if self.training and isinstance(self.head, Head):
            self.head.learn(self.seen(batch.x))
        nats = self._by_place(batch.x, self._context(labels, len(batch.x)), generator)
        texts = self.spec.kind is Kind.TOKENS
        count = written(self.seen(batch.x)[..., 0]).sum() if texts else len(batch.x) * self.spec.size
        loss = -nats.sum() / count + (CHANNEL_LOG_SCALE if self.spec.kind is Kind.IMAGE else 0.0)
        finite = 1 + 0 * batch.x.float().mean()  # whole numbers, among which a NaN would not be noticed
        yield Objective(loss * finite, terms={f"bits per {self.unit}": loss.detach() / math.log(2)})

    @property
    def unit(self) -> str:
        """What bits are counted by."""
        return "character" if self.spec.kind is Kind.TOKENS else "dimension"

    # ---- sampling ---------------------------------------------------------------------------------------------

    def sample_steps(
        self,
        n: int,
        config: AutoregressiveSampling,
        generator: Generator,
        labels: Tensor | None = None,
        start: Start | None = None,
    ) -> Iterator[Frame]:
        """A frame a coordinate, row, pixel, stage or character; what is not drawn yet is 0, and of a text the token
        after the last. ``extras["entropy"]`` (B, H, W) or (B, L) is that of each place's distribution in bits.

        ``start`` with data ``x`` (1 or n, *shape) and a ``mask`` (*shape) keeps that data where the mask is False:
        what is drawn depends on the kept places before it in the order of reading, not on later ones, but that a text
        does not end before a character that is kept. With ``start.rows`` random numbers are drawn for so many rows.
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
            kept = {"without": 0} if self._goes_on(given, i) else {}
            drawn, bits = self.head.draw(
                features, generator, config.temperature, config.top_k, config.top_p, rows=rows, **kept
            )
            if self.spec.kind is Kind.TOKENS and i:
                ended = values[:, i - 1] == 0
                drawn, bits = drawn.masked_fill(ended[:, None], 0), bits.masked_fill(ended, 0.0)
            new = ~known[stage]
            places = torch.tensor(stage)[new]
            values[:, places], entropy[:, places] = drawn[:, new], bits[:, new].float()
            known[places] = True
            entry = self.head.embed(values[:, stage])
            if i < last and self._shows(config, i):
                yield self._frame(values, known, given, entropy, 1 - (i + 1) / len(self.stages))
        yield self._frame(values, known, given, entropy, 0.0)

    def _goes_on(self, given: _Given, place: int) -> bool:
        """Whether a text may not end at this place, as a later character is kept."""
        return self.spec.kind is Kind.TOKENS and bool((given.values[:, place:, 0] > 0)[:, given.known[place:]].any())

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
        return _Given(values, ~start.mask.reshape(-1, length).any(0).cpu(), seen)

    def _shows(self, config: AutoregressiveSampling, stage: int) -> bool:
        if self.spec.kind is Kind.POINTS or self.by_scale or config.frames == "pixels":
            return True
        return self.spec.kind is Kind.TOKENS or (stage + 1) % self.spec.shape[2] == 0

    def _frame(self, values: Tensor, known: Tensor, given: _Given, entropy: Tensor, t: float) -> Frame:
        if self.spec.kind is Kind.POINTS:
            return Frame(values[..., 0].clone(), t)
        if self.spec.kind is Kind.TOKENS:
            x = torch.where(known.to(self.device), values[..., 0], self.head.vocabulary)
            return Frame(x, t, {"entropy": entropy.clone()})
        colours = self.head.colours(values)
        if given.seen is not None:  # as they are, in a palette or not
            colours = torch.where(given.known.to(colours.device)[:, None], given.seen, colours)
        x = (colours.float() / 127.5 - 1) * known.to(self.device)[:, None]
        x = x.transpose(1, 2).unflatten(2, self.spec.shape[1:])
        return Frame(x, t, {"entropy": entropy.clone().unflatten(1, self.spec.shape[1:])})

    def next_probs(self, x: Tensor, position: int, labels: Tensor | None = None) -> Tensor:
        """What the pixel number ``position``, in reading order, of pictures x (B, C, H, W), or that character of texts
        x (B, L), is drawn from.

        Returns (B, K, V): for each part of the pixel (see ``genplay.nn.heads``), given the earlier parts as they are
        in x and the pixels before it, the probabilities of the values that ``head.swatches`` shows.
        """
        values = self.head.values(self.seen(x))
        past = self.head.embed(values[:, :position])
        memory = self.network.start(len(x), self._context(labels, len(x)), past)
        features = self.network.step(memory)
        parts = [self.head.logits(features, values[:, position, :k]) for k in range(self.head.parts)]
        return sharpened(torch.stack(parts, 1))[..., : len(self.head.swatches())]


def _kind(network: str, kind: Kind) -> str:
    """The network that "auto" means; raises ``BadInput`` for one that does not suit the data."""
    if network == "auto":
        return "made" if kind is Kind.POINTS else "transformer"
    if kind is Kind.POINTS and network != "made":
        raise BadInput("Points have two places only; their network is made.")
    if kind is Kind.TOKENS and network not in ("made", "transformer"):
        raise BadInput("Texts are one row of characters; their network is a transformer, or made.")
    return network


def _head(config: AutoregressiveConfig, spec: DataSpec) -> Any:
    if spec.kind is Kind.POINTS:
        return NumberMixture(config.width, config.components)
    if spec.kind is Kind.TOKENS:
        return Characters(len(spec.vocabulary), config.width)
    channels = spec.shape[0]
    if config.head == "palette":
        return Palette(channels, config.width, config.colours)
    if config.head == "categorical":
        return Categorical(channels, config.levels, config.width)
    return DiscretisedMixture(channels, config.levels, config.width, config.components)


def _network(kind: str, config: AutoregressiveConfig, spec: DataSpec, context: int) -> Any:
    width, depth = config.width, config.depth
    if kind == "made":
        length = spec.shape[1] * spec.shape[2] if spec.kind is Kind.IMAGE else spec.shape[0]
        return MADE(length, width, depth, 4 * width, context)
    if kind == "pixelcnn":
        return GatedPixelCNN(*spec.shape[1:], width, depth, context)  # type: ignore[call-arg,arg-type]
    heads = max(1, width // HEAD_WIDTH)
    if width % HEAD_WIDTH and width > HEAD_WIDTH:
        raise BadInput(f"The width of a transformer must be a multiple of {HEAD_WIDTH}, not {width}.")
    if spec.kind is Kind.TOKENS:
        return CausalStream(spec.shape[0], width, depth, heads, context, behind=NEAR, dropout=config.dropout)
    height, breadth = spec.shape[1:]
    if kind == "scales":
        return ScaleStream(height, breadth, width, depth, heads, context)
    behind = sorted({1, 2, breadth - 1, breadth, breadth + 1, 2 * breadth} - {0})
    return CausalStream(height * breadth, width, depth, heads, context, behind=behind)
