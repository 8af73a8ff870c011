"""What samplers yield, how they begin, keep known parts and repeat steps, and what they recall."""

from __future__ import annotations

import math

import pytest
import torch
from exact import THREE, Exact, ExactModel, frames, normals
from gaussian_toys import IMAGES, POINTS, shaken
from torch import Generator, Tensor

from genplay.contract.errors import BadInput
from genplay.contract.sampling import SAMPLERS, STOCHASTIC, GaussianSampling
from genplay.core.gaussian import stratified
from genplay.core.model import Start
from genplay.core.samplers import Known, dormand_prince, drift_and_diffusion, walk
from genplay.core.schedules import Cosine, GeometricVE, LinearVP, Rectified, Schedule, schedule

PATHS: dict[str, Schedule] = {
    "VP": Cosine(),
    "chain": schedule("linear", 50),
    "VE": GeometricVE(),
    "straight": Rectified(),
}
on_every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
ONE = torch.ones((), dtype=torch.float64)


# ---- frames ---------------------------------------------------------------------------------------------------------


@on_every_path
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_frame_holds_the_state_and_what_was_seen_there(sampler: str, path: Schedule) -> None:
    found = frames(THREE, path, GaussianSampling(sampler, steps=6, inner=2), 3)
    assert found[0].t <= 1
    assert [f.t for f in found] == sorted({f.t for f in found}, reverse=True)
    for f in found[:-1]:
        alpha, sigma = f.facts["alpha"], f.facts["sigma"]
        time = torch.tensor(f.t, dtype=torch.float64)
        assert alpha == pytest.approx(float(path.alpha(time))) and sigma == pytest.approx(float(path.sigma(time)))
        assert torch.equal(f.extras["x_t"], f.x)
        assert torch.allclose(alpha * f.extras["x_0"] + sigma * f.extras["eps"], f.x, atol=1e-9 * max(1, sigma))
        assert f.facts["log_snr"] == (pytest.approx(2 * math.log(alpha / sigma)) if alpha else -math.inf)
    last = found[-1]
    assert last.t == 0 and (last.facts["alpha"], last.facts["sigma"]) == (1, 0)
    assert torch.equal(last.extras["x_0"], last.x) and not last.extras["eps"].any()


@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s != "rk45"])
def test_states_are_never_written_over(sampler: str) -> None:
    steps = walk(
        normals(1)(torch.empty(4, 2).double()), Exact(THREE), Cosine(), GaussianSampling(sampler, steps=5), normals()
    )
    kept = [(f, {n: v.clone() for n, v in f.extras.items()}) for f in steps]
    assert all(torch.equal(f.extras[n], v) for f, copies in kept for n, v in copies.items())


def test_the_noise_of_the_generator_decides_only_where_noise_is_used() -> None:
    for sampler in SAMPLERS:
        config = GaussianSampling(sampler, steps=4)
        x = normals(2)(torch.empty(3, 2).double())
        ends = [list(walk(x, Exact(THREE), Cosine(), config, normals(seed)))[-1].x for seed in (1, 2)]
        assert torch.equal(*ends) == (sampler not in STOCHASTIC)


def test_a_walk_is_lazy() -> None:
    denoiser = Exact(THREE)
    steps = walk(torch.zeros(1, 2).double(), denoiser, Cosine(), GaussianSampling("euler", steps=50), normals())
    next(steps)
    next(steps)
    assert denoiser.nfe == 2
    steps.close()
    assert denoiser.nfe == 2


def test_ddim_between_its_ends_is_euler_and_ddpm() -> None:
    for eta, other in ((0.0, "euler"), (1.0, "ddpm"), (1.0, "euler-ancestral")):
        one = frames(THREE, Cosine(), GaussianSampling("ddim", steps=7, eta=eta), 3)
        two = frames(THREE, Cosine(), GaussianSampling(other, steps=7), 3)
        assert all(torch.allclose(a.x, b.x) for a, b in zip(one, two))


def test_rk45_takes_more_steps_for_less_error() -> None:
    counts = [len(frames(THREE, Cosine(), GaussianSampling("rk45", tolerance=t), 2)) for t in (1e-2, 1e-4, 1e-6)]
    assert counts == sorted(set(counts))


def test_the_adaptive_solver_gives_up_in_a_sentence() -> None:
    with pytest.raises(BadInput, match="too many steps"):
        list(dormand_prince(torch.ones(1, 1).double(), 0.0, 1.0, lambda u, y: y * 1e7 * math.sin(1e7 * u), 1e-12, 0.1))
    with pytest.raises(BadInput, match="not finite"):
        list(dormand_prince(torch.ones(1, 1).double(), 0.0, 1.0, lambda u, y: y / 0.0, 1e-3, 0.1))


def test_drift_and_diffusion_are_those_of_the_sdes() -> None:
    for t in (0.1, 0.5, 0.9):
        beta = 0.1 + 19.9 * t
        f, square = drift_and_diffusion(LinearVP(), t)
        assert f == pytest.approx(-beta / 2, rel=1e-3) and square == pytest.approx(beta, rel=1e-3)
        f, square = drift_and_diffusion(GeometricVE(0.01, 50.0), t)
        sigma = 0.01 * 5000**t
        assert f == 0 and square == pytest.approx(2 * sigma**2 * math.log(5000))
        f, square = drift_and_diffusion(Rectified(), t)
        assert f == pytest.approx(-1 / (1 - t)) and square == pytest.approx(2 * t / (1 - t))


# ---- beginning elsewhere --------------------------------------------------------------------------------------------


@on_every_path
def test_a_walk_from_given_data_begins_at_its_noised_state(path: Schedule) -> None:
    model, x = ExactModel(THREE, path), torch.tensor([[0.5, -0.2]], dtype=torch.float64)
    noise = torch.randn(4, 2, generator=Generator().manual_seed(1)).double()
    start = Start(t=0.6, x=x, clean=True, noise=noise)
    first, *_ = model.sample_steps(4, GaussianSampling("euler", steps=5), Generator(), None, start)
    alpha, sigma = float(path.alpha(0.6 * ONE)), float(path.sigma(0.6 * ONE))
    assert first.t == 0.6
    assert torch.allclose(first.x, alpha * x + sigma * noise)


def test_few_samples_are_the_first_of_many() -> None:
    model = shaken(spec=POINTS)
    for sampler in ("ddpm", "euler"):
        config = GaussianSampling(sampler, steps=4)
        with torch.no_grad():
            *_, many = model.sample_steps(6, config, Generator().manual_seed(3), None)
            *_, few = model.sample_steps(2, config, Generator().manual_seed(3), None, Start(rows=6))
        assert torch.allclose(few.x, many.x[:2], atol=1e-5)


# ---- inpainting -----------------------------------------------------------------------------------------------------


def inpainted(sampler: str, path: Schedule, resample: int) -> tuple[list[object], Tensor, Exact]:
    denoiser, n = Exact(THREE), 2000
    known = Known(torch.full((n, 2), 0.5).double(), torch.tensor([[False, True]]).expand(n, 2), resample)
    x = normals(1)(torch.empty(n, 2).double()) * float(path.sigma(ONE))
    config = GaussianSampling(sampler, steps=25, inner=2, step_size=0.2)
    found = list(walk(x, denoiser, path, config, normals(2), known=known))
    return found, found[-1].x, denoiser


@on_every_path
@pytest.mark.parametrize("sampler", [s for s in SAMPLERS if s != "rk45"])
def test_what_is_known_is_kept_exactly(sampler: str, path: Schedule) -> None:
    _, x, _ = inpainted(sampler, path, 2)
    assert torch.equal(x[:, 0], torch.full((2000,), 0.5).double())
    assert float(x[:, 1].std()) > 0.1


def test_repeating_steps_costs_evaluations_and_makes_both_parts_agree() -> None:
    """Given its first coordinate, the second has a mixture for its law too; known in closed form."""
    errors = []
    for resample in (1, 5):
        found, x, denoiser = inpainted("ddpm", Cosine(), resample)
        assert denoiser.nfe == 24 * resample + 1
        assert len(found) == 26
        errors.append(abs(float(x[:, 1].mean()) - conditional_mean(0.5)))
    assert errors[1] < errors[0]
    assert errors[1] < 0.08


def conditional_mean(first: float) -> float:
    """E[x_2 | x_1 = first]."""
    along = torch.distributions.Normal(THREE.centres[:, 0], THREE.variances.sqrt())
    share = (THREE.weights.log() + along.log_prob(torch.tensor(first).double())).softmax(0)
    return float((share * THREE.centres[:, 1]).sum())


def test_the_adaptive_solver_cannot_inpaint() -> None:
    with pytest.raises(BadInput, match="another sampler"):
        inpainted("rk45", Cosine(), 1)


# ---- self-conditioning ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [POINTS, IMAGES], ids=["points", "image"])
def test_a_model_that_recalls_is_shown_its_last_prediction(spec: object) -> None:
    model, seen = shaken(spec=spec, self_conditioning=True), []
    forward = model.network.forward

    def watched(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        seen.append(x.chunk(2, 1)[1])
        return forward(x, t, labels)

    model.network.forward = watched
    for guidance in (1.0, 3.0):
        seen.clear()
        config = GaussianSampling("ddim", steps=4, guidance=guidance)
        with torch.no_grad():
            found = list(model.sample_steps(2, config, Generator().manual_seed(0), torch.tensor([[0, 1]] * 2)))
        assert not seen[0].any()
        for shown, frame in zip(seen[1:], found):
            assert all(torch.equal(part, frame.extras["x_0"]) for part in shown.split(2))
    plain = shaken(spec=spec)
    assert not plain.recalls


# ---- drawing times --------------------------------------------------------------------------------------------------


def test_stratified_numbers_have_one_in_each_part() -> None:
    u = stratified(100, Generator().manual_seed(0))
    assert u.dtype == torch.float64
    assert torch.equal((u * 100).long(), torch.arange(100))
