"""A model's own Markov chains at work, and how well they mix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_float, to_plain
from genplay.core.model import Frame, Model
from genplay.core.probe import BREATH, Partial, Probe, conditions, within
from genplay.metrics.chains import mixing
from genplay.probes.latent_map import chosen
from genplay.probes.starts import LARGEST, fitted, kept_outside

MAX_CHAINS, MAX_STEPS = 1024, 20_000
MAX_WALK = 512 << 20  # bytes
MAX_VALUES = 1 << 24
REACH = 1.2  # half the side of the square over which chains of points start when they start anywhere
PIECE_S = 0.03  # how long steps are gathered before they are sent


class WalkChains(Probe):
    """``n`` chains for ``steps`` steps of ``chain_steps``; their states as they come, then all of them again."""

    question = requests.WalkChains
    needs = frozenset({Capability.CHAIN})
    kinds = (Kind.POINTS, Kind.IMAGE)

    def run(
        self, model: Any, data: Dataset | None, question: requests.WalkChains, generator: Generator
    ) -> Iterator[Partial]:
        """Pieces ``results.Walk`` in order, then the whole one. Raises ``BadInput``, also beyond 512 MiB."""
        n = within("The number of chains", question.n, 1, MAX_CHAINS)
        steps = within("The number of steps", question.steps, 0, MAX_STEPS)
        x = first(model, data, question, n, generator)
        mask = None if question.mask is None else kept_outside(question.mask, (), model)
        config = replace(knob.build(model.SampleConfig, question.config), steps=max(1, steps))
        labels = conditions(question.condition, model.spec, n, model.device)
        chain = model.chain_steps(x, config, generator, labels, mask)
        record, sent = _Record(model, labels, steps), perf_counter()
        for frame in itertools.islice(chain, steps + 1):
            record.add(frame)
            if len(record) == 1 or perf_counter() - sent >= PIECE_S:
                yield Partial(record.piece(), len(record) / (steps + 2), kept=True)
                sent = perf_counter()
            else:
                yield BREATH
        if record.unsent:
            yield Partial(record.piece(), len(record) / (steps + 2), kept=True)
        yield Partial(record.whole(), 1.0)


class MeasureChains(Probe):
    """Autocorrelation, effective sample size and R-hat of numbers that were followed along chains."""

    question = requests.MeasureChains
    needs_model = False

    def run(self, model: None, data: None, question: requests.MeasureChains, generator: Generator) -> Iterator[Partial]:
        """``results.Mixing``. Raises ``BadInput``."""
        values = question.values
        if values.ndim != 2 or not values.size or values.size > MAX_VALUES or values.dtype.kind not in "fiu":
            raise BadInput("The values must be numbers in rows, a row a step and a column a chain.")
        if not np.isfinite(values).all():
            raise BadInput("The values hold numbers that are not finite.")
        found = mixing(values)
        yield Partial(
            results.Mixing(found.rho.astype(np.float32), found.tau, found.ess, found.rhat, *values.shape), 1.0
        )


def first(model: Any, data: Dataset | None, question: requests.WalkChains, n: int, generator: Generator) -> Tensor:
    """Where the chains start, (n, *shape) on the model's device; raises ``BadInput``."""
    if question.begin not in requests.WalkChains.BEGINS:
        raise BadInput(f"Chains start at {', '.join(requests.WalkChains.BEGINS)}, not at {question.begin!r:.40}.")
    if question.begin == "given":
        return _given(question.start, model, n)
    if question.begin == "negatives":
        return _negatives(model, n)
    if question.begin == "data":
        return _from_data(model, data, n, generator)
    even = torch.rand(n, *model.spec.shape, generator=generator, device=generator.device).to(model.device)
    return (2 * even - 1) * (REACH if model.spec.kind is Kind.POINTS else 1.0)


def _given(start: np.ndarray | None, model: Model, n: int) -> Tensor:
    """Pictures of 8-bit pixels, or the numbers of a state."""
    if start is None:
        raise BadInput("Give the chains something to start from.")
    if start.dtype == np.uint8:
        return fitted(start, model, n).expand(n, *model.spec.shape).contiguous()
    shape = model.spec.shape
    stored = (*shape[1:], shape[0]) if len(shape) == 3 else shape
    if start.dtype.kind != "f" or start.shape[1:] != stored or len(start) not in (1, n):
        raise BadInput(f"The chains must start from {n} rows of shape {stored}, not from an array {start.shape}.")
    x = np.ascontiguousarray(start, np.float32)
    if not np.isfinite(x).all() or np.abs(x).max() > LARGEST:
        raise BadInput("The start of the chains holds numbers that are not finite.")
    tensor = torch.from_numpy(x).to(model.device)
    return (tensor.permute(0, 3, 1, 2) if x.ndim == 4 else tensor).expand(n, *shape).contiguous()


def _negatives(model: Any, n: int) -> Tensor:
    kept = getattr(model, "negatives", None)
    if not callable(kept):
        raise BadInput(f"This {model.title} keeps no samples of its training to start from.")
    found: Tensor = kept(n)
    return found.to(model.device)


def _from_data(model: Model, data: Dataset | None, n: int, generator: Generator) -> Tensor:
    if data is None or data.spec.shape != model.spec.shape:
        raise BadInput("The data this model learns from is not at hand.")
    rows = chosen(len(data.heldout), n, generator).to(data.heldout.device)
    x = to_float(data.heldout[rows]).to(model.device)
    return x.repeat(-(-n // len(x)), *[1] * (x.dim() - 1))[:n]


class _Record:
    """The states of a walk so far, as the window takes them."""

    def __init__(self, model: Any, labels: Tensor | None, steps: int) -> None:
        self.model, self.labels, self.steps = model, labels, steps
        self._x: list[np.ndarray] = []
        self._energy: list[np.ndarray] = []
        self._accepted: list[np.ndarray] = []
        self._length: list[float] = []
        self._last: Tensor | None = None
        self._sent = 0
        self._size = 0

    def __len__(self) -> int:
        return len(self._x)

    @property
    def unsent(self) -> int:
        """How many states no piece has held yet."""
        return len(self) - self._sent

    def add(self, frame: Frame) -> None:
        """Take in a state; raises ``BadInput`` where it becomes too much."""
        x = to_plain(frame.x, self.model.spec)
        self._size += x.nbytes + 5 * len(x)
        if self._size > MAX_WALK:
            raise BadInput("This walk has more states than can be kept; ask for fewer chains or fewer steps.")
        energy = frame.extras.get("energy")
        energy = self.model.energy(frame.x, self.labels) if energy is None else energy
        accepted = frame.extras.get("accepted")
        self._x.append(x)
        self._energy.append(energy.detach().float().cpu().numpy())
        self._accepted.append(np.ones(len(x), bool) if accepted is None else accepted.cpu().numpy().astype(bool))
        self._length.append(float(frame.facts.get("step size", np.nan)))
        self._last = frame.x

    def piece(self) -> results.Walk:
        """What has come since the last piece."""
        first, self._sent = self._sent, len(self)
        return self._walk(first)

    def whole(self) -> results.Walk:
        """All of it."""
        return self._walk(0)

    def _walk(self, first: int) -> results.Walk:
        assert self._last is not None
        state = self._last.detach().float()
        state = state.permute(0, 2, 3, 1) if self.model.spec.kind is Kind.IMAGE else state
        return results.Walk(
            first=first,
            steps=self.steps,
            x=np.stack(self._x[first:]),
            energy=np.stack(self._energy[first:]),
            accepted=np.stack(self._accepted[first:]),
            step_size=np.array(self._length[first:], np.float32),
            state=state.cpu().contiguous().numpy().copy(),
        )
