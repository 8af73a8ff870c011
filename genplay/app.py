"""Puts the window and the engine together. The only module that knows both."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from genplay.contract import paths
from genplay.engine.facade import ThreadedEngine
from genplay.ui import settings as settings_file

if TYPE_CHECKING:
    from genplay.ui.settings import Settings
    from genplay.ui.window import MainWindow

log = logging.getLogger("genplay")


def run(files: Sequence[str] = (), reset: bool = False) -> int:
    """Open the window and return its exit status when it is closed. ``files`` are opened in it."""
    if reset:
        settings_file.reset()
    settings = settings_file.load()
    application = make_application()
    window, engine = make_window(settings)
    show(window, engine, files)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    _keep_python_awake(window)
    return application.exec()


def make_application() -> QApplication:
    """The application with its icon and hooks for exceptions that nobody caught."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("genplay")
    application.setDesktopFileName("genplay")
    application.setWindowIcon(QIcon(str(paths.shipped("assets") / "icon.svg")))
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda caught: _log_uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
    return application


def make_window(settings: Settings, root: Path | None = None) -> tuple[MainWindow, ThreadedEngine]:
    """The window on an engine that has not started yet."""
    from genplay.ui.window import MainWindow

    engine = ThreadedEngine(
        root,
        device=settings["device"],
        threads=settings["threads"],
        lanes=1 if settings["device"] == "mps" else 2,
        autosave_seconds=60.0 * settings["autosave_minutes"],
    )
    return MainWindow(engine, settings), engine


def show(window: MainWindow, engine: ThreadedEngine, files: Sequence[str] = ()) -> None:
    """Show the window; the engine, and with it torch, waits for the first paint, and ``files`` for all panels."""
    window.painted.connect(engine.start)
    window.complete.connect(lambda: _open(window, files))
    window.show()


def _open(window: MainWindow, files: Sequence[str]) -> None:
    for path in files:
        window.open_path(path)


def _keep_python_awake(window: MainWindow) -> None:
    """Let Python handle Ctrl+C in the terminal, which it can do only between its own instructions."""
    timer = QTimer(window)
    timer.timeout.connect(lambda: None)
    timer.start(500)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None, *_: Any
) -> None:
    """Exceptions outside jobs and slots end in the log, and the window lives on."""
    log.error("an exception that nothing caught", exc_info=(kind, error or kind(), traceback))
