"""Bits per character of held-out texts: models of genplay against compressors and n-grams on the same split.

    python benchmarks/text.py [CHECKPOINT ...] [-n N] [--samples N] [--json FILE]

Without checkpoints, the shipped ones of texts. All are given the training part and then code the held-out part, one
text a line, the end of a line counting as a character:

gzip, bzip2, xz   what the file of both parts takes more than that of the training part, at the highest level
5-gram            modified interpolated Kneser-Ney smoothing (``figures/ngram.py``)
models            -log2 p(text) without labels; of a discrete diffusion model the variational bound, which is above it

``-n`` takes the first so many held-out texts only (0: all). Of ``--samples`` samples of each model it is told how many
stand word for word in the training part, how many in the held-out part, and how many differ.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import math
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from figures import Report, say
from figures.ngram import KneserNey
from torch import Generator

ORDER = 5
TOGETHER = 64
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 9, mtime=0),
    "bzip2": lambda data: bz2.compress(data, 9),
    "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
}


def main(arguments: list[str]) -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", help="files, or names of shipped checkpoints")
    parser.add_argument("-n", type=int, default=0, help="held-out texts (default: all)")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = Report("text")
    for name in chosen.checkpoints or shipped():
        _measure(name, chosen, report)
    if not report.results:
        print("There is no checkpoint of texts.", file=sys.stderr)
        return 2
    report.finish(chosen.json)
    return 0


def shipped() -> list[str]:
    """Paths of the shipped checkpoints of texts."""
    from genplay.contract import card
    from genplay.contract.paths import shipped
    from genplay.contract.spec import Kind

    paths = sorted(shipped("checkpoints").glob("*.safetensors"))
    return [str(path) for path in paths if card.read(path).spec.kind is Kind.TOKENS]


def _measure(name: str, chosen: argparse.Namespace, report: Report) -> None:
    """Add a model's bits to the results, and those of the others on its data."""
    from genplay import api

    opened = api.load(name)
    data = opened.data
    train, held = data.spec.text(data.train.numpy()), data.spec.text(data.heldout.numpy())
    held = held[: chosen.n or None]
    found = report.results.setdefault(data.title, {"characters": sum(len(text) + 1 for text in held)})
    if "5-gram" not in found:
        found |= {packer: packed(train, held, pack) for packer, pack in PACKERS.items()}
        found["5-gram"] = KneserNey(train, len(data.spec.vocabulary), ORDER).bits_per_character(held)
        for other in (*PACKERS, "5-gram"):
            say(f"{other:16} {found[other]:.4f} bits per character")
    title = opened.model.name
    found[title] = bits_per_character(opened.model, data.heldout[: chosen.n or None])
    found[f"{title}: samples"] = remembered(opened, chosen.samples)
    say(f"{title:16} {found[title]:.4f} bits per character ({opened.model.density_kind})")
    for what, share in found[f"{title}: samples"].items():
        say(f"    {what:12} {share:.2%}")
    if title == "autoregressive":
        for other in ("gzip", "bzip2", "5-gram"):
            report.at_most(f"{title} against {other}, bits per character", found[title], found[other])


def packed(train: list[str], held: list[str], pack: Callable[[bytes], bytes]) -> float:
    """Bits per character that the held-out texts add to the packed training texts."""
    known, new = ("".join(f"{text}\n" for text in texts).encode() for texts in (train, held))
    return 8 * (len(pack(known + new)) - len(pack(known))) / sum(len(text) + 1 for text in held)


@torch.no_grad()
def bits_per_character(model: Any, x: torch.Tensor) -> float:
    """-log2 p of texts (N, L), or a bound on it, over all their characters and ends."""
    from genplay.metrics.likelihood import size_of

    generator = Generator().manual_seed(0)
    nats = sum(float(model.log_density(rows, None, generator).sum()) for rows in x.split(TOGETHER))
    return -nats / (math.log(2) * size_of(x, model.spec) * len(x))


@torch.no_grad()
def remembered(opened: Any, n: int) -> dict[str, float]:
    """Which share of ``n`` samples is in the data word for word."""
    from genplay.metrics.memory import shares

    starts = range(0, n, TOGETHER)
    drawn = [opened.model.sample(min(TOGETHER, n - i), None, Generator().manual_seed(i)) for i in starts]
    return shares(torch.cat(drawn), opened.data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
