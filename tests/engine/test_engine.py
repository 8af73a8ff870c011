"""The engine through its public door: submit and drain, as the window uses it."""

import threading
import time

import numpy as np
import pytest
import toys
from watcher import Watcher

from genplay.contract.requests import (
    Ask,
    Cancel,
    Control,
    CreateRun,
    Decode,
    DeleteRun,
    DrawSamples,
    ForkRun,
    MapLatent,
    OpenCheckpoint,
    PreviewData,
    RenameRun,
    RestoreRun,
    SaveRun,
    SetDevice,
    SetLive,
    Trajectory,
)
from genplay.engine import workshop as workshop_module
from genplay.engine.facade import ThreadedEngine

FAMILIES = ("vae", "toy_gan", "toy_diffusion", "toy_flow")


def create(run_id="r", family="vae", **facts):
    config = {"width": 8, "latent_size": 2} if family == "vae" else {}
    given = {"data": "ring", "config": config, "training": {"batch_size": 16}, "seed": 3} | facts
    return CreateRun(run_id, f"run {run_id}", family, **given)


def test_the_catalogue_comes_first(watch):
    watch.until(lambda w: w.catalogue)
    assert {"vae", "toy_gan"} <= {f.name for f in watch.catalogue.families}
    assert "faces16" in {d.name for d in watch.catalogue.data}
    assert "cpu" in watch.catalogue.devices


@pytest.mark.parametrize("family", FAMILIES)
def test_every_shape_of_family_trains_draws_and_forks(watch, family):
    watch.engine.submit(create(family=family))
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step >= 20)
    samples = watch.ask(Ask(1, "samples", "r", DrawSamples(n=10, seed=5)))
    assert samples.value.x.shape == (10, 2)
    watch.engine.submit(Control("r", "pause"))
    watch.settled("r")
    watch.engine.submit(ForkRun("r", "twin", "twin"))
    watch.until(lambda w: "twin" in w.runs)
    assert watch.runs["twin"].step == watch.runs["r"].step
    ours, theirs = (watch.ask(Ask(j, "s", run, DrawSamples(n=50, seed=9))) for j, run in ((2, "r"), (3, "twin")))
    np.testing.assert_array_equal(ours.value.x, theirs.value.x)
    assert not watch.failures


def test_a_trajectory_has_every_frame(watch):
    watch.engine.submit(create(family="toy_diffusion"))
    tape = watch.ask(Ask(1, "tape", "r", Trajectory(n=4, config={"steps": 5}, seed=1))).value
    assert len(tape.frames) == 6
    assert [f.t for f in tape.frames] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0])


def test_every_frame_arrives_however_seldom_the_window_looks(watch):
    watch.engine.submit(create(family="toy_diffusion"))
    watch.until(lambda w: "r" in w.runs)
    watch.engine.submit(Ask(1, "tape", "r", Trajectory(n=4, config={"steps": 50}, seed=1)))
    while watch.engine.busy():
        time.sleep(0.01)
    answers = watch.drain().answers
    assert [a.value.index for a in answers[:-1]] == list(range(51))
    assert all(a.kept and not a.last for a in answers[:-1])
    assert answers[-1].last
    assert not answers[-1].kept
    for frame, taped in zip(answers, answers[-1].value.frames):
        np.testing.assert_array_equal(frame.value.x, taped.x)


def test_cancel_during_sampling_ends_it_within_one_step(watch, monkeypatch):
    """One network call may be under way, and none is begun after it."""
    calls, slow = [], toys.ToyDiffusion.denoise

    def denoise(self, x_t, t, labels=None):
        calls.append(time.perf_counter())
        time.sleep(0.05)
        return slow(self, x_t, t, labels)

    monkeypatch.setattr(toys.ToyDiffusion, "denoise", denoise)
    watch.engine.submit(create(family="toy_diffusion"))
    watch.until(lambda w: w.films)
    calls.clear()
    watch.engine.submit(Ask(1, "tape", "r", Trajectory(n=4, config={"steps": 100})))
    watch.until(lambda w: sum(a.kept for a in w.answers) >= 3)
    watch.engine.submit(Cancel("tape"))
    begun = len(calls)
    time.sleep(0.4)
    assert len(calls) <= begun + 1
    before = len(watch.answers)
    assert not watch.drain().answers
    assert len(watch.answers) == before


def test_curves_arrive_losslessly_and_in_order(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step >= 300)
    watch.engine.submit(Control("r", "pause"))
    watch.settled("r")
    logged = [b.steps[np.isfinite(b.values[:, b.names.index("loss")])] for b in watch.curves if "loss" in b.names]
    np.testing.assert_array_equal(np.concatenate(logged), np.arange(1, watch.runs["r"].step + 1))
    names = {n for b in watch.curves for n in b.names}
    assert {"loss", "elbo", "kl", "gradient norm"} <= names


def test_held_out_terms_come_with_the_film(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: sum("held-out elbo" in b.names for b in w.curves) and len(w.films) > 2)
    watch.engine.submit(Control("r", "pause"))
    watch.settled("r")
    block = next(b for b in watch.curves if "held-out elbo" in b.names)
    values = block.values[:, block.names.index("held-out elbo")]
    kept = {f.step for f in watch.films if f.keep}
    assert set(block.steps[np.isfinite(values)].tolist()) <= kept


def test_the_film_tells_how_far_the_samples_have_moved(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: sum("sample drift" in b.names for b in w.curves) and len(w.films) > 3)
    watch.engine.submit(Control("r", "pause"))
    watch.settled("r")
    film = {f.step: f.x for f in watch.films if f.keep}
    points = {}
    for block in (b for b in watch.curves if "sample drift" in b.names):
        values = block.values[:, block.names.index("sample drift")]
        points |= {int(s): float(v) for s, v in zip(block.steps, values) if np.isfinite(v)}
    assert points
    assert set(points) <= set(film) - {0}
    for step, drift in points.items():
        before = film[max(s for s in film if s < step)]
        assert drift == pytest.approx(np.sqrt(np.square(film[step] - before).mean()), rel=1e-5)


def test_pause_step_and_restart(watch):
    watch.engine.submit(create())
    for expected in (1, 2):
        watch.engine.submit(Control("r", "step"))
        watch.until(lambda w, e=expected: "r" in w.runs and (w.runs["r"].step, w.runs["r"].status) == (e, "paused"))
    first = watch.ask(Ask(1, "s", "r", DrawSamples(n=8)))
    watch.engine.submit(Control("r", "restart"))
    watch.until(lambda w: w.runs["r"].step == 0)
    for _ in range(2):
        watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: (w.runs["r"].step, w.runs["r"].status) == (2, "paused"))
    again = watch.ask(Ask(2, "s", "r", DrawSamples(n=8)))
    np.testing.assert_array_equal(first.value.x, again.value.x)


def test_several_runs_share_the_lane_fairly(watch):
    for run_id in "abc":
        watch.engine.submit(create(run_id))
        watch.engine.submit(Control(run_id, "play"))
    watch.until(lambda w: len(w.runs) == 3 and all(r.step > 300 for r in w.runs.values()), 60)
    steps = [r.step for r in watch.runs.values()]
    assert max(steps) < 3 * min(steps)


def test_looking_never_changes_training(start, tmp_path):
    """Weights after the same number of steps are bit-identical with and without a storm of questions."""
    digests = []
    for storm in (False, True):
        watch = start(tmp_path / str(storm), autosave_seconds=0.05 if storm else 1000)
        watch.engine.submit(create(family="vae", data="digits8", config={"width": 8}))
        watch.until(lambda w: "r" in w.runs)
        job = 0
        for _ in range(12):
            watch.engine.submit(Control("r", "step"))
            for _ in range(6 if storm else 0):
                job += 1
                question = (DrawSamples(n=20, seed=job), MapLatent(n=50), Decode(np.zeros((3, 24), np.float32)))[
                    job % 3
                ]
                watch.engine.submit(Ask(job, f"slot {job % 3}", "r", question))
        watch.until(lambda w: (w.runs["r"].step, w.runs["r"].status) == (12, "paused"))
        path = tmp_path / f"{storm}.safetensors"
        watch.engine.submit(SaveRun("r", str(path)))
        watch.until(lambda w: w.messages)
        assert not watch.failures
        from safetensors.numpy import load

        digests.append({n: a.tobytes() for n, a in load(path.read_bytes()).items()})
    assert digests[0] == digests[1]


def test_a_newer_question_replaces_the_older(watch):
    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)
    for job in range(1, 200):
        watch.engine.submit(Ask(job, "drag", "r", Decode(np.full((1, 2), job / 100, np.float32))))
    watch.until(lambda w: any(a.job == 199 and a.last for a in w.answers))
    time.sleep(0.1)
    watch.drain()
    assert [a.job for a in watch.answers] == sorted({a.job for a in watch.answers}), "never an older one after a newer"
    assert watch.answers[-1].job == 199
    assert not watch.engine.busy()


def test_an_answer_in_one_piece_comes_once(watch):
    """The window would draw it twice otherwise."""
    told = []
    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)
    mailbox = watch.engine._mailbox
    put = mailbox.put_answer
    mailbox.put_answer = lambda answer: told.append(answer) or put(answer)
    watch.ask(Ask(1, "drag", "r", Decode(np.zeros((1, 2), np.float32))))
    watch.ask(Ask(2, "few", "r", DrawSamples(n=3)))
    assert [(a.job, a.last) for a in told] == [(1, True), (2, True)]


def test_cancel_answers_within_a_step(watch):
    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)
    watch.engine.submit(Ask(1, "big", "r", DrawSamples(n=100_000)))
    watch.until(lambda w: any(a.job == 1 for a in w.answers))
    watch.engine.submit(Cancel("big"))
    assert not watch.engine.busy()
    watch.drain()
    count = len(watch.answers)
    assert watch.ask(Ask(2, "small", "r", DrawSamples(n=1))).last
    assert len(watch.answers) == count + 1, "nothing more was heard of the cancelled job"


def test_a_bad_question_is_one_sentence_and_costs_nothing(watch):
    watch.engine.submit(create())
    watch.engine.submit(Ask(1, "s", "r", Decode(np.zeros((1, 7), np.float32))))
    watch.until(lambda w: w.failures)
    failure = watch.failures[0]
    assert (failure.slot, failure.job, failure.run_id) == ("s", 1, "r")
    assert failure.message.count("\n") == 0
    assert watch.ask(Ask(2, "s", "r", DrawSamples(n=3))).value.x.shape == (3, 2)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (create(family="nonsense"), "nonsense"),
        (create(data="nonsense"), "nonsense"),
        (create(config={"latent_size": 1}), "latent_size"),
        (create(training={"learning_rate": "fast"}), "learning_rate"),
        (OpenCheckpoint("r", "/nowhere/x.safetensors"), "x.safetensors"),
        (Control("gone", "play"), "gone"),
        (SetDevice("quantum"), "quantum"),
        (object(), "object"),
    ],
)
def test_bad_commands_fail_in_one_sentence(watch, request_, word):
    watch.engine.submit(request_)
    watch.until(lambda w: w.failures)
    assert word in watch.failures[0].message
    assert "\n" not in watch.failures[0].message
    assert not watch.runs


def test_live_knobs(watch):
    watch.engine.submit(create())
    watch.engine.submit(SetLive("r", {"beta": 4.0, "learning_rate": 0.01}))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].config["beta"] == 4.0)
    assert watch.runs["r"].training["learning_rate"] == 0.01
    watch.engine.submit(SetLive("r", {"latent_size": 5}))
    watch.until(lambda w: w.failures)
    assert "latent_size" in watch.failures[0].message


def test_rename_delete_and_restore(watch, tmp_path):
    watch.engine.submit(create())
    watch.engine.submit(RenameRun("r", "  a better name "))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].name == "a better name")
    watch.engine.submit(DeleteRun("r"))
    watch.until(lambda w: "r" in w.removed)
    assert not (tmp_path / "runs" / "r").exists()
    watch.runs.clear()
    watch.engine.submit(RestoreRun("r"))
    watch.until(lambda w: "r" in w.runs)
    assert (tmp_path / "runs" / "r").exists()
    assert watch.ask(Ask(1, "s", "r", DrawSamples(n=3))).value.x.shape == (3, 2)


def test_a_run_can_be_deleted_while_it_trains(watch):
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 5)
    watch.engine.submit(DeleteRun("r"))
    watch.until(lambda w: "r" in w.removed)
    watch.runs.clear()
    time.sleep(0.3)
    watch.drain()
    assert not watch.runs
    assert not watch.failures


def test_save_and_open_show_the_same(watch, tmp_path):
    path = str(tmp_path / "x.safetensors")
    watch.engine.submit(create())
    for _ in range(5):
        watch.engine.submit(Control("r", "step"))
    watch.until(lambda w: "r" in w.runs and (w.runs["r"].step, w.runs["r"].status) == (5, "paused"))
    watch.engine.submit(SaveRun("r", path))
    watch.engine.submit(OpenCheckpoint("o", path))
    watch.until(lambda w: "o" in w.runs)
    opened = watch.runs["o"]
    assert (opened.step, opened.path, opened.status) == (5, path, "ready")
    assert opened.digest == watch.runs["r"].digest != ""
    ours, theirs = (watch.ask(Ask(j, "s", run, DrawSamples(n=9, seed=2))) for j, run in ((1, "r"), (2, "o")))
    np.testing.assert_array_equal(ours.value.x, theirs.value.x)
    assert theirs.digest == opened.digest
    watch.engine.submit(Control("o", "step"))
    watch.until(lambda w: w.runs["o"].step == 6)
    assert watch.runs["o"].digest == "", "weights that were trained on are no longer those of the file"


def test_divergence_stops_before_the_step(watch):
    """A learning rate that overflows: the run fails in plain words and keeps finite weights that still draw."""
    watch.engine.submit(create(family="toy_flow", training={"learning_rate": 0.1, "warmup": 0, "batch_size": 4}))
    watch.until(lambda w: "r" in w.runs)
    workshop = watch.engine._workshop
    done = threading.Event()

    def poison():
        run = workshop.runs["r"]
        run.dataset  # noqa: B018 - loaded before it is spoilt
        run.trainer.data.train[:] = float("nan")
        done.set()

    original = workshop.runs["r"].trainer.data.train.clone()
    workshop.train.post(poison)
    assert done.wait(5)
    try:
        watch.engine.submit(Control("r", "play"))
        watch.settled("r", "failed")
        assert "finite" in watch.runs["r"].message
        assert "learning rate" in watch.runs["r"].message
        assert any(f.run_id == "r" for f in watch.failures)
        assert np.isfinite(watch.ask(Ask(1, "s", "r", DrawSamples(n=20))).value.x).all()
    finally:
        workshop.runs["r"].trainer.data.train.copy_(original)
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: w.runs["r"].step > 3)


def test_a_question_about_data_needs_no_run(watch):
    preview = watch.ask(Ask(1, "data", "", PreviewData("digits8", n=12))).value
    assert preview.x.shape == (12, 8, 8, 1)
    assert preview.train == 1500


def test_questions_put_before_the_engine_has_started_are_answered(tmp_path, toy_families):
    engine = ThreadedEngine(tmp_path, device="cpu")
    try:
        watch = Watcher(engine)
        engine.submit(create())
        engine.submit(Ask(1, "s", "r", DrawSamples(n=4)))
        assert engine.busy() is False, "nothing happens before the start"
        engine.start()
        watch.until(lambda w: any(a.job == 1 and a.last for a in w.answers))
    finally:
        assert engine.close(20)


def test_one_lane_does_everything(start):
    watch = start(lanes=1)
    watch.engine.submit(create())
    watch.engine.submit(Control("r", "play"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].step > 20)
    assert watch.ask(Ask(1, "s", "r", DrawSamples(n=7))).value.x.shape == (7, 2)
    before = watch.runs["r"].step
    watch.until(lambda w: w.runs["r"].step > before + 20)


def test_closing_ends_all_threads_while_everything_runs(tmp_path, toy_families):
    before = set(threading.enumerate())
    engine = ThreadedEngine(tmp_path, device="cpu")
    engine.start()
    for run_id in "ab":
        engine.submit(create(run_id))
        engine.submit(Control(run_id, "play"))
    engine.submit(Ask(1, "big", "a", DrawSamples(n=100_000)))
    time.sleep(1.5)
    assert engine.close(20)
    assert set(threading.enumerate()) <= before
    engine.submit(create("late"))
    assert engine.drain().failures == ()


def test_another_device_is_refused_or_taken(watch):
    watch.engine.submit(create())
    watch.engine.submit(SetDevice("cpu"))
    watch.until(lambda w: "r" in w.runs and w.runs["r"].device == "cpu")
    assert not watch.failures


def test_unexpected_failures_are_reported_and_logged(watch, monkeypatch, caplog):
    def broken(*args):
        raise ZeroDivisionError("hidden detail")

    watch.engine.submit(create())
    watch.until(lambda w: "r" in w.runs)
    monkeypatch.setattr(workshop_module, "put", broken)
    watch.engine.submit(Ask(1, "s", "r", DrawSamples(n=4)))
    watch.until(lambda w: w.failures)
    assert "ZeroDivisionError" in watch.failures[0].message
    assert "hidden detail" in caplog.text
