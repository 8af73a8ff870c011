"""The curves of one run, as logged: rows of named values at training steps."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable

import numpy as np

from genplay.contract.errors import BadInput
from genplay.contract.results import CurveBlock

DENSE = 2000  # every step is logged up to here, then every (step // DENSE)-th


def is_logged(step: int) -> bool:
    """Whether a step's values are logged: often enough for any zoom, yet the store grows only logarithmically."""
    return step % max(1, step // DENSE) == 0


class Curves:
    """Logged rows. ``NaN`` stands where a series had no value at a step.

    The steps of one series ascend; rows of different series may come in any order (what was measured on frozen
    weights comes later than what the training has logged since).
    """

    def __init__(self) -> None:
        self.steps = array("q")
        self.series: dict[str, array[float]] = {}
        self._sent = 0
        self._saved = 0
        self._reset = True

    def add(self, step: int, terms: dict[str, float]) -> None:
        """Log one row."""
        for name in terms:
            if name not in self.series:
                self.series[name] = array("f", [float("nan")] * len(self.steps))
        self.steps.append(step)
        for name, values in self.series.items():
            values.append(terms.get(name, float("nan")))

    def block(self, run_id: str) -> CurveBlock | None:
        """Rows that have not been sent yet."""
        start, end = self._sent, len(self.steps)
        if start == end and not self._reset:
            return None
        names = tuple(self.series)
        values = np.array([self.series[n][start:end] for n in names], dtype=np.float32)
        steps = np.array(self.steps[start:end], dtype=np.int64)
        block = CurveBlock(run_id, names, steps, values.T.reshape(end - start, len(names)), reset=self._reset)
        self._sent, self._reset = end, False
        return block

    def resend(self) -> None:
        """Have the next block carry everything again."""
        self._sent, self._reset = 0, True

    def until(self, step: int) -> Curves:
        """A copy of what was logged up to ``step``, to be sent and saved whole."""
        kept = np.flatnonzero(np.array(self.steps, dtype=np.int64) <= step)
        copy = Curves()
        copy.steps = array("q", np.array(self.steps, dtype=np.int64)[kept].tobytes())
        for name, values in self.series.items():
            held = np.array(values, dtype=np.float32)[kept]
            if not np.isnan(held).all():
                copy.series[name] = array("f", held.tobytes())
        return copy

    def arrays(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Steps (n,) int64 and finite values (n,) float32 of each series, ascending by step."""
        steps, found = np.array(self.steps, dtype=np.int64), {}
        for name, series in self.series.items():
            values = np.array(series, dtype=np.float32)
            held = np.isfinite(values)
            found[name] = steps[held], values[held]
        return found

    def unsaved_lines(self) -> tuple[str, bool]:
        """JSON lines since the last call, and whether they replace the file instead of being appended."""
        start, whole = self._saved, self._saved == 0
        self._saved = len(self.steps)
        return self._lines(start), whole

    def save_all_again(self) -> None:
        """The last lines did not reach the disk whole: have the next ones replace the file."""
        self._saved = 0

    def _lines(self, start: int) -> str:
        rows = []
        for i in range(start, len(self.steps)):
            values = {n: float(f"{v[i]:.7g}") for n, v in self.series.items() if v[i] == v[i] and abs(v[i]) != np.inf}
            rows.append(json.dumps({"step": self.steps[i], **values}))
        return "".join(row + "\n" for row in rows)

    def read_lines(self, lines: Iterable[str], last_step: int) -> None:
        """Take rows from JSON lines up to ``last_step``; a torn last line is dropped."""
        for line in lines:
            try:
                row = json.loads(line)
                step = int(row.pop("step"))
                terms = {str(n): float(v) for n, v in row.items() if isinstance(v, int | float)}
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                break
            if step < 0:
                break
            if step <= last_step:
                self.add(step, terms)
        self._saved = 0

    def thinned(self, most: int = 300) -> dict[str, list[list[float]]]:
        """At most ``most`` points a series, evenly spread, for a checkpoint's card."""
        return {name: self._thinned(values, most) for name, values in self.series.items()}

    def _thinned(self, values: array[float], most: int) -> list[list[float]]:
        held = [i for i, v in enumerate(values) if math.isfinite(v)]
        if len(held) > most:
            held = [held[round(i * (len(held) - 1) / (most - 1))] for i in range(most)]
        return [[self.steps[i], float(f"{values[i]:.6g}")] for i in held]

    def take_thinned(self, curves: dict[str, list[list[float]]]) -> None:
        """The reverse of ``thinned``; raises ``BadInput`` for steps that cannot be."""
        rows: dict[int, dict[str, float]] = {}
        for name, points in curves.items():
            for step, value in points:
                if not 0 <= step < 1 << 53:
                    raise BadInput("The curves on the genplay card have a step that cannot be.")
                rows.setdefault(int(step), {})[name] = float(value)
        for step in sorted(rows):
            self.add(step, rows[step])
