"""Lanes: turns, cancelling within one step, order, and survival of whatever fails."""

import threading
import time

import pytest

from genplay.engine.lane import Job, Lane


@pytest.fixture
def lane():
    errors = []
    lane = Lane("test", errors.append, slice_seconds=0.005)
    lane.errors = errors
    yield lane
    lane.close()
    assert lane.join(5)


def call(lane, function):
    """Run ``function`` on the lane and wait for its result."""
    done, result = threading.Event(), []

    def go():
        result.append(function())
        done.set()

    lane.post(go)
    assert done.wait(5)
    return result[0]


def counting(log, name, n, pause=0.001):
    for i in range(n):
        time.sleep(pause)
        log.append((name, i, threading.current_thread().name))
        yield


def wait_for(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_jobs_take_turns_on_one_thread(lane):
    log, ended = [], []
    for name in "ab":
        job = Job(name, counting(log, name, 40), ended.append)
        lane.post(lambda job=job: lane.start(job))
    wait_for(lambda: len(ended) == 2)
    assert ended == [None, None]
    order = [name for name, _, _ in log]
    assert "b" in order[:20], "the second job had its turn long before the first was done"
    assert {thread for *_, thread in log} == {"genplay-test"}
    for name in "ab":
        assert [i for n, i, _ in log if n == name] == list(range(40))


def test_a_posted_call_runs_within_one_step(lane):
    log = []
    lane.post(lambda: lane.start(Job("slow", counting(log, "slow", 1000, 0.02), lambda error: None)))
    wait_for(lambda: log)
    before = time.monotonic()
    call(lane, lambda: None)
    assert time.monotonic() - before < 2  # of the twenty seconds that the job takes


def test_stopping_closes_the_generator_on_its_thread(lane):
    closed = []

    def steps():
        try:
            while True:
                time.sleep(0.001)
                yield
        finally:
            closed.append(threading.current_thread().name)

    lane.post(lambda: lane.start(Job("endless", steps(), lambda error: closed.append(error))))
    wait_for(lambda: call(lane, lambda: lane.is_running("endless")))
    call(lane, lambda: lane.stop("endless"))
    assert closed == ["genplay-test", None]
    assert not call(lane, lambda: lane.is_running("endless"))


def test_a_newer_job_of_the_same_key_replaces_the_older(lane):
    log, ended = [], []
    for name in ("old", "new"):
        job = Job("key", counting(log, name, 30), lambda error, name=name: ended.append(name))
        lane.post(lambda job=job: lane.start(job))
    wait_for(lambda: "new" in ended)
    assert ended == ["old", "new"]
    assert sum(name == "new" for name, *_ in log) == 30


def test_failures_end_the_job_not_the_lane(lane):
    ended = []

    def bad():
        yield
        raise ValueError("no")

    lane.post(lambda: lane.start(Job("bad", bad(), ended.append)))
    wait_for(lambda: ended)
    assert isinstance(ended[0], ValueError)
    lane.post(lambda: 1 / 0)
    wait_for(lambda: lane.errors)
    assert isinstance(lane.errors[0], ZeroDivisionError)
    assert call(lane, lambda: 7) == 7


def test_calls_run_in_the_order_of_posting(lane):
    seen = []
    for i in range(200):
        lane.post(lambda i=i: seen.append(i))
    call(lane, lambda: None)
    assert seen == list(range(200))


def test_closing_runs_the_last_call_and_refuses_the_rest():
    lane, log = Lane("closing", lambda error: None), []
    lane.post(lambda: lane.start(Job("endless", counting(log, "x", 10**6), lambda error: log.append("ended"))))
    lane.close(lambda: log.append("last"))
    lane.post(lambda: log.append("too late"))
    assert lane.join(5)
    assert log[-2:] == ["ended", "last"]


def test_a_new_job_comes_before_all_who_wait(lane):
    """A drag asks anew all the time: its short jobs must not queue behind long ones."""
    log, done = [], []
    for name in "abc":
        lane.post(lambda name=name: lane.start(Job(name, counting(log, name, 10**6, 0.004), lambda error: None)))
    wait_for(lambda: len({name for name, *_ in log}) == 3)
    for i in range(20):
        job = Job("drag", counting(log, f"drag {i}", 1, 0), lambda error, i=i: done.append(i))
        before = len(log)
        lane.post(lambda job=job: lane.start(job))
        wait_for(lambda i=i: i in done)
        assert [name for name, *_ in log[before:]].index(f"drag {i}") <= 2, "at most the step under way comes first"


def test_a_background_job_steps_aside_but_is_not_forgotten(lane):
    log, ended = [], []
    job = Job("film", counting(log, "film", 40, 0.001), lambda error: ended.append("film"), background=True)
    lane.post(lambda: lane.start(job))
    wait_for(lambda: log)
    begun = time.monotonic()
    for i in range(40):  # a drag for 0.4 s
        lane.post(lambda i=i: lane.start(Job("drag", counting(log, "drag", 1, 0), lambda error: None)))
        time.sleep(0.01)
    during = [name for name, *_ in log]
    assert time.monotonic() - begun > 0.3
    assert during.count("drag") == 40
    assert during.index("drag") <= during.count("film") <= during.index("drag") + 4, "a step in a quarter of a second"
    wait_for(lambda: ended)
    assert [name for name, *_ in log].count("film") == 40
