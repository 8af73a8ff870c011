"""What temperature, top-k and top-p make of a distribution, at once, without asking the model again."""

from __future__ import annotations

import numpy as np


def sharpened(probs: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    """p^(1 / temperature), normalised, cut to the likeliest values and normalised again: (..., V) of (..., V).

    ``top_k`` keeps that many values (0 all), ``top_p`` the fewest that hold that share of the probability (Holtzman et
    al. 2020, arXiv:1904.09751). At temperature 0 the likeliest value takes all.

    >>> sharpened(np.array([0.5, 0.3, 0.2]), top_k=2).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    if temperature <= 0:
        top_k, temperature = 1, 1.0
    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(probs, np.float64)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    order = np.argsort(-powers, axis=-1, kind="stable")
    ranked = np.take_along_axis(powers, order, axis=-1)
    if top_k:
        ranked[..., top_k:] = 0
    share = ranked / ranked.sum(axis=-1, keepdims=True)
    outside = share.cumsum(axis=-1) - share >= top_p
    outside[..., 0] = False
    ranked[outside] = 0
    kept = np.zeros_like(powers)
    np.put_along_axis(kept, order, ranked, axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)


def bits(probability: float) -> float:
    """Surprise -log2 p, at most 99 bits.

    >>> bits(0.25), bits(0.0)
    (2.0, 99.0)
    """
    return float(min(99.0, -np.log2(max(probability, 1e-30))))


def entropy(probs: np.ndarray) -> float:
    """Entropy of a distribution (V,) in bits: how many even choices it amounts to, as a power of two.

    >>> entropy(np.full(8, 0.125))
    3.0
    """
    some = probs[probs > 0]
    return float(-(some * np.log2(some)).sum())
