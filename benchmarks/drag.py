"""How soon a drag is painted, idle and beside training, and how late the window's event loop gets.

    python benchmarks/drag.py [--only latent unfold guidance] [--events 600] [--seconds 10] [--imports 3]
                              [--checkpoint FILE] [--diffusion FILE] [--json FILE]

Real events are sent to the real window, offscreen. *latent*: mouse moves on the Latent panel of the faces16 VAE, on its
plane, on a slider and on the picture itself. The latency of an event runs from its delivery to the end of the paint
that shows the decoded picture of that event or of a newer one. Lateness is how much later than 16 ms after the one
before a tick of a precise 16 ms timer comes; it is taken while another run trains and the mouse drags, and in fresh
processes from the first paint until the engine, and with it torch, is there.

*unfold*: a finished tape of the faces16 diffusion model is scrubbed by the mouse, stepped by buttons and keys, and
another branch is clicked, each until the end of the paint that shows it. *guidance*: its scale is dragged, 16 faces and
a preview of 8 steps, until the first picture of the new scale is painted: in moves that each wait for all of the one
before, and in one long drag.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from figures import Report, say, spread

IDLE_MS, BUSY_MS = 5.0, 10.0
LATE_MS, LATEST_MS, IMPORT_MS = 6.0, 100.0, 250.0
STEP_MS, GUIDE_MS = 16.0, 150.0
TICK_MS = 16
WARM_SECONDS = 3.0  # after the start of the game: each plot takes some 50 ms to build beside it
PATIENCE = 60.0
PARTS = ("latent", "unfold", "guidance", "game")
GAME_LATE_MS, GAME_FRAMES = 8.0, 20.0
WHERE = ("plane", "slider", "picture")


def main(arguments: list[str]) -> int:
    """Drag, train, drag again, and start afresh some times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure; default: all")
    parser.add_argument("--events", type=int, default=600, help="mouse moves on each of plane, slider and picture")
    parser.add_argument("--rounds", type=int, default=3, help="turns of idle and training")
    parser.add_argument("--seconds", type=float, default=10.0, help="for lateness without a hand on the mouse")
    parser.add_argument(
        "--imports", type=int, default=3, help="fresh starts for the lateness during the import of torch"
    )
    parser.add_argument("--rate", type=float, default=120.0, help="mouse events a second")
    parser.add_argument("--checkpoint", help="the model to drag; default: the shipped faces16 VAE, else a quick one")
    parser.add_argument("--moves", type=int, default=20, help="single moves of the guidance slider")
    parser.add_argument("--hold", type=float, default=3.0, help="seconds of the long drag of the guidance slider")
    parser.add_argument("--diffusion", help="the model to unfold and guide; default: the shipped faces16 diffusion")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.child:
        return _lateness_of_a_start()
    report = Report("drag")
    if "latent" in chosen.only:
        _measure_latent(report, chosen)
    if {"unfold", "guidance"} & set(chosen.only):
        _measure_sampling(report, chosen)
    if "game" in chosen.only:
        _measure_game(report, chosen)
    report.finish(chosen.json)
    return 0


def _measure_latent(report: Report, chosen: argparse.Namespace) -> None:
    report.results["import"] = _imports(chosen.imports)
    from figures.models import checkpoint

    with checkpoint(chosen.checkpoint) as path:
        report.results |= _in_a_window(path, chosen)
    found = report.results
    report.at_most("drag to paint, idle, p99", found["idle"]["all"]["p99"], IDLE_MS, " ms")
    report.at_most("drag to paint while training, p99", found["training"]["all"]["p99"], BUSY_MS, " ms")
    report.at_most("lateness while training, p99", found["late"]["p99"], LATE_MS, " ms")
    report.at_most("lateness while training, max", found["late"]["max"], LATEST_MS, " ms")
    if found["import"]:
        report.at_most("lateness while torch is imported, max", found["import"]["median_of_max"], IMPORT_MS, " ms")


def _measure_sampling(report: Report, chosen: argparse.Namespace) -> None:
    """One window for both panels of a model that denoises, with the threads that the engine chooses."""
    from figures import guiding, unfolding
    from figures.models import diffusion

    from genplay import shooting

    with shooting.offscreen_window((1440, 900), "dark") as window:
        shooting.open_run(window, diffusion(chosen.diffusion))
        if "unfold" in chosen.only:
            say("unfold")
            found = report.results["unfold"] = unfolding.measure(window, chosen.events, chosen.rate)
            for way, latencies in found.items():
                report.at_most(f"unfold, {way} to paint, p99", latencies["p99"], STEP_MS, " ms")
        if "guidance" in chosen.only:
            say("guidance")
            found = report.results["guidance"] = guiding.measure(window, chosen.moves, chosen.hold, chosen.rate)
            report.at_most("guidance, move to first picture, median", found["single"]["p50"], GUIDE_MS, " ms")
            report.at_most("guidance, move to first picture, p90", found["single"]["p90"], GUIDE_MS, " ms")
            report.at_least("guidance, last picture of a drag is of its last value", found["drag"]["in_the_end"], 1)


def _measure_game(report: Report, chosen: argparse.Namespace) -> None:
    """The canvas of the GAN lab with all layers while the ring preset trains, once its plots have been built."""
    from figures import playing

    from genplay import shooting

    say("game")
    late: list[float] = []
    with shooting.offscreen_window((1440, 900), "dark") as window:
        panel = playing.open_game(window)
        with _training(window, playing.RUN):
            shooting.live(WARM_SECONDS)
            frames = playing.Frames(panel)
            with _lateness(late):
                shooting.live(chosen.seconds)
            rate = frames.rate()
    report.results["game"] = {"late": spread(late), "frames a second": rate}
    report.at_most("game, lateness of the event loop, p99", report.results["game"]["late"]["p99"], GAME_LATE_MS, " ms")
    report.at_least("game, states painted a second", rate, GAME_FRAMES)


# ---- one window ---------------------------------------------------------------------------------------------------


def _in_a_window(path: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Idle and training take turns, so that both see the same machine."""
    from genplay import shooting

    idle: dict[str, list[float]] = {where: [] for where in WHERE}
    training: dict[str, list[float]] = {where: [] for where in WHERE}
    late: list[float] = []
    events = max(1, math.ceil(chosen.events / chosen.rounds))
    with shooting.offscreen_window((1440, 900), "dark") as window:
        shooting.open_run(window, path)
        panel = shooting.panel(window, "latent")
        other = _another_run(window)
        for turn in range(chosen.rounds):
            say(f"round {turn + 1} of {chosen.rounds}")
            for where in WHERE:
                idle[where] += _drag(panel, where, events, chosen.rate)
            with _training(window, other), _lateness(late):
                for where in WHERE:
                    training[where] += _drag(panel, where, events, chosen.rate)
                shooting.live(chosen.seconds / chosen.rounds)
    return {"idle": _spreads(idle), "training": _spreads(training), "late": spread(late)}


def _spreads(latencies: dict[str, list[float]]) -> dict[str, Any]:
    together = [value for values in latencies.values() for value in values]
    return {"all": spread(together)} | {where: spread(values) for where, values in latencies.items()}


def _another_run(window: Any) -> str:
    """A second run on the same data, which trains while the first is dragged; the first stays selected."""
    from genplay import shooting
    from genplay.contract.requests import CreateRun

    first = window.selected
    window.bridge.send(CreateRun("benchmark", "Benchmark", "vae", "faces16", config={"network": "conv"}))
    shooting.wait(lambda: "benchmark" in window.bridge.runs, "the second run")
    window.select(first)
    shooting.settle(window)
    return "benchmark"


@contextmanager
def _training(window: Any, run_id: str) -> Iterator[None]:
    from genplay import shooting
    from genplay.contract.requests import Control

    begun = window.bridge.runs[run_id].step
    window.bridge.send(Control(run_id, Control.PLAY))
    shooting.wait(lambda: window.bridge.runs[run_id].step > begun + 3, "the training to begin")
    shooting.live(0.5)
    yield
    window.bridge.send(Control(run_id, Control.PAUSE))
    shooting.wait(lambda: window.bridge.runs[run_id].status == "paused", "the training to pause")
    shooting.settle(window)


# ---- the hand -----------------------------------------------------------------------------------------------------


class _Watch:
    """Notes when events are delivered, and when a paint shows the answer to each of them or to a newer one."""

    def __init__(self, panel: Any) -> None:
        self.part, self.session = panel.picture, panel.session
        self.waiting: list[tuple[float, Any]] = []  # when delivered, the code that the event led to
        self.latencies: list[float] = []
        self.part.picture.painted.connect(self._painted)

    def deliver(self, event: Any) -> None:
        """Send an event, by calling ``event``."""
        begun, before = perf_counter(), self.session.state.z
        event()
        if self.session.state.z is not before:
            self.waiting.append((begun, self.session.state.z))

    def _painted(self, _: float) -> None:
        shown = self.part.question.z.base  # questions are views of the codes they were made of
        codes = [z is shown for _, z in self.waiting]
        if any(codes):
            answered = codes.index(True) + 1
            now = perf_counter()
            self.latencies += [1000 * (now - begun) for begun, _ in self.waiting[:answered]]
            del self.waiting[:answered]

    def close(self) -> None:
        """Stop listening."""
        self.part.picture.painted.disconnect(self._painted)


def _drag(panel: Any, where: str, events: int, rate: float) -> list[float]:
    """Milliseconds from each of ``events`` mouse moves to its paint, in circles (or to and fro) on a widget."""
    from figures import loop
    from figures.mouse import Mouse

    from genplay import shooting

    mouse, watch = Mouse(_widget(panel, where)), _Watch(panel)
    track = _track(panel, where)
    mouse.press(*track(0))
    loop.beat(lambda n: watch.deliver(lambda: mouse.move(*track(n))), events, rate)
    loop.until(lambda: not watch.waiting)
    mouse.release(*track(events))
    watch.close()
    shooting.settle(panel.window())
    if len(watch.latencies) < 0.9 * events:
        raise SystemExit(f"Only {len(watch.latencies)} of {events} moves on the {where} moved the code.")
    return watch.latencies


def _widget(panel: Any, where: str) -> Any:
    if where == "slider":
        return panel.inspector().findChildren(type(panel.inspector().sliders.rows[0].slider))[0]
    return {"plane": panel.stage.plane.view, "picture": panel.picture.picture}[where]


def _track(panel: Any, where: str) -> Any:
    """The place of the mouse, in fractions of the widget, at the n-th event."""
    if where == "slider":
        return lambda n: (0.35 + 0.2 * math.sin(n / 9), 0.5)
    if where == "picture":
        return lambda n: (0.5 + 0.1 * math.sin(n / 11), 0.5 + 0.1 * math.sin(n / 7))
    return lambda n: (0.5 + 0.25 * math.cos(n / 17), 0.5 + 0.25 * math.sin(n / 17))


# ---- lateness -----------------------------------------------------------------------------------------------------


@contextmanager
def _lateness(found: list[float]) -> Iterator[None]:
    """Adds to ``found`` by how many milliseconds each tick of a 16 ms timer is late."""
    from PySide6.QtCore import Qt, QTimer

    last = perf_counter()

    def tick() -> None:
        nonlocal last
        now = perf_counter()
        found.append(max(0.0, 1000 * (now - last) - TICK_MS))
        last = now

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
    timer.timeout.connect(tick)
    timer.start()
    yield
    timer.stop()


def _imports(count: int) -> dict[str, Any]:
    """Lateness in ``count`` fresh starts, from the first paint until the engine is there."""
    starts = [_start() for _ in range(count)]
    return {"median_of_max": median(s["max"] for s in starts), "starts": starts} if starts else {}


def _start() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="genplay-") as home:
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "GENPLAY_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has been compiled
        command = [sys.executable, __file__, "--child"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)
    if done.returncode:
        raise SystemExit(f"A start failed: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def _lateness_of_a_start() -> int:
    """In a fresh process: print the lateness until the catalogue has come."""
    from figures import loop
    from PySide6.QtCore import QTimer

    from genplay import app, cli

    late: list[float] = []
    show = app.show

    def watched(window: Any, engine: Any, files: Any = ()) -> None:
        window.painted.connect(lambda: QTimer.singleShot(0, watch))

        def watch() -> None:
            with _lateness(late):
                loop.until(lambda: window.bridge.catalogue is not None)
            print(json.dumps(spread(late)))
            window.close()

        show(window, engine, files)

    app.show = watched
    return cli.main([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
