"""Which remedy helps a GAN that collapses? Each one alone, from several seeds, on the preset that collapses.

    python benchmarks/remedies.py [--data ring] [--steps 8000] [--seeds 5] [--jobs 2] [--only NAME ...] [--json FILE]
                                  [--table FILE]

Every run is the preset "collapses" of ``gan`` with one remedy of the family switched on from the start, trained for the
same number of steps (``--steps``, or ``--seconds`` of processor time instead), and measured on 2,000 samples: a mode
counts as covered when it holds 1 % or more of them within 3 sigma. The presets "collapses" and "healthy" run beside
them. ``--table`` writes the result as a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from statistics import mean, stdev
from time import process_time
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from figures import Report, say

COVERED = 4  # most that the collapsing preset may end with
SAMPLES = 2000


class Case(NamedTuple):
    """One run: a preset, and a remedy or "" for none."""

    preset: str
    remedy: str
    data: str
    seed: int
    steps: int
    seconds: float


class Outcome(NamedTuple):
    """What a run ended with."""

    covered: int
    high_quality: float
    steps: int
    seconds: float  # of processor time


def main(arguments: list[str]) -> int:
    """Measure all and report."""
    chosen = _parsed(arguments)
    cases = [
        Case(preset, remedy, chosen.data, seed, chosen.steps, chosen.seconds)
        for preset, remedy in _contestants(chosen.only)
        for seed in range(chosen.seeds)
    ]
    report, groups = Report("remedies"), {}
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for case, outcome in zip(cases, pool.map(play, cases)):
            name = case.remedy or case.preset
            say(f"{name}, seed {case.seed}: {outcome.covered} modes, {outcome.high_quality:.0%} near one")
            groups.setdefault(name, []).append(outcome)
    report.results = {name: [o._asdict() for o in outcomes] for name, outcomes in groups.items()}
    if "collapses" in groups:
        report.at_most("modes the collapsing preset ends with", max(o.covered for o in groups["collapses"]), COVERED)
    if chosen.table:
        with open(chosen.table, "w", encoding="utf-8") as file:
            file.write(table(groups))
    report.finish(chosen.json)
    return 0


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="ring")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=0.0, help="of processor time, instead of steps")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at once")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="presets and remedies, by name")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    parser.add_argument("--table", help="write a Markdown table to this file")
    return parser.parse_args(arguments)


def _contestants(only: list[str] | None) -> list[tuple[str, str]]:
    from genplay import families

    names = [r.name for r in families.named("gan").remedies]
    every = [("collapses", ""), *(("collapses", name) for name in names), ("healthy", "")]
    return [pair for pair in every if not only or (pair[1] or pair[0]) in only]


def play(case: Case) -> Outcome:
    """Train one run and look at its samples."""
    from genplay import families
    from genplay.engine.run import Run
    from genplay.metrics.modes import known, measure

    torch.set_num_threads(1)
    family = families.named("gan")
    preset = next(p for p in family.presets if p.name == case.preset)
    remedy: Any = next((r for r in family.remedies if r.name == case.remedy), None)
    config, training = (
        {**getattr(preset, part), **(getattr(remedy, part) if remedy else {})} for part in ("config", "training")
    )
    run = Run.create("bench", "bench", "gan", case.data, config=config, training=training, seed=case.seed)
    assert run.trainer is not None
    run.trainer.prepare()
    began = process_time()
    while process_time() - began < case.seconds if case.seconds else run.step < case.steps:
        run.trainer.advance()
    spent = process_time() - began
    with torch.no_grad():
        x = run.replica().model.sample(SAMPLES, generator=torch.Generator().manual_seed(0))
    found = measure(x, known(run.dataset))
    return Outcome(int(found.covered.sum()), found.high_quality, run.step, spent)


def table(groups: dict[str, list[Outcome]]) -> str:
    """Modes covered by remedy, the most helpful first, as Markdown."""
    lines = [
        "| remedy | modes covered, by seed | mean ± deviation | samples near a mode | cost of a step |",
        "|---|---|---|---|---|",
    ]
    plain = mean(o.seconds / o.steps for o in groups.get("collapses", next(iter(groups.values()))))
    for name, outcomes in sorted(groups.items(), key=lambda item: -mean(o.covered for o in item[1])):
        covered = [o.covered for o in outcomes]
        spread = stdev(covered) if len(covered) > 1 else 0.0
        near, cost = mean(o.high_quality for o in outcomes), mean(o.seconds / o.steps for o in outcomes) / plain
        counts = ", ".join(str(c) for c in covered)
        lines.append(f"| {name} | {counts} | {mean(covered):.1f} ± {spread:.1f} | {near:.0%} | {cost:.2f}x |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
