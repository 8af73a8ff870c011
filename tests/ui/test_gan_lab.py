"""The GAN lab on the fake engine: layers, players, following, rewinding, forks, two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import numpy as np
import pytest
from gan_rig import Rig
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from genplay.contract import fake_gan
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.fake_engine import RING, FakeEngine
from genplay.ui.bridge import Bridge
from genplay.ui.gan import remedies, words
from genplay.ui.gan.state import LAYERS, GanState
from genplay.ui.inspector import Inspector
from genplay.ui.panels.gan_lab import EMPTY, GanLabPanel
from genplay.ui.views.snapshot_strip import NOW

LEFT = Qt.MouseButton.LeftButton
KEEP = 80  # the last snapshot before the fake's collapse at step 100


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot)
    yield rig
    rig.close()


@pytest.fixture
def collapsed(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig(qtbot, steps=200)
    yield rig
    rig.close()


def key(rig: Rig, key: Qt.Key) -> None:
    rig.panel.setFocus()
    QTest.keyClick(rig.panel, key)
    rig.drain()


def colour_at(rig: Rig, point: np.ndarray) -> tuple[int, int, int]:
    """The colour on screen at a point of the plane."""
    x, y = rig.canvas.plane().place(point)
    return rig.canvas.grab().toImage().pixelColor(round(float(x)), round(float(y))).getRgb()[:3]


# ---- which runs it serves


def test_without_a_run_it_says_what_to_do(qtbot: QtBot) -> None:
    bridge = Bridge(FakeEngine(first_run=False))
    bridge.stop()
    panel = GanLabPanel(bridge, QUndoStack())
    qtbot.addWidget(panel)
    for widget in panel.actions():
        qtbot.addWidget(widget)
        assert widget.isEnabled() == (widget is panel.draw)  # data can be drawn at any time
    assert panel.pages.currentWidget() is panel._empty and panel._empty.text == EMPTY
    assert panel.exhibit() is None and panel.state() == {}


def test_a_run_without_a_discriminator_closes_it_with_a_sentence(rig: Rig) -> None:
    assert rig.panel.closed_because(rig.run) == ""
    assert "it has no discriminator" in rig.panel.closed_because(rig.bridge.runs["faces"])


def test_making_it_and_showing_it_a_run_opens_no_window_of_its_own(qtbot: QtBot) -> None:
    bridge = Bridge(FakeEngine(first_run=False))
    bridge.stop()
    before = set(QApplication.topLevelWidgets())
    panel = GanLabPanel(bridge, QUndoStack())
    row = QWidget()
    layout = QHBoxLayout(row)
    for widget in (panel, panel.inspector(), row):
        qtbot.addWidget(widget)
    for action in panel.actions():
        layout.addWidget(action)
    bridge.engine.submit(rq.CreateRun("g", "g", "gan", "ring"))
    bridge.drain()
    panel.set_run(bridge.runs["g"])
    assert [w for w in set(QApplication.topLevelWidgets()) - before if w.isVisible()] == []


def test_a_gan_on_pictures_has_its_own_page_and_the_same_way_back(rig: Rig) -> None:
    rig.engine.submit(rq.CreateRun("f", "Faces", "gan", "faces16"))
    rig.drain()
    assert rig.panel.pictures is None  # made when it is first needed
    rig.engine.submitted.clear()
    rig.select("f")
    assert rig.panel.pages.currentWidget() is rig.panel.pictures
    assert rig.asked() == [] and not rig.panel.slow.isEnabled()
    notice = replace(fake_gan._alarm(), remedies=("rates",))
    rig.engine._put(replace(rig.engine.runs["f"], step=120, snapshots=(0, 80), notices=(notice,)))
    rig.drain()
    assert rig.panel.way_back.isVisible() and rig.panel.rewind.isEnabled()
    rig.panel.alarms[0].fork.click()
    assert [(f.run_id, f.step, f.training) for f in rig.sent(rq.ForkRun)] == [("f", 80, {"rate": 2e-4})]
    rig.select("g")
    assert rig.panel.pages.currentWidget() is rig.panel.points and rig.canvas.game is not None


# ---- following the weights


def test_the_game_is_asked_at_once_and_shown(rig: Rig) -> None:
    assert rig.canvas.game is not None and len(rig.canvas.game.x) == 500
    assert rig.session.seats[0].state_of_modes.covered.all()
    assert rig.canvas.caption == "step 0"


def test_newer_weights_are_looked_at_without_a_queue(rig: Rig) -> None:
    rig.engine.submit(rq.Control("g", "play"))
    begun = monotonic()
    for _ in range(12):
        rig.drain(1)
        QTest.qWait(10)
    most = (monotonic() - begun) / 0.05 + 2  # at most every 50 ms, however many steps went by
    assert rig.canvas.caption != "step 0"
    jobs = [slot for slot in rig.engine.jobs if slot == "gan.game"]
    assert len(jobs) <= 1
    assert 2 <= len(rig.asked()) <= most


def test_resting_weights_are_not_asked_for_again(rig: Rig) -> None:
    rig.engine.submit(rq.RenameRun("g", "Another name"))
    rig.drain()
    QTest.qWait(80)
    rig.drain()
    assert rig.asked() == [] and rig.asked(rq.MeasureModes) == []


def test_an_answer_of_weights_that_were_put_back_is_dropped(collapsed: Rig) -> None:
    seat = collapsed.session.seats[0]
    seat.look_again()  # under way, of step 200
    late = next(r for r in collapsed.engine.submitted if isinstance(r, rq.Ask))
    collapsed.session.rewind(KEEP)
    collapsed.drain()
    assert seat.game.step == KEEP
    game = replace(seat.state_of_game, threshold=7.0)
    collapsed.bridge._answer(rs.Answer(late.job, late.slot, "g", 200, game))
    assert seat.game.step == KEEP and seat.state_of_game.threshold == 0.0


def test_an_answer_about_another_run_is_dropped(rig: Rig) -> None:
    rig.engine.submit(rq.CreateRun("h", "Other", "gan", "ring"))
    rig.drain()
    rig.session.seats[0].look_again()
    late = next(r for r in reversed(rig.engine.submitted) if isinstance(r, rq.Ask) and r.run_id == "g")
    rig.select("h")
    rig.bridge._answer(rs.Answer(late.job, late.slot, "g", 3, rig.session.seats[0].state_of_game))
    assert rig.session.seats[0].game.run_id == "h"


def test_in_the_back_nothing_is_asked_and_what_was_asked_is_given_up(rig: Rig) -> None:
    rig.session.seats[0].look_again()
    rig.panel.deactivate()
    assert rig.bridge.waiting_for("gan.") == {}
    rig.engine.submit(rq.Control("g", "play"))
    before = len(rig.asked())
    rig.drain()
    QTest.qWait(80)
    rig.drain()
    assert len(rig.asked()) == before


def test_closing_in_the_middle_of_everything_leaves_nothing_running(collapsed: Rig) -> None:
    collapsed.panel.points.slow.start()
    collapsed.drain()
    collapsed.session.seats[0].look_again()
    collapsed.panel.deactivate()
    collapsed.bridge.close()
    assert not collapsed.panel.points.slow._clock.isActive()
    QTest.qWait(60)
    assert collapsed.bridge.waiting_for("gan.") == {}


# ---- layers and their words


@pytest.mark.parametrize("layer", LAYERS)
def test_a_click_on_a_word_hides_its_layer_and_another_shows_it(rig: Rig, layer: str) -> None:
    button = rig.panel.points.legend.buttons[layer]
    shown = rig.session.state.shows(layer)
    QTest.mouseClick(button, LEFT)
    assert rig.session.state.shows(layer) != shown
    assert (layer in rig.canvas.hidden) == shown
    assert button.isChecked() != shown
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert rig.session.state.shows(layer) == shown


def test_hiding_a_layer_can_be_undone(rig: Rig) -> None:
    QTest.mouseClick(rig.panel.points.legend.buttons["real"], LEFT)
    assert "real samples" in rig.undo.undoText()
    rig.undo.undo()
    assert "real" not in rig.canvas.hidden and rig.panel.points.legend.buttons["real"].isChecked()
    rig.undo.redo()
    assert "real" in rig.canvas.hidden


def test_a_hidden_layer_is_not_drawn(rig: Rig) -> None:
    for layer in ("gradients", "modes", "generated"):
        rig.session.toggle(layer)
    point = rig.canvas.game.real[0]
    with_real = colour_at(rig, point)
    rig.session.toggle("real")
    assert colour_at(rig, point) != with_real


def test_every_word_can_be_reached_by_keyboard(rig: Rig) -> None:
    for button in rig.panel.points.legend.buttons.values():
        assert button.focusPolicy() == Qt.FocusPolicy.StrongFocus
        assert button.accessibleName() and button.toolTip()
        assert button.geometry().right() <= rig.panel.points.legend.width()


def test_grid_and_ghosts_are_only_asked_for_while_on_show(rig: Rig) -> None:
    assert rig.session.seats[0].question == rq.LookAtGame(lines=0, unroll=0)
    rig.session.toggle("lattice")
    rig.session.toggle("ghosts")
    rig.drain()
    assert rig.asked()[-1] == rq.LookAtGame(lines=13, unroll=5)
    assert rig.canvas.game.ghost is not None and rig.canvas.game.lines.shape[1] == 13


def test_how_far_the_ghosts_look_is_asked_and_said(rig: Rig) -> None:
    rig.session.toggle("ghosts")
    assert not rig.inspector.ahead_row.isHidden()
    rig.session.set("look further", ahead=20)
    rig.drain()
    assert rig.asked()[-1].unroll == 20
    assert rig.panel.points.legend.buttons["ghosts"].text() == "20 steps ahead"
    rig.undo.undo()
    assert rig.panel.points.legend.buttons["ghosts"].text() == "5 steps ahead"


def test_a_state_comes_back_from_its_plain_values_and_damaged_ones_are_ignored() -> None:
    state = GanState(("real", "ghosts"), 7, 3, 2.0)
    assert GanState.from_plain(state.to_plain(), GanState()) == state
    broken = {"hidden": 5, "ahead": 0, "seed": "a", "speed": 99}
    assert GanState.from_plain(broken, state) == state
    assert GanState.from_plain({"hidden": ["nonsense", "real"]}, state).hidden == ("real",)


# ---- the pointer


def test_pointing_at_a_point_tells_its_score(rig: Rig) -> None:
    game = rig.canvas.game
    lonely = int(np.argmax(np.abs(game.x).max(axis=1)))
    layer, index = rig.canvas.point_at(QPointF(*rig.canvas.plane().place(game.x[lonely]).tolist()))
    assert (layer, index) == ("generated", lonely)
    told = rig.canvas.describe(layer, index)
    assert "generated" in told and f"{game.score_x[lonely]:+.2f}".replace("-", "−") in told


def test_the_axes_are_equal_and_the_middle_is_in_the_middle(rig: Rig) -> None:
    plane = rig.canvas.plane()
    corners = plane.place(np.array([[0, 0], [1, 0], [0, 1]], np.float32))
    assert np.allclose(corners[0], [rig.canvas.width() / 2, rig.canvas.height() / 2])
    assert corners[1, 0] - corners[0, 0] == pytest.approx(corners[0, 1] - corners[2, 1])


# ---- players


@pytest.mark.parametrize(("name", "at"), [("discriminator", Qt.Key.Key_D), ("generator", Qt.Key.Key_G)])
def test_one_player_alone_is_trained_until_it_is_undone(rig: Rig, name: str, at: Qt.Key) -> None:
    key(rig, at)
    assert rig.sent(rq.SetLive) == [rq.SetLive("g", {"players": name})]
    assert rig.panel.players.buttons[name].isChecked() and rig.run.config["players"] == name
    rig.undo.undo()
    rig.drain()
    assert rig.run.config["players"] == "both" and rig.panel.players.buttons["both"].isChecked()


def test_a_player_that_is_chosen_already_is_no_step_of_undo(rig: Rig) -> None:
    rig.panel.players.buttons["both"].click()
    assert rig.undo.count() == 0 and rig.sent(rq.SetLive) == []


def test_the_buttons_follow_what_is_set_elsewhere(rig: Rig) -> None:
    rig.engine.submit(rq.SetLive("g", {"players": "generator", "critic_steps": 3}))
    rig.drain()
    assert rig.panel.players.buttons["generator"].isChecked()
    assert rig.inspector.critic.value() == 3


def test_critic_steps_are_live_and_one_step_of_undo(rig: Rig) -> None:
    slider = rig.inspector.critic
    slider.moved.emit(4.0)
    slider.moved.emit(5.0)
    slider.released.emit(5.0)
    assert rig.sent(rq.SetLive)[:2] == [rq.SetLive("g", {"critic_steps": n}) for n in (4, 5)]
    assert rig.undo.count() == 1
    rig.undo.undo()
    rig.drain()
    assert rig.run.config["critic_steps"] == 1


# ---- going back


def test_dragging_the_handle_shows_the_film_and_rewinds_only_when_told(collapsed: Rig) -> None:
    strip = collapsed.panel.way_back.strip
    place = QPoint(round(strip._x(KEEP)), strip.height() - 9)
    QTest.mousePress(strip, LEFT, pos=QPoint(round(strip._x(200)), strip.height() - 9))
    QTest.mouseMove(strip, place)
    assert strip.at == KEEP and collapsed.canvas.film is not None
    assert "filmstrip" in collapsed.canvas.caption
    QTest.mouseRelease(strip, LEFT, pos=place)
    assert collapsed.sent(rq.Rewind) == []
    assert collapsed.panel.way_back.rewind.isVisible()
    collapsed.panel.way_back.rewind.click()
    assert collapsed.sent(rq.Rewind) == [rq.Rewind("g", KEEP)]
    collapsed.drain()
    assert collapsed.run.step == KEEP and collapsed.canvas.film is None
    assert collapsed.canvas.caption == f"step {KEEP}"
    assert strip.snapshots[-1] == KEEP and strip.at == NOW


def test_the_handle_goes_by_keyboard_and_escape_comes_back(collapsed: Rig) -> None:
    rewind = collapsed.panel.way_back
    key(collapsed, Qt.Key.Key_W)
    assert rewind.at == 200
    QTest.keyClick(rewind.strip, Qt.Key.Key_Left)
    assert rewind.at == 180
    assert collapsed.panel.leave_mode() and rewind.at == NOW and collapsed.canvas.film is None
    assert not collapsed.panel.leave_mode()
    key(collapsed, Qt.Key.Key_W)
    QTest.keyClick(rewind.strip, Qt.Key.Key_Return)
    assert collapsed.sent(rq.Rewind) == [rq.Rewind("g", 200)]


def test_games_that_come_while_the_film_is_on_show_wait(collapsed: Rig) -> None:
    collapsed.panel.way_back.strip.go(KEEP)
    shown = collapsed.canvas.game
    collapsed.session.seats[0].look_again()
    collapsed.drain()
    assert collapsed.canvas.game is shown and collapsed.canvas.film is not None
    collapsed.panel.way_back.leave()
    assert collapsed.canvas.game is collapsed.session.seats[0].state_of_game


def test_without_snapshots_there_is_no_strip(rig: Rig) -> None:
    assert rig.panel.way_back.isHidden() and not rig.panel.rewind.isEnabled()


# ---- alarm, remedies, forks


def fork_of(rig: Rig) -> tuple[rq.ForkRun, list[object]]:
    [fork] = rig.sent(rq.ForkRun)
    rest = [r for r in rig.engine.submitted if isinstance(r, rq.Pair | rq.Control)]
    return fork, rest


def test_the_alarm_says_what_is_wrong_and_where_to_fork(collapsed: Rig) -> None:
    alarm = collapsed.panel.alarms[0]
    assert alarm.isVisible() and alarm.title.text() == fake_gan.LOST
    assert "5 of 8 modes" in alarm.text.text()
    assert alarm.fork.text() == f"Fork from step {KEEP} with R1 penalty"


def test_the_button_of_the_alarm_says_less_where_there_is_less_room(collapsed: Rig) -> None:
    alarm = collapsed.panel.alarms[0]
    collapsed.panel.resize(520, 620)
    collapsed.drain()
    assert alarm.fork.text() == f"Fork from step {KEEP}" and alarm.text.shown() == alarm.text.text()
    assert "R1 penalty" in alarm.fork.toolTip()


def test_a_second_alarm_has_a_card_of_its_own(collapsed: Rig) -> None:
    run = collapsed.engine.runs["g"]
    second = rs.Notice("warn", "Oscillation", "the players chase each other", (), ("rates",), 120)
    collapsed.engine._put(replace(run, notices=(*run.notices, second)))
    collapsed.drain()
    first, other = collapsed.panel.alarms
    assert first.isVisible() and other.isVisible()
    assert other.fork.text() == "Fork from step 100 with two time-scales (TTUR)"
    assert collapsed.panel.way_back.strip.mark == 100  # where the first of them began


def test_there_is_no_alarm_while_all_is_well(rig: Rig) -> None:
    assert not rig.panel.alarms[0].isVisible()


def test_the_alarm_forks_from_before_it_began_pairs_and_plays_both(collapsed: Rig) -> None:
    collapsed.panel.alarms[0].fork.click()
    fork, rest = fork_of(collapsed)
    assert (fork.run_id, fork.step, fork.config, fork.training) == ("g", KEEP, {"r1": 1.0}, {})
    play = rq.Control.PLAY
    assert rest == [rq.Pair("g", fork.new_id), rq.Control("g", play), rq.Control(fork.new_id, play)]
    assert "R1 penalty" in fork.name


def test_the_menu_of_the_alarm_has_its_remedies_and_forks_with_the_chosen_one(collapsed: Rig) -> None:
    menu = collapsed.panel.alarms[0].menu()
    assert [a.text() for a in menu.actions()] == ["R1 penalty", "spectral norm", "unrolled, k = 5"]
    menu.actions()[1].trigger()
    fork, _ = fork_of(collapsed)
    assert fork.config == {"spectral": True} and fork.step == KEEP


def test_ticked_remedies_go_into_the_next_fork_together(collapsed: Rig) -> None:
    box = collapsed.inspector.remedies
    assert not box.fork.isEnabled() and not box.now.isEnabled()
    box.boxes["r1"].click()
    box.boxes["rates"].click()
    box.fork.click()
    fork, _ = fork_of(collapsed)
    assert (fork.config, fork.training, fork.step) == ({"r1": 1.0}, {"rate": 2e-4}, KEEP)


def test_a_fork_of_a_healthy_run_begins_now_or_at_the_handle(rig: Rig) -> None:
    rig.train(60)
    rig.engine.submitted.clear()
    rig.inspector.remedies.boxes["r1"].click()
    rig.inspector.remedies.fork.click()
    rig.panel.way_back.strip.go(20)
    rig.inspector.remedies.fork.click()
    assert [fork.step for fork in rig.sent(rq.ForkRun)] == [-1, 20]


def test_only_live_remedies_can_be_switched_on_in_the_running_model(rig: Rig) -> None:
    box = rig.inspector.remedies
    box.boxes["spectral"].click()
    assert not box.now.isEnabled() and "cannot be switched on" in box.now.toolTip()
    box.boxes["spectral"].click()
    box.boxes["r1"].click()
    assert box.now.isEnabled()
    box.now.click()
    rig.drain()
    assert rig.sent(rq.SetLive) == [rq.SetLive("g", {"r1": 1.0})]
    assert rig.run.config["r1"] == 1.0 and box.boxes["r1"].text() == "R1 penalty · on"
    rig.undo.undo()
    rig.drain()
    assert rig.run.config["r1"] == 0.0 and box.boxes["r1"].text() == "R1 penalty"


def test_a_fork_at_the_handle_offers_all_remedies_and_none(collapsed: Rig) -> None:
    rewind = collapsed.panel.way_back
    rewind.strip.go(40)
    rewind._fill()
    names = [a.text() for a in rewind.menu.actions()]
    assert names[1:] == [r.title for r in fake_gan.REMEDIES]
    rewind.menu.actions()[2].trigger()
    fork, _ = fork_of(collapsed)
    assert (fork.step, fork.config) == (40, {"spectral": True}) and rewind.at == NOW
    assert collapsed.sent(rq.Rewind) == []


def test_names_of_forks_do_not_repeat(rig: Rig) -> None:
    chosen = list(fake_gan.REMEDIES[:2])
    first = remedies.fork(rig.run, -1, chosen, ())[0]
    second = remedies.fork(rig.run, -1, chosen, (first.name,))[0]
    assert first.name == "Ring · R1 penalty and spectral norm" and second.name == f"{first.name} 2"
    assert first.new_id != second.new_id


def test_the_last_snapshot_before_a_step() -> None:
    state = rs.RunState("g", "g", "gan", "ring", "", RING, "paused", snapshots=(0, 40, 80, 120))
    assert remedies.last_before(state, 100) == 80
    assert remedies.last_before(state, 80) == 40
    assert remedies.last_before(state, 0) == 0  # none is early enough: the first
    assert remedies.last_before(replace(state, snapshots=()), 50) == remedies.NOW


# ---- two runs side by side


@pytest.fixture
def compared(collapsed: Rig) -> Rig:
    collapsed.panel.alarms[0].fork.click()
    collapsed.drain(3)
    for run_id in list(collapsed.bridge.runs):
        collapsed.engine.submit(rq.Control(run_id, "pause"))
    collapsed.drain(4)
    collapsed.engine.submitted.clear()
    return collapsed


def test_a_fork_splits_the_canvas_in_two(compared: Rig) -> None:
    left, right = compared.panel.points.cards
    assert left.isVisible() and right.isVisible()
    assert left.x() < right.x() and abs(left.width() - right.width()) <= 1
    assert left.heading.name == "Ring" and right.heading.name == "Ring · R1 penalty"
    assert left.canvas.game is not right.canvas.game and right.canvas.game is not None


def test_both_consoles_stand_side_by_side(compared: Rig) -> None:
    console = compared.inspector.console
    assert console.coverage.text("modes") == ("3 / 8", "8 / 8")
    assert all(bars.isVisible() for bars in console.bars)
    assert console.heads[1].name == "Ring · R1 penalty"
    assert len(console.players.text("D right")) == 2


def test_each_canvas_has_the_answers_of_its_own_run(compared: Rig) -> None:
    rival = compared.session.rival
    seats = compared.session.seats
    assert seats[0].game.run_id == "g" and seats[1].game.run_id == rival.run_id
    assert len(np.unique(np.round(seats[0].state_of_game.x / 0.5))) < len(
        np.unique(np.round(seats[1].state_of_game.x / 0.5))
    )


def test_the_order_stays_when_the_other_run_is_selected(compared: Rig) -> None:
    fork = compared.session.rival.run_id
    compared.select(fork)
    shown = sorted(compared.panel.points.cards, key=lambda card: card.x())
    assert [card.seat.run.run_id for card in shown] == ["g", fork]
    assert compared.inspector.console.coverage.text("modes") == ("3 / 8", "8 / 8")


def test_the_rival_is_followed_while_it_trains(compared: Rig) -> None:
    rival = compared.session.rival
    compared.engine.submit(rq.Control(rival.run_id, "play"))
    before = compared.session.seats[1].game.step
    for _ in range(6):
        compared.drain(1)
        QTest.qWait(30)
    assert compared.session.seats[1].game.step > before
    assert f"step {compared.session.rival.step:,}" in compared.panel.compare_bar.text.text()


def test_closing_the_comparison_sets_both_free_and_shows_one(compared: Rig) -> None:
    rival = compared.session.rival.run_id
    compared.panel.compare_bar.close_button.click()
    assert compared.sent(rq.Pair) == [rq.Pair("g", "")]
    compared.drain()
    assert compared.session.rival is None and not compared.panel.points.cards[1].isVisible()
    assert compared.panel.compare_bar.isHidden()
    assert compared.inspector.console.coverage.text("modes covered") == ("3 / 8",)
    assert rival in compared.bridge.runs
    assert compared.panel.alarms[0].isVisible()


def test_escape_closes_the_comparison(compared: Rig) -> None:
    assert compared.panel.leave_mode()
    compared.drain()
    assert compared.session.rival is None and not compared.panel.leave_mode()


def test_a_rival_that_is_deleted_leaves_one_canvas(compared: Rig) -> None:
    compared.engine.submit(rq.DeleteRun(compared.session.rival.run_id))
    compared.drain()
    assert compared.session.rival is None and not compared.panel.points.cards[1].isVisible()


def test_the_pictures_of_both_are_exported_beside_each_other(compared: Rig) -> None:
    one, two = (card.canvas for card in compared.panel.points.cards)
    exhibit = compared.panel.exhibit()
    assert exhibit is not None and exhibit.x.shape[2] == 2 * (one.width() + two.width())


def test_the_pictures_of_two_runs_stand_side_by_side(rig: Rig) -> None:
    rig.engine.submit(rq.CreateRun("f", "Faces", "gan", "faces16"))
    rig.drain()
    rig.select("f")
    pair = rig.panel.pictures
    left, right = pair.parts
    assert left.isVisible() and not right.isVisible() and left.heading.isHidden() and left.real.isVisible()
    rig.session.fork(0, [remedies.known(rig.session.family, rig.run)[0]])
    rig.drain(3)
    rival = rig.session.rival
    assert rival is not None and left.isVisible() and right.isVisible() and left.x() < right.x()
    assert abs(left.width() - right.width()) <= 1
    assert (left.heading.name, right.heading.name) == ("Faces", rival.name)
    assert left.answer.run_id == "f" and right.answer.run_id == rival.run_id
    assert not left.real.isVisible() and not right.detail.isVisible()
    left.dice.click()
    left.saliency.click()
    rig.drain(3)
    assert left.seed == right.seed == right.question.seed and right.judged.saliency is not None
    assert left.controls.isVisible() and not right.controls.isVisible()
    rig.select(rival.run_id)
    assert [part.run.run_id for part in sorted(pair.parts, key=lambda part: part.x())] == ["f", rival.run_id]
    rig.session.part()
    rig.drain(3)
    shown = [part for part in pair.parts if part.isVisible()]
    assert [part.run.run_id for part in shown] == [rival.run_id] and shown[0].real.isVisible()


# ---- its column


def test_knobs_that_the_lab_has_controls_for_are_not_listed_again(rig: Rig) -> None:
    inspector, own = Inspector(rig.bridge, rig.undo, rig.window), {"critic_steps", "players"}
    inspector.set_run(rig.run)
    assert inspector.form is not None and own <= set(inspector.form.knobs)
    inspector.show_panel(rig.panel)
    assert not own & set(inspector.form.knobs) and inspector.form.knobs
    inspector.show_panel(None)
    assert own <= set(inspector.form.knobs)


# ---- what is told and exported


def test_the_console_tells_coverage_and_players(collapsed: Rig) -> None:
    console = collapsed.inspector.console
    assert console.coverage.text("modes covered") == ("3 / 8",)
    assert console.coverage.text("high-quality samples") == ("96.1 %",)
    assert console.coverage.text("precision · recall") == ("0.98 · 0.36",)
    assert console.coverage.text("KL to the data's modes") == ("0.98 nats",)
    assert console.coverage.text("pairwise distance") == ("0.41 of real",)
    assert console.players.text("D right: real · fake") == ("88 · 91 %",)
    terms = collapsed.run.terms
    assert console.players.text("D(real) · D(fake)") == (f"{terms['D real']:.2f} · {terms['D fake']:.2f}",)
    assert "·" in console.players.text("‖∇D‖ · ‖∇G‖")[0]
    assert console.bars[0].covered == (True,) * 3 + (False,) * 5


def test_what_is_not_known_is_told_as_such(rig: Rig) -> None:
    seat = rig.session.seats[0]
    bare = replace(seat.state_of_modes, names=(), covered=np.zeros(0, bool), kl=float("nan"), distance=float("nan"))
    seat.modes = replace(seat.modes, value=bare)
    rows = {row.name: row.values[0] for row in words.coverage([seat])}
    assert rows == {"high-quality samples": "96.1 %", "precision · recall": "0.98 · 0.95"}  # the rest has no meaning


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.414, "0.41"), (-1.5, "−1.50"), (12.34, "12.3"), (0.0003, "3e−04"), (1234, "1,234")],
)
def test_numbers_are_short_and_keep_their_width(value: float, text: str) -> None:
    assert words.number(value) == text


def test_the_canvas_is_exported_as_a_picture_with_its_recipe(collapsed: Rig) -> None:
    from genplay.ui.copying import encoded

    exhibit = collapsed.panel.exhibit()
    assert exhibit is not None and exhibit.x.dtype == np.uint8 and exhibit.step == 200
    canvas = collapsed.canvas
    assert exhibit.x.shape == (1, 2 * canvas.height(), 2 * canvas.width(), 3)
    recipe = collapsed.panel.recipe_of(exhibit)
    assert recipe.question == rq.LookAtGame(lines=0) and recipe.view["panel"] == "gan"
    assert encoded(exhibit, recipe)[:4] == b"\x89PNG"


def test_a_recipe_brings_back_the_layers(rig: Rig) -> None:
    state = GanState(("real",), 12, 5, 1.0).to_plain()
    rig.panel.restore(state, rq.LookAtGame(unroll=9, seed=6))
    rig.drain()
    assert rig.session.state.hidden == ("real",) and rig.session.state.seed == 6
    assert rig.asked()[-1] == rq.LookAtGame(lines=13, unroll=9, seed=6)
