"""Flow matching: its times, and the second stage that straightens its paths."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from gaussian_toys import IMAGES, POINTS, Diffusion, FlowMatching, shaken
from torch import Generator
from toys import toy_data

from genplay.contract import knob
from genplay.contract.card import Card
from genplay.contract.errors import BadInput
from genplay.contract.sampling import GaussianSampling
from genplay.core.checkpoint import Opened
from genplay.core.dataset import Dataset
from genplay.core.model import Start
from genplay.core.training import Trainer, TrainingConfig, new_model


def opened(model: Any) -> Any:
    """A file of that model, for a name."""
    card = Card(model.name, "First", model.spec, knob.values(model.config), {}, "toy")
    return lambda name: Opened(model, card, "")


def trained(model: Any, data: Dataset, steps: int, rate: float = 3e-3) -> Trainer:
    trainer = Trainer(model, data, knob.build(TrainingConfig, {"batch_size": 256, "learning_rate": rate, "ema": 0.99}))
    for _ in range(steps):
        trainer.advance()
    return trainer


def second_stage(teacher: Any, **config: Any) -> Any:
    values = FlowMatching.settle({"teacher": "first", **config}, opened(teacher))
    model = new_model(FlowMatching, knob.build(FlowMatching.Config, values), teacher.spec)
    model.begin(opened(teacher))
    return model


def test_logit_normal_times_are_the_sigmoid_of_normal_ones() -> None:
    t = shaken(FlowMatching).draw_times(20_000, Generator().manual_seed(0))
    z = (t / (1 - t)).log()
    inside = z.abs() < 4
    assert float(z[inside].mean()) == pytest.approx(0, abs=0.02)
    assert float(z[inside].std()) == pytest.approx(1, abs=0.02)
    even = shaken(FlowMatching, times="uniform").draw_times(20_000, Generator().manual_seed(0))
    assert float(even.std()) == pytest.approx(12**-0.5, abs=0.01)


def test_the_second_stage_is_built_like_its_teacher_and_begins_as_it() -> None:
    teacher = shaken(FlowMatching, width=12)
    student = second_stage(teacher, width=64)
    assert student.straightened and student.config.width == 12
    for name, value in teacher.network.state_dict().items():
        assert torch.equal(student.network.state_dict()[name], value)
        assert torch.equal(student.teacher.state_dict()[name], value)
    assert len(list(student.parameters())) == len(list(teacher.parameters()))
    assert student.constants() and all(name.startswith("teacher.") for name in student.constants())


def test_its_targets_are_the_ends_of_the_teachers_paths() -> None:
    teacher = shaken(FlowMatching)
    student = second_stage(teacher, teacher_steps=30)
    eps, labels = torch.randn(5, 2, generator=Generator().manual_seed(1)), torch.tensor([[0, 1]] * 5)
    found, bend = student._joined(eps, labels)
    config = GaussianSampling("euler", steps=30, spacing="uniform")
    *_, last = teacher.sample_steps(5, config, Generator(), labels, Start(noise=eps))
    assert torch.allclose(found, last.x, atol=1e-4)
    assert float(bend) >= 1


def test_training_the_second_stage_leaves_the_teacher_alone() -> None:
    teacher = shaken(FlowMatching)
    student = second_stage(teacher)
    trained(student, toy_data(), 3)
    for name, value in teacher.network.state_dict().items():
        assert torch.equal(student.teacher.state_dict()[name], value)
    changed = [
        n for n, v in teacher.network.state_dict().items() if not torch.equal(student.network.state_dict()[n], v)
    ]
    assert changed


def test_what_cannot_be_straightened_is_told() -> None:
    with pytest.raises(BadInput, match="Only a flow-matching"):
        FlowMatching.settle({"teacher": "x"}, opened(shaken(Diffusion)))
    with pytest.raises(BadInput, match="self-conditioning"):
        FlowMatching.settle({"teacher": "x"}, opened(shaken(FlowMatching, self_conditioning=True)))
    student = new_model(FlowMatching, knob.build(FlowMatching.Config, {"teacher": "x"}), POINTS)
    with pytest.raises(BadInput, match="other data"):
        student.begin(opened(shaken(FlowMatching, IMAGES)))


def two_to_two(n: int = 4000) -> Dataset:
    """Two far clusters: paths from noise bend towards one of them."""
    g = torch.Generator().manual_seed(5)
    side = torch.randint(2, (n, 1), generator=g)
    x = torch.cat([1.6 * side - 0.8, torch.zeros(n, 1)], 1) + 0.05 * torch.randn(n, 2, generator=g)
    labels = torch.zeros(n, 2, dtype=torch.int64)
    return Dataset("two", "Two", "none", POINTS, x[:-500], labels[:-500], x[-500:], labels[-500:])


@pytest.mark.slow
def test_straightened_paths_are_straighter_and_need_fewer_steps() -> None:
    config = knob.build(FlowMatching.Config, {"width": 32, "blocks": 1, "conditional": False})
    data = two_to_two()
    teacher = trained(new_model(FlowMatching, config, POINTS), data, 700).model.eval()
    student = trained(second_stage(teacher, teacher_steps=16), data, 500, 2e-3).model.eval()
    bends, one_step = [], []
    for model in (teacher, student):
        with torch.no_grad():
            noise = torch.randn(1000, 2, generator=Generator().manual_seed(2))
            x, length = noise, torch.zeros(1000)
            for i in range(32):
                t = torch.full((1000,), 1 - i / 32, dtype=torch.float64)
                move = model.predict(x, t, None).float() / 32
                x, length = x - move, length + move.norm(dim=1)
            bends.append(float((length / (x - noise).norm(dim=1)).mean()) - 1)
            jump = noise - model.predict(noise, torch.ones(1000).double(), None).float()
            one_step.append(float((jump - x).norm(dim=1).mean()))
    assert bends[1] < bends[0] / 2
    assert one_step[1] < one_step[0] / 2
