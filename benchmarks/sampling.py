"""Sampling: what a step costs beside the network, and pictures a second against diffusers, in the same run.

    python benchmarks/sampling.py [--rounds 5] [--passes 40] [--batch 16] [--steps 20] [--no-peers] [--json FILE]

All with faces16 and batches of 16 pictures on one thread, all contestants taking turns, medians over the rounds:

cost     a walk from noise to data, every frame kept in a list, against a loop of bare calls of the same network with
         the same labels from the same first noise. Once with the network, and once with one that answers at once,
         which leaves the cost alone and is what the targets are compared with: it does not drown in the noise of the
         network's own time. A step of Heun's method has two evaluations.
pictures a second, by 20 steps of DDIM
         ours      the shipped ``diffusion-faces16``, sampled by genplay, frames kept
         pipeline  the same network in diffusers' ``DDIMPipeline``
         smallest  diffusers' own ``UNet2DModel`` of 16, 32 and 32 channels in the same pipeline
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from figures import Report, say
from torch import Generator, Tensor, nn

SINGLE, MULTI = 0.05, 0.15  # ms a step
TARGETS = {"euler": SINGLE, "ddim": SINGLE, "dpm++2m": MULTI}
SAMPLERS = ("euler", "ddim", "dpm++2m", "heun")
SAME_NETWORK, SMALLEST = 1.0, 2.0
CHAIN = 1000
Job = Callable[[], Any]


def main(arguments: list[str]) -> int:
    """Measure both and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=40, help="walks a round, for the cost alone")
    parser.add_argument("--batch", type=int, default=16, help="pictures at once")
    parser.add_argument("--steps", type=int, default=20, help="steps of a walk")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = Report("sampling")
    model, labels = shipped_model(chosen.batch)
    with torch.no_grad():
        report.results["cost"] = _costs(model, labels, chosen)
        report.results["pictures"] = _pictures(model, labels, chosen)
    _check(report)
    report.finish(chosen.json)
    return 0


def _check(report: Report) -> None:
    for sampler, target in TARGETS.items():
        report.at_most(
            f"{sampler}: cost beside the network", report.results["cost"][sampler]["ms"], target, " ms a step"
        )
    ratios = report.results["pictures"]["ratios"]
    if ratios:
        report.at_least("pictures a second, same network, against diffusers", ratios["pipeline"], SAME_NETWORK, "x")
        report.at_least("ours against diffusers' smallest U-Net", ratios["smallest"], SMALLEST, "x")


def shipped_model(batch: int) -> tuple[Any, Tensor]:
    """The shipped faces16 diffusion, and labels (batch, A) from the data."""
    from genplay import data, families
    from genplay.contract.paths import shipped
    from genplay.core import checkpoint

    model = checkpoint.load(shipped("checkpoints") / "diffusion-faces16.safetensors", families.all()).model
    return model.eval().requires_grad_(False), data.load("faces16", {}).train_labels[:batch]


def walk(model: Any, labels: Tensor | None, sampler: str, steps: int, batch: int) -> Job:
    """Sample, keeping every frame."""
    from genplay.contract.sampling import GaussianSampling

    config, generator = GaussianSampling(sampler=sampler, steps=steps), Generator().manual_seed(0)
    return lambda: list(model.sample_steps(batch, config, generator, labels))


def bare(model: Any, labels: Tensor | None, evaluations: int, batch: int) -> Job:
    """As many calls of the network, from noise in the layout that it works in."""
    from genplay.core.training import uses_bf16

    generator, time = Generator().manual_seed(0), torch.full((batch,), 0.5)
    bf16 = uses_bf16(model, "auto")

    def calls() -> None:
        x = torch.randn(batch, *model.spec.shape, generator=generator).contiguous(memory_format=torch.channels_last)
        for _ in range(evaluations):
            with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
                model.network(x, time, labels)

    return calls


# ---- what a step costs --------------------------------------------------------------------------------------------


class Instant(nn.Module):
    """A network that has its answer ready, laid out in memory as a convolution would."""

    def __init__(self, batch: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        answer = 0.3 * torch.randn(batch, *shape, generator=Generator().manual_seed(1))
        self.answer = answer.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        return self.answer


def _costs(model: Any, labels: Tensor, chosen: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Milliseconds a step beside the network by sampler: "ms" alone, "ms with the network" as a difference."""
    network = model.network
    slow = {s: _differences(model, labels, s, chosen, 1, chosen.rounds) for s in SAMPLERS}
    model.network = Instant(chosen.batch, model.spec.shape)
    fast = {s: _differences(model, labels, s, chosen, chosen.passes, chosen.rounds) for s in SAMPLERS}
    model.network = network
    for sampler in SAMPLERS:
        say(f"{sampler}: {fast[sampler]:.4f} ms a step beside the network ({slow[sampler]:+.3f} ms with it)")
    return {s: {"ms": fast[s], "ms with the network": slow[s]} for s in SAMPLERS}


def _differences(
    model: Any, labels: Tensor, sampler: str, chosen: argparse.Namespace, passes: int, rounds: int
) -> float:
    """The median over the rounds of a walk's least time less that of the bare calls, in ms a step."""
    evaluations = 2 * chosen.steps - 1 if sampler == "heun" else chosen.steps
    ours = walk(model, labels, sampler, chosen.steps, chosen.batch)
    theirs = bare(model, labels, evaluations, chosen.batch)
    ours(), theirs()
    found = []
    for _ in range(rounds):
        times = [(_seconds(ours), _seconds(theirs)) for _ in range(passes)]
        found.append(min(a for a, _ in times) - min(b for _, b in times))
    return 1000 * median(found) / chosen.steps


def _seconds(job: Job) -> float:
    begun = perf_counter()
    job()
    return perf_counter() - begun


# ---- pictures a second --------------------------------------------------------------------------------------------


def _pictures(model: Any, labels: Tensor, chosen: argparse.Namespace) -> dict[str, Any]:
    """Rates of all contestants, and the medians over the rounds of ours against each."""
    jobs: dict[str, Job] = {"ours": walk(model, labels, "ddim", chosen.steps, chosen.batch)}
    if not chosen.no_peers:
        jobs |= _peers(model, labels, chosen)
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for round_ in range(chosen.rounds):
        for name, job in list(jobs.items())[:: -1 if round_ % 2 else 1]:
            seconds[name].append(_seconds(job))
    rates = {name: chosen.batch / median(values) for name, values in seconds.items()}
    say("pictures a second: " + "  ".join(f"{n} {r:.1f}" for n, r in rates.items()))
    ratios = {n: median(b / a for a, b in zip(seconds["ours"], v)) for n, v in seconds.items() if n != "ours"}
    return {"rates": rates, "seconds": seconds, "ratios": ratios}


def _peers(model: Any, labels: Tensor, chosen: argparse.Namespace) -> dict[str, Job]:
    """diffusers' pipeline around our network and around its own; nothing where diffusers is not installed."""
    try:
        from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel
    except ImportError:
        say("diffusers is not installed (pip install genplay[peers]), so there is nothing to compare with.")
        return {}
    side = model.spec.shape[1]
    smallest = UNet2DModel(
        sample_size=side, block_out_channels=(16, 32, 32), norm_num_groups=16,
        down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3,
    )  # fmt: skip
    nets = {"pipeline": _wrapped(model, labels), "smallest": smallest.eval().requires_grad_(False)}
    jobs = {}
    for name, net in nets.items():
        scheduler = DDIMScheduler(CHAIN, prediction_type="v_prediction", timestep_spacing="trailing")
        pipeline = DDIMPipeline(net, scheduler)
        pipeline.set_progress_bar_config(disable=True)
        jobs[name] = _run(pipeline, chosen)
    return jobs


def _run(pipeline: Any, chosen: argparse.Namespace) -> Job:
    generator = Generator().manual_seed(0)
    return lambda: pipeline(chosen.batch, generator, num_inference_steps=chosen.steps, output_type="np")


def _wrapped(model: Any, labels: Tensor) -> nn.Module:
    """Our network with what a pipeline asks of one of its own, in the precision that sampling has."""
    from types import SimpleNamespace

    from genplay.core.training import uses_bf16

    bf16 = uses_bf16(model, "auto")

    class Wrapped(nn.Module):
        dtype, device = torch.float32, torch.device("cpu")
        config = SimpleNamespace(sample_size=model.spec.shape[1], in_channels=model.spec.shape[0])

        def forward(self, x: Tensor, t: Tensor) -> Any:
            time = torch.full((len(x),), float(t + 1) / CHAIN)
            with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
                return SimpleNamespace(sample=model.network(x, time, labels).float())

    return Wrapped()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
