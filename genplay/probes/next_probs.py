"""What a model that draws a pixel at a time draws each from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Generator

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, from_plain
from genplay.core.probe import Partial, Probe, conditions
from genplay.families.autoregressive import CHANNEL_LOG_SCALE


class NextProbs(Probe):
    """The distribution of one pixel given those before it, and how surprising each pixel of the picture is."""

    question = requests.NextProbs
    needs = frozenset({Capability.NEXT_PROBS})
    kinds = (Kind.IMAGE,)

    def run(
        self, model: Any, data: Dataset | None, question: requests.NextProbs, generator: Generator
    ) -> Iterator[Partial]:
        """``results.NextProbs``. Raises ``BadInput`` for a picture of another size or a pixel outside it."""
        channels, height, width = model.spec.shape
        picture, position = question.picture, question.position
        if picture.dtype != np.uint8 or picture.shape != (height, width, channels):
            raise BadInput(
                f"The picture must be uint8 {(height, width, channels)}, not {picture.dtype} {picture.shape}."
            )
        if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position < height * width:
            raise BadInput(f"The position must be a whole number from 0 to {height * width - 1}.")
        x = from_plain(picture[None], model.spec, model.device)
        labels = conditions(question.condition, model.spec, 1, model.device)
        probs = model.next_probs(x, position, labels)[0]
        drawn = model.head.values(model.seen(x))[0, position]
        surprise = None
        if question.surprise:
            nats = model.log_density_by_place(x, labels)[0] - channels * CHANNEL_LOG_SCALE
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
