"""What the benchmarks share: quantiles, checks against targets, and one way to report both."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Check:
    """One measured value against its target; ``at_most`` says on which side of the target it must be."""

    what: str
    value: float
    target: float
    at_most: bool
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target if self.at_most else self.value >= self.target

    def line(self) -> str:
        """For people."""
        side = "at most" if self.at_most else "at least"
        verdict = "ok    " if self.met else "MISSED"
        return f"{verdict} {self.what}: {self.value:.3g}{self.unit} (target {side} {self.target:g}{self.unit})"


@dataclass
class Report:
    """Everything one benchmark found: ``results`` as plain values, ``checks`` against the targets."""

    benchmark: str
    results: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    def at_most(self, what: str, value: float, target: float, unit: str = "") -> None:
        """Note a value that should not exceed its target."""
        self.checks.append(Check(what, value, target, True, unit))

    def at_least(self, what: str, value: float, target: float, unit: str = "") -> None:
        """Note a value that should reach its target."""
        self.checks.append(Check(what, value, target, False, unit))

    def finish(self, path: str | None) -> None:
        """Print the checks, and write all as JSON to ``path``; "-" is standard output, which then holds only that."""
        plain = {"benchmark": self.benchmark, "machine": machine(), "results": self.results}
        plain["checks"] = [asdict(check) | {"met": check.met} for check in self.checks]
        for check in self.checks:
            print(check.line(), file=sys.stderr if path == "-" else sys.stdout)
        text = json.dumps(plain, indent=1)
        if path == "-":
            print(text)
        elif path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text + "\n")


def machine() -> dict[str, Any]:
    """Where it ran, and how busy that machine was: with a load above 1 the figures are not to be trusted."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"python": platform.python_version(), "system": platform.system(), "cores": cores, "load": load}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Count, median, quantiles and maximum of some values."""
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50": median(ordered),
        "p90": quantile(ordered, 0.9),
        "p99": quantile(ordered, 0.99),
        "max": ordered[-1],
    }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted ``ordered`` lies, between neighbours by a straight line."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
