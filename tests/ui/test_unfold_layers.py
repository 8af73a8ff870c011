"""The layer scrubber: chips that are there for flows of points, one question for all layers, a picture a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from unfold_rig import Rig

from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.capability import Capability
from genplay.ui.unfold.layer_bar import LayerBar
from genplay.ui.views.pixels import to_pixels

LAYERS = 4


def found(layers: int = LAYERS) -> rs.Layers:
    """Layers that stretch the plane a little more each."""
    axis = np.linspace(-2.5, 2.5, 9, dtype=np.float32)
    fixed, moving = np.meshgrid(axis, axis, indexing="ij")
    grid = np.stack([np.stack([moving, fixed], -1), np.stack([fixed, moving], -1)])
    growth = 1 - 0.15 * np.arange(layers + 1, dtype=np.float32)
    lines = growth[:, None, None, None, None] * grid
    at = growth[:, None, None, None] * grid[0]
    log_det = np.broadcast_to(2 * np.log(growth)[:, None, None], (layers + 1, 9, 9)).copy()
    return rs.Layers(lines, at, log_det, 2e-6)


class Asked:
    """What the bar asked, in place of an engine."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.questions: list[rq.Question] = []
        self._ask = rig.session.ask
        monkeypatch.setattr(rig.session, "ask", self)

    def __call__(self, slot: str, question: rq.Question, answered: Any) -> None:
        if slot != "layers":
            self._ask(slot, question, answered)
            return
        self.questions.append(question)
        answered(rs.Answer(1, slot, "ring_d", 10, found(), 1.0, True, "d", False))


@pytest.fixture
def rig(qtbot: QtBot) -> Rig:
    return Rig(qtbot)


def open_flow(rig: Rig) -> LayerBar:
    """Have the run of points be one with layers."""
    run = rig.bridge.runs["ring_d"]
    rig.bridge.runs["ring_d"] = replace(run, capabilities=frozenset({Capability.SAMPLE, Capability.LAYERS}))
    rig.select("ring_d")
    rig.drain()
    bar: LayerBar = rig.panel.cards.layers
    return bar


def caption(rig: Rig) -> str:
    """What is said of the frame on show, as of one without a prediction."""
    return str(rig.panel.cards._plain_caption(rig.session.frame))


def test_other_models_have_no_layers(rig: Rig) -> None:
    rig.select("ring_d")
    rig.drain()
    assert rig.panel.cards.layers.isHidden()
    assert rig.panel.cards.layers.moment is None


def test_a_flow_is_asked_once_and_every_frame_shows_its_layer(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(rig, monkeypatch)
    bar = open_flow(rig)
    assert not bar.isHidden()
    assert len(asked.questions) == 1
    rig.panel.timeline.first()
    assert bar.layer == 0
    assert "before any layer" in caption(rig)
    rig.panel.timeline.step(1)
    assert bar.layer == 1
    assert bar.moment is not None
    assert bar.moment.stretch == pytest.approx(2 * np.log(0.85), rel=1e-4)
    assert "round trip 2.0e−6" in caption(rig)
    assert len(asked.questions) == 1


def test_chips_lay_grid_and_stretching_over_the_cloud(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(rig, monkeypatch)
    bar = open_flow(rig)
    rig.panel.timeline.first()
    rig.panel.timeline.step(2)
    cloud = rig.panel.cards.clouds["x_t"]
    cloud.resize(300, 300)
    pictures = []
    for chosen in ((), ("grid",), ("stretch",), ("grid", "stretch")):
        bar.choose(frozenset(chosen))
        assert {chip for chip, button in bar.buttons.items() if button.isChecked()} == set(chosen)
        pictures.append(to_pixels(cloud.grab().toImage()))
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert not np.array_equal(one, other)
