"""The interface of every model family. What a model can do is read from which methods its class defines.

A family is one file in ``genplay.families`` with one subclass of :class:`Model`. It must define ``__init__(config,
spec)`` (calling ``super().__init__(config, spec)`` first), ``objectives`` and ``sample_steps``; every other method
named in :class:`genplay.contract.capability.Capability` is optional and opens the panels that need it:

- ``encode(x, labels) -> Code``: posterior ``mu`` and ``logvar`` (B, D), ``logvar`` None where it is deterministic.
- ``decode(z, labels) -> x``: data (B, *shape) for codes (B, D). Needs ``latent_size``.
- ``log_density(x, labels, generator) -> (B,)`` nats, of the kind named by ``density_kind`` ("exact", "bound",
  "unnormalised"). A bound may also define ``importance_bound(x, labels, k, generator) -> (B,)``.
- ``critic(x, labels) -> (B,)``: a discriminator's score before any squashing, higher for real; a family that has one
  says in ``threshold`` which score parts real from generated (0 unless it defines it).
- ``invert(x, labels, generator)``: a ``Frame`` a step of finding the codes of x (B, *shape) by optimisation, with the
  codes as ``extras["z"]``.
- ``layers(z, labels)``: of an invertible model, the states that codes z (B, D) pass through, first z itself, last the
  data, each with log |det dx/dz| so far: pairs (B, ...), (B,).
- ``codes(x) -> (B, h, w)`` int64, of a model that quantises; it then has ``decode_codes(codes, labels) -> x``, the
  size of its ``grid`` (h, w), a ``codebook`` with ``vectors`` (K, c), and codes z (B, h w c) that ``decode`` quantises.
- ``energy(x, labels) -> (B,)`` nats, -log of the unnormalised density; ``score(x, t, labels) -> x``.
- ``chain_steps(x, config, generator, labels, mask)``: the model's own Markov chain from x (B, *shape), a ``Frame`` a
  step, with ``config`` a ``SampleConfig``; ``extras`` "energy" (B,) and "accepted" (B,) bool, ``facts`` "step size".
  Where a ``mask`` (*shape, bool) is False, x is kept.
  Such a model may also define ``negatives(n) -> x``: n samples that its training contrasted data with last.
- ``filters() -> (K, *shape)``: what each hidden unit answers to, with ``hidden(x) -> (B, K)``, how strongly it does,
  and ``layer_sizes``, how many of the units each layer has. Where log Z can be estimated,
  ``log_partition_steps(x, generator)`` yields None until it yields log Z and its error; ``x`` are training pictures.
- ``levels(z) -> list of (B, D_i)``: codes z (B, D) of ``decode`` taken apart by level, the most abstract first; then
  ``decode_levels(held, n, generator, labels) -> x, z`` makes n data, drawing the levels that ``held`` has None for.
- ``translate(x, labels, generator, way) -> x``: the pictures that it makes of others, ``way`` being one of its ``ways``
  (names), with ``degrade(x, generator, strength) -> x`` where it learnt from pairs made from the data; see
  ``genplay.nn.translator``, the base of such models.
- ``denoise(x_t, t, labels) -> x_0``; ``corrupt(x_0, t, generator) -> x_t``.
- ``next_probs(x, position, labels) -> (B, K, V)``: what the K parts of the pixel number ``position`` of x, in reading
  order, are drawn from; ``log_density_by_place(x, labels)`` and a ``head`` (``genplay.nn.heads``) come with it.
- ``guided(labels, config, n, scales)``: the prediction under classifier-free guidance (``genplay.core.guidance``).
  ``sample_steps`` then takes a ``start`` (:class:`Start`), and ``scales`` (n,), a guidance scale for each row; it is
  that of ``genplay.core.gaussian``, the base of all models with a Gaussian path, or one with the same knobs.

``labels`` is (B, A) int64 or None, which means that nothing is specified.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor, nn

from genplay.contract import knob
from genplay.contract.capability import Capability
from genplay.contract.catalogue import HEADLINES, Plot, Preset
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch

if TYPE_CHECKING:
    from genplay.core.checkpoint import Opened


@dataclass(frozen=True)
class Objective:
    """A loss to minimise over one parameter group. ``terms`` are logged: scalars as curves, vectors as bars."""

    loss: Tensor
    group: str = "model"
    terms: dict[str, Tensor | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A state of a sampler: ``x`` (B, *shape), time ``t`` from 1 (noise) to 0 (data), and what else it can show.

    ``extras`` have a row a sample; the code that made a sample, where there is one, is ``extras["z"]`` (B, D).
    ``facts`` are single numbers. What models that denoise give is listed in ``genplay.contract.results.Frame``.
    """

    x: Tensor
    t: float = 0.0
    extras: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """Where a sampler begins, other than at pure noise, for models that denoise.

    ``rows`` random rows are drawn and the first ones used, so that few samples are the first of many; or, for samples
    that share noise, those that ``index`` (n,) names. ``noise`` (n, *shape) replaces the first noise. ``x`` (n, *shape)
    is the state at time ``t``, or with ``clean`` the data that is noised to it; with a ``mask`` (*shape, bool) too,
    data is kept where it is False.
    """

    rows: int = 0
    t: float = 1.0
    x: Tensor | None = None
    clean: bool = False
    noise: Tensor | None = None
    mask: Tensor | None = None
    index: Tensor | None = None

    def chosen(self, n: int) -> Tensor | slice:
        """Which of the random rows ``n`` samples have."""
        return slice(0, n) if self.index is None else self.index


class Pace(NamedTuple):
    """How one player of several is trained: a factor of the learning rate, and AdamW's betas."""

    rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.99)


class Code(NamedTuple):
    """Encoding of a batch: mean (B, D) and log-variance (B, D), or None for a deterministic code."""

    mu: Tensor
    logvar: Tensor | None


@dataclass(frozen=True)
class NoConfig:
    """For a family or a sampler without knobs."""


class Model(nn.Module):
    """Base of every family."""

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    colour: ClassVar[str] = "#999999"
    order: ClassVar[int] = 100
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = NoConfig
    SampleConfig: ClassVar[type[Any]] = NoConfig
    presets: ClassVar[tuple[Preset, ...]] = ()
    remedies: ClassVar[tuple[Preset, ...]] = ()  # changes that a run in trouble can be forked with
    plots: ClassVar[tuple[Plot, ...]] = ()
    headlines: ClassVar[tuple[str, ...]] = HEADLINES
    density_kind: ClassVar[str] = "exact"
    held_out: tuple[str, ...] = ()  # logged terms that are worth following on held-out data too
    completes: ClassVar[bool] = False  # whether ``sample_steps`` takes a ``start`` with data and a mask
    offers: ClassVar[frozenset[Capability]] = frozenset()

    def __init_subclass__(cls, **facts: Any) -> None:
        super().__init_subclass__(**facts)
        cls.offers = frozenset(c for c in Capability if callable(getattr(cls, c.value, None)))

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__()
        self.config, self.spec = config, spec

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this instance can do; a subclass may narrow what its class offers."""
        return type(self).offers

    @property
    def latent_size(self) -> int:
        """Dimensions of the code, 0 for a model without one."""
        return 0

    @property
    def takes_labels(self) -> bool:
        """Whether it can be told what to draw."""
        return bool(self.spec.attributes) and bool(getattr(self.config, "conditional", True))

    @property
    def threshold(self) -> float:
        """The score of ``critic`` that parts real from generated."""
        return 0.0

    @property
    def likes_bf16(self) -> bool:
        """Whether training gains from bfloat16 where the processor has it (convolutions do, small MLPs do not)."""
        return False

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(itertools.chain(self.parameters(), self.buffers())).device

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the player that owns them."""
        return {"model": list(self.parameters())}

    def pace(self, group: str) -> Pace:
        """How a parameter group is trained; asked before each of its steps, so that live knobs can change it."""
        return Pace()

    @property
    def batches_per_step(self) -> int:
        """How many batches of data a training step takes; ``objectives`` gets them one after another in ``batch``."""
        return 1

    # ---- for a family that builds on another model, which a knob with the control "model" names ----------------

    @classmethod
    def settle(cls, values: dict[str, Any], open_file: Callable[[str], Opened]) -> dict[str, Any]:
        """The settings of a new model, completed by what the model it builds on is like; raises ``BadInput``.

        ``open_file`` opens a checkpoint by name or path, and raises ``BadInput`` where there is none. Knobs with the
        control "settled" are for what is filled in here: no form shows them, and no recipe needs to name them.
        """
        return values

    def begin(self, open_file: Callable[[str], Opened]) -> None:
        """Take over weights of another model, once, before a training from scratch; raises ``BadInput``."""

    def constants(self) -> set[str]:
        """Names of the buffers that training never changes."""
        return set()

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The losses of one training step, in order. The trainer steps each group before it asks for the next."""
        raise TypeError(f"{type(self).__name__} defines no objectives")

    def sample_steps(self, n: int, config: Any, generator: Generator, labels: Tensor | None = None) -> Iterator[Frame]:
        """States from noise to data; the last frame is the sample."""
        raise TypeError(f"{type(self).__name__} defines no sample_steps")

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Plain-language observations about the training so far, from the latest logged values."""
        return ()

    def set_live(self, values: dict[str, Any]) -> None:
        """Change live knobs of the config; raises ``BadInput``."""
        self.config = knob.changed(self.config, values)

    def sample(
        self, n: int, config: Any = None, generator: Generator | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """The last frame of ``sample_steps``."""
        frame = None
        for frame in self.sample_steps(n, config or self.SampleConfig(), generator or torch.Generator(), labels):
            pass
        assert frame is not None, f"{type(self).__name__}.sample_steps yielded nothing"
        return frame.x

    def labels(self, labels: Tensor | None, n: int) -> Tensor:
        """``labels``, or rows that leave every attribute unspecified, on the model's device."""
        if labels is None:
            return torch.tensor([self.spec.any_labels] * n, device=self.device, dtype=torch.int64).reshape(n, -1)
        return labels.to(self.device)


Model.offers = frozenset({Capability.SAMPLE})
