"""Small models with a Gaussian path for tests, their weights shaken so that every input matters."""

from __future__ import annotations

import torch
from toys import COLOUR, IMAGES, POINTS

from genplay.contract import knob
from genplay.core.training import new_model
from genplay.families.diffusion import Diffusion
from genplay.families.flow_matching import FlowMatching
from genplay.families.score import Score

CASES = [(family, spec) for family in (Diffusion, FlowMatching, Score) for spec in (POINTS, IMAGES)]
NAMES = [f"{family.name}-{spec.kind}" for family, spec in CASES]


def shaken(family=Diffusion, spec=POINTS, seed=0, size=0.3, **config):
    """A model of width 8 whose output depends on state, time and labels."""
    settings = {"width": 8, "blocks": 1, **config}
    model = new_model(family, knob.build(family.Config, settings), spec, seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                size * torch.randn(parameter.shape, generator=generator) / max(1, parameter[0].numel()) ** 0.5
            )
    return model


__all__ = ["CASES", "COLOUR", "IMAGES", "NAMES", "POINTS", "Diffusion", "FlowMatching", "Score", "shaken"]
