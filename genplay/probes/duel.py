"""Samplers against each other: from identical noise, measured by what the equation being solved really gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract import knob, requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.sampling import STOCHASTIC, GaussianSampling
from genplay.core.dataset import Dataset, to_plain
from genplay.core.model import Frame
from genplay.core.probe import Partial, Probe, seeded, within
from genplay.probes.samples import side_by_side
from genplay.probes.starts import gaussian

MAX_CONTENDERS, MAX_SAMPLES = 64, 1024
FINE_STEPS = 200


@dataclass
class Ended:
    """Samples (n, *shape), and what they took."""

    x: Tensor
    nfe: int
    seconds: float


@dataclass
class Standing:
    """Who has ended so far."""

    model: Any
    settings: list[GaussianSampling]
    reference: Ended | None = None
    ended: list[Ended] = field(default_factory=list)

    def so_far(self) -> results.Duel:
        """The record; before the reference is there, with nothing in it."""
        spec = self.model.spec
        fine = torch.empty(0, *spec.shape) if self.reference is None else self.reference.x
        shown = [to_plain(e.x, spec) for e in self.ended]
        reference = to_plain(fine, spec)
        return results.Duel(
            x=np.stack(shown) if shown else np.zeros((0, *reference.shape), reference.dtype),
            reference=reference,
            nfe=np.array([e.nfe for e in self.ended], np.int64),
            distance=np.array([distance(e.x, fine) for e in self.ended], np.float64),
            seconds=np.array([e.seconds for e in self.ended], np.float64),
            reference_nfe=0 if self.reference is None else self.reference.nfe,
            stochastic=np.array([adds_noise(s) for s in self.settings[: len(self.ended)]], bool),
        )


class Duel(Probe):
    """Every contender's samples, and their root-mean-square distance to 200 steps of Heun from the same noise."""

    question = requests.Duel
    needs = frozenset({Capability.DENOISE})

    def run(self, model: Any, data: Dataset | None, question: requests.Duel, generator: Generator) -> Iterator[Partial]:
        """``results.Duel``, one more contender an answer, in their order; the first answers are empty while the
        reference is worked out. Raises ``BadInput``."""
        within("The number of samples", question.n, 1, MAX_SAMPLES)
        if not 1 <= len(question.contenders) <= MAX_CONTENDERS:
            raise BadInput(f"A duel has from 1 to {MAX_CONTENDERS} contenders.")
        sampling = gaussian(model).SampleConfig
        settings = [knob.build(sampling, {**question.config, **own}) for own in question.contenders]
        fine = finely(knob.build(sampling, question.config))
        standing = Standing(model, settings)
        work = [expense(one) for one in (fine, *settings)]
        for i, one in enumerate((fine, *settings)):
            for state, ended in fought(model, question, one):
                if ended is None:
                    share = sum(work[:i]) + work[i] * (1 - state.t)
                    yield Partial(standing.so_far(), min(0.999, share / sum(work)))
                elif i == 0:
                    standing.reference = ended
                else:
                    standing.ended.append(ended)
        yield Partial(standing.so_far(), 1.0)


def finely(config: GaussianSampling) -> GaussianSampling:
    """The probability-flow ODE under the same guidance, solved well."""
    return replace(config, sampler="heun", steps=FINE_STEPS, spacing="auto", eta=0.0)


def fought(model: Any, question: requests.Duel, config: GaussianSampling) -> Iterator[tuple[Frame, Ended | None]]:
    """Each state of one contender, and the last one again with what it took; time between the states is not counted."""
    asked = replace(question, config=knob.values(config))
    frames = side_by_side(model, asked, seeded(question.seed, model.device))
    seconds, state = 0.0, None
    while True:
        start = perf_counter()
        after = next(frames, None)
        seconds += perf_counter() - start
        if after is None:
            break
        state = after
        yield state, None
    assert state is not None
    yield state, Ended(state.x, int(state.facts.get("nfe", 0)), seconds)


def expense(config: GaussianSampling) -> float:
    """About how many evaluations a sampler takes, to tell how far the duel is."""
    each = {"heun": 2, "predictor-corrector": 1 + config.corrections, "langevin": config.inner}
    return 60.0 if config.sampler == "rk45" else float(config.steps * each.get(config.sampler, 1))


def adds_noise(config: GaussianSampling) -> bool:
    """Whether a sampler is not meant to end where the equation leads."""
    return config.sampler in STOCHASTIC or (config.sampler == "ddim" and config.eta > 0)


def distance(x: Tensor, reference: Tensor) -> float:
    """Root mean square of the difference over all numbers, pictures in [-1, 1]."""
    return float((x.double() - reference.double()).square().mean().sqrt())
