"""The window on the fake engine, worked by mouse and keyboard."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QWidget

from genplay.contract import fake_engine as fake
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.fake_engine import RING
from genplay.contract.recipe import Recipe
from genplay.ui import files, theme
from genplay.ui.gauge import Gauge
from genplay.ui.library import read as read_library
from genplay.ui.new_run import NewRunDialog
from genplay.ui.settings import Settings
from genplay.ui.settings_dialog import SettingsDialog
from genplay.ui.shortcuts import TABLE, ShortcutSheet
from genplay.ui.sidebar import status_line, thousands
from genplay.ui.transport import headline
from genplay.ui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    fake.write_checkpoint(folder / "vae-faces16.safetensors", "Faces · VAE")
    fake.write_checkpoint(folder / "gan-faces.safetensors", "Faces · GAN", "gan")
    fake.write_checkpoint(folder / "a-ring.safetensors", "Ring · VAE", "vae", "ring", fake.RING)
    (folder / "broken.safetensors").write_bytes((15).to_bytes(8, "little") + b"not JSON at all")
    return folder


@pytest.fixture
def make(qtbot, tmp_path, library):
    """A function that opens a window; all are closed at the end, and no thread or timer may be left."""
    threads = set(threading.enumerate())
    made: list[MainWindow] = []

    def open_window(engine=None, settings=None, complete=True) -> MainWindow:
        engine = engine or fake.FakeEngine(first_run=False)
        window = MainWindow(engine, settings or Settings(tmp_path / "settings.json"), library)
        qtbot.addWidget(window)
        made.append(window)
        if complete:
            with qtbot.waitSignal(window.complete, timeout=20000):
                window.show()
            qtbot.waitUntil(lambda: bool(window.bridge.runs), timeout=5000)
        return window

    yield open_window
    for window in made:
        window.close()
        assert window.engine.closed
    qt_free = [t for t in threading.enumerate() if t not in threads and t.name != "import pyqtgraph"]
    assert qt_free == []
    theme.set_mode("dark")


@pytest.fixture
def window(make) -> MainWindow:
    return make()


def sent(window: MainWindow, kind: type) -> list:
    return [request for request in window.engine.submitted if isinstance(request, kind)]


def add_run(qtbot, window: MainWindow, run_id: str, family: str = "vae", data: str = "faces16") -> None:
    window.bridge.send(rq.CreateRun(run_id, run_id, family, data))
    qtbot.waitUntil(lambda: run_id in window.sidebar.cards and window.sidebar.cards[run_id].isVisible())


# ---- start


def test_nothing_slow_is_imported_before_the_first_paint(tmp_path):
    import subprocess

    code = (
        "import sys; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "from genplay.ui.window import MainWindow; from genplay.ui.settings import Settings;"
        "from pathlib import Path;"
        "engine = type('Silent', (), {'ring_with': lambda self, ring: None})();"
        "window = MainWindow(engine, Settings(Path(sys.argv[1])), Path(sys.argv[1]));"
        "print([m for m in ('numpy', 'torch', 'pyqtgraph', 'PIL', 'genplay.ui.panels.latent') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_at_the_first_start_a_shipped_model_is_open_and_selected(window, library):
    opened = sent(window, rq.OpenCheckpoint)
    assert [request.path for request in opened] == [str(library / "vae-faces16.safetensors")]
    assert window.run().name == "Faces · VAE"
    assert window.sidebar.cards[window.selected].is_selected
    assert window.stage.current().name == "latent"


def test_while_the_engine_loads_the_preview_is_shown_calmly(make, qtbot):
    window = make(fake.FakeEngine(loading=10**6, first_run=False), complete=False)
    with qtbot.waitSignal(window.complete, timeout=20000):
        window.show()
    page = window.stage.content.currentWidget()
    assert page is window.stage.waiting
    assert page.text == "Loading the engine…"
    picture = page.grab().toImage()
    colours = {
        picture.pixelColor(x, y).name() for x in range(0, picture.width(), 9) for y in range(0, picture.height(), 9)
    }
    assert len(colours) > 20
    assert "loading the engine" in window.transport.health.text() or window.transport.health.text() == ""


def test_at_a_later_start_the_runs_of_the_engine_are_shown_and_none_is_added(make, tmp_path, qtbot):
    settings = Settings(tmp_path / "settings.json")
    settings["launched"] = True
    window = make(fake.FakeEngine(), settings)
    qtbot.wait(500)
    assert list(window.sidebar.cards) == ["faces"]
    assert window.selected == "faces"
    assert sent(window, rq.OpenCheckpoint) == []


def test_at_a_later_start_without_runs_a_shipped_model_is_opened(make, tmp_path):
    settings = Settings(tmp_path / "settings.json")
    settings["launched"] = True
    window = make(fake.FakeEngine(first_run=False), settings)
    assert len(sent(window, rq.OpenCheckpoint)) == 1


def test_the_run_selected_last_is_selected_again(make, tmp_path, qtbot):
    settings = Settings(tmp_path / "settings.json")
    settings["launched"], settings["run"] = True, "second"
    engine = fake.FakeEngine()
    engine.submit(rq.CreateRun("second", "Second", "vae", "faces16"))
    window = make(engine, settings)
    qtbot.waitUntil(lambda: window.selected == "second")


# ---- library and files


def test_the_library_reads_headers_and_greys_what_is_damaged(window):
    names = [card.name for card in window.sidebar.library]
    assert names == ["Faces · VAE", "Ring · VAE", "broken", "Faces · GAN"]
    broken = window.sidebar.library[2]
    assert not broken.isEnabled()
    assert "header" in broken.status
    assert broken.toolTip().startswith("broken.safetensors cannot be opened")
    assert not window.sidebar.library[0].mosaic_pixmap().isNull()


def test_a_click_in_the_library_opens_once_and_then_selects(window, qtbot, library):
    card = next(c for c in window.sidebar.library if c.name == "Faces · GAN")
    QTest.mouseClick(card, LEFT)
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Faces · GAN")
    first = window.selected
    QTest.mouseClick(window.sidebar.library[0], LEFT)
    assert window.selected != first
    QTest.mouseClick(card, LEFT)
    assert window.selected == first
    assert len(sent(window, rq.OpenCheckpoint)) == 2


def test_a_dropped_checkpoint_is_opened_and_remembered(window, qtbot, tmp_path):
    path = tmp_path / "mine.safetensors"
    fake.write_checkpoint(path, "Mine")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Mine")
    assert window.settings["recent"][0] == str(path)
    names = [action.text() for action in window.commands.recent_menu().actions()]
    assert names[2:] == ["mine.safetensors", "vae-faces16.safetensors"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.doc", b"x", "neither a checkpoint nor"),
        ("bad.safetensors", b"\xff" * 64, "bad.safetensors cannot be opened"),
        ("missing.safetensors", None, "missing.safetensors cannot be read"),
        ("plain.png", b"\x89PNG nonsense", "plain.png"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_sentence(window, tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    window.open_path(str(tmp_path / name))
    assert said in window.toasts.notes[-1].text()
    assert window.toasts.notes[-1].level == "bad"


def test_an_exported_picture_restores_run_tab_and_state(window, qtbot, tmp_path):
    from genplay.export import encode

    run = window.run()
    question = rq.DrawSamples(4, seed=77)
    recipe = Recipe(
        run.digest, run.family, run.name, run.step, question, {}, {"panel": "samples"}, "vae-faces16.safetensors"
    )
    answer = next(fake._answer_DrawSamples(run, question))
    (tmp_path / "out.png").write_bytes(encode(answer.x, recipe, {"format": "png", "what": "grid"}))
    add_run(qtbot, window, "other")
    window.select("other")
    restored = []
    panel = window.stage.panel("samples")
    panel.restore = lambda state, asked=None: restored.append((state, asked))
    window.open_path(str(tmp_path / "out.png"))
    assert window.selected == run.run_id
    assert window.stage.current() is panel
    assert restored == [({"panel": "samples"}, question)]


def test_an_export_of_an_unknown_checkpoint_says_what_to_do(window, tmp_path):
    from genplay.export import encode

    recipe = Recipe("0" * 16, "vae", "Gone", 5, rq.DrawSamples(1), {}, {}, "gone.safetensors")
    (tmp_path / "out.png").write_bytes(
        encode(fake.decode(window.run(), fake._normal(0, 1, 16)), recipe, {"format": "png"})
    )
    window.open_path(str(tmp_path / "out.png"))
    assert "gone.safetensors" in window.toasts.notes[-1].text()
    assert "open that checkpoint" in window.toasts.notes[-1].text()


# ---- training


def test_space_plays_and_pauses_and_the_bar_follows(window, qtbot):
    step = window.run().step
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.run().step > step + 20)
    assert window.transport.step.text() == f"step {window.run().step:,}"
    assert "img/s" in window.transport.terms.text()
    assert window.sidebar.cards[window.selected].status.startswith("training")
    QTest.mouseClick(window.transport.play, LEFT)
    qtbot.waitUntil(lambda: window.run().status == "paused")


def test_the_open_button_lists_recent_files(window, qtbot):
    QTest.mouseClick(window.sidebar.open, LEFT)
    menu = next(c for c in window.children() if isinstance(c, QMenu))
    assert menu.isVisible()
    assert menu.actions()[0].text().startswith("Open a file…")
    menu.close()


def test_export_opens_the_dialog_with_the_recipe_of_the_view(window, qtbot):
    from genplay.ui.export_dialog import ExportDialog

    qtbot.waitUntil(lambda: window.stage.exhibit() is not None, timeout=5000)
    QTest.mouseClick(window.stage.export, LEFT)
    dialog = next(c for c in window.children() if isinstance(c, ExportDialog))
    assert dialog.recipe.digest == window.run().digest
    assert dialog.recipe.checkpoint == "vae-faces16.safetensors"
    dialog.close()


def test_one_step_by_key(window, qtbot):
    step = window.run().step
    QTest.keyClick(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: window.run().step == step + 1)


def test_restart_asks_first(window, qtbot):
    QTest.mouseClick(window.transport.restart, LEFT)
    box = next(c for c in window.children() if isinstance(c, QMessageBox))
    assert sent(window, rq.Control) == []
    box.buttons()[0].click()
    qtbot.waitUntil(lambda: window.run().step == 0)


def test_a_drag_of_a_live_knob_is_sent_at_once_and_undone_as_one_step(window, qtbot):
    slider = window.inspector.form.control("beta")
    before = window.run().config["beta"]
    track = slider.track()
    QTest.mousePress(slider, LEFT, pos=QPoint(int(track.right()), int(track.center().y())))
    QTest.mouseRelease(slider, LEFT, pos=QPoint(int(track.right()), int(track.center().y())))
    qtbot.waitUntil(lambda: window.run().config["beta"] == pytest.approx(20, rel=0.1))
    assert window.undo.count() == 1
    QTest.keyClick(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: window.run().config["beta"] == before)
    assert slider.value() == before
    QTest.keyClick(window, Qt.Key.Key_Z, CTRL_SHIFT)
    qtbot.waitUntil(lambda: window.run().config["beta"] == pytest.approx(20, rel=0.1))


def test_only_live_knobs_of_the_family_are_offered(window):
    assert list(window.inspector.form.knobs) == ["beta", "free_bits", "rate", "clip"]


# ---- runs


def test_rename_in_place_and_undo(window, qtbot):
    card = window.sidebar.cards[window.selected]
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_F2)
    editor = card._editor
    QTest.keyClicks(editor, "Better name")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.run().name == "Better name")
    window.undo.undo()
    qtbot.waitUntil(lambda: card.name == "Faces · VAE")


def test_escape_leaves_the_renaming(window):
    card = window.sidebar.cards[window.selected]
    editor = card.start_rename()
    QTest.keyClicks(editor, "Other")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert card._editor is None
    assert sent(window, rq.RenameRun) == []


def test_delete_selects_the_neighbour_and_can_be_undone(window, qtbot):
    first = window.selected
    add_run(qtbot, window, "second")
    window.select(first)
    card = window.sidebar.cards[first]
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: first not in window.sidebar.cards)
    assert window.selected == "second"
    QTest.keyClick(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: first in window.sidebar.cards)


def test_the_offer_to_bring_a_run_back_undoes_only_its_deletion(window, qtbot):
    run = window.run()
    window.act("delete")
    qtbot.waitUntil(lambda: run.run_id not in window.sidebar.cards)
    note = window.toasts.notes[-1]
    add_run(qtbot, window, "other")
    window.commands.rename_run("other", "another")
    note.acted.emit()
    qtbot.waitUntil(lambda: run.run_id in window.sidebar.cards)
    assert sent(window, rq.RenameRun)[-1].name == "another"
    assert note not in window.toasts.notes


def test_escape_closes_one_message_and_cancels_nothing(window):
    window.tell("Saved.")
    count = len(window.toasts.notes)
    asked = len(sent(window, rq.Cancel))
    window.act("leave")
    assert len(window.toasts.notes) == count - 1
    assert len(sent(window, rq.Cancel)) == asked


def test_without_runs_the_stage_says_what_to_do(window, qtbot):
    window.act("delete")
    qtbot.waitUntil(lambda: not window.sidebar.cards)
    assert window.stage.current() is None
    assert "library" in window.stage.waiting.text
    assert not window.transport.play.isEnabled()
    assert not window.stage.export.isEnabled()
    window._open_something()  # the look for runs that a slow start does later
    assert not window._expected, "who deletes the last run does not get another"


def test_duplicate_and_fork(window, qtbot):
    window.act("duplicate")
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Faces · VAE copy")
    assert window.run().step == 0
    window.act("previous_run")
    window.act("fork")
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Faces · VAE fork")
    assert window.run().step == 9000


def test_the_menu_of_a_run_has_every_action(window, qtbot):
    card = window.sidebar.cards[window.selected]
    QApplication.sendEvent(
        card, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), card.mapToGlobal(QPoint(5, 5)))
    )
    menu = card.findChild(QMenu)
    assert [a.text().split("\t")[0] for a in menu.actions() if a.text()] == [
        "Rename", "Duplicate, untrained", "Fork from here", "Save checkpoint as…", "Restart from step 0…",
        "Stop: free its training memory", "Delete",
    ]  # fmt: skip
    menu.close()


def test_stop_frees_the_memory_of_training(window, qtbot):
    run = window.run()
    QTest.keyClick(window, Qt.Key.Key_Period, CTRL)
    assert sent(window, rq.Control)[-1] == rq.Control(run.run_id, rq.Control.STOP)


def test_a_run_that_was_resumed_says_so_on_its_card(window):
    run = replace(window.run(), status="paused", step=4321, message="Resumed from step 4,321: the program ended.")
    window.sidebar.show_run(run)
    card = window.sidebar.cards[run.run_id]
    assert card.status == "Resumed from step 4,321"
    assert "the program ended" in card.toolTip()
    window.sidebar.show_run(replace(run, message=""))
    assert card.status == "paused · 4.3k steps"


def test_a_cloud_in_the_library_takes_the_colour_of_its_family(qtbot):
    import numpy as np

    from genplay.engine.preview import mosaic_png
    from genplay.ui import mosaic

    points = np.random.default_rng(0).normal(0, 0.3, (500, 2)).astype(np.float32)
    image = mosaic.of_png(mosaic_png(points, RING), theme.family_colour("vae")).toImage()
    assert image.pixelColor(0, 0).alpha() == 0
    middle = image.pixelColor(24, 24)
    assert middle.alpha() > 100
    assert abs(middle.hue() - theme.family_colour("vae").hue()) < 5


def test_save_as_writes_where_it_was_told(window, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ask_save", lambda *_: str(tmp_path / "saved.safetensors"))
    QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    qtbot.waitUntil(lambda: any(n.text() == "Saved saved.safetensors." for n in window.toasts.notes))
    assert (tmp_path / "saved.safetensors").exists()


def test_the_cards_are_walked_by_arrow_keys(window, qtbot):
    card = window.sidebar.cards[window.selected]
    window.activateWindow()
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_Down)
    assert window.focusWidget() is window.sidebar.library[0]
    QTest.keyClick(window.sidebar.library[0], Qt.Key.Key_Down)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Ring · VAE")


def test_a_mosaic_follows_the_film(window, qtbot):
    card = window.sidebar.cards[window.selected]
    before = card.mosaic_pixmap().toImage()
    window.bridge.send(rq.Control(window.selected, rq.Control.RESTART))
    window.bridge.send(rq.Control(window.selected, rq.Control.STEP))
    qtbot.waitUntil(lambda: card.mosaic_pixmap().toImage() != before)


# ---- stage


def test_a_tab_that_the_model_cannot_serve_is_disabled_and_says_why(window, qtbot):
    add_run(qtbot, window, "gan", "gan")
    window.select("gan")
    for panel in window.stage.panels:
        tab = window.stage.tabs[panel.name]
        assert tab.isEnabled() == (panel.closed_because(window.run()) == "")
        if not tab.isEnabled():
            assert tab.toolTip() == panel.closed_because(window.run())
    closed = rs.Failure
    assert closed
    assert window.stage.current() is None or window.stage.tabs[window.stage.current().name].isEnabled()


def test_the_tab_wanted_comes_back_with_a_run_that_has_it(window, qtbot):
    vae = window.selected
    add_run(qtbot, window, "gan", "gan")
    window.stage.panel("latent").closed_because = lambda run: "no" if run.family == "gan" else ""
    window.select("gan")
    assert window.stage.current().name != "latent"
    window.select(vae)
    assert window.stage.current().name == "latent"


def test_a_failure_is_shown_over_its_panel_and_escape_takes_it_away(window):
    panel = window.stage.current()
    panel.failure_shown.emit(rs.Failure("The picture could not be read."))
    assert window.stage.banner.note.text() == "The picture could not be read."
    assert window.stage.banner.note.parent() is window.stage.content
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.stage.banner.note is None


def test_a_run_that_failed_says_so_over_the_stage_and_can_be_played_again(window, qtbot):

    run = window.run()
    message = "Training stopped at step 12: the loss is not a finite number; lower the learning rate."
    window.engine._put(replace(run, status="failed", message=message))
    qtbot.waitUntil(lambda: window.stage.banner.note is not None)
    assert window.stage.banner.note.text() == message
    assert window.sidebar.cards[run.run_id].status == message
    QTest.mouseClick(window.transport.play, LEFT)
    qtbot.waitUntil(lambda: window.run().status == "training")
    assert window.stage.banner.note is None


def test_a_slow_question_shows_a_bar_after_a_while_and_can_be_cancelled(window, qtbot):
    panel = window.stage.current()
    window.engine.drain = lambda: rs.Update()  # the engine stays silent from now on
    panel.ask("slow", rq.DrawSamples(3), lambda _: None)
    qtbot.wait(150)
    assert window.stage.progress.isHidden()
    qtbot.waitUntil(lambda: window.stage.progress.isVisible(), timeout=2000)
    QTest.mouseClick(window.stage.progress.button, LEFT)
    assert window.stage.progress.isHidden()
    assert window.stage.progress.button.isHidden()
    assert rq.Cancel(f"{panel.name}.slow") in window.engine.submitted


def test_the_filmstrip_goes_back_in_time_and_escape_returns(window):
    frame = rs.FilmFrame(window.selected, 50, fake.decode(window.run(), fake._normal(1, 9, 16)))
    window.filmstrip.frame_chosen.emit(frame)
    assert "step 50" in window.stage.content.currentWidget().text
    window.stage.show_past(None)
    assert window.stage.content.currentWidget() is window.stage.current()


def test_nothing_but_the_window_is_a_window_of_its_own(window, monkeypatch):
    """A widget that is shown before it has a parent would be one, and take the keyboard away."""
    loose = [type(w).__name__ for w in QApplication.topLevelWidgets() if w.isVisible() and w is not window]
    assert loose == []
    shown = []
    show = QWidget.setVisible
    monkeypatch.setattr(
        QWidget, "setVisible", lambda w, on: (shown.append(w) if on and w.parentWidget() is None else None, show(w, on))
    )
    for panel in window.stage.panels:
        type(panel)(window.bridge, window.undo, window)
    assert [type(w).__name__ for w in shown] == []


def test_tabs_by_keyboard(window):
    names = [p.name for p in window.stage.panels]
    QTest.keyClick(window, Qt.Key.Key_1, CTRL)
    assert window.stage.current().name == names[0]
    QTest.keyClick(window, Qt.Key.Key_Tab, CTRL)
    assert window.stage.current().name == names[1]


def test_copy_puts_the_picture_with_its_recipe_on_the_clipboard(window, qtbot):
    from genplay.export.embed import read_recipe

    qtbot.waitUntil(lambda: window.stage.exhibit() is not None, timeout=5000)
    window.act("copy")
    mime = QApplication.clipboard().mimeData()
    assert mime.hasImage()
    path = window.settings.path.with_name("clip.png")
    path.write_bytes(bytes(mime.data("image/png")))
    recipe = read_recipe(path)
    assert (recipe.run, recipe.view["panel"]) == ("Faces · VAE", window.stage.current().name)


# ---- messages, dialogs, settings


def test_a_failure_that_no_slot_claims_becomes_a_message(window, qtbot):
    window.bridge.failed.emit(rs.Failure("The disk is full."))
    assert window.toasts.notes[-1].text() == "The disk is full."
    assert window.toasts.notes[-1].accessibleName() == "The disk is full."


def test_messages_do_not_pile_up(window):
    for index in range(12):
        window.tell(f"message {index % 6}")
    assert [n.text() for n in window.toasts.notes] == [f"message {i}" for i in (2, 3, 4, 5)]


def test_a_checkpoint_that_the_engine_refuses_leaves_the_rest_alive(window, qtbot, tmp_path):
    path = tmp_path / "later.safetensors"
    fake.write_checkpoint(path, "Later")
    window.opener.open_checkpoint(str(path))
    path.write_bytes(b"")
    qtbot.waitUntil(lambda: any("later.safetensors" in n.text() for n in window.toasts.notes))
    window.select(window.sidebar.order()[0])
    assert window.stage.current() is not None


def test_the_sheet_lists_every_shortcut(window):
    QTest.keyClick(window, Qt.Key.Key_Question)
    sheet = next(c for c in window.children() if isinstance(c, ShortcutSheet))
    texts = [label.text() for label in sheet.findChildren(type(window.transport.step))]
    assert all(row.text in texts for row in TABLE)
    assert all(text in texts for panel in window.stage.panels for _, text in panel.shortcuts)
    sheet.close()


def test_every_action_of_the_table_exists_once(window):
    assert all(callable(getattr(window.commands, f"act_{row.name}")) for row in TABLE)
    keys = [key for row in TABLE for key in row.keys]
    assert len(set(keys)) == len(keys)


def test_a_new_run_from_the_dialog_trains(window, qtbot):
    QTest.keyClick(window, Qt.Key.Key_N, CTRL)
    dialog = next(c for c in window.children() if isinstance(c, NewRunDialog))
    dialog.browser.select("ring")
    qtbot.waitUntil(lambda: dialog.train_button.isEnabled())
    assert dialog.name.text() == "Ring of Gaussians · VAE"
    assert "network" not in dialog.knobs.knobs
    QTest.mouseClick(dialog.train_button, LEFT)
    qtbot.waitUntil(lambda: window.run() is not None and window.run().name == "Ring of Gaussians · VAE")
    qtbot.waitUntil(lambda: window.run().step > 5)
    assert sent(window, rq.CreateRun)[0].data_options == {"modes": 8, "width": 0.05}


def test_presets_set_the_knobs(window, qtbot):
    dialog = NewRunDialog(window.bridge, window.settings, window)
    qtbot.waitUntil(lambda: dialog.train_button.isEnabled())
    dialog.presets.setCurrentIndex(1)
    assert dialog.request().config["beta"] == 0.3
    assert dialog.request().training["rate"] == 2e-3
    dialog.reject()


def test_a_folder_is_asked_for_and_what_was_skipped_is_told(window, qtbot, monkeypatch, tmp_path):
    dialog = NewRunDialog(window.bridge, window.settings, window)
    dialog.show()
    dialog.browser.select("folder")
    assert not dialog.train_button.isEnabled()
    assert "Choose a folder" in dialog.browser.text.text()
    monkeypatch.setattr(files, "ask_folder", lambda *_: str(tmp_path))
    QTest.mouseClick(dialog.browser.choose, LEFT)
    qtbot.waitUntil(lambda: dialog.train_button.isEnabled())
    assert "1 file skipped" in dialog.browser.facts.text()
    assert "broken.png" in dialog.browser.facts.toolTip()
    assert dialog.request().data_options == {"size": "32", "path": str(tmp_path)}
    dialog.reject()


def test_a_download_shows_progress_and_is_cancelled(window, qtbot):
    dialog = NewRunDialog(window.bridge, window.settings, window)
    dialog.show()
    dialog.browser.select("mnist")
    qtbot.waitUntil(lambda: dialog.browser.download.isVisible())
    QTest.mouseClick(dialog.browser.download, LEFT)
    qtbot.waitUntil(lambda: dialog.browser.bar.value() > 0)
    QTest.mouseClick(dialog.browser.cancel, LEFT)
    assert rq.Cancel("new_run.download") in window.engine.submitted
    qtbot.waitUntil(lambda: dialog.browser.download.isVisible())
    dialog.reject()


def test_the_histogram_names_the_bar_under_the_pointer(window, qtbot):
    dialog = NewRunDialog(window.bridge, window.settings, window)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.train_button.isEnabled())
    bar = dialog.browser.histogram.bars(1)[2]
    assert dialog.browser.histogram.described(bar.center().toPoint()).startswith("glasses: dark · ")
    assert dialog.browser.histogram.described(QPoint(0, 0)) == ""
    dialog.reject()


def test_the_settings_take_effect_at_once(window, qtbot):
    dialog = SettingsDialog(window.settings, window.bridge, window)
    dialog.theme.setCurrentIndex(2)
    dialog.theme.activated.emit(2)
    assert theme.shown() == "light"
    dialog.device.setCurrentIndex(1)
    dialog.device.activated.emit(1)
    dialog.threads.setValue(3)
    dialog.accept()
    assert rq.SetDevice("cpu") in window.engine.submitted
    again = Settings(window.settings.path)
    from genplay.ui.settings import load

    again = load(window.settings.path)
    assert (again["theme"], again["device"], again["threads"]) == ("light", "cpu", 3)


def test_a_reset_of_the_layout_keeps_everything_else(window):
    theme.set_mode("light")
    window.settings["theme"] = "light"
    window.resize(1150, 720)
    window.columns.setSizes([400, 500, 250])
    window.act("settings")
    dialog = next(c for c in window.children() if isinstance(c, SettingsDialog))
    QTest.mouseClick(dialog.layout_reset, LEFT)
    assert (window.width(), window.height()) == (1440, 900)
    assert window.columns.sizes()[0] == pytest.approx(260, abs=4)
    assert theme.shown() == "light"
    dialog.accept()


def test_a_notice_points_at_a_live_knob_or_says_where_a_fixed_one_is(window):
    window.notices.knob_wanted.emit("beta")
    assert window.inspector.form.control("beta").hasFocus()
    window.notices.knob_wanted.emit("latent_size")
    assert window.toasts.notes[-1].text().endswith("is chosen when a run is made.")


def test_a_reset_brings_back_theme_and_sizes(window):
    window.settings["theme"] = "light"
    theme.set_mode("light")
    window.resize(1150, 720)
    window.act("curves")
    window.act("settings")
    dialog = next(c for c in window.children() if isinstance(c, SettingsDialog))
    QTest.mouseClick(dialog.reset, LEFT)
    next(c for c in dialog.children() if isinstance(c, QMessageBox)).buttons()[0].click()
    assert theme.shown() == "dark"
    assert (window.width(), window.height()) == (1440, 900)
    assert not window.curves.collapsed


def test_a_corrupt_settings_file_is_reported_in_the_window(make, tmp_path):
    from genplay.ui.settings import load

    (tmp_path / "settings.json").write_text("{")
    window = make(settings=load(tmp_path / "settings.json"))
    assert any("set aside" in n.text() for n in window.toasts.notes)


def test_the_layout_is_remembered(make, tmp_path, qtbot):
    from genplay.ui.settings import load

    first = make()
    first.resize(1200, 800)
    first.columns.setSizes([300, 600, 299])
    first.stage.choose("samples")
    first.act("curves")
    first.close()
    widths = load(tmp_path / "settings.json")["columns"]
    second = make(settings=load(tmp_path / "settings.json"))
    assert second.size().width() == 1200
    assert widths[0] > 280
    assert second.columns.sizes() == pytest.approx(widths, abs=4)
    assert second.curves.collapsed
    assert second.stage.current().name == "samples"


def test_a_small_window_begins_with_narrower_sides(make, tmp_path):
    settings = Settings(tmp_path / "small.json")
    settings["window"] = [0, 0, 1100, 700]
    window = make(settings=settings)
    assert window.columns.sizes()[1] >= 600
    assert make().columns.sizes()[0] == pytest.approx(260, abs=3)


def test_folding_the_curves_gives_their_room_to_the_stage(window, qtbot):
    before = window.stage.height()
    QTest.keyClick(window, Qt.Key.Key_J, CTRL)
    qtbot.waitUntil(lambda: window.stage.height() > before + 100)
    QTest.keyClick(window, Qt.Key.Key_J, CTRL)
    qtbot.waitUntil(lambda: abs(window.stage.height() - before) < 12)


def test_closing_stops_the_timers_before_the_engine(make):
    window = make()
    seen = []
    close = window.engine.close

    def note(timeout):
        seen.append((window.isHidden(), window.bridge._timer.isActive(), window.gauge._timer.isActive()))
        return close(timeout)

    window.engine.close = note
    window.close()
    assert seen == [(True, False, False)]


# ---- access


def test_tab_visits_the_window_as_it_is_read(window, qtbot):
    add_run(qtbot, window, "second")
    visited = []
    window.transport.play.setFocus()
    for _ in range(200):
        visited.append(window.focusWidget())
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() in visited:
            break
    assert window.focusWidget() is visited[0], "round once"
    areas = [window.transport, window.sidebar, window.stage, window.inspector, window.foot]
    places = [next(i for i, area in enumerate(areas) if area.isAncestorOf(w)) for w in visited]
    assert places == sorted(places)
    assert set(places) == set(range(5))
    cards = [w for w in visited if w in window.sidebar.cards.values()]
    assert cards == list(window.sidebar.cards.values())
    assert [w for w in visited if w in window.stage.tabs.values()] == [window.stage.tabs["latent"]]
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is visited[-1]


def test_every_button_can_be_reached_and_has_a_name(window):
    from PySide6.QtWidgets import QAbstractButton

    for button in window.findChildren(QAbstractButton):
        if button.isVisibleTo(window):
            assert button.accessibleName() or button.text(), button
            assert button.focusPolicy() != Qt.FocusPolicy.NoFocus or button.text(), button.accessibleName()


def test_icon_buttons_tell_their_shortcut(window):
    for button, keys in [
        (window.transport.play, "Space"),
        (window.transport.help, "?"),
        (window.sidebar.plus, "Ctrl+N"),
        (window.stage.export, "Ctrl+E"),
    ]:
        assert keys in button.toolTip()


@pytest.mark.parametrize("size", [(1100, 700), (1440, 900)])
@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_window_fits_and_paints_in_both_themes(window, size, mode):
    theme.set_mode(mode)
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    picture = window.grab().toImage()
    assert picture.pixelColor(300, 60 if size[0] > 1200 else 56) == theme.colour("background")
    assert window.stage.width() > 500


# ---- words


def test_words_about_a_run():
    run = rs.RunState(
        "a", "A", "vae", "d", "D", fake.FACES, "training", 12431, 3.1, 8420.0, terms={"kl": 1.0, "elbo": -41.8}
    )
    assert headline(run) == "ELBO −41.8  ·  8,420 img/s  ·  epoch 3.1"
    assert headline(run, ("modes covered", "kl")).startswith("KL 1  ·")
    assert headline(replace(run, terms={"modes": 25.0}), ("modes",)).startswith("modes 25  ·")
    assert status_line(run) == "training · 12.4k steps"
    assert [thousands(n) for n in (5, 999, 1000, 12431, 250_000)] == ["5", "999", "1k", "12.4k", "250k"]


def test_the_gauge_takes_the_median_of_drags():
    Gauge.forget()
    assert Gauge.drag_ms() is None
    for ms in (1, 2, 90):
        Gauge.drag(ms)
    assert Gauge.drag_ms() == 2
    Gauge.forget()


def test_a_library_without_a_folder_is_empty(tmp_path):
    assert read_library(tmp_path / "none") == []


def test_events_of_paint_do_not_run_the_start_twice(window, qtbot):
    panels = len(window.stage.panels)
    QApplication.sendEvent(window.centralWidget(), QEvent(QEvent.Type.Paint))
    qtbot.wait(50)
    assert len(window.stage.panels) == panels


def test_data_drawn_from_the_lab_is_chosen_for_a_new_run(window, monkeypatch):
    from genplay.ui.data_browser import DataBrowser
    from genplay.ui.gan.drawing import DrawingDialog
    from genplay.ui.new_run import NewRunDialog

    chosen = []
    monkeypatch.setattr(DataBrowser, "select_drawing", lambda browser, path: chosen.append(path))
    window.stage.panel("gan").draw.click()
    dialog = window.findChild(DrawingDialog)
    assert dialog.isVisible()
    dialog.saved.emit("blob.npz", "Blob")
    dialog.reject()
    assert chosen == ["blob.npz"]
    assert window.findChild(NewRunDialog).isVisible()
    window.findChild(NewRunDialog).reject()
