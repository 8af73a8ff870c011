"""The shipped autoregressive models: densities, and pictures that stay within the colours of the data."""

from __future__ import annotations

from typing import Any

import torch

from genplay import data, families
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.dataset import to_float
from genplay.metrics.likelihood import bits_per_dimension


def model_of(name: str) -> Any:
    return checkpoint.load(shipped("checkpoints") / f"{name}.safetensors", families.all()).model.eval()


@torch.no_grad()
def test_held_out_faces_need_a_tenth_of_a_bit_a_channel() -> None:
    faces, model = data.load("faces16", {}), model_of("autoregressive-faces16")
    nats = model.log_density(to_float(faces.heldout[:64]), faces.heldout_labels[:64])
    assert bits_per_dimension(float(nats.mean()), model.spec) < 0.12
    noise = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert bits_per_dimension(float(model.log_density(noise).mean()), model.spec) > 8


@torch.no_grad()
def test_drawn_faces_have_few_colours() -> None:
    model = model_of("autoregressive-faces16")
    x = model.sample(6, generator=torch.Generator().manual_seed(0))
    colours = [len(row.flatten(1).T.unique(dim=0)) for row in x]
    assert max(colours) <= 24
    assert min(colours) >= 4


@torch.no_grad()
def test_the_density_of_the_ring_integrates_to_one_and_is_near_the_truth() -> None:
    ring, model = data.load("ring", {}), model_of("autoregressive-ring8")
    side = torch.linspace(-2, 2, 400)
    total = model.log_density(torch.cartesian_prod(side, side)).exp().sum() * (side[1] - side[0]) ** 2
    assert abs(float(total) - 1) < 0.01
    assert ring.log_density is not None
    held_out = ring.heldout[:4000]
    gap = ring.log_density(held_out.double()).mean() - model.log_density(held_out).double().mean()
    assert float(gap) < 0.05
