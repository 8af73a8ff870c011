"""Trains the shipped attribute networks again: ``python checkpoints/make_attributes.py [DATA ...]``.

One for each labelled picture set that comes with genplay, with a fixed number of steps and one torch thread, so the
same versions on the same machine give the same file. They judge what guidance does (``probes/guidance_cost.py``).
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

SEED, WIDTH, FEATURES = 7, 24, 64  # other seeds train the judges of benchmarks/judge.py
STEPS = {"faces16": 2500, "digits8": 1500, "fashion28": 1500, "glyphs28": 1500, "emoji32": 800}


def make(name: str) -> None:
    """Train, measure and write the network of one data set."""
    from genplay.core.dataset import to_float
    from genplay.data import load
    from genplay.metrics import shipped
    from genplay.metrics.attribute_network import accuracy, train

    data = load(name)
    network = train(data, STEPS[name], SEED, WIDTH, FEATURES)
    found = accuracy(network, to_float(data.heldout), data.heldout_labels)
    named = {data.spec.attributes[i].name: round(share, 4) for i, share in found.items()}
    shipped.folder().mkdir(exist_ok=True)
    shipped.save(shipped.folder() / f"{name}.safetensors", network, name, data.spec, FEATURES, named)
    print(f"{name}: {', '.join(f'{attribute} {100 * share:.1f} %' for attribute, share in named.items())}", flush=True)


def main(names: list[str]) -> int:
    """Make the named networks, or all; the exit status."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"There is no recipe {unknown[0]!r}; known: {', '.join(STEPS)}.", file=sys.stderr)
        return 2
    for name in names or STEPS:
        make(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
