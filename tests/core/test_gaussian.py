"""Training of models with a Gaussian path: which times, labels, targets and weights it sees, and what it logs."""

from __future__ import annotations

import pytest
import torch
from exact import THREE, ExactModel
from gaussian_toys import IMAGES, POINTS, Diffusion, FlowMatching, shaken
from torch import Generator
from toys import toy_data

from genplay.core import gaussian
from genplay.core.dataset import Batch
from genplay.core.gaussian import BINS, PART_NAMES, coefficients, weight
from genplay.core.guidance import KEEP_ALL
from genplay.core.schedules import Cosine, Rectified, schedule


def seeded(number: int = 0) -> Generator:
    return torch.Generator().manual_seed(number)


def batch(n: int = 64, spec: object = POINTS) -> Batch:
    data = toy_data(spec)
    x = data.train[:n].float()
    return Batch(x if spec is POINTS else x / 127.5 - 1, data.train_labels[:n], 1)


# ---- labels ---------------------------------------------------------------------------------------------------------


def test_labels_are_dropped_at_the_stated_rates() -> None:
    """45 % of the rows keep both, 10 % lose both by decision; of the rest with rate u each goes with probability u."""
    n = 200_000
    labels = torch.tensor([[1, 2]]).expand(n, 2)
    kept = shaken().kept_labels(labels, seeded(1))
    dropped = kept == torch.tensor(POINTS.any_labels)
    assert bool(((kept == labels) | dropped).all())
    both, none = dropped.all(1).double().mean(), (~dropped).all(1).double().mean()
    assert float(none) == pytest.approx(KEEP_ALL + 0.45 / 3, abs=0.006)
    assert float(both) == pytest.approx(0.1 + 0.45 / 3, abs=0.006)
    one, other = ((dropped[:, i] & ~dropped[:, 1 - i]).double().mean() for i in (0, 1))
    assert float(one) == pytest.approx(0.45 / 6, abs=0.006) and float(other) == pytest.approx(0.45 / 6, abs=0.006)


def test_a_model_without_labels_sees_none() -> None:
    assert shaken(conditional=False).kept_labels(batch().labels, seeded()) is None


# ---- times ----------------------------------------------------------------------------------------------------------


def test_times_cover_all_of_0_to_1_in_every_batch() -> None:
    t = shaken().draw_times(1000, seeded())
    assert t.dtype == torch.float64
    assert float((t - (torch.arange(1000).double() + 0.5) / 1000).abs().max()) <= 0.0005 + 1e-3


def test_a_chain_is_trained_on_its_steps_alone() -> None:
    t = shaken(timesteps=25).draw_times(5000, seeded()) * 25
    assert torch.allclose(t, t.round())
    counts = torch.bincount(t.round().long(), minlength=26)
    assert counts[0] == 0 and counts[1:].min() > 90  # the first has also what lies below it


# ---- the objective --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [Cosine(), Rectified(), schedule("linear", 100)], ids=["VP", "straight", "chain"])
@pytest.mark.parametrize("prediction", gaussian.PREDICTIONS)
def test_an_exact_network_leaves_the_least_loss(prediction: str, path: object) -> None:
    """The loss of E[target | x_t] is below that of the same with an error, by that error's square."""
    model = ExactModel(THREE, path, prediction)
    x = THREE.draw(4000, seeded(2)).float()
    data = Batch(x, torch.zeros(len(x), 0, dtype=torch.int64), 1)
    exact = next(model.objectives(data, seeded(3))).loss
    told = model.predict
    model.predict = lambda *a: told(*a) + 0.3
    worse = next(model.objectives(data, seeded(3))).loss
    assert float(worse - exact) == pytest.approx(0.09, rel=0.4)


@pytest.mark.parametrize("prediction", ["eps", "x_0", "v", "velocity"])
def test_weightings_weigh_the_error_of_the_data(prediction: str) -> None:
    """snr: w |F - target|^2 = SNR |x_0 error|^2, which is |eps error|^2; min-snr: with SNR at most 5."""
    path, t = Cosine(), torch.linspace(0.05, 0.95, 9, dtype=torch.float64)
    alpha, sigma = path.alpha(t), path.sigma(t)
    error = torch.full((9,), 0.1).double()  # of F
    x_0_error = coefficients(prediction, alpha, sigma).b * error
    snr = (alpha / sigma) ** 2
    assert weight("simple", prediction, alpha, sigma) == 1
    assert torch.allclose(weight("snr", prediction, alpha, sigma) * error**2, snr * x_0_error**2)
    assert torch.allclose(weight("min-snr", prediction, alpha, sigma) * error**2, snr.clamp(max=5) * x_0_error**2)
    if prediction == "eps":
        assert torch.allclose(weight("snr", prediction, alpha, sigma), torch.ones(9).double())


@pytest.mark.parametrize("weighting", ["snr", "min-snr"])
def test_the_loss_has_its_weighting(weighting: str) -> None:
    plain, weighed = shaken(prediction="x_0"), shaken(prediction="x_0", weighting=weighting)
    losses = [next(m.objectives(batch(), seeded(4))) for m in (plain, weighed)]
    assert losses[0].loss != losses[1].loss
    assert torch.equal(losses[0].terms["denoising error"], losses[1].terms["denoising error"])


# ---- what is logged -------------------------------------------------------------------------------------------------


def test_errors_are_logged_by_time() -> None:
    model = shaken().train()
    for seed in range(3):
        objective = next(model.objectives(batch(), seeded(seed)))
    by_time = objective.terms["loss by time"]
    assert by_time.shape == (BINS,) and bool(by_time.isfinite().all())
    quarters = [float(objective.terms[name]) for name in PART_NAMES]
    assert quarters == pytest.approx(by_time.view(4, -1).mean(1).tolist(), rel=0.2)
    assert list(model.eval()._terms(torch.ones(2).double(), torch.ones(2))) == ["denoising error"]


def test_held_out_data_leaves_no_trace() -> None:
    model = shaken().eval()
    before = model.errors.clone()
    next(model.objectives(batch(), seeded()))
    assert torch.equal(model.errors, before)


@pytest.mark.parametrize("family", [Diffusion, FlowMatching])
@pytest.mark.parametrize("spec", [POINTS, IMAGES], ids=["points", "image"])
def test_a_model_that_recalls_is_trained_on_both_sights(family: type, spec: object) -> None:
    model, seen = shaken(family, spec, self_conditioning=True).train(), []
    told = model.predict
    model.predict = lambda x, t, labels, previous=None: seen.append(previous) or told(x, t, labels, previous)
    for seed in range(20):
        next(model.objectives(batch(8, spec), seeded(seed))).loss.backward()
    shown = [p for p in seen if p is not None]
    assert 4 <= len(shown) <= 16
    assert not any(p.requires_grad for p in shown)
    assert len(seen) == 20 + len(shown)
