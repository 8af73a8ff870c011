"""The GAN lab on the fake engine, for the tests of its parts."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.ui.bridge import Bridge
from genplay.ui.panels.gan_lab import GanLabPanel


class Rig:
    """The panel and its inspector in one window; answers come when the test drains the engine."""

    def __init__(self, bot: QtBot, steps: int = 0, size: tuple[int, int] = (850, 620)) -> None:
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.window = QWidget()
        bot.addWidget(self.window)
        self.panel = GanLabPanel(self.bridge, self.undo)
        self.inspector = self.panel.inspector()
        for widget in (self.panel, self.inspector, *self.panel.actions()):
            widget.setParent(self.window)
        self.window.resize(size[0] + 310, size[1])
        self.panel.setGeometry(0, 0, *size)
        self.inspector.setGeometry(size[0] + 10, 0, 300, size[1])
        self.bridge.run_changed.connect(self._news)
        self.bridge.run_removed.connect(lambda run_id: None)
        self.window.show()
        bot.waitExposed(self.window)
        self.engine.submit(rq.CreateRun("g", "Ring", "gan", "ring"))
        self.drain(2)
        self.selected = "g"
        self.select("g")
        if steps:
            self.train(steps)
        self.engine.submitted.clear()

    def _news(self, run: Any) -> None:
        """What the window does with news of the selected run."""
        if run.run_id == getattr(self, "selected", ""):
            self.panel.set_run(run)

    def select(self, run_id: str) -> None:
        self.selected = run_id
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.drain()

    def drain(self, times: int = 4) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def train(self, steps: int) -> None:
        """Have the run trained so far, and look at it."""
        for _ in range(steps // 10):
            self.engine._advance(self.engine.runs[self.selected], 10)
        self.panel.session.seats[0].look_again()
        self.panel.session.seats[0]._modes.forget()
        self.drain()

    def sent(self, kind: type) -> list[Any]:
        """The commands of a kind that were sent since the last look."""
        found = [r for r in self.engine.submitted if isinstance(r, kind)]
        return found

    def asked(self, kind: type = rq.LookAtGame) -> list[Any]:
        asks = [r for r in self.engine.submitted if isinstance(r, rq.Ask)]
        return [a.question for a in asks if isinstance(a.question, kind)]

    @property
    def session(self) -> Any:
        return self.panel.session

    @property
    def canvas(self) -> Any:
        return self.panel.points.canvas

    @property
    def run(self) -> Any:
        return self.bridge.runs[self.selected]

    def close(self) -> None:
        self.panel.deactivate()
        self.bridge.stop()
