"""Paths through noise, and samplers against each other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from gaussian_toys import CASES, IMAGES, NAMES, POINTS, Diffusion, FlowMatching, shaken

from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Trajectory, WalkNoise
from genplay.contract.requests import Duel as DuelQuestion
from genplay.core.probe import ask
from genplay.probes import duel, noise_path, samples

each = pytest.mark.parametrize(("family", "spec"), CASES, ids=NAMES)


def draw(model, **facts):
    return list(ask(samples.DrawSamples, model, None, DrawSamples(**facts)))[-1].value.x


def walk(model, **facts):
    return [a.value.x for a in ask(noise_path.WalkNoise, model, None, WalkNoise(**facts))]


def fight(model, **facts):
    return [a.value for a in ask(duel.Duel, model, None, DuelQuestion(**facts))]


def close(a, b):
    return np.abs(a.astype(np.float64) - b.astype(np.float64)).max() <= (1 if a.dtype == np.uint8 else 1e-3)


# ---- paths -------------------------------------------------------------------------------------------------------


@each
def test_keyframes_are_the_first_samples_of_their_seeds(family, spec):
    model = shaken(family, spec)
    config = {"steps": 4}
    x = walk(model, seeds=(3, 8, 5), frames=9, config=config, condition=(0, 1))[-1]
    for place, seed in ((0, 3), (4, 8), (8, 5)):
        expected = draw(model, n=1, seed=seed, config=config, condition=(0, 1))
        assert close(x[place : place + 1], expected)
    assert not close(x[0], x[4])


def test_a_path_changes_little_from_frame_to_frame_whatever_noise_is_added():
    model = shaken(FlowMatching, POINTS)
    for sampler in ("ddim", "ddpm"):
        x = walk(model, frames=60, config={"steps": 5, "sampler": sampler})[-1]
        steps = np.linalg.norm(np.diff(x, axis=0), axis=1)
        assert steps.max() < 0.5
        assert np.linalg.norm(x[0] - x[-1]) > 2 * steps.max()


def test_added_noise_is_that_of_the_first_sample_of_the_seed():
    model = shaken(Diffusion, POINTS)
    config = {"steps": 4, "sampler": "ddpm"}
    x = walk(model, seeds=(6, 7), frames=5, seed=6, config=config)[-1]
    assert close(x[:1], draw(model, n=1, seed=6, config=config))


def test_a_closed_path_stops_short_of_its_beginning():
    model = shaken(Diffusion, POINTS)
    x = walk(model, seeds=(1, 2), frames=8, closed=True, config={"steps": 3})[-1]
    assert not close(x[0], x[-1])
    assert close(x[3], x[5]) == close(x[2], x[6])  # there and back the same way


def test_every_answer_has_all_frames_and_the_first_are_spread_over_the_path():
    model = shaken(Diffusion, IMAGES)
    answers = list(ask(noise_path.WalkNoise, model, None, WalkNoise(frames=24, config={"steps": 3})))
    assert all(len(a.value.x) == 24 for a in answers)
    assert len(answers) > 4
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1


BAD_PATHS = [
    (WalkNoise(seeds=()), "1 to 64 seeds"),
    (WalkNoise(seeds=(1, 2, 3), frames=2), "at least as many frames"),
    (WalkNoise(seeds=(1, -2)), "seed"),
    (WalkNoise(mode="jump"), "lerp or slerp"),
    (WalkNoise(frames=0), "number of frames"),
    (WalkNoise(config={"steps": 0}), "steps"),
]


@pytest.mark.parametrize(("question", "match"), BAD_PATHS)
def test_paths_that_make_no_sense_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        list(ask(noise_path.WalkNoise, shaken(), None, question))


# ---- duels -------------------------------------------------------------------------------------------------------

THREE = ({"sampler": "euler", "steps": 5}, {"sampler": "euler", "steps": 40}, {"sampler": "ddpm", "steps": 5})


@each
def test_more_steps_come_nearer_to_the_reference(family, spec):
    found = fight(shaken(family, spec), contenders=THREE, n=3, seed=2)[-1]
    assert len(found.x) == 3
    assert found.reference.shape == found.x.shape[1:]
    assert found.nfe.tolist() == [5, 40, 5]
    assert found.reference_nfe == 399
    assert found.stochastic.tolist() == [False, False, True]
    assert 0 < found.distance[1] < found.distance[0]
    assert (found.seconds > 0).all()


def test_contenders_begin_with_the_noise_of_the_seed():
    model = shaken(Diffusion, POINTS)
    found = fight(model, contenders=THREE, n=3, seed=2, config={"guidance": 2.0}, condition=(1, 1))[-1]
    for i, contender in enumerate(THREE):
        config = {"guidance": 2.0, **contender}
        frames = list(ask(samples.Trajectory, model, None, Trajectory(3, (1, 1), config, seed=2)))[-1].value.frames
        assert close(found.x[i], frames[-1].x)
    assert found.nfe[0] == 10


def test_the_finest_solver_is_at_the_reference():
    found = fight(shaken(), contenders=({"sampler": "heun", "steps": 200},), n=2)[-1]
    assert found.distance[0] == 0


def test_answers_grow_by_a_contender_and_are_empty_before():
    answers = list(ask(duel.Duel, shaken(), None, DuelQuestion(THREE, n=2)))
    counts = [len(a.value.nfe) for a in answers]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1


BAD_DUELS = [
    (DuelQuestion(), "from 1 to 64 contenders"),
    (DuelQuestion(({"sampler": "magic"},)), "sampler"),
    (DuelQuestion(({"colour": 1},)), "no setting"),
    (DuelQuestion(THREE, n=0), "number of samples"),
]


@pytest.mark.parametrize(("question", "match"), BAD_DUELS)
def test_duels_that_make_no_sense_are_refused_at_once(question, match):
    with pytest.raises(BadInput, match=match):
        next(ask(duel.Duel, shaken(), None, question))


def test_noise_is_told_from_settings():
    from genplay.contract.sampling import GaussianSampling

    plain = GaussianSampling(sampler="ddim")
    assert not duel.adds_noise(plain)
    assert duel.adds_noise(dataclasses.replace(plain, eta=0.5))
    assert not duel.adds_noise(dataclasses.replace(plain, sampler="heun", eta=0.5))
