"""The views of the GAN lab by themselves: level lines, colours, sentence, bars, figures, strip, canvas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QLineF, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from genplay.contract import fake_gan
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.fake_engine import RING
from genplay.ui import theme
from genplay.ui.views import game_colours as colours
from genplay.ui.views.batches import draw_lines, draw_pictures, sprite
from genplay.ui.views.contour import level_lines
from genplay.ui.views.game_canvas import GameCanvas
from genplay.ui.views.game_layers import LONGEST, arrows, covered_by
from genplay.ui.views.pixels import to_pixels
from genplay.ui.views.readout import Readout, Row
from genplay.ui.views.sentence import LINE, Sentence
from genplay.ui.views.share_bars import ShareBars
from genplay.ui.views.snapshot_strip import NOW, SnapshotStrip

LEFT = Qt.MouseButton.LeftButton


def game(step: int = 50, **asked: int) -> rs.Game:
    run = rs.RunState("g", "g", "gan", "ring", "", RING, "paused", step=step, config=fake_gan.config())
    return next(fake_gan.answers(rq.LookAtGame())(run, rq.LookAtGame(**asked)))


# ---- level lines


def test_the_level_line_of_a_distance_is_a_circle() -> None:
    axis = np.linspace(-1.4, 1.4, 48)
    x, y = np.meshgrid(axis, axis[::-1])
    lines = level_lines(np.hypot(x, y), 0.7, 1.4)
    assert np.abs(np.linalg.norm(lines, axis=-1) - 0.7).max() < 5e-3
    assert np.linalg.norm(lines[:, 1] - lines[:, 0], axis=-1).sum() == pytest.approx(2 * np.pi * 0.7, rel=0.01)


def test_the_first_row_of_a_field_is_at_the_top() -> None:
    field = np.repeat(np.linspace(1, -1, 21)[:, None], 21, axis=1)  # grows upwards
    lines = level_lines(field, 0.5, 2.0)
    assert np.allclose(lines[..., 1], 1.0)


def test_a_field_that_never_reaches_the_level_has_no_line() -> None:
    assert level_lines(np.ones((8, 8)), 3.0, 1.0).shape == (0, 2, 2)


# ---- colours


def test_blue_is_real_red_is_generated_and_the_threshold_is_the_ground() -> None:
    image = colours.field_image(np.array([[5.0, 0.5, -4.0]]), 0.5, 1.0)
    real, edge, fake = (image.pixelColor(column, 0) for column in range(3))
    assert real.blue() > real.red() + 40 and fake.red() > fake.blue() + 20
    assert edge == theme.colour("card")


def test_scores_that_are_not_finite_count_as_undecided_or_extreme() -> None:
    image = colours.field_image(np.array([[np.nan, np.inf]]), 0.0, 1.0)
    assert image.pixelColor(0, 0) == theme.colour("card")
    assert np.isfinite(colours.scale_of(np.array([[np.nan, 1.0]]), 0.0))


@pytest.mark.parametrize("ground", ["#f6f7f9", "#0f1115"])
@pytest.mark.parametrize("tint", [colours.REAL, colours.GENERATED, colours.GHOST])
def test_words_in_the_colours_of_layers_can_be_read(tint: str, ground: str) -> None:
    assert colours._contrast(colours.legible(tint, QColor(ground)), QColor(ground)) >= 4.5


def test_an_undecided_discriminator_is_drawn_undecided() -> None:
    assert colours.scale_of(np.full((4, 4), 0.01), 0.0) >= 0.5


# ---- arrows


def test_arrows_follow_the_gradient_and_none_is_too_long() -> None:
    generator = np.random.default_rng(0)
    x, gradient = generator.normal(size=(500, 2)), generator.normal(size=(500, 2))
    found = arrows(x, gradient)
    way = found[:, 1] - found[:, 0]
    assert 100 <= len(found) <= 140
    assert np.linalg.norm(way, axis=1).max() <= LONGEST + 1e-9
    every = -(-500 // 140)
    assert np.all((way * gradient[::every]).sum(axis=1) > 0)


def test_weak_gradients_have_short_arrows_and_broken_ones_none() -> None:
    x = np.zeros((3, 2))
    gradient = np.array([[0.1, 0.0], [np.nan, 0.0], [0.0, 0.0]])
    [arrow] = arrows(x, gradient, steep=1.0)
    assert np.linalg.norm(arrow[1] - arrow[0]) == pytest.approx(0.1 * LONGEST)


# ---- the canvas


def test_a_game_is_drawn_once_however_often_it_is_painted(qtbot: QtBot) -> None:
    canvas = GameCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(500, 300)
    canvas.set_game(game())
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.grab()
    before = canvas.renders
    for x in range(40, 400, 40):
        QTest.mouseMove(canvas, QPoint(x, 150))
        canvas.repaint()
    assert canvas.renders == before
    canvas.set_game(game(60))
    qtbot.waitUntil(lambda: canvas.renders == before + 1)


def test_games_in_quick_succession_are_drawn_in_bits_and_the_newest_is_what_stays(qtbot: QtBot) -> None:
    canvas = GameCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(500, 300)
    canvas.set_game(game())
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.grab()
    before = _as_shown(canvas)
    for n in (60, 70, 80):
        canvas.set_game(game(n))
        assert np.array_equal(_as_shown(canvas), before)  # until the new one is complete
    qtbot.waitUntil(lambda: not canvas._slices.isActive())
    assert not np.array_equal(_as_shown(canvas), before)
    assert np.array_equal(_as_shown(canvas), to_pixels(canvas._render(1.0)))


def _as_shown(canvas: GameCanvas) -> np.ndarray:
    """The picture on show, without the pointer's findings."""
    assert canvas._picture is not None
    return to_pixels(canvas._picture)


def test_the_wheel_zooms_about_the_pointer_and_double_click_comes_back(qtbot: QtBot) -> None:
    canvas = GameCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(500, 300)
    canvas.set_game(game())
    place = canvas.rect().toRectF().topLeft() + QPoint(330, 90)
    held = canvas.plane().data(place)
    canvas._zoom_about(2.0, place)
    assert np.allclose(canvas.plane().data(place), held) and canvas._zoom == 2.0
    QTest.mouseDClick(canvas, LEFT, pos=QPoint(50, 50))
    assert canvas._zoom == 1.0 and canvas._centre == (0.0, 0.0)


def test_the_picture_for_export_is_twice_as_sharp(qtbot: QtBot) -> None:
    canvas = GameCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.set_game(game(lines=13, unroll=5))
    assert canvas.picture().shape == (400, 600, 3)


def test_a_game_with_numbers_that_are_not_finite_is_drawn_all_the_same(qtbot: QtBot) -> None:
    canvas = GameCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    broken = game()
    for array in (broken.x, broken.field, broken.gradient, broken.score_x):
        array[:3] = np.nan
    canvas.set_game(broken)
    canvas.grab()
    assert canvas.point_at(canvas.rect().toRectF().center())[1] >= -1


# ---- the sentence


def sentence(qtbot: QtBot) -> Sentence:
    tints = {name: lambda: theme.colour("text") for name in ("a", "b")}
    made = Sentence(("The", ("a", "first word"), " and then", ("b", "the second one"), ". End."), tints)
    qtbot.addWidget(made)
    return made


def test_words_wrap_within_the_width_and_take_more_lines_where_it_is_narrow(qtbot: QtBot) -> None:
    made = sentence(qtbot)
    assert made.heightForWidth(2000) < LINE * 2 < made.heightForWidth(180)
    made.resize(180, made.heightForWidth(180))
    for button in made.buttons.values():
        assert button.x() >= 0 and button.geometry().right() <= 180
        assert button.geometry().bottom() <= made.height()


def test_other_words_on_a_button_move_what_follows(qtbot: QtBot) -> None:
    made = sentence(qtbot)
    made.resize(2000, 30)
    before = made.buttons["b"].x()
    made.set_words("a", "a much longer first word")
    assert made.buttons["b"].x() > before + 40


# ---- bars, figures, strip


def test_bars_keep_within_their_frame_and_tell_themselves(qtbot: QtBot) -> None:
    bars = ShareBars()
    qtbot.addWidget(bars)
    bars.resize(260, 126)
    bars.set_shares(("a", "b", "c"), (0.9, 0.1, 0.0), (1 / 3,) * 3, (True, True, False))
    heights = [bars.bar_rect(i).height() for i in range(3)]
    assert heights[0] > heights[1] > heights[2] >= 1 and bars.bar_rect(0).top() >= bars._frame().top()
    assert "a 90 %" in bars.accessibleDescription()
    bars.set_shares(("one",), (1.0,), (1.0,), (True,))
    bars.grab()


def test_figures_that_change_lay_nothing_out_anew(qtbot: QtBot) -> None:
    readout = Readout()
    qtbot.addWidget(readout)
    readout.set_rows([Row("a", ("1",)), Row("b", ("2",))])
    height = readout.sizeHint().height()
    readout.set_rows([Row("a", ("1.5", "9"), ("good", "bad")), Row("b", ("2",))])
    assert readout.sizeHint().height() == height and readout.text("a") == ("1.5", "9")
    readout.resize(260, height)
    readout.grab()


def test_the_handle_snaps_to_snapshots_and_to_the_present(qtbot: QtBot) -> None:
    strip = SnapshotStrip()
    qtbot.addWidget(strip)
    strip.resize(420, 30)
    strip.set_snapshots((0, 100, 200), 250)
    assert [strip.snapshot_at(strip._x(step)) for step in (0, 90, 130, 240)] == [0, 100, 100, NOW]
    with qtbot.waitSignal(strip.released) as released:
        QTest.mouseClick(strip, LEFT, pos=QPoint(round(strip._x(100)), 20))
    assert released.args == [100] and strip.at == 100
    strip.set_snapshots((0,), 50)  # the run went back: what the handle was at is gone
    assert strip.at == NOW


def test_a_strip_without_snapshots_has_nothing_to_drag(qtbot: QtBot) -> None:
    strip = SnapshotStrip()
    qtbot.addWidget(strip)
    QTest.mouseClick(strip, LEFT, pos=QPoint(30, 20))
    strip.nudge(-1)
    strip.grab()
    assert strip.at == NOW


# ---- many at once


def canvas_of(draw) -> np.ndarray:
    image = QImage(120, 80, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setPen(QColor("white"))
    draw(painter)
    painter.end()
    return to_pixels(image)


def test_dots_drawn_at_once_are_those_drawn_one_by_one(qtbot: QtBot) -> None:
    places = np.random.default_rng(0).uniform(10, 70, (40, 2))
    dot = sprite(QColor("#E69F00").rgba(), 4.6, 1.0)
    half = dot.width() / 2

    def one_by_one(painter: QPainter) -> None:
        for x, y in (places - half).tolist():
            painter.drawPixmap(QPointF(x, y), dot)

    broken = np.concatenate([places, [[np.nan, 3.0], [np.inf, 0.0]]])
    together = canvas_of(lambda painter: draw_pictures(painter, broken, dot))
    assert together.any() and np.array_equal(together, canvas_of(one_by_one))


def test_lines_drawn_at_once_are_those_drawn_one_by_one(qtbot: QtBot) -> None:
    ends = np.random.default_rng(1).uniform(5, 75, (30, 2, 2))
    lines = [QLineF(*flat) for flat in ends.reshape(-1, 4).tolist()]
    together = canvas_of(lambda painter: draw_lines(painter, ends))
    assert together.any() and np.array_equal(together, canvas_of(lambda painter: painter.drawLines(lines)))


def test_nothing_is_drawn_of_nothing(qtbot: QtBot) -> None:
    dot = sprite(QColor("white").rgba(), 4.6, 1.0)
    assert not canvas_of(lambda painter: draw_pictures(painter, np.zeros((0, 2)), dot)).any()
    assert not canvas_of(lambda painter: draw_lines(painter, np.zeros((0, 2, 2)))).any()


def test_a_saddle_has_two_lines() -> None:
    lines = level_lines(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.5, 1.0)
    assert lines.shape == (2, 2, 2)
    assert {tuple(sorted(map(tuple, line))) for line in lines.tolist()} == {
        ((-1.0, 0.0), (0.0, 1.0)),
        ((0.0, -1.0), (1.0, 0.0)),
    }


def test_circles_follow_the_points_on_show_not_the_older_measures() -> None:
    centres = np.array([[0.0, 0.0], [1.0, 0.0]])
    half, stale = np.full(2, 0.5), np.array([False, True])
    measured = rs.Modes(("0", "1"), half, half, stale, 1.0, 0.0, 1.0, 1.0, 1.0, 100, centres, np.full(2, 0.1))
    x = np.zeros((100, 2), np.float32)
    assert covered_by(x, measured).tolist() == [True, False]
    x[:2] = (1.0, 0.05)
    assert covered_by(x, measured).tolist() == [True, True]
