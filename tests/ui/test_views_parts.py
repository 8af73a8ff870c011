from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract.fake_engine import FakeEngine
from genplay.contract.requests import Control, CreateRun
from genplay.contract.results import FilmFrame, Notice
from genplay.ui.bridge import Bridge
from genplay.ui.views.bars import Bars
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.empty import EmptyState
from genplay.ui.views.filmstrip import MOST, Filmstrip, insert, mosaic_side, thumbnail
from genplay.ui.views.notice import NoticeBar

LEFT = Qt.MouseButton.LeftButton
TINT = QColor("#E69F00")


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge(FakeEngine())
    bridge._timer.stop()
    yield bridge
    bridge.stop()


@pytest.fixture
def film(bridge: Bridge, qtbot: QtBot) -> Filmstrip:
    film = Filmstrip(bridge)
    qtbot.addWidget(film)
    bridge.drain()
    film.set_run(bridge.runs["faces"])
    bridge.engine.submit(Control("faces", Control.PLAY))
    for _ in range(60):
        bridge.drain()
    film.resize(900, 110)
    film.show()
    qtbot.waitExposed(film)
    return film


def frame(step: int, reset: bool = False, keep: bool = True) -> FilmFrame:
    return FilmFrame("faces", step, np.zeros((9, 4, 4, 3), np.uint8), reset, keep)


def test_frames_are_kept_in_order_and_reset_drops_them() -> None:
    frames: list[FilmFrame] = []
    for step in (10, 30, 20, 40):
        insert(frames, frame(step))
    assert [f.step for f in frames] == [10, 20, 30, 40]
    insert(frames, frame(41, keep=False))
    assert [f.step for f in frames] == [10, 20, 30, 40]
    insert(frames, frame(0, reset=True))
    assert [f.step for f in frames] == [0]
    insert(frames, frame(0, reset=True, keep=False))
    assert frames == []


def test_a_long_film_is_thinned_but_keeps_its_ends() -> None:
    frames: list[FilmFrame] = []
    for step in range(1000):
        insert(frames, frame(step))
    assert len(frames) <= MOST
    assert frames[0].step == 0
    assert frames[-1].step == 999


@pytest.mark.parametrize(("side", "k"), [(16, 2), (28, 2), (32, 2), (64, 1), (128, 1), (20, 3)])
def test_mosaic_fills_the_thumbnail(side: int, k: int) -> None:
    assert mosaic_side(side, side, 9) == k
    assert thumbnail(np.zeros((9, side, side, 1), np.uint8), TINT).width() == k * side


def test_thumbnails_fit_the_width_and_span_the_film(film: Filmstrip) -> None:
    strip, n = film.strip, len(film.frames())
    shown = strip.slots()
    assert n >= 5
    assert shown[0] == 0
    assert shown[-1] == n - 1
    assert strip.now_x() < strip.width()
    strip.resize(300, strip.height())
    assert 1 <= len(strip.slots()) < n
    assert strip.slots()[-1] == n - 1


def test_dragging_the_slider_goes_back_in_time_and_to_now(film: Filmstrip) -> None:
    chosen: list[FilmFrame | None] = []
    film.frame_chosen.connect(chosen.append)
    strip = film.strip
    y = strip.height() - 10
    QTest.mousePress(strip, LEFT, pos=QPoint(round(strip.frame_x(1)), y))
    QTest.mouseMove(strip, QPoint(round(strip.frame_x(3)), y))
    QTest.mouseMove(strip, QPoint(round(strip.now_x()), y))
    QTest.mouseRelease(strip, LEFT, pos=QPoint(round(strip.now_x()), y))
    frames = film.frames()
    assert chosen == [frames[1], frames[3], None]


def test_arrow_keys_step_through_the_film(film: Filmstrip) -> None:
    chosen: list[FilmFrame | None] = []
    film.frame_chosen.connect(chosen.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(film.strip, key)
    frames = film.frames()
    assert chosen == [frames[-1], frames[-2], frames[0], None]


def test_another_run_starts_at_now(film: Filmstrip, bridge: Bridge) -> None:
    film.strip.choose(film.frames()[0])
    bridge.engine.submit(CreateRun("b", "Other", "vae", "ring"))
    bridge.drain()
    film.set_run(bridge.runs["b"])
    assert film.strip.chosen is None
    assert [f.run_id for f in film.strip.frames] == ["b"]
    image = thumbnail(film.frames()[0].x, TINT)
    assert TINT.rgb() in {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}


def test_restart_sends_the_slider_to_now(film: Filmstrip, bridge: Bridge) -> None:
    film.strip.choose(film.frames()[-1])
    bridge.engine.submit(Control("faces", Control.RESTART))
    bridge.drain()
    assert film.strip.chosen is None
    assert film.frames()[0].step == 0


def test_film_is_exported_as_an_animation(film: Filmstrip, qtbot: QtBot) -> None:
    with qtbot.waitSignal(film.export_wanted) as wanted:
        film.export.click()
    exhibit = wanted.args[0]
    assert exhibit.kind == "animation"
    assert exhibit.x.shape == (len(film.frames()), 9, 16, 16, 3)
    assert exhibit.arrays["steps"].tolist() == [f.step for f in film.frames()]


def test_bars_under_the_threshold_are_dim_and_hover_names_one(qtbot: QtBot) -> None:
    bars = Bars(title="KL by dimension")
    qtbot.addWidget(bars)
    bars.resize(300, 140)
    bars.show()
    bars.set_bars([2.0, 0.1, float("nan")], ["z0", "z1", "z2"], threshold=0.5, label="free bits", unit="nats")
    assert bars.values == (2.0, 0.1, 0.0)
    tall, short = bars.bar_rect(0), bars.bar_rect(1)
    assert tall.height() == pytest.approx(20 * short.height(), rel=0.05)
    seen = bars.grab().toImage()
    place = tall.center().toPoint()
    assert seen.pixelColor(place) != seen.pixelColor(short.center().toPoint())
    assert bars.index_at(tall.center()) == 0
    with qtbot.waitSignal(bars.clicked) as clicked:
        QTest.mouseClick(bars, LEFT, pos=short.center().toPoint())
    assert clicked.args == [1]


def test_horizontal_bars_take_a_row_each(qtbot: QtBot) -> None:
    bars = Bars(horizontal=True)
    qtbot.addWidget(bars)
    bars.resize(300, 400)
    bars.set_bars(range(1, 7), [f"z{i}" for i in range(6)])
    assert bars.bar_rect(5).width() == pytest.approx(6 * bars.bar_rect(0).width())
    assert bars.bar_rect(5).bottom() <= bars.height()


def test_notice_shows_its_knobs_and_can_be_put_away(bridge: Bridge, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QPushButton

    bridge.drain()
    assert bridge.catalogue is not None
    family = bridge.catalogue.family("vae")
    notice = Notice("warn", "Idle dimensions", "3 of 16 are active.", ("beta",))
    run = replace(bridge.runs["faces"], notices=(notice,))
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.set_run(bridge.runs["faces"], family)
    assert not bar.isVisibleTo(None)
    bar.set_run(run, family)
    assert bar.isVisibleTo(None)
    chip, close = bar.findChildren(QPushButton)
    with qtbot.waitSignal(bar.knob_wanted) as wanted:
        chip.click()
    assert wanted.args == ["beta"]
    later = replace(run, notices=(replace(notice, text="4 of 16 are active."),))
    bar.set_run(later, family)
    assert bar._texts["Idle dimensions"].text() == "4 of 16 are active."
    close.click()
    bar.set_run(run, family)
    assert bar.notices == ()
    bar.set_run(replace(run, run_id="other"), family)
    assert bar.notices == (notice,)


def test_notice_in_a_narrow_place_says_its_first_sentence_above_its_knobs(bridge: Bridge, qtbot: QtBot) -> None:
    bridge.drain()
    text = "Only 3 of 16 dimensions are active. Some free bits bring the others back."
    run = replace(bridge.runs["faces"], notices=(Notice("warn", "Idle dimensions", text, ("beta", "free_bits")),))
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.set_run(run)
    bar.resize(500, 100)
    bar.show()
    label = bar._texts["Idle dimensions"]
    assert label.text() == "Only 3 of 16 dimensions are active."
    assert label.toolTip() == text
    assert bar.heightForWidth(500) <= 110
    bar.resize(1100, 100)
    assert label.text() == text


def test_a_line_gives_way_with_an_ellipsis(qtbot: QtBot) -> None:
    line = ElidedLabel()
    qtbot.addWidget(line)
    line.setText("64 samples of the selected run")
    line.resize(400, 20)
    assert line.shown() == line.text()
    line.resize(60, 20)
    assert line.shown().endswith("…")


def test_empty_state_offers_what_to_do(qtbot: QtBot) -> None:
    empty = EmptyState("latent", "Train a model.", "Train")
    qtbot.addWidget(empty)
    with qtbot.waitSignal(empty.pressed):
        empty.button.click()
    assert not EmptyState("latent", "Nothing here yet.").button.isVisibleTo(None)
