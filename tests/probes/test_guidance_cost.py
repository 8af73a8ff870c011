"""What guidance costs: every measure against the samples it is of, refined piece by piece."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from gaussian_toys import COLOUR, IMAGES, POINTS, Diffusion, shaken
from toys import toy_data

from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, MeasureGuidance
from genplay.contract.spec import DataSpec, Kind
from genplay.core.dataset import Dataset
from genplay.core.model import Frame
from genplay.core.probe import ask
from genplay.metrics import judge as judging
from genplay.metrics.judge import Judge
from genplay.probes import guidance_cost, samples

CONDITION = (1, 3)  # the right side, any tone


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(judging, "STEPS", 6)
    monkeypatch.setattr(judging, "WIDTH", 8)
    monkeypatch.setattr(judging, "_trained", [])


def measure(model, data, **facts):
    facts = {"condition": CONDITION, "scales": (0.0, 2.0), "n": 40, "config": {"steps": 3}, **facts}
    answers = [
        a for a in ask(guidance_cost.MeasureGuidance, model, data, MeasureGuidance(**facts)) if a.value is not None
    ]
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1)
    return [a.value for a in answers]


def drawing(model, data, column=0):
    """The model with a sampler that draws real data: with guidance of the label asked for, without of any."""

    def sample_steps(n, config, generator, labels=None, start=None, scales=None):
        fits = (
            data.train_labels[:, column] == labels[0, column] if config.guidance > 1 else data.train_labels[:, 0] >= 0
        )
        rows = fits.nonzero().flatten()
        rows = rows[torch.randint(len(rows), (n,), generator=generator)]
        yield Frame(data.train[rows].float() / 127.5 - 1, 0.0)

    model.sample_steps = sample_steps
    return model


def test_the_network_sees_what_was_asked_for(monkeypatch):
    monkeypatch.setattr(judging, "STEPS", 80)
    data = toy_data(IMAGES, train=600)
    found = measure(drawing(shaken(Diffusion, IMAGES), data), data, n=64)[-1]
    assert found.match[0, 0] == pytest.approx(0.5, abs=0.2)
    assert found.match[1, 0] > 0.95
    assert found.real["match"] > 0.95
    p = found.match[0, 0]
    assert found.match[0, 1] == pytest.approx(math.sqrt(p * (1 - p) / 64))
    assert found.precision[1, 0] > 0.8
    assert found.variety[1, 0] == pytest.approx(1, abs=0.1)
    assert found.variety[0, 0] > 1.1  # of all data, held against one side's
    assert found.n == (64, 64)


def test_answers_grow_in_turn_after_the_network_is_trained():
    data = toy_data(IMAGES)
    found = measure(shaken(Diffusion, IMAGES), data)
    counts = [f.n for f in found]
    assert counts[0] == (0, 0)
    assert np.isnan(found[0].match).all()
    assert counts[-4:] == [(32, 0), (32, 32), (40, 32), (40, 40)]
    again = measure(shaken(Diffusion, IMAGES), data)
    assert len(again) == 4, "the network is trained once"
    np.testing.assert_array_equal(again[-1].match, found[-1].match)
    np.testing.assert_array_equal(again[-1].recall, found[-1].recall)


def test_the_same_noise_at_every_scale():
    found = measure(shaken(Diffusion, IMAGES), toy_data(IMAGES), scales=(1.0, 1.0))[-1]
    for name in guidance_cost.MEASURES:
        values = getattr(found, name)
        np.testing.assert_array_equal(values[0], values[1])


def test_saturation_is_the_share_of_values_at_their_ends():
    scene = guidance_cost.Scene(Judge(lambda x: x.flatten(1)), COLOUR, (), torch.zeros(0, *COLOUR.shape))
    x = torch.zeros(2, *COLOUR.shape)
    x[0, :, :8] = 1.2
    x[1, :, :4] = -1 + 2 / 255
    assert scene.seen(x).saturated.tolist() == [0.5, 0.25]


def test_without_a_condition_there_is_no_match_and_data_is_all_data():
    data = toy_data(IMAGES)
    found = measure(shaken(Diffusion, IMAGES), data, condition=())[-1]
    assert np.isnan(found.match).all()
    assert "match" not in found.real
    assert np.isfinite(found.variety).all()
    assert np.isfinite(found.saturation).all()


def test_points_are_judged_by_where_they_are():
    found = measure(shaken(Diffusion, POINTS), toy_data(), n=300)
    assert [f.n for f in found] == [(256, 0), (256, 256), (300, 256), (300, 300)]
    assert np.isnan(found[-1].match).all()
    assert np.isnan(found[-1].saturation).all()
    for name in ("variety", "precision", "recall"):
        values = getattr(found[-1], name)
        assert np.isfinite(values).all()
    assert found[-1].real.keys() == {"precision", "recall"}


def test_real_data_fits_the_condition():
    data = toy_data()
    rows = guidance_cost.real_rows(data, (1, 2), torch.Generator().manual_seed(0))
    fits = ((data.train_labels == torch.tensor([1, 2])).all(1)).sum()
    assert len(rows) == fits
    assert rows.mean(0)[0] > 0.3


def test_too_little_real_data_leaves_what_it_is_needed_for_open():
    data = toy_data(IMAGES)
    few = dataclasses.replace(data, train_labels=data.train_labels.clone())
    few.train_labels[:, 0] = 0
    few.train_labels[:5, 0] = 1
    found = measure(shaken(Diffusion, IMAGES), few)[-1]
    for name in ("variety", "precision", "recall"):
        assert np.isnan(getattr(found, name)).all()
    assert np.isfinite(found.match[:, 0]).all()


def test_pictures_without_labels_are_told_apart_by_their_pixels():
    spec = DataSpec(Kind.IMAGE, (1, 8, 8))
    rows = torch.randint(0, 255, (300, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()
    none = torch.zeros(300, 0, dtype=torch.int64)
    data = Dataset("bare", "Bare", "", spec, rows, none, rows, none)
    judge = None
    work = judging.judge_of(data)
    try:
        next(work)
    except StopIteration as end:
        judge = end.value
    assert judge is not None, "nothing has to be trained"
    assert judge.answers is None
    x = rows.double() / 127.5 - 1
    assert judge.features(x).shape == (300, 64)
    far = torch.cdist(x.flatten(1), x.flatten(1))
    seen = judge.features(x).double()
    np.testing.assert_allclose(torch.cdist(seen, seen), far, atol=1e-4)


def test_samples_are_those_of_the_guided_model():
    model = shaken(Diffusion, IMAGES)
    kept = []
    original = guidance_cost.Scene.seen

    def watched(self, x):
        kept.append(x.clone())
        return original(self, x)

    guidance_cost.Scene.seen, before = watched, original
    try:
        measure(model, toy_data(IMAGES), n=8)
    finally:
        guidance_cost.Scene.seen = before
    plain = [x for x in kept if len(x) == 8]
    assert len(plain) == 2
    assert not torch.allclose(plain[0], plain[1])


def test_each_step_can_be_stopped():
    model = shaken(Diffusion, IMAGES)
    steps = ask(guidance_cost.MeasureGuidance, model, toy_data(IMAGES), MeasureGuidance(n=32, condition=CONDITION))
    values = [next(steps).value for _ in range(20)]
    assert sum(value is None for value in values) >= 8
    steps.close()


BAD = [
    (MeasureGuidance(scales=()), "guidance scales"),
    (MeasureGuidance(scales=(-1.0,)), "guidance scales"),
    (MeasureGuidance(n=0), "number of samples"),
    (MeasureGuidance(condition=(0,)), "one label for each"),
    (MeasureGuidance(config={"steps": 0}), "steps"),
]


@pytest.mark.parametrize(("question", "match"), BAD)
def test_measurements_that_make_no_sense_are_refused_at_once(question, match):
    with pytest.raises(BadInput, match=match):
        next(ask(guidance_cost.MeasureGuidance, shaken(), toy_data(), question))


def test_drawing_is_not_disturbed():
    model = shaken(Diffusion, IMAGES)
    question = DrawSamples(2, CONDITION, {"steps": 2})
    before = list(ask(samples.DrawSamples, model, None, question))[-1].value.x
    measure(model, toy_data(IMAGES), n=8)
    np.testing.assert_array_equal(list(ask(samples.DrawSamples, model, None, question))[-1].value.x, before)
