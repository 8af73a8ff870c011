"""Choosing tokens from logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor


def sharpened(logits: Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Probabilities (..., V) of logits (..., V): softmax(logits / temperature), cut to the most likely values.

    ``top_k`` keeps that many values, 0 all (Fan et al. 2018); ``top_p`` the fewest that hold that share of the
    probability (nucleus: Holtzman et al. 2020, arXiv:1904.09751). At temperature 0 the likeliest value takes all.
    """
    if temperature <= 0:
        top_k, temperature = 1, 1.0
    probs = (logits / temperature).softmax(-1)
    if (not top_k or top_k >= logits.shape[-1]) and top_p >= 1:
        return probs
    ranked, order = probs.sort(dim=-1, descending=True, stable=True)
    if top_k:
        ranked[..., top_k:] = 0
    if top_p < 1:
        share = ranked / ranked.sum(-1, keepdim=True)
        outside = share.cumsum(-1) - share >= top_p  # the share is held already without this value
        outside[..., 0] = False
        ranked[outside] = 0
    kept = torch.zeros_like(probs).scatter_(-1, order, ranked)
    return kept / kept.sum(-1, keepdim=True)


def drawn(probs: Tensor, generator: Generator, rows: int = 0) -> Tensor:
    """Values (B, ...) int64 drawn from probabilities (B, ..., V), by where an even number falls among their sums.

    Random numbers are drawn for ``rows`` rows where that is more than B, and the first B are used.
    """
    sums = probs.double().cumsum(-1)
    u = even(probs.shape[:-1], generator, rows).to(probs.device)
    place = (u * sums[..., -1])[..., None]
    return torch.searchsorted(sums, place, right=True)[..., 0].clamp(max=probs.shape[-1] - 1)


def even(shape: Sequence[int], generator: Generator, rows: int = 0) -> Tensor:
    """Even random numbers in [0, 1), float64 of that shape, the first of those for ``rows`` rows."""
    wide = (max(rows, shape[0]), *shape[1:])
    return torch.rand(wide, generator=generator, dtype=torch.float64, device=generator.device)[: shape[0]]
