"""Samples and trajectories: prefix-stable, lively, and never changed after they were given."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from toys import COLOUR, IMAGES, POINTS, ToyDiffusion, ToyFlow, ToyGAN

from genplay.contract import results
from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Trajectory
from genplay.core.model import Model
from genplay.core.probe import ask
from genplay.core.training import new_model
from genplay.probes import samples
from genplay.probes.samples import rows_at_once

MODELS = [(toy, spec) for toy in (ToyGAN, ToyDiffusion, ToyFlow) for spec in (POINTS, IMAGES)]
each = pytest.mark.parametrize(("toy", "spec"), MODELS, ids=[f"{t.name}-{s.kind}" for t, s in MODELS])


def model_of(toy, spec):
    return new_model(toy, toy.Config(), spec, 1).eval()


def draw(model, **facts):
    return list(ask(samples.DrawSamples, model, None, DrawSamples(**facts)))


def watch(model, **facts):
    return list(ask(samples.Trajectory, model, None, Trajectory(**facts)))


@each
def test_the_first_samples_do_not_depend_on_how_many_are_asked_for(toy, spec):
    model = model_of(toy, spec)
    rows = rows_at_once(model)
    counts = (1, rows - 1, rows, rows + 1, 2 * rows + 3)
    drawn = {n: draw(model, n=n, seed=4)[-1].value for n in counts}
    most = drawn[counts[-1]]
    for n, found in drawn.items():
        assert len(found.x) == n
        np.testing.assert_array_equal(found.x, most.x[:n])
        assert (found.z is None) == (most.z is None)
        if found.z is not None:
            np.testing.assert_array_equal(found.z, most.z[:n])


@each
def test_another_seed_gives_other_samples_and_no_piece_repeats(toy, spec):
    model = model_of(toy, spec)
    rows = rows_at_once(model)
    one, two = (draw(model, n=2 * rows, seed=s)[-1].value.x for s in (1, 2))
    assert not np.array_equal(one, two)
    assert not np.array_equal(one[:rows], one[rows:])


@each
def test_every_answer_is_a_whole_record_and_progress_rises_to_one(toy, spec):
    model = model_of(toy, spec)
    answers = draw(model, n=3 * rows_at_once(model), condition=(1, 3))
    assert len(answers) >= 3
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    for answer in answers:
        assert isinstance(answer.value, results.Samples)
        assert answer.value.labels.tolist() == [[1, 3]] * len(answer.value.x)
        assert answer.value.z is None or len(answer.value.z) == len(answer.value.x)


@each
def test_an_answer_given_is_not_written_again(toy, spec):
    model = model_of(toy, spec)
    given, copies = [], []
    for answer in ask(samples.DrawSamples, model, None, DrawSamples(n=3 * rows_at_once(model))):
        given.append(answer.value.x)
        copies.append(answer.value.x.copy())
    assert all(np.array_equal(a, b) for a, b in zip(given, copies))


def test_a_slow_sampler_shows_its_states_on_the_way():
    model = model_of(ToyDiffusion, POINTS)
    answers = draw(model, n=4, config={"steps": 5})
    assert [a.progress for a in answers] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(len(a.value.x) == 4 for a in answers)


@each
def test_a_trajectory_ends_in_the_samples_of_its_seed(toy, spec):
    model = model_of(toy, spec)
    n = rows_at_once(model) + 2
    *frames, tape = [a.value for a in watch(model, n=n, seed=9)]
    assert isinstance(tape, results.Tape)
    assert [f.index for f in tape.frames] == list(range(len(frames)))
    assert {f.count for f in tape.frames} == {len(frames) - 1}
    for streamed, kept in zip(frames, tape.frames, strict=True):
        np.testing.assert_array_equal(streamed.x, kept.x)
    np.testing.assert_array_equal(tape.frames[-1].x, draw(model, n=n, seed=9)[-1].value.x)


def test_frames_carry_what_the_sampler_shows():
    tape = watch(model_of(ToyDiffusion, COLOUR), n=3, config={"steps": 4})[-1].value
    assert [f.t for f in tape.frames] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert tape.frames[0].extras == {}
    for frame in tape.frames[1:]:
        assert frame.x.shape == (3, 16, 16, 3)
        assert frame.x.dtype == np.uint8
        assert frame.extras["x0"].shape == (3, 16, 16, 3)
        assert frame.extras["x0"].dtype == np.float32


def test_a_tape_that_outgrows_memory_is_refused(monkeypatch):
    model = model_of(ToyDiffusion, POINTS)
    assert len(watch(model, n=4, config={"steps": 100})) == 102
    monkeypatch.setattr(samples, "MAX_TAPE", 1000)
    with pytest.raises(BadInput, match="fewer samples or fewer steps"):
        watch(model, n=4, config={"steps": 100})


def test_sampling_needs_no_gradient_and_leaves_the_callers_mode():
    model = model_of(ToyGAN, POINTS)
    inside = []
    decode = model.decode
    model.decode = lambda *a: inside.append(torch.is_grad_enabled()) or decode(*a)
    answers = ask(samples.DrawSamples, model, None, DrawSamples(n=600))
    next(answers)
    assert torch.is_grad_enabled()
    answers.close()
    assert inside == [False]
    assert torch.is_grad_enabled()


def test_it_does_not_touch_the_model():
    model = model_of(ToyDiffusion, POINTS)
    before = copy.deepcopy(model.state_dict())
    draw(model, n=10)
    watch(model, n=3)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())


@pytest.mark.parametrize(
    ("question", "match"),
    [
        (DrawSamples(n=0), "number of samples"),
        (DrawSamples(n=10**9), "number of samples"),
        (DrawSamples(n=2, condition=(0,)), "one label for each of 2 attributes"),
        (DrawSamples(n=2, condition=(0, 4)), "tone"),
        (DrawSamples(n=2, condition=(-1, 0)), "side"),
        (DrawSamples(n=2, config={"steps": 0}), "steps must be between"),
        (DrawSamples(n=2, config={"width": 3}), "no setting"),
        (DrawSamples(n=2, seed=-1), "seed"),
        (DrawSamples(n=2, seed=1 << 64), "seed"),
    ],
)
def test_questions_that_make_no_sense_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        list(ask(samples.DrawSamples, model_of(ToyDiffusion, POINTS), None, question))


def test_a_model_must_be_able_to():
    class Mute(ToyGAN):
        name, title = "mute", "mute"

        @property
        def capabilities(self):
            return Model.offers - Model.offers

    with pytest.raises(BadInput, match="cannot be sampled from"):
        draw(new_model(Mute, ToyGAN.Config(), POINTS), n=1)
    with pytest.raises(BadInput, match="needs a model"):
        next(ask(samples.DrawSamples, None, None, DrawSamples()))
