"""The Unfold panel on the fake engine, for the tests of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.sampling import SAMPLERS, GaussianSampling
from genplay.ui.bridge import Bridge
from genplay.ui.panels.unfold import UnfoldPanel

USUAL = SAMPLERS[GaussianSampling().sampler].partition(" (")[0]  # the sampler that a run begins with


class Rig:
    """The panel and its inspector on a fake engine, an answer a drain."""

    def __init__(self, bot: QtBot) -> None:
        self.engine = FakeEngine()
        for name, family, data in (("faces_d", "diffusion", "faces16"), ("ring_d", "diffusion", "ring")):
            self.engine.submit(rq.CreateRun(name, name, family, data))
        self.engine.submit(rq.CreateRun("latent_d", "latent", "latent_diffusion", "faces16"))
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel = UnfoldPanel(self.bridge, self.undo)
        self.inspector = self.panel.inspector()
        for widget, size in ((self.panel, (880, 560)), (self.inspector, (300, 800))):
            bot.addWidget(widget)
            widget.resize(*size)
            widget.show()
        self.actions = list(self.panel.actions())
        for button in self.actions:
            bot.addWidget(button)
        bot.waitExposed(self.panel)
        self.drain(2)

    def drain(self, times: int = 30) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()

    @property
    def session(self) -> Any:
        return self.panel.session

    def asked(self) -> list[rq.Trajectory]:
        asks = [a for a in self.engine.submitted if isinstance(a, rq.Ask)]
        return [a.question for a in asks if isinstance(a.question, rq.Trajectory)]

    def shown(self, name: str) -> np.ndarray:
        images = self.panel.cards.grids[name].images
        assert images is not None
        return images
