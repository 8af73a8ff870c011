from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from genplay.contract import requests as rq
from genplay.contract.fake_engine import FakeEngine
from genplay.contract.recipe import Recipe
from genplay.contract.results import Answer, RunState
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gauge import Gauge
from genplay.ui.latent.keyframes import CODE_MIME, code_mime, code_of
from genplay.ui.latent.state import LatentState
from genplay.ui.panels.latent import LatentPanel

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Rig:
    """A panel and its inspector on a fake engine whose answers come when the test drains it."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.engine.submit(rq.CreateRun("ring", "Ring", "vae", "ring"))
        self.engine.submit(rq.CreateRun("gan", "GAN", "gan", "faces16"))
        self.bridge = Bridge(self.engine)
        self.bridge._timer.stop()
        self.undo = QUndoStack()
        self.panel = LatentPanel(self.bridge, self.undo)
        self.inspector = self.panel.inspector()
        self.panel.resize(820, 520)
        self.inspector.resize(300, 800)
        self.panel.show()
        self.inspector.show()
        self.drain()
        self.select("faces")
        self.panel.activate()
        self.settle()

    @property
    def session(self) -> Any:
        return self.panel.session

    @property
    def z(self) -> np.ndarray:
        return np.asarray(self.session.state.z)

    def select(self, run_id: str) -> None:
        self.panel.set_run(self.bridge.runs[run_id])

    def drain(self) -> None:
        self.bridge.drain()
        QApplication.processEvents()

    def settle(self, ms: int = 130) -> None:
        """Long enough for what waits for changes to come to rest."""
        self.drain()
        QTest.qWait(ms)
        self.drain()
        self.drain()

    def asked(self, slot: str, kind: type = object) -> list[Any]:
        found = [r for r in self.engine.submitted if isinstance(r, rq.Ask) and r.slot == f"latent.{slot}"]
        return [r.question for r in found if isinstance(r.question, kind)]

    def close(self) -> None:
        self.panel.deactivate()
        self.bridge.stop()
        self.panel.close()
        self.inspector.close()


@pytest.fixture
def rig(qapp: QApplication) -> Iterator[Rig]:
    theme.start(qapp, "dark")
    made = Rig()
    yield made
    made.close()


def drag(widget: QWidget, start: QPoint, by: QPoint, steps: int = 5, keys: Qt.KeyboardModifier = NONE) -> None:
    QTest.mousePress(widget, LEFT, keys, start)
    for i in range(1, steps + 1):
        at = start + by * i / steps
        QTest.mouseMove(widget, at)
    QTest.mouseRelease(widget, LEFT, keys, start + by)


def middle(widget: QWidget) -> QPoint:
    return widget.rect().center()


def test_first_sight_is_a_picture_a_plane_and_labelled_sliders(rig: Rig) -> None:
    assert rig.panel.picture.picture.image is not None
    assert len(rig.panel.stage.plane.view.layer("data").points) == 1500
    rows = rig.inspector.sliders.rows
    assert len(rows) == 16
    assert rows[0].label.text() == "z0  KL 3.10"
    assert rows[0].label.isEnabled()
    assert not rows[15].label.isEnabled()  # inactive
    assert rig.inspector.bars.chart.values[0] == pytest.approx(3.1, abs=0.01)


def test_dragging_a_slider_asks_the_newest_only_and_is_one_undo_step(rig: Rig) -> None:
    slider = rig.inspector.sliders.rows[3].slider
    before, asked = rig.z.copy(), len(rig.asked("picture"))
    track = slider.track()
    drag(slider, track.center().toPoint(), QPoint(int(track.width() / 4), 0))
    assert rig.z[3] == pytest.approx(2.0, abs=0.3)
    assert np.delete(rig.z, 3).tolist() == np.delete(before, 3).tolist()
    assert len(rig.asked("picture")) >= asked + 5
    rig.drain()  # five questions were put before it: only the newest is answered
    assert np.array_equal(rig.panel.picture.answer.value.z[0], rig.z)
    assert rig.undo.count() == 1
    rig.undo.undo()
    assert np.array_equal(rig.z, before)
    assert slider.value() == pytest.approx(float(before[3]))
    rig.drain()
    assert np.array_equal(rig.panel.picture.answer.value.z[0], before)
    rig.undo.redo()
    assert rig.z[3] == pytest.approx(2.0, abs=0.3)


def test_double_click_resets_a_dimension(rig: Rig) -> None:
    rig.session.apply(rig.session.state.with_dimension(2, 1.5))
    slider = rig.inspector.sliders.rows[2].slider
    assert slider.value() == 1.5
    QTest.mouseDClick(slider, LEFT, NONE, middle(slider))
    assert rig.z[2] == 0.0


def test_a_drag_is_timed_from_event_to_paint(rig: Rig) -> None:
    Gauge.forget()
    slider = rig.inspector.sliders.rows[0].slider
    drag(slider, slider.track().center().toPoint(), QPoint(20, 0), steps=2)
    rig.drain()
    rig.panel.picture.picture.repaint()
    assert Gauge.drag_ms() is not None
    assert 0 < Gauge.drag_ms() < 2000


def test_dragging_the_picture_moves_in_the_plane_and_not_across_it(rig: Rig) -> None:
    picture, plane = rig.panel.picture.picture, rig.session.plane()
    before, start = rig.z, plane.project(rig.z)
    drag(picture, middle(picture), QPoint(40, -20))
    moved = plane.project(rig.z) - start
    assert moved[0] == pytest.approx(6 * 40 / picture.width(), rel=0.05)
    assert moved[1] == pytest.approx(6 * 20 / picture.height(), rel=0.05)
    assert rig.undo.count() == 1
    normal = rig.z - plane.moved(before, tuple(plane.project(rig.z)))
    assert np.abs(normal).max() < 1e-4  # nothing across the plane


def test_cursor_drag_keeps_the_other_coordinates(rig: Rig) -> None:
    rig.session.apply(rig.session.state.random(3))
    plane, view, before = rig.session.plane(), rig.panel.stage.plane.view, rig.z.copy()
    start = view.to_view(*view.cursor_at).toPoint()
    drag(view, start, QPoint(30, 25))
    across = (rig.z - before) - (np.stack([plane.u, plane.v]).T @ (plane.project(rig.z) - plane.project(before)))
    assert np.abs(across).max() < 1e-4
    assert not np.array_equal(rig.z, before)
    assert rig.undo.count() == 1


def test_click_on_a_data_point_goes_to_its_code_in_one_undo_step(rig: Rig) -> None:
    view, codes, before = rig.panel.stage.plane.view, rig.session.map.codes, rig.z
    at = view.to_view(*rig.session.plane().project(codes)[int(np.abs(codes).sum(1).argmax())])
    inside = QPointF(min(max(at.x(), 5), view.width() - 5), min(max(at.y(), 5), view.height() - 5))
    index = view.point_at(inside)
    assert index >= 0
    QTest.mouseClick(view, LEFT, NONE, inside.toPoint())
    assert np.array_equal(rig.z, codes[index])
    assert rig.undo.count() == 1
    rig.undo.undo()
    assert np.array_equal(rig.z, before)


def test_a_run_that_is_new_here_shows_a_code_drawn_with_its_seed(rig: Rig) -> None:
    for seed in (3, 4):
        rig.panel.set_run(replace(rig.bridge.runs["faces"], run_id=f"new {seed}", seed=seed))
        assert rig.session.state.seed == seed + 4
        assert np.array_equal(rig.z, LatentState.start(16).random(seed + 4).z)
        assert rig.inspector.seed.text() == f"drawn with seed {seed + 4}"


def test_random_is_honest_about_its_seed(rig: Rig) -> None:
    QTest.mouseClick(rig.inspector.random, LEFT)
    seed = rig.session.state.seed
    assert rig.inspector.seed.text() == f"drawn with seed {seed}"
    assert rig.inspector.seed.isVisible()
    assert np.array_equal(rig.z, np.random.default_rng(seed).standard_normal(16, np.float32))
    rig.session.apply(rig.session.state.with_dimension(0, 1.0))
    assert not rig.inspector.seed.isVisible()


def test_snap_and_reset(rig: Rig) -> None:
    rig.session.apply(rig.session.state.random(1))
    away = np.linalg.norm(rig.session.map.codes - rig.z, axis=1)
    QTest.mouseClick(rig.inspector.snap, LEFT)
    assert np.array_equal(rig.z, rig.session.map.codes[away.argmin()])
    QTest.mouseClick(rig.inspector.reset, LEFT)
    assert not rig.z.any()
    rig.undo.undo()
    assert np.array_equal(rig.z, rig.session.map.codes[away.argmin()])


def test_direction_sliders_move_along_their_direction_only(rig: Rig) -> None:
    directions = rig.inspector.directions
    assert "hat: yes" in directions.rows
    assert "hat: no" not in directions.rows  # one direction, one slider
    unit = directions.units["hat: yes"]
    assert np.linalg.norm(unit) == pytest.approx(1, abs=1e-5)
    rig.session.apply(rig.session.state.random(2))
    before, slider = rig.z.copy(), directions.rows["hat: yes"].slider
    assert slider.value() == pytest.approx(float(before @ unit), abs=1e-4)
    drag(slider, slider.track().center().toPoint(), QPoint(25, 0))
    assert float(rig.z @ unit) == pytest.approx(slider.value(), abs=1e-4)
    moved = rig.z - before
    assert np.abs(moved - (moved @ unit) * unit).max() < 1e-4


def test_tiles_cover_the_plane_and_follow_what_is_across_it(rig: Rig) -> None:
    QTest.mouseClick(rig.panel.stage.views.buttons["tiles"], LEFT)
    rig.settle()
    tiles = rig.panel.stage.plane.tiles
    assert len(tiles.answer.value.x) % tiles.columns == 0
    assert len(tiles.answer.value.x) >= 9 * 6
    count = len(rig.asked("tiles"))
    plane = rig.session.plane()
    rig.session.apply(rig.session.state.moved(plane.moved(rig.z, (1.0, 0.5))))
    rig.settle()
    assert len(rig.asked("tiles")) == count  # within the plane the tiles stay true
    rig.session.apply(rig.session.state.with_dimension(9, 2.0))
    rig.settle()
    assert len(rig.asked("tiles")) == count + 1
    exhibit = rig.panel.exhibit()
    assert (exhibit.kind, exhibit.columns) == ("grid", tiles.columns)


def test_matrix_click_goes_to_the_cell(rig: Rig) -> None:
    QTest.mouseClick(rig.panel.stage.views.buttons["matrix"], LEFT)
    rig.settle()
    matrix = rig.panel.stage.matrix
    dims = matrix.question.dims
    assert dims[0] == 0  # the largest KL first
    QTest.mouseClick(matrix, LEFT, NONE, matrix.cell_rect(1, 5).center().toPoint())
    assert rig.z[dims[1]] == 2.0
    rig.settle()
    assert np.array_equal(rig.asked("matrix")[-1].z, rig.z)
    assert rig.panel.exhibit().columns == 7


def add_keyframes(rig: Rig, count: int = 3) -> None:
    for seed in range(count):
        rig.session.apply(rig.session.state.random(seed))
        rig.panel.bottom.path.add_keyframe()
    rig.settle()


def test_path_is_decoded_once_and_played_without_decoding(rig: Rig) -> None:
    path = rig.panel.bottom.path
    assert not path.play.isEnabled()
    add_keyframes(rig)
    question = rig.asked("path", rq.DecodePath)[-1]
    assert (len(question.keyframes), question.frames, question.mode) == (3, 60, "slerp")
    assert len(path.strip) == 60
    assert rig.panel.stage.plane.view._path.shape == (60, 2)
    asked, z = len(rig.engine.submitted), rig.z
    path.toggle()
    QTest.qWait(180)
    assert path.playing
    frame = path.strip.frame
    assert frame >= 1
    assert np.array_equal(rig.panel.picture.picture.image, path.answer.value.x[frame])
    assert len(rig.engine.submitted) == asked
    assert rig.z is z  # nothing moves until it is paused
    assert rig.panel.leave_mode()
    assert np.array_equal(rig.z, path.codes[path.strip.frame])
    assert not rig.panel.leave_mode()


def test_scrubbing_is_one_undo_step(rig: Rig) -> None:
    add_keyframes(rig)
    strip, count, before = rig.panel.bottom.path.strip, rig.undo.count(), rig.z
    drag(strip, QPoint(int(strip.x_of(10)), 20), QPoint(int(strip.x_of(40) - strip.x_of(10)), 0))
    assert np.array_equal(rig.z, rig.panel.bottom.path.codes[strip.frame])
    assert strip.frame == pytest.approx(40, abs=1)
    assert rig.undo.count() == count + 1
    rig.undo.undo()
    assert np.array_equal(rig.z, before)


def test_keyframes_by_keyboard(rig: Rig) -> None:
    add_keyframes(rig)
    first, second, third = rig.session.state.keyframes
    keys = rig.panel.bottom.path.keyframes
    keys.chosen = 0
    QTest.keyClick(keys, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert [k is v for k, v in zip(rig.session.state.keyframes, (second, first, third))] == [True] * 3
    QTest.keyClick(keys, Qt.Key.Key_Delete)
    assert [k is v for k, v in zip(rig.session.state.keyframes, (second, third))] == [True] * 2
    rig.undo.undo()
    rig.undo.undo()
    assert rig.session.state.keyframes[0] is first


def test_arithmetic_of_three_wells(rig: Rig) -> None:
    rig.panel.bottom.choose("arithmetic")
    arithmetic = rig.panel.bottom.arithmetic
    assert not arithmetic.use.isEnabled()
    codes = []
    for seed, well in enumerate(arithmetic.wells):
        rig.session.apply(rig.session.state.random(seed))
        codes.append(rig.z)
        QTest.mouseClick(well, LEFT, NONE, middle(well))
    rig.settle()
    assert len(rig.asked("arithmetic")[-1].z) == 4
    assert arithmetic.result._image is not None
    QTest.mouseClick(arithmetic.use, LEFT)
    assert rig.z == pytest.approx(codes[0] - codes[1] + codes[2])


def test_encoding_a_held_out_picture_moves_there(rig: Rig) -> None:
    encode = rig.panel.bottom.encode
    encode.step(1)
    rig.settle()
    question = rig.asked("encode")[-1]
    assert np.array_equal(question.x, rig.session.map.x[0])
    assert np.array_equal(rig.z, encode.answer.value.mu)
    assert rig.session.state.strip == "reconstruction"
    assert len(encode.grid) == 3 + 8
    assert "held-out picture 1 of 1,500" in encode.about.text()


def test_encoding_a_file_and_the_clipboard(rig: Rig, tmp_path: Any) -> None:
    big = QImage(64, 48, QImage.Format.Format_RGB32)
    big.fill(0xFF204060)
    path = tmp_path / "picture.png"
    assert big.save(str(path))
    refused: list[str] = []
    rig.panel.failure_shown.connect(lambda failure: refused.append(failure.message))
    rig.panel.bottom.encode.open_file(path)
    assert rig.asked("encode")[-1].x.shape == (16, 16, 3)
    assert rig.asked("encode")[-1].x[0, 0].tolist() == [0x20, 0x40, 0x60]
    mime = QMimeData()
    mime.setImageData(big)
    rig.panel.bottom.encode.take(mime)
    assert len(rig.asked("encode")) == 2
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    rig.panel.bottom.encode.open_file(tmp_path / "broken.png")
    rig.panel.bottom.encode.take(QMimeData())
    assert refused == ["broken.png cannot be read as a picture.", "There is no picture on the clipboard."]
    assert len(rig.asked("encode")) == 2


def test_a_model_without_encoder_says_so_and_still_decodes(rig: Rig) -> None:
    rig.select("gan")
    rig.settle()
    assert rig.panel.picture.picture.image is not None
    assert all(ask.run_id == "faces" for ask in rig.engine.submitted if isinstance(ask, rq.Ask) and "map" in ask.slot)
    assert "no encoder" in rig.panel.stage.note.text()
    assert rig.panel.stage.note.isVisible()
    assert "encoder" in rig.inspector.directions.note.text()
    assert not rig.inspector.snap.isEnabled()
    assert not rig.panel.bottom.chips.buttons["reconstruction"].isEnabled()


def test_points_are_shown_beside_the_data(rig: Rig) -> None:
    rig.select("ring")
    rig.settle()
    points = rig.panel.picture.points
    assert points.isVisible()
    assert points.cursor_at == pytest.approx(rig.panel.picture.answer.value.x[0])
    assert len(points.layer("data").points) == 1500
    assert not rig.panel.stage.views.isVisible()
    add_keyframes(rig, 2)
    assert rig.panel.path_exhibit().x.shape == (60, 2)


def test_dragging_the_decoded_point_moves_the_code(rig: Rig) -> None:
    rig.select("ring")
    rig.session.apply(rig.session.state.random(1))
    rig.settle()
    points, plane, before = rig.panel.picture.points, rig.session.plane(), rig.z
    QTest.mouseClick(points, LEFT, NONE, QPoint(5, 5))
    assert np.array_equal(rig.z, before)  # a press beside the point moves nothing
    assert points.cursor_at == pytest.approx(rig.panel.picture.answer.value.x[0])
    drag(points, points.to_view(*points.cursor_at).toPoint(), QPoint(30, 0), steps=10)
    moved = plane.project(rig.z) - plane.project(before)
    assert moved[0] > 0.1
    assert abs(moved[1]) < 1e-4
    assert rig.undo.count() == 1


def test_each_run_keeps_its_own_state_and_undo_finds_it(rig: Rig) -> None:
    first = rig.z
    QTest.mouseClick(rig.inspector.random, LEFT)
    faces = rig.z
    rig.select("gan")
    other = rig.z
    assert not np.array_equal(other, faces)
    rig.undo.undo()  # the change was made on the other run
    assert np.array_equal(rig.z, other)
    rig.select("faces")
    assert np.array_equal(rig.z, first)
    rig.undo.redo()
    assert np.array_equal(rig.z, faces)


def test_training_refreshes_the_picture_at_a_bounded_rate_and_keeps_z(rig: Rig) -> None:
    rig.session.apply(rig.session.state.random(5))
    rig.settle()
    asked, z, run = len(rig.asked("picture")), rig.z, rig.bridge.runs["faces"]
    for step in range(20):
        rig.panel.set_run(replace(run, step=run.step + step + 1))
    assert len(rig.asked("picture")) == asked
    QTest.qWait(260)
    assert len(rig.asked("picture")) == asked + 1
    assert rig.z is z
    rig.panel.deactivate()
    rig.panel.set_run(replace(run, step=run.step + 50))
    QTest.qWait(260)
    assert len(rig.asked("picture")) == asked + 1
    rig.panel.activate()
    assert len(rig.asked("picture")) == asked + 2


def test_live_kl_shows_a_collapse(rig: Rig) -> None:
    run: RunState = rig.bridge.runs["faces"]
    kl = np.full(16, 0.001, np.float32)
    kl[5] = 2.0
    config = {**run.config, "free_bits": 0.25}
    rig.panel.set_run(replace(run, config=config, vectors={"kl by dimension": kl}))
    assert rig.session.order[0] == 5
    assert "1 of 16 dimensions active. Posterior collapse" in rig.inspector.bars.verdict.text()
    assert rig.inspector.bars.chart._threshold == 0.25


def test_condition_is_asked_under_when_the_model_takes_one(rig: Rig) -> None:
    run = rig.bridge.runs["faces"]
    rig.bridge.runs["told"] = replace(run, run_id="told", config={**run.config, "conditional": True})
    rig.engine.runs["told"] = rig.bridge.runs["told"]
    assert rig.asked("picture")[-1].condition == ()
    rig.select("told")
    assert rig.asked("picture")[-1].condition == (8, 3, 2)
    combo = rig.inspector.condition.combos[1]
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert rig.asked("picture")[-1].condition == (8, 2, 2)
    rig.undo.undo()
    assert combo.currentText() == "any"


def test_state_and_recipe_bring_everything_back(rig: Rig) -> None:
    rig.session.apply(rig.session.state.random(9))
    add_keyframes(rig)
    rig.panel.bottom.arithmetic.fill(0)
    exhibit = rig.panel.picture_exhibit()
    text = rig.panel.recipe_of(exhibit).to_json()
    saved, z = rig.panel.state(), rig.z
    again = Recipe.from_json(text)
    rig.session.do(LatentState.start(16), "forget everything")
    assert rig.session.state.keyframes == ()
    rig.panel.restore(again.view, again.question)
    assert rig.panel.state() == saved
    assert np.array_equal(rig.z, z)


def test_a_code_from_another_tab_leaves_the_rest_alone_and_can_be_undone(rig: Rig) -> None:
    add_keyframes(rig)
    before, count = rig.z, rig.undo.count()
    rig.panel.restore({"z": [0.5] * 16, "condition": []})
    assert rig.z.tolist() == [0.5] * 16
    assert len(rig.session.state.keyframes) == 3
    assert rig.undo.count() == count + 1
    rig.undo.undo()
    assert np.array_equal(rig.z, before)


def test_a_question_alone_restores_what_it_made(rig: Rig) -> None:
    z = np.linspace(-1, 1, 16, dtype=np.float32)
    rig.panel.restore({}, rq.Decode(z[None]))
    assert np.array_equal(rig.z, z)
    rig.panel.restore({}, rq.DecodePath(np.stack([z, -z]), 30, "lerp", True))
    state = rig.session.state
    assert (len(state.keyframes), state.frames, state.mode, state.closed) == (2, 30, "lerp", True)
    rig.panel.restore({}, rq.Traverse(z))
    assert rig.session.state.view == "matrix"


@pytest.mark.parametrize(
    "damage",
    [
        {"z": [float("inf")] * 16},
        {"z": {"a": 1}, "keyframes": [[1], None, "x"], "axes": [[], {}], "view": [], "strip": None},
        {"condition": [99, 99, 99], "frames": -1, "seed": "x", "wells": [[0] * 16, 3, None]},
        {"colour": "no such attribute", "mode": 7, "closed": None},
    ],
)
def test_damaged_state_never_raises(rig: Rig, damage: dict[str, Any]) -> None:
    rig.panel.restore(damage, rq.Decode(np.full((2, 3), np.nan, np.float32)))
    rig.panel.restore(damage, rq.Encode(np.zeros((0, 0, 3), np.uint8)))
    rig.settle()
    assert np.isfinite(rig.z).all()
    assert rig.session.state.frames == 60


def test_restore_before_the_model_is_loaded_waits_for_it(rig: Rig) -> None:
    run = rig.bridge.runs["faces"]
    rig.panel.set_run(replace(run, run_id="late", status="loading", latent_size=0, capabilities=frozenset()))
    assert rig.panel._empty.isVisible()
    rig.panel.restore({}, rq.Decode(np.ones((1, 16), np.float32)))
    rig.panel.set_run(replace(run, run_id="late"))
    assert rig.z.tolist() == [1.0] * 16


def test_keys_work_whichever_part_is_in_sight(rig: Rig) -> None:
    rig.panel.activateWindow()
    QTest.qWaitForWindowActive(rig.panel)
    rig.panel.bottom.choose("arithmetic")
    QTest.keyClick(rig.panel, Qt.Key.Key_R)
    assert rig.session.state.seed is not None
    QTest.keyClick(rig.panel, Qt.Key.Key_K)
    assert len(rig.session.state.keyframes) == 1
    QTest.keyClick(rig.panel, Qt.Key.Key_S)
    assert np.abs(rig.session.map.codes - rig.z).max(axis=1).min() == 0
    image = QImage(16, 16, QImage.Format.Format_RGB32)
    image.fill(0xFF204060)
    QApplication.clipboard().setImage(image)
    QTest.keyClick(rig.panel, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert rig.asked("encode")[-1].x[0, 0].tolist() == [0x20, 0x40, 0x60]


def test_dimensions_are_sorted_for_good_once_training_pauses(rig: Rig) -> None:
    run = rig.bridge.runs["faces"]
    kl = np.linspace(1.0, 0.25, 16).astype(np.float32)
    nearly = kl.copy()
    nearly[[2, 3]] = nearly[[3, 2]] + np.float32(0.01)
    rig.panel.set_run(replace(run, status="training", vectors={"kl by dimension": kl}))
    rig.panel.set_run(replace(run, status="training", vectors={"kl by dimension": nearly}))
    assert rig.session.order.tolist() == list(range(16))
    rig.panel.set_run(replace(run, status="paused", vectors={"kl by dimension": nearly}))
    assert rig.session.order[:4].tolist() == [0, 1, 3, 2]


def test_without_a_run_it_says_what_to_do(rig: Rig) -> None:
    rig.panel.set_run(None)
    rig.settle()
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == "Train or open a model to see its latent space."
    assert rig.panel.exhibit() is None
    assert rig.panel.state() == {}
    rig.select("faces")
    rig.settle()
    assert rig.panel.picture.picture.image is not None


def test_the_window_follows_the_data_until_the_user_chooses_one(rig: Rig) -> None:
    plane, latent = rig.panel.stage.plane, rig.session.map

    def arrives(scale: float) -> tuple[float, ...]:
        rig.session.map = replace(latent, codes=latent.codes * np.float32(scale))
        rig.session.map_changed.emit()
        return plane.view.window_extent()

    first = plane.view.window_extent()
    assert arrives(1.02) == first  # close enough: it does not jitter
    grown = arrives(2.0)
    assert grown[2] - grown[0] == pytest.approx(2 * (first[2] - first[0]), rel=0.05)
    plane.view._zoom(0.5, QPointF(100, 100))
    chosen = plane.view.window_extent()
    assert arrives(5.0) == chosen


def test_directions_are_found_by_their_name(rig: Rig) -> None:
    directions = rig.inspector.directions
    assert not directions.filter.isHidden() or len(directions.rows) <= 12
    rows = directions.rows
    assert rows["hair colour: red"].isVisible()
    assert not rows["glasses: dark"].isVisible()  # its group is folded
    QTest.mouseClick(directions.headings["glasses"], LEFT)
    assert rows["glasses: dark"].isVisible()
    directions.rows.update({f"more: {i}": rows["hat: yes"] for i in range(2)})
    directions.filter.setText("red")
    assert rows["hair colour: red"].isVisible()
    assert not rows["glasses: dark"].isVisible()


def test_a_code_dropped_on_a_well_is_checked(rig: Rig) -> None:
    z = np.arange(16, dtype=np.float32) / 16
    assert np.array_equal(code_of(code_mime(z), 16), z)
    assert code_of(code_mime(z), 8) is None
    for text in (b"[1, 2", b"[" * 100_000, b"{}", b'["a"]', b"3", json.dumps(["a"] * 16).encode()):
        mime = QMimeData()
        mime.setData(CODE_MIME, text)
        assert code_of(mime, 16) is None
    rig.panel.bottom.arithmetic.wells[1].filled.emit(z)
    assert np.array_equal(rig.session.state.wells[1], z)


def test_ctrl_drag_takes_the_picture_out_and_moves_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from genplay.ui import drag_out

    taken: list[Any] = []
    monkeypatch.setattr(drag_out, "drag_out", lambda *given: taken.append(given))
    picture, before = rig.panel.picture.picture, rig.z
    drag(picture, middle(picture), QPoint(60, 0), keys=Qt.KeyboardModifier.ControlModifier)
    assert len(taken) == 1
    assert taken[0][2].question.z.shape == (1, 16)
    assert rig.z is before
    drag(picture, middle(picture), QPoint(60, 0))
    assert rig.z is not before


def test_keyframes_are_saved_as_an_animation_with_the_question_that_made_it(rig: Rig) -> None:
    wanted: list[Any] = []
    rig.panel.export_wanted.connect(wanted.append)
    assert not rig.panel.bottom.path.save.isEnabled()
    add_keyframes(rig)
    QTest.mouseClick(rig.panel.bottom.path.save, LEFT)
    assert [(e.kind, len(e.x), type(e.question)) for e in wanted] == [("animation", 60, rq.DecodePath)]


def test_closed_panel_says_why() -> None:
    run = replace(FakeEngine().runs["faces"], capabilities=frozenset(), family="diffusion")
    sentence = LatentPanel.closed_because(LatentPanel.__new__(LatentPanel), run)
    assert sentence == "Latent is closed for this diffusion: it has no latent space to decode from."


def test_half_a_map_does_not_decide_how_the_plane_lies(rig: Rig) -> None:
    whole = rig.session.map
    assert whole is not None
    flipped = replace(whole, components=-whole.components)
    answer = Answer(1, "latent.map", "faces", 0, flipped, last=False)
    rig.session.map, rig.session._whole = None, False
    rig.session._mapped(answer)
    rig.session._mapped(replace(answer, value=whole, last=True))
    assert np.array_equal(rig.session.map.components, whole.components)
    rig.session._mapped(replace(answer, value=flipped, last=True))
    assert np.allclose(rig.session.map.components, whole.components), "a later whole map keeps the way it lies"
