"""How good a picture model's samples and reconstructions are, by networks that never saw it.

    python benchmarks/judge.py CHECKPOINT ... [--data faces16] [-n 2000] [--json FILE]

Two attribute networks (of different width, from different seeds) are trained on the train part. In the features of each
the Fréchet distance is taken between samples and held-out pictures, in units in which as many train pictures are at
0.5 from the held-out ones. A model that takes conditions is given those of training pictures drawn at random, and is
also judged by the share of samples whose attributes are answered as asked. Reconstructions of held-out pictures are
compared attribute by attribute: on which share does the network answer as on the original? Whether pictures were copied
is told by the median distance to the nearest training picture, of samples and of held-out pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from genplay import data, families
from genplay.contract.paths import shipped
from genplay.core import checkpoint
from genplay.core.dataset import Dataset, from_plain, to_float, to_plain
from genplay.core.model import Model
from genplay.metrics.attribute_network import AttributeNetwork, agreement, train
from genplay.metrics.frechet import frechet_distance

REAL = 0.5
ROWS = 250
JUDGES = ({"seed": 0, "width": 24, "features": 64}, {"seed": 1, "width": 16, "features": 128})


def main(arguments: list[str]) -> int:
    """Print one line a checkpoint, or write all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", default=["vae-faces16"], help="files or names of shipped ones")
    parser.add_argument("--data", default="faces16")
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=2500, help="training steps of each judge")
    parser.add_argument("--json", help="write the results to this file")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    dataset = data.load(chosen.data)
    judges = [train(dataset, steps=chosen.steps, **settings) for settings in JUDGES]
    results = {name: judge(opened(name), dataset, judges, chosen.n) for name in chosen.checkpoints}
    for name, result in results.items():
        print(name, json.dumps(result))
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0


def opened(name: str) -> Model:
    """The model in a file or in a shipped checkpoint."""
    path = name if name.endswith(".safetensors") else shipped("checkpoints") / f"{name}.safetensors"
    return checkpoint.load(path, families.all()).model


@torch.no_grad()
def judge(model: Model, dataset: Dataset, judges: list[AttributeNetwork], n: int) -> dict[str, Any]:
    """Fréchet distance and agreement a judge."""
    heldout, real = to_float(dataset.heldout[:n]), to_float(dataset.train[:n])
    labels = drawn_labels(dataset, len(heldout)) if model.takes_labels else None
    samples = _as_pixels(model, sampled(model, len(heldout), labels))
    again = _as_pixels(model, model.decode(model.encode(heldout, None).mu, None)) if hasattr(model, "encode") else None
    names = [attribute.name for attribute in dataset.spec.attributes]
    result: dict[str, Any] = {"frechet": [], "agreement": [], "match": []}
    train = to_float(dataset.train)
    result["nearest"] = {"samples": nearest(samples[:500], train), "held out": nearest(heldout[:500], train)}
    for network in judges:
        unit = REAL / frechet_distance(network.features(real), network.features(heldout))
        distance = frechet_distance(network.features(samples), network.features(heldout)) * unit
        result["frechet"].append(round(distance, 2))
        if labels is not None:
            shares = (network.answers(samples) == labels).double().mean(0).tolist()
            result["match"].append({name: round(share, 3) for name, share in zip(names, shares, strict=True)})
        if again is not None:
            shares = agreement(network, heldout, again).tolist()
            result["agreement"].append({name: round(share, 3) for name, share in zip(names, shares, strict=True)})
    return result


def drawn_labels(dataset: Dataset, n: int) -> Tensor:
    """The labels (n, A) of training pictures drawn at random."""
    rows = torch.randint(len(dataset.train), (n,), generator=torch.Generator().manual_seed(0))
    return dataset.train_labels[rows]


def sampled(model: Model, n: int, labels: Tensor | None) -> Tensor:
    """``n`` samples with the family's default settings, for guided families at scale 1."""
    generator, made = torch.Generator().manual_seed(0), []
    for start in range(0, n, ROWS):
        given = None if labels is None else labels[start : start + ROWS]
        made.append(model.sample(min(ROWS, n - start), generator=generator, labels=given))
    return torch.cat(made)


def nearest(x: Tensor, train: Tensor) -> float:
    """Median over ``x`` of the root-mean-square distance to the nearest training picture."""
    distance = torch.cdist(x.flatten(1), train.flatten(1)).min(1).values / x[0].numel() ** 0.5
    return round(float(distance.median()), 4)


def _as_pixels(model: Model, x: Tensor) -> Tensor:
    """What is left of model output after rounding to 8 bits."""
    return from_plain(to_plain(x, model.spec), model.spec)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
