from __future__ import annotations

from dataclasses import replace

import pytest

from genplay.contract import fake_diffusion, fake_engine
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.sampling import attribute_weights
from genplay.ui.guidance.state import (
    GuidanceState,
    asked_for,
    columns,
    first,
    first_condition,
    with_condition,
    with_question,
    with_weights,
)

SPEC = fake_engine.FACES
FAMILY = fake_diffusion.families()[0]
RUN = rs.RunState("d", "d", "diffusion", "faces16", "Faces", SPEC, "ready", config={"conditional": True})
RING = replace(RUN, spec=fake_engine.RING)


def test_at_first_something_is_asked_for_so_that_there_is_something_to_see() -> None:
    state = first(RUN)
    assert asked_for(state.wish.condition, SPEC) == {0: first_condition(SPEC)[0]}
    assert state.scale > 1


def test_a_state_survives_the_way_through_plain_values() -> None:
    state = replace(first(RUN, 7), part="microscope", across="glasses", step=4, sample=3, noise=True, measured=512)
    state = state.with_settings(guidance=6.5, curve="0:0 1:1", negative="glasses=dark", weights="'hair colour:2'")
    assert GuidanceState.from_plain(state.to_plain(), RUN, FAMILY) == state


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        {"part": "nothing", "across": "nose", "step": "many", "sample": -1, "noise": 1, "measured": 10**9},
        {"seed": -1, "condition": [99, 0, 0], "config": {"guidance": 99, "steps": "x"}},
        {"part": [], "config": [], "condition": "red"},
    ],
)
def test_what_is_damaged_changes_nothing_else(damaged: object) -> None:
    start = replace(first(RUN), part="cost")
    read = GuidanceState.from_plain(damaged, RUN, FAMILY, start)
    assert (read.part, read.across, read.step, read.measured) == ("cost", "seed", -1, 256)
    assert read.wish.condition == start.wish.condition
    assert read.wish.seed == start.wish.seed


def test_texts_that_other_data_cannot_follow_are_left_out() -> None:
    state = first(RUN).with_settings(negative="glasses=dark", weights="glasses:2")
    read = GuidanceState.from_plain(state.to_plain(), RING, FAMILY)
    assert "negative" not in read.wish.config
    assert "weights" not in read.wish.config


def test_points_have_no_columns_but_other_samples() -> None:
    assert columns(fake_engine.RING) == ("seed",)
    assert columns(SPEC) == ("seed", "steps", "hair colour", "glasses", "hat")
    assert GuidanceState.from_plain({"across": "steps"}, RING, FAMILY).across == "seed"


def test_separate_weights_start_at_the_common_scale_and_follow_the_condition() -> None:
    state = with_weights(first(RUN).with_settings(guidance=4.0), SPEC, True)
    assert attribute_weights(state.setting("weights"), SPEC) == {0: 4.0}
    state = with_condition(state, (5, 2, 2), SPEC)
    assert attribute_weights(state.setting("weights"), SPEC) == {0: 4.0, 1: 4.0}
    state = with_condition(state, (), SPEC)
    assert state.setting("weights") == ""
    assert with_weights(state, SPEC, False).setting("weights") == ""


def test_a_condition_without_separate_weights_gets_none() -> None:
    assert with_condition(first(RUN), (5, 2, 2), SPEC).setting("weights") == ""


@pytest.mark.parametrize(
    ("question", "part"),
    [
        (rq.Guide(config={"guidance": 9.0}, condition=(1, 1, 1), seed=5), "curve"),
        (rq.DrawSamples(config={"guidance": 9.0}, condition=(1, 1, 1), seed=5), "curve"),
        (rq.Trajectory(config={"guidance": 9.0}, condition=(1, 1, 1), seed=5), "microscope"),
    ],
)
def test_a_recipe_brings_back_what_it_asked(question: rq.Question, part: str) -> None:
    state = with_question(replace(first(RUN), part="curve"), question, RUN, FAMILY)
    assert (state.scale, state.wish.condition, state.wish.seed, state.part) == (9.0, (1, 1, 1), 5, part)


def test_a_sweep_says_its_columns_but_no_scale() -> None:
    start = first(RUN).with_settings(guidance=2.0)
    question = rq.SweepGuidance(across="glasses", values=(0, 1), condition=(1, 3, 2), config={"steps": 9}, seed=5)
    state = with_question(start, question, RUN, FAMILY)
    assert (state.part, state.across, state.scale, state.setting("steps")) == ("scales", "glasses", 2.0, 9)


def test_another_question_changes_nothing() -> None:
    state = first(RUN)
    assert with_question(state, rq.PreviewData(), RUN, FAMILY) is state
