"""What a model that draws a pixel at a time draws each from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, from_plain
from genplay.core.fitting import fit
from genplay.core.probe import Partial, Probe, conditions
from genplay.families.autoregressive import CHANNEL_LOG_SCALE


class NextProbs(Probe):
    """The distribution of one pixel or character given those before it, and how surprising each of them is."""

    question = requests.NextProbs
    needs = frozenset({Capability.NEXT_PROBS})
    kinds = (Kind.IMAGE, Kind.TOKENS)

    def run(
        self, model: Any, data: Dataset | None, question: requests.NextProbs, generator: Generator
    ) -> Iterator[Partial]:
        """``results.NextProbs``. Raises ``BadInput`` for another size or a place outside it."""
        x, position = _checked(question.picture, model), question.position
        last = model.spec.size // channels(model) - 1
        if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position <= last:
            raise BadInput(f"The position must be a whole number from 0 to {last}.")
        labels = conditions(question.condition, model.spec, 1, model.device)
        probs = model.next_probs(x, position, labels)[0]
        drawn = model.head.values(model.seen(x))[0, position]
        surprise = None
        if question.surprise:
            nats = model.log_density_by_place(x, labels)[0]
            if model.spec.kind is Kind.IMAGE:
                nats = nats - channels(model) * CHANNEL_LOG_SCALE
            surprise = (-nats / math.log(2)).float().cpu().numpy()
        yield Partial(
            results.NextProbs(
                probs.float().cpu().numpy(),
                model.head.swatches().to("cpu").numpy().astype(np.uint8),
                model.head.names,
                drawn.cpu().numpy(),
                surprise,
            ),
            1.0,
        )


def channels(model: Any) -> int:
    """Numbers of a place."""
    return int(model.spec.shape[0]) if model.spec.kind is Kind.IMAGE else 1


def _checked(picture: np.ndarray, model: Any) -> Tensor:
    """A picture of the model's own size, or a text, as the model takes it."""
    if model.spec.kind is Kind.TOKENS:
        return fit(picture, model.spec, model.device)
    size = (*model.spec.shape[1:], model.spec.shape[0])
    if picture.dtype != np.uint8 or picture.shape != size:
        raise BadInput(f"The picture must be uint8 {size}, not {picture.dtype} {picture.shape}.")
    return from_plain(picture[None], model.spec, model.device)
