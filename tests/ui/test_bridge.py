"""The window's door to the engine: one listener that fails costs the others nothing."""

import sys
import threading
from dataclasses import dataclass, field

from genplay.contract.requests import DrawSamples, Trajectory
from genplay.contract.results import Answer, Failure, Update
from genplay.ui.bridge import Bridge


@dataclass
class Scripted:
    """An engine that says what a test wants it to."""

    next: Update = field(default_factory=Update)

    def submit(self, request):
        """Heard."""

    def ring_with(self, ring):
        self.ring = ring

    def drain(self):
        said, self.next = self.next, Update()
        return said


def test_a_listener_that_fails_holds_up_no_other(qtbot, monkeypatch):
    told, heard, messages = [], [], []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: told.append(kind))
    engine = Scripted()
    bridge = Bridge(engine)
    bridge.stop()
    bridge.message.connect(messages.append)

    def broken(_):
        raise ZeroDivisionError

    jobs = [bridge.ask(slot, "r", DrawSamples(), broken if slot == "a" else heard.append) for slot in "ab"]
    failing = bridge.ask("c", "r", DrawSamples(), heard.append, broken)
    answers = tuple(Answer(job, slot, "r", 0, None) for job, slot in zip(jobs, "ab"))
    engine.next = Update(answers=answers, failures=(Failure("no", "c", "r", failing),), messages=("done",))
    bridge.drain()
    assert [a.slot for a in heard] == ["b"]
    assert told == [ZeroDivisionError, ZeroDivisionError]
    assert messages == ["done"]
    assert bridge.waiting_for("") == {}


def test_every_answer_of_a_series_is_heard_in_order_until_the_slot_is_asked_anew(qtbot):
    engine, heard = Scripted(), []
    bridge = Bridge(engine)
    bridge.stop()

    def hear(answer):
        heard.append(answer.value)
        if answer.value == 5:
            bridge.ask("s", "r", Trajectory(), hear)

    def series(job, values):
        return tuple(Answer(job, "s", "r", 0, v, last=False, kept=True) for v in values)

    job = bridge.ask("s", "r", Trajectory(), hear)
    for values in (range(3), range(3, 8)):
        engine.next = Update(answers=series(job, values))
        bridge.drain()
    assert heard == [0, 1, 2, 3, 4, 5]
    engine.next = Update(answers=series(job + 1, "ab"))
    bridge.drain()
    assert heard[-2:] == ["a", "b"]
    bridge.close()


def test_an_answer_is_heard_at_once_from_another_thread_and_the_rest_waits_for_the_timer(qtbot):
    engine, heard, messages = Scripted(), [], []
    bridge = Bridge(engine)
    bridge._timer.setInterval(60_000)
    bridge.message.connect(messages.append)
    job = bridge.ask("s", "r", DrawSamples(), heard.append)
    engine.next = Update(answers=(Answer(job, "s", "r", 0, None),), messages=("later",))
    ringer = threading.Thread(target=engine.ring)
    ringer.start()
    ringer.join()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=1000)
    assert messages == []
    bridge.drain()
    assert messages == ["later"]
    assert len(heard) == 1
    bridge.close()
    assert engine.ring is None


def test_a_stopped_or_closed_bridge_ignores_the_bell(qtbot):
    engine, heard = Scripted(), []
    bridge = Bridge(engine)
    ring = engine.ring
    bridge.stop()
    job = bridge.ask("s", "r", DrawSamples(), heard.append)
    engine.next = Update(answers=(Answer(job, "s", "r", 0, None),))
    ring()
    qtbot.wait(50)
    assert heard == []
    bridge.close()
    for _ in range(100_000):
        ring()
