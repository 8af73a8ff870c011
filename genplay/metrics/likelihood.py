"""Units of likelihoods."""

from __future__ import annotations

import math

from genplay.contract.spec import DataSpec, Kind


def bits_per_dimension(nats: float, spec: DataSpec) -> float:
    """Mean log density in nats of whole examples as bits a dimension; lower is better.

    -nats / (D log 2), for pictures plus log2(127.5): 8-bit pixels 0..255 are scaled to [-1, 1], and a density over
    pixel values is 127.5 times smaller than one over [-1, 1]. It bounds the code length of the pictures only for models
    that train on dequantised pixels (uniform noise of one level added); for a density of the bare pixels it can be far
    too low, even negative, and compares only like with like. For points it is that of the density alone.
    """
    bits = -nats / (spec.size * math.log(2))
    return bits + math.log2(127.5) if spec.kind is Kind.IMAGE else bits
