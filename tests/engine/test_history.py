"""Snapshots of a whole training: which are kept, within what bounds, and that going back to one is exact."""

import math

import numpy as np
import pytest
import torch
from toys import ToyGAN

from genplay.contract.errors import BadInput
from genplay.contract.requests import Ask, Control, CreateRun, DrawSamples, Rewind, SetLive
from genplay.engine import headless, history
from genplay.engine.curves import Curves
from genplay.engine.history import History, Moment
from genplay.engine.run import Run
from genplay.engine.store import Store
from genplay.engine.training_job import Outside, train
from genplay.ui.views.filmstrip import insert
from genplay.ui.views.series import CurveStore

ALONE = Outside(*[lambda *_: None] * 5, autosave_seconds=1e9)
TRAINING = {"batch_size": 16, "ema": 0.9}


@pytest.fixture(autouse=True)
def _known(toy_families):
    pass


def make(family="toy_gan", **facts):
    return Run.create("r", "r", family, "ring", **{"training": TRAINING, "seed": 5, **facts})


def steps(run, n):
    job = train(run, ALONE)
    for _ in range(n):
        next(job)
    job.close()
    return run


def exact(run):
    """Everything that the next step depends on, and what was logged."""
    tensors, plain = run.state()
    plain = {n: v for n, v in plain.items() if n != "seconds"}
    return {n: t.clone() for n, t in tensors.items()}, plain, {n: list(v) for n, v in run.curves.series.items()}


def same(a, b):
    return (
        a[1] == b[1]
        and a[0].keys() == b[0].keys()
        and all(torch.equal(t, b[0][n]) for n, t in a[0].items())
        and a[2].keys() == b[2].keys()
        and all(np.array_equal(v, b[2][n], equal_nan=True) for n, v in a[2].items())
    )


def moment(step, numbers=10):
    return Moment(step, {"values": torch.zeros(numbers)}, {}, {}, {}, {})


# ---- which are kept ------------------------------------------------------------------------------------------------


def kept_after(last, numbers=10):
    kept = History()
    for step in range(last + 1):
        if kept.is_due(step):
            kept.add(moment(step, numbers))
        assert len(kept.steps) <= history.MOST and kept.nbytes <= history.MOST_BYTES
    return kept


@pytest.mark.parametrize("last", [60, 700, 5000, 50_000])
def test_the_first_and_the_newest_stay_and_the_others_are_spread_evenly(last):
    steps = np.array(kept_after(last).steps)
    assert steps[0] == 0
    assert last - steps[-1] < max(history.STRIDE, 2)
    assert len(steps) >= 0.7 * history.MOST
    gaps = np.diff(np.sqrt(steps[: -history.MOST // history.RECENT]))
    assert gaps.max() <= max(3 * gaps.mean(), 1.0)


def test_early_history_survives_and_the_newest_are_close_together():
    steps = kept_after(50_000).steps
    assert sum(step <= 2000 for step in steps) >= 5
    assert steps[-6:] == tuple(range(steps[-1] - 250, steps[-1] + 1, 50))


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(history, "MOST_BYTES", 4 * 10 * 7)
    assert len(kept_after(2000).steps) == 7
    assert kept_after(2000).steps[0] == 0
    monkeypatch.setattr(history, "MOST_BYTES", 4 * 10 - 1)
    kept = History()
    kept.add(moment(0))
    assert kept.steps == ()
    assert not kept.is_due(1), "what is too large is not copied again and again"


def test_large_states_are_not_taken_too_often(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(history.time, "perf_counter", lambda: clock[0])
    kept = History()
    kept.add(moment(10, history.BIG))
    clock[0] += 0.9 * history.BIG_SECONDS
    assert not kept.is_due(500)
    clock[0] += 0.2 * history.BIG_SECONDS
    assert kept.is_due(500)


def test_models_of_one_player_keep_none():
    assert steps(make("toy_diffusion"), 30).history.steps == ()
    assert steps(make(), 30).history.steps[:4] == (0, 1, 2, 3)


def test_the_command_line_keeps_them_too():
    run = make()
    for _ in headless.train(run, 30, None):
        pass
    assert run.history.steps[:4] == (0, 1, 2, 3)
    assert run.record().snapshots == run.history.steps


def test_every_start_of_training_can_be_gone_back_to():
    run = steps(make(), 1207)
    steps(run, 3)
    assert 1207 in run.history.steps


# ---- going back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{}, {"critic_steps": 1}])
@pytest.mark.parametrize("least", [0, 20])
def test_training_on_from_a_snapshot_is_bit_exact(least, config):
    run = steps(make(config=config), 20)
    steps(run, 137)
    first = exact(run)
    to = min(step for step in run.history.steps if step >= least)
    run.rewind(to)
    assert run.step == to
    assert run.history.steps[-1] == to
    steps(run, 157 - to)
    assert same(exact(run), first)
    run.rewind(to)
    steps(run, 157 - to)
    assert same(exact(run), first), "a snapshot can be used twice"


def test_going_back_restores_live_knobs_and_forgets_what_came_after():
    run = steps(make(), 40)
    run.add_film(10, np.zeros((2, 2), np.float32)), run.add_film(40, np.zeros((2, 2), np.float32))
    run.set_live({"learning_rate": 0.01})
    steps(run, 100)
    run.add_film(140, np.zeros((2, 2), np.float32))
    to = min(step for step in run.history.steps if step >= 15)
    run.rewind(to)
    assert run.training.learning_rate == run.trainer.config.learning_rate == 2e-3
    assert [step for step, _ in run.film] == [10]
    assert max(run.curves.steps) == to < 40
    assert run.terms["loss generator"] == pytest.approx(run.curves.series["loss generator"][-1], rel=1e-6)
    assert run.saved_step == -1


def test_a_state_with_live_knobs_that_touch_the_weights_is_restored_after_them(monkeypatch):
    """Switching a spectral norm on looks for the singular values of the weights that are there."""

    def set_live(self, values):
        if any(getattr(self.config, n) != v for n, v in values.items()):
            self.config = type(self.config)(**values)
            next(self.parameters()).data.add_(1.0)

    monkeypatch.setattr(ToyGAN.Config.__dataclass_fields__["critic_steps"], "metadata", {"knob": _live_knob()})
    monkeypatch.setattr(ToyGAN, "set_live", set_live)
    run = steps(make(), 9)
    before = exact(run)
    steps(run, 1)
    run.set_live({"critic_steps": 3})
    steps(run, 5)
    run.rewind(9)
    assert same(exact(run), before)


def _live_knob():
    return {**ToyGAN.Config.__dataclass_fields__["critic_steps"].metadata["knob"], "live": True}


def test_a_step_that_is_not_there_is_said():
    run = steps(make(), 10)
    before = exact(run)
    with pytest.raises(BadInput, match=r"^There is no snapshot of step 4,321 to go back to\.$"):
        run.rewind(4321)
    assert same(exact(run), before)


def test_restarting_forgets_all():
    run = steps(make(), 10)
    run.restart()
    assert run.history.steps == ()


# ---- through the engine, as the window sees it ---------------------------------------------------------------------


def create():
    return CreateRun("r", "run r", "toy_gan", "ring", training=TRAINING, seed=3)


def train_to(watch, step):
    for _ in range(step):
        watch.engine.submit(Control("r", Control.STEP))
    watch.until(lambda w: w.runs["r"].step == step and w.runs["r"].status == "paused")


def windows(watch):
    """Curves and film as the window has them after all that was said."""
    curves, film = CurveStore(), []
    for block in watch.curves:
        curves.take(block)
    for frame in watch.films:
        insert(film, frame)
    return curves.series("r"), [frame.step for frame in film]


def test_the_window_sees_a_run_go_back(watch, tmp_path):
    watch.engine.submit(create())
    watch.settled("r", "ready")
    train_to(watch, 6)
    watch.engine.submit(Control("r", Control.PLAY))
    watch.until(lambda w: w.runs["r"].step > 300 and len(windows(w)[1]) > 2)
    watch.engine.submit(SetLive("r", {"learning_rate": 0.01}))
    assert {0, 5} <= set(watch.runs["r"].snapshots)
    watch.engine.submit(Rewind("r", 5))
    watch.until(lambda w: w.runs["r"].step == 5)
    state = watch.runs["r"]
    assert (state.status, state.snapshots[-1], state.training["learning_rate"]) == ("paused", 5, 2e-3)
    watch.until(lambda w: w.films[-1].step == 5)
    series, film = windows(watch)
    assert all(s.steps.max() <= 5 for s in series.values())
    np.testing.assert_array_equal(series["loss generator"].steps, np.arange(1, 6))
    assert max(film) <= 5 and 0 in film
    answer = watch.ask(Ask(1, "s", "r", DrawSamples(n=4)))
    assert answer.step == 5
    assert watch.engine.close(20)
    (saved,), _ = Store(tmp_path / "runs").open()
    assert saved.card.step == 5
    assert max(Store(tmp_path / "runs").read_curves("r", 1 << 40).steps) == 5
    assert not watch.failures


def test_a_run_that_went_back_to_its_beginning_shows_only_that(watch):
    watch.engine.submit(create())
    watch.settled("r", "ready")
    train_to(watch, 4)
    watch.engine.submit(Rewind("r", 0))
    watch.until(lambda w: w.runs["r"].step == 0 and w.films[-1].step == 0)
    series, film = windows(watch)
    assert (series, film) == ({}, [0])


def test_a_snapshot_that_is_not_there_does_not_stop_the_training(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", Control.PLAY))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 10)
    watch.engine.submit(Rewind("r", 10**6))
    watch.until(lambda w: w.failures)
    assert watch.failures[0].message == "There is no snapshot of step 1,000,000 to go back to."
    before = watch.runs["r"].step
    watch.until(lambda w: w.runs["r"].step > before)
    assert watch.runs["r"].status == "training"


def test_curves_up_to_a_step_are_whole():
    curves = Curves()
    for step in range(1, 9):
        curves.add(step, {"loss": float(step)})
    curves.add(4, {"late": 4.0})
    curves.add(7, {"later": 7.0})
    curves.block("r")
    kept = curves.until(5)
    block = kept.block("r")
    assert block.reset and block.names == ("loss", "late")
    np.testing.assert_array_equal(block.steps, [1, 2, 3, 4, 5, 4])
    assert kept.unsaved_lines()[1], "the file is replaced"
    assert math.isnan(kept.series["late"][0]) and kept.series["late"][-1] == 4
    steps, values = curves.arrays()["late"]
    assert (steps.tolist(), values.tolist()) == ([4], [4.0])


def test_a_gan_whose_spectral_norm_was_switched_on_goes_back_exactly():
    run = steps(make("gan", config={"width": 4, "critic_steps": 2}), 30)
    step = next(s for s in run.history.steps if s > 10)
    run.set_live({"spectral_norm": True, "instance_noise": 0.1})
    steps(run, 20)
    run.rewind(step)
    assert not run.config.spectral_norm
    other = make("gan", config={"width": 4, "critic_steps": 2})
    assert same(exact(steps(run, 40 - step)), exact(steps(other, 40)))
