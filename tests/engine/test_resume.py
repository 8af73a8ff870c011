"""Runs on disk: bit-exact continuation, and what a crash leaves behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from genplay.contract import atomic
from genplay.contract.requests import Ask, Control, CreateRun, DrawSamples
from genplay.core import checkpoint
from genplay.engine.curves import Curves, is_logged
from genplay.engine.run import Run
from genplay.engine.store import Store

SMALL = {"config": {"width": 8, "latent_size": 2, "kl_warmup_steps": 40}, "training": {"batch_size": 16}}


def steps(run, n):
    for _ in range(n):
        run.log(run.trainer.advance())
    return run


def weights(run):
    return {n: p.flat.values.clone() for n, p in run.trainer.players.items()}


def make(family="vae"):
    settings = SMALL if family == "vae" else {"training": {"batch_size": 16}}
    return Run.create("r", "r", family, "ring", seed=11, **settings)


def through_disk(tmp_path, run, spoil=None):
    """The run as the next start finds it; ``spoil`` may damage the state on the way."""
    store = Store(tmp_path / "runs")
    store.write("r", run.card(with_curves=False), run.state(), run.curves, run.film)
    if spoil is not None:
        path = tmp_path / "runs" / "r" / "state.safetensors"
        tensors, plain = checkpoint.unpack(path.read_bytes())
        spoil(tensors, plain)
        atomic.write(path, checkpoint.pack(tensors, plain))
    (saved,), problems = store.open()
    assert problems == []
    again = Run.from_card("r", saved.card, torch.device("cpu"))
    state = store.read_state("r")
    again.wake_from(state, store.read_curves("r", state[1]["step"]))
    return again


LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("vae", "toy_gan")]  # in small, the contract asks it too


@pytest.mark.parametrize("family", [*LONG, "toy_diffusion", "toy_flow"])
def test_resume_is_bit_exact(tmp_path, toy_families, family):
    straight = steps(make(family), 1400)  # more than one epoch of 20,000 in batches of 16
    resumed = steps(through_disk(tmp_path, steps(make(family), 700)), 700)
    assert resumed.step == straight.step == 1400
    for name, values in weights(straight).items():
        assert torch.equal(values, weights(resumed)[name])
    assert list(resumed.curves.steps) == list(straight.curves.steps)
    for name, values in straight.curves.series.items():
        np.testing.assert_allclose(resumed.curves.series[name], values, rtol=1e-6)


def drop_optimiser(tensors, plain):
    for name in [n for n in tensors if n.startswith("optimiser.")]:
        del tensors[name]


def drop_random(tensors, plain):
    tensors["generator"] = torch.Generator().manual_seed(11).get_state()


def drop_order(tensors, plain):
    plain["position"] = {"epoch": 0, "cursor": 0}


def drop_average(tensors, plain):
    tensors["average.model"] = tensors["values.model"]


@pytest.mark.parametrize("spoil", [drop_optimiser, drop_random, drop_order, drop_average])
def test_every_part_of_the_state_matters(tmp_path, spoil):
    straight = steps(make(), 60)
    resumed = steps(through_disk(tmp_path, steps(make(), 30), spoil), 30)
    same = all(
        torch.equal(a, b) for a, b in zip(straight.snapshot().values.values(), resumed.snapshot().values.values())
    )
    assert not same


def test_live_knobs_and_time_survive(tmp_path):
    run = steps(make(), 5)
    run.set_live({"beta": 3.5, "learning_rate": 0.004})
    run.seconds = 12.5
    again = through_disk(tmp_path, run)
    assert (again.config.beta, again.training.learning_rate, again.seconds) == (3.5, 0.004, 12.5)
    assert again.trainer.config.learning_rate == 0.004


def test_a_state_of_other_settings_is_refused(tmp_path):
    from genplay.contract.errors import BadInput

    store = Store(tmp_path / "runs")
    run = steps(make(), 3)
    other = Run.create("r", "r", "vae", "ring", config={"width": 16, "latent_size": 2})
    store.write("r", other.card(with_curves=False), run.state(), run.curves, run.film)
    (saved,), _ = store.open()
    again = Run.from_card("r", saved.card, torch.device("cpu"))
    with pytest.raises(BadInput):
        again.wake_from(store.read_state("r"), Curves())
    assert not again.awake


def test_the_engine_finds_its_runs_again(start, tmp_path):
    first = start(tmp_path)
    first.engine.submit(CreateRun("r", "ring", "vae", "ring", seed=4, **SMALL))
    first.engine.submit(Control("r", "play"))
    first.until(lambda w: "r" in w.runs and w.runs["r"].step > 50)
    assert first.engine.close(20)
    first.drain()
    second = start(tmp_path)
    second.until(lambda w: "r" in w.runs)
    assert second.runs["r"].step >= first.runs["r"].step, "closing saves what is training"
    assert second.runs["r"].status == "paused"
    assert second.films, "the mosaic is there before the model is"
    assert second.ask(Ask(1, "s", "r", DrawSamples(n=4))).step == second.runs["r"].step
    second.engine.submit(Control("r", "step"))
    before = second.runs["r"].step
    second.until(lambda w: w.runs["r"].step == before + 1)
    assert not second.failures


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": 1}', b"\xff\xfe"])
def test_a_damaged_run_is_left_alone_and_said(start, tmp_path, damage):
    store = Store(tmp_path / "runs")
    run = steps(make(), 3)
    for name in ("good", "bad"):
        store.write(name, run.card(with_curves=False), run.state(), Curves(), [])
    (tmp_path / "runs" / "bad" / "run.json").write_bytes(damage)
    watch = start(tmp_path)
    watch.until(lambda w: "good" in w.runs and w.failures)
    assert "bad" in watch.failures[0].message
    assert "bad" not in watch.runs
    assert (tmp_path / "runs" / "bad" / "state.safetensors").exists()


def test_a_run_cut_short_while_training_says_from_where_it_goes_on(start, tmp_path):
    store = Store(tmp_path / "runs")
    for name, training in (("short", True), ("calm", False)):
        run = steps(make(), 5)
        store.write(name, run.card(with_curves=False), run.state(), run.curves, run.film)
        store.note_training(name, training)
    watch = start().until(lambda w: {"short", "calm"} <= set(w.runs))
    assert watch.runs["short"].message == "Resumed from step 5: the program ended while this run was training."
    assert watch.runs["calm"].message == ""
    watch.engine.submit(Control("short", Control.STEP))
    watch.until(lambda w: w.runs["short"].step == 6 and w.runs["short"].status == "paused")
    assert watch.runs["short"].message == ""
    watch.until(lambda w: not (tmp_path / "runs" / "short" / "training").exists())


def test_the_mark_of_a_training_run_comes_and_goes(start, tmp_path, quick):
    watch = start()
    watch.engine.submit(CreateRun("r", "r", **quick.points))
    watch.settled("r", "ready")
    mark = tmp_path / "runs" / "r" / "training"
    watch.engine.submit(Control("r", Control.PLAY))
    watch.until(lambda w: w.runs["r"].step > 3)
    assert mark.exists()
    watch.engine.submit(Control("r", Control.PAUSE))
    watch.settled("r")
    watch.until(lambda w: not mark.exists())


def test_curves_survive_a_torn_line():
    curves = Curves()
    for step in range(1, 6):
        curves.add(step, {"loss": 1 / step})
    text, whole = curves.unsaved_lines()
    assert whole
    again = Curves()
    again.read_lines((text[:-9]).splitlines(keepends=True), last_step=4)
    assert list(again.steps) == [1, 2, 3, 4]
    json.loads(text.splitlines()[0])


def test_logging_thins_only_logarithmically():
    logged = sum(is_logged(step) for step in range(1, 200_001))
    assert all(is_logged(step) for step in range(1, 4000))
    assert logged < 2000 * (2 + np.log(100)) * 1.5


CHILD = """
import sys, time
from pathlib import Path
from genplay.contract.requests import Control, CreateRun
from genplay.engine.facade import ThreadedEngine
engine = ThreadedEngine(Path(sys.argv[1]), device="cpu", autosave_seconds=float(sys.argv[2]))
engine.start()
runs = set()
while not runs:
    time.sleep(0.02)
    update = engine.drain()
    runs |= {run.run_id for run in update.runs}
    if update.catalogue and not (Path(sys.argv[1]) / "runs" / "r").exists():
        engine.submit(CreateRun("r", "ring", "vae", "ring", config={"width": 8, "latent_size": 2}))
engine.submit(Control("r", "play"))
while True:
    time.sleep(0.005)
    for run in engine.drain().runs:
        print(run.step, time.monotonic(), flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_kill_at_sixty_random_moments(tmp_path):
    """SIGKILL while training with autosave: nothing unreadable, at most one interval lost, no orphans after restart."""
    kills, interval = 60, 0.3
    dice = random.Random(1)
    lost = []
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(interval)],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            text=True,
        )
        child.stdout.readline()
        time.sleep(dice.uniform(0.2, 2.0))
        child.send_signal(signal.SIGKILL)
        lines = [line.split() for line in child.stdout.read().splitlines() if line.count(" ") == 1]
        child.wait()
        child.stdout.close()
        lost.append(_unsaved_seconds(tmp_path, [(int(a), float(b)) for a, b in lines]))
    assert max(lost) <= interval + 0.5, "an interval, and the time that a report and a write may take"
    store = Store(tmp_path / "runs")
    assert len(store.open()[0]) == 1
    assert not list(Path(tmp_path).rglob(f"*{atomic.SUFFIX}"))


def _unsaved_seconds(root, reports):
    """Seconds between the last report and the first report of the step that is on disk."""
    (saved,), problems = Store(root / "runs").open()
    assert problems == []
    run = Run.from_card("r", saved.card, torch.device("cpu"))
    state = Store(root / "runs").read_state("r")
    run.wake_from(state, Store(root / "runs").read_curves("r", state[1]["step"]))
    if not reports:
        return 0.0
    known = [t for step, t in reports if step <= run.step]
    return reports[-1][1] - (known[-1] if known else reports[0][1])
