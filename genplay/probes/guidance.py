"""Samples under guidance while its settings are being dragged: a coarse picture at once, then the fine one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.sampling import GaussianSampling
from genplay.core.dataset import Dataset, to_plain
from genplay.core.model import Model
from genplay.core.probe import BREATH, Partial, Probe, seeded, within
from genplay.probes.samples import side_by_side
from genplay.probes.walking import foreseen

MAX_SAMPLES, MAX_STEPS = 4096, 1000
COSTLY = frozenset({"rk45", "langevin", "predictor-corrector"})  # more than an evaluation a step
NEWS = 5  # steps between two words on how far the fine picture is


class Guide(Probe):
    """Samples first with few steps, then with all, of the noise that ``DrawSamples`` has for the seed.

    Where the sampler takes several evaluations a step, the coarse ones are those of the default one.
    """

    question = requests.Guide
    needs = frozenset({Capability.GUIDE})

    def run(
        self, model: Model, data: Dataset | None, question: requests.Guide, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Samples``: what the model foresees half-way through the preview, its samples, then the fine ones.

        Raises ``BadInput``.
        """
        within("The number of samples", question.n, 1, MAX_SAMPLES)
        config = knob.build(model.SampleConfig, question.config)
        preview = min(within("The steps of the preview", question.preview, 1, MAX_STEPS), config.steps)
        shown: Partial | None = None
        if preview < config.steps or is_costly(config):
            for shown in self._preview(model, question, coarse(config, preview)):
                yield shown
        half, state = (config.steps - 1) // 2, None
        for i, state in enumerate(side_by_side(model, question, generator)):
            if shown is None and i == half:
                yield Partial(_samples(foreseen(state), model, question), 0.5)
            elif shown is not None and i % NEWS == NEWS - 1:
                yield shown._replace(progress=progress(preview, config.steps, 1 - state.t))
            else:
                yield BREATH
        assert state is not None
        yield Partial(_samples(state.x, model, question), 1.0)

    def _preview(self, model: Model, question: requests.Guide, config: Any) -> Iterator[Partial]:
        """Nothing until half-way, then what is foreseen there, then the samples."""
        asked = replace(question, config=knob.values(config))
        half, state = (config.steps - 1) // 2, None
        for i, state in enumerate(side_by_side(model, asked, seeded(question.seed, model.device))):
            yield Partial(_samples(foreseen(state), model, question)) if i == half else BREATH
        assert state is not None
        yield Partial(_samples(state.x, model, question))


def is_costly(config: Any) -> bool:
    """Whether a sampler takes several evaluations a step."""
    return getattr(config, "sampler", "") in COSTLY


def coarse(config: Any, steps: int) -> Any:
    """A quick look at what ``config`` gives."""
    quick = {"sampler": GaussianSampling().sampler} if is_costly(config) else {}
    return replace(config, steps=steps, **quick)


def progress(preview: int, steps: int, share: float) -> float:
    """How much of all steps is done when this share of the fine ones is."""
    return min(1.0, max(0.0, (preview + steps * share) / (preview + steps)))


def _samples(x: Tensor, model: Model, question: requests.Guide) -> results.Samples:
    labels = np.tile(np.array(question.condition, np.int64), (len(x), 1)) if question.condition else None
    return results.Samples(to_plain(x, model.spec), None, labels)
