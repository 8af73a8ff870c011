"""The tape of models that denoise: what a frame holds, and every place where a trajectory may begin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gaussian_toys import CASES, COLOUR, IMAGES, NAMES, POINTS, Diffusion, FlowMatching, Score, shaken
from toys import ToyFlow

from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Trajectory
from genplay.contract.sampling import SAMPLERS
from genplay.contract.spec import Kind
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes import samples
from genplay.probes.starts import rows_at_once

each = pytest.mark.parametrize(("family", "spec"), CASES, ids=NAMES)
GREY = np.full((16, 16, 1), 200, np.uint8)


def draw(model, **facts):
    return list(ask(samples.DrawSamples, model, None, DrawSamples(**facts)))[-1].value.x


def watch(model, **facts):
    return list(ask(samples.Trajectory, model, None, Trajectory(**facts)))[-1].value.frames


def close(a, b):
    """Equal but for the order in which a processor adds: a level of a pixel, or 1e-3 of a point."""
    assert a.shape == b.shape
    return np.abs(a.astype(np.float64) - b.astype(np.float64)).max() <= (1 if a.dtype == np.uint8 else 1e-3)


@each
def test_the_first_samples_do_not_depend_on_how_many_are_asked_for(family, spec):
    model = shaken(family, spec)
    rows = rows_at_once(model)
    most = draw(model, n=rows + 3, seed=4, config={"steps": 4})
    for n in (1, 3, rows):
        assert close(draw(model, n=n, seed=4, config={"steps": 4}), most[:n])
    assert not close(most[:1], most[1:2])


@each
def test_a_tape_ends_in_the_samples_of_its_seed(family, spec):
    model = shaken(family, spec)
    n = rows_at_once(model) + 2
    for sampler in ("ddim", "ddpm"):
        config = {"steps": 4, "sampler": sampler}
        assert close(watch(model, n=n, seed=9, config=config)[-1].x, draw(model, n=n, seed=9, config=config))


def test_only_the_wanted_rows_are_computed():
    model = shaken(Diffusion, IMAGES)
    seen = []
    model.network.register_forward_hook(lambda network, inputs, output: seen.append(len(output)))
    draw(model, n=17, config={"steps": 1})
    watch(model, n=3, config={"steps": 1})
    assert seen == [16, 1, 3]


def test_each_frame_is_kept_and_numbered():
    answers = list(ask(samples.Trajectory, shaken(), None, Trajectory(n=3, config={"steps": 5})))
    assert [a.kept for a in answers] == [True] * 6 + [False]
    assert [a.value.index for a in answers[:-1]] == [0, 1, 2, 3, 4, 5]
    assert {a.value.count for a in answers[:-1]} == {5}
    assert {f.count for f in answers[-1].value.frames} == {5}
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1


def test_a_frame_holds_state_prediction_and_facts():
    model = shaken(Diffusion, COLOUR)
    frames = watch(model, n=2, condition=(1, 2), config={"steps": 4, "guidance": 3.0})
    for i, frame in enumerate(frames[:-1]):
        assert frame.extras.keys() == {"x_t", "x_0", "eps", "conditional", "unconditional", "difference"}
        assert all(v.shape == (2, 16, 16, 3) and v.dtype == np.float32 for v in frame.extras.values())
        alpha, sigma = frame.facts["alpha"], frame.facts["sigma"]
        made = alpha * frame.extras["x_0"] + sigma * frame.extras["eps"]
        np.testing.assert_allclose(made, frame.extras["x_t"], atol=1e-4)
        assert frame.facts["nfe"] == 2 * (i + 1)
        assert frame.facts["guidance"] == 3
        assert -1 <= frame.facts["cosine"] <= 1
        assert frame.x.dtype == np.uint8
    np.testing.assert_array_equal(frames[-1].extras["x_0"], frames[-1].extras["x_t"])
    assert frames[-1].t == 0


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_every_sampler_gives_a_tape(sampler):
    for spec, n in ((POINTS, 5), (IMAGES, 2)):
        config = {"steps": 4, "sampler": sampler, "tolerance": 0.1, "clip": True, "inner": 2}
        frames = watch(shaken(Diffusion, spec), n=n, config=config)
        times = [f.t for f in frames]
        assert times == sorted(times, reverse=True)
        assert times[-1] == 0
        assert [f.count for f in frames] == [len(frames) - 1] * len(frames)
        assert all(np.isfinite(v).all() for f in frames for v in f.extras.values())


def test_pieces_that_the_adaptive_solver_ends_at_different_steps_all_end():
    model = shaken(FlowMatching, POINTS, size=2.0)
    n = rows_at_once(model) + 1
    config = {"sampler": "rk45", "tolerance": 1e-4}
    frames = watch(model, n=n, seed=2, config=config)
    assert close(frames[-1].x, draw(model, n=n, seed=2, config=config))
    assert all(len(v) == n for f in frames for v in f.extras.values())


# ---- beginning elsewhere -----------------------------------------------------------------------------------------


@each
def test_a_branch_with_the_same_settings_ends_where_its_parent_does(family, spec):
    model = shaken(family, spec)
    config = {"sampler": "ddim", "steps": 6, "guidance": 2.0}  # which remembers nothing of the steps before
    asked = {"n": 3, "seed": 5, "condition": (1, 0), "config": config}
    frames = watch(model, **asked)
    branch = watch(model, **asked, start=frames[2].t, state=frames[2].extras["x_t"])
    assert len(branch) == len(frames) - 2
    np.testing.assert_array_equal(branch[0].extras["x_t"], frames[2].extras["x_t"])
    assert close(branch[-1].x, frames[-1].x)
    other = watch(model, **{**asked, "condition": (0, 2)}, start=frames[2].t, state=frames[2].extras["x_t"])
    assert not close(other[-1].x, frames[-1].x)


def test_a_branch_may_have_more_rows_than_a_piece_and_they_stay_in_order():
    model = shaken(Diffusion, IMAGES)
    n = rows_at_once(model) + 3
    config = {"sampler": "ddim", "steps": 4}
    frames = watch(model, n=n, config=config)
    branch = watch(model, n=n, config=config, start=frames[1].t, state=frames[1].extras["x_t"])
    assert close(branch[-1].x, frames[-1].x)


def test_the_seed_of_a_branch_decides_the_noise_on_its_way():
    model = shaken(Diffusion, POINTS)
    state = watch(model, n=4, config={"steps": 4})[1].extras["x_t"]
    ends = [
        watch(model, n=4, seed=seed, start=0.75, state=state, config={"steps": 4, "sampler": "ddpm"})[-1].x
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not close(ends[0], ends[2])


def test_a_given_picture_is_noised_to_the_start():
    model = shaken(Diffusion, IMAGES)
    frames = watch(model, n=2, seed=3, start=0.4, source=GREY[None], config={"steps": 10})
    first = frames[0]
    assert first.t == pytest.approx(0.4)
    noise = (first.extras["x_t"] - first.facts["alpha"] * (200 / 127.5 - 1)) / first.facts["sigma"]
    assert abs(noise.mean()) < 0.15
    assert 0.85 < noise.std() < 1.15
    assert not np.allclose(noise[0], noise[1])
    pure = watch(model, n=2, seed=3, config={"steps": 10})[0].extras["x_t"]
    np.testing.assert_allclose(noise, pure / watch(model, n=2, seed=3)[0].facts["sigma"], atol=1e-3)


def test_a_picture_of_any_size_and_many_pictures_are_taken():
    model = shaken(Diffusion, COLOUR)
    odd = np.random.default_rng(0).integers(0, 255, (40, 31, 1)).astype(np.uint8)
    assert watch(model, n=2, start=0.5, source=odd[None])[-1].x.shape == (2, 16, 16, 3)
    two = np.stack([np.full((16, 16, 3), v, np.uint8) for v in (0, 255)])
    frames = watch(model, n=2, start=0.05, source=two, config={"steps": 50})
    means = frames[0].extras["x_t"].mean((1, 2, 3))
    assert means[0] < -0.9
    assert means[1] > 0.9


def test_a_mask_keeps_the_rest():
    model = shaken(Diffusion, COLOUR)
    source = np.random.default_rng(1).integers(0, 255, (1, 16, 16, 3)).astype(np.uint8)
    mask = np.zeros((16, 16), np.uint8)
    mask[4:9, 5:12] = 1
    x = watch(model, n=2, source=source, mask=mask, config={"steps": 5, "resample": 2})[-1].x.astype(int)
    changed = np.abs(x - source) > 1
    assert not changed[:, mask == 0].any()
    assert changed[:, mask == 1].mean() > 0.5


def test_a_mask_of_the_pictures_size_is_fitted_with_it():
    model = shaken(Diffusion, IMAGES)
    source = np.kron(np.arange(256, dtype=np.uint8).reshape(16, 16), np.ones((4, 4), np.uint8))[None, ..., None]
    mask = np.zeros((64, 64), np.uint8)
    mask[:32] = 1
    x = watch(model, n=1, source=source, mask=mask, config={"steps": 4})[-1].x.astype(int)
    plain = watch(model, n=1, source=source, mask=np.zeros((64, 64), np.uint8), config={"steps": 4})[-1].x
    assert (np.abs(x - plain)[:, 9:] <= 1).all()
    assert (np.abs(x - plain)[:, :7] > 1).any()


def test_points_start_from_points():
    model = shaken(Score, POINTS)
    x = watch(model, n=3, start=0.1, source=np.array([[0.5, -0.5]], np.float32), config={"steps": 20})[0].x
    assert np.abs(x - [0.5, -0.5]).max() < 0.3


STATE = np.zeros((2, 16, 16, 1), np.float32)
BAD = [
    (Trajectory(n=2, start=0.5), "needs a state or data"),
    (Trajectory(n=2, mask=np.ones((16, 16), np.uint8)), "A mask needs a picture"),
    (Trajectory(n=2, start=0.0, state=STATE), "above 0 and at most 1"),
    (Trajectory(n=2, start=1.5, state=STATE), "above 0 and at most 1"),
    (Trajectory(n=2, start=float("nan"), state=STATE), "above 0 and at most 1"),
    (Trajectory(n=3, start=0.5, state=STATE), "3 rows of shape"),
    (Trajectory(n=2, start=0.5, state=STATE[:, :8]), "2 rows of shape"),
    (Trajectory(n=2, start=0.5, state=np.zeros((2, 2), np.float32)), "2 rows of shape"),
    (Trajectory(n=2, start=0.5, state=STATE + np.inf), "not finite"),
    (Trajectory(n=2, start=0.5, state=STATE, source=GREY[None]), "not from both"),
    (Trajectory(n=2, start=0.5, source=GREY), "pictures"),
    (Trajectory(n=2, start=0.5, source=np.stack([GREY] * 3)), "one or 2"),
    (Trajectory(n=2, start=0.5, source=GREY[None].astype(np.float32)), "8-bit"),
    (Trajectory(n=2, source=GREY[None], mask=np.ones((3, 3), np.uint8)), "size of the picture"),
    (Trajectory(n=2, source=GREY[None], mask=np.full((16, 16), 7, np.uint8)), "0 where the picture is kept"),
    (
        Trajectory(n=2, source=GREY[None], mask=np.ones((16, 16), np.uint8), config={"sampler": "rk45"}),
        "cannot inpaint",
    ),
]


@pytest.mark.parametrize(("question", "match"), BAD)
def test_starts_that_make_no_sense_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        list(ask(samples.Trajectory, shaken(Diffusion, IMAGES), None, question))


def test_points_cannot_be_masked():
    question = Trajectory(n=2, source=np.zeros((1, 2), np.float32), mask=np.ones((2, 2), np.uint8))
    with pytest.raises(BadInput, match="Only pictures"):
        list(ask(samples.Trajectory, shaken(), None, question))


def test_a_model_that_does_not_denoise_cannot_start_elsewhere():
    model = new_model(ToyFlow, ToyFlow.Config(), POINTS).eval()
    question = Trajectory(n=2, start=0.5, state=np.zeros((2, 2), np.float32))
    with pytest.raises(BadInput, match="does not denoise"):
        list(ask(samples.Trajectory, model, None, question))


def test_looking_changes_nothing_in_the_model():
    model = shaken(Diffusion, IMAGES, self_conditioning=True)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    watch(model, n=2, condition=(0, 1), config={"steps": 3, "guidance": 2.0})
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert model.spec.kind is Kind.IMAGE
