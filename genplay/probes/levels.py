"""What each level of a hierarchical code decides: pictures with some levels drawn anew and the others held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from genplay.contract import requests, results
from genplay.contract.capability import Capability
from genplay.contract.errors import BadInput
from genplay.contract.spec import Kind
from genplay.core.dataset import Dataset, to_plain
from genplay.core.probe import Partial, Probe, codes, conditions, streams, within

MAX_REDRAWS = 512


class RedrawLevels(Probe):
    """A row a level: it alone, or it and all below it, drawn anew some times around one code."""

    question = requests.RedrawLevels
    needs = frozenset({Capability.DECODE, Capability.LEVELS})
    kinds = (Kind.IMAGE,)

    def run(
        self, model: Any, data: Dataset | None, question: requests.RedrawLevels, generator: Generator
    ) -> Iterator[Partial]:
        """``results.Levels`` in one piece."""
        columns = within("The number of columns", question.columns, 1, MAX_REDRAWS)
        n = within("The number of redraws", question.n, 1, MAX_REDRAWS)
        if question.z.ndim != 1:
            raise BadInput(f"The code must be one row of {model.latent_size} numbers.")
        own = codes(question.z[None], model.latent_size, model.device)
        labels = conditions(question.condition, model.spec, 1, model.device)
        parts, middle = model.levels(own), model.decode(own, labels).clamp(-1, 1)
        rows, drawn, away = [], [], []
        most = max(columns, n)
        told = None if labels is None else labels.expand(most, -1)
        for level, stream in zip(range(len(parts)), streams(generator)):
            x, z = model.decode_levels(held_around(parts, level, question.below, most), most, stream, told)
            rows.append(x[:columns])
            drawn.append(z[:columns])
            away.append((x[:n].clamp(-1, 1) - middle).abs().mean((0, 1)) / 2)
        where = torch.stack(away).float().cpu()
        yield Partial(
            results.Levels(
                x=to_plain(torch.cat(rows), model.spec),
                z=torch.cat(drawn).float().cpu().numpy(),
                sizes=tuple(part.shape[1] for part in parts),
                change=where.mean((1, 2)).numpy(),
                where=where.numpy(),
            )
        )


def held_around(parts: list[Tensor], level: int, below: bool, n: int) -> list[Tensor | None]:
    """Levels (1, D_i) of a code, repeated n times; None for ``level``, and with ``below`` for those under it."""
    free = range(level, len(parts)) if below else (level,)
    return [None if i in free else part.expand(n, -1) for i, part in enumerate(parts)]
