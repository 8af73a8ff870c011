"""Rows that give way: what goes first, what stays, and that the stage's rows fit the narrowest window."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import CreateRun
from genplay.ui import theme
from genplay.ui.bridge import Bridge
from genplay.ui.giving_row import FOLDED, FoldingButton, GivingRow
from genplay.ui.panel import Panel
from genplay.ui.panels.guidance import GuidancePanel
from genplay.ui.panels.latent import LatentPanel
from genplay.ui.panels.samples import SamplesPanel
from genplay.ui.panels.unfold import UnfoldPanel
from genplay.ui.stage import Stage

NARROW = 538  # the stage in a window of 1100 pixels between sides that are as wide as they begin in a large one
TITLES = ("GAN lab", "Density", "Evaluate", "Compare")


def another(order: int, title: str) -> type[Panel]:
    return type(title, (Panel,), {"name": title, "title": title, "icon": "grid", "order": order})


@pytest.fixture
def stage(qtbot):
    """With eight tabs, a diffusion model selected."""
    theme.set_mode("dark")
    engine = FakeEngine()
    engine.submit(CreateRun("d", "d", "diffusion", "faces16"))
    bridge, undo = Bridge(engine), QUndoStack()
    bridge._timer.stop()
    bridge.drain()
    stage = Stage(bridge, undo)
    qtbot.addWidget(stage)
    for kind in (SamplesPanel, LatentPanel, UnfoldPanel, GuidancePanel):
        stage.add_panel(kind(bridge, undo))
    for order, title in enumerate(TITLES, 60):
        stage.add_panel(another(order, title)(bridge, undo))
    stage.resize(NARROW, 600)
    stage.show()
    stage.set_run(bridge.runs["d"])
    yield stage
    stage.stop()
    bridge.close()


def settle(stage: Stage, width: int) -> None:
    stage.resize(width, 600)
    for _ in range(3):
        QApplication.processEvents()


def visible(row: QWidget) -> list[QWidget]:
    """The buttons and labels in a row, from left to right."""
    found = [w for w in row.findChildren(QPushButton) + row.findChildren(QLabel) if w.isVisible()]
    return sorted(found, key=lambda w: w.mapTo(row, w.rect().topLeft()).x())


def assert_fits(row: QWidget) -> None:
    end = 0
    for widget in visible(row):
        left = widget.mapTo(row, widget.rect().topLeft()).x()
        assert left >= end, widget
        wanted = widget.sizeHint().width() if isinstance(widget, QPushButton) else 0
        assert widget.width() >= wanted, widget
        end = left + widget.width()
    assert end <= row.width()


# ---- the row


@pytest.fixture
def row(qtbot):
    """A label and two buttons, of which the label goes first and the first button last."""
    label, one, two = QLabel("some words of explanation"), _button("Export the picture"), _button("Cancel it all")
    host = QWidget()
    row = GivingRow(lambda: [[label], [two], [one]], 4)
    row.setParent(host)
    for widget in (label, one, two):
        row.row.addWidget(widget)
    qtbot.addWidget(host)
    row.resize(800, 40)
    host.show()
    yield row, label, one, two
    host.hide()


def _button(text: str) -> FoldingButton:
    return FoldingButton(theme.icon("export"), text)


def test_what_matters_least_gives_way_first_and_comes_back_last(row):
    box, label, one, two = row
    full = box.sizeHint().width()
    states = []
    for width in (full, full - 1, full - label.sizeHint().width() - 5, box.minimumSizeHint().width(), full):
        box.resize(width, 40)
        QApplication.processEvents()
        states.append((label.isHidden(), two.folded, one.folded))
    assert states == [
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, True),
        (False, False, False),
    ]
    assert box.minimumSizeHint().width() == 2 * FOLDED + 4


def test_a_longer_text_is_noticed(row):
    box, label, one, _ = row
    box.resize(box.sizeHint().width(), 40)
    one.setText("Export the picture with all that is to be known of it")
    QApplication.processEvents()
    assert label.isHidden() and not one.folded


def test_room_is_kept_for_what_may_come(row):
    box, label, one, two = row
    box.reserved.append(two)
    two.hide()
    box.resize(box.sizeHint().width() - 1, 40)
    QApplication.processEvents()
    assert label.isHidden()
    two.show()
    QApplication.processEvents()
    assert not two.folded and not one.folded


def test_a_folded_button_keeps_its_name_and_shows_only_its_icon(qtbot):
    button = _button("Export")
    qtbot.addWidget(button)
    button.setStyleSheet(theme.style_sheet())
    button.fold(True)
    button.resize(button.sizeHint())
    button.show()
    assert (button.width(), button.text()) == (FOLDED, "Export")
    picture = button.grab().toImage()
    tinted = [x for x in range(picture.width()) if _differs(picture, x)]
    assert tinted and abs((tinted[0] + tinted[-1]) / 2 - (picture.width() - 1) / 2) <= 1, "the icon is in the middle"
    assert tinted[-1] - tinted[0] <= 16


def _differs(picture, x: int) -> bool:
    """Whether a column shows more than the ground, the border left out."""
    ground = picture.pixelColor(6, picture.height() // 2)
    return any(picture.pixelColor(x, y) != ground for y in range(4, picture.height() - 4)) and 3 < x < FOLDED - 4


# ---- the stage


@pytest.mark.parametrize("width", [512, NARROW, 640, 880])
@pytest.mark.parametrize("tab", ["samples", "unfold", "guidance", "Compare"])
def test_all_tabs_and_buttons_fit(stage, width, tab):
    assert stage.choose(tab)
    stage._watch.stop()  # nothing is really under way
    stage.progress.show_share(0.5)
    if tab == "unfold":
        stage.current().again.setVisible(True)
    settle(stage, width)
    assert stage.width() == width
    assert_fits(stage._tab_row)
    assert_fits(stage._title_row)
    assert all(button.isVisible() for button in (*stage.tabs.values(), stage.progress.button, stage.export))


def test_the_chosen_tab_keeps_its_name(stage):
    settle(stage, NARROW)
    for name in ("unfold", "Density"):
        stage.choose(name)
        settle(stage, NARROW)
        assert [n for n, tab in stage.tabs.items() if not tab.folded] == [name]


def test_nothing_moves_when_cancel_comes(stage):
    stage.choose("unfold")
    stage._watch.stop()
    for width in range(520, 900, 20):
        settle(stage, width)
        before = {name: tab.geometry() for name, tab in stage.tabs.items()}, stage.export.geometry()
        stage.progress.show_share(0.5)
        settle(stage, width)
        assert ({name: tab.geometry() for name, tab in stage.tabs.items()}, stage.export.geometry()) == before
        stage.progress.hide()


def test_a_wide_stage_shows_all_words(stage):
    stage.choose("unfold")
    settle(stage, 1400)
    assert not any(tab.folded for tab in stage.tabs.values())
    assert stage.hint.isVisible() and stage.title.isVisible()
    assert not stage.export.folded and not stage.current().save.folded


def test_a_panel_that_is_not_in_front_does_not_widen_the_stage(stage):
    stage.panel("latent").setMinimumWidth(2000)
    assert stage.minimumSizeHint().width() <= 512


def test_a_folded_tab_says_its_name_in_its_tooltip(stage):
    stage.set_run(None)
    assert all(tab.toolTip().startswith(stage.panel(name).title) for name, tab in stage.tabs.items())
