"""The shipped VQ-VAE rebuilds faces, and the shipped prior writes codes of faces."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from genplay import data, families
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.dataset import to_float
from genplay.metrics.attribute_network import AttributeNetwork
from genplay.metrics.frechet import frechet_distance
from genplay.metrics.shipped import attribute_network

FACES = data.load("faces16", {})


def model_of(name: str) -> Any:
    return checkpoint.load(shipped("checkpoints") / f"{name}.safetensors", families.all()).model


def judge() -> AttributeNetwork:
    found = attribute_network("faces16", FACES.spec)
    assert found is not None
    return found


@torch.no_grad()
def distance(x: torch.Tensor) -> float:
    """The Fréchet distance of pictures to held-out ones, where as many train pictures are at 0.5."""
    network, n = judge(), len(x)
    held_out, real = (network.features(to_float(rows[:n])) for rows in (FACES.heldout, FACES.train))
    return 0.5 * frechet_distance(network.features(x), held_out) / frechet_distance(real, held_out)


@torch.no_grad()
def test_held_out_faces_come_back_from_their_codes() -> None:
    model, x = model_of("vqvae-faces16"), to_float(FACES.heldout[:500])
    codes = model.codes(x)
    again = model.decode_codes(codes).clamp(-1, 1)
    assert (again - x).square().mean() < 0.05 * x.var(0).mean()
    assert distance(again) < 0.5
    assert len(codes.unique()) == model.config.codes


@pytest.mark.slow
@torch.no_grad()
def test_a_prior_draws_what_independent_codes_cannot() -> None:
    plain, prior = model_of("vqvae-faces16"), model_of("vq-prior-faces16")
    seed = torch.Generator()
    alone, together = (m.sample(500, None, seed.manual_seed(0)).clamp(-1, 1) for m in (plain, prior))
    assert distance(together) < 6 < distance(alone)
    x = to_float(FACES.heldout[:200])
    assert prior.log_density(x).mean() > plain.log_density(x).mean() + 100
