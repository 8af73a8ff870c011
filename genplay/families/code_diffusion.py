"""Discrete diffusion over the codes of a VQ-VAE (Gu et al. 2022, arXiv:2111.14822; MaskGIT: Chang et al. 2022,
arXiv:2202.04200).

Two stages, as in ``vq_prior``: a VQ-VAE, trained before and kept as it is, turns a picture into h x w codes and back;
diffusion of discrete values (``discrete_diffusion``) learns what goes with what, all places at once and in any order.
A lower bound on log p(codes), plus log p(x | codes), is one on log p(x).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from genplay.contract.catalogue import Plot, Preset
from genplay.contract.knob import knob
from genplay.contract.spec import DataSpec, Kind
from genplay.core import discrete
from genplay.core.dataset import Batch
from genplay.core.gaussian import stratified
from genplay.core.model import Frame, Objective
from genplay.families.discrete_diffusion import (
    TRANSITIONS,
    DiscreteModel,
    Given,
    Look,
    chessboard,
    finite,
    whole_heads,
)
from genplay.families.vqvae import OverCodes
from genplay.nn.places import PlaceTransformer

CODES = {"learning_rate": 2e-3, "batch_size": 32, "ema": 0.999, "clip": 1.0, "warmup": 100}


@dataclass(frozen=True)
class CodeDiffusionConfig:
    """What discrete diffusion over codes is."""

    autoencoder: str = knob(
        "", "autoencoder", "the VQ-VAE whose codes to learn: a checkpoint or a run",
        control="model", families=("vqvae",), refused=("conditional",), required=True,
    )  # fmt: skip
    autoencoder_knobs: str = knob("", "autoencoder's settings", "of the VQ-VAE that is part of this", control="settled")
    transition: str = knob(
        "absorbing", "noise", "what becomes of a code: it vanishes behind a mask, becomes any other, or a similar one",
        choices=TRANSITIONS, titles=("masks (absorbing)", "any code (uniform)", "similar codes (neighbours)"),
    )  # fmt: skip
    schedule: str = knob(
        "linear", "schedule", "how the share of codes that are kept falls with time",
        choices=tuple(discrete.SCHEDULES), titles=tuple(discrete.SCHEDULES.values()),
    )  # fmt: skip
    timesteps: int = knob(1000, "timesteps", "steps of the chain that is learnt", low=1, high=10_000, scale="log")
    objective: str = knob(
        "hybrid", "objective", "the variational bound with some cross-entropy, or the cross-entropy alone, which "
        "weighs all times alike", choices=("hybrid", "cross-entropy"), live=True,
    )  # fmt: skip
    auxiliary: float = knob(
        0.01, "cross-entropy", "weight lambda of the cross-entropy of the codes beside the bound",
        low=0.0, high=100.0, shown_if=("objective", ("hybrid",)), live=True,
    )  # fmt: skip
    width: int = knob(128, "width", "numbers that stand for a place in the transformer", low=8, high=512, scale="log")
    depth: int = knob(4, "depth", "layers of the transformer", low=1, high=16)
    dropout: float = knob(0.0, "dropout", "share of each layer's output left out in training", low=0.0, high=0.8)
    conditional: bool = knob(
        True, "conditional", "give the attributes to the transformer, so that samples can be asked for by attribute"
    )


class CodeDiffusion(OverCodes, DiscreteModel):
    """Draws all codes of a VQ-VAE at once."""

    name = "code_diffusion"
    title = "Discrete diffusion on codes"
    summary = (
        "A transformer brings the codes of a VQ-VAE to light in any order; the VQ-VAE turns them into the picture."
    )
    colour = "#7D7D7D"
    order = 56
    kinds = (Kind.IMAGE,)
    whole = "diffusion of codes"
    Config: ClassVar[type[Any]] = CodeDiffusionConfig
    held_out = ("bits per code", "elbo")
    plots = (
        Plot("bits per code", ("bits per code", "held-out bits per code"), "bits"),
        Plot("cross-entropy", ("cross-entropy",), "nats"),
        Plot("ELBO", ("elbo", "held-out elbo"), "nats"),
        Plot("gradient norm", ("gradient norm",)),
    )
    presets = (Preset("codes", "Codes", "A small transformer over the masked codes of a VQ-VAE.", {}, CODES),)

    def __init__(self, config: CodeDiffusionConfig, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.conditional = config.conditional and bool(spec.attributes)
        width = whole_heads(config.width)
        self.table = nn.Embedding(self.stage.codes + 1, width)  # the last one stands for a place behind the mask
        self.network = PlaceTransformer(spec, self.grid, width, config.depth, self.conditional, config.dropout)
        self.leave = nn.Linear(width, self.stage.codes)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.leave.weight)

    # ---- what a value is --------------------------------------------------------------------------------------

    @property
    def known_values(self) -> int:
        return len(self.leave.bias)

    def places_of_values(self) -> Tensor | None:
        """The codes' vectors."""
        return self.codebook.vectors.float()

    def values(self, x: Tensor) -> Tensor:
        return self.codes(x).flatten(1)

    def embed(self, states: Tensor) -> Tensor:
        return self.table(states)

    def logits(self, features: Tensor) -> Tensor:
        return self.leave(features)

    def by_map(self, values: Tensor) -> Tensor:
        """(B, L) as (B, H, W): a place covers several pixels."""
        height, breadth = (edge // count for edge, count in zip(self.spec.shape[1:], self.grid))
        return values.unflatten(1, self.grid).repeat_interleave(height, 1).repeat_interleave(breadth, 2)

    def untouched(self, mask: Tensor) -> Tensor:
        """Places that are kept wholly."""
        changed = mask.any(0).unflatten(0, (self.grid[0], -1)).unflatten(2, (self.grid[1], -1))
        return ~changed.any(3).any(1).flatten()

    def drawn(self, states: Tensor) -> Tensor:
        """Hidden places are chessboards; what is decoded around them takes them for the codes most frequent there."""
        hidden = states >= self.known_values
        likely = torch.where(hidden, self.vqvae.places.argmax(1), states)
        x = self.decode_codes(likely.unflatten(1, self.grid))
        return torch.where(self.by_map(hidden)[:, None], chessboard(self.spec.shape[1:], 1, x), x)

    def foreseen(self, probs: Tensor, open_: Tensor, states: Tensor) -> Tensor:
        likely = torch.where(open_, probs.argmax(-1), states.clamp(max=self.known_values - 1))
        return self.decode_codes(likely.unflatten(1, self.grid))

    # ---- training and likelihood --------------------------------------------------------------------------------

    def log_density(self, x: Tensor, labels: Tensor | None = None, generator: Generator | None = None) -> Tensor:
        """The bound on log p(codes), plus log p(x | codes): (B,) nats, with the encoder's codes."""
        return -self.bound_by_place(x, labels, generator).sum(1) + self.vqvae.log_likelihood(x, self.codes(x))

    def objectives(self, batch: Batch, generator: Generator) -> Iterator[Objective]:
        """The hybrid loss of the codes, a mean over batch and places."""
        with torch.no_grad():
            codes = self.codes(batch.x)
            fit = self.vqvae.log_likelihood(batch.x, codes).mean()
        labels = self._kept(batch.labels, generator)
        bound, entropy = self.terms(codes.flatten(1), stratified(len(codes), generator), labels, generator)
        terms: dict[str, Tensor | float] = {
            "bits per code": bound.detach().mean() / math.log(2),
            "cross-entropy": entropy.detach().mean(),
            "elbo": fit - bound.detach().sum(1).mean(),
        }
        yield Objective(self.hybrid(bound, entropy) * finite(batch.x), terms=terms)

    # ---- sampling ---------------------------------------------------------------------------------------------

    def _frame(
        self, x: Tensor, t: float, look: Look | None, given: Given | None, facts: dict[str, float] | None = None
    ) -> Frame:
        frame = super()._frame(x, t, look, given, facts)
        if look is None and given is None:
            codes = x.unflatten(1, self.grid)
            frame.extras.update({"z": self.vqvae.vectors(codes), "codes": codes})
        return frame
