"""The promise of "Copy as Python", end to end: the script from the window makes the window's file, byte for byte."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest
from PySide6.QtGui import QGuiApplication

from genplay.contract.recipe import Recipe
from genplay.contract.requests import RenameRun
from genplay.engine.facade import ThreadedEngine
from genplay.export import python_script, read_recipe
from genplay.ui.export_dialog import ExportDialog, _write
from genplay.ui.settings import Settings
from genplay.ui.window import MainWindow

NAMES = {"png": ".png", "gif": ".gif", "npz": ".npz", "webp": ".webp"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    from genplay.cli import main

    out = tmp_path_factory.mktemp("shipped") / "digits.safetensors"
    words = ["--set", "width=8", "latent_size=4", "--steps", "20", "--quiet", "--name", "Digits · ten"]
    assert main(["train", "vae", "--data", "digits8", *words, "--out", str(out)]) == 0
    return out


@pytest.fixture
def window(qtbot, tmp_path, checkpoint):
    window = MainWindow(
        ThreadedEngine(tmp_path, device="cpu", threads=1), Settings(tmp_path / "s.json"), checkpoint.parent
    )
    qtbot.addWidget(window)
    window.painted.connect(window.engine.start)
    with qtbot.waitSignal(window.complete, timeout=30000):
        window.show()
    qtbot.waitUntil(lambda: window.run() is not None and window.run().digest != "", timeout=60000)
    yield window
    window.close()


def shown(qtbot, window, tab):
    """What a tab shows once it has settled."""
    assert window.stage.choose(tab)
    qtbot.waitUntil(lambda: window.stage.exhibit() is not None, timeout=30000)
    end = time.monotonic() + 30
    while window.engine.busy() and time.monotonic() < end:
        qtbot.wait(20)
    return window.stage.exhibit()


def run_script(text, folder):
    script = folder / "again.py"
    script.write_text(text)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr


def test_the_script_makes_the_same_bytes(qtbot, window, checkpoint, tmp_path):
    """For every tab and every kind of file, also after the run was given another name in the window."""
    window.bridge.send(RenameRun(window.selected, "another name"))
    qtbot.waitUntil(lambda: window.run().name == "another name", timeout=10000)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    (theirs / checkpoint.name).write_bytes(checkpoint.read_bytes())
    scripts = []
    for tab in ("samples", "latent"):
        exhibit = shown(qtbot, window, tab)
        assert exhibit.digest
        dialog = ExportDialog(exhibit, window.recipe(exhibit), window)
        for row in range(dialog.what.count()):
            dialog.what.setCurrentIndex(row)
            options = dialog.options()
            name = f"{tab}-{options['what']}{NAMES[options['format']]}"
            held = {"arrays": dialog._arrays()} if options["what"] == "arrays" else {}
            _write(exhibit.x, ours / name, dialog.recipe, options | held, False)
            scripts.append(python_script(dataclasses.replace(dialog.recipe, export=options), name))
        dialog.close()
    run_script("\n".join(scripts), theirs)
    made = sorted(p.name for p in ours.iterdir())
    assert len(made) >= 4
    differ = [name for name in made if (ours / name).read_bytes() != (theirs / name).read_bytes()]
    assert differ == []
    assert read_recipe(ours / made[0]).run == "Digits · ten"


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    from genplay.cli import main

    out = tmp_path_factory.mktemp("flows") / "flow.safetensors"
    words = ["--set", "width=8", "--steps", "3", "--quiet"]
    assert main(["train", "flow_matching", "--data", "digits8", *words, "--out", str(out)]) == 0
    return out


def test_what_is_exported_of_a_tape_can_be_made_again(qtbot, window, flow, tmp_path):
    from genplay.ui.unfold import exhibits

    window.open_path(str(flow))
    qtbot.waitUntil(lambda: window.run() is not None and window.run().family == "flow_matching", timeout=30000)
    shown(qtbot, window, "unfold")
    session = window.stage.current().session
    qtbot.waitUntil(lambda: session.tape is not None and session.tape.take.complete, timeout=30000)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    (theirs / flow.name).write_bytes(flow.read_bytes())
    scripts = []
    for view in ("x_t", "x_0"):
        for make in (exhibits.animation, exhibits.contact_sheet, exhibits.current):
            exhibit = make(session, view)
            dialog = ExportDialog(exhibit, window.recipe(exhibit), window)
            for row in range(dialog.what.count()):
                dialog.what.setCurrentIndex(row)
                options = dialog.options()
                name = f"{view}-{make.__name__}-{options['what']}{NAMES[options['format']]}"
                held = {"arrays": dialog._arrays()} if options["what"] == "arrays" else {}
                _write(exhibit.x, ours / name, dialog.recipe, options | held, False)
                scripts.append(python_script(dataclasses.replace(dialog.recipe, export=options), name))
            dialog.close()
    run_script("\n".join(scripts), theirs)
    made = sorted(p.name for p in ours.iterdir())
    assert len(made) == 12
    assert [name for name in made if (ours / name).read_bytes() != (theirs / name).read_bytes()] == []


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    from genplay.cli import main

    out = tmp_path_factory.mktemp("games") / "game.safetensors"
    words = ["--set", "width=4", "latent_size=3", "--steps", "5", "--quiet"]
    assert main(["train", "gan", "--data", "ring", *words, "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("ahead", [False, True])
def test_the_script_of_a_canvas_makes_the_numbers_behind_it(qtbot, window, game, tmp_path, ahead):
    """The canvas is drawn by the window alone, so neither its picture nor a plain scatter is what the script makes."""
    window.open_path(str(game))
    qtbot.waitUntil(lambda: window.run() is not None and window.run().family == "gan", timeout=30000)
    shown(qtbot, window, "gan")
    seat = window.stage.current().session.seats[0]
    if ahead:
        window.stage.current().session.toggle("ghosts")
    qtbot.waitUntil(lambda: not ahead or seat.ghost is not None, timeout=30000)
    exhibit = shown(qtbot, window, "gan")
    dialog = ExportDialog(exhibit, window.recipe(exhibit), window)
    assert dialog.options()["what"] == "picture" and dialog.script_options()["what"] == "arrays"
    dialog.copy_script()
    dialog.close()
    ours, theirs = tmp_path / "ours.npz", tmp_path / "theirs"
    options = dialog.script_options()
    _write(exhibit.x, ours, dialog.recipe, options | {"arrays": dialog._arrays()}, False)
    theirs.mkdir()
    (theirs / game.name).write_bytes(game.read_bytes())
    run_script(QGuiApplication.clipboard().text(), theirs)
    (made,) = theirs.glob("*.npz")
    assert ("ghost" in options["names"]) == ahead and "images" not in options["names"]
    assert made.read_bytes() == ours.read_bytes()


def test_what_is_dragged_out_tells_as_much_as_what_is_exported(qtbot, window):
    for tab in ("samples", "latent"):
        exhibit = shown(qtbot, window, tab)
        dragged = window.stage.current().recipe_of(exhibit)
        assert isinstance(dragged, Recipe)
        assert dragged == window.recipe(exhibit)
        assert (dragged.view["panel"], dragged.checkpoint) == (tab, "digits.safetensors")


def walking(qtbot, window, tmp_path_factory, words):
    """The Chain lab with a model made for it, whose chains have walked a first leg."""
    from genplay.cli import main

    out = tmp_path_factory.mktemp("chains") / "chains.safetensors"
    assert main(["train", *words, "--steps", "3", "--quiet", "--out", str(out)]) == 0
    window.open_path(str(out))
    qtbot.waitUntil(lambda: window.run() is not None and window.run().family == words[0], timeout=30000)
    shown(qtbot, window, "chains")
    panel = window.stage.current()
    panel.walker.pause()
    qtbot.waitUntil(lambda: panel.walker.recording.length > 0 and not panel.walker.running, timeout=30000)
    return out, panel


def made_again(window, exhibits, out, tmp_path):
    """How many files of these exhibits were written, and which of them their scripts make otherwise."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    (theirs / out.name).write_bytes(out.read_bytes())
    scripts = []
    for number, exhibit in enumerate(exhibits):
        dialog = ExportDialog(exhibit, window.recipe(exhibit), window)
        for row in range(dialog.what.count()):
            dialog.what.setCurrentIndex(row)
            options = dialog.script_options()
            name = f"{number}-{row}-{options['what']}{NAMES[options['format']]}"
            held = {"arrays": dialog._arrays()} if options["what"] == "arrays" else {}
            _write(exhibit.x, ours / name, dialog.recipe, options | held, False)
            scripts.append(python_script(dataclasses.replace(dialog.recipe, export=options), name))
        dialog.close()
    run_script("\n".join(scripts), theirs)
    made = sorted(p.name for p in ours.iterdir())
    return len(made), [name for name in made if (ours / name).read_bytes() != (theirs / name).read_bytes()]


@pytest.mark.slow
def test_a_walk_of_pictures_can_be_made_again_also_where_it_went_on(qtbot, window, tmp_path, tmp_path_factory):
    from genplay.ui.chains import exhibits

    words = ["rbm", "--data", "digits8", "--set", "hidden=4"]
    out, panel = walking(qtbot, window, tmp_path_factory, words)
    walker = panel.walker
    walker.seek(33)
    found = [exhibits.now(panel.session, walker), exhibits.now(panel.session, walker, 2)]
    assert walker.go_on()
    qtbot.waitUntil(lambda: walker.recording.length == 201 and not walker.running, timeout=30000)
    walker.seek(150)
    found += [exhibits.now(panel.session, walker), exhibits.animation(panel.session, walker)]
    assert found[2].question.begin == "given" and found[2].of_tape["frame"] == 50
    count, differ = made_again(window, found, out, tmp_path)
    assert count >= 6
    assert differ == []


@pytest.mark.slow
def test_the_numbers_behind_a_landscape_can_be_made_again(qtbot, window, tmp_path, tmp_path_factory):
    words = ["energy", "--data", "ring", "--preset", "points"]
    out, panel = walking(qtbot, window, tmp_path_factory, words)
    panel.walker.seek(20)
    count, differ = made_again(window, [panel.exhibit()], out, tmp_path)
    assert count >= 1
    assert differ == []
