"""What noise does to data, before any model: examples at several times of the forward process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.core.dataset import Dataset, to_plain
from genplay.core.gaussian import finest
from genplay.core.probe import BREATH, Partial, Probe
from genplay.core.schedules import Schedule
from genplay.probes.starts import fitted, gaussian, unit

MAX_EXAMPLES, MAX_TIMES, MAX_CELLS = 256, 1001, 20_000
LEAST = 1e-4  # of alpha and sigma in a logarithm


class Corrupt(Probe):
    """x_t = alpha x_0 + sigma eps for given examples, the same eps at all times."""

    question = requests.Corrupt
    needs = frozenset({Capability.CORRUPT})

    def run(
        self, model: Any, data: Dataset | None, question: requests.Corrupt, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Corrupted``, in one piece. Raises ``BadInput``."""
        schedule = gaussian(model).schedule
        times = [unit("A time", t) for t in question.times]
        if not 1 <= len(times) <= MAX_TIMES or not 1 <= len(question.x) <= MAX_EXAMPLES:
            raise BadInput(f"Ask for up to {MAX_EXAMPLES} examples at up to {MAX_TIMES} times.")
        if len(times) * len(question.x) > MAX_CELLS:
            raise BadInput("That is too much to noise at once; ask for fewer examples or fewer times.")
        x = fitted(question.x, model)
        state = generator.get_state()
        noised = []
        for t in times:
            generator.set_state(state)
            at = torch.full((len(x),), t, dtype=finest(x.device), device=x.device)
            noised.append(to_plain(model.corrupt(x, at, generator), model.spec))
            yield BREATH
        facts = [v.numpy() for v in values(schedule, torch.tensor(times, dtype=torch.float64))]
        yield Partial(results.Corrupted(np.stack(noised), *facts), 1.0)


def values(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Times (T,), alpha, sigma and log SNR there, all float64.

    Where alpha or sigma is below 1e-4 the log SNR is that of 1e-4: a number, and never infinite.
    """
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    return t, alpha, sigma, 2 * (alpha.clamp(min=LEAST).log() - sigma.clamp(min=LEAST).log())
