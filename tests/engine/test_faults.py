"""What goes wrong around the engine: disks, devices, damaged folders, exceptions. Everything else goes on."""

import io
import random
import threading
import time

import numpy as np
import pytest
import torch

from genplay.contract.errors import BadInput
from genplay.contract.requests import (
    Ask,
    Cancel,
    Control,
    CreateRun,
    DeleteRun,
    DrawSamples,
    OpenCheckpoint,
    RestoreRun,
    SetDevice,
    SetLive,
)
from genplay.engine import store as store_module
from genplay.engine import workshop as workshop_module
from genplay.engine.curves import Curves
from genplay.engine.lane import Job, Lane
from genplay.engine.run import Run
from genplay.engine.store import Store, _film_bytes, _read_film

SMALL = {"config": {"width": 8, "latent_size": 2}, "training": {"batch_size": 16}}


def create(run_id="r"):
    return CreateRun(run_id, f"run {run_id}", "vae", "ring", seed=3, **SMALL)


def saved(root, run_id="r", steps=3):
    """A run on disk."""
    run = Run.create(run_id, f"run {run_id}", "vae", "ring", seed=3, **SMALL)
    for _ in range(steps):
        run.log(run.trainer.advance())
    Store(root / "runs").write(run_id, run.card(with_curves=False), run.state(), run.curves, run.film)


def on_the_train_lane(watch, call):
    """Run a call where the runs live."""
    done = threading.Event()
    watch.engine._workshop.train.post(lambda: (call(watch.engine._workshop), done.set()))
    assert done.wait(10)


# ---- the disk ----------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_used_costs_the_saving_only(start, tmp_path):
    (tmp_path / "home").write_text("a file is in the way")
    watch = start(tmp_path / "home")
    watch.until(lambda w: w.failures)
    assert "kept" in watch.failures[0].message
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 5)
    assert watch.ask(Ask(1, "s", "r", DrawSamples(n=3))).value.x.shape == (3, 2)


def test_a_full_disk_does_not_end_the_training_and_tears_no_curve(start, tmp_path, monkeypatch):
    watch = start(tmp_path, autosave_seconds=0.2)
    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)

    def full(path, lines, whole):
        path.write_text(path.read_text() + lines[: len(lines) // 2 + 3])
        raise OSError(28, "No space left on device", str(path))

    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: w.runs["r"].step > 50)
    monkeypatch.setattr(store_module, "_put_lines", full)
    watch.until(lambda w: w.failures)
    assert "No space left" in watch.failures[0].message
    before = watch.runs["r"].step
    watch.until(lambda w: w.runs["r"].step > before + 50)
    monkeypatch.undo()
    watch.engine.submit(Control("r", "pause"))
    watch.settled("r")
    assert watch.engine.close(20)
    curves = Store(tmp_path / "runs").read_curves("r", 1 << 50)
    assert sorted(set(curves.steps)) == list(range(1, watch.runs["r"].step + 1))


def test_a_run_whose_folder_was_removed_is_saved_again(start, tmp_path):
    import shutil

    watch = start(tmp_path)
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: "r" in w.runs and (w.runs["r"].step, w.runs["r"].status) == (1, "paused"))
    on_the_train_lane(watch, lambda _: None)  # the write that follows the report is over
    shutil.rmtree(tmp_path / "runs" / "r")
    watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: (w.runs["r"].step, w.runs["r"].status) == (2, "paused"))
    watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: (w.runs["r"].step, w.runs["r"].status) == (3, "paused"))
    assert watch.engine.close(20)
    (found,), problems = Store(tmp_path / "runs").open()
    assert (found.card.step, problems) == (3, [])
    assert set(Store(tmp_path / "runs").read_curves("r", 99).steps) == {1, 2, 3}


def test_a_damaged_film_is_left_out():
    film = [(step, np.random.default_rng(step).integers(0, 255, (9, 8, 8, 1), dtype=np.uint8)) for step in range(4)]
    whole = _film_bytes(film)
    dice = random.Random(3)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        found = _read_film(io.BytesIO(bytes(data)), 99)
        assert isinstance(found, list)
    assert [step for step, _ in _read_film(io.BytesIO(whole), 2)] == [0, 1, 2]


@pytest.mark.parametrize(
    "line",
    [
        '{"step": Infinity, "loss": 1}',
        '{"step": 1e400}',
        '{"step": 99999999999999999999999}',
        '{"step": -4, "loss": 1}',
        "[" * 100_000,
        '{"step": 2, "loss": 1' + "0" * 400 + "}",
    ],
)
def test_a_damaged_line_ends_the_curves_and_nothing_else(line):
    curves = Curves()
    curves.read_lines(['{"step": 1, "loss": 0.5}\n', line + "\n"], last_step=10)
    assert list(curves.steps) == [1]
    assert {len(v) for v in curves.series.values()} == {1}


def test_a_run_that_was_never_saved_whole_is_swept_up(tmp_path):
    """Killed in its first write, before there was a state: nothing to keep and nothing to complain of."""
    saved(tmp_path)
    broken = tmp_path / "runs" / "half"
    broken.mkdir()
    (broken / "curves.jsonl").write_text("")
    found, problems = Store(tmp_path / "runs").open()
    assert ([f.run_id for f in found], problems) == (["r"], [])
    assert not broken.exists()


# ---- data that has gone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BadInput("The folder is not there."), KeyError("hidden"), MemoryError()])
def test_a_run_that_cannot_wake_fails_in_its_slot_and_the_rest_lives_on(start, tmp_path, monkeypatch, error, caplog):
    saved(tmp_path, "r")
    saved(tmp_path, "good")
    watch = start(tmp_path)
    watch.until(lambda w: {"r", "good"} <= set(w.runs))
    load = workshop_module.Run.wake_from

    def spoilt(run, *rest):
        if run.run_id == "r":
            raise error
        load(run, *rest)

    monkeypatch.setattr(workshop_module.Run, "wake_from", spoilt)
    watch.engine.submit(Ask(1, "s", "r", DrawSamples(n=4)))
    watch.until(lambda w: w.failures)
    assert (watch.failures[0].slot, watch.failures[0].job, watch.failures[0].run_id) == ("s", 1, "r")
    assert not watch.engine.busy()
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: len(w.failures) == 2)
    assert watch.failures[1].run_id == "r"
    assert watch.ask(Ask(2, "s", "good", DrawSamples(n=4))).value.x.shape == (4, 2)


def test_a_question_given_up_wakes_nobody(start, tmp_path):
    saved(tmp_path)
    watch = start(tmp_path)
    watch.until(lambda w: "r" in w.runs)
    gate = threading.Event()
    watch.engine._workshop.train.post(gate.wait)
    watch.engine.submit(Ask(1, "s", "r", DrawSamples(n=4)))
    watch.engine.submit(Cancel("s"))
    gate.set()
    states = []
    on_the_train_lane(watch, lambda w: states.append(w.runs["r"].awake))
    assert states == [False]
    assert not watch.engine.busy()


def test_whatever_a_command_raises_names_its_run(watch, monkeypatch, caplog):
    def broken(*args):
        raise KeyError("hidden detail")

    monkeypatch.setattr(workshop_module.Run, "from_checkpoint", broken)
    watch.engine.submit(OpenCheckpoint("new", "x.safetensors"))
    watch.until(lambda w: w.failures)
    assert watch.failures[0].run_id == "new"
    assert "hidden detail" in caplog.text


def test_a_run_that_cannot_be_moved_to_the_trash_stays(watch, monkeypatch):
    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)

    def refuse(*args):
        raise PermissionError(13, "Permission denied", "r")

    monkeypatch.setattr(Store, "discard", refuse)
    watch.engine.submit(DeleteRun("r"))
    watch.until(lambda w: w.failures)
    assert watch.removed == []
    watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: w.runs["r"].step == 1)


def test_a_restored_run_whose_trash_is_gone_is_saved_again(watch, tmp_path):
    import shutil

    watch.engine.submit(create())
    watch.engine.submit(DeleteRun("r"))
    watch.until(lambda w: "r" in w.removed)
    shutil.rmtree(tmp_path / "trash")
    watch.engine.submit(RestoreRun("r"))
    watch.until(lambda w: "r" in w.runs)
    assert watch.engine.close(20)
    assert [f.run_id for f in Store(tmp_path / "runs").open()[0]] == ["r"]


# ---- while it trains -----------------------------------------------------------------------------------------------


def test_a_device_chosen_while_training_is_trained_on(watch, monkeypatch):
    """The training goes on with the moved weights, not unseen with the old ones."""
    monkeypatch.setattr(workshop_module.device, "choose", lambda wanted: torch.device("cpu:0"))
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 20)
    watch.engine.submit(SetDevice("cpu:0"))
    watch.until(lambda w: w.runs["r"].device == "cpu:0")
    before = watch.runs["r"].step
    watch.until(lambda w: w.runs["r"].step > before + 20)
    assert watch.runs["r"].status == "training"
    assert not watch.failures


def test_live_changes_of_a_paused_run_survive_the_end(start, tmp_path):
    watch = start(tmp_path)
    watch.engine.submit(create())
    watch.engine.submit(SetLive("r", {"beta": 7.0}))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].config["beta"] == 7.0)
    assert watch.engine.close(20)
    assert Store(tmp_path / "runs").read_state("r")[1]["live"]["beta"] == 7.0


def test_the_first_film_frame_after_a_restart_clears_the_strip(watch):
    watch.engine.submit(create())
    watch.until(lambda w: w.films)
    assert [f.reset for f in watch.films] == [True]
    watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: len(w.films) == 2)
    watch.engine.submit(Control("r", "restart"))
    watch.until(lambda w: len(w.films) == 3)
    assert [(f.step, f.reset) for f in watch.films] == [(0, True), (1, False), (0, True)]


def test_nothing_is_heard_of_a_run_after_it_was_removed(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    time.sleep(1.0)
    watch.engine.submit(DeleteRun("r"))
    time.sleep(0.5)
    update = watch.drain()
    assert update.removed == ("r",)
    assert (update.runs, update.curves, update.films) == ((), (), ())


# ---- lanes ---------------------------------------------------------------------------------------------------------


class Alarm(BaseException):
    """As extension modules raise it when they panic: not an ``Exception``."""


def test_a_lane_outlives_everything_that_is_raised():
    failures, ended = [], []
    lane = Lane("test", failures.append)

    def alarming():
        raise Alarm("call")

    def job():
        yield
        raise Alarm("job")

    def stubborn():
        try:
            while True:
                yield
        finally:
            raise ValueError("while closing")

    lane.post(alarming)
    lane.post(lambda: lane.start(Job("a", job(), ended.append)))
    lane.post(lambda: lane.start(Job("b", stubborn(), ended.append)))
    deadline = time.monotonic() + 5
    while len(ended) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    lane.post(lambda: lane.stop("b"))
    lane.close()
    assert lane.join(5)
    assert [type(e) for e in failures] == [Alarm]
    assert [type(e) for e in ended] == [Alarm, ValueError], "every job ends, even one that closes badly"


# ---- two programs, and one that cannot start -----------------------------------------------------------------------


def test_a_second_program_leaves_the_runs_of_the_first_alone(start, tmp_path):
    saved(tmp_path, "old")
    first = start(tmp_path)
    first.until(lambda w: "old" in w.runs)
    second = start(tmp_path)
    second.until(lambda w: w.failures)
    assert "another" in second.failures[0].message.lower()
    second.engine.submit(create("new"))
    second.engine.submit(Control("new", "step"))
    second.until(lambda w: "new" in w.runs and w.runs["new"].step == 1)
    assert "old" not in second.runs
    assert second.engine.close(20)
    assert [p.name for p in (tmp_path / "runs").iterdir() if p.is_dir()] == ["old"]
    assert first.engine.close(20)
    third = start(tmp_path)
    third.until(lambda w: "old" in w.runs)
    assert not third.failures


def test_an_engine_that_cannot_start_says_so_to_everyone_who_asks(start, tmp_path, monkeypatch, caplog):
    def broken():
        raise SyntaxError("in a family's file")

    monkeypatch.setattr(workshop_module.catalogue, "build", broken)
    watch = start(tmp_path)
    watch.until(lambda w: w.failures)
    assert "start" in watch.failures[0].message
    watch.engine.submit(Ask(1, "s", "r", DrawSamples(n=4)))
    watch.engine.submit(create())
    watch.until(lambda w: len(w.failures) == 3)
    assert [(f.slot, f.run_id) for f in watch.failures[1:]] == [("s", "r"), ("", "r")]
    assert not watch.engine.busy()
    assert "in a family's file" in caplog.text


def test_models_of_a_removed_run_are_forgotten_even_while_they_answer():
    from genplay.engine.shelf import Replicas, Shown

    run = Run.create("r", "r", "vae", "ring", **SMALL)
    shown = Shown(run.snapshot(), run.family, run.config, run.dataset.spec, run.dataset, run.device, "")
    replicas = Replicas()
    with replicas.lease("r", shown):
        pass
    with replicas.lease("r", shown) as model:
        replicas.forget("r")
        assert model is not None
    assert replicas._free == {}
