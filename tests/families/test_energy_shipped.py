"""The shipped energy models: densities near the truth, and chains that stay in them."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from genplay import data, families
from genplay.contract import knob
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.dataset import Dataset, to_float
from genplay.families.energy import EnergyModel, EnergySampling
from genplay.metrics.modes import measure, yardstick
from genplay.probes.density import middles

each = pytest.mark.parametrize("name", ["energy-ring8", "energy-moons"])


def opened(name: str) -> tuple[EnergyModel, Dataset]:
    found = checkpoint.load(shipped("checkpoints") / f"{name}.safetensors", families.all())
    assert isinstance(found.model, EnergyModel)
    return found.model, data.load(found.card.data, found.card.data_options)


@each
@torch.no_grad()
def test_the_density_is_near_the_truth(name: str) -> None:
    """Total variation, both normalised over the square."""
    model, dataset = opened(name)
    grid = middles(200, 1.5).flatten(0, 1)
    assert dataset.log_density is not None
    p, q = model.log_density(grid.float()).double().softmax(0), dataset.log_density(grid).softmax(0)
    assert float((p - q).abs().sum()) / 2 < 0.15


@each
@torch.no_grad()
def test_samples_are_like_the_data(name: str) -> None:
    model, dataset = opened(name)
    found = measure(model.sample(1000, generator=Generator().manual_seed(0)), yardstick(dataset, 1000, 500))
    assert found.precision > 0.9
    assert found.recall > 0.9
    assert found.covered.all()


@torch.no_grad()
def test_a_chain_that_starts_beside_the_ring_finds_it() -> None:
    """From noise, as the Chain lab starts them, with the step length found while warming up."""
    model, dataset = opened("energy-ring8")
    config = knob.build(EnergySampling, {"steps": 300, "adapt": True, "warmup": 150})
    x = 2.4 * torch.rand(200, 2, generator=Generator().manual_seed(1)) - 1.2
    frames = list(model.chain_steps(x, config, Generator().manual_seed(2)))
    against = yardstick(dataset, 1000, 500)
    before, after = measure(frames[0].x, against), measure(frames[-1].x, against)
    assert before.high_quality < 0.3
    assert after.high_quality > 0.75


@torch.no_grad()
def test_faces_that_were_spoilt_are_mended() -> None:
    """A chain that starts at a noisy face and climbs to as much noise comes back near the clean one."""
    model, dataset = opened("energy-faces16")
    clean = to_float(dataset.heldout[:4])
    spoilt = clean + 0.4 * torch.randn(clean.shape, generator=Generator().manual_seed(3))
    config = knob.build(EnergySampling, {"steps": 25, "method": "langevin", "climb": 0.4})
    *_, last = model.chain_steps(spoilt, config, Generator().manual_seed(1))
    assert float((spoilt - clean).square().mean().sqrt()) > 0.35
    assert float((last.x - clean).square().mean().sqrt()) < 0.2
