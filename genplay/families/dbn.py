"""Deep belief networks (Hinton, Osindero & Teh 2006, A fast learning algorithm for deep belief nets).

A stack of restricted Boltzmann machines, each on the hidden units of the one below. The lowest learns the pixels; what
its hidden units do on data is data to the next. Together they are one generative model: the top machine is the prior
of the highest two layers, and below it each layer is drawn from the one above,

    p(v, h_1, ..., h_L) = p(h_{L-1}, h_L) p(h_{L-2} | h_{L-1}) ... p(v | h_1).

A sample is a Gibbs chain of the top machine and one pass down. Each layer added that is trained well raises a lower
bound on log p(v). All machines here learn at once, each a player of its own, on detached draws from the one below; with
``stage`` they do so in turn, as in the paper. ``genplay.nn.boltzmann`` has the equations of one machine.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Frame, Model, Objective
from genplay.nn.boltzmann import Boltzmann, binary, coins

PERSISTENT = "persistent CD"
CALM: dict[str, Any] = {"learning_rate": 5e-3, "weight_decay": 0.01, "ema": 0.998}


@dataclass(frozen=True)
class DBNConfig:
    """What a deep belief network is and how its machines learn."""

    layers: int = knob(2, "layers", "machines on top of each other", low=1, high=4)
    hidden: int = knob(128, "hidden units", "detectors of every layer but the top", low=1, high=1024, scale="log")
    top: int = knob(256, "top units", "detectors of the top layer", low=1, high=2048, scale="log")
    stage: int = knob(
        0, "steps a layer", "steps each layer learns before it is left alone and the next begins; 0: all at once",
        low=0, high=100_000, unit="steps",
    )  # fmt: skip
    method: str = knob(
        PERSISTENT, "dreams from", "where the Gibbs steps of training start: at chains that live on, or at the data",
        choices=(PERSISTENT, "CD"), live=True,
    )  # fmt: skip
    sweeps: int = knob(
        1, "Gibbs steps", "k: how many steps the dreams take before they are compared with the data", low=1, high=100,
        scale="log", live=True,
    )  # fmt: skip
    chains: int = knob(64, "chains", "dreams of each layer that live on from step to step", low=1, high=1024,
                       scale="log")  # fmt: skip
    threshold: float = knob(0.5, "threshold", "brightness from which a pixel is on, 1 being white", low=0.05, high=0.95)


@dataclass(frozen=True)
class DBNSampling:
    """How a deep belief network is sampled: Gibbs steps of the top machine, then a pass down."""

    steps: int = knob(200, "Gibbs steps", "turns of the top machine", low=1, high=5000, scale="log")
    start: str = knob(
        "chains", "start", "where the steps begin: at the chains of the training, or at units that are fair coins",
        choices=("chains", "noise"),
    )  # fmt: skip
    temperature: float = knob(
        1.0, "temperature", "the top machine's energy is divided by it: below 1 is more typical, above 1 more random",
        low=0.1, high=5.0, scale="log",
    )  # fmt: skip
    show: str = knob(
        "chances", "show", "the chance of each pixel to be on, which is smoother, or pixels that are on or off",
        choices=("chances", "pixels"),
    )  # fmt: skip


class DBN(Model):
    """Machines stacked: the higher one dreams of what the lower one detects."""

    name = "dbn"
    title = "Deep belief network"
    summary = (
        "RBMs stacked, each learning what the one below detects: the top one dreams, and its dreams run down to pixels."
    )
    colour = "#C9976B"
    order = 64
    kinds = (Kind.IMAGE,)
    Config: ClassVar[type[Any]] = DBNConfig
    SampleConfig: ClassVar[type[Any]] = DBNSampling
    held_out = ("reconstruction",)
    headlines = ("reconstruction",)
    plots = (
        Plot("free energy", ("free energy layer *",), "nats", labels=("layer *",)),
        Plot("data less dreams", ("gap layer *",), "nats", labels=("layer *",)),
        Plot("wrong pixels", ("reconstruction", "held-out reconstruction"), labels=("data", "held-out")),
        Plot("gradient norms", ("gradient norm layer *",), labels=("layer *",)),
    )  # fmt: skip
    presets = (
        Preset("quick", "Quick", "Two layers that learn at once.", {"chains": 128}, CALM),
        Preset(
            "greedy", "Layer by layer", "As in the paper: the first layer for 3,000 steps, then the second for good.",
            {"stage": 3000, "chains": 128}, CALM,
        ),
        Preset(
            "deep", "Three layers", "One more machine between pixels and top.", {"layers": 3, "chains": 128}, CALM
        ),
    )  # fmt: skip

    def __init__(self, config: DBNConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        sizes = [spec.size, *[config.hidden] * (config.layers - 1), config.top]
        self.machines = nn.ModuleList(Boltzmann(d, k, config.chains) for d, k in itertools.pairwise(sizes))

    @property
    def takes_labels(self) -> bool:
        return False

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """How many of the ``filters`` belong to each layer, the lowest first."""
        return tuple(len(machine.hidden_bias) for machine in self.stack)

    @property
    def stack(self) -> list[Boltzmann]:
        """The machines, the lowest first."""
        return list(self.machines)  # type: ignore[arg-type]

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        return {f"layer {i}": list(machine.parameters()) for i, machine in enumerate(self.stack, 1)}

    def units(self, x: Tensor) -> Tensor:
        """Pictures x (B, *shape) as visible units (B, D), 0 or 1, by the threshold."""
        return binary(x, self.config.threshold)

    def picture(self, v: Tensor) -> Tensor:
        """Visible units, or their probabilities, (B, D) as pictures (B, *shape) in [-1, 1]."""
        return (2 * v - 1).reshape(-1, *self.spec.shape)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """For each machine whose turn it is: mean F(data) - mean F(dreams), its data being drawn from those below."""
        v = self.units(batch.x)
        terms, turn = self._terms(v), self.turn(batch.step)
        for i, machine in enumerate(self.stack):
            if turn in (None, i):
                yield self._contrast(i, machine, v, terms, generator)
            with torch.no_grad():
                v = coins(machine.hidden(v), generator) + 0 * v.mean()  # so that what is not a number stays so

    def turn(self, step: int) -> int | None:
        """Which machine learns at a step; None where all do."""
        return min(step // self.config.stage, self.config.layers - 1) if self.config.stage else None

    @torch.no_grad()
    def _terms(self, v: Tensor) -> dict[str, Tensor | float]:
        """How much of visible units v (B, D) is lost on the way up and down again."""
        return {"reconstruction": (self.down(self.up(v)[-1]) - v).abs().mean()}

    def _contrast(
        self, i: int, machine: Boltzmann, v: Tensor, terms: dict[str, Tensor | float], generator: Generator
    ) -> Objective:
        dreams = machine.negative(v, self.config.sweeps, self.config.method == PERSISTENT, generator)
        energy, dreamt = machine.free_energy(v).mean(), machine.free_energy(dreams).mean()
        own = {f"free energy layer {i + 1}": energy.detach(), f"gap layer {i + 1}": (energy - dreamt).detach()}
        return Objective(energy - dreamt, f"layer {i + 1}", {**terms, **own})

    def up(self, v: Tensor) -> list[Tensor]:
        """How probable each hidden unit is to be on, layer by layer from visible units (B, D): (B, K) each."""
        layers = []
        for machine in self.stack:
            v = machine.hidden(v)
            layers.append(v)
        return layers

    def down(self, h: Tensor) -> Tensor:
        """Probabilities (B, D) of the pixels from top units h (B, K), by way of the probabilities of all between."""
        for machine in reversed(self.stack):
            h = machine.visible(h)
        return h

    def sample_steps(
        self, n: int, config: DBNSampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """The start, then a frame a Gibbs step of the top machine: what its units, passed down, are to the pixels.

        The pass draws every layer from the one above. All frames of a chain pass down with the same random numbers, so
        that what changes from one to the next is the top machine's doing.
        """
        top = self.stack[-1]
        v = self._first(n, config.start, generator)
        luck = [self._uniform((n, machine.weight.shape[1]), generator) for machine in self.stack[:-1]]
        yield Frame(self._passed_down(v, None, luck, config.show), 1.0)
        for i in range(config.steps):
            v, p = top.sweep(v, generator, config.temperature)
            yield Frame(self._passed_down(v, p, luck, config.show), 1 - (i + 1) / config.steps)

    def _passed_down(self, v: Tensor, p: Tensor | None, luck: list[Tensor], show: str) -> Tensor:
        """A picture for the top machine's visible units v, which were drawn by p (None: as they are)."""
        p = v if p is None else p
        for machine, uniform in zip(self.stack[-2::-1], reversed(luck)):
            p = machine.visible(v)
            v = (uniform < p).to(p.dtype)
        return self.picture(p if show == "chances" else v)

    def _first(self, n: int, start: str, generator: Generator) -> Tensor:
        """Visible units of the top machine (n, D) to begin at."""
        chains = self.stack[-1].chains
        if start == "noise":
            return (self._uniform((n, chains.shape[1]), generator) < 0.5).to(self.stack[-1].weight)
        which = torch.randint(len(chains), (n,), generator=generator, device=generator.device)
        return chains[which.to(chains.device)].to(self.stack[-1].weight)

    def _uniform(self, shape: tuple[int, ...], generator: Generator) -> Tensor:
        return torch.rand(shape, generator=generator, device=generator.device).to(self.device)

    def filters(self) -> Tensor:
        """Weights as pictures (K, *shape), layer after layer; those of higher layers times the weights below them.

        The latter is the sum of the filters that a higher unit listens to, less what all units of its layer have in
        common. That is not all there is to it (Erhan et al. 2009, Visualizing higher-layer features of a deep network).
        """
        seen = self.stack[0].weight.detach()
        layers = [seen]
        for machine in self.stack[1:]:
            seen = machine.weight.detach() @ seen
            layers.append(seen - seen.mean(0))
        return torch.cat(layers).reshape(-1, *self.spec.shape)

    def hidden(self, x: Tensor) -> Tensor:
        """How probable it is that each hidden unit is on, (B, K), all layers one after another.

        Higher layers see the probabilities of the lower ones, not draws.
        """
        return torch.cat(self.up(self.units(x)), 1)
