"""Guidance: a quick look, then the fine one, and tables of scales; every cell is what plain sampling gives."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_toys import COLOUR, IMAGES, POINTS, Diffusion, FlowMatching, shaken

from genplay.contract.errors import BadInput
from genplay.contract.requests import DrawSamples, Guide, SweepGuidance
from genplay.core.probe import ask
from genplay.probes import guidance, guidance_sweep, samples

CONDITION = (1, 2)


def draw(model, **facts):
    return list(ask(samples.DrawSamples, model, None, DrawSamples(**facts)))[-1].value.x


def guide(model, **facts):
    return list(ask(guidance.Guide, model, None, Guide(condition=CONDITION, **facts)))


def sweep(model, **facts):
    facts = {"condition": CONDITION, **facts}
    answers = [a for a in ask(guidance_sweep.SweepGuidance, model, None, SweepGuidance(**facts)) if a.value is not None]
    progress = [a.progress for a in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    return [a.value for a in answers]


def close(a, b):
    assert a.shape == b.shape
    return np.abs(a.astype(np.float64) - b.astype(np.float64)).max() <= (1 if a.dtype == np.uint8 else 1e-3)


# ---- one scale ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [POINTS, COLOUR], ids=["points", "pictures"])
def test_a_look_then_the_preview_then_the_samples_of_the_seed(spec):
    model = shaken(FlowMatching, spec)
    config = {"guidance": 3.0, "steps": 12}
    answers = guide(model, n=5, preview=4, seed=7, config=config)
    pictures = [a.value.x for a in answers if a.value is not None]
    asked = {"n": 5, "seed": 7, "condition": CONDITION}
    assert close(pictures[-1], draw(model, config=config, **asked))
    assert close(pictures[1], draw(model, config={**config, "steps": 4}, **asked))
    assert not close(pictures[0], pictures[1])
    assert not close(pictures[1], pictures[-1])
    assert answers[-1].value.labels.tolist() == [list(CONDITION)] * 5


def test_the_first_picture_comes_half_way_through_the_preview_and_each_step_can_be_stopped():
    model = shaken(Diffusion, IMAGES)
    calls = []
    model.network.register_forward_hook(lambda network, inputs, output: calls.append(len(output)))
    answers = ask(guidance.Guide, model, None, Guide(4, 8, CONDITION, {"guidance": 2.0, "steps": 20}))
    seen = []
    for answer in answers:
        seen.append((len(calls), answer.value is not None))
    assert [count for count, _ in seen] == sorted(count for count, _ in seen)
    assert max(np.diff([count for count, _ in seen])) == 1
    assert next(count for count, whole in seen if whole) == 4
    assert len(calls) == 28
    assert set(calls) == {8}


def test_without_steps_to_spare_there_is_no_preview():
    model = shaken()
    pictures = [a.value.x for a in guide(model, n=3, preview=8, config={"steps": 5}) if a.value is not None]
    assert len(pictures) == 2
    assert close(pictures[-1], draw(model, n=3, condition=CONDITION, config={"steps": 5}))


@pytest.mark.parametrize("sampler", ["rk45", "langevin", "predictor-corrector"])
def test_costly_samplers_are_previewed_by_the_default_one(sampler):
    model = shaken()
    config = {"sampler": sampler, "steps": 6, "inner": 3}
    pictures = [a.value.x for a in guide(model, n=3, preview=4, config=config) if a.value is not None]
    assert close(pictures[1], draw(model, n=3, condition=CONDITION, config={"steps": 4}))
    assert close(pictures[-1], draw(model, n=3, condition=CONDITION, config=config))


def test_a_model_without_labels_cannot_be_guided():
    with pytest.raises(BadInput, match="labels to be guided"):
        list(ask(guidance.Guide, shaken(conditional=False), None, Guide()))


# ---- tables ------------------------------------------------------------------------------------------------------

SCALES = (0.0, 1.0, 3.0)


def test_rows_are_scales_and_columns_samples():
    model = shaken(Diffusion, COLOUR)
    found = sweep(model, scales=SCALES, columns=4, seed=5, config={"steps": 6})[-1]
    assert found.columns == ("sample 1", "sample 2", "sample 3", "sample 4")
    assert found.scales == SCALES
    for row, scale in enumerate(SCALES):
        expected = draw(model, n=4, seed=5, condition=CONDITION, config={"steps": 6, "guidance": scale})
        assert close(found.x[4 * row : 4 * row + 4], expected)


def test_more_columns_than_a_piece_has_rows():
    model = shaken(Diffusion, IMAGES)
    found = sweep(model, scales=(1.0, 2.0), columns=19, seed=5, config={"steps": 3})[-1]
    for row, scale in enumerate((1.0, 2.0)):
        expected = draw(model, n=19, seed=5, condition=CONDITION, config={"steps": 3, "guidance": scale})
        assert close(found.x[19 * row : 19 * row + 19], expected)


def test_columns_may_be_steps():
    model = shaken(Diffusion, POINTS)
    answers = sweep(model, scales=SCALES, across="steps", values=(12, 3), seed=5)
    assert answers[-1].columns == ("12 steps", "3 steps")
    cells = answers[-1].x.reshape(3, 2, 2)
    for row, scale in enumerate(SCALES):
        for column, steps in enumerate((12, 3)):
            config = {"steps": steps, "guidance": scale}
            assert close(cells[row, column : column + 1], draw(model, n=1, seed=5, condition=CONDITION, config=config))
    early = answers[0].x.reshape(3, 2, 2)
    np.testing.assert_array_equal(early[:, 0], early[:, 1])


def test_columns_may_be_the_labels_of_an_attribute():
    model = shaken(Diffusion, POINTS)
    found = sweep(model, scales=SCALES, across="tone", values=(0, 3), seed=5, config={"steps": 5})[-1]
    assert found.columns == ("dark", "any")
    cells = found.x.reshape(3, 2, 2)
    for column, label in enumerate((0, 3)):
        config = {"steps": 5, "guidance": 3.0}
        assert close(cells[2, column : column + 1], draw(model, n=1, seed=5, condition=(1, label), config=config))
    bare = sweep(model, scales=(2.0,), across="tone", values=(0,), condition=(), config={"steps": 5})[-1]
    assert bare.x.shape == (1, 2)


def test_noise_on_the_way_is_the_same_in_a_column():
    model = shaken(Diffusion, POINTS)
    config = {"sampler": "ddpm", "steps": 5}
    cells = sweep(model, scales=(2.0, 2.0), columns=2, config=config)[-1].x.reshape(2, 2, 2)
    assert close(cells[0], cells[1])
    assert not close(cells[:, 0], cells[:, 1])
    assert close(cells[0], draw(model, n=2, condition=CONDITION, config={**config, "guidance": 2.0}))


BAD = [
    (SweepGuidance(scales=()), "guidance scales"),
    (SweepGuidance(scales=(1.0, 16.0)), "guidance scales"),
    (SweepGuidance(scales=(float("nan"),)), "guidance scales"),
    (SweepGuidance(columns=0), "number of columns"),
    (SweepGuidance(columns=5000), "too large a table"),
    (SweepGuidance(across="colour", values=(1,)), "no attribute 'colour'"),
    (SweepGuidance(across="tone", values=(9,)), "A label of tone"),
    (SweepGuidance(across="steps", values=(0,)), "A number of steps"),
    (SweepGuidance(across="steps"), "at least one column"),
    (SweepGuidance(config={"steps": -1}), "steps"),
]


@pytest.mark.parametrize(("question", "match"), BAD)
def test_tables_that_make_no_sense_are_refused(question, match):
    with pytest.raises(BadInput, match=match):
        list(ask(guidance_sweep.SweepGuidance, shaken(), None, question))
