"""Units of likelihoods."""

from __future__ import annotations

import math

from torch import Tensor

from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import written


def bits_per_dimension(nats: float, spec: DataSpec, size: float = 0) -> float:
    """Mean log density in nats of whole examples as bits a dimension; lower is better.

    -nats / (D log 2), for pictures plus log2(127.5): 8-bit pixels 0..255 are scaled to [-1, 1], and a density over
    pixel values is 127.5 times smaller than one over [-1, 1]. It bounds the code length of the pictures only for models
    that train on dequantised pixels (uniform noise of one level added); for a density of the bare pixels it can be far
    too low, even negative, and compares only like with like. For points it is that of the density alone. Texts have a
    ``size`` of their own, see ``size_of``.
    """
    bits = -nats / ((size or spec.size) * math.log(2))
    return bits + math.log2(127.5) if spec.kind is Kind.IMAGE else bits


def size_of(x: Tensor, spec: DataSpec) -> float:
    """What the mean log density of examples x (B, *shape) is divided by: D, or of texts their mean length.

    The end of a text counts as a character, as in a file with one text a line; what comes after it does not count, so
    that bits per character are those of the whole code over the characters it stands for.
    """
    return float(written(x).sum()) / len(x) if spec.kind is Kind.TOKENS and len(x) else spec.size
