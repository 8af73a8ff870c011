"""What moves under the hand draws little anew and lays nothing out anew: the drag benchmark depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from unfold_rig import Rig

from genplay.ui.unfold import branching
from genplay.ui.views.curve_editor import CurveEditor
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.labelled_grid import LabelledGrid


class Watch(QObject):
    """The rectangles painted of a widget, and how often it was laid out anew."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.painted: list[QRect] = []
        self.layouts = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.painted.append(event.rect())
        self.layouts += event.type() == QEvent.Type.LayoutRequest
        return False


@contextmanager
def watched(widget: QWidget) -> Iterator[Watch]:
    """What happens to a shown widget within, events handled before and after."""
    QApplication.processEvents()
    watch = Watch(widget)
    yield watch
    QApplication.processEvents()
    widget.removeEventFilter(watch)


def shown(qtbot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_a_marker_moves_without_the_pictures(qtbot):
    grid = LabelledGrid()
    grid.set_cells(np.zeros((4, 4, 4, 3), np.uint8), ("one", "two"), ("a", "b"))
    shown(qtbot, grid)
    with watched(grid) as watch:
        grid.set_marker(1.0)
    assert watch.painted and all(rect.right() < grid.cell_rect(0, 0).left() for rect in watch.painted)


def test_the_places_of_a_grid_follow_its_size_and_its_headings(qtbot):
    grid = LabelledGrid()
    grid.set_cells(np.zeros((4, 4, 4, 3), np.uint8), ("one", "two"), ("a", "b"))
    shown(qtbot, grid)
    before = grid.cell_rect(1, 1)
    grid.resize(600, 500)
    assert grid.cell_rect(1, 1).width() > before.width()
    left = grid.cell_rect(0, 0).left()
    grid.set_cells(np.zeros((4, 4, 4, 3), np.uint8), ("a much longer heading", "two"), ("a", "b"))
    assert grid.cell_rect(0, 0).left() > left


def test_only_the_words_of_the_curve_follow_the_scale(qtbot):
    editor = shown(qtbot, CurveEditor())
    editor.set_curve((), (1.0, 0.0), 2.0)
    with watched(editor) as watch:
        editor.set_curve((), (1.0, 0.0), 3.0)
    assert watch.painted and all(rect.bottom() < editor.frame().top() for rect in watch.painted)
    with watched(editor) as watch:
        editor.set_curve((), (0.8, 0.0), 3.0)
    assert any(rect.contains(editor.frame().toRect()) for rect in watch.painted)


def test_another_line_lays_nothing_out_anew(qtbot):
    host, line = QWidget(), ElidedLabel()
    QVBoxLayout(host).addWidget(line)
    shown(qtbot, host)
    with watched(host) as watch:
        line.setText("a line that is a good deal longer than nothing")
    assert watch.layouts == 0 and watch.painted
    assert (line.text(), line.accessibleName()) == ("a line that is a good deal longer than nothing",) * 2
    assert line.sizeHint().width() > 100


@pytest.fixture
def forked(qtbot):
    """Two branches of a tape of faces, both at an earlier step."""
    rig = Rig(qtbot)
    rig.select("faces_d")
    rig.drain(60)
    rig.panel.timeline.step(-len(rig.session.shots) // 2)
    branching.fork(rig.session, seed=rig.session.state.seed + 1)
    rig.drain(60)
    assert len(rig.session.tapes) == 2
    return rig


@pytest.mark.parametrize("part", ["panel", "inspector"])
def test_another_branch_is_only_drawn(forked, part):
    rows = forked.panel.below.branches.rows
    QTest.mouseClick(rows[1], Qt.MouseButton.LeftButton)
    QTest.mouseClick(rows[0], Qt.MouseButton.LeftButton)
    forked.drain(3)
    words = forked.inspector.about.text()
    places = [w.geometry() for w in forked.inspector.findChildren(QWidget) if w.isVisible()]
    with watched(getattr(forked, part)) as watch:
        QTest.mouseClick(rows[1], Qt.MouseButton.LeftButton)
    assert forked.session.tape is rows[1].tape
    assert watch.layouts <= (1 if part == "inspector" else 0), "the inspector's first line is another one"
    assert forked.inspector.about.text() != words
    assert [w.geometry() for w in forked.inspector.findChildren(QWidget) if w.isVisible()] == places


def test_the_focus_stays_in_the_row_when_the_tape_ends(forked):
    panel = forked.panel
    for button in forked.actions:
        button.show()
    panel.timeline.step(len(forked.session.shots) - 2 - forked.session.position)
    panel.forward.setFocus()
    assert panel.forward.isEnabled()
    wanted = []
    panel.play.setFocus = lambda *reason: wanted.append("play")
    panel.forward.hasFocus = lambda: True
    panel.timeline.step(1)
    assert not panel.forward.isEnabled() and wanted == ["play"]
