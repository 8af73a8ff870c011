"""Whether texts are new, or stand word for word in the data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, written
from genplay.core.fitting import fit
from genplay.core.probe import Partial, Probe, conditions, streams
from genplay.metrics.memory import found_in

MAX_TEXTS = 100_000
AT_ONCE = 32


class CheckNovelty(Probe):
    """Which texts are in the training part or the held-out part, and how many bits a character each of them costs.

    A model that only remembers writes what it was trained on; one that has learnt writes held-out texts too, which it
    never saw, and many that are in neither.
    """

    question = requests.CheckNovelty
    kinds = (Kind.TOKENS,)
    needs_data = True

    def run(
        self, model: Any, data: Dataset, question: requests.CheckNovelty, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Novelty``: first what was found, then with the bits of more and more texts. Raises ``BadInput``."""
        if question.x.ndim != 2 or not 1 <= len(question.x) <= MAX_TEXTS:
            raise BadInput(f"The texts must be from 1 to {MAX_TEXTS:,} rows of tokens.")
        x = torch.cat([fit(row, model.spec) for row in question.x])
        found = found_in(x, data)
        bits = np.full(len(x), np.nan, np.float32)
        yield Partial(results.Novelty(found, bits.copy(), model.density_kind), 0.0)
        if Capability.LOG_DENSITY not in model.capabilities:
            return
        for start, stream in zip(range(0, len(x), AT_ONCE), streams(generator)):
            rows = x[start : start + AT_ONCE].to(model.device)
            labels = conditions(question.condition, model.spec, len(rows), model.device)
            nats = model.log_density(rows, labels, stream).double() / written(rows).sum(1)
            bits[start : start + AT_ONCE] = (-nats / math.log(2)).cpu().numpy()
            yield Partial(results.Novelty(found, bits.copy(), model.density_kind), min(1.0, (start + AT_ONCE) / len(x)))
