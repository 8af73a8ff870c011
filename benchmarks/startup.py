"""How long until the window is painted, beside a bare window of as many widgets, and until a model can be dragged.

    python benchmarks/startup.py [--rounds 7] [--checkpoint FILE] [--json FILE]

Every start is a fresh process. In each round genplay's window and a bare one take turns, so that both see the same
machine. Times run from just before the process is made to the first turn of the event loop after the first paint.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

TWICE, SECONDS = 2.0, 2.0  # targets: first paint against the bare window; picture after first paint
HEAVY = ("torch", "pyqtgraph", "numpy")
PATIENCE = 120.0


def main(arguments: list[str]) -> int:
    """Start windows in turn and report the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--checkpoint", help="the model of the first start; default: the shipped one, else a quick one")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    parser.add_argument("--child", choices=("bare", "genplay"), help=argparse.SUPPRESS)
    parser.add_argument("--widgets", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.child:
        return _bare(chosen.widgets) if chosen.child == "bare" else _genplay(Path(chosen.checkpoint))
    from figures import Report
    from figures.models import checkpoint_folder

    report = Report("startup")
    with checkpoint_folder(chosen.checkpoint) as folder:
        _compare(report, chosen.rounds, folder)
    report.finish(chosen.json)
    return 0


def _compare(report: Any, rounds: int, folder: Path) -> None:
    """Interleaved starts; the first of each kind only warms the disk."""
    widgets = _start("genplay", ["--checkpoint", str(folder)])["widgets"]
    _start("bare", ["--widgets", str(widgets)])
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(_start("bare", ["--widgets", str(widgets)]))
        ours.append(_start("genplay", ["--checkpoint", str(folder)]))
    middle = {key: median(start[key] for start in ours) for key in ("painted", "complete", "picture", "dragged")}
    ratios = [a["painted"] / b["painted"] for a, b in zip(ours, bare, strict=True)]
    report.results = {
        "widgets": widgets,
        "bare_seconds": median(start["painted"] for start in bare),
        "genplay_seconds": middle,
        "ratios": ratios,
        "ratio_of_fastest": min(start["painted"] for start in ours) / min(start["painted"] for start in bare),
        "ratio_of_processor_time": min(start["used"] for start in ours) / min(start["used"] for start in bare),
        "heavy_at_first_paint": sorted({name for start in ours for name in start["heavy"]}),
        "heavy_seconds": median(start["engine"] for start in ours),
    }
    report.at_most("first paint against a bare window", median(ratios), TWICE, "x")
    report.at_most("modules of torch or pyqtgraph loaded at first paint", len(_early(ours)), 0)
    report.at_most(
        "picture on screen and draggable, after the paint", middle["dragged"] - middle["painted"], SECONDS, " s"
    )


def _early(starts: list[dict[str, Any]]) -> set[str]:
    return {name for start in starts for name in start["heavy"] if name in ("torch", "pyqtgraph")}


def _start(kind: str, options: list[str]) -> dict[str, Any]:
    """One process; the seconds it reports are since just before it was made."""
    with tempfile.TemporaryDirectory(prefix="genplay-") as home:
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "GENPLAY_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has been compiled
        command = [sys.executable, __file__, "--child", kind, *options]
        begun = time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)
    if done.returncode:
        raise SystemExit(f"A start failed: {done.stderr.strip()}")
    found = json.loads(done.stdout.splitlines()[-1])
    times = {name: value - begun for name, value in found.items() if isinstance(value, float)}
    return found | times | {"used": found["used"][0]}


# ---- in the fresh processes: nothing is imported that the program itself would not import ------------------------


def _bare(count: int) -> int:
    """A main window with ``count`` plain labels and buttons; prints when it had been painted."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication, QGridLayout, QLabel, QMainWindow, QPushButton, QWidget

    application = QApplication(sys.argv[:1])

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                watched.removeEventFilter(self)
                QTimer.singleShot(0, self.painted)
            return False

        def painted(self) -> None:
            print(json.dumps({"painted": time.monotonic(), "used": [time.process_time()]}), flush=True)
            application.quit()

    window, inside, watch = QMainWindow(), QWidget(), Watch()
    grid = QGridLayout(inside)
    for number in range(max(0, count - 1)):
        make = QPushButton if number % 2 else QLabel
        grid.addWidget(make(f"widget {number}"), number // 10, number % 10)
    window.setCentralWidget(inside)
    inside.installEventFilter(watch)
    window.resize(1440, 900)
    window.show()
    return application.exec()


def _genplay(folder: Path) -> int:
    """What ``genplay`` does when it is started for the first time; prints when what was reached."""
    from genplay import app, cli

    show = app.show

    def watched(window: Any, engine: Any, files: Any = ()) -> None:
        window.library_folder = folder
        _Milestones(window, engine)
        show(window, engine, files)

    app.show = watched
    return cli.main([])


class _Milestones:
    """Notes when the window is painted, complete, shows the model's picture and has answered a drag."""

    def __init__(self, window: Any, engine: Any) -> None:
        from PySide6.QtCore import QTimer

        self.window, self.engine = window, engine
        self.found: dict[str, Any] = {}
        self.until = time.monotonic() + PATIENCE
        window.painted.connect(self._painted)
        window.complete.connect(lambda: self.found.update(complete=time.monotonic()))
        self.timer = QTimer(window, interval=4)
        self.timer.timeout.connect(self._look)

    def _painted(self) -> None:
        from PySide6.QtWidgets import QWidget

        self.found.update(painted=time.monotonic(), used=[time.process_time()])
        self.found["heavy"] = [name for name in HEAVY if name in sys.modules]
        self.found["widgets"] = 1 + len(self.window.findChildren(QWidget))
        self.timer.start()

    def _look(self) -> None:
        if "engine" not in self.found and self.window.bridge.catalogue is not None:
            self.found["engine"] = time.monotonic()
        panel = self.window.stage.panel("latent")
        shown = panel is not None and panel.isVisible() and panel.picture.picture.image is not None
        if shown and "picture" not in self.found:
            self.found["picture"] = time.monotonic()
            panel.picture.latency.connect(self._dragged)
            self._drag(panel.picture.picture)
        if time.monotonic() > self.until:
            print(f"Reached only {sorted(self.found)}.", file=sys.stderr)
            os._exit(1)

    def _drag(self, picture: Any) -> None:
        """Move the picture a little by the mouse."""
        from figures.mouse import Mouse

        mouse = Mouse(picture)
        mouse.press(0.5, 0.5)
        mouse.move(0.55, 0.5)
        mouse.release(0.55, 0.5)

    def _dragged(self, _: float) -> None:
        self.timer.stop()
        self.found["dragged"] = time.monotonic()
        print(json.dumps(self.found), flush=True)
        self.window.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
