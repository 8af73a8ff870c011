"""Drawing a distribution: the airbrush, undo, saving, and choosing what was drawn for a new run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from genplay.contract import drawn
from genplay.contract import fake_engine as fake
from genplay.contract.catalogue import DataInfo
from genplay.contract.knob import Knob
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.gan.drawing import EMPTY, UNNAMED, DrawingDialog
from genplay.ui.new_run import NewRunDialog
from genplay.ui.settings import Settings
from genplay.ui.views import density
from genplay.ui.views.airbrush import Airbrush

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENPLAY_HOME", str(tmp_path))


@pytest.fixture
def dialog(qtbot: QtBot) -> DrawingDialog:
    dialog = DrawingDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def stroke(pad: Airbrush, *places: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
    """Press at the first place, go to the others, let go. What time adds is left to the test."""
    points = [pad.to_view(*place).toPoint() for place in places]
    QTest.mousePress(pad, button, pos=points[0])
    pad._spray.stop()
    for point in points[1:]:
        QTest.mouseMove(pad, point)
        pad._spray.stop()
    QTest.mouseRelease(pad, button, pos=points[-1])


def boxes() -> list[QMessageBox]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]


def answer(word: str) -> None:
    box = boxes()[0]
    next(b for b in box.buttons() if b.text().replace("&", "") == word).click()
    QApplication.processEvents()


# ---- the grid


def test_a_dab_is_a_gaussian_where_it_was_put() -> None:
    grid = density.added(density.blank(128), (0.5, 0.25), 0.1, 0.5)
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    x = density.axis(128)
    assert abs(x[column] - 0.5) < 0.02 and abs(x[row] + 0.25) < 0.02, "row 0 is at the top"
    assert grid.dtype == np.float32 and 0.49 < grid.max() <= 0.5
    one_away = grid[row, np.abs(x - 0.6).argmin()] / grid.max()
    assert one_away == pytest.approx(np.exp(-0.5), abs=0.06)


def test_dabs_come_ever_closer_to_one_and_erasing_ends_at_nothing() -> None:
    grid = density.blank(64)
    for _ in range(60):
        grid = density.added(grid, (0.0, 0.0), 0.2, 0.5)
    assert 0.99 < grid.max() <= 1.0
    for _ in range(400):
        grid = density.erased(grid, (0.0, 0.0), 2.0, 0.5)
    assert not grid.any()


def test_sampled_points_follow_the_density_and_stay_where_nothing_changes_much() -> None:
    grid = density.ring_of_blobs(128)
    found = density.points(grid, 4000)
    assert found.shape == (4000, 2) and np.abs(found).max() <= 1
    radius = np.hypot(found[:, 0], found[:, 1])
    assert abs(radius.mean() - 0.7) < 0.02
    shares = np.bincount((np.round(np.arctan2(found[:, 1], found[:, 0]) / (np.pi / 4)) % 8).astype(int), minlength=8)
    assert shares.min() > 350 and shares.max() < 650
    nudged = density.points(density.added(grid, (0.7, 0.0), 0.07, 0.02), 4000)
    assert np.median(np.hypot(*(nudged - found).T)) < 0.05, "points must not jump with every dab"
    assert not len(density.points(density.blank(128), 10))


def test_the_curve_that_points_are_ordered_by_visits_every_cell_from_neighbour_to_neighbour() -> None:
    order = density._hilbert(16)
    assert sorted(order.tolist()) == list(range(256))
    rows, columns = np.divmod(order, 16)
    assert (np.abs(np.diff(rows)) + np.abs(np.diff(columns))).max() == 1


# ---- the pad and undo


def test_a_stroke_has_no_gaps_and_is_one_step_of_undo(dialog: DrawingDialog) -> None:
    stroke(dialog.pad, (-0.6, 0.2), (0.0, 0.2), (0.6, 0.2))
    row = int(np.abs(density.axis(128) + 0.2).argmin())
    across = dialog.pad.density[row][np.abs(density.axis(128)) < 0.6]
    assert across.min() > 0.2
    assert dialog.undo.count() == 1
    after = dialog.pad.density
    QTest.keyClick(dialog.pad, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert dialog.pad.is_empty
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(dialog.pad, Qt.Key.Key_Z, both)
    assert np.array_equal(dialog.pad.density, after)


def test_holding_still_goes_on_spraying(dialog: DrawingDialog, qtbot: QtBot) -> None:
    QTest.mousePress(dialog.pad, LEFT, pos=dialog.pad.to_view(0, 0).toPoint())
    first = dialog.pad.density.max()
    qtbot.waitUntil(lambda: dialog.pad.density.max() > first + 0.1, timeout=3000)
    QTest.mouseRelease(dialog.pad, LEFT, pos=dialog.pad.to_view(0, 0).toPoint())
    assert dialog.undo.count() == 1 and not dialog.pad._spray.isActive()


def test_the_right_button_and_the_eraser_take_away(dialog: DrawingDialog) -> None:
    dialog.begin_with("moons")
    full = dialog.pad.density.sum()
    stroke(dialog.pad, (-0.25, 0.38), button=RIGHT)
    once = dialog.pad.density.sum()
    assert once < full
    dialog.tools.modes.buttons["erase"].click()
    stroke(dialog.pad, (-0.25, 0.38))
    assert dialog.pad.density.sum() < once


def test_size_and_density_of_the_brush_count(dialog: DrawingDialog) -> None:
    def inked(size: float, flow: float) -> tuple[int, float]:
        dialog.pad.clear()
        dialog.tools.brush_size.moved.emit(size)
        dialog.tools.brush_flow.moved.emit(flow)
        stroke(dialog.pad, (0.0, 0.0))
        return int((dialog.pad.density > 0).sum()), float(dialog.pad.density.max())

    small, large, thick = inked(0.05, 0.2), inked(0.15, 0.2), inked(0.05, 0.8)
    assert large[0] > 4 * small[0] and thick[1] > 3 * small[1]


def test_a_keyboard_paints_and_changes_the_brush(dialog: DrawingDialog) -> None:
    pad = dialog.pad
    pad.setFocus()
    QTest.keyPress(pad, Qt.Key.Key_Space)
    pad._spray.stop()
    for _ in range(20):
        QTest.keyClick(pad, Qt.Key.Key_Right)
        pad._spray.stop()
    QTest.keyRelease(pad, Qt.Key.Key_Space)
    middle = pad.density[63]
    x = density.axis(128)
    assert middle[np.abs(x - 0.35).argmin()] > 0.2 and middle[np.abs(x + 0.35).argmin()] == 0
    size = pad.brush_size
    QTest.keyClicks(pad, "]")
    assert pad.brush_size > size and dialog.tools.brush_size.value() == pytest.approx(pad.brush_size)
    QTest.keyClicks(pad, "e")
    assert pad.erasing and dialog.tools.modes.buttons["erase"].isChecked()


@pytest.mark.parametrize("preset", ["ring", "moons"])
def test_a_preset_is_one_step_and_can_be_painted_on(dialog: DrawingDialog, preset: str) -> None:
    dialog.tools.presets[preset].click()
    assert dialog.undo.count() == 1 and 0.5 < dialog.pad.density.max() <= 1
    stroke(dialog.pad, (0.0, 0.0))
    dialog.tools.presets["blank"].click()
    assert dialog.pad.is_empty and dialog.undo.count() == 3
    dialog.undo.undo()
    assert dialog.pad.density[64, 64] > 0.2


def test_clear_is_undone_too(dialog: DrawingDialog) -> None:
    assert not dialog.tools.clear.isEnabled()
    dialog.begin_with("ring")
    dialog.tools.clear.click()
    assert dialog.pad.is_empty
    dialog.tools.undo.click()
    assert not dialog.pad.is_empty


# ---- saving and closing


def test_an_empty_drawing_is_not_saved_and_says_why(dialog: DrawingDialog) -> None:
    saved: list[str] = []
    dialog.saved.connect(lambda path, name: saved.append(path))
    dialog.save_button.click()
    assert dialog.message.text() == EMPTY and dialog.isVisible() and not saved
    stroke(dialog.pad, (0.0, 0.0))
    assert not dialog.message.isVisible(), "what was said goes once it no longer holds"
    dialog.name.setText("   ")
    dialog.save_button.click()
    assert dialog.message.text() == UNNAMED and not saved and not drawn.folder().exists()


def test_a_drawing_is_saved_under_its_name_and_opens_again(dialog: DrawingDialog, qtbot: QtBot) -> None:
    saved: list[tuple[str, str]] = []
    dialog.saved.connect(lambda path, name: saved.append((path, name)))
    dialog.begin_with("moons")
    shown = dialog.pad.density
    dialog.name.setText("Two moons, mine")
    dialog.save_button.click()
    assert saved == [(str(drawn.folder() / "two-moons-mine.npz"), "Two moons, mine")]
    assert not dialog.isVisible() and not boxes()
    assert np.array_equal(drawn.load(saved[0][0]), shown)
    again = DrawingDialog(path=saved[0][0])
    qtbot.addWidget(again)
    assert again.name.text() == "Two moons, mine" and np.array_equal(again.pad.density, shown) and not again.unsaved


def test_replacing_a_drawing_is_asked_first(dialog: DrawingDialog) -> None:
    drawn.save(drawn.folder() / "mine.npz", density.ring_of_blobs(128), "mine")
    dialog.begin_with("moons")
    dialog.name.setText("mine")
    dialog.save_button.click()
    assert len(boxes()) == 1
    answer("Cancel")
    assert dialog.isVisible() and np.array_equal(drawn.load(drawn.folder() / "mine.npz"), density.ring_of_blobs(128))
    dialog.save_button.click()
    answer("Replace")
    assert np.array_equal(drawn.load(drawn.folder() / "mine.npz"), density.two_moons(128))


def test_closing_with_unsaved_strokes_asks_once(dialog: DrawingDialog) -> None:
    stroke(dialog.pad, (0.0, 0.0))
    dialog.close()
    dialog.reject()
    assert dialog.isVisible() and len(boxes()) == 1
    answer("Cancel")
    assert dialog.isVisible()
    dialog.reject()
    answer("Close")
    assert not dialog.isVisible()


def test_closing_without_strokes_asks_nothing(dialog: DrawingDialog) -> None:
    stroke(dialog.pad, (0.0, 0.0))
    dialog.undo.undo()
    dialog.close()
    assert not dialog.isVisible() and not boxes()


def test_a_file_that_cannot_be_read_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"no drawing")
    dialog = DrawingDialog(path=str(bad))
    qtbot.addWidget(dialog)
    dialog.show()
    assert "bad.npz" in dialog.message.text() and dialog.message.isVisible() and dialog.pad.is_empty


def test_a_density_beyond_one_is_brought_back(qtbot: QtBot) -> None:
    drawn.save(drawn.folder() / "strong.npz", 50 * density.two_moons(128), "strong")
    dialog = DrawingDialog(path=str(drawn.folder() / "strong.npz"))
    qtbot.addWidget(dialog)
    assert dialog.pad.density.max() == pytest.approx(1)
    assert np.allclose(dialog.pad.density, density.two_moons(128), atol=1e-6)


def test_everything_that_is_pressed_or_dragged_can_be_reached_and_has_a_name(dialog: DrawingDialog) -> None:
    tools = dialog.tools
    controls = (dialog.pad, tools.undo, tools.redo, tools.clear, tools.brush_size, tools.brush_flow, tools.points)
    for control in (*controls, *tools.presets.values(), dialog.name, dialog.open_button, dialog.save_button):
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName() or control.text()  # type: ignore[attr-defined]
        assert control is dialog.pad or control.toolTip()


def test_both_themes_show_what_is_drawn_on_their_own_ground(dialog: DrawingDialog) -> None:
    grid = density.two_moons(128)
    try:
        for mode in ("dark", "light"):
            theme.set_mode(mode)
            painted = density.picture(grid)
            ground = theme.colour("card")
            assert painted[0, 0].tolist() == [ground.red(), ground.green(), ground.blue()]
            peak = painted[np.unravel_index(int(grid.argmax()), grid.shape)].astype(int)
            assert np.abs(peak - painted[0, 0].astype(int)).sum() > 200
            dialog.begin_with("moons")
            dialog.grab()
    finally:
        theme.set_mode("dark")


# ---- a new run on it


@pytest.fixture
def new_run(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], NewRunDialog]:
    known = fake.catalogue()
    knob = Knob("file", "", "drawing", "a file in which a distribution was saved")
    source = DataInfo("drawn", "Drawn points", "You paint it.", "yours", "Yours", fake.RING, (knob,), ready=False)
    monkeypatch.setattr(fake, "catalogue", lambda: replace(known, data=(*known.data, source)))

    def build() -> NewRunDialog:
        bridge = Bridge(fake.FakeEngine(first_run=False))
        bridge._timer.stop()
        bridge.drain()
        dialog = NewRunDialog(bridge, Settings(tmp_path / "settings.json"))
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return build


def drain(dialog: NewRunDialog) -> None:
    for _ in range(3):
        dialog.bridge.drain()
        QApplication.processEvents()


def test_what_is_drawn_in_the_dialog_is_chosen_for_the_new_run(new_run: Callable[[], NewRunDialog]) -> None:
    dialog = new_run()
    dialog.browser.select("drawn")
    drain(dialog)
    choice = dialog.browser.drawing
    assert choice.isVisible() and not choice.change.isEnabled() and dialog.request() is None
    choice.new.click()
    drawing = choice.dialog
    assert drawing is not None and drawing.isVisible()
    drawing.begin_with("ring")
    drawing.name.setText("Eight blobs")
    drawing.save_button.click()
    drain(dialog)
    request = dialog.request()
    assert request is not None and request.data == "drawn"
    assert request.data_options == {"file": str(drawn.folder() / "eight-blobs.npz")}
    assert request.name.startswith("Eight blobs · ")
    assert dialog.families.count() > 1, "every family of points is offered"


def test_a_drawing_can_be_chosen_from_elsewhere_and_changed(new_run: Callable[[], NewRunDialog]) -> None:
    for name in ("a", "b"):
        drawn.save(drawn.folder() / f"{name}.npz", density.two_moons(128), name.upper())
    dialog = new_run()
    dialog.browser.select_drawing(str(drawn.folder() / "a.npz"))
    drain(dialog)
    request = dialog.request()
    assert request is not None and request.data_options == {"file": str(drawn.folder() / "a.npz")}
    choice = dialog.browser.drawing
    choice.list.setCurrentIndex(choice.list.findText("B"))
    choice.list.activated.emit(choice.list.currentIndex())
    drain(dialog)
    request = dialog.request()
    assert request is not None and request.data_options["file"].endswith("b.npz")
    choice.change.click()
    assert choice.dialog is not None and choice.dialog.name.text() == "B"
    choice.dialog.reject()


def test_other_data_has_no_drawing(new_run: Callable[[], NewRunDialog]) -> None:
    dialog = new_run()
    dialog.browser.select("faces16")
    drain(dialog)
    assert not dialog.browser.drawing.isVisible()
    request = dialog.request()
    assert request is not None and request.data_options == {}
