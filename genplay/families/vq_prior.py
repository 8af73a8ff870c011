"""A prior over the codes of a VQ-VAE (van den Oord et al. 2017, arXiv:1711.00937, 3.3; by a transformer: Esser et al.
2021, arXiv:2012.09841).

Two stages. A VQ-VAE, trained before and kept as it is, turns a picture into h x w codes and back. A causal transformer
then learns what goes with what, reading the codes row by row:

    log p(codes) = sum_i log p(code_i | code_1 ... code_{i-1})

The VQ-VAE draws the places independently of each other; here each is drawn given all those before it, and the decoder
turns the codes into a picture. log p(codes) + log p(x | codes) is a lower bound on log p(x), with densities as in
``vqvae``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Batch
from genplay.core.model import Frame, Objective
from genplay.families.vqvae import OverCodes
from genplay.nn.embeddings import AttributeEmbedding, drop_labels
from genplay.nn.sampling import drawn, sharpened
from genplay.nn.transformer import CausalTransformer

HEAD = 32  # numbers of the stream that a head of attention looks at


@dataclass(frozen=True)
class VQPriorConfig:
    """What a prior over codes is."""

    autoencoder: str = knob(
        "", "autoencoder", "the VQ-VAE whose codes to learn: a checkpoint or a run",
        control="model", families=("vqvae",), refused=("conditional",), required=True,
    )  # fmt: skip
    autoencoder_knobs: str = knob("", "autoencoder's settings", "of the VQ-VAE that is part of this", control="settled")
    width: int = knob(128, "width", "numbers that stand for a place in the transformer", low=8, high=512, scale="log")
    depth: int = knob(3, "depth", "layers of the transformer", low=1, high=16)
    dropout: float = knob(0.0, "dropout", "share of each layer's output left out in training", low=0.0, high=0.8)
    conditional: bool = knob(
        True, "conditional", "give the attributes to the transformer, so that samples can be asked for by attribute"
    )


@dataclass(frozen=True)
class VQPriorSampling:
    """How codes are drawn."""

    temperature: float = knob(
        1.0, "temperature", "below 1 codes that are likely become more so, above 1 all become more alike",
        low=0.0, high=3.0,
    )  # fmt: skip
    top_k: int = knob(0, "top k", "draw from so many of the likeliest codes only; 0: from all", low=0, high=4096)
    top_p: float = knob(
        1.0, "top p", "draw from the fewest codes that hold this share of the probability", low=0.0, high=1.0
    )


class VQPrior(OverCodes):
    """A transformer that writes the codes of a VQ-VAE."""

    name = "vq_prior"
    title = "VQ-VAE with prior"
    summary = "A transformer writes the codes of a VQ-VAE one after another; the VQ-VAE turns them into the picture."
    colour = "#5F8F3A"
    order = 52
    kinds = (Kind.IMAGE,)
    whole = "prior over codes"
    Config: ClassVar[type[Any]] = VQPriorConfig
    SampleConfig: ClassVar[type[Any]] = VQPriorSampling
    density_kind = "bound"
    held_out = ("bits per code", "elbo")
    plots = (
        Plot("bits per code", ("bits per code", "held-out bits per code"), "bits"),
        Plot("ELBO", ("elbo", "held-out elbo"), "nats"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (
        Preset(
            "codes", "In codes", "A small transformer over the codes of a VQ-VAE.",
            {}, {"learning_rate": 2e-3, "batch_size": 32, "ema": 0.999, "clip": 1.0},
        ),
    )  # fmt: skip

    def __init__(self, config: VQPriorConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        heads = max(1, config.width // HEAD)
        width = config.width - config.width % heads
        if self.conditional:
            self.embedding = AttributeEmbedding(spec.attributes, width)
        rows, columns = self.grid
        around = sorted({1, columns - 1, columns, columns + 1} - {0})
        self.transformer = CausalTransformer(
            self.stage.codes, rows * columns, width, config.depth, heads, width if self.conditional else 0,
            behind=around, dropout=config.dropout,
        )  # fmt: skip

    # ---- the second stage -------------------------------------------------------------------------------------

    def _context(self, labels: Tensor | None, n: int) -> Tensor | None:
        return self.embedding(self.labels(labels, n)) if self.conditional else None

    def log_codes(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """log p(codes | labels) of codes (B, h, w), (B,) nats."""
        flat = codes.flatten(1)
        logits = self.transformer(flat, self._context(labels, len(flat))).float()
        return -F.cross_entropy(logits.transpose(1, 2), flat, reduction="none").sum(1)

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """log p(codes | labels) + log p(x | codes) <= log p(x | labels), (B,) nats, with the encoder's codes."""
        codes = self.codes(x)
        return self.log_codes(codes, labels) + self.vqvae.log_likelihood(x, codes)

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """-log p(codes | labels), a code: the mean over batch and places."""
        labels = drop_labels(batch.labels, self.spec.any_labels, generator) if self.conditional else None
        with torch.no_grad():
            codes = self.codes(batch.x)
            fit = self.vqvae.log_likelihood(batch.x, codes).mean()
        told = self.log_codes(codes, labels).mean()
        each = -told / math.prod(self.grid)
        terms = {"bits per code": each.detach() / math.log(2), "elbo": fit + told.detach()}
        sound = torch.where(fit.isfinite(), 1.0, math.nan)  # what is no number would have a nearest code all the same
        yield Objective(sound * each, terms=terms)

    def sample_steps(
        self, n: int, config: VQPriorSampling, generator: Generator, labels: Tensor | None = None
    ) -> Iterator[Frame]:
        """A frame a row of codes. Places still to come show the code that is the most frequent there."""
        rows, columns = self.grid
        flat = self.vqvae.places.argmax(1).repeat(n, 1)
        yield self._frame(flat, 1.0)
        cache = self.transformer.start(n, self._context(labels, n))
        token: Tensor | None = None
        for place in range(rows * columns):
            logits = self.transformer.step(cache, token)
            token = drawn(sharpened(logits, config.temperature, config.top_k, config.top_p), generator)
            flat[:, place] = token
            if (place + 1) % columns == 0:
                yield self._frame(flat, 1 - (place + 1) / (rows * columns))

    def _frame(self, flat: Tensor, t: float) -> Frame:
        codes = flat.view(len(flat), *self.grid).clone()
        return Frame(self.vqvae.decode_codes(codes), t, {"z": self.vqvae.vectors(codes), "codes": codes})
