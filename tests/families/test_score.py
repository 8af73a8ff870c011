"""Score models: both objectives ask for the same score, and the ladder is trained rung by rung."""

from __future__ import annotations

import pytest
import torch
from gaussian_toys import IMAGES, POINTS, Score, shaken
from torch import Generator, Tensor, nn

from genplay.contract import knob
from genplay.contract.errors import BadInput
from genplay.core.dataset import Batch
from genplay.core.schedules import GeometricVE, LinearVP
from genplay.core.training import new_model
from genplay.families.score import Ladder

SPREAD = 0.5


class Linear(nn.Module):
    """eps(x, t) = g_k x / sigma(t) with one gain g_k for each rung k: at the data's N(0, 0.5^2 I) all are known."""

    def __init__(self, rungs: int, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((rungs,), gain))


def linear_model(objective: str, rungs: int, gain: float) -> Score:
    settings = {"objective": objective, "levels_of_noise": rungs, "sigma_min": 0.2, "sigma_max": 2.0, "width": 8}
    model = new_model(Score, knob.build(Score.Config, settings), POINTS)
    model.network = Linear(rungs, gain)

    def predict(x: Tensor, t: Tensor, labels: Tensor | None, previous: Tensor | None = None) -> Tensor:
        return model.network.gain[(t * (rungs - 1)).round().long()][:, None] * x

    model.predict, model.prediction = predict, "eps"
    return model.train()


def slopes(objective: str, gain: float, n: int = 400_000) -> Tensor:
    """d loss / d gains for ``n`` examples."""
    model = linear_model(objective, 4, gain)
    x = SPREAD * torch.randn(n, 2, generator=Generator().manual_seed(1))
    batch = Batch(x, torch.zeros(n, 2, dtype=torch.int64), 1)
    loss = next(model.objectives(batch, Generator().manual_seed(2))).loss
    (slope,) = torch.autograd.grad(loss, model.network.gain)
    return slope


@pytest.mark.parametrize("gain", [0.1, 0.6])
def test_sliced_and_denoising_score_matching_have_the_same_gradient(gain: float) -> None:
    """|F - eps|^2 / 2 a dimension and the sliced loss differ by what does not depend on the network."""
    sliced, denoising = slopes("sliced", gain), slopes("denoising", gain)
    assert torch.allclose(sliced, denoising, rtol=0.1, atol=0.02 * float(denoising.abs().max()))


@pytest.mark.parametrize("objective", ["sliced", "denoising"])
def test_both_are_least_at_the_true_score(objective: str) -> None:
    """eps = sigma x / (0.25 + sigma^2): the gradient vanishes there."""
    model = linear_model(objective, 4, 0.0)
    sigma = model.schedule.sigma(torch.linspace(0, 1, 4).double()).float()
    model.network.gain.data = sigma / (SPREAD**2 + sigma**2)
    x = SPREAD * torch.randn(400_000, 2, generator=Generator().manual_seed(3))
    batch = Batch(x, torch.zeros(len(x), 2, dtype=torch.int64), 1)
    loss = next(model.objectives(batch, Generator().manual_seed(4))).loss
    (slope,) = torch.autograd.grad(loss, model.network.gain)
    assert float(slope.abs().max()) < 0.02


def test_a_ladder_is_trained_on_its_rungs() -> None:
    model = shaken(Score, levels_of_noise=5)
    t = model.draw_times(4000, Generator().manual_seed(0))
    assert sorted(set(t.tolist())) == [0, 0.25, 0.5, 0.75, 1]
    assert isinstance(model.schedule, Ladder)
    ratio = model.schedule.sigma(torch.tensor([0.0, 0.25, 0.5]).double())
    assert float(ratio[1] / ratio[0]) == pytest.approx(float(ratio[2] / ratio[1]))
    assert len(set(shaken(Score).draw_times(400, Generator()).tolist())) == 400


def test_both_paths_are_the_ones_of_their_sdes() -> None:
    assert isinstance(shaken(Score).schedule, GeometricVE) and shaken(Score).prediction == "edm"
    assert isinstance(shaken(Score, sde="vp").schedule, LinearVP) and shaken(Score, sde="vp").prediction == "eps"


def test_settings_that_make_no_sense_are_told() -> None:
    with pytest.raises(BadInput, match="for points"):
        shaken(Score, IMAGES, objective="sliced")
