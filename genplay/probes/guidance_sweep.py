"""The same noise at several guidance scales, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset, to_plain
from genplay.core.model import Frame, Model, Start
from genplay.core.probe import BREATH, Partial, Probe, conditions, seeded, within
from genplay.probes.starts import pieces, rows_at_once
from genplay.probes.walking import foreseen

MAX_SCALES, MOST_SCALE = 32, 15.0
MAX_CELLS = {Kind.IMAGE: 1024, Kind.POINTS: 20_000}
MAX_STEPS = 1000
LOOKS = (0.25, 0.5, 0.75)  # of the way, where the pictures so far are shown


@dataclass(frozen=True)
class Columns:
    """Some columns of the table that are drawn in one batch.

    ``at`` are their places, ``config`` their sampler, ``labels`` (n, A) their conditions, and ``samples`` which sample
    of the piece of noise ``piece`` each one is.
    """

    at: list[int]
    config: Any
    labels: Tensor | None
    samples: list[int]
    piece: int = 0


class SweepGuidance(Probe):
    """A row a guidance scale; a column a sample, a number of steps or a label.

    Every cell of a column has the same noise, that of its sample in ``DrawSamples``; columns that differ in steps or
    label are all the first sample.
    """

    question = requests.SweepGuidance
    needs = frozenset({Capability.GUIDE})

    def run(
        self, model: Model, data: Dataset | None, question: requests.SweepGuidance, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Sweep``; on the way what the model foresees, later columns being like the last one drawn.

        Raises ``BadInput``.
        """
        scales, names = checked(model, question)
        table = Table(model.spec, len(scales), len(names))
        batches = columns(model, question)
        for i, batch in enumerate(batches):
            looks = list(LOOKS)
            for state in self._drawn(model, question.seed, batch, scales):
                share = 1 - state.t
                if share < 1 and not (looks and share >= looks[0]):
                    yield BREATH
                    continue
                looks = [look for look in looks if look > share]
                table.put(batch.at, foreseen(state))
                yield Partial(results.Sweep(table.whole(), scales, names), (i + share) / len(batches))

    def _drawn(self, model: Any, seed: int, batch: Columns, scales: tuple[float, ...]) -> Iterator[Frame]:
        """All cells of some columns, scale by scale, a step at a time."""
        n, rows = len(batch.at), rows_at_once(model)
        *_, piece = pieces(model, batch.piece * rows + 1, seeded(seed, model.device))
        start = Start(rows=rows, index=torch.tensor(batch.samples).repeat(len(scales)))
        labels = None if batch.labels is None else batch.labels.repeat(len(scales), 1)
        each = torch.tensor(scales).repeat_interleave(n)
        return model.sample_steps(n * len(scales), batch.config, piece.stream, labels, start, each)


class Table:
    """Cells as they are drawn, row-major; columns that are not there yet repeat the last one before them."""

    def __init__(self, spec: DataSpec, rows: int, width: int) -> None:
        blank = to_plain(torch.zeros(1, *spec.shape), spec)
        self.spec, self.cells = spec, np.repeat(blank[None], rows * width, 0).reshape(rows, width, *blank.shape[1:])
        self.done: list[int] = []

    def put(self, at: list[int], x: Tensor) -> None:
        """Columns ``at`` from rows (R * n, *shape), scale by scale."""
        cells = to_plain(x, self.spec)
        self.cells[:, at] = cells.reshape(len(self.cells), len(at), *cells.shape[1:])
        self.done += [place for place in at if place not in self.done]

    def whole(self) -> np.ndarray:
        """All cells (R * C, ...), a copy."""
        width = self.cells.shape[1]
        last = self.done[-1]
        source = [i if i in self.done else last for i in range(width)]
        return self.cells[:, source].reshape(-1, *self.cells.shape[2:])


def checked(model: Model, question: requests.SweepGuidance) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The scales and the names of the columns; raises ``BadInput``."""
    scales = checked_scales(question.scales)
    names = named(model.spec, question)
    if len(scales) * len(names) > MAX_CELLS.get(model.spec.kind, 1024):
        raise BadInput("That is too large a table to draw; ask for fewer scales or columns.")
    return scales, names


def checked_scales(scales: tuple[float, ...]) -> tuple[float, ...]:
    """The scales, if they are such; raises ``BadInput``."""
    if not 1 <= len(scales) <= MAX_SCALES or not all(_is_scale(s) for s in scales):
        raise BadInput(f"A sweep takes 1 to {MAX_SCALES} guidance scales from 0 to {MOST_SCALE:g}.")
    return tuple(scales)


def _is_scale(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_SCALE


def named(spec: DataSpec, question: requests.SweepGuidance) -> tuple[str, ...]:
    """What each column is; raises ``BadInput``."""
    if question.across == "seed":
        count = within("The number of columns", question.columns, 1, MAX_CELLS[Kind.POINTS])
        return tuple(f"sample {i + 1}" for i in range(count))
    if not question.values:
        raise BadInput("A sweep needs at least one column.")
    if question.across == "steps":
        return tuple(f"{within('A number of steps', n, 1, MAX_STEPS)} steps" for n in question.values)
    attribute = next((a for a in spec.attributes if a.name == question.across), None)
    if attribute is None:
        raise BadInput(f"There is no attribute {question.across!r:.60}.")
    within_attribute = (within(f"A label of {attribute.name}", v, 0, attribute.any) for v in question.values)
    return tuple("any" if v == attribute.any else attribute.values[v] for v in within_attribute)


def columns(model: Model, question: requests.SweepGuidance) -> list[Columns]:
    """The batches that make up the table, the quickest first; raises ``BadInput``."""
    config = knob.build(model.SampleConfig, question.config)

    def labels(n: int) -> Tensor | None:
        return conditions(question.condition, model.spec, n, model.device)

    if question.across == "seed":
        rows = rows_at_once(model)
        starts = range(0, question.columns, rows)
        places = [list(range(start, min(question.columns, start + rows))) for start in starts]
        return [Columns(at, config, labels(len(at)), [i % rows for i in at], at[0] // rows) for at in places]
    if question.across == "steps":
        order = sorted(range(len(question.values)), key=lambda i: question.values[i])
        return [Columns([i], replace(config, steps=question.values[i]), labels(1), [0]) for i in order]
    n = len(question.values)
    return [Columns(list(range(n)), config, _varied(model, question), [0] * n)]


def _varied(model: Model, question: requests.SweepGuidance) -> Tensor:
    """The condition (n, A) of each column, one attribute of which is a column's own."""
    place = [a.name for a in model.spec.attributes].index(question.across)
    found = conditions(question.condition or model.spec.any_labels, model.spec, len(question.values), model.device)
    assert found is not None
    rows = found.clone()
    rows[:, place] = torch.tensor(question.values, device=rows.device)
    return rows
