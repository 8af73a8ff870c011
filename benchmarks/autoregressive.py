"""Autoregressive sampling: a place at a time from memory, against a whole pass a place, in the same run.

    python benchmarks/autoregressive.py [--rounds 3] [--batch 16] [--places 24] [--json FILE]

For each network, of the size of the preset "best" on 16x16 pictures, untrained weights, one thread, medians over the
rounds:

cached    ``sample_steps``: all 256 pixels of a batch
naive     the same draws, with a whole pass over the picture for each pixel; ``--places`` of them, evenly spread, are
          timed, and the time of 256 follows
picture   milliseconds a picture, cached

The first pixels of both are compared: the same seed must give the same colours.
"""

from __future__ import annotations

import argparse
import os
import sys
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from figures import Report, say
from torch import Generator, Tensor

NETWORKS = ("transformer", "pixelcnn", "made")
TARGET = 10.0  # times faster than naive, for the transformer


def main(arguments: list[str]) -> int:
    """Measure the networks and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16, help="pictures at once")
    parser.add_argument("--places", type=int, default=24, help="pixels of the naive way that are timed")
    parser.add_argument("--only", nargs="*", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = Report("autoregressive")
    with torch.no_grad():
        for network in chosen.only:
            report.results[network] = _compared(model_of(network), chosen)
    for network, found in report.results.items():
        if network == "transformer":
            report.at_least("16x16 transformer, cached against naive", found["ratio"], TARGET, "x")
        report.at_least(f"{network}: share of pixels equal to the naive ones", found["same"], 1.0)
    report.finish(chosen.json)
    return 0


def model_of(network: str) -> Any:
    """A model of 16x16 colour pictures, untrained but for a palette."""
    from genplay.contract import knob
    from genplay.contract.spec import DataSpec, Kind
    from genplay.core.training import new_model
    from genplay.families.autoregressive import Autoregressive

    best = next(preset for preset in Autoregressive.presets if preset.name == "best")
    config = knob.build(Autoregressive.Config, {**best.config, "network": network})
    model: Any = new_model(Autoregressive, config, DataSpec(Kind.IMAGE, (3, 16, 16)), 0).eval()
    model.head.learn(torch.randint(0, 256, (1, 700, 3), generator=Generator().manual_seed(0)))
    return model


def _compared(model: Any, chosen: argparse.Namespace) -> dict[str, float]:
    cached, naive = [], []
    length = model.network.length
    places = torch.linspace(0, length - 1, min(chosen.places, length)).long().tolist()
    for _ in range(chosen.rounds):
        begin = perf_counter()
        x = model.sample(chosen.batch, generator=Generator().manual_seed(1))
        cached.append(perf_counter() - begin)
        begin = perf_counter()
        entries = torch.zeros(chosen.batch, length, model.network.width)
        for place in places:
            model.head.draw(model.network(entries)[:, place], Generator().manual_seed(1))
        naive.append((perf_counter() - begin) * length / len(places))
    share = _same(model, x)
    found = {"cached": median(cached), "naive": median(naive), "same": share}
    found |= {"ratio": found["naive"] / found["cached"], "ms a picture": 1e3 * found["cached"] / chosen.batch}
    say(f"{model.config.network}: {found['ms a picture']:.1f} ms a picture, {found['ratio']:.0f}x naive")
    return found


def _same(model: Any, x: Tensor) -> float:
    """Of the first two rows of pixels, the share that naive sampling from the same seed draws alike."""
    values = model.head.values(model.seen(x))
    entries, generator = torch.zeros(len(x), model.network.length, model.network.width), Generator().manual_seed(1)
    alike = []
    for place in range(32):
        drawn, _ = model.head.draw(model.network(entries)[:, place], generator)
        entries[:, place] = model.head.embed(drawn)
        alike.append((drawn == values[:, place]).float().mean())
    return float(torch.stack(alike).mean())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
