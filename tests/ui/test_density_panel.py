"""The Density panel on the fake engine: what it asks, what it shows, and what it says where there is no density."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.density import fields, words
from genplay.ui.density.state import DensityState
from genplay.ui.panels.density import EMPTY, DensityPanel

LEFT = Qt.MouseButton.LeftButton


class Rig:
    """The panel and its inspector in one window; answers come when the test drains the engine."""

    def __init__(self, bot: QtBot) -> None:
        self.engine = FakeEngine()
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.window = QWidget()
        bot.addWidget(self.window)
        self.panel = DensityPanel(self.bridge, self.undo)
        self.inspector = self.panel.inspector()
        for widget in (self.panel, self.inspector, *self.panel.actions()):
            widget.setParent(self.window)
        self.window.resize(1160, 560)
        self.panel.setGeometry(0, 0, 850, 560)
        self.inspector.setGeometry(860, 0, 300, 560)
        self.selected = ""
        self.bridge.run_changed.connect(lambda run: self.panel.set_run(run) if run.run_id == self.selected else None)
        self.window.show()
        bot.waitExposed(self.window)
        for run_id, family, data in (
            ("v", "vae", "ring"),
            ("g", "gan", "ring"),
            ("d", "diffusion", "ring"),
            ("gf", "gan", "faces16"),
        ):
            self.engine.submit(rq.CreateRun(run_id, f"Ring · {family}", family, data))
        self.drain(2)

    def drain(self, times: int = 8) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def select(self, run_id: str) -> None:
        self.selected = run_id
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        self.drain()

    def asked(self, kind: type = rq.LookAtDensity) -> list[Any]:
        return [a.question for a in self.engine.submitted if isinstance(a, rq.Ask) and isinstance(a.question, kind)]

    def text(self, name: str) -> str:
        return self.inspector.figures.text(name)[0]

    @property
    def session(self) -> Any:
        return self.panel.session


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def ring(rig: Rig) -> Rig:
    rig.select("v")
    return rig


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == EMPTY
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}


def test_it_shows_what_is_known(ring: Rig) -> None:
    assert ring.panel.points.isVisible()
    found = ring.session.density
    assert len(found.field) == 96
    assert ring.text("density") == "a lower bound"
    assert ring.text("integral") == f"{found.integral:.3f}"
    assert ring.text("NLL") == words.amount(found.nll, found.nll_error)
    assert ring.text("KL to the model") == words.amount(found.kl, found.kl_error)
    assert "lower bound" in ring.inspector.meaning.text()
    assert "bound" in ring.panel.points.meanings[0].text()


def test_a_gan_is_told_why_there_is_none_and_shown_the_truth(rig: Rig) -> None:
    rig.select("g")
    assert rig.session.density.kind == "none"
    assert rig.panel.points.model.placeholder == words.OF_GAN
    assert rig.panel.points.model.drawn.image is None
    assert rig.panel.points.beside.drawn.image is not None
    assert rig.text("density") == "none"
    assert rig.text("KL to the model") == words.NONE
    assert rig.panel.exhibit() is not None


def test_what_trains_is_followed_with_less(ring: Rig) -> None:
    ring.engine.submitted.clear()
    ring.bridge.send(rq.Control("v", rq.Control.PLAY))
    for _ in range(40):
        ring.session._watch._at = ring.session._watch._took = 0.0  # as if time had passed
        ring.session._watch.refresh()
        ring.drain(2)
    asked = ring.asked()
    assert len(asked) > 2
    assert {q.side for q in asked} == {48}
    steps = [step for step, _, _ in ring.session.history]
    assert steps == sorted(set(steps))
    assert len(ring.inspector.chart.values) == len(steps)
    assert ring.session.density.kl < 1.0
    ring.bridge.send(rq.Control("v", rq.Control.PAUSE))
    ring.drain()
    assert ring.asked()[-1].side == 96
    assert len(ring.session.density.field) == 96


def test_while_it_trains_the_picture_is_never_coarser_than_it_was(ring: Rig) -> None:
    sizes: list[int] = []
    ring.session.density_changed.connect(lambda: sizes.append(len(ring.session.density.field)))
    ring.session.look_again()
    ring.drain()
    assert sizes == [96]


def test_a_slow_model_is_asked_for_less(rig: Rig) -> None:
    rig.select("d")
    assert rig.asked()[-1].side == 48
    assert "Exact but for the solver" in rig.inspector.meaning.text()


def test_layers_are_hidden_from_the_sentence_and_come_back_by_undo(ring: Rig) -> None:
    points = ring.panel.points
    assert len(points.model.drawn.levels)
    assert not len(points.model.drawn.points)
    QTest.mouseClick(points.legend.buttons["levels"], LEFT)
    QTest.mouseClick(points.legend.buttons["points"], LEFT)
    assert not len(points.model.drawn.levels)
    assert len(points.model.drawn.points) == 512
    assert ring.undo.undoText() == "show the held-out points"
    ring.undo.undo()
    ring.undo.undo()
    assert ring.session.state == DensityState()
    assert len(points.model.drawn.levels)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (Qt.Key.Key_T, {"beside": "difference"}),
        (Qt.Key.Key_L, {"scale": "linear"}),
        (Qt.Key.Key_V, {"hidden": ("levels", "points")}),
        (Qt.Key.Key_A, {"hidden": ("arrows", "points")}),
        (Qt.Key.Key_H, {"hidden": ()}),
    ],
)
def test_keys(ring: Rig, key: Qt.Key, changed: dict[str, Any]) -> None:
    ring.window.activateWindow()
    ring.panel.points.model.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    ring.panel.points.model.setFocus()
    QTest.keyClick(ring.panel.points.model, key)
    assert ring.session.state == DensityState(**changed)


def test_the_difference_is_of_both(ring: Rig) -> None:
    found = ring.session.density
    wrong = fields.differences(found, linear=False)
    assert wrong[0, 0] == 0.0, "nothing is said where neither is dense"
    truth = found.truth > found.truth.max() - 0.5
    assert (wrong[truth] < 0).all(), "a model that is too wide gives the spots too little"
    ring.panel.points.chips.buttons["difference"].click()
    assert "Difference" in ring.panel.points.titles[1].text()
    assert len(ring.panel.points.beside.drawn.others)


def test_level_lines_hold_the_mass_they_say(ring: Rig) -> None:
    field = ring.session.density.field.astype(np.float64)
    mass = np.exp(field) / np.exp(field).sum()
    for level, share in zip(fields.levels(field), fields.SHARES):
        assert mass[field >= level].sum() == pytest.approx(share, abs=0.02)


def test_the_pointer_reads_out_both(ring: Rig) -> None:
    points = ring.panel.points
    place = points.model.plane().place(np.array([0.7, 0.0]))
    QTest.mouseMove(points.model, QPoint(round(place[0]), round(place[1])))
    ring.session.pointed.emit((0.7, 0.0))
    found = ring.session.density
    told = [f"{fields.value_at(f, 1.5, 0.7, 0.0):.2f} nats".replace("-", "−") for f in (found.field, found.truth)]
    assert [points.model.told, points.beside.told] == told
    renders = points.model.renders
    points.model.grab()
    assert points.model.renders == renders + (points.model._picture is None)
    ring.session.pointed.emit(None)
    assert points.model.at is None


def test_values_lie_where_they_are_drawn() -> None:
    field = np.arange(16.0).reshape(4, 4)
    assert fields.value_at(field, 1.0, -0.9, 0.9) == 0.0
    assert fields.value_at(field, 1.0, 0.9, -0.9) == 15.0
    assert math.isnan(fields.value_at(field, 1.0, 1.1, 0.0))


def test_a_recipe_restores_the_view_and_damage_does_no_harm(ring: Rig) -> None:
    wanted = DensityState(("arrows",), "linear", "difference", 7)
    ring.panel.restore(wanted.to_plain(), rq.LookAtDensity(seed=9))
    assert ring.session.state == DensityState(("arrows",), "linear", "difference", 9)
    assert ring.asked()[-1].seed == 9
    for damaged in ({"hidden": 3, "scale": [], "beside": "x", "seed": -1}, {"seed": True}, [], None):
        assert DensityState.from_plain(damaged, wanted) == wanted
    assert DensityState.from_plain(ring.panel.state(), DensityState()) == ring.session.state


def test_the_exhibit_is_what_is_seen_with_its_numbers(ring: Rig) -> None:
    exhibit = ring.panel.exhibit()
    found = ring.session.density
    assert exhibit is not None
    assert exhibit.by_window
    assert exhibit.x.shape[0] == 1
    assert exhibit.x.shape[2] > 1.9 * exhibit.x.shape[1]
    assert set(exhibit.arrays) == {"points", "field", "truth", "at", "score"}
    np.testing.assert_array_equal(exhibit.arrays["field"], found.field)
    assert exhibit.question == ring.asked()[-1]


def test_another_run_shows_nothing_of_the_last_one(ring: Rig) -> None:
    ring.panel.set_run(ring.bridge.runs["d"])
    assert ring.session.density is None
    assert ring.session.history == []
    assert ring.panel.points.model.drawn is None
    assert ring.panel.exhibit() is None


def test_leaving_the_tab_gives_up_what_is_under_way(ring: Rig) -> None:
    ring.session.look_again()
    ring.panel.deactivate()
    assert ring.engine.submitted[-1] == rq.Cancel("density.field")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_it_is_drawn_in_both_themes(ring: Rig, mode: str) -> None:
    theme.set_mode(mode)
    try:
        picture = ring.panel.points.model.picture()
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
    finally:
        theme.set_mode("dark")
