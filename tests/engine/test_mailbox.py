"""The mailbox: curves losslessly, answers only the latest, outdated jobs not at all."""

import threading

import numpy as np

from genplay.contract.results import Answer, CurveBlock, Failure
from genplay.engine.mailbox import Mailbox


def answer(job, value, slot="s", last=True, kept=False):
    return Answer(job, slot, "r", 0, value, last=last, kept=kept)


def test_only_the_latest_answer_of_a_slot_is_kept():
    box = Mailbox()
    box.open_job("s", 1)
    for value in range(5):
        box.put_answer(answer(1, value, last=False))
    assert [a.value for a in box.collect().answers] == [4]
    assert box.collect().answers == ()


def test_an_outdated_job_is_silent():
    box = Mailbox()
    box.open_job("s", 1)
    box.open_job("s", 2)
    box.put_answer(answer(1, "old"))
    box.put_failure(Failure("old", "s", "r", 1))
    box.put_answer(answer(2, "new"))
    update = box.collect()
    assert [a.value for a in update.answers] == ["new"]
    assert update.failures == ()
    assert not box.has_open_jobs()


def test_a_series_is_delivered_whole_and_in_order_then_the_latest_of_the_rest():
    box = Mailbox()
    box.open_job("s", 1)
    box.open_job("other", 2)
    for value in range(3):
        box.put_answer(answer(1, value, last=False, kept=True))
        box.put_answer(answer(2, value, "other", last=False))
    box.put_answer(answer(1, "half", last=False))
    box.put_answer(answer(1, "whole"))
    answers = box.collect().answers
    assert [a.value for a in answers if a.slot == "s"] == [0, 1, 2, "whole"]
    assert [a.value for a in answers if a.slot == "other"] == [2]
    assert box.collect().answers == ()


def test_a_series_ends_when_its_slot_is_asked_anew_or_closed():
    box = Mailbox()
    for finish in (lambda: box.open_job("s", 2), lambda: box.close_slot("s")):
        box.open_job("s", 1)
        for value in range(3):
            box.put_answer(answer(1, value, last=False, kept=True))
        finish()
        box.put_answer(answer(1, 3, last=False, kept=True))
        assert box.collect().answers == ()


def test_a_cancelled_slot_delivers_nothing():
    box = Mailbox()
    box.open_job("s", 1)
    box.put_answer(answer(1, "half", last=False))
    box.close_slot("s")
    box.put_answer(answer(1, "late"))
    assert box.collect().answers == ()
    assert not box.has_open_jobs()


def test_no_curve_block_is_lost_between_threads():
    box, total = Mailbox(), 3000

    def put(offset):
        for i in range(total):
            box.put_curves(CurveBlock("r", ("loss",), np.array([offset + i]), np.zeros((1, 1), np.float32)))

    threads = [threading.Thread(target=put, args=(k * total,)) for k in range(3)]
    for thread in threads:
        thread.start()
    seen = []
    while any(t.is_alive() for t in threads):
        seen += [int(b.steps[0]) for b in box.collect().curves]
    seen += [int(b.steps[0]) for b in box.collect().curves]
    assert sorted(seen) == list(range(3 * total))
    for k in range(3):
        own = [s for s in seen if k * total <= s < (k + 1) * total]
        assert own == sorted(own), "each writer's blocks keep their order"
