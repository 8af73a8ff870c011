"""A probe answers one kind of question about a frozen model or about a data set, coarse to fine.

A probe is one class in ``genplay.probes``, found by the name of the question record it answers. :func:`ask` is how the
engine puts a question: it checks what the model can do, seeds a generator of its own and runs the probe without
gradients, so that the same question to the same weights gives the same bytes whatever ran before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from genplay.contract.capability import LACKS, Capability
from genplay.contract.errors import BadInput
from genplay.contract.requests import Question
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Model


class Partial(NamedTuple):
    """An answer so far: a record of ``genplay.contract.results`` and, where known, the progress in [0, 1].

    ``kept`` ones are a series, such as the frames of a film: all of them reach the window, in order. Of the others, it
    may see only the newest. One without a value, a ``BREATH``, says nothing: long work can be stopped there.
    """

    value: Any
    progress: float | None = None
    kept: bool = False


BREATH = Partial(None)


class Probe:
    """Base of every probe. A concrete one sets ``question`` and defines ``run``.

    ``needs`` and ``kinds`` say which models it can ask. ``needs_data`` asks for the data set that the model learns;
    a probe with ``needs_model`` False is about data alone, is given neither, and loads what its question names.
    """

    name: ClassVar[str]
    question: ClassVar[type[Question]]
    needs: ClassVar[frozenset[Capability]] = frozenset()
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)
    needs_model: ClassVar[bool] = True
    needs_data: ClassVar[bool] = False

    def __init_subclass__(cls, **facts: Any) -> None:
        super().__init_subclass__(**facts)
        if "question" in vars(cls):
            cls.name = cls.question.__name__

    def run(self, model: Any, data: Any, question: Any, generator: Generator) -> Iterator[Partial]:
        """Answers from coarse to fine; the last one is the answer. Raises ``BadInput``."""
        raise TypeError(f"{type(self).__name__} defines no run")


@torch.no_grad()
def ask(probe: type[Probe], model: Model | None, data: Dataset | None, question: Question) -> Iterator[Partial]:
    """Put ``question`` to ``model`` and the ``data`` it learns. Raises ``BadInput`` where they do not fit."""
    if probe.needs_model:
        _check_fit(probe, model, data)
        _check_condition(model, question)
    generator = seeded(question.seed, model.device if model is not None else "cpu")
    yield from probe().run(model, data, question, generator)


def _check_fit(probe: type[Probe], model: Model | None, data: Dataset | None) -> None:
    if model is None:
        raise BadInput("This question needs a model.")
    for capability in sorted(probe.needs - model.capabilities):
        raise BadInput(f"This {model.title} cannot answer that: {LACKS[capability]}.")
    if model.spec.kind not in probe.kinds:
        raise BadInput(f"That question cannot be asked about {model.spec.kind.plural}.")
    if probe.needs_data:
        if data is None:
            raise BadInput("The data this model learns from is not at hand.")
        if (data.spec.kind, data.spec.shape) != (model.spec.kind, model.spec.shape):
            raise BadInput(f"The data {data.title} does not have the shape this model learns.")
        if data.spec.vocabulary != model.spec.vocabulary:
            raise BadInput(f"The data {data.title} has other characters than this model learnt.")


def _check_condition(model: Model | None, question: Question) -> None:
    condition = getattr(question, "condition", ())
    if model is not None and condition and condition != model.spec.any_labels and not model.takes_labels:
        raise BadInput(f"This {model.title} was trained without labels, so it cannot be told what to draw.")


def seeded(seed: int, device: torch.device | str = "cpu") -> Generator:
    """A generator of its own for a question's seed; raises ``BadInput`` for a seed outside [0, 2**63)."""
    if not 0 <= seed < 1 << 63:
        raise BadInput("The seed must be a whole number from 0 to 9223372036854775807.")
    return torch.Generator(device).manual_seed(seed)


def streams(generator: Generator) -> Iterator[Generator]:
    """Endless independent generators, the i-th the same however many are taken: one for each chunk of work.

    >>> first = next(streams(seeded(5)))
    >>> second = next(streams(seeded(5)))
    >>> bool((torch.rand(3, generator=first) == torch.rand(3, generator=second)).all())
    True
    """
    while True:
        seed = torch.randint(1 << 62, (), generator=generator, device=generator.device).item()
        yield torch.Generator(generator.device).manual_seed(int(seed))


def conditions(condition: tuple[int, ...], spec: DataSpec, n: int, device: torch.device | str = "cpu") -> Tensor | None:
    """A question's condition as labels (n, A), or None where nothing is specified; raises ``BadInput``.

    >>> from genplay.contract.spec import Attribute
    >>> spec = DataSpec(Kind.POINTS, (2,), (Attribute("hat", ("none", "red")), Attribute("mood", ("glad",))))
    >>> conditions((1, spec.attributes[1].any), spec, 2).tolist()
    [[1, 1], [1, 1]]
    """
    if not condition:
        return None
    if len(condition) != len(spec.attributes):
        raise BadInput(f"The condition must have one label for each of {len(spec.attributes)} attributes.")
    for label, attribute in zip(condition, spec.attributes):
        if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= attribute.any:
            raise BadInput(f"The condition for {attribute.name} must be a label from 0 to {attribute.any}.")
    return torch.tensor([condition], dtype=torch.int64, device=device).expand(n, -1)


def codes(z: np.ndarray, size: int, device: torch.device | str = "cpu") -> Tensor:
    """A question's latent codes (N, D) as a float tensor; raises ``BadInput`` for a wrong shape or infinite values."""
    if z.ndim != 2 or z.shape[1] != size or not len(z):
        raise BadInput(f"The codes must be rows of {size} numbers, not an array of shape {z.shape}.")
    z = np.ascontiguousarray(z, dtype=np.float32)
    if not np.isfinite(z).all():
        raise BadInput("The codes hold numbers that are not finite.")
    return torch.from_numpy(z).to(device)


def within(name: str, value: int, low: int, high: int) -> int:
    """``value`` if it is a whole number in [low, high]; raises ``BadInput`` naming it."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{name} must be a whole number from {low} to {high}, not {value!r:.40}.")
    return value
