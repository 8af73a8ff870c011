"""What the shipped translators do to held-out faces, as the shipped attribute network sees it.

    python benchmarks/translation.py [--n 1000] [--json FILE]

Of Pix2Pix: the mean difference to the true pictures, over that of the grey ones it is given, and on which share of its
outputs each attribute is answered as on the truth. Of CycleGAN, for either way: which share of the bare heads has the
hair of the other group after it, which has its own again after the round trip, and on which share every other attribute
is answered as before. Heads with hats, under which little hair is seen, are left out where hair is counted.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from figures import Report
from torch import Tensor

from genplay import api
from genplay.contract.results import Translated
from genplay.contract.spec import DataSpec
from genplay.core.dataset import from_plain
from genplay.metrics.shipped import attribute_network

HAIR, HAT = "hair_color", "hat"


def answers(x: np.ndarray, spec: DataSpec) -> Tensor:
    """The labels (N, A) that the network gives pictures."""
    network = attribute_network("faces16", spec)
    assert network is not None
    return torch.stack([scores.argmax(1) for scores in network.eval()(from_plain(x, spec))], 1)


def kept(before: Tensor, after: Tensor, spec: DataSpec) -> dict[str, float]:
    """On which share each attribute is answered the same."""
    same = (before == after).double().mean(0)
    return {attribute.name: round(float(share), 3) for attribute, share in zip(spec.attributes, same)}


def of_pairs(name: str, n: int, report: Report) -> None:
    """Pix2Pix."""
    model = api.load(name)
    found: Translated = api.ask(model, api.Translate(n=n))
    spec = model.model.spec
    given = float(np.abs(found.source.astype(float) - found.third).mean() / 255)
    report.results[name] = {
        "n": len(found.x),
        "distance": float(found.distance.mean()),
        "distance of what it is given": given,
        "attributes as on the truth": kept(answers(found.third, spec), answers(found.x, spec), spec),
    }
    report.at_most("Pix2Pix: distance to the truth over that of grey", float(found.distance.mean()) / given, 0.5)


def of_groups(name: str, n: int, report: Report) -> None:
    """CycleGAN, both ways."""
    model = api.load(name)
    spec, groups = model.model.spec, model.model.groups
    report.results[name] = {}
    for way, (own, other) in enumerate(((groups.first, groups.second), (groups.second, groups.first))):
        found: Translated = api.ask(model, api.Translate(n=n, way=way))
        before, after, home = (answers(x, spec) for x in (found.source, found.x, found.third))
        told = hair_of(before, after, home, own, other, spec)
        others = {k: v for k, v in kept(before, after, spec).items() if k != HAIR}
        report.results[name][found.ways[way]] = {
            "n": len(found.x), **told, "lost there and back": float(found.distance.mean()), "kept": others
        }  # fmt: skip
        report.at_least(f"CycleGAN, {found.ways[way]}: hair of the other group", told["turned"], 0.6)
        report.at_least(f"CycleGAN, {found.ways[way]}: all else as before", min(others.values()), 0.85)


def hair_of(
    before: Tensor, after: Tensor, home: Tensor, own: tuple[int, ...], other: tuple[int, ...], spec: DataSpec
) -> dict[str, Any]:
    """Which share of the bare heads is of which group."""
    names = [attribute.name for attribute in spec.attributes]
    hair, bare = names.index(HAIR), before[:, names.index(HAT)] == 0

    def share(labels: Tensor, group: tuple[int, ...]) -> float:
        return float(torch.isin(labels[bare, hair], torch.tensor(group)).double().mean())

    return {"bare": int(bare.sum()), "turned": share(after, other), "home again": share(home, own)}


@torch.no_grad()
def main(arguments: list[str]) -> int:
    """Measure both, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="held-out pictures (default 1000)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--pairs", default="pix2pix-faces16", help="a Pix2Pix of faces16")
    parser.add_argument("--groups", default="cycle-gan-faces16", help="a CycleGAN of hair colours of faces16")
    asked = parser.parse_args(arguments)
    report = Report("translation")
    of_pairs(asked.pairs, asked.n, report)
    of_groups(asked.groups, asked.n, report)
    report.finish(asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
