"""Finding the code of an example by optimisation, watched step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.spec import DataSpec
from genplay.core.dataset import Dataset, to_plain
from genplay.core.fitting import fit
from genplay.core.model import Frame
from genplay.core.probe import Partial, Probe, conditions


class Invert(Probe):
    """The model's own search for the code of one example, from its first guess to its last."""

    question = requests.Invert
    needs = frozenset({Capability.INVERT})

    def run(
        self, model: Any, data: Dataset | None, question: requests.Invert, generator: Generator
    ) -> Iterator[Partial]:
        """A ``results.Frame`` a step, then a ``results.Tape`` of all of them. Raises ``BadInput``."""
        x = fit(question.x, model.spec, model.device)
        labels = conditions(question.condition, model.spec, 1, model.device)
        frames: list[results.Frame] = []
        for state in model.invert(x, labels, generator):
            frames.append(_frame(len(frames), state, model.spec))
            yield Partial(frames[-1], min(1.0, max(0.0, 1 - state.t)), kept=True)
        last = len(frames) - 1
        yield Partial(results.Tape(tuple(dataclasses.replace(f, count=last) for f in frames)), 1.0)


def _frame(index: int, state: Frame, spec: DataSpec) -> results.Frame:
    return results.Frame(
        index, 0, float(state.t), to_plain(state.x, spec), {"z": _numpy(state.extras["z"])}, dict(state.facts)
    )


def _numpy(value: Tensor) -> np.ndarray:
    return value.detach().float().cpu().numpy().copy()
