"""A client of an engine that keeps what it hears."""

import time


class Watcher:
    """Drains an engine and keeps everything it said."""

    def __init__(self, engine):
        self.engine = engine
        self.runs, self.answers, self.curves, self.films = {}, [], [], []
        self.failures, self.messages, self.removed, self.catalogue = [], [], [], None

    def drain(self):
        update = self.engine.drain()
        self.runs |= {run.run_id: run for run in update.runs}
        for name in ("answers", "curves", "films", "failures", "messages", "removed"):
            getattr(self, name).extend(getattr(update, name))
        self.catalogue = update.catalogue or self.catalogue
        return update

    def until(self, condition, seconds=30.0):
        """Drain until ``condition(self)`` holds; fails after ``seconds``."""
        end = time.monotonic() + seconds
        while True:
            self.drain()
            if condition(self):
                return self
            assert time.monotonic() < end, f"waited in vain; failures: {self.failures}"
            time.sleep(0.002)

    def settled(self, run_id, status="paused"):
        return self.until(lambda w: run_id in w.runs and w.runs[run_id].status == status)

    def ask(self, request):
        """The last answer to a question."""
        self.engine.submit(request)
        self.until(lambda w: any(a.job == request.job and a.last for a in w.answers))
        return next(a for a in self.answers if a.job == request.job and a.last)
