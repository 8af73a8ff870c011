"""The shipped hierarchical VAE and adversarial autoencoders open, and are what they are shipped to show."""

from __future__ import annotations

import pytest
import torch

from genplay import data, families
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.checkpoint import Opened
from genplay.core.dataset import Dataset, to_float
from genplay.core.mmd import mmd2


def opened(name: str) -> tuple[Opened, Dataset]:
    found = checkpoint.load(shipped("checkpoints") / f"{name}.safetensors", families.all())
    return found, data.load(found.card.data, found.card.data_options)


@pytest.mark.parametrize("name", ["hierarchical-vae-faces16", "aae-faces16", "aae-moons"])
@torch.no_grad()
def test_held_out_data_comes_back_from_its_code(name: str) -> None:
    found, dataset = opened(name)
    x = to_float(dataset.heldout[:500])
    error = (found.model.decode(found.model.encode(x).mu) - x).square().mean()
    assert error < 0.15 * (x - x.mean(0)).square().mean()
    assert found.card.licence and found.card.preview


@torch.no_grad()
def test_each_level_of_the_shipped_faces_decides_something_and_the_top_the_most() -> None:
    model = opened("hierarchical-vae-faces16")[0].model
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(64, model.latent_size, generator=generator)
    own, x = model.levels(z), model.decode(z)
    changes = []
    for level in range(3):
        held = [None if i == level else part for i, part in enumerate(own)]
        changes.append(float((model.decode_levels(held, 64, generator)[0] - x).abs().mean()))
    assert changes == sorted(changes, reverse=True)
    assert changes[2] > 0.01


@torch.no_grad()
def test_codes_of_the_shipped_moons_lie_on_the_ring() -> None:
    found, dataset = opened("aae-moons")
    z = found.model.encode(to_float(dataset.heldout[:1000])).mu
    prior = found.model.prior(1000, torch.Generator().manual_seed(0))
    normal = torch.randn(1000, 2, generator=torch.Generator().manual_seed(1))
    assert mmd2(z, prior, 0.5) < 0.25 * mmd2(normal, prior, 0.5)


@pytest.mark.slow
def test_samples_look_like_faces() -> None:
    """By a quickly trained judge; benchmarks/judge.py has the full one."""
    from genplay.metrics.attribute_network import train
    from genplay.metrics.frechet import frechet_distance

    found, dataset = opened("hierarchical-vae-faces16")
    judge = train(dataset, steps=300, width=12, features=48)
    heldout, real = to_float(dataset.heldout[:1000]), to_float(dataset.train[:1000])
    with torch.no_grad():
        samples = found.model.sample(1000, generator=torch.Generator().manual_seed(0))
    unit = frechet_distance(judge.features(real), judge.features(heldout))
    assert frechet_distance(judge.features(samples), judge.features(heldout)) < 20 * unit
