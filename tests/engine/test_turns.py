"""Short answers and short steps one after the other, long ones side by side; nobody is kept waiting."""

import threading
import time

import pytest

from genplay.engine import turns
from genplay.engine.turns import BRIEF, Turns


@pytest.fixture
def both():
    both = Turns()
    for _ in range(60):  # until steps are known to be short
        with both.stepping():
            pass
    return both


def beside(work):
    """Run ``work`` in a thread of its own."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def seconds(context):
    """How long it takes to get in."""
    start = time.perf_counter()
    with context:
        return time.perf_counter() - start


def answering(both, job, length):
    """An answer that takes so long, under way when this returns."""
    begun = threading.Event()

    def work():
        with both.answering(job):
            begun.set()
            time.sleep(length)

    thread = beside(work)
    assert begun.wait(5)
    return thread


def test_a_short_step_waits_for_a_short_answer(both, monkeypatch):
    monkeypatch.setattr(turns, "BRIEF", 2.0)
    answer = answering(both, "job", 0.1)
    with both.stepping():
        assert not answer.is_alive() or both._nobody_answers.is_set()
    answer.join()


def test_an_answer_waits_for_the_short_step_under_way(both, monkeypatch):
    monkeypatch.setattr(turns, "BRIEF", 2.0)
    inside, stepped = threading.Event(), []

    def step():
        with both.stepping():
            inside.set()
            time.sleep(0.05)
            stepped.append(True)

    thread = beside(step)
    assert inside.wait(5)
    with both.answering("job"):
        assert stepped
    thread.join()


def test_a_long_answer_holds_training_up_only_once(both):
    answer = answering(both, "long", 0.5)
    assert seconds(both.stepping()) >= 0.9 * BRIEF
    assert min(seconds(both.stepping()) for _ in range(5)) < BRIEF / 2
    answer.join()


def test_nobody_waits_where_steps_are_long():
    both = Turns()
    answer = answering(both, "job", 0.3)
    assert min(seconds(both.stepping()) for _ in range(3)) < BRIEF / 2
    answer.join()


def test_after_a_failure_the_others_go_on(both):
    with pytest.raises(ValueError, match="broken"), both.answering("job"):
        raise ValueError("broken")
    with pytest.raises(ValueError, match="broken"), both.stepping():
        raise ValueError("broken")
    assert min(seconds(both.stepping()) for _ in range(3)) < BRIEF / 2
    assert min(seconds(both.answering(i)) for i in range(3)) < BRIEF / 2
