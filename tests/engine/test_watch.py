"""What is measured of an adversarial training: always at the same steps, and without leaving a trace in it."""

import numpy as np
import pytest
import torch

from genplay.contract.results import Notice
from genplay.contract.spec import Kind
from genplay.engine import headless
from genplay.engine import watch as watch_module
from genplay.engine.run import Run
from genplay.engine.training_job import Outside, train
from genplay.engine.watch import is_measured
from genplay.metrics import alarm, modes

ALONE = Outside(*[lambda *_: None] * 5, autosave_seconds=1e9)
TRAINING = {"batch_size": 16, "ema": 0.9}
MEASURED = {
    "modes covered", "high-quality share", "KL to the data's modes", "precision", "recall", "pairwise distance",
    "D accuracy real", "D accuracy fake",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _known(toy_families):
    pass


def make(family="toy_gan", data="ring", **facts):
    return Run.create("r", "r", family, data, **{"training": TRAINING, "seed": 5, **facts})


def in_the_window(run, n):
    job = train(run, ALONE)
    for _ in range(n):
        next(job)
    job.close()
    return run


def at_the_command_line(run, n):
    for _ in headless.train(run, n, None):
        pass
    return run


def test_when():
    points = [step for step in range(1, 2301) if is_measured(step, Kind.POINTS)]
    assert points == [*range(50, 2001, 50), 2100, 2200, 2300]
    assert [step for step in range(1, 900) if is_measured(step, Kind.IMAGE)] == [200, 400, 600, 800]


@pytest.mark.parametrize("trained", [in_the_window, at_the_command_line])
def test_curves_are_measured_at_the_same_steps_wherever_it_trains(trained):
    run = trained(make(), 160)
    curves = run.curves.arrays()
    assert curves.keys() >= MEASURED - {"KL to the data's modes"}
    for name in ("modes covered", "precision", "pairwise distance", "D accuracy real"):
        assert curves[name][0].tolist() == [50, 100, 150]
    assert run.record().terms["modes covered"] == curves["modes covered"][1][-1]


def test_the_averaged_weights_are_measured_with_a_fixed_seed():
    run = in_the_window(make(), 50)
    generator = torch.Generator().manual_seed(run.seed)
    expected = modes.mode_terms(run.replica().model, run.dataset, generator, watch_module.POINTS)
    found = {name: values[-1] for name, (steps, values) in run.curves.arrays().items() if name in expected}
    assert found == pytest.approx(expected, rel=1e-6)
    other = at_the_command_line(make(), 50)
    for name in expected:
        np.testing.assert_array_equal(other.curves.arrays()[name][1], run.curves.arrays()[name][1])


def test_what_translates_pictures_is_no_game_that_could_lose_modes(monkeypatch):
    monkeypatch.setattr(watch_module, "is_measured", lambda step, kind: True)
    run = in_the_window(make("pix2pix", "digits8", config={"width": 8}), 2)
    assert "modes covered" not in run.curves.series
    assert {"L1", "D accuracy real"} <= run.curves.series.keys()
    assert run.watch.notices(run) == ()


def test_measuring_changes_no_bit_of_the_training(monkeypatch):
    watched = in_the_window(make(), 130)
    monkeypatch.setattr(watch_module, "is_measured", lambda step, kind: False)
    alone = in_the_window(make(), 130)
    assert "modes covered" in watched.curves.series
    assert "modes covered" not in alone.curves.series
    a, b = watched.state()[0], alone.state()[0]
    assert all(torch.equal(t, b[n]) for n, t in a.items())
    assert watched.curves.series["loss generator"][-1] == alone.curves.series["loss generator"][-1]


def test_the_copy_is_made_once_and_again_for_other_settings(monkeypatch):
    made, replica = [], Run.replica
    monkeypatch.setattr(Run, "replica", lambda run: made.append(run.step) or replica(run))
    run = in_the_window(make(), 110)
    assert made == [50]
    before = run.curves.arrays()["pairwise distance"][1]
    assert before[0] != before[1], "the weights are the newest all the same"
    run.config = type(run.config)(critic_steps=1)
    in_the_window(run, 50)
    assert made == [50, 150]


def test_models_without_a_discriminator_are_left_alone(monkeypatch):
    monkeypatch.setattr(modes, "mode_terms", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(alarm, "alarms", lambda *_: pytest.fail("asked"))
    run = in_the_window(make("toy_diffusion"), 60)
    assert run.notices() == ()


def test_data_without_modes_has_the_other_curves():
    run = in_the_window(make(data="moons"), 50)
    assert "D accuracy fake" in run.curves.series
    assert "high-quality share" not in run.curves.series


# ---- alarms ----------------------------------------------------------------------------------------------------------


def test_alarms_are_found_anew_only_when_something_was_measured(monkeypatch):
    asked = []

    def alarms(curves, remedies):
        asked.append({n: (steps.tolist(), values.tolist()) for n, (steps, values) in curves.items()})
        return (Notice("bad", "trouble", f"{len(asked)}", since=50),)

    monkeypatch.setattr(alarm, "alarms", alarms)
    run = in_the_window(make(), 50)
    for _ in range(3):
        assert run.notices()[-1].text == "1"
        assert run.record().notices[-1].since == 50
    in_the_window(run, 49)
    assert run.notices()[-1].text == "1"
    in_the_window(run, 1)
    assert run.notices()[-1].text == "2"
    assert asked[-1]["modes covered"][0] == [50, 100]
    assert len(asked[-1]["gradient norm generator"][0]) == 100
    run.rewind(0)
    assert run.notices()[-1].text == "3", "what came after is no longer a reason"
    assert asked[-1] == {}


def test_remedies_are_those_of_the_family_for_the_kind_of_data(monkeypatch):
    from genplay.contract.catalogue import Preset

    told = []
    run = make()
    remedies = (
        Preset("a", "A", ""),
        Preset("b", "B", "", kinds=(Kind.IMAGE,)),
        Preset("c", "C", "", kinds=(Kind.POINTS,)),
    )
    monkeypatch.setattr(run.family, "remedies", remedies)
    monkeypatch.setattr(alarm, "alarms", lambda curves, remedies: told.append(remedies) or ())
    run.notices()
    assert told == [("a", "c")]


def test_forks_and_runs_that_went_back_show_what_was_measured_then():
    run = in_the_window(make(), 120)
    step = next(s for s in run.history.steps if 50 <= s < 100)
    twin = run.fork("t", "t", False, step)
    run.rewind(step)
    for one in (twin, run):
        assert one.record().terms["modes covered"] == one.curves.series["modes covered"][-1]
        assert one.curves.arrays()["modes covered"][0].tolist() == [50]
        in_the_window(one, 100 - step)
        assert one.curves.arrays()["modes covered"][0].tolist() == [50, 100]
