"""Text in the whole window: a text file as data, cards, the filmstrip, exports and their recipes.

With the real engine the script of what was written makes the same bytes.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from genplay.contract import fake_text
from genplay.contract import requests as rq
from genplay.contract import results as rs
from genplay.contract.fake_engine import FakeEngine
from genplay.engine.facade import ThreadedEngine
from genplay.engine.preview import mosaic_png
from genplay.export import encode, read_recipe
from genplay.ui import mosaic, theme
from genplay.ui.export_dialog import ExportDialog, _write
from genplay.ui.new_run import NewRunDialog
from genplay.ui.settings import Settings
from genplay.ui.window import MainWindow
from tests.ui.test_copy_as_python import run_script

WORDS = fake_text.WORDS


@pytest.fixture
def window(qtbot, tmp_path):
    window = MainWindow(FakeEngine(), Settings(tmp_path / "s.json"), tmp_path)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.complete, timeout=20000):
        window.show()
    qtbot.waitUntil(lambda: bool(window.bridge.runs), timeout=5000)
    yield window
    window.close()


def writing_run(qtbot, window, run_id="words"):
    window.bridge.send(rq.CreateRun(run_id, "Words", "autoregressive", "words"))
    qtbot.waitUntil(lambda: run_id in window.bridge.runs, timeout=5000)
    window.select(run_id)
    qtbot.waitUntil(lambda: not window.engine.busy(), timeout=10000)


def test_a_text_file_that_is_opened_becomes_the_data_of_a_new_run(qtbot, window, tmp_path):
    path = tmp_path / "hills.txt"
    path.write_text("larito\nsurisu\n")
    window.open_path(str(path))
    dialog = window.findChildren(NewRunDialog)[0]
    browser = dialog.browser
    qtbot.waitUntil(lambda: browser.pages.currentWidget() is browser.strings, timeout=5000)
    assert browser.choose.text().startswith("hills.txt") and browser.options()["path"] == str(path)
    assert "up to 12 characters, of 26 different ones" in browser.facts.text()
    assert "a b c" in browser.facts.toolTip() and browser.data_title == "hills"
    made = []
    dialog.create_wanted.connect(lambda request, play: made.append(request))
    dialog.train_button.click()
    assert made[0].data == "text_file" and made[0].data_options["path"] == str(path)
    assert made[0].family in ("autoregressive", "discrete_diffusion")


def test_cards_filmstrip_and_the_past_show_letters(qtbot, window):
    writing_run(qtbot, window)
    tokens = fake_text.film(window.run())
    qtbot.waitUntil(lambda: not window.sidebar.cards["words"].mosaic_pixmap().isNull(), timeout=5000)
    card = window.sidebar.cards["words"].mosaic_pixmap().toImage()
    assert len({card.pixel(x, y) for x in range(card.width()) for y in range(card.height())}) > 3
    window.stage.show_past(rs.FilmFrame("words", 0, tokens))
    window.grab()
    window.stage.show_past(None)
    film = window.filmstrip.exhibit()
    assert film is not None and film.vocabulary == WORDS.vocabulary
    recipe = window.recipe(film)
    assert encode(film.x, recipe, {"format": "gif", "what": "animation", "vocabulary": film.vocabulary})[:3] == b"GIF"
    image = mosaic.of_png(mosaic_png(tokens, WORDS), mosaic.ink(WORDS, "autoregressive")).toImage()
    drawn = [image.pixelColor(x, y) for x in range(48) for y in range(48)]
    strongest = max(drawn, key=lambda c: c.alpha())
    assert strongest.alpha() > 150 and abs(strongest.lightness() - theme.colour("text").lightness()) < 30


def test_every_open_tab_of_a_run_of_texts_has_something_to_export(qtbot, window):
    writing_run(qtbot, window)
    open_tabs = [p.name for p in window.stage.panels if window.stage.tabs[p.name].isEnabled()]
    assert open_tabs == ["samples", "unfold", "writing", "density"]
    for name in open_tabs:
        window.stage.choose(name)
        qtbot.waitUntil(lambda: not window.engine.busy(), timeout=10000)
        assert not window.stage.grab().isNull()
        assert window.stage.exhibit() is not None, name
    theme.set_mode("light")
    assert not window.grab().isNull()
    for panel in window.stage.panels:
        reason = panel.closed_because(window.run())
        assert not reason or reason.endswith("."), panel.name
    theme.set_mode("dark")


def test_the_export_dialog_offers_texts(qtbot, window, tmp_path):
    writing_run(qtbot, window)
    window.stage.choose("samples")
    qtbot.waitUntil(lambda: window.stage.exhibit() is not None and not window.engine.busy(), timeout=10000)
    exhibit = window.stage.exhibit()
    dialog = ExportDialog(exhibit, window.recipe(exhibit))
    qtbot.addWidget(dialog)
    assert [dialog.what.itemData(i) for i in range(dialog.what.count())] == ["text", "grid", "arrays"]
    assert dialog.size_label.text() == "96 texts" and dialog.copy.text() == "Copy text"
    dialog.copy.click()
    assert QGuiApplication.clipboard().text().splitlines() == exhibit.texts
    _write(exhibit.x, tmp_path / "a.txt", dialog.recipe, dialog.options(), False)
    assert (tmp_path / "a.txt").read_text().splitlines() == exhibit.texts
    dialog.what.setCurrentIndex(1)
    assert "px" in dialog.size_label.text() and not dialog.note.text()
    _write(exhibit.x, tmp_path / "a.png", dialog.recipe, dialog.options(), False)
    assert read_recipe(tmp_path / "a.png").question == exhibit.question


@pytest.mark.slow
def test_what_a_real_model_writes_can_be_made_again_by_its_script(qtbot, tmp_path):
    from genplay.cli import main

    folder = tmp_path / "shipped"
    folder.mkdir()
    out = folder / "names.safetensors"
    words = ["--set", "width=16", "depth=1", "--steps", "10", "--quiet", "--name", "Names"]
    assert main(["train", "autoregressive", "--data", "names", "--preset", "text", *words, "--out", str(out)]) == 0
    settings = Settings(tmp_path / "s.json")
    window = MainWindow(ThreadedEngine(tmp_path, device="cpu", threads=1), settings, folder)
    qtbot.addWidget(window)
    window.painted.connect(window.engine.start)
    with qtbot.waitSignal(window.complete, timeout=60000):
        window.show()
    qtbot.waitUntil(lambda: window.run() is not None and window.run().digest != "", timeout=60000)
    for tab, what, format in (("samples", 0, "txt"), ("writing", 1, "png"), ("unfold", 0, "gif")):
        assert window.stage.choose(tab)
        qtbot.waitUntil(lambda: window.stage.exhibit() is not None, timeout=30000)
        end = time.monotonic() + 30
        while window.engine.busy() and time.monotonic() < end:
            qtbot.wait(20)
        if tab == "unfold":
            window.stage.panel("unfold").timeline.toggle()
        exhibit = window.stage.exhibit()
        dialog = ExportDialog(exhibit, window.recipe(exhibit))
        qtbot.addWidget(dialog)
        dialog.what.setCurrentIndex(what)
        ours = tmp_path / f"ours.{format}"
        _write(exhibit.x, ours, dialog.recipe, dialog.options(), True)
        dialog.copy_script()
        text = QGuiApplication.clipboard().text()
        script = text.replace('"names.safetensors"', repr(str(out)))
        made = next(word for word in script.split('"') if word.endswith(f".{format}"))
        run_script(script, tmp_path)
        assert (tmp_path / made).read_bytes() == ours.read_bytes(), tab
    assert np.array_equal(read_recipe(ours).question.n, exhibit.question.n)
    window.close()
