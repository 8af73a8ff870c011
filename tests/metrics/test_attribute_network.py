"""The attribute network learns what it is told and answers alike on like pictures."""

from __future__ import annotations

import torch

from genplay.contract.spec import Attribute, DataSpec, Kind
from genplay.core.dataset import Dataset, to_float
from genplay.metrics.attribute_network import agreement, train


def corners(n: int = 400) -> Dataset:
    """A bright or dark square in the top left, and independently one in the bottom right."""
    labels = torch.randint(2, (n, 2), generator=torch.Generator().manual_seed(0))
    x = torch.full((n, 1, 8, 8), 128, dtype=torch.uint8)
    x[:, 0, :3, :3] = (labels[:, :1, None] * 200).to(torch.uint8)
    x[:, 0, 5:, 5:] = (labels[:, 1:, None] * 200).to(torch.uint8)
    spec = DataSpec(
        Kind.IMAGE, (1, 8, 8), (Attribute("top", ("dark", "bright")), Attribute("bottom", ("dark", "bright")))
    )
    return Dataset("corners", "Corners", "", spec, x, labels, x[:100], labels[:100])


def test_attributes_are_learnt_apart() -> None:
    data = corners()
    network = train(data, steps=60, width=8, features=16)
    x = to_float(data.heldout)
    assert (network.answers(x) == data.heldout_labels).all()
    assert network.features(x).shape == (100, 16)
    assert agreement(network, x, x).tolist() == [1.0, 1.0]
    flipped = x.clone()
    flipped[:, :, :3, :3] = x[:, :, :3, :3].neg()
    assert agreement(network, x, flipped)[0] < 0.5 < agreement(network, x, flipped)[1]
    assert torch.allclose(network.features(x, batch=7), network.features(x), atol=1e-5)


def test_training_is_decided_by_its_seed_and_leaves_the_global_one() -> None:
    data, before = corners(), torch.random.get_rng_state()
    first, again, other = (train(data, steps=3, seed=s, width=8, features=16) for s in (0, 0, 1))
    assert torch.equal(first.heads.weight, again.heads.weight)
    assert not torch.equal(first.heads.weight, other.heads.weight)
    assert torch.equal(torch.random.get_rng_state(), before)
