"""The Density panel on pictures: sets, extremes and the map of one picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_density_panel import Rig

from genplay.contract import requests as rq
from genplay.ui.density import words
from genplay.ui.density.pictures_part import QUICK, SLOW
from genplay.ui.density.state import DensityState

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    rig.engine.submit(rq.CreateRun("df", "Faces · diffusion", "diffusion", "faces16"))
    rig.drain(2)
    yield rig
    rig.panel.deactivate()
    rig.bridge.stop()


@pytest.fixture
def faces(rig: Rig) -> Rig:
    rig.select("faces")
    return rig


def test_sets_are_measured_at_once_and_told(faces: Rig) -> None:
    part = faces.panel.pictures
    assert part.isVisible()
    assert faces.asked(rq.CompareLikelihoods) == [rq.CompareLikelihoods(QUICK)]
    assert part.rows.names == ("held-out", "training", "Fashion", "inverted", "constant", "noise")
    assert faces.text("held-out") == f"{part.rows.told(0)} bits"
    assert "finds constant more likely than held-out data: likelihood is not sample quality" in part.told.text()
    assert "bound" in faces.inspector.meaning.text()


def test_the_most_and_the_least_likely_are_shown(faces: Rig) -> None:
    part = faces.panel.pictures
    bits = part.found.bits.ravel()
    order = np.argsort(bits, kind="stable")
    np.testing.assert_array_equal(part.grids[0].images, part.found.x[order[:12]])
    np.testing.assert_array_equal(part.grids[1].images, part.found.x[order[::-1][:12]])
    QTest.mouseClick(part.rows, LEFT, pos=QPoint(20, round(14 + 1.5 * part.rows.row_height())))
    assert faces.session.state == DensityState(group=1)
    n = part.found.bits.shape[1]
    best = n + int(part.found.bits[1].argmin())
    np.testing.assert_array_equal(part.grids[0].images[0], part.found.x[best])
    faces.undo.undo()
    assert faces.session.state.group == -1


def test_rows_by_keyboard(faces: Rig) -> None:
    rows = faces.panel.pictures.rows
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Down)
    assert faces.session.state.group == 0
    QTest.keyClick(rows, Qt.Key.Key_Up)
    assert faces.session.state.group == -1
    QTest.keyClick(rows, Qt.Key.Key_Up)
    assert faces.session.state.group == 5


def test_a_picture_shows_where_its_bits_are(faces: Rig) -> None:
    part = faces.panel.pictures
    assert len(faces.asked(rq.MapLikelihood)) == 1, "the most likely one to begin with"
    part.grids[1].clicked.emit(2)
    faces.drain()
    asked = faces.asked(rq.MapLikelihood)[-1]
    np.testing.assert_array_equal(asked.x, part.found.x[part._ranks[1][2]])
    np.testing.assert_array_equal(part.picture.image, asked.x)
    assert part.heat._values is part.map.bits
    assert "blurred" in part.words.text()
    assert (part.grids[0].selected, part.grids[1].selected) == (-1, 2)


def test_a_slow_model_is_asked_for_few_and_its_map_is_of_the_bound(rig: Rig) -> None:
    rig.select("df")
    assert rig.asked(rq.CompareLikelihoods)[-1].n == SLOW
    assert "variational bound" in rig.panel.pictures.words.text()
    assert "probability-flow" in rig.inspector.meaning.text()


def test_what_trains_is_measured_again_at_the_press_of_a_key(faces: Rig) -> None:
    faces.engine._advance(faces.engine.runs["faces"], 10)
    faces.drain()
    assert len(faces.asked(rq.CompareLikelihoods)) == 1
    faces.panel.pictures.rows.setFocus()
    QTest.keyClick(faces.panel.pictures.rows, Qt.Key.Key_M)
    faces.drain()
    assert len(faces.asked(rq.CompareLikelihoods)) == 2
    assert f"step {faces.bridge.runs['faces'].step:,}" in faces.panel.pictures.told.text()


def test_a_gan_of_pictures_is_told_why_there_is_none(rig: Rig) -> None:
    rig.select("gf")
    assert rig.panel._empty.isVisible()
    assert rig.panel._empty.text == words.OF_GAN
    assert not rig.asked(rq.CompareLikelihoods)
    assert rig.panel.exhibit() is None


def test_another_set_is_chosen_from_what_comes_with_the_program(faces: Rig) -> None:
    faces.inspector._fill()
    other = faces.inspector.other
    assert [other.itemData(i) for i in range(other.count())] == ["", "faces16"]
    other.setCurrentIndex(1)
    other.activated.emit(1)
    faces.drain()
    assert faces.asked(rq.CompareLikelihoods)[-1].other == "faces16"
    assert faces.undo.undoText() == "compare with another set"


def test_the_exhibit_is_a_row_a_set_with_the_bits(faces: Rig) -> None:
    exhibit = faces.panel.exhibit()
    found = faces.panel.pictures.found
    assert exhibit is not None
    assert (exhibit.kind, exhibit.columns) == ("grid", QUICK)
    np.testing.assert_array_equal(exhibit.x, found.x)
    np.testing.assert_array_equal(exhibit.arrays["bits"], found.bits)
    assert exhibit.question == rq.CompareLikelihoods(QUICK)


def test_a_recipe_restores_the_question(faces: Rig) -> None:
    faces.panel.restore({"group": 4}, rq.CompareLikelihoods(64, "faces16", seed=3))
    assert faces.session.state == DensityState(seed=3, group=4, other="faces16")
    faces.drain()
    assert faces.asked(rq.CompareLikelihoods)[-1] == rq.CompareLikelihoods(64, "faces16", seed=3)
    for damaged in ({"group": 6}, {"group": True}, {"other": 3}, {"other": "x" * 99}):
        assert DensityState.from_plain(damaged, DensityState(group=2)) == DensityState(group=2)


def test_leaving_in_the_middle_asks_again_on_return(rig: Rig) -> None:
    rig.selected = "faces"
    rig.panel.set_run(rig.bridge.runs["faces"])
    rig.panel.activate()
    rig.panel.deactivate()
    assert rq.Cancel("density.sets") in rig.engine.submitted
    rig.drain()
    assert rig.panel.pictures.answer is None
    rig.panel.activate()
    rig.drain()
    assert rig.panel.pictures.answer is not None


def test_far_off_sets_are_drawn_by_factors(faces: Rig) -> None:
    rows = faces.panel.pictures.rows
    rows.set_bits(("a", "b"), np.array([[4.0, 4.1], [300.0, 310.0]]))
    assert rows.axis().log
    rows.set_bits(("a", "b"), np.array([[-4.0, 4.1], [300.0, 310.0]]))
    assert rows.axis().high < 60
    assert rows.row_at(QPointF(5, 2)) == -1
    rows.grab()
