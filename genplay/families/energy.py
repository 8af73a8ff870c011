"""Energy-based models: p(x) = exp(-E(x)) / Z, with a network for E and no need to know Z (LeCun et al. 2006).

Three objectives:

- contrastive divergence (Hinton 2002): the gradient of -log p is E_data[dE] - E_model[dE]; the second mean is taken
  over chains that begin at the data and walk k Langevin steps. It sees no further than they come.
- persistent contrastive divergence (Tieleman 2008; with a replay buffer: Du and Mordatch 2019, arXiv:1903.08689): the
  chains go on from step to step, and some are born again as noise.
- denoising score matching (Vincent 2011): no chains. At noise sigma, -grad E(x + sigma eps) is made to be -eps / sigma,
  at one level of noise, or at many with an energy for each, E(x, sigma) (Song and Ermon 2019, arXiv:1907.05600, with
  the slope of a scalar: Salimans and Ho 2021).

Chains walk as ``genplay.core.langevin`` has it. Every energy has a bowl added, |x|^2 / 2 BOWL^2, so that Z is finite.
With noise it is the energy of N(0, sigma^2 + SPREAD^2), of which the network learns what is missing,

    E(x, sigma) = |x|^2 / (2 (sigma^2 + SPREAD^2)) + SPREAD / sigma f(x / sqrt(sigma^2 + SPREAD^2), sigma),

whose slope is that of the preconditioned denoiser of Karras et al. 2022 (arXiv:2206.00364).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob
from genplay.contract.results import Notice
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.langevin import BEST_ACCEPTANCE, Ladder, State, Stride, anneal, slope, walk
from genplay.core.model import Frame, Model, Objective, Start
from genplay.nn.adversarial import normal_like
from genplay.nn.embeddings import drop_labels
from genplay.nn.energies import DenoisingEnergy, PictureEnergy, PointEnergy
from genplay.nn.spectral import normalise

BOWL = 2.0  # standard deviation of the Gaussian that the plain energy is a factor to
SPREAD = 0.5  # of the data, about
EDGE = {Kind.POINTS: 1.5, Kind.IMAGE: 1.0}  # new chains are even in [-edge, edge]
FINDING = 0.05  # how fast the step length of training's chains follows their acceptance
LEAP = 0.8  # standard deviation of where chains try to jump to
UNTESTED = 0.2  # length of plain steps over that of tested ones, at which they would fly off where it is steep
CLOSE = 0.6  # step length of a walk at a level of noise, over sigma
ADRIFT_STEP, ADRIFT_GAP = 300, 1000.0
TRAINING: dict[str, Any] = {"batch_size": 256, "learning_rate": 1e-3, "ema": 0.998, "clip": 10.0, "cooldown": 0.5}
DENOISING: dict[str, Any] = {"objective": "denoising", "sigma_max": 20.0, "depth": 1}
SLOW: dict[str, Any] = {"learning_rate": 1e-3, "clip": 1.0, "ema": 0.9995, "cooldown": 0.5}
WALKED: dict[str, Any] = {
    "method": "langevin", "scale": 2e4, "step_size": 0.01, "adapt": False, "chain_steps": 40, "buffer": 2048,
    "data_noise": 0.03, "regularisation": 0.1, "depth": 1,
}  # fmt: skip
REACH = 2.0  # how far downhill a step of points goes at most, in units of h sqrt(2): it is steep far from the data
CHAINS = ("contrastive divergence", "persistent")  # objectives


@dataclass(frozen=True)
class EnergyConfig:
    """What an energy-based model is, and how it learns."""

    objective: str = knob(
        "persistent", "objective", "what data is held acostst: chains that begin at it, chains that never end, or "
        "(without any chain) the noise that was added to it",
        choices=(*CHAINS, "denoising"),
        titles=("contrastive divergence", "persistent chains", "denoising score matching"),
    )  # fmt: skip
    network: str = knob(
        "auto", "network", "auto: dense for points; for pictures convolutions, or to denoise -<x, h(x)> of a U-Net h",
        choices=("auto", "mlp", "conv", "unet"), titles=("auto", "dense", "convolutions", "U-Net"),
    )  # fmt: skip
    width: int = knob(
        32, "width", "channels at the highest resolution, a quarter of the units of dense layers",
        low=4, high=256, scale="log",
    )  # fmt: skip
    depth: int = knob(3, "depth", "dense layers, or residual blocks at each resolution", low=1, high=8)
    scale: float = knob(
        1.0, "energy scale", "nats in one unit of what the network gives; sharp data needs more",
        low=0.01, high=1e5, scale="log", shown_if=("objective", CHAINS),
    )  # fmt: skip
    chain_steps: int = knob(
        10, "steps of a chain", "Langevin steps that chains walk in one training step (the k of CD-k)",
        low=1, high=500, scale="log", live=True, shown_if=("objective", CHAINS),
    )  # fmt: skip
    method: str = knob(
        "mala", "chains in training", "plain Langevin steps, or with Metropolis's test, exact at any step length",
        choices=("langevin", "mala"), titles=("Langevin", "MALA"), live=True, shown_if=("objective", CHAINS),
    )  # fmt: skip
    step_size: float = knob(
        0.05, "step length", "standard deviation of the noise in a Langevin step; adapted, it only begins there",
        low=1e-4, high=10.0, scale="log", shown_if=("objective", CHAINS),
    )  # fmt: skip
    adapt: bool = knob(
        True, "adapt length", "let it follow the acceptance of the chains, towards 0.57", live=True,
        shown_if=("objective", CHAINS),
    )  # fmt: skip
    temperature: float = knob(
        1.0, "chain temperature", "of the chains in training: below 1 they see less noise than the density asks for",
        low=0.0, high=10.0, live=True, shown_if=("objective", CHAINS),
    )  # fmt: skip
    buffer: int = knob(
        1024, "chains kept", "in the replay buffer; each training step goes on with a batch of them",
        low=16, high=16384, scale="log", shown_if=("objective", ("persistent",)),
    )  # fmt: skip
    rebirth: float = knob(
        0.02, "reborn", "share of the chains that begin anew at noise before they walk on",
        low=0.0, high=1.0, live=True, shown_if=("objective", ("persistent",)),
    )  # fmt: skip
    jumps: int = knob(
        2, "jumps", "times that a chain tries to jump anywhere in a training step, accepted by Metropolis's test",
        low=0, high=50, live=True, kinds=(Kind.POINTS,), shown_if=("objective", ("persistent",)),
    )  # fmt: skip
    data_noise: float = knob(
        0.0, "data noise", "standard deviation of noise on the data: the density of pictures has no breadth without",
        low=0.0, high=1.0, live=True, shown_if=("objective", CHAINS),
    )  # fmt: skip
    regularisation: float = knob(
        0.0, "energy penalty", "weight of E^2 at data and chains (per scale^2): keeps energies near 0",
        low=0.0, high=10.0, live=True, shown_if=("objective", CHAINS),
    )  # fmt: skip
    noises: str = knob(
        "many", "levels of noise", "the smallest sigma alone, or all up to the largest, with an energy for each",
        choices=("one", "many"), shown_if=("objective", ("denoising",)),
    )  # fmt: skip
    sigma_min: float = knob(
        0.02, "smallest sigma", "noise that is left in the density", low=0.001, high=1.0, scale="log",
        shown_if=("objective", ("denoising",)),
    )  # fmt: skip
    sigma_max: float = knob(
        5.0, "largest sigma", "noise that drowns the data", low=0.1, high=200.0, scale="log",
        shown_if=("objective", ("denoising",)),
    )  # fmt: skip
    spectral_norm: bool = knob(
        False, "spectral norm", "hold the largest singular value of every layer at 1 (not in a U-Net)", live=True
    )
    conditional: bool = knob(
        False, "conditional", "give the attributes to the network, so that samples can be asked for by attribute"
    )


@dataclass(frozen=True)
class EnergySampling:
    """How chains of an energy-based model walk."""

    steps: int = knob(60, "steps", "Langevin steps", low=1, high=5000, scale="log")
    method: str = knob(
        "mala", "method", "plain Langevin steps, or with Metropolis's test, exact at any step length",
        choices=("langevin", "mala"), titles=("Langevin", "MALA"),
    )  # fmt: skip
    step_size: float = knob(
        1.0, "step length", "in units of what the model was trained with", low=0.05, high=20.0, scale="log"
    )
    temperature: float = knob(
        1.0, "temperature", "above 1 chains roam, below 1 they settle in the deepest places", low=0.0, high=5.0
    )
    adapt: bool = knob(False, "adapt length", "while warming up, find the length at which 57 % are accepted")
    warmup: int = knob(
        50, "warm-up", "steps in which the length is adapted; then it stays", low=1, high=2000, scale="log",
        shown_if=("adapt", (True,)),
    )  # fmt: skip
    start: str = knob(
        "buffer", "start", "chains begin where some of training's ended (if it kept any), or at noise",
        choices=("buffer", "noise"), titles=("kept chains", "noise"),
    )  # fmt: skip
    climb: float = knob(
        0.0, "climb", "of a model with many levels of noise: how far up, to more noise, a chain from given data begins",
        low=0.0, high=1.0,
    )  # fmt: skip


class EnergyModel(Model):
    """Learns a landscape that is low where data is; chains that roll downhill with noise are its samples."""

    name = "energy"
    title = "Energy"
    summary = "Learns a landscape, low where data is: noisy walks downhill are samples, and mend what is broken."
    colour = "#D55E00"
    order = 60
    kinds = (Kind.POINTS, Kind.IMAGE)
    Config: ClassVar[type[Any]] = EnergyConfig
    SampleConfig: ClassVar[type[Any]] = EnergySampling
    density_kind = "unnormalised"
    completes = True
    headlines = ("energy gap", "loss")
    plots = (
        Plot("energy", ("energy of data", "energy of chains"), "nats", ("data", "chains")),
        Plot("energy gap", ("energy gap",), "nats"),
        Plot("loss", ("loss",)),
        Plot("acceptance", ("acceptance", "jumps accepted"), labels=("steps", "jumps")),
        Plot("step length", ("step length",)),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "points", "Points", "Persistent chains with Metropolis's test: a density within a minute.",
            {"chain_steps": 3, "jumps": 8, "buffer": 512, "rebirth": 0.0}, TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "short chains", "CD-k", "Chains of ten steps from the data: what they never reach stays unknown.",
            {"objective": "contrastive divergence"}, TRAINING, kinds=(Kind.POINTS,),
        ),
        Preset(
            "denoised points", "Denoising", "No chains in training: an energy for each level of noise.",
            {"objective": "denoising"}, {**TRAINING, "learning_rate": 2e-3}, kinds=(Kind.POINTS,),
        ),
        Preset(
            "quick", "Quick", "By denoising, with a small U-Net: recognisable pictures after some minutes on a CPU.",
            {**DENOISING, "width": 24}, {**SLOW, "learning_rate": 2e-3, "ema": 0.998}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "best", "Best", "By denoising, with a U-Net that a CPU can still sample from: what ships, made on a GPU.",
            DENOISING, {**SLOW, "batch_size": 128}, kinds=(Kind.IMAGE,),
        ),
        Preset(
            "chains", "Persistent chains", "Chains of 40 steps that never end, in a buffer: slow, and best on a GPU.",
            WALKED, {**SLOW, "learning_rate": 1e-4, "ema": 0.999}, kinds=(Kind.IMAGE,),
        ),
    )  # fmt: skip

    def __init__(self, config: EnergyConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        if config.sigma_min >= config.sigma_max:
            raise BadInput("The smallest sigma must be below the largest.")
        self.noisy = config.objective == "denoising"
        self.many = self.noisy and config.noises == "many"
        self.persistent = config.objective == "persistent"
        self.net = self._network(config, spec)
        normalise(self.net, config.spectral_norm)
        self.register_buffer("h", torch.tensor(config.step_size))
        rows = config.buffer if self.persistent else 0
        if rows:
            kind = torch.float16 if spec.kind is Kind.IMAGE else torch.float32
            edge = EDGE[spec.kind]
            self.register_buffer("chains", (torch.rand(rows, *spec.shape) * 2 * edge - edge).to(kind))
            if self.takes_labels:
                columns = [torch.randint(attribute.any + 1, (rows,)) for attribute in spec.attributes]
                self.register_buffer("chain_labels", torch.stack(columns, 1))
        self.h: Tensor
        self.chains: Tensor
        self.chain_labels: Tensor

    def _network(self, config: EnergyConfig, spec: DataSpec) -> nn.Module:
        wanted = config.network
        if spec.kind is not Kind.IMAGE and wanted not in ("auto", "mlp"):
            raise BadInput(f"The {wanted} network is for pictures; points take the mlp.")
        if wanted == "auto":
            wanted = "mlp" if spec.kind is Kind.POINTS else "unet" if self.noisy else "conv"
        if wanted == "unet":
            return DenoisingEnergy(spec, config.width, config.depth, conditional=self.takes_labels)
        if wanted == "conv" and not self.many:
            return PictureEnergy(spec, config.width, config.depth, conditional=self.takes_labels)
        if wanted == "conv":
            raise BadInput("With many levels of noise pictures take the U-Net or the mlp.")
        return PointEnergy(spec, 4 * config.width, config.depth, conditional=self.takes_labels, noisy=self.many)

    def set_live(self, values: dict[str, Any]) -> None:
        """Change live knobs; spectral normalisation is switched in the layers."""
        super().set_live(values)
        normalise(self.net, self.config.spectral_norm)

    # ---- the energy ---------------------------------------------------------------------------------------------

    def energy(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """E(x) (B,) nats; of a model with many levels of noise, at the lowest one."""
        return self.energy_at(x, 0.0, labels)

    def energy_at(self, x: Tensor, t: Tensor | float, labels: Tensor | None = None) -> Tensor:
        """E(x, sigma(t)) (B,) for levels t (B,) or one for all, in [0, 1]; without many levels t means nothing."""
        known = self.labels(labels, len(x)) if self.takes_labels else None
        square = x.square().flatten(1).sum(1)
        if not self.noisy:
            return square / (2 * BOWL**2) + self.config.scale * self.net(x, None, known)
        level = torch.as_tensor(t, dtype=x.dtype, device=x.device).expand(len(x))
        sigma = self.sigma(level)
        wide = (sigma**2 + SPREAD**2).view(-1, *[1] * (x.dim() - 1))
        rest = self.net(x * wide.rsqrt(), level if self.many else None, known)
        return square / (2 * wide.flatten()) + SPREAD / sigma * rest

    def sigma(self, t: Tensor) -> Tensor:
        """The noise at levels t in [0, 1]: even in its logarithm, or the smallest alone."""
        low, high = self.config.sigma_min, self.config.sigma_max
        return low * (high / low) ** t if self.many else torch.full_like(t, low)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """-E(x): log p up to a constant, (B,)."""
        return -self.energy(x, labels)

    def score(self, x: Tensor, t: Tensor | float = 0.0, labels: Tensor | None = None) -> Tensor:
        """-grad E(x, sigma(t)), in the shape of x."""
        return -slope(lambda state: self.energy_at(state, t, labels), x)[1]

    # ---- learning -----------------------------------------------------------------------------------------------

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """Data's energy down and the chains' up, or the slope matched to noise."""
        labels = self._asked(batch.labels, generator)
        if self.noisy:
            yield self._denoising(batch.x, labels, generator)
        else:
            yield self._contrast(batch.x, labels, generator)

    def _asked(self, labels: Tensor, generator: Generator) -> Tensor | None:
        return drop_labels(labels, self.spec.any_labels, generator) if self.takes_labels else None

    def _denoising(self, x: Tensor, labels: Tensor | None, generator: Generator) -> Objective:
        """E (1 + sigma^2 / SPREAD^2) |sigma grad E(x + sigma eps) - eps|^2: equal weight for what the network gives."""
        t = torch.rand(len(x), generator=generator, device=generator.device).to(x.device)
        sigma = self.sigma(t).view(-1, *[1] * (x.dim() - 1))
        eps = normal_like(x, generator)
        with torch.enable_grad():
            state = (x + sigma * eps).requires_grad_(True)
            total = self.energy_at(state, t, labels).sum()
            gradient = torch.autograd.grad(total, state, create_graph=True)[0]
        error = (sigma * gradient - eps).square().flatten(1).mean(1)
        loss = ((1 + (sigma.flatten() / SPREAD).square()) * error).mean()
        return Objective(loss)

    def _contrast(self, x: Tensor, labels: Tensor | None, generator: Generator) -> Objective:
        """(E(data) - E(chains)) / scale, and the penalty on both squares."""
        config = self.config
        if config.data_noise:
            x = x + config.data_noise * normal_like(x, generator)
        chains, asked, terms = self._walked(x, labels, generator)
        both = None if labels is None or asked is None else torch.cat([labels, asked])
        data, dreams = self.energy(torch.cat([x, chains]), both).split([len(x), len(chains)])
        loss = (data.mean() - dreams.mean()) / config.scale
        if config.regularisation:
            squares = (data.square().mean() + dreams.square().mean()) / config.scale**2
            loss = loss + config.regularisation * squares
        means = {"energy of data": data.detach().mean(), "energy of chains": dreams.detach().mean()}
        gap = means["energy of data"] - means["energy of chains"]
        return Objective(loss, terms={**means, "energy gap": gap, **terms})

    def _walked(
        self, x: Tensor, labels: Tensor | None, generator: Generator
    ) -> tuple[Tensor, Tensor | None, dict[str, Tensor | float]]:
        """Chains after their steps, the labels they are of, and what is logged of them."""
        config = self.config
        rows = None
        terms: dict[str, Tensor | float] = {}
        if self.persistent:
            rows, x, labels = self._taken(len(x), labels, generator)
            if config.jumps and self.spec.kind is Kind.POINTS:
                x, terms["jumps accepted"] = self._jumped(x, labels, generator)
        stride = Stride(float(self.h), config.temperature, config.method == "mala")
        chances = []
        for state in walk(lambda s: self.energy(s, labels), x, config.chain_steps, stride, generator):
            x = state.x
            chances.append(state.chance.mean())
        chance = torch.stack(chances).mean()
        terms |= {"acceptance": chance, "step length": float(self.h)}
        if self.training:
            self._keep(rows, x, labels, chance)
        return x, labels, terms

    def _taken(self, n: int, labels: Tensor | None, generator: Generator) -> tuple[Tensor, Tensor, Tensor | None]:
        """Rows (n,) of the buffer, the chains there, of which some are born again as noise, and their labels.

        A chain that is born again gets the labels of data, so that chains come to ask for what data is.
        """
        n = min(n, self.config.buffer)
        rows = torch.randperm(self.config.buffer, generator=generator, device=generator.device)[:n].to(self.device)
        new = torch.rand(n, generator=generator, device=generator.device).to(self.device) < self.config.rebirth
        wide = new.view(-1, *[1] * len(self.spec.shape))
        x = torch.where(wide, self._noise(n, generator), self.chains[rows].float())
        if labels is None:
            return rows, x, None
        return rows, x, torch.where(new[:, None], labels[:n], self.chain_labels[rows])

    def _noise(self, n: int, generator: Generator) -> Tensor:
        edge = EDGE[self.spec.kind]
        even = torch.rand(n, *self.spec.shape, generator=generator, device=generator.device).to(self.device)
        return even * 2 * edge - edge

    @torch.no_grad()
    def _jumped(self, x: Tensor, labels: Tensor | None, generator: Generator) -> tuple[Tensor, Tensor]:
        """Chains after tries to be anywhere else, and the share of tries that were accepted.

        A try y is drawn from q = N(0, LEAP^2 I), and accepted with min(1, exp((E(x) - E(y)) / T) q(x) / q(y)). It can
        be made from anywhere, so that no chain is left behind far out, where energy comes to be too steep for steps.
        """
        count, n = self.config.jumps, len(x)
        heat = max(self.config.temperature, 1e-6)
        tries = LEAP * normal_like(x.repeat(count, 1), generator)
        wide = None if labels is None else labels.repeat(count, 1)
        costs = (self.energy(tries, wide) / heat - _far(tries)).view(count, n)
        dice = torch.rand(count, n, generator=generator, device=generator.device).to(x.device)
        here = self.energy(x, labels) / heat - _far(x)
        took = torch.zeros((), device=x.device)
        for there, cost, die in zip(tries.view(count, n, -1), costs, dice):
            moved = die < (here - cost).clamp(max=0).exp()
            x, here = torch.where(moved[:, None], there, x), torch.where(moved, cost, here)
            took = took + moved.float().mean() / count
        return x, took

    @torch.no_grad()
    def _keep(self, rows: Tensor | None, x: Tensor, labels: Tensor | None, chance: Tensor) -> None:
        """What a step leaves behind: where the chains are, and how long their steps should be."""
        if rows is not None:
            self.chains[rows] = x.to(self.chains.dtype)
            if labels is not None:
                self.chain_labels[rows] = labels
        if self.config.adapt:
            self.h.mul_(torch.exp(FINDING * (chance - BEST_ACCEPTANCE)))

    def notices(self, terms: dict[str, float], vectors: dict[str, Any], step: int) -> tuple[Notice, ...]:
        """Energies of data and chains that run apart."""
        gap = terms.get("energy gap", 0.0) / self.config.scale
        if step < ADRIFT_STEP or abs(gap) < ADRIFT_GAP:
            return ()
        text = (
            f"The energies of data and chains are {abs(gap):.0f} units apart: the chains no longer follow the "
            "landscape. A lower learning rate, more steps a chain, an energy penalty (0.01 to 1) or the spectral norm "
            "hold them together."
        )
        return (
            Notice(
                "warn",
                "Chains and data part",
                text,
                ("learning_rate", "chain_steps", "regularisation", "spectral_norm"),
            ),
        )

    # ---- chains -------------------------------------------------------------------------------------------------

    def sample_steps(
        self, n: int, config: Any, generator: Generator, labels: Tensor | None = None, start: Start | None = None
    ) -> Iterator[Frame]:
        """Where chains are after each step. Pictures lose the noise that the model knows of at the end.

        They begin at noise or at chains of the training; with many levels of noise they walk down all of them. A
        ``start`` with data x and a mask keeps x where the mask is False.
        """
        start = start or Start()
        rows, mask = max(n, start.rows), start.mask
        known = None if labels is None else labels[torch.arange(rows, device=labels.device).clamp(max=len(labels) - 1)]
        x, known = self._first(rows, config, generator, known)
        if start.x is not None and mask is not None:
            given = start.x[torch.arange(rows, device=x.device).clamp(max=len(start.x) - 1)].to(x.dtype)
            x = torch.where(mask, x, given)
        walked = self._states(x, config, generator, known, mask, 1.0)
        yield Frame(x[:n], 1.0, {"energy": self._told(x, known)[:n], "accepted": torch.ones(n, device=x.device).bool()})
        for i, state in enumerate(walked, 1):
            if i == config.steps:
                state = self._cleaned(state, known, mask)
            extras = {"energy": state.energy[:n], "accepted": state.accepted[:n]}
            yield Frame(state.x[:n], 1 - i / config.steps, extras, {"step size": state.h})

    def chain_steps(
        self, x: Tensor, config: Any, generator: Generator, labels: Tensor | None = None, mask: Tensor | None = None
    ) -> Iterator[Frame]:
        """Chains from x (B, *shape), x itself first. With many levels of noise they first climb as ``config`` says."""
        every = torch.ones(len(x), device=x.device).bool()
        yield Frame(x, 1.0, {"energy": self._told(x, labels), "accepted": every}, {"step size": self._length(config)})
        for i, state in enumerate(self._states(x, config, generator, labels, mask, config.climb), 1):
            extras = {"energy": state.energy, "accepted": state.accepted}
            yield Frame(state.x, 1 - i / config.steps, extras, {"step size": state.h})

    def negatives(self, n: int) -> Tensor:
        """n of the chains that training left (n, *shape). Raises ``BadInput`` where it keeps none."""
        if not self.persistent:
            raise BadInput(f"This {self.title} keeps no chains of its training.")
        return self.chains[torch.arange(n, device=self.device) % len(self.chains)].float()

    def _first(self, n: int, config: Any, generator: Generator, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Where chains begin, and the labels they walk with."""
        if self.many:
            wide = torch.empty(n, *self.spec.shape, device=self.device)
            return math.hypot(self.config.sigma_max, SPREAD) * normal_like(wide, generator), labels
        if not self.persistent or config.start == "noise":
            return self._noise(n, generator), labels
        order = torch.rand(n, self.config.buffer, generator=generator, device=generator.device).to(self.device)
        if labels is not None and self.takes_labels:
            order = order + self._agreement(labels)
        return self.chains[order.argmax(1)].float(), labels

    def _agreement(self, labels: Tensor) -> Tensor:
        """How many attributes of each chain (n, buffer) are what is asked for (n, A)."""
        return (labels[:, None] == self.chain_labels[None]).sum(2)

    def _length(self, config: Any) -> float:
        """The length of a step: of training's chains, or what suits the smallest noise; shorter if no test follows."""
        own = CLOSE * self.config.sigma_min if self.noisy else float(self.h)
        untested = config.method != "mala" and not self.noisy and self.config.method == "mala"
        return own * float(config.step_size) * (UNTESTED if untested else 1.0)

    def _states(
        self, x: Tensor, config: Any, generator: Generator, labels: Tensor | None, mask: Tensor | None, top: float
    ) -> Iterator[State]:
        warmup = config.warmup if config.adapt else 0
        exact = config.method == "mala"
        if self.many and top > 0:
            ladder = Ladder(lambda s, t: self.energy_at(s, t, labels), self._sigma, top)
            stride = Stride(CLOSE * config.step_size, config.temperature, exact, warmup)
            return anneal(ladder, x, config.steps, stride, generator, mask)
        reach = REACH if self.spec.kind is Kind.POINTS else math.inf
        stride = Stride(self._length(config), config.temperature, exact, warmup, reach=reach)
        return walk(lambda s: self.energy(s, labels), x, config.steps, stride, generator, mask)

    def _sigma(self, t: float) -> float:
        return float(self.sigma(torch.tensor(t, dtype=torch.float64)))

    @torch.no_grad()
    def _told(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.energy(x, labels)

    def _cleaned(self, state: State, labels: Tensor | None, mask: Tensor | None) -> State:
        """The mean of the data behind pictures with noise s (Robbins 1956; Miyasawa 1961), x - s^2 grad E(x)."""
        noise = self.config.sigma_min if self.noisy else self.config.data_noise
        if self.spec.kind is not Kind.IMAGE or not noise:
            return state
        x = state.x + noise**2 * self.score(state.x, 0.0, labels)
        x = x if mask is None else torch.where(mask, x, state.x)
        return state._replace(x=x, energy=self._told(x, labels))


def _far(x: Tensor) -> Tensor:
    """-log q of points (B, D) to jump to, up to a constant: (B,)."""
    return x.square().sum(1) / (2 * LEAP**2)
