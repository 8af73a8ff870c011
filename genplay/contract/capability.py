"""What a model can do. Each capability is the name of the method that provides it."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """A method that a model class may define; signatures are documented in ``genplay.core.model``."""

    SAMPLE = "sample_steps"
    ENCODE = "encode"
    DECODE = "decode"
    LOG_DENSITY = "log_density"
    ENERGY = "energy"
    CRITIC = "critic"
    SCORE = "score"
    DENOISE = "denoise"
    CORRUPT = "corrupt"
    NEXT_PROBS = "next_probs"
    GUIDE = "guided"
    INVERT = "invert"
    LAYERS = "layers"
    CODES = "codes"
    CHAIN = "chain_steps"
    FILTERS = "filters"
    LEVELS = "levels"
    TRANSLATE = "translate"


LACKS: dict[Capability, str] = {
    Capability.SAMPLE: "it cannot be sampled from",
    Capability.ENCODE: "it has no encoder",
    Capability.DECODE: "it has no latent space to decode from",
    Capability.LOG_DENSITY: "it gives no likelihood",
    Capability.ENERGY: "it has no energy function",
    Capability.CRITIC: "it has no discriminator",
    Capability.SCORE: "it has no score function",
    Capability.DENOISE: "it does not denoise",
    Capability.CORRUPT: "it has no forward noising process",
    Capability.NEXT_PROBS: "it does not predict one value at a time",
    Capability.INVERT: "its codes cannot be found by optimisation",
    Capability.LAYERS: "it is no sequence of invertible layers",
    Capability.CODES: "it has no codebook",
    Capability.CHAIN: "it is not sampled by a Markov chain",
    Capability.FILTERS: "it has no filters that could be drawn",
    Capability.LEVELS: "its codes have one level only",
    Capability.TRANSLATE: "it turns no picture into another",
    Capability.GUIDE: "it does not denoise with labels to be guided by",
}
"""Why a panel is closed to a model, completing "this GAN: ..."."""
