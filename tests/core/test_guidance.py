"""Classifier-free guidance does what its equation says, on a mixture whose conditional predictions are exact."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from exact import THREE, ExactModel, frames, normals
from gaussian_toys import IMAGES, shaken
from torch import Generator, Tensor

from genplay.contract.errors import BadInput
from genplay.contract.sampling import EVALUATIONS, SAMPLERS, GaussianSampling
from genplay.contract.spec import DataSpec, Kind
from genplay.core.gaussian import Guided, rescaled, thresholded
from genplay.core.model import Start
from genplay.core.samplers import Look
from genplay.core.schedules import Cosine

PARTS = torch.tensor([[0, 1], [1, 2], [1, 0]])  # side and height of the three Gaussians
LEFT, RIGHT_HIGH = (0, 3), (1, 2)
T, ALPHA, SIGMA = 0.5, float(Cosine().alpha(torch.tensor(0.5))), float(Cosine().sigma(torch.tensor(0.5)))


def model(prediction: str = "v") -> ExactModel:
    return ExactModel(THREE, Cosine(), prediction, PARTS)


def rows(labels: tuple[int, ...], n: int = 6) -> Tensor:
    return torch.tensor([labels] * n)


def states(n: int = 6) -> Tensor:
    return normals(3)(torch.empty(n, 2, dtype=torch.float64))


def look(labels: tuple[int, ...] | None, t: float = T, scales: Tensor | None = None, **settings: Any) -> Look:
    """What is predicted at the same six states under some settings."""
    asked = None if labels is None else rows(labels)
    return Guided(model(), asked, GaussianSampling(**settings), 6, scales)(states(), t, ALPHA, SIGMA)


def exactly(labels: tuple[int, ...] | None) -> Tensor:
    """E[x_0 | x] given labels."""
    of = model()
    return of.given(rows(of.spec.any_labels if labels is None else labels)).estimate(states(), ALPHA, SIGMA)[0]


def near(found: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(found, wanted, atol=1e-9)


# ---- the equation ---------------------------------------------------------------------------------------------------


def test_scale_1_is_the_condition_and_scale_0_ignores_it() -> None:
    assert near(look(RIGHT_HIGH, guidance=1.0).x_0, exactly(RIGHT_HIGH))
    assert near(look(RIGHT_HIGH, guidance=0.0).x_0, exactly(None))
    assert near(look(None, guidance=1.0).x_0, exactly(None))
    assert not near(exactly(None), exactly(RIGHT_HIGH))


@pytest.mark.parametrize("w", [0.5, 2.0, 7.5])
def test_the_prediction_is_linear_in_the_scale(w: float) -> None:
    found = look(RIGHT_HIGH, guidance=w)
    assert near(found.x_0, exactly(None) + w * (exactly(RIGHT_HIGH) - exactly(None)))
    assert near(ALPHA * found.x_0 + SIGMA * found.eps, states())
    assert found.facts["guidance"] == w


def test_the_parts_are_shown_as_noise() -> None:
    found = look(RIGHT_HIGH, guidance=3.0)
    shown = found.extras
    assert near(shown["conditional"], (states() - ALPHA * exactly(RIGHT_HIGH)) / SIGMA)
    assert near(shown["unconditional"], (states() - ALPHA * exactly(None)) / SIGMA)
    assert near(shown["difference"], shown["conditional"] - shown["unconditional"])
    assert near(found.eps, shown["unconditional"] + 3 * shown["difference"])
    flat = shown["conditional"].flatten(), shown["unconditional"].flatten()
    assert found.facts["cosine"] == pytest.approx(float(torch.cosine_similarity(*flat, 0)))
    assert not look(RIGHT_HIGH, guidance=1.0).extras


def test_outside_its_interval_guidance_is_1() -> None:
    config = {"guidance": 4.0, "guide_from": 0.8, "guide_to": 0.3}
    assert near(look(RIGHT_HIGH, 0.5, **config).x_0, look(RIGHT_HIGH, guidance=4.0).x_0)
    for t in (0.2, 0.9):
        found = look(RIGHT_HIGH, t, **config)
        assert near(found.x_0, exactly(RIGHT_HIGH)) and found.facts["guidance"] == 1
    backwards = look(RIGHT_HIGH, 0.5, guidance=4.0, guide_from=0.3, guide_to=0.8)
    assert near(backwards.x_0, look(RIGHT_HIGH, guidance=4.0).x_0)


def test_a_curve_scales_what_is_above_1() -> None:
    for t, w in ((0.0, 1.0), (0.25, 2.5), (0.5, 4.0), (0.75, 4.0), (1.0, 4.0)):
        found = look(RIGHT_HIGH, t, guidance=4.0, curve="0:0 0.5:1")
        assert near(found.x_0, look(RIGHT_HIGH, guidance=w).x_0)
        assert found.facts["guidance"] == pytest.approx(w)


def test_a_negative_condition_takes_the_place_of_none() -> None:
    found = look(RIGHT_HIGH, guidance=2.0, negative="side=left")
    assert near(found.x_0, exactly(LEFT) + 2 * (exactly(RIGHT_HIGH) - exactly(LEFT)))
    assert near(look(RIGHT_HIGH, guidance=0.0, negative="side=left").x_0, exactly(LEFT))
    assert near(look(RIGHT_HIGH, guidance=1.0, negative="side=left").x_0, exactly(RIGHT_HIGH))


def test_attributes_with_weights_of_their_own_are_composed() -> None:
    found = look(RIGHT_HIGH, weights="side:2 height:0.5")
    side, height = exactly((1, 3)), exactly((2, 2))
    assert near(found.x_0, exactly(None) + 2 * (side - exactly(None)) + 0.5 * (height - exactly(None)))
    one = look(RIGHT_HIGH, guidance=3.0, weights="side:2")
    assert near(one.x_0, exactly(None) + 3 * (height - exactly(None)) + 2 * (side - exactly(None)))


@pytest.mark.parametrize("w", [1.0, 2.5])
def test_one_attribute_with_a_weight_is_plain_guidance(w: float) -> None:
    assert near(look((1, 3), weights=f"side:{w}").x_0, look((1, 3), guidance=w).x_0)


def test_rows_with_scales_of_their_own_are_separate_runs() -> None:
    scales = torch.tensor([0.0, 1.0, 1.5, 2.0, 5.0, 15.0], dtype=torch.float64)
    found = look(RIGHT_HIGH, scales=scales)
    for i, w in enumerate(scales.tolist()):
        assert near(found.x_0[i], look(RIGHT_HIGH, guidance=w).x_0[i])


def test_whole_runs_with_scales_of_their_own_are_separate_runs() -> None:
    config, labels = GaussianSampling("euler", steps=8), rows(LEFT, 3)
    noise = torch.randn(3, 2, generator=Generator().manual_seed(1))
    start = Start(noise=noise.double())
    scales = torch.tensor([0.5, 2.0, 4.0])
    *_, together = model().sample_steps(3, config, Generator(), labels, start, scales)
    for i, w in enumerate(scales.tolist()):
        alone = GaussianSampling("euler", steps=8, guidance=w)
        *_, last = model().sample_steps(3, alone, Generator(), labels, start)
        assert torch.allclose(together.x[i], last.x[i], atol=1e-6)


# ---- what is done to the guided prediction --------------------------------------------------------------------------


def test_rescaling_gives_the_guided_prediction_the_spread_of_the_conditional_one() -> None:
    plain, conditional = look(RIGHT_HIGH, guidance=6.0).x_0, exactly(RIGHT_HIGH)
    whole = look(RIGHT_HIGH, guidance=6.0, rescale=1.0)
    assert near(whole.x_0.std(1), conditional.std(1))
    assert near(ALPHA * whole.x_0 + SIGMA * whole.eps, states())
    half = look(RIGHT_HIGH, guidance=6.0, rescale=0.5).x_0
    assert near(half, (whole.x_0 + plain) / 2)
    assert near(rescaled(plain, conditional, 0.0), plain)


def test_dynamic_thresholding_keeps_pixels_within_bounds() -> None:
    x_0 = 2 * torch.randn(4, 3, 8, 8, generator=Generator().manual_seed(2))
    x_0[0] *= 0.1
    found = thresholded(x_0, 0.9)
    assert float(found.abs().max()) <= 1
    assert torch.equal(found[0], x_0[0].clamp(-1, 1))
    q = x_0[1].abs().flatten().quantile(0.9)
    assert torch.allclose(found[1], x_0[1].clamp(-q, q) / q)


@pytest.mark.parametrize("settings", [{"clip": True}, {"clip": False, "threshold": 0.9}])
def test_pictures_are_kept_within_bounds_at_every_step(settings: dict[str, Any]) -> None:
    net, labels = shaken(spec=IMAGES, size=0.5), torch.tensor([[0, 2]] * 2)
    config = GaussianSampling("ddim", steps=5, guidance=8.0, **settings)
    with torch.no_grad():
        found = list(net.sample_steps(2, config, Generator().manual_seed(0), labels))
        wild = list(
            net.sample_steps(2, GaussianSampling("ddim", steps=5, guidance=8.0, clip=False), Generator(), labels)
        )
    assert all(float(f.extras["x_0"].abs().max()) <= 1 for f in found)
    assert max(float(f.extras["x_0"].abs().max()) for f in wild) > 1
    for f in found[:-1]:
        again = f.facts["alpha"] * f.extras["x_0"] + f.facts["sigma"] * f.extras["eps"]
        assert torch.allclose(again, f.x, atol=1e-5)


# ---- what it costs --------------------------------------------------------------------------------------------------


def test_both_conditions_go_through_the_network_in_one_call() -> None:
    of = model()
    guided = Guided(of, rows(LEFT), GaussianSampling(guidance=2.0, guide_to=0.4), 6, None)
    guided(states(), 0.5, ALPHA, SIGMA)
    guided(states(), 0.3, ALPHA, SIGMA)
    assert of.asked == [12, 6]
    assert guided.nfe == 3
    Guided(of, rows(RIGHT_HIGH), GaussianSampling(weights="side:2 height:3"), 6, None)(states(), 0.5, ALPHA, SIGMA)
    assert of.asked[2:] == [18]


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s != "rk45"])
@pytest.mark.parametrize("steps", [1, 6])
def test_evaluations_are_counted(sampler: str, steps: int) -> None:
    config = GaussianSampling(sampler, steps=steps, corrections=2, inner=3)
    of, seen = model(), frames(THREE, Cosine(), config, 2)
    wanted = EVALUATIONS.get(sampler, 1) * steps
    wanted += {"heun": -1, "predictor-corrector": 2 * (steps - 1), "langevin": 2 * steps + 1}.get(sampler, 0)
    assert seen[-1].facts["nfe"] == wanted
    *_, last = of.sample_steps(2, config, Generator(), None)
    assert last.facts["nfe"] == len(of.asked) == wanted
    counts = [f.facts["nfe"] for f in seen]
    assert counts == sorted(counts) and len(seen) == steps + 1


def test_the_adaptive_solver_counts_what_it_needs_and_not_what_is_only_shown() -> None:
    seen = frames(THREE, Cosine(), GaussianSampling("rk45"), 2)
    accepted = len(seen) - 2
    assert seen[-1].facts["nfe"] >= 6 * accepted + 2
    assert (seen[-1].facts["nfe"] - 2) % 6 == 0


# ---- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"negative": "hat=fur"}, "no attribute 'hat'"),
        ({"negative": "side=up"}, "no value 'up'"),
        ({"weights": "hat:2"}, "no attribute 'hat'"),
        ({"weights": "side:much"}, "takes numbers"),
        ({"curve": "0:1 2:1"}, "times from 0 to 1"),
    ],
)
def test_bad_texts_are_told_in_a_sentence(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        look(LEFT, **settings)


def test_a_model_without_labels_is_not_guided() -> None:
    of = ExactModel(THREE, Cosine())
    with pytest.raises(BadInput, match="without labels"):
        Guided(of, rows(LEFT), GaussianSampling(guidance=2.0), 6, None)
    plain = Guided(of, None, GaussianSampling(guidance=2.0, weights="side:2"), 6, None)(states(), T, ALPHA, SIGMA)
    assert near(plain.x_0, exactly(None)) and "guidance" not in plain.facts
    assert of.spec == DataSpec(Kind.POINTS, (2,))
