"""Diffusion of discrete values (D3PM: Austin et al. 2021, arXiv:2107.03006).

Noise replaces values by others, each place by itself (``genplay.core.discrete``), and a network that sees all places
says of each which value it had. Every pixel is one colour of a palette, every place of a text one character. Three
kinds of noise:

- absorbing: values vanish behind a mask. This is masked language modelling with a likelihood (Sahoo et al. 2024,
  arXiv:2406.07524; Shi et al. 2024, arXiv:2406.04329);
- uniform: values become any other;
- neighbours: values become similar ones, that are near on a line of greys or in the cube of colours.

Training minimises the variational bound, to which the cross-entropy of x_0 is added (the hybrid loss):

    E_t T KL(q(x_s | x_t, x_0) || p(x_s | x_t)) + lambda E_t [-log p(x_0 | x_t)],   s = t - 1/T

The bound's first and last term are in it: at s = 0 the divergence is -log p(x_0 | x_t), and at t = 1 nothing is left of
the data. Sampling takes any number of steps, as all transitions are known in closed form. Behind masks, the order in
which places come to light is free: at random, or where the network is surest first (MaskGIT: Chang et al. 2022,
arXiv:2202.04200).
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from genplay.contract.capability import Capability
from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core import discrete
from genplay.core.dataset import Batch, written
from genplay.core.discrete import Absorbing, Neighbours, Transition, Uniform
from genplay.core.gaussian import stratified
from genplay.core.guidance import Conditions, kept_labels
from genplay.core.model import Frame, Model, Objective, Start
from genplay.core.training import uses_bf16
from genplay.nn.heads import STRAY, Characters, Palette
from genplay.nn.places import HEAD, PlaceTransformer, PlaceUNet
from genplay.nn.sampling import even, sharpened

CHANNEL_LOG_SCALE = math.log(127.5)  # of 8-bit values to [-1, 1]
CHECKS = (-0.24, 0.0)  # a chessboard of two greys stands where nothing is drawn yet
PIXEL = 32  # numbers that stand for a pixel where it enters and leaves a U-Net
LOOKS = 16  # times at which the bound of an example is looked at
TRANSITIONS = ("absorbing", "uniform", "neighbours")


@dataclass(frozen=True)
class DiscreteDiffusionConfig:
    """What a discrete diffusion model is."""

    transition: str = knob(
        "absorbing", "noise", "what becomes of a value: it vanishes behind a mask, becomes any other, or a similar one",
        choices=TRANSITIONS, titles=("masks (absorbing)", "any value (uniform)", "similar values (neighbours)"),
    )  # fmt: skip
    schedule: str = knob(
        "linear", "schedule", "how the share of values that are kept falls with time",
        choices=tuple(discrete.SCHEDULES), titles=tuple(discrete.SCHEDULES.values()),
    )  # fmt: skip
    timesteps: int = knob(1000, "timesteps", "steps of the chain that is learnt", low=1, high=10_000, scale="log")
    objective: str = knob(
        "hybrid", "objective", "the variational bound with some cross-entropy, or the cross-entropy alone, which "
        "weighs all times alike", choices=("hybrid", "cross-entropy"), live=True,
    )  # fmt: skip
    auxiliary: float = knob(
        0.01, "cross-entropy", "weight lambda of the cross-entropy of the data beside the bound",
        low=0.0, high=100.0, shown_if=("objective", ("hybrid",)), live=True,
    )  # fmt: skip
    colours: int = knob(
        1024, "colours", "size of the palette; colours of the data beyond it are drawn as their nearest in it",
        low=2, high=4096, scale="log", kinds=(Kind.IMAGE,),
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "what looks at all places; auto: a U-Net for pictures, a transformer for texts",
        choices=("auto", "unet", "transformer"), titles=("auto", "U-Net", "transformer"), kinds=(Kind.IMAGE,),
    )  # fmt: skip
    width: int = knob(
        48, "width", "channels at the finest resolution of a U-Net, or numbers a place of a transformer",
        low=16, high=512, scale="log",
    )  # fmt: skip
    depth: int = knob(2, "depth", "residual blocks a resolution, or layers of a transformer", low=1, high=16)
    dropout: float = knob(
        0.0, "dropout", "share of a layer's output left out in training (transformer)", low=0.0, high=0.8
    )
    conditional: bool = knob(
        True, "conditional", "give the attributes to the network, so that samples can be asked for by attribute"
    )


@dataclass(frozen=True)
class DiscreteSampling:
    """How a discrete diffusion model is sampled."""

    steps: int = knob(32, "steps", "steps from noise to data", low=1, high=1000, scale="log")
    order: str = knob(
        "ancestral", "unmasking", "which masked places come to light in a step: each by chance, an equal number at "
        "random, or those of which the network is surest (for masks only)",
        choices=("ancestral", "random", "confidence"), titles=("by chance", "at random", "by confidence"),
    )  # fmt: skip
    choice: float = knob(
        4.0, "chance in confidence", "temperature of the choice of places, falling to 0 with time: 0 takes the surest",
        low=0.0, high=20.0, shown_if=("order", ("confidence",)),
    )  # fmt: skip
    temperature: float = knob(
        1.0, "temperature", "below 1 values that are likely become more so, above 1 all become more alike",
        low=0.0, high=3.0,
    )  # fmt: skip
    top_p: float = knob(
        1.0, "top p", "draw from the fewest values that hold this share of the probability", low=0.0, high=1.0
    )
    guidance: float = knob(
        1.0, "guidance", "scale w of classifier-free guidance: 0 ignores the condition, 1 follows it, more exaggerates",
        low=0.0, high=15.0,
    )  # fmt: skip
    guide_from: float = knob(
        1.0, "guide from", "time at which guidance sets in (1 is noise); outside its interval the scale is 1",
        low=0.0, high=1.0,
    )  # fmt: skip
    guide_to: float = knob(0.0, "guide to", "time at which guidance ends (0 is data)", low=0.0, high=1.0)
    curve: str = knob(
        "", "curve", "guidance over time: pairs time:factor, the scale being 1 + factor (w - 1)", control="curve"
    )
    negative: str = knob("", "negative", "condition to be led away from, attribute=value ...", control="condition")
    weights: str = knob(
        "", "weights", "guidance of each attribute by itself, attribute:scale ..., in place of the common scale",
        control="weights",
    )  # fmt: skip


class Look(NamedTuple):
    """What the network says of a state: r (B, L, K), and p(x_0 | x_t) (B, L, K) where it is ``open`` (B, L) what it is.

    ``entropy`` (B, L) is that of p(x_0 | x_t) in bits.
    """

    r: Tensor
    data: Tensor
    open: Tensor
    entropy: Tensor
    facts: dict[str, float]


class Given(NamedTuple):
    """Data that is kept: its values (n, L) where ``known`` (L,), and the data itself (n, *shape) where ``kept``."""

    values: Tensor
    known: Tensor
    x: Tensor
    kept: Tensor


class DiscreteModel(Model):
    """Base of models whose places hold one of K values. A family says what a value is.

    It sets ``grid``, the edges of the map of places, ``network`` (``genplay.nn.places``), and defines the methods
    that follow.
    """

    SampleConfig: ClassVar[type[Any]] = DiscreteSampling
    density_kind = "bound"
    completes = True
    grid: tuple[int, ...]
    network: nn.Module
    conditional: bool

    # ---- what a value is --------------------------------------------------------------------------------------

    @property
    def known_values(self) -> int:
        """K, the values that a place of the data may have."""
        raise TypeError(f"{type(self).__name__} defines no known_values")

    def values(self, x: Tensor) -> Tensor:
        """Data (B, *shape) as values (B, L) int64."""
        raise TypeError(f"{type(self).__name__} defines no values")

    def embed(self, states: Tensor) -> Tensor:
        """States (B, L), in [0, K] with the mask, as the network reads them: (B, L, width)."""
        raise TypeError(f"{type(self).__name__} defines no embed")

    def logits(self, features: Tensor) -> Tensor:
        """What the network's features (B, L, width) say of each place, (B, L, K)."""
        raise TypeError(f"{type(self).__name__} defines no logits")

    def drawn(self, states: Tensor) -> Tensor:
        """States (B, L) as data (B, *shape), with places behind the mask to be seen as such."""
        raise TypeError(f"{type(self).__name__} defines no drawn")

    def foreseen(self, probs: Tensor, open_: Tensor, states: Tensor) -> Tensor:
        """The picture (B, *shape) expected of probabilities (B, L, K) where places are open, else of states."""
        raise TypeError(f"{type(self).__name__} defines no foreseen")

    def by_map(self, values: Tensor) -> Tensor:
        """Numbers of places (B, L) as the window shows them: (B, H, W) or (B, L)."""
        return values.unflatten(1, self.grid)

    def untouched(self, mask: Tensor) -> Tensor:
        """The places (L,) that a mask of the data (*shape) leaves as they are."""
        raise TypeError(f"{type(self).__name__} defines no untouched")

    # ---- the process ------------------------------------------------------------------------------------------

    def places_of_values(self) -> Tensor | None:
        """Where the K values lie among each other, (K, D); None where none is more similar to one than to another."""
        return None

    @property
    def transition(self) -> Transition:
        """The noise over the values known so far."""
        count = self.known_values
        kept: Transition | None = self.__dict__.get("_transition")
        if kept is None or kept.values != count:
            kept = self.__dict__["_transition"] = self._new_transition(count)
        return kept

    def _new_transition(self, count: int) -> Transition:
        if self.config.transition == "absorbing":
            return Absorbing(count)
        places = self.places_of_values() if self.config.transition == "neighbours" else None
        return Uniform(count) if places is None else Neighbours(places)

    def alpha(self, t: Tensor) -> Tensor:
        """The share that is kept at times (B,), float32."""
        return discrete.alpha(self.config.schedule, t).float().to(self.device)

    def predict(self, states: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        """log r (B, L, K), up to a constant a place, for states (B, L) at times (B,)."""
        return self.logits(self._features(states, t, labels)).float()

    def _features(self, states: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        """Behind masks the time is not looked at: they show it."""
        seen = torch.zeros_like(t) if self.config.transition == "absorbing" else t
        return self.network(self.embed(states), seen.float(), labels)

    # ---- training and likelihood ------------------------------------------------------------------------------

    def _chain(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The steps of the chain that times in [0, 1) fall into: from t down to s, float64 (B,)."""
        count = self.config.timesteps
        k = (t.double().cpu() * count).floor().clamp(0, count - 1) + 1
        return k / count, (k - 1) / count

    def terms(self, x_0: Tensor, t: Tensor, labels: Tensor | None, generator: Generator) -> tuple[Tensor, Tensor]:
        """T KL(q(x_s | x_t, x_0) || p(x_s | x_t)) and -log p(x_0 | x_t), each (B, L) nats, at single draws of x_t.

        The mean of the former over times t (B,) in [0, 1) is the variational bound on -log p(x_0).
        """
        later, earlier = self._chain(t)
        a, b = self.alpha(later), self.alpha(earlier)
        x_t = self.transition.noised(x_0, a, even(x_0.shape, generator).to(x_0.device).float())
        features = self._features(x_t, later.to(self.device), labels)
        if isinstance(self.transition, Absorbing):
            told = self._told_of_hidden(features, x_0, x_t == self.transition.mask)
            return told * (self.config.timesteps * self.transition.shown(a, b))[:, None], told
        r = self.logits(features).float().softmax(-1)
        likely = self.transition.data(x_t, r, a).gather(-1, x_0[..., None])[..., 0]
        divergence = self.transition.divergence(x_t, x_0, r, a, b)
        return self.config.timesteps * divergence, -likely.clamp(min=discrete.LEAST).log()

    def _told_of_hidden(self, features: Tensor, x_0: Tensor, hidden: Tensor) -> Tensor:
        """-log p(x_0 | x_t) (B, L) where places are hidden, which are all that have to be worked out; else 0."""
        logits = self.logits(features[hidden]).float()
        told = F.cross_entropy(logits, x_0[hidden], reduction="none")
        return torch.zeros(x_0.shape, dtype=told.dtype, device=told.device).masked_scatter(hidden, told)

    def _kept(self, labels: Tensor, generator: Generator) -> Tensor | None:
        return kept_labels(labels, self.labels(None, len(labels)), generator) if self.conditional else None

    def hybrid(self, bound: Tensor, entropy: Tensor) -> Tensor:
        """The loss of what ``terms`` gives: a mean over batch and places."""
        loss = entropy.mean()
        return bound.mean() + self.config.auxiliary * loss if self.config.objective == "hybrid" else loss

    def bound_by_place(self, x: Tensor, labels: Tensor | None, generator: Generator | None) -> Tensor:
        """The variational bound on -log p(values) of data, estimated at times spread over all steps: (B, L) nats."""
        generator = generator or torch.Generator(self.device).manual_seed(0)
        given = self.labels(labels, len(x)) if self.conditional else None
        x_0 = self.values(x)
        total = torch.zeros(x_0.shape, device=x_0.device)
        shift = stratified(len(x), generator)
        for look in range(LOOKS):
            total += self.terms(x_0, (look + shift) / LOOKS, given, generator)[0]
        return total / LOOKS

    # ---- sampling ---------------------------------------------------------------------------------------------

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Guidance needs labels."""
        offers = type(self).offers
        return offers if self.conditional else offers - {Capability.GUIDE}

    @property
    def takes_labels(self) -> bool:
        return self.conditional

    def guided(self, labels: Tensor | None, config: Any, n: int, scales: Tensor | None = None) -> GuidedPlaces:
        """What a sampler sees: this network under the guidance that ``config`` asks for."""
        return GuidedPlaces(self, labels, config, n, scales)

    def sample_steps(
        self,
        n: int,
        config: DiscreteSampling,
        generator: Generator,
        labels: Tensor | None = None,
        start: Start | None = None,
        scales: Tensor | None = None,
    ) -> Iterator[Frame]:
        """A frame a step. ``extras`` have the ``entropy`` of what is predicted for each place, in bits, and of pictures
        ``x_0``, the picture that is foreseen.

        ``start`` with data ``x`` (1 or n, *shape) and a ``mask`` (*shape) keeps that data where the mask is False.
        ``scales`` (n,) gives every row a guidance scale of its own.
        """
        start = start or Start()
        draws = _Draws(generator, max(n, start.rows), start.chosen(n), math.prod(self.grid), self.device)
        guided, given = self.guided(labels, config, n, scales), self._given(n, start)
        x = self.transition.noise(draws())
        times = torch.linspace(1, 0, config.steps + 1, dtype=torch.float64)
        for later, earlier in itertools.pairwise(times):
            x = self._clamped(x, given, later, draws)
            look = guided(x, float(later))
            yield self._frame(x, float(later), look, given)
            x = self._step(x, look.r, later, earlier, draws, config)
        yield self._frame(self._clamped(x, given, times[-1], draws), 0.0, None, given, {"nfe": float(guided.nfe)})

    def _given(self, n: int, start: Start) -> Given | None:
        if start.x is None or start.mask is None:
            return None
        x = start.x.expand(n, *self.spec.shape)
        return Given(self.values(x), self.untouched(start.mask), x, ~start.mask)

    def _clamped(self, x: Tensor, given: Given | None, t: Tensor, draws: _Draws) -> Tensor:
        """The state with kept places as the data has them: noised to the time, but never hidden."""
        if given is None:
            return x
        if isinstance(self.transition, Absorbing):
            return torch.where(given.known, given.values, x)
        noised = self.transition.noised(given.values, self.alpha(t[None]).expand(len(x)), draws().float())
        return torch.where(given.known, noised, x)

    def _step(
        self, x: Tensor, r: Tensor, later: Tensor, earlier: Tensor, draws: _Draws, config: DiscreteSampling
    ) -> Tensor:
        """x_s drawn from p(x_s | x_t)."""
        a, b = (self.alpha(t[None]).expand(len(x)) for t in (later, earlier))
        if not isinstance(self.transition, Absorbing):
            return discrete.by_share(self.transition.reverse(x, r, a, b), draws())
        hidden = x == self.transition.mask
        if config.order == "ancestral":
            shown = hidden & (draws() < ((b - a) / (1 - a))[:, None])
        else:
            scores = self._scores(r, draws(), float(later), config).masked_fill(~hidden, -math.inf)
            place = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
            count = hidden.sum(1)
            remain = (count * ((1 - b) / (1 - a))).round()
            shown = hidden & (place < (count - remain)[:, None])
        return drawn_at(shown, r, draws(), x)

    def _scores(self, r: Tensor, u: Tensor, t: float, config: DiscreteSampling) -> Tensor:
        """What places (B, L) come to light by, the highest first.

        How sure the network is of a place is the probability of its likeliest value, not of the value that is then
        drawn: that would favour likely values, so that samples would not be of the model's distribution.
        """
        if config.order == "random":
            return u
        gumbel = -(-u.clamp(1e-12, 1 - 1e-12).log()).log()
        return r.amax(-1).clamp(min=discrete.LEAST).log() + config.choice * t * gumbel

    def _frame(
        self, x: Tensor, t: float, look: Look | None, given: Given | None, facts: dict[str, float] | None = None
    ) -> Frame:
        shown = self._with(self.drawn(x), given)
        extras: dict[str, Tensor] = {}
        if self.spec.kind is Kind.IMAGE:
            extras["x_0"] = shown if look is None else self._with(self.foreseen(look.data, look.open, x), given)
        entropy = look.entropy if look is not None else torch.zeros(x.shape, device=x.device)
        extras["entropy"] = self.by_map(entropy)
        return Frame(shown, t, extras, facts or (look.facts if look is not None else {}))

    def _with(self, shown: Tensor, given: Given | None) -> Tensor:
        """Data with what is given as it was."""
        if given is None:
            return shown
        return torch.where(given.kept, given.x, shown)


class GuidedPlaces(Conditions):
    """A network under classifier-free guidance of its log-probabilities: r ~ r_base prod_i (r_i / r_base)^w_i."""

    model: DiscreteModel

    def __init__(
        self, model: DiscreteModel, labels: Tensor | None, config: DiscreteSampling, n: int, scales: Tensor | None
    ) -> None:
        super().__init__(model, labels, config, n, scales, 2)
        self.bf16 = uses_bf16(model, "auto")

    def __call__(self, x: Tensor, t: float) -> Look:
        """What is said of states (n, L) at the time ``t``."""
        if self.alone(t):
            logits = self._ask(x, t, self.one(t), 1)
        else:
            outputs = self._ask(torch.cat([x] * self.times), t, self.rows, self.times).split(len(x))
            logits = self.mixed(outputs, t)
        r = sharpened(logits, self.config.temperature, 0, self.config.top_p)
        facts = {"nfe": float(self.nfe)} | ({"guidance": self.scale(t)} if self.conditional else {})
        return Look(r, *self._of_data(x, r, t), facts)

    def _of_data(self, x: Tensor, r: Tensor, t: float) -> tuple[Tensor, Tensor, Tensor]:
        transition = self.model.transition
        if isinstance(transition, Absorbing):
            open_, data = x == transition.mask, r
        else:
            a = self.model.alpha(torch.full((len(x),), t, dtype=torch.float64))
            open_, data = torch.ones_like(x, dtype=torch.bool), transition.data(x, r, a)
        bits = torch.special.entr(data).sum(-1) / math.log(2)
        return data, open_, bits * open_

    def _ask(self, x: Tensor, t: float, labels: Tensor | None, times: int) -> Tensor:
        self.nfe += times
        with fast(x.device.type, self.bf16):
            return self.model.predict(x, torch.full((len(x),), t, device=x.device), labels)


class _Draws:
    """Even random numbers (n, L) in [0, 1) for ``rows`` rows of which some are used."""

    def __init__(
        self, generator: Generator, rows: int, chosen: Tensor | slice, length: int, device: torch.device
    ) -> None:
        self.generator, self.rows, self.chosen, self.length, self.device = generator, rows, chosen, length, device

    def __call__(self) -> Tensor:
        drawn = even((self.rows, self.length), self.generator)
        return drawn[self.chosen].to(self.device, torch.float32 if self.device.type == "mps" else torch.float64)


def drawn_at(places: Tensor, p: Tensor, u: Tensor, x: Tensor) -> Tensor:
    """States x (B, L) with values drawn from p (B, L, K) at some places (B, L), by even numbers u (B, L)."""
    return x.masked_scatter(places, discrete.by_share(p[places], u[places]))


def fast(device: str, bf16: bool) -> contextlib.AbstractContextManager[Any]:
    """Computing in bfloat16 where that is faster and nothing is learnt."""
    if bf16 and not torch.is_grad_enabled():
        return torch.autocast(device, torch.bfloat16)
    return contextlib.nullcontext()


def finite(x: Tensor) -> Tensor:
    """1, or NaN where data is: values are whole numbers, among which it would not be noticed."""
    return 1 + 0 * x.float().mean()


PICTURES = {"learning_rate": 2e-3, "batch_size": 16, "ema": 0.99, "clip": 1.0, "warmup": 50}
BEST = {"learning_rate": 2e-3, "batch_size": 64, "ema": 0.999, "clip": 1.0, "warmup": 200, "cooldown": 0.5}
TEXTS = {"learning_rate": 2e-3, "batch_size": 64, "ema": 0.998, "clip": 1.0, "warmup": 100}


class DiscreteDiffusion(DiscreteModel):
    """Draws all places at once, from noise of discrete values."""

    name = "discrete_diffusion"
    title = "Discrete diffusion"
    summary = (
        "Colours or characters vanish behind masks, or turn into others; a network that sees all places brings them "
        "back in any order."
    )
    colour = "#999999"
    order = 55
    kinds = (Kind.IMAGE, Kind.TOKENS)
    Config: ClassVar[type[Any]] = DiscreteDiffusionConfig
    held_out = ("bits per dimension",)
    plots = (
        Plot("bits per dimension", ("bits per dimension", "held-out bits per dimension"), "bits"),
        Plot("bits per character", ("bits per character", "held-out bits per character"), "bits"),
        Plot("cross-entropy", ("cross-entropy",), "nats"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "quick", "Quick", "Masked colours and a small U-Net: faces after two minutes on a CPU.",
            {}, PICTURES, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "What ships: large batches and a slow end. For a graphics card, or an hour on a CPU.",
            {}, BEST, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "uniform", "Uniform noise", "Colours turn into any other, and a drawn one may still be mended.",
            {"transition": "uniform", "schedule": "cosine"}, PICTURES, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "neighbours", "Similar colours", "Colours drift to similar ones, as under Gaussian noise.",
            {"transition": "neighbours"}, PICTURES, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "text", "Text", "A transformer that sees the whole line writes all characters at once.",
            {"width": 128, "depth": 4, "dropout": 0.1}, TEXTS, kinds=(Kind.TOKENS,),
        ),
    )  # fmt: skip

    def __init__(self, config: DiscreteDiffusionConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        self.pictures = spec.kind is Kind.IMAGE
        if not self.pictures:
            self.held_out = ("bits per character",)
        self.grid = spec.shape[1:] if self.pictures else spec.shape
        self.unet = self.pictures and config.network != "transformer"
        width = PIXEL if self.unet else whole_heads(config.width)
        self.head: Any = (
            Palette(spec.shape[0], width, config.colours) if self.pictures else Characters(len(spec.vocabulary), width)
        )
        self.hidden = nn.Parameter(0.3 * torch.randn(width))  # stands for a place behind the mask
        self.network = self._network(width)

    def _network(self, width: int) -> nn.Module:
        config, spec = self.config, self.spec
        if self.unet:
            assert len(self.grid) == 2
            return PlaceUNet(spec, self.grid, width, [config.width, 2 * config.width], config.depth, self.conditional)
        return PlaceTransformer(spec, self.grid, width, config.depth, self.conditional, config.dropout)

    @property
    def likes_bf16(self) -> bool:
        return self.unet

    def constants(self) -> set[str]:
        """All buffers but the palette."""
        return {n for n, _ in self.named_buffers() if n not in ("head.palette", "head.known")}

    # ---- what a value is --------------------------------------------------------------------------------------

    def _colours(self, x: Tensor) -> Tensor:
        """Pictures as 8-bit colours (B, H W, C)."""
        return ((x + 1) * 127.5).round().nan_to_num().long().clamp(0, 255).flatten(2).transpose(1, 2)

    @property
    def known_values(self) -> int:
        return int(self.head.known) if self.pictures else len(self.spec.vocabulary)

    def places_of_values(self) -> Tensor | None:
        """Colours in their cube; characters are no more similar to one than to another."""
        return self.head.swatches().float() if self.pictures else None

    def values(self, x: Tensor) -> Tensor:
        if self.pictures:
            return self.head.values(self._colours(x))[..., 0]
        return torch.where((x > 0) & (x < self.known_values), x, 0).long()

    def embed(self, states: Tensor) -> Tensor:
        hidden = states >= self.known_values
        entries = self.head.embed(torch.where(hidden, 0, states)[..., None])
        return torch.where(hidden[..., None], self.hidden.to(entries.dtype), entries)

    def logits(self, features: Tensor) -> Tensor:
        return self.head.logits(features, features.new_zeros(0))

    def drawn(self, states: Tensor) -> Tensor:
        if not self.pictures:
            return states.clone()
        hidden = (states >= self.known_values).unflatten(1, self.grid)[:, None]
        colours = self.head.colours(states.clamp(max=self.known_values - 1)[..., None]).float() / 127.5 - 1
        x = colours.transpose(1, 2).unflatten(2, self.grid)
        return torch.where(hidden, chessboard(self.grid, 1, x), x)

    def foreseen(self, probs: Tensor, open_: Tensor, states: Tensor) -> Tensor:
        colours = self.head.swatches().to(probs) / 127.5 - 1
        expected = (probs @ colours).transpose(1, 2).unflatten(2, self.grid)
        return torch.where(open_.unflatten(1, self.grid)[:, None], expected, self.drawn(states))

    def untouched(self, mask: Tensor) -> Tensor:
        return ~mask.any(0).flatten() if self.pictures else ~mask

    # ---- training and likelihood ------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The hybrid loss, a mean over batch and places."""
        if self.training and self.pictures:
            self.head.learn(self._colours(batch.x))
        x_0 = self.values(batch.x)
        labels = self._kept(batch.labels, generator)
        bound, entropy = self.terms(x_0, stratified(len(x_0), generator), labels, generator)
        nats = (bound.detach() - self._told_apart(batch.x)).sum()
        unit, count = ("dimension", batch.x.numel()) if self.pictures else ("character", written(x_0).sum())
        bits = nats / count / math.log(2)
        terms: dict[str, Tensor | float] = {f"bits per {unit}": bits, "cross-entropy": entropy.detach().mean()}
        yield Objective(self.hybrid(bound, entropy) * finite(batch.x), terms=terms)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """An estimate of a lower bound on log p(x): (B,) nats, of pixels as a density of data in [-1, 1]."""
        return self.log_density_by_place(x, labels, generator).flatten(1).sum(1)

    def log_density_by_place(
        self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None
    ) -> Tensor:
        """The terms of ``log_density`` by place, (B, *grid) nats."""
        scale = self.spec.shape[0] * CHANNEL_LOG_SCALE if self.pictures else 0.0
        nats = self._told_apart(x) - self.bound_by_place(x, labels, generator) + scale
        return nats.unflatten(1, self.grid)

    def _told_apart(self, x: Tensor) -> Tensor:
        """log p(x | values), (B, L) or 0: pixels are what the palette says with the probability 1 - r, else any 8-bit
        colour, as in :class:`Palette`."""
        if not self.pictures:
            return torch.zeros(x.shape, device=x.device)
        colours = self._colours(x)
        exact = (self.head.colours(self.head.values(colours)) == colours).all(-1)
        stray = math.log(STRAY) - self.spec.shape[0] * math.log(256)
        return torch.where(exact, math.log1p(-STRAY), stray)


def whole_heads(width: int) -> int:
    """The width of a transformer whose heads are of one size."""
    return width - width % max(1, width // HEAD)


def chessboard(grid: tuple[int, ...], side: int, like: Tensor) -> Tensor:
    """Two greys in turn, in fields of ``side`` pixels: (H, W)."""
    rows, columns = (torch.arange(edge, device=like.device) // side for edge in grid)
    dark, light = CHECKS
    return torch.where((rows[:, None] + columns) % 2 == 0, dark, light).to(like.dtype)
