"""The mailbox: curves losslessly, answers only the latest, outdated jobs not at all."""

import threading

import numpy as np

from genplay.contract.results import Answer, CurveBlock, Failure
from genplay.engine.mailbox import Mailbox


def answer(job, value, slot="s", last=True):
    return Answer(job, slot, "r", 0, value, last=last)


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
