"""What classifier-free guidance asks of a model, whatever it then mixes: noise predictions or log-probabilities.

F = F_base + w (F_condition - F_base) (Ho and Salimans 2022, arXiv:2207.12598). The base is unconditional, or has the
negative condition. Attributes with weights of their own are composed: F = F_base + sum_i w_i (F_i - F_base) (Liu et al.
2022, arXiv:2206.01714). Over time the scale is 1 + m(t) (w - 1), m being 0 outside the interval (Kynkäänniemi et al.
2024, arXiv:2404.07724).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from genplay.contract import sampling
from genplay.contract.errors import BadInput
from genplay.core.model import Model

KEEP_ALL, DROP_ALL = 0.45, 0.1  # shares of the rows that keep, or lose, all their labels in training


def kept_labels(labels: Tensor, anything: Tensor, generator: Generator) -> Tensor:
    """Labels (B, A) with some as in ``anything`` (B, A), so that a network can be asked for any subset of attributes.

    45 % of the rows keep all labels and 10 % lose all; each of the others loses every label with a probability of
    its own, drawn from U(0, 1).
    """
    rows = torch.rand(len(labels), 2, generator=generator, device=generator.device).to(labels.device)
    rate = torch.where(rows[:, :1] < KEEP_ALL, 0.0, rows[:, 1:])
    rate = torch.where(rows[:, :1] > 1 - DROP_ALL, 1.0, rate)
    drop = torch.rand(labels.shape, generator=generator, device=generator.device).to(labels.device) < rate
    return torch.where(drop, anything, labels)


@dataclass(frozen=True)
class Part:
    """One condition that is asked for, and its scale: a number, or one a row."""

    labels: Tensor
    scale: Any


class Conditions:
    """The conditions that a sampler's settings ask for, n rows each.

    ``config`` has the knobs ``guidance``, ``guide_from``, ``guide_to``, ``curve``, ``negative`` and ``weights`` of
    :class:`genplay.contract.sampling.GaussianSampling`. ``scales`` (n,) gives every row a guidance scale of its own,
    shaped to fit predictions of ``dims`` dimensions beside the row. Raises ``BadInput``.
    """

    def __init__(
        self, model: Model, labels: Tensor | None, config: Any, n: int, scales: Tensor | None, dims: int
    ) -> None:
        self.model, self.config, self.nfe = model, config, 0
        self.conditional = model.takes_labels
        self.curve = sampling.curve_points(config.curve)
        self.labels = model.labels(labels, n) if self.conditional else None
        self.base = self.labels
        self.parts: list[Part] = []
        self.rows: Tensor | None = None  # the labels of the base and of all parts
        self.negative = sampling.negative_labels(config.negative, model.spec) if self.conditional else ()
        composed = scales is not None or bool(config.weights)
        self.everywhere = composed and self.conditional  # then no step can do with one condition
        if self.conditional and (composed or config.guidance != 1):
            self._lay_out(n, None if scales is None else scales.to(model.device).view(-1, *[1] * dims))
        elif not self.conditional and config.guidance != 1 and labels is not None:
            raise BadInput("This model was trained without labels, so it cannot be guided.")

    def _lay_out(self, n: int, scales: Tensor | None) -> None:
        model, spec = self.model, self.model.spec
        assert self.labels is not None
        row = torch.tensor([self.negative or spec.any_labels], device=model.device, dtype=torch.int64)
        self.base = row.expand(n, -1)
        anything = model.labels(None, n)
        left = self.labels.clone()
        for column, weight in sampling.attribute_weights(self.config.weights, spec).items():
            alone = anything.clone()
            alone[:, column] = self.labels[:, column]
            left[:, column] = anything[:, column]
            self.parts.append(Part(alone, weight))
        if not self.parts or bool((left != anything).any()):
            self.parts.insert(0, Part(left, self.config.guidance if scales is None else scales))
        self.rows = torch.cat([self.base, *(part.labels for part in self.parts)])

    def factor(self, t: float) -> float:
        """m(t): how much of the guidance there is at a time."""
        low, high = sorted((self.config.guide_to, self.config.guide_from))
        return sampling.curve_at(self.curve, t) if low <= t <= high else 0.0

    def scale(self, t: float) -> float:
        """The common scale at a time, 1 where nothing is guided."""
        return 1 + (self.factor(t) if self.parts else 0.0) * (self.config.guidance - 1)

    def alone(self, t: float) -> bool:
        """Whether one condition is all that has to be asked for at a time; :meth:`one` says which."""
        return not self.parts or (not self.everywhere and self.scale(t) in (0.0, 1.0))

    def one(self, t: float) -> Tensor | None:
        """The labels (n, A) where :meth:`alone`."""
        return self.labels if self.scale(t) else self.base

    @property
    def times(self) -> int:
        """Conditions that are asked for at once."""
        return 1 + len(self.parts)

    def mixed(self, outputs: tuple[Tensor, ...], t: float) -> Tensor:
        """F of the outputs for the base and for each part."""
        base, factor = outputs[0], self.factor(t)
        output = base.clone()
        for part, conditional in zip(self.parts, outputs[1:]):
            output += (1 + factor * (part.scale - 1)) * (conditional - base)
        return output
