"""Diffusion: its settings reach the path and the objective, and it learns."""

from __future__ import annotations

import pytest
import torch
from gaussian_toys import POINTS, Diffusion, shaken
from torch import Generator
from toys import toy_data

from genplay.contract import knob
from genplay.contract.capability import Capability
from genplay.contract.sampling import GaussianSampling
from genplay.core.schedules import CONTINUOUS, Discrete
from genplay.core.training import Trainer, TrainingConfig, new_model


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("steps", [0, 1, 40])
def test_every_schedule_trains_in_both_kinds_of_time(name: str, steps: int) -> None:
    model = shaken(schedule=name, timesteps=steps)
    assert isinstance(model.schedule, Discrete) == (steps > 0)
    settings = knob.build(TrainingConfig, {"batch_size": 16})
    trainer = Trainer(model, toy_data(), settings)
    for _ in range(3):
        trainer.advance()
    with torch.no_grad():
        *_, last = model.eval().sample_steps(4, GaussianSampling(steps=5), Generator(), None)
    assert bool(last.x.isfinite().all())


def test_only_a_model_with_labels_can_be_guided() -> None:
    assert Capability.GUIDE in shaken().capabilities
    assert Capability.GUIDE not in shaken(conditional=False).capabilities
    assert not shaken(conditional=False).takes_labels


@pytest.mark.slow
@pytest.mark.parametrize("prediction", ["v", "eps", "x_0"])
def test_it_learns_where_points_with_given_labels_lie(prediction: str) -> None:
    config = knob.build(Diffusion.Config, {"width": 32, "blocks": 1, "prediction": prediction})
    data = toy_data(train=2000)
    settings = knob.build(TrainingConfig, {"batch_size": 256, "learning_rate": 3e-3, "ema": 0.99})
    trainer = Trainer(new_model(Diffusion, config, POINTS), data, settings)
    for _ in range(600):
        trainer.advance()
    model = trainer.model.eval()
    for labels in ((0, 0), (1, 2)):
        with torch.no_grad():
            asked = torch.tensor([labels] * 500)
            *_, last = model.sample_steps(500, GaussianSampling(steps=20), Generator().manual_seed(1), asked)
        wanted = torch.tensor(labels) * torch.tensor([1.0, 0.5]) - 0.5
        assert float((last.x.median(0).values - wanted).norm()) < 0.1
        assert 0.04 < float((last.x - wanted).abs().median()) < 0.2
