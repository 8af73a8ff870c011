"""Restricted Boltzmann machines on pictures whose pixels are on or off; ``genplay.nn.boltzmann`` has the equations.

Training follows the gradient of log p(v): down with the free energy of data, up with that of what the machine itself
dreams. The dreams come from a few Gibbs steps, which start at the data (CD-k: Hinton 2002) or at chains that are never
put back (persistent CD: Tieleman 2008). Advice on knobs and on what to watch is from Hinton 2010, A practical guide to
training restricted Boltzmann machines.

Each channel of a colour picture counts as pixels of its own, so colours are the eight of full and absent channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Frame, Model, Objective, Start
from genplay.nn.boltzmann import Boltzmann, anneal, binary, coins, flickering, log_mean

PERSISTENT = "persistent CD"
CALM: dict[str, Any] = {"learning_rate": 5e-3, "weight_decay": 0.02, "ema": 0.998}
COUNTED = 14  # units whose states are counted through in an instant
ANNEALING_STEPS, ANNEALING_RUNS = 1000, 64
STUCK_STEP, STUCK_GAP = 500, 0.2  # of the free energy per pixel, in nats


@dataclass(frozen=True)
class RBMConfig:
    """What a restricted Boltzmann machine is and how it dreams while it learns."""

    hidden: int = knob(
        128, "hidden units", "detectors, each with a filter over all pixels", low=1, high=2048, scale="log"
    )
    method: str = knob(
        PERSISTENT, "dreams from", "where the Gibbs steps of training start: at chains that live on, or at the data",
        choices=(PERSISTENT, "CD"), live=True,
    )  # fmt: skip
    sweeps: int = knob(
        1, "Gibbs steps", "k: how many steps the dreams take before they are compared with the data", low=1, high=100,
        scale="log", live=True,
    )  # fmt: skip
    chains: int = knob(64, "chains", "dreams that live on from step to step", low=1, high=1024, scale="log")
    pixels: str = knob(
        "threshold", "on or off", "a pixel of the data is on when it is bright enough, or at random as often as it is "
        "bright", choices=("threshold", "random"), live=True,
    )  # fmt: skip
    threshold: float = knob(
        0.5, "threshold", "brightness from which a pixel is on, 1 being white", low=0.05, high=0.95,
        shown_if=("pixels", ("threshold",)),
    )  # fmt: skip
    sparsity: float = knob(
        0.0, "sparsity", "weight of a term that keeps each detector off most of the time", low=0.0, high=10.0,
        live=True,
    )  # fmt: skip
    active: float = knob(
        0.1, "active share", "how often a detector should be on, with sparsity", low=0.01, high=0.5, live=True
    )


@dataclass(frozen=True)
class RBMSampling:
    """How a restricted Boltzmann machine is sampled: by block Gibbs steps."""

    steps: int = knob(200, "Gibbs steps", "turns of drawing the hidden units and then the pixels", low=1, high=5000,
                      scale="log")  # fmt: skip
    start: str = knob(
        "chains", "start", "where the steps begin: at the chains of the training, or at pixels that are fair coins",
        choices=("chains", "noise"),
    )  # fmt: skip
    temperature: float = knob(
        1.0, "temperature", "the energy is divided by it: below 1 is more typical, above 1 more random",
        low=0.1, high=5.0, scale="log",
    )  # fmt: skip
    show: str = knob(
        "chances", "show", "the chance of each pixel to be on, which is smoother, or pixels that are on or off",
        choices=("chances", "pixels"),
    )  # fmt: skip


class RBM(Model):
    """Pixels and hidden detectors that excite and inhibit each other."""

    name = "rbm"
    title = "RBM"
    summary = (
        "Pixels and hidden detectors that pull at each other: it dreams by asking one side about the other, over and "
        "over, and fills in what is missing."
    )
    colour = "#A65628"
    order = 62
    kinds = (Kind.IMAGE,)
    Config: ClassVar[type[Any]] = RBMConfig
    SampleConfig: ClassVar[type[Any]] = RBMSampling
    density_kind = "unnormalised"
    completes = True
    held_out = ("free energy", "pseudo-likelihood", "reconstruction")
    headlines = ("pseudo-likelihood",)
    plots = (
        Plot(
            "energy", ("free energy", "held-out free energy", "free energy of dreams"),
            labels=("data", "held-out", "dreams"),
        ),
        Plot("pseudo log p", ("pseudo-likelihood", "held-out pseudo-likelihood"), labels=("data", "held-out")),
        Plot("wrong pixels", ("reconstruction", "held-out reconstruction"), labels=("data", "held-out")),
        Plot("units on", ("active share",)),
        Plot("gradient norm", ("gradient norm",)),
    )  # fmt: skip
    presets = (
        Preset("quick", "Quick", "Chains that live on: good dreams within a minute.", {"chains": 128}, CALM),
        Preset(
            "large", "Larger pictures", "More detectors, learnt more slowly, for pictures such as glyphs.",
            {"hidden": 256, "chains": 128}, {**CALM, "learning_rate": 2e-3},
        ),
        Preset(
            "cd1", "CD-1", "One step from the data and back: fast to learn detectors, weak at dreaming.",
            {"method": "CD"}, CALM,
        ),
        Preset(
            "sparse", "Sparse", "Each detector is rarely on, so that it stands for a stroke of its own.",
            {"sparsity": 2.0, "active": 0.05}, CALM,
        ),
        Preset(
            "tiny", "Tiny", "Twelve detectors, few enough to look at each; Z can be counted out exactly.",
            {"hidden": 12}, CALM,
        ),
    )  # fmt: skip

    def __init__(self, config: RBMConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.machine = Boltzmann(spec.size, config.hidden, config.chains)

    @property
    def takes_labels(self) -> bool:
        return False

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """How many of the ``filters`` belong to each layer."""
        return (self.config.hidden,)

    def units(self, x: Tensor) -> Tensor:
        """Pictures x (B, *shape) as visible units (B, D), 0 or 1, by the threshold."""
        return binary(x, self.config.threshold)

    def picture(self, v: Tensor) -> Tensor:
        """Visible units, or their probabilities, (B, D) as pictures (B, *shape) in [-1, 1]."""
        return (2 * v - 1).reshape(-1, *self.spec.shape)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """mean F(data) - mean F(dreams), whose gradient is that of -log p, plus the term for sparsity.

        Sparsity (Lee et al. 2008) is the squared distance of each detector's mean activation from what it should be,
        summed over detectors.
        """
        config, machine = self.config, self.machine
        v = self.units(batch.x) if config.pixels == "threshold" else flickering(batch.x, generator)
        dreams = machine.negative(v, config.sweeps, config.method == PERSISTENT, generator)
        energy, dreamt = machine.free_energy(v).mean(), machine.free_energy(dreams).mean()
        loss = energy - dreamt
        if config.sparsity:
            loss = loss + config.sparsity * (machine.hidden(v).mean(0) - config.active).square().sum()
        yield Objective(loss, terms={**self._terms(v, generator), "free energy of dreams": dreamt.detach()})

    @torch.no_grad()
    def _terms(self, v: Tensor, generator: Generator) -> dict[str, Tensor | float]:
        """What is worth watching of visible units v (B, D)."""
        h = self.machine.hidden(v)
        back = self.machine.visible(coins(h, generator))
        return {
            "free energy": self.machine.free_energy(v).mean(),
            "pseudo-likelihood": self.machine.pseudo_likelihood(v, generator).mean(),
            "reconstruction": (back - v).abs().mean(),
            "active share": h.mean(),
        }

    def energy(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The free energy F in nats, (B,): -log p(x) less log Z, of the pixels that the threshold leaves on."""
        return self.machine.free_energy(self.units(x))

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """-F(x) = log p(x) + log Z in nats, (B,): the probability of a picture that is on or off, up to a constant."""
        return -self.energy(x)

    def log_conditionals(self, x: Tensor) -> Tensor:
        """log p of each pixel of pictures x (B, *shape), made on or off, given all others: nats (B, *shape)."""
        return self.machine.log_conditionals(self.units(x)).reshape(-1, *self.spec.shape)

    def sample_steps(
        self,
        n: int,
        config: RBMSampling,
        generator: Generator,
        labels: Tensor | None = None,
        start: Start | None = None,
    ) -> Iterator[Frame]:
        """The start, then a frame a Gibbs step, with the free energy as ``extras["energy"]``.

        ``start`` with data ``x`` (1 or n, *shape) and a ``mask`` (*shape) keeps that data, made on or off, where the
        mask is False, and lets the rest settle. With ``start.rows`` random numbers are drawn for so many rows.
        """
        rows = max(n, start.rows if start else 0)
        v = self._first(n, rows, config.start, generator)
        free = torch.ones(self.spec.size, dtype=torch.bool, device=self.device)
        if start is not None and start.x is not None and start.mask is not None:
            free = start.mask.flatten().to(self.device)
            v = torch.where(free, v, self.units(start.x).expand(n, -1))
        chances = config.show == "chances"
        for state, p, t in self._walk(v, free, config, generator, rows):
            x = self.picture(torch.where(free, p, state) if chances else state)
            yield Frame(x, t, {"energy": self.machine.free_energy(state)})

    def chain_steps(
        self,
        x: Tensor,
        config: RBMSampling,
        generator: Generator,
        labels: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Iterator[Frame]:
        """Block Gibbs steps from pictures x (B, *shape); where ``mask`` (*shape) is False pixels are kept.

        Frames hold states: pixels that are on or off. ``extras`` are the free energy "energy" (B,) and "accepted"
        (B,), always True: a Gibbs step is never refused.
        """
        v = self.units(x)
        free = torch.ones_like(v[0], dtype=torch.bool) if mask is None else mask.flatten().to(v.device)
        sure = torch.ones(len(v), dtype=torch.bool, device=v.device)
        for state, _, t in self._walk(v, free, config, generator, len(v)):
            yield Frame(self.picture(state), t, {"energy": self.machine.free_energy(state), "accepted": sure})

    def negatives(self, n: int) -> Tensor:
        """n of the chains that live on from step to step, as pictures (n, *shape)."""
        chains = self.machine.chains
        return self.picture(chains[torch.arange(n, device=chains.device) % len(chains)].to(self.machine.weight.dtype))

    def _first(self, n: int, rows: int, start: str, generator: Generator) -> Tensor:
        """Visible units (n, D) to begin at."""
        if start == "noise":
            return coins(torch.full((n, self.spec.size), 0.5).to(self.machine.weight), generator, rows)
        chains = self.machine.chains
        which = torch.randint(len(chains), (rows,), generator=generator, device=generator.device)[:n]
        return chains[which.to(chains.device)].to(self.machine.weight.dtype)

    def _walk(
        self, v: Tensor, free: Tensor, config: RBMSampling, generator: Generator, rows: int
    ) -> Iterator[tuple[Tensor, Tensor, float]]:
        """States from v (B, D) on with the chances each was drawn by, and the time; only ``free`` (D,) units change."""
        yield v, v, 1.0
        for i in range(config.steps):
            drawn, p = self.machine.sweep(v, generator, config.temperature, rows)
            v = torch.where(free, drawn, v)
            yield v, p, 1 - (i + 1) / config.steps

    def filters(self) -> Tensor:
        """The weights of each hidden unit as a picture: (K, *shape)."""
        return self.machine.weight.detach().reshape(-1, *self.spec.shape)

    def hidden(self, x: Tensor) -> Tensor:
        """How probable it is that each hidden unit is on, (B, K)."""
        return self.machine.hidden(self.units(x))

    def log_partition_steps(self, x: Tensor, generator: Generator) -> Iterator[tuple[float, float] | None]:
        """log Z in nats with its standard error, last; before it None, whenever the work can be stopped.

        Counted out where one side is small enough, else by annealed importance sampling from independent pixels that
        are as often on as in pictures x (B, *shape).
        """
        if min(self.config.hidden, self.spec.size) <= COUNTED:
            yield float(self.machine.log_partition()), 0.0
            return
        often = self.units(x).mean(0).clamp(1 / (len(x) + 2), 1 - 1 / (len(x) + 2))
        weights = None
        for weights in anneal(self.machine, often.logit(), ANNEALING_STEPS, ANNEALING_RUNS, generator):
            yield None
        assert weights is not None
        yield log_mean(weights)

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Dreams that the chains are stuck in: far less probable than the data once training is under way."""
        gap = terms.get("free energy of dreams", 0.0) - terms.get("free energy", 0.0)
        if step < STUCK_STEP or abs(gap) < STUCK_GAP * self.spec.size:
            return ()
        text = (
            f"The free energies of data and dreams are {abs(gap):.0f} nats apart: the chains do not keep up with the "
            "weights. A lower learning rate, more Gibbs steps or some weight decay let them."
        )
        return (Notice("warn", "The dreams lag behind", text, ("learning_rate", "sweeps", "weight_decay")),)
