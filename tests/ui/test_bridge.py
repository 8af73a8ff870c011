"""The window's door to the engine: one listener that fails costs the others nothing."""

import sys
from dataclasses import dataclass, field

from genplay.contract.requests import DrawSamples
from genplay.contract.results import Answer, Failure, Update
from genplay.ui.bridge import Bridge


@dataclass
class Scripted:
    """An engine that says what a test wants it to."""

    next: Update = field(default_factory=Update)

    def submit(self, request):
        """Heard."""

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
