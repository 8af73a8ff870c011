"""Spline flows of points against zuko's of the same sizes: training steps and samples a second, in the same run.

    python benchmarks/flows.py [--rounds 9] [--turns 10] [--layers 3] [--no-peers] [--json FILE]

All have as many transforms of 8 bins in two coordinates, each with a network of two layers of 64 units; batches of 256,
one thread, fp32, AdamW over ordinary parameters for everybody, all contestants taking turns. Compared are medians of
the ratios within the rounds, of processor time, which other work on the machine disturbs less than time on the clock.

coupling        genplay's spline couplings
autoregressive  genplay's autoregressive splines
zuko            ``zuko.flows.NSF``, which is autoregressive (needs ``pip install zuko``)
zuko coupling   the same in its coupling form (``passes=2``)
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from figures import Report, say
from torch import Tensor, nn

TRAINING, SAMPLING = 1.5, 2.5  # against zuko
BATCH, BINS, WIDTH = 256, 8, 64
Job = Callable[[], Any]


def main(arguments: list[str]) -> int:
    """Let the contestants take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--turns", type=int, default=10, help="steps, or batches of samples, a round")
    parser.add_argument("--layers", type=int, default=3, help="transforms of every flow")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = Report("flows")
    flows: dict[str, nn.Module] = {
        "coupling": Ours("spline", chosen.layers), "autoregressive": Ours("autoregressive spline", chosen.layers)
    }  # fmt: skip
    if not chosen.no_peers:
        flows |= _peers(chosen.layers)
    trained = _seconds({name: training(flow) for name, flow in flows.items()}, chosen)
    sampled = _seconds({name: sampling(flow) for name, flow in flows.items()}, chosen)
    report.results["training"] = _summary("training steps a second", trained, 1)
    report.results["sampling"] = _summary("samples a second", sampled, BATCH)
    if "zuko" in flows:
        _check(report)
    report.finish(chosen.json)
    return 0


def _check(report: Report) -> None:
    for name, target in (("training", TRAINING), ("sampling", SAMPLING)):
        report.at_least(
            f"{name}: spline couplings against zuko", report.results[name]["against zuko"]["coupling"], target, "x"
        )


class Ours(nn.Module):
    """A flow of genplay."""

    def __init__(self, architecture: str, layers: int) -> None:
        super().__init__()
        from genplay.contract.spec import DataSpec, Kind
        from genplay.families.flow import Flow, FlowConfig

        config = FlowConfig(architecture=architecture, layers=layers, bins=BINS, width=WIDTH)
        self.flow = Flow(config, DataSpec(Kind.POINTS, (2,)))
        self.generator = torch.Generator().manual_seed(0)

    def loss(self, x: Tensor) -> Tensor:
        """The mean of -log p(x)."""
        return -self.flow.log_density(x).mean()

    def samples(self) -> Tensor:
        """A batch of samples."""
        return self.flow.sample(BATCH, None, self.generator)


class Zuko(nn.Module):
    """A flow of zuko; ``passes`` as it takes them."""

    def __init__(self, layers: int, passes: int | None) -> None:
        super().__init__()
        from zuko.flows import NSF

        self.flow = NSF(2, transforms=layers, bins=BINS, hidden_features=(WIDTH, WIDTH), passes=passes)

    def loss(self, x: Tensor) -> Tensor:
        """The mean of -log p(x)."""
        return -self.flow().log_prob(x).mean()

    def samples(self) -> Tensor:
        """A batch of samples."""
        return self.flow().sample((BATCH,))


def _peers(layers: int) -> dict[str, nn.Module]:
    """zuko's flows; nothing where it is not installed."""
    try:
        return {"zuko": Zuko(layers, None), "zuko coupling": Zuko(layers, 2)}
    except ImportError:
        say("zuko is not installed (pip install zuko), so there is nothing to compare with.")
        return {}


def training(flow: Any) -> Job:
    """One step of maximum likelihood on the same batch."""
    x = torch.randn(BATCH, 2, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.AdamW(flow.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad()
        flow.loss(x).backward()
        optimiser.step()

    return step


def sampling(flow: Any) -> Job:
    """A batch of samples."""

    def draw() -> None:
        with torch.no_grad():
            flow.samples()

    return draw


def _seconds(jobs: dict[str, Job], chosen: argparse.Namespace) -> dict[str, list[float]]:
    """Processor time of one job in every round, by contestant."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for round_ in range(chosen.rounds):
        for name, job in list(jobs.items())[:: -1 if round_ % 2 else 1]:
            begun = process_time()
            for _ in range(chosen.turns):
                job()
            seconds[name].append((process_time() - begun) / chosen.turns)
    return seconds


def _summary(what: str, seconds: dict[str, list[float]], examples: int) -> dict[str, Any]:
    """Rates, and the medians over the rounds of ours against each of zuko's."""
    rates = {name: examples / median(values) for name, values in seconds.items()}
    say(f"{what}: " + "  ".join(f"{name} {rate:,.0f}" for name, rate in rates.items()))
    found: dict[str, Any] = {"rates": rates, "seconds": seconds}
    for peer in (name for name in seconds if name.startswith("zuko")):
        ours = {name: values for name, values in seconds.items() if not name.startswith("zuko")}
        ratios = {name: median(b / a for a, b in zip(v, seconds[peer], strict=True)) for name, v in ours.items()}
        found[f"against {peer}"] = ratios
        say(f"  against {peer}: " + "  ".join(f"{name} {ratio:.2f}x" for name, ratio in ratios.items()))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
