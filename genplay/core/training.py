"""One trainer for every family: it advances whatever objectives a model yields, a step at a time.

``Trainer.run`` is a generator that yields after every step: pausing is not resuming it, cancelling is ``close()``.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.contract.knob import knob as declare
from genplay.core.dataset import Batches, Dataset
from genplay.core.flat import FlatParameters
from genplay.core.model import Model, Objective, Pace


@dataclass(frozen=True)
class TrainingConfig:
    """How any family is trained."""

    learning_rate: float = declare(
        2e-3, "learning rate", "step size of AdamW", low=1e-6, high=1e-1, scale="log", live=True
    )
    batch_size: int = declare(64, "batch size", "examples a step", low=1, high=4096, scale="log")
    ema: float = declare(
        0.999, "EMA decay", "how slowly the averaged weights, which all panels show, follow the trained ones",
        low=0.0, high=0.9999, live=True,
    )  # fmt: skip
    clip: float = declare(
        0.0, "gradient clip", "largest gradient norm; longer gradients are scaled down to it; 0 turns it off",
        low=0.0, high=1000.0, live=True,
    )  # fmt: skip
    warmup: int = declare(
        100, "warm-up", "steps over which the learning rate rises from 0", low=0, high=10_000, unit="steps"
    )
    cooldown: float = declare(
        0.0, "cool-down", "share of the training, at its end, over which the learning rate falls to 0; only the "
        "command line knows the end beforehand: the window ignores this",
        low=0.0, high=1.0,
    )  # fmt: skip
    weight_decay: float = declare(
        0.0, "weight decay", "decoupled shrinking of the weights", low=0.0, high=1.0, live=True
    )
    precision: str = declare(
        "auto", "precision", "number format of the network's arithmetic while training; auto: bf16 where it is faster",
        choices=("auto", "fp32", "bf16"),
    )  # fmt: skip


AVERAGE_EACH, AVERAGE_EVERY = 200, 8
EVEN = Pace()


class Diverged(Exception):
    """A gradient is not finite. The message says at which step.

    The weights of its group and all buffers are those before that step; groups that came earlier in it have moved.
    """


@dataclass(frozen=True)
class Step:
    """What one training step logged. The numbers are taken out of the tensors only when asked for."""

    number: int
    raw: dict[str, Tensor | float]

    @property
    def terms(self) -> dict[str, float]:
        """Scalar terms by name."""
        scalars = {n: v for n, v in self.raw.items() if not isinstance(v, Tensor) or v.dim() == 0}
        return {n: v.item() if isinstance(v, Tensor) else float(v) for n, v in scalars.items()}

    @property
    def vectors(self) -> dict[str, Tensor]:
        """Vector terms by name."""
        return {n: v.detach() for n, v in self.raw.items() if isinstance(v, Tensor) and v.dim()}


@dataclass(frozen=True)
class Snapshot:
    """A copy of averaged weights, one flat tensor a group, and of all buffers. Never written again."""

    step: int
    values: dict[str, Tensor]
    buffers: dict[str, Tensor]


class Player:
    """One parameter group with its optimiser and its averaged weights."""

    def __init__(self, parameters: list[torch.nn.Parameter], config: TrainingConfig) -> None:
        self.flat = FlatParameters(parameters)
        self.parameter = torch.nn.Parameter(self.flat.values)
        self.parameter.grad = self.flat.grad
        self.config = config
        self.average = self.flat.values.clone()
        self.steps = self.averaged = 0

    @cached_property
    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW over the flat buffer; made at the first step, since importing torch.optim's rest takes a second."""
        return torch.optim.AdamW(
            [self.parameter],
            lr=self.config.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=self.config.weight_decay,
            fused=True,
        )

    def release(self) -> None:
        """Free the optimiser's memory; a later step starts it afresh."""
        self.__dict__.pop("optimiser", None)

    @property
    def moments(self) -> dict[str, Tensor]:
        """The optimiser's state, empty before its first step."""
        if "optimiser" not in self.__dict__:
            return {}
        return dict(self.optimiser.state.get(self.parameter, {}))

    @property
    def grad(self) -> Tensor:
        assert self.flat.grad is not None
        return self.flat.grad

    def descend(self, config: TrainingConfig, norm: float, progress: float = 0.0, pace: Pace = EVEN) -> None:
        """One optimiser step with the accumulated gradient, whose norm is given, at a share of the whole training."""
        if config.clip and norm > config.clip:
            self.grad.mul_(config.clip / norm)
        self.steps += 1
        group = self.optimiser.param_groups[0]
        warm = min(1.0, self.steps / (config.warmup + 1))
        group["lr"] = config.learning_rate * pace.rate * warm * cooled(progress, config.cooldown)
        group["betas"] = pace.betas
        group["weight_decay"] = config.weight_decay
        self.optimiser.step()

    def update_average(self, decay: float) -> None:
        """EMA with a short memory at first: the decay is at most (1 + n) / (10 + n) after n steps.

        After AVERAGE_EACH steps the average takes in every AVERAGE_EVERY-th state only, with the decay of so many
        steps: reading all weights once more each time would cost a tenth of the training of a dense network.
        """
        self.averaged += 1
        decay = min(decay, (1 + self.averaged) / (10 + self.averaged))
        if self.averaged <= AVERAGE_EACH or not decay:
            self.average.lerp_(self.flat.values, 1 - decay)
        elif self.averaged % AVERAGE_EVERY == 0:
            self.average.lerp_(self.flat.values, 1 - decay**AVERAGE_EVERY)


def cooled(progress: float, cooldown: float) -> float:
    """What is left of the learning rate: min(1, (1 - progress) / cooldown) at the share ``progress`` of the training.

    >>> [cooled(progress, 0.5) for progress in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 0.5, 0.0]
    """
    return min(1.0, max(0.0, 1 - progress) / cooldown) if cooldown else 1.0


def groups_of(model: Model) -> dict[str, list[torch.nn.Parameter]]:
    """The model's parameter groups; raises ``ValueError`` unless each parameter is in exactly one of them.

    One in none would never be trained nor copied, and one in two would belong to the last only.
    """
    groups = model.parameter_groups()
    owned = [id(p) for parameters in groups.values() for p in parameters]
    if not all(groups.values()):
        raise ValueError(f"a parameter group of {type(model).__name__} is empty")
    if len(set(owned)) < len(owned):
        raise ValueError(f"a parameter of {type(model).__name__} is in more than one group, or there twice")
    left = [name for name, p in model.named_parameters() if id(p) not in set(owned)]
    if left:
        raise ValueError(f"the parameter {left[0]} of {type(model).__name__} is in no group")
    return groups


class Trainer:
    """Trains ``model`` on ``data``. ``seed`` decides the order of the data and all noise.

    The weights must have been initialised by the caller (``new_model`` does it from a seed). ``progress``, where the
    length of the training is known, tells the share of it that is done, in [0, 1]; the cool-down needs it.
    """

    def __init__(self, model: Model, data: Dataset, config: TrainingConfig, seed: int = 0) -> None:
        self.model, self.config, self.seed = model.train(), config, seed
        self.data = data.to(model.device)
        self.players = {name: Player(p, config) for name, p in groups_of(model).items()}
        self.batches = Batches(self.data, config.batch_size, seed)
        self.generator = torch.Generator(model.device).manual_seed(seed)
        self.step = 0
        self.progress: Callable[[], float] | None = None
        constants = model.constants()
        self._buffers = [b for n, b in model.named_buffers() if n not in constants]  # to be put back after a bad step

    def prepare(self) -> None:
        """Make the optimisers now, whose import takes a second, instead of at the first step."""
        for player in self.players.values():
            _ = player.optimiser

    @property
    def epoch(self) -> float:
        """Passes over the training data so far."""
        return self.batches.progress

    def run(self) -> Iterator[Step]:
        """Train for ever, yielding after each step. Raises ``Diverged`` before a step that would spoil the weights."""
        while True:
            yield self.advance()

    def advance(self) -> Step:
        """One training step: every objective of one batch, each group stepped before the next one is asked for."""
        for done in self.substeps():
            if isinstance(done, Step):
                return done
        raise AssertionError("a training step ends with a Step")

    def substeps(self) -> Iterator[str | Step]:
        """One training step in parts: the name of a group that was stepped while others are to come, then the ``Step``.

        What is paused between two parts goes on exactly like an unbroken step.
        """
        batch = self.batches.next(self.step, self.model.batches_per_step)
        progress = self.progress() if self.progress else 0.0
        buffers = [b.clone() for b in self._buffers]
        terms: dict[str, Tensor | float] = {}
        objectives = self.model.objectives(batch, self.generator)
        objective = self._next(objectives)
        while objective is not None:
            terms |= self._play(objective, progress, buffers)
            group, objective = objective.group, self._next(objectives)
            if objective is not None:
                yield group
        for player in self.players.values():
            player.update_average(self.config.ema)
        self.step += 1
        yield Step(self.step, terms)

    def _next(self, objectives: Iterator[Objective]) -> Objective | None:
        with self._autocast():
            return next(objectives, None)

    def _play(self, objective: Objective, progress: float, buffers: list[Tensor]) -> dict[str, Tensor | float]:
        """Step the group of an objective; returns what is logged of it. A bad gradient puts the buffers back."""
        player = self.players[objective.group]
        player.grad.zero_()
        objective.loss.backward(inputs=player.flat.parameters if len(self.players) > 1 else None)
        norm = player.grad.norm().item()
        if not math.isfinite(norm):
            for buffer, value in zip(self._buffers, buffers):
                buffer.copy_(value)
            raise Diverged(f"The gradient of the {objective.group} stopped being finite at step {self.step + 1}.")
        player.descend(self.config, norm, progress, self.model.pace(objective.group))
        suffix = f" {objective.group}" if len(self.players) > 1 else ""
        return {f"loss{suffix}": objective.loss, **objective.terms, f"gradient norm{suffix}": norm}

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if not uses_bf16(self.model, self.config.precision):
            return contextlib.nullcontext()
        return torch.autocast(self.model.device.type, torch.bfloat16)

    def set_live(self, values: dict[str, Any]) -> None:
        """Change live knobs of the training or of the family's config; raises ``BadInput`` and then changes nothing."""
        own = {k.name for k in knob.knobs(TrainingConfig)}
        live = {k.name for c in (TrainingConfig, type(self.model.config)) for k in knob.knobs(c) if k.live}
        for name in values:
            if name not in live:
                raise BadInput(f"{name} cannot be changed while training.")
        config = knob.changed(self.config, {n: v for n, v in values.items() if n in own})
        self.model.set_live({n: v for n, v in values.items() if n not in own})
        self.config = config

    def snapshot(self) -> Snapshot:
        """A copy of the averaged weights, for a :class:`Replica`; without averaging, of those of this moment."""
        now = self.config.ema == 0  # also in the middle of a step, at whose end averages follow
        values = {n: (player.flat.values if now else player.average).clone() for n, player in self.players.items()}
        return Snapshot(self.step, values, {n: b.clone() for n, b in self.model.named_buffers()})

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that the next step depends on: tensors, and plain values."""
        tensors = {"generator": self.generator.get_state()}
        for name, player in self.players.items():
            tensors |= {f"values.{name}": player.flat.values, f"average.{name}": player.average}
            tensors |= {f"optimiser.{name}.{key}": value for key, value in player.moments.items()}
        tensors |= {f"buffer.{n}": b for n, b in self.model.named_buffers()}
        plain = {
            "step": self.step,
            "position": self.batches.position(),
            "players": {name: player.steps for name, player in self.players.items()},
            "averaged": {name: player.averaged for name, player in self.players.items()},
        }
        return {name: t.detach().clone() for name, t in tensors.items()}, plain

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Continue from ``state`` exactly, and leave it as it is. Raises ``BadInput`` when it does not fit."""
        try:
            self._restore(tensors, plain)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError):
            raise BadInput("The saved state of this run does not fit its settings.") from None

    def _restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        self.generator.set_state(tensors["generator"].cpu())
        for name, player in self.players.items():
            player.flat.values.copy_(tensors[f"values.{name}"])
            player.average.copy_(tensors[f"average.{name}"])
            player.steps = int(plain["players"][name])
            player.averaged = int(plain.get("averaged", plain["players"])[name])
            prefix = f"optimiser.{name}."
            moments = {k.removeprefix(prefix): v.clone() for k, v in tensors.items() if k.startswith(prefix)}
            player.release()
            if moments:
                saved = player.optimiser.state_dict()
                saved["state"] = {0: moments}
                player.optimiser.load_state_dict(saved)
        for name, buffer in self.model.named_buffers():
            buffer.copy_(tensors[f"buffer.{name}"])
        self.step = int(plain["step"])
        self.batches.seek(**plain["position"])


class Replica:
    """A model of its own that shows snapshots of another one's averaged weights. Always in evaluation mode."""

    def __init__(self, model: Model) -> None:
        self.model = model.eval().requires_grad_(False)
        self.step = -1
        self._flats = {name: FlatParameters(p, with_grad=False) for name, p in groups_of(model).items()}

    def load(self, snapshot: Snapshot) -> None:
        """Take over a snapshot's weights."""
        for name, flat in self._flats.items():
            flat.values.copy_(snapshot.values[name])
        for name, buffer in self.model.named_buffers():
            buffer.copy_(snapshot.buffers[name])
        self.step = snapshot.step


_initialising = threading.Lock()  # weights are drawn from torch's global generator, which all threads share


def new_model(family: type[Model], config: Any, spec: Any, seed: int = 0, device: torch.device | str = "cpu") -> Model:
    """A freshly initialised model; the same seed gives the same weights. Leaves the global random state untouched."""
    with _initialising, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = family(config, spec)
    return model.to(device)


def uses_bf16(model: Model, precision: str) -> bool:
    """Whether to compute in bfloat16: asked for, or "auto" with a network and a processor that gain from it."""
    if precision == "auto":
        return model.likes_bf16 and _fast_bf16(model.device.type)
    return precision == "bf16"


def _fast_bf16(device: str) -> bool:
    if device == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return device == "cuda" and torch.cuda.is_bf16_supported()
