"""A run: one model, its data and its training so far. Knows nothing of threads; the command line uses it as it is."""

from __future__ import annotations

import base64
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genplay import __version__, data, families
from genplay.contract import knob
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.contract.results import Notice, RunState
from genplay.contract.spec import DataSpec
from genplay.core import checkpoint, transplant
from genplay.core.dataset import Dataset
from genplay.core.model import Model
from genplay.core.training import Replica, Snapshot, Step, Trainer, TrainingConfig, new_model
from genplay.engine import forking
from genplay.engine.curves import Curves, is_logged
from genplay.engine.history import History, Moment
from genplay.engine.preview import mosaic_png
from genplay.engine.stages import Stages, usual
from genplay.engine.watch import Watch

FILM_FRAMES = 80


@dataclass
class Run:
    """One model in the making. ``awake`` once data, model and trainer are in memory.

    A model of several players also has a ``history`` of whole states, in memory only, and can be trained a player at a
    time: then ``phase`` names the last one, until the training step is done.
    """

    run_id: str
    name: str
    family: type[Model]
    data_name: str
    config: Any
    training: TrainingConfig
    data_options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    stages: Stages = field(default_factory=usual)
    spec: DataSpec | None = None
    data_title: str = ""
    status: str = "ready"
    message: str = ""
    path: str = ""
    digest: str = ""
    card_name: str = ""
    seconds: float = 0.0
    curves: Curves = field(default_factory=Curves)
    film: list[tuple[int, np.ndarray]] = field(default_factory=list)
    trainer: Trainer | None = None
    rate: float = 0.0
    saved_step: int = -1
    sleeping_step: int = 0
    steps_left: int | None = None  # until training pauses by itself; None: it does not
    terms: dict[str, float] = field(default_factory=dict)
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    phase: str = ""
    paired: str = ""  # the run it shares a clock with
    past: int = 0  # how often it was put back: what was begun before that is outdated
    origin: str = ""  # what its command does not tell
    history: History = field(default_factory=History)
    watch: Watch = field(default_factory=Watch)

    # ---- making one ---------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        run_id: str,
        name: str,
        family_name: str,
        data_name: str,
        *,
        data_options: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        seed: int = 0,
        device: torch.device | None = None,
        stages: Stages | None = None,
    ) -> Run:
        """A new, untrained run from plain settings; raises ``BadInput``."""
        if not 0 <= seed < 1 << 63:
            raise BadInput("The seed must be a whole number from 0 to 9223372036854775807.")
        family, stages = families.named(family_name), stages or usual()
        run = cls(
            run_id,
            name,
            family,
            data_name,
            knob.build(family.Config, _settled(family, config or {}, stages)),
            knob.build(TrainingConfig, training or {}),
            dict(data_options or {}),
            seed,
            device or torch.device("cpu"),
            stages,
        )
        run._adopt(run._fresh_model())
        return run

    @classmethod
    def from_card(cls, run_id: str, card: Card, device: torch.device, stages: Stages | None = None) -> Run:
        """A sleeping run with the settings on a card; raises ``BadInput`` when they are not valid here."""
        family = families.named(card.family)
        return cls(
            run_id,
            card.name,
            family,
            card.data,
            knob.build(family.Config, card.config),
            knob.build(TrainingConfig, card.training),
            dict(card.data_options),
            card.seed,
            device,
            stages or usual(),
            spec=card.spec,
            data_title=card.data_title,
            seconds=float(card.seconds),
            sleeping_step=card.step,
            vectors={n: np.asarray(v, dtype=np.float32) for n, v in card.vectors.items()},
            origin=card.recipe.partition(forking.NOTE)[2],
        )

    @classmethod
    def from_checkpoint(cls, run_id: str, path: str, device: torch.device, stages: Stages | None = None) -> Run:
        """A run that shows a checkpoint's weights and can train them further; raises ``BadInput``."""
        opened = checkpoint.load(path, families.all(), device)
        run = cls.from_card(run_id, opened.card, device, stages)
        run.path, run.digest, run.card_name = str(path), opened.digest, opened.card.name
        run.curves.take_thinned(opened.card.curves)
        run._adopt(opened.model)
        assert run.trainer is not None
        run.trainer.step = run.saved_step = opened.card.step
        run.terms = {name: points[-1][1] for name, points in opened.card.curves.items() if points}
        return run

    def fork(
        self,
        run_id: str,
        name: str,
        fresh: bool,
        step: int = -1,
        config: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
    ) -> Run:
        """Another run with these settings but for ``config`` and ``training``; unless ``fresh``, with the state too.

        The state is that of a snapshot at ``step``, or the present one for -1. Raises ``BadInput``.
        """
        moment = self._moment_of(step) if self.awake and not fresh else None
        live = moment.plain["live"] if moment else {}
        before = knob.changed(self.config, forking.only_of(self.config, live))
        training_before = knob.changed(self.training, forking.only_of(self.training, live))
        changes = forking.changes(before, training_before, config or {}, training or {})
        return self._twin(run_id, name, before, knob.changed(training_before, changes.training), changes, moment)

    def _twin(
        self,
        run_id: str,
        name: str,
        config: Any,
        training: TrainingConfig,
        changes: forking.Changes,
        moment: Moment | None,
    ) -> Run:
        """A fork from a moment, None for an untrained one. Live changes come last, as if made by hand there."""
        new = changes.structure if moment else changes.structure | changes.live
        if new:
            config = knob.build(type(config), _settled(self.family, knob.values(config) | new, self.stages))
        twin = Run(
            run_id, name, self.family, self.data_name, config, training, dict(self.data_options), self.seed,
            self.device, self.stages, self.spec, self.data_title, status="paused",
        )  # fmt: skip
        if moment is None:
            twin._adopt(twin._fresh_model())
            return twin
        forking.refuse_another_base(config, changes)
        twin._adopt(twin._new_model())
        twin._continue(self, moment)
        if changes.live:
            twin.set_live(changes.live)
        twin.origin = forking.note(self.origin, moment.step, changes)
        return twin

    def _continue(self, other: Run, moment: Moment) -> None:
        """Go on from a moment of another run, whose network may be of another shape."""
        assert self.trainer is not None and other.trainer is not None
        tensors, plain = transplant.carried((moment.tensors, moment.plain), other.trainer, self.trainer)
        self._take_state(tensors, {**plain, "live": {}})
        self.film = [frame for frame in other.film if frame[0] <= moment.step]
        self.curves, self.watch = other.curves.until(moment.step), Watch(moment.measured)
        self.terms, self.vectors = dict(moment.terms), dict(moment.vectors)

    # ---- waking and restarting ----------------------------------------------------------------------------

    @cached_property
    def dataset(self) -> Dataset:
        """The data, loaded when first needed; raises ``BadInput``."""
        dataset = data.load(self.data_name, self.data_options)
        if dataset.spec.kind not in self.family.kinds:
            kind = dataset.spec.kind.plural
            raise BadInput(f"{self.family.title} does not work on {kind}, and {dataset.title} holds such.")
        if self.spec is not None and dataset.spec != self.spec:
            raise BadInput(
                f"{dataset.title} has changed since this model was made: its shape, attributes or characters differ."
            )
        return dataset

    @property
    def awake(self) -> bool:
        """Whether the model is in memory."""
        return self.trainer is not None

    def wake(self) -> None:
        """Load data and make the model, untrained."""
        if not self.awake:
            self._adopt(self._new_model())

    def _new_model(self) -> Model:
        """A model with the weights it is born with, to be overwritten by those of a file or a state."""
        return new_model(self.family, self.config, self.dataset.spec, self.seed, self.device)

    def _fresh_model(self) -> Model:
        """A model that a training from scratch begins with; raises ``BadInput`` where one it builds on is missing."""
        model = self._new_model()
        with torch.no_grad():
            model.begin(self.stages.open)
        return model

    def wake_from(self, state: tuple[dict[str, torch.Tensor], dict[str, Any]], curves: Curves) -> None:
        """Load data and continue from a saved state; raises ``BadInput`` and stays asleep when it does not fit."""
        self.wake()
        try:
            self._take_state(*state)
        except (TypeError, ValueError, AttributeError, OverflowError):
            self.trainer = None
            raise BadInput("The saved state of this run does not fit its settings.") from None
        except BadInput:
            self.trainer = None
            raise
        self.curves, self.saved_step, self.watch = curves, self.step, Watch()
        self.film = [(step, x) for step, x in self.film if step <= self.step]

    def _take_state(self, tensors: dict[str, torch.Tensor], plain: dict[str, Any]) -> None:
        """Continue from a state; one of another kind of device, whose random streams differ, starts new noise."""
        assert self.trainer is not None
        if plain.get("device", self.device.type) != self.device.type:
            fresh = self.trainer.generator.manual_seed(self.seed + int(plain["step"]))
            tensors = {**tensors, "generator": fresh.get_state()}
        self.set_live(plain.get("live", {}))  # first: some knobs touch the weights
        self.trainer.restore(tensors, plain)
        self.seconds = float(plain.get("seconds", 0.0))

    def restart(self) -> None:
        """Back to step 0, with the same seed and the present settings. What fails leaves the run as it was."""
        self._adopt(self._fresh_model())
        self.curves, self.film, self.seconds, self.digest = Curves(), [], 0.0, ""
        self.terms, self.vectors, self.message, self.saved_step = {}, {}, "", -1
        self._newest_vectors = None
        self.history.clear()
        self.watch, self.origin, self.past = Watch(), "", self.past + 1

    def move(self, device: torch.device) -> None:
        """Continue on another device. The noise starts a new stream there. What fails leaves the run as it was.

        Whoever advances the trainer must take the new one from then on.
        """
        if not self.awake or device == self.device:
            self.device = device
            return
        tensors, plain = self.state()
        model = new_model(self.family, self.config, self.dataset.spec, self.seed, device)
        trainer = Trainer(model, self.dataset, self.training, self.seed)
        tensors["generator"] = trainer.generator.manual_seed(self.seed + self.step).get_state()
        trainer.restore({n: t.to(device) if n != "generator" else t for n, t in tensors.items()}, plain)
        self.trainer, self.device = trainer, device

    def _adopt(self, model: Model) -> None:
        self._parts, self.phase = None, ""
        self.trainer = Trainer(model, self.dataset, self.training, self.seed)
        self.spec, self.data_title = self.dataset.spec, self.dataset.title

    # ---- going back ---------------------------------------------------------------------------------------

    def remember(self, always: bool = False) -> None:
        """Keep the present state to come back to, if there are several players and it is time, or ``always``."""
        if self.trainer is None or len(self.trainer.players) < 2 or self.phase:
            return
        if always or self.history.is_due(self.step):
            self.history.add(self._present())

    def _present(self) -> Moment:
        self.finish_step()
        self.look()
        tensors, plain = self.state()
        return Moment(self.step, tensors, plain, dict(self.terms), dict(self.watch.terms), dict(self.vectors))

    def _moment_of(self, step: int) -> Moment:
        """A snapshot, or the present; raises ``BadInput``."""
        is_present = step == -1 or (step == self.step and not self.phase and step not in self.history.steps)
        return self._present() if is_present else self.history.at(step)

    def rewind(self, step: int) -> None:
        """Back to a snapshot, exactly; what came after it is dropped. Raises ``BadInput`` and then changes nothing."""
        moment = self.history.at(step)
        self._parts, self.phase = None, ""
        self._take_state(moment.tensors, moment.plain)
        self.history.cut(step)
        self.curves, self.watch = self.curves.until(step), Watch(moment.measured)
        self.film = [frame for frame in self.film if frame[0] <= step]
        self.terms, self.vectors, self._newest_vectors = dict(moment.terms), dict(moment.vectors), None
        self.message, self.digest, self.saved_step, self.past = "", "", -1, self.past + 1

    # ---- while it trains ----------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Training steps done."""
        return self.trainer.step if self.trainer else self.sleeping_step

    def advance(self) -> None:
        """One training step, or what is left of one that was begun."""
        self.substep()
        self.finish_step()

    def finish_step(self) -> None:
        """What is left of a training step that was begun, if one was."""
        while self.phase:
            self.substep()

    def substep(self) -> None:
        """One player's part of a training step; with the last one the step is logged, and measured when it is time."""
        assert self.trainer is not None
        if self._parts is None:
            self.remember()
            self._parts = self.trainer.substeps()
        parts, self._parts, self.phase = self._parts, None, ""  # what fails is over
        part = next(parts)
        if isinstance(part, Step):
            self.log(part)
            self.watch.look(self)
        else:
            self._parts, self.phase = parts, part

    _parts: Iterator[str | Step] | None = None

    def log(self, step: Step) -> None:
        """Keep what a training step logged. The weights are no longer those of a file."""
        self.digest = ""
        if is_logged(step.number):
            self.terms = step.terms
            self.curves.add(step.number, self.terms)
            self._newest_vectors = step

    _newest_vectors: Step | None = None

    def look(self) -> None:
        """Take the vector terms out of the newest logged step."""
        if self._newest_vectors is not None:
            vectors = self._newest_vectors.vectors
            self.vectors = {n: v.float().cpu().numpy() for n, v in vectors.items()}
            self._newest_vectors = None

    def set_live(self, values: dict[str, Any]) -> None:
        """Change live knobs; raises ``BadInput``."""
        assert self.trainer is not None
        self.trainer.set_live(values)
        self.config, self.training = self.trainer.model.config, self.trainer.config
        if not self.digest:  # a checkpoint that was only opened is not kept as a run
            self.saved_step = -1

    def add_film(self, step: int, x: np.ndarray) -> None:
        """Keep a frame of the filmstrip; when there are too many every second one goes."""
        self.film = [*(f for f in self.film if f[0] < step), (step, x)]
        if len(self.film) > FILM_FRAMES:
            self.film = [*self.film[:-1:2], self.film[-1]]

    # ---- what it is, for others ---------------------------------------------------------------------------

    def notices(self) -> tuple[Notice, ...]:
        """Observations about the training so far."""
        if self.trainer is None:
            return ()
        return (*self.trainer.model.notices(self.terms, self.vectors, self.step), *self.watch.notices(self))

    def record(self) -> RunState:
        """The state that the window shows."""
        self.look()
        trainer = self.trainer
        assert self.spec is not None
        return RunState(
            self.run_id,
            self.name,
            self.family.name,
            self.data_name,
            self.data_title,
            self.spec,
            self.status,
            step=self.step,
            epoch=trainer.epoch if trainer else 0.0,
            rate=self.rate if self.status == "training" else 0.0,
            seed=self.seed,
            config=knob.values(self.config),
            training=knob.values(self.training),
            data_options=dict(self.data_options),
            capabilities=trainer.model.capabilities if trainer else self.family.offers,
            completes=self.family.completes,
            latent_size=trainer.model.latent_size if trainer else 0,
            takes_labels=trainer.model.takes_labels if trainer else True,
            terms=self.watch.terms | self.terms,
            vectors=dict(self.vectors),
            notices=self.notices(),
            message=self.message,
            device=str(self.device),
            digest=self.digest,
            path=self.path,
            card_name=self.card_name,
            snapshots=self.history.steps,
            phase=self.phase,
            paired=self.paired,
        )

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Everything that continuing depends on. A training step that was begun is finished first."""
        assert self.trainer is not None
        self.finish_step()
        tensors, plain = self.trainer.state()
        live = {
            k.name: getattr(config, k.name)
            for config in (self.training, self.config)
            for k in knob.knobs(type(config))
            if k.live
        }
        return tensors, {**plain, "live": live, "seconds": self.seconds, "device": self.device.type}

    def snapshot(self) -> Snapshot:
        """A frozen copy of the averaged weights."""
        assert self.trainer is not None
        return self.trainer.snapshot()

    def replica(self) -> Replica:
        """A model of its own with the averaged weights."""
        replica = Replica(self._new_model())
        replica.load(self.snapshot())
        return replica

    def command(self) -> str:
        """The command line that trains this run from scratch, with a remark where forks make it do something else."""
        words = ["genplay", "train", self.family.name, "--data", self.data_name, "--preset", "none"]
        for flag, values in (("--data-set", self.data_options), ("--set", self._changed())):
            words += [flag, *(f"{n}={v}" for n, v in values.items())] if values else []
        told = forking.NOTE + self.origin if self.origin else ""
        return shlex.join([*words, "--steps", str(self.step), "--seed", str(self.seed)]) + told

    def _changed(self) -> dict[str, Any]:
        """Settings that differ from their defaults."""
        changed: dict[str, Any] = {}
        for config in (self.config, self.training):
            changed |= {
                k.name: getattr(config, k.name)
                for k in knob.knobs(type(config))
                if getattr(config, k.name) != k.default and k.control != "settled"
            }
        return changed

    def card(self, with_curves: bool = True) -> Card:
        """What a checkpoint of this run says of itself."""
        assert self.spec is not None
        self.look()
        film = self.film[-1][1] if self.film else None
        preview = base64.b64encode(mosaic_png(film, self.spec)).decode() if film is not None else ""
        return Card(
            family=self.family.name,
            name=self.name,
            spec=self.spec,
            config=knob.values(self.config),
            training=knob.values(self.training),
            data=self.data_name,
            data_title=self.data_title,
            data_options=dict(self.data_options),
            seed=self.seed,
            step=self.step,
            seconds=round(self.seconds, 1),
            curves=self.curves.thinned() if with_curves else {},
            vectors={n: [float(f"{x:.6g}") for x in v] for n, v in self.vectors.items() if np.isfinite(v).all()},
            made_with=f"genplay {__version__}, torch {torch.__version__}",
            recipe=self.command(),
            licence=self.dataset.licence,
            preview=preview,
        )

    def save(self, path: str | Path) -> str:
        """Write a checkpoint; returns its digest. Raises ``OSError``."""
        self.finish_step()
        self.digest = checkpoint.save(path, self.replica().model, self.card())
        self.path, self.card_name = str(path), self.name
        return self.digest


def _settled(family: type[Model], config: dict[str, Any], stages: Stages) -> dict[str, Any]:
    """Settings that were checked one by one and then completed by the family; raises ``BadInput``."""
    return family.settle(knob.values(knob.build(family.Config, config)), stages.open)


def default_name(family: type[Model], data_title: str) -> str:
    """What a run is called until the user names it."""
    return f"{data_title} · {family.title}"


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.perf_counter()
