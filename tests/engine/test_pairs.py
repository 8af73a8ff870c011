"""Two runs on one clock."""

import time

import pytest

from genplay.contract.requests import Control, CreateRun, DeleteRun, ForkRun, Pair
from genplay.engine.lane import PASS, Job, Lane
from genplay.engine.workshop import LEAD

SLOW = 0.004


@pytest.fixture
def pair(watch, monkeypatch):
    """Runs "a" and "b", paired; a step of b takes much longer."""
    from toys import ToyGAN

    for run_id in "ab":
        watch.engine.submit(CreateRun(run_id, run_id, "toy_gan", "ring", training={"batch_size": 16}, seed=5))
    watch.engine.submit(CreateRun("c", "c", "toy_gan", "ring", training={"batch_size": 16}, seed=5))
    watch.until(lambda w: {"a", "b", "c"} <= set(w.runs))
    slow, fast = watch.engine._workshop.runs["b"].trainer.model, ToyGAN.objectives

    def objectives(self, batch, generator):
        if self is slow:
            time.sleep(SLOW)
        yield from fast(self, batch, generator)

    monkeypatch.setattr(ToyGAN, "objectives", objectives)
    watch.engine.submit(Pair("a", "b"))
    watch.until(lambda w: w.runs["a"].paired == "b" and w.runs["b"].paired == "a")
    return watch


def runs(watch):
    return watch.engine._workshop.runs


def leads(watch, seconds):
    """How far a was ahead of b, looked at often."""
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        watch.drain()
        b, a = runs(watch)["b"].step, runs(watch)["a"].step
        found.append(a - b)
        time.sleep(0.001)
    return found


def play(watch, *names):
    for name in names:
        watch.engine.submit(Control(name, Control.PLAY))
    watch.until(lambda w: all(w.runs[n].status == "training" for n in names))


def test_neither_gets_far_ahead(pair):
    play(pair, "b", "a")
    pair.until(lambda w: w.runs["b"].step > 20)
    found = leads(pair, 0.7)
    assert max(found) <= LEAD + 1, "a step may have been made between the two looks"
    assert min(found) >= -LEAD
    assert len(set(found)) > 1


def test_one_trains_freely_while_the_other_does_not(pair):
    play(pair, "a")
    pair.until(lambda w: w.runs["a"].step > 10 * LEAD)
    assert runs(pair)["b"].step == 0
    play(pair, "b")
    before = runs(pair)["a"].step
    pair.until(lambda w: w.runs["b"].step > 3)
    assert runs(pair)["a"].step <= before + 1, "it waits until the other has caught up"
    pair.engine.submit(Control("b", Control.PAUSE))
    pair.until(lambda w: w.runs["a"].step > before + 10 * LEAD)


def test_deleting_one_frees_the_other(pair):
    play(pair, "a", "b")
    pair.engine.submit(DeleteRun("b"))
    pair.until(lambda w: w.runs["a"].paired == "")
    before = runs(pair)["a"].step
    pair.until(lambda w: w.runs["a"].step > before + 10 * LEAD)
    assert not pair.failures


def test_pairing_anew_frees_the_old_partners_and_nothing_frees_both(pair):
    pair.engine.submit(Pair("c", "a"))
    pair.until(lambda w: [w.runs[n].paired for n in "abc"] == ["c", "", "a"])
    pair.engine.submit(Pair("c"))
    pair.until(lambda w: [w.runs[n].paired for n in "abc"] == ["", "", ""])
    pair.engine.submit(Pair("c", "c"))
    pair.engine.submit(Pair("c", "gone"))
    pair.until(lambda w: len(w.failures) == 2)
    assert [f.message for f in pair.failures] == ["A run cannot be paired with itself.", "That run is gone."]


def test_a_fork_is_not_paired(pair):
    pair.engine.submit(ForkRun("a", "t", "t"))
    pair.until(lambda w: "t" in w.runs)
    assert pair.runs["t"].paired == ""


def test_others_on_the_lane_get_their_turns(pair):
    play(pair, "a", "b", "c")
    begun = {n: runs(pair)[n].step for n in "abc"}
    leads(pair, 1.0)
    done = {n: runs(pair)[n].step - begun[n] for n in "abc"}
    assert done["c"] >= done["b"] > 5
    assert abs(done["a"] - done["b"]) <= 3 * LEAD


def test_a_job_that_passes_takes_no_time():
    """The turn of one that has nothing to do is over at once, and what it leaves is the other's."""
    lane = Lane("test", pytest.fail)
    turns, done = [0], []

    def waits():
        while True:
            turns[0] += 1
            yield PASS

    def works():
        end = time.perf_counter() + 0.5
        n = 0
        while time.perf_counter() < end:
            n += 1
            time.sleep(0.001)
            yield
        done.append((n, turns[0]))

    lane.post(lambda: (lane.start(Job("w", waits(), lambda _: None)), lane.start(Job("x", works(), lambda _: None))))
    while not done:
        time.sleep(0.01)
    lane.close()
    lane.join(5)
    ((steps, passed),) = done
    assert passed <= 0.5 / 0.03 + 2, "once a turn of the other"
    assert steps > 250
