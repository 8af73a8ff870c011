"""The shipped RBMs and the deep belief network know their data, dream of it and complete it."""

from __future__ import annotations

import pytest
import torch

from genplay import data, families
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.checkpoint import Opened
from genplay.core.dataset import Dataset, to_float
from genplay.core.model import Start
from genplay.families.dbn import DBNSampling
from genplay.families.rbm import RBMSampling


def opened(name: str) -> tuple[Opened, Dataset]:
    found = checkpoint.load(shipped("checkpoints") / f"{name}.safetensors", families.all())
    return found, data.load(found.card.data, found.card.data_options)


@torch.no_grad()
def test_a_held_out_digit_costs_far_less_than_its_pixels_apart() -> None:
    found, dataset = opened("rbm-digits8")
    model = found.model
    *_, known = model.log_partition_steps(to_float(dataset.train), torch.Generator().manual_seed(0))
    cost = float(model.energy(to_float(dataset.heldout)).mean()) + known[0]
    often = model.units(to_float(dataset.train)).mean(0).clamp(1e-3, 1 - 1e-3)
    seen = model.units(to_float(dataset.heldout))
    apart = -float((seen * often.log() + (1 - seen) * (1 - often).log()).sum(1).mean())
    assert cost < 18 < 25 < apart


@pytest.mark.parametrize(("name", "config"), [("rbm-digits8", RBMSampling), ("dbn-digits8", DBNSampling)])
@torch.no_grad()
def test_dreams_are_as_near_to_data_as_other_data(name: str, config: type) -> None:
    found, dataset = opened(name)
    real = (to_float(dataset.train) > 0).float().flatten(1)
    dreams = found.model.sample(200, config(steps=100, show="pixels"), torch.Generator().manual_seed(0))
    new = (to_float(dataset.heldout[:200]) > 0).float().flatten(1)
    wrong = [torch.cdist(x, real, p=1).amin(1).mean() for x in ((dreams > 0).float().flatten(1), new)]
    assert wrong[0] < 1.35 * wrong[1], "pixels that differ from the nearest training picture"


@torch.no_grad()
def test_the_lower_half_of_a_glyph_follows_from_the_upper() -> None:
    found, dataset = opened("rbm-glyphs28")
    model, mask = found.model, torch.zeros(dataset.spec.shape, dtype=torch.bool)
    mask[:, 14:] = True
    wrong = []
    x = to_float(dataset.heldout[:24])
    truth = (x > 0).float()
    for one in x:
        start = Start(x=one[None], clean=True, mask=mask)
        config = RBMSampling(steps=60, start="noise")
        last = list(model.sample_steps(4, config, torch.Generator().manual_seed(0), None, start))[-1].x
        wrong.append(((last.mean(0) > 0).float() != (one > 0).float())[mask].float().mean())
    usual = (to_float(dataset.train) > 0).float().mean(0) > 0.5
    blind = (usual.float() != truth)[:, mask].float().mean()
    assert torch.stack(wrong).mean() < 0.75 * blind
