"""The window without a screen: screenshots, and the tour that walks through its real widgets."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genplay.contract.errors import BadInput

if TYPE_CHECKING:
    from PySide6.QtGui import QKeySequence

    from genplay.ui.panel import Panel
    from genplay.ui.window import MainWindow

PATIENCE = 60.0


@contextmanager
def offscreen_window(size: tuple[int, int], theme: str) -> Iterator[MainWindow]:
    """The whole program in a window that no screen shows, with settings and runs of its own. Panels are all there."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="genplay-") as home:
        from genplay import app
        from genplay.ui import settings as settings_file

        app.make_application()
        settings = settings_file.Settings(Path(home) / settings_file.NAME)
        settings["theme"], settings["launched"] = theme, True
        window, engine = app.make_window(settings, Path(home))
        try:
            window.resize(*size)
            app.show(window, engine)
            wait(lambda: not window.panels_pending and window.bridge.catalogue is not None, "the window to be complete")
            yield window
        finally:
            window.close()


def wait(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Let the window live until a condition holds. Raises ``BadInput`` saying what did not come about."""
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BadInput(f"Waited {seconds:.0f} seconds in vain for {what}.")
        QApplication.processEvents()
        time.sleep(0.002)


def live(seconds: float) -> None:
    """Let the window live for a while, as it does when a person is at it: asleep until something happens."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def open_run(window: MainWindow, checkpoint: Path) -> None:
    """Open a checkpoint in the window and wait until its model can be asked."""
    window.open_path(str(checkpoint))
    wanted = str(checkpoint.resolve())

    def is_shown() -> bool:
        run = window.run()
        return run is not None and bool(run.path) and str(Path(run.path).resolve()) == wanted

    wait(is_shown, f"{checkpoint.name} to open")
    settle(window)


def settle(window: MainWindow) -> None:
    """Wait until every question is answered and painted, also one that waits for its turn."""
    live(0.3)
    wait(lambda: not window.engine.busy() and not window.bridge.waiting_for(""), "the answers")
    live(0.2)


def panel(window: MainWindow, name: str) -> Panel:
    """Bring a tab to the front; raises ``BadInput`` if there is none or it is closed for the run."""
    known = {p.name: p for p in window.stage.panels}
    if name not in known:
        raise BadInput(f"There is no tab {name!r}; known: {', '.join(known)}.")
    run = window.run()
    reason = known[name].closed_because(run) if run else "no run is open"
    if reason:
        raise BadInput(reason)
    window.stage.choose(name)
    settle(window)
    return known[name]


def _is_closed(window: MainWindow, name: str) -> bool:
    """Whether a tab cannot serve the run on show; one that does not exist is left to ``panel``."""
    run = window.run()
    found = next((p for p in window.stage.panels if p.name == name), None)
    return found is not None and run is not None and bool(found.closed_because(run))


def shoot(window: MainWindow, path: Path) -> None:
    """Save what the window shows. Raises ``BadInput`` when the file cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if window.curves is not None:
        window.curves.build_now()  # else a busy machine is caught with some of its plots
    if not window.grab().save(str(path)):
        raise BadInput(f"{path.name} could not be written.")


def key_sequence(keys: str) -> QKeySequence:
    """Keys written such as Ctrl+J. Raises ``BadInput`` for what is none."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QKeySequence

    sequence = QKeySequence(keys)
    first: Any = sequence
    if sequence.isEmpty() or first[0].key() == Qt.Key.Key_unknown:
        raise BadInput(f"There are no keys {keys!r}.")
    return sequence


def press(window: MainWindow, sequence: QKeySequence) -> None:
    """Press keys and wait for what they lead to."""
    from PySide6.QtTest import QTest

    QTest.keySequence(window, sequence)
    settle(window)


def shot(
    tab: str,
    checkpoints: Sequence[Path],
    size: tuple[int, int],
    theme: str,
    out: Path,
    train_seconds: float = 0.0,
    keys: Sequence[str] = (),
) -> None:
    """``genplay shot``: a tab showing the first checkpoint that it serves, after some training and keys if wanted."""
    sequences = [key_sequence(one) for one in keys]
    with offscreen_window(size, theme) as window:
        for checkpoint in checkpoints:
            open_run(window, checkpoint)
            if not _is_closed(window, tab):
                break
        panel(window, tab)
        if train_seconds:
            window.act("play")
            live(train_seconds)
        settle(window) if not train_seconds else live(0.3)
        for sequence in sequences:
            press(window, sequence)
        shoot(window, out)
