"""The Chain lab on the fake engine: what it asks, what it records and shows, and what the hand can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QImage, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import fake_chains
from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.results import Mixing, Walk
from genplay.export.answers import drawable, named_arrays
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.chains import asking, exhibits, words
from genplay.ui.chains.state import PICTURE, PLACED, ChainState
from genplay.ui.panels.chains import EMPTY, ChainsPanel

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
        self.panel: Any = ChainsPanel(self.bridge, self.undo)
        self.inspector: Any = self.panel.inspector()
        for widget in (self.panel, self.inspector, *self.panel.actions()):
            widget.setParent(self.window)
        self.window.resize(1160, 560)
        self.panel.setGeometry(0, 0, 850, 560)
        self.inspector.setGeometry(860, 0, 300, 560)
        self.selected = ""
        self.bridge.run_changed.connect(lambda run: self.panel.set_run(run) if run.run_id == self.selected else None)
        self.window.show()
        bot.waitExposed(self.window)
        for run_id, family, data in (("p", "energy", "ring"), ("f", "energy", "faces16"), ("v", "vae", "ring")):
            self.engine.submit(rq.CreateRun(run_id, f"{data} · {family}", family, data))
        self.drain(2)

    def drain(self, times: int = 12) -> None:
        for _ in range(times):
            self.bridge.drain()
            QApplication.processEvents()

    def select(self, run_id: str, play: bool = False) -> None:
        self.selected = run_id
        self.panel.set_run(self.bridge.runs[run_id])
        self.panel.activate()
        if not play:
            self.walker.pause()
        self.drain()

    def walk_anew(self) -> None:
        """What a change has put off is asked now."""
        self.walker._asked = 0.0
        self.walker.walk()
        self.drain()

    def asked(self, kind: type = rq.WalkChains) -> list[Any]:
        asks = [a.question for a in self.engine.submitted if isinstance(a, rq.Ask) and isinstance(a.question, kind)]
        return [q for q in asks if not isinstance(q, rq.WalkChains) or q.steps]

    def measure(self) -> None:
        self.panel.measures.measure()
        self.drain(3)

    @property
    def session(self) -> Any:
        return self.panel.session

    @property
    def walker(self) -> Any:
        return self.panel.walker

    @property
    def canvas(self) -> Any:
        return self.panel.points.canvas

    @property
    def state(self) -> ChainState:
        return self.panel.session.state


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def ring(rig: Rig) -> Rig:
    rig.select("p")
    return rig


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("f")
    return rig


# ---- which runs


def test_it_is_closed_to_models_without_chains(rig: Rig) -> None:
    assert "not sampled by a Markov chain" in rig.panel.closed_because(rig.bridge.runs["v"])
    assert rig.panel.closed_because(rig.bridge.runs["p"]) == ""
    assert rig.panel._empty.text == EMPTY
    assert rig.panel.exhibit() is None


def test_chains_walk_as_soon_as_there_are_any(rig: Rig) -> None:
    rig.select("p", play=True)
    (question,) = rig.asked()
    assert (question.n, question.begin, question.steps) == (32, "noise", asking.STEPS["points"])
    assert rig.walker.playing
    assert rig.walker.recording.x.shape == (301, 32, 2)
    assert not rig.walker.running


# ---- playing


def test_playing_moves_on_at_the_pace_and_walks_further_at_the_end(ring: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("genplay.ui.chains.walker.perf_counter", lambda: clock[0])
    ring.walker.play()
    clock[0] = 2.0
    ring.walker._tick()
    assert ring.walker.position == 60
    ring.walker.seek(300)
    ring.walker._tick()
    first, second = ring.asked()
    assert second.begin == "given"
    np.testing.assert_array_equal(second.start, ring.walker.recording.x[300])
    assert second.seed != first.seed
    assert ring.walker.expected == 600
    ring.drain()
    assert ring.walker.recording.length == 601
    np.testing.assert_array_equal(ring.walker.recording.x[300], second.start)
    assert [leg.first for leg in ring.walker.recording.legs] == [0, 300]


def test_what_begins_by_itself_is_played_once(rig: Rig) -> None:
    rig.select("p", play=True)
    rig.walker.seek(300)
    rig.walker._tick()
    assert not rig.walker.playing
    assert len(rig.asked()) == 1
    rig.walker.play()
    rig.walker._tick()
    assert len(rig.asked()) == 2


def test_a_walk_that_goes_on_keeps_the_step_that_was_adapted(ring: Rig) -> None:
    question = rq.WalkChains(2, 9, config={"step_size": 2.0, "adapt": True})
    on = asking.onward(question, np.zeros((2, 2), np.float32), 1.5, 1, ring.session.sampler_knobs())
    assert on.config == {"step_size": 3.0, "adapt": False, "climb": 0.0}
    far = asking.onward(question, np.zeros((2, 2), np.float32), 1e3, 1, ring.session.sampler_knobs())
    assert far.config["step_size"] == 20.0
    unknown = asking.onward(question, np.zeros((2, 2), np.float32), float("nan"), 1, ring.session.sampler_knobs())
    assert unknown.config["step_size"] == 2.0


def test_no_walk_is_longer_than_can_be_kept(ring: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genplay.ui.chains.walker.MOST_BYTES", 1000)
    ring.walker.play()
    ring.walker.seek(300)
    ring.walker._tick()
    assert not ring.walker.playing
    assert len(ring.asked()) == 1


def test_steps_rewind_and_the_line_of_steps(ring: Rig) -> None:
    bar = ring.panel.bar
    QTest.mouseClick(bar.step, LEFT)
    assert ring.walker.position == 1
    assert bar.count.text() == "step 1 of 300"
    middle = QPoint(round(bar.scrubber.x_of(150)), bar.scrubber.height() // 2)
    QTest.mouseClick(bar.scrubber, LEFT, pos=middle)
    assert abs(ring.walker.position - 150) <= 1
    QTest.keyClick(bar.scrubber, Qt.Key.Key_End)
    assert ring.walker.position == 300
    QTest.mouseClick(bar.rewind, LEFT)
    assert ring.walker.position == 0
    assert not bar.rewind.isEnabled()


def test_the_walk_is_given_up_when_the_tab_is_left(ring: Rig) -> None:
    ring.walker.play()
    ring.panel.deactivate()
    assert not ring.walker.playing
    assert not ring.bridge.waiting_for("chains.")


# ---- changes


def test_a_change_walks_anew_and_stays_at_the_step(ring: Rig) -> None:
    ring.walker.seek(120)
    before = ring.walker.recording
    wish = ring.state.wish
    ring.session.set("warm up", wish=type(wish)(wish.seed, wish.count, (), {"temperature": 2.0}))
    assert ring.walker.recording is before
    ring.walk_anew()
    assert ring.asked()[-1].config == {"temperature": 2.0}
    assert ring.walker.recording is not before
    assert ring.walker.position == 120
    ring.undo.undo()
    ring.walk_anew()
    np.testing.assert_array_equal(ring.walker.recording.x, before.x)


def test_a_drag_puts_off_further_walks(ring: Rig) -> None:
    wish = ring.state.wish
    for warmth in (1.1, 1.2, 1.3, 1.4):
        ring.session.apply(ChainState(type(wish)(0, 32, (), {"temperature": warmth})))
    assert len(ring.asked()) == 2
    ring.walk_anew()
    assert ring.asked()[-1].config["temperature"] == 1.4


def test_while_it_trains_points_walk_on_over_the_new_landscape(ring: Rig) -> None:
    ring.walker.play()
    ring.walker.seek(40)
    ring.walker._clock.stop()
    ring.session.aged.emit()
    ring.drain()
    np.testing.assert_array_equal(ring.asked()[-1].start, ring.walker.recording.x[40])
    assert ring.walker.recording.length == 341


# ---- points


def test_a_click_starts_chains_and_another_takes_them_away(ring: Rig) -> None:
    canvas = ring.canvas
    place = canvas.plane().place(np.array([0.5, -0.25]))
    QTest.mouseClick(canvas, LEFT, pos=QPoint(round(place[0]), round(place[1])))
    assert ring.state.begin == PLACED
    assert ring.walker.playing
    ring.walker.pause()
    ring.walk_anew()
    question = ring.asked()[-1]
    assert question.begin == "given"
    np.testing.assert_allclose(question.start, np.tile([[0.5, -0.25]], (32, 1)), atol=0.02)
    QTest.mouseClick(canvas, LEFT, pos=QPoint(round(place[0]) + 60, round(place[1])))
    ring.walk_anew()
    assert len(np.unique(ring.asked()[-1].start, axis=0)) == 2
    for offset in (60, 0):
        QTest.mouseClick(canvas, LEFT, pos=QPoint(round(place[0]) + offset, round(place[1])))
    assert ring.state.begin == "noise"
    ring.undo.undo()
    assert len(ring.state.placed) == 1


def test_a_drag_starts_a_cloud(ring: Rig) -> None:
    canvas = ring.canvas
    x, y = (round(float(v)) for v in canvas.plane().place(np.array([-0.5, 0.5])))
    QTest.mousePress(canvas, LEFT, pos=QPoint(x, y))
    for along in range(1, 11):
        QTest.mouseMove(canvas, QPoint(x + 10 * along, y))
        QApplication.processEvents()
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(x + 100, y))
    assert len(ring.state.placed) >= 4
    assert ring.undo.count() == 1


def test_keys_start_chains_too(ring: Rig) -> None:
    ring.canvas.setFocus()
    QTest.keyClick(ring.canvas, Qt.Key.Key_Right)
    QTest.keyClick(ring.canvas, Qt.Key.Key_Right)
    QTest.keyClick(ring.canvas, Qt.Key.Key_Space)
    assert ring.state.placed == ((0.05, 0.0),)


def test_the_landscape_is_felt_at_the_temperature(ring: Rig) -> None:
    canvas = ring.canvas
    assert canvas.drawn is not None
    cold = len(canvas.drawn.levels)
    image = canvas.drawn.image.copy()
    wish = ring.state.wish
    ring.session.set("warm up", wish=type(wish)(0, 32, (), {"temperature": 4.0}))
    assert len(canvas.drawn.levels) != cold
    assert canvas.drawn.image != image
    canvas.pointed.emit((0.7, 0.0))
    assert "nats" in canvas.told


@pytest.mark.parametrize("layer", ["trails", "levels", "data", "negatives"])
def test_words_hide_layers(ring: Rig, layer: str) -> None:
    ring.walker.seek(60)
    before = ring.canvas.grab().toImage()
    ring.panel.points.legend.buttons[layer].click()
    assert not ring.state.shows(layer)
    assert ring.canvas.grab().toImage() != before
    ring.undo.undo()
    assert ring.canvas.grab().toImage() == before


def test_dreams_of_the_training_are_shown_where_it_keeps_any(ring: Rig) -> None:
    assert ring.canvas.negatives.shape == (400, 2)
    assert ring.inspector.start.chips.buttons["negatives"].isEnabled()
    ring.select("f")
    assert ring.session.negatives is None
    assert not ring.inspector.start.chips.buttons["negatives"].isEnabled()


@pytest.mark.parametrize("shown", ["dark", "light"])
def test_both_themes_are_drawn_anew(ring: Rig, shown: str) -> None:
    before = theme.shown()
    try:
        theme.set_mode("light" if shown == "dark" else "dark")
        other = ring.canvas.grab().toImage()
        theme.set_mode(shown)
        assert ring.canvas.grab().toImage() != other
    finally:
        theme.set_mode(before)


# ---- figures


def test_figures_say_how_well_the_chains_mix(ring: Rig) -> None:
    ring.measure()
    part = ring.panel.mixing
    assert ring.asked(rq.MeasureChains)[-1].values.shape == (301 - 60, 32)
    assert part.figures.text("R-hat") == "1.010"
    assert part.figures.text("τ, steps") == "9.0"
    assert part.figures.text("draws") == f"{241 * 32 / 9:,.0f}"
    assert part.figures.text("accepted") == "100 %"
    assert "forgets in 9.0 steps" in part.meaning.text()
    assert len(part.forgetting.values) == 54


def test_steps_that_still_change_are_told_of(ring: Rig) -> None:
    made = ring.walker.recording
    assert not ring.panel.measures.changing
    made.step_size[:] = np.linspace(2, 1, made.length)
    ring.measure()
    assert ring.panel.measures.changing
    assert "no chain at rest" in ring.panel.mixing.meaning.text()


def test_other_quantities_and_shares_are_measured(ring: Rig) -> None:
    part = ring.panel.mixing
    part.chips[True].buttons["x"].click()
    ring.drain(3)
    np.testing.assert_array_equal(ring.asked(rq.MeasureChains)[-1].values, ring.walker.recording.x[60:, :, 0])
    assert part.trace.title == "x by step"
    ring.session.set("leave out half", drop=0.5)
    ring.drain(3)
    assert len(ring.asked(rq.MeasureChains)[-1].values) == 301 - 150
    assert part.trace.settled == 150
    ring.undo.undo()
    assert part.trace.settled == 60


def test_metropolis_shows_in_the_acceptance(ring: Rig) -> None:
    wish = ring.state.wish
    ring.session.set("MALA", wish=type(wish)(0, 32, (), {"method": "mala"}))
    ring.walk_anew()
    ring.measure()
    assert 55 < int(ring.panel.mixing.figures.text("accepted").split()[0]) < 65
    assert ring.panel.mixing.acceptance.level == pytest.approx(0.574)
    assert "MALA" in ring.panel.points.title.text()


def test_the_trace_goes_to_a_step(ring: Rig, qtbot: QtBot) -> None:
    trace = ring.panel.mixing.trace
    ring.measure()
    qtbot.waitUntil(lambda: len(trace.values) > 100)
    chart = trace.chart()
    QTest.mouseClick(trace, LEFT, pos=chart.at(90, chart.y.low).toPoint() - QPoint(0, 5))
    assert abs(ring.walker.position - 90) <= 2
    drawn = trace.renders
    trace.set_step(100)
    trace.grab()
    assert trace.renders == drawn


@pytest.mark.parametrize(
    ("rhat", "ess", "accepted", "said"),
    [(1.3, 500, 1.0, "do not agree"), (1.0, 20, 1.0, "That is few"), (1.0, 500, 1.0, "chains agree")],
)
def test_what_the_figures_mean(rhat: float, ess: float, accepted: float, said: str) -> None:
    assert said in words.meaning(Mixing(np.ones(3), 5.0, ess, rhat, 100, 4), accepted, exact=False)
    assert "refused" in words.meaning(Mixing(np.ones(3), 5.0, ess, rhat, 100, 4), 0.02, exact=True)
    assert "no chain at rest" in words.meaning(Mixing(np.ones(3), 5.0, ess, rhat, 100, 4), 1.0, False, changing=True)
    assert "Let the chains walk" in words.meaning(None, float("nan"), exact=False)


# ---- pictures


def test_pictures_stand_in_a_grid_and_one_is_large(faces: Rig) -> None:
    part = faces.panel.pictures
    assert faces.panel.views.currentWidget() is part
    assert len(part.grid) == 16
    faces.walker.seek(100)
    QTest.mouseClick(part.grid, LEFT, pos=part.grid.cell_rect(5).center().toPoint())
    assert faces.state.focus == 5
    np.testing.assert_array_equal(part.now.image, faces.walker.recording.x[100, 5])
    np.testing.assert_array_equal(part.begun.image, faces.walker.recording.x[0, 5])
    assert part.heads[1].text().startswith("Chain 6 · E = ")
    assert faces.panel.mixing.trace.focus == 5


def repairing(rig: Rig) -> rq.WalkChains:
    """Start at an example of the data."""
    rig.inspector.start.choose(PICTURE)
    rig.drain(3)
    rig.walk_anew()
    return rig.asked()[-1]


def test_a_damaged_picture_is_repaired(faces: Rig) -> None:
    question = repairing(faces)
    original = faces.state.painting.picture
    assert question.begin == "given"
    assert question.mask is None
    changed = (question.start[0] != original).any(-1).mean()
    assert 0.3 < changed < 0.5
    assert faces.panel.pictures.starts.currentWidget() is faces.panel.pictures.canvas
    faces.session.set("less noise", noise=0.1)
    faces.walk_anew()
    assert (faces.asked()[-1].start[0] != original).any(-1).mean() < 0.2


def test_a_part_is_damaged_and_the_rest_kept_or_free(faces: Rig) -> None:
    repairing(faces)
    original = faces.state.painting.picture
    faces.inspector.start.half.click()
    faces.walk_anew()
    question = faces.asked()[-1]
    assert question.mask[8:].all()
    assert not question.mask[:8].any()
    np.testing.assert_array_equal(question.start[0, :8], original[:8])
    np.testing.assert_array_equal(faces.walker.recording.x[-1, :, :8], np.broadcast_to(original[:8], (16, 8, 16, 3)))
    faces.inspector.start.clamp.click()
    faces.walk_anew()
    assert faces.asked()[-1].mask is None
    faces.undo.undo()
    assert faces.state.clamp


def test_painting_on_the_start_says_what_is_damaged(faces: Rig) -> None:
    repairing(faces)
    canvas = faces.panel.pictures.canvas
    canvas.size_px = 1
    QTest.mouseClick(canvas, LEFT, pos=canvas.cell_rect((3, 4)).center().toPoint())
    assert np.argwhere(faces.state.painting.mask).tolist() == [[3, 4]]
    assert faces.inspector.start.clamp.isEnabled()
    faces.undo.undo()
    assert not faces.state.painting.masked


def test_chains_climb_as_high_as_their_start_needs(faces: Rig) -> None:
    assert faces.asked()[-1].config == {"climb": 1.0}
    faces.inspector.start.choose("data")
    assert faces.state.wish.config == {"climb": 0.0}
    assert repairing(faces).config == {"climb": 0.5}
    faces.undo.undo()
    faces.undo.undo()
    assert (faces.state.begin, faces.state.wish.config) == ("data", {"climb": 0.0})


def test_a_picture_of_ones_own_is_dropped(faces: Rig) -> None:
    mime = QMimeData()
    picture = QImage(16, 16, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    mime.setImageData(picture)
    faces.inspector.start.source.take(mime)
    assert faces.state.begin == PICTURE
    assert (faces.state.painting.picture == [255, 0, 0]).all()
    faces.inspector.start.block.click()
    masked = faces.state.painting.mask.copy()
    faces.inspector.start.source.take(mime)
    np.testing.assert_array_equal(faces.state.painting.mask, masked)


# ---- recipes and exports


@pytest.mark.parametrize("run_id", ["p", "f"])
def test_the_state_comes_back_from_a_recipe(rig: Rig, run_id: str) -> None:
    rig.select(run_id)
    if run_id == "f":
        repairing(rig)
        rig.inspector.start.block.click()
    else:
        rig.session.set("start", placed=((0.1, 0.2),), begin=PLACED, hidden=("data",), drop=0.4)
    plain = rig.panel.state()
    kept = rig.state
    rig.session.apply(rig.session.first(rig.panel.run))
    rig.panel.restore(plain)
    assert rig.panel.state() == plain
    assert rig.state.begin == kept.begin
    rig.undo.undo()
    assert rig.state.begin == "noise"


@pytest.mark.parametrize(
    "damage",
    [None, 3, {"begin": "nowhere", "placed": [[1], "x"], "drop": 7, "speed": "fast", "count": -3, "hidden": 5}],
)
def test_a_damaged_recipe_changes_nothing_else(ring: Rig, damage: Any) -> None:
    ring.panel.restore(damage)
    assert ring.state == ring.session.first(ring.panel.run)


def test_the_question_of_a_recipe_is_taken(ring: Rig) -> None:
    ring.panel.restore({}, rq.WalkChains(7, config={"temperature": 0.5, "bad": 1}, seed=4))
    wish = ring.state.wish
    assert (wish.count, wish.seed, wish.config) == (7, 4, {"temperature": 0.5})


def test_exports_are_what_the_answer_gives_again(faces: Rig) -> None:
    faces.walker.seek(77)
    shown = faces.panel.exhibit()
    question = shown.question
    *_, whole = fake_chains._answer_WalkChains(faces.panel.run, question)
    assert isinstance(whole, Walk)
    np.testing.assert_array_equal(drawable(whole, "grid", shown.of_tape), shown.x)
    film: Any = exhibits.animation(faces.session, faces.walker)
    np.testing.assert_array_equal(drawable(whole, "animation"), film.x)
    arrays = named_arrays(whole)
    assert arrays.keys() == shown.arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, shown.arrays[name])


def test_points_are_exported_as_they_are_drawn(ring: Rig) -> None:
    ring.walker.seek(50)
    exhibit = ring.panel.exhibit()
    assert exhibit.by_window
    assert exhibit.x.dtype == np.uint8
    assert exhibit.x.shape[1] == pytest.approx(exhibit.x.shape[2], abs=1)
    assert exhibit.arrays["frames"].shape == (301, 32, 2)
    ring.walker.recording.cut(100, ring.walker.recording.x[99])
    assert ring.panel.exhibit() is None


def test_a_failed_walk_stops_the_play(ring: Rig) -> None:
    ring.session.set("no such place", placed=(), begin=PLACED)
    assert ring.walker.now is None
    assert "Click in the landscape" in ring.inspector.start.words.text()


def test_hovering_the_figures_explains_them(ring: Rig) -> None:
    ring.measure()
    figures = ring.panel.mixing.figures
    QTest.mouseMove(figures, QPoint(figures.width() - 5, 10))
    QApplication.processEvents()
    assert figures.toolTip().startswith("R-hat: ")
