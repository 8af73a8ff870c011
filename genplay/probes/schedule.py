"""The noise schedule of a model, to be drawn as curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.core.dataset import Dataset
from genplay.core.probe import Partial, Probe, within
from genplay.probes.forward_process import values
from genplay.probes.starts import gaussian

MAX_POINTS = 10_001


class DescribeSchedule(Probe):
    """alpha, sigma, the share of signal and the signal-to-noise ratio over time."""

    question = requests.DescribeSchedule
    needs = frozenset({Capability.CORRUPT})

    def run(
        self, model: Any, data: Dataset | None, question: requests.DescribeSchedule, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Schedule`` at even times from 0 to 1; the log SNR ends at that of alpha or sigma = 1e-4."""
        points = within("The number of points", question.points, 2, MAX_POINTS)
        schedule = gaussian(model).schedule
        t, alpha, sigma, log_snr = values(schedule, torch.linspace(0, 1, points, dtype=torch.float64))
        share = alpha**2 / (alpha**2 + sigma**2)
        arrays = [v.numpy() for v in (t, alpha, sigma, share, log_snr)]
        yield Partial(results.Schedule(schedule.title, *arrays), 1.0)
