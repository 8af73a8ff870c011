"""Patient questions: a slow model shows pictures while the hand moves; newest wins, none queues, none starves."""

from dataclasses import dataclass, field

import pytest

from genplay.contract.requests import Ask, Cancel, DrawSamples
from genplay.contract.results import Answer, Failure, Update
from genplay.ui.bridge import Bridge


@dataclass
class Scripted:
    """An engine that says what a test wants it to, and remembers what it was asked."""

    next: Update = field(default_factory=Update)
    submitted: list[object] = field(default_factory=list)

    def submit(self, request):
        self.submitted.append(request)

    def ring_with(self, ring):
        """Nobody rings."""

    def drain(self):
        said, self.next = self.next, Update()
        return said

    def seeds(self):
        return [request.question.seed for request in self.submitted if isinstance(request, Ask)]


class Rig:
    def __init__(self):
        self.engine, self.heard, self.failures = Scripted(), [], []
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()

    def ask(self, seed, run_id="r", patient=True):
        self.bridge.ask(
            "s", run_id, DrawSamples(seed=seed), lambda a: self.heard.append(a.value), self.failures.append,
            patient=patient,
        )  # fmt: skip

    def asked(self):
        return [request for request in self.engine.submitted if isinstance(request, Ask)][-1]

    def answer(self, last=True):
        ask = self.asked()
        self.engine.next = Update(answers=(Answer(ask.job, "s", ask.run_id, 0, ask.question.seed, last=last),))
        self.bridge.drain()

    def fail(self):
        ask = self.asked()
        self.engine.next = Update(failures=(Failure("no", "s", ask.run_id, ask.job),))
        self.bridge.drain()


@pytest.fixture
def rig(qtbot):
    rig = Rig()
    yield rig
    rig.bridge.close()


def test_the_newest_question_waits_for_the_first_answer_and_those_between_are_never_put(rig):
    for seed in (1, 2, 3):
        rig.ask(seed)
    assert rig.engine.seeds() == [1]
    rig.answer()
    assert rig.heard == [1]
    assert rig.engine.seeds() == [1, 3]
    assert rig.bridge.is_waiting("s")
    rig.answer()
    assert rig.heard == [1, 3]
    assert not rig.bridge.is_waiting("s")


def test_a_coarse_answer_is_enough_to_make_way(rig):
    rig.ask(1)
    rig.ask(2)
    rig.answer(last=False)
    assert (rig.heard, rig.engine.seeds()) == ([1], [1, 2])


def test_once_something_was_seen_the_next_question_does_not_wait(rig):
    rig.ask(1)
    rig.answer(last=False)
    rig.ask(2)
    assert rig.engine.seeds() == [1, 2]


def test_a_hand_that_never_rests_still_sees_pictures(rig):
    for seed in range(40):
        rig.ask(seed)
        if seed % 4 == 3:
            rig.answer(last=False)
    assert rig.heard == [0, 3, 7, 11, 15, 19, 23, 27, 31, 35]
    assert rig.engine.seeds() == [*rig.heard, 39]


def test_an_impatient_question_goes_at_once_and_drops_the_parked_one(rig):
    rig.ask(1)
    rig.ask(2)
    rig.ask(3, patient=False)
    assert rig.engine.seeds() == [1, 3]
    rig.answer()
    assert (rig.heard, rig.engine.seeds()) == ([3], [1, 3])


def test_another_run_does_not_wait_for_the_last_one(rig):
    rig.ask(1, "a")
    rig.ask(2, "b")
    assert rig.engine.seeds() == [1, 2]


def test_cancelling_drops_both(rig):
    rig.ask(1)
    rig.ask(2)
    first = rig.asked()
    rig.bridge.cancel("s")
    assert rig.engine.submitted[-1] == Cancel("s")
    assert not rig.bridge.is_waiting("s")
    rig.engine.next = Update(answers=(Answer(first.job, "s", "r", 0, 1),))
    rig.bridge.drain()
    assert (rig.heard, rig.engine.seeds()) == ([], [1])


def test_a_failure_makes_way_and_is_told_only_of_the_newest(rig):
    rig.ask(1)
    rig.ask(2)
    rig.fail()
    assert (rig.failures, rig.engine.seeds()) == ([], [1, 2])
    rig.fail()
    assert [failure.message for failure in rig.failures] == ["no"]
    assert not rig.bridge.is_waiting("s")
